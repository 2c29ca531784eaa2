// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// TestOperations: the router knows each operation of the table at each of its
// places and by its methods, and nothing else; the documents name it.
func TestOperations(t *testing.T) {
	docs, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	all := operations()
	each(t, func(t *testing.T, c client) {
		for _, o := range all {
			typ := "Group"
			if o.on != nil {
				typ = o.on[0]
			}
			for at, path := range map[level]string{onSystem: "/$", onType: "/" + typ + "/$", onInstance: "/" + typ + "/nobody/$"} {
				for _, method := range []string{"GET", "POST"} {
					got := c.do(method+" "+path+o.name, "")
					known := !strings.Contains(got.body, "fhirapi.operation.unknown")
					want := slices.ContainsFunc(all, func(p operation) bool {
						return p.name == o.name && p.level&at != 0 && (at == onSystem || p.on == nil || slices.Contains(p.on, typ))
					})
					if known != want {
						t.Errorf("%s %s%s: known %v, want %v", method, path, o.name, known, want)
					} else if allowed := got.StatusCode != 405; known && allowed == (method == "GET" && o.affectsState) {
						t.Errorf("%s %s%s is answered with %d", method, path, o.name, got.StatusCode)
					}
				}
			}
			if !strings.Contains(string(docs), "$"+o.name+"`") && !strings.Contains(string(docs), "$"+o.name+" ") {
				t.Errorf("docs/api.md says nothing of $%s", o.name)
			}
		}
		c.do("GET /$nonsense", "").status(404).outcome("not-supported", "fhirapi.operation.unknown", "")
		statement := c.do("GET /metadata", "").doc()
		for r := range statement.Get("rest", "0").Each("resource") {
			if r.Get("type").String() == "Group" && !strings.Contains(r.Get("operation").Raw(), "/OperationDefinition/Resource-meta-add") {
				t.Errorf("the statement lists %s", r.Get("operation").Raw())
			}
		}
	})
}

func TestMeta(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.do("PUT /Patient/m", `{"resourceType":"Patient","id":"m","meta":{"tag":[{"system":"urn:s","code":"a"}]},"active":true}`).status(201)
		body := `{"resourceType":"Parameters","parameter":[{"name":"meta","valueMeta":{"profile":["https://x.vn/p"],"tag":[{"system":"urn:s","code":"a","display":"again"},{"system":"urn:s","code":"b"}]}}]}`
		c.do("POST /Patient/m/$meta-add", `{"resourceType":"Parameters"}`).status(422).outcome("required", "fhirapi.param.missing", "")
		c.do("POST /Patient/m/$meta-add", body).status(200)
		meta := c.do("GET /Patient/m/$meta", "").status(200).doc().Get("parameter", "0", "valueMeta")
		if meta.Get("tag").Raw() != `[{"system":"urn:s","code":"a"},{"system":"urn:s","code":"b"}]` || meta.Get("profile").Raw() != `["https://x.vn/p"]` {
			t.Errorf("after $meta-add: %s", meta.Raw())
		}
		c.do("POST /Patient/m/$meta-delete", body).status(200)
		doc := c.do("GET /Patient/m", "").status(200).doc()
		if m := doc.Get("meta"); m.Get("tag").Exists() || m.Get("profile").Exists() || doc.VersionID() != "3" || !doc.Get("active").Bool() {
			t.Errorf("after $meta-delete: %s", doc.Text())
		}
		c.do("GET /Patient/nobody/$meta", "").status(404).outcome("not-found", "store.not_found", "")
	})
}

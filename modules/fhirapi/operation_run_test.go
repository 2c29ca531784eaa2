// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"strings"
	"testing"

	"mach/fhir/sof"
)

const given = `{"resourceType":"ViewDefinition","resource":"Patient","select":[{"column":[{"name":"id","path":"id"}]},{"forEach":"name.given","column":[{"name":"given","path":"$this"}]}]}`

// TestRun: rows in each format, of the store and of the request, bounded, and
// faults that name their place.
func TestRun(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.do("PUT /Patient/r1", `{"resourceType":"Patient","id":"r1","name":[{"given":["An","Bình"]}]}`).status(201)
		second := c.do("PUT /Patient/r2", `{"resourceType":"Patient","id":"r2","name":[{"given":["Châu"]}]}`).status(201).doc().Get("meta", "lastUpdated").String()
		for ask, want := range map[string]string{
			"?patient=Patient/r1":                            `{"id":"r1","given":"An"}` + "\n" + `{"id":"r1","given":"Bình"}` + "\n",
			"?patient=r1&_format=csv":                        "id,given\nr1,An\nr1,Bình\n",
			"?patient=r1&_format=csv&_limit=1":               "id,given\nr1,An\n",
			"?patient=nobody&_format=csv":                    "id,given\n",
			"?patient=r1&_format=csv&header=false":           "r1,An\nr1,Bình\n",
			"?patient=r1&_format=csv&header=true&_limit=1":   "id,given\nr1,An\n",
			"?patient=r1&header=false&_limit=1":              `{"id":"r1","given":"An"}` + "\n",
			"?patient=r1&_limit=1&_since=2020":               `{"id":"r1","given":"An"}` + "\n",
			"?patient=r1&_since=2100-01-01T00:00:00%2B07:00": "",
			"?patient=r1&_format=csv&_since=2100-01-01":      "id,given\n",
			"?_format=csv&_since=" + second:                  "id,given\nr2,Châu\n",
		} {
			if got := c.do("POST /ViewDefinition/$run"+ask, given).status(200).body; got != want {
				t.Errorf("%s: %q, want %q", ask, got, want)
			}
		}
		if got := c.do("POST /ViewDefinition/$run?_format=parquet", given).status(200); !strings.HasPrefix(got.body, "PAR1") {
			t.Errorf("no Parquet: %.20q", got.body)
		}
		inline := `{"resourceType":"Parameters","parameter":[{"name":"viewResource","resource":` + given + `},{"name":"resource","resource":{"resourceType":"Patient","id":"x","name":[{"given":["Yến"]}]}}]}`
		if got := c.do("POST /ViewDefinition/$run", inline).status(200).body; got != `{"id":"x","given":"Yến"}`+"\n" {
			t.Errorf("of the request: %s", got)
		}
		many := func(n int) string {
			return strings.Replace(inline, `"Yến"`, `"Yến"`+strings.Repeat(`,"Yến"`, n-1), 1)
		}
		if got := strings.Count(c.do("POST /ViewDefinition/$run", many(runRows)).status(200).body, "\n"); got != runRows {
			t.Errorf("as many as there may be: %d", got)
		}
		c.do("POST /ViewDefinition/$run", many(runRows+1)).status(403).outcome("too-costly", "fhirapi.run.rows", "_limit")
		if got := strings.Count(c.do("POST /ViewDefinition/$run?_limit=10001", many(runRows+2)).status(200).body, "\n"); got != runRows+1 {
			t.Errorf("as many as were asked for: %d", got)
		}
		for _, param := range []string{"group=Group/1", "source=s3://x", "viewReference=ViewDefinition/x"} {
			name, _, _ := strings.Cut(param, "=")
			c.do("POST /ViewDefinition/$run?"+param, given).status(400).outcome("not-supported", "fhirapi.param.unserved", name)
		}
		c.do("POST /ViewDefinition/$run", strings.Replace(inline, `"parameter":[`, `"parameter":[{"name":"group","valueReference":{"reference":"Group/1"}},`, 1)).
			status(400).outcome("not-supported", "fhirapi.param.unserved", "group")
		c.do("POST /ViewDefinition/$run?header=no", given).status(400).outcome("invalid", "terms.param.flag", "header")
		c.do("POST /ViewDefinition/$run?_since=now", given).status(400).outcome("invalid", "fhirapi.since", "_since")
		c.do("POST /ViewDefinition/$run?_format=xml", given).status(406).outcome("not-supported", "fhirapi.run.format", "_format")
		c.do("POST /ViewDefinition/$run?_limit=0", given).status(400).outcome("invalid", "fhirapi.run.limit", "_limit")
		c.do("POST /ViewDefinition/$run", strings.Replace(given, `"$this"`, `"$("`, 1)).status(400).outcome("invalid", "sof.expression", "ViewDefinition.select[1].column[0].path")
		c.do("POST /ViewDefinition/$run", "").outcome("required", "fhirapi.param.missing", "")
		c.do("GET /ViewDefinition/nobody/$run", "").status(404).outcome("not-found", "store.not_found", "")
		c.do("GET /ViewDefinition/nobody", "").status(404).outcome("not-supported", "search.type.unknown", "")
	})
}

// TestRunByName: definitions of the installation are run by their names.
func TestRunByName(t *testing.T) {
	v, err := sof.Compile([]byte(given))
	if err != nil {
		t.Fatal(err)
	}
	m := &Module{}
	m.Flatten(map[string]*sof.View{"given": v})
	if got, err := m.viewOf(&call{typ: "ViewDefinition", id: "given"}); got != v || err != nil {
		t.Errorf("given: %v %v", got, err)
	}
}

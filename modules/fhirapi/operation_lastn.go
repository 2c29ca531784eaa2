// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"
	"strconv"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// lastnRead bounds how many observations one $lastn looks at.
const lastnRead = 10_000

// lastnMost bounds max.
const lastnMost = 100

// lastn answers Observation/$lastn: of each code the latest max observations
// that a search finds. Two observations are of one code when they share a
// coding, or else a text. See R4 observation-operation-lastn.html.
func (m *Module) lastn(c *call) (*fhir.Doc, error) {
	most, params, err := lastnOf(c)
	if err != nil {
		return nil, err
	}
	query := store.Query{Type: c.typ, Params: append(slices.Clone(params), [2]string{"_sort", "-date"}), Count: maxHistory}
	groups := &codeGroups{of: map[string]int{}}
	b := newBundle("searchset", -1, [][2]string{{"self", withQuery(c.base+"/Observation/$lastn", append(params, [2]string{"max", strconv.Itoa(most)}))}})
	for read := 0; ; {
		page, err := c.door.Search(c.http.Context(), query)
		if err != nil {
			return nil, err
		}
		for _, doc := range page.Docs {
			if groups.add(doc) <= most {
				b.entry(c.base+"/"+doc.Ref(), c.show(doc), [2]string{"search", `{"mode":"match"}`})
			}
		}
		if read += len(page.Docs); page.Next == "" {
			break
		}
		if query.Cursor = page.Next; read >= lastnRead {
			return nil, issue.New(issue.TooCostly, "fhirapi.lastn", lastnRead)
		}
	}
	c.answer.text = b.text()
	return nil, nil
}

// lastnOf reads max and the criteria; whose observations is always asked.
func lastnOf(c *call) (most int, params [][2]string, err error) {
	most = 1
	if text := c.params.text("max"); text != "" {
		if most, err = strconv.Atoi(text); err != nil || most < 1 || most > lastnMost {
			return 0, nil, issue.New(issue.Invalid, "search.value.count", text).At("max")
		}
	}
	query := c.params.query
	if body := c.params.body; body != nil {
		for n := range body.Each("parameter") {
			kv, err := soughtBy(n)
			if err != nil {
				return 0, nil, err
			}
			query = append(query[:len(query):len(query)], kv)
		}
	}
	rest := slices.DeleteFunc(slices.Clone(query), func(kv [2]string) bool { return kv[0] == "max" })
	if params, err = criteria(rest); err != nil {
		return 0, nil, err
	}
	whose := func(kv [2]string) bool { return kv[0] == "patient" || kv[0] == "subject" }
	if !slices.ContainsFunc(params, whose) {
		return 0, nil, issue.New(issue.Required, "fhirapi.param.missing", "patient")
	}
	return most, params, nil
}

// soughtBy makes of an element Parameters.parameter what it is in a URL.
func soughtBy(parameter fhir.Node) (kv [2]string, err error) {
	name, value := parameter.Get("name").String(), valueOf(parameter)
	coding, text := parameter.Get("valueCoding"), ""
	switch {
	case coding.Exists():
		if text = escaped(coding.Get("code").String()); coding.Get("system").Exists() {
			text = escaped(coding.Get("system").String()) + "|" + text
		}
	case parameter.Get("valueReference").Exists():
		text = value.Get("reference").String()
	case value.Exists() && value.Kind() != fhir.Object:
		text = value.String()
	}
	if text == "" {
		return kv, issue.New(issue.Value, "fhirapi.param.form", name, "string, Coding, Reference").At(name)
	}
	return [2]string{name, text}, nil
}

// codeGroups counts observations by code.
type codeGroups struct {
	of     map[string]int // group of a coding or text
	counts []int
}

// add returns how many observations of this code there have been, this one
// included.
func (g *codeGroups) add(doc *fhir.Doc) int {
	keys := codeKeys(doc.Get("code"))
	group := -1
	for _, key := range keys {
		if i, known := g.of[key]; known {
			group = i
			break
		}
	}
	if group < 0 {
		group = len(g.counts)
		g.counts = append(g.counts, 0)
	}
	for _, key := range keys {
		if _, known := g.of[key]; !known {
			g.of[key] = group
		}
	}
	g.counts[group]++
	return g.counts[group]
}

func codeKeys(code fhir.Node) []string {
	var keys []string
	for c := range code.Each("coding") {
		keys = append(keys, c.Get("system").String()+"|"+c.Get("code").String())
	}
	if len(keys) == 0 {
		keys = append(keys, "text "+code.Get("text").String())
	}
	return keys
}

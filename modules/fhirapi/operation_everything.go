// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// everything answers [Patient or Encounter]/[id]/$everything, a page of _count
// at a time. See R4 operation-patient-everything.html.
func (m *Module) everything(c *call) (*fhir.Doc, error) {
	q, params, err := everythingOf(c)
	if err != nil {
		return nil, err
	}
	page, err := c.door.Everything(c.http.Context(), q)
	if err != nil {
		return nil, err
	}
	address := c.base + "/" + c.typ + "/" + c.id + "/$everything"
	links := [][2]string{{"self", withQuery(address, params)}}
	if page.Next != 0 {
		links = append(links, [2]string{"next", withQuery(address, append(params, [2]string{"_cursor", strconv.FormatInt(page.Next, 10)}))})
	}
	b := newBundle("searchset", -1, links)
	for _, doc := range page.Docs {
		b.entry(c.base+"/"+doc.Ref(), c.show(doc), [2]string{"search", `{"mode":"match"}`})
	}
	for _, doc := range page.Included {
		b.entry(c.base+"/"+doc.Ref(), c.show(doc), [2]string{"search", `{"mode":"include"}`})
	}
	if page.Cut {
		b.entry("", outcome([]issue.Issue{cutIncludes()}, c.say), [2]string{"search", `{"mode":"outcome"}`})
	}
	c.answer.text = b.text()
	return nil, nil
}

// everythingOf reads the parameters, and returns them for links too.
func everythingOf(c *call) (q store.EverythingQuery, params [][2]string, err error) {
	q = store.EverythingQuery{Type: c.typ, ID: c.id}
	for _, name := range []string{"_since", "_type", "_count", "_cursor", "start", "end"} {
		all := c.params.all(name)
		if len(all) == 0 {
			continue
		}
		text := strings.Join(all, ",")
		switch name {
		case "_since":
			if q.Since, err = instantOf(text); err != nil {
				return q, nil, issue.New(issue.Invalid, "fhirapi.since", text).At(name)
			}
		case "_type":
			for _, typ := range strings.Split(text, ",") {
				if !fhir.IsType(typ) {
					return q, nil, issue.New(issue.Invalid, "search.type.unknown", typ).At(name)
				}
				q.Types = append(q.Types, typ)
			}
		case "_count":
			if q.Count, err = strconv.Atoi(text); err != nil || q.Count < 1 {
				return q, nil, issue.New(issue.Invalid, "search.value.count", text).At(name)
			}
			q.Count = min(q.Count, maxHistory)
		case "_cursor":
			if q.After, err = strconv.ParseInt(text, 10, 64); err != nil || q.After < 0 {
				return q, nil, issue.New(issue.Invalid, "search.cursor.invalid").At(name)
			}
			continue
		case "start":
			q.From, _, err = period(text)
		case "end":
			_, q.To, err = period(text)
		}
		if err != nil {
			return q, nil, issue.New(issue.Invalid, "fhirapi.since", text).At(name)
		}
		params = append(params, [2]string{name, text})
	}
	return q, slices.Concat(params, c.shown()), nil
}

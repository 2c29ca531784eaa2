// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"cmp"
	"net/http"
	"strings"

	"mach/issue"
	"mach/store"
)

// maxIncludes bounds what one search may bring along.
const maxIncludes = 20

// search answers GET [type]?…, GET ?_type=… of the whole service, and both of
// the compartment [type]/[id].
func (m *Module) search(q *request) (*answer, error) {
	query, types, err := q.asks()
	if err != nil {
		return nil, err
	}
	var page store.Page
	if query.Type != "" {
		page, err = q.door.Search(q.http.Context(), query)
	} else {
		page, err = q.door.SearchTypes(q.http.Context(), types, query)
		query.Params = append([][2]string{{"_type", strings.Join(types, ",")}}, query.Params...)
	}
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK, text: q.searchset(query, page)}, nil
}

// sought is what a path asks for: the type, "" for several, and the compartment,
// "" for none.
func (q *request) sought() (typ, in string) {
	switch len(q.path) {
	case 0:
		return "", ""
	case 1:
		return q.path[0], ""
	case 2:
		return "", q.path[0] + "/" + q.path[1]
	}
	return strings.TrimSuffix(q.path[2], "*"), q.path[0] + "/" + q.path[1]
}

// asks reads what a search looks for, and the types of one of several.
func (q *request) asks() (query store.Query, types []string, err error) {
	query = store.Query{Lenient: !q.strict, Base: q.base}
	query.Type, query.In = q.sought()
	includes := 0
	for _, kv := range q.query {
		if base, _, _ := strings.Cut(kv[0], ":"); base == "_include" || base == "_revinclude" {
			includes++
		}
		if kv[0] == "_type" && query.Type == "" {
			types = append(types, strings.Split(kv[1], ",")...)
			continue
		}
		switch kv[0] {
		case "_format", "_pretty", "_elements":
		case "_cursor":
			query.Cursor = kv[1]
		case "_summary":
			if kv[1] == "count" {
				query.Params = append(query.Params, [2]string{"_count", "0"})
			}
		default:
			query.Params = append(query.Params, kv)
		}
	}
	if includes > maxIncludes {
		err = issue.New(issue.TooCostly, "fhirapi.includes", maxIncludes).At("_include")
	}
	return query, types, err
}

// postedSearch answers POST …/_search, with parameters in the body, the
// URL or both.
func (m *Module) postedSearch(q *request) (*answer, error) {
	if q.http.Header.Get("Content-Type") != "" {
		if err := q.http.ParseForm(); err != nil {
			return nil, issue.New(issue.Invalid, "search.query.malformed")
		}
		for name, values := range q.http.PostForm {
			for _, v := range values {
				q.query = append(q.query, [2]string{name, v})
			}
		}
	}
	q.path = q.path[:len(q.path)-1]
	return m.search(q)
}

// searchset writes a page. The self link holds only what was understood.
func (q *request) searchset(query store.Query, page store.Page) string {
	ignored := map[string]bool{}
	for _, name := range page.Ignored {
		ignored[name] = true
	}
	var params [][2]string
	for _, kv := range query.Params {
		if !ignored[kv[0]] {
			params = append(params, kv)
		}
	}
	params = append(params, q.shown()...)
	address := strings.TrimSuffix(q.base+"/"+query.Type, "/")
	if query.In != "" {
		address = q.base + "/" + query.In + "/" + cmp.Or(query.Type, "*")
	}
	links := [][2]string{{"self", withQuery(address, params)}}
	if page.Next != "" {
		links = append(links, [2]string{"next", withQuery(address, append(params, [2]string{"_cursor", page.Next}))})
	}
	b := newBundle("searchset", page.Total, links)
	b.room(page.Docs, page.Included)
	for _, doc := range page.Docs {
		b.entry(q.base+"/"+doc.Ref(), q.show(doc), [2]string{"search", `{"mode":"match"}`})
	}
	for _, doc := range page.Included {
		b.entry(q.base+"/"+doc.Ref(), q.show(doc), [2]string{"search", `{"mode":"include"}`})
	}
	var issues []issue.Issue
	for _, name := range page.Ignored {
		issues = append(issues, issue.Issue{Severity: issue.SeverityWarning, Code: issue.NotSupported, Key: "search.param.unknown", Args: []any{name, query.Type}, Path: name})
	}
	if page.Cut {
		issues = append(issues, cutIncludes())
	}
	if len(issues) > 0 {
		b.entry("", outcome(issues, q.say), [2]string{"search", `{"mode":"outcome"}`})
	}
	return b.text()
}

// cutIncludes says that a page refers to more than stands beside it.
func cutIncludes() issue.Issue {
	return issue.Issue{Severity: issue.SeverityWarning, Code: issue.TooCostly, Key: "search.include.cut", Path: "_include"}
}

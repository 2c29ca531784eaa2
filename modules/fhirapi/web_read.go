// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// segments splits a path below the base.
func segments(path string) ([]string, error) {
	path = strings.Trim(path, "/")
	if path == "" {
		return nil, nil
	}
	parts := strings.Split(path, "/")
	for i, p := range parts {
		var err error
		if parts[i], err = url.PathUnescape(p); err != nil || parts[i] == "" {
			return nil, issue.New(issue.NotSupported, "fhirapi.path.unknown")
		}
	}
	return parts, nil
}

// pairs reads a query in its order.
func pairs(raw string) ([][2]string, error) {
	var list [][2]string
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		name, err1 := url.QueryUnescape(k)
		val, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil {
			return nil, issue.New(issue.Invalid, "search.query.malformed")
		}
		list = append(list, [2]string{name, val})
	}
	return list, nil
}

// of answers with a resource, or 304 when the asker has this version.
func (q *request) of(doc *fhir.Doc) *answer {
	a := &answer{status: http.StatusOK, doc: q.view.Of(doc), version: doc.VersionID(), modified: doc.LastUpdated()}
	if known := q.header("If-None-Match"); known != "" {
		if strings.Contains(known, `"`+a.version+`"`) || known == "*" {
			a.status, a.doc = http.StatusNotModified, nil
		}
	} else if since, err := http.ParseTime(q.header("If-Modified-Since")); err == nil && !a.modified.Truncate(time.Second).After(since) {
		a.status, a.doc = http.StatusNotModified, nil
	}
	return a
}

func (m *Module) readOne(q *request) (*answer, error) {
	doc, err := q.door.Read(q.http.Context(), q.path[0], q.path[1])
	if err != nil {
		return nil, err
	}
	return q.of(doc), nil
}

func (m *Module) readVersion(q *request) (*answer, error) {
	v, err := strconv.ParseInt(q.path[3], 10, 64)
	if err != nil || v < 1 {
		return nil, issue.New(issue.NotFound, "store.not_found", q.path[0])
	}
	doc, err := q.door.ReadVersion(q.http.Context(), q.path[0], q.path[1], v)
	if err != nil {
		return nil, err
	}
	return q.of(doc), nil
}

// withQuery puts parameters behind a URL, in their order.
func withQuery(address string, params [][2]string) string {
	for i, kv := range params {
		address += map[bool]string{true: "?", false: "&"}[i == 0] + url.QueryEscape(kv[0]) + "=" + url.QueryEscape(kv[1])
	}
	return address
}

// maxIncludes bounds what one search may bring along.
const maxIncludes = 20

// search answers GET [type]?…
func (m *Module) search(q *request) (*answer, error) {
	query := store.Query{Type: q.path[0], Lenient: !q.strict}
	includes := 0
	for _, kv := range q.query {
		if kv[0] == "_include" || kv[0] == "_revinclude" {
			includes++
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
		return nil, issue.New(issue.TooCostly, "fhirapi.includes", maxIncludes).At("_include")
	}
	page, err := q.door.Search(q.http.Context(), query)
	if err != nil {
		return nil, err
	}
	return &answer{status: http.StatusOK, text: q.searchset(query, page)}, nil
}

// postedSearch answers POST [type]/_search, with parameters in the body, the
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
	address := q.base + "/" + query.Type
	links := [][2]string{{"self", withQuery(address, params)}}
	if page.Next != "" {
		links = append(links, [2]string{"next", withQuery(address, append(params, [2]string{"_cursor", page.Next}))})
	}
	b := newBundle("searchset", page.Total, links)
	for _, doc := range page.Docs {
		b.entry(q.base+"/"+doc.Ref(), q.view.Of(doc), [2]string{"search", `{"mode":"match"}`})
	}
	for _, doc := range page.Included {
		b.entry(q.base+"/"+doc.Ref(), q.view.Of(doc), [2]string{"search", `{"mode":"include"}`})
	}
	if len(page.Ignored) > 0 {
		var issues []issue.Issue
		for _, name := range page.Ignored {
			issues = append(issues, issue.Issue{Severity: issue.SeverityWarning, Code: issue.NotSupported, Key: "search.param.unknown", Args: []any{name, query.Type}, Path: name})
		}
		b.entry("", outcome(issues, q.say), [2]string{"search", `{"mode":"outcome"}`})
	}
	return b.text()
}

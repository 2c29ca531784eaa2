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
	a := &answer{status: http.StatusOK, doc: doc, version: doc.VersionID(), modified: doc.LastUpdated()}
	if known := q.header("If-None-Match"); known != "" {
		if strings.Contains(known, etag(a.version)) || known == "*" {
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

// maxHistory bounds one history answer.
const maxHistory = 1000

func (m *Module) history(q *request) (*answer, error) {
	limit := 100
	for _, kv := range q.query {
		if kv[0] == "_count" {
			n, err := strconv.Atoi(kv[1])
			if err != nil || n < 1 {
				return nil, issue.New(issue.Invalid, "search.value.count", kv[1]).At("_count")
			}
			limit = min(n, maxHistory)
		}
	}
	docs, changes, err := q.door.History(q.http.Context(), q.path[0], q.path[1], limit)
	if err != nil {
		return nil, err
	}
	url := q.base + "/" + q.path[0] + "/" + q.path[1]
	b := newBundle("history", -1, [][2]string{{"self", url + "/_history"}})
	for i, c := range changes {
		method, status := "PUT", "200 OK"
		switch c.Op {
		case "create":
			method, status = "POST", "201 Created"
		case "delete":
			method, status = "DELETE", "204 No Content"
		}
		target := q.path[0] + "/" + q.path[1]
		if method == "POST" {
			target = q.path[0]
		}
		version := strconv.FormatInt(c.Version, 10)
		b.entry(url, docs[i], [2]string{"request", object([2]string{"method", method}, [2]string{"url", target})},
			[2]string{"response", object([2]string{"status", status}, [2]string{"etag", etag(version)}, [2]string{"lastModified", instant(c.At)})})
	}
	return &answer{status: http.StatusOK, text: b.text()}, nil
}

// search answers GET [type]?…
func (m *Module) search(q *request) (*answer, error) {
	query := store.Query{Type: q.path[0], Lenient: !q.strict}
	for _, kv := range q.query {
		switch kv[0] {
		case "_format", "_pretty":
		case "_cursor":
			query.Cursor = kv[1]
		case "_summary":
			if kv[1] == "count" {
				query.Params = append(query.Params, [2]string{"_count", "0"})
			} else if kv[1] != "false" {
				query.Params = append(query.Params, kv) // reported as ignored
			}
		default:
			query.Params = append(query.Params, kv)
		}
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
	params := url.Values{}
	var order []string
	for _, kv := range query.Params {
		if !ignored[kv[0]] {
			params.Add(kv[0], kv[1])
			order = append(order, url.QueryEscape(kv[0])+"="+url.QueryEscape(kv[1]))
		}
	}
	self := q.base + "/" + query.Type + "?" + strings.Join(order, "&")
	links := [][2]string{{"self", self}}
	if page.Next != "" {
		if len(order) > 0 {
			self += "&"
		}
		links = append(links, [2]string{"next", self + "_cursor=" + page.Next})
	}
	b := newBundle("searchset", page.Total, links)
	for _, doc := range page.Docs {
		b.entry(q.base+"/"+doc.Ref(), doc, [2]string{"search", `{"mode":"match"}`})
	}
	for _, doc := range page.Included {
		b.entry(q.base+"/"+doc.Ref(), doc, [2]string{"search", `{"mode":"include"}`})
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

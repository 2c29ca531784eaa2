// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

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

// maxHistory bounds one page of a history.
const maxHistory = 1000

// span is what a history is asked for.
type span struct {
	count  int
	before int64 // version above the page; 0 = from the newest on
	since  time.Time
	params [][2]string // to repeat in links
}

func (q *request) span() (span, error) {
	s := span{count: 100}
	for _, kv := range q.query {
		var err error
		switch kv[0] {
		case "_count":
			if s.count, err = strconv.Atoi(kv[1]); err != nil || s.count < 1 {
				return s, issue.New(issue.Invalid, "search.value.count", kv[1]).At("_count")
			}
			s.count = min(s.count, maxHistory)
		case "_since":
			// A plus sign in a URL is a space unless it is escaped.
			if s.since, err = time.Parse(time.RFC3339, strings.ReplaceAll(kv[1], " ", "+")); err != nil {
				return s, issue.New(issue.Invalid, "fhirapi.since", kv[1]).At("_since")
			}
		case "_cursor":
			if s.before, err = strconv.ParseInt(kv[1], 10, 64); err != nil || s.before < 1 {
				return s, issue.New(issue.Invalid, "search.cursor.invalid").At("_cursor")
			}
			continue
		default:
			continue
		}
		s.params = append(s.params, kv)
	}
	return s, nil
}

// history answers GET [type]/[id]/_history, newest first, and of _since on.
func (m *Module) history(q *request) (*answer, error) {
	s, err := q.span()
	if err != nil {
		return nil, err
	}
	docs, changes, older, err := q.door.HistoryBelow(q.http.Context(), q.path[0], q.path[1], s.before, s.count)
	if err != nil {
		return nil, err
	}
	for i, c := range changes {
		if c.At.Before(s.since) {
			docs, changes, older = docs[:i], changes[:i], 0
			break
		}
	}
	target := q.path[0] + "/" + q.path[1]
	url := q.base + "/" + target
	links := [][2]string{{"self", withQuery(url+"/_history", s.params)}}
	if older > 0 {
		links = append(links, [2]string{"next", withQuery(url+"/_history", append(s.params, [2]string{"_cursor", strconv.FormatInt(older, 10)}))})
	}
	b := newBundle("history", -1, links)
	for i, c := range changes {
		method, at, status := "PUT", target, "200 OK"
		switch {
		case c.Op == "create" && givenByUs(c.ID):
			method, at, status = "POST", q.path[0], "201 Created"
		case c.Op == "create":
			status = "201 Created"
		case c.Op == "delete":
			method, status = "DELETE", "204 No Content"
		}
		version := strconv.FormatInt(c.Version, 10)
		b.entry(url, docs[i], [2]string{"request", object([2]string{"method", method}, [2]string{"url", at})},
			[2]string{"response", object([2]string{"status", status}, [2]string{"etag", etag(version)}, [2]string{"lastModified", instant(c.At)})})
	}
	return &answer{status: http.StatusOK, text: b.text()}, nil
}

// givenByUs reports whether an id has the form that a POST gives; every other
// id came with a PUT.
func givenByUs(id string) bool {
	u, err := uuid.Parse(id)
	return err == nil && u.Version() == 7
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
	address := q.base + "/" + query.Type
	links := [][2]string{{"self", withQuery(address, params)}}
	if page.Next != "" {
		links = append(links, [2]string{"next", withQuery(address, append(params, [2]string{"_cursor", page.Next}))})
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

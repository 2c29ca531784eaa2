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
	a := &answer{status: http.StatusOK, doc: q.show(doc), version: doc.VersionID(), modified: doc.LastUpdated()}
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

// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// maxHistory bounds one page of a history.
const maxHistory = 1000

// span is what a history is asked for. R4 http.html section 3.1.0.13.
type span struct {
	count    int
	bare     bool  // _count=0: only how many there are
	before   int64 // version or line of the log above the page; 0 = from the newest on
	since    time.Time
	from, to time.Time   // _at
	params   [][2]string // to repeat in links
}

// span reads what a history is asked for. _list, which R4 knows, would narrow it
// and is always refused; what R4 does not know only when the caller wants that.
func (q *request) span() (span, error) {
	s := span{count: 100}
	for _, kv := range q.query {
		var err error
		switch kv[0] {
		case "_count":
			if s.count, err = strconv.Atoi(kv[1]); err != nil || s.count < 0 {
				return s, issue.New(issue.Invalid, "search.value.count", kv[1]).At("_count")
			}
			if s.bare = s.count == 0; s.bare || s.count > maxHistory {
				s.count = maxHistory
			}
		case "_since":
			if s.since, err = instantOf(kv[1]); err != nil {
				return s, issue.New(issue.Invalid, "fhirapi.since", kv[1]).At("_since")
			}
		case "_at":
			if s.from, s.to, err = period(kv[1]); err != nil {
				return s, issue.New(issue.Invalid, "fhirapi.since", kv[1]).At("_at")
			}
		case "_cursor":
			if s.before, err = strconv.ParseInt(kv[1], 10, 64); err != nil || s.before < 1 {
				return s, issue.New(issue.Invalid, "search.cursor.invalid").At("_cursor")
			}
			continue
		case "_summary", "_elements":
		case "_list":
			return s, issue.New(issue.NotSupported, "fhirapi.history.param", kv[0]).At(kv[0])
		default:
			if q.strict && !slices.Contains(showing, kv[0]) {
				return s, issue.New(issue.Invalid, "fhirapi.history.param", kv[0]).At(kv[0])
			}
			continue
		}
		s.params = append(s.params, kv)
	}
	return s, nil
}

// instantOf reads a point in time. A plus sign in a URL is a space unless it is
// escaped.
func instantOf(text string) (time.Time, error) {
	return time.Parse(time.RFC3339, strings.ReplaceAll(text, " ", "+"))
}

// period reads a date or time of any precision as the time it covers; without a
// zone it is Vietnamese.
func period(text string) (from, to time.Time, err error) {
	for _, form := range []struct {
		layout string
		next   func(time.Time) time.Time
	}{
		{"2006", func(t time.Time) time.Time { return t.AddDate(1, 0, 0) }},
		{"2006-01", func(t time.Time) time.Time { return t.AddDate(0, 1, 0) }},
		{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1) }},
	} {
		if from, err = time.ParseInLocation(form.layout, text, vn.Zone); err == nil {
			return from, form.next(from), nil
		}
	}
	if from, err = instantOf(text); err != nil {
		return from, to, err
	}
	if strings.Contains(text, ".") {
		return from, from.Add(time.Microsecond), nil
	}
	return from, from.Add(time.Second), nil
}

// history answers GET [type]/[id]/_history, newest first.
func (m *Module) history(q *request) (*answer, error) {
	s, err := q.span()
	if err != nil {
		return nil, err
	}
	docs, changes, older, err := q.versions(s)
	if err != nil {
		return nil, err
	}
	return q.historyOf(q.path[0]+"/"+q.path[1], s, docs, changes, older), nil
}

// versions lists what a history of one resource asks for.
func (q *request) versions(s span) (docs []*fhir.Doc, changes []store.Change, older int64, err error) {
	before, count, extra := s.before, s.count, 0
	if !s.from.IsZero() && before > 0 { // when the version above ended the first of this page
		before, count, extra = before+1, count+1, 1
	}
	docs, changes, older, err = q.door.HistoryBelow(q.http.Context(), q.path[0], q.path[1], before, count)
	if err != nil {
		return nil, nil, 0, err
	}
	kept := 0
	for i, c := range changes {
		if c.At.Before(s.since) {
			older = 0
			break
		}
		if i < extra && c.Version == s.before {
			continue
		}
		if !s.from.IsZero() && (!c.At.Before(s.to) || i > 0 && !changes[i-1].At.After(s.from)) {
			continue
		}
		docs[kept], changes[kept] = docs[i], changes[i]
		kept++
	}
	return docs[:kept], changes[:kept], older, nil
}

// manyHistory answers GET [type]/_history and GET [base]/_history.
func (m *Module) manyHistory(q *request) (*answer, error) {
	s, err := q.span()
	if err != nil {
		return nil, err
	}
	h := store.HistoryQuery{Since: s.since, From: s.from, To: s.to, Below: s.before, Count: s.count}
	if len(q.path) == 2 {
		h.Type = q.path[0]
	}
	docs, changes, older, err := q.door.Changed(q.http.Context(), h)
	if err != nil {
		return nil, err
	}
	return q.historyOf(h.Type, s, docs, changes, older), nil
}

// historyOf writes a history of what stands below the base. Its total is told
// when one page holds it all.
func (q *request) historyOf(below string, s span, docs []*fhir.Doc, changes []store.Change, older int64) *answer {
	address := strings.TrimSuffix(q.base+"/"+below, "/") + "/_history"
	links := [][2]string{{"self", withQuery(address, s.params)}}
	total := -1
	if older == 0 && s.before == 0 {
		total = len(changes)
	}
	if s.bare {
		docs, changes, older = nil, nil, 0
	}
	if older > 0 {
		links = append(links, [2]string{"next", withQuery(address, append(s.params, [2]string{"_cursor", strconv.FormatInt(older, 10)}))})
	}
	b := newBundle("history", total, links)
	for i, c := range changes {
		q.people.add(docs[i])
		target := c.Type + "/" + c.ID
		method, at, status := "PUT", target, "200 OK"
		switch {
		case c.Op == "create" && givenByUs(c.ID):
			method, at, status = "POST", c.Type, "201 Created"
		case c.Op == "create":
			status = "201 Created"
		case c.Op == "delete":
			method, status = "DELETE", "204 No Content"
		}
		doc := docs[i]
		if doc != nil {
			doc = q.view.Of(doc)
		}
		b.entry(q.base+"/"+target, doc, [2]string{"request", object([2]string{"method", method}, [2]string{"url", at})},
			[2]string{"response", object([2]string{"status", status}, [2]string{"etag", etag(strconv.FormatInt(c.Version, 10))}, [2]string{"lastModified", instant(c.At)})})
	}
	return &answer{status: http.StatusOK, text: b.text()}
}

// givenByUs reports whether an id has the form that a POST gives; every other
// id came with a PUT.
func givenByUs(id string) bool {
	u, err := uuid.Parse(id)
	return err == nil && u.Version() == 7
}

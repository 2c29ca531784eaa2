// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// The bounds of one Bundle: entries, entries that search or list versions, and
// what its reads answer together.
const (
	maxEntries  = 10_000
	maxSearches = 100
	maxAnswer   = 64 << 20
)

// entry is one entry of a batch or transaction.
type entry struct {
	*request
	fullURL string
	answer  *answer
	err     error
}

// bundle answers POST [base]: every entry for itself, or all or nothing.
func (m *Module) bundle(q *request) (*answer, error) {
	doc, err := q.body()
	if err != nil {
		return nil, err
	}
	kind := doc.Get("type").String()
	if doc.Type() != "Bundle" || kind != "batch" && kind != "transaction" {
		return nil, issue.New(issue.Invalid, "fhirapi.bundle.type").At("Bundle.type")
	}
	var entries []*entry
	searches := 0
	for n := range doc.Each("entry") {
		if len(entries) == maxEntries {
			return nil, issue.New(issue.TooCostly, "fhirapi.bundle.large", maxEntries).At("Bundle.entry")
		}
		e, err := q.entry(n)
		e.err = at(err, len(entries))
		entries = append(entries, e)
		if e.lists() {
			searches++
		}
		if searches > maxSearches {
			return nil, issue.New(issue.TooCostly, "fhirapi.bundle.searches", maxSearches).At("Bundle.entry")
		}
	}
	if slices.ContainsFunc(entries, func(e *entry) bool { return e.reads() }) {
		if err := m.crowdWait(q.door.Actor()); err != nil {
			return nil, err
		}
	}
	if searches > 0 {
		leave, err := m.turns.take(q.http.Context(), q.door.Actor().Account)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	if kind == "transaction" {
		if err := m.transact(q, entries); err != nil {
			return nil, err
		}
	}
	m.each(entries)
	return &answer{status: http.StatusOK, text: m.response(q, kind, entries)}, nil
}

// each answers the entries that have neither an answer nor an error yet, as long
// as the answers do not grow too large.
func (m *Module) each(entries []*entry) {
	size := 0
	for i, e := range entries {
		if e.err != nil || e.answer != nil {
			continue
		}
		if size > maxAnswer {
			e.err = at(issue.New(issue.TooCostly, "fhirapi.bundle.answer", maxAnswer>>20), i)
			continue
		}
		if e.answer, e.err = m.route(e.request); e.err != nil {
			e.err = at(e.err, i)
			continue
		}
		size += len(e.answer.text)
		if e.answer.doc != nil {
			size += len(e.answer.doc.Text())
		}
	}
}

// reads reports whether the request changes nothing.
func (q *request) reads() bool {
	switch q.method {
	case http.MethodGet, http.MethodHead:
		return true
	case http.MethodPost:
		o, _, _, found := operationOf(q.path)
		return found && !o.affectsState || q.last() == "_search"
	}
	return false
}

func (q *request) last() string {
	if len(q.path) == 0 {
		return ""
	}
	return q.path[len(q.path)-1]
}

// lists reports whether the request reads many: a search, a history, an operation.
func (q *request) lists() bool {
	one := len(q.path) == 2 || len(q.path) == 4
	return q.reads() && (!one || q.last() == "_search" || q.last() == "_history" || strings.HasPrefix(q.last(), "$"))
}

// entry reads one entry as a request of its own.
func (q *request) entry(n fhir.Node) (*entry, error) {
	req := n.Get("request")
	headers := map[string]string{"If-Match": req.Get("ifMatch").String(), "If-None-Match": req.Get("ifNoneMatch").String(),
		"If-None-Exist": req.Get("ifNoneExist").String(), "If-Modified-Since": req.Get("ifModifiedSince").String()}
	e := &entry{fullURL: n.Get("fullUrl").String(), request: &request{http: q.http, door: q.door, base: q.base, strict: q.strict, say: q.say, people: q.people,
		method: req.Get("method").String(), header: func(name string) string { return headers[name] }}}
	e.patch = func() (patcher, error) { return patchIn(n.Get("resource")) }
	e.body = func() (*fhir.Doc, error) {
		resource := n.Get("resource")
		if resource.Kind() != fhir.Object {
			return nil, issue.New(issue.Required, "fhirapi.entry.resource").At("resource")
		}
		return fhir.ParseString(resource.Raw())
	}
	e.empty = func() bool { return n.Get("resource").Kind() != fhir.Object }
	path, raw, _ := strings.Cut(strings.TrimPrefix(req.Get("url").String(), q.base+"/"), "?")
	var err error
	if e.path, err = segments(path); err != nil {
		return e, err
	}
	if e.query, err = pairs(raw); err != nil {
		return e, err
	}
	if e.view, err = viewOf(e.query); err != nil {
		return e, err
	}
	if e.method == "" || len(e.path) == 0 {
		return e, issue.New(issue.Required, "fhirapi.entry.request").At("request")
	}
	return e, nil
}

// at puts the paths of an error inside entry i.
func at(err error, i int) error {
	var e *issue.Error
	if !errors.As(err, &e) {
		return err
	}
	c := &issue.Error{Retry: e.Retry}
	for _, is := range e.Issues {
		where := fmt.Sprintf("Bundle.entry[%d]", i)
		typ, rest, deeper := strings.Cut(is.Path, ".")
		inside := typ != "" && typ[0] >= 'A' && typ[0] <= 'Z' // of the resource
		switch {
		case is.Path == "":
		case strings.HasPrefix(is.Path, "Bundle.entry["):
			where = is.Path
		case inside && deeper:
			where += ".resource." + rest
		case inside:
			where += ".resource"
		default:
			where += "." + is.Path
		}
		is.Path = where
		c.Issues = append(c.Issues, is)
	}
	var no *refused
	if errors.As(err, &no) {
		return &refused{status: no.status, allow: no.allow, err: c}
	}
	return c
}

// transact writes everything in one commit. The reads come after it, as FHIR
// has them (DELETE, POST, PUT, then GET), and see what was written. What is
// written stays: a read that fails afterwards is an outcome in its own entry,
// so that nobody takes durable writes for refused ones and sends them again.
func (m *Module) transact(q *request, entries []*entry) error {
	named := map[string]bool{}
	for i, e := range entries {
		if e.err != nil {
			return e.err
		}
		if e.fullURL != "" && named[e.fullURL] { // nobody could say what a reference means
			return at(issue.New(issue.Invariant, "invariant.bdl-7").At("fullUrl"), i)
		}
		named[e.fullURL] = true
		if e.reads() {
			continue
		}
		if err := e.writes(); err != nil {
			return at(err, i)
		}
	}
	for attempt := 1; ; attempt++ {
		p, from, err := m.planned(q, entries)
		if err != nil {
			return err
		}
		receipt, err := q.door.Commit(q.http.Context(), p.ops...)
		if err != nil {
			if p.again && stale(err) && attempt < attempts {
				continue
			}
			return renumbered(err, from)
		}
		for n, i := range from {
			if doc := receipt.Docs[n]; doc != nil {
				entries[i].answer = entries[i].wrote(doc, receipt.Created[n])
				entries[i].answer.issues = receipt.Told(n)
			}
		}
		return nil
	}
}

// planned plans all writes of a transaction; from has the entry of each
// operation. What writes nothing is answered already.
func (m *Module) planned(q *request, entries []*entry) (all plan, from []int, err error) {
	for i, e := range entries {
		if e.reads() {
			continue
		}
		p, err := e.plan(q.http.Context(), m.deletes)
		if err != nil {
			return all, nil, at(err, i)
		}
		e.answer = &answer{status: http.StatusNoContent}
		all.again = all.again || p.again
		for _, op := range p.ops {
			if e.fullURL != "" {
				op = op.As(e.fullURL)
			}
			all.ops, from = append(all.ops, op), append(from, i)
		}
	}
	return all, from, nil
}

// writes checks that the entry is a create, update, patch or delete.
func (e *entry) writes() error {
	switch e.method {
	case http.MethodPost:
		if len(e.path) == 1 && e.path[0][0] != '$' && e.path[0][0] != '_' {
			return e.known()
		}
	case http.MethodPut, http.MethodPatch, http.MethodDelete:
		if len(e.path) == 1 || len(e.path) == 2 {
			return e.known()
		}
	}
	return &refused{status: http.StatusBadRequest, err: issue.New(issue.NotSupported, "fhirapi.method", e.method).At("request.method")}
}

// known refuses a type that R4 does not have.
func (e *entry) known() error {
	if !fhir.IsType(e.path[0]) {
		return issue.New(issue.NotSupported, "search.type.unknown", e.path[0]).At("request.url")
	}
	return nil
}

var operationPath = regexp.MustCompile(`^Bundle\.entry\[(\d+)\]`)

// renumbered turns the paths of a commit, which count operations, into paths
// of the Bundle, which counts entries.
func renumbered(err error, from []int) error {
	var e *issue.Error
	if !errors.As(err, &e) {
		return err
	}
	c := &issue.Error{Retry: e.Retry}
	for _, is := range e.Issues {
		if found := operationPath.FindStringSubmatch(is.Path); found != nil {
			if n, err := strconv.Atoi(found[1]); err == nil && n < len(from) {
				is.Path = fmt.Sprintf("Bundle.entry[%d]", from[n]) + strings.TrimPrefix(is.Path, found[0])
			}
		} else if len(from) == 1 {
			one, _ := at(&issue.Error{Issues: []issue.Issue{is}}, from[0]).(*issue.Error)
			is = one.Issues[0]
		}
		c.Issues = append(c.Issues, is)
	}
	return c
}

// response writes the answers in the order of the entries.
func (m *Module) response(q *request, kind string, entries []*entry) string {
	b := newBundle(kind+"-response", -1, nil)
	prefer := preferred(q.http, "return")
	for _, e := range entries {
		if e.err = late(e.err); e.err != nil {
			status, _ := statusOf(e.err)
			if status >= http.StatusInternalServerError {
				m.log.ErrorContext(q.http.Context(), "fhir entry failed", "error", e.err)
			}
			b.entry("", nil, [2]string{"response", `{"status":` + quote(statusText(status)) + `,"outcome":` + outcome(issue.Of(e.err), q.say).Text() + `}`})
			continue
		}
		a := e.answer
		doc := a.doc
		if a.text != "" {
			doc, _ = fhir.ParseString(a.text) // our own Bundle
		}
		extra := ""
		if !e.reads() && a.doc != nil {
			if prefer == "OperationOutcome" || len(a.issues) > 0 {
				extra = `,"outcome":` + outcome(a.told(), q.say).Text() + `}`
			}
			if prefer == "OperationOutcome" || prefer == "minimal" {
				doc = nil
			}
		}
		members := [][2]string{{"status", statusText(a.status)}, {"location", a.location}}
		if a.version != "" {
			members = append(members, [2]string{"etag", etag(a.version)})
		}
		if !a.modified.IsZero() {
			members = append(members, [2]string{"lastModified", instant(a.modified)})
		}
		full := ""
		if a.doc != nil {
			full = q.base + "/" + a.doc.Ref()
		}
		response := object(members...)
		if extra != "" {
			response = strings.TrimSuffix(response, "}") + extra
		}
		b.entry(full, doc, [2]string{"response", response})
	}
	return b.text()
}

func statusText(status int) string { return fmt.Sprintf("%d %s", status, http.StatusText(status)) }

// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"mach/access"
	"mach/fhir"
	"mach/fhir/profile"
	"mach/fhir/sof"
	"mach/fhir/terms"
	"mach/issue"
	"mach/store"
	"mach/web"
)

// Base is the path of the service.
const Base = "/fhir"

// maxBody is the largest body. Larger files go in by mach import.
const maxBody = 32 << 20

// maxTime is how long one request may take.
const maxTime = 2 * time.Minute

const jsonType = "application/fhir+json"

// Module is the REST service.
type Module struct {
	store   *store.Store
	log     *slog.Logger
	started time.Time
	mu      sync.Mutex
	ability map[string]string // CapabilityStatement by base URL and own search parameters

	validator *profile.Validator
	checks    store.Checks // of what apps write
	turns     turns
	crowd     *access.Crowd // nil: nobody counts

	subscriptions Subscriptions // nil = not served
	bulk          BulkJobs      // nil = not served
	bulkPath      string
	deletes       int // most that one conditional delete deletes
	terms         *Terminology
	views         map[string]*sof.View // that $run knows by name
}

// New returns the service over a store; started dates the
// CapabilityStatement.
func New(s *store.Store, log *slog.Logger, started time.Time) *Module {
	return &Module{store: s, log: log, started: started, ability: map[string]string{}, deletes: 1, turns: turns{wait: turn, of: map[string]*turnsOf{}}, validator: noProfiles(), terms: NewTerminology(s, terms.R4())}
}

// DeleteMany lets one conditional delete remove up to most resources, 1,000 in all
// cases; without it a condition that several meet is refused. The
// CapabilityStatement says which.
func (m *Module) DeleteMany(most int) { m.deletes = min(max(most, 1), mostDeletes) }

// mostDeletes bounds what one request may delete by a condition.
const mostDeletes = 1000

// Routes mounts the service.
func (m *Module) Routes(mux *web.Mux) {
	mux.Mount(Base, http.HandlerFunc(m.serve), m.fail).MaxBody(maxBody)
}

// request is one interaction, whether it came alone or in a Bundle.
type request struct {
	http   *http.Request
	door   store.Door
	method string
	path   []string    // below the base
	query  [][2]string // in order, decoded
	base   string      // absolute URL of the service
	body   func() (*fhir.Doc, error)
	empty  func() bool // there is no body
	patch  func() (patcher, error)
	header func(name string) string
	view   fhir.Subset // _summary and _elements
	people people      // whose records the answer shows
	strict bool        // Prefer: handling=strict
	say    words
}

// answer is what an interaction says.
type answer struct {
	status          int
	doc             *fhir.Doc // nil = no body
	text            string    // a Bundle, instead of doc
	media           string    // type of text where it is no FHIR
	location        string
	contentLocation string // where to ask about a job
	version         string
	modified        time.Time
	issues          []issue.Issue // of a document that was written with faults
}

// refused is a failure that has a status of its own.
type refused struct {
	status int
	allow  string
	err    error
}

func (r *refused) Error() string { return r.err.Error() }
func (r *refused) Unwrap() error { return r.err }

func (m *Module) serve(w http.ResponseWriter, r *http.Request) {
	ctx, done := context.WithTimeout(r.Context(), maxTime)
	defer done()
	r = r.WithContext(ctx)
	q, err := m.read(r)
	if err != nil {
		m.fail(w, r, err)
		return
	}
	a, err := m.answer(q)
	if err != nil {
		m.fail(w, r, err)
		return
	}
	m.write(w, r, q, a)
}

// answer finds the answer in its turn, and counts whom it shows.
func (m *Module) answer(q *request) (*answer, error) {
	actor := q.door.Actor()
	if q.reads() {
		if err := m.crowdWait(actor); err != nil {
			return nil, err
		}
	}
	if q.lists() {
		leave, err := m.turns.take(q.http.Context(), actor.Account)
		if err != nil {
			return nil, err
		}
		defer leave()
	}
	a, err := m.route(q)
	if err == nil {
		err = m.shown(q)
	}
	return a, err
}

// read takes a request apart and refuses what is not JSON.
func (m *Module) read(r *http.Request) (*request, error) {
	q := &request{http: r, method: r.Method, base: baseOf(r), header: r.Header.Get}
	ctx := r.Context()
	q.say = func(is issue.Issue) string { return web.Problem(ctx, is) }
	var err error
	if q.query, err = pairs(r.URL.RawQuery); err != nil {
		return nil, err
	}
	if q.view, err = viewOf(q.query); err != nil {
		return nil, err
	}
	if q.path, err = segments(strings.TrimPrefix(r.URL.EscapedPath(), Base)); err != nil {
		return nil, err
	}
	if o, _, _, _ := operationOf(q.path); !o.rows {
		if err := acceptable(r, q.query); err != nil {
			return nil, err
		}
	}
	q.strict = preferred(r, "handling") == "strict"
	actor := web.Actor(r)
	if locked := web.SessionOf(ctx).Locked; (actor.Role == "" || locked) && !(len(q.path) == 1 && q.path[0] == "metadata") {
		return nil, issue.New(issue.Login, "fhirapi.token.missing")
	}
	if err := inflate(r); err != nil {
		return nil, err
	}
	q.door = m.store.For(actor).Check(m.checks)
	if m.crowd != nil && m.crowd.Counts(actor) {
		q.people = people{}
	}
	q.body = sync.OnceValues(func() (*fhir.Doc, error) { return readDoc(r) })
	q.patch = sync.OnceValues(func() (patcher, error) { return readPatch(r) })
	q.empty = func() bool { return r.ContentLength == 0 }
	return q, nil
}

// inflate lets a compressed body be read as what it holds, bounded as any body.
func inflate(r *http.Request) error {
	switch strings.ToLower(r.Header.Get("Content-Encoding")) {
	case "", "identity":
		return nil
	case "gzip", "x-gzip":
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			return issue.New(issue.Structure, "fhirapi.body.broken")
		}
		r.Body, r.ContentLength = http.MaxBytesReader(nil, z, maxBody), -1
		return nil
	}
	return &refused{status: http.StatusUnsupportedMediaType, err: issue.New(issue.NotSupported, "fhirapi.encoding")}
}

// ours reports whether the parameters of a media type fit: FHIR 4.0 in UTF-8.
func ours(params map[string]string) bool {
	version, charset := params["fhirversion"], params["charset"]
	return (version == "" || version == "4.0") && (charset == "" || strings.EqualFold(charset, "utf-8"))
}

// readDoc reads the resource in the body.
func readDoc(r *http.Request) (*fhir.Doc, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !isJSON(media) || !ours(params) {
		return nil, &refused{status: http.StatusUnsupportedMediaType, err: issue.New(issue.NotSupported, "fhirapi.media.body")}
	}
	b, err := readAll(r)
	if err != nil {
		return nil, err
	}
	return fhir.Parse(b)
}

func isJSON(media string) bool {
	return slices.Contains([]string{jsonType, "application/json", "text/json", "application/json+fhir"}, media)
}

// unacceptable is a 406.
func unacceptable(err error) error { return &refused{status: http.StatusNotAcceptable, err: err} }

// acceptable refuses a reader who takes no JSON.
func acceptable(r *http.Request, query [][2]string) error {
	no := unacceptable(issue.New(issue.NotSupported, "fhirapi.media.answer"))
	for _, kv := range query {
		if kv[0] == "_format" {
			media, _, _ := strings.Cut(kv[1], ";")
			// A plus sign in a URL is a space unless it is escaped.
			if media = strings.ReplaceAll(media, " ", "+"); media == "json" || isJSON(media) {
				return nil
			}
			return no
		}
	}
	accept := strings.Join(r.Header.Values("Accept"), ",")
	if accept == "" {
		return nil
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, params, err := mime.ParseMediaType(part)
		if err == nil && params["q"] != "0" && ours(params) && (isJSON(media) || media == "*/*" || media == "application/*" || media == "text/html") {
			return nil
		}
	}
	return no
}

// route finds the interaction.
func (m *Module) route(q *request) (*answer, error) {
	switch n := len(q.path); {
	case n == 0:
		return q.by(map[string]interaction{"GET": m.search, "POST": m.bundle})
	case n == 1 && q.path[0] == "_search":
		return q.by(map[string]interaction{"POST": m.postedSearch})
	case n == 1 && q.path[0] == "metadata":
		return q.by(map[string]interaction{"GET": m.metadata})
	case n == 1 && q.path[0][0] == '$':
		return m.operate(q)
	case n == 1 && q.path[0] == "_history":
		return q.by(map[string]interaction{"GET": m.manyHistory})
	case (n == 2 || n == 3) && q.path[n-1][0] == '$':
		return m.operate(q)
	case !fhir.IsType(q.path[0]):
		return nil, issue.New(issue.NotSupported, "search.type.unknown", q.path[0])
	case n == 1:
		return q.by(map[string]interaction{"GET": m.search, "POST": m.single, "PUT": m.single, "PATCH": m.single, "DELETE": m.single})
	case n == 2 && q.path[1] == "_search":
		return q.by(map[string]interaction{"POST": m.postedSearch})
	case n == 2 && q.path[1] == "_history":
		return q.by(map[string]interaction{"GET": m.manyHistory})
	case n == 2:
		return q.by(map[string]interaction{"GET": m.readOne, "PUT": m.single, "PATCH": m.single, "DELETE": m.single})
	case n == 3 && q.path[2] == "_history":
		return q.by(map[string]interaction{"GET": m.history})
	case n == 3 && q.path[2] == "_search", n == 4 && q.path[3] == "_search":
		return q.by(map[string]interaction{"POST": m.postedSearch})
	case n == 3 && (q.path[2] == "*" || fhir.IsType(q.path[2])):
		return q.by(map[string]interaction{"GET": m.search})
	case n == 4 && q.path[2] == "_history":
		return q.by(map[string]interaction{"GET": m.readVersion})
	}
	return nil, issue.New(issue.NotSupported, "fhirapi.path.unknown")
}

// interaction answers one kind of request.
type interaction func(q *request) (*answer, error)

func (q *request) by(methods map[string]interaction) (*answer, error) {
	method := q.method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	if do, ok := methods[method]; ok {
		return do(q)
	}
	var allow []string
	for name := range methods {
		allow = append(allow, name)
	}
	slices.Sort(allow)
	return nil, &refused{status: http.StatusMethodNotAllowed, allow: strings.Join(allow, ", "), err: issue.New(issue.NotSupported, "fhirapi.method", q.method)}
}

// write sends an answer, as much of it as Prefer asks for.
func (m *Module) write(w http.ResponseWriter, r *http.Request, q *request, a *answer) {
	h := w.Header()
	if a.version != "" {
		h.Set("ETag", etag(a.version))
	}
	if !a.modified.IsZero() {
		h.Set("Last-Modified", a.modified.UTC().Format(http.TimeFormat))
	}
	if a.contentLocation != "" {
		h.Set("Content-Location", a.contentLocation)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	// A record stays on no disk of a shared computer. The capability statement
	// is everybody's.
	h.Set("Cache-Control", "no-store")
	if len(q.path) == 1 && q.path[0] == "metadata" {
		h.Set("Cache-Control", "private, no-cache")
	}
	text := a.text
	if a.doc != nil {
		text = a.doc.Text()
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		switch preferred(r, "return") {
		case "minimal":
			if a.doc != nil {
				text = ""
			}
		case "OperationOutcome":
			if a.doc != nil {
				text = outcome(a.told(), q.say).Text()
			}
		}
	}
	if text == "" {
		w.WriteHeader(a.status)
		return
	}
	if a.media != "" {
		w.Header().Set("Content-Type", a.media)
		w.WriteHeader(a.status)
		if r.Method != http.MethodHead {
			io.WriteString(w, text)
		}
		return
	}
	send(w, r, a.status, text, q.pretty())
}

func send(w http.ResponseWriter, r *http.Request, status int, text string, pretty bool) {
	body := []byte(text)
	if pretty {
		var b bytes.Buffer
		if json.Indent(&b, body, "", "  ") == nil {
			body = b.Bytes()
		}
	}
	w.Header().Set("Content-Type", jsonType+"; charset=utf-8")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		w.Write(body)
	}
}

// fail answers with an OperationOutcome. What is nobody's business is logged.
func (m *Module) fail(w http.ResponseWriter, r *http.Request, err error) {
	err = late(err)
	status, allow := statusOf(err)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		err = issue.New(issue.TooLong, "fhirapi.body.large", maxBody>>20)
		status = issue.Status(err)
	}
	if status >= http.StatusInternalServerError {
		m.log.ErrorContext(r.Context(), "fhir request failed", "request", web.Actor(r).Request, "error", err)
	}
	if allow != "" {
		w.Header().Set("Allow", allow)
	}
	if status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Mach FHIR"`)
	}
	var e *issue.Error
	if errors.As(err, &e) && e.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(e.Retry))
	}
	ctx := r.Context()
	doc := outcome(issue.Of(err), func(is issue.Issue) string { return web.Problem(ctx, is) })
	w.Header().Set("Content-Language", string(web.Lang(r)))
	send(w, r, status, doc.Text(), false)
}

// late says of a request that took too long that it did.
func late(err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		return issue.New(issue.Timeout, "fhirapi.late")
	}
	return err
}

func statusOf(err error) (status int, allow string) {
	var no *refused
	if errors.As(err, &no) {
		return no.status, no.allow
	}
	if is := issue.Of(err); len(is) > 0 && is[0].Code == issue.NotSupported && ofParameter(is[0].Path) {
		return http.StatusBadRequest, "" // the address is there
	}
	return issue.Status(err), ""
}

// ofParameter reports whether a path names a parameter, not a resource or one of
// its elements.
func ofParameter(path string) bool {
	path = strings.TrimPrefix(operationPath.ReplaceAllString(path, ""), ".")
	return path != "" && (path[0] == '_' || unicode.IsLower(rune(path[0])))
}

// baseOf is the absolute URL under which the asker reached us.
func baseOf(r *http.Request) string {
	return web.OwnAddress(r) + Base
}

// preferred is what the header Prefer (RFC 7240) asks for by a name.
func preferred(r *http.Request, name string) string {
	for _, line := range r.Header.Values("Prefer") {
		for part := range strings.FieldsFuncSeq(line, func(c rune) bool { return c == ',' || c == ';' }) {
			k, v, _ := strings.Cut(strings.TrimSpace(part), "=")
			if strings.EqualFold(strings.TrimSpace(k), name) {
				return strings.Trim(strings.TrimSpace(v), `"`)
			}
		}
	}
	return ""
}

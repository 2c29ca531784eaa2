// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
	"mach/web"
)

// Base is where jobs are asked about; the kick-off belongs to the FHIR service.
const Base = "/fhir/$bulk"

// Routes mounts status, cancellation and files. fail answers with an
// OperationOutcome.
func (m *Module) Routes(mux *web.Mux, fail func(http.ResponseWriter, *http.Request, error)) {
	mux.Mount(Base, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := m.serve(w, r); err != nil {
			fail(w, r, err)
		}
	}), fail)
}

func (m *Module) serve(w http.ResponseWriter, r *http.Request) error {
	actor := web.Actor(r)
	if actor.Role == "" || web.SessionOf(r.Context()).Locked {
		return issue.New(issue.Login, "fhirapi.token.missing")
	}
	w.Header().Set("Cache-Control", "no-store")
	id, file, named := strings.Cut(strings.TrimPrefix(r.URL.Path, Base+"/"), "/")
	j, err := m.find(r.Context(), actor, id)
	if err != nil {
		return err
	}
	switch {
	case r.Method == http.MethodDelete && !named:
		if err := m.forget(r.Context(), j.id); err != nil {
			return err
		}
		w.WriteHeader(http.StatusAccepted)
		return nil
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "DELETE, GET")
		return issue.New(issue.NotSupported, "fhirapi.method", r.Method)
	case named:
		return m.file(w, r, j, strings.TrimSuffix(file, ".ndjson"))
	}
	return m.status(w, r, j)
}

// manifest is what a finished job made.
type manifest struct {
	TransactionTime     string `json:"transactionTime"`
	Request             string `json:"request"`
	RequiresAccessToken bool   `json:"requiresAccessToken"`
	Output              []made `json:"output"`
	Deleted             []made `json:"deleted"`
	Error               []made `json:"error"`
	Extension           any    `json:"extension,omitempty"`
}

type made struct {
	Type  string `json:"type"`
	URL   string `json:"url"`
	Count int64  `json:"count"`
}

// status answers with progress, the manifest or why the job failed.
func (m *Module) status(w http.ResponseWriter, r *http.Request, j *job) error {
	switch j.status {
	case waiting:
		progress := j.progress
		if progress == "" {
			progress = waiting
		}
		w.Header().Set("X-Progress", progress)
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusAccepted)
		return nil
	case failed:
		return issue.New(issue.Exception, j.progress)
	}
	list, err := m.parts(r.Context(), j.id)
	if err != nil {
		return err
	}
	out := manifest{TransactionTime: j.asOf().Format("2006-01-02T15:04:05.000Z"), Request: j.url, RequiresAccessToken: true, Output: []made{}, Deleted: []made{}, Error: []made{}}
	for _, p := range list {
		one := made{p.typ, fmt.Sprintf("%s%s/%s/%d.ndjson", web.OwnAddress(r), Base, j.id, p.n), p.lines}
		switch {
		case p.typ == "OperationOutcome" && j.kind == "import":
			out.Error = append(out.Error, one)
		case p.deleted:
			one.Type = "Bundle"
			out.Deleted = append(out.Deleted, one)
		default:
			out.Output = append(out.Output, one)
		}
	}
	if j.kind == "import" {
		out.Extension = map[string]string{"https://mach.vn/ext/import-totals": j.progress}
	}
	w.Header().Set("Expires", j.ended.Add(keptFor).Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(out)
}

// file sends one part; that it was fetched is in the audit before.
func (m *Module) file(w http.ResponseWriter, r *http.Request, j *job, name string) error {
	n, err := strconv.ParseInt(name, 10, 64)
	if err != nil || j.status != done {
		return issue.New(issue.NotFound, "bulk.unknown")
	}
	list, err := m.parts(r.Context(), j.id)
	if err != nil {
		return err
	}
	for _, p := range list {
		if p.n != n {
			continue
		}
		body, err := m.Blobs.Open(r.Context(), p.blob)
		if err != nil {
			return err
		}
		defer body.Close()
		actor := web.Actor(r)
		if err := m.store.Note(r.Context(), actor, ActDownload, store.Labels{Type: "Bundle", ID: j.id}, store.Decision{Allow: true, Reason: p.typ}); err != nil {
			return err
		}
		w.Header().Set("Content-Type", "application/fhir+ndjson")
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(fileTime)) // what has no connection has no deadline
		if r.Method == http.MethodHead {
			return nil
		}
		_, _ = io.Copy(w, body) // a reader who has gone asks again
		return nil
	}
	return issue.New(issue.NotFound, "bulk.unknown")
}

// fileTime is how long one file may take to be fetched, and an input.
const fileTime = 30 * time.Minute

// fetcher gets inputs from other hosts.
type fetcher struct{ client *http.Client }

func newFetcher(private bool) fetcher { return fetcher{web.Outgoing(private)} }

// maxInput bounds one input.
const maxInput = 4 << 30

// open begins to read an input.
func (f fetcher) open(ctx context.Context, url string) (io.ReadCloser, error) {
	ctx, stop := context.WithTimeout(ctx, fileTime)
	unread := issue.New(issue.NotFound, "bulk.input")
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		stop()
		return nil, unread
	}
	answer, err := f.client.Do(r)
	if err != nil {
		stop()
		return nil, unread
	}
	if answer.StatusCode != http.StatusOK {
		stop()
		answer.Body.Close()
		return nil, unread
	}
	return &input{answer.Body, io.LimitReader(answer.Body, maxInput), stop}, nil
}

type input struct {
	io.Closer
	io.Reader
	stop context.CancelFunc
}

func (i *input) Close() error {
	defer i.stop()
	return i.Closer.Close()
}

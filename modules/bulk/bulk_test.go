// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/blob"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// world is a store with the module, at a place where it can be opened again.
type world struct {
	t     *testing.T
	place storetest.Place
	guard store.Guard
	again bool
	conf  func(*Config)
	s     *store.Store
	m     *Module
}

func (w *world) open() {
	w.t.Helper()
	if w.guard == nil {
		w.guard = storetest.AllowAll{}
	}
	w.s = storetest.Open(w.t, w.place, storetest.Guarded(w.guard), storetest.Idle(), storetest.Configure(func(c *store.Config) {
		c.Now = time.Now // as that of the module
		if w.again {     // a closed store cannot be asked for its audit
			c.Trace = nil
		}
	}))
	blobs, err := blob.Open(context.Background(), w.place.Dir+"/blobs", 100<<20)
	if err != nil {
		w.t.Fatal(err)
	}
	c := Config{Blobs: blobs, Now: time.Now, Log: slog.New(slog.DiscardHandler), Import: w.take, Private: true}
	if w.conf != nil {
		w.conf(&c)
	}
	if w.m, err = New(context.Background(), w.s, c); err != nil {
		w.t.Fatal(err)
	}
	if err := w.s.Start(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

// take is a small importer: a Patient goes in, all else is refused.
func (w *world) take(ctx context.Context, a store.Actor, _ string, in io.Reader, out io.Writer) error {
	enc, n, stored := json.NewEncoder(out), 0, 0
	for lines := bufio.NewScanner(in); lines.Scan(); {
		n++
		doc, err := fhir.ParseString(lines.Text())
		if err == nil && doc.Type() == "Patient" {
			if _, err := w.s.For(a).Commit(ctx, store.Import(doc)); err != nil {
				return err
			}
			stored++
			continue
		}
		if err := enc.Encode(map[string]any{"line": n, "severity": "error", "reason": "no", "rule": "test.no", "type": "X"}); err != nil {
			return err
		}
	}
	return enc.Encode(map[string]int{"read": n, "stored": stored, "unchanged": 0, "refused": n - stored})
}

func each(t *testing.T, guard store.Guard, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		w := &world{t: t, place: p, guard: guard}
		w.open()
		test(t, w)
	})
}

func app() store.Actor {
	a := storetest.System()
	a.Account, a.Name, a.Session = "token:app", "Phần mềm thử", "app"
	return a
}

// fill writes n persons with three measurements each.
func (w *world) fill(n int) {
	w.t.Helper()
	var ops []store.Op
	for i := range n {
		for _, text := range []string{
			fmt.Sprintf(`{"resourceType":"Patient","id":"p%d","gender":%q}`, i, []string{"male", "female"}[i%2]),
			fmt.Sprintf(`{"resourceType":"Observation","id":"a%d","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p%d"}}`, i, i),
			fmt.Sprintf(`{"resourceType":"Observation","id":"b%d","status":"preliminary","code":{"coding":[{"code":"y"}]},"subject":{"reference":"Patient/p%d"}}`, i, i),
			fmt.Sprintf(`{"resourceType":"Encounter","id":"e%d","status":"finished","class":{"code":"AMB"},"subject":{"reference":"Patient/p%d"}}`, i, i),
		} {
			doc, err := fhir.ParseString(text)
			if err != nil {
				w.t.Fatal(err)
			}
			ops = append(ops, store.Put(doc))
		}
	}
	for chunk := range slices.Chunk(ops, 400) {
		if _, err := w.s.For(storetest.System()).Commit(context.Background(), chunk...); err != nil {
			w.t.Fatal(err)
		}
	}
}

// await waits for the end of a job and returns its row.
func (w *world) await(a store.Actor, id string) *job {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		j, err := w.m.find(context.Background(), a, id)
		if err != nil {
			w.t.Fatal(err)
		}
		if j.status != waiting {
			return j
		}
		if time.Now().After(end) {
			w.t.Fatalf("the job does not end: %+v", j)
		}
	}
}

// export runs one and returns its lines.
func (w *world) export(a store.Actor, level string, params ...[2]string) []string {
	w.t.Helper()
	return w.lines(w.ended(a, level, params...))
}

// ended runs an export and returns its id.
func (w *world) ended(a store.Actor, level string, params ...[2]string) string {
	w.t.Helper()
	id, err := w.m.Export(context.Background(), w.s.For(a), "https://mach.test/fhir/$export", level, params, false)
	if err != nil {
		w.t.Fatal(err)
	}
	if j := w.await(a, id); j.status != done {
		w.t.Fatalf("the export ended %s: %s", j.status, j.progress)
	}
	return id
}

// lines returns "Type/id" of the lines of a job, sorted; "-Type/id" of what it
// says was deleted.
func (w *world) lines(id string) []string {
	w.t.Helper()
	var refs []string
	w.texts(id, func(p part, text string) {
		doc, err := fhir.ParseString(text)
		switch {
		case err != nil || !p.deleted && doc.Type() != p.typ:
			w.t.Errorf("a line of %s: %v %.80s", p.typ, err, text)
		case !p.deleted:
			refs = append(refs, doc.Ref())
		default:
			request := doc.Get("entry", "0", "request")
			ref := request.Get("url").String()
			if len(fhir.Validate(doc)) > 0 || doc.Get("type").String() != "transaction" || request.Get("method").String() != "DELETE" || !strings.HasPrefix(ref, p.typ+"/") {
				w.t.Errorf("a deletion of %s: %s", p.typ, text)
			}
			refs = append(refs, "-"+ref)
		}
	})
	slices.Sort(refs)
	return refs
}

// texts passes the lines of a job on, in their order; counts and sizes are as
// noted.
func (w *world) texts(id string, each func(p part, text string)) {
	w.t.Helper()
	list, err := w.m.parts(context.Background(), id)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, p := range list {
		rc, err := w.m.Blobs.Open(context.Background(), p.blob)
		if err != nil {
			w.t.Fatal(err)
		}
		n, size := int64(0), int64(0)
		for lines := bufio.NewScanner(rc); lines.Scan(); n++ {
			size += int64(len(lines.Text())) + 1
			each(p, lines.Text())
		}
		rc.Close()
		if n != p.lines || size != p.size {
			w.t.Errorf("%s: %d lines of %d bytes, noted %d and %d", p.typ, n, size, p.lines, p.size)
		}
	}
}

// naive lists what a search of everything finds.
func (w *world) naive(a store.Actor, keep func(*fhir.Doc) bool) []string {
	w.t.Helper()
	var refs []string
	for _, typ := range []string{"Patient", "Observation", "Encounter", "Group", "Organization"} {
		for cursor := ""; ; {
			page, err := w.s.For(a).Search(context.Background(), store.Query{Type: typ, Count: 500, Cursor: cursor})
			if err != nil {
				w.t.Fatal(err)
			}
			for _, doc := range page.Docs {
				if keep(doc) {
					refs = append(refs, doc.Ref())
				}
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
	}
	slices.Sort(refs)
	return refs
}

// TestExport: each level, filter and bound gives what a naive list gives.
func TestExport(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		w.fill(60)
		a := app()
		doc := func(text string) {
			d, err := fhir.ParseString(text)
			if err == nil {
				_, err = w.s.For(a).Commit(context.Background(), store.Put(d))
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		doc(`{"resourceType":"Organization","id":"o","name":"Trạm"}`)
		doc(`{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p3"}},{"entity":{"reference":"Patient/p7"}},{"entity":{"reference":"Patient/p9"},"inactive":true}]}`)
		doc(`{"resourceType":"Group","id":"none","type":"person","actual":true}`)
		since := time.Now()
		doc(`{"resourceType":"Patient","id":"p1","gender":"other"}`)
		if _, err := w.s.For(a).Commit(context.Background(), store.Delete("Observation", "a5")); err != nil {
			t.Fatal(err)
		}
		all := func(*fhir.Doc) bool { return true }
		of := func(d *fhir.Doc) string {
			if d.Type() == "Patient" {
				return d.ID()
			}
			return d.Get("subject").RefID("Patient")
		}
		_ = since
		for _, c := range []struct {
			name, level string
			params      [][2]string
			keep        func(*fhir.Doc) bool
		}{
			{"system", "", nil, all},
			{"patients", "Patient", nil, func(d *fhir.Doc) bool { return of(d) != "" }},
			{"some patients", "Patient", [][2]string{{"patient", "Patient/p2"}, {"patient", "p4"}}, func(d *fhir.Doc) bool { return of(d) == "p2" || of(d) == "p4" }},
			{"group", "Group/g", nil, func(d *fhir.Doc) bool { return of(d) == "p3" || of(d) == "p7" }},
			{"member", "Group/g", [][2]string{{"patient", "Patient/p3"}}, func(d *fhir.Doc) bool { return of(d) == "p3" }},
			{"empty group", "Group/none", nil, func(*fhir.Doc) bool { return false }},
			{"types", "", [][2]string{{"_type", "Patient,Encounter"}}, func(d *fhir.Doc) bool { return d.Type() == "Patient" || d.Type() == "Encounter" }},
			{"filters", "", [][2]string{{"_type", "Observation,Patient"}, {"_typeFilter", "Observation?code=x,z&status=final,Observation?code=y&subject=Patient/p1"}, {"_typeFilter", "Patient?gender=other,male"}}, func(d *fhir.Doc) bool {
				code := d.Get("code", "coding", "0", "code").String()
				return d.Type() == "Observation" && (code == "x" || code == "y" && of(d) == "p1") || d.Type() == "Patient" && d.Get("gender").String() != "female"
			}},
		} {
			if got, want := w.export(a, c.level, c.params...), w.naive(a, c.keep); !slices.Equal(got, want) || len(want) == 0 && c.name != "empty group" {
				t.Errorf("%s: %d lines, want %d", c.name, len(got), len(want))
			}
		}
		later := append([]string{"-Observation/a5"}, w.naive(a, func(d *fhir.Doc) bool { return d.ID() == "p1" && d.Type() == "Patient" })...)
		at, err := w.s.For(a).Read(context.Background(), "Patient", "p1")
		if err != nil {
			t.Fatal(err)
		}
		if got := w.export(a, "", [2]string{"_since", at.LastUpdated().Format(time.RFC3339Nano)}); !slices.Equal(got, later) {
			t.Errorf("since: %q, want %q", got, later)
		}
	})
}

// TestHostile: what is not understood is refused, and jobs are bounded and
// their owner's.
func TestHostile(t *testing.T) {
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}}
	w.open()
	a := app()
	ask := func(params ...[2]string) error {
		_, err := w.m.Export(context.Background(), w.s.For(a), "u", "", params, false)
		return err
	}
	for _, p := range [][2]string{
		{"_type", "Nonsense"}, {"_type", ""}, {"_outputFormat", "text/csv"}, {"_since", "yesterday"}, {"_typeFilter", "Patient?nonsense=1"},
		{"_typeFilter", "Patient?general-practitioner.name=a"}, {"_typeFilter", "x"}, {"_typeFilter", strings.Repeat("Patient?gender=male,", 30)}, {"patient", "p"}, {"_elements", "nonsense"}, {"_elements", strings.Repeat("id,", 300)}, {"nonsense", "1"},
	} {
		if err := ask(p); !errors.As(err, new(*issue.Error)) {
			t.Errorf("%.40s: %v", p, err)
		}
	}
	if _, err := w.m.Export(context.Background(), w.s.For(a), "u", "Group/none", nil, false); issue.Status(err) != 404 {
		t.Errorf("a group that is not there: %v", err)
	}
	id, err := w.m.Export(context.Background(), w.s.For(a), "u", "", nil, false)
	if err != nil {
		t.Fatal(err)
	}
	other := app()
	other.Account = "token:other"
	if _, err := w.m.find(context.Background(), other, id); issue.Status(err) != 404 {
		t.Errorf("another's job: %v", err)
	}
	w.await(a, id)
	if err := w.m.forget(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	if _, err := w.m.find(context.Background(), a, id); issue.Status(err) != 404 {
		t.Errorf("a cancelled job: %v", err)
	}
}

// TestResume: an export that is cut off in the middle, again and again, holds
// everything once.
func TestResume(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		calls, dies := 0, make(chan bool, 1)
		w := &world{t: t, place: p, again: true}
		w.conf = func(c *Config) {
			c.Renew = func(ctx context.Context, a store.Actor) (store.Actor, error) {
				if calls++; calls == 3 || calls == 9 || calls == 20 || calls == 230 { // the last among the deletions
					dies <- true
					return a, errors.New("the process dies here")
				}
				return a, nil
			}
		}
		w.open()
		w.fill(40)
		a := app()
		for i := range 20 {
			w.commit(store.Delete("Encounter", fmt.Sprint("e", i)), store.Delete("Observation", fmt.Sprint("a", i)))
		}
		id, err := w.m.Export(context.Background(), w.s.For(a), "u", "", [][2]string{{"_since", "2026-01-01T00:00:00Z"}}, false)
		if err != nil {
			t.Fatal(err)
		}
		// Cut off where it dies, and anywhere: each life twice as long as the one before.
		for life := 50 * time.Millisecond; ; life *= 2 {
			select {
			case <-dies:
			case <-time.After(life):
			}
			if err := w.s.Close(); err != nil {
				t.Fatal(err)
			}
			w.open()
			j, err := w.m.find(context.Background(), a, id)
			if err != nil || life > 2*time.Minute {
				t.Fatal(j, err)
			}
			if j.status != waiting {
				break
			}
		}
		got := w.lines(id)
		if len(got) != 160 || len(slices.Compact(slices.Clone(got))) != 160 || got[39] != "-Observation/a9" || got[40][0] == '-' || calls < 230 {
			t.Errorf("%d lines after %d pieces: %q", len(got), calls, got)
		}
	})
}

// TestImport: NDJSON from the body and from allowed hosts, with an outcome for
// each line that was refused.
func TestImport(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		a := app()
		lines := `{"resourceType":"Patient","id":"i1"}` + "\n{}\n" + `{"resourceType":"Patient","id":"i2"}` + "\n"
		id, err := w.m.Import(context.Background(), w.s.For(a), "u", "vi", strings.NewReader(lines))
		if err != nil {
			t.Fatal(err)
		}
		if j := w.await(a, id); j.status != done || !strings.HasPrefix(j.progress, "3 read, 2 stored, 0 unchanged, 1 refused") {
			t.Errorf("%s %s", j.status, j.progress)
		}
		if got := w.outcomes(id); len(got) != 1 || got[0].Get("issue", "0", "details", "coding", "0", "code").String() != "test.no" {
			t.Errorf("outcomes %v", got)
		}
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/good" {
				http.Redirect(rw, r, "/good", http.StatusFound)
				return
			}
			io.WriteString(rw, `{"resourceType":"Patient","id":"i3"}`)
		}))
		defer server.Close()
		from := func(urls ...string) (string, error) {
			return w.m.ImportFrom(context.Background(), w.s.For(a), "u", "vi", urls)
		}
		if _, err := from(server.URL + "/good"); issue.Status(err) != 403 {
			t.Errorf("a host that is not allowed: %v", err)
		}
		w.m.Hosts = []string{strings.TrimPrefix(server.URL, "http://")}
		for path, want := range map[string]string{"/good": done, "/elsewhere": failed} {
			if id, err = from(server.URL + path); err != nil {
				t.Fatal(err)
			}
			if j := w.await(a, id); j.status != want {
				t.Errorf("%s: %s %s", path, j.status, j.progress)
			}
		}
		if _, err := w.s.For(a).Read(context.Background(), "Patient", "i3"); err != nil {
			t.Error(err)
		}
		if _, err := w.m.Import(context.Background(), w.s.For(a), "u", "vi", strings.NewReader("")); issue.Status(err)/100 != 4 {
			t.Errorf("an empty body: %v", err)
		}
	})
}

func (w *world) outcomes(id string) []*fhir.Doc {
	w.t.Helper()
	list, err := w.m.parts(context.Background(), id)
	if err != nil || len(list) != 1 {
		w.t.Fatal(list, err)
	}
	rc, err := w.m.Blobs.Open(context.Background(), list[0].blob)
	if err != nil {
		w.t.Fatal(err)
	}
	defer rc.Close()
	var docs []*fhir.Doc
	for lines := bufio.NewScanner(rc); lines.Scan(); {
		doc, err := fhir.ParseString(lines.Text())
		if err != nil || len(fhir.Validate(doc)) > 0 {
			w.t.Errorf("%v: %s", err, lines.Text())
			continue
		}
		docs = append(docs, doc)
	}
	return docs
}

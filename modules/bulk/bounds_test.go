// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
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

// TestWhoFetches: a job belongs to where its account stood when it asked, and
// to tokens that have its scopes.
func TestWhoFetches(t *testing.T) {
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}}
	w.open()
	doctor := storetest.Doctor("tram")
	ask := func(a store.Actor) string {
		id, err := w.m.Export(context.Background(), w.s.For(a), "u", "", nil, false)
		if err != nil {
			t.Fatal(err)
		}
		w.await(a, id)
		return id
	}
	with := func(change func(a *store.Actor)) store.Actor {
		a := doctor
		change(&a)
		return a
	}
	broad := with(func(a *store.Actor) { a.Scopes = []string{"user/*.rs", "user/Patient.u"} })
	byHand, byApp := ask(doctor), ask(broad)
	for name, c := range map[string]struct {
		who  store.Actor
		hand bool // what was asked for on a page
		app  bool // what an application asked for
	}{
		"another sign-in":     {with(func(a *store.Actor) { a.Session = "later" }), true, true},
		"the application":     {broad, false, true},
		"more scopes":         {with(func(a *store.Actor) { a.Scopes = append([]string{"user/Group.c"}, broad.Scopes...) }), false, true},
		"fewer scopes":        {with(func(a *store.Actor) { a.Scopes = []string{"user/*.rs"} }), false, false},
		"a query":             {with(func(a *store.Actor) { a.Scopes = []string{"user/*.rs?_id=1", "user/Patient.u"} }), false, false},
		"no scopes":           {with(func(a *store.Actor) { a.Scopes = []string{} }), false, false},
		"another record":      {with(func(a *store.Actor) { a.Scopes, a.Record = broad.Scopes, "p1" }), false, false},
		"the own health book": {with(func(a *store.Actor) { a.Role, a.Patient = store.Person, "p1" }), false, false},
		"another station":     {with(func(a *store.Actor) { a.Facility = "tram2" }), false, false},
		"another account":     {with(func(a *store.Actor) { a.Account = "x" }), false, false},
	} {
		for id, want := range map[string]bool{byHand: c.hand, byApp: c.app} {
			if _, err := w.m.find(context.Background(), c.who, id); (err == nil) != want {
				t.Errorf("%s: %v, want %v", name, err, want)
			}
		}
	}
}

// TestInputsAreNotKept: what was sent for an import lies in the blob store until
// the import has ended, however it ends, and no longer; two that are equal do
// not take it from each other.
func TestInputsAreNotKept(t *testing.T) {
	hold := make(chan struct{})
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}}
	w.conf = func(c *Config) {
		take := c.Import
		c.Import = func(ctx context.Context, a store.Actor, lang string, in io.Reader, out io.Writer) error {
			select {
			case <-hold:
				return take(ctx, a, lang, in, out)
			case <-ctx.Done():
				return ctx.Err()
			}
		}
	}
	w.open()
	a := app()
	send := func(id string) (string, blob.Key, error) {
		line := fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, id)
		before := keys(t, w)
		job, err := w.m.Import(context.Background(), w.s.For(a), "u", "vi", strings.NewReader(line))
		for key := range keys(t, w) {
			if !before[key] {
				return job, key, err
			}
		}
		return job, "", err
	}
	there := func(key blob.Key) bool { return keys(t, w)[key] }
	gone := func(what string, key blob.Key) {
		t.Helper()
		for end := time.Now().Add(time.Minute); there(key); time.Sleep(10 * time.Millisecond) {
			if time.Now().After(end) {
				t.Errorf("%s: the input is still there", what)
				return
			}
		}
	}
	one, first, err := send("same")
	two, same, err2 := send("same")
	other, cancelled, err3 := send("cancelled")
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	if err := w.m.forget(context.Background(), other); err != nil {
		t.Fatal(err)
	}
	gone("a cancelled import", cancelled)
	if err := w.m.forget(context.Background(), one); err != nil || !there(same) || there(first) {
		t.Errorf("another of the same input was taken along: %v", err)
	}
	for n := 1; n < openJobs; n++ {
		if _, _, err := send(fmt.Sprint("more", n)); err != nil {
			t.Fatal(err)
		}
	}
	_, many, err := send("one too many")
	if issue.Status(err) != 429 {
		t.Errorf("too many: %v", err)
	}
	gone("a refused import", many)
	close(hold)
	if j := w.await(a, two); j.status != done {
		t.Errorf("%s %s", j.status, j.progress)
	}
	gone("an import that ended", same)
}

// keys are the blobs that are kept.
func keys(t *testing.T, w *world) map[blob.Key]bool {
	t.Helper()
	all := map[blob.Key]bool{}
	for key, err := range w.m.Blobs.Check(context.Background()) {
		if err != nil && !errors.Is(err, os.ErrNotExist) { // one that ends while it is listed
			t.Fatal(err)
		}
		all[key] = true
	}
	return all
}

// TestImportsStop: an import that is cancelled, or whose asker loses his rights,
// writes no further; one that fails again and again ends.
func TestImportsStop(t *testing.T) {
	began := make(chan string, 10)
	stopped := make(chan struct{}, 10)
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}}
	rights := make(chan struct{})
	w.conf = func(c *Config) {
		c.Import = func(ctx context.Context, a store.Actor, lang string, in io.Reader, out io.Writer) error {
			if lang == "bad" {
				return errors.New("a broken disk")
			}
			began <- lang
			<-ctx.Done()
			stopped <- struct{}{}
			return ctx.Err()
		}
		c.Renew = func(_ context.Context, a store.Actor) (store.Actor, error) {
			select {
			case <-rights:
				return a, issue.New(issue.Login, "access.token.invalid")
			default:
				return a, nil
			}
		}
	}
	w.open()
	w.m.pause, w.m.tries = time.Millisecond, 2
	send := func(lang string) string {
		id, err := w.m.Import(context.Background(), w.s.For(app()), "u", lang, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	within := func(what string, c <-chan struct{}) {
		t.Helper()
		select {
		case <-c:
		case <-time.After(time.Minute):
			t.Fatal(what)
		}
	}
	id := send("vi")
	<-began
	if err := w.m.forget(context.Background(), id); err != nil {
		t.Fatal(err)
	}
	within("a cancelled import goes on", stopped)
	id = send("vi")
	<-began
	close(rights)
	within("an import goes on without rights", stopped)
	if j := w.await(app(), id); j.status != failed || j.progress != "access.token.invalid" {
		t.Errorf("%s %s", j.status, j.progress)
	}
	w.m.Renew = func(_ context.Context, a store.Actor) (store.Actor, error) { return a, nil }
	if j := w.await(app(), send("bad")); j.status != failed || j.progress != "bulk.interrupted" {
		t.Errorf("%s %s", j.status, j.progress)
	}
}

// TestRights: no line outside the asker's reach; the audit names each person
// before anything can be fetched, once; rights that end in the middle end the
// job.
func TestRights(t *testing.T) {
	guard := storetest.JudgeFunc(func(a store.Actor, act store.Action, l store.Labels, _ []store.Relation) store.Decision {
		return store.Decision{Allow: a.Role == store.System || act == store.ActSearch && l.Type != "Encounter" && l.Patient != "" && len(l.Patient) == 2, Reason: "test"}
	})
	each(t, guard, func(t *testing.T, w *world) {
		w.fill(30)
		a := storetest.Doctor("tram")
		id, err := w.m.Export(context.Background(), w.s.For(a), "u", "", nil, false)
		if err != nil {
			t.Fatal(err)
		}
		w.await(a, id)
		got := w.lines(id)
		if want := w.naive(storetest.System(), func(d *fhir.Doc) bool {
			p := d.ID()
			if d.Type() != "Patient" {
				p = d.Get("subject").RefID("Patient")
			}
			return d.Type() != "Encounter" && len(p) == 2
		}); !slices.Equal(got, want) || len(got) != 30 {
			t.Errorf("%d lines, want %d", len(got), len(want))
		}
		rows := map[string]string{}
		until := time.Now().Add(time.Minute)
		for len(rows) < 11 && time.Now().Before(until) { // PostgreSQL numbers a moment later
			clear(rows)
			w.sealed()
			if err := w.m.own.Rows(context.Background(), `select patient, types from audit where request = ?`, []any{id}, func(scan func(...any) error) error {
				var people, types string
				err := scan(&people, &types)
				for p := range strings.SplitSeq(people, " ") {
					if rows[p] != "" {
						t.Errorf("%q is in the audit twice", p)
					}
					rows[p] = types
				}
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if len(rows) != 11 || rows["p3"] != "Observation Patient" || rows[""] != "Bundle" {
			t.Errorf("the audit says %v", rows)
		}
		w.m.Renew = func(context.Context, store.Actor) (store.Actor, error) {
			return store.Actor{}, issue.New(issue.Login, "access.token.invalid")
		}
		if id, err = w.m.Export(context.Background(), w.s.For(a), "u", "", nil, false); err != nil {
			t.Fatal(err)
		}
		if j := w.await(a, id); j.status != failed || len(w.lines(id)) > 0 {
			t.Errorf("without rights: %s, %d lines", j.status, len(w.lines(id)))
		}
	})
}

// TestJobsAreBounded: what ended and is kept counts too, until it is deleted.
func TestJobsAreBounded(t *testing.T) {
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}}
	w.open()
	for n := range keptJobs {
		if err := w.m.own.Exec(context.Background(), `insert into bulk_job (id, kind, account, actor, url, args, made, status, progress, place, ended)
			values (?, 'export', ?, '{}', '', '{}', ?, 'done', '', '', ?)`, fmt.Sprint("j", n), app().Account, time.Now().UnixMicro(), time.Now().UnixMicro()); err != nil {
			t.Fatal(err)
		}
	}
	ask := func() error {
		_, err := w.m.Export(context.Background(), w.s.For(app()), "u", "", nil, false)
		return err
	}
	if err := ask(); issue.Status(err) != 429 {
		t.Errorf("one more: %v", err)
	}
	if err := w.m.forget(context.Background(), "j0"); err != nil {
		t.Fatal(err)
	}
	if err := ask(); err != nil {
		t.Errorf("after one was deleted: %v", err)
	}
}

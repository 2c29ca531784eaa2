// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// receiver is somebody else's server.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []arrived
	answer func(n int, r *http.Request) int // status of the n-th request, from 1; nil = 200
	open   atomic.Int32                     // requests under way
	most   atomic.Int32                     // at once
}

// arrived is one request that came.
type arrived struct {
	method, path, body string
	header             http.Header
	number             int64
	status             int
}

func receive(t testing.TB) *receiver {
	r := &receiver{}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		if now := r.open.Add(1); now > r.most.Load() {
			r.most.Store(now)
		}
		defer r.open.Add(-1)
		b, _ := io.ReadAll(q.Body)
		one := arrived{method: q.Method, path: q.URL.Path, body: string(b), header: q.Header, status: 200}
		one.number, _ = strconv.ParseInt(q.Header.Get("X-Event-Number"), 10, 64)
		r.mu.Lock()
		n := len(r.got) + 1
		answer := r.answer
		r.mu.Unlock()
		if answer != nil {
			one.status = answer(n, q)
		}
		r.mu.Lock()
		r.got = append(r.got, one)
		r.mu.Unlock()
		w.WriteHeader(one.status)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) all() []arrived {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]arrived(nil), r.got...)
}

// taken lists what was answered with success.
func (r *receiver) taken() []arrived {
	var out []arrived
	for _, a := range r.all() {
		if a.status == 200 {
			out = append(out, a)
		}
	}
	return out
}

// clock is moved by hand.
type clock struct{ at atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.at.Store(time.Now().UnixMicro())
	return c
}

func (c *clock) now() time.Time { return time.UnixMicro(c.at.Load()).UTC() }

func (c *clock) move(d time.Duration) { c.at.Add(d.Microseconds()) }

// world is a store with the module, at a place where it can be opened again.
type world struct {
	t     *testing.T
	place storetest.Place
	guard store.Guard
	clock *clock
	renew func(context.Context, store.Actor) (store.Actor, error)
	s     *store.Store
	m     *Module
	again bool // opened more than once
}

func (w *world) open() {
	w.t.Helper()
	if w.guard == nil {
		w.guard = storetest.AllowAll{}
	}
	w.s = storetest.Open(w.t, w.place, storetest.Guarded(w.guard), storetest.Idle(), storetest.Configure(func(c *store.Config) {
		if c.Now = w.clock.now; w.again { // a closed store cannot be asked for its audit
			c.Trace = nil
		}
	}))
	var err error
	w.m, err = New(context.Background(), w.s, Config{Base: func() string { return "https://mach.test/fhir" }, Renew: w.renew, Private: true,
		Now: w.clock.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.s.Start(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func each(t *testing.T, guard store.Guard, test func(t *testing.T, w *world)) {
	t.Helper()
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		w := &world{t: t, place: p, guard: guard, clock: newClock()}
		w.open()
		test(t, w)
	})
}

// put commits documents as an actor, each by itself.
func (w *world) put(a store.Actor, texts ...string) []*fhir.Doc {
	w.t.Helper()
	var docs []*fhir.Doc
	for _, text := range texts {
		doc, err := fhir.ParseString(text)
		if err != nil {
			w.t.Fatal(err)
		}
		op := store.Put(doc)
		if doc.ID() == "" {
			op = store.Create(doc)
		}
		r, err := w.s.For(a).Commit(context.Background(), op)
		if err != nil {
			w.t.Fatalf("%s: %v", text, err)
		}
		docs = append(docs, r.Docs...)
	}
	return docs
}

func (w *world) read(id string) *fhir.Doc {
	w.t.Helper()
	doc, err := w.s.For(storetest.System()).Read(context.Background(), typeSubscription, id)
	if err != nil {
		w.t.Fatal(err)
	}
	return doc
}

// until waits for what is to come.
func (w *world) until(what string, ready func() bool) {
	w.t.Helper()
	for end := time.Now().Add(time.Minute); !ready(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatalf("waited in vain: %s", what)
		}
	}
}

// quiet waits until the log is matched and nothing is under way.
func (w *world) quiet() {
	w.t.Helper()
	w.until("the log is matched and sent", func() bool {
		var at int64
		var unnumbered, waiting, claimed int
		if w.place.Database != "" { // PostgreSQL numbers after the commit
			if _, err := w.m.own.Row(context.Background(), []any{&unnumbered}, `select count(*) from pending`); err != nil {
				w.t.Fatal(err)
			}
		}
		last, err := w.s.Last(context.Background())
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := w.m.own.Row(context.Background(), []any{&at, &waiting, &claimed}, `select (select seq from subscription_place where name = 'log'),
			(select count(*) from subscription_event where done = 0), (select count(*) from subscription_state where claimed > 0)`); err != nil {
			w.t.Fatal(err)
		}
		return unnumbered == 0 && at >= last && last > 0 && waiting == 0 && claimed == 0
	})
}

// plain is an R4 Subscription.
func plain(id, criteria, endpoint, payload string, more ...string) string {
	if payload != "" {
		payload = `,"payload":"` + payload + `"`
	}
	return fmt.Sprintf(`{"resourceType":"Subscription","id":%q,"status":"requested","reason":"thử","criteria":%q%s,"channel":{"type":"rest-hook","endpoint":%q%s,"header":["Authorization: Bearer bi-mat"]}}`,
		id, criteria, strings.Join(more, ""), endpoint, payload)
}

// topical is one of the backport.
func topical(id, topic, filter, endpoint, content string, more ...string) string {
	return fmt.Sprintf(`{"resourceType":"Subscription","id":%q,"status":"requested","reason":"thử","criteria":"https://mach.vn/fhir/SubscriptionTopic/%s",
		"_criteria":{"extension":[{"url":%q,"valueString":%q}]},
		"channel":{"extension":[{"url":%q,"valuePositiveInt":3}%s],"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json","_payload":{"extension":[{"url":%q,"valueCode":%q}]}}}`,
		id, topic, extFilter, filter, extMaxCount, strings.Join(more, ""), endpoint, extContent, content)
}

func observation(id, patient, code string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"coding":[{"code":%q}]},"subject":{"reference":"Patient/%s"}}`, id, code, patient)
}

func patient(id string) string { return fmt.Sprintf(`{"resourceType":"Patient","id":%q}`, id) }

// app is software with a token of its own.
func app() store.Actor {
	a := storetest.System()
	a.Account, a.Name, a.Session = "token:app", "Phần mềm thử", "app"
	return a
}

// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// TestRights: a subscriber is told what he may read when it happens and when it
// is sent, with a line in the audit each; not what lies outside, not what was
// withdrawn meanwhile, nothing when he is nobody any more. Numbers show no gap
// for what he never saw.
func TestRights(t *testing.T) {
	var withdrawn, ended atomic.Bool
	guard := storetest.JudgeFunc(func(a store.Actor, _ store.Action, l store.Labels, _ []store.Relation) store.Decision {
		open := l.Patient != "q" && len(l.Sensitivity) == 0 && !(withdrawn.Load() && l.Patient == "r")
		return store.Decision{Allow: a.Role == store.System || open, Reason: "test"}
	})
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		withdrawn.Store(false)
		ended.Store(false)
		w := &world{t: t, place: p, guard: guard, clock: newClock(), renew: func(_ context.Context, a store.Actor) (store.Actor, error) {
			if ended.Load() {
				return a, issue.New(issue.Login, "access.token.invalid")
			}
			return a, nil
		}}
		w.open()
		r := receive(t)
		a := storetest.Doctor("tram")
		s := app()
		w.put(s, patient("p"), patient("q"), patient("r"))
		closed := func(id string) string {
			return strings.Replace(observation(id, "p", "x"), `"status"`, `"meta":{"security":[{"system":"https://mach.vn/cs/sensitivity","code":"hiv"}]},"status"`, 1)
		}
		w.put(a, plain("s", "Observation?code=x", r.URL, "application/fhir+json"))
		w.put(s, closed("c1")) // a closed file
		w.put(s, observation("o1", "p", "x"), observation("o2", "q", "x"), observation("o3", "r", "x"))
		w.quiet()
		r.mu.Lock()
		r.answer = func(int, *http.Request) int { return 503 }
		r.mu.Unlock()
		w.put(s, observation("o4", "p", "x"))
		w.until("a failure", func() bool { return w.failures("s") == 1 })
		w.put(s, observation("o5", "r", "x"), observation("o6", "p", "x"), observation("c2", "p", "x"), closed("c2"))
		withdrawn.Store(true) // the consent of r, while o5 waits
		r.mu.Lock()
		r.answer = nil
		r.mu.Unlock()
		w.clock.move(time.Minute)
		w.put(s, observation("o7", "r", "x"))
		w.quiet()
		var got []string
		for _, one := range r.taken() {
			got = append(got, strings.TrimPrefix(one.path, "/Observation/")+" "+one.header.Get("X-Event-Number"))
		}
		if want := []string{"o1 1", "o3 2", "o4 3", "o6 4"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		lines := 0
		w.until("the lines of the audit", func() bool {
			if err := w.s.Seal(context.Background()); err != nil {
				t.Fatal(err)
			}
			if _, err := w.m.own.Row(context.Background(), []any{&lines}, `select count(*) from audit where account = ? and action = 'read' and allowed = 1 and patient in ('p', 'r')`, a.Account); err != nil {
				t.Fatal(err)
			}
			return lines >= 4
		})
		ended.Store(true)
		w.put(s, observation("o8", "p", "x"))
		before := len(r.all())
		time.Sleep(3 * clockPoll)
		if len(r.all()) != before {
			t.Error("somebody who is nobody any more was told")
		}
	})
}

// TestRefused: what could not be served is refused when it is written, by name
// of the element.
func TestRefused(t *testing.T) {
	closed := storetest.JudgeFunc(func(store.Actor, store.Action, store.Labels, []store.Relation) store.Decision {
		return store.Decision{Allow: true, Reason: "test"}
	})
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}, guard: closed, clock: newClock()}
	w.open()
	w.m.private = false
	const good = "https://app.example/hook"
	for _, c := range []struct{ text, key string }{
		{plain("a", "Nonsense?x=1", good, ""), "search.type.unknown"},
		{plain("a", "Patient?nonsense=1", good, ""), "search.param.unknown"},
		{plain("a", "Patient?birthdate=yesterday", good, ""), "search.value.date"},
		{plain("a", "Observation?subject:Patient.nonsense=a", good, ""), "search.chain.unknown"},
		{plain("a", "Patient?_count=1", good, ""), "store.criteria.plain"},
		{plain("a", "https://mach.vn/fhir/SubscriptionTopic/none", good, "application/fhir+json"), "subscription.topic"},
		{plain("a", "Patient?"+strings.Repeat("a", 3000), good, ""), "subscription.criteria.long"},
		{plain("a", "Patient", good, "application/fhir+xml"), "subscription.payload"},
		{strings.Replace(plain("a", "Patient", good, ""), "rest-hook", "email", 1), "subscription.channel"},
		{strings.Replace(plain("a", "Patient", good, ""), "Authorization: Bearer bi-mat", "Host: x", 1), "subscription.header"},
		{strings.Replace(plain("a", "Patient", good, ""), "Bearer bi-mat", `a\r\nX: y`, 1), "subscription.header"},
		{strings.Replace(plain("a", "Patient", good, ""), "Bearer bi-mat", "***", 1), "subscription.header.masked"},
		{plain("a", "Patient", "http://app.example/hook", ""), "subscription.endpoint"},
		{plain("a", "Patient", "https://u:p@app.example/hook", ""), "subscription.endpoint"},
		{plain("a", "Patient", "file:///etc/passwd", ""), "subscription.endpoint"},
		{plain("a", "Patient", "https://127.0.0.1/", ""), "subscription.endpoint.private"},
		{plain("a", "Patient", "https://[::1]/", ""), "subscription.endpoint.private"},
		{plain("a", "Patient", "https://169.254.169.254/latest", ""), "subscription.endpoint.private"},
		{plain("a", "Patient", "https://LOCALHOST./", ""), "subscription.endpoint.private"},
		{topical("a", "resource-change", "Nonsense?x=1", good, contentID), "search.type.unknown"},
		{topical("a", "encounter-end", "Patient?gender=male", good, contentID), "subscription.filter.other"},
		{topical("a", "encounter-end", "Encounter?status=finished", good, "everything"), "subscription.content"},
		{strings.Replace(topical("a", "encounter-end", "Encounter?patient=Patient/1", good, contentID), extFilter, extFilter+"s", 1), "subscription.filter.unknown"},
		{plain("a", "Patient", good, "", `,"_criteria":{"extension":[{"url":"`+extFilter+`","valueString":"Patient?_id=1"}]}`), "subscription.filter.unknown"},
	} {
		doc, err := fhir.ParseString(c.text)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.For(app()).Commit(context.Background(), store.Put(doc)); !failed(err, c.key) {
			t.Errorf("%.160s: %v, want %s", c.text, err, c.key)
		}
	}
	// Nobody gives himself another's mandate, and an import brings none.
	forged := strings.Replace(plain("a", "Patient", good, ""), `"status"`, `"extension":[{"url":"`+extMandate+`","valueString":"stolen"}],"status"`, 1)
	for a, want := range map[string]string{"token:app": active, "system": off} {
		actor := app()
		actor.Account = a
		if doc := w.put(actor, forged)[0]; strings.Contains(doc.Text(), "stolen") || doc.Get("status").String() != want || strings.Contains(doc.Text(), "bi-mat") {
			t.Errorf("%s: %s", a, doc.Text())
		}
	}
}

// TestMandatesAreBounded: what is written again and again in vain is refused
// after a while, and its secrets do not stay.
func TestMandatesAreBounded(t *testing.T) {
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}, guard: storetest.AllowAll{}, clock: newClock()}
	w.open()
	w.put(app(), plain("kept", "Patient", "https://app.example/hook", ""))
	count := func() (n int) {
		if _, err := w.m.own.Row(context.Background(), []any{&n}, `select count(*) from subscription_mandate`); err != nil {
			t.Fatal(err)
		}
		return n
	}
	doc, err := fhir.ParseString(plain("vain", "Patient", "https://app.example/hook", ""))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ { // the version asked for is not there
		_, err := w.s.For(app()).Commit(context.Background(), store.Update(doc, 7))
		if failed(err, "subscription.many") {
			break
		}
		if err == nil || n > maxMandates {
			t.Fatalf("write %d: %v", n, err)
		}
	}
	if n := count(); n != maxMandates {
		t.Errorf("%d mandates", n)
	}
	other := app()
	other.Account = "token:other"
	w.put(other, plain("other", "Patient", "https://app.example/hook", ""))
	w.clock.move(orphanAge + time.Minute)
	for end := time.Now().Add(time.Minute); count() > 2; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%d mandates are left", count())
		}
	}
}

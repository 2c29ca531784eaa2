// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// TestRestHook: with search criteria alone, a payload is an update of what
// changed and its absence a bare POST; each in the order of the log, none of
// others, none of before.
func TestRestHook(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		r := receive(t)
		a := app()
		w.put(a, patient("p"), patient("q"), observation("early", "p", "x"))
		docs := w.put(a, plain("full", "Observation?patient=p&code=x", r.URL+"/full", "application/fhir+json"), plain("bare", "Observation?code=x", r.URL+"/bare", ""))
		if s := docs[0].Get("status").String(); s != active {
			t.Errorf("the status is %q", s)
		}
		if text := docs[0].Text(); strings.Contains(text, "bi-mat") || !strings.Contains(text, "Authorization: ***") {
			t.Errorf("the secret of a header is kept in the resource: %s", text)
		}
		for i := range 5 {
			w.put(a, observation(fmt.Sprint("p", i), "p", "x"), observation(fmt.Sprint("q", i), "q", "x"), observation(fmt.Sprint("y", i), "p", "y"))
		}
		w.put(a, strings.Replace(observation("p0", "p", "x"), "final", "amended", 1))
		w.quiet()
		var full, bare []string
		for _, got := range r.all() {
			if got.header.Get("Authorization") != "Bearer bi-mat" {
				t.Error("the header did not arrive")
			}
			if strings.HasPrefix(got.path, "/full") {
				full = append(full, fmt.Sprint(got.method, " ", got.path, " ", got.number))
				if !strings.Contains(got.body, `"resourceType":"Observation"`) {
					t.Errorf("the payload is %q", got.body)
				}
			} else {
				bare = append(bare, fmt.Sprint(got.method, " ", got.path, " ", got.number, got.body))
			}
		}
		want := []string{"PUT /full/Observation/p0 1", "PUT /full/Observation/p1 2", "PUT /full/Observation/p2 3", "PUT /full/Observation/p3 4", "PUT /full/Observation/p4 5", "PUT /full/Observation/p0 6"}
		if !slices.Equal(full, want) {
			t.Errorf("full: %q", full)
		}
		if len(bare) != 11 || bare[10] != "POST /bare 11" {
			t.Errorf("bare: %q", bare)
		}
		// A reader who sends back what he was shown keeps the secret, elsewhere not.
		shown := w.read("full")
		w.put(a, shown.WithoutVersion().Text())
		w.put(a, observation("after", "p", "x"))
		w.quiet()
		if last := r.all()[len(r.all())-1]; last.header.Get("Authorization") != "Bearer bi-mat" {
			t.Errorf("the secret was lost: %v", last.header)
		}
		stolen, _ := shown.WithoutVersion().Set("channel.endpoint", r.URL+"/else")
		if _, err := w.s.For(a).Commit(context.Background(), store.Put(stolen)); !failed(err, "subscription.header.masked") {
			t.Errorf("a secret may go elsewhere: %v", err)
		}
	})
}

func failed(err error, key string) bool {
	var e *issue.Error
	return errors.As(err, &e) && e.Issues[0].Key == key
}

// numbersIn reads the event numbers and focuses of a notification.
func numbersIn(body string) (kind string, events []string) {
	doc, err := fhir.ParseString(body)
	if err != nil {
		return "broken", nil
	}
	for p := range doc.Get("entry", "0", "resource").Each("parameter") {
		switch p.Get("name").String() {
		case "type":
			kind = p.Get("valueCode").String()
		case "notification-event":
			var one []string
			for part := range p.Each("part") {
				switch part.Get("name").String() {
				case "event-number":
					one = append(one, part.Get("valueString").String())
				case "focus":
					one = append(one, strings.TrimPrefix(part.Get("valueReference", "reference").String(), "https://mach.test/fhir/"))
				}
			}
			events = append(events, strings.Join(one, " "))
		}
	}
	return kind, events
}

// TestTopics: handshake, then numbered events in order, at most as many at once
// as asked, with the content asked for; heartbeats in silence.
func TestTopics(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		r := receive(t)
		a := app()
		w.put(a, patient("p"))
		beat := fmt.Sprintf(`,{"url":%q,"valueUnsignedInt":60}`, extHeartbeat)
		doc := w.put(a, topical("s", "resource-change", "Observation?patient=p", r.URL, contentID, beat))[0]
		if s := doc.Get("status").String(); s != requested {
			t.Errorf("before the handshake it is %q", s)
		}
		w.until("the handshake", func() bool { return w.read("s").Get("status").String() == active })
		r.mu.Lock()
		r.answer = func(n int, _ *http.Request) int { time.Sleep(30 * time.Millisecond); return 200 }
		r.mu.Unlock()
		for i := range 7 {
			w.put(a, observation(fmt.Sprint("o", i), "p", "x"))
		}
		if _, err := w.s.For(a).Commit(context.Background(), store.Delete("Observation", "o3")); err != nil {
			t.Fatal(err)
		}
		w.quiet()
		got := r.all()
		if kind, events := numbersIn(got[0].body); kind != "handshake" || len(events) != 0 {
			t.Errorf("the first is a %s with %v", kind, events)
		}
		var all []string
		for _, one := range got[1:] {
			kind, events := numbersIn(one.body)
			if kind != "event-notification" || len(events) == 0 || len(events) > 3 || strings.Contains(one.body, `"resourceType":"Observation"`) {
				t.Errorf("%s %v %s", kind, events, one.body)
			}
			all = append(all, events...)
		}
		want := []string{"1 Observation/o0", "2 Observation/o1", "3 Observation/o2", "4 Observation/o3", "5 Observation/o4", "6 Observation/o5", "7 Observation/o6", "8 Observation/o3"}
		if !slices.Equal(all, want) {
			t.Errorf("events %q", all)
		}
		if r.most.Load() != 1 {
			t.Errorf("%d notifications at once", r.most.Load())
		}
		before := len(r.all())
		w.clock.move(61 * time.Second)
		w.until("a heartbeat", func() bool { return len(r.all()) > before })
		if kind, _ := numbersIn(r.all()[before].body); kind != "heartbeat" {
			t.Errorf("in silence comes a %s", kind)
		}
		bundle, err := w.m.Events(context.Background(), w.s.For(app()), "s", "3", "5", "")
		if err != nil {
			t.Fatal(err)
		}
		if kind, events := numbersIn(bundle.Text()); kind != "query-event" || !slices.Equal(events, want[2:5]) {
			t.Errorf("$events: %s %q", kind, events)
		}
		if found := fhir.Validate(bundle); len(found) > 0 {
			t.Errorf("$events is not valid: %v", found)
		}
		status, err := w.m.Status(context.Background(), w.s.For(app()), nil, nil)
		if err != nil || !strings.Contains(status.Text(), `"events-since-subscription-start","valueString":"8"`) {
			t.Errorf("$status: %v %v", status.Text(), err)
		}
	})
}

// TestTriggers: a visit ends once; what it was before counts.
func TestTriggers(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		r := receive(t)
		a := app()
		visit := func(id, status, reason string) string {
			return fmt.Sprintf(`{"resourceType":"Encounter","id":%q,"status":%q,"class":{"code":%q},"subject":{"reference":"Patient/p"}}`, id, status, reason)
		}
		w.put(a, patient("p"), topical("s", "encounter-end", "Encounter?patient=Patient/p", r.URL, contentFull))
		w.put(a, visit("e", "in-progress", "AMB"), visit("e", "finished", "AMB"), visit("e", "finished", "HH"), visit("f", "finished", "AMB"), visit("g", "planned", "AMB"))
		w.quiet()
		var all []string
		for _, one := range r.all() {
			_, events := numbersIn(one.body)
			all = append(all, events...)
			if len(events) > 0 && !strings.Contains(one.body, `"resourceType":"Encounter"`) {
				t.Errorf("no resource in %s", one.body)
			}
		}
		if want := []string{"1 Encounter/e", "2 Encounter/f"}; !slices.Equal(all, want) {
			t.Errorf("%q, want %q", all, want)
		}
	})
}

// TestBackOff: what fails is tried again with the same number after growing
// pauses, without end; the status says so, and recovers.
func TestBackOff(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		r := receive(t)
		a := app()
		down := func(int, *http.Request) int { return http.StatusServiceUnavailable }
		r.answer = down
		w.put(a, patient("p"), plain("s", "Observation?patient=p", r.URL, ""), observation("a", "p", "x"), observation("b", "p", "x"))
		for n := 1; n <= failuresToError; n++ {
			w.until(fmt.Sprint("attempt ", n), func() bool { return len(r.all()) >= n && w.failures("s") == n })
			time.Sleep(3 * clockPoll / 2) // nothing comes before its time
			if len(r.all()) != n {
				t.Fatalf("%d attempts instead of %d", len(r.all()), n)
			}
			w.clock.move(pauseAfter(n, 1) + time.Millisecond)
		}
		w.until("status error", func() bool {
			doc := w.read("s")
			return doc.Get("status").String() == failing && doc.Get("error").String() == "HTTP 503"
		})
		r.mu.Lock()
		r.answer = nil
		r.mu.Unlock()
		w.clock.move(longestPause * 2)
		w.quiet()
		w.until("recovery", func() bool {
			doc := w.read("s")
			return doc.Get("status").String() == active && !doc.Get("error").Exists()
		})
		var numbers []int64
		for _, one := range r.all() {
			numbers = append(numbers, one.number)
		}
		if got := slices.Compact(numbers); !slices.Equal(got, []int64{1, 2}) {
			t.Errorf("numbers %v", numbers)
		}
		// Off ends it; an end that passes does too.
		r.mu.Lock()
		r.answer = down
		r.mu.Unlock()
		w.put(a, observation("c", "p", "x"))
		w.until("one more failure", func() bool { return w.failures("s") == 1 })
		w.put(a, strings.Replace(plain("s", "Observation?patient=p", r.URL, ""), requested, off, 1))
		w.quiet()
		end := w.clock.now().Add(time.Minute).Format(time.RFC3339)
		w.put(a, plain("ends", "Observation?patient=p", r.URL, "", fmt.Sprintf(`,"end":%q`, end)))
		w.clock.move(2 * time.Minute)
		w.until("the end", func() bool { return w.read("ends").Get("status").String() == off })
	})
}

func (w *world) failures(id string) int {
	var n int
	if _, err := w.m.own.Row(context.Background(), []any{&n}, `select failures from subscription_state where id = ?`, id); err != nil {
		w.t.Fatal(err)
	}
	return n
}

// TestPause: it doubles, has an end, and varies by a fifth.
func TestPause(t *testing.T) {
	for n, want := range map[int]time.Duration{1: time.Second, 2: 2 * time.Second, 5: 16 * time.Second, 9: 256 * time.Second, 10: longestPause, 1 << 20: longestPause} {
		if got := pauseAfter(n, 0.5); got != want {
			t.Errorf("after %d: %v, want %v", n, got, want)
		}
		if low, high := pauseAfter(n, 0), pauseAfter(n, 0.999999); low < want*79/100 || high > want*121/100 || low >= high {
			t.Errorf("after %d: from %v to %v", n, low, high)
		}
	}
}

// TestHangs: a receiver that hangs holds nobody else up.
func TestHangs(t *testing.T) {
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}, clock: newClock()}
	w.open()
	slow, fast := receive(t), receive(t)
	free := make(chan struct{})
	defer close(free)
	slow.answer = func(int, *http.Request) int { <-free; return 200 }
	a := app()
	w.put(a, patient("p"), plain("slow", "Observation?patient=p", slow.URL, ""), plain("fast", "Observation?patient=p", fast.URL, ""))
	began := time.Now()
	for i := range 5 {
		w.put(a, observation(fmt.Sprint("o", i), "p", "x"))
	}
	w.until("the others", func() bool { return len(fast.all()) == 5 })
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the others waited %v", took)
	}
}

// TestRestart: what was queued or under way when the process ended is sent by
// the next one, in order, with the numbers it had.
func TestRestart(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		w := &world{t: t, place: p, clock: newClock(), again: true}
		w.open()
		r := receive(t)
		a := app()
		var failing bool
		r.answer = func(n int, _ *http.Request) int {
			if failing {
				return 500
			}
			return 200
		}
		w.put(a, patient("p"), plain("s", "Observation?patient=p", r.URL, ""), observation("o1", "p", "x"))
		w.quiet()
		r.mu.Lock()
		failing = true
		r.mu.Unlock()
		w.put(a, observation("o2", "p", "x"), observation("o3", "p", "x"))
		w.until("a failure", func() bool { return w.failures("s") == 1 })
		if err := w.s.Close(); err != nil {
			t.Fatal(err)
		}
		failing = false
		w.clock.move(time.Minute)
		w.open()
		w.put(a, observation("o4", "p", "x"))
		w.quiet()
		var numbers []int64
		for _, one := range r.taken() {
			numbers = append(numbers, one.number)
		}
		if !slices.Equal(numbers, []int64{1, 2, 3, 4}) {
			t.Errorf("numbers %v", numbers)
		}
	})
}

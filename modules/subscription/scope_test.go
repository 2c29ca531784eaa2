// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/store"
	"mach/store/storetest"
)

// scoped is a guard that gives an actor with scopes of a type, such as
// "user/Observation.rs?status=final", what their queries find, and others all.
type scoped struct{}

func only(a store.Actor, typ string) (queries []string) {
	for _, s := range a.Scopes {
		if of, query, queried := strings.Cut(s, "?"); queried && strings.HasPrefix(of, "user/"+typ+".") {
			queries = append(queries, query)
		}
	}
	return queries
}

func (scoped) Judge(a store.Actor, _ store.Action, l store.Labels, _ []store.Relation, _ time.Time) store.Decision {
	return store.Decision{Allow: true, Reason: "test", Only: only(a, l.Type)}
}

func (scoped) Reach(a store.Actor, _ store.Action, typ string) store.Reach {
	return store.Reach{All: true, Only: only(a, typ)}
}

const lab, vital = "laboratory", "vital-signs"

func inCategory(id, category, text string) string {
	return fmt.Sprintf(`{"resourceType":"Observation","id":%q,"status":"final","code":{"text":%q},"subject":{"reference":"Patient/p"},
		"category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":%q}]}]}`, id, text, category)
}

func labReader() store.Actor {
	a := storetest.Doctor("tram")
	a.Account, a.Scopes = "token:lab", []string{"user/Subscription.cruds", "user/Observation.rs?category=http://terminology.hl7.org/CodeSystem/observation-category|" + lab}
	return a
}

// told lists the events that arrived below a path, as "Type/id" in their order.
func (w *world) told(r *receiver, path string) (events []string) {
	for _, one := range r.taken() {
		rest, below := strings.CutPrefix(one.path, path)
		if !below {
			continue
		}
		if strings.Contains(one.body, vital) || strings.Contains(one.body, "hidden") {
			w.t.Errorf("%s %s tells what lies outside the scope: %s", one.method, one.path, one.body)
		}
		if kind, of := numbersIn(one.body); kind == "event-notification" {
			events = append(events, of...)
		} else if one.number > 0 {
			events = append(events, strings.TrimSpace(fmt.Sprint(one.number, " ", strings.TrimPrefix(rest, "/"))))
		}
	}
	return events
}

// TestScopeQueries: a subscriber whose scope has a query is told of what it finds
// and of nothing else, neither of what leaves it nor of what was there before it
// came in; numbers show no gap. So is $events later.
func TestScopeQueries(t *testing.T) {
	each(t, scoped{}, func(t *testing.T, w *world) {
		r, s, a := receive(t), app(), labReader()
		w.put(s, patient("p"))
		w.put(a, plain("full", "Observation?patient=p", r.URL+"/full", "application/fhir+json"), plain("bare", "Observation?patient=p", r.URL+"/bare", ""),
			topical("ids", "resource-change", "Observation?patient=Patient/p", r.URL+"/ids", contentID),
			topical("whole", "resource-change", "Observation?patient=Patient/p", r.URL+"/whole", contentFull))
		w.put(s, plain("everything", "Observation?patient=p", r.URL+"/everything", ""))
		w.until("the handshakes", func() bool {
			return w.read("ids").Get("status").String() == active && w.read("whole").Get("status").String() == active
		})
		w.put(s, inCategory("vital", vital, "hidden"), inCategory("lab", lab, "a"), inCategory("leaves", lab, "a"))
		w.quiet() // what leaves was told of while it was there
		w.put(s, inCategory("leaves", vital, "hidden"), inCategory("comes", vital, "hidden"), inCategory("comes", lab, "b"), inCategory("lab", lab, "c"))
		w.quiet()
		for _, id := range []string{"lab", "vital", "leaves"} {
			if _, err := w.s.For(s).Commit(context.Background(), store.Delete("Observation", id)); err != nil {
				t.Fatal(err)
			}
		}
		w.quiet()
		updates := []string{"1 Observation/lab", "2 Observation/leaves", "3 Observation/comes", "4 Observation/lab"}
		changes := append(slices.Clone(updates), "5 Observation/lab")
		for path, want := range map[string][]string{"/full": updates, "/bare": {"1", "2", "3", "4"}, "/ids": changes, "/whole": changes,
			"/everything": {"1", "2", "3", "4", "5", "6", "7"}} {
			if got := w.told(r, path); !slices.Equal(got, want) {
				t.Errorf("%s is told %q, want %q", path, got, want)
			}
		}
		bundle, err := w.m.Events(context.Background(), w.s.For(labReader()), "whole", "", "", contentFull)
		if err != nil {
			t.Fatal(err)
		}
		if text := bundle.Text(); strings.Contains(text, vital) || strings.Contains(text, "hidden") {
			t.Errorf("$events tells what lies outside the scope: %s", text)
		}
	})
}

// TestLeavesScopeWhileWaiting: what has left the scope before it could be sent is
// not told of any more, in no version; what came in is.
func TestLeavesScopeWhileWaiting(t *testing.T) {
	each(t, scoped{}, func(t *testing.T, w *world) {
		r, s := receive(t), app()
		r.answer = func(int, *http.Request) int { return http.StatusServiceUnavailable }
		w.put(s, patient("p"))
		w.put(labReader(), plain("s", "Observation?patient=p", r.URL, "application/fhir+json"))
		w.put(s, inCategory("first", lab, "a"))
		w.until("a failure", func() bool { return w.failures("s") == 1 })
		w.put(s, inCategory("leaves", lab, "hidden"), inCategory("stays", lab, "a"), inCategory("leaves", vital, "hidden"), inCategory("stays", lab, "b"))
		r.mu.Lock()
		r.answer = nil
		r.mu.Unlock()
		w.clock.move(time.Minute)
		w.quiet()
		if got, want := w.told(r, ""), []string{"1 Observation/first", "2 Observation/stays", "3 Observation/stays"}; !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"testing"
	"testing/fstest"
	"time"

	"mach/access"
	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web"
)

// TestTurns: an account has so many searches at work and no more; the next one
// is told when to come again, other accounts go on, and places come back.
func TestTurns(t *testing.T) {
	all := &turns{wait: 20 * time.Millisecond, of: map[string]*turnsOf{}}
	var leave []func()
	for range atOnce {
		done, err := all.take(t.Context(), "a")
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, done)
	}
	var no *issue.Error
	if _, err := all.take(t.Context(), "a"); !errors.As(err, &no) || !issue.Is(err, issue.Throttled) || no.Retry != tryLate {
		t.Errorf("one more: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := all.take(ended, "a"); err == nil {
		t.Error("one that nobody waits for has a place")
	}
	if done, err := all.take(t.Context(), "b"); err != nil {
		t.Errorf("another account: %v", err)
	} else {
		done()
	}
	leave[0]()
	if done, err := all.take(t.Context(), "a"); err != nil {
		t.Errorf("after one ended: %v", err)
	} else {
		leave[0] = done
	}
	for _, done := range leave {
		done()
	}
	if len(all.of) != 0 {
		t.Errorf("%d accounts are kept", len(all.of))
	}
}

// TestSearchesWaitTheirTurn: over the wire, for each way to ask for many.
func TestSearchesWaitTheirTurn(t *testing.T) {
	each(t, func(t *testing.T, c client) {
		c.m.turns.wait = time.Millisecond
		for range atOnce {
			if _, err := c.m.turns.take(t.Context(), storetest.System().Account); err != nil {
				t.Fatal(err)
			}
		}
		for _, line := range []string{"GET /Patient?name=a", "POST /Patient/_search", "GET /?_type=Patient", "GET /Patient/_history", "GET /Patient/x/$everything", "POST "} {
			body := ""
			if line == "POST " {
				body = `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Patient?name=a"}}]}`
			}
			got := c.do(line, body).status(http.StatusTooManyRequests).outcome("throttled", "fhirapi.busy", "")
			if got.Header.Get("Retry-After") != strconv.Itoa(tryLate) {
				t.Errorf("%s: Retry-After %q", line, got.Header.Get("Retry-After"))
			}
		}
		c.do("PUT /Patient/x", `{"resourceType":"Patient","id":"x"}`).status(http.StatusCreated)
		c.do("GET /Patient/x", "").status(http.StatusOK)
	})
}

// doctor is somebody whose persons are counted.
type doctor struct{}

func (doctor) Resolve(*http.Request) (web.Session, error) {
	a := storetest.System()
	a.Role = store.Doctor
	return web.Session{Actor: a}, nil
}

type nowhere struct{}

func (nowhere) WithinOn(vn.UnitID, vn.UnitID, vn.Date) bool { return false }

// TestEveryWayToAPersonCounts: whichever way records are shown, their persons
// are counted, each once, and beyond the limit nothing more is shown.
func TestEveryWayToAPersonCounts(t *testing.T) {
	dir := fstest.MapFS{"crowd.toml": {Data: []byte("pause = 3600\n[people]\ndoctor = 2\n")}}
	names, err := fs.Glob(content.Policies(), "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if dir[name] == nil {
			b, err := fs.ReadFile(content.Policies(), name)
			if err != nil {
				t.Fatal(err)
			}
			dir[name] = &fstest.MapFile{Data: b}
		}
	}
	policy, err := access.NewPolicy(dir, nowhere{})
	if err != nil {
		t.Fatal(err)
	}
	for _, way := range []string{"GET /Observation?_count=9", "GET /Observation?_elements=status", "POST /Observation/_search", "GET /?_type=Observation", "GET /Observation/_history", "GET /Patient?_revinclude=Observation:subject",
		"POST ", "GET /Observation/$lastn?patient=a,b,c&max=9"} {
		each(t, func(t *testing.T, c client) {
			a, err := access.Open(t.Context(), c.s, access.Config{Key: bytes.Repeat([]byte{1}, 32), Policy: policy})
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range []string{"a", "b", "c"} {
				c.do("PUT /Patient/"+id, `{"resourceType":"Patient","id":"`+id+`"}`).status(http.StatusCreated)
				c.do("PUT /Observation/"+id, `{"resourceType":"Observation","id":"`+id+`","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/`+id+`"}}`).status(http.StatusCreated)
			}
			cat, err := content.Catalogue()
			if err != nil {
				t.Fatal(err)
			}
			mux := web.New(web.Options{Catalogue: cat, Sessions: doctor{}, Log: quiet()})
			m := New(c.s, quiet(), time.Unix(0, 0))
			m.Watch(a.Crowd)
			m.Routes(mux)
			c.h = mux
			c.do("GET /Observation/a", "").status(http.StatusOK)
			c.do("GET /Observation?subject=Patient/b", "").status(http.StatusOK)
			body := ""
			if way == "POST " {
				body = `{"resourceType":"Bundle","type":"batch","entry":[{"request":{"method":"GET","url":"Observation/c"}}]}`
			}
			c.numbered(6)
			if shown := c.do(way, body).status(http.StatusOK); m.crowd.Wait(doctorActor()) == 0 {
				t.Errorf("%s showed a third person and did not count: %.300s", way, shown.body)
			}
			got := c.do(way, body).status(http.StatusTooManyRequests).outcome("throttled", "fhirapi.crowd", "")
			if s, _ := strconv.Atoi(got.Header.Get("Retry-After")); s < 3500 || s > 3601 {
				t.Errorf("%s: Retry-After %d", way, s)
			}
		})
	}
}

func doctorActor() store.Actor {
	s, _ := doctor{}.Resolve(nil)
	return s.Actor
}

// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"bufio"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// stream opens /live and returns what comes, line by line.
func stream(t *testing.T, url, as, last string) (lines <-chan string, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("As", as)
	r.Header.Set("Accept-Encoding", "gzip")
	if last != "" {
		r.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" {
		t.Fatalf("status %d, %s", resp.StatusCode, resp.Header.Get("Content-Type"))
	}
	out := make(chan string, 100)
	go func() {
		defer close(out)
		sc := bufio.NewScanner(resp.Body)
		for sc.Scan() {
			out <- sc.Text()
		}
	}()
	return out, func() { cancel(); resp.Body.Close() }
}

// next returns the next line with the prefix, without it; "" after a while.
func next(lines <-chan string, prefix string, wait time.Duration) string {
	after := time.After(wait)
	for {
		select {
		case l, ok := <-lines:
			if !ok {
				return ""
			}
			if rest, ok := strings.CutPrefix(l, prefix); ok {
				return rest
			}
		case <-after:
			return ""
		}
	}
}

func TestLive(t *testing.T) {
	s := newServer(t)
	h := httptest.NewServer(s)
	defer h.Close()
	defer s.Close()
	lines, stop := stream(t, h.URL+"/live?topics=a,b", "nurse", "")
	defer stop()
	id := next(lines, "id: ", time.Minute)
	if id == "" {
		t.Fatal("no first id")
	}
	s.Publish("c")
	s.Publish("a")
	if got := next(lines, "data: ", time.Minute); got != "a" {
		t.Fatalf("woken by %q, want a", got)
	}
	// A burst reaches a page once or twice, not a thousand times.
	for range 1000 {
		s.Publish("b")
	}
	n := 0
	for next(lines, "data: ", 800*time.Millisecond) == "b" {
		n++
	}
	if n < 1 || n > 3 {
		t.Errorf("a burst of 1000 woke the page %d times", n)
	}
	// A page that comes back hears what it missed, and nothing else.
	back, stop2 := stream(t, h.URL+"/live?topics=a,b,d", "nurse", id)
	defer stop2()
	heard := next(back, "data: ", time.Minute) + next(back, "data: ", time.Minute)
	if heard != "ab" && heard != "ba" {
		t.Errorf("after coming back: %q, want a and b", heard)
	}
	if more := next(back, "data: ", 500*time.Millisecond); more != "" {
		t.Errorf("woken by %q without a change", more)
	}
	// After a restart of the server everything may have changed.
	old, stop3 := stream(t, h.URL+"/live?topics=d", "nurse", "otherboot-5")
	defer stop3()
	if got := next(old, "data: ", time.Minute); got != "d" {
		t.Errorf("after a restart: %q, want d", got)
	}
}

func TestLiveRefusals(t *testing.T) {
	s := newServer(t)
	many := strings.Repeat("t,", 40)
	for path, want := range map[string]int{"/live?topics=a": 303, "/live": 303} {
		if w := s.ask(ask{path: path}); w.Code != want {
			t.Errorf("%s as nobody: %d, want %d", path, w.Code, want)
		}
	}
	for _, path := range []string{"/live", "/live?topics=", "/live?topics=" + many} {
		if w := s.ask(ask{path: path, as: "nurse"}); w.Code != 404 {
			t.Errorf("%.20s: %d, want 404", path, w.Code)
		}
	}
	h := httptest.NewServer(s)
	defer h.Close()
	defer s.Close()
	for range 12 {
		_, stop := stream(t, h.URL+"/live?topics=a", "nurse", "")
		defer stop()
	}
	if w := s.ask(ask{path: "/live?topics=a", as: "nurse"}); w.Code != 429 {
		t.Errorf("thirteenth stream: %d, want 429", w.Code)
	}
}

// Closing the mux ends every stream, so that the server can stop.
func TestLiveCloses(t *testing.T) {
	s := newServer(t)
	h := httptest.NewServer(s)
	defer h.Close()
	lines, stop := stream(t, h.URL+"/live?topics=a", "nurse", "")
	defer stop()
	next(lines, "id: ", time.Minute)
	s.Close()
	s.Close()
	after := time.After(time.Minute)
	for {
		select {
		case _, ok := <-lines:
			if !ok {
				return
			}
		case <-after:
			t.Fatal("the stream is still open")
		}
	}
}

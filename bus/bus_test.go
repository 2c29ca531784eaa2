// SPDX-License-Identifier: Apache-2.0

package bus

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(t *testing.T, cfg Config) *Bus {
	t.Helper()
	cfg.Log = slog.New(slog.DiscardHandler)
	b, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Close)
	return b
}

// listen starts a real server on a loopback port; port 0 picks one.
func listen(t *testing.T, port int) *server.Server {
	t.Helper()
	if port == 0 {
		port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(10 * time.Second) {
		t.Fatal("the listening server did not start")
	}
	t.Cleanup(func() { stop(s) })
	return s
}

// heard collects messages as "subject=payload".
func heard(b *Bus, pattern string) (<-chan string, func()) {
	got := make(chan string, 64)
	cancel := b.Subscribe(pattern, func(subject string, payload []byte) {
		got <- subject + "=" + string(payload)
	})
	return got, cancel
}

func want(t *testing.T, got <-chan string, message string) {
	t.Helper()
	select {
	case m := <-got:
		if m != message {
			t.Fatalf("heard %q, want %q", m, message)
		}
	case <-time.After(time.Minute):
		t.Fatalf("did not hear %q", message)
	}
}

func silent(t *testing.T, got <-chan string) {
	t.Helper()
	select {
	case m := <-got:
		t.Fatalf("heard %q, want silence", m)
	case <-time.After(100 * time.Millisecond):
	}
}

func TestInProcess(t *testing.T) {
	b := open(t, Config{})
	if !b.Up() {
		t.Fatal("the in-process bus is not up after Open")
	}
	got, cancel := heard(b, "view.*")
	b.Publish("view.queue", []byte("7"))
	want(t, got, "view.queue=7")
	b.Publish("log", nil)
	silent(t, got)
	b.Publish("view.cases", nil)
	want(t, got, "view.cases=")

	cancel()
	b.Publish("view.queue", []byte("8"))
	silent(t, got)
}

func TestInProcessOpensNoPort(t *testing.T) {
	b := open(t, Config{})
	if a := b.server.Addr(); a != nil {
		t.Fatalf("the in-process server listens on %s", a)
	}
}

func TestOrderWithinOneSubject(t *testing.T) {
	b := open(t, Config{})
	got, _ := heard(b, "n")
	for i := range 50 {
		b.Publish("n", fmt.Appendf(nil, "%d", i))
	}
	for i := range 50 {
		want(t, got, fmt.Sprintf("n=%d", i))
	}
}

func TestTwoNodesThroughOneServer(t *testing.T) {
	s := listen(t, 0)
	a, b := open(t, Config{URL: s.ClientURL()}), open(t, Config{URL: s.ClientURL()})
	waitUp(t, a, true)
	waitUp(t, b, true)
	atA, _ := heard(a, "log")
	atB, _ := heard(b, "log")
	a.Publish("log", []byte("1"))
	want(t, atA, "log=1")
	want(t, atB, "log=1")
	b.Publish("log", []byte("2"))
	want(t, atA, "log=2")
	want(t, atB, "log=2")
}

// The server is away at the start, comes, goes and comes back: nobody fails,
// and messages travel whenever it is there.
func TestServerAway(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()

	b := open(t, Config{URL: fmt.Sprintf("nats://127.0.0.1:%d", port)})
	got, _ := heard(b, "log")
	b.Publish("log", []byte("lost"))
	if b.Up() {
		t.Fatal("up without a server")
	}
	s := listen(t, port)
	waitUp(t, b, true)
	until(t, func() bool { b.Publish("log", []byte("a")); return drain(got, "log=a") })

	stop(s)
	waitUp(t, b, false)
	b.Publish("log", []byte("lost"))
	listen(t, port)
	waitUp(t, b, true)
	until(t, func() bool { b.Publish("log", []byte("b")); return drain(got, "log=b") })
}

// A subscriber that never returns loses messages; publishing never waits for
// it and the others hear everything.
func TestSlowSubscriber(t *testing.T) {
	b := open(t, Config{})
	release := make(chan struct{})
	b.Subscribe("n", func(string, []byte) { <-release })
	var mu sync.Mutex
	count := 0
	b.Subscribe("n", func(string, []byte) { mu.Lock(); count++; mu.Unlock() })
	const sent = pending * 2
	for i := range sent {
		b.Publish("n", nil)
		if i%500 == 0 {
			time.Sleep(5 * time.Millisecond) // the quick one keeps up
		}
	}
	until(t, func() bool { mu.Lock(); defer mu.Unlock(); return count == sent })
	close(release)
}

func TestCloseTwiceAndUseAfter(t *testing.T) {
	b := open(t, Config{})
	b.Close()
	b.Close()
	b.Publish("n", nil)
	b.Subscribe("n", func(string, []byte) { t.Error("heard after Close") })()
	if b.Up() {
		t.Error("up after Close")
	}
}

func TestMalformedURLKeepsItsPassword(t *testing.T) {
	_, err := Open(context.Background(), Config{URL: "nats://u:hunter2@host:notaport"})
	if err == nil {
		t.Fatal("a malformed URL was accepted")
	}
	if strings.Contains(err.Error(), "hunter2") {
		t.Fatalf("the error shows the password: %v", err)
	}
}

func waitUp(t *testing.T, b *Bus, up bool) {
	t.Helper()
	until(t, func() bool { return b.Up() == up })
}

// drain empties got and reports whether m was in it.
func drain(got <-chan string, m string) bool {
	deadline := time.After(50 * time.Millisecond)
	for {
		select {
		case s := <-got:
			if s == m {
				return true
			}
		case <-deadline:
			return false
		}
	}
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("waited a minute in vain")
		}
		time.Sleep(10 * time.Millisecond)
	}
}

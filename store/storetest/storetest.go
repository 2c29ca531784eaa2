// SPDX-License-Identifier: Apache-2.0

// Package storetest makes stores for tests: on SQLite in a temporary folder,
// and on PostgreSQL when MACH_TEST_POSTGRES names a server on which databases
// may be created (a DSN such as postgres://postgres@127.0.0.1/postgres).
//
//	func TestQueue(t *testing.T) {
//		storetest.Each(t, func(t *testing.T, s *store.Store) {
//			door := s.For(storetest.Doctor("tram-1"))
//			…
//		}, storetest.Follow(station.Follower()))
//	}
//
// Every store made here has a witness: when the test ends, each request that
// read a resource body must have an audit row, else the test fails. So does a
// test in which a statement of a follower reads a table whole ([MayScan]).
package storetest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"mach/store"
)

// Env names the PostgreSQL server for tests.
const Env = "MACH_TEST_POSTGRES"

// Place is where the data of a store lies; a store can be opened there again.
type Place struct {
	Dir      string
	Database string // "" = SQLite
}

type options struct {
	config    []func(*store.Config)
	followers []store.Follower
	scanned   []string
	idle      bool
}

// Option changes how a store is made.
type Option func(*options)

// Configure edits the configuration before the store opens.
func Configure(edit func(*store.Config)) Option {
	return func(o *options) { o.config = append(o.config, edit) }
}

// Guarded sets the guard; the default is [AllowAll].
func Guarded(g store.Guard) Option {
	return Configure(func(c *store.Config) { c.Guard = g })
}

// Follow registers followers.
func Follow(f ...store.Follower) Option {
	return func(o *options) { o.followers = append(o.followers, f...) }
}

// Idle leaves the store unstarted: nothing is followed or numbered.
func Idle() Option { return func(o *options) { o.idle = true } }

// New returns a started store on SQLite, closed with the test.
func New(t testing.TB, opts ...Option) *store.Store {
	t.Helper()
	return Open(t, Place{Dir: t.TempDir()}, opts...)
}

// Each runs the test on SQLite and, when there is a server, on PostgreSQL.
func Each(t *testing.T, test func(t *testing.T, s *store.Store), opts ...Option) {
	t.Helper()
	EachPlace(t, func(t *testing.T, p Place) { test(t, Open(t, p, opts...)) })
}

// EachPlace is [Each] for tests that open the store themselves, again and
// again.
func EachPlace(t *testing.T, test func(t *testing.T, p Place)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, Place{Dir: t.TempDir()}) })
	t.Run("postgres", func(t *testing.T) { test(t, Place{Dir: t.TempDir(), Database: NewDatabase(t)}) })
}

// NewDatabase makes a PostgreSQL database for the test and drops it at the
// end. It skips the test when [Env] is not set.
func NewDatabase(t testing.TB) string {
	t.Helper()
	server := os.Getenv(Env)
	if server == "" {
		t.Skip(Env + " is not set")
	}
	name := "mach_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	run(t, server, `create database `+name+` template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C'`)
	t.Cleanup(func() { run(t, server, `drop database `+name+` with (force)`) })
	u, err := url.Parse(server)
	if err != nil {
		t.Fatalf("%s: %v", Env, err)
	}
	u.Path = "/" + name
	return u.String()
}

func run(t testing.TB, server, text string) {
	t.Helper()
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatalf("connecting to %s: %v", Env, err)
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, text); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
}

// Open opens the store of a place, started unless [Idle], closed with the test.
func Open(t testing.TB, p Place, opts ...Option) *store.Store {
	t.Helper()
	var o options
	for _, opt := range opts {
		opt(&o)
	}
	w := &witness{read: map[string]string{}}
	c := store.Config{Dir: p.Dir, Database: p.Database, Guard: AllowAll{}, Now: NewClock().Now, Site: "test",
		Log: slog.New(slog.NewTextHandler(logTo{t}, nil)), Trace: w.trace}
	for _, edit := range o.config {
		edit(&c)
	}
	ctx := context.Background()
	s, err := store.Open(ctx, c)
	if err != nil {
		t.Fatalf("opening the store: %v", err)
	}
	t.Cleanup(func() {
		w.check(t, s)
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	for _, f := range o.followers {
		if p.Database == "" {
			f = watched(t, f, o.scanned)
		}
		s.Follow(f)
	}
	if !o.idle {
		if err := s.Start(ctx); err != nil {
			t.Fatalf("starting the store: %v", err)
		}
	}
	return s
}

// logTo writes the store's log into the test's.
type logTo struct{ t testing.TB }

func (l logTo) Write(b []byte) (int, error) {
	if testing.Verbose() {
		fmt.Fprint(os.Stderr, string(b))
	}
	return io.Discard.Write(b)
}

// witness notes which requests read resource bodies.
type witness struct {
	mu   sync.Mutex
	read map[string]string // request → the first such statement
}

func (w *witness) trace(request, statement string) {
	if !readsBody(statement) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if _, ok := w.read[request]; !ok {
		w.read[request] = statement
	}
}

func readsBody(statement string) bool {
	text := strings.ToLower(statement)
	return strings.HasPrefix(strings.TrimSpace(text), "select") && strings.Contains(text, "body")
}

// check fails the test for every request that read a body unaudited.
func (w *witness) check(t testing.TB, s *store.Store) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for request, statement := range w.read {
		ok, err := s.Audited(context.Background(), request)
		if err != nil {
			if err == store.ErrClosed {
				return
			}
			t.Errorf("looking for the audit of request %s: %v", request, err)
			return
		}
		if !ok {
			t.Errorf("request %s read a resource body without an audit row: %s", request, statement)
		}
	}
}

// Clock is a clock that moves a millisecond at each look. It begins on
// 2026-11-21 at 08:00 in Vietnam.
type Clock struct{ at atomic.Int64 }

// NewClock returns a clock at its beginning.
func NewClock() *Clock {
	c := new(Clock)
	c.at.Store(time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC).UnixMilli())
	return c
}

// Now returns the time and moves on.
func (c *Clock) Now() time.Time { return time.UnixMilli(c.at.Add(1)).UTC() }

// Advance moves the clock.
func (c *Clock) Advance(d time.Duration) { c.at.Add(d.Milliseconds()) }

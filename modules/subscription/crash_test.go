// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("MACH_NOTIFY_DIR"); dir != "" {
		crashWriter(storetest.Place{Dir: dir, Database: os.Getenv("MACH_NOTIFY_DATABASE")}, os.Getenv("MACH_NOTIFY_LIFE"))
		return
	}
	os.Exit(m.Run())
}

// crashWriter serves subscriptions and writes measurements, one line for each
// that was acknowledged, until it is killed.
func crashWriter(p storetest.Place, life string) {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{Dir: p.Dir, Database: p.Database, Guard: storetest.AllowAll{}, Log: slog.New(slog.DiscardHandler)})
	if err == nil {
		_, err = New(ctx, s, Config{Base: func() string { return "https://mach.test/fhir" }, Private: true, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	}
	if err == nil {
		err = s.Start(ctx)
	}
	for n := 0; err == nil; n++ {
		var doc *fhir.Doc
		id := fmt.Sprintf("%s-%d", life, n)
		if doc, err = fhir.ParseString(observation(id, "p", "x")); err != nil {
			break
		}
		if _, err = s.For(app()).Commit(ctx, store.Put(doc)); err == nil {
			fmt.Println(id)
		}
	}
	fmt.Println("error", err)
	os.Exit(1)
}

// TestKilled: processes that write and notify are killed without warning, again
// and again. Every acknowledged write reaches the receiver, in the order of the
// log, under one number for ever; no two notifications are on their way at once.
func TestKilled(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		w := &world{t: t, place: p, clock: newClock(), again: true}
		w.open()
		r := receive(t)
		w.put(app(), patient("p"), plain("s", "Observation?patient=p", r.URL, "application/fhir+json", ""))
		w.quiet()
		if err := w.s.Close(); err != nil {
			t.Fatal(err)
		}
		var acknowledged []string
		for life := range 3 {
			acknowledged = append(acknowledged, killed(t, p, fmt.Sprint("l", life))...)
		}
		w.clock.move(time.Since(w.clock.now()) + maxAttempt)
		w.open()
		w.quiet()
		if len(acknowledged) < 10 {
			t.Fatalf("only %d writes were acknowledged", len(acknowledged))
		}
		came, last := map[string]int64{}, int64(0)
		for _, one := range r.all() {
			id := strings.TrimPrefix(one.path, "/Observation/")
			if before, again := came[id]; again && before != one.number {
				t.Errorf("%s came as %d and as %d", id, before, one.number)
			}
			if one.number != last && one.number != last+1 {
				t.Errorf("number %d came after %d", one.number, last)
			}
			came[id], last = one.number, one.number
		}
		for _, id := range acknowledged {
			if came[id] == 0 {
				t.Errorf("%s was acknowledged and never told", id)
			}
		}
		if len(came) != int(last) || r.most.Load() != 1 {
			t.Errorf("%d events under %d numbers, %d at once", len(came), last, r.most.Load())
		}
	})
}

// killed runs a writer, kills it, and returns what it acknowledged before.
func killed(t *testing.T, p storetest.Place, life string) (ids []string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MACH_NOTIFY_DIR="+p.Dir, "MACH_NOTIFY_DATABASE="+p.Database, "MACH_NOTIFY_LIFE="+life)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var after <-chan time.Time
	lines := make(chan string)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			lines <- s.Text()
		}
	}()
	for line, open := "", true; open; {
		select {
		case line, open = <-lines:
			if strings.HasPrefix(line, "error") {
				t.Errorf("the process ended by itself: %s", line)
			} else if open {
				ids = append(ids, line)
			}
			if after == nil { // it lives: kill it in the middle
				after = time.After(400 * time.Millisecond)
			}
		case <-after:
			if err := cmd.Process.Kill(); err != nil {
				t.Error(err)
			}
			after = make(chan time.Time)
		}
	}
	_ = cmd.Wait() // it was killed on purpose
	return ids
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"mach/app"
	"mach/store"
	"mach/store/storetest"
)

// eachDatabase runs a test on SQLite and, where there is a server, PostgreSQL,
// beside others: each has its own processes, and much of it is waiting for them.
func eachDatabase(t *testing.T, test func(t *testing.T, dir string, database []string)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); test(t, t.TempDir(), nil) })
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		if os.Getenv(storetest.Env) == "" {
			t.Skip(storetest.Env + " is not set")
		}
		test(t, t.TempDir(), []string{"--database", storetest.NewDatabase(t)})
	})
}

func with(database []string, args ...string) []string { return append(args, database...) }

// people writes n people through a running server and returns the token.
func people(t *testing.T, s *serving, dir string, database []string, n int) string {
	t.Helper()
	token := strings.TrimSpace(mach(t, with(database, "token", "--data", dir, "--scope", "system/*.cruds")...).want(t, 0).out)
	const part = 100
	for first := 0; first < n; first += part {
		var b strings.Builder
		b.WriteString(`{"resourceType":"Bundle","type":"transaction","entry":[`)
		for i := first; i < min(first+part, n); i++ {
			if i > first {
				b.WriteByte(',')
			}
			id := fmt.Sprintf("n%d", i)
			fmt.Fprintf(&b, `{"resource":{"resourceType":"Patient","id":"%s","name":[{"text":"Người Thứ %d"}]},"request":{"method":"PUT","url":"Patient/%s"}}`, id, i, id)
		}
		b.WriteString(`]}`)
		if status, body := ask(t, "POST", s.FHIR, token, b.String()); status != 200 {
			t.Fatalf("transaction: %d %.500s", status, body)
		}
	}
	return token
}

// A process killed in the middle of writing loses nothing that it has
// acknowledged.
func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("kills servers for half a minute")
	}
	eachDatabase(t, func(t *testing.T, dir string, database []string) {
		out := mach(t, with(database, "crash", "--data", dir, "--kills", "5")...).want(t, 0).out
		type counts struct {
			Kills, Acknowledged, Lost int
			ViewsDiffer               int `json:"views_differ"`
			Audit                     bool
		}
		got := lines[counts](t, out)
		if len(got) != 1 || got[0].Kills != 5 || got[0].Lost != 0 || got[0].ViewsDiffer != 0 || !got[0].Audit || got[0].Acknowledged < 50 {
			t.Errorf("%s", out)
		}
		t.Logf("%s", out)
	})
}

// Three processes share one PostgreSQL and are killed in turn: nothing is lost,
// numbered twice, told under two numbers or by two of them at once; the same number
// comes again at most where a kill cut the attempt off (mach crash fails else).
func TestCrashOfThree(t *testing.T) {
	if testing.Short() {
		t.Skip("kills servers for half a minute")
	}
	eachDatabase(t, func(t *testing.T, dir string, database []string) {
		if database == nil {
			t.Skip("SQLite has one process")
		}
		out := mach(t, with(database, "crash", "--data", dir, "--kills", "3", "--processes", "3")...).want(t, 0).out
		type counts struct {
			Kills, Acknowledged, Lost, Notified, Untold, Twice, Gaps int
			ViewsDiffer                                              int `json:"views_differ"`
			AtOnce                                                   int `json:"at_once"`
			Audit                                                    bool
		}
		got := lines[counts](t, out)
		if len(got) != 1 || got[0].Acknowledged < 50 || got[0].Notified == 0 || !got[0].Audit ||
			got[0].Lost+got[0].Untold+got[0].Twice+got[0].Gaps+got[0].ViewsDiffer+got[0].AtOnce != 0 {
			t.Errorf("%s", out)
		}
		t.Logf("%s", out)
	})
}

// Somebody who changes a row of the audit in the database is found out, and
// the row is named.
func TestCheckNamesTheAlteredRow(t *testing.T) {
	eachDatabase(t, func(t *testing.T, dir string, database []string) {
		s := serve(t, dir, with(database, "--api-rate", "10000")...)
		token := people(t, s, dir, database, 1)
		for range 1100 { // each a row of its own
			if status, text := ask(t, "GET", s.FHIR+"/Patient/n0", token, ""); status != 200 {
				t.Fatalf("reading: %d %s", status, text)
			}
		}
		time.Sleep(time.Second) // PostgreSQL numbers the audit after the commit
		if code := s.stop(); code != 0 {
			t.Fatalf("stopping: exit code %d", code)
		}
		for _, l := range lines[store.CheckLine](t, mach(t, with(database, "check", "--data", dir)...).want(t, 0).out) {
			if !l.OK {
				t.Fatalf("before: %+v", l)
			}
		}
		alter(t, dir, database, "istr", `delete from %s`)
		mach(t, with(database, "check", "--data", dir)...).want(t, 1)
		mach(t, with(database, "check", "--repair", "--data", dir)...).want(t, 0)
		alter(t, dir, database, "audit", `update %s set name = 'Somebody else' where seq = 1000`)
		found := false
		for _, l := range lines[store.CheckLine](t, mach(t, with(database, "check", "--data", dir)...).want(t, 1).out) {
			if l.OK != (l.Check != "audit") {
				t.Errorf("%+v", l)
			}
			found = found || l.Check == "audit" && strings.Contains(l.Detail, "1000") && !strings.Contains(l.Detail, "1001")
		}
		if !found {
			t.Error("row 1000 is not named")
		}
	})
}

// alter changes a table behind the back of the command; text has %s for it.
func alter(t *testing.T, dir string, database []string, table, text string) {
	t.Helper()
	driver, dsn := "sqlite", "file:"+filepath.Join(dir, "data.db")
	if len(database) > 0 {
		driver, dsn, table = "pgx", database[1], "mach."+table
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	res, err := db.Exec(fmt.Sprintf(text, table))
	if err != nil {
		t.Fatal(err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		t.Fatalf("nothing altered, %v", err)
	}
}

// A backup taken while people write holds all that was acknowledged before it
// began, as a folder and as a stream, and is whole.
func TestBackupOfARunningServer(t *testing.T) {
	eachDatabase(t, func(t *testing.T, dir string, database []string) {
		s := serve(t, dir, with(database, "--api-rate", "10000")...)
		token := people(t, s, dir, database, 300)
		stop := make(chan struct{})
		written := make(chan int)
		go func() {
			n := 0
			for {
				select {
				case <-stop:
					written <- n
					return
				default:
				}
				id := fmt.Sprintf("late%d", n)
				if status, _ := ask(t, "PUT", s.FHIR+"/Patient/"+id, token, `{"resourceType":"Patient","id":"`+id+`"}`); status == 201 {
					n++
				} else {
					time.Sleep(50 * time.Millisecond) // asked too often
				}
			}
		}()
		out := filepath.Join(t.TempDir(), "backup")
		mach(t, with(database, "backup", "--data", dir, out)...).want(t, 0)
		stream := mach(t, with(database, "backup", "--data", dir, "-")...).want(t, 0).out
		if strings.Contains(stream, "/backup-") || strings.Contains(stream, "/copy/") {
			t.Error("the stream holds the folder it was made in")
		}
		close(stop)
		if n := <-written; n == 0 {
			t.Error("nobody wrote during the backup")
		}
		for _, from := range []string{out, "-"} {
			restored, into := filepath.Join(t.TempDir(), "restored"), []string(nil)
			if len(database) > 0 {
				into = []string{"--database", storetest.NewDatabase(t)}
			}
			machWith(t, stream, with(into, "restore", "--data", restored, from)...).want(t, 0)
			r := serve(t, restored, into...)
			for _, id := range []string{"n0", "n150", "n299"} {
				was, before := ask(t, "GET", s.FHIR+"/Patient/"+id, token, "")
				is, after := ask(t, "GET", r.FHIR+"/Patient/"+id, token, "")
				if was != 200 || is != 200 || before != after {
					t.Errorf("from %s: %s is %d %s, was %d %s", from, id, is, after, was, before)
				}
			}
			if code := r.stop(); code != 0 {
				t.Errorf("exit code %d", code)
			}
			mach(t, with(into, "check", "--data", restored)...).want(t, 0)
			machWith(t, stream, with(into, "restore", "--data", restored, from)...).want(t, 1) // never over something
		}
	})
}

// Readiness tells program and definitions, so that processes which would
// answer unlike are seen, and how far the views are; and nothing of a person.
func TestReadiness(t *testing.T) {
	type view struct {
		View       string
		At, Behind int64
	}
	type answer struct {
		Status, Version, Definitions string
		WakeUps                      bool
		Changes                      int64
		Views                        []view
	}
	ready := func(s *serving) (a answer, body string) {
		t.Helper()
		status, body := ask(t, "GET", s.URL+"/readyz", "", "")
		if err := json.Unmarshal([]byte(body), &a); err != nil || status != 200 || a.Status != "ready" || a.Version == "" || !a.WakeUps {
			t.Fatalf("readyz: %d %q, %v", status, body, err)
		}
		return a, body
	}
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	if err := os.MkdirAll(filepath.Join(dirs[2], "content"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dirs[2], "content", "note.txt"), []byte("ours"), 0o600); err != nil {
		t.Fatal(err)
	}
	var answers []answer
	for _, dir := range dirs {
		a, _ := ready(serve(t, dir))
		answers = append(answers, a)
	}
	if answers[0].Definitions != answers[1].Definitions || answers[0].Definitions == answers[2].Definitions || len(answers[0].Definitions) != 16 {
		t.Errorf("definitions of two alike and one other: %q, %q, %q", answers[0].Definitions, answers[1].Definitions, answers[2].Definitions)
	}
	dir := t.TempDir()
	s := serve(t, dir)
	people(t, s, dir, nil, 20)
	var now answer
	var body string
	for range 100 { // views follow in their own time
		now, body = ready(s)
		if now.Views[0].At == 20 {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	if now.Changes != 20 || len(now.Views) < 7 || now.Views[0].View != "station" || now.Views[0].At+now.Views[0].Behind != 20 {
		t.Errorf("%+v", now)
	}
	if strings.Contains(body, "Người") || strings.Contains(body, "n19") {
		t.Errorf("readiness holds personal data: %s", body)
	}
}

// A server is alive and ready when it says so, tells Prometheus numbers and no
// names, and ends in order while pages wait on their streams.
func TestServe(t *testing.T) {
	dir := t.TempDir()
	s := serve(t, dir)
	people(t, s, dir, nil, 20)
	if status, body := ask(t, "GET", s.URL+"/healthz", "", ""); status != 200 || strings.TrimSpace(body) != "ok" {
		t.Errorf("healthz: %d %q", status, body)
	}
	if status, _ := ask(t, "GET", s.URL+"/metrics", "", ""); status == 200 {
		t.Error("metrics stand on the public address")
	}
	_, text := ask(t, "GET", s.Metrics, "", "")
	for _, want := range []string{
		`mach_http_requests_total{method="POST",pattern="/fhir/",status="200"} 1`, `mach_log_changes 20`, `mach_commit_operations_total 20`,
		`mach_view_lag_changes{view="station"} `, `mach_live_streams 0`, `mach_rooms_up 0`, `mach_commit_seconds_count `, `mach_build{definitions="`, `mach_http_seconds_count{pattern="/fhir/"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	if strings.Contains(text, "Người") || strings.Contains(text, "n19") {
		t.Error("metrics hold personal data")
	}
	slow, err := http.NewRequestWithContext(t.Context(), "GET", s.URL+"/sign-in", nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(slow) // kept alive: an idle connection
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	began := time.Now()
	if code := s.stop(); code != 0 || time.Since(began) > 8*time.Second {
		t.Errorf("stopped with %d after %s", code, time.Since(began))
	}
}

// A demonstration killed in the middle and begun again ends as one that was
// left alone.
func TestDemoGoesOnAfterAKill(t *testing.T) {
	if testing.Short() {
		t.Skip("fills two demonstrations")
	}
	t.Parallel()
	fill := func(dir string) []string {
		return []string{"demo", "--data", dir, "--people", "40", "--years", "1", "--date", "2026-11-21", "--no-serve"}
	}
	whole, cut := filepath.Join(t.TempDir(), "whole"), filepath.Join(t.TempDir(), "cut")
	mach(t, fill(whole)...).want(t, 0)
	kills := 0
	for _, life := range []time.Duration{900 * time.Millisecond, 1500 * time.Millisecond, 2500 * time.Millisecond} {
		c := command(t, fill(cut)...)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		late := time.AfterFunc(life, func() { _ = c.Process.Kill() }) // it may have ended
		if c.Wait() != nil {
			kills++
		}
		late.Stop()
	}
	if kills == 0 {
		t.Fatal("it was never killed")
	}
	mach(t, fill(cut)...).want(t, 0)
	mach(t, "check", "--data", cut).want(t, 0)
	want, got := content(t, whole), content(t, cut)
	if len(want) < 500 || len(want) != len(got) {
		t.Fatalf("%d resources, %d after %d kills", len(want), len(got), kills)
	}
	for ref, text := range want {
		if got[ref] != text {
			t.Fatalf("%s differs:\n%s\n%s", ref, text, got[ref])
		}
	}
}

// content is every resource of a folder without what the store adds.
func content(t *testing.T, dir string) map[string]string {
	t.Helper()
	ctx := context.Background()
	a, err := app.Open(ctx, app.Config{Data: dir, Level: "error"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	out := map[string]string{}
	door := a.Store.For(store.SystemActor())
	for after := int64(0); ; {
		changes, err := a.Store.Changes(ctx, after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(changes) == 0 {
			return out
		}
		for _, c := range changes {
			after = c.Seq
			doc, err := door.Read(ctx, c.Type, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(doc.Text(), `"https://mach.vn/cs/alert-night"`) {
				continue // it tells of its own time and position
			}
			out[doc.Ref()] = doc.WithoutVersion().Text()
		}
	}
}

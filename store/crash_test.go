// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/store"
	"mach/store/storetest"
)

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("MACH_CRASH_DIR"); dir != "" {
		crashWriter(dir, os.Getenv("MACH_CRASH_DATABASE"))
		return
	}
	os.Exit(m.Run())
}

// crashWriter writes until it is killed and prints what was acknowledged.
func crashWriter(dir, database string) {
	s, err := store.Open(context.Background(), store.Config{Dir: dir, Database: database})
	if err == nil {
		s.Follow(people(nil))
		err = s.Start(context.Background())
	}
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	var mu sync.Mutex
	acknowledge := func(line string) {
		mu.Lock()
		defer mu.Unlock()
		os.Stdout.WriteString(line + "\n")
	}
	fmt.Println("ready")
	for range 4 {
		go func() {
			for {
				a := storetest.Nurse("tram")
				a.Request = store.NewID()
				if err := s.Note(context.Background(), a, store.ActRead, store.Labels{Type: "Patient", Patient: "p"}, store.Decision{Allow: true}); err != nil {
					acknowledge("error " + err.Error())
				}
				acknowledge("read " + a.Request)
			}
		}()
	}
	err = s.Load(context.Background(), 4, acknowledge)
	fmt.Println("error", err)
	os.Exit(1)
}

func TestKilledWriterLosesNothing(t *testing.T) {
	kills := 3
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		var acknowledged []string
		for range kills {
			acknowledged = append(acknowledged, killed(t, p)...)
		}
		s := storetest.Open(t, p, storetest.Follow(people(nil)))
		times, reads := auditedRequests(t, p), 0
		for _, line := range acknowledged {
			if request, read := strings.CutPrefix(line, "read "); read && len(request) == len(store.NewID()) { // not cut short
				if reads++; times[request] != 1 {
					t.Errorf("an acknowledged read is in the audit %d times", times[request])
				}
			}
		}
		if reads < kills || len(acknowledged)-reads < kills {
			t.Fatalf("only %d reads and %d writes were acknowledged", reads, len(acknowledged)-reads)
		}
		lost, err := s.Lost(ctx, acknowledged)
		if err != nil || len(lost) > 0 {
			t.Errorf("%d of %d acknowledged writes are lost, first %v, %v", len(lost), len(acknowledged), lost[:min(1, len(lost))], err)
		}
		settled(t, s)
		checkViews(t, s)
		if l := auditLine(t, s); !l.OK {
			t.Errorf("%+v", l)
		}
	})
}

// auditedRequests counts the rows of each request.
func auditedRequests(t *testing.T, p storetest.Place) map[string]int {
	t.Helper()
	driver, dsn, text := "sqlite", "file:"+filepath.Join(p.Dir, "data.db"), `select request from audit`
	if p.Database != "" {
		driver, dsn, text = "pgx", p.Database+"&search_path=mach", `select request from audit union all select request from pending_audit`
	}
	db, err := sql.Open(driver, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query(text)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	times := map[string]int{}
	for rows.Next() {
		var request string
		if err := rows.Scan(&request); err != nil {
			t.Fatal(err)
		}
		times[request]++
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return times
}

// killed runs a writer, kills it without warning, and returns what it
// acknowledged before.
func killed(t *testing.T, p storetest.Place) []string {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "MACH_CRASH_DIR="+p.Dir, "MACH_CRASH_DATABASE="+p.Database)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var lines []string
	var once sync.Once
	for scan := bufio.NewScanner(out); scan.Scan(); {
		line := scan.Text()
		if strings.HasPrefix(line, "error") {
			t.Fatal(line)
		}
		if line == "ready" {
			continue
		}
		lines = append(lines, line)
		if strings.HasPrefix(line, "read ") { // they are there sooner than the first write
			continue
		}
		once.Do(func() {
			time.AfterFunc(time.Duration(100+rand.IntN(400))*time.Millisecond, func() { cmd.Process.Kill() })
		})
	}
	cmd.Wait()
	return lines
}

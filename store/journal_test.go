// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/audit"
)

// idleTest opens a store on SQLite that is not started: it folds what another
// process wrote.
func idleTest(t *testing.T, dir string) *Store {
	t.Helper()
	s, err := Open(t.Context(), Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func readsOf(n int) []audit.Row {
	rows := make([]audit.Row, n)
	for i := range rows {
		rows[i] = audit.Row{At: int64(i), Name: "Điều dưỡng", Action: "read", Patient: fmt.Sprintf("p%d q%d", i, i), Allowed: true, Request: fmt.Sprint(i)}
	}
	return rows
}

// requests are those of the audit, in its order.
func requests(t *testing.T, s *Store) []string {
	t.Helper()
	var all []string
	err := s.read.Rows(t.Context(), `select request from audit order by seq`, nil, func(scan func(...any) error) error {
		all = append(all, "")
		return scan(&all[len(all)-1])
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestJournalCut cuts the files of a journal at every byte, as a crash may:
// the rows whose record is whole are folded, once, however often it is tried.
func TestJournalCut(t *testing.T) {
	s := idleTest(t, t.TempDir())
	written := &journal{dir: t.TempDir()}
	if err := written.open(0); err != nil {
		t.Fatal(err)
	}
	rows, ends := readsOf(4), []int{0}
	if err := written.append(rows[:1]); err != nil {
		t.Fatal(err)
	}
	written.change() // the first file waits, the second is written
	for _, r := range rows[1:] {
		if err := written.append([]audit.Row{r}); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, int(written.end[written.turn]))
	}
	if err := written.close(); err != nil {
		t.Fatal(err)
	}
	var files [2][]byte
	for i, name := range journalNames {
		var err error
		if files[i], err = os.ReadFile(filepath.Join(written.dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if slices.SortFunc(files[:], func(a, b []byte) int { return len(a) - len(b) }); len(files[1]) != ends[3] {
		t.Fatalf("%d bytes, want %d", len(files[1]), ends[3])
	}
	for cut := range ends[3] + 1 {
		whole := 1
		for _, end := range ends[1:] {
			if cut >= end {
				whole++
			}
		}
		if err := s.write.do(t.Context(), func(tx *commitTx) error {
			tx.audited = 0
			return tx.Exec(t.Context(), `delete from audit; delete from audit_patient; update folded set n = 0`)
		}); err != nil {
			t.Fatal(err)
		}
		tail := []byte(nil)
		if cut%2 == 1 { // what stood there before
			tail = bytes.Repeat([]byte{7}, ends[3]-cut)
		}
		for i, text := range [][]byte{files[0], append(slices.Clone(files[1][:cut]), tail...)} {
			if err := os.WriteFile(filepath.Join(s.cfg.Dir, journalNames[i]), text, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if err := s.foldReads(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := requests(t, s); len(got) != whole || got[0] != "0" || got[whole-1] != fmt.Sprint(whole-1) {
				t.Fatalf("cut at %d: %q, want %d", cut, got, whole)
			}
		}
	}
	if line, err := s.checkAudit(t.Context()); err != nil || !line.OK {
		t.Errorf("%+v, %v", line, err)
	}
}

// TestJournalIsWrittenOver: what an earlier turn left behind is not folded
// again, and a restart goes on.
func TestJournalIsWrittenOver(t *testing.T) {
	dir := t.TempDir()
	s := idleTest(t, dir)
	if err := s.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	beside := idleTest(t, dir) // as `mach check` beside a server
	var want []string
	for i := range 30 {
		row := readsOf(1)[0]
		row.Request, row.Name = fmt.Sprint(i), strings.Repeat("x", 7*(i*i%11)) // records end elsewhere
		if err := s.writeRows(t.Context(), []audit.Row{row, row}); err != nil {
			t.Fatal(err)
		}
		want = append(want, row.Request, row.Request)
		switch i % 3 {
		case 0:
			if err := s.foldReads(t.Context()); err != nil {
				t.Fatal(err)
			}
		case 1:
			if err := beside.foldReads(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := requests(t, beside); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	for _, name := range journalNames {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() != 0 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s after the end: %v, %v", name, info, err)
		}
	}
}

// TestJournalOfMany: many read, two processes fold, seal and look, and each
// read is in the audit once.
func TestJournalOfMany(t *testing.T) {
	dir := t.TempDir()
	s := idleTest(t, dir)
	if err := s.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	beside := idleTest(t, dir)
	const readers, each = 8, 100
	var all, busy sync.WaitGroup
	ended := make(chan struct{})
	for _, work := range []func(context.Context) error{s.foldReads, s.Seal, beside.foldReads} {
		busy.Go(func() {
			for {
				select {
				case <-ended:
					return
				case <-time.After(time.Millisecond):
				}
				if err := work(t.Context()); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for r := range readers {
		all.Go(func() {
			for i := range each {
				a := Actor{Account: "n", Role: Nurse, Request: fmt.Sprint(r, " ", i)}
				if err := s.Note(t.Context(), a, ActRead, Labels{Type: "Patient", Patient: "p"}, Decision{Allow: true}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	close(ended)
	busy.Wait()
	if line, err := s.checkAudit(t.Context()); err != nil || !line.OK {
		t.Errorf("%+v, %v", line, err)
	}
	got := requests(t, s)
	slices.Sort(got)
	if n := len(slices.Compact(slices.Clone(got))); n != readers*each || len(got) != n {
		t.Errorf("%d rows of %d reads, want %d", len(got), n, readers*each)
	}
}

// TestNothingIsShownUnaudited: a read fails when its row cannot be written, and
// stands when the disk is back.
func TestNothingIsShownUnaudited(t *testing.T) {
	s := openTest(t, testConfig())
	w := &world{s: s}
	w.station(t)
	nurse := s.For(Actor{Account: "n", Role: Nurse, Facility: "st", Purpose: Treatment, Request: "1"})
	s.journal.mu.Lock()
	sound := s.journal.files
	for i := range s.journal.files {
		f, err := os.Open(filepath.Join(s.cfg.Dir, journalNames[i])) // for reading only
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		s.journal.files[i] = f
	}
	s.journal.mu.Unlock()
	if doc, err := nurse.Read(t.Context(), "Patient", "p"); err == nil || doc != nil {
		t.Errorf("shown without an audit row: %v, %v", doc, err)
	}
	s.journal.mu.Lock()
	s.journal.files = sound
	s.journal.mu.Unlock()
	if _, err := nurse.Read(t.Context(), "Patient", "p"); err != nil {
		t.Error(err)
	}
	if ok, err := s.Audited(t.Context(), "1"); err != nil || !ok {
		t.Errorf("audited: %v, %v", ok, err)
	}
}

// TestTogether: rows that say the same become one, of a bounded number of
// people; whoever is told of otherwise has a row alone.
func TestTogether(t *testing.T) {
	var rows []audit.Row
	for i := range 2*maxPeople + 1 {
		rows = append(rows, audit.Row{Action: "search", Types: []string{"Patient"}, Allowed: true, Patient: fmt.Sprintf("p%04d", 9999-i), Target: fmt.Sprintf("Patient/%d", i)})
	}
	other := func(edit func(r *audit.Row)) {
		r := audit.Row{Action: "search", Types: []string{"Patient"}, Allowed: true, Patient: "x", Target: "Patient/x"}
		edit(&r)
		rows = append(rows, r)
	}
	other(func(r *audit.Row) { r.Types = []string{"Condition", "Patient"} })
	other(func(r *audit.Row) { r.Sensitivity = []string{"HIV"} })
	other(func(r *audit.Row) { r.Allowed = false })
	other(func(r *audit.Row) { r.Reason = "x" })
	other(func(r *audit.Row) { r.Patient = "" })
	other(func(r *audit.Row) { r.Action = "read" })
	var sizes []int
	for _, r := range together(rows) {
		people := strings.Fields(r.Patient)
		if sizes = append(sizes, len(people)); !slices.IsSorted(people) || len(people) > 1 && r.Target != "" || r.Patient == "x" && r.Target != "Patient/x" {
			t.Errorf("%q, %q", r.Patient, r.Target)
		}
	}
	if !slices.Equal(sizes, []int{maxPeople, maxPeople, 1, 1, 1, 1, 1, 0, 1}) {
		t.Errorf("%d", sizes)
	}
}

// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/store"
	"mach/store/storetest"
)

// accessOf waits until the access log of a person has n lines of an action, and
// returns them.
func accessOf(t testing.TB, s *store.Store, person string, act store.Action, n int) []store.Access {
	t.Helper()
	var found []store.Access
	for range 200 {
		log, err := s.For(storetest.Doctor("tram")).AccessLog(ctx, person, time.Time{}, 100)
		if err != nil {
			t.Fatal(err)
		}
		found = slices.DeleteFunc(log, func(l store.Access) bool { return l.Action != act || slices.Contains(l.Types, "AuditEvent") })
		if len(found) >= n {
			return found
		}
		time.Sleep(20 * time.Millisecond)
	}
	return found
}

// TestOneRowForManyPeople: a wide search is one row of the audit, and each
// person finds a line of it that tells of nobody else.
func TestOneRowForManyPeople(t *testing.T) {
	const many = 40
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		s := storetest.Open(t, p)
		var ops []store.Op
		for i := range many {
			ops = append(ops, store.Create(patient(t, fmt.Sprintf("w%d", i), "Nguyễn")))
		}
		ops = append(ops, store.Create(patient(t, "other", "Lê")))
		must(t, s.For(storetest.Doctor("tram")), ops...)
		nurse := storetest.Nurse("tram")
		nurse.Request = "wide"
		if _, err := s.For(nurse).Search(ctx, store.Query{Type: "Patient", Params: [][2]string{{"family", "Nguyễn"}, {"_count", "0"}, {"_total", "accurate"}}}); err != nil {
			t.Fatal(err)
		}
		for _, one := range []string{"w0", "w7", "w39"} {
			got := accessOf(t, s, one, store.ActSearch, 1)
			if len(got) != 1 || fmt.Sprint(got[0].Types) != "[Patient]" || !got[0].Allowed || got[0].Name != nurse.Name || strings.Contains(fmt.Sprintf("%+v", got[0]), "w1") {
				t.Errorf("%s finds %+v", one, got)
			}
			if got := accessOf(t, s, one, store.ActCreate, 1); len(got) != 1 {
				t.Errorf("%s finds %d lines of the commit", one, len(got))
			}
		}
		if got := accessOf(t, s, "other", store.ActSearch, 0); len(got) != 0 {
			t.Errorf("another finds %+v", got)
		}
		if n := auditedRequests(t, p)["wide"]; n != 1 {
			t.Errorf("%d rows", n)
		}
		if err := s.Seal(ctx); err != nil {
			t.Fatal(err)
		}
		if l := auditLine(t, s); !l.OK {
			t.Errorf("%+v", l)
		}
		tamper(t, p, "mach", `delete from audit_patient where patient = 'w7'`)
		if l := auditLine(t, s); l.OK || l.Detail != "the access logs of persons do not hold the rows that tell of them" {
			t.Errorf("after lines were hidden from a person: %+v", l)
		}
	})
}

// TestGuardianAndManyPeople: what closes a day to the guardian of one closes
// nothing to that of another.
func TestGuardianAndManyPeople(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		s := storetest.Open(t, p)
		door := s.For(storetest.Doctor("tram"))
		must(t, door, store.Create(patient(t, "a", "Nguyễn")), store.Create(patient(t, "b", "Nguyễn")))
		for _, sens := range [][]string{nil, {"HIV"}} { // of both; then sensitive of a alone
			people := []store.Seen{{Labels: store.Labels{Type: "Observation", Patient: "a", Sensitivity: sens}, Decision: store.Decision{Allow: true}}}
			if sens == nil {
				people = append(people, store.Seen{Labels: store.Labels{Type: "Observation", Patient: "b"}, Decision: store.Decision{Allow: true}})
			}
			nurse := storetest.Nurse("khac")
			nurse.Request = fmt.Sprint("export ", sens)
			if err := s.For(nurse).Disclose(ctx, "export", people); err != nil {
				t.Fatal(err)
			}
		}
		guardian := func(of string, exports int) (n int) {
			t.Helper()
			if got := accessOf(t, s, of, "export", exports); len(got) != exports {
				t.Fatalf("%d exports of %s, want %d", len(got), of, exports)
			}
			log, err := s.For(store.Actor{Account: "mother", Role: store.Guardian, Patient: of, Purpose: store.OwnRequest}).AccessLog(ctx, of, time.Time{}, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range log {
				if l.Action == "export" {
					n++
				}
			}
			return n
		}
		if b, a := guardian("b", 1), guardian("a", 2); b != 1 || a != 0 {
			t.Errorf("the guardian of b finds %d lines, that of a %d", b, a)
		}
	})
}

// TestUpgradeOfTheAudit: rows of before people had lines of their own are
// found, and the sealed tree holds.
func TestUpgradeOfTheAudit(t *testing.T) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		s := storetest.Open(t, p)
		notes(t, s, 20)
		a := storetest.Nurse("tram")
		for _, l := range []store.Labels{{Type: "Patient", ID: "p", Patient: "p"}, {Type: "Organization", ID: "o"}} {
			if err := s.Note(ctx, a, store.ActRead, l, store.Decision{Allow: true}); err != nil {
				t.Fatal(err)
			}
		}
		waitAudit(t, s, 22)
		if err := s.Seal(ctx); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		back := `drop table audit_patient; create index audit_patient on audit (patient, seq); create index audit_request on audit (request);
			update audit set patient = 'p q' where seq = 1; delete from migration where name like '0006%'`
		if p.Database == "" {
			back += `; drop table folded`
		}
		tamper(t, p, "mach", back)
		s = storetest.Open(t, p)
		if got := accessOf(t, s, "p", store.ActRead, 1); len(got) != 1 {
			t.Errorf("%+v", got)
		}
		if got := accessOf(t, s, "q", "sign-in", 1); len(got) != 1 {
			t.Errorf("%+v", got)
		}
		tamper(t, p, "mach", `update audit set patient = '' where seq = 1; delete from audit_patient where seq = 1`)
		if l := auditLine(t, s); !l.OK {
			t.Errorf("%+v", l)
		}
	})
}

// TestBackupHoldsWhatWasRead: a backup holds every read that was shown before
// it began.
func TestBackupHoldsWhatWasRead(t *testing.T) {
	p, q := storetest.Place{Dir: t.TempDir()}, storetest.Place{Dir: t.TempDir() + "/new"}
	s := storetest.Open(t, p)
	notes(t, s, 30)
	if err := s.Backup(ctx, p.Dir+"/backup"); err != nil {
		t.Fatal(err)
	}
	notes(t, s, 5)
	if err := store.Restore(ctx, store.Config{Dir: q.Dir}, p.Dir+"/backup"); err != nil {
		t.Fatal(err)
	}
	restored := storetest.Open(t, q)
	notes(t, restored, 1)
	if l := auditLine(t, restored); !l.OK || total(l.Detail) != 31 {
		t.Errorf("%+v", l)
	}
}

// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"testing"

	"mach/access"
	"mach/casereport"
	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// The pages' questions under the real policies: who sees a draft, who sends,
// what the CDC and the chairman get, what a labelled disease shows to whom.
func TestUnderThePolicies(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.person("p2", "Nguyễn Văn Hùng", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		w.visit(visit{id: "v2", patient: "p2", icd: "A53.9", words: "Giang mai", at: w.now()})
		w.calm()
		for _, c := range []struct {
			role           store.Role
			drafts, closed int
		}{{store.Doctor, 1, 1}, {store.StationDirector, 1, 0}, {store.Nurse, 1, 0}, {store.Receptionist, 0, 0}, {store.CDC, 0, 0}, {store.Chairman, 0, 0}} {
			a := w.actor(c.role)
			list, err := w.Drafts(ctx, a, 10)
			if c.role == store.CDC { // asked at the place of the draft
				a.Unit = w.commune.ID
				list, err = w.Drafts(ctx, a, 10)
			}
			if err != nil || len(list) != c.drafts {
				t.Errorf("%s sees %d drafts, %v; want %d", c.role, len(list), err, c.drafts)
			}
			if n, err := w.Closed(ctx, a, w.today()); err != nil || n != c.closed {
				t.Errorf("%s learns of %d closed diagnoses, %v; want %d", c.role, n, err, c.closed)
			}
		}
		doctor, cdc, nurse := w.actor(store.Doctor), w.actor(store.CDC), w.actor(store.Nurse)
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Send(ctx, nurse, "c-v1", "n", form); issue.Status(err) < 400 || issue.Status(err) >= 500 {
			t.Errorf("a nurse sent a report: %v", err)
		}
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		if err != nil {
			t.Fatal(err)
		}
		w.calm()
		for role, want := range map[store.Role]int{store.CDC: 1, store.Doctor: 1, store.StationDirector: 1, store.Receptionist: 0, store.Chairman: 0, store.Ministry: 0} {
			list, err := w.Cases(ctx, w.actor(role), w.commune, "", w.today(), 10)
			if err != nil || len(list) != want {
				t.Errorf("%s sees %d cases, %v; want %d", role, len(list), err, want)
			}
		}
		s, err := w.Open(ctx, cdc, id)
		if err != nil {
			t.Fatal(err)
		}
		if s.Answers["name"] != "Nguyễn Thị Lan" {
			t.Error("the CDC does not read the form")
		}
		s.Answers["test"], s.Answers["result"] = "pcr", "positive"
		if err := w.Update(ctx, cdc, id, s.Version, "u", s.Answers, casereport.Confirmed, ""); err != nil {
			t.Errorf("the CDC cannot update the class: %v", err)
		}
		for _, role := range []store.Role{store.Chairman, store.CDC, store.Department, store.StationDirector} {
			if _, err := w.States(ctx, w.actor(role), w.commune.ID, []vn.UnitID{w.commune.ID}, "dengue", w.today()); err != nil {
				t.Errorf("%s: %v", role, err)
			}
		}
		if _, err := w.Declare(ctx, w.actor(store.StationDirector), Notice{Disease: "dengue", Unit: w.commune.ID, On: w.today(), Place: "Thôn Đoài", Advice: "Ngủ màn"}, "d"); err != nil {
			t.Errorf("the director cannot declare: %v", err)
		}
	}, storetest.Guarded(policy))
}

// The station's list is not crowded out by minimal cases it may not open.
func TestMinimalCasesAreForTheCDC(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		w.calm()
		doctor := w.actor(store.Doctor)
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Send(ctx, doctor, "c-v1", "k", form); err != nil {
			t.Fatal(err)
		}
		w.history("later", "A97.9", w.commune, w.today()+1, 30)
		w.calm()
		for role, want := range map[store.Role]int{store.Doctor: 1, store.CDC: 5} {
			if list, err := w.Cases(ctx, w.actor(role), w.commune, "", w.today(), 5); err != nil || len(list) != want {
				t.Errorf("%s sees %d, %v; want %d", role, len(list), err, want)
			}
		}
	}, storetest.Guarded(policy))
}

// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// staff puts a health worker into the station.
func (w *world) staff(id, name string) {
	w.put(storetest.System(), fhir.Practitioner{ID: id, Name: []fhir.HumanName{{Text: name}}},
		fhir.PractitionerRole{ID: "role-" + id, Active: ptr(true), Practitioner: fhir.Ref("Practitioner", id), Organization: fhir.Ref("Organization", station)})
}

func ptr[T any](v T) *T { return &v }

func TestDuty(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.staff("n1", "Trần Văn Bình")
		w.staff("n2", "Nguyễn Thị An")
		director, today := w.actor(store.StationDirector), w.today()
		workers, err := w.Workers(ctx, director)
		if err != nil || len(workers) != 2 || workers[0].Name != "Nguyễn Thị An" {
			t.Fatalf("%+v, %v", workers, err)
		}
		for _, bad := range []struct {
			who      string
			from, to vn.Date
			code     issue.Code
		}{
			{"nobody", today, today, issue.Value}, {"n1", today, today - 1, issue.Value}, {"n1", today - 9, today - 2, issue.Value},
			{"n1", today, today + 400, issue.Value}, {"n1", vn.ZeroDate, today, issue.Required},
		} {
			if err := w.AddDuty(ctx, director, bad.who, bad.from, bad.to, "bad"); !issue.Is(err, bad.code) {
				t.Errorf("%+v: %v", bad, err)
			}
		}
		if err := w.AddDuty(ctx, w.actor(store.Nurse), "n1", today, today, "k0"); !issue.Is(err, issue.Forbidden) {
			t.Errorf("a nurse wrote the roster: %v", err)
		}
		if err := w.AddDuty(ctx, director, "n1", today, today+6, "k1"); err != nil {
			t.Fatal(err)
		}
		if err := w.AddDuty(ctx, director, "n2", today+7, today+13, "k2"); err != nil {
			t.Fatal(err)
		}
		now, err := w.OnDuty(ctx, w.actor(store.CDC), w.commune.ID, today)
		if err != nil || len(now) != 1 || now[0].Name != "Trần Văn Bình" {
			t.Errorf("on duty %+v, %v", now, err)
		}
		all, err := w.Duties(ctx, director, w.commune.ID, today)
		if err != nil || len(all) != 2 {
			t.Fatalf("roster %+v, %v", all, err)
		}
		if err := w.EndDuty(ctx, director, all[0].Schedule, "k3"); err != nil {
			t.Fatal(err)
		}
		if now, _ := w.OnDuty(ctx, director, w.commune.ID, today); len(now) != 0 {
			t.Errorf("still on duty: %+v", now)
		}
	})
}

// Who is on duty is told, the others once the clock reaches their role.
func TestTold(t *testing.T) {
	opened := time.Date(2026, 11, 22, 9, 0, 0, 0, vn.Zone)
	p := inboxData{Now: opened.Add(time.Hour), Duty: []OnDuty{{Practitioner: "w-duty"}},
		Rules: rules(0.5, "station-director", 0.75, "cdc"), Desk: Desk{Shown: []Alert{{Key: "a", Holds: true, Opened: opened, Due: opened.Add(24 * time.Hour)}}}}
	for _, c := range []struct {
		who   string
		role  store.Role
		after time.Duration
		told  int
	}{
		{"w-duty", store.Nurse, time.Hour, 1}, {"w-other", store.Doctor, time.Hour, 0}, {"w-other", store.StationDirector, time.Hour, 0},
		{"w-other", store.StationDirector, 12 * time.Hour, 1}, {"w-other", store.CDC, 12 * time.Hour, 0}, {"w-other", store.CDC, 18 * time.Hour, 1}, {"w-other", store.Doctor, 25 * time.Hour, 1},
	} {
		p.Now = opened.Add(c.after)
		if got := len(p.told(store.Actor{Practitioner: c.who, Role: c.role})); got != c.told {
			t.Errorf("%s (%s) after %v is told of %d, want %d", c.who, c.role, c.after, got, c.told)
		}
	}
	p.Duty, p.Now = nil, opened
	if len(p.told(store.Actor{Practitioner: "w-other", Role: store.Doctor})) != 1 {
		t.Error("nobody on duty, and nobody told")
	}
}

// The scorecard counts alerts, answers, true ones, and events nothing warned of.
func TestCard(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.flow(func() {
			for i, c := range []vn.Unit{w.commune, w.next, w.other} {
				w.report(report{id: fmt.Sprint("r", i), icd: "B05.9", at: c})
			}
		})
		w.report(report{id: "gone", icd: "A20.0", at: w.commune})
		w.drop("Condition", "gone")
		w.clock.Advance(3 * time.Hour)
		week := vn.WeekOf(w.today()).String()
		w.step("s1", "s1", "signal", "measles", w.commune, onAlert("measles/"+w.commune.Code+"/"+week))
		w.step("s2", "s1", "verified", "measles", w.commune)
		w.clock.Advance(30 * time.Hour)
		if err := w.Answer(ctx, w.actor(store.CDC), "measles/"+w.next.Code+"/"+week, Explained, "Sốt phát ban sau tiêm", "k"); err != nil {
			t.Fatal(err)
		}
		w.step("m1", "m1", "signal", "rabies", w.next)
		w.step("m2", "m1", "verified", "rabies", w.next)
		w.calm()
		c, err := w.Card(ctx, w.actor(store.CDC), w.provinceOf(w.commune.ID), vn.MonthOf(w.today()))
		c.All.hours = nil
		if err != nil || c.All.Alerts != 2 || c.All.Answered != 2 || c.All.InTime != 1 || c.All.Real != 1 || c.All.Verified != 1 || c.All.Missed != 1 || c.All.Hours < 17 || c.All.Hours > 19 {
			t.Errorf("%+v, %v", c.All, err)
		}
		w.step("s3", "s1", "discarded", "measles", w.commune)
		w.calm()
		if c, err := w.Card(ctx, w.actor(store.CDC), w.provinceOf(w.commune.ID), vn.MonthOf(w.today())); err != nil || c.All.Verified != 0 || c.All.Real != 1 {
			t.Errorf("discarded after it was verified: %+v, %v", c.All, err)
		}
		if c.Below[w.next.ID].Missed != 1 || c.Below[w.commune.ID].Verified != 1 || len(c.Below) != 2 {
			t.Errorf("below %+v", c.Below)
		}
		if c, err := w.Card(ctx, w.actor(store.Ministry), vn.Nation, vn.MonthOf(w.today())); err != nil || c.All.Alerts != 3 {
			t.Errorf("nation %+v, %v", c.All, err)
		}
		if _, err := w.Card(ctx, w.actor(store.CDC), w.provinceOf(w.other.ID), vn.MonthOf(w.today())); !issue.Is(err, issue.Forbidden) {
			t.Errorf("another province's card: %v", err)
		}
	})
}

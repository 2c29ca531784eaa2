// SPDX-License-Identifier: Apache-2.0

package events

import (
	"strings"
	"testing"
	"time"

	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// The whole course in the words of the law, as commune, province and ministry
// see it; the view rebuilt from the log is the view that followed it.
func TestCourse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director, cdc := t.Context(), w.as(store.StationDirector), w.as(store.CDC)
		id := w.signal(w.as(store.VillageWorker), w.news("measles"))
		w.wait(3 * time.Hour)
		w.take(w.as(store.Nurse), id, Draft{Kind: Triaged})
		w.take(w.as(store.Doctor), id, Draft{Kind: Verified})
		if e := w.event(id); e.Stage != IsEvent || e.Checked.Sub(e.Told) < 3*time.Hour {
			t.Fatalf("%+v", e)
		}
		w.take(cdc, id, Draft{Kind: Risk, Reason: "high", Marks: []string{"unusual", "amplifier"}})
		w.take(director, id, Draft{Kind: Focus, Name: "Thôn Đoài", Place: "Thôn Đoài", Since: w.today() - 30})
		w.notice("mau-01", "01", "", "measles", w.today())
		w.take(director, id, Draft{Kind: Declared, About: "mau-01"})
		if e := w.event(id); e.Stage != IsEpidemic || e.Notice != "mau-01" || e.Risk != "high" || len(e.Triggers) != 2 {
			t.Fatalf("%+v", e)
		}
		w.take(w.as(store.Nurse), id, Draft{Kind: Daily, At: w.today()})
		w.take(director, id, Draft{Kind: Closed, At: w.today()})
		if e := w.event(id); e.Stage != IsClosed || e.Ended != "" {
			t.Fatalf("%+v", e)
		}
		w.notice("mau-02", "02", "mau-01", "measles", w.today())
		w.take(director, id, Draft{Kind: Contained, About: "mau-02"})
		w.take(director, id, Draft{Kind: Review})
		for _, a := range []store.Actor{director, cdc, w.as(store.Ministry), w.as(store.Department), w.as(store.Chairman)} {
			unit, _ := w.units.At(a.Oversees(w.units), w.today())
			list, _, err := w.Events(ctx, a, unit, true, 10)
			if err != nil || len(list) != 1 || list[0].Ended != "mau-02" || len(list[0].Void) > 0 {
				t.Errorf("%s sees %+v, %v", a.Role, list, err)
			}
			if steps, err := w.Steps(ctx, a, id); err != nil || len(steps) != 10 {
				t.Errorf("%s sees %d steps, %v", a.Role, len(steps), err)
			}
		}
		w.rebuilt()
		if strings.Contains(w.dump(), "0912345678") {
			t.Error("the telephone of who told stands in a view")
		}
	})
}

// Nothing is taken that the stage does not allow, and nothing without its
// evidence.
func TestStepsAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director := t.Context(), w.as(store.StationDirector)
		id := w.signal(w.as(store.VillageWorker), w.news("measles"))
		for _, c := range []struct {
			d    Draft
			code issue.Code
			at   string
		}{
			{Draft{Kind: Risk, Reason: "high", Words: "x"}, issue.Conflict, ""},
			{Draft{Kind: Signal, Words: "x"}, issue.Conflict, ""},
			{Draft{Kind: "nothing", Words: "x"}, issue.Conflict, ""},
			{Draft{Kind: Verified}, issue.Required, "words"},
			{Draft{Kind: Verified, Words: "x", At: w.today() + 1}, issue.BusinessRule, "at"},
			{Draft{Kind: Verified, Words: "x", Disease: "hiv"}, issue.BusinessRule, "disease"},
			{Draft{Kind: Discarded, Words: "x"}, issue.Required, "reason"},
			{Draft{Kind: Discarded, Words: "x", Reason: "duplicate"}, issue.Required, "about"},
		} {
			wantRefused(t, w.Take(ctx, director, id, dated(c.d), w.key()), c.code, c.at)
		}
		w.take(director, id, Draft{Kind: Verified})
		wantRefused(t, w.Take(ctx, director, id, dated(Draft{Kind: Risk, Words: "x", Reason: "grave"}), w.key()), issue.Required, "level")
		wantRefused(t, w.Take(ctx, director, id, dated(Draft{Kind: Risk, Words: "x", Reason: "low", Marks: []string{"moon"}}), w.key()), issue.Required, "triggers")
		wantRefused(t, w.Take(ctx, director, id, dated(Draft{Kind: Focus, Words: "x", Name: "A", Place: "B"}), w.key()), issue.Required, "since")
		w.take(director, id, Draft{Kind: Focus, Name: "Thôn Đoài", Place: "Thôn Đoài", Since: w.today() - 2})
		wantRefused(t, w.Take(ctx, director, id, dated(Draft{Kind: Declared, About: "nowhere"}), w.key()), issue.Required, "about")
		wantRefused(t, w.Take(ctx, director, id, dated(Draft{Kind: Daily, Words: "x", At: w.today() - 1}), w.key()), issue.BusinessRule, "at")
	})
}

func wantRefused(t *testing.T, err error, code issue.Code, at string) {
	t.Helper()
	if !issue.Is(err, code) || at != "" && !strings.Contains(issuePaths(err), at) {
		t.Errorf("got %v at %q, want %s at %q", err, issuePaths(err), code, at)
	}
}

func issuePaths(err error) string {
	var paths []string
	for _, i := range issue.Of(err) {
		paths = append(paths, i.Path)
	}
	return strings.Join(paths, " ")
}

// Who may do what; what is not theirs is not there.
func TestUnderThePolicies(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		id := w.signal(w.as(store.Nurse), w.news("measles"))
		verified, discarded := Draft{Kind: Verified, Words: "x"}, Draft{Kind: Discarded, Reason: "wrong", Words: "x"}
		for _, a := range []store.Actor{w.as(store.VillageWorker), w.as(store.Chairman), w.as(store.Ministry), w.as(store.Department)} {
			if err := w.Take(ctx, a, id, dated(verified), w.key()); !refused(err) {
				t.Errorf("%s verified: %v", a.Role, err)
			}
		}
		for _, a := range []store.Actor{w.as(store.Nurse), w.as(store.Doctor)} {
			if err := w.Take(ctx, a, id, dated(discarded), w.key()); !refused(err) {
				t.Errorf("%s discarded: %v", a.Role, err)
			}
		}
		for _, a := range []store.Actor{w.neighbour(store.StationDirector), w.neighbour(store.Nurse), w.as(store.Receptionist), w.as(store.Pharmacist)} {
			if _, err := w.Event(ctx, a, id); !issue.Is(err, issue.NotFound) {
				t.Errorf("%s sees it: %v", a.Account, err)
			}
			if err := w.Take(ctx, a, id, dated(verified), w.key()); !issue.Is(err, issue.NotFound) {
				t.Errorf("%s verified: %v", a.Account, err)
			}
		}
		if _, err := w.Signal(ctx, w.neighbour(store.Nurse), w.news("dengue"), w.key()); !refused(err) {
			t.Errorf("a signal about another commune: %v", err)
		}
		for a, want := range map[store.Role]string{store.Nurse: "0912345678", store.CDC: "0912345678", store.Ministry: "", store.Chairman: "", store.VillageWorker: ""} {
			steps, err := w.Steps(ctx, w.as(a), id)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := w.Phone(ctx, w.as(a), steps); err != nil || got != want {
				t.Errorf("%s reads the telephone %q, %v", a, got, err)
			}
		}
		doc, err := w.s.For(w.as(store.StationDirector)).Read(ctx, "Communication", id)
		if err != nil {
			t.Fatal(err)
		}
		changed, err := doc.Set("payload", []any{map[string]any{"contentString": "khác"}})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.For(w.as(store.StationDirector)).Commit(ctx, store.Update(changed, 0)); !refused(err) {
			t.Errorf("a step was rewritten: %v", err)
		}
	})
}

func refused(err error) bool {
	return issue.Is(err, issue.Forbidden) || issue.Is(err, issue.NotFound)
}

// A citizen tells of something without knowing the disease, sees what became of
// it, and nothing else.
func TestCitizen(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, citizen := t.Context(), w.as(store.Person)
		n := w.news("")
		n.Source, n.Syndrome, n.Anew = "citizen", "Nhiều trẻ sốt phát ban", true
		id := w.signal(citizen, n)
		other := w.signal(w.as(store.Nurse), w.news("dengue"))
		if e := w.event(id); e.Syndrome != n.Syndrome || e.Facility != "" || e.Stage != IsSignal {
			t.Errorf("%+v", e)
		}
		w.take(w.as(store.StationDirector), id, Draft{Kind: Discarded, Reason: "explained"})
		told, err := w.Told(ctx, citizen)
		if err != nil || len(told) != 1 || told[0].ID != id || told[0].Reason != "explained" {
			t.Errorf("%+v, %v", told, err)
		}
		if _, err := w.Event(ctx, citizen, other); !issue.Is(err, issue.NotFound) {
			t.Errorf("a citizen sees another's: %v", err)
		}
		if steps, err := w.Steps(ctx, citizen, id); err != nil || len(steps) != 1 || steps[0].Who != "" {
			t.Errorf("a citizen sees %+v, %v", steps, err)
		}
		for range perDay - 1 {
			w.signal(citizen, n)
		}
		if _, err := w.Signal(ctx, citizen, n, w.key()); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("a sixth signal on one day: %v", err)
		}
		w.wait(24 * time.Hour)
		w.signal(citizen, n)
		if strings.Contains(w.dump(), citizen.Name) {
			t.Error("the citizen's name stands in a view")
		}
	})
}

// Diseases of the closed desk have no event, by whichever way they come.
func TestClosedDesk(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for _, d := range []string{"hiv", "syphilis"} {
			_, err := w.Signal(t.Context(), w.as(store.Nurse), w.news(d), w.key())
			wantRefused(t, err, issue.BusinessRule, "disease")
		}
		s := Step{ID: "sneaked", Event: "sneaked", Kind: Signal, At: w.now(), Written: w.now(), Place: "x", Words: "x", Figures: unsaid, Tidings: Tidings{Unit: w.commune.ID, Disease: "hiv"}}
		w.put(w.resource(storetest.System(), s, ""))
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		w.report("p1", "B20", "Thôn Đoài", "", w.today())
		if dump := w.dump(); strings.Contains(dump, "sneaked") || strings.Contains(dump, "case-p1") {
			t.Errorf("the closed desk is open:\n%s", dump)
		}
	})
}

// A signal like one that is there is offered to it; it attaches or stands
// alone, as somebody chose.
func TestAlike(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, nurse := t.Context(), w.as(store.Nurse)
		first := w.signal(nurse, w.news("measles"))
		_, err := w.Signal(ctx, nurse, w.news("measles"), w.key())
		wantRefused(t, err, issue.BusinessRule, "same")
		n := w.news("measles")
		n.Attach, n.Sick, n.Alert = first, 7, "measles/x/2026-W47"
		if id := w.signal(nurse, n); id != first {
			t.Errorf("attached to %s", id)
		}
		if e := w.event(first); e.Signals != 2 || e.Sick != 7 || e.Alert != n.Alert || e.Stage != IsSignal {
			t.Errorf("%+v", e)
		}
		n = w.news("measles")
		n.Anew = true
		if id := w.signal(nurse, n); id == first {
			t.Error("it attached although it is another matter")
		}
		w.signal(nurse, w.news("dengue")) // another disease is nothing alike
		w.wait(8 * 24 * time.Hour)
		w.signal(nurse, w.news("measles")) // and nor is one of last week
		n.Attach, n.Anew = "nowhere", false
		if _, err := w.Signal(ctx, nurse, n, w.key()); !issue.Is(err, issue.NotFound) {
			t.Errorf("attached to nothing: %v", err)
		}
	})
}

// A focus closes when the days of its disease have passed since its last case,
// and not before; a new case puts the day off, and one that is refuted does not.
func TestClosing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director := t.Context(), w.as(store.StationDirector)
		id := w.focus("dengue")
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		w.report("p1", "A97.0", "thôn đoài a", "", w.today()-13)
		closing := Draft{Kind: Closed, Words: "Hết", At: w.today()}
		wantRefused(t, w.Take(ctx, director, id, dated(closing), w.key()), issue.BusinessRule, "at")
		tally, err := w.tally(ctx, director, w.event(id))
		if err != nil || tally.Cases() != 1 || tally.Last != w.today()-13 {
			t.Errorf("%+v, %v", tally, err)
		}
		w.wait(24 * time.Hour)
		closing.At = w.today()
		w.take(director, id, closing)
		w.take(director, id, Draft{Kind: Focus, Name: "Thôn Đoài A", Place: "Thôn Đoài", Since: w.today() - 21, Words: "Có ca mới"})
		if e := w.event(id); e.Stage != IsFocus || !e.Closed.IsZero() {
			t.Errorf("opened again: %+v", e)
		}
	})
}

// Days without a report are asked for, from the opening to today.
func TestUnreported(t *testing.T) {
	e := Event{Opened: vn.Date(100).Time().Add(9 * time.Hour), LastDaily: vn.ZeroDate}
	for _, c := range []struct {
		last   vn.Date
		closed vn.Date
		today  vn.Date
		want   int
	}{{vn.ZeroDate, 0, 100, 1}, {vn.ZeroDate, 0, 103, 4}, {102, 0, 103, 1}, {103, 0, 103, 0}, {101, 103, 110, 1}, {102, 103, 110, 0}} {
		e.LastDaily, e.Closed = c.last, time.Time{}
		if c.closed > 0 {
			e.Closed = c.closed.Time().Add(time.Hour)
		}
		if got := e.Unreported(c.today); len(got) != c.want {
			t.Errorf("%+v: %v", c, got)
		}
	}
}

// No report is asked for of the days on which a focus was closed, before it was
// opened again.
func TestUnreportedOpenedAgain(t *testing.T) {
	day := vn.NewDate(2026, 9, 1)
	steps := stepsOf(Signal, Verified, Focus, Daily, Closed, Focus, Focus)
	for i, d := range []vn.Date{day, day, day, day + 10, day + 11, day + 70, day + 72} { // the last one corrects the name
		steps[i].At = d.Time().Add(9 * time.Hour)
	}
	e, _ := fold(steps)
	if got := e.Unreported(day + 72); len(got) != 3 || got[0] != day+70 {
		t.Errorf("asked for: %v", got)
	}
	if e, _ = fold(steps[:5]); len(e.Unreported(day+72)) != 0 {
		t.Errorf("asked for while it is closed: %v", e.Unreported(day+72))
	}
}

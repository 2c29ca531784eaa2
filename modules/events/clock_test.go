// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// A clock that runs out is told to the next level, once each, in the course of
// the event: of a signal that nobody verified, and of a task that nobody did.
func TestEscalation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director, cdc := t.Context(), w.as(store.StationDirector), w.as(store.CDC)
		province, _ := w.units.Get(cdc.Unit)
		escalate := func() time.Time {
			t.Helper()
			next, err := w.escalate(ctx)
			if err != nil {
				t.Fatal(err)
			}
			return next
		}
		toldTo := func(a store.Actor) []string {
			t.Helper()
			list, err := w.CalledTo(ctx, a, province)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, e := range list {
				out = append(out, e.ID)
			}
			return out
		}
		id := w.signal(w.as(store.VillageWorker), w.news("measles"))
		if next := escalate(); !next.Equal(w.event(id).Due()) || len(toldTo(cdc)) > 0 {
			t.Errorf("before the clock ran out: next %v, told %v", next, toldTo(cdc))
		}
		w.wait(24*time.Hour + time.Minute)
		for range 2 { // the second time changes nothing
			escalate()
		}
		// Told again while the view is behind, or by another leader: one step.
		for range 2 {
			w.wait(time.Second)
			l := late{Event: w.event(id), clock: ClockVerify, due: w.event(id).Due()}
			if err := w.call(ctx, l, ladder[0]); err != nil {
				t.Fatal(err)
			}
		}
		e := w.event(id)
		if len(e.Calls) != 1 || !e.Called(ClockVerify, store.CDC, "") || !slices.Equal(toldTo(cdc), []string{id}) || toldTo(w.as(store.Department)) != nil {
			t.Fatalf("after 24 hours: %+v", e.Calls)
		}
		if list, err := w.running(ctx, ladder[0]); err != nil || len(list) > 0 {
			t.Errorf("who was told is asked for again: %d, %v", len(list), err)
		}
		if at := e.Calls[0].At; !at.Equal(e.Due()) {
			t.Errorf("told at %v, not when the clock ran out", at)
		}
		w.wait(24 * time.Hour)
		if next := escalate(); !next.IsZero() || !slices.Equal(toldTo(w.as(store.Department)), []string{id}) {
			t.Errorf("after 48 hours: next %v, department told %v", next, toldTo(w.as(store.Department)))
		}
		steps, err := w.Steps(ctx, cdc, id)
		if err != nil || len(steps) != 3 || steps[1].Kind != Told || steps[1].To != string(store.CDC) || steps[1].Who != "" || steps[1].Office != "" {
			t.Errorf("%+v, %v", steps, err)
		}
		if err := w.Take(ctx, director, id, dated(Draft{Kind: Told, Words: "x"}), w.key()); !issue.Is(err, issue.Conflict) {
			t.Errorf("somebody told by hand: %v", err)
		}
		w.take(w.as(store.Nurse), id, Draft{Kind: Verified})
		if len(toldTo(cdc)) > 0 {
			t.Error("a verified signal still waits at the CDC")
		}

		if err := w.Assign(ctx, director, id, Duty{What: "Phun hóa chất", Who: "Đội cơ động", Due: w.today()}, w.key()); err != nil {
			t.Fatal(err)
		}
		duties, err := w.Duties(ctx, director, id)
		if err != nil || len(duties) != 1 {
			t.Fatal(duties, err)
		}
		if next := escalate(); !next.Equal((w.today() + 1).Time()) {
			t.Errorf("the task is due at the end of its day, not at %v", next)
		}
		w.wait(24 * time.Hour)
		escalate()
		if e := w.event(id); !e.Called(ClockTask, store.CDC, duties[0].ID) || !slices.Equal(toldTo(cdc), []string{id}) {
			t.Errorf("a task is overdue: %+v", e.Calls)
		}
		if err := w.Finish(ctx, director, id, duties[0].ID, w.key()); err != nil {
			t.Fatal(err)
		}
		if next := escalate(); !next.IsZero() || len(toldTo(cdc)) > 0 {
			t.Errorf("a task that is done: next %v, told %v", next, toldTo(cdc))
		}
		w.rebuilt()
	})
}

// A focus whose rule is the line of Article 16 closes when the count of the month
// is back under it, and not before: the month so far together with the month before
// or the days. Where nobody can say, the days stand in.
func TestClosingUnderTheLine(t *testing.T) {
	rule := content.FocusRuleOn("influenza", vn.NewDate(2026, 11, 1))
	if rule.Closes != content.EndUnderLine {
		t.Fatalf("influenza closes by %s", rule.Closes)
	}
	each(t, func(t *testing.T, w *world) {
		ctx, director := t.Context(), w.as(store.StationDirector)
		verdict, before := outbreak.Verdict{}, outbreak.StateEpidemic
		w.Judged(func(_ context.Context, _ store.Actor, unit vn.UnitID, disease string, on vn.Date) (outbreak.Verdict, error) {
			if unit != w.commune.ID || disease != "influenza" || on != w.today() && on != vn.MonthOf(w.today()).Start()-1 {
				t.Errorf("asked of %s in %v on %v", disease, unit, on)
			}
			if on < w.today() {
				return outbreak.Verdict{Article: "16.3", State: before}, nil
			}
			return verdict, nil
		})
		id := w.focus("influenza")
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		close := Draft{Kind: Closed, Words: "Hết", At: w.today()}
		for _, c := range []struct {
			state outbreak.State
			last  vn.Date // day of the only case
			want  bool
		}{
			{outbreak.StateEpidemic, w.today() - 2, false},
			{outbreak.StateEpidemic, w.today() - 20, false}, // the days alone do not do
			{outbreak.StateShort, w.today() - 2, false},
			{outbreak.StateAssess, w.today() - 2, false},
			{outbreak.StateShort, w.today() - 20, true},
			{outbreak.StateBelow, w.today() - 20, true},
			{outbreak.StateBelow, w.today() - 2, false}, // every month begins under its line
		} {
			verdict = outbreak.Verdict{Article: "16.3", State: c.state, Count: 12, Line: 9.2}
			w.report("p1", "J10.1", "thôn đoài a", "", c.last)
			e := w.event(id)
			tally, err := w.tally(ctx, director, e)
			if err != nil {
				t.Fatal(err)
			}
			got, err := w.closing(ctx, director, e, tally, w.today())
			if err != nil || got.Ready(w.today()) != c.want || !got.ByLine || got.Line.State != c.state {
				t.Errorf("%s, last case %v: %+v, %v, want %v", c.state, c.last, got, err, c.want)
			}
			if !c.want {
				wantRefused(t, w.Take(ctx, director, id, dated(close), w.key()), issue.BusinessRule, "at")
			}
		}
		first := vn.MonthOf(w.today()).Add(-1).Start()
		for _, c := range []struct {
			since, opened vn.Date
			month         outbreak.State
			want          bool
		}{
			{first, first, outbreak.StateBelow, true}, // a whole month under it
			{first + 1, first + 1, outbreak.StateBelow, false},
			{first, first + 1, outbreak.StateBelow, false}, // began before, opened in it
			{first, first, outbreak.StateEpidemic, false},
			{first, first, outbreak.StateShort, false},
		} {
			before = c.month
			e := w.event(id)
			tally, err := w.tally(ctx, director, e)
			if err != nil {
				t.Fatal(err)
			}
			e.Since, e.Opened = c.since, c.opened.Time()
			if got, err := w.closing(ctx, director, e, tally, w.today()); err != nil || got.Ready(w.today()) != c.want {
				t.Errorf("since %v, the month before is %s: %+v, %v, want %v", c.since, c.month, got, err, c.want)
			}
		}
		close.At = w.today()
		w.report("p1", "J10.1", "thôn đoài a", "", w.today()-20)
		w.take(director, id, close)
		w.Judged(nil)
	})
}

// The month before speaks for closing only when the focus was open through it:
// one that was opened again today for a case of today is not closed today.
func TestClosingOpenedAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		director := w.as(store.StationDirector)
		w.Judged(func(context.Context, store.Actor, vn.UnitID, string, vn.Date) (outbreak.Verdict, error) {
			return outbreak.Verdict{Article: "16.3", State: outbreak.StateBelow, Count: 1, Line: 9.2}, nil
		})
		id := w.focus("influenza")
		w.take(director, id, Draft{Kind: Closed, At: w.today()})
		w.wait(24 * time.Hour * time.Duration(vn.MonthOf(w.today()).Add(2).Start()+1-w.today()))
		w.take(director, id, Draft{Kind: Focus, Name: "Thôn Đoài A", Place: "Thôn Đoài", Since: w.event(id).Since})
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		w.report("p1", "J10.1", "thôn đoài a", "", w.today())
		wantRefused(t, w.Take(t.Context(), director, id, dated(Draft{Kind: Closed, Words: "Hết", At: w.today()}), w.key()), issue.BusinessRule, "at")
		w.Judged(nil)
		w.rebuilt()
	})
}

// The level of an epidemic follows from what was found, each level on top of the
// one before (Articles 17 to 20), and ends with form 02.
func TestLevelOfAnEpidemic(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director := t.Context(), w.as(store.StationDirector)
		id := w.focus("measles")
		wantRefused(t, w.Take(ctx, director, id, dated(Draft{Kind: Level, Words: "x", Marks: Findings[:1]}), w.key()), issue.Conflict, "")
		w.notice("mau-01", "01", "", "measles", w.today())
		w.take(director, id, Draft{Kind: Declared, About: "mau-01"})
		for _, wrong := range [][]string{nil, {"commune-cannot"}, {"forces-short", "province-cannot"}, {"forces-short", "forces-short"}} {
			wantRefused(t, w.Take(ctx, director, id, dated(Draft{Kind: Level, Words: "x", Marks: wrong}), w.key()), issue.BusinessRule, "findings")
		}
		if err := w.Take(ctx, w.as(store.Nurse), id, dated(Draft{Kind: Level, Words: "x", Marks: Findings[:1]}), w.key()); !refused(err) {
			t.Errorf("a nurse set the level: %v", err)
		}
		w.take(director, id, Draft{Kind: Level, Marks: Findings[:1]})
		w.take(w.as(store.CDC), id, Draft{Kind: Level, Marks: Findings[:2]})
		if e := w.event(id); e.Level != "2" || !slices.Equal(e.Findings, Findings[:2]) || e.Stage != IsEpidemic {
			t.Errorf("%+v", e)
		}
		w.notice("mau-02", "02", "mau-01", "measles", w.today())
		w.take(director, id, Draft{Kind: Contained, About: "mau-02"})
		if e := w.event(id); e.Level != "" {
			t.Errorf("level %s after form 02", e.Level)
		}
		w.rebuilt()
	})
}

// A village health worker sees the contacts who were handed to them, writes what
// they found, and sees nobody else's.
func TestVillageFollowsContacts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director, worker := t.Context(), w.as(store.StationDirector), w.as(store.VillageWorker)
		other := worker
		other.Practitioner, other.Account = "nguoi-khac", "acc-other"
		yes := true
		for id, name := range map[string]string{worker.Practitioner: "Lò Thị Mai", other.Practitioner: "Vi Văn Tám"} {
			w.put(fhir.Practitioner{ID: id, Active: &yes, Name: []fhir.HumanName{{Text: name}}},
				fhir.PractitionerRole{ID: id, Active: &yes, Practitioner: fhir.Ref("Practitioner", id), Organization: fhir.Ref("Organization", here),
					Code: []fhir.CodeableConcept{fhir.Code(fhir.CSRole, string(store.VillageWorker), "")}})
		}
		list, err := w.Workers(ctx, director)
		if err != nil || len(list) != 2 {
			t.Fatalf("%+v, %v", list, err)
		}
		id := w.focus("measles")
		w.person("p1", "Nguyễn Thị Lan", "Thôn Đoài, xã")
		w.report("p1", "B05.9", "Thôn Đoài A", "", w.today()-3)
		add := func(name, practitioner string) {
			t.Helper()
			c := Contact{Case: "case-p1", Name: name, Phone: "0901234567", First: w.today() - 1, Worker: practitioner}
			if err := w.Trace(ctx, director, id, c, 10, w.key()); err != nil {
				t.Fatal(err)
			}
		}
		add("Người Một", worker.Practitioner)
		add("Người Hai", other.Practitioner)
		add("Người Ba", "")
		wantRefused(t, w.Trace(ctx, director, id, Contact{Case: "case-p1", Name: "x", Phone: "1", First: w.today(), Worker: director.Practitioner + "-x"}, 10, w.key()), issue.Value, "worker")

		mine, err := w.Followed(ctx, worker)
		if err != nil || len(mine) != 1 || mine[0].Name != "Người Một" || mine[0].WorkerName != "Lò Thị Mai" || !mine[0].DueOn(w.today()) {
			t.Fatalf("%+v, %v", mine, err)
		}
		if all, err := w.Contacts(ctx, director, id); err != nil || len(all) != 3 {
			t.Errorf("the station sees %d contacts, %v", len(all), err)
		}
		for _, c := range []struct {
			result string
			code   issue.Code
		}{{"left", issue.Required}, {"case", issue.Required}} {
			wantRefused(t, w.Ask(ctx, worker, mine[0].ID, c.result, "", 0, w.today(), w.key()), c.code, "result")
		}
		if err := w.Ask(ctx, worker, mine[0].ID, "well", "Đã sang nhà", 38.2, w.today(), w.key()); err != nil {
			t.Fatal(err)
		}
		if mine, err = w.Followed(ctx, worker); err != nil || !mine[0].Ill() || mine[0].DueOn(w.today()) {
			t.Errorf("%+v, %v", mine, err)
		}
		theirs, err := w.Followed(ctx, other)
		if err != nil || len(theirs) != 1 || theirs[0].Name != "Người Hai" {
			t.Errorf("%+v, %v", theirs, err)
		}
		if err := w.Ask(ctx, worker, theirs[0].ID, "well", "", 0, w.today(), w.key()); !refused(err) {
			t.Errorf("a contact whom another one follows was asked: %v", err)
		}
		w.unnamed(worker, mine[0].ID)
		w.theirsAlone(mine[0].ID, worker, other)
		far := w.neighbour(store.VillageWorker)
		if err := w.Ask(ctx, far, mine[0].ID, "well", "", 0, w.today(), w.key()); !refused(err) {
			t.Errorf("a village health worker of another commune asked: %v", err)
		}
		all, err := w.Contacts(ctx, director, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range all {
			if c.Name == "Người Ba" {
				if err := w.Ask(ctx, worker, c.ID, "well", "", 0, w.today(), w.key()); !refused(err) {
					t.Errorf("a contact whom the station follows was asked: %v", err)
				}
			}
		}
		w.rebuilt()
	})
}

// unnamed wants the Task of a village health worker to lead to no case, and the
// station to find the case from it.
func (w *world) unnamed(worker store.Actor, contact string) {
	w.t.Helper()
	ctx, door := w.t.Context(), w.s.For(worker)
	d, err := door.Read(ctx, "Task", contact)
	if err != nil {
		w.t.Fatal(err)
	}
	if text := d.Compact().Text(); strings.Contains(text, "p1") || strings.Contains(text, "Lan") {
		w.t.Errorf("the task names the case: %s", text)
	}
	kept := d.Get("basedOn", "0").RefID("Task")
	if _, err := door.Read(ctx, "Task", kept); !refused(err) {
		w.t.Errorf("the village reads whose contact it is: %v", err)
	}
	if d, err = w.s.For(w.as(store.StationDirector)).Read(ctx, "Task", kept); err != nil || d.Get("reasonReference").RefID("Condition") != "case-p1" || d.Get("for").RefID("Patient") != "p1" {
		w.t.Errorf("the station reads %v, %v", d, err)
	}
}

// theirsAlone wants a contact to be there for the worker it is handed to and not
// for another of the same commune, by whichever way; and to change hands with its
// owner, which a worker cannot bring about.
func (w *world) theirsAlone(contact string, worker, other store.Actor) {
	w.t.Helper()
	ctx := w.t.Context()
	task, err := w.s.For(worker).Read(ctx, "Task", contact)
	if err != nil {
		w.t.Fatal(err)
	}
	owned := func(a store.Actor) *fhir.Doc {
		w.t.Helper()
		var t fhir.Task
		if err := task.Into(&t); err != nil {
			w.t.Fatal(err)
		}
		t.Owner = fhir.Ref("Practitioner", a.Practitioner)
		return fhir.MustNew(t)
	}
	want := func(whose, nobodys store.Actor) {
		w.t.Helper()
		if a, b := w.ways(whose, contact), w.ways(nobodys, contact); a != 6 || b != 0 {
			w.t.Errorf("%d of 6 ways lead the worker to the contact, %d another", a, b)
		}
		for _, stolen := range []*fhir.Doc{owned(whose), owned(nobodys)} {
			if _, err := w.s.For(nobodys).Commit(ctx, store.Update(stolen, 0)); !issue.Is(err, issue.NotFound) {
				w.t.Errorf("a contact of another worker was rewritten: %v", err)
			}
		}
	}
	want(worker, other)
	if _, err := w.s.For(worker).Commit(ctx, store.Update(owned(other), 0)); !refused(err) {
		w.t.Errorf("a worker handed a contact on: %v", err)
	}
	for _, hands := range [][2]store.Actor{{other, worker}, {worker, other}} {
		receipt, err := w.s.For(w.as(store.StationDirector)).Commit(ctx, store.Update(owned(hands[0]), 0))
		if err == nil {
			err = w.s.Await(ctx, receipt, view)
		}
		if n := w.ways(hands[1], contact); err != nil || n != 0 {
			w.t.Errorf("%d ways lead to a contact that was handed on, %v", n, err)
		}
	}
}

// ways says by how many ways the actor comes to a Task: reading, its first
// version, its history, that of all tasks, search, export.
func (w *world) ways(a store.Actor, id string) (n int) {
	w.t.Helper()
	ctx, door := w.t.Context(), w.s.For(a)
	found := func(ok bool) {
		if ok {
			n++
		}
	}
	is := func(d *fhir.Doc) bool { return d != nil && d.ID() == id }
	d, err := door.Read(ctx, "Task", id)
	found(is(d))
	if err != nil && !issue.Is(err, issue.NotFound) {
		w.t.Errorf("reading: %v", err)
	}
	d, _ = door.ReadVersion(ctx, "Task", id, 1)
	found(is(d))
	docs, _, _ := door.History(ctx, "Task", id, 10)
	found(slices.ContainsFunc(docs, is))
	docs, _, _, err = door.Changed(ctx, store.HistoryQuery{Type: "Task"})
	found(err == nil && slices.ContainsFunc(docs, is))
	page, err := door.Search(ctx, store.Query{Type: "Task", Params: [][2]string{{"code", fhir.CSTask + "|" + taskVillage}}})
	found(err == nil && slices.ContainsFunc(page.Docs, is))
	rows, _, _, err := door.Bulk(ctx, store.Bulk{Type: "Task"})
	found(err == nil && slices.ContainsFunc(rows, func(r store.BulkRow) bool { return strings.Contains(r.Body, `"`+id+`"`) }))
	return n
}

// A daily report on paper says what was known when it was sent.
func TestPaperAsItWas(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx, director := t.Context(), w.as(store.StationDirector)
		id := w.focus("measles")
		assign := func(what string) {
			t.Helper()
			if err := w.Assign(ctx, director, id, Duty{What: what, Who: "Trạm", Due: w.today() + 3}, w.key()); err != nil {
				t.Fatal(err)
			}
		}
		assign("Trước")
		w.wait(time.Hour)
		w.take(director, id, Draft{Kind: Daily})
		w.wait(time.Hour)
		assign("Sau")
		duties, err := w.Duties(ctx, director, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range duties {
			if err := w.Finish(ctx, director, id, d.ID, w.key()); err != nil {
				t.Fatal(err)
			}
		}
		w.notice("mau-01", "01", "", "measles", w.today())
		w.take(director, id, Draft{Kind: Declared, About: "mau-01"})
		w.wait(time.Hour)
		w.take(w.as(store.CDC), id, Draft{Kind: Daily})
		w.take(director, id, Draft{Kind: Focus, Name: "Thôn Đoài B", Place: "Thôn Đoài", Since: w.today() - 20})

		e := eventData{Event: w.event(id)}
		if e.Steps, err = w.Steps(ctx, director, id); err != nil {
			t.Fatal(err)
		}
		if e.Duties, err = w.Duties(ctx, director, id); err != nil {
			t.Fatal(err)
		}
		var papers []paperData
		for _, s := range e.Steps {
			if p, ok := paperOf(e, s.ID); ok {
				papers = append(papers, p)
			}
		}
		if len(papers) != 2 {
			t.Fatalf("%d reports", len(papers))
		}
		first, second := papers[0], papers[1]
		if first.Nth != 1 || first.Event.Stage != IsFocus || len(first.Until) != 1 || first.Until[0].What != "Trước" || !first.Until[0].Done.IsZero() {
			t.Errorf("the first report: %+v, %+v", first.Event, first.Until)
		}
		if second.Nth != 2 || second.Event.Stage != IsEpidemic || second.Event.Focus != "Thôn Đoài A" || len(second.Until) != 2 || second.Until[0].Done.IsZero() {
			t.Errorf("the second report: %+v, %+v", second.Event, second.Until)
		}
		w.rebuilt()
	})
}

// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/outbreak"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// another is somebody else of the same role.
func (w *world) another(role store.Role) store.Actor {
	a := w.actor(role)
	a.Account, a.Practitioner, a.Name = a.Account+"-2", a.Practitioner+"-2", "Lê Thị Hòa"
	return a
}

func values(pairs ...any) content.DetectionChange {
	c := content.DetectionChange{Values: map[content.DetectionField]float64{}}
	for i := 0; i < len(pairs); i += 2 {
		c.Values[pairs[i].(content.DetectionField)] = pairs[i+1].(float64)
	}
	return c
}

// propose proposes and returns the change as it waits.
func (w *world) propose(a store.Actor, disease string, c content.DetectionChange, from vn.Date) Setting {
	w.t.Helper()
	if err := w.ProposeSettings(ctx, a, disease, c, from, "Báo nhầm nhiều", newID()); err != nil {
		w.t.Fatal(err)
	}
	w.calm()
	list, err := w.Settings(ctx, a, a.Oversees(w.units), disease)
	if err != nil || len(list) == 0 {
		w.t.Fatalf("%+v, %v", list, err)
	}
	return list[0]
}

func (w *world) wantValue(what, disease string, unit vn.UnitID, f content.DetectionField, want float64) {
	w.t.Helper()
	list, err := w.Settings(ctx, w.actor(store.Ministry), vn.Nation, "")
	if err != nil {
		w.t.Fatal(err)
	}
	d, _ := w.diseases.ByID(disease)
	if got := w.decidedOn(d, list, w.today()).rule(unit).Value(f); got != want {
		w.t.Errorf("%s: %s is %v, want %v", what, f, got, want)
	}
}

// A change is proposed by one and approved by another, holds from its day on,
// and can be taken back until then.
func TestSettings(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		proposer, approver, cdc, department := w.actor(store.Ministry), w.another(store.Ministry), w.actor(store.CDC), w.actor(store.Department)
		department.Account, department.Practitioner = "department", "w-department"
		change, from := values(content.FieldAlphaCommune, 1.0, content.FieldYears, 4.0), w.today()+7
		for _, bad := range []struct {
			a       store.Actor
			disease string
			change  content.DetectionChange
			from    vn.Date
			words   string
			code    issue.Code
		}{
			{proposer, "dengue", change, w.today(), "x", issue.Value}, {proposer, "dengue", change, w.today() - 30, "x", issue.Value},
			{proposer, "dengue", change, from, " ", issue.Required}, {proposer, "dengue", values(content.FieldAlphaCommune, 7.0), from, "x", issue.Value},
			{proposer, "dengue", values(content.FieldYears, 4.5), from, "x", issue.Value}, {proposer, "dengue", values(content.DetectionField("years "), 4.0), from, "x", issue.Value},
			{proposer, "dengue", values(content.FieldYears, 5.0), from, "x", issue.BusinessRule}, {proposer, "hiv", change, from, "x", issue.NotFound},
			{proposer, "measles", content.DetectionChange{Tier: ptr(content.TierWave)}, from, "x", issue.Value},
			{cdc, "dengue", change, from, "x", issue.Value}, {department, "dengue", change, from, "x", issue.Forbidden}, {w.actor(store.StationDirector), "dengue", change, from, "x", issue.Forbidden},
		} {
			if err := w.ProposeSettings(ctx, bad.a, bad.disease, bad.change, bad.from, bad.words, newID()); !issue.Is(err, bad.code) {
				t.Errorf("%s, %s, %+v from %v: %v, want %s", bad.a.Role, bad.disease, bad.change, bad.from, err, bad.code)
			}
		}
		s := w.propose(proposer, "dengue", change, from)
		if err := w.ProposeSettings(ctx, approver, "dengue", change, from, "x", newID()); !issue.Is(err, issue.Conflict) {
			t.Errorf("a second proposal: %v", err)
		}
		for _, a := range []store.Actor{proposer, cdc, department} {
			if err := w.DecideSettings(ctx, a, s.ID, Approved, "x", newID()); !issue.Is(err, issue.Forbidden) {
				t.Errorf("%s %s approved: %v", a.Role, a.Account, err)
			}
		}
		w.wantFourEyes(s, proposer)
		if err := w.DecideSettings(ctx, approver, s.ID, TakenBack, "x", newID()); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("taken back before it was approved: %v", err)
		}
		if err := w.DecideSettings(ctx, approver, s.ID, Approved, "Đúng", newID()); err != nil {
			t.Fatal(err)
		}
		w.wantValue("approved, not yet begun", "dengue", vn.Nation, content.FieldYears, 5)
		w.clock.Advance(7 * 24 * time.Hour)
		w.wantValue("begun", "dengue", w.commune.ID, content.FieldYears, 4)
		if err := w.DecideSettings(ctx, approver, s.ID, TakenBack, "x", newID()); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("taken back when in force: %v", err)
		}

		back := w.propose(proposer, "dengue", values(content.FieldYears, 6.0), w.today()+3)
		if err := w.DecideSettings(ctx, approver, back.ID, Approved, "x", newID()); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(2 * 24 * time.Hour)
		if err := w.DecideSettings(ctx, approver, back.ID, TakenBack, "Nhầm", newID()); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(9 * 24 * time.Hour)
		w.wantValue("taken back", "dengue", vn.Nation, content.FieldYears, 4)

		local := w.propose(cdc, "dengue", values(content.FieldAlphaCommune, 2.0), w.today()+1)
		if err := w.DecideSettings(ctx, department, local.ID, Approved, "Đồng ý", newID()); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(24 * time.Hour)
		w.wantListed(back, local, cdc)
		w.wantValue("of the province", "dengue", w.commune.ID, content.FieldAlphaCommune, 2)
		w.wantValue("of another", "dengue", w.other.ID, content.FieldAlphaCommune, 1)
		w.wantValue("years of the nation", "dengue", w.commune.ID, content.FieldYears, 4)
	})
}

// wantListed holds the lists against one that was taken back and one of a
// province.
func (w *world) wantListed(back, local Setting, cdc store.Actor) {
	w.t.Helper()
	elsewhere := cdc
	elsewhere.Unit = w.provinceOf(w.other.ID)
	for _, c := range []struct {
		what        string
		a           store.Actor
		disease     string
		back, local bool
	}{
		{"the nation", w.actor(store.Ministry), "", false, true}, {"all that was made", w.actor(store.Ministry), "dengue", true, true},
		{"the province", cdc, "", false, true}, {"another province", elsewhere, "", false, false}, {"another disease", cdc, "measles", false, false},
	} {
		list, err := w.Settings(ctx, c.a, c.a.Oversees(w.units), c.disease)
		has := func(id string) bool { return slices.ContainsFunc(list, func(s Setting) bool { return s.ID == id }) }
		if err != nil || has(back.ID) != c.back || has(local.ID) != c.local {
			w.t.Errorf("%s: %+v, %v", c.what, list, err)
		}
	}
	now, err := w.setting(ctx, cdc, back.ID)
	if err != nil || len(now.Steps) != 3 || now.Steps[0].Kind != Proposed || now.Steps[1].Kind != Approved || now.Steps[2].Kind != TakenBack || now.Steps[2].Words != "Nhầm" {
		w.t.Errorf("%+v, %v", now, err)
	}
}

// wantFourEyes writes past the service, as an application may: the policy stops
// who proposed, and nothing that was changed under way is approved.
func (w *world) wantFourEyes(s Setting, proposer store.Actor) {
	w.t.Helper()
	doc, err := w.s.For(storetest.System()).Read(ctx, "PlanDefinition", s.ID)
	if err != nil {
		w.t.Fatal(err)
	}
	active, err := doc.Set("status", "active")
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.s.For(proposer).Commit(ctx, store.Put(active)); !issue.Is(err, issue.Forbidden) {
		w.t.Errorf("the proposer approved through the store: %v", err)
	}
	if _, err := w.s.For(w.another(store.Ministry)).Commit(ctx, store.Delete("PlanDefinition", s.ID)); !issue.Is(err, issue.Forbidden) {
		w.t.Errorf("a proposal was deleted: %v", err)
	}
	if active, err = active.Set("extension", append([]fhir.Extension{decision(proposer, "x")}, valuesOf(values(content.FieldYears, 9.0))...)); err != nil {
		w.t.Fatal(err)
	}
	w.commit(w.another(store.Ministry), store.Put(active)) // another account, but other settings
	w.calm()
	if now, err := w.setting(ctx, proposer, s.ID); err != nil || now.Approved != 0 {
		w.t.Errorf("approved with other settings: %+v, %v", now, err)
	}
	w.commit(w.another(store.Ministry), store.Put(doc))
}

// Settings that begin in the middle of a week judge from their day on: earlier
// verdicts keep their hash and can be computed again, and a view rebuilt from
// nothing, or stopped on the way, is the same.
func TestSettingsInMidWeek(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		clock := storetest.NewClock()
		begin := func(t *testing.T) *world {
			return newWorld(t, storetest.Open(t, p, options(units, clock)...), units, clock)
		}
		var monday vn.Date
		t.Run("before", func(t *testing.T) {
			w := begin(t)
			clock.Advance(time.Duration(7-int(w.today()-vn.WeekOf(w.today()).Start())) * 24 * time.Hour)
			monday = w.today()
			w.history("h", "A97.0", w.commune, wavy(monday, 290, 2))
			s := w.propose(w.actor(store.Ministry), "dengue", values(content.FieldAlphaCommune, 0.01, content.FieldCoolDown, 20.0), monday+3)
			if err := w.DecideSettings(ctx, w.another(store.Ministry), s.ID, Approved, "Đúng", newID()); err != nil {
				t.Fatal(err)
			}
			w.flow(func() {
				for i := range 6 {
					w.report(report{id: fmt.Sprint("a", i), icd: "A97.0", at: w.commune})
				}
			})
			w.lazy = true
			clock.Advance(3 * 24 * time.Hour)
			for i := range 4 { // the store is closed wherever the view stands
				w.report(report{id: fmt.Sprint("b", i), icd: "A97.0", at: w.commune})
			}
		})
		w := begin(t)
		w.report(report{id: "c", icd: "A97.0", at: w.commune})
		w.calm()
		hashes := map[string]bool{}
		rows, err := store.Figures(ctx, w.s.For(storetest.System()), vn.Nation, scanVerdict, `select `+verdictColumns+` from detection_verdict where unit = ? and week = ? order by seq`,
			int64(w.commune.ID), int64(monday))
		if err != nil || len(rows) < 8 {
			t.Fatalf("%d verdicts, %v", len(rows), err)
		}
		for i, v := range rows {
			if hashes[v.Settings] = true; i > 0 && v.Settings == rows[0].Settings && vn.DateOf(v.At) >= monday+3 {
				t.Errorf("verdict of %v by the settings of before", v.At)
			}
		}
		if last := rows[len(rows)-1]; len(hashes) != 2 || last.Bound <= rows[0].Bound {
			t.Errorf("%d settings, bound %v after %v", len(hashes), last.Bound, rows[0].Bound)
		}
		w.wantReplays(10)
		w.wantRebuilt()
	})
}

// What settings would have told is what the follower told, with its answers and
// pushes, communes instead of their province and a short history beside it; a
// stricter one tells less, within its budget.
func TestTrial(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("h", "A97.0", w.commune, wavy(w.today(), 330, 2))
		w.history("n", "A97.0", w.next, wavy(w.today(), 26, 3)) // a short one
		w.history("b", "A97.0", w.next, map[vn.Date]int{w.today() - 21: 25})
		w.flow(func() {
			for i := range 35 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune})
			}
		})
		w.calm()
		key := "dengue/" + w.commune.Code + "/" + vn.WeekOf(w.today()).String()
		if _, err := w.Alert(ctx, w.actor(store.CDC), key); err != nil {
			t.Fatal(err)
		}
		w.step("s1", "s1", "signal", "dengue", w.commune, onAlert(key))
		w.clock.Advance(7 * 24 * time.Hour)
		w.calm()
		dengue, _ := w.diseases.ByID("dengue")
		province, _ := w.units.Get(w.provinceOf(w.commune.ID))
		old := w.decidedOn(dengue, nil, w.today())
		strict, loose := w.decidedOn(dengue, nil, w.today()), w.decidedOn(dengue, nil, w.today())
		strict.base = strict.base.With(values(content.FieldAlphaCommune, 0.01, content.FieldAlphaAbove, 0.01))
		loose.base = loose.base.With(content.DetectionChange{Tier: ptr(content.TierImmediate)})
		list, err := w.TrySettings(ctx, w.actor(store.CDC), dengue, province, old, strict, 52)
		if err != nil || list.Units != 3 || list.Tried != 3 || len(list.Weeks) != 52 {
			t.Fatalf("%+v, %v", list, err)
		}
		found, beside, instead := false, false, false // the province speaks where its commune no longer does
		for _, x := range list.Alerts {
			if !x.Old && x.Unit == province.ID && x.Week == list.To-21 {
				instead = true
			} else if !x.Old {
				t.Errorf("stricter settings tell more: %+v", x)
			}
			if x.Unit == w.commune.ID && x.Week == vn.WeekOf(w.today()).Start()-7 {
				found = x.Cases == 35 && x.Had && x.Answer == Real && x.Pushed.Old
			}
			beside = beside || x.Unit == w.next.ID && x.Rule == RuleProvince
			if x.Unit == province.ID && x.Week == list.To {
				t.Errorf("its communes explain the province: %+v", x)
			}
		}
		if !found || !beside || !instead {
			t.Errorf("the alert that came would not have come: %+v", list.Alerts)
		}
		if s := list.sums(); s.new.all >= s.old.all || s.old.real != 1 {
			t.Errorf("%+v", s)
		}
		if cut, err := w.trySettings(ctx, w.actor(store.CDC), dengue, province, old, strict, 52, 10); err != nil || cut.Units != 3 || cut.Tried != 1 {
			t.Errorf("a budget of ten fits: %d of %d units, %v", cut.Tried, cut.Units, err)
		}
		many, err := w.TrySettings(ctx, w.actor(store.Ministry), dengue, must(w.units.At(vn.Nation, w.today())), old, loose, 52)
		if s := many.sums(); err != nil || s.new.all < 50 || s.new.all <= s.old.all || many.Units != 4 {
			t.Errorf("one case is an alert: %+v of %d units, %v", s, many.Units, err)
		}
		if _, err := w.TrySettings(ctx, w.actor(store.CDC), dengue, must(w.units.At(vn.Nation, w.today())), old, strict, 52); !issue.Is(err, issue.Forbidden) {
			t.Errorf("a CDC tried the nation: %v", err)
		}
	})
}

// A province of whose weeks nothing is known has no zeros in the trial either.
func TestTrialOfASilentProvince(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		counts := wavy(w.today(), 330, 2)
		silent := []vn.Date{}
		for i := 5; i < 9; i++ {
			silent = append(silent, vn.WeekOf(w.today()).Start().AddDays(-7*i))
			delete(counts, silent[len(silent)-1])
		}
		w.visit("v", "p", silent[3].AddDays(-70).Time()) // from now on, silence is no zero
		w.history("h", "A97.0", w.commune, counts)
		w.calm()
		dengue, _ := w.diseases.ByID("dengue")
		province, _ := w.units.Get(w.provinceOf(w.commune.ID))
		old := w.decidedOn(dengue, nil, w.today())
		list, err := w.TrySettings(ctx, w.actor(store.CDC), dengue, province, old, old, 26)
		if err != nil {
			t.Fatal(err)
		}
		s, _, err := w.asked(storetest.System(), province.ID, math.MaxInt64).series(ctx, place{"dengue", province.ID, vn.LevelProvince}, list.From, list.To)
		if err != nil {
			t.Fatal(err)
		}
		missing := 0
		for i, x := range list.Weeks {
			if x.Cases != int(s.Count[i]) {
				t.Errorf("%v: %d cases, the follower has %d", x.Week, x.Cases, s.Count[i])
			}
			missing += flag(int32(x.Cases) == outbreak.Missing)
		}
		if missing != len(silent) {
			t.Errorf("%d silent weeks, want %d", missing, len(silent))
		}
	})
}

// FuzzReadSetting: whatever is written as a change of settings, what is read is
// within its bounds, or nothing is.
func FuzzReadSetting(f *testing.F) {
	units, err := unitsOnce()
	if err != nil {
		f.Fatal(err)
	}
	m := New(nil, units, content.Diseases(), content.OurLaw(), nil, time.Now)
	for _, values := range []string{`[{"url":"field","valueCode":"years"},{"url":"value","valueDecimal":4}]`, `[{"url":"tier","valueCode":"wave"}]`,
		`[{"url":"field","valueCode":"alpha-commune"},{"url":"value","valueDecimal":1e308}]`, `[{"url":"value","valueDecimal":-0}]`, `[]`, `{}`} {
		f.Add(`{"resourceType":"PlanDefinition","status":"draft","effectivePeriod":{"start":"2026-12-01"},"topic":[{"coding":[{"system":"` + systemDisease + `","code":"dengue"}]}],
			"extension":[{"url":"` + extSetting + `","extension":` + values + `}]}`)
	}
	f.Fuzz(func(t *testing.T, text string) {
		doc, err := fhir.ParseString(text)
		if err != nil {
			return
		}
		s, ok := m.readSetting(doc)
		if !ok {
			return
		}
		d, known := m.diseases.ByID(s.disease)
		change, err := unpackChange(s.change)
		if err != nil || !known || d.Closed || !change.Fits(d, false) {
			t.Errorf("%s was read as %+v, %v", text, s, err)
		}
	})
}

func must(u vn.Unit, ok bool) vn.Unit {
	if !ok {
		panic("no such unit")
	}
	return u
}

// The pages say what holds, what would have come, and who decides.
func TestSettingsPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("h", "A97.0", w.commune, wavy(w.today(), 330, 2))
		ministry, other, cdc := w.actor(store.Ministry), w.another(store.Ministry), w.actor(store.CDC)
		w.wantWords(w.page(w.settingsPage, "vi", cdc, "/dich/cai-dat"), "Không có đề nghị nào đang chờ", "Sốt xuất huyết Dengue", "mặc định")
		w.wantWords(w.page(w.settingPage, "vi", cdc, "/dich/cai-dat/dengue", "disease", "dengue"), "Dùng cho tỉnh mình; Sở Y tế duyệt", "Từ 0,01 đến 5; đang dùng 0,5\u00a0%", "Cảnh báo đã có trong một năm qua", "Chưa thay đổi lần nào")
		w.wantWords(w.page(w.settingPage, "en", ministry, "/dich/cai-dat/measles", "disease", "measles"), "one case is always an alert")
		query := url.Values{"thu": {"1"}, "ky": {"52"}, "alpha-commune": {"0,01"}, "alpha-above": {"0,01"}}
		w.wantWords(w.page(w.settingPage, "vi", cdc, "/dich/cai-dat/dengue?"+query.Encode(), "disease", "dengue"), "Kết quả thử", "Trong 52 tuần", "Số cảnh báo theo tháng", "Gửi đề nghị", `name="alpha-commune" value="0,01"`)
		query.Set("alpha-commune", "9")
		wrong := w.page(w.settingPage, "en", cdc, "/dich/cai-dat/dengue?"+query.Encode(), "disease", "dengue")
		w.wantWords(wrong, "False alarms accepted in a commune</a>:")
		if strings.Contains(wrong, "What would have come") {
			t.Error("a wrong setting was tried")
		}
		s := w.propose(ministry, "dengue", values(content.FieldAlphaCommune, 0.01), w.today()+3)
		w.wantWords(w.page(w.settingsPage, "vi", cdc, "/dich/cai-dat"), "Chờ duyệt, xin dùng từ", "0,01\u00a0%")
		w.wantWords(w.page(w.changePage, "vi", ministry, "/x", "disease", "dengue", "setting", s.ID), "Bạn là người đề nghị; người khác phải duyệt", "Báo nhầm nhiều")
		w.wantWords(w.page(w.changePage, "en", other, "/x", "disease", "dengue", "setting", s.ID), "Your decision", "In 52 weeks")
		if strings.Contains(w.page(w.changePage, "en", w.actor(store.Department), "/x", "disease", "dengue", "setting", s.ID), "Your decision") {
			t.Error("a province decides for the nation")
		}
		if err := w.DecideSettings(ctx, other, s.ID, Approved, "Đúng", newID()); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(4 * 24 * time.Hour)
		w.wantWords(w.page(w.settingsPage, "en", cdc, "/dich/cai-dat"), "Lê Thị Hòa", "False alarms accepted in a commune: 0.01\u00a0%")
	})
}

// What the site decided of the law's numbers is the ground of every setting, on
// the pages and in the turn that judges.
func TestSettingsStandOnTheLawOfTheSite(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	law, err := content.SiteAt(fstest.MapFS{"surveillance/law.csv": {Data: []byte("valid_from,setting,value,basis\n2026-07-01,linked_gap_days,21,QĐ 1\n")}}).Law(units)
	if err != nil {
		t.Fatal(err)
	}
	m := New(nil, units, content.Diseases(), law, nil, time.Now)
	d, _ := m.diseases.ByID("dengue")
	for on, want := range map[vn.Date]int{vn.NewDate(2026, time.July, 1): 21, vn.NewDate(2026, time.June, 30): content.SurveillanceOn(0).LinkedGapDays} {
		l := ledger{units: units, law: m.law, rows: func(context.Context, string, []any, func(func(...any) error) error) error { return nil }}
		judged, err := l.decided(t.Context(), d, on)
		if shown := m.decidedOn(d, nil, on); err != nil || judged.rule(0).LinkedGapDays != want || shown.rule(0).LinkedGapDays != want {
			t.Errorf("on %v: judged by %d, shown %d, want %d; %v", on, judged.rule(0).LinkedGapDays, shown.rule(0).LinkedGapDays, want, err)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mach/casereport"
	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// wavy gives a commune's counts of past weeks: level cases a week, a little up
// and down, before the current week.
func wavy(today vn.Date, weeks, level int) map[vn.Date]int {
	out := map[vn.Date]int{}
	for i := 1; i <= weeks; i++ {
		out[vn.WeekOf(today).Start().AddDays(-7*i)] = level + (i*7919)%3 - 1
	}
	return out
}

// Far more cases than in five years raise an alert where they are; the province
// and the nation, whose excess they explain, stand behind it. Every verdict that was
// written can be computed again.
func TestExcess(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("h", "A97.0", w.commune, wavy(w.today(), 280, 2))
		var ops []report
		for i := range 40 {
			ops = append(ops, report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune})
		}
		w.flow(func() {
			for i, r := range ops {
				w.report(r)
				if i == 8 {
					w.report(report{id: "r3", icd: "A97.0", at: w.commune, class: casereport.Refuted})
				}
			}
		})
		list, err := w.Waiting(ctx, w.actor(store.CDC), w.provinceOf(w.commune.ID))
		if err != nil {
			t.Fatal(err)
		}
		d := desk(list, vn.LevelProvince, 10, w.clock.Now())
		if len(d.Shown) != 1 || d.Shown[0].Unit != w.commune.ID || d.Shown[0].Rule != RuleExcess || d.Shown[0].Push != PushEvidence {
			t.Fatalf("the CDC sees %+v", d)
		}
		all, err := w.Waiting(ctx, w.actor(store.Ministry), vn.Nation)
		if d := desk(all, vn.LevelNation, 10, w.clock.Now()); err != nil || len(d.Shown) != 1 || d.Shown[0].Unit != w.commune.ID {
			t.Errorf("the ministry sees %+v, %v", d, err)
		}
		verdicts, err := w.Verdicts(ctx, w.actor(store.CDC), "dengue", w.commune.ID, w.today()-7)
		if err != nil || len(verdicts) != 1 {
			t.Fatalf("verdicts %+v, %v", verdicts, err)
		}
		v := verdicts[0]
		if v.Observed != 39 || math.Abs(v.Expected-2) > 1 || v.Bound < 3 || v.Bound > 8 || v.P > 1e-4 || v.Chance > 1e-7 || !v.Alarm || v.Method != methodFarrington || v.Reporting != 1 {
			t.Errorf("verdict %+v", v)
		}
		w.wantReplays(20)
	})
}

// wantReplays computes every verdict again; there must be at least so many.
func (w *world) wantReplays(least int) {
	w.t.Helper()
	w.calm()
	all, err := store.Figures(ctx, w.s.For(storetest.System()), vn.Nation, scanVerdict, `select `+verdictColumns+` from detection_verdict order by seq, unit, week`)
	if err != nil || len(all) < least {
		w.t.Fatalf("%d verdicts, %v", len(all), err)
	}
	for _, v := range all {
		again, err := w.Replay(ctx, storetest.System(), v)
		if diff := cmp.Diff(v, again); diff != "" || err != nil {
			w.t.Fatalf("verdict (-), replay (+) %v\n%s", err, diff)
		}
	}
}

// A verdict is what outbreak's method says of the same series, whatever order
// the cases came in: late, corrected, moved, deleted ones too.
func TestVerdictEqualsARunFromNothing(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("h", "A97.0", w.commune, wavy(w.today(), 200, 3))
		week := vn.WeekOf(w.today()).Start()
		w.put(w.actor(store.CDC), w.resource(report{id: "cdc", icd: "B05.9", at: w.other})) // the first of the week, and no commune that reports
		w.flow(func() {
			for i := range 10 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune, day: week.AddDays(-7 * (i % 3))})
			}
		})
		w.report(report{id: "r1", icd: "A97.0", at: w.next})                            // moved
		w.report(report{id: "r2", icd: "B05.9", at: w.commune})                         // another disease
		w.report(report{id: "r4", icd: "A97.0", at: w.commune, day: week.AddDays(-21)}) // another day
		w.drop("Condition", "r5")
		w.calm()
		weeks, err := w.Weeks(ctx, w.actor(store.CDC), "dengue", w.commune.ID, week.AddDays(-7*200), week)
		if err != nil {
			t.Fatal(err)
		}
		s := outbreak.Series{Freq: 52}
		for _, x := range weeks {
			s.Dates, s.Count = append(s.Dates, x.Start), append(s.Count, int32(x.Count))
		}
		d, _ := w.diseases.ByID("dengue")
		verdicts, err := w.Verdicts(ctx, w.actor(store.CDC), "dengue", w.commune.ID, week.AddDays(-21))
		if err != nil || len(verdicts) < 4 {
			t.Fatalf("verdicts %+v, %v", verdicts, err)
		}
		for _, v := range verdicts {
			k := slices.Index(s.Dates, v.Week)
			j, ok := tier("dengue", content.DetectionOf(d, w.today())).Judge(outbreak.Watched{Series: s, Level: vn.LevelCommune}, k, new(outbreak.Work))
			want := v
			want.take(j, v.Alarm)
			if diff := cmp.Diff(want, v); !ok || diff != "" {
				t.Errorf("week %v: from nothing (-), followed (+)\n%s", v.Week, diff)
			}
		}
		w.wantReplays(10)
	})
}

// Three communes that rise together are one alert of the province.
func TestNeighboursRiseTogether(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		communes := w.touching(3)
		for n, c := range communes {
			w.flow(func() {
				for i := range 3 {
					w.report(report{id: fmt.Sprintf("r%d-%d", n, i), icd: "A97.0", at: c})
				}
			})
		}
		w.calm()
		list, err := w.Waiting(ctx, w.actor(store.CDC), w.provinceOf(w.commune.ID))
		if err != nil {
			t.Fatal(err)
		}
		d := desk(list, vn.LevelProvince, 10, w.clock.Now())
		if len(d.Shown) != 1 || d.Shown[0].Rule != RuleGroup || d.Shown[0].Cases != 9 || len(d.Rest) != 3 {
			t.Fatalf("the CDC sees %+v", d)
		}
		if behind, err := w.Gathered(ctx, w.actor(store.CDC), d.Shown[0]); err != nil || len(behind) != 3 {
			t.Errorf("behind it %+v, %v", behind, err)
		}
		parts := strings.Split(d.Shown[0].Key, "/")
		w.wantWords(w.page(w.alertPage, "vi", w.actor(store.CDC), "/x", "disease", parts[0], "unit", parts[1], "week", parts[2]), "Các cảnh báo gộp vào đây", "cùng tăng trong bốn tuần", communes[2].Full())
		list, err = w.Waiting(ctx, w.actor(store.Doctor), w.commune.ID)
		if d := desk(list, vn.LevelCommune, 5, w.clock.Now()); err != nil || len(d.Shown) != 1 {
			t.Errorf("the station sees %+v, %v", d, err)
		}
	})
}

// Three communes that rise and do not touch are three alerts.
func TestFarApartIsNoGroup(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var far []vn.Unit
		for _, c := range w.units.Communes(w.provinceOf(w.commune.ID), w.today()) {
			if len(far) < 3 && !slices.ContainsFunc(far, func(f vn.Unit) bool { return slices.Contains(w.land.near[f.ID], c.ID) }) {
				far = append(far, c)
			}
		}
		var want []string
		for n, c := range far {
			w.flow(func() {
				for i := range 3 {
					w.report(report{id: fmt.Sprintf("r%d-%d", n, i), icd: "A97.0", at: c})
				}
			})
			want = append(want, "dengue "+c.Code+" linked-week 3")
		}
		w.want("three places", vn.Nation, want...)
	})
}

// Opening a focus judges its disease and unit again at once, without its cases;
// closing it does, with them.
func TestFocusJudgesAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("h", "A97.0", w.commune, wavy(w.today(), 280, 2))
		w.flow(func() {
			for i := range 20 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune, focus: "Thôn Đoài"})
			}
		})
		w.want("excess", w.commune.ID, "dengue "+w.commune.Code+" excess 20")
		latest := func() Verdict {
			list, err := w.Verdicts(ctx, w.actor(store.CDC), "dengue", w.commune.ID, vn.WeekOf(w.today()).Start())
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			return list[0]
		}
		w.step("s1", "s1", "signal", "dengue", w.commune)
		w.step("s2", "s1", "focus", "dengue", w.commune, ofFocus("Thôn Đoài"))
		w.want("they are known", w.commune.ID)
		if v := latest(); v.Alarm || v.Observed != 0 || v.Foci != 20 {
			t.Errorf("with the focus open: %+v", v)
		}
		w.step("s3", "s1", "closed", "dengue", w.commune)
		w.want("closed", w.commune.ID, "dengue "+w.commune.Code+" excess 20")
		if v := latest(); !v.Alarm || v.Observed != 20 || v.Foci != 0 {
			t.Errorf("with the focus closed: %+v", v)
		}
		w.wantReplays(20)
	})
}

// An alert whose cases were taken back does not hold, though too few are left
// for any method to judge.
func TestExcessTakenBack(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("h", "A97.0", w.commune, wavy(w.today()-60, 200, 2))
		w.flow(func() {
			for i := range 9 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune})
			}
		})
		w.want("excess", w.commune.ID, "dengue "+w.commune.Code+" excess 9")
		w.flow(func() {
			for i := range 8 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune, class: casereport.Refuted})
			}
		})
		w.want("refuted", vn.Nation)
		w.wantReplays(5)
	})
}

// A commune with half a year of data is set beside its province.
func TestShortHistoryBesideProvince(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.history("n", "A97.0", w.next, wavy(w.today(), 30, 3))
		w.history("h", "A97.0", w.commune, wavy(w.today(), 26, 3))
		w.flow(func() {
			for i := range 20 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune})
			}
		})
		w.want("beside", w.commune.ID, "dengue "+w.commune.Code+" province 20")
		key := "dengue/" + w.commune.Code + "/" + vn.WeekOf(w.today()).String()
		parts := strings.Split(key, "/")
		w.wantWords(w.page(w.alertPage, "vi", w.actor(store.CDC), "/x", "disease", parts[0], "unit", parts[1], "week", parts[2]), "chưa đủ ba năm số liệu nên được so với tỉnh", "mức chung của tỉnh")
		w.wantReplays(5)
	})
}

// A wave that rises slowly is seen by the likelihood ratio in the province,
// where no week stands out by itself.
func TestWaveRises(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		counts, week := wavy(w.today(), 175, 3), vn.WeekOf(w.today()).Start()
		for i := range 12 {
			counts[week.AddDays(-7*(i+1))] = 6
		}
		w.history("h", "B01.9", w.commune, counts)
		w.flow(func() {
			for i := range 6 {
				w.report(report{id: fmt.Sprint("r", i), icd: "B01.9", at: w.commune})
			}
		})
		w.want("a slow rise", vn.Nation, "varicella 24 rise 54")
		page := w.page(w.alertPage, "vi", w.actor(store.CDC), "/x", "disease", "varicella", "unit", bacNinh, "week", vn.WeekOf(w.today()).String())
		w.wantWords(page, "tăng dần trong ba tháng nay", "Tỷ số hợp lý tổng quát")
		w.wantReplays(5)
	})
}

func TestFarthest(t *testing.T) {
	for _, c := range []struct {
		ps   []float64
		n    int
		want float64
	}{
		{nil, 100, 0}, {[]float64{0.0011}, 100, 0}, {[]float64{0.001}, 100, 0.001}, {[]float64{0.002, 0.0019}, 100, 0.002},
		{[]float64{0.5, 0.0001, 0.0029, 0.0025}, 100, 0.0029},
	} {
		if got := farthest(c.ps, c.n, 0.1); got != c.want {
			t.Errorf("%v of %d: %v, want %v", c.ps, c.n, got, c.want)
		}
	}
}

func TestDesk(t *testing.T) {
	now := time.Date(2026, 11, 22, 9, 0, 0, 0, vn.Zone)
	list := []Alert{
		{Key: "sure", Push: PushAlways, P: 1, Weight: 1}, {Key: "weak", Push: PushListed, P: 1e-3, Weight: 1}, {Key: "wave", Push: PushNever, P: 1e-12, Weight: 1},
		{Key: "strong", Push: PushEvidence, P: 1e-9, Weight: 1}, {Key: "next", Push: PushEvidence, P: 1e-5, Weight: 3}, {Key: "late", Push: PushEvidence, P: 1e-4, Weight: 1},
		{Key: "behind", Push: PushAlways, P: 1, Parent: "sure"},
	}
	for i := range list {
		list[i].Holds, list[i].Due = true, now.Add(time.Hour)
	}
	list[5].Due = now.Add(-time.Hour)
	slices.SortStableFunc(list, byRank)
	d := desk(list, vn.LevelProvince, 1, now)
	keys := func(l []Alert) string {
		var out []string
		for _, a := range l {
			out = append(out, a.Key)
		}
		return strings.Join(out, " ")
	}
	if keys(d.Shown) != "sure next late" || keys(d.Rest) != "wave strong weak behind" {
		t.Errorf("shown %q, rest %q", keys(d.Shown), keys(d.Rest))
	}
}

// The national run over the same counts finds what the follower found, number
// by number: it is the check of the night.
func TestNationalRunFindsTheSame(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const weeks = 300
		w.history("h", "A97.0", w.commune, wavy(w.today(), weeks-1, 2))
		w.flow(func() {
			for i := range 14 {
				w.report(report{id: fmt.Sprint("r", i), icd: "A97.0", at: w.commune})
			}
		})
		w.calm()
		current := vn.WeekOf(w.today()).Start()
		list, err := w.Weeks(ctx, w.actor(store.CDC), "dengue", w.commune.ID, current.AddDays(-7*(weeks-1)), current)
		if err != nil {
			t.Fatal(err)
		}
		tensor := outbreak.NewTensor(list[0].Start, 1, 1, weeks)
		for i, x := range list {
			tensor.Set(0, 0, i, int32(x.Count))
		}
		d, _ := w.diseases.ByID("dengue")
		settings := tier("dengue", content.DetectionOf(d, w.today())).Settings
		findings, _, err := outbreak.Run(tensor, &outbreak.Catalogue{Diseases: []outbreak.Disease{{Code: "dengue", Settings: settings}},
			Communes: []outbreak.Commune{{Unit: w.commune.ID}}, Provinces: []vn.UnitID{w.provinceOf(w.commune.ID)}}, outbreak.For(weeks-1))
		if err != nil {
			t.Fatal(err)
		}
		compared := 0
		for _, f := range findings {
			unit := []vn.UnitID{w.commune.ID, w.provinceOf(w.commune.ID), vn.Nation}[f.Place]
			verdicts, err := w.Verdicts(ctx, w.actor(store.Ministry), "dengue", unit, current)
			if err != nil || len(verdicts) != 1 || f.Method != methodFarrington {
				t.Errorf("%v: the run finds %+v, the follower %+v, %v", unit, f, verdicts, err)
				continue
			}
			v := verdicts[0]
			if compared++; v.Observed != int(f.Observed) || v.Expected != f.Expected || v.Bound != f.Bound || v.P != f.P || !v.Alarm || v.Chance != f.Chance || v.Span != f.Window || v.Tier != f.Tier.String() {
				t.Errorf("%v: the run finds %+v, the follower %+v", unit, f.Point, v)
			}
		}
		if compared == 0 {
			t.Errorf("the run found nothing: %+v", findings)
		}
	})
}

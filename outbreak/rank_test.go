// SPDX-License-Identifier: Apache-2.0

package outbreak_test

import (
	"math"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mach/outbreak"
	"mach/outbreak/outbreaktest"
	"mach/vn"
)

// last is the week judged in the worlds of these tests.
const last = 299

// world is two provinces of ten communes in a row each, where two diseases give
// one case a week in the mean: 0, 1, 2, 1, 0 … Disease 1 comes in waves. Disease
// 2 is immediate and never seen.
func world() (*outbreak.Tensor, *outbreak.Catalogue) {
	t := outbreak.NewTensor(outbreaktest.Monday, 3, 20, last+1)
	c := &outbreak.Catalogue{Provinces: []vn.UnitID{91, 92}}
	for _, code := range []string{"steady", "wave", "grave"} {
		c.Diseases = append(c.Diseases, outbreak.Disease{Code: code, Wave: code == "wave", Immediate: code == "grave", Settings: outbreak.Usual()})
	}
	for u := range 20 {
		place := outbreak.Commune{Unit: vn.UnitID(100 + u), Province: u / 10}
		if u%10 > 0 {
			place.Near = append(place.Near, int32(u-1))
		}
		if u%10 < 9 {
			place.Near = append(place.Near, int32(u+1))
		}
		c.Communes = append(c.Communes, place)
		for d := range 2 {
			row := t.Row(d, u)
			for w := range row {
				row[w] = []uint16{0, 1, 2, 1, 1, 0, 2, 1}[(w*(3+d)+u*5)%8]
			}
		}
	}
	return t, c
}

// told writes findings down: "disease/place status" in their order.
func told(v outbreak.Verdicts, week int) string {
	var out []string
	for _, f := range v {
		if f.Week == week && f.Status != outbreak.Listed {
			out = append(out, []string{"steady", "wave", "grave"}[f.Disease]+"/"+place(f.Place)+" "+f.Status.String())
		}
	}
	return strings.Join(out, ", ")
}

func place(p int) string {
	switch {
	case p < 20:
		return string(rune('a' + p))
	case p < 22:
		return string(rune('P' + p - 20))
	}
	return "N"
}

func TestWhatBecomesOfAnAlarm(t *testing.T) {
	day := func(weeksAgo int) vn.Date { return outbreaktest.Monday + vn.Date(7*(last-weeksAgo)) }
	add := func(t *outbreak.Tensor, d, n int, communes ...int) {
		for _, u := range communes {
			t.Set(d, u, last, int32(n))
		}
	}
	for _, c := range []struct {
		name string
		do   func(t *outbreak.Tensor, o *outbreak.Options)
		want string
	}{
		{"quiet", func(*outbreak.Tensor, *outbreak.Options) {}, ""},
		{"one commune: it is told, and its province is explained by it", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 0, 40, 4) },
			"steady/e pushed, steady/P explained, steady/N explained"},
		{"two neighbours are two alerts", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 0, 20, 4, 5) },
			"steady/P explained, steady/f pushed, steady/e pushed, steady/N explained"},
		{"three neighbours are one alert of the province", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 0, 20, 4, 5, 6) },
			"steady/P pushed, steady/N explained, steady/f attached, steady/e attached, steady/g attached"},
		{"three that do not touch are three", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 0, 20, 1, 4, 7) },
			"steady/P explained, steady/N explained, steady/b pushed, steady/e pushed, steady/h pushed"},
		{"neighbours across the border make no group", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 0, 20, 8, 9, 10) },
			"steady/N explained, steady/P explained, steady/i pushed, steady/j pushed, steady/k pushed, steady/Q explained"},
		{"a wave is told by province", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 1, 15, 0, 2, 4, 6, 8) },
			"wave/P pushed, wave/N explained, wave/e attached, wave/a attached, wave/i attached, wave/c attached, wave/g attached"},
		{"an open alert takes it in", func(t *outbreak.Tensor, o *outbreak.Options) {
			add(t, 0, 40, 4)
			o.Open = []outbreak.OpenAlert{{Alert: outbreak.Alert{Disease: 0, Place: 4, Opened: day(9)}, Raised: day(8)}}
		}, "steady/e attached, steady/P explained, steady/N explained"},
		{"so does one closed within seven days", func(t *outbreak.Tensor, o *outbreak.Options) {
			add(t, 0, 40, 4)
			o.Open = []outbreak.OpenAlert{{Alert: outbreak.Alert{Disease: 0, Place: 4, Opened: day(9)}, Raised: day(1), Closed: true}}
		}, "steady/e attached, steady/P explained, steady/N explained"},
		{"one closed before does not, nor one of another disease", func(t *outbreak.Tensor, o *outbreak.Options) {
			add(t, 0, 40, 4)
			o.Open = []outbreak.OpenAlert{{Alert: outbreak.Alert{Disease: 0, Place: 4, Opened: day(9)}, Raised: day(2), Closed: true},
				{Alert: outbreak.Alert{Disease: 1, Place: 4, Opened: day(1)}, Raised: day(1)}}
		}, "steady/e pushed, steady/P explained, steady/N explained"},
		{"cases of an open focus are known", func(t *outbreak.Tensor, o *outbreak.Options) {
			add(t, 0, 40, 4)
			o.Foci = []outbreak.FocusCases{{Disease: 0, Commune: 4, Week: last, Cases: 39}}
		}, ""},
		{"one case of a grave disease stands first", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 0, 40, 4); add(t, 2, 1, 12) },
			"grave/m pushed, steady/e pushed, steady/P explained, steady/N explained"},
		{"and is no new alert while one is open", func(t *outbreak.Tensor, o *outbreak.Options) {
			add(t, 2, 1, 12)
			o.Open = []outbreak.OpenAlert{{Alert: outbreak.Alert{Disease: 2, Place: 12, Opened: day(2)}, Raised: day(2)}}
		}, "grave/m attached"},
		{"the budget of a desk; what is grave costs none", func(t *outbreak.Tensor, o *outbreak.Options) {
			o.Budget = 2
			add(t, 0, 40, 0)
			add(t, 0, 30, 4)
			add(t, 0, 20, 8)
			add(t, 2, 1, 1, 2, 3)
		}, "grave/b pushed, grave/c pushed, grave/d pushed, steady/P explained, steady/N explained, steady/a pushed, steady/e pushed, steady/i collapsed, grave/P explained, grave/N explained"},
		{"communes that nobody is told of do not explain their province", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 0, 7, 0, 2, 4, 6, 8) },
			"steady/P pushed, steady/N explained"},
		{"silence is no zero and no finding", func(t *outbreak.Tensor, _ *outbreak.Options) { add(t, 0, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9) }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			counts, catalogue := world()
			o := outbreak.For(last)
			c.do(counts, &o)
			v, _ := mustRun(t, counts, catalogue, o)
			if got := told(v, last); got != c.want {
				t.Errorf("\n%s, want\n%s", got, c.want)
				for _, f := range v {
					t.Logf("%s: %d of %.2f, %.3g over %d weeks, q %.3g", place(f.Place), f.Observed, f.Expected, f.Chance, f.Window, f.Adjusted)
				}
			}
			for _, f := range v {
				if bad := impossible(f); bad != "" {
					t.Errorf("%s: %+v", bad, f)
				}
			}
		})
	}
}

// Grave cases are no tests: however many there are, they make no room for what
// other series show.
func TestRulesMakeNoRoom(t *testing.T) {
	adjusted := func(grave int) float64 {
		counts, c := world()
		counts.Set(0, 4, last, 9)
		for u := range grave {
			counts.Set(2, u, last, 1)
		}
		v, _ := mustRun(t, counts, c, outbreak.For(last))
		at := slices.IndexFunc(v, func(f outbreak.Finding) bool { return f.Disease == 0 && f.Place == 4 })
		if at < 0 {
			t.Fatal("no finding")
		}
		return v[at].Adjusted
	}
	// Two cases do not pass the gate of the province; more are tests there too.
	if none, two := adjusted(0), adjusted(2); none != two || none == 0 || none == 1 {
		t.Errorf("adjusted %v, beside two grave cases %v", none, two)
	}
}

// The cases of an outbreak do not keep to weeks: seven last week and three now
// are ten. Its own weeks are not what it is compared with.
func TestTwoWeeks(t *testing.T) {
	for _, zero := range []bool{false, true} {
		counts, c := world()
		row := counts.Row(0, 4)
		for w := range row {
			if zero {
				row[w] = 0
			}
		}
		row[last-1], row[last] = 12, 3
		v, _ := mustRun(t, counts, c, outbreak.For(last))
		at := slices.IndexFunc(v, func(f outbreak.Finding) bool { return f.Place == 4 })
		if at < 0 || v[at].Window != 2 || v[at].Status != outbreak.Pushed || v[at].Observed != 3 {
			t.Fatalf("%+v", v)
		}
		if f := v[at]; zero && (f.Method != outbreak.MethodBayes || f.Expected > 0.02) {
			t.Errorf("%v expected by %s where nobody ever was", f.Expected, f.Method)
		}
	}
}

// What one week opens stands in the next: the second week of an outbreak attaches.
func TestOneAlertForTwoWeeks(t *testing.T) {
	counts, c := world()
	counts.Set(0, 4, last-1, 30)
	counts.Set(0, 4, last, 40)
	o := outbreak.For(last)
	o.Back = 1
	v, _ := mustRun(t, counts, c, o)
	for i, want := range []string{"steady/e attached, steady/P explained, steady/N explained", "steady/e pushed, steady/P explained, steady/N explained"} {
		if got := told(v, last-i); got != want {
			t.Errorf("%d weeks ago: %s, want %s", i, got, want)
		}
	}
	if v[0].Alert != (outbreak.Alert{Disease: 0, Place: 4, Opened: outbreaktest.Monday + 7*(last-1)}) {
		t.Errorf("the alert is %+v", v[0].Alert)
	}
}

// A finding says how much was reported, how many cases belonged to foci, and by
// which history it was judged.
func TestWhatAFindingSays(t *testing.T) {
	counts, c := world()
	counts.Set(0, 4, last, 40)
	for w := last - 3; w <= last; w++ {
		counts.Set(0, 5, w, outbreak.Missing)
	}
	counts.Set(0, 4, last-2, outbreak.Missing)
	o := outbreak.For(last)
	o.Foci = []outbreak.FocusCases{{Disease: 0, Commune: 4, Week: last, Cases: 7}}
	v, s := mustRun(t, counts, c, o)
	if s.Silent != 1 {
		t.Errorf("%d series are silent", s.Silent)
	}
	for place, want := range map[int]float64{4: 0.75, 20: 1 - 5.0/40, 22: 1 - 5.0/80} {
		at := slices.IndexFunc(v, func(f outbreak.Finding) bool { return f.Place == place && f.Disease == 0 })
		if at < 0 {
			t.Fatalf("no finding of place %d", place)
		}
		f := v[at]
		if math.Abs(f.Complete-want) > 1e-12 || f.Foci != 7 || f.Tier != outbreak.TierFrequent || f.Method != outbreak.MethodFarrington ||
			f.Settings != outbreak.Usual().Hash() || !f.Alarm || f.Reason != outbreak.Judged || float64(f.Observed) <= f.Bound {
			t.Errorf("%+v, complete %v wanted", f, want)
		}
	}
	if f := v[slices.IndexFunc(v, func(f outbreak.Finding) bool { return f.Place == 4 })]; f.Observed != 33 {
		t.Errorf("%d cases judged, 33 are not of the focus", f.Observed)
	}
}

// The tier follows from the history: five years, two, none, only zeros.
func TestTiers(t *testing.T) {
	for _, c := range []struct {
		name   string
		from   int // first week with reports
		zero   bool
		tier   outbreak.Tier
		method string
	}{
		{"whole history", 0, false, outbreak.TierFrequent, outbreak.MethodFarrington},
		{"three years", last - 165, false, outbreak.TierFrequent, outbreak.MethodFarrington},
		{"two years", last - 110, false, outbreak.TierShort, outbreak.MethodFarrington},
		{"half a year", last - 26, false, outbreak.TierShort, outbreak.MethodBayes},
		{"never seen before", 0, true, outbreak.TierFrequent, outbreak.MethodBayes},
	} {
		counts, catalogue := world()
		row := counts.Row(0, 4)
		for w := range row {
			switch {
			case w < c.from:
				row[w] = outbreak.Silent
			case c.zero:
				row[w] = 0
			}
		}
		row[last] = 30
		v, _ := mustRun(t, counts, catalogue, outbreak.For(last))
		at := slices.IndexFunc(v, func(f outbreak.Finding) bool { return f.Place == 4 })
		if at < 0 || v[at].Tier != c.tier || v[at].Method != c.method || v[at].Status != outbreak.Pushed {
			t.Errorf("%s: %+v", c.name, v)
		}
	}
	counts, catalogue := world()
	row := counts.Row(0, 4)
	for w := range row[:last] {
		row[w] = outbreak.Silent
	}
	row[last] = 30
	if _, s := mustRun(t, counts, catalogue, outbreak.For(last)); s.Short != 1 {
		t.Errorf("no history: %+v", s)
	}
	catalogue.Diseases[0].Daily = true
	if _, s := mustRun(t, counts, catalogue, outbreak.For(last)); s.Series != 2*23 {
		t.Errorf("a syndrome counts among the weekly series: %+v", s)
	}
}

// A rise of a fifth in a whole province, week after week, is seen as a wave
// before any week stands out.
func TestSlowRise(t *testing.T) {
	shape := outbreaktest.Shape{Diseases: 1, Provinces: 2, Communes: 60, Weeks: last + 1, Rarest: 200, Commonest: 200, Dispersion: 1.1}
	counts, c := outbreaktest.Quiet(shape, 3)
	c.Diseases[0].Wave = true
	for u := range 30 {
		row := counts.Row(0, u)
		for w := last - 9; w <= last; w++ {
			row[w] += uint16((u + w) % 4 / 3 * (1 + int(row[w])/4))
		}
	}
	v, _ := mustRun(t, counts, c, outbreak.For(last))
	at := slices.IndexFunc(v, func(f outbreak.Finding) bool { return f.Place == 60 })
	if at < 0 || v[at].Method != outbreak.MethodGLR || v[at].Tier != outbreak.TierWave || v[at].Window != 14 || v[at].Status != outbreak.Pushed {
		t.Errorf("%+v", v)
	}
}

// Benjamini–Hochberg by its definition: the k smallest stand where p(k) ≤ kq/m
// for the largest such k; adjusted probabilities keep the order.
func TestBenjaminiHochberg(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOfN(rapid.SampledFrom([]float64{1e-9, 1e-6, 0.0003, 0.001, 0.002, 0.01, 0.04, 0.05, 0.1}), 0, 30).Draw(t, "p")
		m := len(p) + rapid.IntRange(0, 200).Draw(t, "gated out")
		q := rapid.SampledFrom([]float64{0.01, 0.05, 0.1}).Draw(t, "q")
		got := outbreak.BenjaminiHochberg(p, m)
		sorted := slices.Sorted(slices.Values(p))
		line := -1.0
		for k, x := range sorted {
			if x*float64(m)/float64(k+1) <= q {
				line = x
			}
		}
		for i := range p {
			if (p[i] <= line) != (got[i] <= q) {
				t.Fatalf("p %v of %v among %d: adjusted %v at q %v", p[i], p, m, got[i], q)
			}
			for j := range p {
				if p[i] < p[j] && got[i] > got[j] || p[i] == p[j] && got[i] != got[j] || got[i] < p[i] || got[i] > 1 {
					t.Fatalf("adjusted %v of %v", got, p)
				}
			}
		}
	})
}

func TestRunRefuses(t *testing.T) {
	for name, spoil := range map[string]func(t *outbreak.Tensor, c *outbreak.Catalogue, o *outbreak.Options){
		"week beyond the end":  func(_ *outbreak.Tensor, _ *outbreak.Catalogue, o *outbreak.Options) { o.Week = last + 1 },
		"too far back":         func(_ *outbreak.Tensor, _ *outbreak.Catalogue, o *outbreak.Options) { o.Back = 9 },
		"before the beginning": func(_ *outbreak.Tensor, _ *outbreak.Catalogue, o *outbreak.Options) { o.Week, o.Back = 3, 4 },
		"share":                func(_ *outbreak.Tensor, _ *outbreak.Catalogue, o *outbreak.Options) { o.FalseShare = 0 },
		"no budget":            func(_ *outbreak.Tensor, _ *outbreak.Catalogue, o *outbreak.Options) { o.Budget = 0 },
		"no commune budget":    func(_ *outbreak.Tensor, _ *outbreak.Catalogue, o *outbreak.Options) { o.Commune = 0 },
		"people unknown":       func(_ *outbreak.Tensor, c *outbreak.Catalogue, _ *outbreak.Options) { c.Communes[3].People = -1 },
		"focus nowhere": func(_ *outbreak.Tensor, _ *outbreak.Catalogue, o *outbreak.Options) {
			o.Foci = []outbreak.FocusCases{{Commune: 20}}
		},
		"a disease too many": func(_ *outbreak.Tensor, c *outbreak.Catalogue, _ *outbreak.Options) {
			c.Diseases = append(c.Diseases, c.Diseases[0])
		},
		"province unknown":  func(_ *outbreak.Tensor, c *outbreak.Catalogue, _ *outbreak.Options) { c.Communes[3].Province = 2 },
		"neighbour unknown": func(_ *outbreak.Tensor, c *outbreak.Catalogue, _ *outbreak.Options) { c.Communes[3].Near = []int32{20} },
		"settings of nobody": func(_ *outbreak.Tensor, c *outbreak.Catalogue, _ *outbreak.Options) {
			c.Diseases[1].Settings = outbreak.Settings{}
		},
		"severity not a number": func(_ *outbreak.Tensor, c *outbreak.Catalogue, _ *outbreak.Options) {
			c.Diseases[1].Settings.Severity = math.NaN()
		},
		"counts of another size": func(t *outbreak.Tensor, _ *outbreak.Catalogue, _ *outbreak.Options) { t.Count = t.Count[1:] },
	} {
		counts, c := world()
		o := outbreak.For(last)
		spoil(counts, c, &o)
		if _, _, err := outbreak.Run(counts, c, o); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// The desk of a commune has a budget of its own.
func TestBudgetOfACommune(t *testing.T) {
	for budget, want := range map[int]string{1: "wave/e pushed, steady/e collapsed", 2: "wave/e pushed, steady/e pushed"} {
		counts, catalogue := world()
		catalogue.Diseases[1].Wave = false
		o := outbreak.For(last)
		o.Commune = budget
		counts.Set(0, 4, last, 40)
		counts.Set(1, 4, last, 40)
		v, _ := mustRun(t, counts, catalogue, o)
		if got := told(v, last); !strings.HasPrefix(got, want) {
			t.Errorf("budget %d: %s, want %s", budget, got, want)
		}
	}
}

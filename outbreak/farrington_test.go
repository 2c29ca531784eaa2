// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mach/vn"
)

// weekly draws a series with season, trend and overdispersion, some of it
// missing.
func weekly(t *rapid.T, n int) Series {
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	level, trend := r.Float64()*5-1, (r.Float64()-0.5)*0.006
	s := Series{Freq: 52, Count: make([]int32, n), Pop: make([]float64, n)}
	missing := rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "missing")
	for i := range s.Count {
		mu := math.Exp(level + trend*float64(i) + math.Cos(2*math.Pi*float64(i)/52) + 0.3*r.NormFloat64())
		s.Count[i] = int32(max(0, math.Round(mu+math.Sqrt(mu)*r.NormFloat64())))
		s.Pop[i] = 10000 + float64(i)
		if r.Float64() < missing {
			s.Count[i] = Missing
		}
	}
	if rapid.Bool().Draw(t, "dated") {
		first := vn.NewDate(2012, 1, 2)
		for i := range s.Count {
			s.Dates = append(s.Dates, first.AddDays(7*i))
		}
	}
	return s
}

func bothFarringtons(t *rapid.T) Detector {
	if rapid.Bool().Draw(t, "classic") {
		f := ClassicFarrington()
		f.Offset = rapid.Bool().Draw(t, "offset")
		return f
	}
	f := Noufaily()
	f.Offset = rapid.Bool().Draw(t, "offset")
	f.BoundBy = rapid.SampledFrom([]string{BoundDelta, BoundPlugin, BoundMuan}).Draw(t, "bound")
	return f
}

func judge(t testing.TB, d Detector, s Series, k int) Point {
	t.Helper()
	out := make([]Point, 1)
	if err := d.Eval(s, k, k+1, &Work{}, out); err != nil {
		t.Fatal(err)
	}
	return out[0]
}

// TestFarringtonProperties: a case more never silences, the origin of time does
// not matter, nor the unit of the population, and what stands in the Work
// neither.
func TestFarringtonProperties(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, d, k := weekly(rt, 320), bothFarringtons(rt), 300
		before := judge(t, d, s, k)

		more := s
		more.Count = slices.Clone(s.Count)
		more.Count[k] = max(more.Count[k], 0) + 1
		after := judge(t, d, more, k)
		if before.Alarm && !after.Alarm || before.Reason == Judged && after.Bound != before.Bound {
			rt.Errorf("a case more: %+v, was %+v", after, before)
		}

		later := Series{Freq: 52, Count: append(slices.Repeat([]int32{7}, 11), s.Count...), Pop: append(slices.Repeat([]float64{3}, 11), s.Pop...)}
		for i := range s.Dates {
			if i == 0 {
				for j := -11; j < 0; j++ {
					later.Dates = append(later.Dates, s.Dates[0].AddDays(7*j))
				}
			}
			later.Dates = append(later.Dates, s.Dates[i])
		}
		moved := judge(t, d, later, k+11)
		moved.At = before.At
		if moved != before {
			rt.Errorf("another origin: %+v, was %+v", moved, before)
		}

		scaled := s
		scaled.Pop = slices.Clone(s.Pop)
		for i := range scaled.Pop {
			scaled.Pop[i] *= 1000
		}
		if p := judge(t, d, scaled, k); p.Alarm != before.Alarm || math.Abs(p.Expected-before.Expected) > 1e-6*(1+before.Expected) {
			rt.Errorf("another unit of population: %+v, was %+v", p, before)
		}

		used, out := &Work{}, make([]Point, 20)
		for range 2 {
			if err := d.Eval(s, 290, 310, used, out); err != nil {
				rt.Fatal(err)
			}
		}
		if out[10] != before {
			rt.Errorf("a used Work: %+v, was %+v", out[10], before)
		}
	})
}

// TestAScalingOfCounts: ten times the counts are ten times the expectation when
// no count weighs less than another.
func TestAScalingOfCounts(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := weekly(rt, 320)
		f := Noufaily()
		f.Reweight = false
		ten := s
		ten.Count = slices.Clone(s.Count)
		for i, y := range ten.Count {
			ten.Count[i] = max(10*y, Missing)
		}
		a, b := judge(t, f, s, 300), judge(t, f, ten, 300)
		if a.Reason == Judged && b.Reason == Judged && a.Trend == b.Trend && math.Abs(b.Expected-10*a.Expected) > 1e-4*b.Expected {
			rt.Errorf("expected %v, and %v of ten times the counts", a.Expected, b.Expected)
		}
	})
}

// TestFarringtonReasons: what is missing is said, and is no zero.
func TestFarringtonReasons(t *testing.T) {
	flat := func(n int, y int32) Series { return Series{Freq: 52, Count: slices.Repeat([]int32{y}, n)} }
	with := func(s Series, k int, y int32) Series {
		s.Count = slices.Clone(s.Count)
		s.Count[k] = y
		return s
	}
	hole := flat(320, 4)
	for i := range 299 {
		hole.Count[i] = Missing
	}
	for _, c := range []struct {
		name   string
		s      Series
		k      int
		reason Reason
		alarm  bool
	}{
		{"a flat series", flat(320, 4), 300, Judged, false},
		{"an outbreak", with(flat(320, 4), 300, 40), 300, Judged, true},
		{"an outbreak after a silent week", with(with(flat(320, 4), 300, 40), 299, Missing), 300, Judged, true},
		{"no report", with(flat(320, 4), 300, Missing), 300, NotReported, false},
		{"too few cases", flat(320, 1), 300, TooFewCases, false},
		{"too short", flat(320, 4), 261, ShortHistory, false},
		{"nothing but zeros", with(flat(320, 0), 300, 9), 300, NotConverged, false},
		{"nothing but holes", hole, 302, NoBaseline, false},
	} {
		p := judge(t, Noufaily(), c.s, c.k)
		if p.Reason != c.reason || p.Alarm != c.alarm {
			t.Errorf("%s: %s, alarm %v: %+v", c.name, p.Reason, p.Alarm, p)
		}
	}
}

// TestYearsAgo: with dates a year ago is the same calendar date, moved to the
// same day of the week, over weeks 53 and leap days.
func TestYearsAgo(t *testing.T) {
	weeks := Series{Freq: 52}
	for i := range 600 {
		weeks.Dates = append(weeks.Dates, vn.NewDate(2014, 12, 29).AddDays(7*i))
	}
	days := Series{Freq: 365}
	for i := range 1500 {
		days.Dates = append(days.Dates, vn.NewDate(2019, 1, 1).AddDays(i))
	}
	for _, c := range []struct {
		s     Series
		k     vn.Date
		years int
		want  vn.Date
	}{
		{weeks, vn.NewDate(2021, 1, 4), 1, vn.NewDate(2020, 1, 6)},
		{weeks, vn.NewDate(2020, 12, 28), 1, vn.NewDate(2019, 12, 30)}, // week 53
		{weeks, vn.NewDate(2020, 12, 28), 5, vn.NewDate(2015, 12, 28)},
		{weeks, vn.NewDate(2024, 3, 4), 2, vn.NewDate(2022, 3, 7)},
		{days, vn.NewDate(2020, 2, 29), 1, vn.NewDate(2019, 3, 1)},
		{days, vn.NewDate(2021, 2, 28), 1, vn.NewDate(2020, 2, 28)},
	} {
		k, _ := slices.BinarySearch(c.s.Dates, c.k)
		at, ok := c.s.yearsAgo(k, c.years)
		if !ok || c.s.Dates[at] != c.want {
			t.Errorf("%s, %d years before: %d %v, want %s", c.k, c.years, at, ok, c.want)
		}
	}
}

// TestNoAllocation: a fit allocates nothing once the Work has grown.
func TestNoAllocation(t *testing.T) {
	s := Series{Freq: 52, Count: make([]int32, 320)}
	for i := range s.Count {
		s.Count[i] = int32(5 + i%7)
	}
	w, out := &Work{}, make([]Point, 1)
	for _, d := range []Detector{Noufaily(), ClassicFarrington()} {
		if n := testing.AllocsPerRun(20, func() {
			if err := d.Eval(s, 310, 311, w, out); err != nil {
				t.Fatal(err)
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations", d.Name(), n)
		}
	}
}

func TestFarringtonRefuses(t *testing.T) {
	s := Series{Freq: 52, Count: make([]int32, 10)}
	out := make([]Point, 10)
	bad := Noufaily()
	bad.Levels = 0
	for name, err := range map[string]error{
		"setting":  bad.Eval(s, 0, 1, &Work{}, out),
		"range":    Noufaily().Eval(s, 5, 11, &Work{}, out),
		"room":     Noufaily().Eval(s, 0, 10, &Work{}, out[:9]),
		"dates":    Noufaily().Eval(Series{Freq: 52, Count: s.Count, Dates: make([]vn.Date, 3)}, 0, 1, &Work{}, out),
		"alpha":    Farrington{Years: 5, Alpha: math.NaN(), Power: PowerNone}.Eval(s, 0, 1, &Work{}, out),
		"no steps": Noufaily().Eval(Series{Count: s.Count}, 0, 1, &Work{}, out),
	} {
		if err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
}

// FuzzFarrington: whatever the counts and settings, no point holds a number
// that is none, and only a judged one alarms.
func FuzzFarrington(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8}, 5, 3, 10, 26, 0.005, uint8(3))
	f.Add([]byte{0, 0, 0, 0}, 1, 0, 1, -1, 0.05, uint8(0))
	f.Add([]byte{255, 255, 0, 9, 200, 1}, 2, 6, 5, 0, 0.9, uint8(14))
	f.Fuzz(func(t *testing.T, data []byte, years, half, levels, skip int, alpha float64, bits uint8) {
		if len(data) < 4 {
			return
		}
		s := Series{Freq: 12, Count: make([]int32, 90), Pop: make([]float64, 90)}
		for i := range s.Count {
			at := i * 3 % (len(data) - 1)
			s.Count[i] = int32(int16(binary.BigEndian.Uint16(data[at:]))) >> (bits % 16)
			s.Pop[i] = float64(data[at]) - 3
			if bits&16 != 0 {
				s.Dates = append(s.Dates, vn.NewDate(2001, 1, 29).AddMonths(i))
			}
		}
		flexible := FarringtonFlexible{Years: years, Half: half, Levels: levels, Skip: skip, Alpha: alpha, Reweight: bits&1 != 0,
			Threshold: 2.58, Trend: bits&2 != 0, TrendP: 1, Power: PowerSkew, Offset: bits&4 != 0, AsR: bits&8 != 0,
			BoundBy: []string{BoundDelta, BoundPlugin, BoundMuan}[bits%3]}
		classic := Farrington{Years: years, Half: half, Alpha: alpha, Reweight: bits&1 != 0, Trend: bits&2 != 0,
			Power: []string{PowerSkew, PowerVariance, PowerNone}[bits%3], Offset: bits&4 != 0, AsR: bits&8 != 0}
		for _, d := range []Detector{flexible, classic} {
			out := make([]Point, 90)
			if d.Eval(s, 0, 90, &Work{}, out) != nil {
				continue
			}
			for _, p := range out {
				sum := p.Expected + p.Bound + p.Dispersion + p.P + p.Plugin + p.Slope + p.Statistic
				if math.IsNaN(sum) || math.IsInf(sum, 0) || p.Alarm && p.Reason != Judged {
					t.Fatalf("%s: %+v", d.Name(), p)
				}
			}
		}
	})
}

// BenchmarkFlexible is the cost of a series and week, fitted.
func BenchmarkFlexible(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	s := Series{Freq: 52, Count: make([]int32, 312)}
	for i := range s.Count {
		s.Count[i] = int32(8 + 5*math.Cos(2*math.Pi*float64(i)/52) + 3*r.NormFloat64())
	}
	w, out := &Work{}, make([]Point, 1)
	for b.Loop() {
		if err := Noufaily().Eval(s, 311, 312, w, out); err != nil {
			b.Fatal(err)
		}
	}
}

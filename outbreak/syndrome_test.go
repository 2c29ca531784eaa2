// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"
	"math/rand/v2"
	"testing"

	"mach/content"
	"mach/vn"
)

func calendar(t testing.TB) *vn.Calendar {
	t.Helper()
	c, err := content.Calendar()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestKindOf(t *testing.T) {
	c := calendar(t)
	for _, x := range []struct {
		year, month, day int
		want             DayKind
	}{
		{2026, 11, 22, 0},     // Sunday
		{2026, 11, 23, 1},     // Monday after a plain weekend
		{2026, 4, 30, DayOff}, // liberation day
		{2026, 2, 17, DayTet}, // first day of the year of the horse
		{2026, 11, 18, 3},
		{2026, 11, 25, DayBack}, // after the day of culture
	} {
		if got := KindOf(c, vn.NewDate(x.year, 1, 1).AddMonths(x.month-1).AddDays(x.day-1)); got != x.want {
			t.Errorf("%d-%d-%d: %d, want %d", x.year, x.month, x.day, got, x.want)
		}
	}
	back := 0
	for d := vn.NewDate(2026, 1, 1); d < vn.NewDate(2027, 1, 1); d++ {
		switch h, ok := c.Holiday(d); {
		case KindOf(c, d) == DayBack:
			back++
			if !c.Working(d) || c.Working(d-1) {
				t.Errorf("%v: the first working day after days off is none", d)
			}
		case ok && h.Working && KindOf(c, d) != 5:
			t.Errorf("%v is worked, and of kind %d", d, KindOf(c, d))
		}
	}
	if back < 4 {
		t.Errorf("%d days back at work in a year", back)
	}
}

// clinic makes three years of visits with the given factors, and of one
// syndrome among them.
func clinic(t testing.TB, r *rand.Rand, truth DayFactors, share float64) SyndromeSeries {
	c := calendar(t)
	var s SyndromeSeries
	for d := vn.NewDate(2024, 1, 1); d < vn.NewDate(2027, 1, 1); d++ {
		n := poissonNumber(r, 80*truth[KindOf(c, d)])
		s.Dates, s.Kinds, s.Visits = append(s.Dates, d), append(s.Kinds, KindOf(c, d)), append(s.Visits, float64(n))
		s.Cases = append(s.Cases, poissonNumber(r, float64(n)*share))
	}
	return s
}

func clinicFactors() DayFactors {
	return DayFactors{0.3, 1.5, 1.2, 1.1, 1.1, 1.1, 0.7, DayOff: 0.2, DayTet: 0.1, DayBack: 1.9}
}

func (s SyndromeSeries) factors(until int) DayFactors {
	visits := make([]int32, until)
	for t := range visits {
		visits[t] = int32(s.Visits[t])
	}
	return EstimateDayFactors(visits, s.Kinds[:until])
}

// TestEstimateDayFactors: what made the visits is found again, also where days
// are missing; without any visits every day is like another.
func TestEstimateDayFactors(t *testing.T) {
	truth := clinicFactors()
	s := clinic(t, rand.New(rand.NewPCG(21, 1)), truth, 0.05)
	f := s.factors(len(s.Dates))
	for k := range f {
		if math.Abs(f[k]-truth[k]) > 0.08*truth[k]+0.03 {
			t.Errorf("kind %d: %.3f, want %.3f", k, f[k], truth[k])
		}
	}
	for k, x := range s.factors(0) {
		if math.Abs(x-1) > 1e-9 {
			t.Errorf("kind %d without a day: %v", k, x)
		}
	}
	closed := make([]int32, len(s.Dates)) // on every Sunday
	for i, v := range s.Visits {
		if closed[i] = int32(v); s.Kinds[i] == 0 {
			closed[i] = Missing
		}
	}
	f = EstimateDayFactors(closed, s.Kinds)
	for k := DayKind(1); k < 6; k++ {
		if got, want := f[k]/f[1], truth[k]/truth[1]; math.Abs(got-want) > 0.08 {
			t.Errorf("closed on Sundays, kind %d: %.3f of Monday, want %.3f", k, got, want)
		}
	}
}

// TestJudgeSyndrome: quiet years alarm seldom, also at Tết and on the Monday
// after; a real rise is seen on its first days; one source alone is not enough.
func TestJudgeSyndrome(t *testing.T) {
	r := rand.New(rand.NewPCG(22, 1))
	s := clinic(t, r, clinicFactors(), 0.08)
	f := s.factors(700)
	var flat DayFactors
	for k := range f {
		flat[k] = 1
	}
	var w Work
	quiet, naive, single := 0, 0, 0
	for k := 700; k < len(s.Dates); k++ {
		day, err := JudgeSyndrome(s, f, k, false, false, &w)
		if err != nil {
			t.Fatal(err)
		}
		if day.C2.Reason != Judged || day.C3.Reason != Judged {
			t.Fatalf("%+v", day)
		}
		if day.Alarm {
			quiet++
		}
		if day.C2.Alarm {
			single++
		}
		if day.Alarm != (len(day.Agree) > 1) {
			t.Fatalf("%+v", day)
		}
		if day, err = JudgeSyndrome(s, flat, k, false, false, &w); err != nil {
			t.Fatal(err)
		} else if day.C2.Alarm {
			naive++
		}
	}
	days := len(s.Dates) - 700
	t.Logf("of %d quiet days: %d alarms; C2 alone %d, without factors %d", days, quiet, single, naive)
	if quiet*100 > 4*days || single >= naive {
		t.Errorf("of %d quiet days %d alarm; C2 alone %d, without factors %d", days, quiet, single, naive)
	}
	found := 0
	for k := 750; k < 1050; k += 30 {
		rise := s
		rise.Cases, rise.Visits = append([]int32(nil), s.Cases...), append([]float64(nil), s.Visits...)
		for d := range 3 {
			extra := int32(12 * clinicFactors()[s.Kinds[k+d]])
			rise.Cases[k+d] += extra
			rise.Visits[k+d] += float64(extra)
		}
		for d := range 3 {
			day, err := JudgeSyndrome(rise, f, k+d, false, false, &w)
			if err != nil {
				t.Fatal(err)
			}
			if day.Alarm {
				found++
				break
			}
		}
	}
	if found < 8 {
		t.Errorf("%d of 10 rises are seen within three days", found)
	}
	day, err := JudgeSyndrome(s, f, 40, true, false, &w)
	if err != nil || day.Alarm != (len(day.Agree) > 1) || day.Agree[len(day.Agree)-1] != SourceScan && !day.Alarm {
		t.Errorf("a scan alone: %+v, %v", day, err)
	}
	if day, err = JudgeSyndrome(s, f, 3, true, true, &w); err != nil || !day.Alarm || day.C2.Reason != ShortHistory {
		t.Errorf("scan and second source in the first week: %+v, %v", day, err)
	}
}

// TestJudgeSyndromeQuiet: in years in which nothing happens, few days of a place
// are three visits or more, named by two sources and improbable, however rare or
// common the syndrome is.
func TestJudgeSyndromeQuiet(t *testing.T) {
	r := rand.New(rand.NewPCG(23, 1))
	var w Work
	for _, share := range []float64{0.002, 0.01, 0.03, 0.1} {
		days, listed := 0, 0
		for range 6 {
			s := clinic(t, r, clinicFactors(), share)
			f := s.factors(700)
			for k := 700; k < len(s.Dates); k++ {
				if s.Visits[k] == 0 {
					continue
				}
				day, err := JudgeSyndrome(s, f, k, false, false, &w)
				if err != nil {
					t.Fatal(err)
				}
				if day.Chance < 0 || day.Chance > 1 || math.IsNaN(day.Chance) {
					t.Fatalf("chance %v", day.Chance)
				}
				days++
				if day.Alarm && s.Cases[k] >= 3 && day.Chance <= 0.01 {
					listed++
				}
			}
		}
		t.Logf("share %v: %d of %d days", share, listed, days)
		if listed*200 > days {
			t.Errorf("share %v: %d of %d quiet days are listed", share, listed, days)
		}
	}
}

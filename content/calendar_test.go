// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"mach/content"
	"mach/i18n"
	"mach/vn"
)

// newMoon returns the day in Viet Nam of the k-th new moon after 1900-01-00.5
// (Meeus, Astronomical Algorithms, truncated as in calendar practice).
func newMoon(k int) vn.Date {
	t := float64(k) / 1236.85
	rad := math.Pi / 180
	jd := 2415020.75933 + 29.53058868*float64(k) + 0.0001178*t*t - 0.000000155*t*t*t +
		0.00033*math.Sin((166.56+132.87*t-0.009173*t*t)*rad)
	m := (359.2242 + 29.10535608*float64(k) - 0.0000333*t*t) * rad
	mp := (306.0253 + 385.81691806*float64(k) + 0.0107306*t*t) * rad
	f := (21.2964 + 390.67050646*float64(k) - 0.0016528*t*t) * rad
	jd += (0.1734-0.000393*t)*math.Sin(m) + 0.0021*math.Sin(2*m) - 0.4068*math.Sin(mp) + 0.0161*math.Sin(2*mp) -
		0.0004*math.Sin(3*mp) + 0.0104*math.Sin(2*f) - 0.0051*math.Sin(m+mp) - 0.0074*math.Sin(m-mp) +
		0.0004*math.Sin(2*f+m) - 0.0004*math.Sin(2*f-m) - 0.0006*math.Sin(2*f+mp) + 0.0010*math.Sin(2*f-mp) +
		0.0005*math.Sin(2*mp+m)
	const deltaT = 71.0 / 86400 // seconds in the 2020s
	return vn.Date(math.Floor(jd - deltaT + 0.5 + 7.0/24 - 2440588))
}

// sunSign returns which twelfth of its path the sun stands in at the start of
// the day: 0 from the March equinox.
func sunSign(d vn.Date) int {
	t := (float64(d) + 2440588 - 0.5 - 7.0/24 - 2451545) / 36525
	rad := math.Pi / 180
	m := (357.52910 + 35999.05030*t) * rad
	l := 280.46645 + 36000.76983*t + (1.914600-0.004817*t)*math.Sin(m) + 0.019993*math.Sin(2*m) + 0.00029*math.Sin(3*m)
	l = math.Mod(l-0.00569, 360)
	if l < 0 {
		l += 360
	}
	return int(l / 30)
}

// lunarNewYear returns the first day of the lunar months 1 and 3: month 11 is
// the one in which the sun enters sign 9, and the years 2021–2027 have no leap
// month between 11 and 3 (a leap month would be one without entry: checked).
func lunarNewYear(t *testing.T, year int) (first, third vn.Date) {
	t.Helper()
	k := int(math.Floor(float64(year-1900) * 12.3685))
	for i := k - 4; i < k+6; i++ {
		a, b := newMoon(i), newMoon(i+1)
		if sunSign(a) <= 8 && sunSign(b) >= 9 && a.Year() == year-1 {
			for j, sign := range []int{9, 10, 11, 0} {
				from, to := newMoon(i+j), newMoon(i+j+1)
				if !(sunSign(from) != sign && sunSign(to) == sign) {
					t.Fatalf("%d: the month from %v to %v does not hold the entry into sign %d", year, from, to, sign)
				}
			}
			return newMoon(i + 2), newMoon(i + 4)
		}
	}
	t.Fatalf("no month 11 before %d", year)
	return
}

// Tết and the Hung Kings follow the moon: both are computed here anew.
func TestLunarHolidays(t *testing.T) {
	list, err := content.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	find := func(key string, d vn.Date) bool {
		return slices.ContainsFunc(list, func(h vn.Holiday) bool { return h.Key == key && h.Date == d })
	}
	want := map[int]string{2021: "2021-02-12", 2022: "2022-02-01", 2023: "2023-01-22", 2024: "2024-02-10", 2025: "2025-01-29", 2026: "2026-02-17", 2027: "2027-02-06"}
	for year := 2021; year <= 2027; year++ {
		first, third := lunarNewYear(t, year)
		if first.String() != want[year] {
			t.Errorf("the lunar year %d begins on %v, known to be %s", year, first, want[year])
		}
		for i := vn.Date(-1); i < 3; i++ {
			if !find("tet", first+i) {
				t.Errorf("%v is no Tết holiday", first+i)
			}
		}
		leap2 := third.String() // in 2023 month 2 is doubled
		if year == 2023 {
			third = vn.NewDate(2023, time.April, 20)
		}
		if !find("hung-kings", third+9) {
			t.Errorf("%v (month from %s) is not the day of the Hung Kings", third+9, leap2)
		}
	}
}

func TestCalendar(t *testing.T) {
	c, err := content.Calendar()
	if err != nil {
		t.Fatal(err)
	}
	date := func(s string) vn.Date {
		d, err := vn.ParseDate(s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, r := range []struct {
		from string
		days int
		want string
	}{
		{"2026-11-20", 2, "2026-11-25"}, // Friday; Tuesday 24 is the day of culture
		{"2025-11-20", 2, "2025-11-24"}, // not yet in 2025
		{"2026-02-13", 1, "2026-02-23"}, // Tết
		{"2026-04-24", 1, "2026-04-28"}, // Hung Kings on a Sunday: Monday is free
		{"2026-08-21", 1, "2026-08-22"}, // a Saturday worked
		{"2026-08-28", 1, "2026-09-03"}, // swapped Monday, national days
		{"2026-11-20", 0, "2026-11-20"},
		{"2026-11-21", 0, "2026-11-23"},
		{"2026-11-25", -2, "2026-11-20"},
	} {
		if got := c.AddWorkingDays(date(r.from), r.days); got.String() != r.want {
			t.Errorf("%s + %d working days = %v, want %s", r.from, r.days, got, r.want)
		}
	}
	if !c.Covers(date("2021-01-01")) || !c.Covers(date("2027-12-31")) || c.Covers(date("2028-01-01")) || c.Covers(vn.ZeroDate) {
		t.Error("the calendar covers other years than 2021–2027")
	}
}

// Each year has the days that the Labour Code grants, every holiday on a
// weekend has its day in lieu, and every key has its words.
func TestHolidaysOfEachYear(t *testing.T) {
	list, err := content.Holidays()
	if err != nil {
		t.Fatal(err)
	}
	messages, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	free := map[int]int{} // working days lost
	for i, h := range list {
		if i > 0 && list[i-1].Date >= h.Date {
			t.Errorf("%v is out of order or twice", h.Date)
		}
		weekend := h.Date.Weekday() == 0 || h.Date.Weekday() == 6
		if h.Working != (h.Key == "make-up") || h.Working && !weekend || h.Source == "" {
			t.Errorf("%v: %+v", h.Date, h)
		}
		switch {
		case h.Working:
			free[h.Date.Year()]--
		case !weekend:
			free[h.Date.Year()]++
		}
		for _, l := range i18n.Langs() {
			if !messages.Has(l, "holiday."+h.Key) {
				t.Errorf("%s has no words for %q", l, h.Key)
			}
		}
	}
	for year := 2021; year <= 2027; year++ {
		want := 11
		if year >= 2026 {
			want = 12 // the day of culture
		}
		if free[year] != want {
			t.Errorf("%d: %d working days are free, the law gives %d", year, free[year], want)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mach/content"
	"mach/vn"
)

const lawHead = "valid_from,setting,value,basis\n"

func lawSite(rows string) content.Site {
	return content.SiteAt(fstest.MapFS{"surveillance/law.csv": {Data: []byte(lawHead + rows)}})
}

// A number that the site decided holds from its day on, over ours; every number
// of settings.toml can be decided.
func TestLawOfASite(t *testing.T) {
	day := func(m time.Month, d int) vn.Date { return vn.NewDate(2026, m, d) }
	l, err := lawSite("2026-07-01,divisor,n,QĐ 2\n2026-03-01,divisor,n,QĐ 1\n2026-05-01,divisor,n-1,QĐ 3\n" +
		"2026-07-01,linked_gap_days,21,QĐ 2\n2026-07-01,min_valid_years,4,QĐ 2\n2026-07-01,baseline_years,6,QĐ 2\n2026-07-01,lookback_years,12,QĐ 2\n" +
		"2026-07-01,epidemic_sd,2.5,QĐ 2\n2026-07-01,warning_sd,1.5,QĐ 2\n2026-07-01,warning_above_epidemic_sd,0,QĐ 2\n2026-07-01,week_53,0,QĐ 2\n" +
		"2026-07-01,linked_month,6,QĐ 2\n2026-07-01,linked_week,4,QĐ 2\n2026-07-01,confirmed_a,2,QĐ 2\n").Law(nil)
	if err != nil {
		t.Fatal(err)
	}
	ours := content.OurLaw()
	for _, c := range []struct {
		on      vn.Date
		divisor string
		from    vn.Date
		basis   string
	}{
		{day(2, 28), "n-1", ours.On(day(2, 28)).From, ours.On(day(2, 28)).Basis},
		{day(3, 1), "n", day(3, 1), "QĐ 1; " + ours.On(day(3, 1)).Basis},
		{day(6, 30), "n-1", day(5, 1), "QĐ 1; QĐ 3; " + ours.On(day(6, 30)).Basis},
		{day(7, 1), "n", day(7, 1), "QĐ 1; QĐ 3; QĐ 2; " + ours.On(day(7, 1)).Basis},
	} {
		if s := l.On(c.on); s.Divisor != c.divisor || s.From != c.from || s.Basis != c.basis {
			t.Errorf("on %v: %q since %v by %q", c.on, s.Divisor, s.From, s.Basis)
		}
	}
	s, d := l.On(day(7, 1)), content.Disease{ID: "dengue", Group: "B"}
	if s.LinkedGapDays != 21 || s.MinValidYears != 4 || s.BaselineYears != 6 || s.LookbackYears != 12 || s.EpidemicSD != 2.5 || s.WarningSD != 1.5 ||
		s.WarnAboveUpper || s.Week53 != 0 || s.LinkedMonth != 6 || s.LinkedWeek != 4 || s.ConfirmedA != 2 {
		t.Errorf("%+v", s)
	}
	if r, was := l.Detection(d, day(7, 1)), ours.Detection(d, day(7, 1)); r.LinkedGapDays != 21 || r.LinkedWeek != 4 || r.Hash == was.Hash {
		t.Errorf("detection: %+v", r)
	}
	if l.Sum() == "" || ours.Sum() != "" {
		t.Errorf("sums %q and %q", l.Sum(), ours.Sum())
	}
}

func TestLawRefuses(t *testing.T) {
	for rows, want := range map[string]string{
		"2026-07-01,divisors,n,QĐ 1\n":                                          "surveillance/law.csv line 2 column 2: not-found content.law.setting [divisors]",
		"2026-07-01,divisor,n-2,QĐ 1\n":                                         "line 2 column 3: value content.law.value [n-2 divisor]",
		"2026-07-01,linked_gap_days,0,QĐ 1\n":                                   "line 2 column 3: value content.law.value [0 linked_gap_days]",
		"2026-07-01,epidemic_sd,nan,QĐ 1\n":                                     "line 2 column 3: value content.law.value [nan epidemic_sd]",
		"2026-07-01,week_53,,QĐ 1\n":                                            "line 2 column 3: value content.law.value [– week_53]",
		"1/7/2026,divisor,n,QĐ 1\n":                                             "line 2 column 1: value content.units.date",
		"2026-07-01,divisor,n,\n":                                               "line 2 column 4: required content.endemic.basis",
		"2026-07-01,divisor,n,QĐ 1\n2026-07-01,divisor,n-1,QĐ 2\n":              "line 3 column 2: duplicate content.table.twice",
		"2026-07-01,divisor,n,QĐ 1\n2026-01-01,min_valid_years,6,QĐ 1\n":        "line 3 column 0: value content.law.sense [2026-01-01]",
		"2026-07-01,warning_sd,3,QĐ 1\n":                                        "line 2 column 0: value content.law.sense [2026-07-01]",
		"2026-01-01,baseline_years,3,QĐ 1\n2026-02-01,min_valid_years,4,QĐ 1\n": "line 3 column 0: value content.law.sense [2026-02-01]",
	} {
		_, err := lawSite(rows).Law(nil)
		if table := new(content.TableError); !errors.As(err, &table) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %s", rows, err, want)
		}
	}
}

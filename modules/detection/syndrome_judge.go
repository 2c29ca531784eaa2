// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
)

// SyndromeVerdict is one judgement of a day with everything it rests on.
type SyndromeVerdict struct {
	Syndrome             string
	Unit                 vn.UnitID
	Day                  vn.Date
	Seq                  int64
	At                   time.Time
	Settings             string
	Cases, Visits        int     // for the syndrome, and for all reasons
	Expected, Bound      float64 // by the share of visits; 0 when not judged
	Usual                float64 // by the kind of day
	Chance               float64 // of so many visits or more, when nothing happens; 1 when not judged
	Sources              string  // that name the day
	Alarm                bool
	Reporting, Expecting int
	Basis                string
}

// judgeDay judges the visits of a day for a syndrome. It rests on the days
// until then alone, so that it stands until one of them changes.
func (d *daily) judgeDay(syndrome string, day vn.Date, rule content.SyndromeRule, w *outbreak.Work) (SyndromeVerdict, baseline, error) {
	v := SyndromeVerdict{Syndrome: syndrome, Unit: d.unit, Day: day, Settings: rule.Hash, Chance: 1,
		Cases: int(d.at(syndrome, day)), Visits: int(d.at(allVisits, day)), Reporting: int(d.at(communesHeard, day))}
	if v.Visits == 0 || v.Cases < rule.LeastVisits { // it cannot be an alarm: most days of most places
		return v, baseline{}, nil
	}
	b := d.baselineOf(syndrome, day, rule)
	return v, b, v.judge(b, rule, w)
}

// judge fills in what the sources say of the last day of the baseline.
func (v *SyndromeVerdict) judge(b baseline, rule content.SyndromeRule, w *outbreak.Work) error {
	said, err := outbreak.JudgeSyndrome(b.series, b.factors, len(b.series.Dates)-1, false, false, w)
	if err != nil {
		return fmt.Errorf("judging %s on %s: %w", v.Syndrome, v.Day, err)
	}
	var names []string
	for _, s := range said.Agree {
		names = append(names, string(s))
	}
	v.Sources, v.Chance = strings.Join(names, " "), said.Chance
	v.Expected, v.Bound, v.Usual = said.Share.Expected, said.Share.Bound, said.C2.Expected
	v.Alarm = said.Alarm && said.Chance <= rule.Alpha
	return nil
}

// baseline is what a day is judged by: the days on which the unit saw anybody,
// the day itself the last, and what each kind of day brings.
type baseline struct {
	factors outbreak.DayFactors
	series  outbreak.SyndromeSeries
}

func (d *daily) baselineOf(syndrome string, day vn.Date, rule content.SyndromeRule) baseline {
	from := day.AddDays(-rule.ReachDays)
	b := baseline{factors: d.factorsOn(day, rule)}
	cases, kinds := d.span(syndrome, from, day), kindsOf(from, day)
	for i, n := range d.span(allVisits, from, day) {
		if n > 0 {
			b.add(from+vn.Date(i), kinds[i], cases[i], n)
		}
	}
	return b
}

func (b *baseline) add(day vn.Date, kind outbreak.DayKind, cases, visits int32) {
	b.series.Dates, b.series.Kinds = append(b.series.Dates, day), append(b.series.Kinds, kind)
	b.series.Cases, b.series.Visits = append(b.series.Cases, cases), append(b.series.Visits, float64(visits))
}

// String writes the baseline so that a verdict can be computed again for ever: the
// factors, then each day as date:kind:cases/visits.
func (b baseline) String() string {
	if len(b.series.Dates) == 0 { // it was not needed
		return ""
	}
	var out []byte
	for i, f := range b.factors {
		if i > 0 {
			out = append(out, ' ')
		}
		out = strconv.AppendFloat(out, f, 'g', -1, 64)
	}
	for i, day := range b.series.Dates {
		out = fmt.Appendf(out, " %d:%d:%d/%d", day, b.series.Kinds[i], b.series.Cases[i], int32(b.series.Visits[i]))
	}
	return string(out)
}

// baselineFrom reads what String wrote.
func baselineFrom(text string) (b baseline, err error) {
	parts := strings.Fields(text)
	if len(parts) <= len(b.factors) {
		return b, fmt.Errorf("baseline of a verdict %.40q", text)
	}
	for i := range b.factors {
		if b.factors[i], err = strconv.ParseFloat(parts[i], 64); err != nil {
			return b, err
		}
	}
	for _, part := range parts[len(b.factors):] {
		var day vn.Date
		var kind outbreak.DayKind
		var cases, visits int32
		if _, err := fmt.Sscanf(part, "%d:%d:%d/%d", &day, &kind, &cases, &visits); err != nil {
			return b, fmt.Errorf("baseline of a verdict %q: %w", part, err)
		}
		b.add(day, kind, cases, visits)
	}
	return b, nil
}

// weekly is the probability of such a day in a week of seven, as that of other
// alerts is of a week.
func (v SyndromeVerdict) weekly() float64 { return math.Min(1, 7*math.Max(v.Chance, 1e-300)) }

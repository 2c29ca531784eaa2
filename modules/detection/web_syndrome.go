// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"math"
	"net/http"
	"time"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
	"mach/web"
)

// syndromeDay is one day of a picture.
type syndromeDay struct {
	Day           vn.Date
	Cases, Visits int     // no visits: silent
	Expected      float64 // visits for the syndrome, by their share; NaN when not judged
	Bound         float64
	Alarm         bool
	Off           bool // a Sunday or a day off by law
	Holiday       string
}

// share is the percentage of the visits that a number of them is; NaN on a
// silent day.
func (d syndromeDay) share(n float64) float64 {
	if d.Visits == 0 {
		return math.NaN()
	}
	return 100 * n / float64(d.Visits)
}

// picture is a syndrome in a unit, day by day.
type picture struct {
	content.Syndrome
	Days   []syndromeDay
	Judged bool // some day had enough before it to compare with
}

// newest is the last day with visits; false when there is none.
func (p picture) newest() (syndromeDay, bool) {
	for i := len(p.Days) - 1; i >= 0; i-- {
		if p.Days[i].Visits > 0 {
			return p.Days[i], true
		}
	}
	return syndromeDay{}, false
}

// picture judges the last days of a syndrome for a drawing: the lines also where
// there are too few visits for an alarm.
func (d *daily) picture(s content.Syndrome, on vn.Date, rule content.SyndromeRule, w *outbreak.Work) (picture, error) {
	p := picture{Syndrome: s}
	from := on.AddDays(1 - rule.ShownDays)
	for i, kind := range kindsOf(from, on) {
		day := from + vn.Date(i)
		x := syndromeDay{Day: day, Cases: int(d.at(s.ID, day)), Visits: int(d.at(allVisits, day)), Expected: math.NaN(), Bound: math.NaN(),
			Off: kind == 0 || kind == outbreak.DayOff || kind == outbreak.DayTet}
		if h, ok := calendar().Holiday(day); ok {
			x.Holiday = h.Key
		}
		if x.Visits > 0 {
			b := d.baselineOf(s.ID, day, rule)
			said, err := outbreak.JudgeSyndrome(b.series, b.factors, len(b.series.Dates)-1, false, false, w)
			if err != nil {
				return p, err
			}
			if said.Share.Reason == outbreak.Judged {
				x.Expected, x.Bound, p.Judged = said.Share.Expected, said.Share.Bound, true
			}
			x.Alarm = said.Alarm && x.Cases >= rule.LeastVisits && said.Chance <= rule.Alpha
		}
		p.Days = append(p.Days, x)
	}
	return p, nil
}

// syndromesData is the page of syndromes of a unit.
type syndromesData struct {
	Unit     vn.Unit
	Path     []vn.Unit
	Pictures []picture
	Last     vn.Date // newest day with visits; vn.ZeroDate when there never were any
	Silent   bool    // no visit for longer than a long weekend
	Now      time.Time
	Today    vn.Date
	Rule     content.SyndromeRule
	Alerts   map[string]Alert // by syndrome: those of the unit itself that wait
}

// silentDays is how long a unit may have no visit before it is called silent:
// Tết is the longest that doors are closed.
const silentDays = 7

func (m *Module) syndromesPage(w http.ResponseWriter, r *http.Request) error {
	ctx, a, on := r.Context(), web.Actor(r), web.Today(r)
	p := syndromesData{Now: web.Now(ctx), Today: on, Rule: content.SyndromeRuleOn(on), Last: vn.ZeroDate, Alerts: map[string]Alert{}}
	var err error
	if p.Unit, p.Path, err = m.unit(r); err != nil {
		return err
	}
	d, err := m.visits(ctx, a, p.Unit.ID, on, p.Rule)
	if err != nil {
		return err
	}
	from := on.AddDays(-p.Rule.HistoryDays)
	for i, n := range d.span(allVisits, from, on) {
		if n > 0 {
			p.Last = from + vn.Date(i)
		}
	}
	p.Silent = p.Last.Known() && p.Last < on-silentDays
	for _, s := range content.Syndromes(on) {
		one, err := d.picture(s, on, p.Rule, new(outbreak.Work))
		if err != nil {
			return err
		}
		p.Pictures = append(p.Pictures, one)
	}
	list, err := m.alerts(ctx, a, p.Unit.ID, ` and unit = ? and answer = '' and holds = 1 order by opened desc, alert limit ?`, int64(p.Unit.ID))
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.Syndrome() {
			p.Alerts[x.Disease] = x
		}
	}
	return web.Render(w, r, syndromesPage(p))
}

// sighted is what the page of an alert of a syndrome shows of it.
type sighted struct {
	Picture picture
	Verdict *SyndromeVerdict // the newest that is an alarm
}

// sighted reads what an alert of a syndrome rests on; nil for one of a disease.
func (m *Module) sighted(r *http.Request, alert Alert) (*sighted, error) {
	s, ok := syndrome(alert.Disease)
	if !ok {
		return nil, nil
	}
	ctx, a, on := r.Context(), web.Actor(r), web.Today(r)
	rule := content.SyndromeRuleOn(on)
	d, err := m.visits(ctx, a, alert.Unit, on, rule)
	if err != nil {
		return nil, err
	}
	var x sighted
	if x.Picture, err = d.picture(s, on, rule, new(outbreak.Work)); err != nil {
		return nil, err
	}
	list, err := m.SyndromeVerdicts(ctx, a, s.ID, alert.Unit, alert.Since)
	for i := range list {
		if list[i].Alarm {
			x.Verdict = &list[i]
		}
	}
	return &x, err
}

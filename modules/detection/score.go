// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"slices"
	"time"

	"mach/store"
	"mach/vn"
)

// Score is how alerts of a month fared.
type Score struct {
	Alerts   int // that waited for people: those withdrawn before are not among them
	Answered int
	InTime   int
	Hours    float64 // to the answer, the median; 0 when nobody answered
	Real     int     // answered by an event
	Verified int     // whose event was verified
	Missed   int     // verified events that no alert came before
	hours    []float64
}

// Share is n of m, and whether m is enough to say so.
func share(n, m int) (float64, bool) {
	if m < leastShare {
		return 0, false
	}
	return 100 * float64(n) / float64(m), true
}

// leastShare is how many alerts a percentage needs.
const leastShare = 5

func (s *Score) add(a scored) {
	s.Alerts++
	if !a.answered.IsZero() {
		s.Answered++
		s.hours = append(s.hours, a.answered.Sub(a.opened).Hours())
		if !a.answered.After(a.due) {
			s.InTime++
		}
	}
	if a.answer == Real {
		s.Real++
	}
	if a.verified {
		s.Verified++
	}
}

func (s *Score) close() {
	slices.Sort(s.hours)
	if n := len(s.hours); n > 0 {
		s.Hours = (s.hours[(n-1)/2] + s.hours[n/2]) / 2
	}
}

// scored is an alert as the scorecard needs it.
type scored struct {
	unit, province        vn.UnitID
	opened, answered, due time.Time
	answer                Kind
	verified              bool
}

// Card is the scorecard of a unit for a month.
type Card struct {
	Month vn.Month
	All   Score
	Below map[vn.UnitID]Score // units right below that had any
}

// Card reads the scorecard of a unit for a month of openings.
func (m *Module) Card(ctx context.Context, a store.Actor, unit vn.UnitID, month vn.Month) (Card, error) {
	from, to := month.Start().Time().UnixMicro(), month.Add(1).Start().Time().UnixMicro()
	where, args := m.within(unit)
	alerts, err := figures(ctx, m, a, unit, "scorecard", func(scan store.Scan) (scored, error) {
		var s scored
		var u, province, opened, answered, due int64
		var verified int
		err := scan(&u, &province, &opened, &answered, &due, &s.answer, &verified)
		s.unit, s.province, s.opened, s.due, s.verified = vn.UnitID(u), vn.UnitID(province), time.UnixMicro(opened), time.UnixMicro(due), verified == 1
		if answered != 0 {
			s.answered = time.UnixMicro(answered)
		}
		return s, err
	}, `select a.unit, a.province, a.opened, a.answered, a.due, a.answer,
		  case when exists (select 1 from detection_step s join detection_step v on v.first = s.first and v.kind = 'verified' where s.alert = a.alert
		       and not exists (select 1 from detection_step d where d.first = s.first and d.kind = 'discarded' and d.seq > v.seq)) then 1 else 0 end
		  from detection_alert a where a.opened >= ? and a.opened < ? and (a.answer <> '' or a.holds = 1)`+where, append([]any{from, to}, args...)...)
	if err != nil {
		return Card{}, err
	}
	missed, err := m.missed(ctx, a, unit, from, to)
	if err != nil {
		return Card{}, err
	}
	c := Card{Month: month, Below: map[vn.UnitID]Score{}}
	for _, s := range alerts {
		c.All.add(s)
		if below := m.below(s.unit, unit); below != 0 {
			one := c.Below[below]
			one.add(s)
			c.Below[below] = one
		}
	}
	for _, u := range missed {
		c.All.Missed++
		if below := m.below(u, unit); below != 0 {
			one := c.Below[below]
			one.Missed++
			c.Below[below] = one
		}
	}
	c.All.close()
	for u, s := range c.Below {
		s.close()
		c.Below[u] = s
	}
	return c, nil
}

// daysBefore is how long before an event an alert counts as its warning.
const daysBefore = 28

// missed are the units of the events that were verified, began in the span and
// had no alert of their disease and unit before.
func (m *Module) missed(ctx context.Context, a store.Actor, unit vn.UnitID, from, to int64) ([]vn.UnitID, error) {
	units, err := figures(ctx, m, a, unit, "missed events", func(scan store.Scan) (vn.UnitID, error) {
		var u int64
		err := scan(&u)
		return vn.UnitID(u), err
	}, `select s.unit from detection_step s join detection_step v on v.first = s.step and v.kind = 'verified'
		 where s.step = s.first and s.kind = 'signal' and s.at >= ? and s.at < ? and s.alert = '' and v.disease <> ''
		   and not exists (select 1 from detection_alert a where a.unit = s.unit and a.disease = v.disease and a.opened <= s.at and a.opened > s.at - ?)
		   and not exists (select 1 from detection_step d where d.first = s.step and d.kind = 'discarded' and d.seq > v.seq)
		 group by s.step, s.unit`, from, to, (daysBefore * 24 * time.Hour).Microseconds())
	return slices.DeleteFunc(units, func(u vn.UnitID) bool { return !m.units.Within(u, unit) }), err
}

// below is the unit right below top that holds u; 0 when there is none.
func (m *Module) below(u, top vn.UnitID) vn.UnitID {
	path := m.units.Above(u)
	if i := slices.Index(path, top); i >= 0 && i+1 < len(path) {
		return path[i+1]
	}
	return 0
}

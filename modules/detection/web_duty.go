// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"net/http"

	"mach/vn"
	"mach/web"
)

// dutyData is the roster of a unit.
type dutyData struct {
	Unit    vn.Unit
	Now     []OnDuty
	Next    []OnDuty
	Workers []Worker
	Form    *web.Form
	Keeps   bool
	Today   vn.Date
}

func (m *Module) dutyData(r *http.Request, f *web.Form) (dutyData, error) {
	ctx, a := r.Context(), web.Actor(r)
	p := dutyData{Form: f, Today: web.Today(r)}
	var err error
	if p.Unit, _, err = m.unit(r); err != nil {
		return p, err
	}
	p.Keeps = keepsDuty(a.Role) && p.Unit.ID == a.Oversees(m.units)
	list, err := m.Duties(ctx, a, p.Unit.ID, p.Today)
	if err != nil {
		return p, err
	}
	for _, o := range list {
		if o.From <= p.Today {
			p.Now = append(p.Now, o)
		} else {
			p.Next = append(p.Next, o)
		}
	}
	if p.Keeps {
		p.Workers, err = m.Workers(ctx, a)
	}
	return p, err
}

func (m *Module) dutyPage(w http.ResponseWriter, r *http.Request) error {
	today := web.Today(r)
	p, err := m.dutyData(r, web.Blank(r, "from", today.String(), "to", today.AddDays(6).String()))
	if err != nil {
		return err
	}
	return web.Render(w, r, dutyPage(p))
}

func (m *Module) addDuty(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	who, from, to := f.Required("who"), f.Date("from"), f.Date("to")
	if f.OK() {
		if err := f.Add(m.AddDuty(r.Context(), web.Actor(r), who, from, to, web.OnceKey(r))); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.dutyData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, dutyPage(p))
	}
	web.Flash(w, r, "detection.duty.added")
	return web.Redirect(w, r, "/canh-bao/truc")
}

func (m *Module) endDuty(w http.ResponseWriter, r *http.Request) error {
	if err := m.EndDuty(r.Context(), web.Actor(r), r.PathValue("schedule"), web.OnceKey(r)); err != nil {
		return err
	}
	web.Flash(w, r, "detection.duty.ended")
	return web.Redirect(w, r, "/canh-bao/truc")
}

// scoreData is the scorecard of a unit for a month.
type scoreData struct {
	Card
	Unit   vn.Unit
	Months []vn.Month // that may be chosen, newest first
	names  map[vn.UnitID]vn.Unit
}

// monthsShown is how many months a scorecard offers.
const monthsShown = 12

func (m *Module) scorePage(w http.ResponseWriter, r *http.Request) error {
	p := scoreData{names: map[vn.UnitID]vn.Unit{}}
	var err error
	if p.Unit, _, err = m.unit(r); err != nil {
		return err
	}
	month := vn.MonthOf(web.Today(r))
	for i := range monthsShown {
		one := month.Add(-i)
		p.Months = append(p.Months, one)
		if r.URL.Query().Get("thang") == one.String() {
			p.Month = one
		}
	}
	if p.Month == (vn.Month{}) {
		p.Month = month
	}
	if p.Card, err = m.Card(r.Context(), web.Actor(r), p.Unit.ID, p.Month); err != nil {
		return err
	}
	for id := range p.Below {
		p.names[id], _ = m.units.Get(id)
	}
	return web.Render(w, r, scorePage(p))
}

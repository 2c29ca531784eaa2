// SPDX-License-Identifier: Apache-2.0

package events

import (
	"net/http"
	"slices"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// paperData is the daily report of a focus on paper (TT 15/2026/TT-BYT Article
// 26.1d): as it was sent, not as things stand now. The event is what its steps up
// to the report amount to.
type paperData struct {
	eventData
	Report Step
	Day    vn.Date
	Nth    int // of the focus
	Agency string
	Above  vn.Unit // whose office is above the agency: commune, or province of a CDC
	Until  []Duty  // given before it was sent, done or not as it was then
}

func (m *Module) paperPage(w http.ResponseWriter, r *http.Request) error {
	e, err := m.eventData(r, web.Blank(r))
	if err != nil {
		return err
	}
	p, ok := paperOf(e, r.PathValue("step"))
	if !ok {
		return issue.New(issue.NotFound, "events.daily.gone")
	}
	if org, err := m.store.For(web.Actor(r)).Read(r.Context(), "Organization", p.Report.Facility); err == nil && ofProvince(org) {
		p.Above, _ = m.units.Get(m.units.ProvinceOf(p.Unit.ID))
	}
	return web.Render(w, r, paperPage(p))
}

// paperOf is the event as it was when the daily report was sent; false when there
// is no such report.
func paperOf(e eventData, report string) (paperData, bool) {
	p := paperData{eventData: e, Above: e.Unit}
	for i, s := range e.Steps {
		if s.Kind != Daily || slices.Contains(e.Void, s.ID) {
			continue
		}
		p.Nth++
		if s.ID != report {
			continue
		}
		p.Report, p.Day, p.Agency, p.Until = s, vn.DateOf(s.At), s.Office, asOf(e.Duties, s.Written)
		var ok bool
		p.Event, ok = fold(e.Steps[:i+1])
		return p, ok
	}
	return p, false
}

// ofProvince reports whether the organization is a centre for disease control,
// which is under the department of health.
func ofProvince(org *fhir.Doc) bool {
	for t := range org.Each("type") {
		if t.Code(fhir.CSFacilityType) == string(store.CDC) {
			return true
		}
	}
	return false
}

// asOf are the duties as they stood at the moment.
func asOf(list []Duty, at time.Time) []Duty {
	var out []Duty
	for _, d := range list {
		if d.Given.After(at) {
			continue
		}
		if d.Done.After(at) {
			d.Done = time.Time{}
		}
		out = append(out, d)
	}
	return out
}

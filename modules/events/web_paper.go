// SPDX-License-Identifier: Apache-2.0

package events

import (
	"net/http"
	"slices"

	"mach/issue"
	"mach/vn"
	"mach/web"
)

// paperData is the daily report of a focus on paper (TT 15/2026/TT-BYT Article
// 26.1d): as it was sent, not as things stand now.
type paperData struct {
	eventData
	Report Step
	Day    vn.Date
	Nth    int // of the focus
	Agency string
	Until  []Duty // given before it was sent
}

func (m *Module) paperPage(w http.ResponseWriter, r *http.Request) error {
	e, err := m.eventData(r, web.Blank(r))
	if err != nil {
		return err
	}
	p := paperData{eventData: e}
	for _, s := range e.Steps {
		if s.Kind != Daily || slices.Contains(e.Void, s.ID) {
			continue
		}
		p.Nth++
		if s.ID == r.PathValue("step") {
			p.Report, p.Day = s, vn.DateOf(s.At)
			break
		}
	}
	if p.Report.ID == "" {
		return issue.New(issue.NotFound, "events.daily.gone")
	}
	p.Agency = p.Report.Office
	for _, d := range e.Duties {
		if d.Done.IsZero() || !d.Done.After(p.Report.Written) {
			p.Until = append(p.Until, d)
		}
	}
	return web.Render(w, r, paperPage(p))
}

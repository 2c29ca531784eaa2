// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"encoding/json"
	"net/http"

	"mach/issue"
	"mach/store"
	"mach/web"
)

// roomPage is the live room: faces left, the record right. Only the doctor who
// asked and the expert named find it, and only while it is open.
func (m *Module) roomPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.caseData(r)
	if err != nil {
		return err
	}
	if !p.Takes(web.Actor(r).Practitioner) {
		return issue.New(issue.NotFound, "telehealth.unknown")
	}
	if !p.State.Meets() {
		return web.Redirect(w, r, path(p.ID))
	}
	if !m.rooms.Offered() {
		return issue.New(issue.NotSupported, "rtc.none")
	}
	if to := m.rooms.BrowserURL(); to != "" {
		web.AllowConnect(w, to)
	}
	return web.Render(w, r, roomPage(p))
}

// ticket answers the room's script with a short token. It is asked anew at
// every entry, also after a broken line.
func (m *Module) ticket(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	if err := f.Err(); err != nil {
		return err
	}
	a := web.Actor(r)
	token, err := m.Enter(r.Context(), a, r.PathValue("id"), f.Get("device"))
	if err != nil {
		return err
	}
	names, err := m.names(r, a)
	if err != nil {
		return err
	}
	return answer(w, map[string]any{"url": m.rooms.BrowserURL(), "token": token, "names": names})
}

// people tells the script who a newcomer is.
func (m *Module) people(w http.ResponseWriter, r *http.Request) error {
	names, err := m.names(r, web.Actor(r))
	if err != nil {
		return err
	}
	return answer(w, names)
}

// names returns the names of those who meet, by practitioner: the room's
// identities begin with that id.
func (m *Module) names(r *http.Request, a store.Actor) (map[string]string, error) {
	c, err := m.One(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	if !c.Takes(a.Practitioner) {
		return nil, issue.New(issue.NotFound, "telehealth.unknown")
	}
	names := map[string]string{c.Requester: c.RequesterName}
	if c.Expert != "" {
		names[c.Expert] = c.ExpertName
	}
	return names, nil
}

func answer(w http.ResponseWriter, v any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(v)
}

// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"fmt"
	"net/http"
	"net/url"

	"mach/content"
	"mach/store"
	"mach/web"
)

// Who opens what. Rows are judged one by one behind these doors.
var (
	askers   = web.Roles(store.Doctor, store.StationDirector, store.PrivateClinic)
	hospital = web.Roles(store.Coordinator)
	experts  = web.Roles(store.Expert)
	meeting  = web.Roles(store.Doctor, store.StationDirector, store.PrivateClinic, store.Expert)
	everyone = web.Roles(store.Doctor, store.StationDirector, store.PrivateClinic, store.Coordinator, store.Expert)
)

// Routes registers the pages under /hoi-chan.
func (m *Module) Routes(mux *web.Mux) {
	mux.Get("/hoi-chan", everyone, m.listPage)
	mux.Get("/hoi-chan/danh-sach", everyone, m.listPart)
	mux.Get("/hoi-chan/moi", askers, m.askPage)
	mux.Post("/hoi-chan", askers, m.ask)
	mux.Get("/hoi-chan/{id}", everyone, m.casePage)
	mux.Get("/hoi-chan/tinh-trang/{id}", everyone, m.statePart)
	mux.Post("/hoi-chan/{id}/nhan", hospital, m.accept)
	mux.Post("/hoi-chan/{id}/tu-choi", hospital, m.decline)
	mux.Post("/hoi-chan/{id}/huy", askers, m.cancel)
	mux.Post("/hoi-chan/{id}/ket-luan", experts, m.conclude)
	mux.Post("/hoi-chan/{id}/quyet-dinh", askers, m.decide)
	mux.Get("/hoi-chan/phong/{id}", meeting, m.roomPage)
	mux.Post("/hoi-chan/{id}/phong/ve", meeting, m.ticket).Repeatable() // each ticket is a new one
	mux.Get("/hoi-chan/{id}/phong/nguoi", meeting, m.people)
	mux.Get("/hoi-chan/luot-kham/{encounter}", web.AnyStaff, m.visitPart)
	mux.Get("/hoi-chan/nguoi/{patient}", web.AnyStaff, m.personPart)
	mux.Get("/dau-vet/telehealth/{encounter}", web.AnyStaff, m.trace)
}

func path(id string) string { return "/hoi-chan/" + url.PathEscape(id) }

// listData is a list of consultations as one reader sees it.
type listData struct {
	Cases []Case
	Done  bool
	Role  store.Role
}

func (m *Module) list(r *http.Request) (listData, error) {
	a := web.Actor(r)
	p := listData{Role: a.Role, Done: r.URL.Query().Get("xem") == "xong"}
	var err error
	p.Cases, err = m.List(r.Context(), a, !p.Done)
	if err != nil {
		return p, fmt.Errorf("list of consultations: %w", err)
	}
	return p, nil
}

func (m *Module) listPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.list(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, listPage(p))
}

func (m *Module) listPart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.list(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, listLive(p))
}

// askData is the form that asks for a consultation.
type askData struct {
	Record    Record
	Hospitals []Hospital
	Times     []content.ConsultationTime
	Form      *web.Form
}

func (m *Module) askPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.askData(r, r.URL.Query().Get("encounter"), web.Blank(r, "urgency", "routine"))
	if err != nil {
		return err
	}
	return web.Render(w, r, askPage(p))
}

func (m *Module) askData(r *http.Request, encounter string, f *web.Form) (askData, error) {
	ctx, a := r.Context(), web.Actor(r)
	p := askData{Form: f, Times: content.ConsultationTimes(web.Today(r))}
	var err error
	if p.Record, err = m.record(ctx, a, encounter); err != nil {
		return p, err
	}
	p.Hospitals, err = m.Hospitals(ctx, a)
	return p, err
}

func (m *Module) ask(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	q := Question{
		Encounter: f.Get("encounter"), Hospital: f.Required("hospital"), Urgency: f.Required("urgency"),
		Text: f.Required("question"),
	}
	f.Text("question", 4000)
	id := ""
	if f.OK() {
		var err error
		if id, err = m.Ask(r.Context(), web.Actor(r), web.OnceKey(r), q); f.Add(err) != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.askData(r, q.Encounter, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, askPage(p))
	}
	web.Flash(w, r, "telehealth.asked")
	return web.Redirect(w, r, path(id))
}

// visitPart is the panel of consultations on the page of a visit.
func (m *Module) visitPart(w http.ResponseWriter, r *http.Request) error {
	encounter, a := r.PathValue("encounter"), web.Actor(r)
	cases, err := m.OfVisit(r.Context(), a, encounter)
	if err != nil {
		return fmt.Errorf("consultations of a visit: %w", err)
	}
	p := partData{Cases: cases, Encounter: encounter, Asks: asks(a.Role) && a.Practitioner != ""}
	return web.Fragment(w, r, visitPart(p))
}

// partData is a few consultations on another module's page.
type partData struct {
	Cases     []Case
	Encounter string
	Asks      bool
}

// personPart is the panel on the page of a person; nothing when there is none.
func (m *Module) personPart(w http.ResponseWriter, r *http.Request) error {
	cases, err := m.OfPerson(r.Context(), web.Actor(r), r.PathValue("patient"))
	if err != nil {
		return fmt.Errorf("consultations of a person: %w", err)
	}
	return web.Fragment(w, r, personPart(cases))
}

// trace lists the consultations that one visit led to.
func (m *Module) trace(w http.ResponseWriter, r *http.Request) error {
	encounter := r.PathValue("encounter")
	cases, err := m.OfVisit(r.Context(), web.Actor(r), encounter)
	if err != nil {
		return fmt.Errorf("consultations of a visit: %w", err)
	}
	return web.Fragment(w, r, tracePart(cases))
}

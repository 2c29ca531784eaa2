// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"net/http"

	"mach/access"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// place is a facility that can be chosen.
type place struct {
	ID, Name, Where string
	station         string // of a sub-site (điểm trạm): the facility it belongs to
	Unit            vn.UnitID
}

// findPlaces finds facilities by part of their name, at most twenty.
func (m *Module) findPlaces(ctx context.Context, a store.Actor, text string) ([]place, error) {
	if text == "" {
		return nil, nil
	}
	page, err := m.store.For(a).Search(ctx, store.Query{Type: "Organization", Params: [][2]string{{"name:contains", text}}, Count: 20})
	if err != nil {
		return nil, err
	}
	var out []place
	for _, d := range page.Docs {
		out = append(out, m.placeOf(d))
	}
	return out, nil
}

// place returns one facility by id.
func (m *Module) place(ctx context.Context, a store.Actor, id string) (place, error) {
	d, err := m.store.For(a).Read(ctx, "Organization", id)
	if err != nil {
		return place{}, err
	}
	return m.placeOf(d), nil
}

// facility is the place as the record knows it, with the sub-site in it, "" at
// the seat.
func (p place) facility() (id, site string) {
	if p.station != "" {
		return p.station, p.ID
	}
	return p.ID, ""
}

func (m *Module) placeOf(d *fhir.Doc) place {
	p := place{ID: d.ID(), Name: d.Get("name").String(), Where: d.Get("address", "text").String()}
	if d.Get("type", "0").Code(fhir.CSFacilityType) == "substation" {
		p.station = d.Get("partOf").RefID("Organization")
	}
	for e := range d.Get("address").Each("extension") {
		if c := e.Get("valueCoding"); e.Get("url").String() == "https://mach.vn/ext/unit" && m.units != nil {
			on, err := vn.ParseDate(c.Get("version").String())
			if err != nil {
				on = vn.DateOf(m.now())
			}
			if u, ok := m.units.ByCode(c.Get("code").String(), on); ok {
				p.Unit = u.ID
			}
		}
	}
	return p
}

// consentData is what a person agreed to, and may agree to.
type consentData struct {
	Form   *web.Form
	List   []access.Consent
	Sought string
	Places []place
	Child  bool // a guardian asks for a child of seven or more
}

func (m *Module) consentPage(w http.ResponseWriter, r *http.Request) error {
	d, err := m.consents(r, web.Blank(r), r.URL.Query().Get("tim"))
	if err != nil {
		return err
	}
	return web.Render(w, r, consentPage(d))
}

func (m *Module) consents(r *http.Request, f *web.Form, sought string) (d consentData, err error) {
	ctx, a := r.Context(), web.Actor(r)
	d.Form, d.Sought = f, sought
	if d.List, err = m.access.Consents.List(ctx, a); err != nil {
		return d, err
	}
	if d.Places, err = m.findPlaces(ctx, a, sought); err != nil {
		return d, err
	}
	if a.Role == store.Guardian {
		birth, err := m.birth(ctx, a)
		if err != nil {
			return d, err
		}
		d.Child = !birth.Known() || web.Today(r) >= birth.AddMonths(12*7)
	}
	return d, nil
}

// birth reads the birth date of the actor's own person or ward; ZeroDate when
// it is not known to the day.
func (m *Module) birth(ctx context.Context, a store.Actor) (vn.Date, error) {
	d, err := m.store.For(a).Read(ctx, "Patient", a.Patient)
	if err != nil {
		return vn.ZeroDate, err
	}
	return dayOf(d), nil
}

func dayOf(d *fhir.Doc) vn.Date {
	day, err := vn.ParseDate(d.Get("birthDate").String())
	if err != nil {
		return vn.ZeroDate
	}
	return day
}

func (m *Module) consent(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	f := web.ParseForm(r)
	n := access.NewConsent{Facility: f.Required("facility"), Purpose: f.Required("purpose"), Until: f.Date("until"), ChildAgrees: f.Flag("child_agrees")}
	if f.OK() {
		at, err := m.place(ctx, a, n.Facility)
		if err != nil {
			return err
		}
		birth, err := m.birth(ctx, a)
		if err != nil {
			return err
		}
		n.FacilityName = at.Name
		n.Facility, _ = at.facility()
		_, err = m.access.Consents.Give(ctx, a, birth, n)
		if err := take(f, err); err != nil {
			return err
		}
	}
	if !f.OK() {
		d, err := m.consents(r, f, f.Get("tim"))
		if err != nil {
			return err
		}
		return web.Refuse(w, r, consentPage(d))
	}
	web.Flash(w, r, "account.consent.given")
	return web.Redirect(w, r, "/tai-khoan/dong-y")
}

func (m *Module) withdraw(w http.ResponseWriter, r *http.Request) error {
	if err := m.access.Consents.Withdraw(r.Context(), web.Actor(r), r.PathValue("id")); err != nil {
		return err
	}
	web.Flash(w, r, "account.consent.withdrawn")
	return web.Redirect(w, r, "/tai-khoan/dong-y")
}

// notices is a part of the health book: who opened it in an emergency.
func (m *Module) notices(w http.ResponseWriter, r *http.Request) error {
	list, err := m.access.Emergency.Notices(r.Context(), web.Actor(r))
	if err != nil {
		return err
	}
	if web.IsPartial(r) {
		return web.Fragment(w, r, noticesPart(list))
	}
	return web.Render(w, r, noticesPage(list))
}

// guardianData is who may see a child's record.
type guardianData struct {
	Form    *web.Form
	Patient string
	Name    string
	Birth   vn.Date
	Asked   bool // the child is seven or more
	List    []access.Guardianship
	Found   []Stranger // by number, while nobody is chosen
	Sought  bool
}

func (m *Module) guardianPage(w http.ResponseWriter, r *http.Request) error {
	d, err := m.guardians(r, web.Blank(r), r.URL.Query().Get("nguoi"))
	if err != nil {
		return err
	}
	return web.Render(w, r, guardianPage(d))
}

// findChild finds the ward by number and birth year.
func (m *Module) findChild(w http.ResponseWriter, r *http.Request) error {
	d := guardianData{Form: web.ParseForm(r)}
	var err error
	if d.Found, d.Sought, err = m.seek(r, d.Form); err != nil {
		return err
	}
	if !d.Form.OK() {
		return web.Refuse(w, r, guardianPage(d))
	}
	return web.Render(w, r, guardianPage(d))
}

// guardians reads the ward as the actor first: the store decides whether this
// worker may know of it at all.
func (m *Module) guardians(r *http.Request, f *web.Form, patient string) (d guardianData, err error) {
	ctx, a := r.Context(), web.Actor(r)
	d.Form, d.Patient = f, patient
	if patient == "" {
		return d, nil
	}
	who, err := m.store.For(a).Read(ctx, "Patient", patient)
	if err != nil {
		return d, err
	}
	d.Name, d.Birth = who.Get("name", "text").String(), dayOf(who)
	d.Asked = d.Birth.Known() && web.Today(r) >= d.Birth.AddMonths(12*7)
	d.List, err = m.access.Guardians.OfWard(ctx, a, patient)
	return d, err
}

func (m *Module) addGuardian(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	f := web.ParseForm(r)
	d, err := m.guardians(r, f, f.Required("patient"))
	if err != nil {
		return err
	}
	login := f.Required("login")
	kind, proof := f.Choice("kind", access.GuardianKinds()...), f.Text("proof", 200)
	if f.OK() {
		acc, err := m.access.Accounts.ByLogin(ctx, login)
		if issue.Is(err, issue.NotFound) {
			f.Fail("login", issue.NotFound, "account.guardian.unknown")
		} else if err != nil {
			return err
		} else {
			_, err = m.access.Guardians.Record(ctx, a, access.NewGuardianship{Account: acc.ID, Patient: d.Patient, WardName: d.Name,
				Kind: kind, Birth: d.Birth, ChildAgrees: f.Flag("child_agrees"), Proof: proof})
			if err := take(f, err); err != nil {
				return err
			}
		}
	}
	if !f.OK() {
		return web.Refuse(w, r, guardianPage(d))
	}
	web.Flash(w, r, "account.guardian.recorded")
	return web.Redirect(w, r, "/tai-khoan/giam-ho?nguoi="+d.Patient)
}

// changeGuardian records the child's agreement, or ends the guardianship.
func (m *Module) changeGuardian(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	f := web.ParseForm(r)
	d, err := m.guardians(r, f, f.Required("patient"))
	if err != nil {
		return err
	}
	id := r.PathValue("id")
	known := false
	for _, g := range d.List {
		known = known || g.ID == id
	}
	if !known { // of another child: this worker has not read that one
		return issue.New(issue.NotFound, "access.not_found")
	}
	change := m.access.Guardians.End
	if f.Get("do") == "agree" {
		change = m.access.Guardians.ChildAgrees
	}
	if err := change(ctx, a, id); err != nil {
		return err
	}
	web.Flash(w, r, "account.guardian.recorded")
	return web.Redirect(w, r, "/tai-khoan/giam-ho?nguoi="+d.Patient)
}

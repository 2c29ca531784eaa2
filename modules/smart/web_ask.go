// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"mach/access"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/web"
)

// choice is a record that the application may be let into.
type choice struct {
	ID    string // of the role it is seen in, or of the Patient
	Text  string
	Birth string
	Note  string // of one's own: whose it is
}

// askData is the page on which somebody agrees, or first chooses the record.
type askData struct {
	Request  request
	Citizen  bool
	Form     *web.Form
	Scopes   []string // that are asked about one by one
	Patient  choice   // the record at hand; "" = none is needed
	Own      []choice // records of one's own to choose from
	Sought   string   // staff: part of a name
	Found    []choice
	Choosing bool    // the record is not chosen yet
	Visits   []visit // to choose from; empty = chosen, or none is asked for
	Visit    visit   // chosen
	Passed   bool    // none of them was wanted
	Without  bool    // one is asked for, and there is none to choose
	Several  bool    // one's own records are more than the one chosen
}

// ask shows what an application wants.
func (m *Module) ask(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	req, err := m.read(r.Context(), q, m.base(r))
	if err != nil {
		return m.sendBack(w, r, req, err)
	}
	d, err := m.prepare(r, req, q)
	if err != nil {
		return m.sendBack(w, r, req, err)
	}
	d.Form = web.Blank(r)
	web.AllowForm(w, req.source())
	switch {
	case d.Choosing && d.Citizen:
		return web.Render(w, r, choosePage(d, chooseOwn(d)))
	case d.Choosing:
		return web.Render(w, r, choosePage(d, seek(d)))
	case len(d.Visits) > 0:
		return web.Render(w, r, visitPage(d))
	}
	return web.Render(w, r, askPage(d))
}

// sendBack tells the application that its request is wrong; what must not go
// there stays here.
func (m *Module) sendBack(w http.ResponseWriter, r *http.Request, req request, err error) error {
	var no *refusal
	if !errors.As(err, &no) {
		return err
	}
	return web.Redirect(w, r, req.back("error", no.code, "error_description", no.why))
}

// prepare finds the record at hand: that of the launch, one's own or a ward's,
// or the one that a worker chose; then the visit, where one is asked for.
func (m *Module) prepare(r *http.Request, req request, q url.Values) (d askData, err error) {
	ctx, a, patient := r.Context(), web.Actor(r), q.Get("patient")
	d = askData{Request: req, Citizen: citizen(a), Sought: q.Get("tim")}
	for _, s := range req.scopes {
		if !implied(s) {
			d.Scopes = append(d.Scopes, s)
		}
	}
	switch {
	case req.launch != "":
		at, err := m.access.Apps.Launched(ctx, a, req.client.ID, req.launch)
		if issue.Is(err, issue.NotFound) {
			return d, &refusal{"invalid_request", "launch is unknown, used or too old"}
		}
		if err == nil {
			d.Patient, err = m.patient(ctx, a, at.Patient)
		}
		return d, err
	case !access.NeedsPatient(req.scopes):
	case d.Citizen:
		if d.Own, err = m.own(r); err == nil && d.atVisit() {
			err = m.ownVisit(r, q, &d)
		}
	case patient != "":
		if d.Patient, err = m.patient(ctx, a, patient); err == nil && d.atVisit() {
			err = m.chooseVisit(ctx, a, patient, q, &d)
		}
	default:
		d.Choosing = true
		d.Found, err = m.seek(ctx, a, d.Sought)
	}
	return d, err
}

// atVisit reports whether the application asks for a visit to start at.
func (d askData) atVisit() bool { return slices.Contains(d.Request.scopes, access.ScopeLaunchVisit) }

func citizen(a store.Actor) bool { return a.Role == store.Person || a.Role == store.Guardian }

// patient reads who the record is of, as the actor.
func (m *Module) patient(ctx context.Context, a store.Actor, id string) (choice, error) {
	doc, err := m.store.For(a).Read(ctx, "Patient", id)
	if err != nil {
		return choice{}, err
	}
	return chosen(doc), nil
}

func chosen(d *fhir.Doc) choice {
	return choice{ID: d.ID(), Text: d.Get("name", "0", "text").String(), Birth: d.Get("birthDate").String()}
}

// mostFound is how many persons are shown of those found.
const mostFound = 20

// seek finds persons by part of a name, at most mostFound, among those that the
// worker may find.
func (m *Module) seek(ctx context.Context, a store.Actor, text string) ([]choice, error) {
	if text == "" {
		return nil, nil
	}
	page, err := m.store.For(a).Search(ctx, store.Query{Type: "Patient", Params: [][2]string{{"name", text}}, Count: mostFound})
	var out []choice
	for _, d := range page.Docs {
		out = append(out, chosen(d))
	}
	return out, err
}

// own lists the own record and those of wards, by the role in which each is
// seen, the present one first. Whose a record is may be read in its own role
// only; of other wards the guardianship knows the name.
func (m *Module) own(r *http.Request) ([]choice, error) {
	ctx := r.Context()
	s, err := m.access.Sessions.Resolve(r)
	if err != nil {
		return nil, err
	}
	wards, err := m.access.Guardians.Mine(ctx, s.Actor)
	if err != nil {
		return nil, err
	}
	roles, err := m.access.Sessions.Roles(ctx, s)
	var out []choice
	for _, role := range roles {
		if role.Role != store.Person && role.Role != store.Guardian || role.Patient == "" {
			continue
		}
		one := choice{ID: role.ID, Text: web.T(ctx, "smart.own")}
		if role.Role == store.Guardian {
			one.Text, one.Note = web.T(ctx, "smart.ward"), role.FacilityName
		}
		if i := slices.IndexFunc(wards, func(g access.Guardianship) bool { return g.Patient == role.Patient }); i >= 0 && one.Note == "" {
			one.Note = wards[i].WardName
		}
		if role.ID != s.Assignment.ID {
			out = append(out, one)
			continue
		}
		whose, err := m.patient(ctx, web.Actor(r), role.Patient)
		if err != nil {
			return nil, err
		}
		one.Note = person(ctx, whose)
		out = slices.Insert(out, 0, one)
	}
	return out, err
}

// agree takes the answer and sends it to the application.
func (m *Module) agree(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	if f.Err() != nil {
		return f.Err()
	}
	q, err := url.ParseQuery(f.Get("request"))
	if err != nil {
		return issue.New(issue.Invalid, "smart.request.client")
	}
	req, err := m.read(r.Context(), q, m.base(r))
	if err != nil {
		return m.sendBack(w, r, req, err)
	}
	if f.Get("do") != "allow" {
		return web.Redirect(w, r, req.back("error", "access_denied", "error_description", "the person said no"))
	}
	x := access.Approval{Client: req.client, Launch: req.launch, Redirect: req.redirect, Challenge: req.challenge, Nonce: req.nonce}
	given := f.All("scope")
	for _, s := range req.scopes {
		if implied(s) || slices.Contains(given, s) {
			x.Scopes = append(x.Scopes, s)
		}
	}
	if !slices.ContainsFunc(x.Scopes, access.GivesSomething) {
		return web.Redirect(w, r, req.back("error", "access_denied", "error_description", "the person gave nothing"))
	}
	s, err := m.access.Sessions.Resolve(r)
	if err == nil && req.launch == "" && access.NeedsPatient(x.Scopes) {
		err = m.hold(r, s, f, &x)
	}
	code := ""
	if err == nil {
		s.Actor.Request = web.Actor(r).Request
		code, err = m.access.Apps.Approve(r.Context(), s, x)
	}
	if err != nil {
		return err
	}
	return web.Redirect(w, r, req.back("code", code))
}

// hold puts the chosen record and visit into the approval. Of a person's own
// they go by the role; a worker must be able to read them.
func (m *Module) hold(r *http.Request, s access.Session, f *web.Form, x *access.Approval) error {
	ctx, a := r.Context(), web.Actor(r)
	if citizen(a) {
		as, err := m.as(r, s, f.Get("role"))
		if f.Get("role") == "" || issue.Is(err, issue.Forbidden) || err == nil && as.Patient == "" {
			return issue.New(issue.NotFound, "access.not_found")
		}
		if err != nil {
			return err
		}
		a, x.Assignment, x.At.Patient = as, f.Get("role"), as.Patient
	} else {
		one, err := m.patient(ctx, a, f.Get("patient"))
		if err != nil {
			return err
		}
		x.At.Patient = one.ID
	}
	if !slices.Contains(x.Scopes, access.ScopeLaunchVisit) || f.Get("encounter") == "" {
		return nil
	}
	v, err := m.visit(ctx, a, x.At.Patient, f.Get("encounter"))
	x.At.Encounter = v.ID
	return err
}

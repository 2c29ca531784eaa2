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
	Choosing bool // staff: the record is not chosen yet
}

// ask shows what an application wants.
func (m *Module) ask(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	req, err := m.read(r.Context(), q, m.base(r))
	if err != nil {
		return m.sendBack(w, r, req, err)
	}
	d, err := m.prepare(r, req, q.Get("patient"), q.Get("tim"))
	if err != nil {
		return m.sendBack(w, r, req, err)
	}
	d.Form = web.Blank(r)
	web.AllowForm(w, req.source())
	if d.Choosing {
		return web.Render(w, r, choosePage(d))
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
// or the one that a worker chose.
func (m *Module) prepare(r *http.Request, req request, patient, sought string) (d askData, err error) {
	ctx, a := r.Context(), web.Actor(r)
	d = askData{Request: req, Citizen: citizen(a), Sought: sought}
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
	case !needsPatient(req.scopes):
	case d.Citizen:
		d.Own, err = m.own(r)
	case patient != "":
		d.Patient, err = m.patient(ctx, a, patient)
	default:
		d.Choosing = true
		d.Found, err = m.seek(ctx, a, sought)
	}
	return d, err
}

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
	if !slices.ContainsFunc(x.Scopes, asksSomething) {
		return web.Redirect(w, r, req.back("error", "access_denied", "error_description", "the person gave nothing"))
	}
	s, err := m.access.Sessions.Resolve(r)
	if err == nil && req.launch == "" && needsPatient(x.Scopes) {
		err = m.hold(r, f, &x)
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

// hold puts the chosen record into the approval. Of a person's own it goes by
// the role; a worker must be able to read it.
func (m *Module) hold(r *http.Request, f *web.Form, x *access.Approval) error {
	a := web.Actor(r)
	if !citizen(a) {
		one, err := m.patient(r.Context(), a, f.Get("patient"))
		x.At.Patient = one.ID
		return err
	}
	s, err := m.access.Sessions.Resolve(r)
	if err != nil {
		return err
	}
	roles, err := m.access.Sessions.Roles(r.Context(), s)
	if err != nil {
		return err
	}
	for _, role := range roles {
		if role.ID == f.Get("role") && role.Patient != "" {
			x.Assignment, x.At.Patient = role.ID, role.Patient
			return nil
		}
	}
	return issue.New(issue.NotFound, "access.not_found")
}

// SPDX-License-Identifier: Apache-2.0

package events

import (
	"bytes"
	"encoding/csv"
	"net/http"
	"slices"
	"strings"

	"mach/issue"
	"mach/vn"
	"mach/web"
)

// linesData is the line list of a focus.
type linesData struct {
	eventData
	Lines []Line
	Near  []Line // that may belong to it
	Pairs []Pair // that share an exposure and are not linked yet
}

func (m *Module) lines(r *http.Request, near bool) (linesData, error) {
	ctx, a := r.Context(), web.Actor(r)
	e, err := m.eventData(r, web.Blank(r))
	p := linesData{eventData: e}
	if err != nil {
		return p, err
	}
	if e.Event.Focus == "" {
		return p, issue.New(issue.NotFound, "events.focus.none")
	}
	cases, err := m.Cases(ctx, a, e.Event)
	if err != nil {
		return p, err
	}
	if p.Lines, err = m.Lines(ctx, a, cases); err != nil || !near {
		return p, err
	}
	if cases, err = m.Near(ctx, a, e.Event); err != nil {
		return p, err
	}
	if p.Near, err = m.Lines(ctx, a, cases); err != nil {
		return p, err
	}
	p.Near, p.Pairs = shared(p.Lines, p.Near), unlinked(p.Lines)
	return p, nil
}

func (m *Module) linesPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.lines(r, true)
	if err != nil {
		return err
	}
	return web.Render(w, r, linesPage(p))
}

// linesFile is the line list as CSV, all questions of the form. It has a mark of
// byte order: without one, spreadsheets take Vietnamese for another alphabet.
func (m *Module) linesFile(w http.ResponseWriter, r *http.Request) error {
	p, err := m.lines(r, false)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	b.WriteString("\ufeff")
	out := csv.NewWriter(&b)
	head := make([]string, len(Columns))
	for i, id := range Columns {
		head[i] = web.T(r.Context(), "events.line."+id)
	}
	rows := [][]string{append(head, web.T(r.Context(), "events.line.linked"))}
	for _, l := range p.Lines {
		row := make([]string, len(Columns))
		for i, id := range Columns {
			row[i] = unformula(answerWords(r.Context(), id, l.Answers[id]))
		}
		row = append(row, unformula(linkedWith(r.Context(), l, p.Lines)))
		rows = append(rows, row)
	}
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="ca-benh.csv"`)
	w.Header().Set("Cache-Control", "no-store")
	_, err = w.Write(b.Bytes())
	return err
}

// unformula keeps a spreadsheet from taking what somebody wrote for a formula.
func unformula(s string) string {
	if strings.ContainsAny(s[:min(len(s), 1)], "=+-@\t\r") {
		return "'" + s
	}
	return s
}

func (m *Module) join(w http.ResponseWriter, r *http.Request) error {
	f, id := web.ParseForm(r), r.PathValue("id")
	with := Exposure{Kind: f.Get("kind"), Case: f.Get("with")}
	if err := m.Join(r.Context(), web.Actor(r), id, r.PathValue("report"), with, web.OnceKey(r)); err != nil {
		return err
	}
	web.Flash(w, r, "events.case.joined")
	return web.Redirect(w, r, path(id)+"/ca-benh")
}

// contactsData is the contacts of a focus.
type contactsData struct {
	eventData
	Contacts []Contact
	Lines    []Line // cases whose contacts they may be
	Workers  []Worker
	Call     *Contact
	Form     *web.Form
	Reports  bool // the reader may report a case
}

func (m *Module) contacts(r *http.Request, f *web.Form, call string) (contactsData, error) {
	ctx, a := r.Context(), web.Actor(r)
	e, err := m.eventData(r, f)
	p := contactsData{eventData: e, Form: f, Reports: reporters.Allows(web.SessionOf(ctx))}
	if err != nil {
		return p, err
	}
	if e.Event.Focus == "" {
		return p, issue.New(issue.NotFound, "events.focus.none")
	}
	if p.Contacts, err = m.Contacts(ctx, a, e.ID); err != nil {
		return p, err
	}
	cases, err := m.Cases(ctx, a, e.Event)
	if err != nil {
		return p, err
	}
	if p.Lines, err = m.Lines(ctx, a, cases); err != nil {
		return p, err
	}
	if p.Workers, err = m.Workers(ctx, a); err != nil {
		return p, err
	}
	for i, c := range p.Contacts {
		if c.ID == call && (c.Open || f.Sent()) { // what was refused stays on the screen
			p.Call = &p.Contacts[i]
		}
	}
	return p, nil
}

func (m *Module) contactsPage(w http.ResponseWriter, r *http.Request) error {
	today := web.Today(r)
	f := web.Blank(r, "first", today.String(), "on", today.String())
	p, err := m.contacts(r, f, r.URL.Query().Get("goi"))
	if err != nil {
		return err
	}
	days := p.FollowDays(web.Today(r))
	if days == 0 {
		days = 14
	}
	f.Set("days", web.Int(r.Context(), days))
	if len(p.Lines) == 1 {
		f.Set("case", p.Lines[0].Report)
	}
	return web.Render(w, r, contactsPage(p))
}

func (m *Module) trace(w http.ResponseWriter, r *http.Request) error {
	f, id := web.ParseForm(r), r.PathValue("id")
	c := Contact{Case: f.Get("case"), Name: f.Text("name", 100), Phone: f.Text("phone", 30), Relation: f.Choice("relation", Relations...), Address: f.Text("address", 200), First: f.Date("first"), Worker: f.Get("worker")}
	days, ok := f.Int("days", 1, 60)
	if !ok && f.Get("days") == "" {
		f.Required("days")
	}
	if c.Phone != "" {
		if _, err := vn.ParsePhone(c.Phone); err != nil {
			f.Fail("phone", issue.Value, "events.phone.wrong")
		}
	}
	if f.OK() {
		if err := f.Add(m.Trace(r.Context(), web.Actor(r), id, c, days, web.OnceKey(r))); err != nil {
			return err
		}
	}
	return m.contactsAgain(w, r, f, "", "events.contact.added")
}

func (m *Module) ask(w http.ResponseWriter, r *http.Request) error {
	f, contact := web.ParseForm(r), r.PathValue("contact")
	done, err := m.askOf(r, f, contact)
	if err != nil {
		return err
	}
	return m.contactsAgain(w, r, f, contact, done)
}

// askOf records what the form says of a contact, and names the words for it.
func (m *Module) askOf(r *http.Request, f *web.Form, contact string) (done string, err error) {
	temperature, _ := f.Decimal("temperature", 30, 45)
	on := f.Date("on")
	if !on.Known() {
		on = web.Today(r)
	}
	result, words := f.Choice("result", Results...), f.Text("words", 500)
	if f.OK() {
		if err := f.Add(m.Ask(r.Context(), web.Actor(r), contact, result, words, temperature, on, web.OnceKey(r))); err != nil {
			return "", err
		}
	}
	done = "events.contact.asked"
	if result == "fever" || result == "symptoms" || temperature >= fever {
		done = "events.contact.ill"
	}
	return done, nil
}

// contactsAgain shows the contacts after something was done to one.
func (m *Module) contactsAgain(w http.ResponseWriter, r *http.Request, f *web.Form, call, done string) error {
	if f.OK() {
		web.Flash(w, r, done)
		return web.Redirect(w, r, path(r.PathValue("id"))+"/tiep-xuc")
	}
	p, err := m.contacts(r, f, call)
	if err != nil {
		return err
	}
	return web.Refuse(w, r, contactsPage(p))
}

// Relations are how a contact knows the case; codes of /cs/contact-relation.
var Relations = []string{"household", "school", "work", "neighbour", "care", "travel", "other"}

// todayData is who has to be called today.
type todayData struct {
	Unit     vn.Unit
	Contacts []Contact
	Events   map[string]Event
	More     bool
	units    *vn.Units
}

// maxCalls is how many contacts a list of the day shows.
const maxCalls = 200

func (m *Module) todayPage(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	unit, err := m.area(r)
	if err != nil {
		return err
	}
	p := todayData{Unit: unit, Events: map[string]Event{}, units: m.units}
	if p.Contacts, p.More, err = m.DueContacts(ctx, a, unit, maxCalls); err != nil {
		return err
	}
	list, _, err := m.Events(ctx, a, unit, false, maxBoard)
	if err != nil {
		return err
	}
	for _, e := range list {
		p.Events[e.ID] = e
	}
	p.Contacts = slices.DeleteFunc(p.Contacts, func(c Contact) bool { _, ok := p.Events[c.Event]; return !ok })
	return web.Render(w, r, todayPage(p))
}

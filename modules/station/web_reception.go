// SPDX-License-Identifier: Apache-2.0

package station

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// receptionData is the page where people are found.
type receptionData struct {
	Query  string
	People []Person
	Asked  bool
	Form   *web.Form // of the card
	Number string    // a full number was typed: the birth year is asked
}

// mostFound is how many people a search lists.
const mostFound = 20

// receptionPage finds people: by letters without marks among the commune and
// today's arrivals; by full number and birth year among all.
func (m *Module) receptionPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.find(r)
	if err != nil {
		return err
	}
	if web.IsPartial(r) {
		return web.Fragment(w, r, people(p))
	}
	return web.Render(w, r, receptionPage(p))
}

func (m *Module) find(r *http.Request) (receptionData, error) {
	a, q := web.Actor(r), strings.TrimSpace(r.URL.Query().Get("q"))
	p := receptionData{Query: q, Asked: q != "", Form: web.Blank(r)}
	number, numberErr := vn.ParsePersonalID(q)
	var err error
	switch {
	case q == "":
	case numberErr == nil:
		p.Number = string(number)
		if year, yearErr := strconv.Atoi(r.URL.Query().Get("year")); yearErr == nil {
			p.People, err = m.Identify(r.Context(), a, number, year)
			p.Number = ""
		}
	default:
		p.People, err = m.Find(r.Context(), a, q, mostFound)
	}
	return p, err
}

// card reads the text of a citizen card: who is known is shown, who is not is
// registered from it.
func (m *Module) card(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	text := f.Required("card")
	var c vn.CitizenCard
	if f.OK() {
		var err error
		if c, err = vn.ParseCitizenCard(text); err != nil {
			fail(f, err)
		}
	}
	if !f.OK() {
		return web.Refuse(w, r, receptionPage(receptionData{Form: f}))
	}
	found, err := m.Identify(r.Context(), web.Actor(r), c.Number, c.Birth.Year)
	if err != nil {
		return err
	}
	if len(found) > 0 {
		return web.Render(w, r, receptionPage(receptionData{People: found, Asked: true, Form: web.Blank(r)}))
	}
	blank := web.Blank(r, "name", c.Name, "sex", string(c.Sex), "birth", printed(c.Birth), "number", string(c.Number),
		"old", string(c.Old), "address", c.Address, "text", c.Text)
	return web.Render(w, r, registerPage(m.registerData(r, blank)))
}

// fail puts the card's issues at the one field that was typed, naming the part
// in the message itself.
func fail(f *web.Form, err error) {
	for _, i := range issue.Of(err) {
		f.Fail("card", i.Code, i.Key, i.Args...)
	}
}

// registerData is the form for somebody new.
type registerData struct {
	Form       *web.Form
	Candidates []vn.Unit
	Alike      []Person
	Warnings   []issue.Issue
}

func (m *Module) registerPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, registerPage(m.registerData(r, web.Blank(r, "name", r.URL.Query().Get("name")))))
}

func (m *Module) registerData(r *http.Request, f *web.Form) registerData {
	p := registerData{Form: f, Candidates: m.Candidates(f.Get("address"), web.Actor(r).Unit)}
	if f.Get("commune") == "" && len(p.Candidates) > 0 {
		f.Set("commune", strconv.Itoa(int(p.Candidates[0].ID)))
	}
	return p
}

func (m *Module) register(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	reg := Registration{
		Name: f.Required("name"), Sex: vn.Sex(f.Required("sex")), Number: f.Get("number"), Old: f.Get("old"),
		Insurance: f.Get("insurance"), Phone: f.Get("phone"), Address: f.Text("address", 500),
		Card: f.Get("text"), Anyway: f.Flag("anyway"),
	}
	if birth := f.Get("birth"); birth != "" {
		var err error
		if reg.Birth, err = vn.ParsePrintedDate(birth); err != nil {
			f.Fail("birth", issue.Value, "station.person.birth_format")
		}
	}
	if commune, err := strconv.Atoi(f.Get("commune")); err == nil {
		if u, ok := m.units.Get(vn.UnitID(commune)); ok && u.Level == vn.LevelCommune {
			reg.Commune = u.ID
		}
	}
	page := m.registerData(r, f)
	var id string
	if f.OK() {
		var err error
		id, err = m.Register(r.Context(), web.Actor(r), web.OnceKey(r), reg)
		var alike *ErrAlike
		if errors.As(err, &alike) {
			page.Alike = alike.People
			return web.Refuse(w, r, registerPage(page))
		}
		if err := f.Add(err); err != nil {
			return err
		}
	}
	if !f.OK() {
		return web.Refuse(w, r, registerPage(page))
	}
	for _, warning := range reg.Warnings() {
		args := make([]string, len(warning.Args))
		for i, a := range warning.Args {
			args[i] = fmt.Sprint(a)
		}
		web.Flash(w, r, warning.Key, args...)
	}
	return web.Redirect(w, r, "/tram/nguoi/"+url.PathEscape(id))
}

func (m *Module) personPage(w http.ResponseWriter, r *http.Request) error {
	rec, err := m.Record(r.Context(), web.Actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return web.Render(w, r, personPage(personData{Record: rec, Treats: mayTreat(web.Actor(r).Role), Form: web.Blank(r)}))
}

type personData struct {
	Record
	Treats bool
	Form   *web.Form
}

// arrive gives a number. Those who treat go on to the visit, reception back to
// today's list.
func (m *Module) arrive(w http.ResponseWriter, r *http.Request) error {
	a := web.Actor(r)
	encounter, err := m.Arrive(r.Context(), a, r.PathValue("id"), web.OnceKey(r))
	if err != nil {
		return err
	}
	web.Flash(w, r, "station.arrived")
	if mayTreat(a.Role) && a.Role != store.Receptionist {
		return web.Redirect(w, r, "/tram/luot-kham/"+url.PathEscape(encounter))
	}
	return web.Redirect(w, r, "/tram")
}

// leave takes off the list who left without being seen.
func (m *Module) leave(w http.ResponseWriter, r *http.Request) error {
	if err := m.Leave(r.Context(), web.Actor(r), r.PathValue("id"), web.OnceKey(r)); err != nil {
		return err
	}
	web.Flash(w, r, "station.left")
	return web.Redirect(w, r, "/tram")
}

// printed writes a birth date as people do: 12/03/1990, 03/1990 or 1990.
func printed(p vn.PartialDate) string {
	switch {
	case !p.Known():
		return ""
	case p.Full():
		return two(p.Day) + "/" + two(int(p.Month)) + "/" + strconv.Itoa(p.Year)
	case p.Month != 0:
		return two(int(p.Month)) + "/" + strconv.Itoa(p.Year)
	}
	return strconv.Itoa(p.Year)
}

func two(n int) string {
	if n < 10 {
		return "0" + strconv.Itoa(n)
	}
	return strconv.Itoa(n)
}

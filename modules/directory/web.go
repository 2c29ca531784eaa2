// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"net/http"
	"strconv"
	"strings"

	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// households are the roles of a station, whose commune's households they serve.
var households = web.Roles(store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.Pharmacist,
	store.ImmunisationOff, store.StationDirector)

// Routes registers the pages under /danh-ba.
func (m *Module) Routes(mux *web.Mux) {
	mux.Get("/danh-ba", web.SignedIn, m.searchPage)
	mux.Get("/danh-ba/don-vi/{id}", web.SignedIn, m.unitPage)
	mux.Get("/danh-ba/dia-chi", web.SignedIn, m.addressPage)
	mux.Get("/danh-ba/co-so", web.SignedIn, m.facilitiesPage)
	mux.Get("/danh-ba/co-so/{id}", web.SignedIn, m.facilityPage)
	mux.Get("/danh-ba/ho", households, m.householdsPage)
	mux.Get("/danh-ba/ho/{id}", households, m.householdPage)
}

// shown is how many rows a page lists.
const shown = 50

// typedLimit is the longest question read.
const typedLimit = 500

// typed is what stands in the search field of a page.
func typed(r *http.Request) (*web.Form, string) {
	q := strings.TrimSpace(r.URL.Query().Get("q"))
	if len(q) > typedLimit {
		q = ""
	}
	return web.Blank(r, "q", q), q
}

// searchData is the first page: a question and its answer.
type searchData struct {
	Form     *web.Form
	Asked    bool
	Question Question
	Found    []vn.Unit
	Units    *vn.Units
	Start    []vn.Unit // provinces of today, while nothing is asked
}

func (m *Module) searchPage(w http.ResponseWriter, r *http.Request) error {
	f, q := typed(r)
	p := searchData{Form: f, Asked: q != "", Question: ParseQuestion(q), Units: m.units}
	switch {
	case !p.Asked:
		p.Start = m.units.Provinces(m.today())
	case p.Question.Code != "":
		p.Found = m.ByCode(p.Question.Code, p.Question.On)
	default:
		p.Found = m.Find(p.Question.Words, shown)
	}
	return web.Render(w, r, searchPage(p))
}

// unitData is the page of a unit.
type unitData struct {
	Sheet
	Units      *vn.Units
	Facilities []Facility // the first of them
}

func (m *Module) unitPage(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 32)
	if err != nil {
		return issue.New(issue.NotFound, "directory.unit.unknown")
	}
	p := unitData{Units: m.units}
	if p.Sheet, err = m.Sheet(vn.UnitID(id)); err != nil {
		return err
	}
	if len(p.Now) == 0 {
		if p.Facilities, err = m.Facilities(r.Context(), web.Actor(r), p.Unit.ID, "", "", 10); err != nil {
			return err
		}
	}
	return web.Render(w, r, unitPage(p))
}

// addressData is the tool for addresses printed on the old map.
type addressData struct {
	Form  *web.Form
	Asked bool
	Found []vn.Unit
	Units *vn.Units
}

func (m *Module) addressPage(w http.ResponseWriter, r *http.Request) error {
	f, q := typed(r)
	return web.Render(w, r, addressPage(addressData{Form: f, Asked: q != "", Found: m.units.FromAddress(q, m.today()), Units: m.units}))
}

// facilitiesData is the list of facilities of a unit.
type facilitiesData struct {
	Form  *web.Form
	Unit  vn.Unit
	Rows  []Facility
	Next  string // address of the next page; "" = no more
	Past  bool   // not the first page
	q     string
	Units *vn.Units
}

func (m *Module) facilitiesPage(w http.ResponseWriter, r *http.Request) error {
	a := web.Actor(r)
	p := facilitiesData{Past: r.URL.Query().Get("sau") != "", Units: m.units}
	p.Form, p.q = typed(r)
	id := m.units.ProvinceOf(a.Unit)
	if n, err := strconv.ParseInt(r.URL.Query().Get("don-vi"), 10, 32); err == nil {
		id = vn.UnitID(n)
	}
	if id == 0 {
		id = vn.Nation
	}
	var ok bool
	if p.Unit, ok = m.units.Get(id); !ok {
		return issue.New(issue.NotFound, "directory.unit.unknown")
	}
	p.Form.Set("don-vi", strconv.Itoa(int(id)))
	rows, err := m.Facilities(r.Context(), a, id, p.q, r.URL.Query().Get("sau"), shown+1)
	if err != nil {
		return err
	}
	if p.Rows = rows[:min(shown, len(rows))]; len(rows) > shown {
		p.Next = facilitiesPath(id, p.q, rows[shown-1].ID)
	}
	return web.Render(w, r, facilitiesPage(p))
}

// placeData is the page of a facility. Its health workers are for colleagues.
type placeData struct {
	Place
	Staff bool
	Where []vn.Unit // from the province down
	Units *vn.Units
}

func (m *Module) facilityPage(w http.ResponseWriter, r *http.Request) error {
	place, err := m.Place(r.Context(), web.Actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	p := placeData{Place: place, Units: m.units, Staff: staff(r.Context())}
	if path := m.units.Path(place.Unit); len(path) > 1 {
		p.Where = path[1:]
	}
	return web.Render(w, r, facilityPage(p))
}

// householdsData is the list of households of the commune.
type householdsData struct {
	Form *web.Form
	Unit vn.Unit
	Rows []Household
	Next string
	Past bool
	q    string
}

func (m *Module) householdsPage(w http.ResponseWriter, r *http.Request) error {
	a := web.Actor(r)
	p := householdsData{Past: r.URL.Query().Get("sau") != ""}
	p.Form, p.q = typed(r)
	p.Unit, _ = m.units.Get(a.Unit)
	rows, err := m.Households(r.Context(), a, p.q, r.URL.Query().Get("sau"), shown+1)
	if err != nil {
		return err
	}
	if p.Rows = rows[:min(shown, len(rows))]; len(rows) > shown {
		p.Next = householdsPath(p.q, rows[shown-1].ID)
	}
	return web.Render(w, r, householdsPage(p))
}

// familyData is the page of a household.
type familyData struct {
	Family
	Place string
	Today vn.Date
	Opens bool // the reader's role opens the page of a person
}

func (m *Module) householdPage(w http.ResponseWriter, r *http.Request) error {
	a := web.Actor(r)
	f, err := m.Family(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	p := familyData{Family: f, Today: m.today(), Opens: opens.Allows(web.SessionOf(r.Context()))}
	if u, ok := m.units.Get(f.Unit); ok {
		p.Place = u.Full()
	}
	return web.Render(w, r, householdPage(p))
}

// opens are the roles that the station lets into the page of a person.
var opens = web.Roles(store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.StationDirector)

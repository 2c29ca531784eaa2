// SPDX-License-Identifier: Apache-2.0

package book

import (
	"net/http"
	"slices"
	"time"

	"mach/issue"
	"mach/store"
	"mach/web"
)

// owners are those who read a book as their own.
var owners = web.Roles(store.Person, store.Guardian)

// Routes registers the pages under /so.
func (m *Module) Routes(mux *web.Mux) {
	mux.Get("/so", owners, m.homePage)
	mux.Get("/so/cac-lan-kham", owners, m.homePart)
	mux.Get("/so/luot-kham/{id}", owners, m.visitPage)
	mux.Get("/so/tiem-chung", owners, m.dosesPage)
	mux.Get("/so/ai-da-xem", owners, m.accessPage)
	mux.Get("/dau-vet/book/{encounter}", web.AnyStaff, m.trace)
}

// homeData is the first page.
type homeData struct {
	Person   Person
	Book     Book
	Guardian bool
	Now      time.Time
}

func (m *Module) home(r *http.Request) (homeData, error) {
	a := web.Actor(r)
	b, err := m.Book(r.Context(), a, web.Lang(r) == "vi")
	if err != nil {
		return homeData{}, err
	}
	p, err := m.Person(r.Context(), a)
	return homeData{p, b, a.Role == store.Guardian, m.now()}, err
}

func (m *Module) homePage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.home(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, homePage(p))
}

func (m *Module) homePart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.home(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, visits(p))
}

func (m *Module) visitPage(w http.ResponseWriter, r *http.Request) error {
	b, err := m.Book(r.Context(), web.Actor(r), web.Lang(r) == "vi")
	if err != nil {
		return err
	}
	i := slices.IndexFunc(b.Visits, func(v Visit) bool { return v.ID == r.PathValue("id") })
	if i < 0 {
		return issue.New(issue.NotFound, "book.visit.unknown")
	}
	return web.Render(w, r, visitPage(b.Visits[i]))
}

func (m *Module) dosesPage(w http.ResponseWriter, r *http.Request) error {
	b, err := m.Book(r.Context(), web.Actor(r), web.Lang(r) == "vi")
	if err != nil {
		return err
	}
	return web.Render(w, r, dosesPage(b.Doses))
}

// accessShown is how many lines of the access log one page joins and shows.
const accessShown = 500

// accessPage shows who read the record: when, which facility, role, purpose, in
// words.
func (m *Module) accessPage(w http.ResponseWriter, r *http.Request) error {
	a := web.Actor(r)
	before := m.now().Add(time.Second)
	if t, err := time.Parse(time.RFC3339Nano, r.URL.Query().Get("truoc")); err == nil {
		before = t
	}
	list, err := m.store.For(a).AccessLog(r.Context(), a.Patient, before, accessShown)
	if err != nil {
		return err
	}
	list, next := page(list, accessShown)
	return web.Render(w, r, accessPage(grouped(list), next))
}

// page cuts a list that is as long as was asked for before the instant of its
// last line, where the next page begins: lines of one instant stay together and
// none is lost between two pages.
func page(list []store.Access, asked int) (shown []store.Access, next time.Time) {
	if len(list) < asked {
		return list, time.Time{}
	}
	last := list[len(list)-1].At
	if i := slices.IndexFunc(list, func(l store.Access) bool { return l.At.Equal(last) }); i > 0 {
		list = list[:i]
	}
	return list, last.Add(time.Microsecond)
}

// trace tells staff which page of the person's book this visit is; it shows
// nothing of the book itself.
func (m *Module) trace(w http.ResponseWriter, r *http.Request) error {
	enc, err := m.store.For(web.Actor(r)).Read(r.Context(), "Encounter", r.PathValue("encounter"))
	if err != nil {
		return err
	}
	return web.Fragment(w, r, traces(enc.Get("status").String() == "finished"))
}

// together is how far apart the lines of one sitting may lie.
const together = 10 * time.Minute

// grouped joins lines of one sitting: the same person in the same role for the
// same purpose, one soon after the other. A page that reads ten parts of a
// record is one look at it. Refusals and emergencies always stand alone.
func grouped(list []store.Access) []store.Access {
	var out []store.Access
	var began []time.Time // the earliest line of each
	for _, l := range list {
		i := len(out) - 1
		for i >= 0 && !(sameReader(out[i], l) && began[i].Sub(l.At) < together) {
			i--
		}
		if i < 0 {
			out, began = append(out, l), append(began, l.At)
			continue
		}
		began[i] = l.At
		out[i].Types = slices.Concat(out[i].Types, l.Types)
		slices.Sort(out[i].Types)
		out[i].Types = slices.Compact(out[i].Types)
	}
	return out
}

func sameReader(a, b store.Access) bool {
	return a.Actor == b.Actor && a.Role == b.Role && a.Facility == b.Facility && a.Purpose == b.Purpose && act(a) == act(b) &&
		a.Allowed && b.Allowed && a.Purpose != store.Emergency
}

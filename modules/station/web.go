// SPDX-License-Identifier: Apache-2.0

package station

import (
	"net/http"

	"mach/store"
	"mach/vn"
	"mach/web"
)

// staff are the roles of a station; Front those who find people and give
// numbers; care those who treat.
var (
	staff = web.Roles(store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.Pharmacist,
		store.ImmunisationOff, store.StationDirector, store.PrivateClinic)
	Front   = web.Roles(store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic)
	care    = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic)
	doctors = web.Roles(store.Doctor, store.StationDirector, store.PrivateClinic)
	namers  = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.Expert) // of diagnoses
)

// Routes registers the pages under /tram.
func (m *Module) Routes(mux *web.Mux) {
	mux.Get("/tram", staff, m.todayPage)
	mux.Get("/tram/hang-doi", staff, m.queuePart)
	mux.Get("/tram/tiep-don", Front, m.receptionPage)
	mux.Post("/tram/the", Front, m.card).Repeatable() // it only reads
	mux.Get("/tram/nguoi/moi", Front, m.registerPage)
	mux.Post("/tram/nguoi", Front, m.register)
	mux.Get("/tram/nguoi/{id}", Front, m.personPage)
	mux.Post("/tram/nguoi/{id}/so", Front, m.arrive)
	mux.Get("/tram/luot-kham/{id}", care, m.visitPage)
	mux.Post("/tram/luot-kham/{id}/do", care, m.measure)
	mux.Post("/tram/luot-kham/{id}/kham", doctors, m.examine)
	mux.Post("/tram/luot-kham/{id}/ve", Front, m.leave)
	mux.Get("/tram/luot-kham/{id}/sua", doctors, m.correctPage)
	mux.Post("/tram/luot-kham/{id}/sua", doctors, m.correct)
	mux.Get("/tram/luot-kham/{id}/dong", web.AnyStaff, m.linePart)
	mux.Get("/tram/chan-doan", namers, m.suggest)
	mux.Post("/tram/luot-kham/{id}/hoi-them", doctors, m.askedPart).Repeatable()
	mux.Get("/tram/so-a1", staff, m.registerA1)
	mux.Get("/dau-vet/station/{encounter}", care, m.trace)
	m.villageRoutes(mux)
}

// todayPage is the first screen of everybody at the station.
func (m *Module) todayPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.queue(r)
	if err == nil && p.Front {
		p.Signals, err = m.signals(r)
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, todayPage(p))
}

func (m *Module) queuePart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.queue(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, queue(p))
}

// queuePageData is today's list as one reader sees it.
type queueData struct {
	Rows  []Waiting
	Role  store.Role
	Site  string // whose queue it is
	Day   vn.Date
	Open  int
	Done  int
	Front bool

	Signals signalsData // for those of the front
}

func (m *Module) queue(r *http.Request) (queueData, error) {
	a := web.Actor(r)
	p := queueData{Role: a.Role, Site: site(a), Day: web.Today(r), Front: Front.Allows(web.SessionOf(r.Context()))}
	rows, err := m.Today(r.Context(), a, p.Day)
	if err != nil {
		return p, err
	}
	p.Rows = rows
	for _, row := range rows {
		if row.Status == "finished" {
			p.Done++
		} else {
			p.Open++
		}
	}
	return p, nil
}

// mayTreat reports whether the role opens visits, mayExamine whether it writes
// the doctor's part.
func mayTreat(role store.Role) bool {
	return role == store.Nurse || role == store.Midwife || mayExamine(role)
}

func mayExamine(role store.Role) bool {
	return role == store.Doctor || role == store.StationDirector || role == store.PrivateClinic
}

// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/access"
	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// unitsOnce reads the units once for all tests of the package.
var unitsOnce = sync.OnceValues(content.Units)

const (
	provinceCode = "24" // Bắc Ninh
	station      = "tram"
)

// world is a store with the module, a station and a clock.
type world struct {
	*Module
	t        *testing.T
	s        *store.Store
	clock    *storetest.Clock
	province vn.Unit
	commune  vn.Unit
	other    vn.Unit // another commune of the province
}

func each(t *testing.T, test func(t *testing.T, w *world), more ...storetest.Option) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	begins := clock.Now()
	follower := New(nil, units, content.Diseases(), content.OurLaw(), nil, nil, clock.Now).Follower()
	options := append([]storetest.Option{storetest.Follow(follower), storetest.Placed(units), storetest.Configure(func(c *store.Config) {
		c.Now, c.Sensitivity = clock.Now, content.Sensitivity
	})}, more...)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock.Advance(begins.Sub(clock.Now())) // each database begins on the same morning
		w := &world{Module: New(s, units, content.Diseases(), content.OurLaw(), nil, nil, clock.Now), t: t, s: s, clock: clock}
		var ok bool
		if w.province, ok = units.ByCode(provinceCode, w.today()); !ok {
			t.Fatal("no province " + provinceCode)
		}
		communes := units.Communes(w.province.ID, w.today())
		w.commune, w.other = communes[0], communes[1]
		w.put(fhir.Organization{ID: station, Name: "Trạm y tế", Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")},
			Address: []fhir.Address{{Extension: []fhir.Extension{place(w.commune)}}}})
		test(t, w)
	}, options...)
}

// policy are the real rules.
func policy(t *testing.T) store.Guard {
	t.Helper()
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	p, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func place(u vn.Unit) fhir.Extension { return fhir.Unit(u.Code, u.From.String(), u.Full()) }

func (w *world) today() vn.Date { return vn.DateOf(w.clock.Now()) }

func (w *world) put(resources ...any) {
	w.t.Helper()
	storetest.Put(w.t, w.s, "bulletin", resources...)
}

func (w *world) actor(role store.Role) store.Actor {
	a := storetest.Actor(role, station)
	a.Unit, a.FacilityName = w.commune.ID, "Trạm y tế"
	switch role {
	case store.CDC, store.Department:
		a.Facility, a.Unit, a.Purpose, a.FacilityName = "cdc", w.province.ID, store.PublicHealth, "Trung tâm Kiểm soát bệnh tật Bắc Ninh"
	case store.Ministry:
		a.Facility, a.Unit = "ministry", vn.Nation
	}
	return a
}

// report is a case report as tests write it.
type report struct {
	id, icd string
	home    vn.Unit
	day     vn.Date // vn.ZeroDate: it does not say
	onset   vn.Date // 0 = not said
	class   casereport.Class
	died    bool
	patient string // "" = nobody in particular
	cause   string
	same    string // report that stands for it
	visit   string // Encounter
}

func (r report) condition() fhir.Condition {
	if r.class == "" {
		r.class = casereport.Suspect
	}
	c := fhir.Condition{ID: r.id, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, r.class.Status(), ""),
		Category:           []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
		Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: r.icd}}},
		Subject:            fhir.Reference{Display: "Ca bệnh tối thiểu"}, RecordedDate: r.day.String()}
	if r.patient != "" {
		c.Subject = fhir.Ref("Patient", r.patient)
	}
	if r.visit != "" {
		c.Encounter = fhir.Ref("Encounter", r.visit)
	}
	if r.home.ID != 0 {
		c.Extension = append(c.Extension, place(r.home))
	}
	if r.onset != 0 {
		c.OnsetDateTime = r.onset.String()
	}
	if r.cause != "" {
		c.Evidence = []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("Condition", r.cause)}}}
	}
	if r.same != "" {
		other := fhir.Ref("Condition", r.same)
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &other})
	}
	if !r.day.Known() {
		c.RecordedDate = ""
	}
	if r.died {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtDied, ValueDate: r.day.String()})
	}
	return c
}

func (w *world) report(list ...report) {
	w.t.Helper()
	var all []any
	for _, r := range list {
		all = append(all, r.condition())
	}
	w.put(all...)
}

// history writes n cases on each of the days.
func (w *world) history(id, icd string, home vn.Unit, n int, days ...vn.Date) {
	w.t.Helper()
	var list []report
	for _, d := range days {
		for i := range n {
			list = append(list, report{id: fmt.Sprintf("%s-%s-%d", id, d, i), icd: icd, home: home, day: d})
		}
	}
	w.report(list...)
}

// weeks are the Tuesdays of the n weeks before this one, the latest first.
func (w *world) weeks(n int) []vn.Date {
	var out []vn.Date
	for i := 1; i <= n; i++ {
		out = append(out, vn.WeekOf(w.today()).Start().AddDays(1-7*i))
	}
	return out
}

func (w *world) person(id, name string) {
	w.t.Helper()
	w.put(fhir.Patient{ID: id, Gender: "female", BirthDate: "1990-05-02", Name: []fhir.HumanName{{Text: name}},
		ManagingOrganization: fhir.Ref("Organization", station),
		Address:              []fhir.Address{{Use: "home", Text: "Thôn Đoài, " + w.commune.Full(), Extension: []fhir.Extension{place(w.commune)}}}})
}

// sum is what is counted of a disease in a unit, of all days.
func (w *world) sum(unit vn.UnitID, disease string, axis int) tally {
	w.t.Helper()
	days, err := w.counts(context.Background(), storetest.System(), unit, disease, axis, w.today()-4000, w.today())
	if err != nil {
		w.t.Fatal(err)
	}
	var t tally
	for _, d := range days {
		t.add(d.tally)
	}
	return t
}

// site is the module behind the router.
func (w *world) site() *webtest.Site {
	w.t.Helper()
	return webtest.NewSite(w.t, w.clock.Now().Add(time.Hour), func(mux *web.Mux) {
		w.Routes(mux, func(rw http.ResponseWriter, _ *http.Request, err error) {
			http.Error(rw, err.Error(), http.StatusForbidden)
		})
	})
}

func wantWords(t *testing.T, page string, words ...string) {
	t.Helper()
	for _, x := range words {
		if !strings.Contains(page, x) {
			t.Errorf("the page does not say %q", x)
		}
	}
}

// step is a step of an event, or form 01 or 02; first is the one it follows.
func (w *world) step(id, kind, first string, day vn.Date) fhir.Communication {
	c := fhir.Communication{ID: id, Status: "completed", Extension: []fhir.Extension{place(w.commune)},
		Category: []fhir.CodeableConcept{{Coding: []fhir.Coding{{System: fhir.CSCategory, Code: "event-decision"}, {System: systemStep, Code: kind}}}},
		Topic:    fhir.CodeableConcept{Coding: []fhir.Coding{{System: casereport.SystemDisease, Code: "dengue"}}}, Sent: day.String()}
	if kind == formOpens || kind == formCloses {
		c.Category = []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "epidemic", ""), fhir.Code(systemForm, kind, "")}
	}
	if first != "" {
		c.InResponseTo = []fhir.Reference{fhir.Ref("Communication", first)}
	}
	return c
}

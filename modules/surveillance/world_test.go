// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// unitsOnce reads the units once for all tests of the package.
var unitsOnce = sync.OnceValues(content.Units)

const (
	province = "24"   // Bắc Ninh
	station  = "tram" // Organization of the station
)

// world is a store with the module, one station and a clock.
type world struct {
	*Module
	t       testing.TB
	s       *store.Store
	clock   *storetest.Clock
	commune vn.Unit
	other   vn.Unit // a commune of another province
	lazy    bool    // do not wait for the view after each commit; calm does
	calms   int
}

// each runs the test in a world on every database.
func each(t *testing.T, test func(t *testing.T, w *world), more ...storetest.Option) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	follower := New(nil, units, content.Diseases(), content.OurLaw(), clock.Now).Follower()
	options := append([]storetest.Option{storetest.Follow(follower), storetest.Configure(func(c *store.Config) {
		c.Now = clock.Now
		c.Sensitivity = content.Sensitivity
		c.UnitOf = func(code, version string) vn.UnitID {
			on, err := vn.ParseDate(version)
			if err != nil {
				on = vn.Reform
			}
			u, _ := units.ByCode(code, on)
			return u.ID
		}
	})}, more...)
	begins := clock.Now()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock.Advance(begins.Sub(clock.Now())) // each database begins on the same morning
		w := &world{Module: New(s, units, content.Diseases(), content.OurLaw(), clock.Now), t: t, s: s, clock: clock}
		p, ok := units.ByCode(province, vn.DateOf(clock.Now()))
		if !ok {
			t.Fatal("no province " + province)
		}
		w.commune = units.Communes(p.ID, vn.DateOf(clock.Now()))[0]
		w.other = units.Communes(units.Provinces(vn.DateOf(clock.Now()))[0].ID, vn.DateOf(clock.Now()))[0]
		w.put(storetest.System(), fhir.Organization{ID: station, Name: "Trạm y tế " + w.commune.Full(),
			Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")}, Active: ptr(true),
			Address: []fhir.Address{{Extension: []fhir.Extension{w.unit(w.commune)}}}})
		test(t, w)
	}, options...)
}

func ptr[T any](v T) *T { return &v }

func (w *world) unit(u vn.Unit) fhir.Extension { return fhir.Unit(u.Code, u.From.String(), u.Full()) }

func (w *world) actor(role store.Role) store.Actor {
	a := storetest.Actor(role, station)
	a.Unit = w.commune.ID
	if role == store.CDC {
		a.Facility, a.Unit, a.Purpose = "cdc", w.commune.Parent, store.PublicHealth
	}
	return a
}

// put writes resources as the actor and waits for the view.
func (w *world) put(a store.Actor, resources ...any) {
	w.t.Helper()
	var ops []store.Op
	for _, r := range resources {
		doc, err := fhir.New(r)
		if err != nil {
			w.t.Fatal(err)
		}
		ops = append(ops, store.Put(doc))
	}
	w.commit(a, ops...)
}

func (w *world) commit(a store.Actor, ops ...store.Op) {
	w.t.Helper()
	receipt, err := w.s.For(a).Commit(context.Background(), ops...)
	if err != nil {
		w.t.Fatal(err)
	}
	w.settle(receipt)
}

// settle waits as long as it takes: a slow machine is no failure.
func (w *world) settle(r store.Receipt) {
	w.t.Helper()
	if w.lazy {
		return
	}
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		late, err := w.s.AwaitLate(context.Background(), r, "surveillance")
		if err != nil {
			w.t.Fatal(err)
		}
		if !late {
			return
		}
	}
	w.t.Fatal("the view does not catch up")
}

// calm waits until the view shows all that was written so far.
func (w *world) calm() {
	w.t.Helper()
	was := w.lazy
	w.lazy = false
	w.calms++
	w.put(storetest.System(), fhir.Organization{ID: "calm", Name: fmt.Sprint(w.calms)})
	w.lazy = was
}

func (w *world) person(id, name string, home vn.Unit) {
	w.put(w.actor(store.Receptionist), fhir.Patient{ID: id, Active: ptr(true), Gender: "female", BirthDate: "1990-05-02",
		Name:                 []fhir.HumanName{{Text: name}},
		Identifier:           []fhir.Identifier{fhir.PersonalNumber("024190" + fmt.Sprintf("%06d", len(name)))},
		Telecom:              []fhir.ContactPoint{{System: "phone", Value: "0912345678"}},
		Address:              []fhir.Address{{Use: "home", Text: "Thôn Đoài, " + home.Full(), Extension: []fhir.Extension{w.unit(home)}}},
		ManagingOrganization: fhir.Ref("Organization", station)})
}

// visit is a visit with one diagnosis, as the station writes it.
type visit struct {
	id, patient, icd, words string
	at                      time.Time
	status                  string // finished when empty
	void                    string // verificationStatus; confirmed when empty
}

func (v visit) resources() []any {
	status, sure := v.status, v.void
	if status == "" {
		status = "finished"
	}
	if sure == "" {
		sure = "confirmed"
	}
	clinical := fhir.Code(fhir.ConditionClinical, "active", "")
	if sure == "entered-in-error" { // con-5
		clinical = fhir.CodeableConcept{}
	}
	return []any{
		fhir.Encounter{ID: v.id, Status: status, Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"},
			Subject: fhir.Ref("Patient", v.patient), Period: fhir.Period{Start: fhir.Instant(v.at)},
			ServiceProvider: fhir.Ref("Organization", station),
			Diagnosis:       []fhir.EncounterDiagnosis{{Condition: fhir.Ref("Condition", "c-"+v.id)}}},
		fhir.Condition{ID: "c-" + v.id, ClinicalStatus: clinical,
			VerificationStatus: fhir.Code(fhir.ConditionVerStatus, sure, ""),
			Category:           []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
			Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: v.icd}}, Text: v.words},
			Subject:            fhir.Ref("Patient", v.patient), Encounter: fhir.Ref("Encounter", v.id), RecordedDate: fhir.Instant(v.at)},
	}
}

func (w *world) visit(v visit) { w.t.Helper(); w.put(w.actor(store.Doctor), v.resources()...) }

// history writes minimal cases as they come from years before.
func (w *world) history(id, icd string, home vn.Unit, day vn.Date, n int) {
	w.t.Helper()
	var ops []store.Op
	for i := range n {
		doc, err := fhir.New(fhir.Condition{ID: fmt.Sprintf("%s-%s-%d", id, day, i), Extension: []fhir.Extension{w.unit(home)},
			ClinicalStatus:     fhir.Code(fhir.ConditionClinical, "resolved", ""),
			VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
			Category:           []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
			Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}},
			Subject:            fhir.Reference{Display: "Ca bệnh tối thiểu"}, RecordedDate: day.String()})
		if err != nil {
			w.t.Fatal(err)
		}
		ops = append(ops, store.Put(doc))
	}
	w.commit(storetest.System(), ops...)
}

// dump writes the view's tables as text, row by row in order.
func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	for _, q := range []struct{ table, columns string }{
		{"surveillance_person", "patient, name, name_sort, sex, birth, unit, number, folded, year, phone, died"},
		{"surveillance_visit", "encounter, patient, facility, place, signed"},
		{"surveillance_diagnosis", "cause, kind, encounter, patient, disease, code, words, at, since, sensitivity, draft, facility, place"},
		{"surveillance_draft", "cause, disease, code, words, patient, encounter, facility, place, unit, at, since, due, triggers, report, refuted, kind, sensitivity, province, died"},
		{"surveillance_case", "report, disease, patient, encounter, cause, drafted, cause_disease, focus, facility, label_unit, sensitivity, unit, province, day, onset, class, claimed, reported, version, died, entered, paper, same_as, author, place, written, judged, touched, widowed, refused"},
		{"surveillance_apart", "report, other"},
		{"surveillance_result", "result, disease, kind, patient, facility, place, at, test, outcome, words, sample, sensitivity, entered"},
		{"surveillance_sample", "source, number, patient"},
		{"surveillance_feedback", "report, of, version, facility, place, author, patient, disease, becomes, was, class, reason, sensitivity, at"},
		{"surveillance_message", "message, facility, place, author, disease, who, spot, what, born, sex, phone, since, at, sender, report, answer, answered"},
		{"surveillance_handover", "task, report, patient, facility, owner, place, status, at, by_name, seen"},
		{"surveillance_desk", "organization, kind, unit, name"},
		{"surveillance_count", "disease, unit, parent, span, start, class, value, seen"},
		{"surveillance_epidemic", "notice, form, opens, disease, unit, day, facility"},
	} {
		n := strings.Count(q.columns, ",") + 1
		rows, err := store.Figures(context.Background(), w.s.For(storetest.System()), vn.Nation, func(scan store.Scan) (string, error) {
			cells, dest := make([]any, n), make([]any, n)
			for i := range cells {
				dest[i] = &cells[i]
			}
			err := scan(dest...)
			for i, c := range cells {
				if raw, ok := c.([]byte); ok {
					cells[i] = string(raw)
				}
			}
			return fmt.Sprintf("%s %v\n", q.table, cells), err
		}, `select `+q.columns+` from `+q.table+` order by `+q.columns)
		if err != nil {
			w.t.Fatal(err)
		}
		b.WriteString(strings.Join(rows, ""))
	}
	return b.String()
}

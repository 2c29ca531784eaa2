// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mach/access"
	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

var unitsOnce = sync.OnceValues(content.Units)

// world is a store under the real policies with the module, the station of a
// commune, its neighbour's, and a clock.
type world struct {
	*Module
	t       *testing.T
	s       *store.Store
	clock   *storetest.Clock
	commune vn.Unit
	other   vn.Unit // of the same province
	far     vn.Unit // of another province
	keys    int
}

const (
	here  = "tram"
	there = "tram-khac"
)

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	began := clock.Now()
	follower := New(nil, units, content.Diseases(), clock.Now).Follower()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock.Advance(began.Sub(clock.Now()))
		w := &world{Module: New(s, units, content.Diseases(), clock.Now), t: t, s: s, clock: clock}
		list := units.Communes(w.unitOf("24"), w.today())
		w.commune, w.other = list[0], list[1]
		w.far = units.Communes(w.unitOf("01"), w.today())[0]
		for id, u := range map[string]vn.Unit{here: w.commune, there: w.other} {
			w.put(fhir.Organization{ID: id, Name: "Trạm Y tế " + u.Full(), Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")},
				Address: []fhir.Address{{Extension: []fhir.Extension{ext(u)}}}})
		}
		test(t, w)
	}, storetest.Follow(follower), storetest.Guarded(policy), storetest.Placed(units), storetest.Configure(func(c *store.Config) {
		c.Now, c.Sensitivity = clock.Now, content.Sensitivity
	}))
}

func (w *world) unitOf(code string) vn.UnitID {
	u, ok := w.units.ByCode(code, w.today())
	if !ok {
		w.t.Fatalf("no unit %s", code)
	}
	return u.ID
}

func ext(u vn.Unit) fhir.Extension { return fhir.Unit(u.Code, u.From.String(), u.Full()) }

func (w *world) put(resources ...any) {
	w.t.Helper()
	storetest.Put(w.t, w.s, view, resources...)
}

// as is somebody who works at the first commune's station, or leads its
// province or the nation.
func (w *world) as(role store.Role) store.Actor {
	a := storetest.Actor(role, here)
	a.Account, a.Unit, a.Name, a.FacilityName = "acc-"+string(role), w.commune.ID, "Người "+string(role), "Trạm"
	switch role {
	case store.CDC, store.Department:
		a.Facility, a.Unit, a.Purpose = "cdc", w.commune.Parent, store.PublicHealth
	case store.Ministry:
		a.Facility, a.Unit, a.Purpose = "bo", vn.Nation, store.PublicHealth
	case store.Person:
		a = storetest.Person("p1")
		a.Account = "acc-person"
	}
	return a
}

// neighbour is the role at the other commune's station.
func (w *world) neighbour(role store.Role) store.Actor {
	a := w.as(role)
	a.Facility, a.Unit, a.Account = there, w.other.ID, "acc-there-"+string(role)
	return a
}

func (w *world) key() string { w.keys++; return fmt.Sprintf("%s-%d", w.t.Name(), w.keys) }

func (w *world) news(disease string) News {
	return News{Tidings: Tidings{Source: "village", Disease: disease, Unit: w.commune.ID}, Place: "Thôn Đoài", Words: "Ba trẻ cùng sốt phát ban",
		Since: w.today() - 20, Sick: 3, Dead: 0, Phone: "0912345678"}
}

func (w *world) signal(a store.Actor, n News) string {
	w.t.Helper()
	id, err := w.Signal(w.t.Context(), a, n, w.key())
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

func (w *world) take(a store.Actor, id string, d Draft) {
	w.t.Helper()
	if d.Words == "" {
		d.Words = "Đã tới nơi"
	}
	if err := w.Take(w.t.Context(), a, id, dated(d), w.key()); err != nil {
		w.t.Fatalf("%s: %v", d.Kind, err)
	}
}

// dated is the draft with the days it does not say left open.
func dated(d Draft) Draft {
	for _, on := range []*vn.Date{&d.At, &d.Since} {
		if *on == 0 {
			*on = vn.ZeroDate
		}
	}
	return d
}

func (w *world) event(id string) Event {
	w.t.Helper()
	e, err := w.Event(w.t.Context(), w.as(store.StationDirector), id)
	if err != nil {
		w.t.Fatal(err)
	}
	return e
}

// focus brings a signal to an open focus that began 20 days ago.
func (w *world) focus(disease string) string {
	w.t.Helper()
	id := w.signal(w.as(store.VillageWorker), w.news(disease))
	w.take(w.as(store.Nurse), id, Draft{Kind: Verified})
	w.take(w.as(store.StationDirector), id, Draft{Kind: Focus, Name: "Thôn Đoài A", Place: "Thôn Đoài", Since: w.today() - 20})
	return id
}

// person is a resident of the first commune.
func (w *world) person(id, name, address string) {
	w.t.Helper()
	w.put(fhir.Patient{ID: id, Gender: "female", BirthDate: "2019-05-02", Name: []fhir.HumanName{{Text: name}},
		Address: []fhir.Address{{Use: "home", Text: address, Extension: []fhir.Extension{ext(w.commune)}}}, ManagingOrganization: fhir.Ref("Organization", here)})
}

// report is a case of a person as surveillance writes it, with its form.
func (w *world) report(patient, icd, focus, workplace string, day vn.Date) string {
	w.t.Helper()
	id := "case-" + patient
	c := fhir.Condition{ID: id, Extension: []fhir.Extension{ext(w.commune)}, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "provisional", ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")},
		Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}}, Subject: fhir.Ref("Patient", patient),
		RecordedDate: day.String(), Evidence: []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("QuestionnaireResponse", "form-"+patient)}}}}
	if focus != "" {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtFocus, ValueString: focus})
	}
	form := fhir.QuestionnaireResponse{ID: "form-" + patient, Questionnaire: fhir.QuestionnaireCase, Status: "completed", Subject: fhir.Ref("Patient", patient),
		Item: []fhir.ResponseItem{{LinkID: "group-person", Item: []fhir.ResponseItem{{LinkID: "phone", Answer: []fhir.Answer{{ValueString: "0901234567"}}}}}}}
	if workplace != "" {
		form.Item[0].Item = append(form.Item[0].Item, fhir.ResponseItem{LinkID: "workplace", Answer: []fhir.Answer{{ValueString: workplace}}})
	}
	a := storetest.System()
	a.Facility, a.Unit = here, w.commune.ID
	var ops []store.Op
	for _, r := range []any{form, c} {
		ops = append(ops, store.Put(fhir.MustNew(r)))
	}
	receipt, err := w.s.For(a).Commit(w.t.Context(), ops...)
	for late := err == nil; late; {
		late, err = w.s.AwaitLate(w.t.Context(), receipt, view)
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return id
}

// died writes on a report that the person died of it on the day, when there is one.
func (w *world) died(report string, on vn.Date) string {
	w.t.Helper()
	if !on.Known() {
		return report
	}
	d, err := w.s.For(storetest.System()).Read(w.t.Context(), "Condition", report)
	if err != nil {
		w.t.Fatal(err)
	}
	var c fhir.Condition
	if err := d.Into(&c); err != nil {
		w.t.Fatal(err)
	}
	c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtDied, ValueDate: on.String()})
	w.put(c)
	return report
}

// notice is form 01 or 02 as surveillance writes it.
func (w *world) notice(id, form, opens, disease string, day vn.Date) {
	w.t.Helper()
	c := fhir.Communication{ID: id, Status: "completed", Extension: []fhir.Extension{ext(w.commune)},
		Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "epidemic", ""), fhir.Code(fhir.Base+"/cs/epidemic-form", form, "")},
		Topic:    fhir.Code(casereport.SystemDisease, disease, ""), Sent: day.String(), Sender: fhir.Ref("Organization", here)}
	if opens != "" {
		c.InResponseTo = []fhir.Reference{fhir.Ref("Communication", opens)}
	}
	w.put(c)
}

// dump writes the view's tables as text, row by row in order.
func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	for _, table := range []string{"events_step", "events_event", "events_case", "events_contact", "events_task", "events_notice"} {
		columns := map[string]string{
			"events_step":    "id, event, step", // the number in the log is another after a restore
			"events_event":   "id, unit, province, stage, disease, focus, first, last, author, told, moved, event",
			"events_case":    "report, disease, patient, form, unit, province, day, onset, class, claimed, cause, cause_disease, same_as, focus, died, died_on, facility, label_unit, sensitivity, version, exposed",
			"events_contact": "id, event, patient, facility, unit, province, sensitivity, status, first, last, checked, version, worker, contact",
			"events_task":    "id, event, facility, unit, version, due, done, task",
			"events_notice":  "id, form, opens, disease, unit, day, facility",
		}[table]
		n := strings.Count(columns, ",") + 1
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
			return fmt.Sprintf("%s %v\n", table, cells), err
		}, `select `+columns+` from `+table+` order by `+columns)
		if err != nil {
			w.t.Fatal(err)
		}
		b.WriteString(strings.Join(rows, ""))
	}
	return b.String()
}

// rebuilt wants the view made anew from the log to be the one that followed it.
func (w *world) rebuilt() {
	w.t.Helper()
	before := w.dump()
	if err := w.s.Rebuild(w.t.Context(), view); err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(before, w.dump()); diff != "" {
		w.t.Errorf("followed (-), rebuilt (+)\n%s", diff)
	}
}

// wait moves the clock on.
func (w *world) wait(d time.Duration) { w.clock.Advance(d) }

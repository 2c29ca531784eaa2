// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"slices"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// story is the policy at work in the store: one visit of somebody from
// elsewhere at station t1, in commune 21 of province 2.
type story struct {
	t       *testing.T
	s       *store.Store
	patient string
	visit   string
}

func at(role store.Role, facility string, unit vn.UnitID) store.Actor {
	return store.Actor{Account: "a-" + string(role) + facility, Name: string(role), Role: role, Practitioner: "pr-" + string(role) + facility, Facility: facility,
		FacilityName: facility, Unit: unit, Purpose: PurposeOf(role)}
}

var (
	clerk    = at(store.Receptionist, "t1", 21)
	nurse    = at(store.Nurse, "t1", 21)
	doctor   = at(store.Doctor, "t1", 21)
	director = at(store.StationDirector, "t1", 21)
	other    = at(store.Doctor, "t2", 22)
	cdc      = at(store.CDC, "c2", 2)
	farCDC   = at(store.CDC, "c3", 3)
	expert   = at(store.Expert, "h1", 22)
	desk     = at(store.Coordinator, "h1", 22)
	chairman = at(store.Chairman, "u1", 21)
	ministry = at(store.Ministry, "m", 1)
)

func (s *story) me() store.Actor {
	return store.Actor{Account: "me", Role: store.Person, Patient: s.patient, Purpose: store.OwnRequest}
}

func (s *story) commit(a store.Actor, v map[string]any) string {
	s.t.Helper()
	id, err := s.try(a, v)
	if err != nil {
		s.t.Fatalf("%s writes %s: %v", a.Role, v["resourceType"], err)
	}
	return id
}

func (s *story) try(a store.Actor, v map[string]any) (string, error) {
	op := store.Create
	if v["id"] != nil {
		op = store.Put
	}
	r, err := s.s.For(a).Commit(context.Background(), op(fhir.MustNew(v)))
	if err != nil {
		return "", err
	}
	return r.Docs[0].ID(), nil
}

func (s *story) sees(a store.Actor, typ, id string, want bool) {
	s.t.Helper()
	_, err := s.s.For(a).Read(context.Background(), typ, id)
	if err != nil && !issue.Is(err, issue.NotFound) {
		s.t.Fatal(err)
	}
	if (err == nil) != want {
		s.t.Errorf("%s of %s reads %s: %v, want %v", a.Role, a.Facility, typ, err == nil, want)
	}
	page, err := s.s.For(a).Search(context.Background(), store.Query{Type: typ, Params: [][2]string{{"_id", id}}, Total: "accurate"})
	if issue.Is(err, issue.Forbidden) { // nothing of the type is in reach
		page, err = store.Page{}, nil
	}
	if err != nil {
		s.t.Fatal(err)
	}
	if (len(page.Docs) == 1) != want || (page.Total == 1) != want {
		s.t.Errorf("%s of %s finds %d %s and counts %d, want %v", a.Role, a.Facility, len(page.Docs), typ, page.Total, want)
	}
}

func (s *story) refused(a store.Actor, v map[string]any) {
	s.t.Helper()
	if _, err := s.try(a, v); err == nil {
		s.t.Errorf("%s of %s writes a %s", a.Role, a.Facility, v["resourceType"])
	}
}

func ref(typ, id string) map[string]any { return map[string]any{"reference": typ + "/" + id} }

func code(system, c string) map[string]any {
	return map[string]any{"coding": []any{map[string]any{"system": system, "code": c}}}
}

func (s *story) encounter(status string) map[string]any {
	v := map[string]any{"resourceType": "Encounter", "status": status, "subject": ref("Patient", s.patient), "serviceProvider": ref("Organization", "t1"),
		"class":  map[string]any{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"},
		"period": map[string]any{"start": "2026-11-21T08:00:00+07:00"}}
	if s.visit != "" {
		v["id"] = s.visit
	}
	return v
}

func (s *story) part(typ, status string, more map[string]any) map[string]any {
	v := map[string]any{"resourceType": typ, "subject": ref("Patient", s.patient), "encounter": ref("Encounter", s.visit)}
	if status != "" {
		v["status"] = status
	}
	for k, x := range more {
		v[k] = x
	}
	return v
}

func (s *story) diagnosis(icd, verification string) map[string]any {
	return s.part("Condition", "", map[string]any{"code": code("http://hl7.org/fhir/sid/icd-10", icd),
		"verificationStatus": code("http://terminology.hl7.org/CodeSystem/condition-ver-status", verification),
		"category":           []any{code("http://terminology.hl7.org/CodeSystem/condition-category", "encounter-diagnosis")}})
}

func tellStory(t *testing.T, tell func(s *story)) {
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		s := &story{t: t}
		s.s = storetest.Open(t, p, storetest.Guarded(newPolicy(t)), storetest.Configure(func(c *store.Config) {
			c.Now = func() time.Time { return noon }
			c.Sensitivity = content.Sensitivity
			c.UnitOf = func(code, _ string) vn.UnitID { return map[string]vn.UnitID{"21": 21, "22": 22, "31": 31}[code] }
		}))
		for id, unit := range map[string]string{"t1": "21", "t2": "22", "h1": "22", "c2": "22", "c3": "31"} {
			s.commit(system, map[string]any{"resourceType": "Organization", "id": id, "name": id, "address": []any{map[string]any{
				"extension": []any{map[string]any{"url": "https://mach.vn/ext/unit", "valueCoding": map[string]any{"system": "https://mach.vn/cs/unit", "code": unit}}}}}})
		}
		s.patient = s.commit(clerk, map[string]any{"resourceType": "Patient", "active": true, "name": []any{map[string]any{"text": "Ngô Văn An"}},
			"address": []any{map[string]any{"use": "home", "extension": []any{map[string]any{"url": "https://mach.vn/ext/unit",
				"valueCoding": map[string]any{"system": "https://mach.vn/cs/unit", "code": "22"}}}}}})
		tell(s)
	})
}

// arrive opens the visit as the desk does.
func (s *story) arrive() {
	s.t.Helper()
	s.visit = s.commit(clerk, s.encounter("arrived"))
	s.commit(clerk, map[string]any{"resourceType": "Task", "status": "requested", "intent": "order", "code": code("https://mach.vn/cs/task", "ticket"),
		"for": ref("Patient", s.patient), "owner": ref("Organization", "t1"), "encounter": ref("Encounter", s.visit)})
}

// TestStoryOfAVisit: who sees what while a visit is written, signed and
// reported.
func TestStoryOfAVisit(t *testing.T) {
	tellStory(t, func(s *story) {
		s.refused(nurse, s.part("Observation", "preliminary", map[string]any{"code": code("http://loinc.org", "8867-4")}))
		s.arrive()
		pulse := s.commit(nurse, s.part("Observation", "preliminary", map[string]any{"code": code("http://loinc.org", "8867-4")}))
		s.refused(nurse, s.diagnosis("A97", "provisional"))
		s.refused(other, s.diagnosis("A97", "provisional"))
		dengue := s.commit(doctor, s.diagnosis("A97", "provisional"))
		for _, c := range []struct {
			a                  store.Actor
			visit, pulse, drug bool
		}{{clerk, true, false, false}, {nurse, true, true, true}, {doctor, true, true, true}, {director, true, true, true}, {other, false, false, false},
			{cdc, false, false, false}, {chairman, false, false, false}, {ministry, false, false, false}, {s.me(), false, false, false}, {store.Actor{}, false, false, false}} {
			s.sees(c.a, "Encounter", s.visit, c.visit)
			s.sees(c.a, "Observation", pulse, c.pulse)
			s.sees(c.a, "Condition", dengue, c.drug)
		}
		s.commit(doctor, s.encounter("finished"))
		s.sees(s.me(), "Encounter", s.visit, true)
		s.sees(s.me(), "Observation", pulse, false) // still preliminary
		stranger := s.me()
		stranger.Patient = "somebody"
		s.sees(stranger, "Encounter", s.visit, false)

		report := s.commit(doctor, s.part("Condition", "", map[string]any{"code": code("http://hl7.org/fhir/sid/icd-10", "A97"),
			"verificationStatus": code("http://terminology.hl7.org/CodeSystem/condition-ver-status", "provisional"),
			"category":           []any{code("https://mach.vn/cs/category", "case-report")}}))
		s.sees(cdc, "Condition", report, true)
		s.sees(cdc, "Patient", s.patient, true)
		s.sees(cdc, "Condition", dengue, false)
		s.sees(cdc, "Encounter", s.visit, false)
		s.sees(farCDC, "Condition", report, false)
		s.sees(farCDC, "Patient", s.patient, false)
		s.sees(ministry, "Condition", report, false)

		lines, err := s.s.For(s.me()).AccessLog(context.Background(), s.patient, time.Time{}, 200)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(lines, func(l store.Access) bool { return l.Role == store.CDC && l.Allowed }) &&
			!s.isPostgres() {
			t.Error("the person is not told that the CDC read")
		}
		if !slices.ContainsFunc(lines, func(l store.Access) bool {
			return l.Role == store.Receptionist && l.Action == store.ActCreate && slices.Contains(l.Types, "Encounter")
		}) && !s.isPostgres() {
			t.Error("the person is not told who gave the number that opened the record")
		}
		if _, err := s.s.For(doctor).AccessLog(context.Background(), s.patient, time.Time{}, 10); !issue.Is(err, issue.NotFound) {
			t.Errorf("a doctor reads the person's access log: %v", err)
		}
	})
}

// isPostgres: there lines are numbered a moment later.
func (s *story) isPostgres() bool { return s.t.Name() == "TestStoryOfAVisit/postgres" }

// TestStoryOfAClosedFile: a diagnosis of HIV and what follows from it stay
// closed to everybody without the label.
func TestStoryOfAClosedFile(t *testing.T) {
	tellStory(t, func(s *story) {
		s.arrive()
		hiv := s.commit(doctor, s.diagnosis("B20", "confirmed"))
		drug := s.commit(doctor, s.part("MedicationRequest", "active", map[string]any{"intent": "order",
			"medicationCodeableConcept": map[string]any{"text": "TLD"}, "reasonReference": []any{ref("Condition", hiv)}}))
		guardian := store.Actor{Account: "g", Role: store.Guardian, Patient: s.patient, Purpose: store.OwnRequest}
		err := s.s.Relate(context.Background(), store.Relation{Patient: s.patient, Account: "g", Kind: KindGuardian, From: noon.Add(-time.Hour)})
		if err != nil {
			t.Fatal(err)
		}
		urgent := nurse
		urgent.Purpose = store.Emergency
		for _, a := range []store.Actor{nurse, clerk, director, at(store.Pharmacist, "t1", 21), urgent, guardian, cdc, ministry, other} {
			s.sees(a, "Condition", hiv, false)
			s.sees(a, "MedicationRequest", drug, false)
			page, err := s.s.For(a).Search(context.Background(), store.Query{Type: "MedicationRequest", Params: [][2]string{{"patient", s.patient}}, Total: "accurate"})
			if err != nil && !issue.Is(err, issue.Forbidden) || len(page.Docs) > 0 || page.Total > 0 {
				t.Errorf("%s counts %d: %v", a.Role, page.Total, err)
			}
		}
		s.sees(doctor, "Condition", hiv, true)
		s.sees(doctor, "MedicationRequest", drug, true)
		s.sees(s.me(), "Condition", hiv, true)
	})
}

// TestStoryOfAConsultation: the hospital that is asked sees the request, and
// of its experts only who is named or invited sees the record; nobody else does.
func TestStoryOfAConsultation(t *testing.T) {
	tellStory(t, func(s *story) {
		s.arrive()
		pulse := s.commit(nurse, s.part("Observation", "preliminary", map[string]any{"code": code("http://loinc.org", "8867-4")}))
		s.sees(expert, "Observation", pulse, false)
		asked := s.commit(doctor, s.part("ServiceRequest", "active", map[string]any{"intent": "order", "category": []any{code("https://mach.vn/cs/category", "consultation")},
			"performer": []any{ref("Organization", "h1")}}))
		s.sees(desk, "ServiceRequest", asked, true)
		s.sees(desk, "Patient", s.patient, true)
		s.sees(desk, "Observation", pulse, false)
		task := s.part("Task", "requested", map[string]any{"intent": "order", "focus": ref("ServiceRequest", asked), "for": ref("Patient", s.patient)})
		delete(task, "subject")
		task["id"] = s.commit(doctor, task)
		colleague := expert
		colleague.Account, colleague.Practitioner = "a-colleague", "pr-colleague"
		s.sees(expert, "Observation", pulse, false)
		task["status"], task["owner"] = "accepted", ref("Practitioner", expert.Practitioner)
		s.commit(desk, task)
		s.sees(expert, "Observation", pulse, true)
		for _, a := range []store.Actor{desk, colleague, at(store.Doctor, "h1", 22), at(store.Expert, "h2", 22)} {
			s.sees(a, "Observation", pulse, false)
		}
		s.sees(colleague, "ServiceRequest", asked, false)
		request := s.part("ServiceRequest", "active", map[string]any{"intent": "order", "category": []any{code("https://mach.vn/cs/category", "consultation")},
			"performer": []any{ref("Organization", "h1"), ref("Practitioner", colleague.Practitioner)}})
		request["id"] = asked
		s.commit(doctor, request)
		s.sees(colleague, "Observation", pulse, true) // invited
		s.sees(at(store.Doctor, "h1", 22), "Observation", pulse, false)
		answer := s.commit(expert, s.part("DiagnosticReport", "final", map[string]any{"code": map[string]any{"text": "Ý kiến chuyên gia"},
			"category": []any{code("https://mach.vn/cs/category", "consultation")}, "conclusion": "Theo dõi tại trạm"}))
		s.refused(expert, s.diagnosis("A97", "confirmed"))
		s.sees(doctor, "DiagnosticReport", answer, true)
		s.sees(s.me(), "DiagnosticReport", answer, true)
		s.sees(other, "DiagnosticReport", answer, false)
	})
}

// TestStoryOfAnEpidemic: only the director declares.
func TestStoryOfAnEpidemic(t *testing.T) {
	tellStory(t, func(s *story) {
		declare := map[string]any{"resourceType": "Communication", "status": "completed", "category": []any{code("https://mach.vn/cs/category", "epidemic")},
			"sender": ref("Organization", "t1")}
		for _, a := range []store.Actor{nurse, doctor, clerk, cdc, ministry, chairman} {
			s.refused(a, declare)
		}
		id := s.commit(director, declare)
		for _, a := range []store.Actor{nurse, chairman, cdc, ministry, at(store.Department, "d", 2)} {
			s.sees(a, "Communication", id, true)
		}
		s.sees(farCDC, "Communication", id, false)
		s.sees(s.me(), "Communication", id, false)
	})
}

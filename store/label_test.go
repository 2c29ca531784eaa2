// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// testConfig knows one sensitive chapter and two units.
func testConfig() Config {
	return Config{
		Guard: &testGuard{},
		Sensitivity: func(system, code, display string) []string {
			if code == "" && strings.Contains(display, "Olanzapin") {
				return []string{"mental"}
			}
			if system == "http://hl7.org/fhir/sid/icd-10" && strings.HasPrefix(code, "B2") {
				return []string{"hiv"}
			}
			return nil
		},
		UnitOf: func(code, _ string) vn.UnitID {
			return map[string]vn.UnitID{"06967": 6967, "07255": 7255}[code]
		},
	}
}

func unitExtension(code string) []any {
	return []any{map[string]any{"url": extensionUnit, "valueCoding": map[string]any{"system": base + "/cs/unit", "code": code}}}
}

func (w *world) labelsOf(t *testing.T, ref string) Labels {
	t.Helper()
	typ, id, _ := strings.Cut(ref, "/")
	l, err := readLabels(t.Context(), w.s.read, typ, id)
	if err != nil || l == nil {
		t.Fatalf("labels of %s: %v", ref, err)
	}
	return *l
}

// station adds a station in one commune, its sub-site, and two people.
func (w *world) station(t *testing.T) {
	t.Helper()
	w.add(t,
		map[string]any{"resourceType": "Organization", "id": "sub", "name": "Điểm trạm", "partOf": ref("Organization/st"), "type": []any{coding(systemFacility, "substation")}},
		map[string]any{"resourceType": "Organization", "id": "st", "name": "Trạm", "type": []any{coding(systemFacility, "station")},
			"address": []any{map[string]any{"extension": unitExtension("06967")}}},
		map[string]any{"resourceType": "Organization", "id": "hos", "name": "Bệnh viện"},
		map[string]any{"resourceType": "Patient", "id": "p", "managingOrganization": ref("Organization/st"),
			"address": []any{map[string]any{"use": "temp", "extension": unitExtension("06967")}, map[string]any{"use": "home", "extension": unitExtension("07255")}}},
		map[string]any{"resourceType": "Patient", "id": "x"})
}

func condition(id, code string, more map[string]any) map[string]any {
	c := map[string]any{"resourceType": "Condition", "id": id, "subject": ref("Patient/p"), "encounter": ref("Encounter/e"),
		"code": coding("http://hl7.org/fhir/sid/icd-10", code)}
	for k, v := range more {
		c[k] = v
	}
	return c
}

func inVisitOf(typ, id string, more map[string]any) map[string]any {
	r := map[string]any{"resourceType": typ, "id": id, "subject": ref("Patient/p"), "encounter": ref("Encounter/e"), "status": "active", "intent": "order"}
	for k, v := range more {
		if r[k] = v; v == nil {
			delete(r, k)
		}
	}
	return r
}

func TestLabels(t *testing.T) {
	w := &world{s: openTest(t, testConfig())}
	w.station(t)
	w.add(t,
		map[string]any{"resourceType": "Encounter", "id": "e", "status": "in-progress", "class": map[string]any{"code": "AMB"}, "subject": ref("Patient/p"), "serviceProvider": ref("Organization/sub")},
		map[string]any{"resourceType": "Observation", "id": "o", "status": "preliminary", "code": coding("http://loinc.org", "8310-5"), "subject": ref("Patient/p"), "encounter": ref("Encounter/e")},
		map[string]any{"resourceType": "Bundle", "id": "one", "type": "collection", "entry": []any{map[string]any{"resource": map[string]any{"resourceType": "Patient", "id": "p"}}, map[string]any{"resource": condition("k", "J10", nil)}}},
		map[string]any{"resourceType": "Bundle", "id": "two", "type": "collection", "entry": []any{map[string]any{"resource": map[string]any{"resourceType": "Patient", "id": "x"}}, map[string]any{"resource": condition("k", "J10", nil)}}},
		map[string]any{"resourceType": "Task", "id": "t", "status": "requested", "intent": "order", "code": coding(base+"/cs/task", "ticket"), "for": ref("Patient/p"), "owner": ref("Organization/st")},
		map[string]any{"resourceType": "Communication", "id": "m", "status": "completed", "category": []any{coding(base+"/cs/category", "event-step")}, "sender": ref("Organization/st"), "extension": unitExtension("07255")})
	for _, c := range []struct {
		ref                        string
		patient, facility, categor string
		unit                       vn.UnitID
		draft                      bool
	}{
		{"Patient/p", "p", "st", "", 7255, false},
		{"Patient/x", "x", "", "", 0, false},
		{"Organization/st", "", "st", "", 6967, false},
		{"Organization/sub", "", "st", "", 6967, false},
		{"Encounter/e", "p", "st", "", 6967, true},
		{"Observation/o", "p", "st", "", 6967, true},
		{"Task/t", "p", "st", "ticket", 6967, false},
		{"Communication/m", "", "st", "event-step", 7255, false}, // the place it is about
		{"Bundle/one", "p", "", "", 0, false},
		{"Bundle/two", severalPatients, "", "", 0, false},
	} {
		l := w.labelsOf(t, c.ref)
		if l.Patient != c.patient || l.Facility != c.facility || l.Unit != c.unit || l.Category != c.categor || l.Draft != c.draft || l.Author != "system" {
			t.Errorf("%s: %+v", c.ref, l)
		}
	}
	handed := func(owner string) {
		t.Helper()
		w.add(t, map[string]any{"resourceType": "Task", "id": "v", "status": "in-progress", "intent": "order", "code": coding(base+"/cs/task", "contact-village"), "owner": ref(owner)})
	}
	for _, c := range [][2]string{{"Practitioner/one", "Practitioner/one"}, {"Practitioner/two", "Practitioner/two"}, {"Organization/st", ""}} {
		handed(c[0])
		if l := w.labelsOf(t, "Task/v"); l.Author != c[1] {
			t.Errorf("handed to %s: author %q", c[0], l.Author)
		}
	}
	moved := fhir.MustNew(map[string]any{"resourceType": "Observation", "id": "o", "status": "final", "code": coding("http://loinc.org", "8310-5"), "subject": ref("Patient/x")})
	if _, err := w.s.For(SystemActor()).Commit(t.Context(), Update(moved, 0)); !issue.Is(err, issue.BusinessRule) {
		t.Errorf("giving an observation to somebody else: %v", err)
	}
}

// TestSensitivitySpreads walks the rules of label_spread.go, then takes the
// diagnosis back: whatever had followed it follows again.
func TestSensitivitySpreads(t *testing.T) {
	eachDatabase(t, testConfig(), func(t *testing.T, s *Store) {
		w := &world{s: s}
		w.station(t)
		drug := map[string]any{"medicationCodeableConcept": map[string]any{"text": "thuốc"}}
		with := func(more map[string]any) map[string]any {
			m := map[string]any{}
			for k, v := range drug {
				m[k] = v
			}
			for k, v := range more {
				m[k] = v
			}
			return m
		}
		w.add(t,
			// The drug stands before the diagnosis that it names.
			inVisitOf("MedicationRequest", "named", with(map[string]any{"reasonReference": []any{ref("Condition/hiv")}})),
			inVisitOf("MedicationRequest", "flu-drug", with(map[string]any{"reasonReference": []any{ref("Condition/flu")}})),
			inVisitOf("MedicationRequest", "unnamed", with(nil)),
			map[string]any{"resourceType": "Encounter", "id": "e", "status": "finished", "class": map[string]any{"code": "AMB"}, "subject": ref("Patient/p"),
				"serviceProvider": ref("Organization/st"), "diagnosis": []any{map[string]any{"condition": ref("Condition/hiv")}, map[string]any{"condition": ref("Condition/flu")}}},
			condition("hiv", "B20", nil), condition("flu", "J10", nil),
			condition("report", "A90", map[string]any{"category": []any{coding(base+"/cs/category", "case-report")}, "evidence": []any{map[string]any{"detail": []any{ref("Condition/hiv")}}}}),
			inVisitOf("Observation", "pressure", map[string]any{"intent": nil, "status": "final", "code": coding("http://loinc.org", "85354-9"), "category": []any{coding("http://terminology.hl7.org/CodeSystem/observation-category", "vital-signs")}}),
			inVisitOf("Observation", "lab", map[string]any{"intent": nil, "status": "final", "code": coding("http://loinc.org", "1-1")}),
			inVisitOf("ServiceRequest", "test", map[string]any{"reasonCode": []any{coding("http://hl7.org/fhir/sid/icd-10", "B24")}, "encounter": nil}),
			map[string]any{"resourceType": "DiagnosticReport", "id": "deep", "status": "final", "code": map[string]any{"text": "x"}, "subject": ref("Patient/p"), "basedOn": []any{ref("ServiceRequest/test")}},
			map[string]any{"resourceType": "Appointment", "id": "remind", "status": "booked", "start": "2026-11-23T01:00:00Z", "end": "2026-11-23T01:20:00Z", "participant": []any{map[string]any{"actor": ref("Patient/p"), "status": "accepted"}}, "reasonReference": []any{ref("Condition/hiv")}},
			map[string]any{"resourceType": "Task", "id": "ticket", "status": "requested", "intent": "order", "code": coding(base+"/cs/task", "ticket"), "for": ref("Patient/p"), "encounter": ref("Encounter/e")},
			inVisitOf("ServiceRequest", "ask", map[string]any{"category": []any{coding(base+"/cs/category", "consultation")}, "reasonCode": []any{map[string]any{"text": "?"}}, "supportingInfo": []any{ref("Observation/pressure")}}),
			map[string]any{"resourceType": "QuestionnaireResponse", "id": "form-hiv", "status": "completed", "questionnaire": base + "/fhir/Questionnaire/ca-benh",
				"identifier": map[string]any{"system": base + "/id/case", "value": "hiv"}, "subject": ref("Patient/p"), "encounter": ref("Encounter/e")},
			map[string]any{"resourceType": "QuestionnaireResponse", "id": "form-flu", "status": "completed", "questionnaire": base + "/fhir/Questionnaire/ca-benh",
				"identifier": map[string]any{"system": base + "/id/case", "value": "flu"}, "subject": ref("Patient/p"), "encounter": ref("Encounter/e")},
			map[string]any{"resourceType": "Patient", "id": "marked", "meta": map[string]any{"security": []any{map[string]any{"system": systemSensitive, "code": "mental"}}}})
		// A later drug meets the stored labels.
		w.add(t, inVisitOf("MedicationRequest", "later", with(nil)))
		check := func(want map[string]string) {
			t.Helper()
			for ref, labels := range want {
				if got := strings.Join(w.labelsOf(t, ref).Sensitivity, " "); got != labels {
					t.Errorf("%s: %q, want %q", ref, got, labels)
				}
			}
		}
		always := map[string]string{"Condition/flu": "", "MedicationRequest/flu-drug": "", "QuestionnaireResponse/form-flu": "", "Patient/p": "",
			"ServiceRequest/test": "hiv", "DiagnosticReport/deep": "hiv", "Patient/marked": "mental"}
		follow := []string{"Condition/hiv", "Encounter/e", "MedicationRequest/named", "MedicationRequest/unnamed", "MedicationRequest/later", "Condition/report", "Observation/lab", "Appointment/remind", "ServiceRequest/ask", "QuestionnaireResponse/form-hiv"}
		expect := func(label string) map[string]string {
			want := map[string]string{}
			for ref, l := range always {
				want[ref] = l
			}
			for _, ref := range follow {
				want[ref] = label
			}
			for _, ref := range []string{"Observation/pressure", "Task/ticket"} {
				if want[ref] = ""; label != "" {
					want[ref] = closedVisit
				}
			}
			return want
		}
		check(expect("hiv"))
		w.add(t, condition("hiv", "A09", nil))
		check(expect(""))
		w.add(t, condition("hiv", "B20", nil))
		check(expect("hiv"))
		if _, changes, err := s.For(SystemActor()).History(t.Context(), "MedicationRequest", "named", 0); err != nil || len(changes) != 3 {
			t.Errorf("a relabelled drug has %d versions, %v: followers would not learn of it", len(changes), err)
		}
	})
}

// TestSensitivityOfMedicines: a drug that is named by a reference has the labels
// of the words beside it and of the Medication, whenever that was written.
func TestSensitivityOfMedicines(t *testing.T) {
	eachDatabase(t, testConfig(), func(t *testing.T, s *Store) {
		w := &world{s: s}
		w.station(t)
		medication := func(code string) map[string]any {
			return map[string]any{"resourceType": "Medication", "id": "m", "code": coding("http://hl7.org/fhir/sid/icd-10", code)}
		}
		request := func(id, display string) map[string]any {
			return inVisitOf("MedicationRequest", id, map[string]any{"encounter": nil, "medicationReference": map[string]any{"reference": "Medication/m", "display": display}})
		}
		check := func(ref, want string) {
			t.Helper()
			if got := strings.Join(w.labelsOf(t, ref).Sensitivity, " "); got != want {
				t.Errorf("%s: %q, want %q", ref, got, want)
			}
		}
		w.add(t, request("before", "thuốc"), request("worded", "Olanzapin 5 mg"))
		check("MedicationRequest/before", "")
		check("MedicationRequest/worded", "mental")
		w.add(t, medication("B20"))
		w.add(t, request("after", "thuốc"))
		check("MedicationRequest/before", "hiv")
		check("MedicationRequest/after", "hiv")
		check("MedicationRequest/worded", "hiv mental")
		check("Medication/m", "")
		w.add(t, medication("A09"), request("with", "thuốc"))
		check("MedicationRequest/after", "")
		check("MedicationRequest/with", "")
		w.add(t, medication("A10"))
		if l := w.labelsOf(t, "MedicationRequest/after"); len(l.Sensitivity) != 0 {
			t.Errorf("labels %v", l.Sensitivity)
		}
	})
}

// TestRelations follows one person through residence, visit and consultation.
func TestRelations(t *testing.T) {
	eachDatabase(t, testConfig(), func(t *testing.T, s *Store) {
		now := time.Date(2026, 11, 21, 1, 0, 0, 0, time.UTC)
		s.cfg.Now = func() time.Time { return now }
		w := &world{s: s}
		w.station(t)
		start := now
		valid := func(facility string) []string {
			t.Helper()
			rels, err := relationsOf(t.Context(), s.read, Actor{Facility: facility}, "p")
			if err != nil {
				t.Fatal(err)
			}
			var kinds []string
			for _, r := range rels["p"] {
				if r.Facility == facility && !r.From.After(now) && (r.To.IsZero() || r.To.After(now)) {
					kinds = append(kinds, r.Kind)
				}
			}
			slices.Sort(kinds)
			return kinds
		}
		expect := func(when, facility string, want ...string) {
			t.Helper()
			if got := valid(facility); !slices.Equal(got, want) {
				t.Errorf("%s, %s: %v, want %v", when, facility, got, want)
			}
		}
		visit := func(status, at string, more map[string]any) {
			t.Helper()
			e := map[string]any{"resourceType": "Encounter", "id": "e", "status": status, "class": map[string]any{"code": "AMB"}, "subject": ref("Patient/p"),
				"serviceProvider": ref("Organization/" + at), "period": map[string]any{"start": "2026-11-21T08:00:00+07:00"}}
			for k, v := range more {
				e[k] = v
			}
			w.add(t, e)
		}
		expect("registered", "st", "residence")
		expect("registered", "sub")
		visit("in-progress", "sub", nil)
		expect("visit at the sub-site", "sub", "arrival")
		expect("visit at the sub-site", "st", "arrival", "residence")
		w.add(t, map[string]any{"resourceType": "Patient", "id": "p", "managingOrganization": ref("Organization/hos")})
		expect("moved away", "st", "arrival")
		expect("moved away", "hos", "residence")
		now = start.Add(25 * time.Hour)
		visit("in-progress", "sub", map[string]any{"period": map[string]any{"start": "2026-11-21T08:00:00+07:00", "end": "2036-01-01"}})
		expect("a day later, never signed", "st")
		expect("a day later, never signed", "sub")
		now = start
		w.add(t, map[string]any{"resourceType": "Encounter", "id": "ahead", "status": "arrived", "class": map[string]any{"code": "AMB"}, "subject": ref("Patient/p"),
			"serviceProvider": ref("Organization/hos"), "period": map[string]any{"start": "2026-11-25T08:00:00+07:00"}})
		now = start.Add(5 * day)
		expect("an arrival dated ahead", "hos", "residence")
		now = start
		now = now.Add(time.Hour)
		visit("finished", "sub", map[string]any{"period": map[string]any{"start": "2026-11-21T08:00:00+07:00", "end": "2036-01-01"}})
		expect("signed off", "st", "visit")
		now = start.Add(30 * day)
		expect("30 days later", "st", "visit")
		now = start.Add(31 * day)
		expect("31 days later", "st")
		expect("31 days later", "sub")
		visit("finished", "sub", map[string]any{"reasonCode": []any{map[string]any{"text": "sửa"}}})
		expect("a correction opens nothing", "st")
		request := map[string]any{"resourceType": "ServiceRequest", "id": "r", "status": "active", "intent": "order", "subject": ref("Patient/p"),
			"category": []any{coding(base+"/cs/category", "consultation")}, "performer": []any{ref("Organization/st")}}
		w.add(t, request)
		expect("asked", "st", "consultation")
		request["status"] = "completed"
		w.add(t, request)
		now = now.Add(6 * day)
		expect("six days after", "st", "consultation")
		now = now.Add(2 * day)
		expect("eight days after", "st")
		rels, _ := relationsOf(t.Context(), s.read, Actor{Facility: "st"}, "p")
		if len(rels["p"]) != 4 {
			t.Errorf("history has %d relations, want 4: %+v", len(rels["p"]), rels["p"])
		}
		if err := s.Relate(t.Context(), Relation{Patient: "p", Account: "mother", Kind: "guardian", From: now}); err != nil {
			t.Fatal(err)
		}
		if err := s.Relate(t.Context(), Relation{Patient: "p", Account: "mother", Kind: "guardian", From: now, To: now.Add(day)}); err != nil {
			t.Fatal(err)
		}
		rels, _ = relationsOf(t.Context(), s.read, Actor{Account: "mother"}, "p")
		if len(rels["p"]) != 1 || !rels["p"][0].To.Equal(now.Add(day)) {
			t.Errorf("guardian: %+v", rels["p"])
		}
		if err := s.Relate(t.Context(), Relation{Patient: "p", Kind: "guardian"}); !issue.Is(err, issue.Invalid) {
			t.Errorf("a relation to nobody: %v", err)
		}
	})
}

// TestClosedCase: a report of a closed disease relates nobody to the person,
// and one that becomes closed ends what it began.
func TestClosedCase(t *testing.T) {
	eachDatabase(t, testConfig(), func(t *testing.T, s *Store) {
		w := &world{s: s}
		w.station(t)
		cases := func() (open int) {
			t.Helper()
			rels, err := relationsOf(t.Context(), s.read, Actor{Facility: "cdc"}, "p")
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rels["p"] {
				if r.Kind == kindCase && r.To.IsZero() {
					open++
				}
			}
			return open
		}
		report := func(id, code, cause string) map[string]any {
			return condition(id, code, map[string]any{"category": []any{coding(base+"/cs/category", "case-report")}, "evidence": []any{map[string]any{"detail": []any{ref("Condition/" + cause)}}}})
		}
		w.add(t, condition("hiv", "B20", nil), report("r-hiv", "B20", "hiv"))
		if n := cases(); n != 0 {
			t.Errorf("a closed report made %d relations", n)
		}
		w.add(t, condition("flu", "J10", nil), report("r-flu", "J10", "flu"))
		if n := cases(); n != 1 {
			t.Errorf("an open report made %d relations", n)
		}
		w.add(t, condition("flu", "B20", nil))
		if n := cases(); n != 0 {
			t.Errorf("a report that became closed leaves %d relations", n)
		}
	})
}

// TestAccessLog: newest first, and a guardian learns of no sensitive line.
func TestAccessLog(t *testing.T) {
	s := openTest(t, testConfig())
	w := &world{s: s}
	w.station(t)
	w.add(t, condition("flu", "J10", nil), condition("hiv", "B20", nil))
	nurse := Actor{Account: "n", Name: "Điều dưỡng Hoa", Role: Nurse, Facility: "st", FacilityName: "Trạm", Purpose: Treatment, Request: "1"}
	for _, id := range []string{"flu", "hiv"} {
		if _, err := s.For(nurse).Read(t.Context(), "Condition", id); err != nil {
			t.Fatal(err)
		}
	}
	lines := func(a Actor) []Access {
		t.Helper()
		all, err := s.For(a).AccessLog(t.Context(), "p", time.Time{}, 10)
		if err != nil {
			t.Fatal(err)
		}
		return slices.DeleteFunc(all, func(l Access) bool { return l.Actor != "n" })
	}
	own := lines(Actor{Account: "p", Role: Person, Patient: "p", Request: "2"})
	if len(own) != 2 || !own[0].Sensitive || own[1].Sensitive || own[1].Name != "Điều dưỡng Hoa" || own[1].FacilityName != "Trạm" ||
		own[1].Purpose != Treatment || own[1].Action != ActRead || !slices.Equal(own[1].Types, []string{"Condition"}) || !own[1].Allowed {
		t.Errorf("the person sees %+v", own)
	}
	guardian := Actor{Account: "m", Role: Guardian, Patient: "p", Request: "3"}
	if kin := lines(guardian); len(kin) != 0 {
		t.Errorf("of the day of a closed file the guardian sees %+v", kin)
	}
	now := s.cfg.Now().Add(24 * time.Hour)
	s.cfg.Now = func() time.Time { return now }
	nurse.Request = "4"
	if _, err := s.For(nurse).Read(t.Context(), "Condition", "flu"); err != nil {
		t.Fatal(err)
	}
	if kin := lines(guardian); len(kin) != 1 || kin[0].Sensitive || kin[0].Name != "Điều dưỡng Hoa" {
		t.Errorf("of another day the guardian sees %+v", kin)
	}
}

// A medicine named by words alone is as sensitive as one with a code; free
// text beside it, such as the dose, is not read.
func TestWordsAreLabelled(t *testing.T) {
	eachDatabase(t, testConfig(), func(t *testing.T, s *Store) {
		w := &world{s: s}
		w.station(t)
		drug := func(id, name, dose string) map[string]any {
			return map[string]any{
				"resourceType": "MedicationRequest", "id": id, "status": "active", "intent": "order", "subject": ref("Patient/p"),
				"medicationCodeableConcept": map[string]any{"text": name}, "dosageInstruction": []any{map[string]any{"text": dose}},
			}
		}
		w.add(t, drug("m1", "Olanzapin 10 mg", "uống 1 viên"), drug("m2", "Paracetamol 500 mg", "không uống cùng Olanzapin"))
		if got := w.labelsOf(t, "MedicationRequest/m1").Sensitivity; !slices.Equal(got, []string{"mental"}) {
			t.Errorf("labels of the named medicine: %v", got)
		}
		if got := w.labelsOf(t, "MedicationRequest/m2").Sensitivity; len(got) > 0 {
			t.Errorf("labels of another medicine: %v", got)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// onFile writes a child with measles of whom the record knows much, beside
// what must not be taken for an answer.
func (w *world) onFile() {
	w.t.Helper()
	doctor := w.actor(store.Doctor)
	system := storetest.System()
	today := w.today()
	coded := func(url, code string) fhir.Extension {
		return fhir.Extension{URL: url, ValueCoding: fhir.Coding{Code: code}}
	}
	phone := func(n string) []fhir.ContactPoint { return []fhir.ContactPoint{{System: "phone", Value: n}} }
	w.put(system, fhir.Organization{ID: station, Name: "Trạm y tế phường Kinh Bắc", Telecom: phone("02223821000"),
		Address: []fhir.Address{{Extension: []fhir.Extension{w.unit(w.commune)}}}})
	w.put(w.actor(store.Receptionist),
		fhir.Patient{ID: "child", Active: ptr(true), Gender: "male", BirthDate: today.AddMonths(-50).String(), Name: []fhir.HumanName{{Text: "Nguyễn Gia Bảo"}},
			Extension:  []fhir.Extension{coded(fhir.Base+"/ext/ethnic", "03")},
			Identifier: []fhir.Identifier{fhir.PersonalNumber("024222000123"), fhir.InsuranceNumber("2412345678")},
			Address: []fhir.Address{
				{Use: "old", Text: "Nơi cũ"},
				{Use: "home", Text: "Khu 3, phường Vệ An, TP Bắc Ninh", Extension: []fhir.Extension{w.unit(w.commune)}},
				{Use: "temp", Text: "Khu trọ Hòa Đình"},
			},
			Contact:              []fhir.PatientContact{{Name: fhir.HumanName{Text: "Trần Thị Mai"}, Telecom: phone("0912000111")}},
			ManagingOrganization: fhir.Ref("Organization", station)})
	v := visit{id: "v1", patient: "child", icd: "B05.9", words: "Sởi", at: w.now()}
	all := v.resources()
	condition := all[1].(fhir.Condition)
	condition.OnsetDateTime = today.AddDays(-3).String()
	all[1] = condition
	dose := func(id, cvx, text, status string, back int) fhir.Immunization {
		i := fhir.Immunization{ID: id, Status: status, VaccineCode: fhir.CodeableConcept{Text: text}, Patient: fhir.Ref("Patient", "child"), OccurrenceDateTime: today.AddDays(-back).String()}
		if cvx != "" {
			i.VaccineCode.Coding = []fhir.Coding{{System: fhir.CVX, Code: cvx}}
		}
		return i
	}
	test := func(id, name, result string, back int) fhir.Observation {
		return fhir.Observation{ID: id, Status: "final", Category: []fhir.CodeableConcept{fhir.Code(fhir.ObservationCategory, "laboratory", "")},
			Code: fhir.Words(name), Subject: fhir.Ref("Patient", "child"), EffectiveDateTime: fhir.Instant(w.now().AddDate(0, 0, -back)),
			Performer:            []fhir.Reference{{Reference: "Organization/lab", Display: "CDC Bắc Ninh"}},
			ValueCodeableConcept: fhir.Words(result)}
	}
	w.put(doctor, all...)
	w.put(system,
		dose("d1", "05", "Sởi mũi 1", "completed", 1200), dose("d2", "", "MR (sởi – rubella)", "completed", 900),
		dose("same-day", "04", "Sởi–rubella", "completed", 900), // the same dose, told twice
		dose("other", "102", "DPT-VGB-Hib", "completed", 1300), dose("never", "05", "Sởi", "not-done", 800),
		dose("after", "05", "Sởi", "completed", -10),
		test("t1", "Soi tươi đờm", "dương tính", 0), // folds to the same letters as sởi
		test("t2", "IgM sởi (ELISA)", "Âm tính", 2), test("t3", "RT-PCR virus sởi", "Dương tính", 1),
		test("t4", "Virus sởi", "Dương tính", 90), // long before
	)
}

func TestFilledFromTheRecord(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.onFile()
		w.calm()
		doctor := w.actor(store.Doctor)
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		today := w.today()
		for id, want := range map[string]string{
			"name": "Nguyễn Gia Bảo", "sex": "male", "number": "024222000123", "insurance": "2412345678", "ethnic": "03", "occupation": "child",
			"address": "Khu 3, phường Vệ An, TP Bắc Ninh", "commune": w.commune.Full(), "current_address": "Khu trọ Hòa Đình",
			"guardian": "Trần Thị Mai", "guardian_phone": "0912000111", "phone": "", "workplace": "",
			"disease": "measles", "icd": "B05.9", "class": "suspect", "diagnosed": today.String(), "first_visit": today.String(),
			"onset": today.AddDays(-3).String(), "facility": "Trạm y tế phường Kinh Bắc", "care": "outpatient", "outcome": "treating", "admitted": "",
			"vaccinated": "yes", "doses": "2", "last_dose": today.AddDays(-900).String(),
			"sampled": "yes", "sample_date": today.AddDays(-1).String(), "test": "pcr", "result": "positive", "laboratory": "CDC Bắc Ninh", "sample_kind": "",
			"travel": "", "contact": "", "focus": "", "reporter": doctor.Name, "reporter_phone": "02223821000",
		} {
			if form[id] != want {
				t.Errorf("%s is %q, want %q", id, form[id], want)
			}
		}
		known, missing := form.Known()
		if want := []string{"workplace", "sample_kind", "travel", "contact"}; !slices.Equal(missing, want) || known != 32 {
			t.Errorf("%d known, missing %v; want 32 and %v", known, missing, want)
		}
		page := w.page(w.draftPage, w.request(doctor, "/dich/ca-moi/c-v1", "cause", "c-v1"))
		wantWords(t, page, fmt.Sprintf("Đã điền %d/%d mục từ hồ sơ", known, known+len(missing)), "Còn thiếu: Nơi làm việc, học tập, Loại mẫu", "Mã số bảo hiểm y tế", "2412345678")
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		if err != nil {
			t.Fatal(err)
		}
		w.calm()
		sent, err := w.Open(ctx, doctor, id)
		if err != nil {
			t.Fatal(err)
		}
		for q, answer := range form {
			if sent.Answers[q] != answer {
				t.Errorf("sent %s as %q, not %q", q, sent.Answers[q], answer)
			}
		}
	})
}

// What is not on file stays open: never "no", never a guess. A question that
// does not arise is not missing.
func TestNothingIsInvented(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		_, form, err := w.Filled(ctx, w.actor(store.Doctor), "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		_, missing := form.Known()
		want := []string{"onset", "occupation", "ethnic", "workplace", "vaccinated", "sampled", "travel", "contact", "reporter_phone"}
		if !slices.Equal(missing, want) {
			t.Errorf("missing %v, want %v", missing, want)
		}
		for _, id := range missing {
			if form[id] != "" {
				t.Errorf("%s is invented: %q", id, form[id])
			}
		}
		if _, _, derived, err := w.filled(ctx, w.actor(store.Doctor), "c-v1"); err != nil || !slices.Equal(derived, []string{"current_address"}) {
			t.Errorf("%v follow, %v", derived, err)
		}
	})
}

// What the visit asked stands in the form, after what the record says itself; a
// sample that nobody has tested yet is a sample.
func TestFilledFromWhatTheVisitAsked(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		w.put(w.actor(store.Doctor),
			fhir.QuestionnaireResponse{ID: "asked", Questionnaire: fhir.QuestionnaireVisit, Status: "completed", Subject: fhir.Ref("Patient", "p1"), Encounter: fhir.Ref("Encounter", "v1"),
				Item: casereport.Items(map[string]string{"phone": "0999999999", "travel": "Hà Nội", "contact": "no", "vaccinated": "unknown"})},
			map[string]any{"resourceType": "Specimen", "id": "s1", "subject": fhir.Ref("Patient", "p1"), "type": fhir.Words("Huyết thanh"), "collection": map[string]any{"collectedDateTime": fhir.Instant(w.now())}})
		_, form, derived, err := w.filled(ctx, w.actor(store.Doctor), "c-v1")
		w.ok(err)
		for id, want := range map[string]string{"phone": "0912345678", "travel": "Hà Nội", "contact": "no", "vaccinated": "unknown", "sampled": "yes",
			"sample_date": w.today().String(), "sample_kind": "Huyết thanh", "result": "pending", "test": ""} {
			if form[id] != want {
				t.Errorf("%s is %q, want %q", id, form[id], want)
			}
		}
		if !slices.Equal(derived, []string{"current_address", "result"}) {
			t.Errorf("%v follow", derived)
		}
	})
}

// Who may not read a part of the record sends the case without it.
func TestFilledWithWhatTheReaderMaySee(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.onFile()
		w.calm()
		_, form, err := w.Filled(ctx, w.actor(store.Doctor), "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		if form["name"] == "" || form["vaccinated"] != "" || form["result"] != "" || form["first_visit"] != "" || form["care"] != "" {
			t.Errorf("%v", form)
		}
	}, storetest.Guarded(storetest.JudgeFunc(func(a store.Actor, act store.Action, l store.Labels, _ []store.Relation) store.Decision {
		shut := slices.Contains([]string{"Immunization", "Encounter", "Observation", "DiagnosticReport", "Specimen", "RelatedPerson"}, l.Type)
		return store.Decision{Allow: a.Role == store.System || !shut || act == store.ActCreate || act == store.ActUpdate, Reason: "test"}
	})))
}

// The words of a record in other shapes: dead, admitted, referred, healed.
func TestCourseOfTheIllness(t *testing.T) {
	at := time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)
	docs := func(patient, visit, cause string) record {
		parse := func(s string) *fhir.Doc {
			d, err := fhir.Parse([]byte(s))
			if err != nil {
				t.Fatal(err)
			}
			return d
		}
		return record{draft: Draft{At: at}, patient: parse(`{"resourceType":"Patient"` + patient + `}`), visit: parse(`{"resourceType":"Encounter"` + visit + `}`), cause: parse(`{"resourceType":"Condition"` + cause + `}`)}
	}
	for name, c := range map[string]struct {
		record
		want string
	}{
		"nothing is known": {docs(``, ``, ``), ""},
		"in hospital": {docs(``, `,"class":{"code":"IMP"},"period":{"start":"2026-11-18T09:00:00+07:00"}`, `,"clinicalStatus":{"coding":[{"code":"active"}]}`),
			"admitted=2026-11-18 care=inpatient first_visit=2026-11-18 outcome=treating"},
		"sent on": {docs(``, `,"class":{"code":"IMP"},"period":{"start":"2026-11-18","end":"2026-11-19"},"hospitalization":{"dischargeDisposition":{"coding":[{"code":"other-hcf"}]}}`, `,"clinicalStatus":{"coding":[{"code":"active"}]}`),
			"admitted=2026-11-18 care=inpatient discharged=2026-11-19 first_visit=2026-11-18 outcome=referred outcome_date=2026-11-19"},
		"healed":                               {docs(``, `,"class":{"code":"VR"}`, `,"clinicalStatus":{"coding":[{"code":"resolved"}]},"abatementDateTime":"2026-11-19T10:00:00+07:00"`), "outcome=recovered outcome_date=2026-11-19"},
		"dead":                                 {docs(`,"deceasedDateTime":"2026-11-19T23:00:00+07:00"`, ``, `,"clinicalStatus":{"coding":[{"code":"active"}]}`), "outcome=died outcome_date=2026-11-19"},
		"onset":                                {docs(``, ``, `,"onsetDateTime":"2026-11-15T07:00:00+07:00"`), "onset=2026-11-15"},
		"onset in a month that is all we know": {docs(``, ``, `,"onsetDateTime":"2026-11"`), ""},
	} {
		out := Report{}
		c.care(out)
		var got []string
		for _, id := range []string{"admitted", "care", "discharged", "first_visit", "onset", "outcome", "outcome_date"} {
			if out[id] != "" {
				got = append(got, id+"="+out[id])
			}
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
	if closed(issue.New(issue.Conflict, "x")) || !closed(issue.New(issue.Forbidden, "x")) {
		t.Error("what is closed and what is broken are mixed up")
	}
}

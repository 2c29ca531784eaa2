// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"fmt"
	"log/slog"
	"net/http/httptest"
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

// The diagnosis of an expert's conclusion makes a draft where the question came
// from; with the visit's own diagnosis it is one case; corrected, it is gone.
func TestDraftOfAConsultation(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.visit(visit{id: "v1", patient: "p1", icd: "J06.9", words: "Viêm họng", at: w.now()})
		conclude := func(icd string) {
			r := fhir.DiagnosticReport{ID: "kl", Status: "final", Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "consultation", "")}, Code: fhir.Words("Hội chẩn"),
				Subject: fhir.Ref("Patient", "p1"), Encounter: fhir.Ref("Encounter", "v1"), Issued: fhir.Instant(w.now()), Conclusion: "Nghĩ đến sởi",
				Performer: []fhir.Reference{fhir.Ref("Organization", hospital.Facility)}}
			if icd != "" {
				r.ConclusionCode = []fhir.CodeableConcept{{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}, Text: "Sởi"}}
			}
			w.put(storetest.System(), r)
		}
		conclude("")
		w.wantDrafts("words alone")
		conclude("B05.9")
		w.wantDrafts("the expert's diagnosis", "measles kl(1)")
		d, form, err := w.Filled(ctx, w.actor(store.Doctor), "kl")
		w.ok(err)
		if d.Facility != station || d.Place != w.commune.ID || d.Encounter != "v1" || form["icd"] != "B05.9" || form["care"] != "outpatient" || form["facility"] == "" {
			t.Errorf("%+v, %v", d, form)
		}
		w.visit(visit{id: "v2", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now().Add(24 * time.Hour)})
		w.wantDrafts("one case of two triggers", "measles c-v2(2)")
		conclude("J06.9")
		w.wantDrafts("corrected", "measles c-v2(1)")
	})
}

// A report of a laboratory that is a consultation's conclusion too is one
// trigger, whatever else has its id; a conclusion that is not final is none.
func TestConclusionOfALaboratoryIsOneTrigger(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		put := func(id, status, code string, laboratory bool) {
			r := fhir.DiagnosticReport{ID: id, Status: status, Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "consultation", "")}, Code: fhir.Words("RT-PCR Dengue"),
				Subject: fhir.Ref("Patient", "p1"), EffectiveDateTime: fhir.Instant(w.now()), Issued: fhir.Instant(w.now()), Conclusion: "Dương tính",
				ConclusionCode: []fhir.CodeableConcept{{Coding: []fhir.Coding{{System: fhir.ICD10, Code: code}}}}}
			if laboratory {
				r.Category = append(r.Category, fhir.Code("http://terminology.hl7.org/CodeSystem/v2-0074", "LAB", ""))
			}
			w.put(w.actor(store.Doctor), r)
		}
		put("kl", "final", "A97", true)
		w.wantDrafts("both categories", "dengue kl(1)")
		put("kl", "preliminary", "A97", true)
		w.wantDrafts("not final")
		put("kl", "preliminary", "A97", false)
		w.wantDrafts("a conclusion that is not final")
		put("kl", "amended", "A97", false)
		w.wantDrafts("amended", "dengue kl(1)")
		w.visit(visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		put("c-v1", "final", "A97", true)
		w.wantDrafts("a result with the id of a diagnosis", "measles c-v1(1)", "dengue kl(1)")
	})
}

// Reports that came by FHIR or as a file, in the name of somebody else or in
// nobody's: the same number, disease and episode are one case; another episode,
// another disease, only a name, and what a person parted are not.
func TestTwinsOfEveryPath(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		report := func(id, patient, icd, class string, back int) fhir.Condition {
			return fhir.Condition{ID: id, Extension: []fhir.Extension{w.unit(w.commune)}, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
				VerificationStatus: fhir.Code(fhir.ConditionVerStatus, class, ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
				Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}}, Subject: fhir.Ref("Patient", patient), RecordedDate: fhir.Instant(w.now().AddDate(0, 0, -back))}
		}
		person := func(id, name, number string) fhir.Patient {
			p := fhir.Patient{ID: id, Gender: "female", BirthDate: "1990-05-02", Name: []fhir.HumanName{{Text: name}}, Address: []fhir.Address{{Use: "home", Extension: []fhir.Extension{w.unit(w.commune)}}}}
			if number != "" {
				p.Identifier = []fhir.Identifier{fhir.PersonalNumber(number)}
			}
			return p
		}
		system, hospital := storetest.System(), w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.put(hospital, report("r1", "a", "A97.0", "provisional", 10), report("r2", "b", "A97.9", "confirmed", 4), report("r3", "b", "A97.0", "provisional", 3))
		w.put(system, person("a", "Trần Thị Bưởi", "024190123456"), person("b", "Tran Thi Buoi", "024190123456"), person("c", "Trần Thị Bưởi", ""), person("d", "Lê Thị Đào", "024190123457"))
		w.put(hospital, report("far", "b", "A97.0", "provisional", 60), report("other", "b", "B05.9", "provisional", 4), report("name", "c", "A97.0", "provisional", 5),
			report("not", "b", "A97.0", "refuted", 2), report("else", "d", "A97.0", "provisional", 5))
		w.calm()
		for range 2 { // the second time there is nothing to do
			w.ok(w.linkTwins(ctx, slog.New(slog.DiscardHandler), words(t), time.Time{}))
		}
		want := map[string]string{"r1": "", "r2": "r1", "r3": "r1", "far": "", "other": "", "name": "", "not": "", "else": ""}
		check := func(about string) {
			t.Helper()
			for id, same := range want {
				if c, err := w.Case(ctx, system, id); err != nil || c.SameAs != same || c.Version > 3 {
					t.Errorf("%s: %s is the same as %q (version %d), want %q; %v", about, id, c.SameAs, c.Version, same, err)
				}
			}
		}
		check("linked")
		cdc := w.elsewhere(store.CDC, "cdc", "cdc")
		c, err := w.Case(ctx, cdc, "r3")
		w.ok(err)
		w.ok(w.Part(ctx, cdc, "r3", "r1", c.Version, "p", "Hai người mượn giấy tờ"))
		w.ok(w.linkTwins(ctx, slog.New(slog.DiscardHandler), words(t), time.Time{}))
		want["r3"] = ""
		check("parted")
		w.put(hospital, report("r4", "a", "A97.0", "provisional", 1))
		w.calm()
		w.ok(w.linkTwins(ctx, slog.New(slog.DiscardHandler), words(t), w.now().AddDate(0, 0, 1)))
		want["r4"] = ""
		check("entered before")
	})
}

// A report that cannot be written keeps no other from being linked, and the log
// names nobody.
func TestTwinThatCannotBeLinked(t *testing.T) {
	refuses := storetest.Configure(func(c *store.Config) {
		c.Validate = func(d *fhir.Doc) []issue.Issue {
			if d.ID() == "a2" && strings.Contains(d.Text(), casereport.ExtSameCase) {
				return issue.New(issue.Invariant, "fhir.invariant", "Trần Thị Bưởi").Issues
			}
			return nil
		}
	})
	each(t, func(t *testing.T, w *world) {
		for i, who := range []string{"a", "b"} {
			w.put(storetest.System(), fhir.Patient{ID: who, Gender: "female", Name: []fhir.HumanName{{Text: "Trần Thị Bưởi"}}, Identifier: []fhir.Identifier{fhir.PersonalNumber(fmt.Sprintf("02419012345%d", i))}})
			for n := range 2 {
				w.put(storetest.System(), fhir.Condition{ID: fmt.Sprintf("%s%d", who, n+1), VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
					Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")}, Subject: fhir.Ref("Patient", who), RecordedDate: fhir.Instant(w.now()),
					Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "A97.1"}}}})
			}
		}
		var told strings.Builder
		w.ok(w.linkTwins(ctx, slog.New(slog.NewTextHandler(&told, nil)), words(t), time.Time{}))
		for id, same := range map[string]string{"a2": "", "b2": "b1"} {
			if c, err := w.Case(ctx, storetest.System(), id); err != nil || c.SameAs != same {
				t.Errorf("%s is the same as %q, want %q; %v", id, c.SameAs, same, err)
			}
		}
		if log := told.String(); !strings.Contains(log, "pairs=1") || strings.Contains(log, "Bưởi") {
			t.Errorf("log %q", log)
		}
	}, refuses)
}

// A regional institute sees the cases and figures of its provinces, from the
// list of provinces down to the report, writes none of them, and finds nothing
// of other regions.
func TestRegionalInstitute(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		id, err := w.Enter(ctx, hospital, "k1", w.told("Trần Thị Bưởi", "024190123456"))
		w.ok(err)
		w.calm()
		institute := func(code string) store.Actor {
			r, ok := w.units.ByCode(code, w.today())
			if !ok {
				t.Fatalf("no region %s", code)
			}
			a := storetest.Actor(store.Institute, "institute")
			a.Unit, a.Purpose = r.ID, store.PublicHealth
			return a
		}
		own, other := institute("vsdt-tu"), institute("pasteur-hcm")
		s, err := w.Open(ctx, own, id)
		w.ok(err)
		if s.Name != "Trần Thị Bưởi" || s.Answers["disease"] != "dengue" {
			t.Errorf("%+v", s.Case)
		}
		if err := w.Update(ctx, own, id, s.Version, "u", s.Answers, casereport.Probable, ""); !issue.Is(err, issue.Forbidden) && !issue.Is(err, issue.NotFound) {
			t.Errorf("an institute changed a report: %v", err)
		}
		if _, err := w.Open(ctx, other, id); !issue.Is(err, issue.NotFound) {
			t.Errorf("another institute reads it: %v", err)
		}
		page := w.page(w.homePage, w.request(own, "/dich"))
		wantWords(t, page, "Viện Vệ sinh dịch tễ Trung ương", "Bắc Ninh", "Hà Nội")
		if strings.Contains(page, "Cà Mau") {
			t.Error("a province of another region is on the page")
		}
		wantWords(t, w.page(w.homePage, w.request(own, "/dich?don-vi=24")), "Viện Vệ sinh dịch tễ Trung ương", "Bắc Ninh", "Trần Thị Bưởi")
		if err := w.homePage(httptest.NewRecorder(), w.request(own, "/dich?don-vi=96")); !issue.Is(err, issue.NotFound) {
			t.Errorf("a province of another region: %v", err)
		}
	})
}

// A result is matched by the number on the sample: of a Specimen or named in
// the result alone, in the name of nobody, of the same person, or of a patient
// of a laboratory of the province; another province's number may be the same.
// It proposes and decides nothing.
func TestResultsByTheNumberOfTheSample(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.person("lab-p", "NGUYEN THI LAN", w.other)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		doctor := w.actor(store.Doctor)
		laboratory := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		far := w.elsewhere(store.HospitalReporter, "xa", "hospital-province")
		far.Unit = w.other.ID
		w.person("same", "Nguyễn Thị Lan", w.other)
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		w.ok(err)
		form["sampled"], form["sample_number"] = "yes", "BN-2026 00417"
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		w.ok(err)
		answer := func(id, patient, test, number string, more map[string]any) map[string]any {
			r := map[string]any{"resourceType": "Observation", "id": id, "status": "final", "category": []any{fhir.Code(fhir.ObservationCategory, "laboratory", "")},
				"code": fhir.Words(test), "effectiveDateTime": fhir.Instant(w.now()), "valueCodeableConcept": fhir.Words("Dương tính")}
			if patient != "" {
				r["subject"] = fhir.Ref("Patient", patient)
			}
			if number != "" {
				r["specimen"] = map[string]any{"identifier": map[string]any{"value": number}}
			}
			for k, v := range more {
				r[k] = v
			}
			return r
		}
		w.put(storetest.System(),
			map[string]any{"resourceType": "Specimen", "id": "s1", "subject": fhir.Ref("Patient", "lab-p"), "accessionIdentifier": map[string]any{"value": "bn202600417"}},
			answer("nobody", "", "RT-PCR Dengue", "BN-2026-00417", nil),
			map[string]any{"resourceType": "Specimen", "id": "s2", "subject": fhir.Ref("Patient", "lab-p"), "accessionIdentifier": map[string]any{"value": "bn202600417"}},
			answer("of-theirs", "", "Dengue IgM", "", map[string]any{"specimen": fhir.Ref("Specimen", "s2")}),
			answer("another", "lab-p", "RT-PCR Dengue", "BN-2026-00418", nil), answer("measles", "", "IgM sởi", "BN-2026-00417", nil), answer("short", "", "RT-PCR Dengue", "417", nil))
		w.put(laboratory, answer("theirs", "lab-p", "Dengue NS1 test nhanh", "", map[string]any{"specimen": fhir.Ref("Specimen", "s1")}))
		w.put(far, answer("far", "lab-p", "Dengue NS1 ELISA", "BN-2026-00417", nil), answer("same", "same", "Dengue PCR", "BN-2026-00417", nil))
		w.calm()
		list, err := w.ResultsOf(ctx, doctor, id)
		w.ok(err)
		for _, r := range list {
			if !r.ByNumber {
				t.Errorf("%s is not said to be matched by the number", r.Words)
			}
		}
		var words []string
		for _, r := range list {
			words = append(words, r.Words+" "+string(r.Proposes))
		}
		slices.Sort(words)
		if got := strings.Join(words, "; "); got != "Dengue NS1 test nhanh: Dương tính confirmed; Dengue PCR: Dương tính confirmed; RT-PCR Dengue: Dương tính confirmed" {
			t.Errorf("matched %q", got)
		}
		if c, err := w.Case(ctx, doctor, id); err != nil || c.Class != casereport.Suspect {
			t.Errorf("%s, %v", c.Class, err)
		}
		s, err := w.Open(ctx, doctor, id)
		w.ok(err)
		s.Answers["sample_number"] = "BN-2026-00999"
		w.ok(w.Update(ctx, doctor, id, s.Version, "u", s.Answers, casereport.Suspect, ""))
		if list, err := w.ResultsOf(ctx, doctor, id); err != nil || len(list) != 0 {
			t.Errorf("%d results of another number, %v", len(list), err)
		}
	})
}

// The closed desk enters a case of which no diagnosis is on record, of somebody
// known or not: it alone reads the report, which counts and is on nobody's list.
func TestClosedDeskEntersACase(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		desk, cdc := w.elsewhere(store.ClosedDesk, "cdc", "cdc"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		hiv := func(name, number string) Told {
			told := w.told(name, number)
			told.Answers["disease"] = "hiv"
			return told
		}
		id, err := w.Enter(ctx, desk, "k1", hiv("Trần Thị Bưởi", "024190123456"))
		w.ok(err)
		known, err := w.Enter(ctx, desk, "k2", hiv("Nguyễn Thị Lan", "024190"+fmt.Sprintf("%06d", len("Nguyễn Thị Lan"))))
		w.ok(err)
		w.calm()
		for _, one := range []string{id, known} {
			s, err := w.Open(ctx, desk, one)
			w.ok(err)
			if s.Disease != "hiv" || !slices.Equal(s.sensitivity, []string{"hiv"}) || s.Answers["name"] == "" {
				t.Errorf("%+v", s.Case)
			}
			for _, a := range []store.Actor{cdc, w.actor(store.Doctor), w.actor(store.StationDirector)} {
				if _, err := w.Open(ctx, a, one); !issue.Is(err, issue.NotFound) {
					t.Errorf("%s reads a labelled report: %v", a.Role, err)
				}
			}
		}
		if c, err := w.Case(ctx, desk, known); err != nil || c.Patient != "p1" {
			t.Errorf("registered twice: %+v, %v", c, err)
		}
		if list, err := w.ClosedCases(ctx, desk, w.today().AddDays(-7), 10); err != nil || len(list) != 2 {
			t.Errorf("%d on the list of the desk, %v", len(list), err)
		}
		if _, err := w.Enter(ctx, desk, "k3", w.told("Lê Thị Đào", "")); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("the closed desk reported dengue: %v", err)
		}
		if _, err := w.Enter(ctx, cdc, "k4", hiv("Lê Thị Đào", "")); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("the CDC reported HIV: %v", err)
		}
		if _, err := w.s.For(desk).Read(ctx, "Patient", "p1"); err == nil {
			t.Error("the closed desk reads a person")
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package casereport_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/vn"
)

var units = sync.OnceValues(content.Units)

// full is a report that says all but what is rare; it may be changed freely.
func full(commune vn.Unit) fhir.Condition {
	return fhir.Condition{
		ID: "r1", Identifier: []fhir.Identifier{{System: casereport.SystemNumber, Value: "c1/dengue"}},
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "differential", ""),
		Category:           []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
		Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "A97.0"}}},
		Subject:            fhir.Ref("Patient", "p1"), Encounter: fhir.Ref("Encounter", "v1"),
		RecordedDate: "2026-11-20T23:30:00+07:00", OnsetDateTime: "2026-11-18",
		Evidence: []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("QuestionnaireResponse", "q1"), fhir.Ref("Condition", "c1")}}},
		Extension: []fhir.Extension{
			fhir.Unit(commune.Code, "", commune.Full()), {URL: casereport.ExtFocus, ValueString: "Xóm  Đình"},
		},
	}
}

func TestOf(t *testing.T) {
	u, err := units()
	if err != nil {
		t.Fatal(err)
	}
	commune := u.Communes(u.Provinces(vn.Reform)[0].ID, vn.Reform)[0]
	want := casereport.Report{
		Patient: "p1", Encounter: "v1", Disease: "dengue", ICD: "A97.0", Class: casereport.Probable, Claimed: casereport.Probable,
		Unit: commune.ID, Recorded: casereport.Instant("2026-11-20T23:30:00+07:00"), Day: casereport.Day("2026-11-20"), Onset: casereport.Day("2026-11-18"),
		Focus: "xom dinh", Cause: "c1", Drafted: "dengue", Died: vn.ZeroDate,
	}
	for name, c := range map[string]struct {
		change func(*fhir.Condition)
		want   func(*casereport.Report) // nil: no report
	}{
		"whole":            {func(*fhir.Condition) {}, func(*casereport.Report) {}},
		"entered in error": {func(c *fhir.Condition) { c.VerificationStatus.Coding[0].Code = "entered-in-error" }, nil},
		"no class":         {func(c *fhir.Condition) { c.VerificationStatus = fhir.CodeableConcept{} }, nil},
		"a diagnosis":      {func(c *fhir.Condition) { c.Category[0].Coding[0].System = fhir.ConditionCategory }, nil},
		"not notifiable":   {func(c *fhir.Condition) { c.Code.Coding[0].Code = "J06.9" }, nil},
		"unknown disease":  {func(c *fhir.Condition) { c.Code.Coding[0] = fhir.Coding{System: casereport.SystemDisease, Code: "x"} }, nil},
		"most specific code": {func(c *fhir.Condition) { c.Code.Coding[0].Code = "B83.0" },
			func(r *casereport.Report) { r.ICD, r.Disease = "B83.0", "toxocariasis" }},
		"chosen disease wins": {func(c *fhir.Condition) {
			c.Code.Coding = append(c.Code.Coding, fhir.Coding{System: casereport.SystemDisease, Code: "measles"})
		}, func(r *casereport.Report) { r.Disease = "measles" }},
		"says nothing more": {func(c *fhir.Condition) {
			*c = fhir.Condition{ID: "r1", VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "unconfirmed", ""),
				Category: c.Category, Code: c.Code, Subject: fhir.Reference{Display: "Ca bệnh"}}
		}, func(r *casereport.Report) {
			*r = casereport.Report{Disease: "dengue", ICD: "A97.0", Class: casereport.Suspect, Claimed: casereport.Suspect,
				Day: vn.ZeroDate, Onset: vn.ZeroDate, Died: vn.ZeroDate}
		}},
		"died, on paper, of the same case": {func(c *fhir.Condition) {
			same, other := fhir.Ref("Condition", "r0"), fhir.Ref("Condition", "r9")
			c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtDied, ValueDate: "2026-11-21"},
				fhir.Extension{URL: casereport.ExtReported, ValueDateTime: "2026-11-21T08:00:00+07:00"},
				fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &same},
				fhir.Extension{URL: casereport.ExtOtherCase, ValueReference: &other})
			c.Evidence[0].Detail = []fhir.Reference{fhir.Ref("Communication", "m1"), fhir.Ref("Observation", "o1")}
		}, func(r *casereport.Report) {
			r.Died, r.Reported = casereport.Day("2026-11-21"), casereport.Instant("2026-11-21T08:00:00+07:00")
			r.SameAs, r.Class, r.Others, r.Cause, r.Message = "r0", casereport.Duplicate, []string{"r9"}, "o1", "m1"
		}},
	} {
		said := full(commune)
		c.change(&said)
		got, ok := casereport.Of(fhir.MustNew(said), content.Diseases(), u)
		if ok != (c.want != nil) {
			t.Errorf("%s: a report is %v", name, ok)
		}
		if c.want == nil {
			continue
		}
		w := want
		c.want(&w)
		if diff := cmp.Diff(w, got); diff != "" {
			t.Errorf("%s (-want +got)\n%s", name, diff)
		}
	}
	if _, ok := casereport.Of(nil, content.Diseases(), u); ok {
		t.Error("nothing is a report")
	}
}

func TestClass(t *testing.T) {
	for _, c := range []casereport.Class{casereport.Suspect, casereport.Probable, casereport.Confirmed, casereport.Refuted} {
		if got := casereport.ClassOf(c.Status()); got != c {
			t.Errorf("%s is read as %q", c, got)
		}
	}
	for c, counts := range map[casereport.Class]bool{casereport.Suspect: true, casereport.Probable: true, casereport.Confirmed: true,
		casereport.Refuted: false, casereport.Changed: false, casereport.Duplicate: false, "": false} {
		if c.Counts() != counts {
			t.Errorf("%q counts: %v", c, c.Counts())
		}
	}
}

// A suspect or probable case rests on its diagnosis; what a laboratory confirmed
// or a person refused does not, and a merged one waits for what it counts as.
func TestResting(t *testing.T) {
	for _, c := range []struct {
		class, claimed casereport.Class
		then, now      string
		want           casereport.Class
	}{
		{casereport.Suspect, casereport.Suspect, "dengue", "dengue", casereport.Suspect},
		{casereport.Suspect, casereport.Suspect, "dengue", "measles", casereport.Changed},
		{casereport.Probable, casereport.Probable, "dengue", "", casereport.Changed},
		{casereport.Changed, casereport.Probable, "dengue", "measles", casereport.Changed},
		{casereport.Changed, casereport.Probable, "dengue", "dengue", casereport.Probable},
		{casereport.Confirmed, casereport.Confirmed, "dengue", "measles", casereport.Confirmed},
		{casereport.Refuted, casereport.Refuted, "dengue", "", casereport.Refuted},
		{casereport.Duplicate, casereport.Suspect, "dengue", "measles", casereport.Duplicate},
		{casereport.Suspect, casereport.Suspect, "", "", casereport.Suspect},
		{casereport.Suspect, casereport.Suspect, "", "dengue", casereport.Suspect},
		{casereport.Suspect, casereport.Suspect, "measles", "dengue", casereport.Suspect},
		{casereport.Suspect, casereport.Suspect, "", "measles", casereport.Changed},
	} {
		if got := casereport.Resting("dengue", c.class, c.claimed, c.then, c.now); got != c.want {
			t.Errorf("%+v: %s", c, got)
		}
	}
}

// A visit asks what is not on file, of notifiable diseases that are not for the
// closed desk.
func TestAskedAtTheVisit(t *testing.T) {
	diseases, on := content.Diseases(), vn.Date(20780)
	parse := func(s string) *fhir.Doc {
		d, err := fhir.Parse([]byte(`{"resourceType":"Patient"` + s + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	full := `,"telecom":[{"value":"1"}],"extension":[{"url":"` + casereport.ExtEthnic + `"},{"url":"` + casereport.ExtOccupation + `"}]`
	for _, c := range []struct {
		icd, patient, disease, want string
	}{
		{"B05.9", full + `,"birthDate":"1980"`, "measles", "workplace travel contact vaccinated sampled"},
		{"B50.9", full + `,"birthDate":"1980"`, "malaria", "workplace travel contact sampled"},
		{"A97.0", `,"birthDate":"1980"`, "dengue", "phone occupation ethnic workplace travel contact vaccinated sampled"},
		{"B05.9", `,"birthDate":"2023-02"`, "measles", "guardian guardian_phone ethnic workplace travel contact vaccinated sampled"},
		{"B20", full, "", ""}, {"I10", full, "", ""}, {"", full, "", ""},
	} {
		d, questions, ok := casereport.AskedAt(c.icd, on, diseases, parse(c.patient))
		var ids []string
		for _, q := range questions {
			ids = append(ids, q.ID)
		}
		if d.ID != c.disease || strings.Join(ids, " ") != c.want || ok != (c.disease != "") {
			t.Errorf("%s: %s asks %v, want %s", c.icd, d.ID, ids, c.want)
		}
	}
	if _, all, _ := casereport.AskedAt("B05.9", on, diseases, nil); len(all) != 10 {
		t.Errorf("of nobody in particular: %d questions", len(all))
	}
}

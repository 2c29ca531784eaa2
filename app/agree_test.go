// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"context"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/modules/indicators"
	"mach/modules/surveillance"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// Surveillance and the dashboards count a suspected case by one rule, whatever
// becomes of the diagnosis that it rests on.
func TestSurveillanceAndIndicatorsAgree(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	definitions, err := content.Indicators()
	if err != nil {
		t.Fatal(err)
	}
	now := storetest.NewClock().Now
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		dich := surveillance.New(s, units, content.Diseases(), content.OurLaw(), now)
		bang, err := indicators.New(s, units, definitions, now)
		if err != nil {
			t.Fatal(err)
		}
		s.Follow(dich.Follower(), bang.Follower())
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		on := vn.DateOf(now())
		province, _ := units.ByCode("24", on)
		commune := units.Communes(province.ID, on)[0]
		home := []fhir.Extension{fhir.Unit(commune.Code, commune.From.String(), commune.Full())}
		put := func(resources ...any) {
			t.Helper()
			for _, view := range []string{"surveillance", "indicators"} {
				storetest.Put(t, s, view, resources...)
			}
		}
		put(fhir.Patient{ID: "p", Name: []fhir.HumanName{{Text: "Nguyễn Thị Lan"}}, Address: []fhir.Address{{Extension: home}}})
		cause := func(id, code, status string) fhir.Condition {
			return fhir.Condition{ID: id, VerificationStatus: fhir.Code(fhir.ConditionVerStatus, status, ""),
				Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
				Code:     fhir.Code(fhir.ICD10, code, ""), Subject: fhir.Ref("Patient", "p"), RecordedDate: fhir.Instant(now())}
		}
		report := func(id string) fhir.Condition {
			return fhir.Condition{ID: "r-" + id, Extension: home, VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "provisional", ""),
				Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")}, Code: fhir.Code(fhir.ICD10, "A97.0", ""),
				Subject: fhir.Ref("Patient", "p"), RecordedDate: fhir.Instant(now().Add(-time.Hour)),
				Evidence: []fhir.ConditionEvidence{{Detail: []fhir.Reference{fhir.Ref("Condition", id)}}}}
		}
		agree := func(id, what string, counted bool) {
			t.Helper()
			c, err := dich.Case(context.Background(), storetest.System(), "r-"+id)
			if err != nil {
				t.Fatal(err)
			}
			fed, err := bang.Fed(context.Background(), storetest.System(), vn.Nation, []string{"Condition/r-" + id})
			if err != nil {
				t.Fatal(err)
			}
			if c.Class.Counts() != counted || (len(fed) > 0) != counted {
				t.Errorf("%s %s: surveillance counts %v, indicators %v, want %v", id, what, c.Class.Counts(), len(fed) > 0, counted)
			}
		}
		for _, c := range []struct {
			id, before, after, status string
			counted                   bool
		}{
			{"flu", "J10.1", "J11.1", "confirmed", true},
			{"encephalitis", "A83.0", "A83.8", "confirmed", false},
			{"warning-signs", "A97.0", "A97.1", "confirmed", true},
			{"error", "A97.0", "A97.0", "entered-in-error", false},
			{"refuted", "A97.0", "A97.0", "refuted", false},
			{"none", "J06.9", "J00", "confirmed", true},
		} {
			put(cause(c.id, c.before, "confirmed"))
			put(report(c.id))
			agree(c.id, "reported", true)
			put(cause(c.id, c.after, c.status))
			agree(c.id, "corrected", c.counted)
			put(cause(c.id, c.before, "confirmed"))
			agree(c.id, "put back", true)
			id := c.id + "-late" // as an import may bring them
			put(report(id))
			put(cause(id, c.before, "confirmed"))
			agree(id, "reported before its diagnosis", true)
			put(cause(id, c.after, c.status))
			agree(id, "corrected", c.counted)
			put(cause(id, c.before, "confirmed"))
			agree(id, "put back", true)
		}
	}, storetest.Idle(), storetest.Placed(units), storetest.Configure(func(c *store.Config) { c.Now = now }))
}

// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"strings"
	"testing"

	"mach/content"
	"mach/fhir/profile"
	"mach/issue"
	"mach/store"
)

// TestValidate: $validate names what is wrong by rule and place, in the
// reader's language, for a resource in the body and for one that is stored, and
// writes nothing.
func TestValidate(t *testing.T) {
	definitions, err := profile.ReadFolder(content.Profiles())
	if err != nil {
		t.Fatal(err)
	}
	v, err := profile.New(profile.Options{Definitions: definitions})
	if err != nil {
		t.Fatal(err)
	}
	const (
		person  = `{"resourceType":"Patient","id":"p","text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\">An</div>"},"gender":"male"}`
		profile = "https://mach.vn/fhir/StructureDefinition/mach-patient"
		late    = `{"resourceType":"Encounter","status":"finished","class":{"code":"AMB"},"period":{"start":"2026-11-22","end":"2026-11-21"}}`
	)
	each(t, func(t *testing.T, c client) {
		c.m.Validate(v, store.Refuse)
		c.do("POST /Patient/$validate", person).status(200).outcome("informational", "fhirapi.ok", "")
		c.do("POST /Patient/$validate?profile="+profile, person).status(200).outcome("required", "profile.min", "Patient.name")
		c.do("POST /Patient/$validate", `{"resourceType":"Parameters","parameter":[{"name":"profile","valueUri":"`+profile+`"},{"name":"resource","resource":`+person+`}]}`).
			status(200).outcome("required", "profile.min", "Patient.name")
		vi := c.do("POST /Encounter/$validate", late, "Accept-Language: vi").status(200).outcome("invariant", "invariant.per-1", "Encounter.period")
		en := c.do("POST /Encounter/$validate", late, "Accept-Language: en").status(200).outcome("invariant", "invariant.per-1", "Encounter.period")
		if !strings.Contains(vi.body, "trước ngày kết thúc") || !strings.Contains(en.body, "before the end") {
			t.Errorf("not in the reader's language:\n%s\n%s", vi.body, en.body)
		}
		c.do("POST /Patient/$validate", late).status(400).outcome("invalid", "fhirapi.type.other", "resourceType")
		c.do("POST /Patient/$validate?mode=see", person).status(422).outcome("value", "fhirapi.validate.mode", "mode")
		c.do("POST /Patient/$validate?mode=update", strings.Replace(person, `"id":"p",`, "", 1)).status(200).outcome("invalid", "fhirapi.validate.id", "Patient.id")
		c.do("GET /Patient/$validate", "").status(422).outcome("required", "fhirapi.validate.resource", "resource")
		c.do("GET /Patient/p", "").status(404)
		c.do("PUT /Patient/p", person).status(201)
		c.do("GET /Patient/p/$validate?profile="+profile, "").status(200).outcome("required", "profile.min", "Patient.name")
		c.do("GET /Patient/p/$validate?mode=delete", "").status(200).outcome("informational", "fhirapi.ok", "")
		c.do("GET /Patient/nobody/$validate", "").status(404)
	})
}

// TestChecks: what apps write with faults is refused, or written and told.
func TestChecks(t *testing.T) {
	const late = `{"resourceType":"Encounter","id":"e","status":"finished","class":{"code":"AMB"},"period":{"start":"2026-11-22","end":"2026-11-21"}}`
	const both = `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":` + late + `,"request":{"method":"PUT","url":"Encounter/e"}}]}`
	each(t, func(t *testing.T, c client) {
		c.do("PUT /Encounter/e", late).status(issue.Status(issue.New(issue.Invariant, ""))).outcome("invariant", "invariant.per-1", "Encounter.period")
		c.do("GET /Encounter/e", "").status(404)
		c.m.Validate(noProfiles(), store.Warn)
		c.do("PUT /Encounter/e", late, "Prefer: return=OperationOutcome").status(201).outcome("invariant", "invariant.per-1", "Encounter.period")
		c.do("GET /Encounter/e", "").status(200)
		told := c.do("POST /", strings.Replace(both, "finished", "arrived", 1)).status(200).doc().Get("entry", "0", "response", "outcome")
		if got := told.Get("issue", "0", "expression", "0").String(); got != "Encounter.period" {
			t.Errorf("told %s", told.Raw())
		}
	})
}

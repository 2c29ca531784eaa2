// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"slices"
	"sync"

	"mach/fhir"
	"mach/fhir/profile"
	"mach/fhir/terms"
	"mach/issue"
	"mach/store"
)

// Validate gives $validate its profiles, and says what happens to what apps write
// with faults; without it $validate knows R4 alone, and such writes are refused.
func (m *Module) Validate(v *profile.Validator, checks store.Checks) {
	m.validator, m.checks = v, checks
}

// noProfiles knows R4 alone.
var noProfiles = sync.OnceValue(func() *profile.Validator {
	v, err := profile.New(profile.Options{Terms: terms.R4()})
	if err != nil {
		panic("fhirapi: a validator without profiles: " + err.Error()) // impossible: nothing is compiled
	}
	return v
})

// told are the issues of an answer, or that all is well.
func (a *answer) told() []issue.Issue {
	if len(a.issues) == 0 {
		return []issue.Issue{fine}
	}
	return a.issues
}

// fine says that all is well.
var fine = issue.Issue{Severity: issue.SeverityInfo, Code: issue.Informative, Key: "fhirapi.ok"}

// modes are those of http://hl7.org/fhir/R4/valueset-resource-validation-mode.html.
var modes = []string{"create", "update", "delete", "profile"}

// validate answers [type]/$validate and [type]/[id]/$validate: an
// OperationOutcome with all that is wrong, or that all is well. Nothing is
// written. See http://hl7.org/fhir/R4/resource-operation-validate.html.
func (m *Module) validate(c *call) (*fhir.Doc, error) {
	mode := c.params.text("mode")
	if mode != "" && !slices.Contains(modes, mode) {
		return nil, issue.New(issue.Value, "fhirapi.validate.mode", mode).At("mode")
	}
	doc, err := c.params.resource("resource")
	if err == nil && (doc == nil || mode == "delete") && c.id != "" {
		doc, err = c.door.Read(c.http.Context(), c.typ, c.id)
	}
	switch {
	case err != nil:
		return nil, err
	case mode == "delete" && c.id == "":
		return nil, issue.New(issue.Required, "fhirapi.validate.id").At("mode")
	case mode == "delete": // it may be read, and nothing else is asked before a delete
		return outcome([]issue.Issue{fine}, c.say), nil
	case doc == nil:
		return nil, issue.New(issue.Required, "fhirapi.validate.resource").At("resource")
	case doc.Type() != c.typ:
		return nil, issue.New(issue.Invalid, "fhirapi.type.other", doc.Type(), c.typ).At("resourceType")
	}
	found := m.validator.Validate(doc, c.params.all("profile")...)
	found = append(found, c.forMode(mode, doc)...)
	return outcome((&answer{issues: found}).told(), c.say), nil
}

// forMode is what a create or an update asks beside the profiles.
func (c *call) forMode(mode string, doc *fhir.Doc) []issue.Issue {
	fault := func(key string) []issue.Issue {
		return []issue.Issue{{Severity: issue.SeverityError, Code: issue.Invalid, Key: key, Path: doc.Type() + ".id"}}
	}
	switch {
	case mode == "update" && doc.ID() == "":
		return fault("fhirapi.validate.id")
	case mode == "update" && c.id != "" && doc.ID() != c.id:
		return fault("fhirapi.id.other")
	}
	return nil
}

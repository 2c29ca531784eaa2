// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"iter"
	"regexp"
	"strings"

	"mach/fhir"
	"mach/fhir/terms"
	"mach/issue"
)

const mimeTypes = "http://hl7.org/fhir/ValueSet/mimetypes"

// formats are the short names of R4's own media types (http.html#mime-type).
var formats = map[string]bool{"xml": true, "json": true, "ttl": true}

// bound checks a coded value against a value set: an error where the binding is
// required, a warning where it is extensible. A value set that is not known
// says nothing.
func (c *check) bound(n fhir.Node, valueSet string, required bool) {
	if !required && c.opt.Errors {
		return
	}
	some, unknown := false, false
	code := ""
	for one := range codings(n) {
		if valueSet == mimeTypes { // parameters of media types are free
			if one.Code, _, _ = strings.Cut(one.Code, ";"); formats[one.Code] {
				return
			}
		}
		r, err := c.opt.Terms.ValidateCode(valueSet, one.System, one.Code, "")
		if r.Valid {
			return
		}
		unknown = unknown || err != nil || r.Unknown
		if !some {
			code = one.Code
		}
		some = true
	}
	switch {
	case unknown || !some && !required || n.Kind() == fhir.Object && n.Len() == 0:
	case required && (some || n.Kind() == fhir.String):
		c.fault(n.Path(), issue.CodeInvalid, "fhir.code", code, valueSet)
	case some:
		c.warn(n.Path(), issue.CodeInvalid, "profile.code.extensible", code, valueSet)
	}
}

// member reports whether one of the codes of a value is in a value set.
func (c *check) member(n fhir.Node, valueSet string) bool {
	for one := range codings(n) {
		if r, _ := c.opt.Terms.ValidateCode(valueSet, one.System, one.Code, ""); r.Valid {
			return true
		}
	}
	return false
}

// ofSystem checks that a code is in its system, where that is loaded whole.
func (c *check) ofSystem(n fhir.Node) {
	if c.opt.Terms == nil {
		return
	}
	one := terms.CodingOf(n)
	if c.opt.Errors && !c.opt.Displays {
		one.Display = "" // words that differ are a warning
	}
	r := c.opt.Terms.ValidateSystem(one)
	switch {
	case r.Issue == nil || r.Unknown:
	case !r.Valid && grown.MatchString(one.System):
		c.warn(n.Member("code").Path(), r.Issue.Code, r.Issue.Key, r.Issue.Args...)
	case r.Valid && c.opt.Displays:
		c.fault(n.Member("display").Path(), r.Issue.Code, r.Issue.Key, r.Issue.Args...)
	case r.Valid:
		c.warn(n.Member("display").Path(), r.Issue.Code, r.Issue.Key, r.Issue.Args...)
	default:
		c.fault(n.Member("code").Path(), r.Issue.Code, r.Issue.Key, r.Issue.Args...)
	}
}

// quantity warns of a unit whose code is none of its system: UCUM's are case
// sensitive, and few know them all.
func (c *check) quantity(n fhir.Node) {
	if c.opt.Errors || c.opt.Terms == nil || !n.Member("code").Exists() || !n.Member("system").Exists() {
		return
	}
	if r := c.opt.Terms.ValidateSystem(terms.CodingOf(n)); !r.Valid && !r.Unknown && r.Issue != nil {
		c.warn(n.Member("code").Path(), r.Issue.Code, r.Issue.Key, r.Issue.Args...)
	}
}

// grown are the tables of HL7 version 2 and 3. They grow apart from FHIR, so that
// a code which they did not have when R4 was made may be a new one.
var grown = regexp.MustCompile(`^http://terminology\.hl7\.org/CodeSystem/v[23]-`)

// codings yields the codes of a code, Coding, CodeableConcept or Quantity.
func codings(n fhir.Node) iter.Seq[terms.Coding] {
	return func(yield func(terms.Coding) bool) {
		if n.Kind() == fhir.String {
			yield(terms.Coding{Code: n.String()})
			return
		}
		list := n
		if coding := n.Member("coding"); coding.Exists() {
			list = coding
		}
		for c := range list.Items() {
			if c.Member("code").Exists() && !yield(terms.CodingOf(c)) {
				return
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"strconv"

	"mach/issue"
)

// The structs of this and the r4types files name the elements that product code
// uses, in the order of the R4 definitions; a test holds each of them against
// the definitions. Where zero means something, the field is a pointer:
// Active: new(false). Dates and times are text, since FHIR keeps their
// precision: "2026-11", or what [Instant] makes of a time.

// Decimal is a JSON number as written, so that 1.50 stays 1.50. Empty is none.
type Decimal string

// NewDecimal writes f with the given number of decimals: 36.60 has two.
func NewDecimal(f float64, decimals int) Decimal {
	return Decimal(strconv.FormatFloat(f, 'f', decimals, 64))
}

// Float returns the nearest number, 0 for none.
func (d Decimal) Float() float64 {
	f, _ := strconv.ParseFloat(string(d), 64)
	return f
}

// MarshalJSON writes the number; text that is none is an error of the encoder.
func (d Decimal) MarshalJSON() ([]byte, error) { return []byte(d), nil }

// UnmarshalJSON accepts numbers only.
func (d *Decimal) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '-' && (b[0] < '0' || b[0] > '9') {
		return issue.New(issue.Structure, "fhir.type", "decimal")
	}
	*d = Decimal(b)
	return nil
}

// Raw is JSON text standing in a struct as itself, such as a contained resource
// or the resource of a Bundle entry: Raw(doc.Text()).
type Raw string

// MarshalJSON writes the text.
func (r Raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// UnmarshalJSON keeps the text.
func (r *Raw) UnmarshalJSON(b []byte) error {
	*r = Raw(b)
	return nil
}

// Extension is more than R4 names; exactly one value, or extensions inside.
type Extension struct {
	URL                  string          `json:"url"`
	Extension            []Extension     `json:"extension,omitempty"`
	ValueBoolean         *bool           `json:"valueBoolean,omitzero"`
	ValueCode            string          `json:"valueCode,omitzero"`
	ValueDate            string          `json:"valueDate,omitzero"`
	ValueDateTime        string          `json:"valueDateTime,omitzero"`
	ValueDecimal         Decimal         `json:"valueDecimal,omitzero"`
	ValueInteger         *int            `json:"valueInteger,omitzero"`
	ValueString          string          `json:"valueString,omitzero"`
	ValueURI             string          `json:"valueUri,omitzero"`
	ValueCodeableConcept CodeableConcept `json:"valueCodeableConcept,omitzero"`
	ValueCoding          Coding          `json:"valueCoding,omitzero"`
	ValueIdentifier      *Identifier     `json:"valueIdentifier,omitzero"`
	ValuePeriod          Period          `json:"valuePeriod,omitzero"`
	ValueQuantity        Quantity        `json:"valueQuantity,omitzero"`
	ValueReference       *Reference      `json:"valueReference,omitzero"`
}

// Meta is what the store and its labels know about a resource.
type Meta struct {
	VersionID   string      `json:"versionId,omitzero"`
	LastUpdated string      `json:"lastUpdated,omitzero"`
	Source      string      `json:"source,omitzero"`
	Profile     []string    `json:"profile,omitempty"`
	Security    []Coding    `json:"security,omitempty"`
	Tag         []Coding    `json:"tag,omitempty"`
	Extension   []Extension `json:"extension,omitempty"`
}

// Coding is one code of one code system.
type Coding struct {
	System       string `json:"system,omitzero"`
	Version      string `json:"version,omitzero"`
	Code         string `json:"code,omitzero"`
	Display      string `json:"display,omitzero"`
	UserSelected *bool  `json:"userSelected,omitzero"`
}

// CodeableConcept is an idea: codes that mean it, and the words as entered.
type CodeableConcept struct {
	Coding []Coding `json:"coding,omitempty"`
	Text   string   `json:"text,omitzero"`
}

// Reference points to another resource: "Patient/123", an absolute URL, a
// urn:uuid inside a transaction, "#id" inside the resource, or an identifier.
type Reference struct {
	Reference  string      `json:"reference,omitzero"`
	Type       string      `json:"type,omitzero"`
	Identifier *Identifier `json:"identifier,omitzero"`
	Display    string      `json:"display,omitzero"`
	Extension  []Extension `json:"extension,omitempty"`
}

// Identifier is a number or name given by some authority.
type Identifier struct {
	Use      string          `json:"use,omitzero"`
	Type     CodeableConcept `json:"type,omitzero"`
	System   string          `json:"system,omitzero"`
	Value    string          `json:"value,omitzero"`
	Period   Period          `json:"period,omitzero"`
	Assigner Reference       `json:"assigner,omitzero"`
}

// HumanName is a name: Text as printed, Family and Given for search. A
// Vietnamese name is family (họ), then middle and given names (đệm, tên).
type HumanName struct {
	Use    string   `json:"use,omitzero"`
	Text   string   `json:"text,omitzero"`
	Family string   `json:"family,omitzero"`
	Given  []string `json:"given,omitempty"`
	Prefix []string `json:"prefix,omitempty"`
	Suffix []string `json:"suffix,omitempty"`
	Period Period   `json:"period,omitzero"`
}

// Address is a place: Text as printed, the administrative unit as extension
// [ExtUnit] (see [Unit]).
type Address struct {
	Use        string      `json:"use,omitzero"`
	Type       string      `json:"type,omitzero"`
	Text       string      `json:"text,omitzero"`
	Line       []string    `json:"line,omitempty"`
	City       string      `json:"city,omitzero"`
	District   string      `json:"district,omitzero"`
	State      string      `json:"state,omitzero"`
	PostalCode string      `json:"postalCode,omitzero"`
	Country    string      `json:"country,omitzero"`
	Period     Period      `json:"period,omitzero"`
	Extension  []Extension `json:"extension,omitempty"`
}

// ContactPoint is a phone number, an e-mail address and the like.
type ContactPoint struct {
	System string `json:"system,omitzero"` // phone, email, url, sms …
	Value  string `json:"value,omitzero"`
	Use    string `json:"use,omitzero"`
	Rank   int    `json:"rank,omitzero"`
	Period Period `json:"period,omitzero"`
}

// Period is a time from Start to End, both included; empty is open.
type Period struct {
	Start string `json:"start,omitzero"`
	End   string `json:"end,omitzero"`
}

// Quantity is a measured amount; Duration and Age have the same shape.
type Quantity struct {
	Value      Decimal `json:"value,omitzero"`
	Comparator string  `json:"comparator,omitzero"` // < <= >= >
	Unit       string  `json:"unit,omitzero"`
	System     string  `json:"system,omitzero"`
	Code       string  `json:"code,omitzero"`
}

// Range is from Low to High, either may be missing.
type Range struct {
	Low  Quantity `json:"low,omitzero"`
	High Quantity `json:"high,omitzero"`
}

// Annotation is a note of somebody at some time.
type Annotation struct {
	AuthorReference Reference `json:"authorReference,omitzero"`
	AuthorString    string    `json:"authorString,omitzero"`
	Time            string    `json:"time,omitzero"`
	Text            string    `json:"text"`
}

// Attachment is a document: its bytes in base64, or where they are.
type Attachment struct {
	ContentType string `json:"contentType,omitzero"`
	Language    string `json:"language,omitzero"`
	Data        string `json:"data,omitzero"`
	URL         string `json:"url,omitzero"`
	Size        int    `json:"size,omitzero"`
	Hash        string `json:"hash,omitzero"`
	Title       string `json:"title,omitzero"`
	Creation    string `json:"creation,omitzero"`
}

// Narrative is the human-readable summary of a resource, XHTML.
type Narrative struct {
	Status string `json:"status"`
	Div    string `json:"div"`
}

// Dosage is how a medicine is to be taken.
type Dosage struct {
	Sequence           int             `json:"sequence,omitzero"`
	Text               string          `json:"text,omitzero"`
	PatientInstruction string          `json:"patientInstruction,omitzero"`
	Timing             Timing          `json:"timing,omitzero"`
	AsNeededBoolean    *bool           `json:"asNeededBoolean,omitzero"`
	Route              CodeableConcept `json:"route,omitzero"`
	DoseAndRate        []DoseAndRate   `json:"doseAndRate,omitempty"`
}

// DoseAndRate is the amount at a time.
type DoseAndRate struct {
	Type         CodeableConcept `json:"type,omitzero"`
	DoseQuantity Quantity        `json:"doseQuantity,omitzero"`
	DoseRange    Range           `json:"doseRange,omitzero"`
}

// Timing is when something happens, perhaps again and again.
type Timing struct {
	Event  []string        `json:"event,omitempty"`
	Repeat Repeat          `json:"repeat,omitzero"`
	Code   CodeableConcept `json:"code,omitzero"`
}

// Repeat says how often: Frequency times per Period PeriodUnits.
type Repeat struct {
	BoundsDuration Quantity `json:"boundsDuration,omitzero"`
	BoundsPeriod   Period   `json:"boundsPeriod,omitzero"`
	Count          int      `json:"count,omitzero"`
	Frequency      int      `json:"frequency,omitzero"`
	Period         Decimal  `json:"period,omitzero"`
	PeriodUnit     string   `json:"periodUnit,omitzero"` // s min h d wk mo a
	DayOfWeek      []string `json:"dayOfWeek,omitempty"`
	TimeOfDay      []string `json:"timeOfDay,omitempty"`
	When           []string `json:"when,omitempty"`
}

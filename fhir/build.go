// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"fmt"
	"time"

	jsonv2 "github.com/go-json-experiment/json"
)

// typed is what the structs of resources have in common.
type typed interface{ ResourceType() string }

// New makes a document of a typed struct such as [Patient], or of a map with a
// resourceType. Members stand in the order of the struct, those of maps in the
// order of their names. It does not validate; the store does.
func New(v any) (*Doc, error) {
	text, err := marshal(v)
	if err != nil {
		return nil, err
	}
	return ParseString(text)
}

// MustNew is [New] for literals; it panics where New returns an error.
func MustNew(v any) *Doc {
	d, err := New(v)
	if err != nil {
		panic(err)
	}
	return d
}

// marshal returns the JSON of v; that of a resource begins with its type.
func marshal(v any) (string, error) {
	switch v := v.(type) {
	case *Doc:
		return v.text, nil
	case Node:
		return v.Raw(), nil
	}
	b, err := jsonv2.Marshal(v, jsonv2.Deterministic(true))
	if err != nil {
		return "", fmt.Errorf("fhir: encoding %T: %w", v, err)
	}
	t, ok := v.(typed)
	if !ok {
		return string(b), nil
	}
	head := `{"resourceType":` + quote(t.ResourceType())
	if len(b) > len("{}") {
		head += ","
	}
	return head + string(b[1:]), nil
}

// Code returns a concept of one code; system or display may be empty.
func Code(system, code, display string) CodeableConcept {
	return CodeableConcept{Coding: []Coding{{System: system, Code: code, Display: display}}}
}

// Words returns a concept that has no code, only what was written.
func Words(text string) CodeableConcept { return CodeableConcept{Text: text} }

// Ref returns a relative reference: Ref("Patient", id). An empty id gives the
// empty reference, which is left out of the JSON.
func Ref(typ, id string) Reference {
	if id == "" {
		return Reference{}
	}
	return Reference{Reference: typ + "/" + id}
}

// PersonalNumber returns the identifier for a personal number (số định danh cá
// nhân).
func PersonalNumber(number string) Identifier {
	return Identifier{Use: "official", System: IDPersonal, Value: number}
}

// InsuranceNumber returns the identifier for a health insurance number (mã số
// bảo hiểm y tế).
func InsuranceNumber(number string) Identifier {
	return Identifier{System: IDInsurance, Value: number}
}

// Unit returns the extension that names an administrative unit. Codes have been
// reused, so a code means something only with the first day (ISO) on which it
// stood for this unit.
func Unit(code, from, name string) Extension {
	return Extension{URL: ExtUnit, ValueCoding: Coding{System: CSUnit, Version: from, Code: code, Display: name}}
}

// Measure returns an amount in a UCUM unit, with the unit as people write it:
// Measure("36.6", "°C", "Cel").
func Measure(value Decimal, unit, ucum string) Quantity {
	return Quantity{Value: value, Unit: unit, System: UCUM, Code: ucum}
}

// Instant writes a moment as FHIR wants it, in UTC with microseconds; fit for
// the types instant and dateTime.
func Instant(t time.Time) string { return t.UTC().Format(instant) }

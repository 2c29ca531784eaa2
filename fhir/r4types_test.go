// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"reflect"
	"strings"
	"testing"
)

// typedStructs are the structs of resources.
var typedStructs = []typed{
	Patient{}, RelatedPerson{}, Practitioner{}, PractitionerRole{}, Organization{}, Location{}, Group{}, Flag{}, Consent{},
	Encounter{}, Observation{}, Condition{}, MedicationRequest{}, Immunization{}, CarePlan{}, DiagnosticReport{},
	ServiceRequest{}, Task{}, Appointment{}, Communication{}, QuestionnaireResponse{}, Bundle{},
}

// TestTypedStructs holds every field of the typed structs against R4: the name,
// whether it repeats, the type, the order; and every required element must have
// a field.
func TestTypedStructs(t *testing.T) {
	for _, v := range typedStructs {
		s := r4().types[v.ResourceType()]
		if s == nil || !s.resource {
			t.Errorf("%T: R4 has no %s", v, v.ResourceType())
			continue
		}
		checkStruct(t, reflect.TypeOf(v), s, map[reflect.Type]bool{})
	}
}

func checkStruct(t *testing.T, typ reflect.Type, s *structure, seen map[reflect.Type]bool) {
	if seen[typ] {
		return
	}
	seen[typ] = true
	named, last := uint64(0), uint(0)
	for i := range typ.NumField() {
		f := typ.Field(i)
		name, option, _ := strings.Cut(f.Tag.Get("json"), ",")
		at := typ.Name() + "." + f.Name
		m, ok := s.members[name]
		if !ok {
			t.Errorf("%s: %s has no %s", at, s.name, name)
			continue
		}
		// Extension stands last in data types, where it is rarely used.
		if m.bit < last && name != "extension" {
			t.Errorf("%s does not stand in the order of R4", at)
		}
		last = max(last, m.bit)
		named |= 1 << m.bit
		if m.many != (f.Type.Kind() == reflect.Slice) {
			t.Errorf("%s: repeats in one, not in the other", at)
		}
		if required := m.min > 0 && !m.choice; required != (option == "") {
			t.Errorf("%s: required is %v, tag is %q", at, required, f.Tag.Get("json"))
		}
		checkType(t, at, f.Type, m.typ, seen)
	}
	if absent := s.required &^ named; absent != 0 && !strings.Contains(s.name, ".") {
		t.Errorf("%s lacks required elements: bits %b", typ.Name(), absent)
	}
}

func checkType(t *testing.T, at string, typ reflect.Type, want *elementType, seen map[reflect.Type]bool) {
	for typ.Kind() == reflect.Slice || typ.Kind() == reflect.Pointer {
		typ = typ.Elem()
	}
	switch {
	case typ == reflect.TypeFor[Raw]():
		if want.name != "Resource" && !want.structure.resource {
			t.Errorf("%s is raw, R4 has %s", at, want.name)
		}
	case typ == reflect.TypeFor[Decimal]():
		if want.primitive != pDecimal {
			t.Errorf("%s is a decimal, R4 has %s", at, want.name)
		}
	case typ.Kind() == reflect.Struct:
		if want.structure == nil {
			t.Errorf("%s is a struct, R4 has %s", at, want.name)
			return
		}
		checkStruct(t, typ, want.structure, seen)
	default:
		kinds := map[reflect.Kind]Kind{reflect.String: String, reflect.Bool: Bool, reflect.Int: Number}
		if want.primitive == notPrimitive || kinds[typ.Kind()] != want.primitive.kind() || want.primitive == pDecimal {
			t.Errorf("%s is a %s, R4 has %s", at, typ, want.name)
		}
	}
}

// TestTypedStructsRead decodes every official example that has a struct, and
// writes it again: what is written is valid.
func TestTypedStructsRead(t *testing.T) {
	of := map[string]reflect.Type{}
	for _, v := range typedStructs {
		of[v.ResourceType()] = reflect.TypeOf(v)
	}
	read := 0
	for _, ex := range examples(t) {
		d := mustParse(t, ex.text)
		typ := of[d.Type()]
		if typ == nil || len(ex.text) > 200_000 {
			continue
		}
		v := reflect.New(typ)
		if err := d.Into(v.Interface()); err != nil {
			t.Errorf("%s: %v", ex.name, err)
			continue
		}
		if _, err := New(v.Elem().Interface()); err != nil {
			t.Errorf("%s: written again: %v", ex.name, err)
		}
		read++
	}
	t.Logf("%d examples read into structs", read)
}

// SPDX-License-Identifier: Apache-2.0

package fhirtest

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"testing"

	"mach/fhir"
)

// FromXML turns a resource from XML into JSON by the types of R4. What R4 does
// not know becomes an object, or a string where there is a value.
func FromXML(t testing.TB, text []byte) *fhir.Doc {
	t.Helper()
	d := xml.NewDecoder(bytes.NewReader(text))
	d.Entity = xml.HTMLEntity
	for {
		tok, err := d.Token()
		if err != nil {
			t.Fatal(err)
		}
		if start, ok := tok.(xml.StartElement); ok {
			r := xmlReader{d, text}
			v, err := r.resource(start)
			if err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			doc, err := fhir.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			return doc
		}
	}
}

type xmlReader struct {
	*xml.Decoder
	text []byte
}

type object = map[string]any

func (r xmlReader) resource(start xml.StartElement) (object, error) {
	o, _, err := r.element(start, fhir.InfoOf(start.Name.Local))
	if err == nil {
		o["resourceType"] = start.Name.Local
	}
	return o, err
}

// element reads an element's children into an object; value is its value
// attribute.
func (r xmlReader) element(start xml.StartElement, t *fhir.TypeInfo) (o object, value any, err error) {
	o = object{}
	for _, a := range start.Attr {
		switch a.Name.Local {
		case "value":
			value = primitive(a.Value, t)
		case "id", "url":
			o[a.Name.Local] = a.Value
		}
	}
	for {
		tok, err := r.Token()
		if err != nil {
			return nil, nil, err
		}
		switch tok := tok.(type) {
		case xml.EndElement:
			return o, value, nil
		case xml.StartElement:
			if err := r.child(o, tok, t); err != nil {
				return nil, nil, err
			}
		}
	}
}

func (r xmlReader) child(o object, start xml.StartElement, t *fhir.TypeInfo) error {
	name := start.Name.Local
	if name == "div" {
		raw, err := r.raw(start)
		o[name] = raw
		return err
	}
	var et *fhir.ElementType
	if t != nil {
		et = t.Member(name)
	}
	if et != nil && et.Type.Name == "Resource" || et == nil && (name == "contained" || name == "resource") {
		return r.nested(o, name, et)
	}
	var typ *fhir.TypeInfo
	if et != nil {
		typ = et.Type
	}
	child, value, err := r.element(start, typ)
	if err != nil {
		return err
	}
	many := et != nil && et.Element.Many || name == "extension"
	if value == nil && (et == nil || !et.Type.Primitive) {
		add(o, name, child, many || et == nil && o[name] != nil)
		return nil
	}
	twin := any(nil)
	if len(child) > 0 {
		twin = child
	}
	add(o, name, value, many)
	if many || twin != nil {
		add(o, "_"+name, twin, many)
	}
	if !many && value == nil {
		delete(o, name)
	}
	return nil
}

func (r xmlReader) nested(o object, name string, et *fhir.ElementType) error {
	for {
		tok, err := r.Token()
		if err != nil {
			return err
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			inner, err := r.resource(tok)
			if err != nil {
				return err
			}
			add(o, name, inner, name == "contained" || et != nil && et.Element.Many)
		case xml.EndElement:
			return nil
		}
	}
}

func add(o object, name string, v any, many bool) {
	if !many {
		o[name] = v
		return
	}
	list, ok := o[name].([]any)
	if !ok && o[name] != nil {
		list = []any{o[name]}
	}
	o[name] = append(list, v)
}

func primitive(s string, t *fhir.TypeInfo) any {
	switch {
	case t == nil:
	case t.Name == "boolean":
		return s == "true"
	case t.Is("integer"), t.Name == "decimal":
		return json.Number(s)
	}
	return s
}

// raw copies an element as it stands, for narratives.
func (r xmlReader) raw(start xml.StartElement) (string, error) {
	from := bytes.LastIndexByte(r.text[:r.InputOffset()], '<')
	if err := r.Skip(); err != nil && err != io.EOF {
		return "", fmt.Errorf("%s: %w", start.Name.Local, err)
	}
	return strings.TrimSpace(string(r.text[from:r.InputOffset()])), nil
}

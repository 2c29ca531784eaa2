// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"io/fs"

	"mach/content"
	"mach/fhir"
	"mach/fhir/terms"
	"mach/i18n"
	"mach/vn"
)

// terminology is R4's own, and what the content of this installation defines:
// diagnoses, measurements, vaccines, administrative units, our short lists.
func terminology(site content.Site, units *vn.Units) (*terms.Set, error) {
	set := terms.R4()
	for _, s := range []codeList{
		{fhir.ICD10, "", "ICD10", false, func() ([]content.Code, error) {
			list, err := site.Diagnoses()
			if err != nil {
				return nil, err
			}
			return list.Tree(), nil
		}},
		{fhir.LOINC, "", "LOINC", false, func() ([]content.Code, error) { return measures(), nil }},
		{fhir.CVX, "", "CVX", false, items(content.Vaccines)},
		{fhir.CSUnit, "", "Unit", false, func() ([]content.Code, error) { return unitCodes(units), nil }},
		{fhir.CSFacilityType, "", "FacilityType", true, items(content.FacilityTypes)},
		{fhir.CSRole, "", "Role", true, items(content.Roles)},
		{fhir.Base + "/cs/occupation", "", "Occupation", true, items(content.Occupations)},
		{fhir.Base + "/cs/ethnic", "", "Ethnic", true, items(content.EthnicGroups)},
		{fhir.Base + "/cs/disease", "", "Disease", true, func() ([]content.Code, error) { return diseases(), nil }},
	} {
		set.Supply("CodeSystem", s.url, s.version, s.doc)
	}
	return set, supplyValueSets(set)
}

// followTerms keeps what is written by any process in the terminology of this
// one, until the context ends; the function it returns ends it sooner and waits.
func (a *App) followTerms(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		a.fhirapi.Terminology().Follow(ctx, func(err error) { a.log.Error("terminology not followed", "error", err) })
	}()
	return func() { cancel(); <-done }
}

// supplyValueSets adds the value sets that our profiles bind to.
func supplyValueSets(set *terms.Set) error {
	files, err := fs.Glob(content.Profiles(), "ValueSet-*.json")
	if err != nil {
		return err
	}
	for _, name := range files {
		b, err := fs.ReadFile(content.Profiles(), name)
		if err != nil {
			return err
		}
		d, err := fhir.Parse(b)
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		set.Supply("ValueSet", d.Get("url").String(), d.Get("version").String(), func() (*fhir.Doc, error) { return d, nil })
	}
	return nil
}

// codeList is a code system that content holds as a list.
type codeList struct {
	url, version, name string
	complete           bool
	codes              func() ([]content.Code, error)
}

// The parts of a CodeSystem resource.
type (
	codeSystem struct {
		URL              string            `json:"url"`
		Version          string            `json:"version,omitempty"`
		Name             string            `json:"name"`
		Status           string            `json:"status"`
		Language         string            `json:"language"`
		CaseSensitive    bool              `json:"caseSensitive"`
		HierarchyMeaning string            `json:"hierarchyMeaning,omitempty"`
		Content          string            `json:"content"`
		Property         []conceptProperty `json:"property,omitempty"`
		Concept          []codeConcept     `json:"concept"`
	}
	conceptProperty struct {
		Code string `json:"code"`
		URI  string `json:"uri"`
		Type string `json:"type"`
	}
	codeConcept struct {
		Code        string          `json:"code"`
		Display     string          `json:"display,omitempty"`
		Designation []designation   `json:"designation,omitempty"`
		Property    []conceptDetail `json:"property,omitempty"`
	}
	designation struct {
		Language string `json:"language"`
		Value    string `json:"value"`
	}
	conceptDetail struct {
		Code    string `json:"code"`
		Value   string `json:"valueCode,omitempty"`
		Boolean bool   `json:"valueBoolean,omitzero"`
	}
)

// ResourceType makes a codeSystem a resource.
func (codeSystem) ResourceType() string { return "CodeSystem" }

// doc writes the list as a CodeSystem: displays in Vietnamese, English as a
// designation.
func (l codeList) doc() (*fhir.Doc, error) {
	codes, err := l.codes()
	if err != nil {
		return nil, err
	}
	s := codeSystem{
		URL: l.url, Version: l.version, Name: l.name, Status: "active", Language: string(i18n.Vietnamese), CaseSensitive: true, Content: "fragment",
		Property: []conceptProperty{
			{"parent", "http://hl7.org/fhir/concept-properties#parent", "code"},
			{"notSelectable", "http://hl7.org/fhir/concept-properties#notSelectable", "boolean"},
		},
		Concept: make([]codeConcept, 0, len(codes)),
	}
	if l.complete {
		s.Content = "complete"
	}
	for _, c := range codes {
		one := codeConcept{Code: c.Code, Display: c.Name.Vi}
		if c.Name.En != "" {
			one.Designation = []designation{{string(i18n.English), c.Name.En}}
		}
		if c.Parent != "" {
			one.Property = append(one.Property, conceptDetail{Code: "parent", Value: c.Parent})
		}
		if c.Group {
			one.Property = append(one.Property, conceptDetail{Code: "notSelectable", Boolean: true})
		}
		s.Concept = append(s.Concept, one)
	}
	return fhir.New(s)
}

// items makes codes of a short list.
func items(list func() []content.Item) func() ([]content.Code, error) {
	return func() ([]content.Code, error) {
		var out []content.Code
		for _, x := range list() {
			out = append(out, content.Code{Code: x.Code, Name: x.Name})
		}
		return out, nil
	}
}

// measures are the LOINC codes of what a station measures.
func measures() []content.Code {
	var out []content.Code
	for _, v := range content.Vitals() {
		out = append(out, content.Code{Code: v.Code, Parent: v.Parent, Name: v.Name})
	}
	return out
}

// diseases are those that must be reported.
func diseases() []content.Code {
	var out []content.Code
	for _, d := range content.Diseases().List(vn.DateOf(now())) {
		out = append(out, content.Code{Code: d.ID, Name: d.Name})
	}
	return out
}

// unitCodes are the provinces and communes of today, by their official codes.
func unitCodes(units *vn.Units) []content.Code {
	var out []content.Code
	today := vn.DateOf(now())
	for _, u := range units.All() {
		if u.Level == vn.LevelNation || u.From > today || u.To != vn.ZeroDate && u.To <= today {
			continue
		}
		c := content.Code{Code: u.Code, Name: content.Words{Vi: u.Full()}}
		if p, ok := units.Get(u.Parent); ok && p.Level != vn.LevelNation {
			c.Parent = p.Code
		}
		out = append(out, c)
	}
	return out
}

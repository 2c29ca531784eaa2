// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strings"
	"testing"

	"mach/fhir"
)

// oneCode is a terminology in which every question has one answer.
type oneCode struct{}

func (oneCode) Codes(_, system, code string) ([][2]string, error) {
	return [][2]string{{system, code}}, nil
}

// valueOf is a value that R4 allows for a parameter (R4, 3.1.1.4).
func valueOf(v *vocabulary, typ string, p fhir.Param) string {
	switch p.Kind {
	case fhir.ParamToken:
		return "http://example.org/s|a"
	case fhir.ParamReference:
		return targets(p)[0] + "/a"
	case fhir.ParamURI:
		return "http://example.org/a"
	case fhir.ParamDate:
		return "ge2026-11-22"
	case fhir.ParamNumber:
		return "lt0.5"
	case fhir.ParamQuantity:
		return "le5.4|http://unitsofmeasure.org|mg"
	case fhir.ParamComposite:
		var parts []string
		for _, code := range p.Parts {
			part, _ := v.lookup(typ, code)
			parts = append(parts, valueOf(v, typ, part))
		}
		return strings.Join(parts, "$")
	}
	if p.Code == paramNear {
		return "10.77|106.7|5|km"
	}
	return "an"
}

// modified are the modifiers that R4 allows for a parameter, but for :missing,
// each with a value (R4, 3.1.1.5.5).
func modified(p fhir.Param) map[string]string {
	switch p.Kind {
	case fhir.ParamString:
		return map[string]string{"exact": "An", "contains": "n"}
	case fhir.ParamURI:
		return map[string]string{"below": "http://example.org/", "above": "http://example.org/a/b"}
	case fhir.ParamToken:
		if p.Code == paramID {
			return nil
		}
		const code = "http://example.org/s|a"
		return map[string]string{"text": "sốt", "not": code, "above": code, "below": code, "in": "http://example.org/vs", "not-in": "http://example.org/vs",
			"of-type": "http://example.org/s|MR|1"}
	case fhir.ParamReference:
		out := map[string]string{"identifier": "http://example.org/s|1", "below": "http://example.org/a", "above": "http://example.org/a"}
		for _, typ := range targets(p) {
			out[typ] = "a"
		}
		return out
	}
	return nil
}

// TestEveryParameter: each parameter of each type is understood with a value, with
// :missing and with every modifier of its kind, and with none of another kind.
func TestEveryParameter(t *testing.T) {
	v := &vocabulary{terms: oneCode{}}
	all := strings.Fields("exact contains text not above below in not-in of-type identifier Patient nonsense")
	asked := 0
	try := func(typ, name, value string, want bool) {
		asked++
		c, err := v.compile(Query{Type: typ, Params: [][2]string{{name, value}}})
		if want != (err == nil) || want && len(c.preds)+len(c.chains) != 1 {
			t.Errorf("%s?%s=%s: understood: %v, %v", typ, name, value, !want, err)
		}
	}
	for _, typ := range fhir.Types() {
		for _, p := range slices.Concat(metaParams, fhir.Params(typ)) {
			value := valueOf(v, typ, p)
			try(typ, p.Code, value, true)
			try(typ, p.Code, "", false)
			inherent := slices.Contains([]string{paramID, paramUpdated, paramText, paramContent}, p.Code) // none lacks it
			try(typ, p.Code+":missing", "true", !inherent)
			try(typ, p.Code+":missing", "maybe", false)
			allowed := modified(p)
			for modifier, value := range allowed {
				try(typ, p.Code+":"+modifier, value, true)
			}
			if p.Kind == fhir.ParamReference { // of an id alone: a hierarchy of resources
				deep := slices.ContainsFunc(targets(p), func(t string) bool { return hierarchy(t) != "" })
				try(typ, p.Code+":below", "a", deep)
				try(typ, p.Code+":above", "a", deep)
			}
			for _, modifier := range all {
				if allowed[modifier] == "" && (modifier != "Patient" || p.Kind != fhir.ParamReference) {
					try(typ, p.Code+":"+modifier, value, false)
				}
			}
		}
	}
	if asked < 20_000 {
		t.Errorf("only %d questions", asked)
	}
}

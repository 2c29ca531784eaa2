// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// value is one alternative of a search parameter, as asked.
type value struct {
	op        string  // ordered kinds: eq ne gt lt ge le sa eb ap
	text      string  // string: as written; uri: as is
	folded    string  // string: folded
	system    string  // token, quantity
	hasSystem bool    // "system|…" was written, perhaps with an empty system
	code      string  // token: code; quantity: unit
	ref       string  // reference: "Type/id", an id alone, or a URL
	at        float64 // number, quantity: the number itself
	lo, hi    float64 // the range that the digits of a date or number mean
	parts     []value // composite
}

var prefixes = []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}

// parseValue reads one alternative of a parameter of the kind.
func parseValue(typ string, p fhir.Param, modifier, text string) (value, *issue.Error) {
	bad := func(key string) (value, *issue.Error) {
		return value{}, issue.New(issue.Invalid, key, p.Code, text).At(p.Code)
	}
	if text == "" {
		return bad("search.value.empty")
	}
	switch p.Kind {
	case fhir.ParamString:
		return value{text: unescape(text), folded: vn.Fold(unescape(text))}, nil
	case fhir.ParamURI:
		return value{text: unescape(text)}, nil
	case fhir.ParamToken:
		return tokenValue(text), nil
	case fhir.ParamReference:
		if modifier == "identifier" {
			return tokenValue(text), nil
		}
		return value{ref: unescape(text)}, nil
	case fhir.ParamDate:
		v := value{op: "eq"}
		v.op, text = cutPrefix(text)
		lo, hi, ok := fhir.TimeSpan(text)
		if !ok {
			return bad("search.value.date")
		}
		v.lo, v.hi = float64(lo), float64(hi)
		return v, nil
	case fhir.ParamNumber, fhir.ParamQuantity:
		return numberValue(p, text)
	case fhir.ParamComposite:
		return compositeValue(typ, p, text)
	}
	return bad("search.param.unsupported")
}

func tokenValue(text string) value {
	var v value
	parts := splitEscaped(text, '|')
	if len(parts) > 1 {
		v.system, v.hasSystem, v.code = unescape(parts[0]), true, unescape(strings.Join(parts[1:], "|"))
	} else {
		v.code = unescape(text)
	}
	return v
}

// numberValue reads [prefix]number or [prefix]number|system|code.
func numberValue(p fhir.Param, text string) (value, *issue.Error) {
	parts := splitEscaped(text, '|')
	var v value
	v.op, parts[0] = cutPrefix(parts[0])
	lo, hi, ok := fhir.NumberSpan(parts[0])
	n, err := strconv.ParseFloat(parts[0], 64)
	if !ok || err != nil || len(parts) > 1 && (p.Kind == fhir.ParamNumber || len(parts) != 3) {
		return value{}, issue.New(issue.Invalid, "search.value.number", p.Code, text).At(p.Code)
	}
	v.at, v.lo, v.hi = n, lo, hi
	if v.op == "ap" { // within a tenth, as the specification recommends
		v.lo, v.hi = n-math.Abs(n)/10, n+math.Abs(n)/10
	}
	if len(parts) == 3 {
		v.system, v.code = unescape(parts[1]), unescape(parts[2])
		v.hasSystem = v.system != ""
	}
	return v, nil
}

func compositeValue(typ string, p fhir.Param, text string) (value, *issue.Error) {
	texts := splitEscaped(text, '$')
	if len(texts) != len(p.Parts) {
		return value{}, issue.New(issue.Invalid, "search.value.composite", p.Code, text).At(p.Code)
	}
	var v value
	for i, code := range p.Parts {
		part, ok := fhir.ParamOf(typ, code)
		if !ok {
			return value{}, issue.New(issue.Invalid, "search.param.unsupported", p.Code, text).At(p.Code)
		}
		one, err := parseValue(typ, part, "", texts[i])
		if err != nil {
			return value{}, err
		}
		v.parts = append(v.parts, one)
	}
	return v, nil
}

// cutPrefix takes a comparison prefix off; eq when there is none.
func cutPrefix(text string) (op, rest string) {
	if len(text) > 2 && slices.Contains(prefixes, text[:2]) {
		return text[:2], text[2:]
	}
	return "eq", text
}

// splitEscaped splits at sep where no backslash stands before it.
func splitEscaped(s string, sep byte) []string {
	var parts []string
	start := 0
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case sep:
			parts = append(parts, s[start:i])
			start = i + 1
		}
	}
	return append(parts, s[start:])
}

// unescape takes the backslashes of FHIR search values away: \, \| \$ \\.
func unescape(s string) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte(`,|$\`, s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

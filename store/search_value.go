// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// value is one alternative of a search parameter, as asked.
type value struct {
	op        string    // ordered kinds: eq ne gt lt ge le sa eb ap
	text      string    // string: as written; uri: as is
	folded    string    // string: folded
	system    string    // token, quantity
	hasSystem bool      // "system|…" was written, perhaps with an empty system
	code      string    // token: code; quantity: unit
	ref       string    // reference: "Type/id", an id alone, or a URL
	at        float64   // number, quantity: the number itself
	lo, hi    float64   // the range that the digits of a date or number mean
	parts     []value   // composite
	base      string    // quantity: what lo, hi and at are in, when UCUM knows the unit
	words     []string  // _text, _content: folded
	typ       [2]string // token with :of-type: system and code of the type
}

var prefixes = []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"}

// value reads one alternative of a parameter of the kind.
func (k *compiler) value(typ string, p fhir.Param, modifier, text string) (value, *issue.Error) {
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
		return k.token(p, modifier, text)
	case fhir.ParamReference:
		if modifier == "identifier" {
			return tokenValue(text), nil
		}
		return value{ref: strings.TrimPrefix(unescape(text), k.base)}, nil
	case fhir.ParamDate:
		return k.date(p, text)
	case fhir.ParamNumber, fhir.ParamQuantity:
		return numberValue(p, text)
	case fhir.ParamComposite:
		return k.composite(typ, p, text)
	}
	switch p.Code {
	case paramText, paramContent:
		v := value{words: words(vn.Fold(unescape(text)))}
		if len(v.words) == 0 {
			return bad("search.value.empty")
		}
		return v, nil
	case paramNear:
		return placeValue(p, text)
	}
	return bad("search.param.unsupported")
}

// words are the words of a folded text.
func words(folded string) []string {
	return strings.FieldsFunc(folded, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func (k *compiler) token(p fhir.Param, modifier, text string) (value, *issue.Error) {
	switch modifier {
	case "text":
		return value{folded: vn.Fold(unescape(text))}, nil
	case "in", "not-in":
		return value{text: unescape(text)}, nil
	case "of-type":
		parts := splitEscaped(text, '|')
		if len(parts) != 3 || parts[1] == "" || parts[2] == "" {
			return value{}, issue.New(issue.Invalid, "search.value.oftype", p.Code, text).At(p.Code)
		}
		return value{typ: [2]string{unescape(parts[0]), unescape(parts[1])}, code: unescape(parts[2])}, nil
	}
	return tokenValue(text), nil
}

// date reads [prefix]date. About a date is a tenth of its distance from now to
// both sides, as the specification recommends.
func (k *compiler) date(p fhir.Param, text string) (value, *issue.Error) {
	v := value{}
	op, rest := cutPrefix(text)
	if strings.ContainsRune(rest, 'T') {
		rest = strings.ReplaceAll(rest, " ", "+") // a plus sign in a URL is a space unless it is escaped
	}
	lo, hi, ok := fhir.TimeSpan(rest)
	if !ok {
		return v, issue.New(issue.Invalid, "search.value.date", p.Code, text).At(p.Code)
	}
	if (op == "eq" || op == "ne") && strings.ContainsRune(rest, '.') && lo%second == 0 {
		hi = lo + second // what computers write for a time to the second
	}
	v.op, v.lo, v.hi = op, float64(lo), float64(hi)
	if op == "ap" {
		now := k.now
		if now.IsZero() {
			now = time.Now()
		}
		far := math.Abs(float64(now.UnixMicro())-(v.lo+v.hi)/2) / 10
		v.lo, v.hi = v.lo-far, v.hi+far
	}
	return v, nil
}

// second in the unit of [fhir.TimeSpan].
const second = int64(time.Second / time.Microsecond)

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
		v.convert()
	}
	return v, nil
}

// convert brings a quantity of UCUM into base units; one that UCUM does not know
// stays as it is.
func (v *value) convert() {
	if v.system != fhir.SystemUCUM || v.code == "" {
		return
	}
	lo, hi, base, ok := fhir.BaseUnits(v.lo, v.hi, v.code)
	at, _, _, also := fhir.BaseUnits(v.at, v.at, v.code)
	if ok && also {
		v.lo, v.hi, v.at, v.base = lo, hi, at, base
	}
}

func (k *compiler) composite(typ string, p fhir.Param, text string) (value, *issue.Error) {
	texts := splitEscaped(text, '$')
	if len(texts) != len(p.Parts) {
		return value{}, issue.New(issue.Invalid, "search.value.composite", p.Code, text).At(p.Code)
	}
	var v value
	for i, code := range p.Parts {
		part, ok := k.lookup(typ, code)
		if !ok {
			return value{}, issue.New(issue.Invalid, "search.param.unsupported", p.Code, text).At(p.Code)
		}
		one, err := k.value(typ, part, "", texts[i])
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

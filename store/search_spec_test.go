// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"mach/fhir"
	"mach/vn"
)

// The meaning of search as https://hl7.org/fhir/R4/search.html says it, over
// facts that the test itself put into resources: nothing here is shared with
// the code that is tested but the folding of marks.

type fact struct {
	system, code, text string // token; unit of a quantity
	kind               string // type of an identifier, "system|code"
	s                  string // string, uri, reference
	from, to           time.Time
	n                  *big.Rat
	lat, long          float64
	parts              []fact
}

// item is one resource and what is known of it, by parameter.
type item struct {
	typ, id string
	facts   map[string][]fact
	doc     map[string]any
}

type specWorld struct {
	items []*item
	now   time.Time
}

// Kinds of the parameters that the test asks for.
var specKinds = map[string]string{
	"code": "token", "category": "token", "identifier": "token", "status": "token", "_tag": "token", "_security": "token", "gender": "token", "_id": "token",
	"name": "string", "family": "string", "value-string": "string",
	"url": "uri", "_profile": "uri", "_source": "uri",
	"date": "date", "birthdate": "date", "probability": "number", "value-quantity": "quantity",
	"subject": "reference", "patient": "reference", "organization": "reference", "partof": "reference", "performer": "reference",
	"code-value-quantity": "composite", "near": "near", "_text": "text", "_content": "text",
}

// holds is one condition on one resource.
func (w *specWorld) holds(it *item, name, text string) bool {
	if rest, ok := strings.CutPrefix(name, "_has:"); ok {
		f := strings.SplitN(rest, ":", 3)
		return slices.ContainsFunc(w.items, func(o *item) bool {
			return o.typ == f[0] && slices.ContainsFunc(o.facts[f[1]], func(r fact) bool { return r.s == it.typ+"/"+it.id }) && w.holds(o, f[2], text)
		})
	}
	if name == "_list" {
		return w.holds(it, "_has:List:item:_id", text)
	}
	if left, right, ok := strings.Cut(name, "."); ok {
		code, typ, _ := strings.Cut(left, ":")
		return slices.ContainsFunc(it.facts[code], func(r fact) bool {
			to := w.byRef(r.s)
			return to != nil && (typ == "" || to.typ == typ) && w.holds(to, right, text)
		})
	}
	code, modifier, _ := strings.Cut(name, ":")
	facts := it.facts[code]
	switch modifier {
	case "missing":
		return (len(facts) == 0) == (text == "true")
	case "not":
		return !w.holds(it, code, text)
	case "not-in":
		return !w.holds(it, code+":in", text)
	}
	return slices.ContainsFunc(specSplit(text, ','), func(one string) bool {
		return slices.ContainsFunc(facts, func(f fact) bool { return w.one(code, modifier, one, f) })
	})
}

func (w *specWorld) byRef(ref string) *item {
	i := slices.IndexFunc(w.items, func(it *item) bool { return it.typ+"/"+it.id == ref })
	if i < 0 {
		return nil
	}
	return w.items[i]
}

func (w *specWorld) one(code, modifier, text string, f fact) bool {
	switch specKinds[code] {
	case "token":
		return specToken(modifier, text, f)
	case "string":
		text = specPlain(text)
		switch modifier {
		case "exact":
			return f.s == text
		case "contains":
			return strings.Contains(vn.Fold(f.s), vn.Fold(text))
		}
		return strings.HasPrefix(vn.Fold(f.s), vn.Fold(text))
	case "uri":
		switch modifier {
		case "below":
			return f.s == text || strings.HasPrefix(f.s, strings.TrimSuffix(text, "/")+"/")
		case "above":
			return f.s == text || strings.HasPrefix(text, strings.TrimSuffix(f.s, "/")+"/")
		}
		return f.s == text
	case "date":
		return w.date(text, f)
	case "number":
		return specNumber(text, f.n, big.NewRat(1, 1))
	case "quantity":
		return specQuantity(text, f)
	case "reference":
		return w.reference(modifier, text, f)
	case "composite":
		parts := specSplit(text, '$')
		return specToken("", parts[0], f.parts[0]) && specQuantity(parts[1], f.parts[1])
	case "near":
		return specNear(text, f)
	case "text":
		return slices.Contains(strings.Fields(vn.Fold(f.s)), vn.Fold(text))
	}
	panic(code)
}

// specTree is the hierarchy of codes: c is a b, b is an a.
var specTree = []string{"a", "b", "c"}

// specSet is the value set urn:set.
var specSet = []string{"a", "c"}

func specToken(modifier, text string, f fact) bool {
	switch modifier {
	case "text":
		return f.text != "" && strings.HasPrefix(vn.Fold(f.text), vn.Fold(text))
	case "of-type":
		parts := strings.Split(text, "|")
		return f.kind == parts[0]+"|"+parts[1] && f.code == parts[2]
	case "in":
		return f.system == "urn:l" && slices.Contains(specSet, f.code)
	case "below", "above":
		at, want := slices.Index(specTree, f.code), slices.Index(specTree, strings.TrimPrefix(text, "urn:l|"))
		return f.system == "urn:l" && at >= 0 && (modifier == "below" && at >= want || modifier == "above" && at <= want)
	}
	parts := specSplit(text, '|')
	for i := range parts {
		parts[i] = specPlain(parts[i])
	}
	switch {
	case len(parts) == 1:
		return f.code != "" && f.code == parts[0]
	case parts[1] == "":
		return f.system == parts[0] && (f.code != "" || f.system != "")
	}
	return f.system == parts[0] && f.code == parts[1]
}

// specPrefix takes the prefix off.
func specPrefix(text string) (string, string) {
	for _, p := range []string{"eq", "ne", "gt", "lt", "ge", "le", "sa", "eb", "ap"} {
		if rest, ok := strings.CutPrefix(text, p); ok {
			return p, rest
		}
	}
	return "eq", text
}

// specTime is the time that a date as written stands for.
func specTime(s string) (from, to time.Time) {
	switch len(s) {
	case 4:
		from, _ = time.ParseInLocation("2006", s, vn.Zone)
		return from, from.AddDate(1, 0, 0)
	case 7:
		from, _ = time.ParseInLocation("2006-01", s, vn.Zone)
		return from, from.AddDate(0, 1, 0)
	case 10:
		from, _ = time.ParseInLocation("2006-01-02", s, vn.Zone)
		return from, from.AddDate(0, 0, 1)
	}
	from, err := time.Parse(time.RFC3339, s)
	if err != nil {
		panic(err)
	}
	return from, from.Add(time.Second)
}

func (w *specWorld) date(text string, f fact) bool {
	op, rest := specPrefix(text)
	from, to := specTime(rest)
	eq := !f.from.Before(from) && !f.to.After(to)
	switch op {
	case "ne":
		return !eq
	case "gt":
		return f.to.After(to)
	case "lt":
		return f.from.Before(from)
	case "ge":
		return f.to.After(to) || eq
	case "le":
		return f.from.Before(from) || eq
	case "sa":
		return !f.from.Before(to)
	case "eb":
		return !f.to.After(from)
	case "ap":
		middle := from.Add(to.Sub(from) / 2)
		far := time.Duration(math.Abs(float64(w.now.Sub(middle))) / 10)
		return f.from.Before(to.Add(far)) && f.to.After(from.Add(-far))
	}
	return eq
}

// specNumber compares x with a number as written, times a factor.
func specNumber(text string, x, factor *big.Rat) bool {
	op, rest := specPrefix(text)
	n, _ := new(big.Rat).SetString(rest)
	_, fraction, _ := strings.Cut(rest, ".")
	half := new(big.Rat).SetFrac(big.NewInt(1), new(big.Int).Mul(big.NewInt(2), new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(fraction))), nil)))
	if op == "ap" {
		half = new(big.Rat).Abs(new(big.Rat).Mul(n, big.NewRat(1, 10)))
	}
	low, high := new(big.Rat).Mul(new(big.Rat).Sub(n, half), factor), new(big.Rat).Mul(new(big.Rat).Add(n, half), factor)
	at := new(big.Rat).Mul(n, factor)
	eq := low.Cmp(x) <= 0 && x.Cmp(high) < 0 || x.Cmp(at) == 0
	switch op {
	case "ne":
		return !eq
	case "gt", "sa":
		return x.Cmp(at) > 0
	case "lt", "eb":
		return x.Cmp(at) < 0
	case "ge":
		return x.Cmp(at) >= 0
	case "le":
		return x.Cmp(at) <= 0
	}
	return eq
}

// specUnits are grams in a unit.
var specUnits = map[string]*big.Rat{"mg": big.NewRat(1, 1000), "g": big.NewRat(1, 1), "kg": big.NewRat(1000, 1)}

func specQuantity(text string, f fact) bool {
	parts := strings.Split(text, "|")
	one := big.NewRat(1, 1)
	switch {
	case len(parts) == 1:
		return specNumber(parts[0], f.n, one)
	case parts[1] == fhir.SystemUCUM && specUnits[parts[2]] != nil:
		unit := specUnits[f.code]
		return f.system == fhir.SystemUCUM && unit != nil && specNumber(parts[0], new(big.Rat).Mul(f.n, unit), specUnits[parts[2]])
	}
	return (parts[2] == f.code && (parts[1] == "" || parts[1] == f.system) || parts[1] == "" && parts[2] == f.text) && specNumber(parts[0], f.n, one)
}

func (w *specWorld) reference(modifier, text string, f fact) bool {
	typ, id, _ := strings.Cut(f.s, "/")
	switch modifier {
	case "identifier":
		return specToken("", text, f)
	case "below": // f or what it is part of, up to the top
		for it := w.byRef(f.s); it != nil; {
			if it.typ+"/"+it.id == text {
				return true
			}
			if len(it.facts["partof"]) == 0 {
				return false
			}
			it = w.byRef(it.facts["partof"][0].s)
		}
		return false
	case "above":
		return w.reference("below", f.s, fact{s: text})
	case "":
		return f.s == text || id != "" && id == text
	}
	return typ == modifier && id == text
}

// specNear uses the law of cosines.
func specNear(text string, f fact) bool {
	parts := strings.Split(text, "|")
	number := func(s string) float64 { r, _ := new(big.Rat).SetString(s); v, _ := r.Float64(); return v }
	rad := func(d float64) float64 { return d * math.Pi / 180 }
	lat, long, far := rad(number(parts[0])), rad(number(parts[1])), number(parts[2])
	if parts[3] == "km" {
		far *= 1000
	}
	c := math.Sin(lat)*math.Sin(rad(f.lat)) + math.Cos(lat)*math.Cos(rad(f.lat))*math.Cos(rad(f.long)-long)
	return math.Acos(math.Min(1, c))*6_371_008.8 <= far
}

// specSplit splits where no backslash stands before.
func specSplit(s string, sep rune) []string {
	parts, escaped := []string{""}, false
	for _, r := range s {
		if r == sep && !escaped {
			parts = append(parts, "")
			continue
		}
		parts[len(parts)-1] += string(r)
		escaped = r == '\\' && !escaped
	}
	return parts
}

func specPlain(s string) string {
	return strings.NewReplacer(`\\`, `\`, `\,`, `,`, `\$`, `$`, `\|`, `|`).Replace(s)
}

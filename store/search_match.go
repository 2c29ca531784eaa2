// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strings"

	"mach/fhir"
	"mach/vn"
)

// predicate is one search parameter: the resource must match any of its
// values. Predicates of a query are ANDed.
type predicate struct {
	param    fhir.Param
	typ      string
	modifier string // "", exact, contains, not, text …, missing, identifier, below, above, or a type name
	missing  bool   // with modifier missing: what was asked
	any      []value
	codes    map[[2]string]bool // :in, :not-in, :above, :below of a token: what they stand for
	ids      map[string]bool    // _id, _has: ids; chain, members: "Type/id" of what the reference may point to
	members  []fhir.Param       // of a compartment: by any of these; else nil
	via      map[string][]Seen  // chain, _has: the inner hits that each of ids was found by
	raw      string             // as in the query, for the cursor
	way      *path              // as [predicate.path] found it
	asked    bool
}

const (
	paramID      = "_id"
	paramUpdated = "_lastUpdated"
)

// subject is a resource while it is matched.
type subject struct {
	id  string
	upd int64 // µs
	idx []fhir.Index
	doc *fhir.Doc // for _text and _content; without it they match nothing
}

// matches is the meaning of a predicate; the plan only decides which resources
// are asked.
func (p *predicate) matches(s *subject) bool {
	switch p.param.Code {
	case paramID:
		return p.ids[s.id]
	case paramUpdated:
		x := fhir.Index{Kind: fhir.ParamDate, From: s.upd, To: s.upd + 1}
		return slices.ContainsFunc(p.any, func(v value) bool { return v.holds(&x, "") })
	case paramText, paramContent:
		return p.says(s.doc)
	}
	found := p.members != nil && p.ids[p.typ+"/"+s.id] // in its own compartment
	for i := range s.idx {
		x := &s.idx[i]
		if !p.about(x.Param) {
			continue
		}
		if p.modifier == "missing" {
			return !p.missing
		}
		if p.one(x) {
			found = true
			break
		}
	}
	switch p.modifier {
	case "missing":
		return p.missing
	case "not", "not-in":
		return !found
	}
	return found
}

// about reports whether values of a parameter decide.
func (p *predicate) about(code string) bool {
	return code == p.param.Code || slices.ContainsFunc(p.members, func(m fhir.Param) bool { return m.Code == code })
}

func (p *predicate) one(x *fhir.Index) bool {
	if p.ids != nil { // a chain
		return x.Kind == fhir.ParamReference && x.URL == "" && p.ids[x.Type+"/"+x.ID]
	}
	if p.codes != nil {
		return p.codes[[2]string{x.System, x.Value}]
	}
	return slices.ContainsFunc(p.any, func(v value) bool { return v.holds(x, p.modifier) })
}

// holds reports whether the value matches one indexed value.
func (v *value) holds(x *fhir.Index, modifier string) bool {
	switch x.Kind {
	case fhir.ParamToken:
		switch modifier {
		case "text":
			return x.Text != "" && strings.HasPrefix(vn.Fold(x.Text), v.folded)
		case "of-type":
			return x.Value == v.code && x.ID == v.typ[1] && (v.typ[0] == "" || x.Type == v.typ[0])
		}
		return v.token(x)
	case fhir.ParamString:
		switch modifier {
		case "exact":
			return x.Text == v.text
		case "contains":
			return strings.Contains(x.Value, v.folded)
		}
		return strings.HasPrefix(x.Value, v.folded)
	case fhir.ParamURI:
		switch modifier {
		case "below":
			return under(x.Value, v.text)
		case "above":
			return under(v.text, x.Value)
		}
		return x.Value == v.text
	case fhir.ParamReference:
		return v.reference(x, modifier)
	case fhir.ParamDate:
		return v.ordered(float64(x.From), float64(x.To), v.lo, v.hi)
	case fhir.ParamNumber:
		return v.number(x)
	case fhir.ParamQuantity:
		return v.unit(x) && v.number(x)
	case fhir.ParamSpecial:
		return v.near(x)
	case fhir.ParamComposite:
		if len(x.Parts) != len(v.parts) {
			return false
		}
		for i := range v.parts {
			if !v.parts[i].holds(&x.Parts[i], "") {
				return false
			}
		}
		return true
	}
	return false
}

// unit reports whether a quantity is in the unit that is asked for: one of UCUM
// in any that can be compared with it.
func (v *value) unit(x *fhir.Index) bool {
	switch {
	case v.base != "":
		return x.System == fhir.SystemBaseUnits && x.Value == v.base
	case x.System == fhir.SystemBaseUnits:
		return false
	}
	return (v.code == "" || v.code == x.Value) && (!v.hasSystem || v.system == x.System)
}

// under reports whether a URL is another one or lies below it, by whole
// segments. What is no URL, such as urn:oid, is only itself.
func under(url, base string) bool {
	rest, ok := strings.CutPrefix(url, base)
	if !ok || rest == "" {
		return ok
	}
	if !strings.Contains(base, "://") {
		return false
	}
	return strings.HasSuffix(base, "/") || strings.ContainsRune("/?#|", rune(rest[0])) || strings.Contains(base, "|") && rest[0] == '.'
}

func (v *value) token(x *fhir.Index) bool {
	if x.Value == "" && x.System == "" { // words alone
		return false
	}
	if v.hasSystem && v.system != x.System {
		return false
	}
	return v.code == x.Value || v.code == "" && v.hasSystem
}

func (v *value) reference(x *fhir.Index, modifier string) bool {
	if modifier == "identifier" {
		return x.ID == "" && x.URL == "" && v.token(x)
	}
	if x.URL != "" {
		switch modifier {
		case "below":
			return under(x.URL, v.ref)
		case "above":
			return under(v.ref, x.URL)
		}
		return v.ref == x.URL && strings.ContainsAny(v.ref, ":/")
	}
	if x.ID == "" {
		return false
	}
	typ, id, full := strings.Cut(v.ref, "/")
	if !full {
		return x.ID == v.ref && (modifier == "" || modifier == "not" || modifier == x.Type)
	}
	return x.Type == typ && x.ID == id
}

// number compares by the rules for numbers: eq and ne by the digits written in
// the query, everything else by the exact value.
func (v *value) number(x *fhir.Index) bool {
	lo, hi := span(x)
	if lo != hi {
		switch v.op {
		case "eq", "ne", "ap":
			return v.ordered(lo, hi, v.lo, v.hi)
		}
		return v.ordered(lo, hi, v.at, v.at)
	}
	switch v.op {
	case "eq", "ap":
		return v.lo <= lo && lo < v.hi || lo == v.at
	case "ne":
		return !(v.lo <= lo && lo < v.hi || lo == v.at)
	case "gt", "sa":
		return lo > v.at
	case "lt", "eb":
		return lo < v.at
	case "ge":
		return lo >= v.at
	}
	return lo <= v.at // le
}

// ordered compares the range of a resource [lo, hi) with that of a value
// [vlo, vhi), as R4 search defines the prefixes.
func (v *value) ordered(lo, hi, vlo, vhi float64) bool {
	inside := vlo <= lo && hi <= vhi
	switch v.op {
	case "eq":
		return inside
	case "ne":
		return !inside
	case "gt":
		return hi > vhi
	case "lt":
		return lo < vlo
	case "ge":
		return hi > vhi || inside
	case "le":
		return lo < vlo || inside
	case "sa":
		return lo >= vhi
	case "eb":
		return hi <= vlo
	}
	return lo < vhi && vlo < hi // ap: overlaps
}

// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"math/bits"
	"slices"
	"strings"

	"mach/issue"
)

// maxIssues ends the checking of a resource that is wrong all over.
const maxIssues = 100

// Validate checks the shape of a resource against R4: elements that it does not
// have, that are missing, of the wrong type or number; the form of primitives;
// one value per choice; codes of required bindings that can be listed;
// references and what they may point to; contained resources and Bundle
// entries. It returns nil when nothing is wrong and at most 100 issues else, in
// the order of the text, missing elements last within their parent. Each has
// severity error, a key of the fhir catalogue and the FHIRPath of the place.
//
// It does not check invariants and profiles (package profile), or whether references lead anywhere
// outside the resource.
func Validate(d *Doc) []issue.Issue { return validate(d, nil) }

// ValidateEntry is Validate for what is about to be written: its references may
// be searches ("Patient?identifier=…"), as in a transaction.
func ValidateEntry(d *Doc) []issue.Issue { return validate(d, &scope{transaction: true}) }

func validate(d *Doc, in *scope) []issue.Issue {
	v := &validator{defs: r4(), scope: in}
	v.resource(d.Root())
	return v.issues
}

// A validator walks one document.
type validator struct {
	defs   *definitions
	issues []issue.Issue
	scope  *scope
	nested bool // the object at hand stands in an extension's extensions
}

// A scope is the resource whose contained resources "#id" means: the document,
// or that of the Bundle entry being checked.
type scope struct {
	container   Node
	contained   map[string]string // their types by id; nil until somebody asks
	ids         map[string]bool   // of its elements
	transaction bool              // in a Bundle whose entries may refer by search
}

func (v *validator) full() bool { return len(v.issues) >= maxIssues }

// add reports a fault at n.
func (v *validator) add(n Node, code issue.Code, key string, args ...any) {
	v.addAt(n.Path(), code, key, args...)
}

func (v *validator) addAt(path string, code issue.Code, key string, args ...any) {
	if !v.full() {
		v.issues = append(v.issues, issue.Issue{
			Severity: issue.SeverityError, Code: code, Key: key, Args: args, Path: path,
		})
	}
}

// resource checks a resource: the document, a contained one, one of an entry.
func (v *validator) resource(n Node) {
	if n.Kind() != Object {
		v.add(n, issue.Structure, "fhir.type", "Resource")
		return
	}
	typ := n.member("resourceType")
	s := v.defs.types[typ.String()]
	if typ.Kind() != String || s == nil || !s.resource {
		v.addAt(n.Path()+".resourceType", issue.Structure, "fhir.resource_type", typ.String())
		return
	}
	was := v.scope
	switch {
	case n.i == 0 || n.Name() != "": // the document, or that of an entry or a parameter
		kind := n.member("type").String()
		v.scope = &scope{container: n, transaction: was != nil && was.transaction ||
			s.name == "Bundle" && (kind == "transaction" || kind == "batch")}
	case n.member("contained").Exists():
		v.add(n.member("contained"), issue.Structure, "fhir.contained.nested")
	case !n.member("id").Exists():
		v.addAt(n.Path()+".id", issue.Required, "fhir.required", "id")
	}
	v.object(n, s)
	if url := n.member("url"); url.Kind() == String && s.members["url"].typ != nil && s.members["url"].typ.name == "uri" {
		v.canonical(url)
	}
	v.scope = was
}

// object checks the members of n against the elements of s.
func (v *validator) object(n Node, s *structure) {
	if n.Len() == 0 {
		v.add(n, issue.Structure, "fhir.empty")
		return
	}
	seen, nested := uint64(0), v.nested
	for c := range n.children() {
		if v.full() {
			return
		}
		name := c.Name()
		if name == "resourceType" && s.resource {
			continue
		}
		name, shadow := strings.CutPrefix(name, "_")
		m, ok := s.members[name]
		if !ok || shadow && m.typ.primitive == notPrimitive {
			v.add(c, issue.Structure, "fhir.unknown", c.Name())
			continue
		}
		if bit := uint64(1) << m.bit; seen&bit == 0 {
			seen |= bit
		} else if m.choice && !v.onlyChoice(n, s, m) {
			v.add(c, issue.Structure, "fhir.choice", m.name)
			continue
		}
		v.nested = s == v.defs.extension && m.name == "extension"
		v.member(n, c, m, shadow)
	}
	v.nested = nested
	v.missing(n, s, s.required&^seen)
	if s.rule != nil {
		s.rule(v, n)
	}
}

// onlyChoice reports whether all members of a choice are of the type of m: a
// value and its extensions (valueDate, _valueDate) may stand together.
func (v *validator) onlyChoice(n Node, s *structure, m member) bool {
	for c := range n.children() {
		if o, ok := s.members[strings.TrimPrefix(c.Name(), "_")]; ok && o.element == m.element && o.typ != m.typ {
			return false
		}
	}
	return true
}

// missing reports the elements whose bits are set in absent.
func (v *validator) missing(n Node, s *structure, absent uint64) {
	for ; absent != 0; absent &= absent - 1 {
		e := s.elements[bits.TrailingZeros64(absent)]
		name := e.name
		if e.choice {
			name += "[x]"
		}
		v.addAt(n.Path()+"."+e.name, issue.Required, "fhir.required", name)
	}
}

// member checks one member of object n: that it is an array where the element
// may repeat and none where it may not, then each value. shadow is true for
// _name, which carries id and extensions of a primitive.
func (v *validator) member(n, c Node, m member, shadow bool) {
	if !m.many {
		if c.Kind() == Array {
			v.add(c, issue.Structure, "fhir.single", c.Name())
			return
		}
		v.value(c, m, shadow)
		if shadow {
			v.instead(c, n.member(twinName(c.Name())), m, shadow)
		}
		return
	}
	if c.Kind() != Array {
		v.add(c, issue.Structure, "fhir.array", c.Name())
		return
	}
	if c.Len() == 0 {
		v.add(c, issue.Structure, "fhir.empty")
	}
	if m.typ.primitive != notPrimitive {
		v.primitives(c, n.member(twinName(c.Name())), m, shadow)
		return
	}
	for e := range c.children() {
		v.value(e, m, shadow)
	}
}

// primitives checks the elements of an array of primitives, or of its twin with
// their ids and extensions. null keeps the place of what is in the other one.
func (v *validator) primitives(array, twin Node, m member, shadow bool) {
	other := twin.firstChild()
	for e := array.firstChild(); e.Exists() && !v.full(); e = e.sibling(array) {
		switch {
		case e.Kind() != Null:
			v.value(e, m, shadow)
			v.instead(e, other, m, shadow)
		case other.Kind() == Absent || other.Kind() == Null:
			v.add(e, issue.Structure, "fhir.null")
		}
		other = other.sibling(twin)
	}
}

// twinName turns name into _name and back.
func twinName(name string) string {
	if bare, ok := strings.CutPrefix(name, "_"); ok {
		return bare
	}
	return "_" + name
}

// value checks one value of an element.
func (v *validator) value(n Node, m member, shadow bool) {
	switch t := m.typ; {
	case n.Kind() == Null:
		v.add(n, issue.Structure, "fhir.null")
	case shadow:
		v.complex(n, v.defs.types["Element"], "Element")
	case t.primitive != notPrimitive:
		v.primitive(n, t, m.codes)
	case t.name == "Resource" || t.structure.resource:
		v.resource(n)
	default:
		v.complex(n, t.structure, t.name)
		switch {
		case t.name == "Reference":
			v.reference(n, t.targets)
		case m.codes != nil:
			v.coded(n, m.codes)
		}
	}
}

func (v *validator) complex(n Node, s *structure, name string) {
	if n.Kind() != Object {
		v.add(n, issue.Structure, "fhir.type", name)
		return
	}
	v.object(n, s)
}

func (v *validator) primitive(n Node, t *elementType, codes *codeSet) {
	if want := t.primitive.kind(); n.Kind() != want {
		if n.Kind() == String && want != String {
			v.add(n, issue.Structure, "fhir.type.quoted", t.name)
		} else {
			v.add(n, issue.Structure, "fhir.type", t.name)
		}
		return
	}
	s := n.String()
	if !t.primitive.wellFormed(s) {
		if like := t.primitive.example(); like != "" {
			v.add(n, issue.Value, "fhir.format", t.name, like)
		} else {
			v.add(n, issue.Value, "fhir.text")
		}
		return
	}
	switch {
	case codes != nil && codes.codes[s] == 0:
		v.add(n, issue.CodeInvalid, "fhir.code", s, codes.name)
	case t.primitive == pXHTML:
		v.narrative(n, s)
	case t.primitive == pElementID:
		v.elementID(n)
	}
}

// coded checks a Coding, CodeableConcept or Quantity that is bound to a set: at
// least one of its codes must be of it.
func (v *validator) coded(n Node, codes *codeSet) {
	list := n
	if n.member("coding").Exists() || n.member("text").Exists() {
		list = n.member("coding")
	}
	some := false
	for c := range list.Items() {
		some = some || c.member("code").Exists()
		if codes.has(c.member("system").String(), c.member("code").String()) {
			return
		}
	}
	if some || list != n {
		v.add(n, issue.CodeInvalid, "fhir.code", list.Get("code").String(), codes.name)
	}
}

// reference checks the literal reference of a Reference element: its form, the
// type it points to, and that "#id" is there.
func (v *validator) reference(n Node, targets []string) {
	lit := n.member("reference")
	if lit.Kind() != String {
		return
	}
	ref := lit.String()
	typ, ok := v.target(ref)
	switch {
	case !ok && strings.HasPrefix(ref, "#"):
		v.add(lit, issue.Value, "fhir.reference.contained", ref)
	case !ok:
		v.add(lit, issue.Value, "fhir.reference.form", ref)
	case typ != "" && len(targets) > 0 && !slices.Contains(targets, typ):
		v.add(lit, issue.Value, "fhir.reference.target", typ, strings.Join(targets, ", "))
	}
}

// target returns the type that a reference points to, "" when the text does not
// tell. It returns false for what is no reference.
func (v *validator) target(ref string) (typ string, ok bool) {
	if id, ok := strings.CutPrefix(ref, "#"); ok {
		if id == "" { // the container itself
			return v.scope.container.member("resourceType").String(), true
		}
		typ, ok := v.scope.types()[id]
		return typ, ok
	}
	if strings.HasPrefix(ref, "urn:") {
		return "", pURI.wellFormed(ref)
	}
	if typ, query, ok := strings.Cut(ref, "?"); ok && v.scope.transaction {
		return typ, query != "" && IsType(typ)
	}
	typ, _ = SplitReference(ref)
	if strings.Contains(ref, "://") {
		if !IsType(typ) {
			typ = ""
		}
		return typ, pURI.wellFormed(ref)
	}
	return typ, IsType(typ)
}

// types returns the types of the contained resources by their ids.
func (s *scope) types() map[string]string {
	if s.contained == nil {
		s.contained = map[string]string{}
		for c := range s.container.Each("contained") {
			s.contained[c.member("id").String()] = c.member("resourceType").String()
		}
	}
	return s.contained
}

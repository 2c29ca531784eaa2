// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"slices"
	"strings"
	"sync"

	"mach/fhir"
	"mach/issue"
)

// An answer to whether a code is in a set, in order of confidence.
type answer uint8

const (
	no answer = iota
	maybe
	yes
)

// A valueSet is a compiled ValueSet. It belongs to one state.
type valueSet struct {
	doc              *fhir.Doc
	url, version     string
	include, exclude []*part
	list             func() (*Codes, error)
	weight           int // parts and filters, those of sets within among them
}

// A part is one include or exclude: codes of a system, listed or filtered, and
// in all of some value sets.
type part struct {
	canonical string // of the system
	url       string // the same without version; "" when the part is of value sets only
	system    *system
	grammar   grammar
	vague     bool           // filters that nobody here understands
	listed    map[string]int // place in the list by code; nil when not listed
	concepts  []fhir.Node
	filters   []filter
	sets      []*valueSet
	absent    string // a value set that is not loaded; "" = none
	active    bool   // without inactive codes (compose.inactive = false)
}

// Bounds on a value set. The weight bounds what one question to it costs, for
// sets may name each other many times over.
const (
	deepest  = 20
	heaviest = 10_000
)

// valueSet compiles the value set of a canonical. within are the canonicals
// being compiled, for a set may not be a part of itself.
func (st *state) valueSet(canonical string, within ...string) (*valueSet, error) {
	at := "ValueSet " + canonical
	if found, ok := st.compiled.Load(at); ok {
		return found.(*valueSet), nil
	}
	src := st.find("ValueSet", canonical)
	if src == nil {
		return st.systemSet(canonical)
	}
	if slices.Contains(within, canonical) || len(within) >= deepest {
		return nil, issue.New(issue.Value, "terms.valueset.cycle", canonical)
	}
	d, err := src.doc()
	if err != nil {
		return nil, err
	}
	v, err := st.compileSet(d, append(slices.Clip(within), canonical))
	if err != nil {
		return nil, err
	}
	st.compiled.Store(at, v)
	return v, nil
}

// systemSet makes the implicit value sets of any system that is loaded:
// SYSTEM?fhir_vs is all its codes, SYSTEM?fhir_vs=isa/CODE those below one
// (the form of http://hl7.org/fhir/R4/snomedct.html#implicit).
func (st *state) systemSet(canonical string) (*valueSet, error) {
	url, query, implicit := strings.Cut(canonical, "?fhir_vs")
	code, isA := strings.CutPrefix(query, "=isa/")
	if !implicit || !isA && query != "" || st.system(url) == nil {
		return nil, issue.New(issue.NotFound, unknown["ValueSet"], canonical)
	}
	var filter map[string]any
	if isA {
		filter = map[string]any{"property": "concept", "op": "is-a", "value": code}
	}
	d, err := wholeSystem(canonical, url, filter)
	if err != nil {
		return nil, err
	}
	v, err := st.compileSet(d, nil)
	if err == nil && !isA { // as many as there are systems; of codes there is no end
		st.compiled.Store("ValueSet "+canonical, v)
	}
	return v, err
}

// compileSet compiles a ValueSet resource, which need not be loaded.
func (st *state) compileSet(d *fhir.Doc, within []string) (*valueSet, error) {
	v := &valueSet{doc: d, url: d.Get("url").String(), version: d.Get("version").String()}
	for _, side := range []struct {
		name string
		to   *[]*part
	}{{"include", &v.include}, {"exclude", &v.exclude}} {
		for n := range d.Get("compose").Each(side.name) {
			p, err := st.part(n, within)
			if err != nil {
				return nil, err
			}
			inactive := d.Get("compose", "inactive")
			p.active = side.name == "include" && inactive.Exists() && !inactive.Bool()
			*side.to = append(*side.to, p)
			if v.weight += p.weight(); v.weight > heaviest {
				return nil, issue.New(issue.TooCostly, "terms.expand.large", v.url)
			}
		}
	}
	if !d.Get("compose").Exists() { // only a result is known
		v.include = st.expanded(d.Get("expansion"))
	}
	v.list = sync.OnceValues(v.enumerate)
	return v, nil
}

func (st *state) part(n fhir.Node, within []string) (*part, error) {
	p := &part{canonical: canonicalOf(n), url: n.Get("system").String()}
	for set := range n.Each("valueSet") {
		v, err := st.valueSet(set.String(), within...)
		if issue.Is(err, issue.NotFound) {
			p.absent = set.String()
			continue
		}
		if err != nil {
			return nil, err
		}
		p.sets = append(p.sets, v)
	}
	if p.url == "" {
		return p, nil
	}
	p.system = st.system(p.canonical)
	for c := range n.Each("concept") {
		p.mention(c)
	}
	if g := grammarOf(p.url); g != nil && p.listed == nil {
		p.grammar = g.narrowed(p.url, n)
		p.vague = p.grammar == nil
		return p, nil
	}
	for f := range n.Each("filter") {
		if p.system == nil {
			p.vague = true
			continue
		}
		one, err := newFilter(p.system, f)
		if err != nil {
			return nil, err
		}
		p.filters = append(p.filters, one)
	}
	return p, nil
}

func (p *part) weight() int {
	n := 1 + len(p.filters)
	for _, v := range p.sets {
		n += v.weight
	}
	return n
}

// mention adds a listed concept.
func (p *part) mention(c fhir.Node) {
	if p.listed == nil {
		p.listed = map[string]int{}
	}
	code := p.fold(c.Get("code").String())
	if _, twice := p.listed[code]; !twice {
		p.listed[code] = len(p.concepts)
		p.concepts = append(p.concepts, c)
	}
}

// expanded reads an expansion as lists of concepts.
func (st *state) expanded(expansion fhir.Node) []*part {
	var parts []*part
	var visit func(n fhir.Node, depth int)
	visit = func(n fhir.Node, depth int) {
		for c := range n.Each("contains") {
			if code := c.Get("code").String(); code != "" && !c.Get("abstract").Bool() {
				canonical := canonicalOf(c)
				i := slices.IndexFunc(parts, func(p *part) bool { return p.canonical == canonical })
				if i < 0 {
					i = len(parts)
					parts = append(parts, &part{canonical: canonical, url: c.Get("system").String(), system: st.system(canonical)})
				}
				parts[i].mention(c)
			}
			if depth < maxNesting {
				visit(c, depth+1)
			}
		}
	}
	visit(expansion, 0)
	return parts
}

// canonicalOf is system|version of an element that has both.
func canonicalOf(n fhir.Node) string {
	if v := n.Get("version").String(); v != "" {
		return n.Get("system").String() + "|" + v
	}
	return n.Get("system").String()
}

func (p *part) fold(code string) string {
	if p.system != nil {
		return p.system.fold(code)
	}
	return code
}

// has answers for the whole set.
func (v *valueSet) has(system, code string) answer {
	in := no
	for _, p := range v.include {
		in = max(in, p.has(system, code))
	}
	for _, p := range v.exclude {
		if in == no {
			break
		}
		in = min(in, yes-p.has(system, code))
	}
	return in
}

// has answers for one part: in its system, and in each of its sets.
func (p *part) has(system, code string) answer {
	if p.url == "" && len(p.sets) == 0 && p.absent == "" {
		return no
	}
	in := yes
	if p.absent != "" {
		in = maybe
	}
	if p.url != "" {
		if p.url != system {
			return no
		}
		in = min(in, p.hasCode(code))
	}
	for _, v := range p.sets {
		if in == no {
			break
		}
		in = min(in, v.has(system, code))
	}
	return in
}

func (p *part) hasCode(code string) answer {
	switch {
	case p.listed != nil:
		if _, ok := p.listed[p.fold(code)]; ok && !p.retired(code) {
			return yes
		}
		return no
	case p.grammar != nil:
		if p.grammar(code) {
			return yes
		}
		return no
	case p.system == nil || p.vague:
		return maybe
	}
	at, ok := p.system.find(code)
	switch {
	case !ok && p.system.complete:
		return no
	case !ok:
		return maybe
	case p.passes(at):
		return yes
	}
	return no
}

// retired reports whether a code is left out because it is inactive.
func (p *part) retired(code string) bool {
	if !p.active || p.system == nil {
		return false
	}
	at, ok := p.system.find(code)
	return ok && p.system.concepts[at].inactive
}

func (p *part) passes(at int32) bool {
	if p.active && p.system.concepts[at].inactive {
		return false
	}
	for _, f := range p.filters {
		if !f(at) {
			return false
		}
	}
	return true
}

// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"iter"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// Bounds on listing a value set.
const (
	mostCodes = 300_000    // in the list
	mostWork  = 20_000_000 // questions asked on the way, about a second
)

// Codes is a value set as a list of its codes, in the order of their systems.
// It is immutable.
type Codes struct {
	items []item
	at    map[[2]string]int
	// parts are canonicals of systems of which only a part is loaded, so that
	// the list may lack codes.
	parts []string
	work  int
}

// An item is one code of a list.
type item struct {
	system, version string
	code            string
	display         string    // as the value set has it; "" = that of the system
	listed          fhir.Node // the concept of the value set, absent when there is none
	of              *system   // nil when not loaded
	concept         int32     // in of; -1 when it is not there
}

// List lists a value set. The error is an [issue.Error]: the set is unknown
// (not-found), one of its systems is not loaded or cannot be listed
// (not-supported), or it is too large (too-costly).
func (s *Set) List(valueset string) (*Codes, error) {
	v, err := s.now.Load().valueSet(valueset)
	if err != nil {
		return nil, err
	}
	return v.list()
}

// Len is the number of codes.
func (c *Codes) Len() int { return len(c.items) }

// Has reports whether the code of the system is in the list.
func (c *Codes) Has(system, code string) bool {
	_, ok := c.at[[2]string{system, code}]
	return ok
}

// All yields system and code of each.
func (c *Codes) All() iter.Seq2[string, string] {
	return func(yield func(system, code string) bool) {
		for _, i := range c.items {
			if !yield(i.system, i.code) {
				return
			}
		}
	}
}

// Partial reports whether the list may lack codes, because only a part of a
// system is loaded.
func (c *Codes) Partial() bool { return len(c.parts) > 0 }

// enumerate lists the set.
func (v *valueSet) enumerate() (*Codes, error) {
	c := &Codes{at: map[[2]string]int{}}
	for _, p := range slices.Concat(v.include, v.exclude) {
		if p.absent != "" {
			return nil, issue.New(issue.NotSupported, "terms.valueset.absent", v.url, p.absent)
		}
		if p.listed == nil && p.url != "" && (p.system == nil || p.vague) {
			return nil, issue.New(issue.NotSupported, "terms.system.unlisted", p.canonical)
		}
	}
	for _, p := range v.include {
		if err := p.enumerate(c, v); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// enumerate adds the codes of a part that are in all its sets and that the
// value set does not exclude.
func (p *part) enumerate(c *Codes, v *valueSet) error {
	if p.url == "" {
		if len(p.sets) == 0 {
			return nil
		}
		first, err := p.sets[0].list()
		if err != nil {
			return err
		}
		c.parts = append(c.parts, first.parts...)
		for _, i := range first.items {
			if err := p.add(c, v, i); err != nil {
				return err
			}
		}
		return nil
	}
	for _, n := range p.concepts {
		i := item{system: p.url, code: n.Get("code").String(), display: n.Get("display").String(), listed: n, of: p.system, concept: -1}
		if p.system != nil {
			i.version = p.system.version
			if at, ok := p.system.find(i.code); ok {
				i.concept = at
			}
		}
		if p.retired(i.code) {
			continue
		}
		if err := p.add(c, v, i); err != nil {
			return err
		}
	}
	if p.listed != nil {
		return nil
	}
	if !p.system.complete {
		c.parts = append(c.parts, strings.TrimSuffix(p.system.url+"|"+p.system.version, "|"))
	}
	for at := range p.system.concepts {
		if c.work += 1 + len(p.filters); !p.passes(int32(at)) && c.work < mostWork {
			continue
		}
		if err := p.add(c, v, item{system: p.url, version: p.system.version, code: p.system.concepts[at].code, of: p.system, concept: int32(at)}); err != nil {
			return err
		}
	}
	return nil
}

func (p *part) add(c *Codes, v *valueSet, i item) error {
	if c.work += v.weight; c.work >= mostWork || len(c.items) >= mostCodes {
		return issue.New(issue.TooCostly, "terms.expand.large", v.url)
	}
	for _, set := range p.sets {
		if set.has(i.system, i.code) != yes {
			return nil
		}
	}
	for _, out := range v.exclude {
		if out.has(i.system, i.code) != no {
			return nil
		}
	}
	key := [2]string{i.system, i.code}
	if _, twice := c.at[key]; twice {
		return nil
	}
	c.at[key] = len(c.items)
	c.items = append(c.items, i)
	return nil
}

// Codes lists {system, code} for the modifiers of token search, as
// store.Terminology wants it: "in" the codes of the value set whose canonical is
// code; "below" and "above" the code itself and those that it subsumes, or is
// subsumed by. The error is an [issue.Error]: that of [Set.List], or not-found
// where the system is not loaded. A code that the system does not have stands
// alone.
func (s *Set) Codes(relation, system, code string) ([][2]string, error) {
	var reach func(at int32) []int32
	sys := s.now.Load().system(system)
	switch {
	case relation == "in":
		list, err := s.List(code)
		if err != nil {
			return nil, err
		}
		out := make([][2]string, 0, list.Len())
		for system, code := range list.All() {
			out = append(out, [2]string{system, code})
		}
		return out, nil
	case sys == nil:
		return nil, issue.New(issue.NotFound, unknown["CodeSystem"], system)
	case relation == "below":
		reach = sys.under
	case relation == "above":
		reach = sys.over
	default:
		return nil, issue.New(issue.NotSupported, "terms.relation", relation)
	}
	at, ok := sys.find(code)
	if !ok {
		return [][2]string{{system, code}}, nil
	}
	var out [][2]string
	for _, i := range reach(at) {
		out = append(out, [2]string{system, sys.concepts[i].code})
	}
	return out, nil
}

// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"slices"
	"strings"
	"testing"
)

// TestDefinitions holds the parts of the compiled text against each other: every
// route of a search parameter leads through elements that its type has, to a
// value of the type it says.
func TestDefinitions(t *testing.T) {
	routes := 0
	for _, typ := range Types() {
		root := r4().types[typ]
		for _, p := range r4().programs[typ] {
			for _, way := range p.routes {
				routes++
				checkRoute(t, typ+" "+p.Code, root, way)
			}
			for _, g := range p.groups {
				base := root
				if len(g.base.steps) > 0 {
					base = checkSteps(t, typ+" "+p.Code, root, g.base).typ.structure
				}
				for i, part := range g.parts {
					if _, ok := ParamOf(typ, part.Code); !ok || p.Parts[i] != part.Code {
						t.Errorf("%s %s: no parameter %s", typ, p.Code, part.Code)
					}
					for _, way := range part.routes {
						routes++
						from := base
						if way.fromRoot {
							from = root
						}
						checkRoute(t, typ+" "+p.Code, from, way)
					}
				}
			}
			if (len(p.routes) == 0) != (p.Kind == ParamComposite) || (len(p.groups) == 0) == (p.Kind == ParamComposite) {
				t.Errorf("%s %s has %d routes and %d groups", typ, p.Code, len(p.routes), len(p.groups))
			}
		}
	}
	t.Logf("%d routes", routes)
	for name, set := range r4().codes {
		if len(set.codes) == 0 || len(set.systems) == 0 || len(set.systems) > 32 {
			t.Errorf("value set %s has %d codes of %d systems", name, len(set.codes), len(set.systems))
		}
	}
}

func checkRoute(t *testing.T, name string, from *structure, way route) {
	t.Helper()
	m := checkSteps(t, name, from, way)
	if m.element == nil || way.leaf == "exists" {
		return
	}
	if m.typ.name != way.leaf {
		t.Errorf("%s: %s is a %s, the route says %s", name, m.name, m.typ.name, way.leaf)
	}
	if way.codes != nil && m.codes != way.codes {
		t.Errorf("%s: %s is bound to another value set", name, m.name)
	}
}

// checkSteps returns the member that a route ends at.
func checkSteps(t *testing.T, name string, from *structure, way route) member {
	t.Helper()
	var m member
	for i, s := range way.steps {
		var ok bool
		if m, ok = from.members[s.name]; !ok {
			t.Errorf("%s: %s has no %s", name, from.name, s.name)
			return member{}
		}
		if s.where != "" && m.typ.structure.members[s.where].element == nil {
			t.Errorf("%s: %s has no %s", name, m.typ.name, s.where)
		}
		if s.isType != "" && (m.typ.name != "Reference" || !IsType(s.isType)) {
			t.Errorf("%s: %s is no reference to a %s", name, m.name, s.isType)
		}
		from = m.typ.structure
		if from == nil && i < len(way.steps)-1 {
			t.Errorf("%s: %s has no members", name, m.name)
			return member{}
		}
	}
	return m
}

// TestCompartments: the parameters that make a resource a member exist and can
// point to what the compartment is named after.
func TestCompartments(t *testing.T) {
	if len(r4().compartments) != 5 {
		t.Errorf("%d compartments", len(r4().compartments))
	}
	for name, types := range r4().compartments {
		for typ, codes := range types {
			for _, code := range codes {
				p, ok := ParamOf(typ, code)
				if !ok || p.Kind != ParamReference || len(p.Targets) > 0 && !slices.Contains(p.Targets, name) {
					t.Errorf("%s compartment: %s %s is %v", name, typ, code, strings.Join(p.Targets, " "))
				}
			}
		}
	}
}

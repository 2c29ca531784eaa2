// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A param is one search parameter of one type.
type param struct {
	typ, code, kind, id string
	targets             []string
	paths               []string // "name.family:string"
	groups              []group  // of a composite
}

// A group is one way to form a composite: parts evaluated from each value at
// base, which is empty for the resource itself.
type group struct {
	base  string
	parts []part
}

type part struct {
	code, kind string
	paths      []string
}

// params are all of them, and the ids of those left out.
type params struct {
	all     []*param
	leftOut []string
}

// compileParams compiles every parameter of the base specification. Those
// defined by profiles on extensions and those without a path (_text, _content,
// _query, _filter) are left out, and named in the text.
func compileParams(d *definitions, types typeDefs) (*params, error) {
	var all []*param
	var leftOut []string
	for _, sp := range d.params {
		if strings.HasPrefix(sp.ID, "example") || strings.Contains(sp.ID, "-extensions-") || strings.Contains(sp.ID, "-genetic-") ||
			sp.Expression == "" {
			leftOut = append(leftOut, sp.ID)
			continue
		}
		for _, base := range sp.Base {
			p, err := compileParam(d, types, sp, base)
			if err != nil {
				return nil, fmt.Errorf("%s of %s: %s: %w", sp.ID, base, sp.Expression, err)
			}
			all = append(all, p)
		}
	}
	slices.SortFunc(all, func(a, b *param) int { return strings.Compare(a.typ+" "+a.code, b.typ+" "+b.code) })
	for i := 1; i < len(all); i++ {
		if a, b := all[i-1], all[i]; a.typ == b.typ && a.code == b.code {
			return nil, fmt.Errorf("%s and %s are both %s of %s", a.id, b.id, a.code, a.typ)
		}
	}
	slices.Sort(leftOut)
	return &params{all, leftOut}, nil
}

func compileParam(d *definitions, types typeDefs, sp *searchParam, base string) (*param, error) {
	p := &param{typ: base, code: sp.Code, kind: sp.Type, id: sp.ID, targets: sp.Target}
	ways, err := compileExpression(types, base, sp.Expression)
	if err != nil {
		return nil, err
	}
	if sp.Type != "composite" {
		p.paths = leaves(ways, sp.Type)
		if len(p.paths) == 0 {
			return nil, errors.New("no path gives a value")
		}
		return p, nil
	}
	for _, way := range ways {
		g, err := compileGroup(d, types, sp, base, way)
		if err != nil {
			return nil, err
		}
		p.groups = append(p.groups, g)
	}
	return p, nil
}

// compileGroup compiles the components of a composite. R4 has the expressions
// of DocumentReference.relationship the wrong way round.
func compileGroup(d *definitions, types typeDefs, sp *searchParam, base string, way way) (group, error) {
	g := group{base: way.path}
	for i, c := range sp.Component {
		of := d.params[c.Definition]
		if of == nil {
			return g, fmt.Errorf("component %s is not there", c.Definition)
		}
		expression := c.Expression
		if sp.ID == "DocumentReference-relationship" {
			expression = sp.Component[1-i].Expression
		}
		parts, err := compilePart(types, base, way.typ, expression)
		if err != nil {
			return g, err
		}
		g.parts = append(g.parts, part{of.Code, of.Type, leaves(parts, of.Type)})
		if len(g.parts[i].paths) == 0 {
			return g, fmt.Errorf("component %s has no value", of.Code)
		}
	}
	return g, nil
}

// compilePart compiles the expression of a component, which starts at a value
// of the group, or at the resource when it begins with %resource.
func compilePart(types typeDefs, base, typ, expression string) ([]way, error) {
	rest, fromRoot := strings.CutPrefix(expression, "%resource.")
	if !fromRoot {
		return compileExpression(types, typ, expression)
	}
	ways, err := compileExpression(types, base, rest)
	for i := range ways {
		ways[i].path = "/" + ways[i].path
	}
	return ways, err
}

// readable says which types a kind of parameter can be read from. What is not
// named here (a SampledData as quantity) has no index.
var readable = map[string]string{
	"token":     " code Coding CodeableConcept Identifier ContactPoint boolean id string uri canonical exists ",
	"string":    " string markdown HumanName Address ",
	"reference": " Reference canonical uri Resource ",
	"date":      " date dateTime instant Period Timing ",
	"number":    " decimal integer positiveInt unsignedInt Range ",
	"quantity":  " Quantity Age Duration Count Distance Money Range ",
	"uri":       " uri url canonical oid uuid ",
	"special":   " Location.position ",
}

// leaves writes ways as path:Type, without those that the kind cannot read.
func leaves(ways []way, kind string) []string {
	var out []string
	for _, w := range ways {
		text := w.path + ":" + w.typ
		if w.set != "" {
			text += "!" + w.set
		}
		if strings.Contains(readable[kind], " "+w.typ+" ") && !slices.Contains(out, text) {
			out = append(out, text)
		}
	}
	return out
}

// write gives each parameter a line, and each group and part of a composite one
// below it:
//
//	P Patient birthdate date individual-birthdate
//	= birthDate:date
//	P Observation component-code-value-quantity composite …
//	@ component
//	- component-code token code:CodeableConcept
func (ps *params) write(w io.Writer) {
	fmt.Fprintf(w, "# parameters left out: %s\n", strings.Join(ps.leftOut, " "))
	for _, p := range ps.all {
		fmt.Fprintf(w, "P %s %s %s %s", p.typ, p.code, p.kind, p.id)
		if len(p.targets) > 0 && p.kind == "reference" {
			fmt.Fprintf(w, " >%s", strings.Join(p.targets, ","))
		}
		fmt.Fprintln(w)
		if len(p.paths) > 0 {
			fmt.Fprintf(w, "= %s\n", strings.Join(p.paths, " "))
		}
		for _, g := range p.groups {
			fmt.Fprintf(w, "@ %s\n", g.base)
			for _, part := range g.parts {
				fmt.Fprintf(w, "- %s %s %s\n", part.code, part.kind, strings.Join(part.paths, " "))
			}
		}
	}
}

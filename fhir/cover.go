// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"cmp"
	"reflect"
	"slices"
	"strings"
)

// cover finds the parameters of a type that find nothing but what others find,
// as combo-code is code and component-code together and patient is subject where
// that is a patient, and notes in [Param.Covers] which those are. They have
// covers of their own in no case.
func cover(all []*program) {
	order := slices.Clone(all)
	slices.SortStableFunc(order, func(a, b *program) int { // the widest union first, then what is narrowed
		return cmp.Or(cmp.Compare(b.ways(), a.ways()), cmp.Compare(b.narrowed(), a.narrowed()))
	})
	for _, p := range order {
		switch p.Kind {
		case ParamToken, ParamReference, ParamQuantity, ParamComposite:
		default: // an order by them is asked for, or they stand for nothing else
			continue
		}
		if used := slices.ContainsFunc(all, func(q *program) bool { return slices.Contains(q.Covers, p.Code) }); !used {
			p.Covers = coversOf(p, all)
		}
	}
}

// ways is by how many routes a parameter finds, narrowed how many of them end at
// a condition.
func (p *program) ways() int { return len(p.routes) + len(p.groups) }

func (p *program) narrowed() (n int) {
	for i := range p.routes {
		if !reflect.DeepEqual(widened(p.routes[i]), p.routes[i]) {
			n++
		}
	}
	return n
}

// coversOf returns the codes of parameters that together find what p does, nil
// when they do not.
func coversOf(p *program, all []*program) []string {
	var codes []string
	add := func(has func(q *program) bool) bool {
		i := slices.IndexFunc(all, func(q *program) bool { return q != p && q.Kind == p.Kind && q.Covers == nil && has(q) })
		if i >= 0 && !slices.Contains(codes, all[i].Code) {
			codes = append(codes, all[i].Code)
		}
		return i >= 0
	}
	for i := range p.routes {
		if r := &p.routes[i]; r.leaf == "exists" || r.leaf == "Resource" || !add(func(q *program) bool { return q.finds(r) }) {
			return nil
		}
	}
	for i := range p.groups {
		if !add(func(q *program) bool { return q.combines(&p.groups[i]) }) {
			return nil
		}
	}
	slices.SortFunc(codes, strings.Compare)
	return codes
}

// finds reports whether a route of p leads wherever r does.
func (p *program) finds(r *route) bool {
	return slices.ContainsFunc(p.routes, func(q route) bool {
		return reflect.DeepEqual(q, *r) || reflect.DeepEqual(q, widened(*r))
	})
}

// widened is a route without the condition at its end.
func widened(r route) route {
	if n := len(r.steps); n > 0 {
		r.steps = slices.Clone(r.steps)
		last := &r.steps[n-1]
		last.where, last.value, last.isType = "", "", ""
	}
	return r
}

// combines reports whether p has a group like g; the codes of the parts are
// names alone.
func (p *program) combines(g *group) bool {
	return slices.ContainsFunc(p.groups, func(h group) bool {
		return reflect.DeepEqual(h.base, g.base) && slices.EqualFunc(h.parts, g.parts, func(a, b program) bool {
			return a.Kind == b.Kind && reflect.DeepEqual(a.routes, b.routes)
		})
	})
}

// SPDX-License-Identifier: Apache-2.0

package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"mach/fhir"
	"mach/issue"
)

// equalAll is =, three-valued (http://hl7.org/fhirpath/N1/#equality).
func (r *run) equalAll(a, b Collection) truth {
	if len(a) == 0 || len(b) == 0 {
		return isEmpty
	}
	if len(a) != len(b) {
		return isFalse
	}
	result := isTrue
	for i := range a {
		switch r.equal(a[i], b[i]) {
		case isFalse:
			return isFalse
		case isEmpty:
			result = isEmpty
		}
	}
	return result
}

// same is equality for sets: what is not known is not the same.
func (r *run) same(a, b Value) bool { return r.equal(a, b) == isTrue }

// equal compares two values.
func (r *run) equal(a, b Value) truth {
	if a.isNode() && b.isNode() {
		if a.node == b.node && a.node.Exists() {
			return isTrue
		}
	}
	if s, ok := a.plainText(); ok {
		if t, ok := b.plainText(); ok {
			r.steps += len(s) >> 6
			return truthOf(s == t)
		}
	}
	x, y := a.system(), b.system()
	if x == nil || y == nil || a.isNode() && b.isNode() && a.node.Kind() == fhir.Object {
		if !a.isNode() || !b.isNode() {
			if m, ok := a.data.(typeName); ok {
				return truthOf(b.data == any(m))
			}
			return isFalse
		}
		return truthOf(r.nodesEqual(a.node, b.node) && r.twinsEqual(a, b))
	}
	return equalSystem(x, y)
}

func equalSystem(x, y any) truth {
	switch x := x.(type) {
	case bool:
		y, ok := y.(bool)
		return truthOf(ok && x == y)
	case string:
		y, ok := y.(string)
		return truthOf(ok && x == y)
	case int64:
		if y, ok := y.(int64); ok {
			return truthOf(x == y)
		}
	case Moment:
		if y, ok := y.(Moment); ok {
			return momentsEqual(x, y)
		}
		return isFalse
	case Quantity:
		return quantityEqual(x, y)
	}
	if q, ok := y.(Quantity); ok {
		return quantityEqual(q, x)
	}
	d, e := asDecimal(x), asDecimal(y)
	return truthOf(d != nil && e != nil && d.Cmp(e) == 0)
}

func momentsEqual(x, y Moment) truth {
	if (x.Kind == Time) != (y.Kind == Time) {
		return isFalse
	}
	order, known := x.compare(y)
	if !known && order == 0 {
		return isEmpty
	}
	return truthOf(order == 0)
}

func quantityEqual(x Quantity, y any) truth {
	q, ok := y.(Quantity)
	if !ok {
		d := asDecimal(y)
		if d == nil {
			return isFalse
		}
		q = Quantity{Value: d, Unit: "1"}
	}
	order, known := x.compare(q)
	if !known {
		return isEmpty
	}
	return truthOf(order == 0)
}

// twinsEqual compares ids and extensions of primitives that both have them.
func (r *run) twinsEqual(a, b Value) bool {
	return !a.twin.Exists() && !b.twin.Exists() || r.nodesEqual(a.twin, b.twin)
}

// nodesEqual compares documents member by member, in any order. It counts its
// steps, and gives up when there are too many; spend tells then.
func (r *run) nodesEqual(a, b fhir.Node) bool {
	if r.steps++; a.Kind() != b.Kind() || r.steps > maxSteps {
		return false
	}
	switch a.Kind() {
	case fhir.String, fhir.Bool:
		return a.String() == b.String()
	case fhir.Number:
		x, ok := parseDecimal(a.Raw())
		y, ok2 := parseDecimal(b.Raw())
		return ok && ok2 && x.Cmp(y) == 0
	case fhir.Array:
		c, d := a.First(), b.First()
		for ; c.Exists() && d.Exists(); c, d = c.After(a), d.After(b) {
			if !r.nodesEqual(c, d) {
				return false
			}
		}
		return c.Exists() == d.Exists()
	case fhir.Object:
		n := 0
		for c := a.First(); c.Exists(); c = c.After(a) {
			r.steps += n >> 3 // members are looked for one by one
			if d := b.Member(c.Name()); !d.Exists() || !r.nodesEqual(c, d) {
				return false
			}
			n++
		}
		return n == b.Len()
	}
	return true
}

// equivalentAll is ~: the same values in any order
// (http://hl7.org/fhirpath/N1/#equivalent).
func (r *run) equivalentAll(a, b Collection) (bool, error) {
	if len(a) != len(b) {
		return false, nil
	}
	used := make([]bool, len(b))
	for _, x := range a {
		found := false
		if err := r.spend(len(b)); err != nil {
			return false, err
		}
		for i, y := range b {
			if !used[i] && r.equivalent(x, y) {
				used[i], found = true, true
				break
			}
		}
		if !found {
			return false, nil
		}
	}
	return true, nil
}

func (r *run) equivalent(a, b Value) bool {
	x, y := a.system(), b.system()
	if x == nil || y == nil {
		if a.isNode() && b.isNode() {
			return r.nodesEquivalent(a.node, b.node)
		}
		return r.equal(a, b) == isTrue
	}
	switch x := x.(type) {
	case string:
		y, ok := y.(string)
		return ok && fold(x) == fold(y)
	case Moment:
		y, ok := y.(Moment)
		if !ok || (x.Kind == Time) != (y.Kind == Time) {
			return false
		}
		order, known := x.compare(y)
		return known && order == 0
	case Quantity:
		y, ok := y.(Quantity)
		return ok && x.equivalent(y)
	}
	d, e := asDecimal(x), asDecimal(y)
	if d != nil && e != nil {
		return decimalsEquivalent(d, e)
	}
	return equalSystem(x, y) == isTrue
}

// nodesEquivalent compares parts for equivalence; ids are no part of that.
func (r *run) nodesEquivalent(a, b fhir.Node) bool {
	if r.steps++; a.Kind() != b.Kind() || r.steps > maxSteps {
		return false
	}
	switch a.Kind() {
	case fhir.String:
		return fold(a.String()) == fold(b.String())
	case fhir.Number:
		x, ok := parseDecimal(a.Raw())
		y, ok2 := parseDecimal(b.Raw())
		return ok && ok2 && decimalsEquivalent(x, y)
	case fhir.Array:
		return r.arraysEquivalent(a, b)
	case fhir.Object:
		n := 0
		for c := a.First(); c.Exists(); c = c.After(a) {
			if c.Name() == "id" {
				continue
			}
			r.steps += n >> 3
			if d := b.Member(c.Name()); !d.Exists() || !r.nodesEquivalent(c, d) {
				return false
			}
			n++
		}
		if b.Member("id").Exists() {
			n++
		}
		return n == b.Len()
	}
	return r.nodesEqual(a, b)
}

func (r *run) arraysEquivalent(a, b fhir.Node) bool {
	used := map[fhir.Node]bool{}
	n := 0
	for c := a.First(); c.Exists(); c = c.After(a) {
		found := false
		for d := b.First(); d.Exists() && !found; d = d.After(b) {
			if !used[d] && r.nodesEquivalent(c, d) {
				used[d], found = true, true
			}
		}
		if !found {
			return false
		}
		n++
	}
	return n == b.Len()
}

// fold is the form of a string in which equivalence compares: lower case, white
// space as single spaces.
func fold(s string) string { return strings.Join(strings.Fields(strings.ToLower(s)), " ") }

// order compares two values for <, > and sort. known is false when precision or
// units do not let it be told.
func order(a, b Value) (int, bool, error) {
	x, y := a.system(), b.system()
	switch x := x.(type) {
	case string:
		if y, ok := y.(string); ok {
			return strings.Compare(x, y), true, nil
		}
	case Moment:
		if y, ok := y.(Moment); ok && (x.Kind == Time) == (y.Kind == Time) {
			n, known := x.compare(y)
			return n, known, nil
		}
	case Quantity:
		return orderQuantity(x, y)
	case int64:
		if y, ok := y.(int64); ok {
			switch {
			case x < y:
				return -1, true, nil
			case x > y:
				return 1, true, nil
			}
			return 0, true, nil
		}
	}
	if q, ok := y.(Quantity); ok {
		n, known, err := orderQuantity(q, x)
		return -n, known, err
	}
	d, e := asDecimal(x), asDecimal(y)
	if d == nil || e == nil {
		return 0, false, issue.New(issue.Invalid, "path.compare")
	}
	return d.Cmp(e), true, nil
}

func orderQuantity(x Quantity, y any) (int, bool, error) {
	q, ok := y.(Quantity)
	if !ok {
		var d *apd.Decimal
		if d = asDecimal(y); d == nil {
			return 0, false, issue.New(issue.Invalid, "path.compare")
		}
		q = Quantity{Value: d, Unit: "1"}
	}
	n, known := x.compare(q)
	return n, known, nil
}

// SPDX-License-Identifier: Apache-2.0

package path

import (
	"math"
	"slices"

	"github.com/cockroachdb/apd/v3"

	"mach/fhir/ucum"
	"mach/issue"
)

// binary compiles an operator with two operands.
func (c *compiler) binary(t *tree) (expr, error) {
	a, err := c.expr(t.args[0])
	if err != nil {
		return nil, err
	}
	b, err := c.expr(t.args[1])
	if err != nil {
		return nil, err
	}
	if f := logic(t.text, a, b); f != nil {
		return f, nil
	}
	if f := wholeCollections(t.text); f != nil {
		return both(a, b, f), nil
	}
	f := singles(t.text)
	return func(r *run, out Collection) (Collection, error) {
		x, ok, err := r.single(a)
		if err != nil {
			return out, err
		}
		y, ok2, err := r.single(b)
		if err != nil {
			return out, err
		}
		if t.text == "&" {
			return concatenate(x, y, ok, ok2, out)
		}
		if !ok || !ok2 {
			return out, nil
		}
		return f(x, y, out)
	}, nil
}

// both evaluates two operands whole.
func both(a, b expr, f step3) expr {
	return func(r *run, out Collection) (Collection, error) {
		x, err := r.argument(a)
		if err != nil {
			return out, err
		}
		y, err := r.argument(b)
		if err != nil {
			return out, err
		}
		out, err = f(r, x, y, out)
		r.give(x)
		r.give(y)
		return out, err
	}
}

// A step3 appends what an operator gives for two collections.
type step3 func(r *run, a, b, out Collection) (Collection, error)

// wholeCollections returns the operators that take whole collections.
func wholeCollections(name string) step3 {
	switch name {
	case "|":
		return union
	case "=":
		return func(r *run, a, b, out Collection) (Collection, error) { return r.equalAll(a, b).append(out), nil }
	case "!=":
		return func(r *run, a, b, out Collection) (Collection, error) { return r.equalAll(a, b).not().append(out), nil }
	case "~", "!~":
		return func(r *run, a, b, out Collection) (Collection, error) {
			eq, err := r.equivalentAll(a, b)
			return append(out, Value{data: eq == (name == "~")}), err
		}
	case "in":
		return func(r *run, a, b, out Collection) (Collection, error) { return r.memberIn(a, b, out) }
	case "contains":
		return func(r *run, a, b, out Collection) (Collection, error) { return r.memberIn(b, a, out) }
	}
	return nil
}

// memberIn is in: whether the one value of a is among b.
func (r *run) memberIn(a, b, out Collection) (Collection, error) {
	if len(a) == 0 {
		return out, nil
	}
	if len(a) > 1 {
		return out, notSingle()
	}
	return append(out, Value{data: r.has(b, a[0])}), nil
}

func (r *run) has(c Collection, v Value) bool {
	return slices.ContainsFunc(c, func(o Value) bool { return r.same(o, v) })
}

func (t truth) not() truth {
	switch t {
	case isTrue:
		return isFalse
	case isFalse:
		return isTrue
	}
	return isEmpty
}

// logic compiles the boolean operators, three-valued. The second operand is not
// evaluated when the first one decides.
func logic(name string, a, b expr) expr {
	var decides, by truth // what of the first operand decides, and for what
	var rest func(x, y truth) truth
	switch name {
	case "and":
		decides, by, rest = isFalse, isFalse, and
	case "or":
		decides, by, rest = isTrue, isTrue, func(x, y truth) truth { return and(x.not(), y.not()).not() }
	case "implies":
		decides, by, rest = isFalse, isTrue, func(x, y truth) truth { return and(x, y.not()).not() }
	case "xor":
		decides, by, rest = isEmpty, isEmpty, func(x, y truth) truth {
			if y == isEmpty {
				return isEmpty
			}
			return truthOf(x != y)
		}
	default:
		return nil
	}
	return func(r *run, out Collection) (Collection, error) {
		x, err := r.truth(a)
		if err != nil {
			return out, err
		}
		if x == decides {
			return by.append(out), nil
		}
		y, err := r.truth(b)
		if err != nil {
			return out, err
		}
		return rest(x, y).append(out), nil
	}
}

func and(x, y truth) truth {
	switch {
	case x == isFalse || y == isFalse:
		return isFalse
	case x == isTrue && y == isTrue:
		return isTrue
	}
	return isEmpty
}

// singles returns the operators that take one value on each side.
func singles(name string) func(x, y Value, out Collection) (Collection, error) {
	switch name {
	case "<":
		return ordered(func(n int) bool { return n < 0 })
	case ">":
		return ordered(func(n int) bool { return n > 0 })
	case "<=":
		return ordered(func(n int) bool { return n <= 0 })
	case ">=":
		return ordered(func(n int) bool { return n >= 0 })
	}
	return func(x, y Value, out Collection) (Collection, error) {
		v, ok, err := calculate(name, x.system(), y.system())
		if err != nil || !ok {
			return out, err
		}
		return append(out, v), nil
	}
}

func ordered(yes func(n int) bool) func(x, y Value, out Collection) (Collection, error) {
	return func(x, y Value, out Collection) (Collection, error) {
		n, known, err := order(x, y)
		if err != nil || !known {
			return out, err
		}
		return append(out, Value{data: yes(n)}), nil
	}
}

// concatenate is &: empty counts as the empty string.
func concatenate(x, y Value, ok, ok2 bool, out Collection) (Collection, error) {
	var a, b string
	if ok {
		if a, ok = x.str(); !ok {
			return out, wrongType("String")
		}
	}
	if ok2 {
		if b, ok = y.str(); !ok {
			return out, wrongType("String")
		}
	}
	return appendText(out, a+b)
}

// appendText appends a computed string, within the limit.
func appendText(out Collection, s string) (Collection, error) {
	if len(s) > maxString {
		return out, tooCostly()
	}
	return append(out, Value{data: s}), nil
}

// calculate is + - * / div mod (http://hl7.org/fhirpath/N1/#math). ok is false
// for what has no value: division by zero, overflow.
func calculate(op string, x, y any) (v Value, ok bool, err error) {
	if m, isMoment := x.(Moment); isMoment {
		q, isQuantity := y.(Quantity)
		if !isQuantity || op != "+" && op != "-" {
			return v, false, operands(op)
		}
		m, ok, err = m.add(q, op == "-")
		return Value{data: m}, ok, err
	}
	a, isString := x.(string)
	if b, also := y.(string); isString && also && op == "+" {
		if len(a)+len(b) > maxString {
			return v, false, tooCostly()
		}
		return Value{data: a + b}, true, nil
	}
	i, isInt := x.(int64)
	if j, also := y.(int64); isInt && also && op != "/" {
		n, ok := integers(op, i, j)
		return Value{data: n}, ok, nil
	}
	q, isQuantity := x.(Quantity)
	p, also := y.(Quantity)
	if isQuantity || also {
		return quantities(op, q, p, x, y)
	}
	d, e := asDecimal(x), asDecimal(y)
	if d == nil || e == nil {
		return v, false, operands(op)
	}
	out, ok := decimals(op, d, e)
	if op == "div" && ok {
		n, ok := toInt(out)
		return Value{data: n}, ok, nil
	}
	return Value{data: out}, ok, nil
}

func operands(op string) error { return issue.New(issue.Invalid, "path.operands", op) }

func integers(op string, i, j int64) (int64, bool) {
	switch op {
	case "+":
		return i + j, (i+j > i) == (j > 0)
	case "-":
		return i - j, (i-j < i) == (j > 0)
	case "*":
		if i == 0 || j == 0 {
			return 0, true
		}
		n := i * j
		return n, n/j == i && !(i == -1 && j == math.MinInt64) && !(j == -1 && i == math.MinInt64)
	case "div":
		if j == 0 || i == math.MinInt64 && j == -1 {
			return 0, false
		}
		return i / j, true
	}
	if j == 0 {
		return 0, false
	}
	if j == -1 {
		return 0, true
	}
	return i % j, true
}

func decimals(op string, d, e *apd.Decimal) (*apd.Decimal, bool) {
	c := arithmetic()
	var out apd.Decimal
	var err error
	switch op {
	case "+":
		_, err = c.Add(&out, d, e)
	case "-":
		_, err = c.Sub(&out, d, e)
	case "*":
		_, err = c.Mul(&out, d, e)
	default:
		if e.IsZero() {
			return nil, false
		}
		switch op {
		case "/":
			_, err = c.Quo(&out, d, e)
			if err == nil {
				out = *shorten(&out)
			}
		case "div":
			_, err = c.QuoInteger(&out, d, e)
		case "mod":
			_, err = c.Rem(&out, d, e)
		}
	}
	return &out, err == nil
}

// quantities calculates with at least one quantity; a number is one of unit 1.
func quantities(op string, q, p Quantity, x, y any) (v Value, ok bool, err error) {
	for _, side := range []struct {
		q *Quantity
		s any
	}{{&q, x}, {&p, y}} {
		if side.q.Value == nil {
			if side.q.Value = asDecimal(side.s); side.q.Value == nil {
				return v, false, operands(op)
			}
			side.q.Unit = "1"
		}
	}
	a, _ := q.plain()
	b, _ := p.plain()
	switch op {
	case "+", "-":
		if a.Unit != b.Unit {
			if b.Value, err = ucum.Convert(b.Value, b.Unit, a.Unit); err != nil {
				return v, false, nil
			}
		}
		d, ok := decimals(op, a.Value, b.Value)
		return Value{data: Quantity{Value: d, Unit: q.Unit, Calendar: q.Calendar}}, ok, nil
	case "*", "/":
		d, ok := decimals(op, a.Value, b.Value)
		unit := a.Unit
		switch {
		case op == "*":
			unit = ucum.Product(a.Unit, b.Unit)
		case b.Unit != "1":
			unit = ucum.Quotient(a.Unit, b.Unit)
		}
		if b.Unit == "1" && q.Calendar {
			return Value{data: Quantity{Value: d, Unit: q.Unit, Calendar: true}}, ok, nil
		}
		return Value{data: Quantity{Value: d, Unit: unit}}, ok, nil
	}
	return v, false, operands(op)
}

func negate(s any) (Value, error) {
	switch s := s.(type) {
	case int64:
		return Value{data: -s}, nil
	case Quantity:
		s.Value = new(apd.Decimal).Neg(s.Value)
		return Value{data: s}, nil
	case *apd.Decimal:
		return Value{data: new(apd.Decimal).Neg(s)}, nil
	}
	return Value{}, wrongType("Decimal")
}

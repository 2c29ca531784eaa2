// SPDX-License-Identifier: Apache-2.0

package path

import (
	"slices"
	"strings"
	"sync"

	"mach/fhir"
	"mach/issue"
)

// An expr appends what an expression gives to a collection. It is evaluated on
// $this of the run.
type expr func(r *run, out Collection) (Collection, error)

// A step appends what a member or function gives for its input.
type step func(r *run, in, out Collection) (Collection, error)

// An Option changes how an expression is compiled.
type Option func(*compiler)

// Check makes Compile follow the types, from that of the focus ("Patient"; ""
// when it is not known), and refuse elements that R4 does not have, functions
// that depend on order where there is none, and criteria that are no booleans.
// The expression then also refuses as on several values, which without Check
// filters like ofType: invariants of R4 rely on that.
func Check(focus string) Option {
	return func(c *compiler) { c.check, c.focus = true, focus }
}

// Without makes Compile refuse functions that the caller cannot serve.
func Without(functions ...string) Option {
	return func(c *compiler) { c.without = append(c.without, functions...) }
}

// Compile reads an expression. The error is an *issue.Error; that of syntax has
// line and column.
func Compile(text string, opts ...Option) (*Expr, error) {
	t, err := parse(text)
	if err != nil {
		return nil, err
	}
	c := compiler{text: text, functions: functions()}
	for _, o := range opts {
		o(&c)
	}
	e, err := c.expr(t)
	if err != nil {
		return nil, err
	}
	if c.check {
		if err := c.verify(t); err != nil {
			return nil, err
		}
	}
	return &Expr{text: text, eval: e, runs: &sync.Pool{New: func() any { return new(run) }}}, nil
}

// MustCompile is Compile for expressions that are part of the program. It panics
// when the expression is wrong.
func MustCompile(text string) *Expr {
	e, err := Compile(text)
	if err != nil {
		panic("path: " + text + ": " + err.Error())
	}
	return e
}

type compiler struct {
	text      string
	functions map[string]function
	without   []string
	check     bool
	focus     string
}

// fault is an error at a place of the text.
func (c *compiler) fault(t *tree, key string, args ...any) error {
	line, column := place(c.text, t.pos)
	return issue.New(issue.Invalid, key, append([]any{line, column}, args...)...)
}

// expr compiles a tree.
func (c *compiler) expr(t *tree) (expr, error) {
	switch t.op {
	case opLiteral:
		return literal(t.value), nil
	case opEmpty:
		return func(_ *run, out Collection) (Collection, error) { return out, nil }, nil
	case opName:
		return c.name(t), nil
	case opMember:
		name := t.text
		return c.then(t.args[0], func(r *run, in, out Collection) (Collection, error) { return r.member(name, in, out) })
	case opSpecial:
		return c.special(t)
	case opVariable:
		name := t.text
		return func(r *run, out Collection) (Collection, error) { return r.variable(name, out) }, nil
	case opCall:
		return c.call(t)
	case opIndex:
		return c.index(t)
	case opPolarity:
		return c.polarity(t)
	case opType:
		return c.typeTest(t)
	}
	return c.binary(t)
}

func literal(v Value) expr {
	return func(_ *run, out Collection) (Collection, error) { return append(out, v), nil }
}

// then compiles a step on what a tree gives.
func (c *compiler) then(t *tree, s step) (expr, error) {
	of, err := c.expr(t)
	if err != nil {
		return nil, err
	}
	return func(r *run, out Collection) (Collection, error) {
		in, err := of(r, r.take())
		if err != nil {
			return out, err
		}
		if err := r.hold(in); err != nil {
			return out, err
		}
		out, err = s(r, in, out)
		r.give(in)
		return out, err
	}, nil
}

// name compiles the first name of a path: the type of $this, or an element.
func (c *compiler) name(t *tree) expr {
	name := t.text
	if first := name[:min(1, len(name))]; strings.ToUpper(first) == strings.ToLower(first) || strings.ToLower(first) == first {
		return func(r *run, out Collection) (Collection, error) { return r.member(name, r.this, out) }
	}
	info := fhir.InfoOf(name)
	return func(r *run, out Collection) (Collection, error) {
		for _, v := range r.this {
			switch {
			case info != nil && v.isNode() && v.typ.Is(name),
				v.isNode() && v.typ == nil && nodeType(v).name == name:
				out = append(out, v)
			default:
				out = v.member(name, out)
			}
		}
		return out, r.spend(len(r.this))
	}
}

func (c *compiler) special(t *tree) (expr, error) {
	get := func(r *run, out Collection) (Collection, error) { return append(out, r.this...), nil }
	switch t.text {
	case "index":
		get = func(r *run, out Collection) (Collection, error) {
			return append(out, Value{data: int64(r.index)}), nil
		}
	case "total":
		get = func(r *run, out Collection) (Collection, error) { return append(out, r.total...), nil }
	}
	if len(t.args) == 0 {
		return get, nil
	}
	return c.then(t.args[0], func(r *run, _, out Collection) (Collection, error) { return get(r, out) })
}

func (c *compiler) index(t *tree) (expr, error) {
	i, err := c.expr(t.args[1])
	if err != nil {
		return nil, err
	}
	return c.then(t.args[0], func(r *run, in, out Collection) (Collection, error) {
		n, ok, err := r.whole(i)
		if err == nil && ok && n >= 0 && n < int64(len(in)) {
			out = append(out, in[n])
		}
		return out, err
	})
}

func (c *compiler) polarity(t *tree) (expr, error) {
	minus := t.text == "-"
	return c.then(t.args[0], func(_ *run, in, out Collection) (Collection, error) {
		if len(in) == 0 {
			return out, nil
		}
		if len(in) > 1 {
			return out, notSingle()
		}
		s := in[0].system()
		if !minus {
			if q, ok := s.(Quantity); ok {
				return append(out, Value{data: q}), nil
			}
			if asDecimal(s) == nil {
				return out, wrongType("Decimal")
			}
			return append(out, Value{data: s}), nil
		}
		v, err := negate(s)
		if err != nil {
			return out, err
		}
		return append(out, v), nil
	})
}

func (c *compiler) typeTest(t *tree) (expr, error) {
	return c.typeStep(t, t.args[0], t.text, t.typ)
}

// typeStep compiles is, as and ofType, written as operators or functions.
func (c *compiler) typeStep(t, of *tree, text string, n typeName) (expr, error) {
	if !n.known() && (text != "is" || n.space == "") {
		return nil, c.fault(t, "path.unknown_type", n.String())
	}
	s := func(_ *run, in, out Collection) (Collection, error) {
		for _, v := range in {
			if v.as(n) {
				out = append(out, v)
			}
		}
		return out, nil
	}
	switch text {
	case "is":
		s = func(_ *run, in, out Collection) (Collection, error) {
			if len(in) == 0 {
				return out, nil
			}
			if len(in) > 1 {
				return out, notSingle()
			}
			return append(out, Value{data: in[0].is(n)}), nil
		}
	case "as":
		if !c.check { // invariants of R4 such as dom-3 filter by it
			break
		}
		all := s
		s = func(r *run, in, out Collection) (Collection, error) {
			if len(in) > 1 {
				return out, notSingle()
			}
			return all(r, in, out)
		}
	}
	if of == nil {
		return func(r *run, out Collection) (Collection, error) { return s(r, r.this, out) }, nil
	}
	return c.then(of, s)
}

// call compiles a function.
func (c *compiler) call(t *tree) (expr, error) {
	var of *tree
	args := t.args
	if t.dotted {
		of, args = args[0], args[1:]
	}
	if t.text == "is" || t.text == "as" || t.text == "ofType" {
		if len(args) == 1 {
			if n, ok := typeArgument(args[0]); ok {
				return c.typeStep(t, of, t.text, n)
			}
		}
		return nil, c.fault(t, "path.arguments", t.text)
	}
	f, ok := c.functions[t.text]
	if !ok {
		return nil, c.fault(t, "path.unknown_function", t.text)
	}
	if slices.Contains(c.without, t.text) {
		return nil, issue.New(issue.NotSupported, "path.unsupported", t.text)
	}
	if len(args) < f.min || len(args) > f.max {
		return nil, c.fault(t, "path.arguments", t.text)
	}
	compiled := make([]expr, len(args), max(len(args), 3))
	for i, a := range args {
		if t.text == "sort" && a.op == opPolarity && a.text == "-" {
			a = a.args[0]
		}
		e, err := c.expr(a)
		if n, ok := typeArgument(a); ok && t.text == "getReferenceKey" {
			e, err = literal(Of(n.name)), nil
		}
		if err != nil {
			return nil, err
		}
		compiled[i] = e
	}
	s := f.build(compiled)
	if t.text == "sort" {
		s = sortStep(compiled, descending(args))
	}
	if of == nil {
		return func(r *run, out Collection) (Collection, error) { return s(r, r.this, out) }, nil
	}
	return c.then(of, s)
}

// descending tells which arguments of sort begin with a minus.
func descending(args []*tree) []bool {
	down := make([]bool, len(args))
	for i, a := range args {
		down[i] = a.op == opPolarity && a.text == "-"
	}
	return down
}

// typeArgument reads the argument of is(), as() and ofType().
func typeArgument(t *tree) (typeName, bool) {
	switch {
	case t.op == opName:
		return typeName{name: t.text}, true
	case t.op == opMember && t.args[0].op == opName:
		return typeName{space: t.args[0].text, name: t.text}, true
	}
	return typeName{}, false
}

// variable appends the value of %name.
func (r *run) variable(name string, out Collection) (Collection, error) {
	for i := len(r.vars) - 1; i >= 0; i-- {
		if r.vars[i].name == name {
			return append(out, r.vars[i].value...), nil
		}
	}
	if c, ok := r.env.Vars[name]; ok {
		return append(out, c...), nil
	}
	text, fixed := constants[name]
	switch {
	case fixed:
	case name == "context":
		return append(out, r.context...), nil
	case name == "resource":
		return r.around(r.env.Resource, out), nil
	case name == "rootResource":
		root := r.env.Root
		if !root.Exists() && r.env.Resource.Exists() {
			root = r.env.Resource.Doc().Root()
		}
		return r.around(root, out), nil
	case strings.HasPrefix(name, "vs-"):
		text = "http://hl7.org/fhir/ValueSet/" + name[3:]
	case strings.HasPrefix(name, "ext-"):
		text = "http://hl7.org/fhir/StructureDefinition/" + name[4:]
	default:
		return out, issue.New(issue.Invalid, "path.unknown_variable", name)
	}
	return append(out, Value{data: text}), nil
}

// constants are the names that FHIR gives to systems
// (https://hl7.org/fhir/R4/fhirpath.html#variables).
var constants = map[string]string{
	"ucum": ucumSystem, "sct": "http://snomed.info/sct", "loinc": "http://loinc.org",
}

// around appends %resource or %rootResource: what the surroundings say, else
// the focus if it is a resource, and else its document.
func (r *run) around(n fhir.Node, out Collection) Collection {
	if n.Exists() {
		return append(out, OfNode(n))
	}
	if len(r.context) == 0 {
		return out
	}
	focus, ok := r.context[0].Node()
	switch {
	case !ok:
		return out
	case r.context[0].typ != nil && r.context[0].typ.Resource:
		return append(out, r.context[0])
	}
	return append(out, OfNode(focus.Doc().Root()))
}

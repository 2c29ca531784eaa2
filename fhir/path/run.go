// SPDX-License-Identifier: Apache-2.0

package path

import (
	"sync"
	"time"

	"mach/fhir"
	"mach/issue"
)

// The limits of one evaluation.
const (
	maxSteps      = 10 << 20 // values looked at
	maxCollection = 1 << 20  // values of one collection
	maxString     = 1 << 20  // bytes of one computed string
	large         = 1 << 15  // collections from here on cost more, for their memory
)

// An Env is what surrounds one evaluation. The zero Env works.
type Env struct {
	// Resource and Root are %resource and %rootResource; when absent, the focus
	// if it is a resource, and else its document.
	Resource, Root fhir.Node
	// Vars are further %names.
	Vars map[string]Collection
	// Resolve finds what a reference leads to, for resolve(). Contained
	// resources and entries of a Bundle are looked for before it is asked.
	Resolve func(ref string, from fhir.Node) (fhir.Node, bool)
	// MemberOf reports whether a value set has a code; memberOf() fails when it
	// is nil.
	MemberOf func(system, code, valueset string) (bool, error)
	// Subsumes reports whether code a of a system subsumes b; subsumes() fails
	// when it is nil.
	Subsumes func(system, a, b string) (bool, error)
	// ConformsTo reports whether a resource or element conforms to a profile
	// that is no type of R4; conformsTo() fails for those when it is nil.
	ConformsTo func(n fhir.Node, profile string) (bool, error)
	// Now is the time of now() and today(); the time of the call when zero.
	Now time.Time
	// Trace is told what trace() is given.
	Trace func(name string, c Collection)
}

// An Expr is a compiled expression. It never changes and may be used by many
// goroutines.
type Expr struct {
	text string
	eval expr
	runs *sync.Pool // *run
}

// String returns the text of the expression.
func (e *Expr) String() string { return e.text }

// Eval evaluates the expression on a node. env may be nil.
func (e *Expr) Eval(focus fhir.Node, env *Env) (Collection, error) {
	r := e.begin(nil, env)
	defer e.end(r)
	if focus.Exists() {
		r.start(OfNode(focus))
	}
	return e.eval(r, nil)
}

// On evaluates the expression on a collection, such as the result of another
// expression.
func (e *Expr) On(focus Collection, env *Env) (Collection, error) {
	r := e.begin(focus, env)
	defer e.end(r)
	return e.eval(r, nil)
}

// Bool evaluates the expression as an invariant: whether it is true. A single
// value that is no boolean is true; nothing is false
// (http://hl7.org/fhirpath/N1/#singleton-evaluation-of-collections).
func (e *Expr) Bool(focus fhir.Node, env *Env) (bool, error) {
	return e.BoolOn(OfNode(focus), env)
}

// BoolOn is [Expr.Bool] on a value, such as an element that another expression
// has found.
func (e *Expr) BoolOn(focus Value, env *Env) (bool, error) {
	r := e.begin(nil, env)
	defer e.end(r)
	r.start(focus)
	t, err := r.truth(e.eval)
	return t == isTrue, err
}

// begin takes a run with the scratch space of an earlier one.
func (e *Expr) begin(focus Collection, env *Env) *run {
	r := e.runs.Get().(*run)
	r.env = env
	if env == nil {
		r.env = &r.zero
	}
	r.scope = scope{this: focus}
	r.context = focus
	return r
}

// start makes one value the focus.
func (r *run) start(focus Value) {
	r.focus[0] = focus
	r.this, r.context = r.focus[:], r.focus[:]
}

func (e *Expr) end(r *run) {
	*r = run{spare: r.spare}
	e.runs.Put(r)
}

// A run is one evaluation.
type run struct {
	scope
	env     *Env
	zero    Env
	context Collection // %context
	vars    []variable // defined by defineVariable, innermost last
	spare   []Collection
	steps   int
	focus   [1]Value
	now     time.Time
}

// A scope is what $this, $index and $total mean.
type scope struct {
	this  Collection
	index int
	total Collection
}

type variable struct {
	name  string
	value Collection
}

// take returns an empty collection to append to; give takes it back.
func (r *run) take() Collection {
	if n := len(r.spare); n > 0 {
		c := r.spare[n-1]
		r.spare = r.spare[:n-1]
		return c
	}
	return make(Collection, 0, 8)
}

func (r *run) give(c Collection) {
	if cap(c) > 0 && cap(c) <= 1024 && len(r.spare) < 64 {
		clear(c[:cap(c)][:min(len(c), cap(c))])
		r.spare = append(r.spare, c[:0])
	}
}

// spend counts values looked at.
func (r *run) spend(n int) error {
	if r.steps += n + 1; r.steps > maxSteps {
		return tooCostly()
	}
	return nil
}

// argument evaluates an expression on its own: variables that it defines end
// with it. The caller gives the collection back.
func (r *run) argument(e expr) (Collection, error) {
	mark := len(r.vars)
	c, err := e(r, r.take())
	r.vars = r.vars[:mark]
	if err == nil {
		err = r.hold(c)
	}
	return c, err
}

// hold checks the size of a collection that is kept while something else is
// evaluated.
func (r *run) hold(c Collection) error {
	switch {
	case len(c) > maxCollection:
		return tooCostly()
	case len(c) > large:
		return r.spend(4 * len(c))
	}
	return nil
}

// single evaluates an expression that must give at most one value.
func (r *run) single(e expr) (Value, bool, error) {
	c, err := r.argument(e)
	if err != nil || len(c) == 0 {
		r.give(c)
		return Value{}, false, err
	}
	v, n := c[0], len(c)
	r.give(c)
	if n > 1 {
		return Value{}, false, notSingle()
	}
	return v, true, nil
}

// text evaluates an argument that must be a string; false when it is empty.
func (r *run) text(e expr) (string, bool, error) {
	v, ok, err := r.single(e)
	if err != nil || !ok {
		return "", false, err
	}
	s, ok := v.str()
	if !ok {
		return "", false, wrongType("String")
	}
	return s, true, nil
}

// whole evaluates an argument that must be an integer; false when it is empty.
func (r *run) whole(e expr) (int64, bool, error) {
	v, ok, err := r.single(e)
	if err != nil || !ok {
		return 0, false, err
	}
	n, ok := v.system().(int64)
	if !ok {
		return 0, false, wrongType("Integer")
	}
	return n, true, nil
}

// truth is a value of three-valued logic.
type truth uint8

const (
	isEmpty truth = iota
	isFalse
	isTrue
)

func truthOf(b bool) truth {
	if b {
		return isTrue
	}
	return isFalse
}

// truth evaluates an expression as a boolean.
func (r *run) truth(e expr) (truth, error) {
	c, err := r.argument(e)
	t := isEmpty
	if err == nil {
		t, err = truthIn(c)
	}
	r.give(c)
	return t, err
}

// truthIn evaluates a collection as a boolean.
func truthIn(c Collection) (truth, error) {
	switch len(c) {
	case 0:
		return isEmpty, nil
	case 1:
		if !c[0].isNode() {
			b, ok := c[0].data.(bool)
			return truthOf(b || !ok), nil
		}
		return truthOf(c[0].node.Kind() != fhir.Bool || c[0].node.Bool()), nil
	}
	return isEmpty, notSingle()
}

func (t truth) append(out Collection) Collection {
	if t == isEmpty {
		return out
	}
	return append(out, Value{data: t == isTrue})
}

// The faults of an evaluation.

func notSingle() error { return issue.New(issue.Invalid, "path.single") }

func tooCostly() error { return issue.New(issue.TooCostly, "path.too_costly") }

func wrongType(want string) error { return issue.New(issue.Invalid, "path.type", want) }

// clock returns the time of now(), the same during the whole run.
func (r *run) clock() time.Time {
	if r.now.IsZero() {
		if r.now = r.env.Now; r.now.IsZero() {
			r.now = time.Now()
		}
	}
	return r.now
}

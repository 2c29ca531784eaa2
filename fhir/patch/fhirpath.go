// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/fhir/path"
	"mach/issue"
)

// FHIRPath is a FHIRPath Patch: a Parameters resource whose parameters are
// operations. See R4 fhirpatch.html. It is immutable and safe for concurrent
// use.
type FHIRPath struct{ ops []operation }

// operation is one parameter called "operation".
type operation struct {
	kind     string // add, insert, delete, replace, move
	path     string
	expr     *path.Expr
	parent   *path.Expr // of what the path's last name is a member; nil when it ends otherwise
	last     string     // that name
	name     string     // add: of the new member
	index    int        // insert
	from, to int        // move
	value    fhir.Node  // the part "value" of add, insert, replace
}

// maxWork bounds what one patch may cost: bytes read again, operation by
// operation.
const maxWork = 256 << 20

// ParseFHIRPath reads a FHIRPath Patch.
func ParseFHIRPath(d *fhir.Doc) (*FHIRPath, error) {
	if d.Type() != "Parameters" {
		return nil, issue.New(issue.Structure, "patch.parameters").At("resourceType")
	}
	p := &FHIRPath{}
	for n := range d.Each("parameter") {
		if len(p.ops) == maxOperations {
			return nil, issue.New(issue.TooCostly, "patch.large", maxOperations)
		}
		op, err := newOperation(n)
		if err != nil {
			return nil, err.At(n.Path())
		}
		p.ops = append(p.ops, op)
	}
	return p, nil
}

// newOperation reads the parts of an operation.
func newOperation(n fhir.Node) (op operation, _ *issue.Error) {
	op.index, op.from, op.to = -1, -1, -1
	for part := range n.Each("part") {
		v := valueOf(part)
		switch part.Get("name").String() {
		case "type":
			op.kind = v.String()
		case "path":
			op.path = v.String()
		case "name":
			op.name = v.String()
		case "index":
			op.index = v.Int()
		case "source":
			op.from = v.Int()
		case "destination":
			op.to = v.Int()
		case "value":
			op.value = part
		}
	}
	needs := map[string][]string{"add": {"name", "value"}, "insert": {"index", "value"}, "delete": {}, "replace": {"value"}, "move": {"source", "destination"}}
	if n.Get("name").String() != "operation" || needs[op.kind] == nil {
		return op, issue.New(issue.Structure, "patch.operation.fhirpath")
	}
	has := map[string]bool{"name": op.name != "", "value": op.value.Exists(), "index": op.index >= 0, "source": op.from >= 0, "destination": op.to >= 0, "path": op.path != ""}
	for _, part := range append(needs[op.kind], "path") {
		if !has[part] {
			return op, issue.New(issue.Structure, "patch.missing", op.kind, part)
		}
	}
	var err error
	if op.expr, err = path.Compile(op.path); err != nil {
		return op, issue.New(issue.Structure, "patch.path", op.path)
	}
	if i := strings.LastIndexByte(op.path, '.'); i > 0 && isName(op.path[i+1:]) {
		if parent, err := path.Compile(op.path[:i]); err == nil {
			op.parent, op.last = parent, op.path[i+1:]
		}
	}
	return op, nil
}

func isName(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(c rune) bool { return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') })
}

// valueOf is the value[x] of a part, or its resource.
func valueOf(part fhir.Node) fhir.Node {
	for name, v := range part.Fields() {
		if strings.HasPrefix(name, "value") || name == "resource" {
			return v
		}
	}
	return fhir.Node{}
}

// Apply returns the resource as the patch changes it, all operations or none.
func (p *FHIRPath) Apply(d *fhir.Doc) (*fhir.Doc, error) {
	work := 0
	for i, op := range p.ops {
		if work += len(d.Text()); work > maxWork || len(d.Text()) > fhir.MaxSize {
			return nil, issue.New(issue.TooCostly, "patch.grows")
		}
		next, err := op.apply(d)
		if err != nil {
			return nil, err.At("Parameters.parameter[" + strconv.Itoa(i) + "]")
		}
		d = next
	}
	return d, nil
}

// found evaluates an expression to places in the document.
func (op operation) found(e *path.Expr, d *fhir.Doc) ([]path.Value, *issue.Error) {
	all, err := e.Eval(d.Root(), nil)
	if err != nil {
		return nil, issue.New(issue.Value, "patch.path", op.path)
	}
	for _, v := range all {
		if n, ok := v.Node(); !ok || n.Doc() != d {
			return nil, issue.New(issue.Value, "patch.path", op.path)
		}
	}
	return all, nil
}

// one is the only place that an expression leads to.
func (op operation) one(e *path.Expr, d *fhir.Doc) (path.Value, *issue.Error) {
	all, err := op.found(e, d)
	switch {
	case err != nil:
		return path.Value{}, err
	case len(all) == 0:
		return path.Value{}, absent(op.path)
	case len(all) > 1:
		return path.Value{}, issue.New(issue.Value, "patch.several", op.path, len(all))
	}
	return all[0], nil
}

func (op operation) apply(d *fhir.Doc) (*fhir.Doc, *issue.Error) {
	switch op.kind {
	case "add":
		return op.add(d)
	case "insert":
		return op.list(d, func(items []item, of *fhir.ElementType) ([]item, bool) {
			if op.index > len(items) {
				return nil, false
			}
			return slices.Insert(items, op.index, newItem(op.value, typeOf(of))), true
		})
	case "move":
		return op.list(d, func(items []item, _ *fhir.ElementType) ([]item, bool) {
			if op.from >= len(items) || op.to >= len(items) {
				return nil, false
			}
			moved := items[op.from]
			return slices.Insert(slices.Delete(items, op.from, op.from+1), op.to, moved), true
		})
	case "delete": // nothing there is nothing to do
		all, err := op.found(op.expr, d)
		if err != nil || len(all) == 0 {
			return d, err
		}
	}
	v, err := op.one(op.expr, d)
	if err != nil {
		return nil, err
	}
	n, _ := v.Node()
	at := placeOf(d, n)
	if at.name == "" { // the resource itself
		return nil, issue.New(issue.Value, "patch.path", op.path)
	}
	items, many := at.items()
	if op.kind == "delete" {
		return at.without(at.index)
	}
	items[at.index] = newItem(op.value, v.Info())
	return at.put(items, many)
}

// add appends to a list, or sets what is not there yet.
func (op operation) add(d *fhir.Doc) (*fhir.Doc, *issue.Error) {
	parent, err := op.one(op.expr, d)
	if err != nil {
		return nil, err
	}
	n, _ := parent.Node()
	name, of := memberOf(parent.Info(), op.name, op.value)
	at := place{d: d, parent: n, name: name}
	items, _ := at.items()
	many := of != nil && of.Element.Many
	if len(items) > 0 && !many {
		return nil, issue.New(issue.Value, "patch.exists", op.path+"."+op.name)
	}
	return at.put(append(items, newItem(op.value, typeOf(of))), many)
}

// list changes the list that the path leads to.
func (op operation) list(d *fhir.Doc, change func([]item, *fhir.ElementType) ([]item, bool)) (*fhir.Doc, *issue.Error) {
	all, err := op.found(op.expr, d)
	if err != nil {
		return nil, err
	}
	at := place{d: d}
	for i, v := range all {
		n, _ := v.Node()
		one := placeOf(d, n)
		if i > 0 && (one.parent != at.parent || one.name != at.name) {
			return nil, issue.New(issue.Value, "patch.several", op.path, len(all))
		}
		at = one
	}
	var of *fhir.ElementType
	if op.parent != nil {
		parent, err := op.one(op.parent, d)
		if err != nil {
			return nil, err
		}
		name := ""
		if name, of = memberOf(parent.Info(), op.last, op.value); len(all) == 0 {
			n, _ := parent.Node()
			at = place{d: d, parent: n, name: name}
		}
	}
	if at.name == "" {
		return nil, absent(op.path)
	}
	items, _ := at.items()
	items, ok := change(items, of)
	if !ok {
		return nil, issue.New(issue.Value, "patch.index", op.path)
	}
	return at.put(items, true)
}

// memberOf finds the JSON name of a member, and its type; a choice is named with
// or without its type.
func memberOf(t *fhir.TypeInfo, name string, part fhir.Node) (string, *fhir.ElementType) {
	if t == nil {
		return name, nil
	}
	if m := t.Member(name); m != nil {
		return name, m
	}
	e := t.Element(name)
	if e == nil {
		return name, nil
	}
	for member := range part.Fields() {
		for _, et := range e.Types {
			if suffix, ok := strings.CutPrefix(member, "value"); ok && et.JSON == name+suffix {
				return et.JSON, et
			}
		}
	}
	return e.Types[0].JSON, e.Types[0]
}

func typeOf(e *fhir.ElementType) *fhir.TypeInfo {
	if e == nil {
		return nil
	}
	return e.Type
}

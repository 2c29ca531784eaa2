// SPDX-License-Identifier: Apache-2.0

package path

import (
	"slices"
	"strings"

	"mach/fhir"
)

// A static is what is known about the values of an expression before it runs:
// types of FHIR or one of System. When both are empty nothing is known.
type static struct {
	types     []*fhir.TypeInfo
	system    string
	unordered bool // such as children()
}

// verify follows the types through a tree.
func (c *compiler) verify(t *tree) error {
	var focus static
	if info := fhir.InfoOf(c.focus); info != nil {
		focus.types = []*fhir.TypeInfo{info}
	}
	_, err := c.infer(t, focus)
	return err
}

// infer returns the type of a tree whose $this is of a type.
func (c *compiler) infer(t *tree, this static) (static, error) {
	switch t.op {
	case opLiteral:
		return static{system: typeOf(t.value).name}, nil
	case opName:
		if slices.ContainsFunc(this.types, func(i *fhir.TypeInfo) bool { return i.Is(t.text) }) {
			return this, nil
		}
		return c.element(t, this)
	case opMember:
		of, err := c.infer(t.args[0], this)
		if err != nil {
			return of, err
		}
		return c.element(t, of)
	case opSpecial:
		if t.text == "this" {
			return this, nil
		}
		return static{}, nil
	case opIndex:
		of, err := c.infer(t.args[0], this)
		if err == nil && of.unordered {
			err = c.fault(t, "path.unordered")
		}
		return of, err
	case opType:
		_, err := c.infer(t.args[0], this)
		return typeResult(t.text, t.typ), err
	case opCall:
		return c.inferCall(t, this)
	case opPolarity:
		return c.infer(t.args[0], this)
	case opBinary:
		return c.inferBinary(t, this)
	}
	return static{}, nil
}

// typeResult is the type of is, as and ofType.
func typeResult(op string, n typeName) static {
	info := fhir.InfoOf(n.name)
	switch {
	case op == "is":
		return static{system: "Boolean"}
	case info != nil && n.space != "System":
		return static{types: []*fhir.TypeInfo{info}}
	}
	return static{}
}

// open are the types whose elements depend on the value.
var open = []string{"Resource", "DomainResource", "Element", "BackboneElement"}

// element returns the type of an element. It is a fault when every type is known
// and none has it.
func (c *compiler) element(t *tree, of static) (static, error) {
	if len(of.types) == 0 {
		return static{unordered: of.unordered}, nil
	}
	out := static{unordered: of.unordered}
	found, known := false, true
	for _, info := range of.types {
		e := info.Element(t.text)
		if e == nil {
			known = known && !slices.Contains(open, info.Name)
			continue
		}
		found = true
		for _, et := range e.Types {
			if slices.Contains(open, et.Type.Name) {
				return static{unordered: of.unordered}, nil
			}
			out.types = append(out.types, et.Type)
		}
	}
	if !found && known {
		return out, c.fault(t, "path.unknown_element", t.text, of.types[0].Name)
	}
	if !known {
		out.types = nil
	}
	return out, nil
}

func (c *compiler) inferBinary(t *tree, this static) (static, error) {
	a, err := c.infer(t.args[0], this)
	if err != nil {
		return a, err
	}
	b, err := c.infer(t.args[1], this)
	switch {
	case err != nil:
		return b, err
	case t.text == "|":
		return merge(a, b), nil
	case strings.Contains("= ~ != !~ < > <= >= and or xor implies in contains", t.text):
		return static{system: "Boolean"}, nil
	}
	return static{}, nil
}

// merge is the type of values of either.
func merge(a, b static) static {
	if len(a.types) == 0 || len(b.types) == 0 {
		return static{unordered: a.unordered || b.unordered}
	}
	return static{types: append(slices.Clone(a.types), b.types...), unordered: a.unordered || b.unordered}
}

// What is known about functions: those whose arguments are evaluated on each
// value of the input, those that give values of their input, those that need an
// order.
var (
	onInput = strings.Fields("where select all exists repeat repeatAll aggregate sort iif defineVariable trace")
	filters = strings.Fields("where first last tail skip take single distinct exclude intersect sort trace defineVariable")
	inOrder = strings.Fields("first last tail skip take")
	truths  = strings.Fields(`empty exists all not allTrue allFalse anyTrue anyFalse isDistinct subsetOf supersetOf hasValue hasExtension
		startsWith endsWith contains matches matchesFull memberOf conformsTo toBoolean comparable htmlChecks`)
)

func (c *compiler) inferCall(t *tree, this static) (static, error) {
	in, args := this, t.args
	if t.dotted {
		var err error
		if in, err = c.infer(args[0], this); err != nil {
			return in, err
		}
		args = args[1:]
	}
	switch t.text {
	case "is", "as", "ofType":
		n, _ := typeArgument(args[0])
		return typeResult(t.text, n), nil
	}
	if in.unordered && slices.Contains(inOrder, t.text) {
		return in, c.fault(t, "path.unordered")
	}
	focus := this
	if slices.Contains(onInput, t.text) {
		focus = in
	}
	given := make([]static, len(args))
	for i, a := range args {
		var err error
		if given[i], err = c.infer(a, focus); err != nil {
			return in, err
		}
	}
	return c.result(t, in, given)
}

// result is the type of what a function gives for its input and arguments.
func (c *compiler) result(t *tree, in static, given []static) (static, error) {
	switch {
	case t.text == "iif":
		if s := given[0].system; s != "" && s != "Boolean" {
			return in, c.fault(t, "path.type_at", "Boolean")
		}
		if len(given) == 3 {
			return merge(given[1], given[2]), nil
		}
		return given[1], nil
	case t.text == "sort":
		in.unordered = false
		return in, nil
	case slices.Contains(filters, t.text):
		return in, nil
	case slices.Contains(truths, t.text), strings.HasPrefix(t.text, "convertsTo"):
		return static{system: "Boolean"}, nil
	}
	switch t.text {
	case "select":
		given[0].unordered = given[0].unordered || in.unordered
		return given[0], nil
	case "union", "combine":
		return merge(in, given[0]), nil
	case "extension":
		return static{types: []*fhir.TypeInfo{fhir.InfoOf("Extension")}}, nil
	case "children", "descendants":
		return static{unordered: true}, nil
	case "toString", "join", "upper", "lower", "substring", "replace", "replaceMatches", "trim", "encode", "decode":
		return static{system: "String"}, nil
	case "count", "length", "indexOf", "toInteger", "precision":
		return static{system: "Integer"}, nil
	}
	return static{}, nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"strings"
)

// A way is one concrete path to a value: member names, each perhaps with an
// index or a condition, and the type found there.
//
//	name.family                   string
//	telecom?system=email.value    …
//	subject?is=Patient            Reference
//	entry[0].resource             Resource
type way struct {
	path, typ string
	set       string // required value set of a code
}

// compileExpression compiles the FHIRPath of a search parameter for one type.
// The expressions of R4 use little of the language: unions of paths, "as",
// ofType, where with one equality or "resolve() is", [0], and one "exists".
func compileExpression(types typeDefs, base, expression string) ([]way, error) {
	var ways []way
	for _, alternative := range strings.Split(expression, " | ") {
		text := strings.TrimSpace(alternative)
		if m := exists.FindStringSubmatch(text); m != nil {
			text = m[1] + ".exists()"
		}
		text = castBack(text)
		first, rest, _ := strings.Cut(text, ".")
		switch {
		case first == base || first == "Resource" || first == "DomainResource":
			text = rest
		case types[first] != nil:
			continue // the alternative of another type
		}
		found, err := follow(types, []way{{typ: base}}, text)
		if err != nil {
			return nil, err
		}
		ways = append(ways, found...)
	}
	return ways, nil
}

var (
	// Patient.deceased.exists() and Patient.deceased != false
	exists = regexp.MustCompile(`^(\S+)\.exists\(\) and \S+ != false$`)
	// (Observation.value as Quantity).unit
	cast = regexp.MustCompile(`^\((\S+) as (\w+)\)(.*)$`)
	// One step, such as value, as(Quantity), where(system='phone'), entry[0].
	step = regexp.MustCompile(`^(\w+)(?:\(((?:[^()]|\(\))*)\))?(?:\[(\d+)\])?(?:\.|$)`)
)

// castBack rewrites "(a.b as T).c" to "a.b.as(T).c".
func castBack(text string) string {
	if m := cast.FindStringSubmatch(text); m != nil {
		return m[1] + ".as(" + m[2] + ")" + m[3]
	}
	return text
}

// follow takes every way one path further.
func follow(types typeDefs, ways []way, path string) ([]way, error) {
	for path != "" {
		m := step.FindStringSubmatch(path)
		if m == nil {
			return nil, fmt.Errorf("cannot read %q", path)
		}
		path = path[len(m[0]):]
		var next []way
		for _, w := range ways {
			found, err := w.step(types, m[1], m[2], m[3])
			if err != nil {
				return nil, err
			}
			next = append(next, found...)
		}
		ways = next
	}
	return ways, nil
}

// step applies a function to the value, or goes to a member of it.
func (w way) step(types typeDefs, name, arg, index string) ([]way, error) {
	switch {
	case name == "as" || name == "ofType":
		if !strings.EqualFold(w.typ, arg) {
			return nil, nil
		}
		return []way{w}, nil
	case name == "exists":
		return []way{{path: w.path, typ: "exists"}}, nil
	case name == "where":
		return w.where(arg)
	}
	def := types[w.typ]
	if def == nil {
		return nil, nil // a primitive of a choice has no members
	}
	for _, e := range def.elements {
		if e.name == name {
			return w.member(e, index), nil
		}
	}
	return nil, fmt.Errorf("%s has no %s", w.typ, name)
}

// member goes to an element; a choice splits the way into one for each type.
func (w way) member(e *elementDef, index string) []way {
	var out []way
	for _, t := range e.types {
		name := e.name
		if e.many {
			name += strings.ToUpper(t.name[:1]) + t.name[1:]
		}
		if index != "" {
			name += "[" + index + "]"
		}
		if w.path != "" {
			name = w.path + "." + name
		}
		out = append(out, way{name, t.name, e.set})
	}
	return out
}

// where adds a condition to the last step: member='value', or the type that a
// reference points to.
func (w way) where(condition string) ([]way, error) {
	if typ, ok := strings.CutPrefix(condition, "resolve() is "); ok {
		w.path += "?is=" + typ
		return []way{w}, nil
	}
	member, value, ok := strings.Cut(condition, "=")
	value = strings.Trim(strings.TrimSpace(value), "'")
	if !ok || strings.ContainsAny(value, " .?") {
		return nil, fmt.Errorf("cannot read where(%s)", condition)
	}
	w.path += "?" + strings.TrimSpace(member) + "=" + value
	return []way{w}, nil
}

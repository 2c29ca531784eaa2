// SPDX-License-Identifier: Apache-2.0

package sof

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/fhir/path"
	"mach/issue"
)

// definition is a ViewDefinition as it is written. Members that do not change
// the rows are left out.
type definition struct {
	Resource string      `json:"resource"`
	Name     string      `json:"name"`
	Constant []constant  `json:"constant"`
	Select   []selection `json:"select"`
	Where    []condition `json:"where"`
}

type condition struct {
	Path string `json:"path"`
}

type selection struct {
	Column        []Column    `json:"column"`
	Select        []selection `json:"select"`
	ForEach       string      `json:"forEach"`
	ForEachOrNull string      `json:"forEachOrNull"`
	Repeat        []string    `json:"repeat"`
	UnionAll      []selection `json:"unionAll"`
}

// constant is a name and one value[x], which keeps its text.
type constant map[string]json.RawMessage

// A Column is one column of a view.
type Column struct {
	Name       string `json:"name"`
	Path       string `json:"path"`
	Type       string `json:"type"`       // a FHIR type, "" when not given
	Collection bool   `json:"collection"` // the values of a row are a list
}

// A View is a compiled ViewDefinition. It is safe for concurrent use.
type View struct {
	Name     string // "" when not given
	Resource string // the type that it is of
	Columns  []Column
	text     string
	where    []*path.Expr
	root     []*branch
	vars     map[string]path.Collection
}

// Text returns the definition that the view was compiled from.
func (v *View) Text() string { return v.text }

// A branch is a compiled select.
type branch struct {
	columns []*path.Expr
	many    []bool // column is a collection
	place   string // of the select in the definition, for messages
	names   []string
	each    *path.Expr   // forEach, forEachOrNull; nil when neither
	orNull  bool         // forEachOrNull
	repeat  []*path.Expr // of repeat
	selects []*branch
	union   []*branch
	width   int // columns with those of selects and union
}

// name is what columns and constants may be called (ViewDefinition, sql-name).
var name = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*$`)

// maxNested bounds selects within selects.
const maxNested = 32

// Compile reads a ViewDefinition in JSON. Errors are *issue.Error and name the
// place in the definition.
func Compile(text []byte) (*View, error) {
	var d definition
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, wrong("", "sof.definition", err.Error())
	}
	if !fhir.IsType(d.Resource) {
		return nil, wrong("resource", "sof.resource", d.Resource)
	}
	if len(d.Select) == 0 {
		return nil, wrong("select", "sof.select")
	}
	c := compiler{names: map[string]bool{}, view: &View{Name: d.Name, Resource: d.Resource, text: string(text), vars: map[string]path.Collection{}}}
	if d.Name != "" && !name.MatchString(d.Name) {
		return nil, wrong("name", "sof.name", d.Name)
	}
	for i, k := range d.Constant {
		if err := c.constant("constant["+strconv.Itoa(i)+"]", k); err != nil {
			return nil, err
		}
	}
	for i, w := range d.Where {
		e, err := c.path("where["+strconv.Itoa(i)+"].path", w.Path)
		if err != nil {
			return nil, err
		}
		c.view.where = append(c.view.where, e)
	}
	var err error
	if c.view.root, c.view.Columns, err = c.branches("select", d.Select, 0); err != nil {
		return nil, err
	}
	for _, col := range c.view.Columns {
		if c.names[col.Name] {
			return nil, wrong("select", "sof.twice", col.Name)
		}
		c.names[col.Name] = true
	}
	return c.view, nil
}

func wrong(place, key string, args ...any) error {
	return issue.New(issue.Invalid, key, args...).At(strings.TrimSuffix("ViewDefinition."+place, "."))
}

type compiler struct {
	view  *View
	names map[string]bool // of columns
}

func (c *compiler) path(place, text string) (*path.Expr, error) {
	if text == "" {
		return nil, wrong(place, "sof.path")
	}
	e, err := path.Compile(text)
	if err != nil {
		return nil, wrong(place, "sof.expression", text, err.Error())
	}
	return e, nil
}

// constant keeps the value of a constant as a variable of every path.
func (c *compiler) constant(place string, k constant) error {
	var called string
	if err := json.Unmarshal(k["name"], &called); err != nil || !name.MatchString(called) {
		return wrong(place, "sof.name", called)
	}
	for member, raw := range k {
		t := fhir.InfoOf("Extension").Member(member) // any value[x]
		if t == nil || t.Element.Name != "value" || !t.Type.Primitive {
			continue
		}
		if c.view.vars[called] != nil {
			return wrong(place, "sof.constant", called)
		}
		d, err := fhir.Parse(fmt.Appendf(nil, `{"resourceType":"Basic","extension":[{"url":"constant",%q:%s}]}`, member, raw))
		if err != nil {
			return wrong(place, "sof.constant", called)
		}
		c.view.vars[called] = path.Collection{path.OfTyped(d.Get("extension", member), t.Type)}
	}
	if c.view.vars[called] == nil {
		return wrong(place, "sof.constant", called)
	}
	return nil
}

func (c *compiler) branches(place string, list []selection, depth int) (out []*branch, columns []Column, err error) {
	for i, s := range list {
		b, cols, err := c.branch(place+"["+strconv.Itoa(i)+"]", s, depth)
		if err != nil {
			return nil, nil, err
		}
		out, columns = append(out, b), append(columns, cols...)
	}
	return out, columns, nil
}

// branch compiles one select and returns its columns with those below it.
func (c *compiler) branch(place string, s selection, depth int) (*branch, []Column, error) {
	if depth > maxNested {
		return nil, nil, wrong(place, "sof.deep", maxNested)
	}
	b := &branch{place: place}
	if err := c.iteration(place, s, b); err != nil {
		return nil, nil, err
	}
	columns := slices.Clone(s.Column)
	for i, col := range s.Column {
		at := place + ".column[" + strconv.Itoa(i) + "]"
		if !name.MatchString(col.Name) {
			return nil, nil, wrong(at, "sof.name", col.Name)
		}
		e, err := c.path(at+".path", col.Path)
		if err != nil {
			return nil, nil, err
		}
		b.columns, b.many, b.names = append(b.columns, e), append(b.many, col.Collection), append(b.names, col.Name)
	}
	selects, below, err := c.branches(place+".select", s.Select, depth+1)
	if err != nil {
		return nil, nil, err
	}
	b.selects, columns = selects, append(columns, below...)
	for i, u := range s.UnionAll {
		at := place + ".unionAll[" + strconv.Itoa(i) + "]"
		one, cols, err := c.branch(at, u, depth+1)
		if err != nil {
			return nil, nil, err
		}
		if i == 0 {
			columns = append(columns, cols...)
		} else if first := columns[len(columns)-b.union[0].width:]; !slices.EqualFunc(first, cols, func(a, b Column) bool { return a.Name == b.Name && a.Collection == b.Collection }) {
			return nil, nil, wrong(at, "sof.union")
		}
		b.union = append(b.union, one)
	}
	b.width = len(columns)
	return b, columns, nil
}

// iteration compiles what a select goes through; at most one way is allowed.
func (c *compiler) iteration(place string, s selection, b *branch) (err error) {
	ways := 0
	for _, way := range []struct {
		name, text string
	}{{"forEach", s.ForEach}, {"forEachOrNull", s.ForEachOrNull}} {
		if way.text == "" {
			continue
		}
		ways++
		b.orNull = way.name == "forEachOrNull"
		if b.each, err = c.path(place+"."+way.name, way.text); err != nil {
			return err
		}
	}
	for i, text := range s.Repeat {
		e, err := c.path(place+".repeat["+strconv.Itoa(i)+"]", text)
		if err != nil {
			return err
		}
		b.repeat = append(b.repeat, e)
	}
	if len(s.Repeat) > 0 {
		ways++
	}
	if ways > 1 {
		return wrong(place, "sof.ways")
	}
	return nil
}

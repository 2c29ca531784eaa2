// SPDX-License-Identifier: Apache-2.0

package sof

import (
	"maps"
	"strconv"

	"mach/fhir"
	"mach/fhir/path"
	"mach/issue"
)

// A Row holds the values of one row, a collection for each column of the view
// in their order: none or one, and any number where the column is a collection.
type Row []path.Collection

// maxRows bounds the rows of one resource: iterations side by side multiply.
const maxRows = 100_000

// Each calls do with every row of a resource, in the order of the document;
// with none when the resource is of another type or does not meet where. The
// row belongs to do. It stops at the first error, which it returns: one of do,
// or an *issue.Error that names the column.
func (v *View) Each(d *fhir.Doc, do func(Row) error) error {
	if d.Type() != v.Resource {
		return nil
	}
	e := evaluation{view: v, env: path.Env{Resource: d.Root(), Root: d.Root(), Vars: map[string]path.Collection{}}}
	maps.Copy(e.env.Vars, v.vars)
	focus := path.Collection{path.OfNode(d.Root())}
	e.at(0)
	for _, where := range v.where {
		meets, err := e.meets(where, focus)
		if err != nil || !meets {
			return err
		}
	}
	rows, err := e.join([]Row{nil}, v.root, focus, 0)
	if err != nil {
		return err
	}
	for _, r := range rows {
		if err := do(r); err != nil {
			return err
		}
	}
	return nil
}

// An evaluation is that of one resource.
type evaluation struct {
	view *View
	env  path.Env
}

// at sets %rowIndex.
func (e *evaluation) at(i int) { e.env.Vars["rowIndex"] = path.Collection{path.Of(i)} }

// meets evaluates a condition, which must give a boolean or nothing.
func (e *evaluation) meets(where *path.Expr, focus path.Collection) (bool, error) {
	c, err := where.On(focus, &e.env)
	switch {
	case err != nil:
		return false, err
	case len(c) == 0:
		return false, nil
	case len(c) > 1 || string(c[0].JSON()) != "true" && string(c[0].JSON()) != "false":
		return false, wrong("where", "sof.boolean", where.String())
	}
	return c[0].Bool(), nil
}

// join puts the rows of each branch beside the rows so far, each with each.
func (e *evaluation) join(rows []Row, list []*branch, focus path.Collection, index int) ([]Row, error) {
	for _, b := range list {
		right, err := e.rows(b, focus, index)
		if err != nil {
			return nil, err
		}
		if rows, err = product(rows, right); err != nil || len(rows) == 0 {
			return nil, err
		}
	}
	return rows, nil
}

func product(left, right []Row) ([]Row, error) {
	if len(left)*len(right) > maxRows {
		return nil, issue.New(issue.TooCostly, "sof.rows", maxRows)
	}
	out := make([]Row, 0, len(left)*len(right))
	for _, l := range left {
		for _, r := range right {
			out = append(out, append(l[:len(l):len(l)], r...))
		}
	}
	return out, nil
}

// rows are those of one select for a focus.
func (e *evaluation) rows(b *branch, focus path.Collection, index int) ([]Row, error) {
	var list path.Collection
	var err error
	switch {
	case b.each != nil:
		e.at(index)
		list, err = b.each.On(focus, &e.env)
	case b.repeat != nil:
		list, err = e.descend(b.repeat, focus, nil)
	default:
		return e.row(b, focus, index)
	}
	if err != nil {
		return nil, e.fault(b, err)
	}
	if len(list) == 0 && b.orNull {
		return e.row(b, nil, 0)
	}
	var out []Row
	for i := range list {
		some, err := e.row(b, list[i:i+1], i)
		if err != nil {
			return nil, err
		}
		if out = append(out, some...); len(out) > maxRows {
			return nil, issue.New(issue.TooCostly, "sof.rows", maxRows)
		}
	}
	return out, nil
}

// descend finds what the paths of repeat lead to, again and again, each value
// before those below it.
func (e *evaluation) descend(paths []*path.Expr, focus, found path.Collection) (path.Collection, error) {
	for _, p := range paths {
		list, err := p.On(focus, &e.env)
		if err != nil {
			return nil, err
		}
		for i := range list {
			if found = append(found, list[i]); len(found) > maxRows {
				return nil, issue.New(issue.TooCostly, "sof.rows", maxRows)
			}
			if found, err = e.descend(paths, list[i:i+1], found); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// row gives the rows of a select for one of its values: its columns, joined with
// its selects and the branches of its union.
func (e *evaluation) row(b *branch, focus path.Collection, index int) ([]Row, error) {
	e.at(index)
	own := make(Row, len(b.columns), b.width)
	for i, col := range b.columns {
		c, err := col.On(focus, &e.env)
		if err != nil {
			return nil, e.fault(b, err)
		}
		if len(c) > 1 && !b.many[i] {
			return nil, wrong(b.place+".column["+strconv.Itoa(i)+"]", "sof.several", b.names[i])
		}
		own[i] = c
	}
	rows, err := e.join([]Row{own}, b.selects, focus, index)
	if err != nil || len(b.union) == 0 {
		return rows, err
	}
	var all []Row
	for _, u := range b.union {
		some, err := e.rows(u, focus, index)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return product(rows, all)
}

// fault says in which select an expression failed.
func (e *evaluation) fault(b *branch, err error) error {
	if is := issue.Of(err); len(is) > 0 && is[0].Path == "" {
		return wrong(b.place, "sof.failed", err.Error())
	}
	return err
}

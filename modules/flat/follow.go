// SPDX-License-Identifier: Apache-2.0

package flat

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/fhir/path"
	"mach/fhir/sof"
	"mach/issue"
	"mach/store"
)

// Module keeps the rows of some definitions.
type Module struct {
	views  []*sof.View
	insert map[*sof.View]string
}

// New prepares the module for definitions in JSON, each with a name of its own.
func New(definitions [][]byte) (*Module, error) {
	m := &Module{insert: map[*sof.View]string{}}
	names := map[string]bool{"flat_refused": true}
	for i, text := range definitions {
		v, err := sof.Compile(text)
		if err != nil {
			return nil, fmt.Errorf("definition %d: %w", i+1, err)
		}
		if v.Name == "" || names[tableOf(v)] {
			return nil, fmt.Errorf("definition %d: the name %q is missing or taken", i+1, v.Name)
		}
		names[tableOf(v)] = true
		columns := slices.Clone(own)
		for _, c := range v.Columns {
			columns = append(columns, `"`+strings.ToLower(c.Name)+`"`)
		}
		m.insert[v] = fmt.Sprintf("insert into %s (%s) values (%s)", tableOf(v), strings.Join(columns, ", "), strings.Repeat("?, ", len(columns)-1)+"?")
		m.views = append(m.views, v)
	}
	return m, nil
}

// Follower keeps the tables.
func (m *Module) Follower() store.Follower {
	text := create(m.views)
	types := []string{} // none, not all, where nothing is kept
	for _, v := range m.views {
		types = append(types, v.Resource)
	}
	slices.Sort(types)
	return store.Follower{Name: "flat", Version: version(text + m.definitions()), Types: slices.Compact(types), Tables: script(text), Apply: m.apply}
}

// definitions tells one set of definitions from another: the same columns may be
// computed otherwise.
func (m *Module) definitions() string {
	var b strings.Builder
	for _, v := range m.views {
		b.WriteString(v.Text())
	}
	return b.String()
}

// apply replaces the rows of a resource.
func (m *Module) apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	for _, v := range m.views {
		if v.Resource != c.Type {
			continue
		}
		if before != nil {
			if err := clear(ctx, tx, v, c.ID); err != nil {
				return err
			}
		}
		if now == nil || c.Labels.Draft || len(c.Labels.Sensitivity) > 0 {
			continue
		}
		if err := m.add(ctx, tx, v, c, now); err != nil {
			return err
		}
	}
	return nil
}

func clear(ctx context.Context, tx store.Tx, v *sof.View, id string) error {
	if err := tx.Exec(ctx, `delete from `+tableOf(v)+` where _resource = ?`, id); err != nil {
		return err
	}
	return tx.Exec(ctx, `delete from flat_refused where definition = ? and _resource = ?`, v.Name, id)
}

// add writes the rows of a resource, or why there are none.
func (m *Module) add(ctx context.Context, tx store.Tx, v *sof.View, c store.Change, now *fhir.Doc) error {
	var rows [][]any
	err := v.Each(now, func(r sof.Row) error {
		args := append(make([]any, 0, len(own)+len(r)), c.ID, int64(len(rows)), c.Labels.Facility, int64(c.Labels.Unit))
		for i, cell := range r {
			args = append(args, value(v.Columns[i], cell))
		}
		rows = append(rows, args)
		return nil
	})
	if is := issue.Of(err); len(is) > 0 {
		return tx.Exec(ctx, `insert into flat_refused (definition, _resource, reason) values (?, ?, ?)`, v.Name, c.ID, is[0].Key+" "+is[0].Path)
	}
	if err != nil {
		return err
	}
	for _, args := range rows {
		if err := tx.Exec(ctx, m.insert[v], args...); err != nil {
			return err
		}
	}
	return nil
}

// value is a cell as its column keeps it; nil for none and for what is not of
// the column's type.
func value(c sof.Column, cell path.Collection) any {
	text := c.Text(cell)
	switch kind := columnType[c.Type]; {
	case text == "":
		return nil
	case kind == "" || c.Collection:
		return text
	case kind == "smallint":
		if text == "true" {
			return int64(1)
		}
		return int64(0)
	case kind == "bigint":
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			return n
		}
	default:
		if f, err := strconv.ParseFloat(text, 64); err == nil {
			return f
		}
	}
	return nil
}

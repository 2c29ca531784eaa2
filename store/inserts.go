// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// inserts are the rows of one insert text, gathered to travel together.
type inserts struct {
	text string
	rows [][]any
}

// gathered adds a row to the group of its text.
func gathered(groups []*inserts, text string, row []any) []*inserts {
	i := slices.IndexFunc(groups, func(g *inserts) bool { return g.text == text })
	if i < 0 {
		i = len(groups)
		groups = append(groups, &inserts{text: text})
	}
	groups[i].rows = append(groups[i].rows, row)
	return groups
}

// unnested is the PostgreSQL form: insert … select unnest of one array a column.
func (g *inserts) unnested() (string, []any, error) {
	if len(g.rows) == 1 {
		return rebind(g.text), g.rows[0], nil
	}
	head, _, ok := strings.Cut(g.text, "values (")
	if !ok {
		return "", nil, fmt.Errorf("no values in %q", g.text)
	}
	args := make([]any, len(g.rows[0]))
	types := make([]string, len(args))
	for c := range args {
		var err error
		if types[c], args[c], err = column(g.rows, c); err != nil {
			return "", nil, fmt.Errorf("%s, column %d: %w", head, c, err)
		}
	}
	for c := range types {
		types[c] = fmt.Sprintf("$%d::%s[]", c+1, types[c])
	}
	return head + " select * from unnest(" + strings.Join(types, ", ") + ")", args, nil
}

// column gathers one column of rows into a slice of its type.
func column(rows [][]any, c int) (typ string, values any, err error) {
	switch k := reflect.ValueOf(rows[0][c]); {
	case k.CanInt():
		out := make([]int64, len(rows))
		for i, r := range rows {
			out[i] = reflect.ValueOf(r[c]).Int()
		}
		return "bigint", out, nil
	case k.CanFloat():
		out := make([]float64, len(rows))
		for i, r := range rows {
			out[i] = reflect.ValueOf(r[c]).Float()
		}
		return "double precision", out, nil
	case k.Kind() == reflect.String:
		out := make([]string, len(rows))
		for i, r := range rows {
			out[i] = reflect.ValueOf(r[c]).String()
		}
		return "text", out, nil
	}
	return "", nil, fmt.Errorf("no array of %T", rows[0][c])
}

// index queues a row of the search index, so that the rows of a commit are
// written in the order of their table: neighbours cost a fraction of strangers.
// Deletes run at once.
func (t *commitTx) index(ctx context.Context, text string, args []any) error {
	if t.pg != nil || !strings.HasPrefix(text, "insert into ") {
		return t.Exec(ctx, text, args...)
	}
	t.rows = gathered(t.rows, text, args)
	return nil
}

// insertRows is the number of rows of one statement.
const insertRows = 32

func (t *commitTx) flushIndex(ctx context.Context) error {
	groups := t.rows
	t.rows = nil
	for _, g := range groups {
		slices.SortFunc(g.rows, compareArgs)
		for len(g.rows) > 0 {
			n := 1
			if len(g.rows) >= insertRows {
				n = insertRows
			}
			t.statements += n - 1
			if err := t.Exec(ctx, g.repeated(n), slices.Concat(g.rows[:n]...)...); err != nil {
				return err
			}
			g.rows = g.rows[n:]
		}
	}
	return nil
}

// repeated returns the insert text for n rows.
func (g *inserts) repeated(n int) string {
	if n == 1 {
		return g.text
	}
	at := strings.Index(g.text, "values (") + len("values ")
	return g.text + strings.Repeat(", "+g.text[at:], n-1)
}

// compareArgs orders rows of one table column by column.
func compareArgs(a, b []any) int {
	for i := range a {
		order := 0
		switch x := a[i].(type) {
		case int64:
			order = cmp.Compare(x, b[i].(int64))
		case float64:
			order = cmp.Compare(x, b[i].(float64))
		case string:
			order = cmp.Compare(x, b[i].(string))
		}
		if order != 0 {
			return order
		}
	}
	return 0
}

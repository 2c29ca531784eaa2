// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// inserts are the rows of one insert text, gathered to travel together.
type inserts struct {
	text string
	rows [][]any
}

// mergeable reports whether rows of a text may become one statement: nothing
// but placeholders as values, and what meets a row that is there already is
// left alone if anything.
func mergeable(text string, row []any) bool {
	head, rest, ok := strings.Cut(text, "values (")
	values, tail, closed := strings.Cut(rest, ")")
	if tail = strings.TrimSpace(tail); !ok || !closed || !strings.HasPrefix(strings.TrimSpace(head), "insert into ") ||
		strings.Trim(values, "?, ") != "" || tail != "" && !strings.HasSuffix(tail, "do nothing") {
		return false
	}
	return !slices.ContainsFunc(row, func(v any) bool { return arrayType(v) == "" })
}

// queued are statements that wait to be sent together to PostgreSQL.
type queued []*inserts

// add queues a statement; rows for one table that follow one another become
// one statement.
func (q *queued) add(text string, args []any) {
	if n := len(*q); n > 0 {
		if last := (*q)[n-1]; last.text == text && mergeable(text, args) && alike(last.rows[0], args) {
			last.rows = append(last.rows, args)
			return
		}
	}
	*q = append(*q, &inserts{text: text, rows: [][]any{args}})
}

// sender is SendBatch of a connection or pool.
type sender func(context.Context, *pgx.Batch) pgx.BatchResults

// send runs everything in order, in one round trip, and empties the queue.
func (q *queued) send(ctx context.Context, send sender) error {
	batch, err := q.batch()
	if err != nil || batch.Len() == 0 {
		return err
	}
	return send(ctx, batch).Close()
}

// ask does the same with a question behind it, and calls scan for each row of its
// answer.
func (q *queued) ask(ctx context.Context, send sender, text string, args []any, scan func(scan func(dest ...any) error) error) error {
	batch, err := q.batch()
	if err != nil {
		return err
	}
	batch.Queue(text, args...).Query(func(rows pgx.Rows) error { return eachPgRow(rows, scan) })
	return send(ctx, batch).Close()
}

// batch empties the queue into a batch.
func (q *queued) batch() (*pgx.Batch, error) {
	var batch pgx.Batch
	for _, g := range *q {
		text, args, err := g.unnested()
		if err != nil {
			return nil, err
		}
		batch.Queue(text, args...)
	}
	*q = nil
	return &batch, nil
}

// alike reports whether two rows have the same array types.
func alike(a, b []any) bool {
	return slices.EqualFunc(a, b, func(x, y any) bool { return arrayType(x) == arrayType(y) })
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
	head, rest, ok := strings.Cut(g.text, "values (")
	if !ok {
		return "", nil, fmt.Errorf("no values in %q", g.text)
	}
	_, tail, _ := strings.Cut(rest, ")")
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
	return head + " select * from unnest(" + strings.Join(types, ", ") + ")" + tail, args, nil
}

// arrayType is the PostgreSQL type of which an array can carry the value, ""
// when there is none.
func arrayType(v any) string {
	switch k := reflect.ValueOf(v); {
	case k.CanInt():
		return "bigint"
	case k.CanFloat():
		return "double precision"
	case k.Kind() == reflect.String:
		return "text"
	}
	return ""
}

// column gathers one column of rows into a slice of its type.
func column(rows [][]any, c int) (typ string, values any, err error) {
	switch typ = arrayType(rows[0][c]); typ {
	case "bigint":
		values = columnOf(rows, c, reflect.Value.Int)
	case "double precision":
		values = columnOf(rows, c, reflect.Value.Float)
	case "text":
		values = columnOf(rows, c, reflect.Value.String)
	default:
		err = fmt.Errorf("no array of %T", rows[0][c])
	}
	return typ, values, err
}

func columnOf[T any](rows [][]any, c int, read func(reflect.Value) T) []T {
	out := make([]T, len(rows))
	for i, r := range rows {
		out[i] = read(reflect.ValueOf(r[c]))
	}
	return out
}

// later queues a row that the commit itself reads no more, so that the rows of a
// table are written together and in their order: neighbours cost a fraction of
// strangers. What is not an insert runs at once.
func (t *commitTx) later(ctx context.Context, text string, args ...any) error {
	if t.pg != nil || !strings.HasPrefix(text, "insert into ") {
		return t.Exec(ctx, text, args...)
	}
	t.rows = gathered(t.rows, text, args)
	return nil
}

// insertRows is the number of rows of one statement; the rest go by half as many,
// again and again, so that few statements are kept.
const insertRows = 32

// flush writes what was queued.
func (t *commitTx) flush(ctx context.Context) error {
	groups := t.rows
	t.rows = nil
	for _, g := range groups {
		if err := t.insert(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// insert writes the rows of one table in its order.
func (t *commitTx) insert(ctx context.Context, g *inserts) error {
	slices.SortFunc(g.rows, compareArgs)
	for n := insertRows; n > 0; n /= 2 {
		for ; len(g.rows) >= n; g.rows = g.rows[n:] {
			t.statements += n - 1
			if err := t.Exec(ctx, g.repeated(n), slices.Concat(g.rows[:n]...)...); err != nil {
				return err
			}
		}
	}
	return nil
}

// repeated returns the insert text of SQLite for n rows. One that fails leaves its
// first rows, and the whole transaction fails with it: to take back rows of its
// own alone, SQLite would copy every page before it changes.
func (g *inserts) repeated(n int) string {
	if n == 1 {
		return g.text
	}
	at := strings.Index(g.text, "values (") + len("values ")
	return strings.Replace(g.text, "insert into ", "insert or fail into ", 1) + strings.Repeat(", "+g.text[at:], n-1)
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

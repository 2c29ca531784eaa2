// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgWriter runs each unit of work in its own transaction, again when the
// database says that two met.
type pgWriter struct {
	pool  *pgxpool.Pool
	trace func(request, statement string)
}

const pgAttempts = 10

func (w *pgWriter) close() error { return nil }

func (w *pgWriter) do(ctx context.Context, work func(tx *commitTx) error) error {
	for attempt := 1; ; attempt++ {
		err := w.once(ctx, work)
		if err == nil || attempt == pgAttempts || !met(err) {
			return err
		}
		pause := time.Duration(rand.IntN(4<<min(attempt, 6))) * time.Millisecond
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
}

func (w *pgWriter) once(ctx context.Context, work func(tx *commitTx) error) error {
	return pgx.BeginFunc(ctx, w.pool, func(tx pgx.Tx) error {
		q := &pgTx{tx: tx, trace: w.trace}
		if err := work(&commitTx{Tx: q, pg: q}); err != nil {
			return err
		}
		return q.flush(ctx)
	})
}

// met reports whether the transaction only failed because another one was
// there: serialization failure, deadlock, or the same new id or key.
func met(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == "40001" || e.Code == "40P01" || e.Code == "23505" && (e.ConstraintName == "res_kh" || e.ConstraintName == "once_pkey")
}

// pgTx queues statements and sends them together. Inserts of one text become
// one statement over arrays; they run after the other statements. A question
// first sends what is queued.
type pgTx struct {
	tx      pgx.Tx
	trace   func(request, statement string)
	batch   pgx.Batch
	inserts []*inserts
}

// inserts are the rows of one insert text, by column.
type inserts struct {
	text string
	rows [][]any
}

func (q *pgTx) Exec(ctx context.Context, text string, args ...any) error {
	traced(ctx, q.trace, text)
	if len(args) > 0 && strings.HasPrefix(text, "insert into ") && strings.HasSuffix(text, "?)") {
		q.insert(text, args)
		return nil
	}
	q.batch.Queue(rebind(text), args...)
	return nil
}

func (q *pgTx) insert(text string, args []any) {
	i := slices.IndexFunc(q.inserts, func(g *inserts) bool { return g.text == text })
	if i < 0 {
		i = len(q.inserts)
		q.inserts = append(q.inserts, &inserts{text: text})
	}
	q.inserts[i].rows = append(q.inserts[i].rows, args)
}

// flush sends the queue in one round trip.
func (q *pgTx) flush(ctx context.Context) error {
	for _, g := range q.inserts {
		text, args, err := g.statement()
		if err != nil {
			return err
		}
		q.batch.Queue(text, args...)
	}
	q.inserts = nil
	if q.batch.Len() == 0 {
		return nil
	}
	sent := q.batch
	q.batch = pgx.Batch{}
	return q.tx.SendBatch(ctx, &sent).Close()
}

// statement turns the rows into insert … select unnest of one array a column.
func (g *inserts) statement() (string, []any, error) {
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

func (q *pgTx) query(ctx context.Context, text string, args []any) (pgx.Rows, error) {
	if err := q.flush(ctx); err != nil {
		return nil, err
	}
	traced(ctx, q.trace, text)
	return q.tx.Query(ctx, rebind(text)+lockingLabels(text, args), args...)
}

// lockingLabels makes a look at the labels of a clinical resource wait for a
// commit that is changing them: else a drug could be written with the labels
// its diagnosis had a moment ago. Resources without labels are not locked, for
// everybody refers to the same stations.
func lockingLabels(text string, args []any) string {
	if len(args) != 3 || !strings.HasSuffix(text, "from res where kh = ? and typ = ? and id = ?") {
		return ""
	}
	if typ, ok := args[1].(string); !ok || slices.Contains(neutral, typ) {
		return ""
	}
	return " for share"
}

func (q *pgTx) Row(ctx context.Context, dest []any, text string, args ...any) (bool, error) {
	found := false
	err := q.Rows(ctx, text, args, func(scan func(...any) error) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	})
	return found, err
}

func (q *pgTx) Rows(ctx context.Context, text string, args []any, scan func(scan func(dest ...any) error) error) error {
	rows, err := q.query(ctx, text, args)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

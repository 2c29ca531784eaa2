// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// pgWriter runs each unit of work in its own transaction, again when the
// database says that two met.
type pgWriter struct {
	pool  *pgxpool.Pool
	trace func(request, statement string)
}

func (w *pgWriter) close() error { return nil }

// do runs work until it is committed. A connection that is lost on the way took
// its transaction along. One that is lost while it commits leaves open whether
// the transaction stands: work that can tell is asked, other work is not run
// twice.
func (w *pgWriter) do(ctx context.Context, work func(tx *commitTx) error) error {
	var p patience
	for {
		tx, err := w.once(ctx, work)
		if err == nil {
			return nil
		}
		inDoubt := tx != nil && tx.pg.sent && lost(err)
		if inDoubt && tx.stands == nil || !p.again(ctx, err) {
			return err
		}
		for inDoubt {
			stands, failed := tx.stands(ctx)
			if failed == nil && stands {
				return nil
			}
			if inDoubt = failed != nil; inDoubt && !p.again(ctx, failed) {
				return err
			}
		}
	}
}

func (w *pgWriter) once(ctx context.Context, work func(tx *commitTx) error) (tx *commitTx, err error) {
	return tx, w.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		q := &pgTx{conn: c.Conn(), trace: w.trace}
		tx = &commitTx{Tx: q, pg: q}
		err := work(tx)
		if err == nil {
			err = q.commit(ctx)
		}
		if err != nil && q.begun {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoLimit)
			defer cancel()
			q.conn.Exec(ctx, "rollback") // a connection that cannot is thrown away
		}
		return err
	})
}

// sound refuses to commit a transaction in which something failed and nobody
// minded: PostgreSQL would answer commit with a rollback, and no error.
func sound(c *pgx.Conn) error {
	if c.PgConn().TxStatus() == 'E' {
		return errors.New("a statement of the transaction failed before its commit")
	}
	return nil
}

// undoLimit is how long a rollback may take.
const undoLimit = 5 * time.Second

// pgTx queues statements and sends them together, in their order. Rows for the
// tables of a commit become one statement for each table, over arrays, behind
// the other statements. A question goes behind what is queued; work that asks
// none is one round trip, which PostgreSQL runs as one transaction.
type pgTx struct {
	conn    *pgx.Conn
	trace   func(request, statement string)
	begun   bool
	sent    bool // the end of the transaction
	queue   queued
	inserts queued // of manyRows
}

func (q *pgTx) Exec(ctx context.Context, text string, args ...any) error {
	traced(ctx, q.trace, text)
	if gathers(text) {
		q.inserts = gathered(q.inserts, text, args)
	} else {
		q.queue.add(text, args)
	}
	return nil
}

// gathers reports whether a plain insert is into a table that one commit writes
// many rows to and reads none of.
func gathers(text string) bool {
	rest, ok := strings.CutPrefix(text, "insert into ")
	table, _, _ := strings.Cut(rest, " ")
	return ok && strings.HasSuffix(text, "?)") && slices.Contains(manyRows, table)
}

var manyRows = []string{"res", "ver", "ih", "istr", "ir", "ic", "pending", "pending_audit"}

// flush sends the queue in one round trip.
func (q *pgTx) flush(ctx context.Context) error {
	q.queue, q.inserts = append(q.queue, q.inserts...), nil
	return q.queue.send(ctx, q.conn.SendBatch)
}

func (q *pgTx) commit(ctx context.Context) error {
	if q.begun {
		if err := sound(q.conn); err != nil {
			return err
		}
		q.queue, q.inserts = append(q.queue, q.inserts...), nil
		q.queue.add("commit", nil)
	}
	q.sent = true
	if err := q.flush(ctx); err != nil {
		return err
	}
	q.begun = false
	return nil
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
	return firstRow(ctx, q, dest, text, args)
}

// firstRow scans the first row of an answer.
func firstRow(ctx context.Context, r reader, dest []any, text string, args []any) (bool, error) {
	found := false
	err := r.Rows(ctx, text, args, func(scan func(...any) error) error {
		if found {
			return nil
		}
		found = true
		return scan(dest...)
	})
	return found, err
}

func (q *pgTx) Rows(ctx context.Context, text string, args []any, scan func(scan func(dest ...any) error) error) error {
	if !q.begun {
		q.begun = true
		q.queue = append(queued{{text: "begin", rows: [][]any{nil}}}, q.queue...)
	}
	traced(ctx, q.trace, text)
	q.queue, q.inserts = append(q.queue, q.inserts...), nil
	return q.queue.ask(ctx, q.conn.SendBatch, rebind(text)+lockingLabels(text, args), args, scan)
}

func eachPgRow(rows pgx.Rows, scan func(scan func(dest ...any) error) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

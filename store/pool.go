// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
)

// reader asks questions. Pools and every [Tx] are readers; placeholders are ?
// in both dialects.
type reader interface {
	// Row scans one row into dest and reports whether there was one.
	Row(ctx context.Context, dest []any, sql string, args ...any) (bool, error)
	// Rows calls scan for each row; scan must not use the reader.
	Rows(ctx context.Context, sql string, args []any, scan func(scan func(dest ...any) error) error) error
}

// pool is a set of connections to one database.
type pool struct {
	db    *sql.DB
	pg    bool
	trace func(request, statement string)
	under *pgxpool.Pool // PostgreSQL: answers questions without database/sql

	mu    sync.RWMutex
	stmts map[string]*sql.Stmt // SQLite parses each text once a connection

	single bool // one connection, for writing
	turn   sync.Mutex
	kept   *connTx
}

const keptStatements = 600

func newPool(db *sql.DB, pg bool, trace func(string, string)) *pool {
	return &pool{db: db, pg: pg, trace: trace, stmts: map[string]*sql.Stmt{}}
}

func (p *pool) close() error {
	if p.kept != nil {
		p.kept.forget()
		p.kept.conn.Close()
	}
	err := p.db.Close()
	if p.under != nil {
		p.under.Close()
	}
	return err
}

// query runs a question on SQLite, through a kept statement.
func (p *pool) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	traced(ctx, p.trace, text)
	st, err := p.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if st == nil {
		return p.db.QueryContext(ctx, text, args...)
	}
	return st.QueryContext(ctx, args...)
}

// prepared returns the kept statement of a text, or nil when enough are kept.
func (p *pool) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	p.mu.RLock()
	st, ok := p.stmts[text]
	full := len(p.stmts) >= keptStatements
	p.mu.RUnlock()
	if ok || full {
		return st, nil
	}
	st, err := p.db.PrepareContext(ctx, planned(text))
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if first, ok := p.stmts[text]; ok {
		st.Close()
		return first, nil
	}
	p.stmts[text] = st
	return st, nil
}

// planned keeps SQLite from planning a kept statement anew each time it runs: it
// looks at the number behind limit, and at no sum of two.
func planned(text string) string { return strings.ReplaceAll(text, "limit ?", "limit ?+0") }

func (p *pool) Row(ctx context.Context, dest []any, text string, args ...any) (bool, error) {
	if p.pg {
		return firstRow(ctx, p, dest, text, args)
	}
	rows, err := p.query(ctx, text, args)
	if err != nil {
		return false, err
	}
	return oneRow(rows, dest)
}

func (p *pool) Rows(ctx context.Context, text string, args []any, scan func(scan func(dest ...any) error) error) error {
	if p.pg {
		return p.together(ctx, question{text: text, args: args, scan: scan})
	}
	rows, err := p.query(ctx, text, args)
	if err != nil {
		return err
	}
	return eachRow(rows, scan)
}

// question is what [pool.together] asks.
type question struct {
	text string
	args []any
	scan func(scan func(dest ...any) error) error
	anew func() // forgets what was scanned, so that it may be asked again; nil = not behind its first row
}

// together asks questions of which none needs the answer of another: one round
// trip to PostgreSQL. They are asked again when the connection broke, unless a row
// came that cannot be forgotten.
func (p *pool) together(ctx context.Context, questions ...question) error {
	if !p.pg {
		for _, q := range questions {
			if err := p.Rows(ctx, q.text, q.args, q.scan); err != nil {
				return err
			}
		}
		return nil
	}
	var wait patience
	for {
		var batch pgx.Batch
		begun := false
		for _, q := range questions {
			if q.anew != nil {
				q.anew()
			}
			traced(ctx, p.trace, q.text)
			batch.Queue(rebind(q.text), q.args...).Query(func(rows pgx.Rows) error {
				return eachPgRow(rows, func(scan func(...any) error) error {
					begun = begun || q.anew == nil
					return q.scan(scan)
				})
			})
		}
		err := p.under.SendBatch(ctx, &batch).Close()
		if err == nil || begun || !wait.again(ctx, err) {
			return err
		}
	}
}

func oneRow(rows *sql.Rows, dest []any) (bool, error) {
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := rows.Scan(dest...); err != nil {
		return false, err
	}
	return true, rows.Close()
}

func eachRow(rows *sql.Rows, scan func(scan func(dest ...any) error) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := scan(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// in runs work in one transaction on one connection, another one when that was
// lost before it began.
func (p *pool) in(ctx context.Context, work func(tx *connTx) error) error {
	var wait patience
	for {
		begun := false
		err := p.alone(ctx, func(tx *connTx) error {
			return tx.transact(ctx, func(tx *connTx) error {
				begun = true
				return work(tx)
			})
		})
		if err == nil || begun || !p.pg || !wait.again(ctx, err) {
			return err
		}
	}
}

// alone lends a connection. The single writer of a SQLite file keeps its
// connection, and so its statements.
func (p *pool) alone(ctx context.Context, work func(tx *connTx) error) error {
	if p.single {
		p.turn.Lock()
		defer p.turn.Unlock()
		if p.kept != nil {
			return work(p.kept)
		}
	}
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	tx := &connTx{conn: conn, pg: p.pg, trace: p.trace}
	if p.single {
		p.kept = tx
		return work(tx)
	}
	defer conn.Close()
	defer tx.forget()
	return work(tx)
}

// connTx is a transaction on one connection of database/sql: view tables,
// migrations, and on SQLite commits too.
type connTx struct {
	conn  *sql.Conn
	pg    bool
	trace func(request, statement string)
	stmts map[string]*sql.Stmt // nil on PostgreSQL, whose driver keeps them
	queue queued               // PostgreSQL: sent with the next question, savepoint or commit
}

func (t *connTx) transact(ctx context.Context, work func(tx *connTx) error) error {
	begin := beginNow
	if t.pg {
		begin = beginAny
	}
	// A transaction once begun is finished, whatever happens to the asker.
	ctx = context.WithoutCancel(ctx)
	if err := t.Exec(ctx, begin); err != nil {
		t.Exec(ctx, "rollback") // of one that could not be finished
		if again := t.Exec(ctx, begin); again != nil {
			return errors.Join(err, again)
		}
	}
	done := false
	defer func() {
		if !done { // an error, or a panic of the work
			t.queue = nil
			t.Exec(ctx, "rollback")
		}
	}()
	if err := work(t); err != nil {
		return err
	}
	if err := t.commit(ctx); err != nil {
		return err
	}
	done = true
	return nil
}

func (t *connTx) commit(ctx context.Context) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	if t.pg {
		if err := t.raw(sound); err != nil {
			return err
		}
	}
	return t.Exec(ctx, commitAll)
}

func (t *connTx) forget() {
	for _, st := range t.stmts {
		st.Close()
	}
	t.stmts = nil
}

func (t *connTx) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if st, ok := t.stmts[text]; ok {
		return st, nil
	}
	if len(t.stmts) >= keptStatements {
		t.forget()
	}
	st, err := t.conn.PrepareContext(ctx, planned(text))
	if err != nil {
		return nil, err
	}
	if t.stmts == nil {
		t.stmts = map[string]*sql.Stmt{}
	}
	t.stmts[text] = st
	return st, nil
}

// keptBack bounds the statements that wait to be sent.
const keptBack = 1000

// Exec runs a statement; on PostgreSQL one with arguments waits, and its error
// comes with what sends it.
func (t *connTx) Exec(ctx context.Context, text string, args ...any) error {
	traced(ctx, t.trace, text)
	if len(args) == 0 && !t.marks(text) { // may hold several statements
		if err := t.flush(ctx); err != nil {
			return err
		}
		_, err := t.conn.ExecContext(ctx, text)
		return err
	}
	if t.pg {
		if t.queue.add(text, args); len(t.queue) < keptBack {
			return nil
		}
		return t.flush(ctx)
	}
	st, err := t.prepared(ctx, text)
	if err != nil {
		return err
	}
	_, err = st.ExecContext(ctx, args...)
	return err
}

const (
	beginAny, beginNow, commitAll = "begin", "begin immediate", "commit"
	markOne, releaseOne, undoOne  = "savepoint one", "release savepoint one", "rollback to savepoint one"
)

// marks reports whether a text only begins, marks or ends something: SQLite need
// not parse it each time, and PostgreSQL may get the end of a savepoint together
// with what it holds.
func (t *connTx) marks(text string) bool {
	if t.pg {
		return text == releaseOne
	}
	return text == beginNow || text == markOne || text == releaseOne || text == commitAll
}

// flush sends what waits.
func (t *connTx) flush(ctx context.Context) error {
	if len(t.queue) == 0 {
		return nil
	}
	return t.raw(func(c *pgx.Conn) error { return t.queue.send(ctx, c.SendBatch) })
}

// raw lends the connection to PostgreSQL under database/sql.
func (t *connTx) raw(work func(c *pgx.Conn) error) error {
	return t.conn.Raw(func(driver any) error { return work(driver.(*stdlib.Conn).Conn()) })
}

func (t *connTx) query(ctx context.Context, text string, args []any) (*sql.Rows, error) {
	if err := t.flush(ctx); err != nil {
		return nil, err
	}
	traced(ctx, t.trace, text)
	if t.pg {
		return t.conn.QueryContext(ctx, rebind(text), args...)
	}
	st, err := t.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	return st.QueryContext(ctx, args...)
}

func (t *connTx) Row(ctx context.Context, dest []any, text string, args ...any) (bool, error) {
	if t.pg {
		return firstRow(ctx, t, dest, text, args)
	}
	rows, err := t.query(ctx, text, args)
	if err != nil {
		return false, err
	}
	return oneRow(rows, dest)
}

func (t *connTx) Rows(ctx context.Context, text string, args []any, scan func(scan func(dest ...any) error) error) error {
	if t.pg {
		traced(ctx, t.trace, text)
		return t.raw(func(c *pgx.Conn) error { return t.queue.ask(ctx, c.SendBatch, rebind(text), args, scan) })
	}
	rows, err := t.query(ctx, text, args)
	if err != nil {
		return err
	}
	return eachRow(rows, scan)
}

// savepoint runs work so that its failure undoes only its own writes. When
// even that fails it returns errBroken, and the whole transaction must be
// given up: SQLite may have rolled it back already.
func (t *connTx) savepoint(ctx context.Context, work func() error) error {
	ctx = context.WithoutCancel(ctx)
	if err := t.Exec(ctx, markOne); err != nil {
		return errors.Join(errBroken, err)
	}
	err := work()
	if err == nil {
		err = t.Exec(ctx, releaseOne)
	}
	if err == nil {
		err = t.flush(ctx)
	}
	if err == nil {
		return nil
	}
	t.queue = nil
	if undo := t.Exec(ctx, undoOne); undo != nil {
		return errors.Join(errBroken, err, undo)
	}
	if done := errors.Join(t.Exec(ctx, releaseOne), t.flush(ctx)); done != nil {
		return errors.Join(errBroken, err, done)
	}
	return err
}

var errBroken = errors.New("the transaction is broken")

// requestKey carries the request id to the statements run for it.
type requestKey struct{}

func traced(ctx context.Context, trace func(request, statement string), text string) {
	if trace == nil {
		return
	}
	if request, _ := ctx.Value(requestKey{}).(string); request != "" {
		trace(request, text)
	}
}

// rebind turns ? into $1, $2 … outside quotes and comments.
func rebind(text string) string {
	if strings.IndexByte(text, '?') < 0 {
		return text
	}
	var b strings.Builder
	b.Grow(len(text) + 16)
	n, quote := 0, byte(0)
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '-' && strings.HasPrefix(text[i:], "--"):
			end := strings.IndexByte(text[i:], '\n')
			if end < 0 {
				end = len(text) - i
			}
			b.WriteString(text[i : i+end])
			i += end - 1
			continue
		case c == '?':
			n++
			b.WriteByte('$')
			b.WriteString(strconv.Itoa(n))
			continue
		}
		b.WriteByte(c)
	}
	return b.String()
}

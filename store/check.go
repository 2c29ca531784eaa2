// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"mach/fhir"
)

// CheckLine is one line of `mach check`.
type CheckLine struct {
	Check  string `json:"check"` // log, index, view:<name>, audit
	OK     bool   `json:"ok"`
	Detail string `json:"detail"` // for operators; no personal data
}

// Check compares what the store keeps twice: the log with the versions, the
// search index with the documents, every view with its rebuild, the audit with
// its signed tree. It may run beside a running server. An error means that the
// check itself could not be done.
func (s *Store) Check(ctx context.Context) ([]CheckLine, error) {
	checks := []func(context.Context) (CheckLine, error){s.checkLog, s.checkIndex}
	for _, f := range s.followers {
		checks = append(checks, func(ctx context.Context) (CheckLine, error) { return s.CheckView(ctx, f.Name) })
	}
	var lines []CheckLine
	for _, check := range append(checks, s.checkAudit) {
		line, err := s.persist(ctx, check)
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// persist begins a check again whose connection to PostgreSQL broke: it only
// reads.
func (s *Store) persist(ctx context.Context, check func(context.Context) (CheckLine, error)) (CheckLine, error) {
	var wait patience
	for {
		line, err := check(ctx)
		if err == nil || s.pg == nil || !wait.again(ctx, err) {
			return line, err
		}
	}
}

// checkLog asks that the log is gapless and has a line for every version.
func (s *Store) checkLog(ctx context.Context) (CheckLine, error) {
	line := CheckLine{Check: "log"}
	waiting := `0`
	if s.pg != nil {
		waiting = `(select count(*) from pending)`
	}
	var lines, last, versions, pending int64
	_, err := s.read.Row(ctx, []any{&lines, &last, &versions, &pending}, `select (select count(*) from change),
		coalesce((select max(seq) from change), 0), (select count(*) from res) + (select count(*) from ver), `+waiting)
	if err != nil {
		return line, fmt.Errorf("checking the log: %w", err)
	}
	line.OK = lines == last && lines+pending == versions
	line.Detail = fmt.Sprintf("%d lines up to %d, %d waiting, %d versions", lines, last, pending, versions)
	return line, nil
}

// indexBuckets is how many sums checkIndex keeps, however many resources there
// are.
const indexBuckets = 1 << 16

func bucketOf(rid int64) int { return int(uint64(rid) * 0x9E3779B97F4A7C15 >> 48) }

// checkIndex compares, in one snapshot, sums over the index rows that the
// documents ask for with sums over the rows that are there; where they differ a
// second reading finds the resource.
func (s *Store) checkIndex(ctx context.Context) (CheckLine, error) {
	line := CheckLine{Check: "index"}
	tx, done, err := snapshot(ctx, s.read)
	if err != nil {
		return line, fmt.Errorf("checking the index: %w", err)
	}
	defer done()
	sums := make([]uint64, indexBuckets)
	resources, err := sumIndex(ctx, tx, s.own.Load(), func(rid int64, sum uint64) { sums[bucketOf(rid)] += sum })
	if err != nil {
		return line, fmt.Errorf("checking the index: %w", err)
	}
	line.OK, line.Detail = true, fmt.Sprintf("%d resources", resources)
	at := slices.IndexFunc(sums, func(sum uint64) bool { return sum != 0 })
	if at < 0 {
		return line, nil
	}
	found := map[int64]uint64{}
	_, err = sumIndex(ctx, tx, s.own.Load(), func(rid int64, sum uint64) {
		if bucketOf(rid) == at {
			found[rid] += sum
		}
	})
	if err != nil {
		return line, fmt.Errorf("checking the index: %w", err)
	}
	maps.DeleteFunc(found, func(_ int64, sum uint64) bool { return sum == 0 })
	rids := slices.Sorted(maps.Keys(found)) // not empty: their sum is not 0
	var typ, id string
	if _, err := tx.Row(ctx, []any{&typ, &id}, `select typ, id from res where rid = ?`, rids[0]); err != nil {
		return line, fmt.Errorf("checking the index: %w", err)
	}
	line.OK, line.Detail = false, fmt.Sprintf("the index rows of %s/%s (row %d) are not those of its document", typ, id, rids[0])
	return line, nil
}

// sumIndex adds every row that a document asks for and subtracts every row that
// is there. It returns the number of documents.
func sumIndex(ctx context.Context, r reader, own *ownParams, add func(rid int64, sum uint64)) (resources int, err error) {
	err = r.Rows(ctx, `select rid, t, typ, id, body from res where del = 0 order by rid`, nil, func(scan func(...any) error) error {
		w := &written{}
		var body string
		if err := scan(&w.rid, &w.t, &w.typ, &w.id, &body); err != nil {
			return err
		}
		doc, err := fhir.ParseString(body)
		if err != nil {
			return fmt.Errorf("%s/%s: %w", w.typ, w.id, err)
		}
		w.doc = doc
		resources++
		for text, args := range own.statements(w) {
			add(w.rid, rowSum(tableOf(text), args))
		}
		return nil
	})
	for _, q := range []struct{ table, columns string }{{"ih", "p, h, rid, t"}, {"istr", "p, v, rid, t"}, {"ir", "p, lo, rid, hi, t"}, {"ic", "p, h, lo, rid, t"}} {
		err = errors.Join(err, subtractIndex(ctx, r, q.table, q.columns, add))
	}
	return resources, err
}

func tableOf(insert string) string { return strings.Fields(insert)[2] }

func subtractIndex(ctx context.Context, r reader, table, columns string, add func(rid int64, sum uint64)) error {
	at := 2 // where rid stands
	if table == "ic" {
		at = 3
	}
	n := strings.Count(columns, ",") + 1
	return r.Rows(ctx, `select `+columns+` from `+table, nil, func(scan func(...any) error) error {
		values, dest := make([]any, n), make([]any, n)
		for i := range dest {
			dest[i] = &values[i]
		}
		if err := scan(dest...); err != nil {
			return err
		}
		rid, ok := values[at].(int64)
		if !ok {
			return fmt.Errorf("row id of %T", values[at])
		}
		add(rid, -rowSum(table, values))
		return nil
	})
}

func rowSum(table string, values []any) uint64 {
	h := fnv.New64a()
	fmt.Fprint(h, table)
	for _, v := range values {
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		fmt.Fprintf(h, "\x00%v", v)
	}
	return h.Sum64()
}

// CheckView compares a view, as it stands, with one built from the log up to
// the same number.
func (s *Store) CheckView(ctx context.Context, view string) (CheckLine, error) {
	line := CheckLine{Check: "view:" + view}
	f, err := s.follower(view)
	if err != nil {
		return line, err
	}
	live, done, err := snapshot(ctx, s.views)
	if err != nil {
		return line, fmt.Errorf("checking view %s: %w", view, err)
	}
	defer done()
	var pos, version int64
	var basis string
	found, err := live.Row(ctx, []any{&pos, &version, &basis}, `select seq, version, basis from follower where name = ?`, view)
	if err != nil {
		return line, fmt.Errorf("checking view %s: %w", view, err)
	}
	switch {
	case !found || version != int64(f.Version):
		line.OK, line.Detail = true, "not followed yet"
		return line, nil
	case basis != f.Basis:
		line.OK, line.Detail = true, "made with other definitions or another map: the next start makes it anew"
		return line, nil
	}
	c, err := s.copyOf(ctx, f)
	if err != nil {
		return line, fmt.Errorf("checking view %s: %w", view, err)
	}
	defer c.drop()
	if _, err = c.fill(ctx, pos); err != nil {
		return line, fmt.Errorf("checking view %s: %w", view, err)
	}
	line.Detail, err = c.compare(ctx, live)
	if err != nil {
		return line, fmt.Errorf("checking view %s: %w", view, err)
	}
	if line.OK = line.Detail == ""; line.OK {
		line.Detail = fmt.Sprintf("equal to its rebuild up to %d", pos)
	}
	return line, nil
}

// snapshot begins a reading that later writes do not touch.
func snapshot(ctx context.Context, p *pool) (*connTx, func(), error) {
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return nil, nil, err
	}
	tx := &connTx{conn: conn, pg: p.pg}
	begin := `begin`
	if tx.pg {
		begin = `begin isolation level repeatable read read only`
	}
	if err := tx.Exec(ctx, begin); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return tx, func() {
		tx.forget()
		tx.Exec(context.Background(), `rollback`)
		conn.Close()
	}, nil
}

// compare returns the first difference between the copy and the view in use,
// "" for none.
func (c *viewCopy) compare(ctx context.Context, live *connTx) (string, error) {
	schema, liveSchema := "", ""
	if c.tx.pg {
		schema, liveSchema = c.place, "views"
	}
	tables, err := tablesIn(ctx, c.tx, schema)
	if err != nil {
		return "", err
	}
	for _, t := range tables {
		detail, err := c.compareTable(ctx, live, t, schema, liveSchema)
		if err != nil || detail != "" {
			return detail, err
		}
	}
	return "", nil
}

func (c *viewCopy) compareTable(ctx context.Context, live *connTx, table, schema, liveSchema string) (string, error) {
	prefix, livePrefix := "", ""
	if schema != "" {
		prefix, livePrefix = schema+".", liveSchema+"."
	}
	want, columns, err := sorted(ctx, c.tx, prefix+table)
	if err != nil {
		return "", err
	}
	defer want.Close()
	have, _, err := sorted(ctx, live, livePrefix+table)
	if err != nil {
		return "", err
	}
	defer have.Close()
	for n := 1; ; n++ {
		a, b := want.Next(), have.Next()
		if err := errors.Join(want.Err(), have.Err()); err != nil {
			return "", err
		}
		switch {
		case !a && !b:
			return "", nil
		case a != b:
			return fmt.Sprintf("table %s: %s at row %d of its rebuild", table, map[bool]string{true: "a row is missing", false: "a row too many"}[a], n), nil
		}
		x, err := rowText(want, len(columns))
		if err != nil {
			return "", err
		}
		y, err := rowText(have, len(columns))
		if err != nil {
			return "", err
		}
		for i := range x {
			if x[i] != y[i] {
				return fmt.Sprintf("table %s: column %s differs at row %d of its rebuild", table, columns[i], n), nil
			}
		}
	}
}

// sorted reads a table ordered by all its columns.
func sorted(ctx context.Context, tx *connTx, table string) (*sql.Rows, []string, error) {
	head, err := tx.query(ctx, `select * from `+table+` where 1 = 0`, nil)
	if err != nil {
		return nil, nil, err
	}
	columns, err := head.Columns()
	if err = errors.Join(err, head.Close()); err != nil {
		return nil, nil, err
	}
	names := strings.Join(columns, ", ")
	rows, err := tx.query(ctx, `select `+names+` from `+table+` order by `+names, nil)
	return rows, columns, err
}

func rowText(rows *sql.Rows, n int) ([]string, error) {
	values, dest := make([]any, n), make([]any, n)
	for i := range dest {
		dest[i] = &values[i]
	}
	if err := rows.Scan(dest...); err != nil {
		return nil, err
	}
	out := make([]string, n)
	for i, v := range values {
		if b, ok := v.([]byte); ok {
			v = string(b)
		}
		out[i] = fmt.Sprintf("%v", v)
	}
	return out, nil
}

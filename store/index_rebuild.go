// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"reflect"

	"mach/fhir"
)

// Reindex brings the search index in line with the documents, after the
// definitions of search parameters have changed or a check has found a
// difference. It runs beside readers and writers, in small transactions, and
// may be cut off and begun again: what is missing is added first, so that no
// search misses what it found before, then what is too much is taken away.
func (s *Store) Reindex(ctx context.Context) error {
	if err := s.reindexAdd(ctx); err != nil {
		return fmt.Errorf("adding index rows: %w", err)
	}
	for _, table := range []table{tableEqual, tableString, tableRange, tableComposite} {
		if err := s.reindexRemove(ctx, table); err != nil {
			return fmt.Errorf("removing index rows: %w", err)
		}
	}
	return nil
}

// The sizes of the transactions of a reindex.
const (
	reindexDocs = 200
	reindexRows = 1000
)

// indexed is a row of an index table with its resource.
type indexed struct {
	row
	rid, t int64
}

func (s *Store) reindexAdd(ctx context.Context) error {
	for last, more := int64(0), true; more; {
		err := s.write.do(ctx, func(tx *commitTx) error {
			docs, order, err := documents(ctx, tx, s.own.Load(), `rid > ? order by rid limit ?`, last, reindexDocs)
			if err != nil {
				return err
			}
			more = len(order) > 0
			for _, one := range order {
				last = one.rid
				for _, r := range docs[one.rid] {
					text, args := r.insert(one.rid, one.t)
					if err := tx.Exec(ctx, text+" on conflict do nothing", args...); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// documents returns the rows that the documents of a selection of res ask for,
// by rid, and the rids in order. Deleted resources ask for none. The resources
// stay locked on PostgreSQL.
func documents(ctx context.Context, tx *commitTx, own *ownParams, where string, args ...any) (map[int64][]row, []indexed, error) {
	text := `select rid, t, del, body from res where ` + where
	if tx.pg != nil {
		text += " for update"
	}
	asked := map[int64][]row{}
	var order []indexed
	err := tx.Rows(ctx, text, args, func(scan func(...any) error) error {
		var one indexed
		var del int
		var body string
		if err := scan(&one.rid, &one.t, &del, &body); err != nil {
			return err
		}
		order = append(order, one)
		if del != 0 {
			return nil
		}
		doc, err := fhir.ParseString(body)
		asked[one.rid] = own.indexRows(doc)
		return err
	})
	return asked, order, err
}

// columns says how rows of an index table are read, in the order of its key.
func (t table) columns() (columns, from string, dest func(*indexed) []any) {
	switch t {
	case tableString:
		return "p, v, rid, t", "istr", func(x *indexed) []any { return []any{&x.p, &x.v, &x.rid, &x.t} }
	case tableRange:
		return "p, lo, rid, hi, t", "ir", func(x *indexed) []any { return []any{&x.p, &x.lo, &x.rid, &x.hi, &x.t} }
	case tableComposite:
		return "p, h, lo, rid, t", "ic", func(x *indexed) []any { return []any{&x.p, &x.h, &x.lo, &x.rid, &x.t} }
	}
	return "p, h, rid, t", "ih", func(x *indexed) []any { return []any{&x.p, &x.h, &x.rid, &x.t} }
}

// walk says how an index table is read on from a row.
func (t table) walk(after *indexed) (text string, args []any, dest func(*indexed) []any) {
	columns, from, dest := t.columns()
	for _, at := range dest(after) {
		args = append(args, reflect.ValueOf(at).Elem().Interface())
	}
	return "select " + columns + " from " + from + " where (" + columns + ") > (" + marks(len(args)) + ") order by " + columns + " limit ?", args, dest
}

func (s *Store) reindexRemove(ctx context.Context, t table) error {
	last := indexed{row: row{p: -1 << 63, h: -1 << 63, lo: -1e308}, rid: -1}
	for more := true; more; {
		err := s.write.do(ctx, func(tx *commitTx) error {
			var found []indexed
			text, args, dest := t.walk(&last)
			err := tx.Rows(ctx, text, append(args, reindexRows), func(scan func(...any) error) error {
				x := indexed{row: row{table: t}}
				err := scan(dest(&x)...)
				found = append(found, x)
				return err
			})
			if err != nil {
				return err
			}
			if more = len(found) > 0; more {
				last = found[len(found)-1]
			}
			return s.removeStrangers(ctx, tx, found)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// removeStrangers deletes the rows that no document asks for.
func (s *Store) removeStrangers(ctx context.Context, tx *commitTx, found []indexed) error {
	rids := map[int64]bool{}
	var args []any
	for _, x := range found {
		if !rids[x.rid] {
			rids[x.rid] = true
			args = append(args, x.rid)
		}
	}
	if len(args) == 0 {
		return nil
	}
	docs, order, err := documents(ctx, tx, s.own.Load(), "rid in ("+marks(len(args))+")", args...)
	if err != nil {
		return err
	}
	asked := map[indexed]bool{}
	for _, one := range order {
		for _, r := range docs[one.rid] {
			asked[indexed{r, one.rid, one.t}] = true
		}
	}
	for _, x := range found {
		if asked[x] {
			continue
		}
		text, args := x.remove(x.rid, x.t)
		if err := tx.Exec(ctx, text, args...); err != nil {
			return err
		}
	}
	return nil
}

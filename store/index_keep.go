// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// The index is kept in line with what it should hold while everybody reads and
// writes. Two things change that: the form of its rows, with a new version of
// the program, and SearchParameter resources. Each has a line in the table
// indexing. Every process writes the rows of all parameters it knows of,
// searchable or not; the leader goes through what was there before, in the
// order of rid and in small transactions that note how far they came. A
// parameter can be searched by when that is done; rows of a new form serve as
// a path when it is, and until then searches take paths of the old one.
//
// A process knows of a SearchParameter at most freshFor after its commit: it
// looks every keepPause, and before a commit when it has not looked for that
// long. The leader begins settling after the parameter came, and on PostgreSQL
// when no transaction from before is left. So no resource is missed.

// indexForm is the form of index rows that this program writes. Form 2 held
// what tokens say in words, quantities in base units, positions and URLs by
// their beginning, and no rows for what res holds itself. Form 3 has no rows for
// what is found by those of other parameters, nor for each unit.
const indexForm = "form/3"

// oldForm stands for the earlier ones: rows that only they had are taken away.
const oldForm = "form/2"

const (
	stateAdding = iota
	stateReady
	stateRemoving
)

const (
	keepPause = time.Second
	freshFor  = 3 * time.Second
	settling  = 5 * time.Second
)

// indexing is one line of the table.
type indexing struct {
	name, about string
	state       int
	since, rid  int64
}

// openIndex notes the form of an empty store, or that an older one has rows to
// come, and reads what is known.
func (s *Store) openIndex(ctx context.Context) error {
	var one int
	known, err := s.read.Row(ctx, []any{&one}, `select 1 from indexing where name = ?`, indexForm)
	if err == nil && !known {
		err = s.write.do(ctx, s.beginForm)
	}
	if err != nil {
		return fmt.Errorf("the form of the index: %w", err)
	}
	return s.refreshOwn(ctx)
}

func (s *Store) beginForm(tx *commitTx) error {
	ctx := context.Background()
	var one int
	filled, err := tx.Row(ctx, []any{&one}, `select 1 from res limit 1`)
	if err != nil {
		return err
	}
	const note = `insert into indexing (name, about, state, since, rid) values (?, '', ?, 0, 0) on conflict (name) do update set state = excluded.state`
	state := stateReady
	if filled {
		state = stateAdding
		if err := tx.Exec(ctx, note, oldForm, stateRemoving); err != nil {
			return err
		}
	}
	return tx.Exec(ctx, note, indexForm, state)
}

// formed reports whether every resource has the rows of the present form.
func (s *Store) formed() bool { return s.form.Load() }

// refreshOwn reads the own parameters and the state of the index.
func (s *Store) refreshOwn(ctx context.Context) error {
	s.knowing.Lock()
	defer s.knowing.Unlock()
	own, err := s.loadOwn(ctx, s.read, s.own.Load())
	if err != nil {
		return err
	}
	var state int
	if !s.formed() {
		if _, err := s.read.Row(ctx, []any{&state}, `select state from indexing where name = ?`, indexForm); err != nil {
			return err
		}
		s.form.Store(state == stateReady)
	}
	s.own.Store(own)
	return nil
}

// freshOwn looks again before a commit when nobody has for a while.
func (s *Store) freshOwn(ctx context.Context) error {
	if o := s.own.Load(); o != nil && time.Since(o.read) < freshFor {
		return nil
	}
	return s.refreshOwn(ctx)
}

// keepIndex looks for changes until ctx ends; the leader also works on them.
func (s *Store) keepIndex(ctx context.Context) {
	for ctx.Err() == nil {
		more := false
		err := s.refreshOwn(ctx)
		if err == nil && s.leads.leading() {
			more, err = s.indexStep(ctx)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("index not kept", "error", err)
			more = false
		}
		if more {
			continue
		}
		select {
		case <-ctx.Done():
		case <-time.After(keepPause):
		}
	}
}

// indexStep does one piece of what the index needs; more when it should be
// called again at once.
func (s *Store) indexStep(ctx context.Context) (more bool, err error) {
	own := s.own.Load()
	jobs, err := s.indexings(ctx)
	if err != nil {
		return false, err
	}
	if changed, err := s.reconcile(ctx, own, jobs); changed || err != nil {
		return true, err
	}
	for _, j := range jobs {
		if j.state == stateRemoving {
			return true, s.removeRows(ctx, j)
		}
	}
	group := s.next(jobs)
	if len(group) == 0 {
		return false, nil
	}
	if ok, err := s.settled(ctx, group); !ok || err != nil {
		return false, err
	}
	return true, s.addRows(ctx, own, group)
}

func (s *Store) indexings(ctx context.Context) ([]indexing, error) {
	var jobs []indexing
	err := s.read.Rows(ctx, `select name, about, state, since, rid from indexing order by name`, nil, func(scan func(...any) error) error {
		var j indexing
		err := scan(&j.name, &j.about, &j.state, &j.since, &j.rid)
		jobs = append(jobs, j)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the state of the index: %w", err)
	}
	return jobs, nil
}

// reconcile notes parameters that are new and those that are gone.
func (s *Store) reconcile(ctx context.Context, own *ownParams, jobs []indexing) (changed bool, err error) {
	var come []*ownParam
	have := map[string]bool{}
	for _, p := range own.all() {
		if have[p.Code] = true; !slices.ContainsFunc(jobs, func(j indexing) bool { return j.name == p.Code }) {
			come = append(come, p)
		}
	}
	gone := slices.DeleteFunc(slices.Clone(jobs), func(j indexing) bool { return !isOwn(j.name) || have[j.name] || j.state == stateRemoving })
	if len(come)+len(gone) == 0 {
		return false, nil
	}
	return true, s.write.do(ctx, func(tx *commitTx) error {
		for _, p := range come {
			if err := tx.Exec(ctx, `insert into indexing (name, about, state, since, rid) values (?, ?, ?, ?, 0) on conflict (name) do nothing`,
				p.Code, strings.Join(p.types, " "), stateAdding, time.Now().UnixMicro()); err != nil {
				return err
			}
		}
		for _, j := range gone {
			if err := tx.Exec(ctx, `update indexing set state = ? where name = ?`, stateRemoving, j.name); err != nil {
				return err
			}
		}
		return nil
	})
}

// next returns the work that has come least far, all that stands at one place.
func (s *Store) next(jobs []indexing) []indexing {
	var group []indexing
	for _, j := range jobs {
		switch {
		case j.state != stateAdding:
		case len(group) == 0 || j.rid < group[0].rid:
			group = []indexing{j}
		case j.rid == group[0].rid:
			group = append(group, j)
		}
	}
	return group
}

// settled reports whether everybody knows of the parameters of a group.
func (s *Store) settled(ctx context.Context, group []indexing) (bool, error) {
	since := int64(0)
	for _, j := range group {
		since = max(since, j.since)
	}
	known := time.UnixMicro(since).Add(s.settle)
	if since == 0 || group[0].rid > 0 {
		return true, nil
	}
	if time.Now().Before(known) {
		return false, nil
	}
	return s.Ended(ctx, known)
}

// addRows writes the rows of a group for the next resources; behind the last
// one the group is ready.
func (s *Store) addRows(ctx context.Context, own *ownParams, group []indexing) error {
	wanted := map[int64]bool{}
	whole := false
	for _, j := range group {
		whole = whole || j.name == indexForm
		for _, p := range j.places() {
			wanted[p] = true
		}
	}
	err := s.write.do(ctx, func(tx *commitTx) error {
		docs, order, err := documents(ctx, tx, own, `rid > ? order by rid limit ?`, group[0].rid, reindexDocs)
		if err != nil {
			return err
		}
		state, last := stateReady, group[0].rid
		if len(order) > 0 {
			state, last = stateAdding, order[len(order)-1].rid
		}
		for _, one := range order {
			for _, r := range docs[one.rid] {
				if !whole && !wanted[r.p] {
					continue
				}
				text, args := r.insert(one.rid, one.t)
				if err := tx.Exec(ctx, text+" on conflict do nothing", args...); err != nil {
					return err
				}
			}
		}
		for _, j := range group {
			if err := tx.Exec(ctx, `update indexing set state = ?, rid = ? where name = ? and state = ?`, state, last, j.name, stateAdding); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("adding index rows: %w", err)
	}
	return nil
}

// places lists where the rows of a job lie.
func (j indexing) places() []int64 {
	var ps []int64
	for _, typ := range strings.Fields(j.about) {
		ps = append(ps, paramHash(typ, j.name), identifierParam(typ, j.name))
	}
	return ps
}

// removeRows takes away some rows of what is gone, and with the last of them the
// line that remembers it.
func (s *Store) removeRows(ctx context.Context, j indexing) error {
	if !isOwn(j.name) { // a form: what it had more lies anywhere
		for _, t := range []table{tableEqual, tableString, tableRange, tableComposite} {
			if err := s.reindexRemove(ctx, t); err != nil {
				return fmt.Errorf("removing index rows: %w", err)
			}
		}
		return s.forget(ctx, j)
	}
	done := false
	err := s.write.do(ctx, func(tx *commitTx) error {
		left := reindexRows
		for _, p := range j.places() {
			for _, t := range []table{tableEqual, tableString, tableRange, tableComposite} {
				found, err := rowsAt(ctx, tx, t, p, left)
				if err != nil {
					return err
				}
				for _, x := range found {
					text, args := x.remove(x.rid, x.t)
					if err := tx.Exec(ctx, text, args...); err != nil {
						return err
					}
				}
				if left -= len(found); left <= 0 {
					return nil
				}
			}
		}
		done = true
		return nil
	})
	if err == nil && done {
		err = s.forget(ctx, j)
	}
	if err != nil {
		return fmt.Errorf("removing index rows: %w", err)
	}
	return nil
}

// forget takes away the line of a job.
func (s *Store) forget(ctx context.Context, j indexing) error {
	return s.write.do(ctx, func(tx *commitTx) error { return tx.Exec(ctx, `delete from indexing where name = ?`, j.name) })
}

// rowsAt reads the first rows of one parameter.
func rowsAt(ctx context.Context, r reader, t table, p int64, limit int) ([]indexed, error) {
	columns, from, dest := t.columns()
	var found []indexed
	err := r.Rows(ctx, "select "+columns+" from "+from+" where p = ? order by "+columns+" limit ?", []any{p, limit}, func(scan func(...any) error) error {
		x := indexed{row: row{table: t}}
		err := scan(dest(&x)...)
		found = append(found, x)
		return err
	})
	return found, err
}

// Indexing lists what the index is still being brought in line with: its form,
// and search parameters of the store's own that cannot be searched by yet.
func (s *Store) Indexing(ctx context.Context) ([]string, error) {
	jobs, err := s.indexings(ctx)
	var names []string
	for _, j := range jobs {
		if j.state == stateAdding {
			names = append(names, strings.TrimSpace(spoken(j.name)+" "+j.about))
		}
	}
	return names, err
}

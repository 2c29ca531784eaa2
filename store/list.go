// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"

	"mach/issue"
	"mach/vn"
)

// Scan copies the columns of the row at hand into dest.
type Scan func(dest ...any) error

// List asks a question of view tables as the actor of d and returns the rows
// that the guard allows to be found, in the order of the statement. The people
// returned are in the audit before List answers; so is the one that was found
// and refused. unit says whose list it is,
// for the audit; zero for one's own. The statement reads view tables only.
//
// The guard drops rows after the statement's limit: ask for rows in reach, or
// use [First].
func List[T Row](ctx context.Context, d Door, unit vn.UnitID, scan func(Scan) (T, error), sql string, args ...any) ([]T, error) {
	return list(ctx, d, ActSearch, unit, scan, sql, args)
}

// Identify is [List] for who somebody is, and no more: name, sex, birth year,
// commune. Every row is judged with [ActIdentify].
func Identify[T Row](ctx context.Context, d Door, unit vn.UnitID, scan func(Scan) (T, error), sql string, args ...any) ([]T, error) {
	return list(ctx, d, ActIdentify, unit, scan, sql, args)
}

// Figures asks for numbers about a unit that name nobody. The guard decides
// once about the unit; Forbidden when it does not allow.
func Figures[T any](ctx context.Context, d Door, unit vn.UnitID, scan func(Scan) (T, error), sql string, args ...any) ([]T, error) {
	ctx = withRequest(ctx, d.a)
	labels := Labels{Unit: unit}
	dec := d.s.decide(d.a, ActFigures, labels, nil, nil, d.s.cfg.Now())
	if err := d.s.auditMany(ctx, d.a, ActFigures, []Seen{{Labels: labels, Decision: dec}}); err != nil {
		return nil, err
	}
	if !dec.Allow {
		return nil, issue.New(issue.Forbidden, "store.forbidden")
	}
	return scanned(ctx, d.views(), scan, sql, args)
}

// Whole reports whether figures of the unit may count for the actor what
// carries the labels: not for who could set the figure beside a list. The
// figures themselves are audited.
func (d Door) Whole(unit vn.UnitID, labels ...string) bool {
	return d.s.decide(d.a, ActFigures, Labels{Unit: unit, Sensitivity: labels}, nil, nil, d.s.cfg.Now()).Allow
}

// First returns the first n rows of a list that may be found, and whether more
// may be. The statement ends in "limit ?", which First fills in: where the
// guard drops rows, it asks for more of them. See [List] for the rest.
func First[T Row](ctx context.Context, d Door, unit vn.UnitID, n int, scan func(Scan) (T, error), sql string, args ...any) (rows []T, more bool, err error) {
	ctx = withRequest(ctx, d.a)
	for limit := n + 1; ; limit *= 4 {
		all, err := scanned(ctx, d.views(), scan, sql, append(slices.Clone(args), limit))
		if err != nil {
			return nil, false, err
		}
		kept, seen, _, err := judged(ctx, d, ActSearch, all)
		if err != nil {
			return nil, false, err
		}
		if len(kept) > n || len(all) < limit {
			more, n = len(kept) > n, min(n, len(kept))
			if err := d.listed(ctx, ActSearch, unit, seen[:n]); err != nil {
				return nil, false, err
			}
			return kept[:n], more, nil
		}
	}
}

func list[T Row](ctx context.Context, d Door, act Action, unit vn.UnitID, scan func(Scan) (T, error), sql string, args []any) ([]T, error) {
	ctx = withRequest(ctx, d.a)
	all, err := scanned(ctx, d.views(), scan, sql, args)
	if err != nil {
		return nil, err
	}
	kept, seen, refused, err := judged(ctx, d, act, all)
	if err != nil {
		return nil, err
	}
	if len(all) == 1 && len(kept) == 0 { // asked for one thing and refused: no empty list
		seen = refused
	}
	if err := d.listed(ctx, act, unit, seen); err != nil {
		return nil, err
	}
	return kept, nil
}

// judged keeps the rows that the guard allows, each with the decision, and the
// decisions about the others.
func judged[T Row](ctx context.Context, d Door, act Action, all []T) (kept []T, seen, refused []Seen, err error) {
	var patients []string
	for _, row := range all {
		if p := row.Labels().Patient; p != "" {
			patients = append(patients, p)
		}
	}
	if len(patients) == 0 { // nothing found takes as long as nothing shown
		patients = []string{""}
	}
	rels, err := relationsOf(ctx, d.s.read, d.a, patients...)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("relations of a list: %w", err)
	}
	now := d.s.cfg.Now()
	kept, seen = make([]T, 0, len(all)), make([]Seen, 0, len(all))
	for _, row := range all {
		l := row.Labels()
		one := Seen{Labels: l, Decision: d.s.decide(d.a, act, l, nil, rels[l.Patient], now)}
		if !one.Decision.Allow {
			refused = append(refused, one)
			continue
		}
		kept, seen = append(kept, row), append(seen, one)
	}
	return kept, seen, refused, nil
}

// listed puts who is returned in the audit, or else the question itself.
func (d Door) listed(ctx context.Context, act Action, unit vn.UnitID, seen []Seen) error {
	if len(seen) == 0 {
		seen = append(seen, Seen{Labels: Labels{Unit: unit}, Decision: Decision{Allow: true, Reason: "empty"}})
	}
	return d.s.auditMany(ctx, d.a, act, seen)
}

func scanned[T any](ctx context.Context, r reader, scan func(Scan) (T, error), sql string, args []any) ([]T, error) {
	var out []T
	err := r.Rows(ctx, sql, args, func(row func(...any) error) error {
		v, err := scan(row)
		if err == nil {
			out = append(out, v)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading a view: %w", err)
	}
	return out, nil
}

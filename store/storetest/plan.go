// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"mach/fhir"
	"mach/store"
)

// MayScan names tables that followers may read whole: those that stay small, and
// those that are seldom asked so. Whatever else a statement of a follower goes
// through row by row makes each change dearer with all that came before, and the
// test fails.
func MayScan(tables ...string) Option {
	return func(o *options) { o.scanned = append(o.scanned, tables...) }
}

// watched is the follower with a look at the plans of its statements, on SQLite.
func watched(t testing.TB, f store.Follower, may []string) store.Follower {
	apply, w := f.Apply, &plans{t: t, may: may}
	f.Apply = func(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
		return apply(ctx, watchedTx{tx, w}, c, now, before)
	}
	return f
}

// plans are the statements whose plans were looked at.
type plans struct {
	t    testing.TB
	may  []string
	seen sync.Map
}

type watchedTx struct {
	store.Tx
	*plans
}

func (w watchedTx) Exec(ctx context.Context, sql string, args ...any) error {
	w.look(ctx, sql, args)
	return w.Tx.Exec(ctx, sql, args...)
}

func (w watchedTx) Row(ctx context.Context, dest []any, sql string, args ...any) (bool, error) {
	w.look(ctx, sql, args)
	return w.Tx.Row(ctx, dest, sql, args...)
}

func (w watchedTx) Rows(ctx context.Context, sql string, args []any, scan func(func(...any) error) error) error {
	w.look(ctx, sql, args)
	return w.Tx.Rows(ctx, sql, args, scan)
}

func (w watchedTx) look(ctx context.Context, sql string, args []any) {
	if _, known := w.seen.LoadOrStore(sql, true); known {
		return
	}
	_ = w.Tx.Rows(ctx, "explain query plan "+sql, args, func(scan func(...any) error) error { // what fails, fails when it runs
		var id, parent, unused int
		var step string
		if err := scan(&id, &parent, &unused, &step); err != nil {
			return err
		}
		words := strings.Fields(step)
		if len(words) < 2 || words[0] != "SCAN" || words[1] == "CONSTANT" || slices.ContainsFunc(w.may, func(table string) bool { return tableOf(sql, words[1]) == table }) {
			return nil
		}
		w.t.Errorf("a statement of a follower reads a whole table (%s): %s", step, strings.Join(strings.Fields(sql), " "))
		return nil
	})
}

// tableOf is the table that a plan names, perhaps by its alias.
func tableOf(sql, name string) string {
	words := strings.Fields(sql)
	for i, w := range words[:max(0, len(words)-1)] {
		if (w == "from" || w == "join") && i+2 < len(words) && words[i+2] == name {
			return words[i+1]
		}
	}
	return name
}

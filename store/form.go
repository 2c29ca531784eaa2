// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"strings"
)

// Forms remembers where answered forms led, for a day, beside the keys of
// [Door.CommitOnce]: a form that is sent again after a restart, or to another
// process, leads to the same place and does nothing.
type Forms struct{ s *Store }

// Forms returns the memory of answered forms.
func (s *Store) Forms() Forms { return Forms{s} }

// A key of a form cannot meet one of CommitOnce, which begins with an account.
func formKey(account, key string) string { return "form\n" + account + "\n" + key }

// Answered returns what the form with the key said and where its answer led.
func (f Forms) Answered(ctx context.Context, account, key string) (said, location string, found bool, err error) {
	var answer string
	found, err = f.s.read.Row(ctx, []any{&answer}, `select answer from once where k = ? and at > ?`,
		formKey(account, key), f.s.cfg.Now().Add(-onceFor).UnixMicro())
	if err != nil {
		return "", "", false, fmt.Errorf("looking for an answered form: %w", err)
	}
	said, location, _ = strings.Cut(answer, "\n")
	return said, location, found, nil
}

// Keep remembers both; it is durable when Keep returns.
func (f Forms) Keep(ctx context.Context, account, key, said, location string) error {
	err := f.s.write.do(ctx, func(tx *commitTx) error {
		return tx.Exec(ctx, `insert into once (k, at, commit_id, answer) values (?, ?, 0, ?)
			on conflict (k) do update set at = excluded.at, answer = excluded.answer`,
			formKey(account, key), f.s.cfg.Now().UnixMicro(), said+"\n"+location)
	})
	if err != nil {
		return fmt.Errorf("keeping an answered form: %w", err)
	}
	return nil
}

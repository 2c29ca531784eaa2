// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
)

// onceFor is how long an idempotency key is remembered.
const onceFor = 24 * time.Hour

// CommitOnce is [Door.Commit] under an idempotency key, such as the one a form
// carries: the second commit of an account with the same key writes nothing
// and gets the receipt of the first, for 24 hours. The same key with other
// operations is refused (Conflict).
func (d Door) CommitOnce(ctx context.Context, key string, ops ...Op) (Receipt, error) {
	if key == "" {
		return Receipt{}, issue.New(issue.Required, "store.once.missing")
	}
	return d.commit(ctx, d.a.Account+"\n"+key, ops)
}

// answered looks for the receipt of an earlier commit under the key.
func (d Door) answered(ctx context.Context, tx *commitTx, key string, ops []Op) (Receipt, bool, error) {
	var at int64
	var r Receipt
	var answer string
	found, err := tx.Row(ctx, []any{&at, &r.commit, &answer}, `select at, commit_id, answer from once where k = ?`, key)
	if err != nil || !found {
		return r, false, err
	}
	if d.s.cfg.Now().Sub(time.UnixMicro(at)) > onceFor {
		return r, false, tx.Exec(ctx, `delete from once where k = ?`, key)
	}
	digest, lines, _ := strings.Cut(answer, "\n")
	if digest != digestOf(ops) {
		return r, false, issue.New(issue.Conflict, "store.once.other")
	}
	c := commit{s: d.s, a: d.a, tx: tx}
	for line := range strings.Lines(lines) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), " ")
		if len(f) != 4 {
			return r, false, fmt.Errorf("an idempotency key with a broken answer")
		}
		doc, err := c.earlier(ctx, f[0], f[1], f[2])
		if err != nil {
			return r, false, err
		}
		r.Docs, r.Changed = append(r.Docs, doc), append(r.Changed, f[3] == "true")
	}
	return r, true, c.audit(ctx)
}

// earlier reads the version that an earlier answer names; nil for a delete.
func (c *commit) earlier(ctx context.Context, typ, id, version string) (*fhir.Doc, error) {
	row, err := load(ctx, c.tx, typ, id)
	if err != nil || row == nil || version == "-" {
		return nil, err
	}
	c.seen = append(c.seen, decided{ActRead, row.labels, Decision{Allow: true, Reason: "own-commit"}, ""})
	if versionID(row.ver) == version {
		return row.doc()
	}
	var body string
	if _, err := c.tx.Row(ctx, []any{&body}, `select body from ver where rid = ? and cast(ver as text) = ?`, row.rid, version); err != nil || body == "" {
		return nil, err
	}
	return fhir.ParseString(body)
}

// remember keeps the receipt under the key.
func (d Door) remember(ctx context.Context, tx *commitTx, key string, ops []Op, r Receipt) error {
	var b strings.Builder
	b.WriteString(digestOf(ops) + "\n")
	for i, op := range ops {
		if doc := r.Docs[i]; doc != nil {
			fmt.Fprintf(&b, "%s %s %s %t\n", doc.Type(), doc.ID(), doc.VersionID(), r.Changed[i])
		} else {
			fmt.Fprintf(&b, "%s %s - %t\n", op.typ, op.id, r.Changed[i])
		}
	}
	return tx.Exec(ctx, `insert into once (k, at, commit_id, answer) values (?, ?, ?, ?)`, key, d.s.cfg.Now().UnixMicro(), r.commit, b.String())
}

// digestOf tells operations apart.
func digestOf(ops []Op) string {
	h := sha256.New()
	for _, op := range ops {
		text := ""
		if op.doc != nil {
			text = op.doc.Compact().Text()
		}
		unless := ""
		if op.unless != nil {
			unless = *op.unless
		}
		fmt.Fprintf(h, "%d %q %q %d %q %q\n", op.kind, op.typ, op.id, op.version, unless, text)
	}
	return hex.EncodeToString(h.Sum(nil))
}

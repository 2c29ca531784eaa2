// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"slices"
	"strings"

	"mach/audit"
)

// save writes one version: the row, the superseded version, the difference of
// the search index.
func (c *commit) save(ctx context.Context, w *written) error {
	body, del := "", 1
	if w.doc != nil {
		body, del = w.doc.Text(), 0
	}
	l := w.Labels
	if w.old == nil {
		if err := c.tx.later(ctx, `insert into res (rid, t, kh, typ, id, ver, upd, op, actor, del, patient, facility, unit, sens, category, draft, author, body)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			w.rid, w.t, hash64(w.typ+"/"+w.id), w.typ, w.id, w.ver, w.at.UnixMicro(), w.op, c.a.Account, del,
			l.Patient, l.Facility, int64(l.Unit), strings.Join(l.Sensitivity, " "), l.Category, flag(l.Draft), l.Author, body); err != nil {
			return err
		}
	} else {
		if err := c.tx.later(ctx, `insert into ver (rid, ver, t, upd, op, actor, body) values (?, ?, ?, ?, ?, ?, ?)`,
			w.rid, w.old.ver, w.old.t, w.old.upd, w.old.op, w.old.actor, w.old.body); err != nil {
			return err
		}
		if err := c.tx.Exec(ctx, `update res set ver = ?, upd = ?, op = ?, actor = ?, del = ?, patient = ?, facility = ?, unit = ?, sens = ?,
			category = ?, draft = ?, author = ?, body = ? where rid = ? and t = ?`,
			w.ver, w.at.UnixMicro(), w.op, c.a.Account, del, l.Patient, l.Facility, int64(l.Unit), strings.Join(l.Sensitivity, " "),
			l.Category, flag(l.Draft), l.Author, body, w.rid, w.t); err != nil {
			return err
		}
	}
	for text, args := range c.s.own.Load().statements(w) {
		if err := c.tx.later(ctx, text, args...); err != nil {
			return err
		}
	}
	if w.step >= 0 {
		c.steps[w.step].changed, c.steps[w.step].result = true, w.doc
	}
	return nil
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// log leaves one change line for each version. On SQLite the lines are
// numbered here; on PostgreSQL the sequencer numbers them after the commit.
func (c *commit) log(ctx context.Context) error {
	if c.tx.pg != nil {
		c.id = c.s.ids.next()
	}
	for _, w := range c.work {
		text := `insert into change (seq, rid, t, ver, op, at, site, actor, facility, unit, sens) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
		number := c.id
		if c.tx.pg != nil {
			text = `insert into pending (cid, rid, t, ver, op, at, site, actor, facility, unit, sens) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
		} else {
			c.tx.logged++
			number, c.id = c.tx.logged, c.tx.logged
		}
		err := c.tx.later(ctx, text, number, w.rid, w.t, w.ver, w.op, w.at.UnixMicro(), c.s.cfg.Site, c.a.Account,
			w.Labels.Facility, int64(w.Labels.Unit), strings.Join(w.Labels.Sensitivity, " "))
		if err != nil {
			return err
		}
	}
	return nil
}

// decided is one allowed decision of a commit.
type decided struct {
	act    Action
	labels Labels
	dec    Decision
	reason string
}

// audit writes what was done to whom.
func (c *commit) audit(ctx context.Context) error {
	type key struct {
		act     Action
		patient string
	}
	at := map[key]int{}
	var rows []audit.Row // of one action and person each
	for _, a := range c.asked {
		c.seen = append(c.seen, decided{ActSearch, a.Labels, a.Decision, ""})
	}
	for _, d := range c.seen {
		k := key{d.act, d.labels.Patient}
		i, ok := at[k]
		if !ok {
			r := c.s.auditRow(c.a, d.act, Seen{Labels: d.labels, Decision: d.dec})
			r.Reason = because(r.Reason, d.reason)
			at[k], rows = len(rows), append(rows, r)
			continue
		}
		row := &rows[i]
		if row.Target != d.labels.Type+"/"+d.labels.ID {
			row.Target = ""
		}
		row.Types = union(row.Types, d.labels.Type)
		for _, code := range d.labels.Sensitivity {
			row.Sensitivity = union(row.Sensitivity, code)
		}
	}
	return c.tx.writeAudit(ctx, together(rows)...)
}

func because(policy, reason string) string {
	if reason == "" {
		return policy
	}
	return policy + ": " + reason
}

// union adds a word to a sorted list.
func union(words []string, word string) []string {
	i, there := slices.BinarySearch(words, word)
	if there {
		return words
	}
	return slices.Insert(slices.Clone(words), i, word)
}

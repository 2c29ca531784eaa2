// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"embed"
	"encoding/json"
	"math"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// view is the follower's name, topic what its pages live on.
const view, topic = "events", "view:events"

// Follower keeps events, foci, contacts and tasks.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: view, Version: 7, Tables: store.Tables(tables, "tables"), Apply: m.apply,
		Types: []string{"Communication", "Condition", "Task"},
	}
}

func (m *Module) apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	switch c.Type {
	case "Communication":
		if err := m.applyNotice(ctx, tx, c, now); err != nil {
			return err
		}
		return m.applyStep(ctx, tx, c, now)
	case "Condition":
		if err := m.applyDiagnosis(ctx, tx, c, now, before == nil); err != nil {
			return err
		}
		if err := m.applyCase(ctx, tx, c, now); err != nil {
			return err
		}
		return m.applyDeath(ctx, tx, c, now)
	case "Task":
		if err := m.applyContact(ctx, tx, c, now); err != nil {
			return err
		}
		return m.applyDuty(ctx, tx, c, now)
	}
	return nil
}

// applyStep keeps a step and folds its event anew. Steps may come before the
// signal they follow: an import has no order.
func (m *Module) applyStep(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	was := ""
	had, err := tx.Row(ctx, []any{&was}, `select event from events_step where id = ?`, c.ID)
	if err != nil {
		return err
	}
	is, has := m.stepOf(c, now)
	if !had && !has {
		return nil
	}
	seq := c.Seq
	if had { // written again: it stays in its place
		if _, err := tx.Row(ctx, []any{&seq}, `select seq from events_step where id = ?`, c.ID); err != nil {
			return err
		}
		if err := tx.Exec(ctx, `delete from events_step where id = ?`, c.ID); err != nil {
			return err
		}
	}
	if has {
		b, err := json.Marshal(is)
		if err != nil {
			return err
		}
		if err := tx.Exec(ctx, `insert into events_step (id, seq, event, step) values (?, ?, ?, ?)`, c.ID, seq, is.Event, string(b)); err != nil {
			return err
		}
	}
	if had && was != is.Event {
		if err := m.refold(ctx, tx, was); err != nil {
			return err
		}
	}
	if has {
		return m.refold(ctx, tx, is.Event)
	}
	return nil
}

// early is how many days before its focus began a case may have fallen ill and
// still belong to it: longer than any incubation counted here.
const early = 60

// refold works out one event from its steps.
func (m *Module) refold(ctx context.Context, tx store.Tx, id string) error {
	var steps []Step
	err := tx.Rows(ctx, `select step from events_step where event = ? order by seq, id`, []any{id}, func(scan func(...any) error) error {
		var b string
		var s Step
		if err := scan(&b); err != nil {
			return err
		}
		err := json.Unmarshal([]byte(b), &s)
		steps = append(steps, s)
		return err
	})
	if err != nil {
		return err
	}
	if err := tx.Exec(ctx, `delete from events_event where id = ?`, id); err != nil {
		return err
	}
	e, ok := fold(steps)
	if !ok {
		return nil
	}
	b, err := json.Marshal(e)
	if err != nil {
		return err
	}
	first, last := int64(math.MinInt32), int64(math.MaxInt32)
	if e.Since.Known() {
		first = int64(e.Since) - early
	}
	if !e.Closed.IsZero() {
		last = int64(vn.DateOf(e.Closed))
	}
	return tx.Exec(ctx, `
		insert into events_event (id, unit, province, stage, disease, focus, first, last, author, told, moved, event)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		e.ID, int64(e.Unit), int64(m.units.ProvinceOf(e.Unit)), string(e.Stage), e.Disease, vn.Fold(e.Focus), first, last,
		e.Author, e.Told.UnixMicro(), e.Moved.UnixMicro(), string(b))
}

// applyNotice keeps forms 01 and 02, so that an event can name the one it led
// to.
func (m *Module) applyNotice(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if c.Labels.Category != "epidemic" && now != nil {
		return nil
	}
	if err := tx.Exec(ctx, `delete from events_notice where id = ?`, c.ID); err != nil || now == nil {
		return err
	}
	form := ""
	for cat := range now.Each("category") {
		if code := cat.Code(fhir.Base + "/cs/epidemic-form"); code != "" {
			form = code
		}
	}
	unit, ok := casereport.UnitIn(now, m.units)
	if form == "" || !ok || now.Get("status").String() == "entered-in-error" {
		return nil
	}
	return tx.Exec(ctx, `insert into events_notice (id, form, opens, disease, unit, day, facility) values (?, ?, ?, ?, ?, ?, ?)`,
		c.ID, form, now.Get("inResponseTo", "0").RefID("Communication"), now.Get("topic").Code(casereport.SystemDisease),
		int64(m.units.Latest(unit)), int64(casereport.Day(now.Get("sent").String())), c.Labels.Facility)
}

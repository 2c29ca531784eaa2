// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"slices"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// applyStep keeps the steps of events: a signal may answer an alert, the cases
// of an open focus are taken out before testing. Where a focus was opened,
// named anew or closed, its disease and unit are judged again at once.
func (m *Module) applyStep(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	was, err := fociOf(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	if err := m.keepStep(ctx, tx, c, now); err != nil {
		return err
	}
	is, err := fociOf(ctx, tx, c.ID)
	if err != nil || slices.Equal(was, is) {
		return err
	}
	t := turn{Module: m, tx: tx, c: c}
	for _, p := range append(was, is...) {
		d, ok := m.diseases.ByID(p.disease)
		if !ok || d.Closed || slices.ContainsFunc(t.touched, func(x touch) bool { return x.disease.ID == d.ID && x.unit == p.unit }) {
			continue
		}
		rule, err := m.ruleAt(ctx, tx, d, p.unit, vn.DateOf(c.At))
		if err != nil {
			return err
		}
		t.touched = append(t.touched, touch{disease: d, unit: p.unit, day: vn.WeekOf(vn.DateOf(c.At)).Start().AddDays(-7 * rule.BackWeeks)})
	}
	return t.judge(ctx)
}

// fociOf are the series that a step opens or closes a focus of: those of the
// foci of its event. Each names how many steps it rests on, so that one more is
// a difference.
func fociOf(ctx context.Context, tx store.Tx, step string) (out []focusOf, err error) {
	err = tx.Rows(ctx, `
		select f.disease, f.unit, f.focus, count(*), max(e.seq) from detection_step s
		  join detection_step f on f.first = s.first and f.kind = 'focus' and f.focus <> ''
		  join detection_step e on e.first = s.first and e.kind in ('focus', 'closed')
		 where s.step = ? and s.kind in ('focus', 'closed') group by f.step, f.disease, f.unit, f.focus order by f.step`, []any{step}, func(scan func(...any) error) error {
		var f focusOf
		var unit int64
		err := scan(&f.disease, &unit, &f.name, &f.steps, &f.seq)
		f.unit = vn.UnitID(unit)
		out = append(out, f)
		return err
	})
	return out, err
}

// focusOf is a focus as its event's steps leave it.
type focusOf struct {
	disease string
	unit    vn.UnitID
	name    string
	steps   int
	seq     int64
}

// keepStep writes the row of a step.
func (m *Module) keepStep(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	was, err := answered(ctx, tx, `select alert from detection_step where step = ?`, c.ID)
	if err != nil {
		return err
	}
	if err := tx.Exec(ctx, `delete from detection_step where step = ?`, c.ID); err != nil {
		return err
	}
	kind := ""
	if now != nil && now.Get("status").String() != "entered-in-error" {
		kind = codeIn(now, csStep)
	}
	if kind == "" {
		return m.resettle(ctx, tx, was)
	}
	first, day := fhir.IDOf(now.Get("inResponseTo", "reference").String()), casereport.Day(now.Get("sent").String())
	if first == "" {
		first = c.ID
	}
	if !day.Known() {
		day = vn.DateOf(c.At)
	}
	unit, alert := m.units.Latest(c.Labels.Unit), now.Identifier(SystemAlert)
	if alert != "" && kind == "signal" {
		t := turn{Module: m, tx: tx, c: c}
		var of vn.UnitID
		if alert, of, err = t.named(ctx, alert); err != nil {
			return err
		}
		if !m.units.Within(unit, of) {
			alert = "" // it answers no alert of its place
		}
	}
	if err := tx.Exec(ctx, `insert into detection_step (step, first, kind, disease, unit, focus, alert, day, at, seq) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, first, kind, now.Get("topic", "coding", "code").String(), int64(unit), focusIn(now), alert, int64(day), c.At.UnixMicro(), c.Seq); err != nil {
		return err
	}
	return m.resettle(ctx, tx, was, alert)
}

func focusIn(d *fhir.Doc) string {
	for x := range d.Each("extension") {
		if x.Get("url").String() == extFocusName {
			return vn.Fold(x.Get("valueString").String())
		}
	}
	return ""
}

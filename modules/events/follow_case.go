// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"strings"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// applyCase keeps what foci need of a case report. Those of the closed desk
// are not kept.
func (m *Module) applyCase(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	before := vn.ZeroDate
	var was casereport.Kept
	var day int64
	had, err := tx.Row(ctx, []any{&day, &was.Disease, &was.Cause, &was.Names, &was.SameAs, &was.Claimed},
		`select day, disease, cause, cause_disease, same_as, claimed from events_case where report = ?`, c.ID)
	if err != nil {
		return err
	}
	if had {
		before = vn.Date(day)
		if err := tx.Exec(ctx, `delete from events_case where report = ?`, c.ID); err != nil {
			return err
		}
	}
	if !casereport.Is(now) {
		return nil
	}
	r, ok := casereport.Of(now, m.diseases, m.units)
	disease, _ := m.diseases.ByID(r.Disease)
	if !ok || c.Labels.Patient == "" || disease.Closed || len(c.Labels.Sensitivity) > 0 {
		return nil
	}
	names := ""
	if r.Cause != "" {
		if _, err := tx.Row(ctx, []any{&names}, `select disease from events_cause where cause = ?`, r.Cause); err != nil {
			return err
		}
	}
	class, then := r.Rests(was, names)
	unit := r.Unit
	if unit == 0 {
		unit = c.Labels.Unit
	}
	unit = m.units.Latest(unit)
	onset, died := int64(-1), 0
	if r.Onset.Known() {
		onset = int64(r.Onset)
	}
	if r.Died.Known() {
		died = 1
	}
	return tx.Exec(ctx, `
		insert into events_case (report, disease, patient, form, unit, province, day, onset, class, claimed, cause, cause_disease, same_as, focus, died,
		       facility, label_unit, sensitivity, version, exposed)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, r.Disease, c.Labels.Patient, formOf(now), int64(unit), int64(m.units.ProvinceOf(unit)), int64(r.DayOn(c.At, before)), onset,
		string(class), string(r.Claimed), r.Cause, then, r.SameAs, r.Focus, died,
		c.Labels.Facility, int64(c.Labels.Unit), strings.Join(c.Labels.Sensitivity, " "), c.Version, lineOf(exposuresOf(now)))
}

// applyDiagnosis keeps which notifiable disease a diagnosis names: a suspect case
// that rests on it holds no focus when it names another one.
func (m *Module) applyDiagnosis(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc, first bool) error {
	disease := ""
	if d, _, ok := casereport.Diagnosed(now, c.At, m.diseases); ok && !d.Closed && len(c.Labels.Sensitivity) == 0 {
		disease = d.ID
	}
	if err := tx.Exec(ctx, `delete from events_cause where cause = ?`, c.ID); err != nil {
		return err
	}
	if disease != "" {
		if err := tx.Exec(ctx, `insert into events_cause (cause, disease) values (?, ?)`, c.ID, disease); err != nil {
			return err
		}
	}
	if first { // a report that came before it was written of what it says first
		if err := tx.Exec(ctx, `update events_case set cause_disease = ? where cause = ? and cause <> '' and cause_disease = ''`, disease, c.ID); err != nil {
			return err
		}
	}
	classes := map[string]casereport.Class{}
	err := tx.Rows(ctx, `select report, disease, class, claimed, cause_disease from events_case where cause = ? and cause <> ''`, []any{c.ID}, func(scan func(...any) error) error {
		var report, of, then string
		var class, claimed casereport.Class
		err := scan(&report, &of, &class, &claimed, &then)
		if next := casereport.Resting(of, class, claimed, then, disease); next != class {
			classes[report] = next
		}
		return err
	})
	if err != nil {
		return err
	}
	for report, class := range classes {
		if err := tx.Exec(ctx, `update events_case set class = ? where report = ?`, string(class), report); err != nil {
			return err
		}
	}
	return nil
}

// formOf is the filled form of a case report, "" for none.
func formOf(d *fhir.Doc) string {
	for e := range d.Each("evidence") {
		for detail := range e.Each("detail") {
			if id := detail.RefID("QuestionnaireResponse"); id != "" {
				return id
			}
		}
	}
	return ""
}

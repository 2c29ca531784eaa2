// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// reported is a row of bulletin_case.
type reported struct {
	disease, patient, encounter, cause, causeDisease, facility string
	label, sender, unit                                        vn.UnitID
	day, onset, died                                           vn.Date // vn.ZeroDate = not known
	at                                                         int64   // µs
	late                                                       bool
	class, claimed                                             casereport.Class
	stands                                                     string // report of the same case that counts instead; "" = itself
	icd, focus                                                 string
}

// The axes of counts.
const (
	axisDiagnosis = 0
	axisOnset     = 1
)

// noDay is how a day that is not known stands in the tables.
const noDay = -1

func stored(d vn.Date) int64 {
	if !d.Known() {
		return noDay
	}
	return int64(d)
}

func loaded(d int64) vn.Date {
	if d == noDay {
		return vn.ZeroDate
	}
	return vn.Date(d)
}

const caseColumns = `disease, patient, encounter, cause, cause_disease, facility, label_unit, sender, unit, day, onset, reported, late, class, claimed, icd, focus, died, same_as`

func (k *reported) scan(scan store.Scan) error {
	var label, sender, unit, day, onset, died, late int64
	err := scan(&k.disease, &k.patient, &k.encounter, &k.cause, &k.causeDisease, &k.facility, &label, &sender, &unit,
		&day, &onset, &k.at, &late, &k.class, &k.claimed, &k.icd, &k.focus, &died, &k.stands)
	k.label, k.sender, k.unit, k.late = vn.UnitID(label), vn.UnitID(sender), vn.UnitID(unit), late == 1
	k.day, k.onset, k.died = loaded(day), loaded(onset), loaded(died)
	return err
}

// applyCase keeps the case reports and their counts: what the version before
// counted is taken back.
func (m *Module) applyCase(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	var was reported
	had := false
	err := tx.Rows(ctx, `select `+caseColumns+` from bulletin_case where report = ?`, []any{c.ID}, func(scan func(...any) error) error {
		had = true
		return was.scan(scan)
	})
	if err != nil {
		return err
	}
	is, has, err := m.said(ctx, tx, c, now, was)
	if err != nil || !had && !has {
		return err
	}
	if had {
		is.at, is.late, is.sender = was.at, was.late, was.sender
		if err := tx.Exec(ctx, `delete from bulletin_case where report = ?`, c.ID); err != nil {
			return err
		}
		if err := m.count(ctx, tx, was, -1); err != nil {
			return err
		}
	}
	if !has { // nobody was heard of by what does not stand
		return m.sent(ctx, tx, was.sender, was.day, week{cases: -1, late: -bit(was.late)})
	}
	if err := m.insert(ctx, tx, c.ID, is); err != nil {
		return err
	}
	w := week{cases: 1, late: bit(is.late), last: is.at}
	if had && vn.WeekOf(was.day) != vn.WeekOf(is.day) { // nobody was heard of in a week that was a mistake
		if err := m.sent(ctx, tx, was.sender, was.day, week{cases: -w.cases, late: -w.late}); err != nil {
			return err
		}
		had = false
	}
	if !had {
		if err := m.sent(ctx, tx, is.sender, is.day, w); err != nil {
			return err
		}
	}
	return m.count(ctx, tx, is, +1)
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (m *Module) insert(ctx context.Context, tx store.Tx, report string, k reported) error {
	return tx.Exec(ctx, `insert into bulletin_case (report, province, `+caseColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		report, int64(m.units.ProvinceOf(k.unit)), k.disease, k.patient, k.encounter, k.cause, k.causeDisease, k.facility, int64(k.label), int64(k.sender),
		int64(k.unit), stored(k.day), stored(k.onset), k.at, bit(k.late), string(k.class), string(k.claimed), k.icd, k.focus, stored(k.died), k.stands)
}

// said reads a case report of an open disease. Imported reports were sent when
// they say they were written. was is what the version before said.
func (m *Module) said(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc, was reported) (reported, bool, error) {
	r, ok := casereport.Of(now, m.diseases, m.units)
	if !ok {
		return reported{}, false, nil
	}
	disease, _ := m.diseases.ByID(r.Disease)
	if disease.Closed || len(c.Labels.Sensitivity) > 0 {
		return reported{}, false, nil
	}
	k := reported{
		disease: r.Disease, patient: c.Labels.Patient, encounter: r.Encounter, cause: r.Cause, facility: c.Labels.Facility,
		label: c.Labels.Unit, class: r.Class, claimed: r.Claimed, icd: r.ICD, focus: r.Focus, died: r.Died,
		onset: r.Onset, at: c.At.UnixMicro(), stands: r.SameAs,
	}
	before := vn.ZeroDate
	if was.disease != "" {
		before = was.day
	}
	k.day = r.DayOn(c.At, before)
	sent, diagnosed := c.At, r.Recorded
	switch {
	case !r.Reported.IsZero():
		sent = r.Reported
	case c.Actor == store.SystemActor().Account && !diagnosed.IsZero():
		sent = diagnosed
	}
	if diagnosed.IsZero() {
		diagnosed = (k.day + 1).Time()
	}
	k.at, k.late = sent.UnixMicro(), sent.After(disease.Clock.Due(diagnosed))
	if k.cause != "" {
		names := ""
		if _, err := tx.Row(ctx, []any{&names}, `select disease from bulletin_cause where cause = ?`, k.cause); err != nil {
			return k, false, err
		}
		k.class, k.causeDisease = r.Rests(casereport.Kept{Disease: was.disease, Cause: was.cause, Names: was.causeDisease, SameAs: was.stands, Claimed: was.claimed}, names)
	}
	unit := r.Unit
	if unit == 0 {
		var home int64
		if _, err := tx.Row(ctx, []any{&home}, `select unit from bulletin_person where patient = ?`, k.patient); err != nil {
			return k, false, err
		}
		if unit = vn.UnitID(home); unit == 0 {
			unit = c.Labels.Unit
		}
	}
	k.unit, k.sender = m.units.Latest(unit), m.units.Latest(c.Labels.Unit)
	if k.sender == 0 { // of nobody's making: an import
		k.sender = k.unit
	}
	return k, true, nil
}

// count adds the case to its days, in its commune and in every unit above.
func (m *Module) count(ctx context.Context, tx store.Tx, k reported, by int) error {
	if !k.class.Counts() {
		return nil
	}
	died := 0
	if k.died.Known() {
		died = by
	}
	days := map[int]vn.Date{axisDiagnosis: k.day, axisOnset: k.onset}
	parent := vn.UnitID(0)
	for _, unit := range m.units.Above(k.unit) {
		if by > 0 {
			if err := m.name(ctx, tx, unit); err != nil {
				return err
			}
		}
		for axis, day := range days {
			if !day.Known() {
				continue
			}
			if err := tx.Exec(ctx, `insert into bulletin_count (disease, unit, parent, axis, day, class, value, died) values (?, ?, ?, ?, ?, ?, ?, ?)
				on conflict (unit, axis, disease, day, class) do update
				   set value = bulletin_count.value + excluded.value, died = bulletin_count.died + excluded.died`,
				k.disease, int64(unit), int64(parent), axis, int64(day), string(k.class), by, died); err != nil {
				return err
			}
		}
		parent = unit
	}
	return nil
}

// applyDiagnosis keeps which notifiable disease a diagnosis names. A suspect or
// probable case that rests on it no longer counts when it now names another
// disease than when the report was written, and counts again when it is put
// back.
func (m *Module) applyDiagnosis(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc, first bool) error {
	disease := ""
	if d, _, ok := casereport.Diagnosed(now, c.At, m.diseases); ok && !d.Closed && len(c.Labels.Sensitivity) == 0 {
		disease = d.ID
	}
	if err := tx.Exec(ctx, `delete from bulletin_cause where cause = ?`, c.ID); err != nil {
		return err
	}
	if disease != "" {
		if err := tx.Exec(ctx, `insert into bulletin_cause (cause, disease) values (?, ?)`, c.ID, disease); err != nil {
			return err
		}
	}
	if first { // a report that came before it was written of what it says first
		if err := tx.Exec(ctx, `update bulletin_case set cause_disease = ? where cause = ? and cause_disease = ''`, disease, c.ID); err != nil {
			return err
		}
	}
	type row struct {
		report string
		reported
	}
	var rows []row
	err := tx.Rows(ctx, `select report, `+caseColumns+` from bulletin_case where cause = ? order by report`, []any{c.ID}, func(scan func(...any) error) error {
		var r row
		err := r.scan(func(dest ...any) error { return scan(append([]any{&r.report}, dest...)...) })
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return err
	}
	for _, r := range rows {
		next := casereport.Resting(r.disease, r.class, r.claimed, r.causeDisease, disease)
		if next == r.class {
			continue
		}
		if err := m.count(ctx, tx, r.reported, -1); err != nil {
			return err
		}
		r.class = next
		if err := m.count(ctx, tx, r.reported, +1); err != nil {
			return err
		}
		if err := tx.Exec(ctx, `update bulletin_case set class = ? where report = ?`, string(next), r.report); err != nil {
			return err
		}
	}
	return nil
}

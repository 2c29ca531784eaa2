// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// counted is a row of detection_case.
type counted struct {
	disease, patient, focus, cause, causeDisease string
	commune, province                            vn.UnitID
	day                                          vn.Date
	class, claimed                               casereport.Class
	died                                         bool
	told                                         bool   // its death was news of the disease there already
	stands                                       string // report of the same case that counts instead; "" = itself
	reported                                     int64  // µs
}

// counts reports whether the row stands for a case at all.
func (k counted) counts() bool { return k.disease != "" && k.class.Counts() }

// unit is where the case counts first: its commune, else the province of a
// divided one, else the nation.
func (k counted) unit() vn.UnitID {
	switch {
	case k.commune != 0:
		return k.commune
	case k.province != 0:
		return k.province
	}
	return vn.Nation
}

// alike reports whether both change the counts in the same way.
func (k counted) alike(o counted) bool {
	return k.counts() == o.counts() && k.disease == o.disease && k.commune == o.commune && k.province == o.province && k.day == o.day && k.focus == o.focus
}

const caseColumns = `disease, patient, commune, province, day, class, claimed, focus, cause, cause_disease, died, reported, told, same_as`

func (k *counted) scan(scan store.Scan) error {
	var commune, province, day int64
	var died, told int
	err := scan(&k.disease, &k.patient, &commune, &province, &day, &k.class, &k.claimed, &k.focus, &k.cause, &k.causeDisease, &died, &k.reported, &told, &k.stands)
	k.commune, k.province, k.day, k.died, k.told = vn.UnitID(commune), vn.UnitID(province), vn.Date(day), died == 1, told == 1
	return err
}

// caseRow reads a row of detection_case; false when there is none.
func caseRow(ctx context.Context, tx store.Tx, report string) (k counted, found bool, err error) {
	err = tx.Rows(ctx, `select `+caseColumns+` from detection_case where report = ?`, []any{report}, func(scan func(...any) error) error {
		found = true
		return k.scan(scan)
	})
	return k, found, err
}

// applyCase keeps the case reports, the ledger and the counts, and judges the
// series that the change touched.
func (m *Module) applyCase(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	was, had, err := caseRow(ctx, tx, c.ID)
	if err != nil {
		return err
	}
	is, has, err := m.read(ctx, tx, c, now, was)
	if err != nil || !had && !has {
		return err
	}
	var before hearing
	if had {
		is.reported = was.reported
		before = hears(was.commune, was.day, c, false)
		if err := tx.Exec(ctx, `delete from detection_case where report = ?`, c.ID); err != nil {
			return err
		}
	}
	if has {
		if is.told, err = deathTold(ctx, tx, c.ID, was, is); err != nil {
			return err
		}
		if err := insertCase(ctx, tx, c.ID, is); err != nil {
			return err
		}
		if err := m.heardCase(ctx, tx, c, before, is); err != nil {
			return err
		}
	} else {
		is = counted{}
		if err := m.unhear(ctx, tx, c, before); err != nil {
			return err
		}
	}
	t := turn{Module: m, tx: tx, c: c}
	if err := t.book(ctx, was, is, !had); err != nil {
		return err
	}
	return t.judge(ctx)
}

func insertCase(ctx context.Context, tx store.Tx, report string, k counted) error {
	return tx.Exec(ctx, `insert into detection_case (report, `+caseColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		report, k.disease, k.patient, int64(k.commune), int64(k.province), int64(k.day), string(k.class), string(k.claimed), k.focus, k.cause,
		k.causeDisease, flag(k.died), k.reported, flag(k.told || k.counts() && k.died), k.stands)
}

// deathTold reports whether the death of the case was news already: of the report
// itself, or of another that it stands for now.
func deathTold(ctx context.Context, tx store.Tx, report string, was, is counted) (bool, error) {
	if !is.died || was.told && was.disease == is.disease && was.unit() == is.unit() {
		return is.died, nil
	}
	var one int
	return tx.Row(ctx, []any{&one}, `select 1 from detection_case where same_as = ? and told = 1 and disease = ? and commune = ? and province = ? limit 1`,
		report, is.disease, int64(is.commune), int64(is.province))
}

// heardCase hears of the commune in the week of the case, no longer in that of the
// version before, and of who reported it in the week of the report.
func (m *Module) heardCase(ctx context.Context, tx store.Tx, c store.Change, before hearing, k counted) error {
	is := hears(k.commune, k.day, c, false)
	by := hears(m.units.Latest(c.Labels.Unit), vn.DateOf(c.At), c, false)
	if by != is {
		if err := m.hear(ctx, tx, c, by); err != nil {
			return err
		}
	}
	return m.rehear(ctx, tx, c, before, is)
}

// read reads a case report of an open disease. was is what the version before
// said.
func (m *Module) read(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc, was counted) (counted, bool, error) {
	said, ok := casereport.Of(now, m.diseases, m.units)
	if !ok {
		return counted{}, false, nil
	}
	if d, _ := m.diseases.ByID(said.Disease); d.Closed || len(c.Labels.Sensitivity) > 0 {
		return counted{}, false, nil
	}
	k := counted{
		disease: said.Disease, patient: c.Labels.Patient, focus: said.Focus, cause: said.Cause, class: said.Class, claimed: said.Claimed,
		died: said.Died.Known(), reported: c.At.UnixMicro(), stands: said.SameAs,
	}
	before := vn.ZeroDate
	if was.disease != "" {
		before = was.day
	}
	k.day = said.DayOn(c.At, before)
	if k.cause != "" {
		names := ""
		if _, err := tx.Row(ctx, []any{&names}, `select disease from detection_cause where cause = ?`, k.cause); err != nil {
			return k, false, err
		}
		k.class, k.causeDisease = said.Rests(casereport.Kept{Disease: was.disease, Cause: was.cause, Names: was.causeDisease, SameAs: was.stands, Claimed: was.claimed}, names)
	}
	unit := said.Unit
	if unit == 0 {
		var home int64
		if _, err := tx.Row(ctx, []any{&home}, `select unit from detection_person where patient = ?`, k.patient); err != nil {
			return k, false, err
		}
		if unit = vn.UnitID(home); unit == 0 {
			unit = c.Labels.Unit
		}
	}
	unit = m.units.Latest(unit)
	k.province = m.provinceOf(unit)
	if m.levelOf(unit) == vn.LevelCommune {
		k.commune = unit
	}
	return k, true, nil
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
	if err := tx.Exec(ctx, `delete from detection_cause where cause = ?`, c.ID); err != nil {
		return err
	}
	if disease != "" {
		if err := tx.Exec(ctx, `insert into detection_cause (cause, disease) values (?, ?)`, c.ID, disease); err != nil {
			return err
		}
	}
	if first { // a report that came before it was written of what it says first
		if err := tx.Exec(ctx, `update detection_case set cause_disease = ? where cause = ? and cause_disease = ''`, disease, c.ID); err != nil {
			return err
		}
	}
	type row struct {
		report string
		counted
	}
	var rows []row
	err := tx.Rows(ctx, `select report, `+caseColumns+` from detection_case where cause = ? order by report`, []any{c.ID}, func(scan func(...any) error) error {
		var r row
		err := r.scan(func(dest ...any) error { return scan(append([]any{&r.report}, dest...)...) })
		rows = append(rows, r)
		return err
	})
	if err != nil {
		return err
	}
	t := turn{Module: m, tx: tx, c: c}
	for _, r := range rows {
		next := r.counted
		if next.class = casereport.Resting(r.disease, r.class, r.claimed, r.causeDisease, disease); next == r.counted {
			continue
		}
		if err := tx.Exec(ctx, `update detection_case set class = ?, told = ? where report = ?`, string(next.class), flag(r.told || next.counts() && next.died), r.report); err != nil {
			return err
		}
		if err := t.book(ctx, r.counted, next, false); err != nil {
			return err
		}
	}
	return t.judge(ctx)
}

// turn is the work on one change.
type turn struct {
	*Module
	tx      store.Tx
	c       store.Change
	parts   int
	touched []touch
	work    outbreak.Work
	rule    string // hash of the settings that were kept last
}

// ledger reads what is known after the change.
func (t *turn) ledger() ledger {
	return ledger{units: t.units, law: t.law, land: t.land, rows: t.tx.Rows, seq: t.c.Seq, newest: true}
}

// touch is a series that the change moved, at its lowest unit.
type touch struct {
	disease content.Disease
	unit    vn.UnitID
	day     vn.Date
	added   bool // a case more than before
	died    bool // and it is a death
	again   bool // the weeks are judged once more
	due     bool // and only this series, unless an alarm comes or goes
	lapse   bool // the cluster of its alert is no more
	weeks   []vn.Date
}

// book writes to the ledger and the counts what made the one case into the
// other; first: it was not reported before. A death is news once.
func (t *turn) book(ctx context.Context, was, is counted, first bool) error {
	moved := !was.counts() || was.disease != is.disease || was.unit() != is.unit()
	newDeath := is.counts() && is.died && !is.told
	if was.alike(is) && !first && !newDeath {
		return nil
	}
	seen := int64(0)
	if first && is.counts() {
		seen = 1
	}
	if was.counts() && !was.alike(is) {
		if err := t.enter(ctx, was, -1, 0); err != nil {
			return err
		}
	}
	switch {
	case is.counts() && !was.alike(is):
		if err := t.enter(ctx, is, +1, seen); err != nil {
			return err
		}
	case !is.counts() && !was.counts():
		return nil
	}
	if was.counts() && (!is.counts() || moved || was.day != is.day) {
		t.touch(was, false, false)
	}
	if is.counts() {
		t.touch(is, moved, newDeath)
	}
	return nil
}

func (t *turn) touch(k counted, added, died bool) {
	d, _ := t.diseases.ByID(k.disease)
	t.touched = append(t.touched, touch{disease: d, unit: k.unit(), day: k.day, added: added, died: died})
}

// enter writes a line of the ledger and adds it to the sums.
func (t *turn) enter(ctx context.Context, k counted, change, seen int64) error {
	t.parts++
	if err := t.tx.Exec(ctx, `insert into detection_ledger (seq, part, disease, commune, province, day, focus, change) values (?, ?, ?, ?, ?, ?, ?, ?)`,
		t.c.Seq, t.parts, k.disease, int64(k.commune), int64(k.province), int64(k.day), k.focus, change); err != nil {
		return err
	}
	return t.count(ctx, k.disease, t.units.Above(k.unit()), vn.WeekOf(k.day), int32(change), int32(seen))
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

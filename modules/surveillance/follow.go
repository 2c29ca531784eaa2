// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"embed"
	"strings"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// Follower keeps drafts, cases and counts.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: "surveillance", Version: 17, Tables: store.Tables(tables, "tables"), Apply: m.apply,
		Types: []string{"Patient", "Encounter", "Condition", "Communication", "Observation", "DiagnosticReport", "Task", "Organization", "Specimen"},
	}
}

func (m *Module) apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	switch c.Type {
	case "Patient":
		return m.applyPerson(ctx, tx, c, now)
	case "Encounter":
		return m.applyVisit(ctx, tx, c, now)
	case "Condition":
		if err := m.applyDiagnosis(ctx, tx, c, now, before == nil); err != nil {
			return err
		}
		return m.applyCase(ctx, tx, c, now, before)
	case "Observation", "DiagnosticReport":
		return m.applyResult(ctx, tx, c, now, before)
	case "Communication":
		if err := m.applyMessage(ctx, tx, c, now); err != nil {
			return err
		}
		return m.applyEpidemic(ctx, tx, c, now)
	case "Task":
		return m.applyHandover(ctx, tx, c, now)
	case "Specimen":
		return m.applySample(ctx, tx, c, now)
	case "Organization":
		return m.applyDesk(ctx, tx, c, now)
	}
	return nil
}

// applyPerson keeps who somebody is. A death moves the limit of what was not
// reported yet; another number may be that of another's reports.
func (m *Module) applyPerson(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	var was int64
	var number string
	if _, err := tx.Row(ctx, []any{&was, &number}, `select died, number from surveillance_person where patient = ?`, c.ID); err != nil {
		return err
	}
	if err := tx.Exec(ctx, `delete from surveillance_person where patient = ?`, c.ID); err != nil || now == nil {
		return err
	}
	died := diedAt(now, c)
	k := keyOf(now)
	if err := tx.Exec(ctx, `
		insert into surveillance_person (patient, name, name_sort, sex, birth, unit, number, folded, year, phone, died)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, k.Name, vn.SortKey(k.Name), k.Sex, now.Get("birthDate").String(), int64(c.Labels.Unit),
		k.Number, vn.Fold(k.Name), k.Year, k.Phone, died); err != nil {
		return err
	}
	if k.Number != number {
		if err := tx.Exec(ctx, `update surveillance_case set touched = ? where patient = ?`, c.At.UnixMicro(), c.ID); err != nil {
			return err
		}
	}
	if died == was {
		return nil
	}
	list, err := illnessesOf(ctx, tx, `patient = ?`, c.ID)
	if err != nil {
		return err
	}
	for _, i := range list {
		if err := m.redraft(ctx, tx, i); err != nil {
			return err
		}
	}
	return nil
}

// diedAt is when a person died, µs: at the end of the day when only that is
// known, when it was written when not even that; 0 for the living.
func diedAt(d *fhir.Doc, c store.Change) int64 {
	said := d.Get("deceasedDateTime").String()
	switch on := casereport.Day(said); {
	case said == "" && !d.Get("deceasedBoolean").Bool():
		return 0
	case !on.Known():
		return c.At.UnixMicro()
	case len(said) <= 10:
		return on.AddDays(1).Time().UnixMicro()
	}
	return casereport.Instant(said).UnixMicro()
}

func (m *Module) applyVisit(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from surveillance_visit where encounter = ?`, c.ID); err != nil {
		return err
	}
	if now != nil {
		if err := tx.Exec(ctx, `insert into surveillance_visit (encounter, patient, facility, place, signed) values (?, ?, ?, ?, ?)`,
			c.ID, c.Labels.Patient, c.Labels.Facility, int64(c.Labels.Unit), bit(now.Get("status").String() == "finished")); err != nil {
			return err
		}
	}
	episodes, err := illnessesOf(ctx, tx, `encounter = ?`, c.ID)
	if err != nil {
		return err
	}
	for _, e := range episodes {
		if err := m.redraft(ctx, tx, e); err != nil {
			return err
		}
	}
	return nil
}

// illness is a person with a disease: what drafts are computed for.
type illness struct{ patient, disease string }

// illnessesOf lists the illnesses of the triggers for which the condition holds.
func illnessesOf(ctx context.Context, tx store.Tx, where string, args ...any) ([]illness, error) {
	var out []illness
	err := tx.Rows(ctx, `select distinct patient, disease from surveillance_diagnosis where `+where+` order by patient, disease`,
		args, func(scan func(...any) error) error {
			var i illness
			err := scan(&i.patient, &i.disease)
			out = append(out, i)
			return err
		})
	return out, err
}

// applyDiagnosis keeps the notifiable diagnoses of visits; drafts and sent
// reports that rest on the diagnosis follow.
func (m *Module) applyDiagnosis(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc, first bool) error {
	var was illness
	var since int64
	had, err := tx.Row(ctx, []any{&was.patient, &was.disease, &since}, `select patient, disease, since from surveillance_diagnosis where cause = ?`, c.ID)
	if err != nil {
		return err
	}
	is, has := m.diagnosis(c, now)
	if !had && !has {
		return nil
	}
	if err := tx.Exec(ctx, `delete from surveillance_diagnosis where cause = ?`, c.ID); err != nil {
		return err
	}
	if has {
		switch {
		case first:
			since = is.at
		case was != is.illness: // corrected to this disease: nobody could report it before
			since = c.At.UnixMicro()
		}
		if err := tx.Exec(ctx, `
			insert into surveillance_diagnosis (cause, encounter, patient, disease, code, words, at, since, sensitivity, draft)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, '')`,
			c.ID, is.encounter, is.patient, is.disease, is.code, is.words, is.at, since, is.sensitivity); err != nil {
			return err
		}
	}
	if err := m.recheck(ctx, tx, c, is.disease, first); err != nil {
		return err
	}
	if had && was != is.illness {
		if err := m.redraft(ctx, tx, was); err != nil {
			return err
		}
	}
	if has {
		return m.redraft(ctx, tx, is.illness)
	}
	return nil
}

// diagnosed is a row of surveillance_diagnosis.
type diagnosed struct {
	illness
	encounter, code, words, sensitivity string
	at                                  int64
}

// diagnosis reads a notifiable diagnosis of a visit; false for every other
// condition and for what was refuted or entered in error. The zero value has
// no disease.
func (m *Module) diagnosis(c store.Change, now *fhir.Doc) (diagnosed, bool) {
	disease, at, ok := casereport.Diagnosed(now, c.At, m.diseases)
	if !ok || c.Labels.Patient == "" {
		return diagnosed{}, false
	}
	d := diagnosed{
		illness:   illness{c.Labels.Patient, disease.ID},
		encounter: fhir.IDOf(now.Get("encounter", "reference").String()), code: casereport.ICD(now), words: now.Get("code", "text").String(),
		sensitivity: strings.Join(c.Labels.Sensitivity, " "), at: at.UnixMicro(),
	}
	if d.words == "" {
		d.words = now.Get("code", "coding", "display").String()
	}
	return d, true
}

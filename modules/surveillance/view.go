// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

const draftColumns = `d.cause, d.disease, d.code, d.words, d.patient, d.encounter, d.facility, d.place, d.unit, d.at, d.since, d.due,
	d.triggers, d.report, d.refuted, d.kind, d.sensitivity, d.died,
	coalesce(p.name, ''), coalesce(p.sex, ''), coalesce(p.birth, ''), coalesce(p.number, '')`

func scanDraft(scan store.Scan) (Draft, error) {
	var d Draft
	var place, unit, at, since, due, died int64
	var refuted int
	var sensitivity string
	err := scan(&d.Cause, &d.Disease, &d.Code, &d.Words, &d.Patient, &d.Encounter, &d.Facility, &place, &unit, &at, &since, &due,
		&d.Triggers, &d.Report, &refuted, &d.Kind, &sensitivity, &died, &d.Name, &d.Sex, &d.Birth, &d.Number)
	d.sensitivity, d.Died = strings.Fields(sensitivity), fromMicro(died)
	d.Place, d.Unit, d.Refuted = vn.UnitID(place), vn.UnitID(unit), refuted == 1
	d.At, d.Since, d.Due = time.UnixMicro(at), time.UnixMicro(since), time.UnixMicro(due)
	return d, err
}

// Drafts lists the drafts of the actor's place that nobody has sent, the
// nearest limit first.
func (m *Module) Drafts(ctx context.Context, a store.Actor, limit int) ([]Draft, error) {
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, limit, scanDraft, `
		select `+draftColumns+`
		  from surveillance_draft d left join surveillance_person p on p.patient = d.patient
		 where d.place = ? and d.report = '' and d.sensitivity = '' order by d.due, d.cause limit ?`, int64(a.Unit))
	if err != nil {
		return nil, fmt.Errorf("drafts of %v: %w", a.Unit, err)
	}
	return rows, nil
}

// Draft returns the draft that the diagnosis began.
// Errors: NotFound when there is none, also for who may not see it.
func (m *Module) Draft(ctx context.Context, a store.Actor, cause string) (Draft, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanDraft, `
		select `+draftColumns+`
		  from surveillance_draft d left join surveillance_person p on p.patient = d.patient
		 where d.cause = ?`, cause)
	if err != nil {
		return Draft{}, fmt.Errorf("draft: %w", err)
	}
	if len(rows) == 0 {
		return Draft{}, issue.New(issue.NotFound, "surveillance.draft.none")
	}
	return rows[0], nil
}

// DraftsOf lists the drafts to which a visit belongs, sent or not: that which
// it began, or that of the episode it falls in.
func (m *Module) DraftsOf(ctx context.Context, a store.Actor, encounter string) ([]Draft, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanDraft, `
		select `+draftColumns+`
		  from surveillance_draft d left join surveillance_person p on p.patient = d.patient
		 where d.cause in (select draft from surveillance_diagnosis where encounter = ? and draft <> '') and d.sensitivity = ''
		 order by d.due, d.cause`, encounter)
	if err != nil {
		return nil, fmt.Errorf("drafts of a visit: %w", err)
	}
	return rows, nil
}

const caseColumns = `c.report, c.disease, c.patient, c.encounter, c.cause, c.facility, c.label_unit, c.sensitivity, c.unit,
	c.day, c.onset, c.class, c.reported, c.version, c.entered, c.paper, c.died, c.same_as, coalesce(d.since, 0),
	coalesce(p.name, ''), coalesce(p.sex, ''), coalesce(p.birth, '')`

const caseFrom = ` from surveillance_case c left join surveillance_person p on p.patient = c.patient
	left join surveillance_diagnosis d on d.cause = c.cause and d.cause <> '' `

// counting are the classes that are counted, see casereport.Class.Counts.
const counting = `('suspect', 'probable', 'confirmed')`

func (m *Module) scanCase(scan store.Scan) (Case, error) {
	var c Case
	var label, unit, onDay, onset, reported, diagnosed, entered, died int64
	var paper int
	var sensitivity string
	err := scan(&c.Report, &c.Disease, &c.Patient, &c.Encounter, &c.Cause, &c.Facility, &label, &sensitivity, &unit,
		&onDay, &onset, &c.Class, &reported, &c.Version, &entered, &paper, &died, &c.SameAs, &diagnosed, &c.Name, &c.Sex, &c.Birth)
	c.labelUnit, c.Unit, c.sensitivity = vn.UnitID(label), vn.UnitID(unit), strings.Fields(sensitivity)
	c.Day, c.Onset, c.Reported = vn.Date(onDay), vn.ZeroDate, time.UnixMicro(reported)
	if onset >= 0 {
		c.Onset = vn.Date(onset)
	}
	c.Entered, c.Paper, c.Died = time.UnixMicro(entered), paper == 1, vn.ZeroDate
	if died >= 0 {
		c.Died = vn.Date(died)
	}
	from := time.UnixMicro(diagnosed)
	if diagnosed == 0 { // only the day is known: it counts from its end
		from = (c.Day + 1).Time()
	}
	if x, ok := m.diseases.ByID(c.Disease); ok {
		c.Due = x.Clock.Due(from)
	}
	return c, err
}

// Cases lists case reports of a province or commune, newest first, without
// those of closed diseases. disease "" means all. Minimal cases, which are about
// nobody in particular, are for the CDC: others may not open them, and would
// find the head of the list empty.
func (m *Module) Cases(ctx context.Context, a store.Actor, unit vn.Unit, disease string, since vn.Date, limit int) ([]Case, error) {
	column := map[vn.Level]string{vn.LevelProvince: "c.province", vn.LevelCommune: "c.unit"}[unit.Level]
	if column == "" {
		return nil, nil
	}
	where, args := ` where `+column+` = ? and c.day >= ? and c.sensitivity = '' `, []any{int64(unit.ID), int64(since)}
	if a.Role != store.CDC {
		where += ` and c.patient <> '' `
	}
	if disease != "" {
		where += ` and c.disease = ? `
		args = append(args, disease)
	}
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, limit, m.scanCase,
		`select `+caseColumns+caseFrom+where+` order by c.reported desc, c.report limit ?`, args...)
	if err != nil {
		return nil, fmt.Errorf("cases: %w", err)
	}
	return rows, nil
}

// Case returns one case report as the lists show it.
// Errors: NotFound.
func (m *Module) Case(ctx context.Context, a store.Actor, report string) (Case, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, m.scanCase, `select `+caseColumns+caseFrom+` where c.report = ?`, report)
	if err != nil {
		return Case{}, fmt.Errorf("case: %w", err)
	}
	if len(rows) == 0 {
		return Case{}, issue.New(issue.NotFound, "surveillance.case.none")
	}
	return rows[0], nil
}

// CasesOf lists the case reports that rest on a diagnosis of the visit.
func (m *Module) CasesOf(ctx context.Context, a store.Actor, encounter string) ([]Case, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, m.scanCase,
		`select `+caseColumns+caseFrom+` where c.encounter = ? and c.sensitivity = '' order by c.reported, c.report`, encounter)
	if err != nil {
		return nil, fmt.Errorf("cases of a visit: %w", err)
	}
	return rows, nil
}

// closedRow is one labelled diagnosis: only its existence is asked, and only
// of those who may know.
type closedRow struct {
	cause, patient, facility string
	place                    vn.UnitID
	sensitivity              []string
}

func (r closedRow) Labels() store.Labels {
	return store.Labels{Type: "Condition", ID: r.cause, Patient: r.patient, Facility: r.facility, Unit: r.place, Sensitivity: r.sensitivity}
}

// Closed counts the notifiable diagnoses of the actor's place since a day that
// belong to the closed desk, of those only that the actor may see anyway.
func (m *Module) Closed(ctx context.Context, a store.Actor, since vn.Date) (int, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (closedRow, error) {
		var r closedRow
		var place int64
		var sensitivity string
		err := scan(&r.cause, &r.patient, &r.facility, &place, &sensitivity)
		r.place, r.sensitivity = vn.UnitID(place), strings.Fields(sensitivity)
		return r, err
	}, `select d.cause, d.patient, v.facility, v.place, d.sensitivity
		  from surveillance_diagnosis d join surveillance_visit v on v.encounter = d.encounter
		 where v.place = ? and v.signed = 1 and d.sensitivity <> '' and d.at >= ?`, int64(a.Unit), since.Time().UnixMicro())
	if err != nil {
		return 0, fmt.Errorf("closed diagnoses: %w", err)
	}
	return len(rows), nil
}

func unitArgs(units []vn.UnitID) []any {
	args := make([]any, len(units))
	for i, u := range units {
		args[i] = int64(u)
	}
	return args
}

// marks is n placeholders: "?, ?, ?".
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"embed"
	"strings"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// Follower keeps the lists of the station.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: "station", Version: 4, Tables: store.Tables(tables, "tables"), Apply: apply,
		Types: []string{
			"Organization", "Patient", "Encounter", "Task", "Observation",
			"Condition", "MedicationRequest", "CarePlan", "Appointment", "Communication",
		},
	}
}

// apply replaces the rows that the resource left behind. Where there are many
// it asks first whether there was a version to leave any.
func apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	switch c.Type {
	case "Organization":
		return applyPlace(ctx, tx, c, now)
	case "Patient":
		return applyPerson(ctx, tx, c, now)
	case "Encounter":
		return applyVisit(ctx, tx, c, now)
	case "Task":
		return applyTicket(ctx, tx, c, now)
	case "Observation":
		return applyMeasures(ctx, tx, c, now, before)
	case "Communication":
		return applySignal(ctx, tx, c, now, before)
	default:
		return applyLine(ctx, tx, c, now, before)
	}
}

func applyPlace(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from station_place where facility = ?`, c.ID); err != nil || now == nil {
		return err
	}
	kind, top := now.Get("type", "coding", "code").String(), c.ID
	if kind == "substation" {
		if parent := fhir.IDOf(now.Get("partOf", "reference").String()); parent != "" {
			top = parent
		}
	}
	if err := tx.Exec(ctx, `insert into station_place (facility, station, name, kind, unit) values (?, ?, ?, ?, ?)`,
		c.ID, top, now.Get("name").String(), kind, int64(c.Labels.Unit)); err != nil {
		return err
	}
	// People entered before their station was, or before it moved, follow.
	if err := tx.Exec(ctx, `update station_person set station = ? where facility = ? and station <> ?`, top, c.ID, top); err != nil {
		return err
	}
	return tx.Exec(ctx, `
		update station_token set station = ?
		 where station <> ? and patient in (select patient from station_person where facility = ?)`, top, top, c.ID)
}

// stationOf is the top of the facility: itself, or what its sub-site belongs to.
func stationOf(ctx context.Context, tx store.Tx, facility string) (string, error) {
	top := facility
	_, err := tx.Row(ctx, []any{&top}, `select station from station_place where facility = ?`, facility)
	return top, err
}

func applyPerson(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	for _, sql := range []string{`delete from station_person where patient = ?`, `delete from station_token where patient = ?`} {
		if err := tx.Exec(ctx, sql, c.ID); err != nil {
			return err
		}
	}
	if now == nil {
		return nil
	}
	facility := fhir.IDOf(now.Get("managingOrganization", "reference").String())
	station, err := stationOf(ctx, tx, facility)
	if err != nil {
		return err
	}
	number, gone := fhir.Identified(now, fhir.IDPersonal), now.Get("active").String() == "false"
	if gone { // the visits keep their person; nobody finds them as one to serve
		facility, station, number = "", "", ""
	}
	name := fhir.PrintedName(now.Root())
	folded := vn.Fold(name)
	err = tx.Exec(ctx, `
		insert into station_person (patient, facility, station, unit, name, folded, name_sort, sex, birth,
		       number, insurance, phone, address, sensitivity)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, facility, station, int64(c.Labels.Unit), name, " "+folded, vn.SortKey(name),
		now.Get("gender").String(), now.Get("birthDate").String(),
		number, fhir.Identified(now, fhir.IDInsurance),
		now.Get("telecom", "value").String(), now.Get("address", "text").String(), words(c.Labels.Sensitivity))
	if err != nil {
		return err
	}
	if gone {
		return nil
	}
	seen := map[string]bool{}
	for token := range strings.FieldsSeq(folded) {
		if seen[token] {
			continue
		}
		seen[token] = true
		if err := tx.Exec(ctx, `insert into station_token (station, token, patient) values (?, ?, ?)`, station, token, c.ID); err != nil {
			return err
		}
	}
	return nil
}

func applyVisit(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from station_visit where encounter = ?`, c.ID); err != nil || now == nil {
		return err
	}
	facility := fhir.IDOf(now.Get("serviceProvider", "reference").String())
	station, err := stationOf(ctx, tx, facility)
	if err != nil {
		return err
	}
	started, ended := instant(now.Get("period", "start").String()), instant(now.Get("period", "end").String())
	return tx.Exec(ctx, `
		insert into station_visit (encounter, patient, facility, station, unit, day, status, arrived, ended,
		       reason, clinician, sensitivity, version)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Labels.Patient, facility, station, int64(c.Labels.Unit), int64(vn.DateOf(time.UnixMicro(started))),
		now.Get("status").String(), started, ended, now.Get("reasonCode", "text").String(),
		fhir.IDOf(now.Get("participant", "individual", "reference").String()), words(c.Labels.Sensitivity), c.Version)
}

func applyTicket(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from station_ticket where task = ?`, c.ID); err != nil || now == nil || now.Get("code", "coding", "code").String() != ticketCode {
		return err
	}
	facility := fhir.IDOf(now.Get("owner", "reference").String())
	station, err := stationOf(ctx, tx, facility)
	if err != nil {
		return err
	}
	return tx.Exec(ctx, `
		insert into station_ticket (task, patient, facility, station, encounter, number, status, day)
		values (?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, c.Labels.Patient, facility, station, fhir.IDOf(now.Get("encounter", "reference").String()),
		now.Get("identifier", "value").String(), now.Get("status").String(),
		int64(vn.DateOf(time.UnixMicro(instant(now.Get("authoredOn").String())))))
}

func applyMeasures(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	if before != nil {
		if err := tx.Exec(ctx, `delete from station_measure where observation = ?`, c.ID); err != nil {
			return err
		}
	}
	if now == nil {
		return nil
	}
	status := now.Get("status").String()
	if status == "entered-in-error" || status == "cancelled" {
		return nil
	}
	insert := func(n fhir.Node) error {
		value := n.Get("valueQuantity", "value").String()
		if value == "" {
			return nil
		}
		final := 0
		if status == "final" || status == "amended" || status == "corrected" {
			final = 1
		}
		return tx.Exec(ctx, `
			insert into station_measure (observation, code, patient, encounter, value, unit, at, final, sensitivity)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?)
			on conflict (observation, code) do nothing`,
			c.ID, n.Get("code", "coding", "code").String(), c.Labels.Patient, fhir.IDOf(now.Get("encounter", "reference").String()),
			value, n.Get("valueQuantity", "unit").String(), instant(now.Get("effectiveDateTime").String()), final, words(c.Labels.Sensitivity))
	}
	if err := insert(now.Root()); err != nil {
		return err
	}
	for component := range now.Each("component") {
		if err := insert(component); err != nil {
			return err
		}
	}
	return nil
}

// applyLine keeps the lines of a visit that lists show. Case reports are
// conditions too, but not of the visit.
func applyLine(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	ref := c.Type + "/" + c.ID
	if before != nil {
		if err := tx.Exec(ctx, `delete from station_line where resource = ?`, ref); err != nil {
			return err
		}
	}
	if now == nil {
		return nil
	}
	l, ok := lineOf(now)
	if !ok {
		return nil
	}
	return tx.Exec(ctx, `
		insert into station_line (resource, encounter, patient, kind, code, words, day, rank, sensitivity)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		ref, l.encounter, c.Labels.Patient, l.kind, l.code, l.words, int64(l.day), l.rank, words(c.Labels.Sensitivity))
}

type line struct {
	encounter, kind, code, words string
	onset                        string // of a diagnosis
	day                          vn.Date
	rank                         int
}

// lineOf reads a line from a resource; ok is false for resources that are no
// line of a visit, or were entered in error.
func lineOf(doc *fhir.Doc) (line, bool) {
	l := line{encounter: fhir.IDOf(doc.Get("encounter", "reference").String())}
	status := doc.Get("status").String()
	switch doc.Type() {
	case "Condition":
		l.kind, l.code, l.onset = "diagnosis", doc.Get("code", "coding", "code").String(), doc.Get("onsetDateTime").String()
		if l.words = doc.Get("code", "text").String(); l.words == "" {
			l.words = doc.Get("code", "coding", "display").String()
		}
		status = doc.Get("verificationStatus", "coding", "code").String()
		if doc.Get("category", "coding", "code").String() != "encounter-diagnosis" {
			return l, false
		}
	case "MedicationRequest":
		l.kind, l.words = "medicine", doc.Get("medicationCodeableConcept", "text").String()
		if dose := doc.Get("dosageInstruction", "text").String(); dose != "" {
			l.words += " — " + dose
		}
	case "QuestionnaireResponse":
		if l.kind, l.words = "asked", doc.Get("item").Raw(); doc.Get("questionnaire").String() != fhir.QuestionnaireVisit {
			return l, false
		}
	case "CarePlan":
		l.kind, l.words = "advice", doc.Get("description").String()
	case "Appointment":
		l.kind, l.words = "follow-up", doc.Get("description").String()
		l.encounter = fhir.IDOf(doc.Get("supportingInformation", "reference").String())
		l.day = vn.DateOf(time.UnixMicro(instant(doc.Get("start").String())))
	}
	gone := status == "entered-in-error" || status == "cancelled" || status == "revoked" || status == "refuted"
	return l, l.encounter != "" && !gone
}

// instant reads a FHIR dateTime as µs since 1970; 0 when there is none. A date
// without time is the start of that day in Viet Nam.
func instant(s string) int64 {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UnixMicro()
	}
	if p, err := vn.ParsePartialDate(s); err == nil && p.Known() {
		return time.Date(p.Year, max(p.Month, 1), max(p.Day, 1), 0, 0, 0, 0, vn.Zone).UnixMicro()
	}
	return 0
}

func words(list []string) string { return strings.Join(list, " ") }

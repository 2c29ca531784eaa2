// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"context"
	"embed"
	"math"
	"strings"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// view is the follower's name, and the topic pages live on.
const view, topic = "telehealth", "view:telehealth"

// Follower keeps the lists of consultations.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: view, Version: 2, Tables: store.Tables(tables, "tables"), Apply: apply,
		Types: []string{"ServiceRequest", "Task", "Organization", "Practitioner", "PractitionerRole"},
	}
}

func apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	switch c.Type {
	case "ServiceRequest":
		return applyRequest(ctx, tx, c, now)
	case "Task":
		return applyTask(ctx, tx, c, now, before)
	case "Organization":
		return applyPlace(ctx, tx, c, now)
	case "Practitioner":
		return applyName(ctx, tx, c, now)
	case "PractitionerRole":
		return applyRole(ctx, tx, c, now)
	}
	return nil
}

// applyRequest fills what is asked. A request that is gone or no consultation
// leaves what its Task filled, as if the request had never been.
func applyRequest(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if now == nil || codeIn(now.Get("category"), fhir.CSCategory) != consultation || now.Get("status").String() == "entered-in-error" {
		return blankRequest(ctx, tx, c.ID)
	}
	if err := ensure(ctx, tx, c.ID); err != nil {
		return err
	}
	return tx.Exec(ctx, `
		update telehealth_case
		   set asked_for = 1, patient = ?, patient_name = ?, encounter = ?, facility = ?, unit = ?, hospital = ?,
		       hospital_name = ?, requester = ?, requester_name = ?, urgency = ?, question = ?, asked = ?,
		       author = ?, sensitivity = ?
		 where id = ?`,
		c.Labels.Patient, now.Get("subject", "display").String(), now.Get("encounter").RefID("Encounter"),
		c.Labels.Facility, int64(c.Labels.Unit), now.Get("performer", "0").RefID("Organization"),
		now.Get("performer", "0", "display").String(), now.Get("requester").RefID("Practitioner"),
		now.Get("requester", "display").String(), now.Get("priority").String(), now.Get("reasonCode", "text").String(),
		micro(now.Get("authoredOn").String()), c.Labels.Author, strings.Join(c.Labels.Sensitivity, " "), c.ID)
}

func ensure(ctx context.Context, tx store.Tx, id string) error {
	return tx.Exec(ctx, `insert into telehealth_case (id) values (?) on conflict (id) do nothing`, id)
}

func blankRequest(ctx context.Context, tx store.Tx, id string) error {
	err := tx.Exec(ctx, `
		update telehealth_case
		   set asked_for = 0, patient = '', patient_name = '', encounter = '', facility = '', unit = 0, hospital = '',
		       hospital_name = '', requester = '', requester_name = '', urgency = '', question = '', asked = 0,
		       author = '', sensitivity = ''
		 where id = ?`, id)
	if err != nil {
		return err
	}
	return tidy(ctx, tx, id)
}

// tidy drops a row that neither resource fills any more.
func tidy(ctx context.Context, tx store.Tx, id string) error {
	return tx.Exec(ctx, `delete from telehealth_case where id = ? and asked_for = 0 and task = ''`, id)
}

// caseOf returns the consultation a Task is about, "" when it is about none.
func caseOf(d *fhir.Doc) string {
	if d == nil || d.Get("code").Code(fhir.CSTask) != consultation || d.Get("status").String() == "entered-in-error" {
		return ""
	}
	return d.Get("focus").RefID("ServiceRequest")
}

// applyTask fills how far a case is, and notes the move. Of several Tasks for
// one request the latest written counts.
func applyTask(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	id, was := caseOf(now), caseOf(before)
	if was != "" && was != id {
		if err := forget(ctx, tx, was, c.ID); err != nil {
			return err
		}
		before = nil
	}
	if id == "" {
		return nil
	}
	if err := ensure(ctx, tx, id); err != nil {
		return err
	}
	state := stateOf(now)
	if before == nil || stateOf(before) != state {
		who, why := mover(now, c.Actor), now.Get("statusReason", "text").String()
		if err := tx.Exec(ctx, `insert into telehealth_step (seq, case_id, task, at, state, who, why) values (?, ?, ?, ?, ?, ?, ?)`,
			c.Seq, id, c.ID, c.At.UnixMicro(), string(state), who, why); err != nil {
			return err
		}
		if err := tx.Exec(ctx, `update telehealth_case set moved = ? where id = ?`, c.At.UnixMicro(), id); err != nil {
			return err
		}
	}
	return tx.Exec(ctx, `
		update telehealth_case set task = ?, expert = ?, expert_name = ?, state = ?, report = ?, answer = ?, decision = ?
		 where id = ?`,
		c.ID, now.Get("owner").RefID("Practitioner"), now.Get("owner", "display").String(), string(state),
		output(now, "conclusion").RefID("DiagnosticReport"), output(now, "decision").RefID("Communication"),
		now.Get("statusReason").Code(csDecision), id)
}

// forget takes back what a Task filled.
func forget(ctx context.Context, tx store.Tx, id, task string) error {
	if err := tx.Exec(ctx, `delete from telehealth_step where case_id = ? and task = ?`, id, task); err != nil {
		return err
	}
	err := tx.Exec(ctx, `
		update telehealth_case set task = '', expert = '', expert_name = '', state = '', moved = 0, report = '', answer = '', decision = ''
		 where id = ? and task = ?`, id, task)
	if err != nil {
		return err
	}
	return tidy(ctx, tx, id)
}

func stateOf(d *fhir.Doc) State { return State(d.Get("businessStatus").Code(csState)) }

// mover is who made the last move, by name; else the account.
func mover(d *fhir.Doc, account string) string {
	notes := d.Get("note")
	for n := range notes.Items() {
		if name := n.Get("authorReference", "display").String(); name != "" {
			account = name // the last one stands
		}
	}
	return account
}

// output returns the reference a Task has brought about, of the kind asked.
func output(d *fhir.Doc, kind string) fhir.Node {
	for o := range d.Each("output") {
		if o.Get("type").Code(csPart) == kind {
			return o.Get("valueReference")
		}
	}
	return fhir.Node{}
}

func applyPlace(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from telehealth_place where id = ?`, c.ID); err != nil || now == nil || now.Get("active").Raw() == "false" {
		return err
	}
	return tx.Exec(ctx, `insert into telehealth_place (id, name, kind, unit) values (?, ?, ?, ?)`,
		c.ID, now.Get("name").String(), codeIn(now.Get("type"), fhir.CSFacilityType), int64(c.Labels.Unit))
}

func applyName(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from telehealth_name where practitioner = ?`, c.ID); err != nil || now == nil || now.Get("active").Raw() == "false" {
		return err
	}
	name := vn.NormalName(now.Get("name", "text").String())
	return tx.Exec(ctx, `insert into telehealth_name (practitioner, name, name_sort) values (?, ?, ?)`, c.ID, name, vn.SortKey(name))
}

func applyRole(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from telehealth_role where id = ?`, c.ID); err != nil || now == nil || now.Get("active").Raw() == "false" {
		return err
	}
	expert := false
	for code := range now.Each("code") {
		expert = expert || code.Code(fhir.CSRole) == string(store.Expert)
	}
	if !expert {
		return nil
	}
	since, until := int64(math.MinInt32), int64(math.MaxInt32)
	if d, err := vn.ParseDate(day(now.Get("period", "start").String())); err == nil {
		since = int64(d)
	}
	if d, err := vn.ParseDate(day(now.Get("period", "end").String())); err == nil {
		until = int64(d)
	}
	return tx.Exec(ctx, `insert into telehealth_role (id, practitioner, organization, since, until) values (?, ?, ?, ?, ?)`,
		c.ID, now.Get("practitioner").RefID("Practitioner"), now.Get("organization").RefID("Organization"), since, until)
}

// codeIn returns the code that a list of concepts has in the system, "" for
// none.
func codeIn(list fhir.Node, system string) string {
	for c := range list.Items() {
		if code := c.Code(system); code != "" {
			return code
		}
	}
	return ""
}

// day cuts a dateTime to its date.
func day(s string) string { return s[:min(len(s), len(time.DateOnly))] }

// micro reads an instant as µs since the epoch, 0 for none.
func micro(s string) int64 {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return 0
	}
	return t.UnixMicro()
}

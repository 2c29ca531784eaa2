// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

func (m *Module) applyContact(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	had, err := tx.Row(ctx, []any{new(string)}, `select id from events_contact where id = ?`, c.ID)
	if err != nil {
		return err
	}
	if had {
		if err := tx.Exec(ctx, `delete from events_contact where id = ?`, c.ID); err != nil {
			return err
		}
	}
	x, ok := contactOf(now)
	if !ok || c.Labels.Patient == "" && x.Worker == "" || x.First == vn.ZeroDate {
		return nil
	}
	b, err := json.Marshal(x)
	if err != nil {
		return err
	}
	return tx.Exec(ctx, `
		insert into events_contact (id, event, patient, facility, unit, province, sensitivity, status, first, last, checked, version, worker, contact)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, x.Event, c.Labels.Patient, c.Labels.Facility, int64(c.Labels.Unit), int64(m.units.ProvinceOf(c.Labels.Unit)), strings.Join(c.Labels.Sensitivity, " "),
		now.Get("status").String(), int64(x.First), int64(x.Last), int64(x.checked()), c.Version, x.Worker, string(b))
}

// contactOf reads a contact; false for every other Task.
func contactOf(d *fhir.Doc) (Contact, bool) {
	code := ""
	if d != nil {
		code = d.Get("code").Code(fhir.CSTask)
	}
	if code != taskContact && code != taskVillage || d.Get("status").String() == "entered-in-error" {
		return Contact{}, false
	}
	x := Contact{Event: d.Get("focus").RefID("Communication"), Case: d.Get("reasonReference").RefID("Condition"), First: vn.ZeroDate, Last: vn.ZeroDate}
	if code == taskVillage {
		x.Worker, x.WorkerName = d.Get("owner").RefID("Practitioner"), d.Get("owner", "display").String()
	}
	for in := range d.Each("input") {
		value := in.Get("valueString").String()
		switch in.Get("type").Code(csContact) {
		case "name":
			x.Name = value
		case "phone":
			x.Phone = value
		case "relation":
			x.Relation = value
		case "address":
			x.Address = value
		}
	}
	if on, err := vn.ParseDate(d.Get("restriction", "period", "start").String()); err == nil {
		x.First = on
	}
	if on, err := vn.ParseDate(d.Get("restriction", "period", "end").String()); err == nil {
		x.Last = on
	}
	for out := range d.Each("output") {
		t := out.Get("type")
		if code := t.Code(csCheck); code != "" {
			x.Checks = append(x.Checks, Check{Day: casereport.Day(out.Get("valueDateTime").String()), Result: code, Words: t.Get("text").String()})
		}
	}
	return x, x.Event != ""
}

func (m *Module) applyDuty(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	had, err := tx.Row(ctx, []any{new(string)}, `select id from events_task where id = ?`, c.ID)
	if err != nil {
		return err
	}
	if had {
		if err := tx.Exec(ctx, `delete from events_task where id = ?`, c.ID); err != nil {
			return err
		}
	}
	if now == nil || now.Get("code").Code(fhir.CSTask) != taskResponse || c.Labels.Patient != "" || now.Get("status").String() == "entered-in-error" {
		return nil
	}
	d := Duty{Event: now.Get("focus").RefID("Communication"), What: now.Get("description").String(), Who: now.Get("owner", "display").String(), Due: vn.ZeroDate,
		Given: instant(now.Get("authoredOn").String())}
	if on, err := vn.ParseDate(now.Get("restriction", "period", "end").String()); err == nil {
		d.Due = on
	}
	done := 0
	if now.Get("status").String() == "completed" {
		done, d.Done = 1, instant(now.Get("lastModified").String())
	}
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return tx.Exec(ctx, `insert into events_task (id, event, facility, unit, version, due, done, task) values (?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, d.Event, c.Labels.Facility, int64(c.Labels.Unit), c.Version, int64(d.Due), done, string(b))
}

// instant reads a moment in UTC; the zero time for none.
func instant(s string) time.Time {
	at := casereport.Instant(s)
	if at.IsZero() {
		return at
	}
	return at.UTC()
}

// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

const (
	categoryMessage = "case-message"        // a village worker tells the station of somebody
	categoryAnswer  = "case-message-answer" // why the station makes no case of it
	codeHandover    = "case-handover"       // of /cs/task
)

// Key is what one and the same person is known by (surveillance.md 7.3 of the
// project's sources: personal id, else name without marks, year of birth ± 1,
// sex, and commune or phone).
type Key struct {
	Number string // personal id
	Name   string // as printed
	Sex    string // FHIR code
	Year   int    // of birth; 0 = not known
	Phone  string // E.164 or as written
	Unit   vn.UnitID
}

// keyOf reads it from a Patient, without the commune.
func keyOf(d *fhir.Doc) Key {
	k := Key{Number: d.Identifier(fhir.IDPersonal), Name: fhir.PrintedName(d.Root()), Sex: d.Get("gender").String(), Phone: phoneIn(d.Root())}
	if p, err := vn.ParsePartialDate(d.Get("birthDate").String()); err == nil && p.Known() {
		k.Year = int(p.Year)
	}
	return k
}

// applyMessage keeps what village workers tell, and why no case came of it.
func (m *Module) applyMessage(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if now != nil && hasCategory(now, categoryAnswer) && now.Get("status").String() != "entered-in-error" {
		return tx.Exec(ctx, `update surveillance_message set answer = ?, answered = ? where message = ?`,
			now.Get("payload", "0", "contentString").String(), c.At.UnixMicro(), now.Get("inResponseTo", "0").RefID("Communication"))
	}
	if now == nil || !hasCategory(now, categoryMessage) || now.Get("status").String() == "entered-in-error" {
		return tx.Exec(ctx, `delete from surveillance_message where message = ?`, c.ID)
	}
	who := Key{}
	spot, said := "", now.Get("contained", "0")
	if person, err := fhir.ParseString(said.Raw()); err == nil {
		who, spot = keyOf(person), said.Get("address", "text").String()
	}
	since := int64(-1)
	if on := casereport.Day(now.Get("payload", "1", "contentString").String()); on.Known() {
		since = int64(on)
	}
	return tx.Exec(ctx, `
		insert into surveillance_message (message, facility, place, author, disease, who, spot, what, born, sex, phone, since, at, sender, report, answer, answered)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', '', 0)
		on conflict (message) do update set who = excluded.who, spot = excluded.spot, what = excluded.what, disease = excluded.disease`,
		c.ID, c.Labels.Facility, int64(c.Labels.Unit), c.Labels.Author, now.Get("topic", "coding", "code").String(), who.Name, spot,
		now.Get("payload", "0", "contentString").String(), who.Year, who.Sex, who.Phone, since, c.At.UnixMicro(), now.Get("sender", "display").String())
}

// applyHandover keeps to whom cases were handed, and who acknowledged when.
func (m *Module) applyHandover(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from surveillance_handover where task = ?`, c.ID); err != nil {
		return err
	}
	if now == nil || now.Get("code", "coding", "code").String() != codeHandover {
		return nil
	}
	status := now.Get("status").String()
	if status != "requested" && status != "accepted" {
		return nil
	}
	note := now.Get("note")
	return tx.Exec(ctx, `
		insert into surveillance_handover (task, report, patient, facility, owner, place, status, at, by_name, seen)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, now.Get("focus").RefID("Condition"), c.Labels.Patient, now.Get("requester").RefID("Organization"), now.Get("owner").RefID("Organization"),
		int64(c.Labels.Unit), status, micros(now.Get("authoredOn")), note.Get("text").String(), micros(note.Get("time")))
}

// micros is the instant as µs, 0 when there is none.
func micros(n fhir.Node) int64 {
	if t := casereport.Instant(n.String()); !t.IsZero() {
		return t.UnixMicro()
	}
	return 0
}

// applyDesk keeps where stations and provincial centres are.
func (m *Module) applyDesk(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from surveillance_desk where organization = ?`, c.ID); err != nil || now == nil {
		return err
	}
	kind := "other"
	for typ := range now.Each("type") {
		for coding := range typ.Each("coding") {
			if code := coding.Get("code").String(); coding.Get("system").String() == fhir.CSFacilityType && slices.Contains([]string{"station", "cdc"}, code) {
				kind = code
			}
		}
	}
	unit := c.Labels.Unit
	if kind == "cdc" {
		unit = cmp.Or(m.units.ProvinceOf(unit), unit)
	}
	return tx.Exec(ctx, `insert into surveillance_desk (organization, kind, unit, name) values (?, ?, ?, ?)`,
		c.ID, kind, int64(m.units.Latest(unit)), now.Get("name").String())
}

// fromMicro is the zero time for 0.
func fromMicro(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us)
}

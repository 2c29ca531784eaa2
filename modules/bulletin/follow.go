// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"context"
	"embed"
	"slices"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// Follower keeps counts, cases, what was sent, foci and forecasts.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: "bulletin", Version: 6, Tables: store.Tables(tables, "tables"), Apply: m.apply,
		Types: []string{"Patient", "Encounter", "Condition", "Communication", "DocumentReference"},
	}
}

func (m *Module) apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	switch c.Type {
	case "Patient":
		return m.applyPerson(ctx, tx, c, now)
	case "Encounter":
		return m.applyVisit(ctx, tx, c, now, before)
	case "Condition":
		if casereport.Is(now) || casereport.Is(before) {
			return m.applyCase(ctx, tx, c, now)
		}
		return m.applyDiagnosis(ctx, tx, c, now, before == nil)
	case "Communication":
		return m.applyStep(ctx, tx, c, now)
	case "DocumentReference":
		return m.applyForecast(ctx, tx, c, now)
	}
	return nil
}

func (m *Module) applyPerson(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from bulletin_person where patient = ?`, c.ID); err != nil || now == nil {
		return err
	}
	return tx.Exec(ctx, `insert into bulletin_person (patient, name, sex, birth, address, unit) values (?, ?, ?, ?, ?, ?)`,
		c.ID, fhir.PrintedName(now.Root()), now.Get("gender").String(), now.Get("birthDate").String(),
		now.Get("address", "text").String(), int64(c.Labels.Unit))
}

// applyVisit counts a visit in its week while it is signed off: once, and not when
// it was an error. One without a day counts on that of its signature, and stays.
func (m *Module) applyVisit(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	was, had := signedOn(before)
	is, has := signedOn(now)
	if had && (!was.Known() || has && was == is) {
		return nil
	}
	unit, today := m.units.Latest(c.Labels.Unit), vn.DateOf(c.At)
	if had {
		if err := m.sent(ctx, tx, unit, min(was, today), week{visits: -1}); err != nil {
			return err
		}
	}
	if !has {
		return nil
	}
	if !is.Known() {
		is = today
	}
	return m.sent(ctx, tx, unit, min(is, today), week{visits: 1, last: c.At.UnixMicro()})
}

// signedOn is the day of a visit that is signed off, vn.ZeroDate when it does not
// say; false for any other.
func signedOn(d *fhir.Doc) (vn.Date, bool) {
	if d == nil || d.Get("status").String() != "finished" {
		return vn.ZeroDate, false
	}
	return casereport.Day(d.Get("period", "start").String()), true
}

// week is what a commune sent of one week.
type week struct {
	visits, cases, late int
	last                int64 // µs
}

// sent adds to what the commune sent of the week of the day.
func (m *Module) sent(ctx context.Context, tx store.Tx, unit vn.UnitID, day vn.Date, w week) error {
	if unit == 0 {
		return nil
	}
	if err := m.name(ctx, tx, unit); err != nil {
		return err
	}
	return tx.Exec(ctx, `insert into bulletin_week (unit, week, visits, cases, late, last) values (?, ?, ?, ?, ?, ?)
		on conflict (unit, week) do update set visits = bulletin_week.visits + excluded.visits, cases = bulletin_week.cases + excluded.cases,
		       late = bulletin_week.late + excluded.late,
		       last = case when bulletin_week.last < excluded.last then excluded.last else bulletin_week.last end`,
		int64(unit), int64(vn.WeekOf(day).Start()), w.visits, w.cases, w.late, w.last)
}

// name keeps code and name of a unit, for who reads the tables by SQL.
func (m *Module) name(ctx context.Context, tx store.Tx, id vn.UnitID) error {
	u, ok := m.units.Get(id)
	if !ok {
		return nil
	}
	province := ""
	if p, ok := m.units.Get(m.units.ProvinceOf(id)); ok {
		province = p.Code
	}
	return tx.Exec(ctx, `insert into bulletin_unit (unit, code, name, level, province) values (?, ?, ?, ?, ?) on conflict (unit) do nothing`,
		int64(id), codeOf(u), u.Full(), levelNames[u.Level], province)
}

// levelNames are the levels as analysts and exports name them.
var levelNames = map[vn.Level]string{vn.LevelNation: "nation", vn.LevelProvince: "province", vn.LevelDistrict: "district", vn.LevelCommune: "commune"}

// steps of an event that open or end a focus, and the forms of an epidemic.
var steps = []string{"focus", "declared", "contained", "closed"}

const (
	systemStep  = fhir.Base + "/cs/event-step"
	systemForm  = fhir.Base + "/cs/epidemic-form"
	formOpens   = "01"
	formCloses  = "02"
	stepFocus   = "focus"
	stepClosed  = "closed"
	stepStarted = "declared"
)

// applyStep keeps the steps that open, declare and close foci. One that is
// written again stays in its place.
func (m *Module) applyStep(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	seq := c.Seq
	if _, err := tx.Row(ctx, []any{&seq}, `select seq from bulletin_step where step = ?`, c.ID); err != nil {
		return err
	}
	if err := tx.Exec(ctx, `delete from bulletin_step where step = ?`, c.ID); err != nil {
		return err
	}
	if now == nil || now.Get("status").String() == "entered-in-error" {
		return nil
	}
	kind := ""
	for cat := range now.Each("category") {
		for coding := range cat.Each("coding") {
			code := coding.Get("code").String()
			switch coding.Get("system").String() {
			case systemStep:
				if slices.Contains(steps, code) {
					kind = code
				}
			case systemForm:
				kind = code
			}
		}
	}
	disease, ok := m.diseases.ByID(now.Get("topic", "coding", "code").String())
	if kind == "" || !ok || disease.Closed {
		return nil
	}
	unit, found := casereport.UnitIn(now, m.units)
	if !found {
		unit = c.Labels.Unit
	}
	unit = m.units.Latest(unit)
	if err := m.name(ctx, tx, unit); err != nil {
		return err
	}
	day := casereport.Day(now.Get("sent").String())
	if !day.Known() {
		day = vn.DateOf(c.At)
	}
	return tx.Exec(ctx, `insert into bulletin_step (step, seq, kind, opens, disease, unit, province, day) values (?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, seq, kind, fhir.IDOf(now.Get("inResponseTo", "reference").String()), disease.ID, int64(unit), int64(m.units.ProvinceOf(unit)), int64(day))
}

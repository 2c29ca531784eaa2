// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"embed"
	"math"
	"strings"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// Follower keeps facilities, health workers and households.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: "directory", Version: 1, Tables: store.Tables(tables, "tables"), Apply: m.apply,
		Types: []string{"Organization", "Practitioner", "PractitionerRole", "Group", "Patient"},
	}
}

// apply replaces the rows that the resource left behind.
func (m *Module) apply(ctx context.Context, tx store.Tx, c store.Change, now, _ *fhir.Doc) error {
	switch c.Type {
	case "Organization":
		return m.applyFacility(ctx, tx, c, now)
	case "Practitioner":
		return applyWorker(ctx, tx, c, now)
	case "PractitionerRole":
		return applyPost(ctx, tx, c, now)
	case "Group":
		return applyHousehold(ctx, tx, c, now)
	}
	return applyResident(ctx, tx, c, now)
}

func (m *Module) applyFacility(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from directory_facility where facility = ?`, c.ID); err != nil || now == nil {
		return err
	}
	name, code := vn.NormalName(now.Get("name").String()), fhir.Identified(now, fhir.IDFacility)
	active := 1
	if now.Get("active").String() == "false" {
		active = 0
	}
	return tx.Exec(ctx, `
		insert into directory_facility (facility, code, name, folded, name_sort, kind, unit, province, part_of, address, phone, active)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, code, name, folded(name, code), vn.TextSortKey(name), now.Get("type", "coding", "code").String(),
		int64(c.Labels.Unit), int64(m.units.ProvinceOf(c.Labels.Unit)), fhir.IDOf(now.Get("partOf", "reference").String()),
		now.Get("address", "text").String(), now.Get("telecom", "value").String(), active)
}

func applyWorker(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from directory_worker where practitioner = ?`, c.ID); err != nil || now == nil {
		return err
	}
	name := fhir.PrintedName(now.Root())
	return tx.Exec(ctx, `insert into directory_worker (practitioner, name, name_sort, licence) values (?, ?, ?, ?)`,
		c.ID, name, vn.SortKey(name), fhir.Identified(now, fhir.IDPracticeLicence))
}

func applyPost(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from directory_post where post = ?`, c.ID); err != nil || now == nil {
		return err
	}
	if now.Get("active").String() == "false" {
		return nil
	}
	return tx.Exec(ctx, `insert into directory_post (post, practitioner, facility, role, since, until) values (?, ?, ?, ?, ?, ?)`,
		c.ID, fhir.IDOf(now.Get("practitioner", "reference").String()), fhir.IDOf(now.Get("organization", "reference").String()),
		now.Get("code", "coding", "code").String(),
		dayOr(now.Get("period", "start").String(), math.MinInt32+1), dayOr(now.Get("period", "end").String(), math.MaxInt32))
}

// applyHousehold keeps groups that carry a household number; other groups are
// no households.
func applyHousehold(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	for _, sql := range []string{`delete from directory_household where household = ?`, `delete from directory_member where household = ?`} {
		if err := tx.Exec(ctx, sql, c.ID); err != nil {
			return err
		}
	}
	if now == nil || now.Get("active").String() == "false" {
		return nil
	}
	number := fhir.Identified(now, fhir.IDHousehold)
	if number == "" {
		return nil
	}
	people := 0
	for member := range now.Each("member") {
		typ, id, _ := strings.Cut(member.Get("entity", "reference").String(), "/")
		if typ != "Patient" || member.Get("inactive").Bool() {
			continue
		}
		if err := tx.Exec(ctx, `insert into directory_member (household, patient, place) values (?, ?, ?) on conflict (household, patient) do nothing`,
			c.ID, id, people); err != nil {
			return err
		}
		people++
	}
	name := vn.NormalName(now.Get("name").String())
	return tx.Exec(ctx, `
		insert into directory_household (household, number, name, folded, name_sort, facility, unit, people)
		values (?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, number, name, folded(name, number), vn.SortKey(name), c.Labels.Facility, int64(c.Labels.Unit), people)
}

func applyResident(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from directory_resident where patient = ?`, c.ID); err != nil || now == nil {
		return err
	}
	if now.Get("active").String() == "false" {
		return nil
	}
	return tx.Exec(ctx, `
		insert into directory_resident (patient, name, sex, birth, facility, unit, sensitivity)
		values (?, ?, ?, ?, ?, ?, ?)`,
		c.ID, fhir.PrintedName(now.Root()), now.Get("gender").String(), now.Get("birthDate").String(), c.Labels.Facility,
		int64(c.Labels.Unit), strings.Join(c.Labels.Sensitivity, " "))
}

// folded is the search text: each word of name and code after a space.
func folded(name, code string) string { return " " + vn.Fold(name+" "+code) }

// dayOr reads a date, or the date part of an instant.
func dayOr(s string, otherwise int64) int64 {
	d, err := vn.ParseDate(s[:min(len(s), 10)])
	if err != nil {
		return otherwise
	}
	return int64(d)
}

// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"embed"
	"math"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// Follower keeps the list of health workers.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: "peers", Version: 1, Tables: store.Tables(tables, "tables"), Apply: m.apply,
		Types: []string{"Practitioner", "PractitionerRole", "Organization"},
	}
}

func (m *Module) apply(ctx context.Context, tx store.Tx, c store.Change, now, _ *fhir.Doc) error {
	switch c.Type {
	case "Practitioner":
		return replace(ctx, tx, now != nil, "peers_person", "practitioner", c.ID, func() error {
			name := vn.NormalName(now.Get("name", "text").String())
			return tx.Exec(ctx, `insert into peers_person (practitioner, name, name_sort) values (?, ?, ?)`, c.ID, name, vn.SortKey(name))
		})
	case "Organization":
		return replace(ctx, tx, now != nil, "peers_place", "facility", c.ID, func() error { return m.insertPlace(ctx, tx, c, now) })
	case "PractitionerRole":
		counted := now != nil && now.Get("active").String() != "false"
		return replace(ctx, tx, counted, "peers_post", "post", c.ID, func() error { return insertPost(ctx, tx, c.ID, now) })
	}
	return nil
}

// replace deletes the row of the key and, when keep holds, inserts it anew.
func replace(ctx context.Context, tx store.Tx, keep bool, table, key, id string, insert func() error) error {
	if err := tx.Exec(ctx, "delete from "+table+" where "+key+" = ?", id); err != nil || !keep {
		return err
	}
	return insert()
}

func insertPost(ctx context.Context, tx store.Tx, id string, now *fhir.Doc) error {
	return tx.Exec(ctx, `
		insert into peers_post (post, practitioner, role, facility, since, until)
		values (?, ?, ?, ?, ?, ?)`,
		id, fhir.IDOf(now.Get("practitioner", "reference").String()), now.Get("code", "coding", "code").String(),
		fhir.IDOf(now.Get("organization", "reference").String()),
		dayOr(now.Get("period", "start").String(), 0), dayOr(now.Get("period", "end").String(), math.MaxInt32))
}

func (m *Module) insertPlace(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	var province vn.UnitID
	for _, u := range m.units.Path(c.Labels.Unit) {
		if u.Level == vn.LevelProvince {
			province = u.ID
		}
	}
	return tx.Exec(ctx, `insert into peers_place (facility, name, unit, province) values (?, ?, ?, ?)`,
		c.ID, now.Get("name").String(), int64(c.Labels.Unit), int64(province))
}

// dayOr reads a date, or the date part of an instant.
func dayOr(s string, otherwise int64) int64 {
	d, err := vn.ParseDate(s[:min(len(s), 10)])
	if err != nil {
		return otherwise
	}
	return int64(d)
}

// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// applyNight keeps what the full run of a night found: it judges again what
// differed, and lets clusters raise alerts. Only the system itself speaks for a
// night, once.
func (m *Module) applyNight(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if now == nil || c.Actor != store.SystemActor().Account || c.Labels.Category != categoryAnswer || codeIn(now, csNight) != nightDone {
		return nil
	}
	var f findings
	if err := json.Unmarshal([]byte(now.Get("payload", "contentString").String()), &f); err != nil {
		return fmt.Errorf("night of detection: %w", err)
	}
	day, err := vn.ParseDate(f.Day)
	if err != nil {
		return fmt.Errorf("night of detection: %w", err)
	}
	var one int
	if known, err := tx.Row(ctx, []any{&one}, `select 1 from detection_night where day = ?`, int64(day)); err != nil || known {
		return err
	}
	t := turn{Module: m, tx: tx, c: c}
	differ := 0
	for _, a := range f.Again {
		d, ok := m.diseases.ByID(a.Disease)
		if !ok || d.Closed || len(a.Weeks) == 0 {
			continue
		}
		differ += len(a.Weeks)
		if err := t.judgeOne(ctx, touch{disease: d, unit: a.Unit, again: true, weeks: a.Weeks}); err != nil {
			return err
		}
	}
	alerts := 0
	for _, k := range f.Clusters {
		raised, err := t.cluster(ctx, k)
		if err != nil {
			return err
		}
		alerts += flag(raised)
	}
	return tx.Exec(ctx, `insert into detection_night (day, seq, at, position, series, cells, differ, scans, clusters, took) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(day), c.Seq, c.At.UnixMicro(), f.Position, f.Series, f.Cells, differ, f.Scans, alerts, f.Took)
}

// cluster keeps a cluster and raises an alert when such a one is rare enough: in
// the commune with the most cases above the expected, or in that of its
// communes which has one of a cluster already.
func (t *turn) cluster(ctx context.Context, k Cluster) (raised bool, err error) {
	d, ok := t.diseases.ByID(k.Disease)
	if !ok || d.Closed {
		return false, nil
	}
	rule, err := t.ruleAt(ctx, t.tx, d, k.Lead, vn.DateOf(t.c.At))
	if err != nil {
		return false, err
	}
	if k.Alert = ""; k.Recurrence >= content.DetectionOn(k.Day).Scan.RecurrenceDays {
		unit, err := t.ringed(ctx, k)
		if err != nil {
			return false, err
		}
		g := ground{rule: RuleCluster, since: k.From(), push: PushEvidence, p: 1 / k.Recurrence, week: vn.ZeroDate}
		if err := t.raise(ctx, touch{disease: d, unit: unit, day: k.Day, again: true}, unit, rule, g); err != nil {
			return false, err
		}
		if err := t.tally(ctx, place{disease: d.ID, unit: unit, level: vn.LevelCommune}); err != nil {
			return false, err
		}
		a, _, _, err := t.latest(ctx, d.ID, unit)
		if err != nil {
			return false, err
		}
		k.Alert = a.Key
	}
	return k.Alert != "", t.tx.Exec(ctx, `insert into detection_cluster (day, disease, place, seq, position, settings, centre, lead, units, radius, days, cases, expected, ratio, p, recurrence, alert)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		int64(k.Day), k.Disease, k.Place, t.c.Seq, k.Position, k.Settings, int64(k.Centre), int64(k.Lead), unitsText(k.Units), k.Radius, k.Days, k.Cases,
		k.Expected, k.Ratio, k.P, k.Recurrence, k.Alert)
}

// ringed is the commune in which the alert of a cluster stands or is to open.
func (t *turn) ringed(ctx context.Context, k Cluster) (vn.UnitID, error) {
	for _, unit := range k.Units {
		a, cooled, found, err := t.latest(ctx, k.Disease, unit)
		if err != nil {
			return 0, err
		}
		if found && a.Rule == RuleCluster && (a.State() == Open || a.State() == Answered && t.c.At.Before(time.UnixMicro(cooled))) {
			return unit, nil
		}
	}
	return k.Lead, nil
}

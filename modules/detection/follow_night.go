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

// applyNight judges what is due, in the course of a day and before a night looks, and
// keeps what its full run found: it judges again what differed, and lets clusters
// raise alerts. Only the system itself speaks for a night.
func (m *Module) applyNight(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if now == nil || c.Actor != store.SystemActor().Account || c.Labels.Category != categoryAnswer {
		return nil
	}
	switch codeIn(now, csNight) {
	case nightDue:
		return m.catchUp(ctx, tx, c, vn.DateOf(c.At)+1, mostAgain)
	case daySettle:
		return m.catchUp(ctx, tx, c, vn.DateOf(c.At)+1, settleEach)
	case nightDone:
		return m.keepNight(ctx, tx, c, now)
	}
	return nil
}

// keepNight takes the findings of a night, once.
func (m *Module) keepNight(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
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
	for _, days := range f.Days {
		if len(days.Days) == 0 {
			continue
		}
		differ += len(days.Days)
		if err := t.lookAgain(ctx, days); err != nil {
			return err
		}
	}
	if f.Scan == (content.ScanRule{}) { // a night of before the settings were written with it
		f.Scan = content.DetectionOn(day).Scan
	}
	if err := t.keepRule(ctx, f.Scan.Hash(), f.Scan); err != nil {
		return err
	}
	alerts := 0
	for _, k := range f.Clusters {
		raised, err := t.cluster(ctx, k)
		if err != nil {
			return err
		}
		alerts += flag(raised)
	}
	if err := t.lapse(ctx); err != nil {
		return err
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

// lapse judges without their cluster the places of alerts that no cluster of
// tonight names, when cases of the one that was found are gone. One whose cases
// stand waits for its answer, though the scan has moved on.
func (t *turn) lapse(ctx context.Context) error {
	var open []Cluster // the newest of each alert
	err := t.tx.Rows(ctx, `select `+clusterColumns+` from detection_cluster c join detection_alert a on a.alert = c.alert
		 where a.rule = 'cluster' and a.answer = '' and a.holds = 1
		   and not exists (select 1 from detection_cluster n where n.alert = c.alert and (n.day > c.day or n.day = c.day and n.place < c.place))
		   and c.seq <> ? order by c.disease, c.alert`, []any{t.c.Seq}, func(scan func(...any) error) error {
		c, err := scanCluster(scan)
		open = append(open, c)
		return err
	})
	if err != nil {
		return err
	}
	current := vn.WeekOf(vn.DateOf(t.c.At)).Start()
	for _, c := range open {
		d, ok := t.diseases.ByID(c.Disease)
		stand, err := t.stillIn(ctx, c)
		if err != nil {
			return err
		}
		if !ok || stand >= c.Cases {
			continue
		}
		var unit int64
		if _, err := t.tx.Row(ctx, []any{&unit}, `select unit from detection_alert where alert = ?`, c.Alert); err != nil {
			return err
		}
		back := content.DetectionOf(d, vn.DateOf(t.c.At)).BackWeeks
		x := touch{disease: d, unit: vn.UnitID(unit), day: max(c.From(), current.AddDays(-7*back)), lapse: true}
		if err := t.judgeOne(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// stillIn counts the cases in the places and days of a cluster as they are now.
func (t *turn) stillIn(ctx context.Context, c Cluster) (n int, err error) {
	marks, args := "?", []any{c.Disease, int64(c.From()), int64(c.Day), int64(0)}
	for _, u := range c.Units {
		marks, args = marks+", ?", append(args, int64(u))
	}
	_, err = t.tx.Row(ctx, []any{&n}, `select coalesce(sum(change), 0) from detection_ledger where disease = ? and day >= ? and day <= ? and commune in (`+marks+`)`, args...)
	return n, err
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

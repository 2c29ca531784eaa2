// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

const syndromeColumns = `syndrome, unit, day, seq, at, settings, cases, visits, expected, bound, usual, chance, sources, alarm, reporting, expecting, basis`

func scanSyndrome(scan store.Scan) (SyndromeVerdict, error) {
	var v SyndromeVerdict
	var unit, day, at int64
	var alarm int
	err := scan(&v.Syndrome, &unit, &day, &v.Seq, &at, &v.Settings, &v.Cases, &v.Visits, &v.Expected, &v.Bound, &v.Usual, &v.Chance, &v.Sources,
		&alarm, &v.Reporting, &v.Expecting, &v.Basis)
	v.Unit, v.Day, v.At, v.Alarm = vn.UnitID(unit), vn.Date(day), time.UnixMicro(at), alarm == 1
	return v, err
}

// SyndromeVerdicts lists every judgement of a syndrome in a unit since a day on
// which something turned, oldest first.
func (m *Module) SyndromeVerdicts(ctx context.Context, a store.Actor, syndrome string, unit vn.UnitID, since vn.Date) ([]SyndromeVerdict, error) {
	return figures(ctx, m, a, unit, "verdicts on a syndrome", scanSyndrome,
		`select `+syndromeColumns+` from detection_syndrome where unit = ? and syndrome = ? and day >= ? order by seq, day`, int64(unit), syndrome, int64(since))
}

// visits reads the visits of a unit by day, for pictures that end on a day.
func (m *Module) visits(ctx context.Context, a store.Actor, unit vn.UnitID, on vn.Date, rule content.SyndromeRule) (*daily, error) {
	oldest := on.AddDays(-rule.ShownDays - rule.ReachDays)
	d, err := m.asked(a, unit, 0).daily(ctx, unit, oldest.AddDays(-rule.HistoryDays).Year(), oldest.Year(), on.Year())
	if err != nil {
		return nil, fmt.Errorf("visits of %v by day: %w", unit, err)
	}
	return d, nil
}

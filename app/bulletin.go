// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"slices"

	"mach/modules/bulletin"
	"mach/store"
	"mach/vn"
)

// alertsOf are the alerts that the detection opened in a unit from … to, as the
// bulletin tells them: it draws, detection judges, and neither knows the other.
func (a *App) alertsOf(ctx context.Context, actor store.Actor, unit vn.UnitID, from, to vn.Date) ([]bulletin.Alert, error) {
	list, err := a.detection.Waiting(ctx, actor, unit)
	if err != nil {
		return nil, err
	}
	done, err := a.detection.Done(ctx, actor, unit, from)
	if err != nil {
		return nil, err
	}
	var out []bulletin.Alert
	for _, x := range slices.Concat(list, done) {
		opened := vn.DateOf(x.Opened)
		if opened < from || opened > to || !x.Holds || x.Syndrome() { // the bulletin is of diseases
			continue
		}
		alert := bulletin.Alert{Disease: x.Disease, Unit: x.Unit, Opened: opened, Cases: x.Cases, Why: "detection.rule." + string(x.Rule), Href: x.Path()}
		if x.Answer != "" {
			alert.Answer = "detection.kind." + string(x.Answer)
		}
		out = append(out, alert)
	}
	return out, nil
}

// clustersOf are the clusters of the latest nightly scan, as the bulletin rings
// them.
func (a *App) clustersOf(ctx context.Context, actor store.Actor, unit vn.UnitID, disease string, on vn.Date) ([]bulletin.Cluster, bool, error) {
	list, scanned, err := a.detection.Clusters(ctx, actor, unit, disease, on)
	out := make([]bulletin.Cluster, len(list))
	for i, c := range list {
		out[i] = bulletin.Cluster{Units: c.Units, Others: c.Others, From: c.From(), To: c.Day, Cases: c.Cases, Expected: c.Expected, Recurrence: c.Recurrence}
	}
	return out, scanned.Known(), err
}

// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// OnDuty is who answers the alerts of a unit from one day to another.
type OnDuty struct {
	Schedule, Practitioner, Name, Facility string
	Unit                                   vn.UnitID
	From, To                               vn.Date // both included
}

// Labels lets the guard judge the line as the Schedule that it comes from.
func (o OnDuty) Labels() store.Labels {
	return store.Labels{Type: "Schedule", ID: o.Schedule, Facility: o.Facility, Unit: o.Unit}
}

func scanDuty(scan store.Scan) (OnDuty, error) {
	var o OnDuty
	var unit, from, to int64
	err := scan(&o.Schedule, &o.Practitioner, &o.Name, &o.Facility, &unit, &from, &to)
	o.Unit, o.From, o.To = vn.UnitID(unit), vn.Date(from), vn.Date(to)
	return o, err
}

const dutyColumns = `schedule, practitioner, name, facility, unit, starts, ends`

// OnDuty lists who is on duty for a unit on a day.
func (m *Module) OnDuty(ctx context.Context, a store.Actor, unit vn.UnitID, on vn.Date) ([]OnDuty, error) {
	return store.List(ctx, m.store.For(a), unit, scanDuty,
		`select `+dutyColumns+` from detection_duty where unit = ? and starts <= ? and ends >= ? order by name, schedule`, int64(unit), int64(on), int64(on))
}

// Duties lists the roster of a unit from a day on, the nearest first.
func (m *Module) Duties(ctx context.Context, a store.Actor, unit vn.UnitID, since vn.Date) ([]OnDuty, error) {
	rows, _, err := store.First(ctx, m.store.For(a), unit, mostDuties, scanDuty,
		`select `+dutyColumns+` from detection_duty where unit = ? and ends >= ? order by starts, ends, name, schedule limit ?`, int64(unit), int64(since))
	if err != nil {
		return nil, fmt.Errorf("duty roster of %v: %w", unit, err)
	}
	return rows, nil
}

// mostDuties is how many lines of a roster are shown, mostDays how long one
// may last.
const (
	mostDuties = 200
	mostDays   = 366
)

// keepsDuty reports whether the role keeps the roster of its place.
func keepsDuty(r store.Role) bool { return r == store.StationDirector || r == store.CDC }

// Worker is somebody who may be put on duty.
type Worker struct{ Practitioner, Name string }

// Workers lists the people of the actor's facility, by name.
func (m *Module) Workers(ctx context.Context, a store.Actor) ([]Worker, error) {
	page, err := m.store.For(a).Search(ctx, store.Query{Type: "PractitionerRole", Count: 200, Params: [][2]string{
		{"organization", "Organization/" + a.Facility}, {"active", "true"}, {"_include", "PractitionerRole:practitioner"}}})
	if err != nil {
		return nil, fmt.Errorf("people of the facility: %w", err)
	}
	var out []Worker
	for _, d := range page.Included {
		if d.Type() == "Practitioner" {
			out = append(out, Worker{d.ID(), fhir.PrintedName(d.Root())})
		}
	}
	slices.SortFunc(out, func(x, y Worker) int {
		return cmp.Or(strings.Compare(vn.SortKey(x.Name), vn.SortKey(y.Name)), strings.Compare(x.Practitioner, y.Practitioner))
	})
	return slices.CompactFunc(out, func(x, y Worker) bool { return x.Practitioner == y.Practitioner }), nil
}

// AddDuty puts somebody of the actor's facility on duty from one day to another,
// as a Schedule. The same key of the same account does so once.
// Errors: Forbidden for who does not keep the roster; Value and Required with
// the field.
func (m *Module) AddDuty(ctx context.Context, a store.Actor, practitioner string, from, to vn.Date, once string) error {
	if !keepsDuty(a.Role) {
		return issue.New(issue.Forbidden, "detection.duty.keeper")
	}
	workers, err := m.Workers(ctx, a)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(workers, func(w Worker) bool { return w.Practitioner == practitioner })
	switch {
	case i < 0:
		return issue.New(issue.Value, "detection.duty.who").At("who")
	case !from.Known():
		return issue.New(issue.Required, "web.field.required").At("from")
	case !to.Known():
		return issue.New(issue.Required, "web.field.required").At("to")
	case to < from || to < m.today() || int(to-from) >= mostDays:
		return issue.New(issue.Value, "detection.duty.days").At("to")
	}
	doc, err := fhir.New(map[string]any{
		"resourceType": "Schedule", "id": newID(), "active": true,
		"serviceCategory": []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, categoryDuty, "")},
		"actor":           []fhir.Reference{{Reference: "Practitioner/" + practitioner, Display: workers[i].Name}},
		"planningHorizon": fhir.Period{Start: from.String(), End: to.String()},
	})
	if err != nil {
		return err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, once, store.Create(doc))
	if err != nil {
		return fmt.Errorf("duty: %w", err)
	}
	return m.store.Await(ctx, receipt, "detection")
}

// EndDuty takes a line out of the roster: its Schedule is no longer active.
// Errors: NotFound; Forbidden for who does not keep it.
func (m *Module) EndDuty(ctx context.Context, a store.Actor, schedule, once string) error {
	if !keepsDuty(a.Role) {
		return issue.New(issue.Forbidden, "detection.duty.keeper")
	}
	door := m.store.For(a)
	doc, err := door.Read(ctx, "Schedule", schedule)
	if err != nil {
		return err
	}
	if doc.Get("serviceCategory", "0").Code(fhir.CSCategory) != categoryDuty {
		return issue.New(issue.NotFound, "detection.duty.none")
	}
	if doc, err = doc.Set("active", false); err != nil {
		return err
	}
	receipt, err := door.CommitOnce(ctx, once, store.Put(doc))
	if err != nil {
		return fmt.Errorf("end of a duty: %w", err)
	}
	return m.store.Await(ctx, receipt, "detection")
}

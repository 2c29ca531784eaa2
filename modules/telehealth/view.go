// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

const caseColumns = `c.id, c.task, c.patient, c.patient_name, c.encounter, c.facility, coalesce(p.name, ''), c.unit,
	c.hospital, c.hospital_name, c.requester, c.requester_name, c.expert, c.expert_name, c.state, c.urgency, c.question,
	c.report, c.answer, c.decision, c.asked, c.moved, c.author, c.sensitivity
	from telehealth_case c left join telehealth_place p on p.id = c.facility`

func scanCase(scan store.Scan) (Case, error) {
	var c Case
	var state, decision, author, sensitivity string
	var unit, asked, moved int64
	err := scan(&c.ID, &c.Task, &c.Patient, &c.PatientName, &c.Encounter, &c.Facility, &c.FacilityName, &unit,
		&c.Hospital, &c.HospitalName, &c.Requester, &c.RequesterName, &c.Expert, &c.ExpertName, &state, &c.Urgency, &c.Question,
		&c.Report, &c.Answer, &decision, &asked, &moved, &author, &sensitivity)
	c.State, c.Decision = State(state), Decision(decision)
	c.Asked, c.Moved = time.UnixMicro(asked).UTC(), time.UnixMicro(moved).UTC()
	c.labels = store.Labels{
		Type: "ServiceRequest", ID: c.ID, Patient: c.Patient, Facility: c.Facility, Unit: vn.UnitID(unit),
		Author: author, Category: consultation, Sensitivity: strings.Fields(sensitivity),
	}
	return c, err
}

// listLimit is how many a list shows, openLimit how many are sorted for it.
const (
	listLimit = 200
	openLimit = 10_000
)

// List returns the consultations that are the actor's work: those the own
// facility asked for, those asked of the own hospital, or those the actor is
// named expert of. Open ones come with the earliest due first, closed ones
// newest first; at most 200.
func (m *Module) List(ctx context.Context, a store.Actor, open bool) ([]Case, error) {
	where, id := `c.facility = ?`, a.Facility
	switch a.Role {
	case store.Coordinator:
		where = `c.hospital = ?`
	case store.Expert:
		where, id = `c.expert = ?`, a.Practitioner
	}
	states := `('asked', 'accepted', 'live', 'concluded')`
	if !open {
		states = `('decided', 'declined', 'cancelled')`
	}
	if id == "" {
		return nil, nil
	}
	most := listLimit
	if open { // the most overdue may be the oldest: cut only once sorted
		most = openLimit
	}
	list, _, err := store.First(ctx, m.store.For(a), 0, most, scanCase, `select `+caseColumns+`
		 where c.asked_for = 1 and c.state in `+states+` and `+where+`
		 order by c.asked desc limit ?`, id)
	if open {
		slices.SortStableFunc(list, func(x, y Case) int { return cmp.Compare(rank(x), rank(y)) })
	}
	return list[:min(len(list), listLimit)], err
}

// rank orders open cases: what is due first comes first, what waits for the
// treating doctor after.
func rank(c Case) int64 {
	if due, ok := c.Due(); ok {
		return due.UnixMicro()
	}
	return c.Moved.UnixMicro() + int64(100*365*24*time.Hour/time.Microsecond)
}

// One returns a consultation the actor may see, or issue.NotFound.
func (m *Module) One(ctx context.Context, a store.Actor, id string) (Case, error) {
	list, err := store.List(ctx, m.store.For(a), 0, scanCase, `select `+caseColumns+` where c.id = ? and c.asked_for = 1`, id)
	if err != nil {
		return Case{}, err
	}
	if len(list) == 0 {
		return Case{}, issue.New(issue.NotFound, "telehealth.unknown")
	}
	return list[0], nil
}

// OfVisit returns the consultations of a visit, the oldest first.
func (m *Module) OfVisit(ctx context.Context, a store.Actor, encounter string) ([]Case, error) {
	return store.List(ctx, m.store.For(a), 0, scanCase, `select `+caseColumns+`
		 where c.encounter = ? and c.asked_for = 1 order by c.asked limit ?`, encounter, listLimit)
}

// OfPerson returns the consultations about a person, the newest first.
func (m *Module) OfPerson(ctx context.Context, a store.Actor, patient string) ([]Case, error) {
	return store.List(ctx, m.store.For(a), 0, scanCase, `select `+caseColumns+`
		 where c.patient = ? and c.asked_for = 1 order by c.asked desc limit ?`, patient, listLimit)
}

// Steps returns the moves of a case the actor has, in their order.
func (m *Module) Steps(ctx context.Context, a store.Actor, c Case) ([]Step, error) {
	scan := func(scan store.Scan) (Step, error) {
		s := Step{labels: c.labels}
		var at int64
		var state string
		err := scan(&at, &state, &s.Who, &s.Why)
		s.At, s.State = time.UnixMicro(at).UTC(), State(state)
		return s, err
	}
	return store.List(ctx, m.store.For(a), 0, scan, `
		select at, state, who, why from telehealth_step where case_id = ? and task = ? order by seq limit ?`, c.ID, c.Task, listLimit)
}

// Hospitals returns the facilities that may be asked: regional, provincial and
// central hospitals but the actor's own, the nearest level first, then by name.
func (m *Module) Hospitals(ctx context.Context, a store.Actor) ([]Hospital, error) {
	scan := func(scan store.Scan) (Hospital, error) {
		var h Hospital
		var unit int64
		err := scan(&h.ID, &h.Name, &h.Kind, &unit)
		h.Unit = vn.UnitID(unit)
		h.labels = store.Labels{Type: "Organization", ID: h.ID, Facility: h.ID, Unit: h.Unit}
		return h, err
	}
	list, err := store.List(ctx, m.store.For(a), 0, scan, `
		select id, name, kind, unit from telehealth_place
		 where kind in ('hospital-regional', 'hospital-province', 'hospital-central') and id <> ?
		 order by name limit 2000`, a.Facility)
	level := []string{"hospital-regional", "hospital-province", "hospital-central"}
	slices.SortStableFunc(list, func(x, y Hospital) int {
		return cmp.Or(slices.Index(level, x.Kind)-slices.Index(level, y.Kind), cmp.Compare(vn.SortKey(x.Name), vn.SortKey(y.Name)))
	})
	return list, err
}

// Experts returns who may be named at a hospital on the day, by name.
func (m *Module) Experts(ctx context.Context, a store.Actor, hospital string, on vn.Date) ([]Expert, error) {
	scan := func(scan store.Scan) (Expert, error) {
		var e Expert
		var sort string
		err := scan(&e.Practitioner, &e.Name, &sort)
		e.labels = store.Labels{Type: "Practitioner", ID: e.Practitioner, Facility: hospital}
		return e, err
	}
	return store.List(ctx, m.store.For(a), 0, scan, `
		select distinct n.practitioner, n.name, n.name_sort
		  from telehealth_role r join telehealth_name n on n.practitioner = r.practitioner
		 where r.organization = ? and r.since <= ? and r.until >= ?
		 order by n.name_sort, n.practitioner limit 500`, hospital, int64(on), int64(on))
}

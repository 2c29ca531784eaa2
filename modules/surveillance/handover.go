// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Handover is a case that was given to the station of residence, or to the
// centre of another province, to look after.
type Handover struct {
	Task, Report, Patient string
	From, To              string // Organization ids
	FromName, ToName      string
	At, Seen              time.Time // Seen is zero until somebody acknowledges
	By                    string    // who did
	Disease, Name, Birth  string
	place                 vn.UnitID
}

// Labels lets the guard judge the row as the task.
func (h Handover) Labels() store.Labels {
	return store.Labels{Type: "Task", ID: h.Task, Patient: h.Patient, Facility: h.From, Unit: h.place, Category: codeHandover}
}

// Handovers lists what was handed to the actor's facility, or by it, since a
// day: what nobody has acknowledged first, then the latest.
func (m *Module) Handovers(ctx context.Context, a store.Actor, given bool, since vn.Date) ([]Handover, error) {
	column := "h.owner"
	if given {
		column = "h.facility"
	}
	return m.handovers(ctx, a, column+` = ? and h.at >= ?`, a.Facility, since.Time().UnixMicro())
}

// HandoversOf lists to whom a case was handed.
func (m *Module) HandoversOf(ctx context.Context, a store.Actor, report string) ([]Handover, error) {
	return m.handovers(ctx, a, `h.report = ?`, report)
}

func (m *Module) handovers(ctx context.Context, a store.Actor, where string, args ...any) ([]Handover, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (Handover, error) {
		var h Handover
		var place, at, seen int64
		err := scan(&h.Task, &h.Report, &h.Patient, &h.From, &h.To, &h.FromName, &h.ToName, &place, &at, &seen, &h.By, &h.Disease, &h.Name, &h.Birth)
		h.place, h.At, h.Seen = vn.UnitID(place), time.UnixMicro(at), fromMicro(seen)
		return h, err
	}, `select h.task, h.report, h.patient, h.facility, h.owner, coalesce(f.name, ''), coalesce(o.name, ''), h.place, h.at, h.seen, h.by_name,
		       coalesce(c.disease, ''), coalesce(p.name, ''), coalesce(p.birth, '')
		  from surveillance_handover h
		  left join surveillance_desk f on f.organization = h.facility left join surveillance_desk o on o.organization = h.owner
		  left join surveillance_case c on c.report = h.report left join surveillance_person p on p.patient = h.patient
		 where `+where+` order by case when h.seen = 0 then 0 else 1 end, h.at desc, h.task limit 100`, args...)
	if err != nil {
		return nil, fmt.Errorf("handovers: %w", err)
	}
	return rows, nil
}

// ToHand lists the cases that the centre should hand on: reported since a day in
// its province by others than the station of residence, or living elsewhere.
func (m *Module) ToHand(ctx context.Context, a store.Actor, since vn.Date, limit int) ([]Case, error) {
	province := int64(a.Oversees(m.units))
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, limit, m.scanCase, `select `+caseColumns+caseFrom+`
		  left join surveillance_desk k on k.organization = c.facility
		 where (c.province = ? or c.place = ?)
		   and c.reported >= ? and c.patient <> '' and c.sensitivity = '' and c.same_as = ''
		   and c.class in `+counting+` and c.unit <> 0 and (coalesce(k.kind, 'other') <> 'station' or k.unit <> c.unit)
		   and not exists (select 1 from surveillance_handover h where h.report = c.report and h.facility = ?)
		 order by c.reported desc, c.report limit ?`, province, province, since.Time().UnixMicro(), a.Facility)
	if err != nil {
		return nil, fmt.Errorf("cases to hand on: %w", err)
	}
	return rows, nil
}

// desk is who looks after cases of a unit.
type desk struct {
	id, name string
}

// receiver is to whom a case is handed by a centre: the station of the commune
// of residence, or the centre of another province; false when there is none.
func (m *Module) receiver(ctx context.Context, a store.Actor, c Case) (desk, bool, error) {
	unit, kind := c.Unit, "station"
	if !m.units.Within(unit, a.Oversees(m.units)) {
		unit, kind = m.units.ProvinceOf(unit), "cdc"
	}
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (deskRow, error) {
		var d deskRow
		return d, scan(&d.id, &d.name)
	}, `select organization, name from surveillance_desk where unit = ? and kind = ? and organization <> ? order by organization limit 1`, int64(unit), kind, a.Facility)
	if err != nil || len(rows) == 0 {
		return desk{}, false, err
	}
	return desk(rows[0]), true, nil
}

type deskRow desk

func (d deskRow) Labels() store.Labels { return store.Labels{Type: "Organization", ID: d.id} }

// Hand gives a case to the station of residence, or to the centre of another
// province. Again does nothing.
// Errors: NotFound for the case; BusinessRule ("reporting.handover.nobody")
// when nobody is known who could take it.
func (m *Module) Hand(ctx context.Context, a store.Actor, report, key string) error {
	c, err := m.Case(ctx, a, report)
	if err != nil {
		return err
	}
	to, ok, err := m.receiver(ctx, a, c)
	if err != nil {
		return err
	}
	if !ok {
		return issue.New(issue.BusinessRule, "reporting.handover.nobody")
	}
	number := report + "/" + to.id
	doc, err := fhir.New(fhir.Task{
		Identifier: []fhir.Identifier{{System: fhir.Base + "/id/handover", Value: number}},
		Status:     "requested", Intent: "order", Code: fhir.Code(fhir.Base+"/cs/task", codeHandover, ""),
		Focus: fhir.Ref("Condition", report), For: fhir.Ref("Patient", c.Patient),
		Requester: fhir.Ref("Organization", a.Facility), Owner: fhir.Ref("Organization", to.id), AuthoredOn: fhir.Instant(m.now()),
	})
	if err != nil {
		return err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Create(doc).Unless("identifier="+fhir.Base+"/id/handover|"+number))
	if err != nil {
		return fmt.Errorf("handing a case on: %w", err)
	}
	return m.store.Await(ctx, receipt, "surveillance")
}

// Acknowledge says that the actor's facility looks after the case; who and when
// stand in the task.
// Errors: NotFound.
func (m *Module) Acknowledge(ctx context.Context, a store.Actor, task, key string) error {
	d, err := m.store.For(a).Read(ctx, "Task", task)
	if err != nil {
		return err
	}
	var t fhir.Task
	if err := d.Into(&t); err != nil {
		return err
	}
	if d.Get("code", "coding", "code").String() != codeHandover || d.Get("owner").RefID("Organization") != a.Facility {
		return issue.New(issue.NotFound, "reporting.handover.none")
	}
	if t.Status != "requested" {
		return nil
	}
	t.Status, t.LastModified = "accepted", fhir.Instant(m.now())
	t.Note = append(t.Note, m.note(a, a.Name))
	doc, err := fhir.New(t)
	if err != nil {
		return err
	}
	version, err := versionOf(d)
	if err != nil {
		return err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Update(doc, version))
	if err != nil {
		return fmt.Errorf("acknowledging a case: %w", err)
	}
	return m.store.Await(ctx, receipt, "surveillance")
}

func versionOf(d *fhir.Doc) (version int64, err error) {
	if _, err = fmt.Sscan(d.VersionID(), &version); err != nil {
		return 0, fmt.Errorf("version of a %s: %w", d.Type(), err)
	}
	return version, nil
}

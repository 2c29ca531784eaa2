// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Told is a case that no visit stands behind: a form of a hospital or a
// laboratory, a line of a list, a village worker's message.
type Told struct {
	Patient string // Patient id chosen among those alike; "" = find or register
	Name    string
	Number  string // personal id; "" = not known
	Birth   vn.PartialDate
	Sex     string // FHIR code
	Phone   string
	Address string
	Commune vn.UnitID
	ICD     string // "" = the first code of the disease
	Message string // Communication that told of it
	Answers Report // of the case form; who the person is stands above
}

// check refuses what a case cannot be reported with, field by field: the
// labelled diseases are for the closed desk, and it has no others.
func (t *Told) check(a store.Actor, today vn.Date, diseases *content.DiseaseList) error {
	var found []issue.Issue
	note := func(err error, field string) {
		var e *issue.Error
		if errors.As(err, &e) {
			found = append(found, e.At(field).Issues...)
		}
	}
	if t.Name = vn.NormalName(t.Name); t.Name == "" {
		note(issue.New(issue.Required, "web.field.required"), "name")
	}
	if t.Sex != "male" && t.Sex != "female" && t.Sex != "other" && t.Sex != "unknown" {
		note(issue.New(issue.Required, "web.field.required"), "sex")
	}
	if t.Birth.Known() && t.Birth.First() > today {
		note(issue.New(issue.BusinessRule, "surveillance.form.future"), "birth")
	}
	if t.Number != "" {
		id, err := vn.ParsePersonalID(t.Number)
		note(err, "number")
		t.Number = string(id)
	}
	if t.Phone != "" {
		p, err := vn.ParsePhone(t.Phone)
		note(err, "phone")
		t.Phone = string(p)
	}
	if t.Commune == 0 {
		note(issue.New(issue.Required, "reporting.told.commune"), "commune")
	}
	if t.Answers["diagnosed"] == "" {
		note(issue.New(issue.Required, "web.field.required"), "diagnosed")
	}
	if d, ok := diseases.ByID(t.Answers["disease"]); ok {
		if t.ICD == "" && len(d.ICD) > 0 {
			t.ICD = d.ICD[0].From
		}
		switch labelled := d.Closed || len(content.Sensitivity(content.ICD10, t.ICD, "")) > 0; {
		case labelled && a.Role != store.ClosedDesk:
			note(issue.New(issue.BusinessRule, "reporting.told.closed"), "disease")
		case !labelled && a.Role == store.ClosedDesk:
			note(issue.New(issue.BusinessRule, "reporting.told.open"), "disease")
		}
	}
	var e *issue.Error
	if errors.As(t.Answers.check(today), &e) {
		found = append(found, e.Issues...)
	}
	return issue.List(found)
}

// key is what the person is known by.
func (t Told) key() Key {
	k := Key{Number: t.Number, Name: t.Name, Sex: t.Sex, Phone: t.Phone, Unit: t.Commune}
	if t.Birth.Known() {
		k.Year = int(t.Birth.Year)
	}
	if k.Sex == "unknown" {
		k.Sex = ""
	}
	return k
}

// Enter writes the report of a case without a visit, and registers the person
// whom nobody knows. It merges by itself only with a report of the same
// personal id, disease and episode.
// Errors: by field; Duplicate ("reporting.told.number") at "number" when the
// number is that of somebody with another name or year of birth.
func (m *Module) Enter(ctx context.Context, a store.Actor, key string, t Told) (report string, err error) {
	ids, err := m.EnterAll(ctx, a, key, []Told{t})
	if err != nil {
		return "", err
	}
	return ids[0], nil
}

// EnterAll writes many, all or none, and returns the reports in their order.
func (m *Module) EnterAll(ctx context.Context, a store.Actor, key string, list []Told) ([]string, error) {
	var ops []store.Op
	var at []int // of the reports among ops
	known := map[string]string{}
	for _, t := range list {
		if err := t.check(a, m.today(), m.diseases); err != nil {
			return nil, err
		}
		if t.Patient == "" {
			t.Patient = known[t.Number]
		}
		person, err := m.personOps(ctx, a, &t)
		if err != nil {
			return nil, err
		}
		if t.Number != "" {
			known[t.Number] = t.Patient
		}
		report, err := m.toldOps(ctx, a, t)
		if err != nil {
			return nil, err
		}
		ops = append(ops, person...)
		at = append(at, len(ops))
		ops = append(ops, report...)
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, ops...)
	if err != nil {
		return nil, fmt.Errorf("entering case reports: %w", err)
	}
	ids := make([]string, len(at))
	for i, n := range at {
		ids[i] = receipt.Docs[n].ID()
	}
	return ids, m.store.Await(ctx, receipt, "surveillance")
}

// personOps finds the person by the personal id, or registers them.
func (m *Module) personOps(ctx context.Context, a store.Actor, t *Told) ([]store.Op, error) {
	if t.Patient != "" {
		return nil, nil
	}
	if t.Number != "" {
		found, err := m.byNumber(ctx, t.Number)
		if err != nil {
			return nil, err
		}
		if len(found) > 0 {
			p := found[0]
			if vn.Fold(p.Name) != vn.Fold(t.Name) || p.Year != 0 && t.key().Year != 0 && abs(p.Year-t.key().Year) > 1 {
				return nil, issue.New(issue.Duplicate, "reporting.told.number").At("number")
			}
			t.Patient = p.Patient
			return nil, nil
		}
	}
	t.Patient = newID()
	active := true
	p := fhir.Patient{ID: t.Patient, Active: &active, Gender: t.Sex, BirthDate: t.Birth.String(), Name: []fhir.HumanName{{Use: "official", Text: t.Name}}}
	if family, rest, ok := strings.Cut(t.Name, " "); ok {
		p.Name[0].Family, p.Name[0].Given = family, strings.Fields(rest)
	}
	if t.Number != "" {
		p.Identifier = []fhir.Identifier{fhir.PersonalNumber(t.Number)}
	}
	if t.Phone != "" {
		p.Telecom = []fhir.ContactPoint{{System: "phone", Value: t.Phone}}
	}
	if (a.Role == store.Doctor || a.Role == store.Midwife || a.Role == store.StationDirector) && a.Unit == t.Commune {
		p.ManagingOrganization = fhir.Ref("Organization", a.Facility) // their own station keeps the record
	}
	if u, ok := m.units.Get(t.Commune); ok {
		text := u.Full()
		if t.Address != "" {
			text = t.Address
		}
		p.Address = []fhir.Address{{Use: "home", Text: text, Extension: []fhir.Extension{fhir.Unit(u.Code, u.From.String(), u.Full())}}}
	}
	doc, err := fhir.New(p)
	return []store.Op{store.Create(doc)}, err
}

// personRow is who has a number.
type personRow struct {
	Patient, Name string
	Year          int
}

func (p personRow) Labels() store.Labels {
	return store.Labels{Type: "Patient", ID: p.Patient, Patient: p.Patient}
}

// byNumber finds who has the personal id, anywhere: the system asks, and its
// answer leaves this package only as the person of a report.
func (m *Module) byNumber(ctx context.Context, number string) ([]personRow, error) {
	rows, err := store.List(ctx, m.store.For(store.SystemActor()), vn.Nation, func(scan store.Scan) (personRow, error) {
		var p personRow
		return p, scan(&p.Patient, &p.Name, &p.Year)
	}, `select patient, name, year from surveillance_person where number = ? order by patient limit 1`, number)
	if err != nil {
		return nil, fmt.Errorf("person by number: %w", err)
	}
	return rows, nil
}

// toldOps are the report and its form.
func (m *Module) toldOps(ctx context.Context, a store.Actor, t Told) ([]store.Op, error) {
	r := Report{}
	for id, answer := range t.Answers {
		r[id] = answer
	}
	unit, _ := m.units.Get(t.Commune)
	for id, answer := range map[string]string{
		"name": t.Name, "birth": t.Birth.String(), "sex": t.Sex, "number": t.Number, "address": t.Address, "commune": unit.Full(),
		"facility": a.FacilityName, "icd": t.ICD, "reporter": a.Name, "reporter_unit": a.FacilityName,
	} {
		if answer != "" {
			r[id] = answer
		}
	}
	if t.Phone != "" {
		r["phone"] = vn.Phone(t.Phone).National()
	}
	day, err := vn.ParseDate(r["diagnosed"])
	if err != nil {
		return nil, issue.New(issue.Required, "web.field.required").At("diagnosed")
	}
	same, err := m.standing(ctx, t.key(), r["disease"], day, "")
	if err != nil {
		return nil, err
	}
	d := Draft{Disease: r["disease"], Code: t.ICD, Patient: t.Patient, Unit: t.Commune, At: m.toldAt(day), message: t.Message}
	return m.caseOps(a, d, r, casereport.Class(r["class"]), "", same)
}

// toldAt is the instant of a diagnosis of which only the day is known: now, of
// today; of a day before its end, as its clock runs.
func (m *Module) toldAt(day vn.Date) time.Time {
	if day == m.today() {
		return m.now()
	}
	return day.AddDays(1).Time().Add(-time.Second)
}

// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Registration is what reception writes about somebody new.
type Registration struct {
	Name      string
	Sex       vn.Sex
	Birth     vn.PartialDate
	Number    string // personal number; may be empty: newborns have none
	Old       string // nine-digit number before; may be empty
	Insurance string
	Phone     string
	Address   string    // as printed, kept
	Commune   vn.UnitID // today's commune
	Card      string    // the text of the citizen card, kept as data; may be empty
	Anyway    bool      // register although somebody alike is known
}

// ErrAlike is returned by Register when people alike are known; Alike lists
// them. It is no fault: reception decides.
type ErrAlike struct{ People []Person }

func (e *ErrAlike) Error() string { return fmt.Sprintf("%d people alike are known", len(e.People)) }

// Register writes a new person of the actor's station and returns the id.
// Errors: every field at fault with its name; Duplicate ("station.person.number")
// when the personal number is taken; *[ErrAlike] when somebody of the station
// has the same name and birth year.
func (m *Module) Register(ctx context.Context, a store.Actor, key string, r Registration) (string, error) {
	if err := r.check(m.today()); err != nil {
		return "", err
	}
	if !r.Anyway {
		alike, err := m.alike(ctx, a, r)
		if err != nil {
			return "", err
		}
		if len(alike) > 0 {
			return "", &ErrAlike{alike}
		}
	}
	doc, err := fhir.New(r.patient(a.Facility, m.units))
	if err != nil {
		return "", err
	}
	op := store.Create(doc)
	if r.Number != "" {
		op = op.Unless("identifier=" + fhir.IDPersonal + "|" + r.Number)
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, op)
	if err != nil {
		return "", err
	}
	if r.Number != "" && !receipt.Changed[0] {
		return "", issue.New(issue.Duplicate, "station.person.number").At("number")
	}
	m.seekers.registered(a.Account, r.Number)
	return receipt.Docs[0].ID(), m.store.Await(ctx, receipt, "station")
}

// check lists every field at fault.
func (r *Registration) check(today vn.Date) error {
	var list []issue.Issue
	note := func(err error, field string) {
		var e *issue.Error
		if errors.As(err, &e) {
			list = append(list, e.At(field).Issues...)
		}
	}
	r.Name = vn.NormalName(r.Name)
	if r.Name == "" {
		note(issue.New(issue.Required, "station.person.name"), "name")
	}
	if !slices.Contains([]vn.Sex{vn.Male, vn.Female, vn.OtherSex, vn.UnknownSex}, r.Sex) {
		note(issue.New(issue.Required, "station.person.sex"), "sex")
	}
	if r.Birth.Known() && r.Birth.First() > today {
		note(issue.New(issue.Value, "station.person.birth_future"), "birth")
	}
	if r.Number != "" {
		id, err := vn.ParsePersonalID(r.Number)
		note(err, "number")
		r.Number = string(id)
	}
	if r.Insurance != "" {
		id, err := vn.ParseInsuranceID(r.Insurance)
		note(err, "insurance")
		r.Insurance = string(id)
	}
	if r.Phone != "" {
		p, err := vn.ParsePhone(r.Phone)
		note(err, "phone")
		r.Phone = string(p)
	}
	if r.Commune == 0 {
		note(issue.New(issue.Required, "station.person.commune"), "commune")
	}
	return issue.List(list)
}

// Warnings are what in the number disagrees with sex and birth.
func (r Registration) Warnings() []issue.Issue {
	if r.Number == "" {
		return nil
	}
	return vn.PersonalID(r.Number).Warnings(r.Sex, r.Birth)
}

func (r Registration) patient(station string, units *vn.Units) fhir.Patient {
	active := true
	p := fhir.Patient{
		Active: &active, Gender: string(r.Sex), BirthDate: r.Birth.String(),
		Name:                 []fhir.HumanName{humanName(r.Name)},
		ManagingOrganization: fhir.Ref("Organization", station),
	}
	if r.Number != "" {
		p.Identifier = append(p.Identifier, fhir.PersonalNumber(r.Number))
	}
	if r.Old != "" {
		p.Identifier = append(p.Identifier, fhir.Identifier{Use: "old", System: fhir.Base + "/id/old-identity", Value: r.Old})
	}
	if r.Insurance != "" {
		p.Identifier = append(p.Identifier, fhir.InsuranceNumber(r.Insurance))
	}
	if r.Phone != "" {
		p.Telecom = []fhir.ContactPoint{{System: "phone", Value: r.Phone}}
	}
	address := fhir.Address{Use: "home", Text: strings.TrimSpace(r.Address)}
	if u, ok := units.Get(r.Commune); ok {
		address.Extension = []fhir.Extension{fhir.Unit(u.Code, u.From.String(), u.Name)}
		if address.Text == "" {
			address.Text = u.Full()
		}
	}
	p.Address = []fhir.Address{address}
	if r.Card != "" {
		p.Extension = []fhir.Extension{{URL: extCard, ValueString: r.Card}}
	}
	return p
}

// extCard keeps the text of the citizen card as it was scanned.
const extCard = fhir.Base + "/ext/citizen-card"

// humanName keeps the name as printed and splits it for search: họ, then đệm
// and tên.
func humanName(name string) fhir.HumanName {
	h := fhir.HumanName{Use: "official", Text: name}
	if family, rest, ok := strings.Cut(name, " "); ok {
		h.Family, h.Given = family, strings.Fields(rest)
	} else {
		h.Given = []string{name}
	}
	return h
}

// alike lists people of the station with the same folded name and birth year.
func (m *Module) alike(ctx context.Context, a store.Actor, r Registration) ([]Person, error) {
	people, err := m.Find(ctx, a, r.Name, 50)
	if err != nil {
		return nil, err
	}
	folded, year := " "+vn.Fold(r.Name), fmt.Sprintf("%04d", r.Birth.Year)
	return slices.DeleteFunc(people, func(p Person) bool {
		return p.folded != folded || r.Birth.Known() && p.Birth != "" && !strings.HasPrefix(p.Birth, year)
	}), nil
}

// Candidates are today's communes that the printed address may mean, best
// first; the station's own commune stands last when it is not among them.
func (m *Module) Candidates(address string, own vn.UnitID) []vn.Unit {
	list := m.units.FromAddress(address, m.today())
	if u, ok := m.units.Get(own); ok && u.Level == vn.LevelCommune && !slices.ContainsFunc(list, func(x vn.Unit) bool { return x.ID == own }) {
		list = append(list, u)
	}
	return list
}

// Record is what the page of a person shows.
type Record struct {
	Person
	Visits []Waiting // newest first
}

// Record reads the person and the visits this station may see.
func (m *Module) Record(ctx context.Context, a store.Actor, patient string) (Record, error) {
	doc, err := m.store.For(a).Read(ctx, "Patient", patient)
	if err != nil {
		return Record{}, err
	}
	r := Record{Person: personOf(doc, m.units)}
	r.Visits, _, err = store.First(ctx, m.store.For(a), a.Unit, 100, scanWaiting, `
		select `+personColumns+`, v.encounter, '', '', v.status, v.arrived, v.ended,
		       v.facility, coalesce(s.name, ''), v.station, v.sensitivity
		  from station_visit v
		  join station_person p on p.patient = v.patient
		  left join station_place s on s.facility = v.facility
		 where v.patient = ? order by v.arrived desc, v.encounter limit ?`, patient)
	if err != nil {
		return Record{}, fmt.Errorf("visits of a person: %w", err)
	}
	return r, m.diagnose(ctx, a, r.Visits, `v.patient = ?`, patient)
}

func personOf(doc *fhir.Doc, units *vn.Units) Person {
	p := Person{
		Patient: doc.ID(), Facility: fhir.IDOf(doc.Get("managingOrganization", "reference").String()),
		Name: fhir.PrintedName(doc.Root()), Sex: doc.Get("gender").String(), Birth: doc.Get("birthDate").String(),
		Number: fhir.Identified(doc, fhir.IDPersonal), Insurance: fhir.Identified(doc, fhir.IDInsurance),
		Phone: doc.Get("telecom", "value").String(), Address: doc.Get("address", "text").String(),
	}
	for e := range doc.Get("address", "0").Each("extension") {
		if e.Get("url").String() != fhir.ExtUnit {
			continue
		}
		on, err := vn.ParseDate(e.Get("valueCoding", "version").String())
		if err != nil {
			continue
		}
		if u, ok := units.ByCode(e.Get("valueCoding", "code").String(), on); ok {
			p.Unit = u.ID
		}
	}
	return p
}

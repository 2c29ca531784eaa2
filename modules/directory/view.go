// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"fmt"
	"strings"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Facility is one facility or authority.
type Facility struct {
	ID, Code, Name, Kind   string
	PartOf, Address, Phone string
	Unit                   vn.UnitID
	Active                 bool
}

// Labels: a facility belongs to nobody.
func (f Facility) Labels() store.Labels {
	return store.Labels{Type: "Organization", ID: f.ID, Facility: f.ID, Unit: f.Unit}
}

const facilityColumns = `facility, code, name, kind, unit, part_of, address, phone, active`

func scanFacility(scan store.Scan) (Facility, error) {
	var f Facility
	var unit, active int64
	err := scan(&f.ID, &f.Code, &f.Name, &f.Kind, &unit, &f.PartOf, &f.Address, &f.Phone, &active)
	f.Unit, f.Active = vn.UnitID(unit), active != 0
	return f, err
}

// Facilities lists facilities that stand in the unit (all for the nation)
// whose name or code has a word beginning with each word typed, in order of
// name, after the facility named by after ("" = from the first). At most limit.
func (m *Module) Facilities(ctx context.Context, a store.Actor, unit vn.UnitID, typed, after string, limit int) ([]Facility, error) {
	where, args := "where 1 = 1", []any{}
	switch u, ok := m.units.Get(unit); {
	case unit == vn.Nation:
	case ok && u.Level == vn.LevelProvince:
		where, args = where+" and province = ?", append(args, int64(unit))
	default:
		where, args = where+" and unit = ?", append(args, int64(unit))
	}
	words, values := matching(typed)
	where, args = where+words, append(args, values...)
	if after != "" {
		where += ` and (name_sort, facility) > (select name_sort, facility from directory_facility where facility = ?)`
		args = append(args, after)
	}
	rows, _, err := store.First(ctx, m.store.For(a), unit, limit, scanFacility,
		`select `+facilityColumns+` from directory_facility `+where+` order by name_sort, facility limit ?`, args...)
	if err != nil {
		return nil, fmt.Errorf("facilities of unit %d: %w", unit, err)
	}
	return rows, nil
}

// Post is one health worker in one post.
type Post struct {
	Practitioner, Name, Licence, Role string
	Since                             vn.Date // ZeroDate = not recorded
	facility                          string
	unit                              vn.UnitID
}

// Labels: a post is about nobody's health.
func (p Post) Labels() store.Labels {
	return store.Labels{Type: "PractitionerRole", Facility: p.facility, Unit: p.unit}
}

// Place is what the page of a facility shows.
type Place struct {
	Facility
	Above Facility   // zero when it is part of nothing
	Below []Facility // sub-sites and other parts, in order of name
	Posts []Post     // that stand today, in order of name
}

// Place reads a facility with its parts and health workers. It returns
// NotFound ("directory.facility.unknown") when there is none.
func (m *Module) Place(ctx context.Context, a store.Actor, id string) (Place, error) {
	door := m.store.For(a)
	find := func(where, arg string) ([]Facility, error) {
		return store.List(ctx, door, a.Unit, scanFacility,
			`select `+facilityColumns+` from directory_facility where `+where+` = ? order by name_sort, facility`, arg)
	}
	rows, err := find("facility", id)
	if err != nil {
		return Place{}, fmt.Errorf("facility: %w", err)
	}
	if len(rows) == 0 {
		return Place{}, issue.New(issue.NotFound, "directory.facility.unknown")
	}
	p := Place{Facility: rows[0]}
	if p.PartOf != "" {
		above, err := find("facility", p.PartOf)
		if err != nil {
			return p, fmt.Errorf("facility above: %w", err)
		}
		if len(above) == 1 {
			p.Above = above[0]
		}
	}
	if p.Below, err = find("part_of", id); err != nil {
		return p, fmt.Errorf("parts of a facility: %w", err)
	}
	today := int64(m.today())
	p.Posts, err = store.List(ctx, door, p.Unit, func(scan store.Scan) (Post, error) {
		post := Post{facility: id, unit: p.Unit}
		var since int64
		err := scan(&post.Practitioner, &post.Name, &post.Licence, &post.Role, &since)
		if post.Since = vn.Date(since); !post.Since.Known() || since < 0 {
			post.Since = vn.ZeroDate
		}
		return post, err
	}, `select w.practitioner, w.name, w.licence, p.role, p.since
		  from directory_post p join directory_worker w on w.practitioner = p.practitioner
		 where p.facility = ? and p.since <= ? and p.until >= ?
		 order by w.name_sort, w.practitioner, p.role, p.post`, id, today, today)
	if err != nil {
		return p, fmt.Errorf("health workers of a facility: %w", err)
	}
	return p, nil
}

// Household is one household of a commune.
type Household struct {
	ID, Number, Name string
	People           int
	Unit             vn.UnitID
	facility         string
}

// Labels let the guard judge the row as the Group.
func (h Household) Labels() store.Labels {
	return store.Labels{Type: "Group", ID: h.ID, Facility: h.facility, Unit: h.Unit}
}

const householdColumns = `household, number, name, people, facility, unit`

func scanHousehold(scan store.Scan) (Household, error) {
	var h Household
	var people, unit int64
	err := scan(&h.ID, &h.Number, &h.Name, &people, &h.facility, &unit)
	h.People, h.Unit = int(people), vn.UnitID(unit)
	return h, err
}

// Households lists the households of the actor's commune whose head's name or
// number has a word beginning with each word typed, in order of name, after
// the household named by after. At most limit.
func (m *Module) Households(ctx context.Context, a store.Actor, typed, after string, limit int) ([]Household, error) {
	words, args := matching(typed)
	where, args := `where unit = ?`+words, append([]any{int64(a.Unit)}, args...)
	if after != "" {
		where += ` and (name_sort, household) > (select name_sort, household from directory_household where household = ?)`
		args = append(args, after)
	}
	rows, _, err := store.First(ctx, m.store.For(a), a.Unit, limit, scanHousehold,
		`select `+householdColumns+` from directory_household `+where+` order by name_sort, household limit ?`, args...)
	if err != nil {
		return nil, fmt.Errorf("households of the commune: %w", err)
	}
	return rows, nil
}

// Member is one person of a household.
type Member struct {
	Patient, Name, Sex, Birth string
	facility                  string
	unit                      vn.UnitID
	sensitivity               []string
}

// Labels let the guard judge the row as the person.
func (p Member) Labels() store.Labels {
	return store.Labels{Type: "Patient", ID: p.Patient, Patient: p.Patient, Facility: p.facility, Unit: p.unit, Sensitivity: p.sensitivity}
}

// Family is a household with those of its members whom the actor may see.
type Family struct {
	Household
	Members []Member // the head first
}

// Family reads one household. It returns NotFound
// ("directory.household.unknown") when there is none, or not for the actor.
func (m *Module) Family(ctx context.Context, a store.Actor, id string) (Family, error) {
	door := m.store.For(a)
	rows, err := store.List(ctx, door, a.Unit, scanHousehold, `select `+householdColumns+` from directory_household where household = ?`, id)
	if err != nil {
		return Family{}, fmt.Errorf("household: %w", err)
	}
	if len(rows) == 0 {
		return Family{}, issue.New(issue.NotFound, "directory.household.unknown")
	}
	f := Family{Household: rows[0]}
	f.Members, err = store.List(ctx, door, f.Unit, func(scan store.Scan) (Member, error) {
		var p Member
		var unit int64
		var sensitivity string
		err := scan(&p.Patient, &p.Name, &p.Sex, &p.Birth, &p.facility, &unit, &sensitivity)
		p.unit, p.sensitivity = vn.UnitID(unit), strings.Fields(sensitivity)
		return p, err
	}, `select r.patient, r.name, r.sex, r.birth, r.facility, r.unit, r.sensitivity
		  from directory_member m join directory_resident r on r.patient = m.patient
		 where m.household = ? order by m.place, m.patient`, id)
	if err != nil {
		return f, fmt.Errorf("members of a household: %w", err)
	}
	return f, nil
}

// matching is the condition that the folded text has a word beginning with
// each word typed; empty when nothing was typed.
func matching(typed string) (where string, args []any) {
	plain := strings.NewReplacer("%", "", "_", "")
	for token := range strings.FieldsSeq(vn.Fold(typed)) {
		where += ` and folded like ?`
		args = append(args, "% "+plain.Replace(token)+"%")
	}
	return where, args
}

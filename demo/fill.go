// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// generator makes the content of one plan.
type generator struct {
	plan          Plan
	dir           string
	store         *store.Store
	access        *access.Access
	units         *vn.Units
	diseases      *content.DiseaseList
	province      vn.Unit
	birthProvince string // two digits of the 63 provinces, for personal numbers
	all           []vn.Unit
	communes      []vn.Unit // with full records
	order         []facility
	facilities    map[string]facility
}

// Progress is told what is done: the step's name, done of total.
type Progress func(step string, done, total int)

// fullNames are the communes of Bắc Ninh with full records; elsewhere it is
// the first three.
var fullNames = []string{"lien bao", "tien du", "que vo"}

// batch is how many resources one commit holds.
const batch = 250

// Fill makes the plan's content in the store and the accounts beside it. dir
// is the data folder. It may be called again after an interruption.
func Fill(ctx context.Context, dir string, s *store.Store, a *access.Access, units *vn.Units, p Plan, tell Progress) error {
	g := &generator{plan: p, dir: dir, store: s, access: a, units: units, diseases: content.Diseases()}
	if err := g.locate(); err != nil {
		return err
	}
	for _, step := range []struct {
		name string
		do   func(context.Context, func(done, total int)) error
	}{
		{"facilities", g.fillPlaces}, {"cases", g.fillCases}, {"people", g.fillPeople}, {"today", g.fillToday}, {"clinic", g.fillClinic}, {"events", g.fillEvents}, {"reporting", g.fillReporting},
	} {
		if err := step.do(ctx, func(done, total int) { tell(step.name, done, total) }); err != nil {
			return fmt.Errorf("demonstration, %s: %w", step.name, err)
		}
	}
	return g.accounts(ctx)
}

// locate finds the province and its communes.
func (g *generator) locate() error {
	var ok bool
	if g.province, ok = g.units.ByCode(g.plan.Province, g.plan.Date); !ok || g.province.Level != vn.LevelProvince {
		return fmt.Errorf("there is no province %q on %s", g.plan.Province, g.plan.Date)
	}
	g.all = g.units.Communes(g.province.ID, g.plan.Date)
	for _, name := range fullNames {
		i := slices.IndexFunc(g.all, func(u vn.Unit) bool { return strings.HasSuffix(vn.Fold(u.Name), name) })
		if i >= 0 {
			g.communes = append(g.communes, g.all[i])
		}
	}
	if len(g.communes) < 3 {
		g.communes = slices.Clone(g.all[:min(3, len(g.all))])
	}
	g.birthProvince = g.plan.Province
	if g.plan.Province == "24" {
		g.birthProvince = "27" // Bắc Ninh before 2025-07-01
	}
	g.order = g.places()
	g.facilities = make(map[string]facility, len(g.order))
	for _, f := range g.order {
		g.facilities[f.id] = f
	}
	return nil
}

func (g *generator) full(commune vn.Unit) bool {
	return slices.ContainsFunc(g.communes, func(u vn.Unit) bool { return u.ID == commune.ID })
}

// seat is the commune in which the province's authorities stand here: its most
// populous one.
func (g *generator) seat() vn.Unit {
	return slices.MaxFunc(g.all, func(a, b vn.Unit) int { return a.Population - b.Population })
}

func (g *generator) capital() vn.Unit {
	hanoi, _ := g.units.ByCode("01", g.plan.Date)
	if list := g.units.Communes(hanoi.ID, g.plan.Date); len(list) > 0 {
		return list[0]
	}
	return g.seat()
}

// region is that of the institute to which the province's CDC reports.
func (g *generator) region() vn.Unit {
	for _, r := range g.units.Regions() {
		if g.units.WithinOn(g.province.ID, r.ID, g.plan.Date) {
			return r
		}
	}
	return g.province
}

// system is who writes the demonstration.
func (g *generator) system() store.Actor {
	return store.Actor{Account: "system", Name: "Mạch", Role: store.System, Purpose: store.Operations, Unit: vn.Nation}
}

// at a station what is generated belongs to that station.
func (g *generator) working(commune vn.Unit) store.Actor {
	a := g.system()
	a.Facility, a.Unit = g.station(commune), commune.ID
	return a
}

// write commits resources in batches.
func (g *generator) write(ctx context.Context, a store.Actor, resources []any) error {
	for part := range slices.Chunk(resources, batch) {
		ops := make([]store.Op, len(part))
		for i, r := range part {
			doc, err := fhir.New(r)
			if err != nil {
				return err
			}
			ops[i] = store.Put(doc)
		}
		if _, err := g.store.For(a).Commit(ctx, ops...); err != nil {
			return err
		}
	}
	return nil
}

func (g *generator) fillPlaces(ctx context.Context, tell func(done, total int)) error {
	var resources []any
	for _, f := range g.order {
		resources = append(resources, f.resource())
	}
	if err := g.write(ctx, g.system(), resources); err != nil {
		return err
	}
	since := g.plan.Date - 700
	for i, f := range g.order {
		var staff []any
		for _, p := range f.staff {
			who, role := p.resources(f, since)
			staff = append(staff, who, role)
		}
		a := g.system()
		a.Facility, a.Unit = f.id, f.unit.ID
		if err := g.write(ctx, a, staff); err != nil {
			return err
		}
		tell(i+1, len(g.order))
	}
	return nil
}

func (g *generator) fillCases(ctx context.Context, tell func(done, total int)) error {
	planted := map[vn.UnitID][]any{}
	for _, o := range g.outbreaks() {
		planted[o.commune.ID] = append(planted[o.commune.ID], g.planted(o)...)
	}
	for i, commune := range g.all {
		resources := []any{g.crowd(commune)}
		for year := g.plan.Years - 1; year >= 0; year-- {
			resources = append(resources, g.minimalCases(commune, year)...)
		}
		resources = append(resources, planted[commune.ID]...)
		if err := g.write(ctx, g.working(commune), resources); err != nil {
			return err
		}
		tell(i+1, len(g.all))
	}
	return nil
}

// together is the size of a household, and of what is made at once. Households
// of a commune gather until they fill a commit: memory does not grow with the
// number of people, and the disk is not waited for at every household.
const together = 4

func (g *generator) fillPeople(ctx context.Context, tell func(done, total int)) error {
	k := len(g.communes)
	waiting := make([][]any, k)
	for first := 0; first < g.plan.People; first += together * k {
		last := first+together*k >= g.plan.People
		for c := range k {
			waiting[c] = append(waiting[c], g.family(first, c)...)
			full := len(waiting[c]) / batch * batch
			if last {
				full = len(waiting[c])
			}
			if err := g.write(ctx, g.working(g.communes[c]), waiting[c][:full]); err != nil {
				return err
			}
			waiting[c] = slices.Clone(waiting[c][full:])
		}
		tell(min(first+together*k, g.plan.People), g.plan.People)
	}
	return nil
}

// family is one household of a commune with the records of its members; nil
// when the plan has nobody left.
func (g *generator) family(first, commune int) []any {
	var members []person
	for i := range together {
		if n := first + i*len(g.communes) + commune; n < g.plan.People {
			members = append(members, g.person(n))
		}
	}
	if len(members) == 0 {
		return nil
	}
	var out []any
	for _, p := range members {
		patient := p.resource(g.contacts(p), g)
		g.social(p, members, &patient)
		out = append(out, patient)
	}
	out = append(out, g.household(first+commune, members))
	for _, p := range members {
		out = append(out, g.visits(p)...)
		out = append(out, g.doses(p)...)
	}
	return out
}

// Who of a commune, by order, comes today, and whose diagnosis is not yet reported.
var todays = [...]int{7, 18, 29, 40, 51, 62, 73, 84, 95}

const drafted = 3

// busy reports whether somebody has a visit of today from the beginning.
func (g *generator) busy(n int) bool {
	of := n / len(g.communes)
	return of == drafted || slices.Contains(todays[:], of)
}

// fillToday leaves the stations as they are in mid-morning: some visits signed,
// some people waiting, one notifiable diagnosis not yet reported.
func (g *generator) fillToday(ctx context.Context, tell func(done, total int)) error {
	k := len(g.communes)
	for c, commune := range g.communes {
		var resources []any
		r := g.plan.rng("today " + commune.Code)
		for i := range todays {
			n := c + k*todays[i]
			if n >= g.plan.People {
				break
			}
			p := g.person(n)
			if i < 5 {
				resources = append(resources, g.visitFor(p, fmt.Sprintf("today %d", n), g.plan.Date, complaintOf(r, p.ageOn(g.plan.Date), int(g.plan.Date.Partial().Month)), r)...)
				continue
			}
			resources = append(resources, g.waiting(p, i-4)...)
		}
		if p := g.person(c + k*drafted); c < 2 && c+k*drafted < g.plan.People {
			resources = append(resources, g.visitFor(p, fmt.Sprintf("draft %d", c), g.plan.Date-vn.Date(c), notifiable(), r)...)
		}
		if err := g.write(ctx, g.working(commune), resources); err != nil {
			return err
		}
		tell(c+1, k)
	}
	return nil
}

// notifiable is dengue, for the drafts.
func notifiable() complaint {
	i := slices.IndexFunc(complaints, func(c complaint) bool { return c.code == "A97.0" })
	return complaints[i]
}

// waiting is somebody with a number in today's queue.
func (g *generator) waiting(p person, number int) []any {
	came := fhir.Instant(g.plan.passed(g.plan.Date, 6, 40+number*4))
	encounter := g.plan.id(fmt.Sprintf("waiting %d", p.index))
	return []any{
		fhir.Encounter{
			ID: encounter, Status: "arrived", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB", Display: "ambulatory"},
			Subject: fhir.Ref("Patient", p.id), Period: fhir.Period{Start: came}, ServiceProvider: fhir.Ref("Organization", p.station),
		},
		fhir.Task{
			ID: g.plan.id(fmt.Sprintf("ticket %d", p.index)), Status: "requested", Intent: "order",
			Identifier: []fhir.Identifier{{System: fhir.Base + "/id/ticket", Value: fmt.Sprint(number)}},
			Code:       fhir.Code(fhir.CSTask, "ticket", ""), For: fhir.Ref("Patient", p.id),
			Encounter: fhir.Ref("Encounter", encounter), Owner: fhir.Ref("Organization", p.station), AuthoredOn: came,
		},
	}
}

// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"hash/fnv"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// facility is one generated facility.
type facility struct {
	id, code, name, kind string
	unit                 vn.Unit
	partOf               string
	staff                []post
}

// post is one health worker at a facility.
type post struct {
	practitioner, name string
	role               store.Role
	female             bool
}

// stationRoles is who works at each station; the three with full records have
// the whole list, the others the first six.
var stationRoles = []store.Role{
	store.StationDirector, store.Doctor, store.Nurse, store.Midwife, store.Pharmacist, store.Receptionist,
	store.ImmunisationOff, store.VillageWorker, store.VillageWorker,
}

func (g *generator) station(commune vn.Unit) string { return g.plan.id("station " + commune.Code) }

// places lists every facility of the demonstration, parents first: ministry
// and a central hospital in Hà Nội, then department, CDC, regional institute and
// hospitals of the province, then a station for each commune with its sub-sites.
func (g *generator) places() []facility {
	seat := g.seat()
	hanoi := g.capital()
	list := []facility{
		{id: g.plan.id("ministry"), code: "00001", name: "Bộ Y tế", kind: "ministry", unit: hanoi, staff: g.staff("ministry", store.Ministry, store.AccessReviewer, store.Administrator, store.Ministry)},
		{id: g.plan.id("central"), code: "01901", name: "Bệnh viện Trung ương Minh Họa", kind: "hospital-central", unit: hanoi, staff: g.staff("central", store.Coordinator, store.Expert, store.Expert)},
		{id: g.plan.id("department"), code: g.province.Code + "001", name: "Sở Y tế " + g.province.Name, kind: "department", unit: seat, staff: g.staff("department", store.Department, store.AccessReviewer, store.Administrator)},
		{id: g.plan.id("cdc"), code: g.province.Code + "002", name: "Trung tâm Kiểm soát bệnh tật " + g.province.Name, kind: "cdc", unit: seat, staff: g.staff("cdc", store.CDC, store.CDC, store.ClosedDesk)},
		{id: g.plan.id("institute"), code: "01902", name: g.region().Name, kind: "institute", unit: hanoi, staff: g.staff("institute", store.Institute)},
		{id: g.plan.id("hospital"), code: g.province.Code + "003", name: "Bệnh viện Đa khoa tỉnh " + g.province.Name, kind: "hospital-province", unit: seat, staff: g.staff("hospital", store.Coordinator, store.Expert, store.Expert, store.HospitalReporter)},
		{id: g.plan.id("clinic"), code: g.province.Code + "004", name: "Phòng khám Đa khoa Minh Họa", kind: "clinic", unit: seat, staff: g.staff("clinic", store.PrivateClinic)},
	}
	for i, commune := range g.all {
		roles := stationRoles[:6]
		full := g.full(commune)
		if full {
			roles = stationRoles
		}
		s := facility{
			id: g.station(commune), code: fmt.Sprintf("%s%03d", g.province.Code, 100+i), kind: "station",
			name: "Trạm Y tế " + commune.Full(), unit: commune, staff: g.staff("station "+commune.Code, roles...),
		}
		list = append(list, s)
		if full {
			for n := 1; n <= 2; n++ {
				list = append(list, facility{
					id: g.plan.id(fmt.Sprintf("substation %s %d", commune.Code, n)), code: fmt.Sprintf("%s-%d", s.code, n),
					name: fmt.Sprintf("Điểm trạm số %d, %s", n, commune.Full()), kind: "substation", unit: commune, partOf: s.id,
				})
			}
			list = append(list, facility{
				id: g.plan.id("committee " + commune.Code), name: "Ủy ban nhân dân " + commune.Full(), kind: "committee",
				unit: commune, staff: g.staff("committee "+commune.Code, store.Chairman),
			})
		}
	}
	return list
}

// staff makes the health workers of a facility.
func (g *generator) staff(key string, roles ...store.Role) []post {
	out := make([]post, len(roles))
	for i, role := range roles {
		k := fmt.Sprintf("worker %s %d", key, i)
		r := g.plan.rng(k)
		female := r.IntN(100) < 62
		out[i] = post{g.plan.id(k), fullName(r, family(r), female), role, female}
	}
	return out
}

func (f facility) resource() fhir.Organization {
	active := true
	out := fhir.Organization{
		ID: f.id, Active: &active, Name: f.name, Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, f.kind, "")},
		Address: []fhir.Address{{
			Text: f.unit.Full(), Extension: []fhir.Extension{fhir.Unit(f.unit.Code, f.unit.From.String(), f.unit.Full())},
		}},
		PartOf: fhir.Ref("Organization", f.partOf),
	}
	sum := fnv.New32a()
	sum.Write([]byte(f.id))
	out.Telecom = []fhir.ContactPoint{{System: "phone", Value: fmt.Sprintf("0222%07d", sum.Sum32()%10_000_000), Use: "work"}}
	if f.code != "" {
		out.Identifier = []fhir.Identifier{{System: fhir.IDFacility, Value: f.code}}
	}
	return out
}

func (p post) resources(f facility, since vn.Date) (fhir.Practitioner, fhir.PractitionerRole) {
	active := true
	return fhir.Practitioner{
			ID: p.practitioner, Active: &active, Gender: gender(p.female), Name: []fhir.HumanName{splitName(p.name)},
		}, fhir.PractitionerRole{
			ID: p.practitioner, Active: &active, Period: fhir.Period{Start: since.String()},
			Practitioner: fhir.Ref("Practitioner", p.practitioner), Organization: fhir.Ref("Organization", f.id),
			Code: []fhir.CodeableConcept{fhir.Code(fhir.CSRole, string(p.role), "")},
		}
}

// one returns the first post of the role at the facility.
func (f facility) one(role store.Role) post {
	for _, p := range f.staff {
		if p.role == role {
			return p
		}
	}
	return post{}
}

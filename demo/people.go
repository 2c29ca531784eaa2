// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"mach/fhir"
	"mach/vn"
)

// pyramid is the share of each five-year age band in percent, from birth to 80
// and more (census of 2019, rounded).
var pyramid = []float64{8.3, 8.5, 7.5, 6.7, 6.9, 8.4, 8.6, 7.8, 7.0, 6.5, 6.2, 5.4, 4.4, 3.0, 1.8, 1.2, 1.8}

// person is one generated person.
type person struct {
	id, name, number string
	index            int
	female           bool
	birth            vn.Date
	commune          vn.Unit
	station          string
	hamlet           string
}

func (p person) ageOn(d vn.Date) int { return vn.AgeYears(p.birth, d) }

// person makes person n, who lives in the commune.
func (g *generator) person(n int) person {
	r := g.plan.rng(fmt.Sprintf("person %d", n))
	commune := g.communes[n%len(g.communes)]
	band := weighted(r, pyramid)
	age := band*5 + r.IntN(5)
	if band == len(pyramid)-1 {
		age = 80 + r.IntN(15)
	}
	birth := g.plan.Date - vn.Date(age*365+age/4+r.IntN(365))
	p := person{
		id: g.plan.id(fmt.Sprintf("patient %d", n)), index: n, female: r.IntN(1000) < 502, birth: birth,
		commune: commune, station: g.station(commune), hamlet: fmt.Sprintf("Thôn %d", 1+r.IntN(8)),
	}
	p.name = fullName(r, family(r), p.female)
	p.number = g.number(n, p)
	return p
}

// number makes a personal number that no other person of the plan has: the
// last six digits are the running number, scattered by a fixed permutation.
func (g *generator) number(n int, p person) string {
	year := p.birth.Partial().Year
	digit := (year/100 - 19) * 2
	if p.female {
		digit++
	}
	const size, step = 1_000_000, 387_421 // step is coprime to size: no number comes twice
	return fmt.Sprintf("0%s%d%02d%06d", g.birthProvince, digit, year%100, (n*step+104_729)%size)
}

func (p person) resource(r *rand.Rand, g *generator) fhir.Patient {
	active := true
	out := fhir.Patient{
		ID: p.id, Active: &active, Gender: gender(p.female), BirthDate: p.birth.String(),
		Identifier:           []fhir.Identifier{fhir.PersonalNumber(p.number)},
		Name:                 []fhir.HumanName{splitName(p.name)},
		ManagingOrganization: fhir.Ref("Organization", p.station),
		Address: []fhir.Address{{
			Use: "home", Text: p.hamlet + ", " + p.commune.Full() + ", " + g.province.Full(),
			Extension: []fhir.Extension{fhir.Unit(p.commune.Code, p.commune.From.String(), p.commune.Full())},
		}},
	}
	if p.ageOn(g.plan.Date) >= 80 && r.IntN(3) == 0 {
		out.BirthDate = out.BirthDate[:4] // many old people know only the year
	}
	if r.IntN(100) < 92 {
		out.Identifier = append(out.Identifier, fhir.InsuranceNumber(fmt.Sprintf("27%08d", (p.index*7_919+1_234)%100_000_000)))
	}
	if p.ageOn(g.plan.Date) >= 15 && r.IntN(100) < 80 {
		out.Telecom = []fhir.ContactPoint{{System: "phone", Value: fmt.Sprintf("+849%08d", r.IntN(100_000_000)), Use: "mobile"}}
	}
	return out
}

// contacts is the chance of a person's phone and insurance.
func (g *generator) contacts(p person) *rand.Rand {
	return g.plan.rng(fmt.Sprintf("contacts %d", p.index))
}

// Extensions of a person that the form of a case report asks for.
const (
	extEthnic     = fhir.Base + "/ext/ethnic"
	extOccupation = fhir.Base + "/ext/occupation"
)

// jobs are occupations of adults and how common they are (percent, rounded).
var (
	jobs      = []string{"farmer", "worker", "freelance", "trader", "official", "home", "driver", "teacher", "other"}
	jobShares = []float64{34, 33, 11, 9, 5, 3, 2, 2, 1}
)

// social adds what a household list says beside identity: people, occupation
// and, for a minor, an adult of the household to call.
func (g *generator) social(p person, household []person, out *fhir.Patient) {
	r := g.plan.rng(fmt.Sprintf("social %d", p.index))
	code := func(url, code string) fhir.Extension {
		return fhir.Extension{URL: url, ValueCoding: fhir.Coding{Code: code}}
	}
	ethnic := "01" // Kinh
	if r.IntN(100) < 8 {
		ethnic = []string{"02", "07", "18"}[r.IntN(3)]
	}
	age, job := p.ageOn(g.plan.Date), jobs[weighted(r, jobShares)]
	switch {
	case age < 6:
		job = "child"
	case age < 18:
		job = "student"
	case age >= 62:
		job = "retired"
	}
	out.Extension = append(out.Extension, code(extEthnic, ethnic), code(extOccupation, job))
	if age >= 18 {
		return
	}
	for _, other := range household {
		if other.ageOn(g.plan.Date) >= 20 {
			out.Contact = []fhir.PatientContact{{
				Relationship: []fhir.CodeableConcept{fhir.Code(fhir.RoleCode, "GUARD", "guardian")},
				Name:         splitName(other.name), Gender: gender(other.female),
				Telecom: other.resource(g.contacts(other), g).Telecom,
			}}
			return
		}
	}
}

func gender(female bool) string {
	if female {
		return "female"
	}
	return "male"
}

func splitName(name string) fhir.HumanName {
	parts := strings.Fields(name)
	return fhir.HumanName{Use: "official", Text: name, Family: parts[0], Given: parts[1:]}
}

// household groups the people of one household; the first is its head.
func (g *generator) household(first int, members []person) fhir.Group {
	count := len(members)
	out := fhir.Group{
		ID: g.plan.id(fmt.Sprintf("household %d", first)), Type: "person", Actual: true,
		Name:       members[0].name,
		Identifier: []fhir.Identifier{{System: fhir.IDHousehold, Value: fmt.Sprintf("%s-%05d", members[0].commune.Code, first)}},
		Quantity:   &count,
		Extension:  []fhir.Extension{fhir.Unit(members[0].commune.Code, members[0].commune.From.String(), members[0].commune.Full())},
	}
	for _, m := range members {
		out.Member = append(out.Member, fhir.GroupMember{Entity: fhir.Ref("Patient", m.id)})
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mach/content"
	"mach/vn"
)

// clinicDays is how far back the ordinary visits of the clinic go: syndromes are
// judged by 28 days with visits before, and those of Sundays are none.
const clinicDays = 75

// fillClinic lets the second commune's station see people every working day, as
// stations do whatever the size of the plan, and then fourteen with watery
// diarrhoea in two days: nobody has named a disease, and the visits stand out.
func (g *generator) fillClinic(ctx context.Context, tell func(done, total int)) error {
	calendar, err := content.Calendar()
	if err != nil {
		return err
	}
	k := len(g.communes)
	here := g.plan.People / k // people of the commune
	if here < 12 {
		return nil
	}
	r, c := g.plan.rng("clinic"), 1
	next := 0
	visit := func(key string, day vn.Date, why func(person) complaint) []any {
		p := g.person(c + k*(next%here))
		for next += 7; p.birth > day; next++ { // not born yet
			p = g.person(c + k*(next%here))
		}
		return g.visitFor(p, key, day, why(p), r)
	}
	var resources []any
	for day := g.plan.Date - clinicDays; day < g.plan.Date; day++ {
		n := 4 + r.IntN(4)
		switch {
		case day.Weekday() == time.Sunday, !calendar.Working(day) && day.Weekday() != time.Saturday:
			continue
		case day.Weekday() == time.Saturday:
			n = 2
		}
		for i := range n {
			resources = append(resources, visit(fmt.Sprintf("clinic %d %d", g.plan.Date-day, i), day, func(p person) complaint {
				for {
					if x := complaintOf(r, p.ageOn(day), int(day.Partial().Month)); !slices.Contains(reported, x.code) {
						return x
					}
				}
			})...)
		}
	}
	i := slices.IndexFunc(complaints, func(c complaint) bool { return c.code == "A09" })
	for n := range 14 {
		day := g.plan.Date - vn.Date(1-min(n/4, 1)) // four yesterday, ten today
		resources = append(resources, visit(fmt.Sprintf("cluster %d", n), day, func(person) complaint { return complaints[i] })...)
	}
	if err := g.write(ctx, g.working(g.communes[c]), resources); err != nil {
		return err
	}
	tell(1, 1)
	return nil
}

// reported are the complaints that become case reports: those of the clinic do
// not.
var reported = []string{"A97.0", "B08.4", "J10.1", "B01.9", "B05.9"}

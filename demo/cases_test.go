// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"testing"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	detect "mach/outbreak"
	"mach/vn"
)

// Reports of the last days are still on their way, and those of the last months
// teach how long they take: the tail of a curve has something to show.
func TestNowcastHasDelays(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{plan: plan(), units: units, diseases: content.Diseases()}
	if err := g.locate(); err != nil {
		t.Fatal(err)
	}
	today := g.plan.Date
	triangle := make(detect.Triangle, lagged+1)
	for i := range triangle {
		triangle[i] = make([]int32, 29)
	}
	for _, commune := range g.all {
		for _, x := range g.minimalCases(commune, 0) {
			c := x.(fhir.Condition)
			day := casereport.Day(c.RecordedDate)
			if c.Code.Coding[0].Code != "J10.1" || day < today-lagged {
				continue
			}
			sent := vn.ZeroDate
			for _, e := range c.Extension {
				if e.URL == casereport.ExtReported {
					sent = casereport.Day(e.ValueDateTime)
				}
			}
			if sent < day || sent >= today {
				t.Fatalf("a case of %v was sent on %v", day, sent)
			}
			triangle[int(day-today)+lagged][min(int(sent-day), 28)]++
		}
	}
	now, err := triangle.Nowcast(0.95)
	if err != nil {
		t.Fatal(err)
	}
	seen, estimate := 0.0, 0.0
	for _, n := range now[len(now)-7:] {
		seen, estimate = seen+float64(n.Seen), estimate+n.Median
	}
	if seen < 10 || estimate < seen*1.1 || estimate > seen*5 {
		t.Errorf("of the last week %.0f are seen and %.1f estimated", seen, estimate)
	}
}

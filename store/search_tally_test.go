// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"testing"
)

// TestCountsOfCrowdsNameNobody: a count names each person once; over too many it
// leaves one line without names, beside those whom the page showed.
func TestCountsOfCrowdsNameNobody(t *testing.T) {
	hits := func(from, to int) []hit {
		var out []hit
		for i := from; i < to; i++ {
			out = append(out, hit{labels: Labels{Type: "Condition", ID: fmt.Sprint("c", i), Patient: fmt.Sprint("p", i)}, decision: Decision{Allow: true, Reason: "care"}})
		}
		return out
	}
	for name, c := range map[string]struct{ counted, lines int }{
		"all named":       {toldMax, toldMax + 1},
		"one person more": {toldMax + 1, 2},
	} {
		x := &searcher{c: &compiled{typ: "Condition"}, rels: map[string][]Relation{"p1": nil},
			shown: []Seen{{Labels: Labels{Type: "Condition", ID: "c1", Patient: "p1"}, Decision: Decision{Allow: true}}}}
		for i := 0; i < c.counted; i += fetchMax {
			x.tally(hits(i, min(i+fetchMax, c.counted)), 1)
		}
		x.tally(hits(0, 3), 1) // met before
		if len(x.shown) != c.lines {
			t.Errorf("%s: %d lines, want %d", name, len(x.shown), c.lines)
		}
		if x.shown[0].Labels.Patient != "p1" {
			t.Errorf("%s: who was shown is not named", name)
		}
		last := x.shown[len(x.shown)-1]
		if x.crowd != (last.Labels.Patient == "") || !last.Decision.Allow {
			t.Errorf("%s: the last line is %+v", name, last)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package outbreak_test

import (
	"testing"

	"pgregory.net/rapid"

	"mach/outbreak"
	"mach/vn"
)

func TestLargestLinked(t *testing.T) {
	at := func(days ...int) []outbreak.LinkedCase {
		var out []outbreak.LinkedCase
		for _, d := range days {
			out = append(out, outbreak.LinkedCase{Day: vn.Date(d)})
		}
		return out
	}
	named := func(focus string, days ...int) []outbreak.LinkedCase {
		out := at(days...)
		for i := range out {
			out[i].Focus = focus
		}
		return out
	}
	for _, c := range []struct {
		name  string
		cases []outbreak.LinkedCase
		want  int
	}{
		{"none", nil, 0},
		{"one", at(110), 1},
		{"a chain", at(100, 110, 120, 129), 4},
		{"two chains apart", at(100, 105, 125, 126, 128), 3},
		{"before the month: joins, is not counted", at(95, 99, 105, 110), 2},
		{"after the period: not seen", at(128, 129, 131), 2},
		{"same day", at(120, 120, 120), 3},
		{"two foci on the same days", append(named("school", 110, 111, 112), named("hamlet", 110, 111)...), 3},
		{"a focus across a long gap", named("school", 100, 129), 2},
		{"named and not named do not mix", append(named("school", 110, 111), at(110, 111, 112)...), 3},
	} {
		if got := outbreak.LargestLinked(c.cases, 100, 130, 14); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// Never more than the cases of the period, and a wider gap never links fewer.
func TestLinkedBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cases []outbreak.LinkedCase
		inside := 0
		for range rapid.IntRange(0, 12).Draw(t, "n") {
			c := outbreak.LinkedCase{Day: vn.Date(rapid.IntRange(80, 140).Draw(t, "day")), Focus: rapid.SampledFrom([]string{"", "", "a", "b"}).Draw(t, "focus")}
			if c.Day >= 100 && c.Day <= 130 {
				inside++
			}
			cases = append(cases, c)
		}
		gap := rapid.IntRange(0, 30).Draw(t, "gap")
		narrow, wide := outbreak.LargestLinked(cases, 100, 130, gap), outbreak.LargestLinked(cases, 100, 130, gap+1)
		if narrow > wide || wide > inside || inside > 0 && narrow == 0 {
			t.Fatalf("gap %d: %d, wider: %d, inside: %d", gap, narrow, wide, inside)
		}
	})
}

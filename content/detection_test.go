// SPDX-License-Identifier: Apache-2.0

package content

import (
	"strings"
	"testing"

	"mach/vn"
)

var detectionDay = vn.NewDate(2026, 11, 22)

func TestDetectionOf(t *testing.T) {
	for _, c := range []struct {
		disease string
		tier    Tier
		weight  float64
	}{
		{"measles", TierImmediate, 2}, {"plague", TierImmediate, 3}, {"dengue", TierByCount, 2.5}, {"influenza", TierWave, 1},
	} {
		d, _ := Diseases().ByID(c.disease)
		r := DetectionOf(d, detectionDay)
		if r.Tier != c.tier || r.Weight < c.weight || r.Years != 5 || r.LinkedWeek != 3 || len(r.Hash) != 12 {
			t.Errorf("%s: %+v", c.disease, r)
		}
	}
}

// The hash names what a verdict rests on: it is the same for the same numbers
// and another for any other.
func TestDetectionHash(t *testing.T) {
	dengue, _ := Diseases().ByID("dengue")
	mumps, _ := Diseases().ByID("mumps")
	if DetectionOf(dengue, detectionDay).Hash != DetectionOf(dengue, detectionDay+1).Hash {
		t.Error("the hash depends on the day")
	}
	if DetectionOf(dengue, detectionDay).Hash == DetectionOf(mumps, detectionDay).Hash {
		t.Error("two weights, one hash")
	}
}

func TestDetectionRefuses(t *testing.T) {
	b, err := surveillanceFiles.ReadFile("surveillance/detection.toml")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{"alpha_commune = 0.005", "alpha_commune = 1.5"}, {"cool_down_days = 7", "cool_down_days = 3"}, {"min_years = 3", "min_years = 9"},
		{`id = "dengue"`, `id = "dengve"`}, {`tier = "wave"`, `tier = "sometimes"`}, {`"2021-01-01"`, `"2021"`}, {"answer_hours = 48", ""}, {"window_days = 7", "window_days = 40"},
	} {
		changed := strings.Replace(string(b), c[0], c[1], 1)
		if changed == string(b) {
			t.Fatalf("no %q in the settings", c[0])
		}
		if _, err := parseDetection([]byte(changed)); err == nil {
			t.Errorf("%q was taken", c[1])
		}
	}
}

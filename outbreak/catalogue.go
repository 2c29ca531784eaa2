// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"fmt"
	"hash/fnv"
	"math"

	"mach/issue"
	"mach/vn"
)

// Catalogue says what the national run watches: the axes of the tensor and how
// each disease is judged. Nobody changes it while it is in use.
//
// A place is a number: communes first, in the order of the tensor, then the
// provinces, then the nation.
type Catalogue struct {
	Diseases  []Disease
	Communes  []Commune
	Provinces []vn.UnitID
}

// Disease is one disease of the run with its settings, which are dated data of
// content and named by a hash in each finding.
type Disease struct {
	Code string
	// Immediate: one case is an alert at once (group A, 24-hour list): tier 0.
	Immediate bool
	// Wave: influenza, hand-foot-and-mouth disease, dengue, chickenpox come in
	// waves, whose onset is shown and not pushed commune by commune: tier 3.
	Wave bool
	// Daily: a syndrome, judged by the day by Syndrome and not here: tier 4.
	Daily    bool
	Settings Settings
}

// Commune is a commune as the run needs it.
type Commune struct {
	Unit     vn.UnitID
	Province int     // position in Catalogue.Provinces
	Near     []int32 // communes that touch it, in both directions
	People   float64 // 0: not known; then a short history is not set beside the province
}

// Settings are how one disease is judged (surveillance.md 2).
type Settings struct {
	Severity     float64 // weight of its evidence in the ranking: 1
	GateCases    int     // fewer cases in GateWeeks weeks are not fitted: 5
	GateWeeks    int     // 4
	Years        int     // years of the baseline: 5
	MinYears     int     // fewer are a short history, judged without a trend: 3
	AlphaCommune float64 // 0.005
	AlphaAbove   float64 // of provinces and the nation: 0.01
	HalfWindow   int     // weeks on either side of a year ago: 3
	Levels       int     // of the season: 10
	SkipWeeks    int     // before the week judged, left out of the baseline: 26
	Reweight     float64 // residuals above are weighed down: 2.58
	RareWeeks    int     // weeks that the rule for rare diseases looks back: 6
	RareAlpha    float64 // 0.01
	Dispersion   float64 // least variance / mean that evidence is weighed with: 1.8
}

// Usual are the settings of surveillance.md 2.
func Usual() Settings {
	return Settings{Severity: 1, GateCases: 5, GateWeeks: 4, Years: 5, MinYears: 3, AlphaCommune: 0.005, AlphaAbove: 0.01,
		HalfWindow: 3, Levels: 10, SkipWeeks: 26, Reweight: 2.58, RareWeeks: 6, RareAlpha: 0.01, Dispersion: 1.8}
}

// Places is how many places there are: communes, provinces, the nation.
func (c *Catalogue) Places() int { return len(c.Communes) + len(c.Provinces) + 1 }

// Nation is the place of the nation, the last.
func (c *Catalogue) Nation() int { return len(c.Communes) + len(c.Provinces) }

// Level is the level of a place.
func (c *Catalogue) Level(place int) vn.Level {
	switch {
	case place < len(c.Communes):
		return vn.LevelCommune
	case place < c.Nation():
		return vn.LevelProvince
	}
	return vn.LevelNation
}

// Parent is the place above: of a commune its province, of a province the
// nation, of the nation −1.
func (c *Catalogue) Parent(place int) int {
	switch {
	case place < len(c.Communes):
		return len(c.Communes) + c.Communes[place].Province
	case place < c.Nation():
		return c.Nation()
	}
	return -1
}

// Unit is the unit of a place.
func (c *Catalogue) Unit(place int) vn.UnitID {
	switch {
	case place < len(c.Communes):
		return c.Communes[place].Unit
	case place < c.Nation():
		return c.Provinces[place-len(c.Communes)]
	}
	return vn.Nation
}

// check refuses a catalogue that does not fit the tensor or itself.
func (c *Catalogue) check(t *Tensor) error {
	if len(c.Diseases) != t.Diseases || len(c.Communes) != t.Communes || len(t.Count) != t.Diseases*t.Communes*t.Weeks {
		return issue.New(issue.Invariant, "outbreak.run.shape").At("tensor")
	}
	for _, u := range c.Communes {
		if u.Province < 0 || u.Province >= len(c.Provinces) {
			return issue.New(issue.Value, "outbreak.run.province").At("communes")
		}
		for _, n := range u.Near {
			if n < 0 || int(n) >= len(c.Communes) {
				return issue.New(issue.Value, "outbreak.run.neighbour").At("communes")
			}
		}
	}
	for _, u := range c.Communes {
		if !(u.People >= 0) || math.IsInf(u.People, 0) {
			return issue.New(issue.Value, "outbreak.run.people").At("communes")
		}
	}
	for _, d := range c.Diseases {
		if s := d.Settings; !(s.Severity > 0) || math.IsInf(s.Severity, 0) || s.GateCases < 1 || s.GateWeeks < 1 ||
			s.HalfWindow < 0 || s.HalfWindow > 25 || s.Levels < 1 || s.Levels > 50 || s.SkipWeeks < s.GateWeeks || s.SkipWeeks > 52 || !(s.Reweight > 0) || math.IsInf(s.Reweight, 0) || s.MinYears < 1 || s.Years < s.MinYears || !share(s.AlphaCommune) || !share(s.AlphaAbove) || !share(s.RareAlpha) || s.RareWeeks < 1 || s.RareWeeks > 52 || !(s.Dispersion >= 1) || math.IsInf(s.Dispersion, 0) {
			return issue.New(issue.Value, "outbreak.run.settings", d.Code).At("diseases")
		}
	}
	return nil
}

func share(p float64) bool { return p > 0 && p < 1 }

// Hash names settings, so that a finding says what it was judged by.
func (s Settings) Hash() string {
	h := fnv.New64a()
	fmt.Fprintf(h, "%+v", s)
	return fmt.Sprintf("%016x", h.Sum64())
}

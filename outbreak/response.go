// SPDX-License-Identifier: Apache-2.0

package outbreak

import "slices"

// Risk is the level that an ad hoc assessment ends with (TT 15/2026/TT-BYT
// Article 21.2); "" = not assessed.
type Risk string

// The levels of risk.
const (
	RiskLow      Risk = "low"
	RiskMedium   Risk = "medium"
	RiskHigh     Risk = "high"
	RiskVeryHigh Risk = "very-high"
)

// Risks lists the levels, lowest first.
func Risks() []Risk { return []Risk{RiskLow, RiskMedium, RiskHigh, RiskVeryHigh} }

// AtLeast reports whether the risk was assessed and is no lower than the other.
func (r Risk) AtLeast(other Risk) bool {
	return slices.Index(Risks(), r) >= max(0, slices.Index(Risks(), other))
}

// Trigger is what asks for an ad hoc assessment of risk (Article 21.2).
type Trigger string

// The eight triggers.
const (
	TriggerUnusual   Trigger = "unusual"   // more cases or deaths than usual
	TriggerChange    Trigger = "change"    // of the clinical picture, agent or vector
	TriggerImported  Trigger = "imported"  // a risk of importation
	TriggerAmplifier Trigger = "amplifier" // disaster, gathering, camp
	TriggerEmerging  Trigger = "emerging"  // new, re-emerging, of unknown agent
	TriggerBiosafety Trigger = "biosafety" // an incident in a laboratory
	TriggerOverload  Trigger = "overload"  // of the health system
	TriggerWHO       Trigger = "who"       // advised by the WHO
)

// Triggers lists the triggers in the order of the article.
func Triggers() []Trigger {
	return []Trigger{TriggerUnusual, TriggerChange, TriggerImported, TriggerAmplifier, TriggerEmerging, TriggerBiosafety, TriggerOverload, TriggerWHO}
}

// ToAssess reports whether Article 21.2 asks for an assessment: any of the eight
// triggers was seen, or there are cases of a disease never recorded in Viet Nam.
func ToAssess(seen []Trigger, f Facts) bool {
	return f.Never && f.Count > 0 || slices.ContainsFunc(seen, func(t Trigger) bool { return slices.Contains(Triggers(), t) })
}

// Containment is what the level of an epidemic rests on. Nobody computes it:
// those who lead the commune, the province and the country find it.
type Containment struct {
	Epidemic       bool // in the commune (Article 16)
	ForcesShort    bool // the forces of the commune do not suffice
	CommuneCannot  bool // contain it
	ProvinceCannot bool
	CountryCannot  bool
}

// Level is the level of an epidemic in a commune (Articles 17 to 20); 0 = none.
type Level int

// LevelEmergency is the state of emergency (Article 20), after levels 1 to 3.
const LevelEmergency Level = 4

// LevelOf judges by Articles 17 to 20. Each level stands on the one before: what
// a province cannot contain is asked only of what its communes could not. The
// article is "" for no level. The circular was read in a summary: that each level
// has an article of its own, in their order, is our reading.
func LevelOf(c Containment) (level Level, article string) {
	for i, held := range []bool{c.Epidemic && c.ForcesShort, c.CommuneCannot, c.ProvinceCannot, c.CountryCannot} {
		if !held {
			break
		}
		level, article = Level(i+1), []string{"17", "18", "19", "20"}[i]
	}
	return level, article
}

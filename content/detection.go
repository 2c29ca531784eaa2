// SPDX-License-Identifier: Apache-2.0

package content

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"mach/vn"
)

// Tier says by which kind of rule a disease is watched.
type Tier string

// The tiers that a disease may be given by hand. By itself it is immediate
// when its clock is 24 hours or its group A, else rare or frequent by how many
// cases the unit has.
const (
	TierByCount   Tier = ""
	TierImmediate Tier = "immediate" // one case is an alert
	TierWave      Tier = "wave"      // seasonal: shown, not pushed for a commune
)

// DetectionRule are the settings of statistical detection for one disease
// during one validity. The numbers are those of detection.toml.
type DetectionRule struct {
	Years          int     `toml:"years"`
	HalfWindow     int     `toml:"half_window"`
	Levels         int     `toml:"levels"`
	SkipWeeks      int     `toml:"skip_weeks"`
	Reweight       float64 `toml:"reweight"`
	AlphaCommune   float64 `toml:"alpha_commune"`
	AlphaAbove     float64 `toml:"alpha_above"`
	LeastCases     int     `toml:"least_cases"`
	LeastWeeks     int     `toml:"least_weeks"`
	MinYears       int     `toml:"min_years"`
	BackWeeks      int     `toml:"back_weeks"`
	BayesWeeks     int     `toml:"bayes_weeks"`
	BayesAlpha     float64 `toml:"bayes_alpha"`
	FalseShare     float64 `toml:"false_share"`
	ChildrenShare  float64 `toml:"children_share"`
	ChildrenMany   int     `toml:"children_many"`
	BudgetCommune  int     `toml:"budget_commune"`
	BudgetProvince int     `toml:"budget_province"`
	BudgetNation   int     `toml:"budget_nation"`
	CoolDownDays   int     `toml:"cool_down_days"`
	// AnswerHours is how long an alert may wait for an answer; the immediate
	// ones are to be verified within 24 hours.
	AnswerHours          int `toml:"answer_hours"`
	AnswerHoursImmediate int `toml:"answer_hours_immediate"`
	SilentWeeks          int `toml:"silent_weeks"`

	Tier   Tier    `toml:"-"`
	Weight float64 `toml:"-"` // severity: rank is −log10 p times this
	// Linked cases that make an alert of a rare disease, and how far apart
	// they may lie: SurveillanceSettings of the same day.
	LinkedWeek, LinkedMonth, LinkedGapDays int `toml:"-"`
	// Hash names these settings: a verdict keeps it.
	Hash string `toml:"-" json:"-"`
}

// Budget is how many alerts a desk at the level sees at once.
func (r DetectionRule) Budget(l vn.Level) int {
	switch l {
	case vn.LevelNation, vn.LevelRegion:
		return r.BudgetNation
	case vn.LevelProvince:
		return r.BudgetProvince
	}
	return r.BudgetCommune
}

// Alpha is the share of false alarms that a unit of the level accepts.
func (r DetectionRule) Alpha(l vn.Level) float64 {
	if l == vn.LevelCommune {
		return r.AlphaCommune
	}
	return r.AlphaAbove
}

// DetectionSettings are the settings of detection of all diseases during one
// validity.
type DetectionSettings struct {
	DetectionRule
	From    vn.Date `toml:"-"`
	FromISO string  `toml:"valid_from"`
	Basis   string  `toml:"basis"`

	WeightA  float64            `toml:"weight_a"`
	WeightB  float64            `toml:"weight_b"`
	WeightC  float64            `toml:"weight_c"`
	Scan     ScanRule           `toml:"scan"`
	Diseases []DiseaseDetection `toml:"disease"`
}

// ScanRule are the settings of the scan of each night.
type ScanRule struct {
	Days           int     `toml:"days"`
	WindowDays     int     `toml:"window_days"`
	RadiusKm       float64 `toml:"radius_km"`
	Nearest        int     `toml:"nearest"`
	Replicates     int     `toml:"replicates"`
	Fewest         int     `toml:"fewest"`
	RecurrenceDays float64 `toml:"recurrence_days"`
}

// Hash names the settings: a cluster keeps it.
func (r ScanRule) Hash() string {
	sum := sha256.Sum256(must(json.Marshal(r)))
	return hex.EncodeToString(sum[:6])
}

// DiseaseDetection is what differs for one disease; zero values change nothing.
type DiseaseDetection struct {
	ID           string  `toml:"id"`
	Tier         Tier    `toml:"tier"`
	Weight       float64 `toml:"weight"`
	Years        int     `toml:"years"`
	AlphaCommune float64 `toml:"alpha_commune"`
	AlphaAbove   float64 `toml:"alpha_above"`
}

var detection = sync.OnceValue(func() []DetectionSettings { return must(loadDetection()) })

// DetectionOn returns the settings in force on the day: those of the latest
// block that had begun, the first block for earlier days.
func DetectionOn(on vn.Date) DetectionSettings {
	return inForce(detection(), on, func(s DetectionSettings) vn.Date { return s.From })
}

// DetectionOf returns the rule of a disease that was in force on the day.
func DetectionOf(d Disease, on vn.Date) DetectionRule {
	return DetectionOn(on).rule(d, SurveillanceOn(on))
}

// rule is what holds for one disease.
func (s DetectionSettings) rule(d Disease, law SurveillanceSettings) DetectionRule {
	r := s.DetectionRule
	r.Weight = map[string]float64{"A": s.WeightA, "B": s.WeightB, "C": s.WeightC}[d.Group]
	r.LinkedWeek, r.LinkedMonth, r.LinkedGapDays = law.LinkedWeek, law.LinkedMonth, law.LinkedGapDays
	if d.Clock == Clock24h || d.Group == "A" {
		r.Tier = TierImmediate
	}
	for _, x := range s.Diseases {
		if x.ID != d.ID {
			continue
		}
		r.Tier = cmp.Or(x.Tier, r.Tier)
		r.Weight, r.Years = cmp.Or(x.Weight, r.Weight), cmp.Or(x.Years, r.Years)
		r.AlphaCommune, r.AlphaAbove = cmp.Or(x.AlphaCommune, r.AlphaCommune), cmp.Or(x.AlphaAbove, r.AlphaAbove)
	}
	return r.named()
}

func loadDetection() ([]DetectionSettings, error) {
	b, err := surveillanceFiles.ReadFile("surveillance/detection.toml")
	if err != nil {
		return nil, err
	}
	return parseDetection(b)
}

func parseDetection(b []byte) ([]DetectionSettings, error) {
	var file struct {
		Period []DetectionSettings `toml:"period"`
	}
	if err := toml.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("settings of detection: %w", err)
	}
	if len(file.Period) == 0 {
		return nil, fmt.Errorf("settings of detection: no period")
	}
	for i := range file.Period {
		p := &file.Period[i]
		var err error
		if p.From, err = vn.ParseDate(p.FromISO); err != nil {
			return nil, fmt.Errorf("settings of detection: %w", err)
		}
		if err := p.check(); err != nil {
			return nil, fmt.Errorf("settings of detection of %s: %w", p.FromISO, err)
		}
	}
	slices.SortFunc(file.Period, func(a, b DetectionSettings) int { return int(a.From - b.From) })
	return file.Period, nil
}

// check refuses settings that cannot be. A cool-down below a week would let two
// alerts of a disease and unit open in one week: they would have one key.
func (s DetectionSettings) check() error {
	share := func(f float64) bool { return f > 0 && f < 1 }
	switch {
	case !share(s.AlphaCommune), !share(s.AlphaAbove), !share(s.BayesAlpha), !share(s.FalseShare), !share(s.ChildrenShare):
		return fmt.Errorf("a share is not between 0 and 1")
	case s.Years < s.MinYears, s.MinYears < 1, s.HalfWindow < 1, s.Levels < 1, s.SkipWeeks < s.LeastWeeks, s.LeastWeeks < 1, s.BackWeeks < s.LeastWeeks:
		return fmt.Errorf("the windows make no sense")
	case s.Scan.Days < 2 || s.Scan.Days > 90, s.Scan.WindowDays < 1 || s.Scan.WindowDays >= s.Scan.Days, !(s.Scan.RadiusKm > 0), s.Scan.Nearest < 1,
		s.Scan.Replicates < 99, s.Scan.Replicates > 9999, s.Scan.Fewest < 2, !(s.Scan.RecurrenceDays >= 1):
		return fmt.Errorf("the scan makes no sense")
	case s.CoolDownDays < 7:
		return fmt.Errorf("a cool-down below a week")
	case s.AnswerHours < 1, s.AnswerHoursImmediate < 1, s.SilentWeeks < 1, s.BudgetCommune < 1, s.BudgetProvince < 1, s.BudgetNation < 1:
		return fmt.Errorf("a clock or budget is missing")
	}
	for _, d := range s.Diseases {
		if _, ok := diseases().ByID(d.ID); !ok {
			return fmt.Errorf("no disease %q", d.ID)
		}
		if d.Tier != TierByCount && d.Tier != TierImmediate && d.Tier != TierWave {
			return fmt.Errorf("no tier %q", d.Tier)
		}
	}
	return nil
}

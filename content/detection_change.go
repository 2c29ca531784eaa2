// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
)

// DetectionField is a setting of one disease that people may change.
type DetectionField string

// The settings that people may change, in the order of the form. The shares
// are in percent there, as people say them.
const (
	FieldAlphaCommune   DetectionField = "alpha-commune"
	FieldAlphaAbove     DetectionField = "alpha-above"
	FieldLeastCases     DetectionField = "least-cases"
	FieldYears          DetectionField = "years"
	FieldWeight         DetectionField = "weight"
	FieldCoolDown       DetectionField = "cool-down-days"
	FieldHours          DetectionField = "answer-hours"
	FieldHoursImmediate DetectionField = "answer-hours-immediate"
)

// DetectionBound is what a setting may be. Local: a province may decide it for
// itself (surveillance: only how many false alarms it takes).
type DetectionBound struct {
	Field       DetectionField
	Least, Most float64
	Whole       bool // a whole number
	Percent     bool
	Local       bool
}

// DetectionBounds lists the settings with their bounds. A cool-down below a
// week would let two alerts of a disease and unit open in one week; a signal is
// to be verified within 24 hours, so the clock of the immediate ones is never
// longer; below three years no trend can be told.
func DetectionBounds() []DetectionBound {
	return []DetectionBound{
		{Field: FieldAlphaCommune, Least: 0.01, Most: 5, Percent: true, Local: true},
		{Field: FieldAlphaAbove, Least: 0.01, Most: 5, Percent: true, Local: true},
		{Field: FieldLeastCases, Least: 1, Most: 50, Whole: true},
		{Field: FieldYears, Least: 3, Most: 10, Whole: true},
		{Field: FieldWeight, Least: 0.1, Most: 10},
		{Field: FieldCoolDown, Least: 7, Most: 60, Whole: true},
		{Field: FieldHours, Least: 1, Most: 168, Whole: true},
		{Field: FieldHoursImmediate, Least: 1, Most: 24, Whole: true},
	}
}

// TierNone is how a change names [TierByCount], which is empty.
const TierNone = "by-count"

// DetectionTiers are the tiers that people may choose for a disease. Who is to
// be reported within 24 hours, or is of group A, stays immediate: one case is an
// alert there.
func DetectionTiers(d Disease) []Tier {
	if d.Clock == Clock24h || d.Group == "A" {
		return []Tier{TierImmediate}
	}
	return []Tier{TierByCount, TierImmediate, TierWave}
}

// DetectionChange is what people decided for one disease. What it does not name
// stays as it is.
type DetectionChange struct {
	Tier   *Tier                      `json:"tier,omitempty"`
	Values map[DetectionField]float64 `json:"values,omitempty"` // shares in percent
}

// Value is the setting as the form shows it.
func (r DetectionRule) Value(f DetectionField) float64 {
	switch f {
	case FieldAlphaCommune:
		return percentOf(r.AlphaCommune)
	case FieldAlphaAbove:
		return percentOf(r.AlphaAbove)
	case FieldLeastCases:
		return float64(r.LeastCases)
	case FieldYears:
		return float64(r.Years)
	case FieldWeight:
		return r.Weight
	case FieldCoolDown:
		return float64(r.CoolDownDays)
	case FieldHours:
		return float64(r.AnswerHours)
	case FieldHoursImmediate:
		return float64(r.AnswerHoursImmediate)
	}
	return 0
}

// With returns the rule as people decided to change it.
func (r DetectionRule) With(c DetectionChange) DetectionRule {
	if c.Tier != nil {
		r.Tier = *c.Tier
	}
	for f, v := range c.Values {
		switch f {
		case FieldAlphaCommune:
			r.AlphaCommune = v / 100
		case FieldAlphaAbove:
			r.AlphaAbove = v / 100
		case FieldLeastCases:
			r.LeastCases = int(v)
		case FieldYears:
			r.Years = int(v)
		case FieldWeight:
			r.Weight = v
		case FieldCoolDown:
			r.CoolDownDays = int(v)
		case FieldHours:
			r.AnswerHours = int(v)
		case FieldHoursImmediate:
			r.AnswerHoursImmediate = int(v)
		}
	}
	return r.named()
}

// Fits reports whether the change is one that may be: known fields within their
// bounds, a tier that the disease may have; local: of a province for itself.
func (c DetectionChange) Fits(d Disease, local bool) bool {
	if c.Tier != nil && (local || !slices.Contains(DetectionTiers(d), *c.Tier)) {
		return false
	}
	left := len(c.Values)
	for _, b := range DetectionBounds() {
		v, ok := c.Values[b.Field]
		if !ok {
			continue
		}
		left--
		if !(v >= b.Least && v <= b.Most) || b.Whole && v != float64(int(v)) || local && !b.Local {
			return false
		}
	}
	return left == 0 && (c.Tier != nil || len(c.Values) > 0)
}

// named gives the rule the hash of its numbers.
func (r DetectionRule) named() DetectionRule {
	b := must(json.Marshal(r)) // numbers and strings only
	sum := sha256.Sum256(b)
	r.Hash = hex.EncodeToString(sum[:6])
	return r
}

// percentOf is a share in percent, without what the binary fraction leaves.
func percentOf(share float64) float64 { return float64(int64(share*1e8+0.5)) / 1e6 }

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"mach/vn"
)

// SyndromeRule says how syndromes are judged during one validity. The numbers
// are those of syndromes.toml.
type SyndromeRule struct {
	LeastVisits int     `toml:"least_visits"`
	Alpha       float64 `toml:"alpha"`
	BackDays    int     `toml:"back_days"`
	ReachDays   int     `toml:"reach_days"`
	HistoryDays int     `toml:"history_days"`
	ShownDays   int     `toml:"shown_days" json:"-"`
	Weight      float64 `toml:"weight"`

	From    vn.Date `toml:"-" json:"-"`
	FromISO string  `toml:"valid_from" json:"-"`
	Basis   string  `toml:"basis" json:"-"`
	// Hash names these settings: a verdict keeps it.
	Hash string `toml:"-" json:"-"`
}

var syndromeRules = sync.OnceValue(func() []SyndromeRule { return must(loadSyndromeRules()) })

// SyndromeRuleOn returns the rule in force on the day: that of the latest block
// that had begun, the first block for earlier days.
func SyndromeRuleOn(on vn.Date) SyndromeRule {
	return inForce(syndromeRules(), on, func(s SyndromeRule) vn.Date { return s.From })
}

func loadSyndromeRules() ([]SyndromeRule, error) {
	b, err := surveillanceFiles.ReadFile("surveillance/syndromes.toml")
	if err != nil {
		return nil, err
	}
	return parseSyndromeRules(b)
}

func parseSyndromeRules(b []byte) ([]SyndromeRule, error) {
	var file struct {
		Period []SyndromeRule `toml:"period"`
	}
	if err := toml.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("settings of syndromes: %w", err)
	}
	if len(file.Period) == 0 {
		return nil, fmt.Errorf("settings of syndromes: no period")
	}
	for i := range file.Period {
		p := &file.Period[i]
		var err error
		if p.From, err = vn.ParseDate(p.FromISO); err != nil {
			return nil, fmt.Errorf("settings of syndromes: %w", err)
		}
		if p.LeastVisits < 1 || !(p.Alpha > 0 && p.Alpha < 1) || p.BackDays < 1 || p.ReachDays <= 32 || p.HistoryDays < p.ReachDays || p.ShownDays < 7 || !(p.Weight > 0) {
			return nil, fmt.Errorf("settings of syndromes of %s: a number cannot be", p.FromISO)
		}
		sum := sha256.Sum256(must(json.Marshal(p))) // numbers only
		p.Hash = hex.EncodeToString(sum[:6])
	}
	slices.SortFunc(file.Period, func(a, b SyndromeRule) int { return int(a.From - b.From) })
	return file.Period, nil
}

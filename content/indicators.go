// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"mach/i18n"
	"mach/vn"
)

//go:embed indicators/*.toml
var indicatorFiles embed.FS

// Indicator is one definition: what is counted, on which day, divided by what.
type Indicator struct {
	ID      string `toml:"id"`
	Number  int    `toml:"number"` // place in the list of one hundred; 0 = none
	Vi      string `toml:"vi"`
	En      string `toml:"en"`
	ShortVi string `toml:"short_vi"`
	ShortEn string `toml:"short_en"`
	// NumeratorVi and NumeratorEn say in words what is counted.
	NumeratorVi string `toml:"numerator_vi"`
	NumeratorEn string `toml:"numerator_en"`
	// Kind is flow (events, each on its day) or people (persons, each once,
	// from the first day the record shows it).
	Kind      string `toml:"kind"`
	Unit      string `toml:"unit"`      // key "indicators.unit.<unit>" of the catalogue
	Direction string `toml:"direction"` // up, down or "" when neither is better
	Basis     string `toml:"basis"`     // law or form
	ValidFrom string `toml:"valid_from"`
	Count     Count  `toml:"count"`
	Per       Per    `toml:"per"`
}

// Count says which resources are counted. All of Where must hold; each is
// "path = value", "path in a b", "path not a b" or "path starts a b". A path
// that leads to a CodeableConcept or Coding compares any of its codes.
type Count struct {
	Resource string   `toml:"resource"`
	Where    []string `toml:"where"`
	Day      string   `toml:"day"` // path of the date or instant; "" = the day of the change
}

// Per is the denominator; the zero Per means a plain count.
type Per struct {
	Population bool    `toml:"population"`
	Factor     float64 `toml:"factor"`
}

// Names returns the name and the short name in the language.
func (i Indicator) Names(vi bool) (name, short string) {
	if vi {
		return i.Vi, i.ShortVi
	}
	return i.En, i.ShortEn
}

// Numerator says in the language what is counted.
func (i Indicator) Numerator(lang i18n.Lang) string {
	return Words{i.NumeratorVi, i.NumeratorEn}.In(lang)
}

// PopulationYear is the year of the denominators: registered people in the
// dossiers of the merger, not the mean population of a year.
const PopulationYear = 2025

// Indicators returns all definitions in order of id. An error means that an
// embedded file is broken.
func Indicators() ([]Indicator, error) {
	entries, err := indicatorFiles.ReadDir("indicators")
	if err != nil {
		return nil, err
	}
	var out []Indicator
	for _, e := range entries {
		b, err := indicatorFiles.ReadFile("indicators/" + e.Name())
		if err != nil {
			return nil, err
		}
		var i Indicator
		if err := toml.Unmarshal(b, &i); err != nil {
			return nil, fmt.Errorf("indicator %s: %w", e.Name(), err)
		}
		if err := i.check(strings.TrimSuffix(e.Name(), ".toml")); err != nil {
			return nil, fmt.Errorf("indicator %s: %w", e.Name(), err)
		}
		out = append(out, i)
	}
	slices.SortFunc(out, func(a, b Indicator) int { return strings.Compare(a.ID, b.ID) })
	return out, nil
}

func (i Indicator) check(file string) error {
	switch {
	case i.ID != file:
		return fmt.Errorf("id %q differs from the file's name", i.ID)
	case i.Vi == "" || i.En == "" || i.ShortVi == "" || i.ShortEn == "" || i.NumeratorVi == "" || i.NumeratorEn == "":
		return fmt.Errorf("a name or the numerator is missing")
	case i.Kind != "flow" && i.Kind != "people":
		return fmt.Errorf("kind %q is not known", i.Kind)
	case i.Count.Resource == "" || i.Basis == "":
		return fmt.Errorf("resource or basis is missing")
	case i.Per.Population && i.Per.Factor <= 0:
		return fmt.Errorf("a rate needs a factor")
	}
	_, err := vn.ParseDate(i.ValidFrom)
	return err
}

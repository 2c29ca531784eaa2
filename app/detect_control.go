// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"

	"mach/outbreak"
)

// readEARS reads the settings of R's `earsC`; C3 has a level of its own.
func readEARS(control json.RawMessage) (outbreak.Detector, error) {
	var which struct {
		Method outbreak.EARSMethod `json:"method"`
	}
	if err := unmarshalAll(control, &which); err != nil {
		return nil, err
	}
	if which.Method == "" {
		which.Method = outbreak.EARSC1
	}
	e := outbreak.DefaultEARS(which.Method)
	return e, unmarshalAll(control, &e)
}

// readCUSUM reads the settings of R's `algo.cusum`.
func readCUSUM(control json.RawMessage) (outbreak.Detector, error) {
	c := outbreak.DefaultCUSUM()
	return c, unmarshalAll(control, &c)
}

// readBayes reads the settings of R's `algo.bayes`.
func readBayes(control json.RawMessage) (outbreak.Detector, error) {
	b := outbreak.DefaultBayesNB()
	return b, unmarshalAll(control, &b)
}

// readGLR reads the settings of R's `algo.glrnb`, and with alpha 0 of
// `algo.glrpois`: mu0 is a list of means, a season to fit, or absent.
func readGLR(control json.RawMessage) (outbreak.Detector, error) {
	g := outbreak.DefaultGLR()
	none := 0.0
	g.Alpha = &none
	ask := struct {
		Mu0    json.RawMessage `json:"mu0"`
		Return string          `json:"ret"`
	}{Return: "cases"}
	if err := unmarshalAll(control, &g, &ask); err != nil {
		return nil, err
	}
	g.Cases = ask.Return == "cases"
	if len(ask.Mu0) > 0 && ask.Mu0[0] == '[' {
		return g, json.Unmarshal(ask.Mu0, &g.Mean)
	}
	return g, unmarshalAll(ask.Mu0, &g.Season)
}

// glrResults: R's bound is the statistic or the count that would have alarmed,
// whichever was asked for.
func glrResults(d outbreak.Detector) []column {
	upper := func(p outbreak.Point) float64 { return p.Statistic }
	if d.(outbreak.GLR).Cases {
		upper = func(p outbreak.Point) float64 { return p.Bound }
	}
	return []column{
		{"upper", func(p outbreak.Point) any { return judged(p, upper(p)) }},
		{"expected", func(p outbreak.Point) any { return orNull(p.Expected > 0, p.Expected) }},
		{"phi", func(p outbreak.Point) any { return orNull(p.Expected > 0, p.Dispersion) }},
	}
}

func boundResults(outbreak.Detector) []column { return []column{{"upper", told}} }

// cusumResults: R gives the bound 0 where there is no scale, and no sum.
func cusumResults(outbreak.Detector) []column {
	return []column{
		{"upper", func(p outbreak.Point) any {
			if p.Reason == outbreak.NoBaseline {
				return 0.0
			}
			return told(p)
		}},
		{"statistic", func(p outbreak.Point) any {
			return orNull(p.Reason == outbreak.Judged || p.Reason == outbreak.NotReported, p.Statistic)
		}},
	}
}

// told is a bound that stands whether or not there is a count to compare.
func told(p outbreak.Point) any {
	return orNull(p.Reason == outbreak.Judged || p.Reason == outbreak.NotReported, p.Bound)
}

// SPDX-License-Identifier: Apache-2.0

package app

import (
	"encoding/json"

	"mach/outbreak"
)

// readFarrington reads the settings of R's `farrington`; what is not said is as
// in R.
func readFarrington(control json.RawMessage) (outbreak.Detector, error) {
	f := outbreak.ClassicFarrington()
	f.AsR = true
	var more struct {
		FitFun string `json:"fitFun"`
	}
	if err := unmarshalAll(control, &f, &more); err != nil {
		return nil, err
	}
	f.Offset = more.FitFun == "algo.farrington.fitGLM.populationOffset"
	return f, nil
}

// farringtonResults: R gives the bound 0 where too few cases are judged.
func farringtonResults(outbreak.Detector) []column {
	return []column{{"upper", func(p outbreak.Point) any {
		if p.Reason == outbreak.TooFewCases {
			return 0.0
		}
		return judged(p, p.Bound)
	}}}
}

// readFlexible reads the settings of R's `farringtonFlexible`.
func readFlexible(control json.RawMessage) (outbreak.Detector, error) {
	f := outbreak.DefaultFlexible()
	f.AsR = true
	return f, unmarshalAll(control, &f)
}

// flexibleResults: R keeps expectation and bound back where too few cases are
// judged, and tells the rest.
func flexibleResults(d outbreak.Detector) []column {
	results := []column{
		{"expected", func(p outbreak.Point) any {
			return orNull(p.Reason == outbreak.Judged || p.Reason == outbreak.NotConverged || p.Reason == outbreak.OutOfRange && p.Plugin > 0, p.Expected)
		}},
		{"upper", func(p outbreak.Point) any { return judged(p, p.Bound) }},
		{"phi", func(p outbreak.Point) any { return orNull(p.Dispersion > 0, p.Dispersion) }},
		{"trend", func(p outbreak.Point) any {
			if p.Trend {
				return 1
			}
			return orNull(p.Dispersion > 0, 0)
		}},
		{"trend_coef", func(p outbreak.Point) any { return orNull(p.Trend, p.Slope) }},
		{"pvalue", func(p outbreak.Point) any { return orNull(p.HasP, p.P) }},
	}
	if d.(outbreak.FarringtonFlexible).BoundBy != outbreak.BoundDelta {
		results = append(results, column{"mu0", func(p outbreak.Point) any { return orNull(p.Plugin > 0, p.Plugin) }})
	}
	return results
}

func judged(p outbreak.Point, v float64) any { return orNull(p.Reason == outbreak.Judged, v) }

func orNull(is bool, v float64) any {
	if !is {
		return nil
	}
	return v
}

func unmarshalAll(b json.RawMessage, into ...any) error {
	if b == nil {
		return nil
	}
	for _, v := range into {
		if err := json.Unmarshal(b, v); err != nil {
			return err
		}
	}
	return nil
}

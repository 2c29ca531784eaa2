// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"strconv"
	"sync"

	"mach/vn"
)

// Interval is the serial interval of a disease: the days between the onset of
// a case and that of those it infected.
type Interval struct {
	Disease  string
	Mean, SD float64 // days
	Verified bool    // both numbers were read in the source
	From     vn.Date // in force since
	Source   string  // of the mean, and of both when Verified; "" = a working default
}

var intervals = sync.OnceValue(func() []Interval { return must(loadIntervals(diseases())) })

// IntervalOf returns the serial interval of the disease in force on the day;
// false for a disease that has none here: no reproduction number is shown then.
func IntervalOf(disease string, on vn.Date) (Interval, bool) {
	var best Interval
	for _, x := range intervals() {
		if x.Disease == disease && x.From <= on && (best.Disease == "" || x.From > best.From) {
			best = x
		}
	}
	return best, best.Disease != ""
}

func loadIntervals(known *DiseaseList) ([]Interval, error) {
	rows, err := readTable(surveillanceFiles, "surveillance/intervals.csv", "disease", "mean_days", "sd_days", "verified", "valid_from", "source")
	if err != nil {
		return nil, err
	}
	var out []Interval
	for _, r := range rows {
		x := Interval{Disease: r[0], Verified: r[3] == "1", Source: r[5]}
		if _, ok := known.ByID(x.Disease); !ok {
			return nil, fmt.Errorf("interval of %q: no such disease", r[0])
		}
		if x.Mean, err = strconv.ParseFloat(r[1], 64); err != nil || !(x.Mean > 1) {
			return nil, fmt.Errorf("interval of %s: mean %q", r[0], r[1])
		}
		if x.SD, err = strconv.ParseFloat(r[2], 64); err != nil || !(x.SD > 0) {
			return nil, fmt.Errorf("interval of %s: standard deviation %q", r[0], r[2])
		}
		if x.From, err = vn.ParseDate(r[4]); err != nil || x.Verified && x.Source == "" {
			return nil, fmt.Errorf("interval of %s: from %q, source %q", r[0], r[4], x.Source)
		}
		out = append(out, x)
	}
	return out, nil
}

// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"mach/issue"
	"mach/vn"
)

// Tier says how a series is watched: by how many cases are expected, each time
// anew (surveillance.md 2).
type Tier uint8

// The tiers.
const (
	TierImmediate Tier = iota // one case is an alert
	TierRare                  // fewer than 5 cases in 4 weeks: judged in province and nation, and by scans
	TierFrequent              // Farrington flexible
	TierShort                 // too short a history for a trend
	TierWave                  // as frequent; its waves are shown and not pushed commune by commune
	TierDaily                 // syndromes, judged by the day
)

var tiers = [...]string{"immediate", "rare", "frequent", "short", "wave", "daily"}

// String gives the tier as the words of the catalogue are keyed.
func (t Tier) String() string {
	if int(t) < len(tiers) {
		return tiers[t]
	}
	return "unknown"
}

// Status says what becomes of an alarm.
type Status uint8

// The statuses. Only Pushed tells somebody; the others stand in the list.
const (
	// Listed: an alarm of its method that does not stand out among all series.
	Listed Status = iota
	// Pushed opens an alert and tells its desk.
	Pushed
	// Attached belongs to an alert that is open, that was raised in the last
	// CoolDown days, or that this run opens for the province or for an earlier
	// week: no new one.
	Attached
	// Explained: places below it explain its excess and are told instead.
	Explained
	// Collapsed would be pushed if its desk, the commune's or the province's, had
	// not its budget's worth already.
	Collapsed
)

var statuses = [...]string{"listed", "pushed", "attached", "explained", "collapsed"}

// String gives the status as the words of the catalogue are keyed.
func (s Status) String() string {
	if int(s) < len(statuses) {
		return statuses[s]
	}
	return "unknown"
}

// Methods of the run, as Finding.Method names them.
const (
	MethodRule       = "rule"                // one case of an immediate disease
	MethodGroup      = "group"               // three neighbours rise together
	MethodFarrington = "farrington-flexible" // Noufaily et al. 2013
	MethodBayes      = "bayes"               // negative binomial over the weeks before
	MethodGLR        = "glr"                 // generalised likelihood ratio: slow rise
	MethodProvince   = "glr-province"        // the same against the rate of the province
)

// Alert names an alert: one disease, one place, and the week it was opened in.
// A key for people is made of it by whoever knows the codes of units.
type Alert struct {
	Disease, Place int
	Opened         vn.Date // first day of the week of the first finding
}

// OpenAlert is an alert that stands, or stood lately, when the run begins.
type OpenAlert struct {
	Alert
	Raised vn.Date // first day of the latest week that a finding belonged to it
	Closed bool    // answered and closed
}

// FocusCases are cases of a focus that somebody works on already.
type FocusCases struct {
	Disease, Commune, Week, Cases int
}

// Finding is the verdict on one series in one week that alarmed, by its method
// (Point.Alarm) or by what the last two weeks hold together. Everything
// that it rests on stands in it, so that it can be explained and computed again.
type Finding struct {
	Disease, Place, Week int
	Tier                 Tier
	Method               string
	Settings             string // Settings.Hash of the disease
	// Point holds observed, expected, bound, P, Statistic and Reason; At is
	// Week. Observed is without the cases of open foci.
	Point
	Foci     int     // cases of open foci that were taken off before testing
	Complete float64 // share of commune-weeks reported in the last GateWeeks weeks, 0 … 1
	// Chance is the probability of what was seen when nothing happens, by which
	// series are compared: over the last Window weeks (1 or 2; of a slow rise a
	// quarter), with a mean and a dispersion that few cases cannot make extreme.
	// Point.P is the method's own.
	Chance   float64
	Window   int
	Adjusted float64 // Chance after Benjamini–Hochberg over all monitored series of the week
	Evidence float64 // −ln Chance × severity; findings are ranked by it
	Status   Status
	Alert    Alert // the alert that it opens or belongs to; zero when Listed, Explained or Collapsed
	// Parts are the communes that a province's alert gathers, or that explain
	// the excess of this place, ascending.
	Parts []int32
}

// Verdicts are the findings of a run: the latest week first, within a week the
// most important first.
type Verdicts []Finding

// Stats count what a run did in its latest week.
type Stats struct {
	Series   int // monitored: diseases × places
	Silent   int // of these not reported this week
	Gated    int // too few cases to be fitted
	Short    int // history too short to judge
	Fitted   int // judged by a method
	Failed   int // no answer found: not converged, out of range
	Alarms   int // above their bound
	Pushed   int
	Computed int // points computed in this run, of all weeks; the rest stood already
}

// Options are what changes from run to run.
type Options struct {
	Week int // the week judged
	Back int // weeks before it that are judged again, for late reports: 0 … 8
	Foci []FocusCases
	Open []OpenAlert

	FalseShare float64 // of the pushes: Benjamini–Hochberg's q, 0.1
	CoolDown   int     // days in which a closed alert is not raised again: 7
	Explained  float64 // share of a place's excess that the places below must have: 0.7
	Group      int     // neighbours that rise to make one alert of the province: 3
	Budget     int     // pushes of a province's desk in a week, those of its communes included; the rest is collapsed: 20
	Commune    int     // pushes of a commune's desk in a week: 5
	Threads    int     // 0: as many as there are processors. The result does not depend on it
}

// For are the usual options for a week.
func For(week int) Options {
	return Options{Week: week, FalseShare: 0.1, CoolDown: 7, Explained: 0.7, Group: 3, Budget: 20, Commune: 5}
}

// maxBack is how many weeks back late reports are judged again.
const maxBack = 8

func (o Options) check(t *Tensor) error {
	if o.Back < 0 || o.Back > maxBack || o.Week-o.Back < 0 || o.Week >= t.Weeks {
		return issue.New(issue.Value, "outbreak.run.week").At("week")
	}
	if !share(o.FalseShare) || o.CoolDown < 0 || !(o.Explained > 0) || o.Group < 2 || o.Budget < 1 || o.Commune < 1 {
		return issue.New(issue.Value, "outbreak.run.options").At("options")
	}
	for _, f := range o.Foci {
		if f.Disease < 0 || f.Disease >= t.Diseases || f.Commune < 0 || f.Commune >= t.Communes || f.Week < 0 || f.Week >= t.Weeks || f.Cases < 0 {
			return issue.New(issue.Value, "outbreak.run.focus").At("foci")
		}
	}
	return nil
}

// Run judges every series of the tensor in the weeks asked for. The same input
// gives the same findings bit for bit, by any number of threads.
func Run(t *Tensor, c *Catalogue, o Options) (Verdicts, Stats, error) {
	n, err := NewNation(t, c)
	if err != nil {
		return nil, Stats{}, err
	}
	return n.Judge(o)
}

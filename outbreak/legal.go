// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"cmp"
	"math"
	"slices"
)

// Rules are the numbers of TT 15/2026/TT-BYT Articles 16 and 22 and the
// settings that it leaves open.
type Rules struct {
	BaselineYears int     // years compared with: 5
	MinValidYears int     // fewer give no verdict; open in the law, 3
	Population    bool    // divide by n instead of n−1; open in the law, false
	EpidemicSD    float64 // standard deviations above the mean: 2
	WarningSD     float64 // 1
	// WarnAboveEpidemic warns also for a week above mean + EpidemicSD; the
	// law's words end there. Open in the law, true.
	WarnAboveEpidemic bool
	LinkedMonth       int // linked cases in the month: 5
	LinkedWeek        int // linked cases in the week: 3
	ConfirmedA        int // confirmed cases of a group A disease: 1
}

// TT15 returns the numbers of the circular with our defaults for what it
// leaves open.
func TT15() Rules {
	return Rules{BaselineYears: 5, MinValidYears: 3, EpidemicSD: 2, WarningSD: 1, WarnAboveEpidemic: true,
		LinkedMonth: 5, LinkedWeek: 3, ConfirmedA: 1}
}

// Year is the same month, or the same week, of a past year.
type Year struct {
	Year     int
	Count    int
	Epidemic bool // an epidemic was declared: left out (Article 16.1b)
	Missing  bool // not surveyed, or not known: no zero
}

// Facts are what is known of one disease in one commune in one period: the
// month so far for Article 16, the week so far for Article 22.
type Facts struct {
	Group     string // A, B or C (Article 15)
	Endemic   bool   // endemic (lưu hành) in this commune
	Count     int    // cases so far, suspects included, not those refuted
	Confirmed int    // of these confirmed by laboratory
	Linked    int    // size of the largest group of epidemiologically linked cases
	Past      []Year // in any order
	Never     bool   // never recorded in Viet Nam
	Risk      Risk   // as assessed last (Article 21.2), for a disease never recorded
}

// State is what the rule says.
type State string

// The states. Short means that too few valid years are known, Assess that the
// law asks for a risk assessment first. Neither is "below".
const (
	StateBelow    State = "below"
	StateWarning  State = "warning"
	StateEpidemic State = "epidemic"
	StateShort    State = "short"
	StateAssess   State = "assess"
)

// Note names an interpretation that the verdict rests on and the law does not
// say in words.
type Note string

// The notes.
const (
	NoteNone Note = ""
	// NoteGuidance: Article 16.1a refers to guidance for each disease of group
	// A; one confirmed case stands in for it.
	NoteGuidance Note = "guidance"
	// NoteAbove: the week is above mean + 2 SD, which the words of Article 22
	// do not cover; it warns too.
	NoteAbove Note = "above"
	// NoteEmpty: every valid year is empty, so the linked-case rule is used
	// although the disease is listed as endemic: empty years do not make one
	// case an epidemic.
	NoteEmpty Note = "empty"
	// NoteNever: the disease was never recorded in Viet Nam, so that the
	// assessment of its risk decides (Articles 21.2 and 22).
	NoteNever Note = "never"
)

// Verdict is the answer with every number used.
type Verdict struct {
	Article string // "16.1a", "16.1b", "16.1c", "16.3" or "22"
	State   State
	Note    Note

	Count, Confirmed, Linked int  // as asked
	Needed                   int  // linked or confirmed cases needed; 0 for a rule of SDs
	Risk                     Risk // as asked, where it decides

	Used     []Year  // valid years used, latest first; nil for a rule of cases
	LeftOut  []Year  // years looked at and left out, latest first
	NeedYear int     // valid years needed, for StateShort
	Mean, SD float64 // of Used; 0 when Used is nil or State is Short
	Warn     float64 // mean + WarningSD·SD
	Line     float64 // mean + EpidemicSD·SD
}

// Epidemic judges the month so far by Article 16.1: (a) group A, (b) endemic
// in the commune, (c) not endemic.
func Epidemic(r Rules, f Facts) Verdict {
	switch {
	case f.Group == "A":
		v := byCases(f, "16.1a", f.Confirmed, r.ConfirmedA, StateEpidemic)
		v.Note = NoteGuidance
		return v
	case !f.Endemic:
		return byCases(f, "16.1c", f.Linked, r.LinkedMonth, StateEpidemic)
	}
	v := r.compare(f, "16.1b")
	switch {
	case v.State == StateShort:
	case v.Note == NoteEmpty:
		return emptied(v, byCases(f, "16.1c", f.Linked, r.LinkedMonth, StateEpidemic))
	case over(v.Used, f.Count, r.EpidemicSD, r.Population):
		v.State = StateEpidemic
	}
	return v
}

// Warning judges the week so far by Article 22.1. A disease never recorded in
// Viet Nam is warned of from a medium risk on, and, when of group A, also as
// such; with a case and without an assessment it is StateAssess.
func Warning(r Rules, f Facts) Verdict {
	switch {
	case f.Never && (f.Group != "A" || f.Confirmed < r.ConfirmedA):
		return byRisk(f)
	case f.Group == "A":
		return byCases(f, "22", f.Confirmed, r.ConfirmedA, StateWarning)
	case !f.Endemic:
		return byCases(f, "22", f.Linked, r.LinkedWeek, StateWarning)
	}
	v := r.compare(f, "22")
	switch {
	case v.State == StateShort:
	case v.Note == NoteEmpty:
		return emptied(v, byCases(f, "22", f.Linked, r.LinkedWeek, StateWarning))
	case over(v.Used, f.Count, r.EpidemicSD, r.Population):
		v.Note = NoteAbove
		if r.WarnAboveEpidemic {
			v.State = StateWarning
		}
	case over(v.Used, f.Count, r.WarningSD, r.Population):
		v.State = StateWarning
	}
	return v
}

// Ending judges by Article 16.3 whether a declared epidemic may be ended: the
// month's count is back under the line that opened it. StateBelow says yes,
// StateEpidemic no. For group A it is the guidance that decides, which is not
// carried: StateAssess.
func Ending(r Rules, f Facts) Verdict {
	v := Epidemic(r, f)
	if v.Article == "16.1a" {
		v.State = StateAssess
	}
	v.Article = "16.3"
	return v
}

func byCases(f Facts, article string, have, need int, reached State) Verdict {
	v := Verdict{Article: article, State: StateBelow, Count: f.Count, Confirmed: f.Confirmed, Linked: f.Linked, Needed: need}
	if have >= need {
		v.State = reached
	}
	return v
}

func byRisk(f Facts) Verdict {
	v := Verdict{Article: "22", State: StateBelow, Note: NoteNever, Count: f.Count, Confirmed: f.Confirmed, Linked: f.Linked, Risk: f.Risk}
	switch {
	case f.Risk.AtLeast(RiskMedium):
		v.State = StateWarning
	case f.Risk == "" && f.Count > 0:
		v.State = StateAssess
	}
	return v
}

// emptied keeps the years that were looked at beside the verdict by cases.
func emptied(looked, v Verdict) Verdict {
	v.Note, v.Used, v.LeftOut = NoteEmpty, looked.Used, looked.LeftOut
	return v
}

// compare fills in the years, the mean and the lines; the state is below,
// short, or to be decided by the caller.
func (r Rules) compare(f Facts, article string) Verdict {
	v := Verdict{Article: article, State: StateBelow, Count: f.Count, Confirmed: f.Confirmed, Linked: f.Linked}
	past := slices.Clone(f.Past)
	slices.SortFunc(past, func(a, b Year) int { return cmp.Compare(b.Year, a.Year) })
	for _, y := range past {
		switch {
		case y.Epidemic || y.Missing:
			v.LeftOut = append(v.LeftOut, y)
		case len(v.Used) < r.BaselineYears:
			v.Used = append(v.Used, y)
		}
	}
	if len(v.Used) < r.MinValidYears {
		v.State, v.NeedYear = StateShort, r.MinValidYears
		return v
	}
	n, sum, spread := moments(v.Used)
	v.Mean = sum / n
	v.SD = math.Sqrt(spread / (n * divisor(n, r.Population)))
	v.Warn, v.Line = v.Mean+r.WarningSD*v.SD, v.Mean+r.EpidemicSD*v.SD
	if sum == 0 {
		v.Note = NoteEmpty
	}
	return v
}

// moments returns the number of years n, their sum S and nQ − S², where Q is
// the sum of squares; whole numbers, exact in a float64.
func moments(years []Year) (n, sum, spread float64) {
	var squares float64
	for _, y := range years {
		c := float64(y.Count)
		sum += c
		squares += c * c
	}
	n = float64(len(years))
	return n, sum, n*squares - sum*sum
}

func divisor(n float64, population bool) float64 {
	if population {
		return n
	}
	return n - 1
}

// over reports count > mean + k·SD without taking a root, so that a count on
// the line is never above it by rounding: with D = n·count − S the question is
// D > 0 and D²·divisor > k²·n·(nQ − S²).
func over(years []Year, count int, k float64, population bool) bool {
	n, sum, spread := moments(years)
	d := n*float64(count) - sum
	return d > 0 && d*d*divisor(n, population) > k*k*n*spread
}

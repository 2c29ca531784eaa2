// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"net/url"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// Rule says why there is an alert.
type Rule string

// The rules, gravest first. Immediate and Death are sure by themselves; the
// linked ones count as Article 22 and 16.1c do; Group is several communes that
// touch and rise together, Cluster what the scan of the night finds; Excess is
// Farrington's, Rare Bayes', Rise the slow one of a wave, Province what stands
// out against the rate of the province where the history is short.
const (
	RuleDeath       Rule = "death"
	RuleImmediate   Rule = "immediate"
	RuleLinkedMonth Rule = "linked-month"
	RuleLinkedWeek  Rule = "linked-week"
	RuleGroup       Rule = "group"
	RuleCluster     Rule = "cluster"
	RuleExcess      Rule = "excess"
	RuleRare        Rule = "rare"
	RuleRise        Rule = "rise"
	RuleProvince    Rule = "province"
)

// gravity orders rules: an alert whose rule becomes graver says so.
func (r Rule) gravity() int {
	switch r {
	case RuleDeath:
		return 6
	case RuleImmediate:
		return 5
	case RuleLinkedMonth:
		return 4
	case RuleLinkedWeek:
		return 3
	case RuleGroup, RuleCluster:
		return 2
	case RuleExcess, RuleRare, RuleRise, RuleProvince, RuleSyndrome:
		return 1
	}
	return 0
}

// ruleOf is the rule of a verdict's method.
func ruleOf(method string) Rule {
	switch method {
	case outbreak.MethodBayes:
		return RuleRare
	case outbreak.MethodGLR:
		return RuleRise
	case outbreak.MethodProvince:
		return RuleProvince
	}
	return RuleExcess
}

// immediate reports whether one case is enough.
func (r Rule) immediate() bool { return r == RuleDeath || r == RuleImmediate }

// Push says how an alert reaches people.
type Push int

// The ways. Evidence means that it stands out among all series (Benjamini and
// Hochberg); the desk still sees only as many as its budget. Never is a
// commune in a seasonal wave that its province was told of: shown, not pushed.
const (
	PushNever    Push = -1
	PushListed   Push = 0 // in the ranked list only
	PushEvidence Push = 1
	PushAlways   Push = 2
)

// Kind is an answer to an alert.
type Kind string

// The answers. A signal that names the alert answers it with Real: module
// events writes it.
const (
	Real      Kind = "real"
	Explained Kind = "explained"
	Duplicate Kind = "duplicate"
	DataError Kind = "data-error"
)

// Kinds are the answers that are given here, in the order of the buttons.
var kinds = [...]Kind{Explained, Duplicate, DataError}

const (
	categoryAnswer = "alert-answer"
	categoryDuty   = "alert-duty" // of a Schedule
	systemDisease  = fhir.Base + "/cs/disease"
	csAnswer       = fhir.Base + "/cs/alert-answer"
	// SystemAlert is the identifier system of alert keys.
	SystemAlert = fhir.Base + "/cs/alert"
	csStep      = fhir.Base + "/cs/event-step"
	// extFocusName names the focus that a step opens (module events).
	extFocusName = fhir.Base + "/ext/event-focus"
	codeNation   = "VN"
)

// Alert is one open or answered alert, as a list shows it.
type Alert struct {
	Key      string // disease/unit code/week it opened
	Disease  string
	Unit     vn.UnitID
	Province vn.UnitID
	Opened   time.Time
	Seq      int64
	Rule     Rule
	Died     bool
	Since    vn.Date // first day it covers
	Week     vn.Date // Monday of its verdict; vn.ZeroDate when it rests on none
	Verdict  int64   // seq of that verdict
	Reports  int     // that came since it opened
	Cases    int     // counted since the week of its first day
	Last     time.Time
	Settings string
	Weight   float64
	P        float64
	Push     Push
	Parent   string
	Holds    bool
	Due      time.Time
	Answer   Kind
	Answered time.Time // zero while nobody has answered
}

// Labels lets the guard judge the alert as the answers to it.
func (a Alert) Labels() store.Labels {
	return store.Labels{Type: "Communication", ID: strings.ReplaceAll(a.Key, "/", "."), Unit: a.Unit, Category: categoryAnswer}
}

// State is what is to be done about it.
type State string

// The states. Withdrawn: its cases were taken back before anybody answered.
const (
	Open      State = "open"
	Answered  State = "answered"
	Withdrawn State = "withdrawn"
)

// State is what is to be done about the alert.
func (a Alert) State() State {
	switch {
	case a.Answer != "":
		return Answered
	case !a.Holds:
		return Withdrawn
	}
	return Open
}

// Rank orders alerts for a desk: by evidence and severity, as the national run
// orders findings, those that are sure always before others.
func (a Alert) Rank() float64 {
	rank := outbreak.Evidence(a.P, a.Weight)
	if a.Push == PushAlways {
		rank += 1e4 * a.Weight
	}
	return rank
}

// Clock is how much time is left to answer an alert.
type Clock struct {
	Left    time.Duration // below zero once it has run out
	Overdue bool
	Level   string // role that sees it by now; "" while it is the desk's own
}

// ClockAt is the alert's clock: the next level sees it once a share of the time
// is over (escalation in content/surveillance/settings.toml).
func (a Alert) ClockAt(now time.Time, rules []content.Escalation) Clock {
	c := Clock{Left: a.Due.Sub(now)}
	c.Overdue = c.Left < 0
	best := 0.0
	for _, r := range rules {
		if at := a.Opened.Add(time.Duration(r.Share * float64(a.Due.Sub(a.Opened)))); !now.Before(at) && r.Share > best {
			best, c.Level = r.Share, r.To
		}
	}
	return c
}

// Path is the address of the alert's page.
func (a Alert) Path() string { return pathOf(a.Key) }

func pathOf(key string) string {
	var b strings.Builder
	b.WriteString("/canh-bao")
	for part := range strings.SplitSeq(key, "/") {
		b.WriteString("/" + url.PathEscape(part))
	}
	return b.String()
}

// keyOf names an alert that opens in a week.
func (m *Module) keyOf(disease string, unit vn.UnitID, day vn.Date) string {
	return disease + "/" + m.codeOf(unit) + "/" + vn.WeekOf(day).String()
}

// codeOf is the code of a unit in keys and addresses.
func (m *Module) codeOf(unit vn.UnitID) string {
	if unit == vn.Nation {
		return codeNation
	}
	u, _ := m.units.Get(unit)
	return u.Code
}

const alertColumns = `alert, disease, unit, province, opened, seq, rule, died, since, week, verdict, reports, cases, last, settings,
	weight, p, pushed, parent, holds, due, answer, answered`

func scanAlert(scan store.Scan) (Alert, error) {
	var a Alert
	var unit, province, opened, since, week, last, due, answered int64
	var died, holds int
	err := scan(&a.Key, &a.Disease, &unit, &province, &opened, &a.Seq, &a.Rule, &died, &since, &week, &a.Verdict, &a.Reports, &a.Cases, &last, &a.Settings,
		&a.Weight, &a.P, &a.Push, &a.Parent, &holds, &due, &a.Answer, &answered)
	a.Unit, a.Province, a.Opened, a.Last, a.Due = vn.UnitID(unit), vn.UnitID(province), time.UnixMicro(opened), time.UnixMicro(last), time.UnixMicro(due)
	a.Since, a.Week, a.Died, a.Holds = vn.Date(since), vn.Date(week), died == 1, holds == 1
	if answered != 0 {
		a.Answered = time.UnixMicro(answered)
	}
	return a, err
}

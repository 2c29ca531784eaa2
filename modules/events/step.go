// SPDX-License-Identifier: Apache-2.0

package events

import (
	"slices"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// Kind is what a step says; codes of /cs/event-step.
type Kind string

// The steps.
const (
	Signal    Kind = "signal"    // somebody tells of it; a further one on the same event attaches
	Triaged   Kind = "triaged"   // no duplicate, plausible: to be verified; also takes back a wrong Discarded
	Verified  Kind = "verified"  // it is so: an event
	Discarded Kind = "discarded" // it is not, with the reason
	Risk      Kind = "risk"      // level and triggers of Article 21.2
	Focus     Kind = "focus"     // opens the focus, corrects its name, or opens it again
	Daily     Kind = "daily"     // report of the day on a focus (Article 26.1d)
	Declared  Kind = "declared"  // form 01 was issued
	Level     Kind = "level"     // of the epidemic, by Articles 17 to 20
	Contained Kind = "contained" // form 02 was issued
	Closed    Kind = "closed"    // the focus, or an event without one, is over
	Review    Kind = "review"    // what happened afterwards
	Told      Kind = "told"      // a clock ran out: the next level was told, by Mạch itself
)

// Kinds lists the steps in the order of a course without turns.
var Kinds = []Kind{Signal, Triaged, Verified, Discarded, Risk, Focus, Daily, Declared, Level, Contained, Closed, Review, Told}

// The categories of steps: what policy knows of them.
const (
	categorySignal   = "event"
	categoryStep     = "event-step"
	categoryDecision = "event-decision"
)

// category says who may write the step: see content/policies/8-events.cedar.
func (k Kind) category() string {
	switch k {
	case Signal:
		return categorySignal
	case Triaged, Verified, Risk, Daily, Told:
		return categoryStep
	}
	return categoryDecision
}

// Stage is how far an event is.
type Stage string

// The stages. An event is a focus once one was opened, and an epidemic while a
// form 01 stands without its form 02.
const (
	IsSignal    Stage = "signal"
	IsTriaged   Stage = "triaged"
	IsEvent     Stage = "event"
	IsFocus     Stage = "focus"
	IsEpidemic  Stage = "epidemic"
	IsClosed    Stage = "closed"
	IsDiscarded Stage = "discarded"
)

// Open reports whether somebody still has something to do.
func (s Stage) Open() bool { return s != IsClosed && s != IsDiscarded }

// Waits reports whether the signal still waits to be verified.
func (s Stage) Waits() bool { return s == IsSignal || s == IsTriaged }

// Active reports whether there is an open focus.
func (s Stage) Active() bool { return s == IsFocus || s == IsEpidemic }

// follow are the steps that each stage allows. Signal is allowed at every open
// one: a further report attaches.
var follow = map[Stage][]Kind{
	IsSignal:    {Signal, Triaged, Verified, Discarded, Told},
	IsTriaged:   {Signal, Triaged, Verified, Discarded, Told},
	IsEvent:     {Signal, Risk, Focus, Closed, Discarded, Told},
	IsFocus:     {Signal, Risk, Focus, Daily, Declared, Closed, Told},
	IsEpidemic:  {Signal, Risk, Focus, Daily, Level, Contained, Closed, Told},
	IsClosed:    {Contained, Focus, Review},
	IsDiscarded: {Triaged, Review},
}

// Allows reports whether the step may follow.
func (s Stage) Allows(k Kind) bool { return slices.Contains(follow[s], k) }

// Step is one step as its resource says it.
type Step struct {
	ID      string
	Event   string // the first signal
	Kind    Kind
	At      time.Time // when it was so
	Written time.Time // when it was entered
	Who     string    // name; "" for a citizen
	Office  string    // name of the organization; "" for a citizen
	Words   string
	Reason  string   // of Discarded: /cs/event-reason; of Risk and Level: the level; of Told: which clock
	Marks   []string // of Risk: the triggers; of Level: the findings
	About   string   // Communication: form 01 or 02, or the event it repeats
	Task    string   // of Told: the task that was not done in time
	To      string   // of Told: the role
	Place   string   // of Signal and Focus: below the commune
	Name    string   // of Focus
	Since   vn.Date  // of Signal: first ill; of Focus: began
	Figures Figures  // of Signal: as told; of Daily: as counted
	Tidings          // of Signal; the unit, and of Verified the disease, of every step

	Category string // as policy saw it
	Facility string // Organization id; "" for a citizen
	Author   string // account
}

// Tidings are what a signal says besides.
type Tidings struct {
	Source   string // /cs/event-source
	Disease  string // id of content.Diseases; "" = not known
	Syndrome string // in words, when the disease is not known
	Alert    string // key of the statistical alert it answers; "" = none
	Unit     vn.UnitID
}

// Figures are counts of people. -1 = not said. Seen are contacts who were asked.
type Figures struct{ Cases, New, Confirmed, Deaths, Contacts, Seen int }

// Event is what its steps amount to.
type Event struct {
	ID string
	Tidings
	Stage     Stage
	Place     string
	Words     string // of the first signal
	Sick      int    // as told last; -1 = not said
	Dead      int
	Since     vn.Date
	Told      time.Time // when the first signal was given: the clock runs
	Checked   time.Time // verified or discarded; zero = not yet
	Reason    string    // why it was discarded
	Risk      string    // low, medium, high, very-high; "" = not assessed
	Triggers  []string
	Level     string   // of the epidemic, 1 to 4; "" = none
	Findings  []string // that it rests on
	Calls     []Call   // who was told that a clock ran out
	Focus     string   // name; "" = there was none
	Opened    time.Time
	Reopened  time.Time // the last time after it was closed; zero = never
	Notice    string    // form 01; "" = none
	Ended     string    // form 02; "" = none
	Closed    time.Time
	LastDaily vn.Date
	Signals   int // how many were given
	Moved     time.Time
	Void      []string // steps that did not count, by id

	Facility, Author string
}

// Labels lets the guard judge the row as the signal.
func (e Event) Labels() store.Labels {
	return store.Labels{Type: "Communication", ID: e.ID, Facility: e.Facility, Unit: e.Unit, Author: e.Author, Category: categorySignal}
}

// verifyWithin is the limit for verifying a signal.
const verifyWithin = 24 * time.Hour

// Due is when the signal has to be verified.
func (e Event) Due() time.Time { return e.Told.Add(verifyWithin) }

// fold works out an event from its steps in the order they were written; false
// when there is no first signal.
func fold(steps []Step) (Event, bool) {
	first := slices.IndexFunc(steps, func(s Step) bool { return s.Kind == Signal && s.ID == s.Event })
	if first < 0 {
		return Event{}, false
	}
	s := steps[first]
	e := Event{ID: s.ID, Tidings: s.Tidings, Stage: IsSignal, Place: s.Place, Words: s.Words, Sick: -1, Dead: -1, Since: s.Since, Told: s.At,
		LastDaily: vn.ZeroDate, Facility: s.Facility, Author: s.Author}
	for i, s := range steps {
		if (i != first && !e.Stage.Allows(s.Kind)) || s.Category != s.Kind.category() || s.Unit != e.Unit {
			e.Void = append(e.Void, s.ID)
			continue
		}
		e.take(s)
		e.Moved = s.Written
	}
	return e, true
}

// take moves the event on by a step that is allowed.
func (e *Event) take(s Step) {
	switch s.Kind {
	case Signal:
		e.Signals++
		e.told(s)
	case Triaged:
		e.Stage, e.Checked, e.Closed, e.Reason = IsTriaged, time.Time{}, time.Time{}, ""
	case Verified:
		e.Stage, e.Checked = IsEvent, s.At
		if s.Disease != "" {
			e.Disease, e.Syndrome = s.Disease, ""
		}
	case Discarded:
		e.Stage, e.Checked, e.Closed, e.Reason = IsDiscarded, s.At, s.At, s.Reason
	case Risk:
		e.Risk, e.Triggers = s.Reason, s.Marks
	case Focus:
		e.Focus, e.Place, e.Since = s.Name, s.Place, s.Since
		if e.Stage != IsEpidemic {
			e.Stage = IsFocus
		}
		if e.Opened.IsZero() {
			e.Opened = s.At
		} else if !e.Closed.IsZero() {
			e.Reopened = s.At
		}
		if e.Notice != "" && e.Ended == "" {
			e.Stage = IsEpidemic
		}
		e.Closed = time.Time{}
	case Daily:
		e.LastDaily = max(e.LastDaily, vn.DateOf(s.At))
	case Declared:
		e.Stage, e.Notice, e.Ended = IsEpidemic, s.About, ""
	case Level:
		e.Level, e.Findings = s.Reason, s.Marks
	case Told:
		e.Calls = append(e.Calls, Call{Clock: s.Reason, To: store.Role(s.To), Task: s.Task, At: s.At})
	case Contained:
		e.Ended, e.Level, e.Findings = s.About, "", nil
		if e.Stage == IsEpidemic {
			e.Stage = IsFocus
		}
	case Closed:
		e.Stage, e.Closed = IsClosed, s.At
	}
}

// told takes over what a further signal knows better.
func (e *Event) told(s Step) {
	e.Sick, e.Dead = max(e.Sick, s.Figures.Cases), max(e.Dead, s.Figures.Deaths)
	if e.Alert == "" {
		e.Alert = s.Alert
	}
}

// Call is that the next level was told of a clock that ran out.
type Call struct {
	Clock string // ClockVerify or ClockTask
	To    store.Role
	Task  string // of ClockTask
	At    time.Time
}

// The clocks of an event that the next level is told of.
const (
	ClockVerify = "verify" // the 24 hours of a signal
	ClockTask   = "task"   // the last day of a task
)

// Called reports whether the role was told of the clock.
func (e Event) Called(clock string, to store.Role, task string) bool {
	return slices.ContainsFunc(e.Calls, func(c Call) bool { return c.Clock == clock && c.To == to && c.Task == task })
}

// Over is the first day on which the focus may be closed: the days of its rule
// after the last case, or after it began when it has none. last may be
// vn.ZeroDate.
func (e Event) Over(last vn.Date, rule content.FocusRule) vn.Date {
	return max(last, e.Since).AddDays(rule.Days)
}

// watched is the day since when the focus is open without a break.
func (e Event) watched() vn.Date { return max(vn.DateOf(e.Opened), vn.DateOf(e.Reopened)) }

// Unreported lists the days of the focus after the last daily report, or from
// the day it was opened (again), until today or the day before it was closed. A
// day before a report that was sent is not asked for any more.
func (e Event) Unreported(today vn.Date) []vn.Date {
	if e.Opened.IsZero() {
		return nil
	}
	end := today
	if !e.Closed.IsZero() {
		end = vn.DateOf(e.Closed).AddDays(-1)
	}
	var out []vn.Date
	for d := max(e.watched(), e.LastDaily+1); d <= end; d++ {
		out = append(out, d)
	}
	return out
}

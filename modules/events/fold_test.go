// SPDX-License-Identifier: Apache-2.0

package events

import (
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mach/vn"
)

func stepsOf(kinds ...Kind) []Step {
	out := make([]Step, len(kinds))
	at := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	for i, k := range kinds {
		out[i] = Step{ID: strconv.Itoa(i), Event: "0", Kind: k, At: at.Add(time.Duration(i) * time.Hour), Written: at.Add(time.Duration(i) * time.Hour),
			Category: k.category(), Name: "Thôn Đoài", Place: "Thôn Đoài", Since: vn.DateOf(at), Reason: "wrong", About: "form", Figures: unsaid, Tidings: Tidings{Unit: 7, Disease: "dengue"}}
	}
	return out
}

func TestFold(t *testing.T) {
	for _, c := range []struct {
		kinds []Kind
		stage Stage
		void  int
	}{
		{[]Kind{Signal}, IsSignal, 0},
		{[]Kind{Signal, Signal, Triaged}, IsTriaged, 0},
		{[]Kind{Signal, Discarded, Triaged, Verified}, IsEvent, 0}, // discarded by mistake, taken back
		{[]Kind{Signal, Verified, Discarded}, IsDiscarded, 0},
		{[]Kind{Signal, Risk, Verified}, IsEvent, 1}, // nobody assesses what is not verified
		{[]Kind{Signal, Verified, Verified}, IsEvent, 1},
		{[]Kind{Signal, Verified, Focus, Daily, Closed}, IsClosed, 0},
		{[]Kind{Signal, Verified, Focus, Declared, Contained, Closed, Review}, IsClosed, 0},
		{[]Kind{Signal, Verified, Focus, Declared, Closed, Contained}, IsClosed, 0},
		{[]Kind{Signal, Verified, Focus, Declared, Contained}, IsFocus, 0},
		{[]Kind{Signal, Verified, Focus, Declared, Closed, Focus}, IsEpidemic, 0}, // opened again: form 01 still stands
		{[]Kind{Signal, Verified, Focus, Closed, Focus}, IsFocus, 0},
		{[]Kind{Signal, Verified, Focus, Closed, Daily}, IsClosed, 1},
		{[]Kind{Signal, Closed}, IsSignal, 1},
		{[]Kind{Signal, Discarded, Signal}, IsDiscarded, 1}, // a further report on what is over is a new event
	} {
		e, ok := fold(stepsOf(c.kinds...))
		if !ok || e.Stage != c.stage || len(e.Void) != c.void {
			t.Errorf("%v: %s, %d void; want %s, %d", c.kinds, e.Stage, len(e.Void), c.stage, c.void)
		}
	}
	if _, ok := fold(stepsOf(Verified, Focus)); ok {
		t.Error("an event without a signal")
	}
	wrong := stepsOf(Signal, Verified)
	wrong[1].Category = categorySignal // written as a signal, by who may only signal
	if e, _ := fold(wrong); e.Stage != IsSignal || len(e.Void) != 1 {
		t.Errorf("a step in another's category counts: %+v", e)
	}
	wrong = stepsOf(Signal, Verified)
	wrong[1].Unit = 8
	if e, _ := fold(wrong); e.Stage != IsSignal {
		t.Error("a step of another commune counts")
	}
}

// Whatever is written, in whatever order: what does not count changes nothing,
// every step is counted or void, and an event that is over has its day.
func TestFoldHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kinds := append([]Kind{Signal}, rapid.SliceOfN(rapid.SampledFrom(Kinds), 0, 25).Draw(t, "kinds")...)
		steps := stepsOf(kinds...)
		e, ok := fold(steps)
		if !ok {
			t.Fatal("no event")
		}
		kept := slices.DeleteFunc(slices.Clone(steps), func(s Step) bool { return slices.Contains(e.Void, s.ID) })
		again, _ := fold(kept)
		void := e.Void
		e.Void = nil
		if again.Void != nil || again.Stage != e.Stage || again.Moved != e.Moved || again.Signals != e.Signals || again.Notice != e.Notice || again.Ended != e.Ended {
			t.Fatalf("void steps %v change the event:\n%+v\n%+v", void, e, again)
		}
		if e.Stage.Open() == !e.Closed.IsZero() {
			t.Fatalf("%s with the end %v", e.Stage, e.Closed)
		}
		if e.Stage == IsEpidemic && (e.Notice == "" || e.Ended != "") {
			t.Fatalf("an epidemic without form 01: %+v", e)
		}
	})
}

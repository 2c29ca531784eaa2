// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"time"

	"mach/outbreak"
	"mach/outbreak/outbreaktest"
)

const replicates = 100

// tally is how a method did over the current weeks of the scenarios.
type tally struct {
	weeks, false_    [outbreaktest.Scenarios]int // current weeks, alarms in them outside outbreaks
	outbreaks, found [11]int                     // by size
	first, delay     int                         // found in its first week; weeks to the first alarm
}

// contender is a method, and the bars that its figures must meet.
type contender struct {
	name                  string
	detector              outbreak.Detector
	fpr, fprBar, pod, bar float64 // as published with the bars, shares
}

// contenders are the rows of Table 3 of the reference. No gate stands before
// them, as in the paper.
func contenders() []contender {
	flexible := func(alpha float64, by string) outbreak.Detector {
		f := outbreak.Noufaily()
		f.Alpha, f.BoundBy, f.Least = alpha, by, outbreak.Least{0, 4}
		return f
	}
	original := outbreak.DefaultFlexible() // the method of 1996 with a one-sided bound, as Noufaily et al. compare it
	original.Alpha, original.Threshold, original.Least = 0.005, 1, outbreak.Least{0, 4}
	return []contender{
		{"classic_005", original, 0.0282, 0.002, 0.577, 0.025},
		{"nbplugin_005", flexible(0.005, outbreak.BoundPlugin), 0.0071, 0.001, 0.431, 0.025},
		{"nbplugin_010", flexible(0.01, outbreak.BoundPlugin), 0.0128, 0.002, 0.503, 0.025},
		{"delta_005", flexible(0.005, outbreak.BoundDelta), 0.0097, 0.002, 0.476, 0.025},
		{"muan_005", flexible(0.005, outbreak.BoundMuan), 0.0028, 0.001, 0.314, 0.025},
	}
}

// surveillanceNoufaily runs the 42 scenarios of Noufaily et al., 100 series of
// each, and counts false alarms and outbreaks found.
func (b *bench) surveillanceNoufaily(context.Context) error {
	seed := uint64(time.Now().UnixNano())
	say("surveillance.noufaily: series drawn with seed %d", seed)
	methods := contenders()
	tallies := make([]tally, len(methods))
	used := ownCPU()
	var group sync.WaitGroup
	var lock sync.Mutex
	for part := range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			own := make([]tally, len(methods))
			for n := part; n < outbreaktest.Scenarios*replicates; n += runtime.GOMAXPROCS(0) {
				s := outbreaktest.Noufaily(1+n%outbreaktest.Scenarios, rand.New(rand.NewPCG(seed, uint64(n))))
				for i, m := range methods {
					own[i].judge(s, m.detector)
				}
			}
			lock.Lock()
			defer lock.Unlock()
			for i := range own {
				tallies[i].add(own[i])
			}
		})
	}
	group.Wait()
	say("surveillance.noufaily: %s of CPU", (ownCPU() - used).Round(time.Second))
	for i, m := range methods {
		if err := b.tellTally(m, tallies[i], seed); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) tellTally(m contender, t tally, seed uint64) error {
	weeks, false_, most := 0, 0, 0.0
	for s := range t.weeks {
		weeks, false_ = weeks+t.weeks[s], false_+t.false_[s]
		most = max(most, float64(t.false_[s])/float64(t.weeks[s]))
	}
	outbreaks, found := 0, 0
	for k := range t.outbreaks {
		outbreaks, found = outbreaks+t.outbreaks[k], found+t.found[k]
	}
	share := func(k int) float64 { return 100 * float64(t.found[k]) / float64(t.outbreaks[k]) }
	name := "surveillance.noufaily." + m.name
	if err := b.tell(name+".fpr", 100*float64(false_)/float64(weeks), "%", weeks, "alarms outside the outbreak, a current week, when the past has none, 42 scenarios × %d; expected %.2f ± %.2f; most in a scenario %.1f; seed %d", replicates, 100*m.fpr, 100*m.fprBar, 100*most, seed); err != nil {
		return err
	}
	return b.tell(name+".pod", 100*float64(found)/float64(outbreaks), "%", outbreaks, "outbreaks found; expected %.1f ± %.1f; of 3, 5, 8, 10 standard deviations %.0f %.0f %.0f %.0f; in the first week %.1f; mean delay %.2f weeks",
		100*m.pod, 100*m.bar, share(3), share(5), share(8), share(10), 100*float64(t.first)/float64(outbreaks), float64(t.delay)/float64(max(found, 1)))
}

// judge counts the alarms a current week outside the current outbreak, of a
// series whose past has none, and whether one sounds within the outbreak when
// the past has its four.
func (t *tally) judge(s outbreaktest.Simulated, d outbreak.Detector) {
	quiet := s.Series
	quiet.Count = s.Quiet
	for _, p := range current(quiet, d) {
		t.weeks[s.Scenario-1]++
		if p.Alarm && s.Cases[p.At] == 0 {
			t.false_[s.Scenario-1]++
		}
	}
	begin, alarm := -1, -1
	for _, p := range current(s.Series, d) {
		switch {
		case s.Cases[p.At] == 0:
		case begin < 0 && p.Alarm:
			begin, alarm = p.At, p.At
		case begin < 0:
			begin = p.At
		case alarm < 0 && p.Alarm:
			alarm = p.At
		}
	}
	t.outbreaks[s.Size]++
	if alarm < 0 {
		return
	}
	t.found[s.Size]++
	t.delay += alarm - begin
	if alarm == begin {
		t.first++
	}
}

// current judges the current weeks of a series.
func current(s outbreak.Series, d outbreak.Detector) []outbreak.Point {
	points := make([]outbreak.Point, outbreaktest.SimWeeks-outbreaktest.SimCurrent)
	if err := d.Eval(s, outbreaktest.SimCurrent, outbreaktest.SimWeeks, &outbreak.Work{}, points); err != nil {
		panic(fmt.Sprintf("%s refuses a scenario: %v", d.Name(), err))
	}
	return points
}

func (t *tally) add(o tally) {
	for i := range t.weeks {
		t.weeks[i], t.false_[i] = t.weeks[i]+o.weeks[i], t.false_[i]+o.false_[i]
	}
	for k := range t.outbreaks {
		t.outbreaks[k], t.found[k] = t.outbreaks[k]+o.outbreaks[k], t.found[k]+o.found[k]
	}
	t.first, t.delay = t.first+o.first, t.delay+o.delay
}

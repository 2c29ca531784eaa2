// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"time"

	"mach/outbreak"
	"mach/outbreak/outbreaktest"
)

// surveillanceNation measures the national run on a simulated nation: its
// speed and memory, a quiet week, and a week with outbreaks put in.
func (b *bench) surveillanceNation(context.Context) error {
	t, c := outbreaktest.Quiet(outbreaktest.Full(), 1)
	if err := b.nationSpeed(t, c); err != nil {
		return err
	}
	quiet := slices.Clone(t.Count)
	if err := b.nationIncrement(t, c); err != nil {
		return err
	}
	pushed := []float64{}
	for seed := range 3 {
		t, c := t, c
		if copy(t.Count, quiet); seed > 0 {
			t, c = outbreaktest.Quiet(outbreaktest.Full(), uint64(seed+1))
		}
		_, s, err := outbreak.Run(t, c, outbreak.For(t.Weeks-1))
		if err != nil {
			return err
		}
		pushed = append(pushed, float64(s.Pushed))
		in := outbreaktest.Inject(t, 100, 8, 15, uint64(seed+1))
		v, _, err := outbreak.Run(t, c, outbreak.For(t.Weeks-1))
		if err != nil {
			return err
		}
		got := outbreaktest.Judge(v, c, in)
		if err := b.tell(fmt.Sprintf("surveillance.nation.injected.%d", seed+1), float64(got.Top), "outbreaks", 100, "of 100 outbreaks of 8–15 cases in 2 weeks among the first 200 findings; %d pushes, %d of them true (%.0f %%); bars 88 and 60 %%; a quiet week pushes %d of %d alarms, %d fitted", got.Pushed, got.True, 100*float64(got.True)/float64(max(got.Pushed, 1)), s.Pushed, s.Alarms, s.Fitted); err != nil {
			return err
		}
	}
	return b.tell("surveillance.nation.quiet", slices.Max(pushed), "pushes", len(pushed), "most in %d quiet weeks of different nations; bar 50", len(pushed))
}

// nationSpeed runs one week of the whole nation, sums included, five times on
// two threads, and once on one.
func (b *bench) nationSpeed(t *outbreak.Tensor, c *outbreak.Catalogue) error {
	o := outbreak.For(t.Weeks - 1)
	o.Threads = 2
	var clock, cpu []time.Duration
	var first outbreak.Verdicts
	var s outbreak.Stats
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 5 {
		began, used := time.Now(), ownCPU()
		v, stats, err := outbreak.Run(t, c, o)
		if err != nil {
			return err
		}
		clock, cpu = append(clock, time.Since(began)), append(cpu, ownCPU()-used)
		if first, s = v, stats; i == 0 {
			runtime.ReadMemStats(&after)
		}
	}
	slices.Sort(clock)
	slices.Sort(cpu)
	o.Threads = 1
	alone, _, err := outbreak.Run(t, c, o)
	if err != nil {
		return err
	}
	if !reflect.DeepEqual(alone, first) {
		return fmt.Errorf("one thread finds %d, two find %d", len(alone), len(first))
	}
	if err := b.tell("surveillance.nation.cpu", cpu[2].Seconds(), "s", s.Series, "%d series × %d weeks with sums, %d fitted; median of 5, two threads; one thread finds the same; by the clock %.2f s (%.2f–%.2f); bar 5 s", s.Series, t.Weeks, s.Fitted, clock[2].Seconds(), clock[0].Seconds(), clock[4].Seconds()); err != nil {
		return err
	}
	mb := float64(after.HeapSys+after.StackSys+after.GCSys) / 1e6
	return b.tell("surveillance.nation.memory", mb, "MB", s.Series, "heap, stacks and collector held from the system with the counts (%.0f MB) in memory, after a run; bar 250", 2*float64(len(t.Count))/1e6)
}

// nationIncrement takes in single cases, judged in their week and eight back.
func (b *bench) nationIncrement(t *outbreak.Tensor, c *outbreak.Catalogue) error {
	n, err := outbreak.NewNation(t, c)
	if err != nil {
		return err
	}
	o := outbreak.For(t.Weeks - 1)
	o.Back = 8
	if _, _, err := n.Judge(o); err != nil {
		return err
	}
	const cases = 200
	used := ownCPU()
	for i := range cases {
		d, u := i*7%t.Diseases, i*31%t.Communes
		n.Set(d, u, t.Weeks-1, t.At(d, u, t.Weeks-1)+1)
		if _, _, err := n.Judge(o); err != nil {
			return err
		}
	}
	return b.tell("surveillance.nation.case.cpu", milliseconds(ownCPU()-used)/cases, "ms", cases, "one more case today: its three series judged, nine weeks ranked anew; bar 2 ms")
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"mach/content"
	"mach/outbreak"
	"mach/vn"
)

// surveillanceScan measures the scans: their speed over the communes of the
// country, how often they find something in nothing, and how often a cluster.
func (b *bench) surveillanceScan(context.Context) error {
	if err := b.scanNation(); err != nil {
		return err
	}
	if err := b.scanNothing(); err != nil {
		return err
	}
	return b.scanCluster()
}

const bar999 = "3,321 communes, 28 days, windows to 7 days and 50 nearest within 30 km, 999 replicates, %s: %d cases, %d zones; by the clock %.2f s; bar 15 s"

// scanNation scans all communes: the month of a wave, and of a rare disease. No
// replicate is spared.
func (b *bench) scanNation() error {
	units, err := content.Units()
	if err != nil {
		return err
	}
	var at []outbreak.Position
	var people []float64
	for _, u := range units.All() {
		if u.Level == vn.LevelCommune && u.ValidOn(benchDay) {
			at, people = append(at, outbreak.Position{X: u.Lon, Y: u.Lat}), append(people, float64(max(u.Population, 1000)))
		}
	}
	began, used := time.Now(), ownCPU()
	zones := outbreak.NewZones(at, outbreak.Distance{EarthRadius: outbreak.EarthRadius}, outbreak.Reach{Radius: 30, Places: 50})
	if err := b.tell("surveillance.scan.zones.cpu", milliseconds(ownCPU()-used), "ms", len(at), "circles of %d communes, once for each map; by the clock %s", len(at), time.Since(began).Round(time.Millisecond)); err != nil {
		return err
	}
	for _, c := range []struct {
		name  string
		cases int
	}{{"rare", 300}, {"frequent", 3000}, {"wave", 20000}} {
		counts := scattered(people, c.cases, 28, 1)
		o := outbreak.Nightly(c.name, benchDay)
		o.StopEarly, o.Threads = false, 2
		began, used = time.Now(), ownCPU()
		r, err := outbreak.Scan(zones, counts, o)
		if err != nil {
			return err
		}
		cpu, clock := ownCPU()-used, time.Since(began)
		if err := b.tell("surveillance.scan."+c.name+".cpu", cpu.Seconds(), "s", r.Replicates, bar999, c.name, c.cases, r.Zones, clock.Seconds()); err != nil {
			return err
		}
	}
	return nil
}

// benchDay is the day that the figures are made for.
const benchDay = vn.Date(20779)

// scattered lets cases fall on people and days at random.
func scattered(people []float64, cases, days int, seed uint64) outbreak.Counts {
	r := rand.New(rand.NewPCG(seed, 2))
	sums := make([]float64, len(people))
	all := 0.0
	for i, n := range people {
		all += n
		sums[i] = all
	}
	c := outbreak.Counts{Periods: days, Cases: make([]int32, days*len(people))}
	for range cases {
		place, _ := slices.BinarySearch(sums, r.Float64()*all)
		c.Cases[r.IntN(days)*len(people)+min(place, len(people)-1)]++
	}
	return c
}

// field is side × side communes, 5 km apart, with people of very different number.
func field(side int, seed uint64) (at []outbreak.Position, people []float64) {
	r := rand.New(rand.NewPCG(seed, 3))
	for i := range side * side {
		at = append(at, outbreak.Position{X: float64(i%side)*5 + 2*r.Float64(), Y: float64(i/side)*5 + 2*r.Float64()})
		people = append(people, 0.2+r.ExpFloat64())
	}
	return at, people
}

// scanNothing counts the scans over nothing whose best cluster has p ≤ 0.05:
// with all replicates, and as they run at night, which gives up after 99 what
// does not look significant.
func (b *bench) scanNothing() error {
	const sets = 1000
	at, people := field(10, 1)
	zones := outbreak.NewZones(at, outbreak.Distance{}, outbreak.Reach{Radius: 14})
	full, early := 0, 0
	for s := range sets {
		counts := scattered(people, 200, 28, uint64(1000+s))
		for _, stop := range []bool{false, true} {
			o := outbreak.Nightly("nothing", vn.Date(s))
			o.StopEarly = stop
			r, err := outbreak.Scan(zones, counts, o)
			switch {
			case err != nil:
				return err
			case len(r.Clusters) == 0 || r.Clusters[0].P > 0.05:
			case stop:
				early++
			default:
				full++
			}
		}
	}
	const detail = "sets of nothing, 100 communes, 28 days, 200 cases, space-time permutation, %s: significant at 5 %%; bar 3.5–6.5"
	if err := b.tell("surveillance.scan.type1", 100*float64(full)/sets, "%", sets, detail, "999 replicates"); err != nil {
		return err
	}
	return b.tell("surveillance.scan.type1.early", 100*float64(early)/sets, "%", sets, detail, "stopped after 99 replicates where 5 reach it")
}

// scanCluster counts how often a cluster of five neighbours in four days is
// found where it is: 25 cases more in 4 days where about 5 are usual.
func (b *bench) scanCluster() error {
	const sets = 200
	at, people := field(14, 2)
	zones := outbreak.NewZones(at, outbreak.Distance{}, outbreak.Reach{Radius: 14})
	r := rand.New(rand.NewPCG(4, 4))
	found, significant := 0, 0
	for s := range sets {
		counts := scattered(people, 1375, 28, uint64(5000+s))
		x, y := 1+r.IntN(12), 1+r.IntN(12)
		centre := y*14 + x
		truth := []int32{int32(centre - 14), int32(centre - 1), int32(centre), int32(centre + 1), int32(centre + 14)}
		for i := range 25 {
			counts.Cases[(24+r.IntN(4))*196+int(truth[i%5])]++
		}
		scan, err := outbreak.Scan(zones, counts, outbreak.Nightly("cluster", vn.Date(s)))
		if err != nil {
			return err
		}
		best := scan.Clusters[0]
		if best.P <= 0.05 {
			significant++
			if inCommon(best.Places, truth) >= 0.6 {
				found++
			}
		}
	}
	return b.tell("surveillance.scan.found", 100*float64(found)/sets, "%", sets, "clusters of 25 cases in 5 neighbouring communes and 4 days among 1,375 cases in 196 communes: significant and Tanimoto ≥ 0.6; %d significant; bar 80", significant)
}

// inCommon is the Tanimoto index of two lists of places.
func inCommon(a, b []int32) float64 {
	both := 0
	for _, p := range a {
		if slices.Contains(b, p) {
			both++
		}
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// SPDX-License-Identifier: Apache-2.0

package outbreak

import (
	"math"

	"mach/vn"
)

// class is what became of a series in a week; it is kept for every series.
type class uint8

const (
	classElsewhere class = iota // a syndrome, judged by the day, or cases of no commune
	classSilent
	classGated
	classShort
	classFailed
	classFitted
)

// judged is a series of a place that a method came to a point for.
type judged struct {
	place int32
	foci  int32
	Judgement
}

// scratch is the memory of one thread: that of the detectors, the counts of
// the series that is being judged, and those of the province around it.
type scratch struct {
	Work
	of     series
	filled bool
	counts []int32

	near    series // a province
	beside  bool
	aroundC []int32
	people  []float64
}

// judge judges one series in one week by the tiers.
func (n *Nation) judge(disease, place, week int, w *scratch) (judged, class) {
	d := &n.catalogue.Diseases[disease]
	level := n.catalogue.Level(place)
	j, c, fits := d.open(week, level, func(at int) int32 { return n.count(disease, place, at) })
	out := judged{int32(place), 0, j}
	if c != classSilent && c != classElsewhere {
		out.foci = n.focusCases(disease, place, week)
	}
	if !fits {
		return out, c
	}
	x := Watched{Series: n.series(disease, place, w), Level: level}
	if level == vn.LevelCommune && n.catalogue.Communes[place].People > 0 {
		x.Around = func() Around { return n.around(disease, place, w) }
	}
	out.Judgement, c = d.fit(j, x, week, &w.Work)
	return out, c
}

// around is the province of a commune, kept until another one is asked for.
func (n *Nation) around(disease, commune int, w *scratch) Around {
	own := n.catalogue.Communes[commune]
	if of := (series{int32(disease), int32(own.Province)}); !w.beside || w.near != of {
		w.near, w.beside = of, true
		w.aroundC, w.people = w.aroundC[:0], append(w.people[:0], make([]float64, n.tensor.Weeks)...)
		for week := range n.tensor.Weeks {
			w.aroundC = append(w.aroundC, n.count(disease, n.catalogue.Parent(commune), week))
		}
		for u, c := range n.catalogue.Communes {
			if c.Province != own.Province {
				continue
			}
			for week, k := range n.tensor.Row(disease, u) {
				if k != Silent {
					w.people[week] += c.People
					break
				}
			}
		}
		for week := 1; week < len(w.people); week++ {
			w.people[week] += w.people[week-1]
		}
	}
	return Around{w.aroundC, w.people, own.People}
}

// count is a cell without the cases of open foci.
func (n *Nation) count(disease, place, week int) int32 {
	c := n.Count(disease, place, week)
	if c > 0 {
		c = max(0, c-n.focusCases(disease, place, week))
	}
	return c
}

func (n *Nation) focusCases(disease, place, week int) int32 {
	sum := int32(0)
	if len(n.foci) > 0 {
		for _, f := range n.foci[series{int32(disease), int32(place)}] {
			if int(f.week) == week {
				sum += f.cases
			}
		}
	}
	return sum
}

// series widens a series into the scratch; it stays until the next call.
func (n *Nation) series(disease, place int, w *scratch) Series {
	if of := (series{int32(disease), int32(place)}); !w.filled || w.of != of {
		w.of, w.filled = of, true
		w.counts = w.counts[:0]
		for week := range n.tensor.Weeks {
			w.counts = append(w.counts, n.count(disease, place, week))
		}
	}
	return Series{Freq: 52, Dates: n.dates, Count: w.counts}
}

// complete is the share of commune-weeks reported in the weeks of the gate.
func (n *Nation) complete(disease, place, week int) float64 {
	first := max(0, week-n.catalogue.Diseases[disease].Settings.GateWeeks+1)
	all, reported := week-first+1, 0
	communes := len(n.catalogue.Communes)
	for at := first; at <= week; at++ {
		if place >= communes {
			_, those := n.sums.row(disease, place-communes)
			reported += int(those[at])
		} else if n.tensor.At(disease, place, at) != Missing {
			reported++
		}
	}
	if place >= communes {
		all *= max(1, n.sums.members[place-communes])
	}
	return float64(reported) / float64(all)
}

// Evidence is −ln p, weighed by severity: what findings are ranked by.
func Evidence(p, severity float64) float64 { return -math.Log(max(p, leastP)) * severity }

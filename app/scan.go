// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"mach/outbreak"
)

type scanCmd struct {
	File string `arg:"" help:"File of format golden-scan/1; - for standard input."`
}

// Run writes the file again with its clusters, their p-values and the quantiles
// of the null computed anew. Everything else stays as it was, in its order.
func (c *scanCmd) Run(_ context.Context, s Streams) error { return recompute(c.File, s, scanned) }

// scanFile is what is asked in format golden-scan/1. Places count from 1.
type scanFile struct {
	ID          string  `json:"id"`
	Type        string  `json:"type"`
	Periods     int     `json:"n_periods"`
	MaxDuration int     `json:"max_duration"`
	MaxShare    float64 `json:"max_population_fraction"`
	Replicates  *int    `json:"n_sim"`
	Coords      struct {
		Kind        string    `json:"kind"`
		X           []float64 `json:"x"`
		Y           []float64 `json:"y"`
		Lat         []float64 `json:"lat"`
		Lon         []float64 `json:"lon"`
		EarthRadius float64   `json:"earth_radius_km"`
		MaxRadius   float64   `json:"max_radius"`
		MaxRadiusKm float64   `json:"max_radius_km"`
		Nearest     int       `json:"knn"`
		Zones       [][]int   `json:"zones_members"`
	} `json:"coords"`
	Cases      []int32           `json:"cases"`
	Population []float64         `json:"population"`
	Expected   []float64         `json:"expected"`
	Counts     []int32           `json:"counts_period_major"`
	Baseline   []float64         `json:"baseline_period_major"`
	Clusters   []json.RawMessage `json:"clusters_nonoverlapping"`
}

type scanCluster struct {
	Members    []int   `json:"members"`
	Duration   int     `json:"duration,omitempty"` // of scans over time
	Cases      int     `json:"cases"`
	Expected   float64 `json:"expected"`
	LLR        float64 `json:"llr"`
	P          float64 `json:"p_mc"`
	Tail       float64 `json:"p_gumbel"`
	Recurrence float64 `json:"recurrence_periods"`
}

// scanned answers one file.
func scanned(file *ordered) error {
	b, err := json.Marshal(file)
	if err != nil {
		return err
	}
	var f scanFile
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	zones, err := f.zones()
	if err != nil {
		return err
	}
	counts, o, err := f.asked(zones.Places())
	if err != nil {
		return err
	}
	r, err := outbreak.Scan(zones, counts, o)
	if err != nil {
		return err
	}
	clusters := make([]scanCluster, len(r.Clusters))
	for i, c := range r.Clusters {
		clusters[i] = scanCluster{Cases: c.Cases, Expected: c.Expected, LLR: c.LLR, P: c.P, Tail: c.Tail, Recurrence: c.Recurrence}
		for _, p := range c.Places {
			clusters[i].Members = append(clusters[i].Members, int(p)+1)
		}
		if f.Counts != nil {
			clusters[i].Duration = c.Periods
		}
	}
	return setAll(file, result{"n_zones_distinct", r.Zones}, result{"clusters_nonoverlapping", clusters},
		result{"null_max_llr", map[string]float64{"q90": r.Quantile(.9), "q95": r.Quantile(.95), "q99": r.Quantile(.99)}},
		result{"n_sim", r.Replicates})
}

func (f *scanFile) zones() (*outbreak.Zones, error) {
	c := f.Coords
	if c.Zones != nil {
		zones := make([][]int, len(c.Zones))
		for i, z := range c.Zones {
			for _, p := range z {
				zones[i] = append(zones[i], p-1)
			}
		}
		return outbreak.ZonesOf(max(len(f.Cases), len(f.Counts)/max(f.Periods, 1)), zones)
	}
	x, y := c.X, c.Y
	if c.Lat != nil {
		x, y = c.Lon, c.Lat
		if c.EarthRadius == 0 {
			c.EarthRadius = outbreak.EarthRadius
		}
	}
	if len(x) != len(y) || len(x) == 0 {
		return nil, fmt.Errorf("coords: %d and %d coordinates", len(x), len(y))
	}
	at := make([]outbreak.Position, len(x))
	for i := range at {
		at[i] = outbreak.Position{X: x[i], Y: y[i]}
	}
	return outbreak.NewZones(at, outbreak.Distance{EarthRadius: c.EarthRadius},
		outbreak.Reach{Radius: max(c.MaxRadius, c.MaxRadiusKm), Places: c.Nearest}), nil
}

// asked turns the file into counts and options. The types of scans are named
// as in the golden files.
func (f *scanFile) asked(places int) (outbreak.Counts, outbreak.ScanOptions, error) {
	o := outbreak.ScanOptions{MaxPeriods: f.MaxDuration, MaxShare: f.MaxShare, Replicates: 999,
		Clusters: len(f.Clusters), Seed: outbreak.ScanSeed(f.ID, 0)}
	if f.Replicates != nil {
		o.Replicates = *f.Replicates
	}
	c := outbreak.Counts{Periods: 1, Cases: f.Cases}
	if f.Counts != nil {
		c.Periods, c.Cases = f.Periods, f.Counts
	}
	switch {
	case strings.Contains(f.Type, "permutation"):
		o.Model = outbreak.ScanPermutation
	case strings.Contains(f.Type, "bernoulli"):
		o.Model, c.Base = outbreak.ScanBernoulli, f.Population
	case strings.Contains(f.Type, "eb_poisson"):
		o.Model, c.Base = outbreak.ScanExpected, f.base(c.Periods, places, f.Baseline, f.Expected, f.Population)
	case strings.Contains(f.Type, "poisson"):
		o.Model, c.Base = outbreak.ScanPoisson, f.base(c.Periods, places, f.Baseline, f.Expected, f.Population)
		if len(f.Population) == places {
			c.People = f.Population
		}
	default:
		return c, o, fmt.Errorf("type: %q is no scan known here", f.Type)
	}
	return c, o, nil
}

// base takes the first list that is given; one value a place stands for every
// period.
func (f *scanFile) base(periods, places int, lists ...[]float64) []float64 {
	for _, l := range lists {
		if len(l) == places && periods > 1 {
			var all []float64
			for range periods {
				all = append(all, l...)
			}
			return all
		}
		if l != nil {
			return l
		}
	}
	return nil
}

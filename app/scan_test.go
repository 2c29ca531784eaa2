// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestScanGolden runs mach scan over the golden files: every cluster has the
// same members, length, cases and likelihood ratio; a Monte-Carlo p differs from
// theirs by chance only.
func TestScanGolden(t *testing.T) {
	files := goldenFiles(t, "scan")
	values, wrong := 0, 0
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var want, got goldenScan
		if err := json.Unmarshal(b, &want); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := (&scanCmd{File: file}).Run(t.Context(), Streams{Out: &out}); err != nil {
			t.Fatal(file, err)
		}
		if err := json.Unmarshal(out.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		check := func(ok bool, what string, args ...any) {
			if values++; !ok {
				wrong++
				t.Errorf("%s: "+what, append([]any{filepath.Base(file)}, args...)...)
			}
		}
		check(got.Zones == want.Zones, "%d zones, want %d", got.Zones, want.Zones)
		check(len(got.Clusters) == len(want.Clusters), "%d clusters, want %d", len(got.Clusters), len(want.Clusters))
		for i, w := range want.Clusters {
			g := got.Clusters[i]
			check(slices.Equal(g.Members, w.Members), "cluster %d: %v, want %v", i, g.Members, w.Members)
			check(g.Duration == w.Duration, "cluster %d: length %d, want %d", i, g.Duration, w.Duration)
			check(g.Cases == w.Cases, "cluster %d: %d cases, want %d", i, g.Cases, w.Cases)
			check(near(g.Expected, w.Expected), "cluster %d: expected %v, want %v", i, g.Expected, w.Expected)
			check(near(g.LLR, w.LLR), "cluster %d: LLR %v, want %v", i, g.LLR, w.LLR)
			spread := 4*max(0.001, math.Sqrt(w.P*(1-w.P)/float64(want.Sim))) + 0.002
			check(math.Abs(g.P-w.P) <= spread, "cluster %d: p %v, want %v ± %v", i, g.P, w.P, spread)
		}
		for q, w := range want.Null {
			check(math.Abs(got.Null[q]-w) < 0.12*w, "null %s: %v, want about %v", q, got.Null[q], w)
		}
	}
	fmt.Printf("surveillance scan: %d files, %d values, %d mismatches\n", len(files), values, wrong)
}

type goldenScan struct {
	Zones    int                `json:"n_zones_distinct"`
	Sim      int                `json:"n_sim"`
	Clusters []scanCluster      `json:"clusters_nonoverlapping"`
	Null     map[string]float64 `json:"null_max_llr"`
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-6*math.Abs(b) }

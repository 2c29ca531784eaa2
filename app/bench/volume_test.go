// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

// TestTable: each figure stands in the line of its name, and those that miss
// their aim have a star.
func TestTable(t *testing.T) {
	b := &bench{told: map[string]float64{
		"fhir.create.cpu.sqlite.100k": 0.8, "fhir.create.cpu.sqlite.1m": 1,
		"fhir.memory.peak.sqlite.100k": 656, "fhir.memory.peak.sqlite.1m": 657, "fhir.memory.peak.postgres.1m": 401,
		"fhir.export.rate.sqlite.1m":      19000,
		"fhir.identifier.growth.sqlite":   1.5,
		"fhir.has_common.growth.sqlite":   1.6,
		"fhir.total_common.growth.sqlite": 9, // its answer grows
	}}
	var out strings.Builder
	b.table(&out)
	rows := map[string]string{}
	for line := range strings.Lines(out.String()) {
		if name, rest, ok := strings.Cut(strings.TrimSpace(line), " "); ok {
			rows[name] = strings.Join(strings.Fields(rest), " ")
		}
	}
	for name, want := range map[string]string{
		"create": "ms 0.8 1 * 0.9 1.8", "memory.peak": "MB 656 657 * 656 401 * 400", "export.rate": "resources/s 1.9e+04 * 20000 20000",
		"identifier": "ms 0.6 1.5 1", "has_common": "ms 3 1.6 * 8", "total_common": "ms 9",
	} {
		if rows[name] != want {
			t.Errorf("%s: %q, want %q\n%s", name, rows[name], want, out.String())
		}
	}
}

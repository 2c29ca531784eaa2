// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// An aim is the most that an operation should cost on each database; 0 = none.
type aim struct {
	name, unit       string
	sqlite, postgres float64
	least            bool // the figure should be at least as much
	steady           bool // it should not grow with the store
}

// mostGrowth is how much more a question may cost in the largest store than in
// the smallest, where its answer is the same.
const mostGrowth = 1.5

// The server should need 400 MB; on SQLite the pages of the database are within
// it, as many as --cache allows by default.
const (
	mostMemory = 400
	pageCache  = 256
)

// aims are those of the FHIR interface, in the order of the table.
func aims() []aim {
	list := []aim{
		{"transaction100.cpu", "ms", 40, 55, false, false}, {"synthea.cpu", "ms", 0.45, 0.55, false, false}, {"create.cpu", "ms", 0.9, 1.8, false, false}, {"read.cpu", "ms", 0.25, 0.6, false, false},
	}
	for _, s := range shapes {
		list = append(list, aim{s.name + ".cpu", "ms", s.sqlite, s.postgres, false, !s.grows})
	}
	return append(list, aim{"disk", "GB", 3, 4, false, false}, aim{"memory.peak", "MB", mostMemory + pageCache, mostMemory, false, false},
		aim{"export.rate", "resources/s", 20000, 20000, true, false})
}

// table prints what was measured beside what was aimed at: figures that miss
// their aim have a star. Growth is the cost in the largest store over that in
// the smallest.
func (b *bench) table(w io.Writer) {
	if !slices.ContainsFunc(sizes, func(s size) bool { _, ok := b.told["fhir.create.cpu.sqlite."+s.name]; return ok }) {
		return
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer t.Flush()
	fmt.Fprint(t, "\t\t")
	for _, db := range []string{"sqlite", "postgres"} {
		for _, s := range sizes {
			fmt.Fprintf(t, "%s %s\t", db, s.name)
		}
		fmt.Fprintf(t, "aim\tgrowth (%g)\t", mostGrowth)
	}
	fmt.Fprintln(t)
	for _, a := range aims() {
		fmt.Fprintf(t, "%s\t%s\t", strings.TrimSuffix(a.name, ".cpu"), a.unit)
		for _, db := range []string{"sqlite", "postgres"} {
			most := a.sqlite
			if db == "postgres" {
				most = a.postgres
			}
			for _, s := range sizes {
				fmt.Fprintf(t, "%s\t", b.shown("fhir."+a.name+"."+db+"."+s.name, most, a.least))
			}
			if most == 0 {
				fmt.Fprint(t, "\t")
			} else {
				fmt.Fprintf(t, "%g\t", most)
			}
			growth := 0.0 // no aim
			if a.steady {
				growth = mostGrowth
			}
			fmt.Fprintf(t, "%s\t", b.shown("fhir."+strings.TrimSuffix(a.name, ".cpu")+".growth."+db, growth, false))
		}
		fmt.Fprintln(t)
	}
}

// shown is a figure as the table has it; "" when it was not measured.
func (b *bench) shown(name string, bound float64, least bool) string {
	v, ok := b.told[name]
	switch {
	case !ok:
		return ""
	case bound > 0 && (v > bound) != least:
		return fmt.Sprintf("%.4g *", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
)

// An aim is the most that an operation should cost on each database; 0 = none.
type aim struct {
	name, unit       string
	sqlite, postgres float64
	least            bool // the figure should be at least as much
}

// aims are those of the FHIR interface, in the order of the table.
func aims() []aim {
	list := []aim{
		{"transaction100.cpu", "ms", 40, 55, false}, {"synthea.cpu", "ms", 0.45, 0.55, false}, {"create.cpu", "ms", 0.9, 1.8, false}, {"read.cpu", "ms", 0.25, 0.6, false},
	}
	for _, s := range shapes {
		list = append(list, aim{s.name + ".cpu", "ms", s.sqlite, s.postgres, false})
	}
	return append(list, aim{"disk", "GB", 3, 4, false}, aim{"memory.peak", "MB", 0, 0, false}, aim{"export.rate", "resources/s", 20000, 20000, true})
}

// table prints what was measured beside what was aimed at, on standard error:
// figures that miss their aim have a star.
func (b *bench) table() {
	if !slices.ContainsFunc(sizes, func(s size) bool { _, ok := b.told["fhir.create.cpu.sqlite."+s.name]; return ok }) {
		return
	}
	t := tabwriter.NewWriter(os.Stderr, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer t.Flush()
	fmt.Fprint(t, "\t\t")
	for _, db := range []string{"sqlite", "postgres"} {
		for _, s := range sizes {
			fmt.Fprintf(t, "%s %s\t", db, s.name)
		}
		fmt.Fprint(t, "aim\t")
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

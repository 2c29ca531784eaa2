// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
)

type operation struct {
	ID, Code               string
	Resource               []string
	System, Type, Instance bool
	AffectsState           *bool
	Parameter              []parameter
}

type parameter struct {
	Name, Use, Max, Type string
	Min                  int
	Part                 []parameter
}

// writeOperations gives each operation of R4 a line, and each of its parameters
// one below it, parts behind the parameter that they are of:
//
//	O ConceptMap-translate translate ti ConceptMap
//	< url 0 1 uri
//	< dependency 0 *
//	< dependency.concept 0 1 CodeableConcept
//	> result 1 1 boolean
//
// s, t and i are the levels: system, type, instance. No operation of R4 says
// whether it affects state; the day one does, this stops.
func writeOperations(w io.Writer, d *definitions) error {
	slices.SortFunc(d.operations, func(a, b *operation) int { return cmp.Compare(a.ID, b.ID) })
	for _, o := range d.operations {
		if o.AffectsState != nil {
			return fmt.Errorf("operation %s says whether it affects state", o.ID)
		}
		levels := ""
		for i, on := range []bool{o.System, o.Type, o.Instance} {
			if on {
				levels += "sti"[i : i+1]
			}
		}
		fmt.Fprintf(w, "O %s %s %s %s\n", o.ID, o.Code, levels, strings.Join(o.Resource, " "))
		for _, p := range o.Parameter {
			way := ">"
			if p.Use == "in" {
				way = "<"
			}
			p.write(w, way+" ")
		}
	}
	return nil
}

func (p parameter) write(w io.Writer, before string) {
	fmt.Fprintln(w, strings.TrimRight(fmt.Sprintf("%s%s %d %s %s", before, p.Name, p.Min, p.Max, p.Type), " "))
	for _, part := range p.Part {
		part.write(w, before+p.Name+".")
	}
}

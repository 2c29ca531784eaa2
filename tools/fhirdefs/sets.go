// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// maxCodes is the largest value set that is carried. The largest of R4 that can
// be listed has about 210 codes (all types).
const maxCodes = 1000

// A codeSet is a value set as lists of codes by system.
type codeSet struct {
	name    string // last part of the URL; unique among the required ones
	systems []systemCodes
	used    bool
}

type systemCodes struct {
	system string
	codes  []string
}

type codeSets map[string]*codeSet // by URL of the value set

// compileSets lists the value sets whose codes are all known here.
func compileSets(d *definitions) codeSets {
	sets := codeSets{}
	for url, vs := range d.valueSets {
		systems := d.expand(vs)
		if systems == nil {
			systems = d.expansions[url]
		}
		if systems != nil {
			sets[url] = &codeSet{name: path.Base(url), systems: systems}
		}
	}
	return sets
}

// expand returns the codes of a value set, nil when they cannot be listed: codes
// of systems that are not in the package, filters, references to other sets.
func (d *definitions) expand(vs *valueSet) []systemCodes {
	var out []systemCodes
	total := 0
	if len(vs.Compose.Exclude) > 0 {
		return nil
	}
	for _, in := range vs.Compose.Include {
		if in.System == "" || len(in.Filter) > 0 || len(in.ValueSet) > 0 {
			return nil
		}
		concepts := in.Concept
		if len(concepts) == 0 {
			cs := d.codeSystems[in.System]
			if cs == nil || cs.Content != "complete" {
				return nil
			}
			concepts = cs.Concept
		}
		codes := flatten(nil, concepts)
		if total += len(codes); total > maxCodes || slices.ContainsFunc(codes, hasSpace) {
			return nil
		}
		out = append(out, systemCodes{in.System, codes})
	}
	return out
}

// hasSpace finds codes that the text, whose fields end at spaces, cannot carry.
func hasSpace(code string) bool { return strings.ContainsAny(code, " \n") }

func flatten(codes []string, concepts []concept) []string {
	for _, c := range concepts {
		codes = flatten(append(codes, c.Code), c.Concept)
	}
	return codes
}

// use returns the name of a required value set, "" when it is not listed.
func (s codeSets) use(canonical string) string {
	url, _, _ := strings.Cut(canonical, "|")
	set := s[url]
	if set == nil {
		return ""
	}
	set.used = true
	return set.name
}

func (s codeSets) write(w io.Writer) {
	var used []*codeSet
	for _, set := range s {
		if set.used {
			used = append(used, set)
		}
	}
	slices.SortFunc(used, func(a, b *codeSet) int { return strings.Compare(a.name, b.name) })
	for i, set := range used {
		if i > 0 && used[i-1].name == set.name {
			panic("two value sets are called " + set.name)
		}
		fmt.Fprintf(w, "V %s\n", set.name)
		for _, sys := range set.systems {
			fmt.Fprintf(w, "%s %s\n", sys.system, strings.Join(sys.codes, " "))
		}
	}
}

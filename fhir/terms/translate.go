// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// TranslateQuery says what is to be translated. Either Map names a concept map,
// or Source and Target, which are value sets, or TargetSystem choose among all.
type TranslateQuery struct {
	Map            string
	Coding         Coding
	Source, Target string
	TargetSystem   string
	Reverse        bool // from target to source
}

// A Match is one translation.
type Match struct {
	Equivalence string // of R4's concept-map-equivalence, seen in the direction asked
	Coding      Coding
	Source      string // canonical of the map
	Comment     string
}

// mostMaps bounds maps that refer to other maps.
const mostMaps = 10

// Translate returns what maps say of a code
// (http://hl7.org/fhir/R4/conceptmap-operation-translate.html), the closest
// first as the maps order them; empty when they say nothing. The error is an
// [issue.Error] of code not-found: the map that was named is not loaded.
func (s *Set) Translate(q TranslateQuery) ([]Match, error) {
	st := s.now.Load()
	if q.Map != "" {
		src := st.find("ConceptMap", q.Map)
		if src == nil {
			return nil, issue.New(issue.NotFound, unknown["ConceptMap"], q.Map)
		}
		d, err := src.doc()
		if err != nil {
			return nil, err
		}
		return st.translate(d, q, 0), nil
	}
	var out []Match
	for _, src := range st.maps() {
		d, err := src.doc()
		if err == nil && fitsMap(d, q) {
			out = append(out, st.translate(d, q, 0)...)
		}
	}
	return out, nil
}

// TranslateIn translates by a ConceptMap that need not be loaded.
func (s *Set) TranslateIn(d *fhir.Doc, q TranslateQuery) []Match {
	return s.now.Load().translate(d, q, 0)
}

// maps lists the best source of every concept map, by URL.
func (st *state) maps() []*source {
	return remember(st, "maps", func() []*source {
		var out []*source
		for at, list := range st.byURL {
			if strings.HasPrefix(at, "ConceptMap ") && len(list) > 0 {
				out = append(out, list[0])
			}
		}
		slices.SortFunc(out, func(a, b *source) int { return strings.Compare(a.url, b.url) })
		return out
	})
}

// fitsMap reports whether a map leads between the value sets asked for.
func fitsMap(d *fhir.Doc, q TranslateQuery) bool {
	side := func(name, want string) bool {
		want, _, _ = strings.Cut(want, "|")
		for _, kind := range []string{"Uri", "Canonical"} {
			if have, _, _ := strings.Cut(d.Get(name+kind).String(), "|"); have == want {
				return true
			}
		}
		return want == ""
	}
	from, to := "source", "target"
	if q.Reverse {
		from, to = to, from
	}
	return side(from, q.Source) && side(to, q.Target)
}

func (st *state) translate(d *fhir.Doc, q TranslateQuery, depth int) []Match {
	canonical := d.Get("url").String()
	if v := d.Get("version").String(); v != "" {
		canonical += "|" + v
	}
	var out []Match
	for g := range d.Each("group") {
		from, to := g.Get("source").String(), g.Get("target").String()
		if q.Reverse {
			from, to = to, from
		}
		if from != "" && q.Coding.System != "" && from != q.Coding.System || q.TargetSystem != "" && to != q.TargetSystem {
			continue
		}
		found, known := st.translateGroup(g, q, to, canonical)
		if !known && !q.Reverse {
			found = st.unmapped(g.Get("unmapped"), q, to, canonical, depth)
		}
		out = append(out, found...)
	}
	return out
}

// translateGroup finds the code among the elements; known when the group says
// something of it, be it that there is no match.
func (st *state) translateGroup(g fhir.Node, q TranslateQuery, to, canonical string) (out []Match, known bool) {
	for e := range g.Each("element") {
		source := e.Get("code").String()
		if !q.Reverse && source != q.Coding.Code {
			continue
		}
		known = true
		for t := range e.Each("target") {
			m := Match{Equivalence: t.Get("equivalence").String(), Source: canonical, Comment: t.Get("comment").String()}
			if q.Reverse {
				if t.Get("code").String() != q.Coding.Code {
					continue
				}
				m.Equivalence = reversed(m.Equivalence)
				m.Coding = Coding{System: to, Code: source, Display: e.Get("display").String()}
			} else {
				m.Coding = Coding{System: to, Version: g.Get("targetVersion").String(), Code: t.Get("code").String(), Display: t.Get("display").String()}
			}
			out = append(out, st.named(m))
		}
	}
	return out, known
}

// unmapped is what a group says of codes that it does not name.
func (st *state) unmapped(u fhir.Node, q TranslateQuery, to, canonical string, depth int) []Match {
	m := Match{Equivalence: "inexact", Source: canonical, Coding: Coding{System: to}}
	switch u.Get("mode").String() {
	case "provided":
		m.Equivalence, m.Coding.Code = "equal", q.Coding.Code
	case "fixed":
		m.Coding.Code, m.Coding.Display = u.Get("code").String(), u.Get("display").String()
	case "other-map":
		src := st.find("ConceptMap", u.Get("url").String())
		if src == nil || depth >= mostMaps {
			return nil
		}
		d, err := src.doc()
		if err != nil {
			return nil
		}
		return st.translate(d, q, depth+1)
	default:
		return nil
	}
	return []Match{st.named(m)}
}

// named gives a match the display of its system where the map has none.
func (st *state) named(m Match) Match {
	if m.Coding.Display == "" {
		if sys := st.system(m.Coding.canonical()); sys != nil {
			if at, ok := sys.find(m.Coding.Code); ok {
				m.Coding.Display = sys.concepts[at].display
			}
		}
	}
	return m
}

// reversed is an equivalence seen from the target.
func reversed(equivalence string) string {
	switch equivalence {
	case "wider":
		return "narrower"
	case "narrower":
		return "wider"
	case "subsumes":
		return "specializes"
	case "specializes":
		return "subsumes"
	}
	return equivalence
}

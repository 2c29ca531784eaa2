// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/vn"
)

// A fold is one definition made ready to run.
type fold struct {
	content.Indicator
	conditions []condition
	day        []string // path of the date; nil = the day of the change
	from       vn.Date
}

// condition is one line of a definition's where.
type condition struct {
	path   []string
	values []string
	prefix bool // starts
	negate bool // not
}

// compile turns definitions into folds. It fails on words it does not know, so
// that a definition never counts something else than it says.
func compile(definitions []content.Indicator) ([]fold, error) {
	folds := make([]fold, 0, len(definitions))
	for _, def := range definitions {
		f := fold{Indicator: def}
		if def.Count.Day != "" {
			f.day = strings.Split(def.Count.Day, ".")
		}
		from, err := vn.ParseDate(def.ValidFrom)
		if err != nil {
			return nil, fmt.Errorf("indicator %s: valid_from: %w", def.ID, err)
		}
		f.from = from
		for _, line := range def.Count.Where {
			c, err := parseCondition(line)
			if err != nil {
				return nil, fmt.Errorf("indicator %s: %w", def.ID, err)
			}
			f.conditions = append(f.conditions, c)
		}
		folds = append(folds, f)
	}
	return folds, nil
}

func parseCondition(line string) (condition, error) {
	words := strings.Fields(line)
	if len(words) < 3 {
		return condition{}, fmt.Errorf("condition %q wants a path, a verb and a value", line)
	}
	c := condition{path: strings.Split(words[0], "."), values: words[2:]}
	switch words[1] {
	case "=":
		if len(c.values) != 1 {
			return condition{}, fmt.Errorf("condition %q: = takes one value; use in", line)
		}
	case "in":
	case "not":
		c.negate = true
	case "starts":
		c.prefix = true
	default:
		return condition{}, fmt.Errorf("condition %q: verb %q is none of = in not starts", line, words[1])
	}
	return c, nil
}

// holds reports whether the resource meets the condition. A path compares every
// element where members repeat; one that leads to a concept each of its codes.
func (c condition) holds(doc *fhir.Doc) bool {
	return slices.ContainsFunc(codes(doc.Root(), c.path), c.matches) != c.negate
}

func (c condition) matches(value string) bool {
	if c.prefix {
		return slices.ContainsFunc(c.values, func(v string) bool { return strings.HasPrefix(value, v) })
	}
	return slices.Contains(c.values, value)
}

// codes lists the values at the end of the path: the text of primitives, the
// codes of concepts and codings, over all elements on the way.
func codes(parent fhir.Node, path []string) []string {
	var out []string
	for n := range parent.Each(path[0]) {
		switch {
		case len(path) > 1:
			out = append(out, codes(n, path[1:])...)
		case n.Kind() != fhir.Object:
			out = append(out, n.String())
		case n.Get("code").Exists():
			out = append(out, n.Get("code").String())
		default:
			for coding := range n.Each("coding") {
				out = append(out, coding.Get("code").String())
			}
		}
	}
	return out
}

// counts reports whether the resource is counted, and on which day. at is when
// the change was written. Dates may be instants or civil dates; a resource
// without a usable date does not count.
func (f fold) counts(doc *fhir.Doc, at time.Time) (vn.Date, bool) {
	if doc == nil {
		return 0, false
	}
	for _, c := range f.conditions {
		if !c.holds(doc) {
			return 0, false
		}
	}
	day := vn.DateOf(at)
	if f.day != nil {
		var ok bool
		if day, ok = dayOf(doc.Root().Get(f.day...).String()); !ok {
			return 0, false
		}
	}
	return day, day >= f.from
}

// dayOf reads a FHIR date or dateTime as the civil day in Viet Nam.
func dayOf(s string) (vn.Date, bool) {
	if len(s) > 10 {
		at, err := time.Parse(time.RFC3339, s)
		if err != nil {
			return 0, false
		}
		return vn.DateOf(at), true
	}
	d, err := vn.ParseDate(s)
	return d, err == nil
}

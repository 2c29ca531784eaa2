// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strings"

	"mach/vn"
)

// within writes a guard's reach as a condition on res. Not ok when nothing is
// in reach.
func (s *Store) within(r Reach, now int64) (cond string, args []any, ok bool) {
	if r.All {
		return "", nil, true
	}
	var ways []string
	add := func(text string, a ...any) { ways, args = append(ways, text), append(args, a...) }
	const valid = " and (r.until = 0 or r.until > ?)" + perRow + ")"
	if r.Patient != "" {
		add("res.patient = ?", r.Patient)
	}
	if r.Facility != "" {
		add("res.facility = ?", r.Facility)
		add("res.patient <> '' and exists (select 1 from relation r where r.facility = ? and r.patient = res.patient and r.t = res.t"+valid, r.Facility, now)
	}
	for _, who := range []string{r.Account, r.Worker} {
		if who != "" {
			add("res.patient <> '' and exists (select 1 from relation r where r.account = ? and r.patient = res.patient and r.t = res.t"+valid, who, now)
		}
	}
	if r.Open {
		add("res.patient = ''")
	}
	if len(r.Units) > 0 {
		ids := s.below(r.Units)
		if ids == nil { // too many to name: the guard sorts them out
			return "", nil, true
		}
		text, more := inList("res.unit", ids)
		add(text, more...)
	}
	if len(ways) == 0 {
		return "", nil, false
	}
	return "(" + strings.Join(ways, " or ") + ")", args, true
}

// manyUnits bounds the list of units in a statement.
const manyUnits = 2048

// below lists the units and all below them, nil when they are unknown or too
// many.
func (s *Store) below(units []vn.UnitID) []int64 {
	if s.cfg.Below == nil {
		return nil
	}
	var ids []int64
	for _, u := range units {
		for _, b := range s.cfg.Below(u) {
			ids = append(ids, int64(b))
		}
		if len(ids) > manyUnits {
			return nil
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

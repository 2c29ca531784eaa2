// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"slices"
	"strings"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// seen is what a visit gives to the counts: a row of detection_visit.
type seen struct {
	unit      vn.UnitID
	day       vn.Date
	syndromes string // ids with spaces between
	counts    bool   // false: it is no visit, or no longer
}

// hearing is the week in which the visit lets its unit be heard of.
func (s seen) hearing(c store.Change) hearing {
	if !s.counts {
		return hearing{}
	}
	return hears(s.unit, s.day, c, true)
}

// told is what a resource says of a visit. The reason of a visit, a diagnosis
// made in it and a telehealth case that rests on it speak of one visit: who
// complains once is counted once.
type told struct {
	source    string // Type/id
	visit     string // that it tells of; "" of none
	syndromes string
	// self: the resource may be a visit itself, and is what stands here.
	self bool
	seen seen
}

// applySyndromes keeps what visits and telehealth cases are for, and judges the
// days that the change touched.
func (m *Module) applySyndromes(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	x := told{source: c.Type + "/" + c.ID}
	switch c.Type {
	case "Encounter":
		x.self, x.visit = true, x.source
		x.visited(m, c, now)
	case "Condition":
		x.diagnosed(c, now)
	case "ServiceRequest":
		x.self = true
		x.consulted(m, c, now)
	}
	return m.tell(ctx, tx, c, x)
}

// visited reads a visit. Who is still waiting has come: they count at once.
func (x *told) visited(m *Module, c store.Change, now *fhir.Doc) {
	if now == nil || !slices.Contains([]string{"arrived", "triaged", "in-progress", "onleave", "finished", "unknown"}, now.Get("status").String()) {
		return
	}
	x.seen = m.seenOn(c, now.Get("period", "start").String())
	var codes, words []string
	for reason := range now.Each("reasonCode") {
		words = append(words, reason.Get("text").String())
		codes = append(codes, reason.Code(fhir.ICD10))
	}
	x.syndromes = syndromesOf(c, codes, strings.Join(words, ". "))
}

// diagnosed reads a diagnosis of a visit. Its words count where it has no code:
// the code is exact.
func (x *told) diagnosed(c store.Change, now *fhir.Doc) {
	if now == nil || now.Get("category", "coding", "code").String() != "encounter-diagnosis" {
		return
	}
	status, visit := now.Get("verificationStatus", "coding", "code").String(), fhir.IDOf(now.Get("encounter", "reference").String())
	if visit == "" || status == "refuted" || status == "entered-in-error" {
		return
	}
	x.visit = "Encounter/" + visit
	if icd := casereport.ICD(now); icd != "" {
		x.syndromes = syndromesOf(c, []string{icd}, "")
	} else {
		x.syndromes = syndromesOf(c, nil, now.Get("code", "text").String())
	}
}

// consulted reads a telehealth case by what is asked. One that rests on no visit
// is a visit itself.
func (x *told) consulted(m *Module, c store.Change, now *fhir.Doc) {
	if now == nil || c.Labels.Category != "consultation" || slices.Contains([]string{"entered-in-error", "revoked", "draft"}, now.Get("status").String()) {
		return
	}
	x.visit = x.source
	if id := fhir.IDOf(now.Get("encounter", "reference").String()); id != "" {
		x.visit = "Encounter/" + id
	} else {
		x.seen = m.seenOn(c, now.Get("authoredOn").String())
	}
	x.syndromes = syndromesOf(c, []string{now.Get("reasonCode").Code(fhir.ICD10)}, now.Get("reasonCode", "text").String())
}

// seenOn is a visit of the unit of the facility on the day that it says.
func (m *Module) seenOn(c store.Change, start string) seen {
	return seen{unit: m.units.Latest(c.Labels.Unit), day: casereport.Day(start), counts: true}
}

// syndromesOf are the syndromes by codes and words, by the definitions of the
// day of the change. What belongs to a closed file has none.
func syndromesOf(c store.Change, codes []string, words string) string {
	if len(c.Labels.Sensitivity) > 0 {
		return ""
	}
	var out []string
	for _, s := range content.Syndromes(vn.DateOf(c.At)) {
		if s.Matches(codes, words) {
			out = append(out, s.ID)
		}
	}
	return strings.Join(out, " ")
}

// tell keeps what the resource says, and counts anew the visits that it spoke of
// and speaks of.
func (m *Module) tell(ctx context.Context, tx store.Tx, c store.Change, x told) error {
	var was told
	if _, err := tx.Row(ctx, []any{&was.visit, &was.syndromes}, `select visit, syndromes from detection_sign where source = ?`, x.source); err != nil {
		return err
	}
	if x.syndromes == "" {
		x.visit = ""
	}
	if was.visit != x.visit || was.syndromes != x.syndromes {
		if err := tx.Exec(ctx, `delete from detection_sign where source = ?`, x.source); err != nil {
			return err
		}
		if x.visit != "" {
			if err := tx.Exec(ctx, `insert into detection_sign (source, visit, syndromes) values (?, ?, ?)`, x.source, x.visit, x.syndromes); err != nil {
				return err
			}
		}
	} else if !x.self {
		return nil
	}
	visits := []string{was.visit, x.visit}
	if x.self {
		visits = append(visits, x.source)
	}
	slices.Sort(visits)
	for _, visit := range slices.Compact(visits) {
		if visit == "" {
			continue
		}
		if err := m.recount(ctx, tx, c, visit, x); err != nil {
			return err
		}
	}
	return nil
}

// recount works out anew what a visit gives, and moves the counts.
func (m *Module) recount(ctx context.Context, tx store.Tx, c store.Change, visit string, x told) error {
	var was seen
	var unit, day int64
	found, err := tx.Row(ctx, []any{&unit, &day, &was.syndromes}, `select unit, day, syndromes from detection_visit where visit = ?`, visit)
	if err != nil {
		return err
	}
	was.unit, was.day, was.counts = vn.UnitID(unit), vn.Date(day), found
	is := was
	if x.self && visit == x.source {
		is = x.seen
		if !is.day.Known() && found {
			is.day = was.day
		} else if today := vn.DateOf(c.At); !is.day.Known() || is.day > today {
			is.day = today // never later than it was written: clocks go wrong
		}
	}
	if !is.counts {
		is = seen{}
	} else if is.syndromes, err = signs(ctx, tx, visit); err != nil {
		return err
	}
	if is == was {
		return nil
	}
	if err := tx.Exec(ctx, `delete from detection_visit where visit = ?`, visit); err != nil {
		return err
	}
	if is.counts {
		if err := tx.Exec(ctx, `insert into detection_visit (visit, unit, day, syndromes) values (?, ?, ?, ?)`, visit, int64(is.unit), int64(is.day), is.syndromes); err != nil {
			return err
		}
	}
	if visit == x.source && c.Type == "Encounter" {
		if err := m.rehear(ctx, tx, c, was.hearing(c), is.hearing(c)); err != nil {
			return err
		}
	}
	t := turn{Module: m, tx: tx, c: c}
	return t.shift(ctx, was, is)
}

// signs are the syndromes that anything says a visit is for.
func signs(ctx context.Context, tx store.Tx, visit string) (string, error) {
	var all []string
	err := tx.Rows(ctx, `select syndromes from detection_sign where visit = ?`, []any{visit}, func(scan func(...any) error) error {
		var ids string
		err := scan(&ids)
		all = append(all, strings.Fields(ids)...)
		return err
	})
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " "), err
}

// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"mach/casereport"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Columns are the questions of the case form (QĐ 97/QĐ-PB) in a line list, in
// order: link ids of the form.
var Columns = []string{"name", "birth", "sex", "ethnic", "occupation", "phone", "guardian", "guardian_phone", "number", "address", "current_address", "commune", "workplace",
	"disease", "icd", "class", "onset", "first_visit", "diagnosed", "care", "admitted", "discharged", "outcome", "outcome_date",
	"vaccinated", "doses", "last_dose", "sampled", "sample_date", "sample_kind", "test", "result", "laboratory",
	"travel", "contact", "focus", "facility", "reporter", "reporter_unit", "reporter_phone"}

// Line is a case with the answers of its form.
type Line struct {
	Case
	Answers map[string]string // by link id; "" and absent are the same
	Shared  []string          // what it shares with cases of the focus: address, hamlet, workplace, phone
}

// Lines reads the line list of cases: each from its form, or from the report
// and the person when it came without one. What the actor may not open is left
// empty.
func (m *Module) Lines(ctx context.Context, a store.Actor, cases []Case) ([]Line, error) {
	out := make([]Line, len(cases))
	door := m.store.For(a)
	for i, c := range cases {
		out[i] = Line{Case: c, Answers: map[string]string{}}
		for _, from := range []struct {
			typ, id string
			take    func(*fhir.Doc, map[string]string)
		}{{"Patient", c.Patient, personAnswers}, {"QuestionnaireResponse", c.Form, formAnswers}} {
			if from.id == "" {
				continue
			}
			d, err := door.Read(ctx, from.typ, from.id)
			if issue.Is(err, issue.NotFound) || issue.Is(err, issue.Forbidden) || issue.Is(err, issue.Deleted) {
				continue
			}
			if err != nil {
				return nil, fmt.Errorf("line list: %w", err)
			}
			from.take(d, out[i].Answers)
		}
		m.reportAnswers(c, out[i].Answers)
	}
	return out, nil
}

func personAnswers(d *fhir.Doc, to map[string]string) {
	to["name"], to["birth"], to["sex"] = fhir.PrintedName(d.Root()), d.Get("birthDate").String(), d.Get("gender").String()
	for x := range d.Each("address") {
		if to["address"] == "" && x.Get("use").String() != "old" {
			to["address"] = x.Get("text").String()
		}
	}
}

func formAnswers(d *fhir.Doc, to map[string]string) {
	for group := range d.Each("item") {
		for item := range group.Each("item") {
			answer := item.Get("answer")
			for _, member := range []string{"valueString", "valueDate"} {
				if v := answer.Get(member).String(); v != "" {
					to[item.Get("linkId").String()] = v
				}
			}
			if v := answer.Get("valueCoding", "code").String(); v != "" {
				to[item.Get("linkId").String()] = v
			}
			if v := answer.Get("valueInteger"); v.Exists() {
				to[item.Get("linkId").String()] = v.Raw()
			}
		}
	}
}

// reportAnswers are those in which the report itself is the newest word.
func (m *Module) reportAnswers(c Case, to map[string]string) {
	to["disease"], to["class"] = c.Disease, string(c.Class)
	if u, ok := m.units.Get(c.Unit); ok {
		to["commune"] = u.Full()
	}
	if c.Onset.Known() {
		to["onset"] = c.Onset.String()
	}
	if to["diagnosed"] == "" {
		to["diagnosed"] = c.Day.String()
	}
	if c.Died && to["outcome"] == "" {
		to["outcome"] = "died"
	}
}

// exposures are the answers that two cases may share.
func (l Line) exposures() map[string]string {
	out := map[string]string{}
	for kind, value := range map[string]string{"workplace": l.Answers["workplace"], "phone": l.Answers["guardian_phone"], "address": l.Answers["current_address"]} {
		if f := vn.Fold(value); f != "" {
			out[kind] = f
		}
	}
	at := l.Answers["current_address"]
	if at == "" {
		at = l.Answers["address"]
	}
	hamlet, _, more := strings.Cut(at, ",")
	if f := vn.Fold(hamlet); more && f != "" {
		out["hamlet"] = fmt.Sprint(f, " ", l.Unit) // a name of a hamlet is one only within its commune
	}
	return out
}

// shared marks the lines of near that share an exposure with a case of the
// focus, and puts them first.
func shared(focus, near []Line) []Line {
	known := map[string]bool{}
	for _, l := range focus {
		for kind, v := range l.exposures() {
			known[kind+" "+v] = true
		}
	}
	for i, l := range near {
		for _, kind := range []string{"address", "hamlet", "workplace", "phone"} {
			if v, ok := l.exposures()[kind]; ok && known[kind+" "+v] {
				near[i].Shared = append(near[i].Shared, kind)
			}
		}
	}
	slices.SortStableFunc(near, func(a, b Line) int { return len(b.Shared) - len(a.Shared) })
	return near
}

// Join writes the name of the focus on the report of a case, which then belongs
// to it; on the form too, so that the next version of the report keeps it. That
// is a new version of the report, with its own policy.
// Errors: NotFound; Conflict when the focus is closed or the case names one.
func (m *Module) Join(ctx context.Context, a store.Actor, event, report, key string) error {
	e, err := m.Event(ctx, a, event)
	if err != nil {
		return err
	}
	door := m.store.For(a)
	d, err := door.Read(ctx, "Condition", report)
	if err != nil {
		return err
	}
	r, ok := casereport.Of(d, m.diseases, m.units)
	if !ok || r.Disease != e.Disease {
		return issue.New(issue.NotFound, "events.case.none")
	}
	if !e.Stage.Active() || r.Focus != "" && r.Focus != vn.Fold(e.Focus) {
		return issue.New(issue.Conflict, "events.case.taken")
	}
	if r.Focus != "" {
		return nil
	}
	var c fhir.Condition
	if err := d.Into(&c); err != nil {
		return err
	}
	c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtFocus, ValueString: e.Focus})
	doc, err := fhir.New(c)
	if err != nil {
		return err
	}
	var version int64
	if _, err := fmt.Sscan(d.VersionID(), &version); err != nil {
		return fmt.Errorf("version of a case report: %w", err)
	}
	ops := []store.Op{store.Update(doc, version)}
	if id := formOf(d); id != "" {
		op, err := m.amended(ctx, door, id, e.Focus)
		if err != nil {
			return err
		}
		ops = append(ops, op)
	}
	return m.commit(ctx, a, key, "a case joins a focus", ops...)
}

// amended is the form with the name of the focus as its answer.
func (m *Module) amended(ctx context.Context, door store.Door, id, focus string) (store.Op, error) {
	d, err := door.Read(ctx, "QuestionnaireResponse", id)
	if err != nil {
		return store.Op{}, err
	}
	var form fhir.QuestionnaireResponse
	if err := d.Into(&form); err != nil {
		return store.Op{}, err
	}
	answer := fhir.ResponseItem{LinkID: "focus", Answer: []fhir.Answer{{ValueString: focus}}}
	at := slices.IndexFunc(form.Item, func(i fhir.ResponseItem) bool { return i.LinkID == "group-exposure" })
	if at < 0 {
		at, form.Item = len(form.Item), append(form.Item, fhir.ResponseItem{LinkID: "group-exposure"})
	}
	form.Item[at].Item = append(slices.DeleteFunc(form.Item[at].Item, func(i fhir.ResponseItem) bool { return i.LinkID == "focus" }), answer)
	form.Status, form.Authored = "amended", fhir.Instant(m.now())
	doc, err := fhir.New(form)
	return store.Update(doc, 0), err
}

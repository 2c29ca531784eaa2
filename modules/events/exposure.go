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

// Exposure is what two cases share: the other's report, and the kind.
type Exposure struct{ Kind, Case string }

// Kinds of exposure that two forms can show, the closest first.
var exposureKinds = []string{"address", "hamlet", "workplace", "phone"}

// extExposure stands on a case report, once for each case it is linked with: an
// extension case (valueReference) and one kind (valueCode).
const extExposure = fhir.Base + "/ext/exposure"

func exposuresOf(d *fhir.Doc) []Exposure {
	var out []Exposure
	for x := range d.Each("extension") {
		if x.Get("url").String() != extExposure {
			continue
		}
		if id := x.Extension("case").Get("valueReference").RefID("Condition"); id != "" {
			out = append(out, Exposure{x.Extension("kind").Get("valueCode").String(), id})
		}
	}
	return out
}

// lineOf writes exposures as the view keeps them, exposuresIn reads them.
func lineOf(list []Exposure) string {
	var b strings.Builder
	for _, e := range list {
		b.WriteString(e.Kind + " " + e.Case + "\n")
	}
	return b.String()
}

func exposuresIn(text string) []Exposure {
	var out []Exposure
	for line := range strings.Lines(text) {
		if kind, report, ok := strings.Cut(strings.TrimSuffix(line, "\n"), " "); ok {
			out = append(out, Exposure{kind, report})
		}
	}
	return out
}

// places are the answers that two cases may share, by kind, folded.
func (l Line) places() map[string]string {
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

// common is what two lines share, the closest kind only; false for nothing.
func common(a, b Line) (string, bool) {
	of := b.places()
	for _, kind := range exposureKinds {
		if v, ok := a.places()[kind]; ok && of[kind] == v {
			return kind, true
		}
	}
	return "", false
}

// shared marks the lines of near that share an exposure with a case of the
// focus, and puts them first.
func shared(focus, near []Line) []Line {
	for i, l := range near {
		for _, f := range focus {
			if kind, ok := common(l, f); ok {
				near[i].Shared = append(near[i].Shared, Exposure{kind, f.Report})
			}
		}
	}
	slices.SortStableFunc(near, func(a, b Line) int { return min(len(b.Shared), 1) - min(len(a.Shared), 1) })
	return near
}

// Pair is two cases of a focus that share an exposure.
type Pair struct {
	Line, With Line
	Kind       string
}

// maxPairs is how many links a page offers.
const maxPairs = 20

// unlinked are the pairs of a focus that share an exposure and are not linked
// yet, each case with the first that it shares something with.
func unlinked(focus []Line) []Pair {
	var out []Pair
	for i, l := range focus {
		for _, f := range focus[:i] {
			kind, ok := common(l, f)
			if !ok || !l.Class.Counts() || !f.Class.Counts() || linked(l, f.Report) || linked(f, l.Report) {
				continue
			}
			out = append(out, Pair{l, f, kind})
			break
		}
	}
	return out[:min(len(out), maxPairs)]
}

func linked(l Line, report string) bool {
	return slices.ContainsFunc(l.Exposed, func(e Exposure) bool { return e.Case == report })
}

// Join writes on the report of a case that it belongs to the focus and, when
// with names one, which case it shares an exposure with. The name of the focus
// stands on the form too, so that the next version of the report keeps it. That
// is a new version of the report, under its own policy.
// A case that no longer counts, because its diagnosis was corrected, is not taken
// in: the new version would make it count again.
// Errors: NotFound; Conflict when the focus is closed or the case belongs to
// another.
func (m *Module) Join(ctx context.Context, a store.Actor, event, report string, with Exposure, key string) error {
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
	if err := m.checkCounts(ctx, a, e, report); err != nil {
		return err
	}
	if err := m.checkWith(ctx, a, e, report, with); err != nil {
		return err
	}
	var c fhir.Condition
	if err := d.Into(&c); err != nil {
		return err
	}
	was := len(c.Extension)
	if r.Focus == "" {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtFocus, ValueString: e.Focus})
	}
	if with.Case != "" && !slices.Contains(exposuresOf(d), with) {
		to := fhir.Ref("Condition", with.Case)
		c.Extension = append(c.Extension, fhir.Extension{URL: extExposure, Extension: []fhir.Extension{{URL: "case", ValueReference: &to}, {URL: "kind", ValueCode: with.Kind}}})
	}
	if len(c.Extension) == was {
		return nil
	}
	doc, err := fhir.New(c)
	if err != nil {
		return err
	}
	var version int64
	if _, err := fmt.Sscan(d.VersionID(), &version); err != nil {
		return fmt.Errorf("version of a case report: %w", err)
	}
	ops := []store.Op{store.Update(doc, version)}
	if id := formOf(d); id != "" && r.Focus == "" {
		op, err := m.amended(ctx, door, id, e.Focus)
		if err != nil {
			return err
		}
		ops = append(ops, op)
	}
	return m.commit(ctx, a, key, "a case joins a focus", ops...)
}

// checkCounts refuses a case that no longer counts.
func (m *Module) checkCounts(ctx context.Context, a store.Actor, e Event, report string) error {
	rows, err := store.List(ctx, m.store.For(a), e.Unit, scanCase, `select `+caseColumns+` from events_case c where c.report = ?`, report)
	if err != nil {
		return fmt.Errorf("class of a case: %w", err)
	}
	if len(rows) == 1 && !rows[0].Class.Counts() {
		return issue.New(issue.NotFound, "events.case.none")
	}
	return nil
}

// checkWith wants the other case to be one of the focus.
func (m *Module) checkWith(ctx context.Context, a store.Actor, e Event, report string, with Exposure) error {
	if with == (Exposure{}) {
		return nil
	}
	cases, err := m.Cases(ctx, a, e)
	if err != nil {
		return err
	}
	if with.Case == report || !slices.Contains(exposureKinds, with.Kind) || !slices.ContainsFunc(cases, func(c Case) bool { return c.Report == with.Case && c.Class.Counts() }) {
		return issue.New(issue.NotFound, "events.case.none")
	}
	return nil
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

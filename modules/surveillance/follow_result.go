// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// applyResult keeps the laboratory's tests for agents of notifiable diseases.
// A positive one that is final is a trigger as a diagnosis is: of a sample that
// nobody has diagnosed yet it begins a draft. So does the diagnosis that an
// expert names in the conclusion of a consultation.
func (m *Module) applyResult(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	is, diseases := resultOf(now)
	entered, since, err := sinceWhen(ctx, tx, c, before, is, diseases)
	if err != nil {
		return err
	}
	had, err := m.forget(ctx, tx, c.ID)
	if err != nil || len(diseases) == 0 && len(had) == 0 && !hasCategory(now, categoryConsultation) {
		return err
	}
	number := sampleNumber(numberOn(now))
	if c.Labels.Patient == "" && number == "" || is.outcome == "" {
		diseases = nil
	}
	if number == "" || is.sample != "" || len(diseases) == 0 {
		number = ""
	} else {
		is.sample = c.Type + "/" + c.ID
	}
	if err := keepNumbers(ctx, tx, c.Type+"/"+c.ID, c.Labels.Patient, number); err != nil {
		return err
	}
	for _, disease := range diseases {
		if err := tx.Exec(ctx, `
			insert into surveillance_result (result, disease, kind, patient, facility, place, at, test, outcome, words, sample, sensitivity, entered)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			c.ID, disease, c.Type, c.Labels.Patient, c.Labels.Facility, int64(m.units.ProvinceOf(m.units.Latest(c.Labels.Unit))), is.at, is.test, is.outcome, is.words, is.sample,
			strings.Join(c.Labels.Sensitivity, " "), entered); err != nil {
			return err
		}
	}
	i := illness{}
	if is.outcome == "positive" && is.final && len(diseases) > 0 && c.Labels.Patient != "" {
		if i, err = m.triggers(ctx, tx, c, now, is, diseases[0], since); err != nil {
			return err
		}
	}
	if i.disease == "" { // one document is one trigger
		if i, err = m.concludes(ctx, tx, c, now); err != nil {
			return err
		}
	}
	had = append(had, i)
	done := map[illness]bool{}
	for _, i := range had {
		if done[i] || i.disease == "" {
			continue
		}
		done[i] = true
		if err := m.redraft(ctx, tx, i); err != nil {
			return err
		}
	}
	return nil
}

// sinceWhen is when the laboratory said what it says now, µs: in the version
// before, when that says the same; and since when the clock of its trigger runs.
func sinceWhen(ctx context.Context, tx store.Tx, c store.Change, before *fhir.Doc, is result, diseases []string) (entered, since int64, err error) {
	if len(diseases) == 0 {
		return 0, 0, nil
	}
	if was, of := resultOf(before); was.outcome != is.outcome || was.final != is.final || !slices.Equal(of, diseases) {
		return c.At.UnixMicro(), c.At.UnixMicro(), nil
	}
	entered, since = c.At.UnixMicro(), c.At.UnixMicro()
	if _, err = tx.Row(ctx, []any{&entered}, `select entered from surveillance_result where result = ? limit 1`, c.ID); err != nil {
		return entered, since, err
	}
	_, err = tx.Row(ctx, []any{&since}, `select since from surveillance_diagnosis where cause = ? and kind <> 'Condition'`, c.ID)
	return entered, since, err
}

// forget takes away what the version before said, and tells whose drafts
// rested on it.
func (m *Module) forget(ctx context.Context, tx store.Tx, result string) ([]illness, error) {
	had, err := illnessesOf(ctx, tx, `cause = ? and kind <> 'Condition'`, result)
	if err != nil {
		return nil, err
	}
	for _, table := range []string{`surveillance_diagnosis where cause = ? and kind <> 'Condition'`, `surveillance_result where result = ?`} {
		if err := tx.Exec(ctx, `delete from `+table, result); err != nil {
			return nil, err
		}
	}
	return had, nil
}

// triggers writes the result as what a draft rests on; no illness when it is
// none. The clock runs since then, or from when the laboratory said it.
func (m *Module) triggers(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc, is result, id string, since int64) (illness, error) {
	disease, ok := m.diseases.ByID(id)
	if !ok || len(disease.ICD) == 0 {
		return illness{}, nil
	}
	if issued := casereport.Instant(now.Get("issued").String()); !issued.IsZero() && issued.Before(c.At) {
		since = issued.UnixMicro()
	}
	i := illness{c.Labels.Patient, disease.ID}
	return i, tx.Exec(ctx, `
		insert into surveillance_diagnosis (cause, kind, encounter, patient, disease, code, words, at, since, sensitivity, draft, facility, place)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?) on conflict do nothing`, // a Condition may have the same id
		c.ID, c.Type, fhir.IDOf(now.Get("encounter", "reference").String()), i.patient, i.disease, disease.ICD[0].From, is.words, is.at, since,
		strings.Join(c.Labels.Sensitivity, " "), c.Labels.Facility, int64(c.Labels.Unit))
}

// categoryConsultation is that of an expert's conclusion (modules/telehealth).
const categoryConsultation = "consultation"

// concludes writes the notifiable diagnosis of an expert's conclusion as what a
// draft rests on: at the facility of the visit, which asked; no illness when it
// names none or is not final.
func (m *Module) concludes(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) (illness, error) {
	if !hasCategory(now, categoryConsultation) || !final(now) || c.Labels.Patient == "" {
		return illness{}, nil
	}
	at := casereport.Instant(cmp.Or(now.Get("issued").String(), now.Get("effectiveDateTime").String()))
	if at.IsZero() {
		at = c.At
	}
	for concept := range now.Each("conclusionCode") {
		for coding := range concept.Each("coding") {
			disease, ok := m.diseases.For(coding.Get("code").String(), vn.DateOf(at))
			if !ok || !strings.HasPrefix(coding.Get("system").String(), fhir.ICD10) {
				continue
			}
			i, encounter, facility, place := illness{c.Labels.Patient, disease.ID}, fhir.IDOf(now.Get("encounter", "reference").String()), "", int64(0)
			if encounter == "" {
				facility, place = c.Labels.Facility, int64(c.Labels.Unit)
			}
			return i, tx.Exec(ctx, `
				insert into surveillance_diagnosis (cause, kind, encounter, patient, disease, code, words, at, since, sensitivity, draft, facility, place)
				values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, ?) on conflict do nothing`,
				c.ID, c.Type, encounter, i.patient, i.disease, coding.Get("code").String(), wordsOf(concept),
				at.UnixMicro(), at.UnixMicro(), strings.Join(c.Labels.Sensitivity, " "), facility, place)
		}
	}
	return illness{}, nil
}

// final reports whether who wrote a result stands by it.
func final(d *fhir.Doc) bool {
	return slices.Contains([]string{"final", "amended", "corrected"}, d.Get("status").String())
}

// result is what a laboratory says of a sample.
type result struct {
	at      int64  // sample taken, µs
	test    string // code of the case form; "" = the name does not say
	outcome string // positive, negative, doubtful, pending; "" = none of them
	words   string // name and answer, as written
	sample  string // Specimen id
	final   bool
}

// resultOf reads a laboratory result and lists the diseases it speaks of; nil
// for all others and for what was cancelled or entered in error.
func resultOf(d *fhir.Doc) (result, []string) {
	if d == nil || !laboratory(d) {
		return result{}, nil
	}
	status := d.Get("status").String()
	name := wordsOf(d.Get("code"))
	diseases := content.TestedFor(name)
	at := casereport.Instant(d.Get("effectiveDateTime").String())
	if at.IsZero() {
		at = casereport.Instant(d.Get("issued").String())
	}
	if len(diseases) == 0 || at.IsZero() || status == "cancelled" || status == "entered-in-error" {
		return result{}, nil
	}
	r := result{at: at.UnixMicro(), test: content.TestKind(name + " " + wordsOf(d.Get("method"))), sample: d.Get("specimen").RefID("Specimen"), final: final(d)}
	answer := saidBy(d)
	if r.outcome = content.TestResult(answer); r.outcome == "" && (status == "registered" || status == "preliminary" || status == "partial") {
		r.outcome = "pending"
	}
	if r.sample == "" {
		r.sample = d.Get("specimen", "0").RefID("Specimen")
	}
	r.words = strings.Trim(name+": "+strings.ReplaceAll(answer, " . ", " "), ": .")
	return r, diseases
}

// laboratory reports whether the resource is a laboratory's.
func laboratory(d *fhir.Doc) bool {
	for c := range d.Each("category") {
		for coding := range c.Each("coding") {
			if code := coding.Get("code").String(); code == "laboratory" || code == "LAB" {
				return true
			}
		}
	}
	return false
}

// saidBy is all that the result says, in words and codes.
func saidBy(d *fhir.Doc) string {
	var said []string
	for _, words := range []string{d.Get("valueString").String(), d.Get("conclusion").String()} {
		if words != "" {
			said = append(said, words)
		}
	}
	for _, member := range []string{"valueCodeableConcept", "interpretation", "conclusionCode"} {
		for c := range d.Each(member) {
			said = append(said, wordsOf(c))
		}
	}
	return strings.Join(said, " . ")
}

// classOf proposes what a test makes of the case; "" when no rule speaks.
// onset is vn.ZeroDate when it is not known.
func classOf(disease, test, outcome string, sampled, onset vn.Date) casereport.Class {
	days := -1
	if sampled.Known() && onset.Known() && sampled >= onset {
		days = int(sampled - onset)
	}
	rule, ok := content.LabClass(disease, test, outcome, days)
	if !ok {
		return ""
	}
	return casereport.Class(rule.Class)
}

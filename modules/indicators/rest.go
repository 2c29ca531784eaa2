// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"context"
	"strings"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// resting is what an item says about the diagnosis it rests on. A case report
// that is suspect or probable stands on the diagnosis that triggered it: when
// that is corrected to another disease than the report's the report is held, until
// somebody updates it or the diagnosis is put back. Surveillance counts by the same
// rule.
type resting struct {
	cause string // Condition id; "" = rests on none
	own   string // disease that the report names, [noDisease] for none; "" = rests on nothing
	said  string // disease of the cause when the report was written, [noDisease] for none; "" = unchanged since
	held  int64  // 1 = does not count now
}

// causeOf is the diagnosis that an unconfirmed case report rests on.
func causeOf(doc *fhir.Doc) string {
	if doc == nil || doc.Type() != "Condition" {
		return ""
	}
	switch doc.Get("verificationStatus", "coding", "code").String() {
	case "provisional", "differential", "unconfirmed":
	default:
		return ""
	}
	for e := range doc.Each("evidence") {
		for d := range e.Each("detail") {
			if id, ok := strings.CutPrefix(d.Get("reference").String(), "Condition/"); ok {
				return id
			}
		}
	}
	return ""
}

// noDisease is what a diagnosis says that names nothing notifiable, was refuted
// or entered in error, or is gone.
const noDisease = "-"

// disease is the notifiable disease that a diagnosis of a visit names. at is
// when the version was written.
func (m *Module) disease(doc *fhir.Doc, at time.Time) string {
	if doc == nil || doc.Get("category", "coding", "code").String() != "encounter-diagnosis" {
		return noDisease
	}
	switch doc.Get("verificationStatus", "coding", "code").String() {
	case "refuted", "entered-in-error":
		return noDisease
	}
	return m.named(doc, at)
}

// named is the notifiable disease of a diagnosis or report, by its ICD-10 code.
func (m *Module) named(doc *fhir.Doc, at time.Time) string {
	on, ok := dayOf(doc.Get("recordedDate").String())
	if !ok {
		on = vn.DateOf(at)
	}
	for coding := range doc.Root().Get("code").Each("coding") {
		if strings.HasPrefix(coding.Get("system").String(), fhir.ICD10) {
			if d, ok := m.diseases.For(coding.Get("code").String(), on); ok {
				return d.ID
			}
			break
		}
	}
	return noDisease
}

// recheck holds or frees what rests on a diagnosis after it changed.
func (m *Module) recheck(ctx context.Context, tx store.Tx, cause, now, before string) error {
	type row struct {
		resource, indicator string
		item
	}
	var rows []row
	err := tx.Rows(ctx, `
		select resource, indicator, `+itemColumns+` from indicators_item where cause = ? order by resource, indicator`,
		[]any{cause}, func(scan func(...any) error) error {
			var r row
			err := scan(append([]any{&r.resource, &r.indicator}, r.fields()...)...)
			rows = append(rows, r)
			return err
		})
	if err != nil {
		return err
	}
	for _, r := range rows {
		next := r.item
		if next.said == "" {
			next.said = before
		}
		next.held = 0
		if now != next.said && now != next.own {
			next.held = 1
		}
		f, ok := m.fold(r.indicator)
		if next == r.item || !ok {
			continue
		}
		if err := m.remove(ctx, tx, &f, r.resource, r.item); err != nil {
			return err
		}
		if err := m.put(ctx, tx, &f, r.resource, next); err != nil {
			return err
		}
	}
	return nil
}

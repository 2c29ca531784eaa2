// SPDX-License-Identifier: Apache-2.0

package book

import (
	"context"
	"embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

//go:embed tables/*.sql
var tables embed.FS

// Follower keeps the book.
func (m *Module) Follower() store.Follower {
	return store.Follower{
		Name: "book", Version: 2, Tables: store.Tables(tables, "tables"), Apply: apply,
		Types: []string{
			"Organization", "Encounter", "Condition", "MedicationRequest", "CarePlan", "Appointment",
			"Observation", "Immunization", "DiagnosticReport",
		},
	}
}

// event is one fact of the book.
type event struct {
	encounter, kind, code, words, facility string
	at                                     int64
}

func apply(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	if c.Type == "Organization" {
		if err := tx.Exec(ctx, `delete from book_place where facility = ?`, c.ID); err != nil || now == nil {
			return err
		}
		return tx.Exec(ctx, `insert into book_place (facility, name) values (?, ?)`, c.ID, now.Get("name").String())
	}
	ref := c.Type + "/" + c.ID
	if before != nil { // else there is nothing to replace
		if err := tx.Exec(ctx, `delete from book_event where resource = ? or (resource > ? and resource < ?)`, ref, ref+"#", ref+"$"); err != nil {
			return err
		}
	}
	if now == nil {
		return nil
	}
	for i, e := range eventsOf(now) {
		resource := ref
		if i > 0 {
			resource = fmt.Sprintf("%s#%d", ref, i)
		}
		if err := tx.Exec(ctx, `
			insert into book_event (resource, patient, encounter, kind, code, words, facility, at, sensitivity)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			resource, c.Labels.Patient, e.encounter, e.kind, e.code, e.words, e.facility, e.at,
			strings.Join(c.Labels.Sensitivity, " ")); err != nil {
			return err
		}
	}
	return nil
}

// unfit are states in which a resource is no fact.
var unfit = []string{
	"entered-in-error", "cancelled", "noshow", "refuted", "draft", "preliminary", "partial", "registered", "not-done",
	"revoked", "provisional",
}

// eventsOf lists what a resource adds to the book; nil when nothing.
func eventsOf(d *fhir.Doc) []event {
	status := d.Get("status").String()
	if d.Type() == "Condition" {
		status = d.Get("verificationStatus", "coding", "code").String()
	}
	if slices.Contains(unfit, status) {
		return nil
	}
	e := event{encounter: fhir.IDOf(d.Get("encounter", "reference").String())}
	switch d.Type() {
	case "Encounter":
		if status != "finished" {
			return nil
		}
		e.encounter, e.kind, e.words = d.ID(), "visit", d.Get("reasonCode", "text").String()
		e.facility, e.at = fhir.IDOf(d.Get("serviceProvider", "reference").String()), instant(d.Get("period", "start").String())
	case "Condition":
		if d.Get("category", "coding", "code").String() != "encounter-diagnosis" {
			return nil
		}
		e.kind, e.code, e.words = "diagnosis", d.Get("code", "coding", "code").String(), concept(d.Get("code"))
		e.at = instant(d.Get("recordedDate").String())
	case "MedicationRequest":
		e.kind, e.words = "medicine", concept(d.Get("medicationCodeableConcept"))
		if dose := d.Get("dosageInstruction", "text").String(); dose != "" {
			e.words += " — " + dose
		}
		e.at = instant(d.Get("authoredOn").String())
	case "CarePlan":
		e.kind, e.words, e.at = "advice", d.Get("description").String(), instant(d.Get("created").String())
	case "Appointment":
		e.kind, e.encounter = "follow-up", fhir.IDOf(d.Get("supportingInformation", "reference").String())
		if e.at = instant(d.Get("start").String()); e.at == 0 {
			return nil // asked for, no day given yet
		}
	case "Observation":
		return measures(d, e.encounter)
	case "Immunization":
		e.kind, e.code, e.words = "dose", d.Get("vaccineCode", "coding", "code").String(), concept(d.Get("vaccineCode"))
		e.at = instant(d.Get("occurrenceDateTime").String())
	case "DiagnosticReport":
		e.kind, e.words, e.at = "conclusion", d.Get("conclusion").String(), instant(d.Get("issued").String())
	}
	return []event{e}
}

// measures lists the values of an Observation, one an event.
func measures(d *fhir.Doc, encounter string) []event {
	var out []event
	at := instant(d.Get("effectiveDateTime").String())
	add := func(n fhir.Node) {
		value := n.Get("valueQuantity", "value").String()
		if value == "" {
			return
		}
		out = append(out, event{
			encounter: encounter, kind: "measure", code: n.Get("code", "coding", "code").String(),
			words: value + " " + n.Get("valueQuantity", "unit").String(), at: at,
		})
	}
	add(d.Root())
	for component := range d.Each("component") {
		add(component)
	}
	return out
}

func concept(n fhir.Node) string {
	if text := n.Get("text").String(); text != "" {
		return text
	}
	return n.Get("coding", "display").String()
}

// instant reads a FHIR dateTime as µs since 1970, a bare date as its start in
// Viet Nam; 0 when there is none.
func instant(s string) int64 {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t.UnixMicro()
	}
	if p, err := vn.ParsePartialDate(s); err == nil && p.Known() {
		return time.Date(p.Year, max(p.Month, 1), max(p.Day, 1), 0, 0, 0, 0, vn.Zone).UnixMicro()
	}
	return 0
}

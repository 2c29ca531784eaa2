// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"strings"
	"unicode"

	"mach/fhir"
	"mach/store"
)

// shortest is how many letters and digits a sample's number has at least to be
// held against others: what is shorter is a running number of somebody's day.
const shortest = 6

// sampleNumber is a number as it is compared: however it was spaced and dashed;
// "" when it is too short to mean one sample.
func sampleNumber(text string) string {
	n := strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
		return -1
	}, text)
	if len(n) < shortest {
		return ""
	}
	return n
}

// applySample keeps the numbers of a Specimen.
func (m *Module) applySample(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	var numbers []string
	if now != nil && now.Get("status").String() != "entered-in-error" {
		numbers = append(numbers, now.Get("accessionIdentifier", "value").String())
		for i := range now.Each("identifier") {
			numbers = append(numbers, i.Get("value").String())
		}
	}
	return keepNumbers(ctx, tx, c.ID, c.Labels.Patient, numbers...)
}

// keepNumbers replaces the numbers that a source says of a person's sample.
func keepNumbers(ctx context.Context, tx store.Tx, source, patient string, numbers ...string) error {
	if err := tx.Exec(ctx, `delete from surveillance_sample where source = ?`, source); err != nil {
		return err
	}
	for _, n := range numbers {
		if n = sampleNumber(n); n == "" {
			continue
		}
		if err := tx.Exec(ctx, `insert into surveillance_sample (source, number, patient) values (?, ?, ?) on conflict do nothing`, source, n, patient); err != nil {
			return err
		}
	}
	return nil
}

// numberOn is the number of the sample that a result names without a Specimen.
func numberOn(d *fhir.Doc) string {
	if d == nil {
		return ""
	}
	if n := d.Get("specimen", "identifier", "value").String(); n != "" {
		return n
	}
	return d.Get("specimen", "0", "identifier", "value").String()
}

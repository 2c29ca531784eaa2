// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// doses takes an immunisation list in, one commit a row. The person must be
// known: by number, else by name and day of birth, and then be the only one. A
// dose that is on record stays as it is, also when it was struck out since.
func (r *run) doses(ctx context.Context, l *list) error {
	for _, row := range l.rows {
		r.totals.Read++
		dose, found, err := r.dose(ctx, row)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			if err := r.refuseRow(row, found); err != nil {
				return err
			}
			continue
		}
		_, taken, err := r.there(ctx, "Immunization", dose.ID)
		if err != nil {
			return err
		}
		if taken {
			r.totals.Unchanged++
			continue
		}
		doc, err := fhir.New(dose)
		if err != nil {
			return err
		}
		if err := r.rows(ctx, []store.Op{store.Create(doc)}, []*member{{row: row}}); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) dose(ctx context.Context, row listRow) (fhir.Immunization, []issue.Issue, error) {
	p := problems{row: row}
	given, err := date(row.get("given"))
	if err == nil && !given.Full() {
		err = issue.New(issue.Required, "intake.list.given")
	}
	p.add(err, "given")
	vaccine := strings.Join(strings.Fields(row.get("vaccine")), " ")
	if vaccine == "" {
		p.add(issue.New(issue.Required, "intake.list.vaccine"), "vaccine")
	}
	patient, err := r.person(ctx, row, &p)
	if err != nil {
		return fhir.Immunization{}, nil, err
	}
	primary := false
	dose := fhir.Immunization{
		Status: "completed", VaccineCode: fhir.CodeableConcept{Text: vaccine}, Patient: fhir.Ref("Patient", patient),
		OccurrenceDateTime: given.String(), PrimarySource: &primary, LotNumber: row.get("lot"),
		ID: fixedID("dose", patient, vn.Fold(vaccine), given.String()),
	}
	if text := row.get("dose"); text != "" {
		n, err := strconv.Atoi(strings.TrimPrefix(vn.Fold(text), "mui "))
		if err != nil || n < 1 || n > 20 {
			p.add(issue.New(issue.Value, "intake.list.dose", text), "dose")
		} else {
			dose.ProtocolApplied = []fhir.ProtocolApplied{{DoseNumberPositiveInt: n}}
		}
	}
	return dose, p.list, nil
}

// person finds whose dose it is.
func (r *run) person(ctx context.Context, row listRow, p *problems) (string, error) {
	var params [][2]string
	column := "name"
	if text := row.get("number"); text != "" {
		id, err := number(text)
		if err != nil {
			p.add(err, "number")
			return "", nil
		}
		column, params = "number", [][2]string{{"identifier", fhir.IDPersonal + "|" + id}}
	} else {
		name, birthText := vn.NormalName(row.get("name")), row.get("birth")
		birth, err := date(birthText)
		if err == nil && (name == "" || !birth.Full()) {
			err = issue.New(issue.Required, "intake.list.identity")
		}
		if err != nil {
			p.add(err, "birth")
			return "", nil
		}
		params = [][2]string{{"name:exact", escape(name)}, {"birthdate", birth.String()}}
	}
	id, err := r.one(ctx, "Patient", params...)
	if err != nil && !isIssue(err) {
		return "", err
	}
	p.add(err, column)
	return id, nil
}

// escape writes a text as a search value.
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `|`, `\|`, `$`, `\$`).Replace(s)
}

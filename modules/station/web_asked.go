// SPDX-License-Identifier: Apache-2.0

package station

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
)

// askedData is the group of these questions in the doctor's form.
type askedData struct {
	Form      *web.Form
	Disease   content.Disease
	Questions []casereport.Asked
	Open      bool // there is something to ask
	At        string
}

// asks is what the diagnoses in the form ask for: the questions of the first
// notifiable one.
func (m *Module) asks(f *web.Form, at string, patient *fhir.Doc) askedData {
	p := askedData{Form: f, At: at}
	for i := range mostLines {
		code, _, _ := strings.Cut(f.Get(fmt.Sprintf("diagnosis%d", i+1)), " ")
		if code == "" {
			continue
		}
		if p.Disease, p.Questions, p.Open = casereport.AskedAt(strings.ToUpper(code), m.today(), m.diseases, patient); p.Open {
			break
		}
	}
	return p
}

// askedPart answers what is typed as a diagnosis with the questions it brings.
// Those that are shown already stay, with what was typed into them. It is posted,
// so that no address holds what somebody may be ill of.
func (m *Module) askedPart(w http.ResponseWriter, r *http.Request) error {
	q, at := web.ParseForm(r), r.PathValue("id")
	if err := q.Err(); err != nil {
		return err
	}
	var typed []string
	for i := range mostLines {
		name := fmt.Sprintf("diagnosis%d", i+1)
		typed = append(typed, name, q.Get(name))
	}
	f := web.Blank(r, typed...)
	if p := m.asks(f, "", nil); p.Disease.ID == q.Get("asked") { // the record is read for news only
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	_, patient, err := m.patientOf(r, at)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, askedGroup(m.asks(f, at, patient)))
}

// patientOf reads a visit and its person.
func (m *Module) patientOf(r *http.Request, encounter string) (Visit, *fhir.Doc, error) {
	ctx, a := r.Context(), web.Actor(r)
	v, err := m.Visit(ctx, a, encounter)
	if err != nil {
		return v, nil, err
	}
	d, err := m.store.For(a).Read(ctx, "Patient", v.Patient)
	return v, d, err
}

// readAsked reads the answers; nobody has to give any.
func (m *Module) readAsked(f *web.Form) Asked {
	out := Asked{Onset: f.Date("onset"), Answers: map[string]string{}}
	if out.Onset.Known() && out.Onset > m.today() {
		f.Fail("onset", issue.BusinessRule, "surveillance.form.future")
	}
	for _, q := range m.asks(f, "", nil).Questions {
		answer := ""
		if q.Options != nil {
			answer = f.Choice(q.ID, q.Options...)
		} else {
			answer = f.Text(q.ID, 300)
		}
		if answer != "" && strings.HasSuffix(q.ID, "phone") {
			p, err := vn.ParsePhone(answer)
			for _, i := range issue.Of(err) {
				f.Fail(q.ID, i.Code, i.Key, i.Args...)
			}
			answer = p.National()
		}
		out.Answers[q.ID] = answer
	}
	return out
}

func askedOptions(ctx context.Context, q casereport.Asked) []field.Option {
	var out []field.Option
	for _, i := range q.Items {
		out = append(out, field.Option{Value: i.Code, Text: i.Name.In(web.LangOf(ctx))})
	}
	if out != nil {
		return out
	}
	for _, code := range q.Options {
		out = append(out, field.Option{Value: code, Text: web.T(ctx, "surveillance.answer."+code)})
	}
	return out
}

func shortOf(p field.Props) field.Props {
	p.Short = true
	return p
}

// hinted tells how to say "no" in words.
func hinted(ctx context.Context, p field.Props) field.Props {
	if p.Name == "travel" {
		p.Hint = web.T(ctx, "station.asked.none")
	}
	return p
}

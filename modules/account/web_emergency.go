// SPDX-License-Identifier: Apache-2.0

package account

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/i18n"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// emergencyData is the page before the glass.
type emergencyData struct {
	Find   *web.Form
	Break  *web.Form
	Found  []Stranger
	Sought bool
	Chosen string // Patient id the reason is asked for
	Open   []access.Glass
}

func (m *Module) emergencyPage(w http.ResponseWriter, r *http.Request) error {
	d := emergencyData{Find: web.Blank(r), Break: web.Blank(r), Chosen: r.URL.Query().Get("nguoi")}
	return m.showEmergency(w, r, d)
}

func (m *Module) showEmergency(w http.ResponseWriter, r *http.Request, d emergencyData) error {
	mine, err := m.access.Emergency.Mine(r.Context(), web.Actor(r), 20)
	if err != nil {
		return err
	}
	for _, g := range mine {
		if g.OpenAt(m.now()) {
			d.Open = append(d.Open, g)
		}
	}
	if !d.Find.OK() || !d.Break.OK() {
		return web.Refuse(w, r, emergencyPage(d))
	}
	return web.Render(w, r, emergencyPage(d))
}

// findStranger looks somebody up by full number and birth year. It is a POST
// so that no number stands in an address.
func (m *Module) findStranger(w http.ResponseWriter, r *http.Request) error {
	d := emergencyData{Find: web.ParseForm(r), Break: web.Blank(r)}
	var err error
	if d.Found, d.Sought, err = m.seek(r, d.Find); err != nil {
		return err
	}
	return m.showEmergency(w, r, d)
}

// seek looks up the number and birth year of a form. sought is false when the
// form is not right.
func (m *Module) seek(r *http.Request, f *web.Form) (found []Stranger, sought bool, err error) {
	number, err := vn.ParsePersonalID(f.Required("number"))
	if f.OK() {
		if err := take(f, err); err != nil {
			return nil, false, err
		}
	}
	f.Required("year")
	year, _ := f.Int("year", 1880, web.Today(r).Year())
	if !f.OK() {
		return nil, false, nil
	}
	found, err = m.identify(r.Context(), web.Actor(r), number, year)
	return found, true, err
}

func (m *Module) breakGlass(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	patient := f.Get("patient")
	g, err := m.access.Emergency.Break(r.Context(), web.Actor(r), patient, f.Get("reason"))
	if err == nil {
		return web.Redirect(w, r, "/tai-khoan/khan-cap/"+g.ID)
	}
	if err := take(f, err); err != nil {
		return err
	}
	return m.showEmergency(w, r, emergencyData{Find: web.Blank(r), Break: f, Chosen: patient})
}

// glassData is what an emergency opens.
type glassData struct {
	Glass    access.Glass
	Open     bool
	Name     string
	Sex      string
	Birth    string
	Sections []section
	Form     *web.Form
}

// section is one part of the record.
type section struct {
	Type  string
	Lines []line
}

// line is one entry: when and what.
type line struct{ On, Text string }

func (m *Module) glassPage(w http.ResponseWriter, r *http.Request) error {
	d, err := m.glass(r)
	if err != nil {
		return err
	}
	d.Form = web.Blank(r)
	return web.Render(w, r, glassPage(d))
}

func (m *Module) glass(r *http.Request) (d glassData, err error) {
	ctx, a := r.Context(), web.Actor(r)
	if d.Glass, err = m.access.Emergency.Open(ctx, a, r.PathValue("id")); err != nil {
		return d, err
	}
	if d.Open = d.Glass.OpenAt(m.now()); !d.Open {
		return d, nil
	}
	door := m.store.For(m.access.Emergency.As(a))
	who, err := door.Read(ctx, "Patient", d.Glass.Patient)
	if err != nil {
		return d, err
	}
	d.Name, d.Sex, d.Birth = who.Get("name", "text").String(), who.Get("gender").String(), who.Get("birthDate").String()
	types := summaryTypes
	if d.Glass.FullReason != "" {
		types = fullTypes
	}
	for _, typ := range types {
		s, err := readSection(ctx, door, typ, d.Glass.Patient)
		if err != nil {
			return d, err
		}
		d.Sections = append(d.Sections, s)
	}
	return d, nil
}

// What is shown, most vital first. The policy decides; these only ask.
var (
	summaryTypes = []string{"AllergyIntolerance", "Flag", "Condition", "MedicationRequest", "MedicationStatement", "Immunization"}
	fullTypes    = append(summaryTypes[:len(summaryTypes):len(summaryTypes)], "Encounter", "Observation", "DiagnosticReport", "Procedure")
)

func readSection(ctx context.Context, door store.Door, typ, patient string) (section, error) {
	page, err := door.Search(ctx, store.Query{Type: typ, Params: [][2]string{{"patient", patient}, {"_sort", "-_lastUpdated"}}, Count: 50})
	if err != nil {
		return section{}, err
	}
	s := section{Type: typ}
	for _, d := range page.Docs {
		s.Lines = append(s.Lines, line{On: when(d), Text: what(d, web.LangOf(ctx))})
	}
	return s, nil
}

// when is the day of an entry as the resource writes it.
func when(d *fhir.Doc) string {
	for _, path := range [][]string{{"recordedDate"}, {"effectiveDateTime"}, {"authoredOn"}, {"occurrenceDateTime"}, {"period", "start"}, {"performedDateTime"}, {"onsetDateTime"}} {
		if s := d.Get(path...).String(); s != "" {
			return s[:min(len(s), 10)]
		}
	}
	return ""
}

// what is an entry in its author's words, else by its code; a measurement of the
// station in the reader's words, with its value.
func what(d *fhir.Doc, lang i18n.Lang) string {
	text := ""
	for _, member := range []string{"code", "medicationCodeableConcept", "vaccineCode", "reasonCode"} {
		text = cmp.Or(text, named(d.Get(member), lang))
	}
	if v := quantity(d.Root(), lang); v != "" {
		text += ": " + v
	}
	for c := range d.Each("component") { // blood pressure
		text += "; " + named(c.Get("code"), lang) + " " + quantity(c, lang)
	}
	if dose := d.Get("dosageInstruction", "text").String(); dose != "" {
		text += ", " + dose
	}
	return text
}

func named(concept fhir.Node, lang i18n.Lang) string {
	if v, ok := content.VitalOf(concept.Code(fhir.LOINC)); ok {
		return v.Name.In(lang)
	}
	return cmp.Or(concept.Get("text").String(), concept.Get("coding", "display").String(), concept.Get("coding", "code").String())
}

func quantity(n fhir.Node, lang i18n.Lang) string {
	v := n.Get("valueQuantity")
	if !v.Exists() {
		return ""
	}
	_, digits, _ := strings.Cut(v.Get("value").Raw(), ".")
	return i18n.Quantity(lang, v.Get("value").Float(), len(digits), content.UnitWord(n.Get("code").Code(fhir.LOINC), v.Get("unit").String(), lang))
}

func (m *Module) openFull(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	id := r.PathValue("id")
	_, err := m.access.Emergency.Full(r.Context(), web.Actor(r), id, f.Get("reason"))
	if err == nil {
		return web.Redirect(w, r, "/tai-khoan/khan-cap/"+id)
	}
	if err := take(f, err); err != nil {
		return err
	}
	d, err := m.glass(r)
	if err != nil {
		return err
	}
	d.Form = f
	return web.Refuse(w, r, glassPage(d))
}

// reviewData is one glass before its reviewer.
type reviewData struct {
	Glass access.Glass
	Lines []store.Access // what was opened with it
	Form  *web.Form
}

// crowdPage lists the accounts that were shown very many persons by the FHIR
// interface.
func (m *Module) crowdPage(w http.ResponseWriter, r *http.Request) error {
	list, err := m.access.Crowd.List(r.Context(), web.Actor(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, crowdPage(list))
}

func (m *Module) reviewPage(w http.ResponseWriter, r *http.Request) error {
	queue, err := m.access.Emergency.Queue(r.Context(), web.Actor(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, reviewPage(queue))
}

func (m *Module) reviewOne(w http.ResponseWriter, r *http.Request) error {
	d, err := m.toReview(r)
	if err != nil {
		return err
	}
	d.Form = web.Blank(r)
	return web.Render(w, r, reviewOnePage(d))
}

func (m *Module) toReview(r *http.Request) (d reviewData, err error) {
	ctx, a := r.Context(), web.Actor(r)
	if d.Glass, err = m.access.Emergency.ToReview(ctx, a, r.PathValue("id")); err != nil {
		return d, err
	}
	if !d.Glass.Reviewed.IsZero() {
		return d, nil
	}
	lines, err := m.store.For(a).AccessLog(ctx, d.Glass.Patient, d.Glass.To, 500)
	if err != nil {
		return d, err
	}
	for _, l := range lines {
		if l.Actor == d.Glass.Account && l.Purpose == store.Emergency && !l.At.Before(d.Glass.From) {
			d.Lines = append(d.Lines, l)
		}
	}
	return d, nil
}

func (m *Module) review(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	if err := take(f, m.access.Emergency.Review(r.Context(), web.Actor(r), r.PathValue("id"), f.Get("verdict"), f.Get("note"))); err != nil {
		return err
	}
	if !f.OK() {
		d, err := m.toReview(r)
		if err != nil {
			return err
		}
		d.Form = f
		return web.Refuse(w, r, reviewOnePage(d))
	}
	web.Flash(w, r, "account.review.done")
	return web.Redirect(w, r, "/tai-khoan/ra-soat")
}

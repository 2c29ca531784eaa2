// SPDX-License-Identifier: Apache-2.0

package station

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/vn"
	"mach/web"
)

// visitData is the page of one visit.
type visitData struct {
	Visit
	Person   Person
	Last     map[string]Measure
	Measures *web.Form
	Exam     *web.Form
	Dangers  []string
	Examines bool // the reader writes the doctor's part
	Lines    int  // empty diagnosis and medicine lines shown
	Asks     askedData
	patient  *fhir.Doc
}

func (m *Module) visitData(r *http.Request) (visitData, error) {
	ctx, a := r.Context(), web.Actor(r)
	v, person, err := m.patientOf(r, r.PathValue("id"))
	if err != nil {
		return visitData{}, err
	}
	if err := m.name(ctx, a, &v.Who); err != nil {
		return visitData{}, err
	}
	last, err := m.Last(ctx, a, v.Patient, v.ID)
	if err != nil {
		return visitData{}, err
	}
	dangers, err := m.dangers(ctx, a, v.Patient)
	if err != nil {
		return visitData{}, err
	}
	p := visitData{
		Visit: v, Dangers: dangers, Person: personOf(person, m.units), Last: last, Examines: mayExamine(a.Role),
		Measures: web.Blank(r), Exam: web.Blank(r, examValues(v)...),
	}
	p.Asks, p.patient = m.asks(p.Exam, v.ID, person), person
	return p, nil
}

// lines is how many lines the form of diagnoses and of medicines has at least.
const lines = 3

// mostLines bounds what a form may send.
const mostLines = 50

// linesOf is how many lines are shown for what is written: one empty beyond.
func linesOf(filled int) int { return max(lines, filled+1) }

// filled is how many lines of a field hold something, counted to the last.
func filled(f *web.Form, field string) int {
	n := 0
	for i := range mostLines {
		if f.Get(fmt.Sprintf("%s%d", field, i+1)) != "" {
			n = i + 1
		}
	}
	return n
}

// examValues is what the doctor wrote so far, for the form. Measurements are
// never among it: those are taken, not copied.
func examValues(v Visit) []string {
	out := []string{"reason", v.Reason, "advice", v.Advice, "version", strconv.FormatInt(v.Version, 10)}
	for i, d := range v.Diagnoses {
		out = append(out, fmt.Sprintf("diagnosis%d", i+1), label(d))
	}
	for i, x := range v.Medicines {
		out = append(out, fmt.Sprintf("medicine%d", i+1), x.Name, fmt.Sprintf("dose%d", i+1), x.Dose)
	}
	if v.FollowUp.Known() {
		out = append(out, "follow_up", v.FollowUp.String())
	}
	return append(out, v.Asked.values()...)
}

func label(d Diagnosis) string { return strings.TrimSpace(d.Code + " " + d.Words) }

func (m *Module) visitPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.visitData(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, visitPage(p))
}

func (m *Module) measure(w http.ResponseWriter, r *http.Request) error {
	f, values := web.ParseForm(r), Vitals{}
	for _, kind := range vitals {
		if v, ok := f.Decimal(kind.Field, kind.Min, kind.Max); ok {
			values[kind.Field] = v
		}
	}
	upper, sys := values["systolic"]
	lower, dia := values["diastolic"]
	switch {
	case sys != dia:
		f.Fail("systolic", issue.Required, "station.vitals.pair")
	case sys && upper <= lower:
		f.Fail("systolic", issue.BusinessRule, "station.vitals.order")
	}
	id := r.PathValue("id")
	if f.OK() {
		if err := f.Add(m.Measure(r.Context(), web.Actor(r), id, web.OnceKey(r), values)); err != nil {
			return err
		}
	}
	if !f.OK() {
		return m.refuse(w, r, func(p *visitData) { p.Measures = f })
	}
	web.Flash(w, r, "station.measured")
	return web.Redirect(w, r, "/tram/luot-kham/"+url.PathEscape(id))
}

// refuse shows the visit again with one of its forms as it was typed.
func (m *Module) refuse(w http.ResponseWriter, r *http.Request, put func(*visitData)) error {
	p, err := m.visitData(r)
	if err != nil {
		return err
	}
	put(&p)
	return web.Refuse(w, r, visitPage(p))
}

// examine saves the doctor's part and, when asked, signs.
func (m *Module) examine(w http.ResponseWriter, r *http.Request) error {
	f, ctx, a, id := web.ParseForm(r), r.Context(), web.Actor(r), r.PathValue("id")
	e := m.examOf(f)
	version, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil {
		f.Fail("", issue.Invalid, "station.visit.version")
	}
	sign := f.Get("act") != "save"
	write := m.Examine
	if sign {
		write = m.Sign
	}
	if f.OK() {
		if err := f.Add(write(ctx, a, id, version, web.OnceKey(r), e)); err != nil {
			return err
		}
	}
	if !f.OK() {
		return m.refuse(w, r, func(p *visitData) {
			f.Set("version", strconv.FormatInt(p.Version, 10))
			p.Exam, p.Asks = f, m.asks(f, p.ID, p.patient)
		})
	}
	if sign {
		web.Flash(w, r, "station.signed")
	} else {
		web.Flash(w, r, "station.saved")
	}
	return web.Redirect(w, r, "/tram/luot-kham/"+url.PathEscape(id))
}

func (m *Module) examOf(f *web.Form) Exam {
	e := Exam{Reason: f.Text("reason", 1000), Advice: f.Text("advice", 2000), FollowUp: f.Date("follow_up"), Asked: m.readAsked(f)}
	for i := range mostLines {
		name := fmt.Sprintf("diagnosis%d", i+1)
		if d, ok := m.diagnosisOf(f, name); ok {
			e.Diagnoses = append(e.Diagnoses, d)
		}
		if drug := f.Text(fmt.Sprintf("medicine%d", i+1), 200); drug != "" {
			e.Medicines = append(e.Medicines, Medicine{drug, f.Text(fmt.Sprintf("dose%d", i+1), 300)})
		}
	}
	if e.FollowUp.Known() && e.FollowUp <= m.today() {
		f.Fail("follow_up", issue.Value, "station.follow_up.past")
	}
	return e
}

// diagnosisOf reads "A97.0 Sốt xuất huyết", a code alone, or words that name
// exactly one diagnosis of the station's list.
func (m *Module) diagnosisOf(f *web.Form, name string) (Diagnosis, bool) {
	text := f.Text(name, 200)
	if text == "" {
		return Diagnosis{}, false
	}
	code, rest, _ := strings.Cut(text, " ")
	code = strings.ToUpper(code)
	if d, ok := m.diagnoses.ByCode(code); ok {
		if rest == "" {
			rest = d.Name.Vi
		}
		if other, ok := m.another(d, rest); ok {
			f.Fail(name, issue.BusinessRule, "station.diagnosis.differs", d.Code, d.Name.Vi, other.Code, other.Name.Vi)
			return Diagnosis{}, false
		}
		return Diagnosis{d.Code, rest}, true
	}
	if found := m.diagnoses.Search(text, 2); len(found) == 1 || len(found) > 1 && vn.Fold(found[0].Name.Vi) == vn.Fold(text) {
		return Diagnosis{found[0].Code, found[0].Name.Vi}, true
	}
	f.Fail(name, issue.CodeInvalid, "station.diagnosis.unknown", text)
	return Diagnosis{}, false
}

// another reports whether the words beside a code name another diagnosis of the
// list, of another category: one of the two is a slip. Words of one's own may
// say more than the list.
func (m *Module) another(d content.Diagnosis, words string) (content.Diagnosis, bool) {
	folded := vn.Fold(words)
	if found := m.diagnoses.Search(words, 1); len(found) == 1 && !strings.Contains(vn.Fold(d.Name.Vi), folded) && !strings.Contains(folded, vn.Fold(d.Name.Vi)) {
		return found[0], found[0].Code[:3] != d.Code[:3] && strings.Contains(folded, vn.Fold(found[0].Name.Vi))
	}
	return content.Diagnosis{}, false
}

// suggest answers what is typed into a diagnosis field with options; the words
// are never stored, so no audit line is due.
func (m *Module) suggest(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	text := q.Get("q")
	for i := 0; i <= mostLines && text == ""; i++ { // "diagnosis" of a correction, "diagnosis1" of an examination
		text = q.Get(strings.TrimSuffix(fmt.Sprintf("diagnosis%d", i), "0"))
	}
	return web.Fragment(w, r, suggestions(m.diagnoses.Search(text, 12)))
}

// correctData is the form that corrects a signed diagnosis.
type correctData struct {
	Visit
	Person Person
	Form   *web.Form
}

func (m *Module) correctPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.correctData(r, nil)
	if err != nil {
		return err
	}
	return web.Render(w, r, correctPage(p))
}

func (m *Module) correctData(r *http.Request, f *web.Form) (correctData, error) {
	ctx, a := r.Context(), web.Actor(r)
	v, err := m.Visit(ctx, a, r.PathValue("id"))
	if err != nil {
		return correctData{}, err
	}
	if !v.Signed() || len(v.Conditions) == 0 {
		return correctData{}, issue.New(issue.BusinessRule, "station.correct.unsigned")
	}
	person, err := m.store.For(a).Read(ctx, "Patient", v.Patient)
	if err != nil {
		return correctData{}, err
	}
	if f == nil {
		f = web.Blank(r, "condition", v.Conditions[0])
	}
	return correctData{v, personOf(person, m.units), f}, nil
}

func (m *Module) correct(w http.ResponseWriter, r *http.Request) error {
	f, id := web.ParseForm(r), r.PathValue("id")
	d, ok := m.diagnosisOf(f, "diagnosis")
	if !ok {
		f.Required("diagnosis")
	}
	reason := f.Required("reason")
	if f.OK() {
		if err := f.Add(m.Correct(r.Context(), web.Actor(r), id, f.Get("condition"), web.OnceKey(r), d, reason)); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.correctData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, correctPage(p))
	}
	web.Flash(w, r, "station.corrected")
	return web.Redirect(w, r, "/tram/luot-kham/"+url.PathEscape(id))
}

// linePart is one visit in a line, for the lists of others.
func (m *Module) linePart(w http.ResponseWriter, r *http.Request) error {
	a := web.Actor(r)
	v, err := m.Visit(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return err
	}
	person, err := m.store.For(a).Read(r.Context(), "Patient", v.Patient)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, visitLine(visitData{Visit: v, Person: personOf(person, m.units)}))
}

// trace lists what this one entry feeds at the station: register A1 with its
// number of the day, the prescription, the appointment, the measurements.
func (m *Module) trace(w http.ResponseWriter, r *http.Request) error {
	v, err := m.Visit(r.Context(), web.Actor(r), r.PathValue("encounter"))
	if err != nil {
		return err
	}
	return web.Fragment(w, r, traces(v))
}

// registerA1 prints the visits of a day as register A1.
func (m *Module) registerA1(w http.ResponseWriter, r *http.Request) error {
	a, day := web.Actor(r), web.Today(r)
	if d, err := vn.ParseDate(r.URL.Query().Get("ngay")); err == nil {
		day = d
	}
	rows, err := m.A1(r.Context(), a, day)
	if err != nil {
		return err
	}
	return web.Render(w, r, a1Page(a1Data{Day: day, Rows: rows, Facility: a.FacilityName, Path: r.URL.Path}))
}

// treats are the medicines of a register line in one sentence.
func treats(list []Medicine) string {
	parts := make([]string, len(list))
	for i, x := range list {
		parts[i] = strings.TrimSuffix(x.Name+" — "+x.Dose, " — ")
	}
	return strings.Join(parts, "; ")
}

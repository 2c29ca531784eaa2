// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"mach/casereport"
	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// actOf is Declare or End.
type actOf func(context.Context, store.Actor, Notice, string) (string, error)

// formData is a case report as a form: of a draft, or of a report sent before.
type formData struct {
	Draft    *Draft // nil once sent
	Sent     *Sent  // nil for a draft
	Report   Report
	Derived  []string // questions whose answers follow from others
	Form     *web.Form
	Refusing *web.Form
	Choices  []content.Disease // those the diagnosis may mean, first
	Others   []content.Disease
	Disease  content.Disease
	Clock    Clock
	Updates  bool   // the reader may write
	Alike    []Case // of a draft: reports that may be of the same case
	Besides  besides
	Proposes casereport.Class // what the rules make of the test in the form
}

func (m *Module) formData(r *http.Request, disease, icd string, report Report, f *web.Form) formData {
	on := web.Today(r)
	p := formData{Report: report, Form: f, Refusing: web.Blank(r), Choices: m.diseases.Choices(icd, on)}
	if f == nil {
		var pairs []string
		for id, value := range report {
			pairs = append(pairs, id, value)
		}
		p.Form = web.Blank(r, pairs...)
	}
	p.Disease, _ = m.diseases.ByID(disease)
	p.Others = open(m.diseases.List(on))
	if closers.Allows(web.SessionOf(r.Context())) {
		p.Others = slices.DeleteFunc(m.diseases.List(on), func(d content.Disease) bool { return !d.Closed })
	}
	sampled, _ := vn.ParseDate(report["sample_date"])
	onset, err := vn.ParseDate(report["onset"])
	if err != nil {
		onset = vn.ZeroDate
	}
	if report["result"] != "" {
		p.Proposes = classOf(disease, report["test"], report["result"], sampled, onset)
	}
	p.Updates = updaters.Allows(web.SessionOf(r.Context()))
	return p
}

func (m *Module) draftData(r *http.Request, f *web.Form) (formData, error) {
	d, report, derived, err := m.filled(r.Context(), web.Actor(r), r.PathValue("cause"))
	if err != nil {
		return formData{}, err
	}
	p := m.formData(r, d.Disease, d.Code, report, f)
	p.Draft, p.Derived = &d, derived
	if !d.Closed() {
		if p.Alike, err = m.Alike(r.Context(), web.Actor(r), keyOfRow(d.Name, d.Sex, d.Birth, d.Number, d.Unit), d.Disease, vn.DateOf(d.At), ""); err != nil {
			return p, err
		}
	}
	p.Clock = clockOf(d.Since, d.Due, web.Now(r.Context()), content.SurveillanceOn(web.Today(r)).Escalation)
	return p, nil
}

// draftPage is the form of a draft. Who comes back after it was sent is led to
// the report.
func (m *Module) draftPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.draftData(r, nil)
	if issue.Is(err, issue.BusinessRule) {
		if d, err := m.Draft(r.Context(), web.Actor(r), r.PathValue("cause")); err == nil && d.Report != "" {
			return web.Redirect(w, r, casePath(d.Report))
		}
	}
	if err != nil {
		return err
	}
	return web.Render(w, r, formPage(p))
}

func casePath(report string) string { return "/dich/ca/" + url.PathEscape(report) }

// reportOf reads the answers that were typed.
func (m *Module) reportOf(f *web.Form) Report {
	r := Report{}
	for _, part := range caseForm {
		for _, q := range part.questions {
			switch q.kind {
			case kindDate:
				if d := f.Date(q.id); d.Known() {
					r[q.id] = d.String()
				}
			case kindNumber:
				if n, ok := f.Int(q.id, 0, 20); ok {
					r[q.id] = strconv.Itoa(n)
				}
			case kindChoice:
				if v := f.Choice(q.id, optionsOf(q, m.diseases)...); v != "" {
					r[q.id] = v
				}
			case kindArea:
				r[q.id] = f.Text(q.id, 2000)
			default:
				r[q.id] = f.Text(q.id, 300)
			}
		}
	}
	for id, v := range r {
		if v == "" {
			delete(r, id)
		}
	}
	return r
}

// optionsOf are the codes that a choice takes.
func optionsOf(q question, diseases *content.DiseaseList) []string {
	var out []string
	switch q.id {
	case "disease":
		for _, d := range diseases.List(vn.Date(1 << 30)) { // all that are in force without an end
			out = append(out, d.ID)
		}
	case "occupation":
		for _, i := range content.Occupations() {
			out = append(out, i.Code)
		}
	case "ethnic":
		for _, i := range content.EthnicGroups() {
			out = append(out, i.Code)
		}
	default:
		return q.options
	}
	return out
}

func (m *Module) send(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	report, id := m.reportOf(f), ""
	if f.OK() {
		var err error
		id, err = m.Send(r.Context(), web.Actor(r), r.PathValue("cause"), web.OnceKey(r), report)
		if err := f.Add(err); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.draftData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, formPage(p))
	}
	web.Flash(w, r, "surveillance.sent")
	return web.Redirect(w, r, casePath(id))
}

func (m *Module) refute(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	reason, id := f.Text("reason", 500), ""
	if f.OK() {
		var err error
		id, err = m.Refute(r.Context(), web.Actor(r), r.PathValue("cause"), web.OnceKey(r), reason)
		if err := f.Add(err); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.draftData(r, nil)
		if err != nil {
			return err
		}
		p.Refusing = f
		return web.Refuse(w, r, formPage(p))
	}
	web.Flash(w, r, "surveillance.refuted")
	return web.Redirect(w, r, casePath(id))
}

func (m *Module) sentData(r *http.Request, f *web.Form) (formData, error) {
	s, err := m.Open(r.Context(), web.Actor(r), r.PathValue("report"))
	if err != nil {
		return formData{}, err
	}
	p := m.formData(r, s.Disease, casereport.ICD(s.report), s.Answers, f)
	p.Sent = &s
	p.Besides, err = m.besides(r, s)
	return p, err
}

func (m *Module) casePage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.sentData(r, nil)
	if err != nil {
		return err
	}
	return web.Render(w, r, formPage(p))
}

// update writes a new version. "Not a case" needs a reason and nothing else.
func (m *Module) update(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	report := m.reportOf(f)
	class := casereport.Class(f.Get("class"))
	if f.Flag("refute") {
		class = casereport.Refuted
	}
	version, err := strconv.ParseInt(f.Get("version"), 10, 64)
	if err != nil {
		f.Fail("", issue.Invalid, "surveillance.case.version")
	}
	if f.OK() {
		if err := f.Add(m.Update(r.Context(), web.Actor(r), r.PathValue("report"), version, web.OnceKey(r), report, class, f.Text("reason", 500))); err != nil {
			return err
		}
	}
	if !f.OK() {
		typed := f
		if class == casereport.Refuted {
			typed = nil
		}
		p, err := m.sentData(r, typed)
		if err != nil {
			return err
		}
		if class == casereport.Refuted {
			p.Refusing = f
		}
		return web.Refuse(w, r, formPage(p))
	}
	web.Flash(w, r, "surveillance.updated")
	return web.Redirect(w, r, casePath(r.PathValue("report")))
}

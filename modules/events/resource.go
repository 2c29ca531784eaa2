// SPDX-License-Identifier: Apache-2.0

package events

import (
	"cmp"
	"strings"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// The systems and extensions of our own that steps use.
const (
	csStep    = fhir.Base + "/cs/event-step"
	csSource  = fhir.Base + "/cs/event-source"
	csReason  = fhir.Base + "/cs/event-reason"
	csRisk    = fhir.Base + "/cs/event-risk"
	csTrigger = fhir.Base + "/cs/event-trigger"
	csLevel   = fhir.Base + "/cs/epidemic-level"
	csFinding = fhir.Base + "/cs/epidemic-finding" // Findings
	csClock   = fhir.Base + "/cs/event-clock"      // ClockVerify, ClockTask
	idAlert   = fhir.Base + "/cs/alert"

	extPlace = fhir.Base + "/ext/event-place" // valueString
	extName  = fhir.Base + "/ext/event-focus" // valueString
	extSince = fhir.Base + "/ext/event-since" // valueDate
	extPhone = fhir.Base + "/ext/event-phone" // valueString: who may be called back
	extCount = fhir.Base + "/ext/event-count" // extensions cases, new … with valueInteger
)

// Sources are who gave a signal (TT 15/2026 Articles 6 to 9).
var Sources = []string{"citizen", "village", "school", "workplace", "gate", "animal", "facility", "laboratory", "media", "alert"}

// Reasons are why a signal is discarded. What was handed on does not say to whom:
// that one person's illness is for the closed desk is told to nobody outside of it.
var Reasons = []string{"duplicate", "explained", "not-disease", "wrong", "handed-on"}

// renamed are reasons as steps written before name them.
var renamed = map[string]string{"closed-desk": "handed-on"}

// Levels are those of the ad hoc risk assessment (Article 21.2), lowest first.
var Levels = plain(outbreak.Risks())

// Triggers are the eight of Article 21.2 that ask for a risk assessment.
var Triggers = plain(outbreak.Triggers())

// Findings are what the level of an epidemic rests on (Articles 17 to 20), each
// only after the one before.
var Findings = []string{"forces-short", "commune-cannot", "province-cannot", "country-cannot"}

func plain[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

// resource writes a step as a Communication. phone is of Signal only.
func (m *Module) resource(a store.Actor, s Step, phone string) fhir.Communication {
	unit, _ := m.units.Get(s.Unit)
	c := fhir.Communication{
		ID: s.ID, Status: "completed", Extension: []fhir.Extension{fhir.Unit(unit.Code, unit.From.String(), unit.Full())},
		Category: []fhir.CodeableConcept{category(s.Kind), fhir.Code(csStep, string(s.Kind), "")},
		Sent:     fhir.Instant(s.At), Sender: fhir.Ref("Organization", a.Facility),
		Note: []fhir.Annotation{{AuthorReference: fhir.Ref("Practitioner", a.Practitioner), Time: fhir.Instant(s.Written), Text: s.Who}},
	}
	if s.Written.IsZero() { // the commit says when
		c.Note[0].Time = ""
	}
	c.Sender.Display = a.FacilityName
	if a.Facility == "" { // a citizen: who it was stands in the audit
		c.Sender = fhir.Reference{}
		c.Note[0].Text = string(a.Role)
	}
	if d, ok := m.diseases.ByID(s.Disease); ok {
		c.Topic = fhir.CodeableConcept{Coding: []fhir.Coding{{System: casereport.SystemDisease, Code: d.ID, Display: d.Name.Vi}}, Text: d.Name.Vi}
	} else if s.Syndrome != "" {
		c.Topic = fhir.Words(s.Syndrome)
	}
	if s.Event != s.ID {
		c.InResponseTo = []fhir.Reference{fhir.Ref("Communication", s.Event)}
	}
	if s.Task != "" {
		c.BasedOn = []fhir.Reference{fhir.Ref("Task", s.Task)}
	}
	if s.To != "" {
		c.Recipient = []fhir.Reference{{Identifier: &fhir.Identifier{System: fhir.CSRole, Value: s.To}}}
	}
	if s.About != "" {
		c.About = []fhir.Reference{fhir.Ref("Communication", s.About)}
	}
	if s.Alert != "" {
		c.Identifier = []fhir.Identifier{{System: idAlert, Value: s.Alert}}
	}
	if s.Source != "" {
		c.Medium = []fhir.CodeableConcept{fhir.Code(csSource, s.Source, "")}
	}
	if s.Words != "" {
		c.Payload = []fhir.Payload{{ContentString: s.Words}}
	}
	c.ReasonCode = reasons(s)
	c.Extension = append(c.Extension, extensions(s, phone)...)
	return c
}

// category is the policy's word for the step beside event, which all have.
func category(k Kind) fhir.CodeableConcept {
	c := fhir.Code(fhir.CSCategory, k.category(), "")
	if k.category() != categorySignal {
		c.Coding = append(c.Coding, fhir.Coding{System: fhir.CSCategory, Code: categorySignal})
	}
	return c
}

func reasons(s Step) []fhir.CodeableConcept {
	var out []fhir.CodeableConcept
	switch {
	case s.Kind == Risk:
		out = append(out, fhir.Code(csRisk, s.Reason, ""))
	case s.Kind == Level:
		out = append(out, fhir.Code(csLevel, s.Reason, ""))
	case s.Kind == Told:
		out = append(out, fhir.Code(csClock, s.Reason, ""))
	case s.Reason != "":
		out = append(out, fhir.Code(csReason, s.Reason, ""))
	}
	system := csTrigger
	if s.Kind == Level {
		system = csFinding
	}
	for _, t := range s.Marks {
		out = append(out, fhir.Code(system, t, ""))
	}
	return out
}

func extensions(s Step, phone string) []fhir.Extension {
	var out []fhir.Extension
	for _, x := range [][2]string{{extPlace, s.Place}, {extName, s.Name}, {extPhone, phone}} {
		if x[1] != "" {
			out = append(out, fhir.Extension{URL: x[0], ValueString: x[1]})
		}
	}
	if s.Since.Known() && (s.Kind == Signal || s.Kind == Focus) {
		out = append(out, fhir.Extension{URL: extSince, ValueDate: s.Since.String()})
	}
	if s.Kind != Signal && s.Kind != Daily {
		return out
	}
	count := fhir.Extension{URL: extCount}
	for _, f := range s.Figures.named() {
		if *f.n >= 0 {
			count.Extension = append(count.Extension, fhir.Extension{URL: f.name, ValueInteger: f.n})
		}
	}
	if count.Extension != nil {
		out = append(out, count)
	}
	return out
}

type namedFigure struct {
	name string
	n    *int
}

func (f *Figures) named() []namedFigure {
	return []namedFigure{{"cases", &f.Cases}, {"new", &f.New}, {"confirmed", &f.Confirmed}, {"deaths", &f.Deaths}, {"contacts", &f.Contacts}, {"seen", &f.Seen}}
}

// unsaid are figures of which none is said.
var unsaid = Figures{-1, -1, -1, -1, -1, -1}

// stepOf reads a step; false for every other Communication, for one without a
// commune or about a disease of the closed desk.
func (m *Module) stepOf(c store.Change, d *fhir.Doc) (Step, bool) {
	if d == nil || c.Labels.Patient != "" {
		return Step{}, false
	}
	s := Step{ID: c.ID, Event: c.ID, Since: vn.ZeroDate, Figures: unsaid, Category: c.Labels.Category, Facility: c.Labels.Facility, Author: c.Labels.Author,
		At: casereport.Instant(d.Get("sent").String()).UTC(), Written: c.At.UTC(), Office: d.Get("sender", "display").String(),
		Words: d.Get("payload", "0", "contentString").String(), About: d.Get("about", "0").RefID("Communication"), Who: d.Get("note", "0", "text").String()}
	for cat := range d.Each("category") {
		if code := cat.Code(csStep); code != "" {
			s.Kind = Kind(code)
		}
	}
	if id := d.Get("inResponseTo", "0").RefID("Communication"); id != "" {
		s.Event = id
	}
	if c.Actor == store.SystemActor().Account { // imported: written when it says
		if at := casereport.Instant(d.Get("note", "0", "time").String()); !at.IsZero() {
			s.Written = at.UTC()
		}
	}
	if s.At.IsZero() {
		s.At = s.Written
	}
	if s.Office == "" && !d.Get("sender").Exists() {
		s.Who = ""
	}
	m.details(&s, d)
	unit, ok := casereport.UnitIn(d, m.units)
	s.Unit = m.units.Latest(unit)
	disease, known := m.diseases.ByID(s.Disease)
	return s, ok && s.Kind.known() && (s.Disease == "" || known && !disease.Closed)
}

func (k Kind) known() bool {
	for _, x := range Kinds {
		if x == k {
			return true
		}
	}
	return false
}

func (m *Module) details(s *Step, d *fhir.Doc) {
	s.Disease = d.Get("topic").Code(casereport.SystemDisease)
	if s.Disease == "" {
		s.Syndrome = d.Get("topic", "text").String()
	}
	s.Task, s.To = d.Get("basedOn", "0").RefID("Task"), d.Get("recipient", "0", "identifier", "value").String()
	s.Alert, s.Source = d.Identifier(idAlert), d.Get("medium", "0").Code(csSource)
	for r := range d.Each("reasonCode") {
		for _, system := range []string{csReason, csRisk, csLevel, csClock} {
			if code := r.Code(system); code != "" {
				s.Reason = cmp.Or(renamed[code], code)
			}
		}
		for _, system := range []string{csTrigger, csFinding} {
			if code := r.Code(system); code != "" {
				s.Marks = append(s.Marks, code)
			}
		}
	}
	s.Place = d.Root().Extension(extPlace).Get("valueString").String()
	s.Name = d.Root().Extension(extName).Get("valueString").String()
	if on, err := vn.ParseDate(d.Root().Extension(extSince).Get("valueDate").String()); err == nil {
		s.Since = on
	}
	count := d.Root().Extension(extCount)
	for _, f := range s.Figures.named() {
		if n := count.Extension(f.name).Get("valueInteger"); n.Exists() {
			*f.n = n.Int()
		}
	}
}

// phoneOf is the number that a signal gives, "" for none.
func phoneOf(d *fhir.Doc) string {
	return strings.TrimSpace(d.Root().Extension(extPhone).Get("valueString").String())
}

// open lists the diseases that may have events: all but those of the closed
// desk.
func open(list []content.Disease) []content.Disease {
	var out []content.Disease
	for _, d := range list {
		if !d.Closed {
			out = append(out, d)
		}
	}
	return out
}

// atDay is the moment a step was so: now when the day is today, else noon of
// that day.
func atDay(day, today vn.Date, now time.Time) time.Time {
	if day == today || !day.Known() {
		return now
	}
	return day.Time().Add(12 * time.Hour)
}

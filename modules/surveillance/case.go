// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"strings"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// Class says how sure a case is (phân loại ca bệnh).
type Class string

// The classes. Changed is a suspect or probable case whose triggering
// diagnosis was corrected to something else after it was sent: it no longer
// counts and waits for a person to update it.
const (
	Suspect   Class = "suspect"
	Probable  Class = "probable"
	Confirmed Class = "confirmed"
	Refuted   Class = "refuted"
	Changed   Class = "changed"
)

// statusOf are the codes of condition-ver-status that stand for the classes.
var statusOf = map[Class]string{Suspect: "provisional", Probable: "differential", Confirmed: "confirmed", Refuted: "refuted"}

// classOf reads a class; "" for entered-in-error and what we do not know.
func classOf(status string) Class {
	for class, s := range statusOf {
		if s == status {
			return class
		}
	}
	if status == "unconfirmed" {
		return Suspect
	}
	return ""
}

// Counts reports whether cases of the class are counted.
func (c Class) Counts() bool { return c == Suspect || c == Probable || c == Confirmed }

// Draft is a case report that nobody has sent yet, as a list shows it.
type Draft struct {
	Cause     string // Condition id of the triggering diagnosis; names the draft
	Disease   string
	Code      string // ICD-10 of the trigger
	Words     string // the diagnosis as written
	Patient   string
	Encounter string
	Facility  string // Organization id
	Place     vn.UnitID
	Unit      vn.UnitID // commune of residence
	At        time.Time // diagnosed
	Since     time.Time // the clock runs: At, or when the diagnosis was corrected to this disease
	Due       time.Time
	Triggers  int    // diagnoses of the episode
	Report    string // the case report once sent; "" = not sent
	Refuted   bool   // sent as "not a case"

	Name, Sex, Birth string
}

// Labels lets the guard judge the row as the diagnosis that made it.
func (d Draft) Labels() store.Labels {
	return store.Labels{Type: "Condition", ID: d.Cause, Patient: d.Patient, Facility: d.Facility, Unit: d.Place}
}

// Open reports whether somebody still has to send or refute it.
func (d Draft) Open() bool { return d.Report == "" }

// Case is a case report that was sent, as a list shows it.
type Case struct {
	Report, Disease, Patient, Encounter, Cause string
	Facility                                   string
	Unit                                       vn.UnitID // commune it counts in
	Day, Onset                                 vn.Date   // Onset may be vn.ZeroDate
	Class                                      Class
	Reported                                   time.Time // first version
	Version                                    int64
	Due                                        time.Time // when it had to be sent
	Name, Sex, Birth                           string

	labelUnit   vn.UnitID
	sensitivity []string
}

// Labels lets the guard judge the row as the case report.
func (c Case) Labels() store.Labels {
	unit := c.labelUnit
	if unit == 0 && c.Patient == "" { // a minimal case of nobody in particular
		unit = c.Unit
	}
	return store.Labels{
		Type: "Condition", ID: c.Report, Patient: c.Patient, Facility: c.Facility, Unit: unit,
		Sensitivity: c.sensitivity, Category: categoryCase,
	}
}

// Late reports whether the case was sent after its clock had run out.
func (c Case) Late() bool { return c.Reported.After(c.Due) }

const (
	categoryCase     = "case-report"
	categoryEpidemic = "epidemic"
	csEpidemicForm   = fhir.Base + "/cs/epidemic-form"
	csDisease        = fhir.Base + "/cs/disease"
	idCase           = fhir.Base + "/id/case"
)

// instantOf reads a FHIR dateTime; a date alone is the start of that day in
// Viet Nam, a month or year its first day; the zero time for anything else.
func instantOf(s string) time.Time {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t
	}
	if p, err := vn.ParsePartialDate(s); err == nil && p.Known() {
		return p.First().Time()
	}
	return time.Time{}
}

// dayOf reads the civil day of a FHIR dateTime; vn.ZeroDate when there is none.
func dayOf(s string) vn.Date {
	t := instantOf(s)
	if t.IsZero() {
		return vn.ZeroDate
	}
	return vn.DateOf(t)
}

// hasCategory reports whether a category of the resource has our code.
func hasCategory(d *fhir.Doc, code string) bool {
	for c := range d.Each("category") {
		for coding := range c.Each("coding") {
			if coding.Get("code").String() == code && coding.Get("system").String() == fhir.CSCategory {
				return true
			}
		}
	}
	return false
}

// icdOf returns the first ICD-10 code of the resource's code.
func icdOf(d *fhir.Doc) string {
	for c := range d.Root().Get("code").Each("coding") {
		if strings.HasPrefix(c.Get("system").String(), fhir.ICD10) {
			return c.Get("code").String()
		}
	}
	return ""
}

// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// Draft is a case report that nobody has sent yet, as a list shows it.
type Draft struct {
	Cause     string // id of the triggering diagnosis or result; names the draft
	Kind      string // its resource type: Condition, Observation, DiagnosticReport
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
	Triggers  int       // diagnoses of the episode
	Report    string    // the case report once sent; "" = not sent
	Refuted   bool      // sent as "not a case"
	Died      time.Time // the person died in the episode; zero = lives

	Name, Sex, Birth, Number string

	sensitivity []string
	message     string // Communication that told of it; of a case without a trigger
}

// categoryDraft is that of drafts of labelled diseases: no resource has it, so
// that only rows of this list can be opened by who may open it.
const categoryDraft = "case-draft"

// Labels lets the guard judge the row as the diagnosis that made it; a result
// is judged as the diagnosis it suggests.
func (d Draft) Labels() store.Labels {
	l := store.Labels{Type: "Condition", ID: d.Cause, Patient: d.Patient, Facility: d.Facility, Unit: d.Place, Sensitivity: d.sensitivity}
	if d.Closed() {
		l.Category = categoryDraft
	}
	return l
}

// Closed reports whether the draft is for the closed desk alone.
func (d Draft) Closed() bool { return len(d.sensitivity) > 0 }

// Open reports whether somebody still has to send or refute it.
func (d Draft) Open() bool { return d.Report == "" }

// Case is a case report that was sent, as a list shows it.
type Case struct {
	Report, Disease, Patient, Encounter, Cause string
	Facility                                   string
	Unit                                       vn.UnitID // commune it counts in
	Day, Onset                                 vn.Date   // Onset may be vn.ZeroDate
	Class                                      casereport.Class
	Reported                                   time.Time // first version
	Version                                    int64
	Due                                        time.Time // when it had to be sent
	Name, Sex, Birth                           string

	Entered time.Time // first version committed; differs from Reported for what came on paper
	Paper   bool      // sent on paper, entered later
	Died    vn.Date   // as reported; vn.ZeroDate = not
	SameAs  string    // the report that stands instead; "" = this one

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
		Sensitivity: c.sensitivity, Category: casereport.Category,
	}
}

// Late reports whether the case was sent after its clock had run out.
func (c Case) Late() bool { return c.Reported.After(c.Due) }

const (
	categoryEpidemic = "epidemic"
	csEpidemicForm   = fhir.Base + "/cs/epidemic-form"
)

// hasCategory reports whether a category of the resource has our code.
func hasCategory(d *fhir.Doc, code string) bool {
	if d == nil {
		return false
	}
	for c := range d.Each("category") {
		for coding := range c.Each("coding") {
			if coding.Get("code").String() == code && coding.Get("system").String() == fhir.CSCategory {
				return true
			}
		}
	}
	return false
}

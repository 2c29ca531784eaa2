// SPDX-License-Identifier: Apache-2.0

// Package casereport reads a case report of a notifiable disease (báo cáo ca
// bệnh truyền nhiễm, QĐ 97/QĐ-PB) from the Condition that carries it, so that
// everybody who counts cases counts the same. It knows no clock and no data:
// what the resource does not say stays unsaid, and whoever reads it decides.
package casereport

import (
	"slices"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/vn"
)

// Class says how sure a case is (phân loại ca bệnh).
type Class string

// The classes. Changed is a suspect or probable case whose triggering
// diagnosis was corrected to something else after it was sent: it no longer
// counts and waits for a person to update it. Duplicate is a report that was
// found to be of the same case as another one, by a person or by the personal id.
const (
	Suspect   Class = "suspect"
	Probable  Class = "probable"
	Confirmed Class = "confirmed"
	Refuted   Class = "refuted"
	Changed   Class = "changed"
	Duplicate Class = "duplicate"
)

// Counts reports whether cases of the class are counted.
func (c Class) Counts() bool { return c == Suspect || c == Probable || c == Confirmed }

// Status is the code of condition-ver-status that stands for the class; ""
// for those that no report says of itself.
func (c Class) Status() string {
	switch c {
	case Suspect:
		return "provisional"
	case Probable:
		return "differential"
	case Confirmed:
		return "confirmed"
	case Refuted:
		return "refuted"
	}
	return ""
}

// ClassOf reads a code of condition-ver-status; "" for entered-in-error and
// what we do not know.
func ClassOf(status string) Class {
	for _, c := range []Class{Suspect, Probable, Confirmed, Refuted} {
		if c.Status() == status {
			return c
		}
	}
	if status == "unconfirmed" {
		return Suspect
	}
	return ""
}

// Kept is what a view keeps of a report until its next version; zero: there was
// none before.
type Kept struct {
	Disease, Cause, Names, SameAs string // Names: the disease that the cause named when the report was written
	Claimed                       Class
}

// Rests gives the class as which the report counts, and the disease that its
// cause named when it was written. names is what the cause names now. A version
// that only links the report to another, or takes the link back, says nothing of
// the diagnosis.
func (r Report) Rests(was Kept, names string) (Class, string) {
	then := names
	if (was.SameAs != "" || r.SameAs != "") && was.Disease == r.Disease && was.Cause == r.Cause && was.Claimed == r.Claimed {
		then = was.Names
	}
	return Resting(r.Disease, r.Class, r.Claimed, then, names), then
}

// DayOn is the day on which a report counts that was committed then: that of the
// diagnosis; of the version before when it names none, else of the commit. A day
// to come is a clock that goes wrong, and names none. before is vn.ZeroDate when
// there was none.
func (r Report) DayOn(at time.Time, before vn.Date) vn.Date {
	switch today := vn.DateOf(at); {
	case r.Day.Known() && r.Day <= today:
		return r.Day
	case before.Known():
		return before
	default:
		return today
	}
}

// Diagnosed returns the notifiable disease that the diagnosis of a visit names;
// false for none, for every other resource and for what was refuted or entered
// in error. at is when it was made, or committed when it does not say.
func Diagnosed(d *fhir.Doc, committed time.Time, diseases *content.DiseaseList) (disease content.Disease, at time.Time, ok bool) {
	if d == nil || d.Get("category", "coding", "code").String() != "encounter-diagnosis" {
		return disease, at, false
	}
	if at = Instant(d.Get("recordedDate").String()); at.IsZero() {
		at = committed
	}
	status := d.Get("verificationStatus", "coding", "code").String()
	disease, ok = diseases.For(ICD(d), vn.DateOf(at))
	return disease, at, ok && status != "refuted" && status != "entered-in-error"
}

// Resting is the class as which a report of the disease counts that rests on a
// diagnosis: one that was of another disease then (or of none) and now is neither
// that nor the one reported. Suspect or probable it no longer counts, and counts
// again when the diagnosis is put back. class is as it counted until now.
func Resting(disease string, class, claimed Class, then, now string) Class {
	if class == Changed {
		class = claimed
	}
	if then != now && now != disease && (class == Suspect || class == Probable) {
		return Changed
	}
	return class
}

// What a case report is known by.
const (
	Category      = "case-report"                    // of system fhir.CSCategory
	SystemDisease = content.CSDisease                // ids of content.Diseases
	SystemNumber  = fhir.Base + "/id/case"           // "<what triggered it>/<disease of the draft>"
	ExtFocus      = fhir.Base + "/ext/focus"         // valueString: named focus or cluster
	ExtDied       = fhir.Base + "/ext/died"          // valueDate: the person died of it
	ExtReported   = fhir.Base + "/ext/reported"      // valueDateTime: sent on paper, entered later
	ExtSameCase   = fhir.Base + "/ext/same-case"     // valueReference: the report of the same case that stands
	ExtSample     = fhir.Base + "/ext/sample-number" // valueString: of the sample sent to a laboratory
	ExtOtherCase  = fhir.Base + "/ext/other-case"    // valueReference, any number: looks alike and is not
)

// Report is what a case report says.
type Report struct {
	Patient   string // Patient id; "" when it is about nobody in particular
	Encounter string
	Disease   string // id of content.Diseases
	ICD       string // ICD-10 as written; "" when it has none
	Class     Class  // as the report says, or Duplicate; never Changed
	Claimed   Class  // as the report says, also of a duplicate
	// Unit is the commune it names of itself, on the map of then; 0 when it
	// names none: then that of the person's home, else of the facility.
	Unit     vn.UnitID
	Recorded time.Time // diagnosed; zero when it does not say
	Day      vn.Date   // of Recorded; vn.ZeroDate when it does not say
	Onset    vn.Date   // vn.ZeroDate when it does not say
	Reported time.Time // sent, when that was on paper; zero: when it was committed
	Focus    string    // folded name; "" = none
	Cause    string    // what it rests on: Condition, Observation or DiagnosticReport; "" = none named
	Message  string    // Communication that first told of it; "" = none named
	Drafted  string    // disease of the draft it answered; "" = of none
	Died     vn.Date   // of the disease; vn.ZeroDate when it does not say
	SameAs   string    // report of the same case that stands instead; "" = itself
	Sample   string    // number of the sample, as written; "" = not said
	Others   []string  // reports that look alike and were found to be of other cases
}

// Of reads a case report; false for every other resource, for what was entered
// in error and for diseases that are not on today's list. The disease is the
// one a person chose (system /cs/disease), else that of the ICD-10 code.
func Of(d *fhir.Doc, diseases *content.DiseaseList, units *vn.Units) (Report, bool) {
	if !Is(d) {
		return Report{}, false
	}
	r := Report{
		Patient:   strings.TrimPrefix(d.Get("subject", "reference").String(), "Patient/"),
		Encounter: fhir.IDOf(d.Get("encounter", "reference").String()), ICD: ICD(d),
		Claimed:  ClassOf(d.Get("verificationStatus", "coding", "code").String()),
		Recorded: Instant(d.Get("recordedDate").String()), Day: Day(d.Get("recordedDate").String()), Onset: Day(d.Get("onsetDateTime").String()),
		Cause: evidence(d, "Condition", "Observation", "DiagnosticReport"), Message: evidence(d, "Communication"),
		Died: vn.ZeroDate,
	}
	r.Class = r.Claimed
	_, r.Drafted, _ = strings.Cut(d.Identifier(SystemNumber), "/")
	for x := range d.Each("extension") {
		switch x.Get("url").String() {
		case ExtFocus:
			r.Focus = vn.Fold(x.Get("valueString").String())
		case ExtDied:
			r.Died = Day(x.Get("valueDate").String())
		case ExtReported:
			r.Reported = Instant(x.Get("valueDateTime").String())
		case ExtSameCase:
			if other := fhir.IDOf(x.Get("valueReference", "reference").String()); other != d.ID() { // a link to itself says nothing
				r.SameAs, r.Class = other, Duplicate
			}
		case ExtSample:
			r.Sample = x.Get("valueString").String()
		case ExtOtherCase:
			r.Others = append(r.Others, fhir.IDOf(x.Get("valueReference", "reference").String()))
		}
	}
	r.Unit, _ = UnitIn(d, units)
	var ok bool
	r.Disease, ok = diseaseOf(d, r.ICD, diseases)
	return r, ok && r.Claimed != ""
}

// Is reports whether the resource is a case report; false for nil.
func Is(d *fhir.Doc) bool {
	if d == nil || d.Type() != "Condition" {
		return false
	}
	for c := range d.Each("category") {
		for coding := range c.Each("coding") {
			if coding.Get("code").String() == Category && coding.Get("system").String() == fhir.CSCategory {
				return true
			}
		}
	}
	return false
}

func diseaseOf(d *fhir.Doc, icd string, diseases *content.DiseaseList) (string, bool) {
	for c := range d.Root().Get("code").Each("coding") {
		if c.Get("system").String() == SystemDisease {
			x, ok := diseases.ByID(c.Get("code").String())
			return x.ID, ok
		}
	}
	x, ok := diseases.Series(icd)
	return x.ID, ok
}

// evidence is the first resource of one of the types that the report rests on.
func evidence(d *fhir.Doc, types ...string) string {
	for e := range d.Each("evidence") {
		for detail := range e.Each("detail") {
			if typ, id, _ := strings.Cut(detail.Get("reference").String(), "/"); slices.Contains(types, typ) {
				return id
			}
		}
	}
	return ""
}

// ICD returns the first ICD-10 code of the resource's code; "" without one.
func ICD(d *fhir.Doc) string {
	for c := range d.Root().Get("code").Each("coding") {
		if strings.HasPrefix(c.Get("system").String(), fhir.ICD10) {
			return c.Get("code").String()
		}
	}
	return ""
}

// UnitIn reads the /ext/unit of the resource itself; a code without its first
// day is of the map that began on 2025-07-01.
func UnitIn(d *fhir.Doc, units *vn.Units) (vn.UnitID, bool) {
	for x := range d.Each("extension") {
		if x.Get("url").String() != fhir.ExtUnit {
			continue
		}
		code, on := x.Get("valueCoding", "code").String(), Day(x.Get("valueCoding", "version").String())
		if !on.Known() {
			on = vn.Reform
		}
		if u, ok := units.ByCode(code, on); ok {
			return u.ID, true
		}
	}
	return 0, false
}

// Instant reads a FHIR dateTime; a date alone is the start of that day in
// Viet Nam, a month or year its first day; the zero time for anything else.
func Instant(s string) time.Time {
	if t, err := time.Parse(time.RFC3339, s); err == nil {
		return t
	}
	if p, err := vn.ParsePartialDate(s); err == nil && p.Known() {
		return p.First().Time()
	}
	return time.Time{}
}

// Day reads the civil day of a FHIR dateTime; vn.ZeroDate when there is none.
func Day(s string) vn.Date {
	t := Instant(s)
	if t.IsZero() {
		return vn.ZeroDate
	}
	return vn.DateOf(t)
}

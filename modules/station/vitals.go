// SPDX-License-Identifier: Apache-2.0

package station

import (
	"mach/fhir"
)

// vital is one measurement a nurse takes: the field, its code and the span of
// values that can be real. Outside the span it is a slip of the keyboard and
// refused; the spans are wide on purpose (infants, emergencies).
type vital struct {
	Field    string // name of the form field and catalogue key "station.vital.<Field>"
	Code     string // LOINC
	Display  string
	Unit     string // as written
	UCUM     string
	Min, Max float64
	Decimals int
}

// The vital signs in the order they are taken. Systolic and diastolic make one
// Observation (LOINC 85354-9) with two components, as the FHIR vital signs
// profile asks.
var vitals = []vital{
	{"temperature", fhir.LOINCTemperature, "Body temperature", "°C", "Cel", 30, 44, 1},
	{"pulse", fhir.LOINCPulse, "Heart rate", "lần/phút", "/min", 20, 260, 0},
	{"systolic", fhir.LOINCSystolic, "Systolic blood pressure", "mmHg", "mm[Hg]", 40, 300, 0},
	{"diastolic", fhir.LOINCDiastolic, "Diastolic blood pressure", "mmHg", "mm[Hg]", 20, 200, 0},
	{"respiration", fhir.LOINCRespiration, "Respiratory rate", "lần/phút", "/min", 5, 120, 0},
	{"saturation", fhir.LOINCSaturation, "Oxygen saturation", "%", "%", 40, 100, 0},
	{"weight", fhir.LOINCWeight, "Body weight", "kg", "kg", 0.3, 300, 1},
	{"height", fhir.LOINCHeight, "Body height", "cm", "cm", 25, 250, 1},
}

// Vitals are the values typed, by field; what was not measured is absent.
type Vitals map[string]float64

// observations turns the values into preliminary Observations. at is the time
// of measuring.
func (v Vitals) observations(patient, encounter string, nurse fhir.Reference, at string) []fhir.Observation {
	base := func(code, display string) fhir.Observation {
		o := fhir.Observation{
			Status:   "preliminary",
			Category: []fhir.CodeableConcept{fhir.Code(fhir.ObservationCategory, "vital-signs", "Vital Signs")},
			Code:     fhir.Code(fhir.LOINC, code, display),
			Subject:  fhir.Ref("Patient", patient), Encounter: fhir.Ref("Encounter", encounter),
			EffectiveDateTime: at,
		}
		if nurse.Reference != "" {
			o.Performer = []fhir.Reference{nurse}
		}
		return o
	}
	var out []fhir.Observation
	for _, kind := range vitals {
		value, ok := v[kind.Field]
		if !ok {
			continue
		}
		quantity := fhir.Measure(fhir.NewDecimal(value, kind.Decimals), kind.Unit, kind.UCUM)
		switch kind.Field {
		case "systolic":
			pressure := base(fhir.LOINCBloodPressure, "Blood pressure panel")
			pressure.Component = []fhir.ObservationComponent{{Code: fhir.Code(fhir.LOINC, kind.Code, kind.Display), ValueQuantity: quantity}}
			out = append(out, pressure)
		case "diastolic":
			if i := len(out) - 1; i >= 0 && len(out[i].Component) == 1 {
				out[i].Component = append(out[i].Component, fhir.ObservationComponent{Code: fhir.Code(fhir.LOINC, kind.Code, kind.Display), ValueQuantity: quantity})
			}
		default:
			o := base(kind.Code, kind.Display)
			o.ValueQuantity = quantity
			out = append(out, o)
		}
	}
	return out
}

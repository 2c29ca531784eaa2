// SPDX-License-Identifier: Apache-2.0

package account

import (
	"testing"

	"mach/fhir"
	"mach/i18n"
)

func TestEntriesInBothLanguages(t *testing.T) {
	for _, c := range []struct{ doc, vi, en string }{
		{`{"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"8867-4","display":"Heart rate"}]},"valueQuantity":{"value":98,"unit":"lần/phút"}}`,
			"Mạch: 98\u00a0lần/phút", "Heart rate: 98\u00a0beats/min"},
		{`{"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"8310-5"}]},"valueQuantity":{"value":38.50,"unit":"°C"}}`,
			"Nhiệt độ: 38,50\u00a0°C", "Body temperature: 38.50\u00a0°C"},
		{`{"resourceType":"Observation","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"component":[{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":168,"unit":"mmHg"}}]}`,
			"Huyết áp; Huyết áp tâm thu 168\u00a0mmHg", "Blood pressure; Systolic blood pressure 168\u00a0mmHg"},
		{`{"resourceType":"MedicationRequest","medicationCodeableConcept":{"text":"Amlodipin 5 mg"},"dosageInstruction":[{"text":"sáng 1 viên"}]}`,
			"Amlodipin 5 mg, sáng 1 viên", "Amlodipin 5 mg, sáng 1 viên"},
		{`{"resourceType":"Condition","code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"I10"}]}}`, "I10", "I10"},
	} {
		doc, err := fhir.Parse([]byte(c.doc))
		if err != nil {
			t.Fatal(err)
		}
		if vi, en := what(doc, i18n.Vietnamese), what(doc, i18n.English); vi != c.vi || en != c.en {
			t.Errorf("%q and %q, want %q and %q", vi, en, c.vi, c.en)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package fhir

import "testing"

func TestSubset(t *testing.T) {
	const tag = `{"system":"http://terminology.hl7.org/CodeSystem/v3-ObservationValue","code":"SUBSETTED"}`
	patient := mustParse(t, `{"resourceType":"Patient","id":"1","meta":{"versionId":"3","tag":[{"code":"a"}]},"text":{"status":"empty"},"_birthDate":{"id":"b"},"birthDate":"1950","photo":[{"title":"x"}],`+
		`"link":[{"id":"l","other":{"reference":"Patient/2"},"type":"seealso"}],"contact":[{"gender":"male"}],"deceasedBoolean":true,"extension":[{"url":"u"}]}`)
	observation := mustParse(t, `{"resourceType":"Observation","status":"final","code":{"text":"x"},"note":[{"text":"n"}],"component":[{"code":{"text":"c"},"interpretation":[{"text":"i"}]}]}`)
	meta := `"id":"1","meta":{"versionId":"3","tag":[{"code":"a"},` + tag + `]}`
	for _, c := range []struct {
		of   *Doc
		p    Subset
		want string
	}{
		{patient, Subset{}, patient.Text()},
		{patient, Subset{Summary: "true"}, `{"resourceType":"Patient",` + meta + `,"_birthDate":{"id":"b"},"birthDate":"1950","link":[{"other":{"reference":"Patient/2"},"type":"seealso"}],"deceasedBoolean":true}`},
		{patient, Subset{Summary: "text"}, `{"resourceType":"Patient",` + meta + `,"text":{"status":"empty"}}`},
		{patient, Subset{Elements: []string{"deceased", "photo"}}, `{"resourceType":"Patient",` + meta + `,"photo":[{"title":"x"}],"deceasedBoolean":true}`},
		{patient, Subset{Elements: []string{"Observation.contact", "photo", "Patient.deceased"}}, `{"resourceType":"Patient",` + meta + `,"photo":[{"title":"x"}],"deceasedBoolean":true}`},
		{patient, Subset{Elements: []string{"Observation.note"}}, `{"resourceType":"Patient",` + meta + `}`},
		{patient, Subset{Elements: []string{}}, `{"resourceType":"Patient",` + meta + `}`},
		{observation, Subset{Summary: "true"}, `{"resourceType":"Observation","meta":{"tag":[` + tag + `]},"status":"final","code":{"text":"x"},"component":[{"code":{"text":"c"}}]}`},
		{observation, Subset{Summary: "data", Elements: []string{"note"}}, `{"resourceType":"Observation","meta":{"tag":[` + tag + `]},"status":"final","code":{"text":"x"},"note":[{"text":"n"}]}`},
		{mustParse(t, `{"resourceType":"Novel","a":1}`), Subset{Summary: "true"}, `{"resourceType":"Novel","a":1}`},
	} {
		if got := c.p.Of(c.of).Text(); got != c.want {
			t.Errorf("%+v of %s:\n%s, want\n%s", c.p, c.of.Ref(), got, c.want)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
)

// Made-up people of Viet Nam: three in ten are called Nguyễn, some diagnoses
// are everywhere and some stand in a hundred records, however large the store.

const (
	personSystem = "urn:oid:1.2.3.4.5.6"
	rareSystem   = "urn:oid:1.2.3.4.5.7"
	cohort       = 100 // people that share a rare code
)

var (
	families  = []string{"Nguyễn", "Nguyễn", "Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi"}
	givens    = []string{"An", "Bình", "Châu", "Dũng", "Giang", "Hà", "Hạnh", "Hùng", "Khánh", "Lan", "Linh", "Long", "Mai", "Minh", "Nam", "Nga", "Ngọc", "Phúc", "Quân", "Sơn", "Tâm", "Thảo", "Trang", "Tuấn", "Uyên", "Vân", "Việt", "Xuân", "Yến"}
	diagnoses = []string{"I10", "E11.9", "J06.9", "J20.9", "K29.7", "M54.5", "A09", "N39.0", "J45.9", "A90", "B08.4", "I25.9", "J18.9", "K21.9", "L30.9", "E78.5"}
	loinc     = []string{"8480-6", "8462-4", "8867-4", "8310-5", "29463-7", "8302-2", "2339-0", "4548-4", "2093-3", "718-7", "2160-0", "9279-1"}
	units     = []string{"mm[Hg]", "mm[Hg]", "/min", "Cel", "kg", "cm", "mmol/L", "%", "mmol/L", "g/L", "umol/L", "/min"}
	vaccines  = []string{"19", "08", "110", "89", "133", "03", "88", "115", "62"}
	drugs     = []string{"C09AA02", "A10BA02", "N02BE01", "J01CA04", "R03AC02", "C08CA01", "A02BC01", "R06AE07"}
)

func personNumber(n int) string { return fmt.Sprintf("P%09d", n) }
func rareCode(n int) string     { return fmt.Sprintf("R%06d", n/cohort) }
func diagnosis(i int) string    { return diagnoses[i%len(diagnoses)] }

// day is a date of five years for the k-th thing of a person.
func day(n, k int) string {
	d := (n*131 + k*37) % (5 * 336)
	return fmt.Sprintf("%d-%02d-%02d", 2021+d/336, 1+d%336/28, 1+d%28)
}

// bundleOf is one transaction of a hundred resources.
func bundleOf(n int) string {
	var out strings.Builder
	put := func(typ, id, body string) {
		if out.Len() > 0 {
			out.WriteByte(',')
		}
		fmt.Fprintf(&out, `{"resource":{"resourceType":%q,"id":%q,%s},"request":{"method":"PUT","url":"%s/%s"}}`, typ, id, body, typ, id)
	}
	id := fmt.Sprintf("v%d", n)
	whose := fmt.Sprintf(`"subject":{"reference":"Patient/%s"}`, id)
	given := givens[n%len(givens)]
	put("Patient", id, fmt.Sprintf(`"active":true,"identifier":[{"system":%q,"value":%q}],"name":[{"use":"official","text":"%s Văn %s","family":%[3]q,"given":["Văn",%[4]q]}],"gender":"male","birthDate":"%d-%02d-%02d","address":[{"use":"home","text":"Thôn %d, Bắc Ninh","country":"VN"}]`,
		personSystem, personNumber(n), families[n*31%len(families)], given, 1940+n%80, 1+n%12, 1+n%28, n%40))
	for k := range 10 {
		put("Encounter", fmt.Sprintf("%s-e%d", id, k), fmt.Sprintf(`"status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},%s,"period":{"start":"%sT08:00:00+07:00","end":"%[2]sT08:30:00+07:00"}`, whose, day(n, k)))
	}
	for k := range 60 {
		c := k % len(loinc)
		put("Observation", fmt.Sprintf("%s-o%d", id, k), fmt.Sprintf(`"status":"final","category":[{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/observation-category","code":"vital-signs"}]}],"code":{"coding":[{"system":"http://loinc.org","code":%q}]},%s,"encounter":{"reference":"Encounter/%s-e%d"},"effectiveDateTime":"%sT08:%02d:00+07:00","valueQuantity":{"value":%d.%d,"unit":%q,"system":"http://unitsofmeasure.org","code":%[9]q}`,
			loinc[c], whose, id, k%10, day(n, k%10), k%60, 60+(n*17+k*29)%120, k%10, units[c]))
	}
	for k := range 10 {
		rare := ""
		if k == 0 {
			rare = fmt.Sprintf(`{"system":%q,"code":%q},`, rareSystem, rareCode(n))
		}
		put("Condition", fmt.Sprintf("%s-c%d", id, k), fmt.Sprintf(`"clinicalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-clinical","code":"active"}]},"code":{"coding":[%s{"system":"http://hl7.org/fhir/sid/icd-10","code":%q}]},%s,"encounter":{"reference":"Encounter/%s-e%d"},"recordedDate":%q`,
			rare, diagnosis(n+k), whose, id, k, day(n, k)))
	}
	for k := range 10 {
		put("MedicationRequest", fmt.Sprintf("%s-m%d", id, k), fmt.Sprintf(`"status":"active","intent":"order","medicationCodeableConcept":{"coding":[{"system":"http://www.whocc.no/atc","code":%q}]},%s,"encounter":{"reference":"Encounter/%s-e%d"},"authoredOn":%q,"dosageInstruction":[{"text":"Ngày uống 2 lần, mỗi lần 1 viên"}]`,
			drugs[(n+k)%len(drugs)], whose, id, k, day(n, k)))
	}
	for k, code := range vaccines {
		put("Immunization", fmt.Sprintf("%s-i%d", id, k), fmt.Sprintf(`"status":"completed","vaccineCode":{"coding":[{"system":"http://hl7.org/fhir/sid/cvx","code":%q}]},"patient":{"reference":"Patient/%s"},"occurrenceDateTime":%q,"primarySource":true`,
			code, id, day(n, k)))
	}
	return `{"resourceType":"Bundle","type":"transaction","entry":[` + out.String() + `]}`
}

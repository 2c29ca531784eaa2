// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
)

// show writes an index the way the tables below do.
func show(ix Index) string {
	switch ix.Kind {
	case ParamToken:
		text := strings.TrimPrefix(ix.System+"|"+ix.Value+" "+ix.Text, "| ")
		if ix.Type != "" || ix.ID != "" {
			text += " of " + ix.Type + "|" + ix.ID
		}
		return strings.TrimSpace(text)
	case ParamSpecial:
		return showNumber(ix.Low) + " " + showNumber(ix.High)
	case ParamString:
		return ix.Value + "=" + ix.Text
	case ParamURI:
		return ix.Value
	case ParamReference:
		text := strings.TrimSpace(strings.TrimPrefix(ix.Type+"/"+ix.ID+" "+ix.URL, "/"))
		if ix.Value != "" {
			text += " " + ix.System + "|" + ix.Value
		}
		return strings.TrimSpace(text)
	case ParamDate:
		return showTime(ix.From) + ".." + showTime(ix.To)
	case ParamNumber, ParamQuantity:
		return strings.TrimSuffix(fmt.Sprintf("%s..%s %s|%s", showNumber(ix.Low), showNumber(ix.High), ix.System, ix.Value), " |")
	}
	var parts []string
	for _, p := range ix.Parts {
		parts = append(parts, show(p))
	}
	return strings.Join(parts, " $ ")
}

func showTime(us int64) string {
	if us == MinTime || us == MaxTime {
		return ""
	}
	return strings.TrimSuffix(time.UnixMicro(us).UTC().Format("2006-01-02T15:04:05.999999"), "T00:00:00")
}

func showNumber(f float64) string {
	if math.Abs(f) == math.MaxFloat64 {
		return ""
	}
	return fmt.Sprint(f)
}

// find returns what a parameter of the resource is found by.
func find(d *Doc, code string) string {
	var found []string
	for _, ix := range Extract(d) {
		if ix.Param == code {
			found = append(found, show(ix))
		}
	}
	return strings.Join(found, ", ")
}

func TestExtract(t *testing.T) {
	const subject = `"subject":{"reference":"Patient/p"}`
	for _, c := range []struct{ typ, json, code, want string }{
		// token
		{"Patient", `"gender":"male"`, "gender", "http://hl7.org/fhir/administrative-gender|male"},
		{"Patient", `"active":false`, "active", "|false"},
		{"Patient", `"identifier":[{"system":"s","value":"1"},{"value":"2"},{"system":"s"},{"system":"s","value":"1"}]`,
			"identifier", "s|1, |2"},
		{"Patient", `"telecom":[{"system":"phone","value":"09"},{"system":"email","value":"a@b"}]`, "phone", "|09"},
		{"Patient", `"telecom":[{"system":"phone","value":"09"},{"system":"email","value":"a@b"}]`, "telecom", "|09, |a@b"},
		{"Patient", `"identifier":[{"system":"s","value":"1","type":{"coding":[{"system":"t","code":"MR"},{"code":"X"}],"text":"w"}}]`,
			"identifier", "s|1 w of t|MR, s|1 w of |X"},
		{"Location", `"position":{"latitude":21.03,"longitude":105.85}`, "near", "21.03 105.85"},
		{"Patient", ``, "deceased", "|false"},
		{"Patient", `"deceasedBoolean":false`, "deceased", "|false"},
		{"Patient", `"deceasedBoolean":true`, "deceased", "|true"},
		{"Patient", `"deceasedDateTime":"2026"`, "deceased", "|true"},
		{"Patient", `"id":"p"`, "_id", "|p"},
		{"Patient", `"meta":{"security":[{"system":"s","code":"hiv"}]}`, "_security", "s|hiv"},
		{"Condition", `"code":{"coding":[{"system":"i","code":"A90"},{"code":"x"},{"display":"d"}],"text":"t"},` + subject,
			"code", "i|A90, |x, d, t"},
		{"Encounter", `"class":{"system":"s","code":"AMB"}`, "class", "s|AMB"},
		// string
		{"Patient", `"name":[{"text":"Nguyễn Văn Đức","family":"Nguyễn","given":["Văn","Đức"]}]`, "name",
			"nguyen van duc=Nguyễn Văn Đức, nguyen=Nguyễn, van=Văn, duc=Đức"},
		{"Patient", `"name":[{"family":"Nguyễn"},{"family":"Nguyễn"}]`, "family", "nguyen=Nguyễn"},
		{"Patient", `"address":[{"text":"Thôn 1","line":["a","b"],"country":"VN"}]`, "address", "thon 1=Thôn 1, a=a, b=b, vn=VN"},
		{"Observation", `"valueCodeableConcept":{"text":"Dương tính"}`, "value-string", "duong tinh=Dương tính"},
		// reference
		{"Observation", subject, "subject", "Patient/p"},
		{"Observation", subject, "patient", "Patient/p"},
		{"Observation", `"subject":{"reference":"Group/g"}`, "patient", ""},
		{"Observation", `"subject":{"reference":"Patient/p/_history/3"}`, "subject", "Patient/p"},
		{"Observation", `"subject":{"reference":"https://x/fhir/Patient/p"}`, "subject", "Patient/p https://x/fhir/Patient/p"},
		{"Observation", `"subject":{"reference":"https://x/y"}`, "subject", "https://x/y"},
		{"Observation", `"subject":{"reference":"urn:uuid:00000000-0000-0000-0000-000000000000"}`, "subject",
			"urn:uuid:00000000-0000-0000-0000-000000000000"},
		{"Observation", `"subject":{"reference":"#p"},"contained":[{"resourceType":"Patient","id":"p"}]`, "subject", ""},
		{"Observation", `"subject":{"type":"Patient","identifier":{"system":"s","value":"1"}}`, "patient", "s|1"},
		{"QuestionnaireResponse", `"questionnaire":"http://q|2"`, "questionnaire", "http://q|2, http://q"},
		{"Bundle", `"type":"document","entry":[{"resource":{"resourceType":"Composition","id":"c"}}]`, "composition", "Composition/c"},
		{"Bundle", `"type":"document","entry":[{"resource":{"resourceType":"Composition","id":"c"}}]`, "message", ""},
		// date: a day of Vietnam begins at 17:00 UTC of the day before
		{"Patient", `"birthDate":"1953"`, "birthdate", "1952-12-31T17:00:00..1953-12-31T17:00:00"},
		{"Patient", `"birthDate":"1953-12"`, "birthdate", "1953-11-30T17:00:00..1953-12-31T17:00:00"},
		{"Patient", `"birthDate":"2024-02-29"`, "birthdate", "2024-02-28T17:00:00..2024-02-29T17:00:00"},
		{"Patient", `"birthDate":"2023-02-29"`, "birthdate", ""},
		{"Observation", `"effectiveDateTime":"2026-11-21T08:30:00+07:00"`, "date", "2026-11-21T01:30:00..2026-11-21T01:30:01"},
		{"Observation", `"effectiveInstant":"2026-11-21T08:30:00.5Z"`, "date", "2026-11-21T08:30:00.5..2026-11-21T08:30:00.6"},
		{"Observation", `"effectivePeriod":{"start":"2026-11-21T00:00:00Z"}`, "date", "2026-11-21.."},
		{"Observation", `"effectivePeriod":{"end":"2026-11-21"}`, "date", "..2026-11-21T17:00:00"},
		{"Observation", `"effectivePeriod":{"start":"2026","end":"2025"}`, "date", ""},
		{"Observation", `"effectiveTiming":{"event":["2026-11-22T00:00:00Z","2026-11-21T00:00:00Z"]}`, "date",
			"2026-11-21..2026-11-22T00:00:01"},
		// number and quantity
		{"RiskAssessment", `"prediction":[{"probabilityDecimal":0.30}]`, "probability", "0.3..0.3"},
		{"RiskAssessment", `"prediction":[{"probabilityRange":{"low":{"value":1},"high":{"value":2}}}]`, "probability", "1..2"},
		{"Observation", `"valueQuantity":{"value":5.40,"system":"u","code":"mg"}`, "value-quantity", "5.4..5.4 u|mg"},
		{"Observation", `"valueQuantity":{"value":5.40,"system":"http://unitsofmeasure.org","code":"mg"}`, "value-quantity",
			"5.4..5.4 http://unitsofmeasure.org|mg, 0.0054..0.0054 http://unitsofmeasure.org#base|g"},
		{"Observation", `"valueQuantity":{"value":5,"comparator":"<","system":"http://unitsofmeasure.org","code":"km"}`, "value-quantity",
			"..5 http://unitsofmeasure.org|km, ..5000 http://unitsofmeasure.org#base|m"},
		{"Observation", `"valueQuantity":{"value":5,"system":"http://unitsofmeasure.org","code":"viên"}`, "value-quantity",
			"5..5 http://unitsofmeasure.org|viên"},
		{"DocumentReference", `"relatesTo":[{"code":"replaces","target":{"reference":"DocumentReference/a"}}]`, "relationship",
			"DocumentReference/a $ http://hl7.org/fhir/document-relationship-type|replaces"},
		{"Observation", `"valueQuantity":{"value":5,"unit":"viên"}`, "value-quantity", "5..5 |viên"},
		{"Observation", `"valueQuantity":{"value":5,"unit":"milligram","system":"u","code":"mg"}`, "value-quantity",
			"5..5 u|mg, 5..5 |milligram"},
		{"Observation", `"valueQuantity":{"value":5,"comparator":"<"}`, "value-quantity", "..5"},
		{"Observation", `"valueQuantity":{"unit":"mg"}`, "value-quantity", ""},
		{"Invoice", `"totalGross":{"value":12000,"currency":"VND"}`, "totalgross", "12000..12000 urn:iso:std:iso:4217|VND"},
		// uri
		{"ValueSet", `"url":"http://v"`, "url", "http://v"},
		{"ValueSet", `"meta":{"profile":["http://p|1"]}`, "_profile", "http://p|1, http://p"},
		// composite: only within one component
		{"Observation", `"component":[{"code":{"coding":[{"code":"s"}]},"valueQuantity":{"value":120}},
			{"code":{"coding":[{"code":"d"}]},"valueQuantity":{"value":80}},{"code":{"coding":[{"code":"n"}]}}]`,
			"component-code-value-quantity", "|s $ 120..120, |d $ 80..80"},
		{"Observation", `"code":{"coding":[{"code":"a"},{"code":"b"}]},"valueQuantity":{"value":1}`, "combo-code-value-quantity",
			"|a $ 1..1, |b $ 1..1"},
		{"MolecularSequence", `"referenceSeq":{"chromosome":{"coding":[{"code":"1"}]}},"variant":[{"start":5,"end":6}]`,
			"chromosome-variant-coordinate", "|1 $ 5..5 $ 6..6"},
	} {
		if c.json != "" {
			c.json = "," + c.json
		}
		d := mustParse(t, `{"resourceType":"`+c.typ+`"`+c.json+`}`)
		if got := find(d, c.code); got != c.want {
			t.Errorf("%s {%s} %s:\n got %s\nwant %s", c.typ, c.json, c.code, got, c.want)
		}
	}
}

func TestNumberSpan(t *testing.T) {
	for _, c := range []struct {
		in        string
		low, high float64
		ok        bool
	}{
		{"100", 99.5, 100.5, true},
		{"100.00", 99.995, 100.005, true},
		{"1e2", 95, 105, true},
		{"5.40", 5.395, 5.405, true},
		{"-5.4", -5.45, -5.35, true},
		{"0", -0.5, 0.5, true},
		{"5.4e-3", 0.005395, 0.005405, true},
		{"", 0, 0, false}, {"x", 0, 0, false}, {"05", 0, 0, false}, {"1e999", 0, 0, false}, {"1 ", 0, 0, false},
	} {
		low, high, ok := NumberSpan(c.in)
		if low != c.low || high != c.high || ok != c.ok {
			t.Errorf("NumberSpan(%q) = %v, %v, %v; want %v, %v, %v", c.in, low, high, ok, c.low, c.high, c.ok)
		}
	}
}

func TestTimeSpan(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"2026", "2025-12-31T17:00:00..2026-12-31T17:00:00"},
		{"2026-11-21T08:30", "2026-11-21T01:30:00..2026-11-21T01:31:00"},
		{"2026-11-21T08:30:15Z", "2026-11-21T08:30:15..2026-11-21T08:30:16"},
		{"2026-11-21T08:30:15.25-03:30", "2026-11-21T12:00:15.25..2026-11-21T12:00:15.26"},
		{"2026-11-21T08:30:15.123456789Z", "2026-11-21T08:30:15.123456..2026-11-21T08:30:15.123457"},
		{"9999-12-31", "9999-12-30T17:00:00..9999-12-31T17:00:00"},
	} {
		from, to, ok := TimeSpan(c.in)
		if got := showTime(from) + ".." + showTime(to); !ok || got != c.want {
			t.Errorf("TimeSpan(%s) = %s, %v; want %s", c.in, got, ok, c.want)
		}
	}
	for _, in := range []string{
		"", "26", "2026-13", "2026-02-30", "2026-11-21T", "2026-11-21T24:00", "2026-11-21T08:30:00+7", "0000", "2026-1-1",
		"2026-11-21T08:30:00.", "2026-11-21 08:30",
	} {
		if _, _, ok := TimeSpan(in); ok {
			t.Errorf("TimeSpan(%q) is accepted", in)
		}
	}
}

func TestPatients(t *testing.T) {
	for _, c := range []struct{ json, want string }{
		{`{"resourceType":"Patient","id":"p","link":[{"other":{"reference":"Patient/q"}}]}`, "p q"},
		{`{"resourceType":"Observation","subject":{"reference":"Patient/p"},
			"performer":[{"reference":"Practitioner/d"},{"reference":"Patient/q"}]}`, "p q"},
		{`{"resourceType":"Condition","subject":{"reference":"https://elsewhere/Patient/p"}}`, ""},
		{`{"resourceType":"Task","for":{"reference":"Patient/p"}}`, "p"},
		{`{"resourceType":"Appointment","participant":[{"actor":{"reference":"Location/l"}},{"actor":{"reference":"Patient/p"}}]}`, "p"},
		{`{"resourceType":"Organization","id":"o"}`, ""},
		{`{"resourceType":"Strange","id":"o"}`, ""},
	} {
		if got := strings.Join(Patients(mustParse(t, c.json)), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.json, got, c.want)
		}
	}
	d := mustParse(t, `{"resourceType":"Observation","encounter":{"reference":"Encounter/e"}}`)
	if got := Compartment(d, "Encounter"); !reflect.DeepEqual(got, []string{"e"}) {
		t.Errorf("Encounter compartment: %v", got)
	}
}

func TestParams(t *testing.T) {
	p, ok := ParamOf("Patient", "birthdate")
	if !ok || p.Kind != ParamDate || p.URL != "http://hl7.org/fhir/SearchParameter/individual-birthdate" {
		t.Errorf("Patient birthdate is %+v, %v", p, ok)
	}
	p, _ = ParamOf("Observation", "component-code-value-quantity")
	if p.Kind != ParamComposite || strings.Join(p.Parts, " ") != "component-code component-value-quantity" {
		t.Errorf("composite is %+v", p)
	}
	for _, code := range []string{"_id", "_lastUpdated", "_profile", "_tag", "_security", "_source"} {
		if _, ok := ParamOf("Task", code); !ok {
			t.Errorf("Task has no %s", code)
		}
	}
	if _, ok := ParamOf("Patient", "_text"); ok {
		t.Error("Patient has _text, which nothing indexes")
	}
	if len(Types()) != 146 || Params("Strange") != nil || !IsType("Patient") || IsType("HumanName") {
		t.Errorf("%d types", len(Types()))
	}
	kinds := map[ParamKind]int{}
	for _, typ := range Types() {
		for _, p := range Params(typ) {
			if kinds[p.Kind]++; p.Kind == 0 {
				t.Errorf("%s %s has no kind", typ, p.Code)
			}
		}
	}
	t.Logf("parameters by kind: %v", kinds)
}

// TestExtractExamples runs every official example: twice the same, nothing
// twice, and most parameters found somewhere.
func TestExtractExamples(t *testing.T) {
	hit, rows := map[string]bool{}, 0
	for _, ex := range examples(t) {
		d := mustParse(t, ex.text)
		all := Extract(d)
		rows += len(all)
		for i, ix := range all {
			hit[d.Type()+" "+ix.Param] = true
			for _, o := range all[max(0, i-20):i] {
				if reflect.DeepEqual(o, ix) {
					t.Errorf("%s: %+v stands twice", ex.name, ix)
				}
			}
		}
		if len(all) < 500 && !reflect.DeepEqual(all, Extract(d)) {
			t.Errorf("%s: extracted twice, not the same", ex.name)
		}
	}
	total := 0
	for _, typ := range Types() {
		total += len(Params(typ))
	}
	t.Logf("%d rows of %d examples; %d of %d parameters have a value somewhere", rows, len(examples(t)), len(hit), total)
	if len(hit) < 1200 {
		t.Errorf("only %d parameters have a value somewhere", len(hit))
	}
}

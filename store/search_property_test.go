// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mach/fhir"
	"mach/issue"
)

// specTerms is the terminology of the property test.
type specTerms struct{}

func (specTerms) Codes(relation, system, code string) (all [][2]string, err error) {
	at := slices.Index(specTree, code)
	switch {
	case relation == "in" && code == "urn:set":
		for _, c := range specSet {
			all = append(all, [2]string{"urn:l", c})
		}
	case relation == "below" && at >= 0:
		for _, c := range specTree[at:] {
			all = append(all, [2]string{system, c})
		}
	case relation == "above" && at >= 0:
		for _, c := range specTree[:at+1] {
			all = append(all, [2]string{system, c})
		}
	default:
		return nil, issue.New(issue.NotFound, "search.terms.none", code)
	}
	return all, nil
}

func (it *item) put(param string, f ...fact) { it.facts[param] = append(it.facts[param], f...) }

func newItem(typ, id string, r *rand.Rand) *item {
	it := &item{typ: typ, id: id, facts: map[string][]fact{"_id": {{code: id}}}, doc: map[string]any{"resourceType": typ, "id": id}}
	meta := map[string]any{}
	if r.IntN(3) == 0 {
		code := pick(r, []string{"t1", "t2"})
		meta["tag"] = []any{map[string]any{"system": "urn:t", "code": code, "display": "Nhãn " + code}}
		it.put("_tag", fact{system: "urn:t", code: code, text: "Nhãn " + code})
	}
	if r.IntN(4) == 0 {
		url := "https://x.vn/p/" + pick(r, []string{"a", "b"})
		meta["profile"], meta["source"] = []any{url}, url
		it.put("_profile", fact{s: url})
		it.put("_source", fact{s: url})
	}
	if len(meta) > 0 {
		it.doc["meta"] = meta
	}
	if r.IntN(3) == 0 {
		word := pick(r, []string{"Sốt", "ho"})
		it.doc["text"] = map[string]any{"status": "generated", "div": `<div xmlns="http://www.w3.org/1999/xhtml"><b>` + word + `</b> nhẹ</div>`}
		it.put("_text", fact{s: word + " nhẹ"})
		it.put("_content", fact{s: word + " nhẹ"})
	}
	return it
}

func (it *item) refer(member, param string, to string) {
	it.doc[member] = ref(to)
	it.put(param, fact{s: to})
}

func randomCode(r *rand.Rand) (map[string]any, []fact) {
	f := fact{system: pick(r, []string{"urn:l", "urn:l", ""}), code: pick(r, []string{"a", "b", "c", "d|1", "e,2"}), text: pick(r, []string{"", "Đau đầu", "Sốt cao"})}
	c := map[string]any{"code": f.code}
	if f.system != "" {
		c["system"] = f.system
	}
	if f.text != "" {
		c["display"] = f.text
	}
	concept, facts := map[string]any{"coding": []any{c}}, []fact{f}
	if r.IntN(4) == 0 {
		concept["text"] = "Lời kể"
		facts = append(facts, fact{text: "Lời kể"})
	}
	return concept, facts
}

var specDates = []string{"2019", "2024", "2025-03", "2025-03-04", "2025-03-04T08:00:00+07:00", "2025-12-31", "2026-05-30"}

func (it *item) observe(r *rand.Rand, patient string) {
	code, facts := randomCode(r)
	it.doc["status"], it.doc["code"] = "final", code
	it.put("status", fact{system: "http://hl7.org/fhir/observation-status", code: "final"})
	it.put("code", facts...)
	for _, f := range facts {
		it.put("_content", fact{s: f.text})
	}
	it.refer("subject", "subject", "Patient/"+patient)
	it.put("patient", fact{s: "Patient/" + patient})
	switch r.IntN(5) {
	case 0, 1:
		s := pick(r, specDates)
		it.doc["effectiveDateTime"] = s
		from, to := specTime(s)
		it.put("date", fact{from: from, to: to})
	case 2:
		s, e := pick(r, specDates[:3]), pick(r, specDates[5:])
		from, _ := specTime(s)
		_, to := specTime(e)
		it.doc["effectivePeriod"] = map[string]any{"start": s, "end": e}
		if r.IntN(2) == 0 {
			it.doc["effectivePeriod"], to = map[string]any{"start": s}, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
		}
		it.put("date", fact{from: from, to: to})
	}
	switch r.IntN(4) {
	case 0, 1:
		text := pick(r, []string{"5", "5.4", "5.35", "0.005", "5400", "-3", "120"})
		f := fact{code: pick(r, []string{"mg", "g", "kg", "viên"}), system: pick(r, []string{fhir.SystemUCUM, fhir.SystemUCUM, "urn:u"}), text: pick(r, []string{"", "hộp"})}
		f.n, _ = new(big.Rat).SetString(text)
		value, _ := strconv.ParseFloat(text, 64)
		q := map[string]any{"value": value, "code": f.code, "system": f.system}
		if f.text != "" {
			q["unit"] = f.text
		}
		it.doc["valueQuantity"] = q
		it.put("value-quantity", f)
		for _, c := range facts {
			it.put("code-value-quantity", fact{parts: []fact{c, f}})
		}
	case 2:
		s := pick(r, []string{"Âm tính", "dương tính", `a\b,c`})
		it.doc["valueString"] = s
		it.put("value-string", fact{s: s})
	}
	if r.IntN(3) == 0 {
		it.doc["performer"] = []any{map[string]any{"identifier": map[string]any{"system": "urn:i", "value": "9"}}}
		it.put("performer", fact{system: "urn:i", code: "9"})
	}
}

func makeSpec(r *rand.Rand, now time.Time) *specWorld {
	w := &specWorld{now: now}
	add := func(typ, id string) *item {
		it := newItem(typ, id, r)
		w.items = append(w.items, it)
		return it
	}
	for i := range 6 {
		it := add("Organization", fmt.Sprintf("o%d", i))
		name := pick(r, []string{"Trạm A", "Trạm B", "Bệnh viện"})
		it.doc["name"] = name
		it.put("name", fact{s: name})
		if i > 0 && r.IntN(2) == 0 {
			it.refer("partOf", "partof", fmt.Sprintf("Organization/o%d", r.IntN(i)))
		}
	}
	for i := range 30 {
		it := add("Patient", fmt.Sprintf("p%d", i))
		family := pick(r, families)
		it.doc["name"] = []any{map[string]any{"family": family, "given": []any{"An"}}}
		it.put("family", fact{s: family})
		it.put("name", fact{s: family}, fact{s: "An"})
		if r.IntN(2) == 0 {
			s := pick(r, []string{"1980", "1980-04", "2001-12-31"})
			from, to := specTime(s)
			it.doc["birthDate"] = s
			it.put("birthdate", fact{from: from, to: to})
		}
		if r.IntN(2) == 0 {
			it.doc["identifier"] = []any{map[string]any{"system": "urn:i", "value": strconv.Itoa(i % 7), "type": map[string]any{"coding": []any{map[string]any{"system": "urn:k", "code": "MR"}}, "text": "Hồ sơ"}}}
			it.put("identifier", fact{system: "urn:i", code: strconv.Itoa(i % 7), kind: "urn:k|MR", text: "Hồ sơ"})
		}
		if r.IntN(2) == 0 {
			it.refer("managingOrganization", "organization", fmt.Sprintf("Organization/o%d", r.IntN(6)))
		}
	}
	for i := range 90 {
		add("Observation", fmt.Sprintf("b%d", i)).observe(r, fmt.Sprintf("p%d", r.IntN(30)))
	}
	for i := range 12 {
		it := add("Location", fmt.Sprintf("l%d", i))
		if r.IntN(4) > 0 {
			lat, long := 21+r.Float64(), 105+1.5*r.Float64()
			it.doc["position"] = map[string]any{"latitude": lat, "longitude": long}
			it.put("near", fact{lat: lat, long: long})
		}
		if i > 0 {
			it.refer("partOf", "partof", fmt.Sprintf("Location/l%d", r.IntN(i)))
		}
	}
	for i, url := range []string{"http://a.vn/x", "http://a.vn/x/1", "http://a.vn/xy", "urn:oid:1.2", "http://a.vn/x/1/2", "http://a.vn/"} {
		it := add("ValueSet", fmt.Sprintf("v%d", i))
		it.doc["url"], it.doc["status"] = url, "active"
		it.put("url", fact{s: url})
	}
	for i := range 8 {
		it := add("RiskAssessment", fmt.Sprintf("r%d", i))
		text := pick(r, []string{"0.3", "0.34", "0.305", "1"})
		v, _ := strconv.ParseFloat(text, 64)
		n, _ := new(big.Rat).SetString(text)
		it.doc["status"] = "final"
		it.refer("subject", "subject", "Patient/p1")
		it.doc["prediction"] = []any{map[string]any{"probabilityDecimal": v}}
		it.put("probability", fact{n: n})
	}
	list := add("List", "li")
	list.doc["status"], list.doc["mode"] = "current", "working"
	var entries []any
	for _, to := range []string{"Patient/p1", "Patient/p2", "Observation/b3"} {
		entries = append(entries, map[string]any{"item": ref(to)})
		list.put("item", fact{s: to})
	}
	list.doc["entry"] = entries
	return w
}

// specQuestions draws one condition on a type.
func specQuestion(r *rand.Rand, typ string) [2]string {
	op := func(s string) string { return pick(r, append([]string{"", ""}, prefixes...)) + s }
	yes := pick(r, []string{"true", "false"})
	any := [][2]string{{"_tag", pick(r, []string{"t1", "urn:t|t2", "|t1", "urn:t|"})}, {"_tag:not", "t1"}, {"_tag:missing", yes}, {"_profile", "https://x.vn/p/a"}, {"_profile:missing", yes},
		{"_source:below", "https://x.vn/p"}, {"_text", pick(r, []string{"sot", "ho", "nhẹ"})}, {"_content", "sốt"}, {"_tag:text", "nhan"}}
	by := map[string][][2]string{
		"Patient": {{"name", pick(r, []string{"nguyen", "an", "Đ", "le,tran"})}, {"name:exact", "Nguyễn"}, {"name:contains", "gu"}, {"birthdate", op(pick(r, []string{"1980", "1980-04", "2001"}))}, {"birthdate:missing", yes},
			{"identifier", pick(r, []string{"urn:i|3", "4", "|4", "urn:i|", "1,2"})}, {"identifier:of-type", "urn:k|MR|" + strconv.Itoa(r.IntN(8))}, {"identifier:text", "ho so"}, {"identifier:missing", yes},
			{"organization", pick(r, []string{"o1", "Organization/o2", "o1,o3"})}, {"organization:below", "Organization/o" + strconv.Itoa(r.IntN(6))}, {"organization:above", "Organization/o" + strconv.Itoa(r.IntN(6))},
			{"organization.name", "tram"}, {"_has:Observation:patient:code", pick(r, []string{"a", "urn:l|b"})}, {"_has:Observation:patient:value-quantity", op("5")}, {"_list", "li"}, {"_id", "p1,p2,p3"}},
		"Observation": {{"code", pick(r, []string{"a", "urn:l|b", "|c", "urn:l|", `d\|1`, `e\,2`, `a,e\,2`})}, {"code:not", "a"}, {"code:text", pick(r, []string{"dau", "Sốt", "loi"})}, {"code:in", "urn:set"}, {"code:not-in", "urn:set"},
			{"code:below", "urn:l|" + pick(r, specTree)}, {"code:above", "urn:l|" + pick(r, specTree)}, {"date", op(pick(r, append(specDates, "2018", "2025-06")))}, {"date", op("2024") + "," + op("2025-03-04")}, {"date:missing", yes},
			{"value-quantity", op(pick(r, []string{"5", "5.4", "5.40", "0.005", "5400", "-3"})) + pick(r, []string{"", "", "||mg", "||hộp", "|urn:u|g", "|" + fhir.SystemUCUM + "|mg", "|" + fhir.SystemUCUM + "|g", "|" + fhir.SystemUCUM + "|kg", "|" + fhir.SystemUCUM + "|viên"})},
			{"code-value-quantity", pick(r, []string{"a", "urn:l|b"}) + "$" + op("5") + pick(r, []string{"", "|" + fhir.SystemUCUM + "|g"})}, {"value-string", pick(r, []string{"am", "duong", `a\\b\,c`})}, {"value-string:missing", yes},
			{"subject", pick(r, []string{"p1", "Patient/p2"})}, {"subject:Patient", "p3"}, {"patient.organization.name", "tram"}, {"subject:Patient.name", "nguyen"}, {"patient.family:exact", "Lê"}, {"performer:identifier", pick(r, []string{"urn:i|9", "9", "8"})},
			{"performer:missing", yes}, {"patient._has:Observation:patient:code", "a"}},
		"Location": {{"near", fmt.Sprintf("%.3f|%.3f|%d|%s", 21+r.Float64(), 105+r.Float64(), 5+r.IntN(90), "km")}, {"near", "21.5|105.5|30000|m,21|105|40|km"}, {"near:missing", yes}, {"partof", "l1"},
			{"partof:below", "Location/l" + strconv.Itoa(r.IntN(12))}, {"partof:above", "Location/l" + strconv.Itoa(r.IntN(12))}},
		"ValueSet":       {{"url", "http://a.vn/x"}, {"url:below", pick(r, []string{"http://a.vn/x", "http://a.vn/", "http://a.vn", "urn:oid:1.2"})}, {"url:above", pick(r, []string{"http://a.vn/x/1/2", "http://a.vn/x/9", "urn:oid:1.2.3"})}},
		"RiskAssessment": {{"probability", op(pick(r, []string{"0.3", "0.30", "0.31", "1", "0.305"}))}, {"subject.name", "an"}},
		"Organization":   {{"_has:Patient:organization:_has:Observation:patient:code", "a"}, {"name:contains", "B"}, {"partof", "o0"}},
	}
	return pick(r, append(any, slices.Concat(by[typ], by[typ])...))
}

// TestSearchEqualsSpecification: over random resources and questions, search
// finds what the specification says, page by page.
func TestSearchEqualsSpecification(t *testing.T) {
	if testing.Short() {
		t.Skip("asks hundreds of questions, one after another")
	}
	now := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	eachDatabase(t, Config{Guard: &testGuard{}, Terminology: specTerms{}, Now: func() time.Time { return now }}, func(t *testing.T, s *Store) {
		w := makeSpec(rand.New(rand.NewPCG(11, 3)), now)
		stored := &world{s: s}
		for chunk := range slices.Chunk(w.items, 60) {
			var docs []map[string]any
			for _, it := range chunk {
				docs = append(docs, it.doc)
			}
			stored.add(t, docs...)
		}
		rapid.Check(t, func(rt *rapid.T) {
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 5))
			typ := pick(r, []string{"Patient", "Patient", "Observation", "Observation", "Observation", "Location", "ValueSet", "RiskAssessment", "Organization"})
			q := Query{Type: typ, Count: 3 + r.IntN(40)}
			for range 1 + r.IntN(3) {
				q.Params = append(q.Params, specQuestion(r, typ))
			}
			var want []string
			for _, it := range w.items {
				if it.typ == typ && !slices.ContainsFunc(q.Params, func(p [2]string) bool { return !w.holds(it, p[0], p[1]) }) {
					want = append(want, it.id)
				}
			}
			var got []string
			for _, d := range pages(t, s.For(SystemActor()), q) {
				got = append(got, d.ID())
			}
			slices.Sort(want)
			slices.Sort(got)
			if !slices.Equal(got, want) {
				rt.Fatalf("%s?%v: too many %v, missing %v", typ, q.Params, less(got, want), less(want, got))
			}
		})
	})
}

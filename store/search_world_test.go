// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"testing"

	"mach/fhir"
)

func coin(parts ...string) bool {
	h := fnv.New32a()
	for _, p := range parts {
		h.Write([]byte(p))
	}
	return h.Sum32()%3 != 0
}

// world is what the random searches run over.
type world struct {
	s      *Store
	docs   []*fhir.Doc
	rng    *rand.Rand
	labels map[string]*Labels
	rels   map[string]map[string][]Relation // by facility of the actor
}

var (
	families = []string{"Nguyễn", "Trần", "Lê", "Đặng", "nguyên"}
	givens   = []string{"Văn An", "Thị Bích", "Ánh", "Hoà", "Đức %_!"}
	loincs   = []string{"8310-5", "8867-4", "85354-9"}
	icds     = []string{"A90", "B20", "J10", "I10"}
	statuses = []string{"final", "preliminary", "amended"}
	moments  = []string{"2024", "2025-03", "2025-03-04", "2025-03-04T08:00:00+07:00", "2025-03-04T08:00:00.250Z", "2026-01-01", "2026-07"}
)

func pick[T any](r *rand.Rand, of []T) T { return of[r.IntN(len(of))] }

func (w *world) add(t *testing.T, docs ...map[string]any) {
	t.Helper()
	ops := make([]Op, len(docs))
	for i, d := range docs {
		doc, err := fhir.New(d)
		if err != nil {
			t.Fatal(err)
		}
		ops[i] = Put(doc)
	}
	r, err := w.s.For(SystemActor()).Commit(t.Context(), ops...)
	if err != nil {
		t.Fatal(err)
	}
	w.docs = append(w.docs, r.Docs...)
}

func coding(system, code string) map[string]any {
	c := map[string]any{"code": code}
	if system != "" {
		c["system"] = system
	}
	return map[string]any{"coding": []any{c}}
}

func ref(to string) map[string]any { return map[string]any{"reference": to} }

// makeWorld fills a store with people, visits, measurements and diagnoses.
func makeWorld(t *testing.T, s *Store, seed uint64, people, each int) *world {
	t.Helper()
	w := &world{s: s, rng: rand.New(rand.NewPCG(seed, 1))}
	r := w.rng
	for _, f := range []string{"o0", "o1"} {
		w.add(t, map[string]any{"resourceType": "Organization", "id": f, "name": "Trạm " + f})
	}
	for p := range people {
		id := fmt.Sprintf("p%d", p)
		patient := map[string]any{"resourceType": "Patient", "id": id, "gender": pick(r, []string{"male", "female", "other"}),
			"identifier": []any{map[string]any{"system": "https://mach.vn/id/personal", "value": fmt.Sprintf("%012d", p)}},
			"name":       []any{map[string]any{"family": pick(r, families), "given": []any{pick(r, givens)}, "text": pick(r, families) + " " + pick(r, givens)}}}
		if r.IntN(4) > 0 {
			patient["birthDate"] = pick(r, []string{"1953", "1980-04", "2001-12-31", "2001-12-30"})
		}
		if r.IntN(2) > 0 {
			patient["managingOrganization"] = ref(pick(r, []string{"Organization/o0", "Organization/o1"}))
		}
		docs := []map[string]any{patient}
		for i := range each {
			docs = append(docs, w.observation(fmt.Sprintf("%s-%d", id, i), id))
		}
		condition := map[string]any{"resourceType": "Condition", "id": "c" + id, "subject": ref("Patient/" + id),
			"code": coding(pick(r, []string{"http://hl7.org/fhir/sid/icd-10", "urn:other"}), pick(r, icds))}
		if r.IntN(2) > 0 {
			condition["recordedDate"] = pick(r, moments)
		}
		w.add(t, append(docs, condition)...)
	}
	return w
}

func (w *world) observation(id, patient string) map[string]any {
	r := w.rng
	o := map[string]any{"resourceType": "Observation", "id": id, "status": pick(r, statuses),
		"code": coding(pick(r, []string{"http://loinc.org", ""}), pick(r, loincs)), "subject": ref("Patient/" + patient)}
	switch r.IntN(4) {
	case 0:
		o["effectivePeriod"] = map[string]any{"start": pick(r, moments)}
	case 1, 2:
		o["effectiveDateTime"] = pick(r, moments)
	}
	switch r.IntN(3) {
	case 0:
		o["valueQuantity"] = map[string]any{"value": pick(r, []float64{36.5, 37, 5.4, 120}), "unit": "C", "system": "http://unitsofmeasure.org", "code": pick(r, []string{"Cel", "mm"})}
	case 1:
		o["valueCodeableConcept"] = coding("urn:v", pick(r, []string{"yes", "no"}))
	}
	if r.IntN(3) == 0 {
		o["performer"] = []any{ref(pick(r, []string{"Organization/o0", "Practitioner/none"}))}
	}
	return o
}

// parameters draws random search parameters of a type.
func parameters(r *rand.Rand, typ string) [2]string {
	prefix := func() string { return pick(r, append([]string{"", ""}, prefixes...)) }
	common := [][2]string{
		{"_id", pick(r, []string{"p3", "p1,p2", "p5-1", "cp4", "none"})},
		{"_lastUpdated", pick(r, []string{"gt", "lt", "ge", "le"}) + "2026-01-01"},
	}
	byType := map[string][][2]string{
		"Patient": {
			{"name", pick(r, []string{"nguyen", "Đặng", "thi", "a", "van an", "zz", "nguyen,le"})},
			{"name:exact", pick(r, []string{"Nguyễn", "nguyên", "Văn An"})},
			{"name:contains", pick(r, []string{"guy", "bi", "%", "_", "!", "ễn"})},
			{"family", pick(r, families)}, {"given:missing", pick(r, []string{"true", "false"})},
			{"gender", pick(r, []string{"male", "female,other", "none"})}, {"gender:not", "male"},
			{"birthdate", prefix() + pick(r, []string{"1953", "1980", "2001-12-31", "1980-04-10"})},
			{"birthdate:missing", pick(r, []string{"true", "false"})},
			{"identifier", pick(r, []string{"https://mach.vn/id/personal|000000000007", "000000000003", "https://mach.vn/id/personal|", "|000000000003", "x|000000000003"})},
			{"organization", pick(r, []string{"o0", "Organization/o1", "Organization/o0,Organization/o1"})},
			{"organization:missing", "true"},
			{"organization.name", pick(r, []string{"tram o1", "tram", "x"})},
			{"_has:Condition:patient:code", pick(r, icds)},
		},
		"Observation": {
			{"code", pick(r, []string{"8310-5", "http://loinc.org|8867-4", "|85354-9", "http://loinc.org|", "8310-5,8867-4"})},
			{"code:not", "8310-5"}, {"status", pick(r, []string{"final", "preliminary,amended"})},
			{"patient", pick(r, []string{"p1", "Patient/p2", "p1,p3", "Patient/none"})},
			{"subject:Patient", "p4"}, {"subject", pick(r, []string{"Patient/p5", "p6"})},
			{"subject:Patient.name", pick(r, []string{"nguyen", "le"})}, {"patient.gender", "male"},
			{"date", prefix() + pick(r, append(moments, "2025-03-04T08:00"))}, {"date", "gt2025,lt2024-06"},
			{"date:missing", pick(r, []string{"true", "false"})},
			{"value-quantity", prefix() + pick(r, []string{"37", "36.5", "5.4|http://unitsofmeasure.org|Cel", "120||mm", "5||C", "37|x|Cel"})},
			{"value-concept", pick(r, []string{"yes", "urn:v|no"})},
			{"code-value-quantity", "8310-5$" + prefix() + pick(r, []string{"37", "36.5"})},
			{"code-value-concept", pick(r, []string{"http://loinc.org|8867-4$yes", "8310-5$urn:v|no"})},
			{"performer", pick(r, []string{"Organization/o0", "none", "o0"})}, {"performer:missing", "true"},
		},
		"Condition": {
			{"code", pick(r, icds)}, {"code", "http://hl7.org/fhir/sid/icd-10|" + pick(r, icds)}, {"patient", pick(r, []string{"p1", "p2,p9"})},
			{"recorded-date", prefix() + pick(r, moments)}, {"patient.identifier", "000000000002"},
		},
	}
	return pick(r, append(common, byType[typ]...))
}

func sorts(r *rand.Rand, typ string) string {
	return pick(r, map[string][]string{
		"Patient":     {"", "", "family", "-family", "birthdate", "-birthdate", "_lastUpdated", "-_lastUpdated", "gender,family", "-_id", "name"},
		"Observation": {"", "", "date", "-date", "-_lastUpdated", "value-quantity", "code,-date"},
		"Condition":   {"", "recorded-date", "-recorded-date", "code"},
	}[typ])
}

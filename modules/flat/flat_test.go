// SPDX-License-Identifier: Apache-2.0

package flat_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mach/content"
	"mach/fhir"
	"mach/modules/flat"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

func follower(t *testing.T) store.Follower {
	t.Helper()
	files, err := content.Flat()
	if err != nil {
		t.Fatal(err)
	}
	var all [][]byte
	for _, name := range slices.Sorted(maps.Keys(files)) {
		all = append(all, files[name])
	}
	m, err := flat.New(all)
	if err != nil {
		t.Fatal(err)
	}
	return m.Follower()
}

// lines reads one text column of a question.
func lines(t *testing.T, s *store.Store, sql string) []string {
	t.Helper()
	out, err := store.Figures(t.Context(), s.For(storetest.System()), vn.Nation, func(scan store.Scan) (string, error) {
		var line string
		err := scan(&line)
		return line, err
	}, sql)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func doc(t *testing.T, text string) *fhir.Doc {
	t.Helper()
	d, err := fhir.ParseString(text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

const pressure = `{"resourceType":"Observation","id":"bp","status":"final","code":{"coding":[{"system":"http://loinc.org","code":"85354-9"}]},"subject":{"reference":"Patient/p"},"effectiveDateTime":"2026-11-02T08:00:00+07:00","component":[
	{"code":{"coding":[{"system":"http://loinc.org","code":"8480-6"}]},"valueQuantity":{"value":150,"code":"mm[Hg]","system":"http://unitsofmeasure.org"}},
	{"code":{"coding":[{"system":"http://loinc.org","code":"8462-4"}]},"valueQuantity":{"value":90.5,"code":"mm[Hg]","system":"http://unitsofmeasure.org"}}]}`

const measured = `select code || ' ' || cast(value as text) || ' ' || unit || ' ' || patient from flat_measurements order by _row`

// TestRowsFollowResources: a write makes rows, a new version replaces them, a
// delete and a draft have none, and a rebuild finds the same.
func TestRowsFollowResources(t *testing.T) {
	f := follower(t)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		storetest.Commit(t, s, f.Name,
			store.Put(doc(t, `{"resourceType":"Patient","id":"p","gender":"female","birthDate":"1980-02","name":[{"family":"Nguyễn"}],"deceasedDateTime":"2026-01-01"}`)),
			store.Put(doc(t, pressure)),
			store.Put(doc(t, `{"resourceType":"Condition","id":"c","subject":{"reference":"Patient/p"},"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"I10"},{"system":"http://snomed.info/sct","code":"38341003"}]}}`)))
		if d := cmp.Diff([]string{"8480-6 150 mm[Hg] Patient/p", "8462-4 90.5 mm[Hg] Patient/p"}, numbers(lines(t, s, measured))); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"female 1980-02 1"}, lines(t, s, `select sex || ' ' || birth_date || ' ' || cast(dead as text) from flat_people`)); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff([]string{"I10", "38341003"}, lines(t, s, `select code from flat_diagnoses order by _row`)); d != "" {
			t.Error(d)
		}

		storetest.Commit(t, s, f.Name, store.Put(doc(t, strings.Replace(pressure, "150", "140", 1))))
		if d := cmp.Diff([]string{"8480-6 140 mm[Hg] Patient/p", "8462-4 90.5 mm[Hg] Patient/p"}, numbers(lines(t, s, measured))); d != "" {
			t.Error(d)
		}
		if err := s.Rebuild(t.Context(), f.Name); err != nil {
			t.Fatal(err)
		}
		if n := len(lines(t, s, measured)); n != 2 {
			t.Errorf("%d rows after a rebuild", n)
		}

		storetest.Commit(t, s, f.Name, store.Put(doc(t, strings.Replace(pressure, "final", "preliminary", 1))))
		if n := len(lines(t, s, measured)); n != 0 {
			t.Errorf("%d rows of a draft", n)
		}
		storetest.Commit(t, s, f.Name, store.Delete("Condition", "c"))
		if n := len(lines(t, s, `select code from flat_diagnoses`)); n != 0 {
			t.Errorf("%d rows of what was deleted", n)
		}
	}, storetest.Follow(f))
}

// numbers drops what databases write differently: 150.0 is 150.
func numbers(lines []string) []string {
	for i := range lines {
		lines[i] = strings.ReplaceAll(lines[i], ".0 ", " ")
	}
	return lines
}

// TestRefusedAreNamed: a resource that a definition cannot be applied to stops
// nothing and is not silently missing.
func TestRefusedAreNamed(t *testing.T) {
	m, err := flat.New([][]byte{[]byte(`{"resourceType":"ViewDefinition","name":"Narrow","resource":"Patient","select":[{"column":[{"name":"given","path":"name.given","type":"string"}]}]}`)})
	if err != nil {
		t.Fatal(err)
	}
	f := m.Follower()
	s := storetest.New(t, storetest.Follow(f))
	storetest.Commit(t, s, f.Name,
		store.Put(doc(t, `{"resourceType":"Patient","id":"two","name":[{"given":["Văn","An"]}]}`)),
		store.Put(doc(t, `{"resourceType":"Patient","id":"one","name":[{"given":["An"]}]}`)))
	if d := cmp.Diff([]string{"one An"}, lines(t, s, `select _resource || ' ' || given from flat_narrow`)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"two sof.several ViewDefinition.select[0].column[0]"}, lines(t, s, `select _resource || ' ' || reason from flat_refused`)); d != "" {
		t.Error(d)
	}
}

// TestDefinitionsChangeTheView: another expression is another version, the same
// definitions are the same.
func TestDefinitionsChangeTheView(t *testing.T) {
	view := func(path string) int {
		m, err := flat.New([][]byte{[]byte(`{"name":"people","resource":"Patient","select":[{"column":[{"name":"a","path":"` + path + `","type":"string"}]}]}`)})
		if err != nil {
			t.Fatal(err)
		}
		return m.Follower().Version
	}
	first, again, other := view("id"), view("id"), view("gender")
	if first != again || first == other {
		t.Errorf("versions %d, %d of the same definitions, %d of others", first, again, other)
	}
	for name, text := range map[string]string{
		"no name": `{"resource":"Patient","select":[{"column":[{"name":"a","path":"id"}]}]}`,
		"refused": `{"name":"refused","resource":"Patient","select":[{"column":[{"name":"a","path":"id"}]}]}`,
		"wrong":   `{"name":"x","resource":"Nothing","select":[]}`,
	} {
		if _, err := flat.New([][]byte{[]byte(text)}); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

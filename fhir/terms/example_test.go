// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"mach/fhir"
)

// official reads the terminology resources of HL7's package of examples from
// the user's cache, where the tests of package fhir leave it, or skips.
func official(t *testing.T) map[string]*fhir.Doc {
	t.Helper()
	all, err := readOfficial()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("skipped: the official examples are not here:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var readOfficial = sync.OnceValues(func() (map[string]*fhir.Doc, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(cache, "mach", "hl7.fhir.r4.examples-4.0.1.tgz"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	all := map[string]*fhir.Doc{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		name := path.Base(h.Name)
		if kind, _, _ := strings.Cut(name, "-"); kind != "CodeSystem" && kind != "ValueSet" && kind != "ConceptMap" {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		if d, err := fhir.Parse(b); err == nil && d.Get("url").String() != "" {
			all[d.Ref()] = d
		}
	}
})

// TestOfficial loads all terminology of the official examples and holds it
// against what the examples themselves say: expansions, the codes that value
// sets list, the targets of concept maps.
func TestOfficial(t *testing.T) {
	docs := official(t)
	s := New()
	for key, d := range docs {
		if err := s.Put(key, d); err != nil {
			t.Fatalf("%s: %v", key, err)
		}
	}
	st := s.now.Load()
	listed, checked, translated := 0, 0, 0
	for key, d := range docs {
		switch d.Type() {
		case "ValueSet":
			v, err := st.compileSet(d, nil)
			if err != nil {
				t.Errorf("%s: %v", key, err)
				continue
			}
			if codes, err := v.list(); err == nil {
				listed++
				for system, code := range codes.All() {
					checked++
					if v.has(system, code) != yes {
						t.Errorf("%s lists %s of %s, and says it has not", key, code, system)
					}
				}
			}
		case "ConceptMap":
			translated += translates(t, s, d)
		}
	}
	if listed < 1260 || checked < 32_000 || translated < 600 {
		t.Errorf("%d value sets, %d codes, %d translations", listed, checked, translated)
	}
	fmt.Printf("terms r4: %d value sets listed with %d codes, %d translations there and back\n", listed, checked, translated)
}

// translates holds a map against its own elements, and back.
func translates(t *testing.T, s *Set, d *fhir.Doc) (n int) {
	for g := range d.Each("group") {
		for e := range g.Each("element") {
			source := Coding{System: g.Get("source").String(), Code: e.Get("code").String()}
			for target := range e.Each("target") {
				code := target.Get("code").String()
				if code == "" {
					continue
				}
				n++
				if !translatesTo(s.TranslateIn(d, TranslateQuery{Coding: source}), code) {
					t.Errorf("%s: %s does not give %s", d.Ref(), source.Code, code)
				}
				back := TranslateQuery{Coding: Coding{System: g.Get("target").String(), Code: code}, Reverse: true}
				if !translatesTo(s.TranslateIn(d, back), source.Code) {
					t.Errorf("%s: %s does not come from %s", d.Ref(), code, source.Code)
				}
			}
		}
	}
	return n
}

func translatesTo(found []Match, code string) bool {
	for _, m := range found {
		if m.Coding.Code == code {
			return true
		}
	}
	return false
}

// TestOfficialExpansions: where the specification shows an expansion beside the
// definition, ours has the same codes.
func TestOfficialExpansions(t *testing.T) {
	docs := official(t)
	s := New()
	for key, d := range docs {
		if err := s.Put(key, d); err != nil {
			t.Fatal(err)
		}
	}
	// What cannot be compared, and why.
	excepted := map[string]string{
		"ValueSet/example-expansion":    "of LOINC, which is not here",
		"ValueSet/example-hierarchical": "its definition misspells codes of its expansion (tbrottled, lock)",
		"ValueSet/inactive":             "its expansion is of an older ActMood, without the predicates of moods (EVN.CRT)",
	}
	compared := 0
	for key, d := range docs {
		if d.Type() != "ValueSet" || !d.Get("expansion").Exists() || !d.Get("compose").Exists() {
			continue
		}
		ours, err := s.ExpandIn(d, ExpandQuery{Count: -1})
		same := err == nil && slices.Equal(codesOf(ours.Get("expansion")), codesOf(d.Get("expansion")))
		if compared++; same == (excepted[key] != "") {
			t.Errorf("%s: the same %v (%v), excepted because %q", key, same, err, excepted[key])
		}
	}
	if compared != 4 {
		t.Errorf("%d expansions compared, want 4", compared)
	}
}

// codesOf lists the codes of an expansion, however nested, in their order.
func codesOf(n fhir.Node) (out []string) {
	for c := range n.Each("contains") {
		out = append(out, c.Get("system").String()+" "+c.Get("code").String())
		out = append(out, codesOf(c)...)
	}
	slices.Sort(out)
	return out
}

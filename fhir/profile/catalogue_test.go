// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"mach/fhir"
)

// TestCatalogue: every message key of this package has words in both languages,
// and no words are left over; so have all invariants of R4 and ours.
func TestCatalogue(t *testing.T) {
	used := map[string]bool{}
	files, _ := filepath.Glob("*.go")
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"(profile\.[a-z0-9_.]+)"`).FindAllSubmatch(text, -1) {
			used[string(m[1])] = true
		}
	}
	if len(r4Keys()) != 237 {
		t.Errorf("R4 has 237 invariants, not %d", len(r4Keys()))
	}
	for _, keys := range []map[string]bool{r4Keys(), ownKeys} {
		for key := range keys {
			used["invariant."+key] = true
		}
	}
	for rule, key := range namesakes {
		typ, name, _ := strings.Cut(rule, " ")
		if !slices.ContainsFunc(fhir.Invariants(typ), func(v fhir.Invariant) bool { return v.Key == name }) {
			t.Errorf("%s has no invariant %s", typ, name)
		}
		used["invariant."+key] = true
	}
	for _, lang := range []string{"vi", "en"} {
		words := map[string]bool{}
		for _, area := range []string{"profile", "invariant"} {
			text, err := os.ReadFile("../../content/i18n/" + lang + "/" + area + ".toml")
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range regexp.MustCompile(`(?m)^"([^"]+)" = "[^"]+"$`).FindAllSubmatch(text, -1) {
				words[string(m[1])] = true
				if !used[string(m[1])] {
					t.Errorf("%s: %s is not used", lang, m[1])
				}
			}
		}
		for key := range used {
			if !words[key] {
				t.Errorf("%s: %s has no words", lang, key)
			}
		}
	}
}

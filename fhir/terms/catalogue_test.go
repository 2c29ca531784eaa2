// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCatalogue: every message key of this package and of ucum has words in both
// languages, and no words are left over.
func TestCatalogue(t *testing.T) {
	used := map[string]bool{}
	ours, _ := filepath.Glob("*.go")
	units, _ := filepath.Glob("../ucum/*.go")
	services, _ := filepath.Glob("../../modules/fhirapi/operation_*.go")
	for _, file := range append(append(ours, units...), services...) {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`"((?:terms|ucum)\.[a-z0-9_.]+)"`).FindAllSubmatch(text, -1) {
			used[string(m[1])] = true
		}
	}
	for _, lang := range []string{"vi", "en"} {
		text, err := os.ReadFile("../../content/i18n/" + lang + "/terms.toml")
		if err != nil {
			t.Fatal(err)
		}
		words := map[string]bool{}
		for _, m := range regexp.MustCompile(`(?m)^"([^"]+)" = "[^"]+"$`).FindAllSubmatch(text, -1) {
			words[string(m[1])] = true
			if !used[string(m[1])] {
				t.Errorf("%s: %s is not used", lang, m[1])
			}
		}
		for key := range used {
			if !words[key] {
				t.Errorf("%s: %s has no words", lang, key)
			}
		}
	}
}

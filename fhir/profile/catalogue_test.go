// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCatalogue: every message key of this package has words in both languages,
// and no words are left over; so have the invariants that are spoken.
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
	for _, key := range spokenKeys() {
		used["invariant."+key] = true
		if !r4Keys()[key] && !strings.HasPrefix(key, "mach-") {
			t.Errorf("R4 has no invariant %s", key)
		}
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

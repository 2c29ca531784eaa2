// SPDX-License-Identifier: Apache-2.0

package mach_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// spoken finds what a person would read: text between tags, and attributes that
// are read out.
var spoken = []*regexp.Regexp{
	regexp.MustCompile(`>([^<>{}]*\p{L}{2}[^<>{}]*)</`),
	regexp.MustCompile(`\b(?:title|aria-label|placeholder|alt|summary)="([^"{}]*\p{L}{2}[^"{}]*)"`),
	regexp.MustCompile(`"([^"]*[àáảãạăằắẳẵặâầấẩẫậèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵđ][^"]*)"`),
}

// Words on screens come from the catalogue. The exceptions are written in both
// languages or are never translated: the page without a network, the nation's
// name over official papers, the name of the product, the samples of the kit.
func TestTemplatesHoldNoWords(t *testing.T) {
	allowed := map[string]string{
		"web/fail.templ": "Mất kết nối mạng", "web/layout.templ": "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
	}
	seen := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == "node_modules" || path == filepath.Join("web", "kit")):
			return fs.SkipDir
		case filepath.Ext(path) != ".templ":
			return nil
		}
		seen++
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if words, ok := allowed[filepath.ToSlash(path)]; ok {
			if !strings.Contains(string(b), words) {
				t.Errorf("%s is no exception any more", path)
			}
			return nil
		}
		for n, line := range strings.Split(string(b), "\n") {
			code, _, _ := strings.Cut(line, "// ")
			for _, words := range spoken {
				if m := words.FindStringSubmatch(code); m != nil {
					t.Errorf("%s:%d says %q by itself", path, n+1, m[1])
				}
			}
		}
		return nil
	})
	if err != nil || seen < 20 {
		t.Fatalf("%d templates read: %v", seen, err)
	}
}

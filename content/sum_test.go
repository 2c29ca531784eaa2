// SPDX-License-Identifier: Apache-2.0

package content

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Every file that a site replaces or adds, and every name of it, counts.
func TestSumTellsSitesApart(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	var sums []string
	for _, s := range []Site{
		{}, SiteAt(fstest.MapFS{"units/since.tsv": file("a")}), SiteAt(fstest.MapFS{"units/since.tsv": file("b")}),
		SiteAt(fstest.MapFS{"units/before.tsv": file("a")}), SiteAt(fstest.MapFS{"units/since.tsv": file("a"), "x": file("")}),
	} {
		sum, err := s.Sum()
		if err != nil {
			t.Fatal(err)
		}
		if again, err := s.Sum(); err != nil || again != sum || len(sum) != 16 {
			t.Errorf("%q, then %q, %v", sum, again, err)
		}
		if slices.Contains(sums, sum) {
			t.Errorf("two sites have the sum %s", sum)
		}
		sums = append(sums, sum)
	}
	none, err := SiteAt(os.DirFS(filepath.Join(t.TempDir(), "none"))).Sum()
	if err != nil || none != sums[0] {
		t.Errorf("a folder that is not there: %q, %v; want %q", none, err, sums[0])
	}
}

// Definitions that are embedded must not be forgotten in the sum.
func TestSumTakesAllEmbedded(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile("sum.go")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`//go:embed [^\n]+\nvar (\w+)`).FindAllStringSubmatch(string(src), -1) {
			n++
			if !regexp.MustCompile(`[{ \t]` + m[1] + `[,}]`).Match(sum) {
				t.Errorf("%s embeds %s, which is not in the sum", f, m[1])
			}
		}
		if got := strings.Count(string(src), "//go:embed "); !strings.HasSuffix(f, "_test.go") {
			n -= got
		}
	}
	if n != 0 {
		t.Errorf("%d embedded variables were not understood", -n)
	}
}

// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// suite returns the folder of a public test suite, or skips the test.
func suite(t testing.TB, name string) string {
	t.Helper()
	root := os.Getenv("MACH_SUITES")
	if root == "" {
		root = "../../shared/suites"
	}
	dir := filepath.Join(root, name)
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: no suite %s: %v", name, err)
	}
	return dir
}

// TestSyntheaBundles: what Synthea writes is accepted, and so is every entry on
// its own.
func TestSyntheaBundles(t *testing.T) {
	files, _ := filepath.Glob(filepath.Join(suite(t, "synthea"), "*.json.gz"))
	entries := 0
	for _, file := range files {
		d := mustParse(t, gunzip(t, file))
		for _, is := range Validate(d) {
			t.Errorf("%s: %s %v at %s", filepath.Base(file), is.Key, is.Args, is.Path)
		}
		for e := range d.Each("entry") {
			entries++
			part := mustParse(t, e.Get("resource").Raw())
			if len(Extract(part)) == 0 {
				t.Errorf("%s: nothing finds %s", filepath.Base(file), part.Ref())
			}
		}
	}
	if len(files) < 8 || entries < 1943 {
		t.Errorf("%d bundles, %d entries; the suite has 8 and 1,943", len(files), entries)
	}
}

func gunzip(t testing.TB, file string) string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	b, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// The official examples of R4: HL7's own npm package, CC0. It is fetched once
// into the user's cache folder; tools/fhirdefs reads the same file.
const (
	examplePackage = "hl7.fhir.r4.examples@4.0.1"
	exampleFile    = "hl7.fhir.r4.examples-4.0.1.tgz"
)

// An example is one resource of the package.
type example struct {
	name string
	text string
}

var readExamples = sync.OnceValues(func() ([]example, error) {
	file, err := fetchExamples()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	var all []example
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		name := path.Base(h.Name)
		if !strings.HasSuffix(name, ".json") || name == "package.json" || name == ".index.json" {
			continue
		}
		b, err := io.ReadAll(t)
		if err != nil {
			return nil, err
		}
		all = append(all, example{name, string(b)})
	}
})

// examples returns the official examples, or skips the test with the reason why
// they cannot be had.
func examples(t testing.TB) []example {
	t.Helper()
	all, err := readExamples()
	if err != nil {
		t.Skipf("skipped: %s cannot be had: %v", examplePackage, err)
	}
	if len(all) < 5306 {
		t.Fatalf("%d examples, want 5,306", len(all))
	}
	return all
}

func fetchExamples() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "mach")
	file := filepath.Join(dir, exampleFile)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(dir, "pack-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	cmd := exec.Command("npm", "pack", "--silent", "--fetch-retries", "0", "--pack-destination", temp, examplePackage)
	if err := cmd.Run(); err != nil {
		return "", err
	}
	return file, os.Rename(filepath.Join(temp, exampleFile), file)
}

// TestExamplesKeepTheirBytes holds parsing, compacting and the splices of meta
// against encoding/json over every official example.
func TestExamplesKeepTheirBytes(t *testing.T) {
	at := mustParse(t, `{"resourceType":"X","meta":{"lastUpdated":"2026-11-21T00:00:00Z"}}`).LastUpdated()
	for _, ex := range examples(t) {
		d, err := ParseString(ex.text)
		if err != nil {
			t.Errorf("%s: %v", ex.name, err)
			continue
		}
		if d.Text() != ex.text {
			t.Errorf("%s: text is changed by parsing", ex.name)
		}
		var want bytes.Buffer
		if err := json.Compact(&want, []byte(ex.text)); err != nil {
			t.Fatal(err)
		}
		compacted := d.Compact()
		if compacted.Text() != want.String() {
			t.Errorf("%s: Compact differs from encoding/json", ex.name)
		}
		stored := compacted.WithMeta(d.ID(), "3", at)
		if stored.VersionID() != "3" || !stored.LastUpdated().Equal(at) {
			t.Errorf("%s: version is %q, updated %v", ex.name, stored.VersionID(), stored.LastUpdated())
		}
		if stored.WithoutVersion().Text() != compacted.WithoutVersion().Text() || !stored.Equal(d) {
			t.Errorf("%s: not the same after WithMeta and WithoutVersion", ex.name)
		}
	}
}

// EachExample calls f with every official example, for the tests outside the
// package.
func EachExample(t testing.TB, f func(name, text string)) {
	t.Helper()
	for _, ex := range examples(t) {
		f(ex.name, ex.text)
	}
}

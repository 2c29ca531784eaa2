// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mach/fhir"
	"mach/fhir/fhirtest"
	"mach/fhir/terms"
	"mach/issue"
)

// exampleFile is HL7's own package of R4, which the tests of package fhir fetch
// into the user's cache.
const exampleFile = "hl7.fhir.r4.examples-4.0.1.tgz"

func openPackage(t testing.TB) *os.File {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skipf("skipped: no cache folder: %v", err)
	}
	f, err := os.Open(filepath.Join(cache, "mach", exampleFile))
	if err != nil {
		t.Skipf("skipped: %s is not here; the tests of package fhir fetch it", exampleFile)
	}
	return f
}

var readPackage = sync.OnceValues(func() ([]*fhir.Doc, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	f, err := os.Open(filepath.Join(cache, "mach", exampleFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadArchive(f)
})

// packageDocs are the definitions of the official package.
func packageDocs(t testing.TB) []*fhir.Doc {
	t.Helper()
	openPackage(t).Close()
	docs, err := readPackage()
	if err != nil {
		t.Fatal(err)
	}
	return docs
}

// eachExample calls f with every official example.
func eachExample(t testing.TB, f func(name, text string)) {
	t.Helper()
	file := openPackage(t)
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(h.Name)
		if !strings.HasSuffix(name, ".json") || name == "package.json" || name == ".index.json" {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		f(name, string(b))
	}
}

// TestExamplesAreValid: the official examples keep R4's invariants, value sets,
// profiles and extensions, but for what errata.txt says of them.
func TestExamplesAreValid(t *testing.T) {
	v, err := New(Options{Definitions: officialDefinitions(t), Terms: terms.R4(), Errors: true})
	if err != nil {
		t.Fatal(err)
	}
	errata, n, refused, excused := fhirtest.ReadErrata(), 0, 0, 0
	eachExample(t, func(name, text string) {
		d, err := fhir.ParseString(text)
		if err != nil {
			t.Fatal(name, err)
		}
		found := v.Validate(d)
		if errata.Excuse(d, found) {
			excused++
		}
		for _, is := range found {
			if is.Severity == issue.SeverityError {
				t.Errorf("%s: %s %v", name, fhirtest.Erratum(d, is), is.Args)
			}
		}
		if n++; issue.List(found) != nil {
			refused++
		}
	})
	errata.AllNeeded(t, "")
	fmt.Printf("official examples: %d of %d valid, %d of them with a listed fault of their own\n", n-refused, n, excused)
	fhirtest.Aim(t, "official examples", n-refused, n, 5306, 100)
}

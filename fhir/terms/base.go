// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"bytes"
	"compress/gzip"
	_ "embed" // the terminology of R4
	"fmt"
	"io"
	"strings"
	"sync"

	"mach/fhir"
)

//go:generate go -C ../../tools run ./fhirterms -out ../fhir/terms/r4.txt.gz

//go:embed r4.txt.gz
var packed []byte

// r4 is the embedded text. It is part of the program, so that failing to read
// it is a fault of the build; a test reads it first.
var r4 = sync.OnceValue(func() string {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic(fmt.Sprintf("terms: R4: %v", err))
	}
	text, err := io.ReadAll(z)
	if err != nil {
		panic(fmt.Sprintf("terms: R4: %v", err))
	}
	return string(text)
})

// R4 returns a set of the terminology that FHIR R4 itself defines. SOURCES.md
// says what of it is there.
func R4() *Set {
	s := New()
	s.change(func(st *state) {
		for line := range strings.Lines(r4()) {
			if cells := strings.SplitN(line, "\t", 4); len(cells) == 4 {
				st.add(newSource("", cells[0], cells[1], cells[2], func() (*fhir.Doc, error) { return fhir.ParseString(cells[3]) }))
			}
		}
	})
	return s
}

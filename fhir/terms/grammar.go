// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"mime"
	"strings"

	"github.com/cockroachdb/apd/v3"
	"golang.org/x/text/language"

	"mach/fhir"
	"mach/fhir/ucum"
)

// The systems whose codes are known by their grammar.
const (
	languages = "urn:ietf:bcp:47"
	mimeTypes = "urn:ietf:bcp:13"
)

// A grammar says whether a text is a code of a system that cannot be listed.
type grammar func(code string) bool

// grammarOf returns the grammar of a system, nil for systems that are lists.
func grammarOf(system string) grammar {
	switch system {
	case fhir.UCUM:
		return func(code string) bool { return ucum.Valid(code) == nil }
	case languages:
		return func(code string) bool {
			_, err := language.Parse(code)
			return err == nil && !strings.Contains(code, "_")
		}
	case mimeTypes:
		return func(code string) bool {
			kind, _, err := mime.ParseMediaType(code)
			return err == nil && strings.Contains(kind, "/")
		}
	}
	return nil
}

// narrowed is the grammar under the filters of a value set; nil when one of
// them is not understood. UCUM has the filter canonical = unit: units that
// measure the same (http://hl7.org/fhir/R4/ucum.html).
func (g grammar) narrowed(system string, include fhir.Node) grammar {
	for f := range include.Each("filter") {
		if system != fhir.UCUM || f.Get("property").String() != "canonical" || f.Get("op").String() != "=" {
			return nil
		}
		_, base, err := ucum.Canonical(apd.New(1, 0), f.Get("value").String())
		if err != nil {
			return nil
		}
		wide := g
		g = func(code string) bool {
			_, is, err := ucum.Canonical(apd.New(1, 0), code)
			return err == nil && is == base && wide(code)
		}
	}
	return g
}

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"strings"
)

// ICD10 is the system of ICD-10 codes in resources.
const ICD10 = "http://hl7.org/fhir/sid/icd-10"

// ICDRange is a code of ICD-10 with everything below it ("A97", "B08.4"), or
// all categories from one to another ("B50" to "B54", "K67.0" to "K67.2").
type ICDRange struct{ From, To string }

// ParseICDRange reads "A97", "U07.1", "B50-B54" or "K67.0-K67.2".
func ParseICDRange(s string) (ICDRange, error) {
	from, to, ok := strings.Cut(s, "-")
	if !ok {
		to = from
	}
	if !ValidICD(from) || !ValidICD(to) || len(from) != len(to) || from > to {
		return ICDRange{}, fmt.Errorf("ICD-10 range %q", s)
	}
	return ICDRange{from, to}, nil
}

// ValidICD reports whether the text has the form of an ICD-10 code: a letter,
// two digits and at most two more digits after a point.
func ValidICD(code string) bool {
	if len(code) != 3 && len(code) != 5 && len(code) != 6 {
		return false
	}
	for i := 0; i < len(code); i++ {
		c := code[i]
		ok := c >= '0' && c <= '9'
		switch i {
		case 0:
			ok = c >= 'A' && c <= 'Z'
		case 3:
			ok = c == '.'
		}
		if !ok {
			return false
		}
	}
	return true
}

// NormalICD returns the code as it is compared: capitals, no dagger, asterisk
// or spaces, with the point after the third place ("a970" → "A97.0").
func NormalICD(code string) string {
	code = strings.ToUpper(strings.TrimSpace(code))
	code = strings.TrimRight(code, "*†+ ")
	if len(code) > 3 && code[3] != '.' {
		code = code[:3] + "." + code[3:]
	}
	return code
}

// Contains reports whether a normal code lies in the range. A code of three
// places lies in no range of four: A09 says less than A09.0.
func (r ICDRange) Contains(code string) bool {
	if len(code) < len(r.From) {
		return false
	}
	cut := code[:len(r.From)]
	return r.From <= cut && cut <= r.To
}

// precision orders ranges: a longer code is more specific, and of equal length
// a single code is more specific than a span.
func (r ICDRange) precision() int {
	p := 2 * len(r.From)
	if r.From == r.To {
		p++
	}
	return p
}

// String gives "A97" or "B50-B54".
func (r ICDRange) String() string {
	if r.From == r.To {
		return r.From
	}
	return r.From + "-" + r.To
}

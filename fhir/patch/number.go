// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"strconv"
	"strings"
)

// sameNumber compares two JSON numbers by value: 1.50 is 15e-1.
func sameNumber(a, b string) bool {
	if a == b {
		return true
	}
	da, ea, na := decimal(a)
	db, eb, nb := decimal(b)
	return da == db && ea == eb && (na == nb || da == "")
}

// decimal takes a JSON number apart: digits without zeros at either end, the
// power of ten of the last digit, the sign. Zero has no digits.
func decimal(s string) (digits string, exponent int, negative bool) {
	s, negative = strings.CutPrefix(s, "-")
	if i := strings.IndexAny(s, "eE"); i >= 0 {
		var err error
		if exponent, err = strconv.Atoi(strings.TrimPrefix(s[i+1:], "+")); err != nil {
			return s, 0, negative // beyond all bounds: by its text
		}
		s = s[:i]
	}
	whole, fraction, _ := strings.Cut(s, ".")
	exponent -= len(fraction)
	digits = strings.TrimLeft(whole+fraction, "0")
	short := strings.TrimRight(digits, "0")
	if short == "" {
		return "", 0, negative
	}
	return short, exponent + len(digits) - len(short), negative
}

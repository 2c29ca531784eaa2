// SPDX-License-Identifier: Apache-2.0

package path

import (
	"strconv"
	"strings"

	"github.com/cockroachdb/apd/v3"
)

// Decimals are exact up to 38 digits, more than the 28 that the specification
// asks for (http://hl7.org/fhirpath/N1/#decimal); division, roots and
// logarithms are rounded to that.
const (
	digits      = 38
	maxExponent = 400
	maxNumber   = 1000 // characters of one number
)

func arithmetic() *apd.Context {
	c := apd.BaseContext.WithPrecision(digits)
	c.Traps = apd.DefaultTraps
	c.MaxExponent, c.MinExponent = maxExponent, -maxExponent
	return c
}

// parseDecimal reads a number of JSON.
func parseDecimal(s string) (*apd.Decimal, bool) {
	if s == "" || len(s) > maxNumber || s[len(s)-1]-'0' > 9 {
		return nil, false
	}
	d, _, err := apd.NewFromString(s)
	if err != nil || d.Form != apd.Finite || d.Exponent > maxExponent || d.Exponent < -2*maxExponent {
		return nil, false
	}
	return d, true
}

// parseNumber reads an Integer, or a Decimal when there is a point or exponent
// or it is too large.
func parseNumber(s string) (Value, bool) {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return Value{data: n}, true
	}
	d, ok := parseDecimal(s)
	return Value{data: d}, ok
}

// decimalText writes a decimal with its digits: 1.50 stays 1.50.
func decimalText(d *apd.Decimal) string {
	if d.IsZero() && d.Exponent > 0 {
		return "0"
	}
	return d.Text('f')
}

// shorten removes zeros at the end of the fraction.
func shorten(d *apd.Decimal) *apd.Decimal {
	s := decimalText(d)
	if !strings.Contains(s, ".") {
		return d
	}
	short, _ := parseDecimal(strings.TrimRight(strings.TrimRight(s, "0"), "."))
	return short
}

// scale returns the number of digits after the point.
func scale(d *apd.Decimal) int32 { return max(0, -d.Exponent) }

// quantize rounds to a number of digits after the point.
func quantize(d *apd.Decimal, places int32, how apd.Rounder) *apd.Decimal {
	c := arithmetic()
	c.Precision, c.Rounding = 2*maxNumber, how
	c.MaxExponent, c.MinExponent = 10*maxNumber, -10*maxNumber
	var out apd.Decimal
	if _, err := c.Quantize(&out, d, -places); err != nil {
		return nil
	}
	// apd makes 0 of 0.08 whatever the rounding.
	n := out.Cmp(d)
	if how == apd.RoundCeiling && n < 0 {
		_, _ = c.Add(&out, &out, apd.New(1, -places))
	}
	if how == apd.RoundFloor && n > 0 {
		_, _ = c.Sub(&out, &out, apd.New(1, -places))
	}
	return &out
}

// toInt returns a whole number as int64.
func toInt(d *apd.Decimal) (int64, bool) {
	whole := quantize(d, 0, apd.RoundDown)
	if whole == nil {
		return 0, false
	}
	n, err := whole.Int64()
	return n, err == nil
}

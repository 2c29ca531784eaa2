// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"math/big"
	"strconv"
	"strings"
)

// NumberSpan returns the half-open range of numbers that a search value stands
// for by the digits written: 5.40 is 5.395 ≤ x < 5.405, 100 is 99.5 ≤ x < 100.5,
// and 1e2 is 95 ≤ x < 105, as https://hl7.org/fhir/R4/search.html#number has
// it. It returns false when s is no decimal of at most 40 characters.
func NumberSpan(s string) (low, high float64, ok bool) {
	p := scanner{s: s}
	if s == "" || len(s) > 40 || !p.number() || p.i < len(s) {
		return 0, 0, false
	}
	digits, exponent, scientific := strings.Cut(strings.ToLower(s), "e")
	whole, fraction, _ := strings.Cut(digits, ".")
	scale := -len(fraction) // of the last digit, as a power of ten
	if scientific {
		e, err := strconv.Atoi(exponent)
		if err != nil || e < -300 || e > 300 {
			return 0, 0, false
		}
		whole += "0" // the example says so: one digit more than is written
		if fraction != "" {
			whole, fraction = strings.TrimSuffix(whole, "0"), fraction+"0"
		}
		scale += e - 1
	}
	n, ok := new(big.Int).SetString(whole+fraction, 10)
	if !ok {
		return 0, 0, false
	}
	// Half of the last digit to both sides, one place further down.
	n.Mul(n, big.NewInt(10))
	return decimalFloat(new(big.Int).Sub(n, big.NewInt(5)), scale-1), decimalFloat(n.Add(n, big.NewInt(5)), scale-1), true
}

// decimalFloat returns the float nearest to n × 10^scale.
func decimalFloat(n *big.Int, scale int) float64 {
	f, _ := strconv.ParseFloat(n.String()+"e"+strconv.Itoa(scale), 64)
	return f
}

// SPDX-License-Identifier: Apache-2.0

// Package ucum reads units of the Unified Code for Units of Measure
// (https://ucum.org/ucum, version 2.0.1) in their case-sensitive form and
// converts values between them.
//
//	v, base, err := ucum.Canonical(apd.New(5, 0), "mg/dL") // 50, "g.m-3"
//	v, err = ucum.Convert(apd.New(37, 0), "Cel", "[degF]") // 98.6
//
// Factors are exact fractions, so a result is exact where the standard's
// definitions and the decimal system allow it and has 34 significant digits
// otherwise. Special units (§21–23: Cel, [degF], pH, dB …) go through their
// functions and stand alone, as the standard wants: they take a prefix, but no
// exponent and no other unit beside them. Arbitrary units (§24: [iU], [CFU] …)
// are commensurable with nothing but themselves, so each is a base of its own.
//
// The table of units is compiled by tools/ucum (SOURCES.md). Everything is safe
// for concurrent use. Parsed units are kept in a bounded cache; texts, exponents
// and factors are bounded, because they come from clients.
package ucum

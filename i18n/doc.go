// SPDX-License-Identifier: Apache-2.0

// Package i18n turns message keys, numbers and dates into words.
//
// A [Catalogue] is read from TOML files, one a language and area; Vietnamese
// is the source, English is complete (a test compares keys and arguments).
// Numbers and dates follow the language: 1.234.567,8 and 05/03/2026 in
// Vietnamese, 1,234,567.8 and 05/03/2026 in English as used in Viet Nam.
// Units follow their number after a no-break space.
//
// It holds no words itself and knows nothing of requests; package web carries
// the language of a request. Everything is safe for concurrent use.
//
//	cat.T(i18n.Vietnamese, "station.queue.waiting", 12) // "12 người đang chờ"
package i18n

import "strings"

// Lang is a language people can choose: "vi" or "en".
type Lang string

// The languages. Vietnamese is the source and the default.
const (
	Vietnamese Lang = "vi"
	English    Lang = "en"
)

// Langs returns the languages, source first.
func Langs() []Lang { return []Lang{Vietnamese, English} }

// ParseLang returns the language named by a tag such as "en", "en-GB" or
// "VI"; ok is false for any other language.
func ParseLang(tag string) (l Lang, ok bool) {
	base, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
	for _, l := range Langs() {
		if base == string(l) {
			return l, true
		}
	}
	return "", false
}

// Accept returns the first language of an Accept-Language header that we
// have, in the order written (browsers sort by weight), else Vietnamese.
func Accept(header string) Lang {
	for item := range strings.SplitSeq(header, ",") {
		tag, _, _ := strings.Cut(item, ";")
		if l, ok := ParseLang(tag); ok {
			return l
		}
	}
	return Vietnamese
}

// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Fold returns the search key of a text: no tone or vowel marks, đ as d, lower
// case, single spaces, no invisible characters. Folding twice changes nothing.
//
//	Fold("  Nguyễn  Thị ĐÀO ") // "nguyen thi dao"
func Fold(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range norm.NFKD.String(s) {
		switch {
		case unicode.IsSpace(r):
			gap = b.Len() > 0
			continue
		case unicode.Is(unicode.Mn, r) || invisible(r):
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(foldRune(r))
	}
	return b.String()
}

// foldRune lowers a letter. đ has no decomposition; ð (eth) is often typed
// for it.
func foldRune(r rune) rune {
	switch r {
	case 'đ', 'Đ', 'ð', 'Ð':
		return 'd'
	}
	return unicode.ToLower(r)
}

// invisible reports characters that print nothing: zero-width spaces and
// joiners, byte order marks, soft hyphens, direction marks, controls.
func invisible(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.Is(unicode.Cc, r) && !unicode.IsSpace(r)
}

// NormalName returns a name in the one form in which names are compared and
// kept beside the printed form: NFC, no invisible characters, single spaces,
// tones placed as in "hòa", "thùy", "quý", "già". Letter case is kept.
func NormalName(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	gap := false
	for _, r := range s {
		if unicode.IsSpace(r) {
			gap = b.Len() > 0
			continue
		}
		if invisible(r) {
			continue
		}
		if gap {
			b.WriteByte(' ')
			gap = false
		}
		b.WriteRune(r)
	}
	return placeTones(norm.NFC.String(b.String()))
}

// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

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
	write := func(r rune) {
		if gap && b.Len() > 0 {
			b.WriteByte(' ')
		}
		gap = false
		b.WriteRune(r)
	}
	for _, r := range s {
		switch {
		case r < utf8.RuneSelf && r > ' ' && r != 0x7f:
			write(unicode.ToLower(r))
		case unicode.IsSpace(r):
			gap = true
		case r < rune(len(bare)) && bare[r] != 0:
			write(rune(bare[r]))
		default:
			for _, d := range norm.NFKD.String(string(r)) {
				switch {
				case unicode.IsSpace(d):
					gap = true
				case !unicode.Is(unicode.Mn, d) && !invisible(d):
					write(foldRune(d))
				}
			}
		}
	}
	return b.String()
}

// bare gives the plain letter of every precomposed Vietnamese letter.
var bare = bareLetters()

func bareLetters() (table [0x1f00]byte) {
	for r := rune(0xc0); r < rune(len(table)); r++ {
		if r == 0x250 {
			r = 0x1e00 // no Latin letters between
		}
		d := []rune(norm.NFD.String(string(r)))
		letter := foldRune(d[0])
		if letter >= 'a' && letter <= 'z' && !slices.ContainsFunc(d[1:], func(m rune) bool { return !unicode.Is(unicode.Mn, m) }) {
			table[r] = byte(letter)
		}
	}
	return table
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

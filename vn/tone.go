// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// placeTones moves the tone of every Vietnamese syllable of s to its
// place: "hoà" → "hòa", "qúy" → "quý". What does not read as a Vietnamese
// syllable (names such as "H'Hen", "Kuếh") stays. s is NFC, and so is the result.
func placeTones(s string) string {
	if isASCII(s) {
		return s
	}
	var b strings.Builder
	b.Grow(len(s))
	start := -1
	for i, r := range s {
		letter := unicode.IsLetter(r) || unicode.IsMark(r) && start >= 0 // a mark that found no letter of its own belongs to its word
		if letter && start < 0 {
			start = i
		}
		if !letter {
			if start >= 0 {
				b.WriteString(placeTone(s[start:i]))
				start = -1
			}
			b.WriteRune(r)
		}
	}
	if start >= 0 {
		b.WriteString(placeTone(s[start:]))
	}
	return b.String()
}

func isASCII(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// placeTone does one word.
func placeTone(word string) string {
	letters, tone, at := splitTone(word)
	if tone == 0 {
		return word
	}
	to := toneSeat(strings.ToLower(string(letters)))
	if to < 0 || to == at {
		return word
	}
	moved := slices.Insert(letters, to+1, tone)
	return norm.NFC.String(string(moved))
}

// splitTone returns the letters without tone (NFC), the tone mark, and the
// index of the letter that carried it. The tone is 0 when there is none or
// more than one.
func splitTone(word string) (letters []rune, tone rune, at int) {
	for _, r := range norm.NFD.String(word) {
		switch r {
		case 0x300, 0x301, 0x303, 0x309, 0x323: // huyền sắc ngã hỏi nặng
			if tone != 0 {
				return nil, 0, 0
			}
			tone = r
			at = len([]rune(norm.NFC.String(string(letters)))) - 1
			continue
		}
		letters = append(letters, r)
	}
	return []rune(norm.NFC.String(string(letters))), tone, at
}

// vowels of the rhyme; those with a mark of their own attract the tone.
const (
	vowels = "aăâeêioôơuưy"
	marked = "ăâêôơư"
)

// toneSeat returns the index of the letter that carries the tone of the
// toneless lower-case syllable, -1 when it is not a Vietnamese syllable.
func toneSeat(syllable string) int {
	rs := []rune(syllable)
	onset := 0
	for onset < len(rs) && !strings.ContainsRune(vowels, rs[onset]) {
		onset++
	}
	// The u of qu and the i of gi before a vowel belong to the onset.
	if onset == 1 && len(rs) > 2 && strings.ContainsRune(vowels, rs[2]) &&
		(rs[0] == 'q' && rs[1] == 'u' || rs[0] == 'g' && rs[1] == 'i') {
		onset = 2
	}
	coda := onset
	for coda < len(rs) && strings.ContainsRune(vowels, rs[coda]) {
		coda++
	}
	if !isOnset(string(rs[:onset])) || !isCoda(string(rs[coda:])) {
		return -1
	}
	nucleus := rs[onset:coda]
	// The last marked vowel wins: ươ carries the tone on ơ.
	for i := len(nucleus) - 1; i >= 0; i-- {
		if strings.ContainsRune(marked, nucleus[i]) {
			return onset + i
		}
	}
	switch string(nucleus) {
	case "a", "e", "i", "o", "u", "y":
		return onset
	case "oa", "oe", "uy", "oo":
		if coda < len(rs) {
			return onset + 1 // hoàn, huỳnh
		}
		return onset // hòa, thùy
	case "ai", "ao", "au", "ay", "eo", "ia", "iu", "oi", "ua", "ui":
		if coda == len(rs) {
			return onset // mía
		}
	case "oai", "oay", "oao", "oeo", "uya", "uyu":
		return onset + 1 // ngoài, khuỷu
	}
	return -1
}

func isOnset(s string) bool {
	switch s {
	case "", "b", "c", "ch", "d", "đ", "g", "gh", "gi", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh",
		"p", "ph", "qu", "r", "s", "t", "th", "tr", "v", "x":
		return true
	}
	return false
}

func isCoda(s string) bool {
	switch s {
	case "", "c", "ch", "m", "n", "ng", "nh", "p", "t":
		return true
	}
	return false
}

// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"strings"
	"unicode"
)

// part is one piece of an address between commas.
type part struct {
	kind   string // KindWard …, kindPlace for hamlets and streets, empty when not said
	name   string // lower case, normal form, marks kept
	key    string // addressKey of the name
	marked bool   // the name carries marks, so they can be compared
}

// kindPlace marks what lies below a commune.
const kindPlace = "place"

// kindWords are the beginnings of a part in folded form, longest first
// where one begins another. The short ones need a dot or a space behind.
var kindWords = []struct{ word, kind string }{
	{"thanh pho", KindCity}, {"thi tran", KindTownship}, {"thi xa", KindTown}, {"dac khu", KindSpecial},
	{"phuong", KindWard}, {"quan", KindUrban}, {"huyen", KindRural}, {"tinh", KindProvince}, {"xa", KindCommune},
	{"tp", KindCity}, {"tt", KindTownship}, {"tx", KindTown}, {"dk", KindSpecial},
	{"p", KindWard}, {"q", KindUrban}, {"h", KindRural}, {"t", KindProvince}, {"x", KindCommune},
	{"thon", kindPlace}, {"ap", kindPlace}, {"to dan pho", kindPlace}, {"to", kindPlace}, {"khu pho", kindPlace},
	{"khu", kindPlace}, {"kp", kindPlace}, {"ban", kindPlace}, {"xom", kindPlace}, {"lang", kindPlace},
	{"buon", kindPlace}, {"khom", kindPlace}, {"doi", kindPlace}, {"so nha", kindPlace}, {"so", kindPlace},
	{"duong", kindPlace}, {"pho", kindPlace}, {"ngo", kindPlace}, {"ngach", kindPlace}, {"hem", kindPlace}, {"tdp", kindPlace},
}

// addressParts cuts an address at commas, semicolons and lines, left to right;
// "Việt Nam" at the end is left out.
func addressParts(text string) []part {
	var parts []part
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\n|/", r) }) {
		if p := addressPart(s); p.key != "" && p.key != "vietnam" {
			parts = append(parts, p)
		}
	}
	return parts
}

func addressPart(s string) part {
	s = strings.ToLower(NormalName(s))
	s = strings.Trim(s, " .-")
	var p part
	if kind, rest, ok := cutKind(s); ok {
		p.kind, s = kind, rest
	}
	p.name = strings.TrimSpace(s)
	folded := Fold(p.name)
	p.key = addressKey(folded)
	p.marked = folded != p.name
	if isNumber(p.key) && p.kind == "" {
		p.kind = kindPlace // "5" alone is a house, not a ward
	}
	switch p.key {
	case "hcm", "tphcm":
		p.key, p.marked = "hochiminh", false
	case "hn", "hanoi":
		p.key = "hanoi"
	}
	return p
}

// cutKind takes the kind from the beginning of lower-case text. A name that
// only begins like a kind ("Tổ Hạp") keeps itself when nothing would remain.
func cutKind(s string) (kind, rest string, ok bool) {
	for _, k := range kindWords {
		rest, found := cutFolded(s, k.word)
		if !found {
			continue
		}
		dot := strings.HasPrefix(rest, ".")
		rest = strings.TrimLeft(rest, ". ")
		if rest == "" {
			return "", "", false
		}
		if dot || strings.HasSuffix(s[:len(s)-len(rest)], " ") || k.kind == KindCity && k.word == "tp" && rest == "hcm" ||
			len(k.word) == 1 && isNumber(rest) {
			return k.kind, rest, true
		}
	}
	return "", "", false
}

// cutFolded cuts a word from the start of s, comparing folded letters.
func cutFolded(s, word string) (rest string, ok bool) {
	w := 0
	for i, r := range s {
		if w == len(word) {
			return s[i:], true
		}
		f := Fold(string(r))
		if r == ' ' {
			f = " "
		}
		if f != word[w:w+1] {
			return "", false
		}
		w++
	}
	return "", w == len(word)
}

// mayBe reports whether the part can name a unit of the level: its kind fits
// or is not said.
func (p part) mayBe(level Level) bool {
	switch p.kind {
	case "":
		return true
	case KindCity:
		return level == LevelProvince || level == LevelDistrict
	}
	return p.only(level)
}

// only reports whether the kind leaves no other level.
func (p part) only(level Level) bool {
	switch p.kind {
	case KindProvince:
		return level == LevelProvince
	case KindUrban, KindRural, KindTown:
		return level == LevelDistrict
	case KindWard, KindCommune, KindTownship, KindSpecial:
		return level == LevelCommune
	}
	return false
}

// addressKey keeps letters and digits of folded text, numbers without leading
// zeros: "Ea H'Leo" and "Ea Hleo", "Phường 05" and "P.5" are the same.
func addressKey(folded string) string {
	var b strings.Builder
	for _, r := range folded {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			b.WriteRune(r)
		}
	}
	k := b.String()
	if isNumber(k) {
		k = strings.TrimLeft(k, "0")
	}
	return k
}

func isNumber(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"strings"
	"unicode"
)

// part is one piece of an address between commas, as it may be read: "Tinh
// Bien" is a place Tịnh Biên, or less likely a province Biên.
type part []reading

// reading is a kind with a name.
type reading struct {
	kind   string // KindWard …, kindPlace for hamlets and streets, empty when not said
	name   string // lower case, normal form, marks kept
	key    string // addressKey of the name
	marked bool   // the name carries marks, so they can be compared
}

// kindPlace marks what lies below a commune.
const kindPlace = "place"

// kindWords are the beginnings of a part. The short ones need a dot, a
// space or a number behind.
var kindWords = []struct{ word, kind string }{
	{"thành phố", KindCity}, {"thị trấn", KindTownship}, {"thị xã", KindTown}, {"đặc khu", KindSpecial},
	{"phường", KindWard}, {"quận", KindUrban}, {"huyện", KindRural}, {"tỉnh", KindProvince}, {"xã", KindCommune},
	{"tp", KindCity}, {"tt", KindTownship}, {"tx", KindTown}, {"đk", KindSpecial},
	{"p", KindWard}, {"q", KindUrban}, {"h", KindRural}, {"t", KindProvince}, {"x", KindCommune},
	{"thôn", kindPlace}, {"ấp", kindPlace}, {"tổ dân phố", kindPlace}, {"tdp", kindPlace}, {"tổ", kindPlace}, {"khu phố", kindPlace},
	{"kp", kindPlace}, {"khu", kindPlace}, {"bản", kindPlace}, {"xóm", kindPlace}, {"làng", kindPlace}, {"buôn", kindPlace},
	{"khóm", kindPlace}, {"đội", kindPlace}, {"số nhà", kindPlace}, {"số", kindPlace}, {"đường", kindPlace}, {"phố", kindPlace},
	{"ngõ", kindPlace}, {"ngách", kindPlace}, {"hẻm", kindPlace},
}

// addressParts cuts an address at commas, semicolons and lines, left to right;
// "Việt Nam" is left out.
func addressParts(text string) []part {
	var parts []part
	for _, s := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(",;\n|/", r) }) {
		s = strings.Trim(strings.ToLower(NormalName(s)), " .-")
		if key := addressKey(Fold(s)); key != "" && key != "vietnam" {
			parts = append(parts, addressPart(s))
		}
	}
	return parts
}

// addressPart gives the readings of lower-case text, at least one.
func addressPart(s string) part {
	for _, k := range kindWords {
		rest, found := cutFolded(s, Fold(k.word))
		if !found {
			continue
		}
		begin := s[:len(s)-len(rest)]
		name := strings.TrimLeft(rest, ". ")
		glued := len(name) == len(rest)
		switch {
		case name == "" || addressKey(Fold(name)) == "":
			continue
		case glued && !isNumber(name[:1]) && name != "hcm":
			continue // "Phú" does not begin with P.
		case len(begin) != len(Fold(begin)) && begin != k.word:
			continue // other marks: Xà Phiên, Tịnh Biên
		}
		r := newReading(k.kind, name)
		if k.kind != kindPlace && (begin == k.word && !glued && !isASCII(begin) || strings.HasPrefix(rest, ".") || isNumber(r.key)) {
			return part{r}
		}
		return part{r, newReading("", s)}
	}
	return part{newReading("", s)}
}

func newReading(kind, name string) reading {
	folded := Fold(name)
	r := reading{kind: kind, name: name, key: addressKey(folded), marked: folded != name}
	switch r.key {
	case "hcm", "tphcm":
		r.key, r.marked = "hochiminh", false
	case "hn":
		r.key = "hanoi"
	}
	if kind == "" && isNumber(r.key) {
		r.kind = kindPlace // "5" alone is a house, not a ward
	}
	return r
}

// cutFolded cuts a folded word from the start of s.
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

// sure reports whether the part can only be a unit of the level.
func (p part) sure(level Level) bool { return len(p) == 1 && p[0].only(level) }

// mayBe reports whether the reading can name a unit of the level: its kind fits
// or is not said.
func (r reading) mayBe(level Level) bool {
	switch r.kind {
	case "":
		return true
	case KindCity:
		return level == LevelProvince || level == LevelDistrict
	}
	return r.only(level)
}

// only reports whether the kind leaves no other level.
func (r reading) only(level Level) bool {
	switch r.kind {
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

// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// UnitID is our own immutable number of an administrative unit. Codes of the
// state are reused after reforms (3,316 of 3,321 commune codes were in
// 2025), so what is stored is always the id; code and date appear at input and
// output only.
//
// A unit keeps its id while its extent and its parent stay the same; its
// kind and name may change. A reform that changes either makes a new unit. 0
// is the unknown unit.
//
// To everybody else the number is opaque. It is made by [MakeUnitID] as
//
//	generation × 1,000,000 + level × 100,000 + code
//
// where generation 1 is the map before 2025-07-01 and 2 the map from that day,
// so that 2,306,970 reads: since 2025, commune, 06970.
type UnitID int32

// Nation is Viet Nam as a whole.
const Nation UnitID = 1

// Level is the place of a unit in the hierarchy.
type Level uint8

// The levels. There are no districts from 2025-07-01.
const (
	LevelNation Level = iota
	LevelProvince
	LevelDistrict
	LevelCommune
)

// The kinds of units, as keys: the words stand in the catalogue under
// unit.kind.
const (
	KindNation   = "quoc-gia"
	KindProvince = "tinh"      // tỉnh
	KindCity     = "thanh-pho" // centrally run, or of a province before 2025-07-01
	KindUrban    = "quan"      // quận
	KindRural    = "huyen"     // huyện
	KindTown     = "thi-xa"    // thị xã
	KindTownship = "thi-tran"  // thị trấn
	KindWard     = "phuong"    // phường
	KindCommune  = "xa"        // xã
	KindSpecial  = "dac-khu"   // đặc khu
)

// Generation of the map: the first digit of an id.
const (
	BeforeReform = 1 // before 2025-07-01
	SinceReform  = 2 // from 2025-07-01
)

// Reform is the day on which two-level local government began
// (QĐ 19/2025/QĐ-TTg): 2025-07-01.
const Reform Date = 20270

// MakeUnitID returns the id of the unit that got the code in the generation.
// It returns 0 when the code is not two, three or five digits as the level asks.
func MakeUnitID(generation int, level Level, code string) UnitID {
	width := [...]int{LevelProvince: 2, LevelDistrict: 3, LevelCommune: 5}
	n, ok := digits(code)
	if !ok || level > LevelCommune || len(code) != width[level] || generation < 1 || generation > 2000 {
		return 0
	}
	return UnitID(generation*1_000_000 + int(level)*100_000 + n)
}

// Unit is an administrative unit with its attributes of some day.
type Unit struct {
	ID     UnitID
	Code   string // 2, 3 or 5 digits by level; empty for the nation
	Kind   string // KindWard …
	Name   string // without kind: "Ba Đình", "1"
	Folded string // Fold(Name)
	Level  Level
	Parent UnitID // 0 for the nation
	// From is its first day; ZeroDate when it began before our data.
	From Date
	// To is the first day on which it is no more; ZeroDate while it lasts.
	To Date
	// AreaKm2 and Population are those of the merger dossiers of 2025
	// (registered, not mid-year, people), 0 when unknown. Population is no
	// denominator of rates: those carry their own source and year.
	AreaKm2    float64
	Population int
	// Lon and Lat are the centre in degrees, both 0 when unknown.
	Lon, Lat float64
	// Basis names the act that made the unit; empty when not recorded.
	Basis string
}

// ValidOn reports whether the unit exists on the day. A unit without known
// beginning existed always before its end.
func (u Unit) ValidOn(on Date) bool {
	return u.ID != 0 && on >= u.From && (u.To == ZeroDate || on < u.To)
}

// Full returns kind and name as on a letter: "Phường Ba Đình", "Việt Nam".
func (u Unit) Full() string {
	word := kindWord(u.Kind)
	if word == "" {
		return u.Name
	}
	r, n := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r)) + word[n:] + " " + u.Name
}

// Located reports whether the centre is known.
func (u Unit) Located() bool { return u.Lon != 0 || u.Lat != 0 }

func kindWord(kind string) string {
	switch kind {
	case KindProvince:
		return "tỉnh"
	case KindCity:
		return "thành phố"
	case KindUrban:
		return "quận"
	case KindRural:
		return "huyện"
	case KindTown:
		return "thị xã"
	case KindTownship:
		return "thị trấn"
	case KindWard:
		return "phường"
	case KindCommune:
		return "xã"
	case KindSpecial:
		return "đặc khu"
	}
	return ""
}

// SplitKind separates a printed name into kind and name: "Thị trấn Lim" gives
// KindTownship and "Lim". The kind is empty when the text starts with none.
func SplitKind(printed string) (kind, name string) {
	printed = NormalName(printed)
	lower := strings.ToLower(printed)
	for _, k := range []string{KindProvince, KindCity, KindUrban, KindRural, KindTown, KindTownship, KindWard, KindCommune, KindSpecial} {
		if w := kindWord(k) + " "; strings.HasPrefix(lower, w) {
			return k, printed[len(w):] // lower case keeps the length of these letters
		}
	}
	return "", printed
}

// Edge says that the area of one unit became, wholly or in part, that of
// another on a day.
type Edge struct {
	From, To UnitID
	On       Date
	// Full is set when To is the only successor of From.
	Full bool
	// AllPeople is set when all the people, though not all the area, went to To.
	AllPeople bool
	// Kind is the word of source a for it ("merged", "ambiguous" …); may be empty.
	Kind string
	// Sources that tell it, a letter each: a, b, or d for our own decision;
	// content/units/SOURCES.md names them.
	Sources string
	// Refused is set when sources differ and our decision
	// (content/units/DECISIONS.md) is not to follow this one. It is kept as data.
	Refused bool
}

// Alias is a second code under which a unit was published. What we write
// always carries the unit's own code.
type Alias struct {
	Code   string
	ID     UnitID
	Source string
}

// Former is what a unit was called before a day.
type Former struct {
	ID    UnitID
	Until Date // the first day of what came after
	Kind  string
	Name  string
	Basis string // the act
}

// String gives the number, for logs and tests.
func (id UnitID) String() string { return fmt.Sprintf("%d", int32(id)) }

// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"log/slog"
	"strings"

	"mach/issue"
)

// Sex is an administrative sex, in the codes of FHIR.
type Sex string

// The sexes.
const (
	Male       Sex = "male"
	Female     Sex = "female"
	OtherSex   Sex = "other"
	UnknownSex Sex = "unknown"
)

// PersonalID is the 12-digit personal identification number (số định danh cá
// nhân, Law on Identification 26/2023/QH15, Article 12): three digits of the
// province of birth registration, one of century and sex, two of the birth
// year, six at random. It has no check digit. Example: "079203001234".
type PersonalID string

// ParsePersonalID accepts the number with or without spaces. It returns
// issue.Invalid ("personal_id.format") unless exactly 12 digits remain.
// Whether its parts make sense is a matter for Warnings.
func ParsePersonalID(s string) (PersonalID, error) {
	d, ok := onlyDigits(s, " \u00a0")
	if !ok || len(d) != 12 {
		return "", issue.New(issue.Invalid, "personal_id.format")
	}
	return PersonalID(d), nil
}

// Province returns the two-digit code, of the 63 provinces before 2025-07-01,
// where the birth was registered. ok is false for other prefixes, such as
// those of births registered abroad.
func (id PersonalID) Province() (code string, ok bool) {
	if len(id) != 12 || id[0] != '0' || !strings.Contains(provincePrefixes, string(id[1:3])+" ") {
		return "", false
	}
	return string(id[1:3]), true
}

// BirthYear returns the year of birth that the number tells, 0 for a value
// that did not come from ParsePersonalID.
func (id PersonalID) BirthYear() int {
	if len(id) != 12 {
		return 0
	}
	yy, _ := digits(string(id[4:6]))
	return 1900 + int(id[3]-'0')/2*100 + yy
}

// Sex returns the sex that the number tells: that of the time of issue.
func (id PersonalID) Sex() Sex {
	switch {
	case len(id) != 12:
		return UnknownSex
	case (id[3]-'0')%2 == 0:
		return Male
	}
	return Female
}

// Warnings lists what in the number disagrees with the declared sex and birth
// date: keys personal_id.province, personal_id.sex and personal_id.birth, all
// of severity warning, because civil data can be corrected after the number was
// given. Unknown sex or birth is not compared. nil when all agrees.
func (id PersonalID) Warnings(sex Sex, birth PartialDate) []issue.Issue {
	if len(id) != 12 {
		return nil
	}
	var list []issue.Issue
	warn := func(key string, args ...any) {
		list = append(list, issue.Issue{Severity: issue.SeverityWarning, Code: issue.Value, Key: key, Args: args})
	}
	if _, ok := id.Province(); !ok {
		warn("personal_id.province", string(id[:3]))
	}
	if (sex == Male || sex == Female) && sex != id.Sex() {
		warn("personal_id.sex")
	}
	if birth.Known() && birth.Year != id.BirthYear() {
		warn("personal_id.birth", id.BirthYear())
	}
	return list
}

// String gives the number as it is.
func (id PersonalID) String() string { return string(id) }

// LogValue keeps identity out of logs: 0792…1234.
func (id PersonalID) LogValue() slog.Value { return redact(string(id), 4, 4) }

// provincePrefixes are the 63 provinces in the second and third digit
// (vietnam.md b.1), each followed by a space.
const provincePrefixes = "01 02 04 06 08 10 11 12 14 15 17 19 20 22 24 25 26 27 30 31 33 34 35 36 37 38 " +
	"40 42 44 45 46 48 49 51 52 54 56 58 60 62 64 66 67 68 70 72 74 75 77 79 80 82 83 84 86 87 89 " +
	"91 92 93 94 95 96 "

// OldID is the 9-digit number of the former people's identity card (chứng
// minh nhân dân). It is not unique over time; keep it to find old papers only.
type OldID string

// ParseOldID accepts the number with or without spaces. It returns
// issue.Invalid ("old_id.format") unless exactly 9 digits remain.
func ParseOldID(s string) (OldID, error) {
	d, ok := onlyDigits(s, " \u00a0")
	if !ok || len(d) != 9 {
		return "", issue.New(issue.Invalid, "old_id.format")
	}
	return OldID(d), nil
}

// String gives the number as it is.
func (id OldID) String() string { return string(id) }

// LogValue keeps identity out of logs.
func (id OldID) LogValue() slog.Value { return redact(string(id), 2, 3) }

// onlyDigits drops the allowed separators and reports whether ASCII digits, at
// most 20, remain.
func onlyDigits(s, separators string) (string, bool) {
	if len(s) > 64 {
		return "", false
	}
	var b strings.Builder
	for _, r := range s {
		switch {
		case r >= '0' && r <= '9':
			b.WriteByte(byte(r))
		case !strings.ContainsRune(separators, r):
			return "", false
		}
	}
	return b.String(), b.Len() > 0 && b.Len() <= 20
}

// redact keeps a few characters at both ends.
func redact(s string, head, tail int) slog.Value {
	if len(s) < head+tail+3 {
		return slog.StringValue("…")
	}
	return slog.StringValue(s[:head] + "…" + s[len(s)-tail:])
}

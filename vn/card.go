// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"errors"
	"log/slog"
	"strings"
	"unicode/utf8"

	"mach/issue"
)

// CitizenCard is what the QR code of a citizen card tells. The card is
// evidence, not truth: the text is kept as data and the address as printed.
type CitizenCard struct {
	Number  PersonalID
	Old     OldID // empty when the person never had one
	Name    string
	Birth   PartialDate
	Sex     Sex
	Address string // as printed, often of the map before 2025-07-01
	Issued  PartialDate
	// Text is the whole text as scanned.
	Text string
}

// cardLimit is the longest text accepted: a QR code of a card holds less.
const cardLimit = 1000

// ParseCitizenCard reads the text of the QR code:
//
//	number|old number|name|ddmmyyyy|sex|address|ddmmyyyy
//
// Day and month may be 00. Fields after the seventh, which newer cards have,
// are left alone. Every field at fault is an issue of its own with Path number,
// old, name, birth, sex, address or issued; a text of another shape is
// issue.Structure ("card.format") without path.
func ParseCitizenCard(text string) (CitizenCard, error) {
	text = strings.TrimSpace(text)
	f := strings.Split(text, "|")
	if len(text) > cardLimit || len(f) < 7 || !utf8.ValidString(text) {
		return CitizenCard{}, issue.New(issue.Structure, "card.format")
	}
	c := CitizenCard{Name: NormalName(f[2]), Address: strings.TrimSpace(f[5]), Text: text}
	var faults []issue.Issue
	check := func(path string, err error) {
		var e *issue.Error
		if errors.As(err, &e) {
			faults = append(faults, e.At(path).Issues...)
		}
	}
	var err error
	c.Number, err = ParsePersonalID(f[0])
	check("number", err)
	if strings.TrimSpace(f[1]) != "" {
		c.Old, err = ParseOldID(f[1])
		check("old", err)
	}
	if c.Name == "" {
		check("name", issue.New(issue.Required, "card.name"))
	}
	c.Birth, err = cardDate(f[3])
	check("birth", err)
	c.Sex, err = cardSex(f[4])
	check("sex", err)
	if c.Address == "" {
		check("address", issue.New(issue.Required, "card.address"))
	}
	c.Issued, err = cardDate(f[6])
	check("issued", err)
	if err := issue.List(faults); err != nil {
		return CitizenCard{}, err
	}
	return c, nil
}

// cardDate reads ddmmyyyy; nothing shorter is on a card.
func cardDate(s string) (PartialDate, error) {
	s = strings.TrimSpace(s)
	if _, ok := digits(s); !ok || len(s) != 8 {
		return PartialDate{}, issue.New(issue.Value, "date.format")
	}
	return ParsePrintedDate(s)
}

func cardSex(s string) (Sex, error) {
	switch Fold(s) {
	case "nam":
		return Male, nil
	case "nu":
		return Female, nil
	}
	return UnknownSex, issue.New(issue.Value, "card.sex")
}

// LogValue keeps the person out of logs.
func (c CitizenCard) LogValue() slog.Value { return c.Number.LogValue() }

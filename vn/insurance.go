// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"log/slog"
	"strings"

	"mach/issue"
)

// InsuranceID is a health insurance number (mã số BHYT): the 10 digits of the
// social insurance number printed since April 2021, or the 15 characters of
// the older card: two letters for the object, one digit for the benefit, two for
// the province (of the 63), and the same 10 digits. Example: "DN4010123456789".
type InsuranceID string

// ParseInsuranceID accepts both forms in any letter case, with or without spaces and
// dashes. It returns issue.Invalid ("insurance_id.format") otherwise.
func ParseInsuranceID(s string) (InsuranceID, error) {
	bad := issue.New(issue.Invalid, "insurance_id.format")
	if len(s) > 64 {
		return "", bad
	}
	c := strings.ToUpper(strings.NewReplacer(" ", "", "\u00a0", "", "-", "").Replace(s))
	number := c
	if len(c) == 15 {
		if !letter(c[0]) || !letter(c[1]) || c[2] < '1' || c[2] > '5' {
			return "", bad
		}
		number = c[5:]
		if _, ok := digits(c[3:5]); !ok {
			return "", bad
		}
	}
	if _, ok := onlyDigits(number, ""); !ok || len(number) != 10 {
		return "", bad
	}
	return InsuranceID(c), nil
}

func letter(b byte) bool { return b >= 'A' && b <= 'Z' }

// Number returns the 10-digit social insurance number.
func (id InsuranceID) Number() string {
	if len(id) == 15 {
		return string(id[5:])
	}
	return string(id)
}

// Object returns the object code of an old card, such as "DN"; empty for the
// 10-digit form.
func (id InsuranceID) Object() string {
	if len(id) == 15 {
		return string(id[:2])
	}
	return ""
}

// Benefit returns the benefit digit 1–5 of an old card, 0 for the 10-digit form.
func (id InsuranceID) Benefit() int {
	if len(id) == 15 {
		return int(id[2] - '0')
	}
	return 0
}

// BenefitPercent returns the share in percent that the benefit digit
// stands for (1, 2, 5: 100; 3: 95; 4: 80), 0 when the card does not tell.
func (id InsuranceID) BenefitPercent() int {
	switch id.Benefit() {
	case 1, 2, 5:
		return 100
	case 3:
		return 95
	case 4:
		return 80
	}
	return 0
}

// Province returns the two-digit province code of an old card, of the 63
// provinces before 2025-07-01; empty for the 10-digit form.
func (id InsuranceID) Province() string {
	if len(id) == 15 {
		return string(id[3:5])
	}
	return ""
}

// Warnings lists an object code that is not in the list of the social
// insurance and one whose benefit digit is not the usual one: keys
// insurance_id.object and insurance_id.benefit. nil when all agrees.
func (id InsuranceID) Warnings() []issue.Issue {
	if len(id) != 15 {
		return nil
	}
	for i, list := range objects {
		if !strings.Contains(list, id.Object()) {
			continue
		}
		if i+1 == id.Benefit() {
			return nil
		}
		return []issue.Issue{{Severity: issue.SeverityWarning, Code: issue.Value, Key: "insurance_id.benefit", Args: []any{id.Object(), i + 1}}}
	}
	return []issue.Issue{{Severity: issue.SeverityWarning, Code: issue.Value, Key: "insurance_id.object", Args: []any{id.Object()}}}
}

// objects lists the object codes by benefit digit (vietnam.md b.2).
var objects = [5]string{
	"CC TE",
	"CK CB KC HN DT DK XD BT TS",
	"HT TC CN",
	"DN HX CH NN TK HC XK TB NO CT XB TN CS XN MS HD TQ TV TA TY HG LS HS SV GB GD PV",
	"QN CA CY",
}

// String groups an old card as it is printed, "DN 4 01 0123456789"; the
// 10-digit form stays as it is.
func (id InsuranceID) String() string {
	if len(id) != 15 {
		return string(id)
	}
	return string(id[:2]) + " " + string(id[2:3]) + " " + string(id[3:5]) + " " + string(id[5:])
}

// LogValue keeps identity out of logs.
func (id InsuranceID) LogValue() slog.Value { return redact(string(id), 2, 3) }

// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"log/slog"
	"strings"

	"mach/issue"
)

// Phone is a Vietnamese telephone number in E.164 form: "+84912345678".
type Phone string

// ParsePhone accepts national and international writing, with spaces, dots,
// dashes and parentheses: "0912 345 678", "+84 (0)24 3825 5599". Mobile numbers
// have 10 national digits and start with 03, 05, 07, 08 or 09; landlines start
// with 02 and have 10 or 11. It returns issue.Invalid ("phone.format")
// otherwise, and so for numbers of other countries.
func ParsePhone(s string) (Phone, error) {
	s = strings.TrimSpace(s)
	plus := strings.HasPrefix(s, "+")
	d, ok := onlyDigits(strings.TrimPrefix(s, "+"), " \u00a0.-()")
	switch {
	case plus && strings.HasPrefix(d, "84"):
		d = strings.TrimPrefix(d[2:], "0")
	case plus:
		ok = false
	case strings.HasPrefix(d, "0084"):
		d = strings.TrimPrefix(d[4:], "0")
	case strings.HasPrefix(d, "84") && len(d) >= 11:
		d = d[2:]
	case strings.HasPrefix(d, "0"):
		d = d[1:]
	default:
		ok = false
	}
	if !ok || !national(d) {
		return "", issue.New(issue.Invalid, "phone.format")
	}
	return Phone("+84" + d), nil
}

// national judges the digits without the leading zero.
func national(d string) bool {
	if d == "" {
		return false
	}
	switch d[0] {
	case '3', '5', '7', '8', '9':
		return len(d) == 9
	case '2':
		return len(d) == 9 || len(d) == 10
	}
	return false
}

// Mobile reports whether it is a mobile number, which can receive messages.
func (p Phone) Mobile() bool { return len(p) == 12 && p[3] != '2' }

// National returns the number as dialled at home: "0912345678".
func (p Phone) National() string {
	if !strings.HasPrefix(string(p), "+84") {
		return string(p)
	}
	return "0" + string(p[3:])
}

// String groups the national number for reading: "0912 345 678",
// "024 3825 5599".
func (p Phone) String() string {
	n := p.National()
	switch len(n) {
	case 10:
		return n[:4] + " " + n[4:7] + " " + n[7:]
	case 11:
		return n[:3] + " " + n[3:7] + " " + n[7:]
	}
	return n
}

// LogValue keeps identity out of logs.
func (p Phone) LogValue() slog.Value { return redact(string(p), 4, 3) }

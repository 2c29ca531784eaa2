// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"math"
	"strconv"
	"strings"
	"time"

	"mach/vn"
)

// NoBreak is the space that stands between a number and its unit.
const NoBreak = "\u00a0"

// Missing is what stands where a value is not known.
const Missing = "–"

// Number writes f with the given decimals, rounded half away from zero, and
// groups of three: 1.234.567,8 in Vietnamese, 1,234,567.8 in English. NaN and
// infinities are [Missing]. A minus is the true minus sign.
func Number(l Lang, f float64, decimals int) string {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return Missing
	}
	group, point := ".", ","
	if l == English {
		group, point = ",", "."
	}
	scale := math.Pow10(decimals)
	if r := math.Round(f*scale) / scale; !math.IsInf(r, 0) && !math.IsNaN(r) {
		f = r
	}
	s := strconv.FormatFloat(math.Abs(f), 'f', decimals, 64)
	whole, frac, _ := strings.Cut(s, ".")
	var b strings.Builder
	if f < 0 {
		b.WriteString("−")
	}
	for i, d := range whole {
		if i > 0 && (len(whole)-i)%3 == 0 {
			b.WriteString(group)
		}
		b.WriteRune(d)
	}
	if frac != "" {
		b.WriteString(point + frac)
	}
	return b.String()
}

// Short writes f with as many decimals as it needs, at most max.
func Short(l Lang, f float64, max int) string {
	for n := range max {
		scale := math.Pow10(n)
		if math.Abs(math.Round(f*scale)/scale-f) < 1e-9 {
			return Number(l, f, n)
		}
	}
	return Number(l, f, max)
}

// Quantity writes a number and its unit with a no-break space between.
func Quantity(l Lang, f float64, decimals int, unit string) string {
	if unit == "" {
		return Number(l, f, decimals)
	}
	return Number(l, f, decimals) + NoBreak + unit
}

// Percent writes a share that is already in percent: 87,5 %.
func Percent(l Lang, f float64, decimals int) string {
	return Quantity(l, f, decimals, "%")
}

// ParseNumber reads a number as people type it in either language: decimal
// comma or point, groups of three with the other mark or spaces, a minus. A
// single mark before exactly three digits is read as l writes groups, so
// "1.234" is 1234 in Vietnamese and 1.234 in English.
func ParseNumber(l Lang, s string) (float64, bool) {
	s = strings.NewReplacer(" ", "", NoBreak, "", "\u202f", "", "−", "-").Replace(strings.TrimSpace(s))
	group, point := ".", ","
	if l == English {
		group, point = ",", "."
	}
	groups, points := strings.Count(s, group), strings.Count(s, point)
	switch {
	case groups == 0 && points <= 1:
		s = strings.Replace(s, point, ".", 1)
	case groups > 0 && points <= 1 && grouped(s, group, point):
		s = strings.Replace(strings.ReplaceAll(s, group, ""), point, ".", 1)
	case groups == 1 && points == 0: // the other language's decimal mark: 37.5
		s = strings.Replace(s, group, ".", 1)
	default:
		return 0, false
	}
	if strings.ContainsAny(s, "eExXpPnNiI_+") {
		return 0, false
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil && !math.IsInf(f, 0)
}

// grouped reports whether every group mark in s stands before three digits.
func grouped(s, group, point string) bool {
	whole, _, _ := strings.Cut(s, point)
	parts := strings.Split(strings.TrimPrefix(whole, "-"), group)
	if len(parts[0]) == 0 || len(parts[0]) > 3 {
		return false
	}
	for _, p := range parts[1:] {
		if len(p) != 3 {
			return false
		}
	}
	return !strings.Contains(s[len(whole):], group)
}

// Date writes dd/mm/yyyy in both languages: English as it is read in
// Viet Nam keeps the order of the paper beside it. An unknown date is
// [Missing].
func Date(_ Lang, d vn.Date) string {
	iso := d.String()
	if len(iso) != len("2006-01-02") {
		return Missing
	}
	return iso[8:10] + "/" + iso[5:7] + "/" + iso[:4]
}

// DateTime writes 14:05 05/03/2026 in Vietnamese and 05/03/2026 14:05 in
// English, in Vietnamese time. The zero time is [Missing].
func DateTime(l Lang, t time.Time) string {
	if t.IsZero() {
		return Missing
	}
	t = t.In(vn.Zone)
	if l == English {
		return t.Format("02/01/2006 15:04")
	}
	return t.Format("15:04 02/01/2006")
}

// Clock writes 14:05 in Vietnamese time. The zero time is [Missing].
func Clock(t time.Time) string {
	if t.IsZero() {
		return Missing
	}
	return t.In(vn.Zone).Format("15:04")
}

// Ago says how long before now t was: just now, minutes, hours, days up to
// 30, then the date. Later than now by more than a minute it is the instant.
func (c *Catalogue) Ago(l Lang, t, now time.Time) string {
	d := now.Sub(t)
	switch {
	case t.IsZero():
		return Missing
	case d < -time.Minute:
		return DateTime(l, t)
	case d < time.Minute:
		return c.T(l, "time.now")
	case d < time.Hour:
		return c.T(l, "time.minutes_ago", int(d/time.Minute))
	case d < 24*time.Hour:
		return c.T(l, "time.hours_ago", int(d/time.Hour))
	case d < 31*24*time.Hour:
		return c.T(l, "time.days_ago", int(d/(24*time.Hour)))
	default:
		return Date(l, vn.DateOf(t))
	}
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"mach/i18n"
	"mach/issue"
	"mach/vn"
)

// T returns the message of key in the language of the page, with args in
// place of {0}, {1} …
func T(ctx context.Context, key string, args ...any) string {
	v := visitOf(ctx)
	if v.cat == nil {
		return "⟦" + key + "⟧"
	}
	return v.cat.T(v.lang, key, args...)
}

// TOr is T, or fallback when the catalogue lacks key: for codes that may be
// newer than the words.
func TOr(ctx context.Context, key, fallback string) string {
	v := visitOf(ctx)
	if v.cat == nil || !v.cat.Has(v.lang, key) {
		return fallback
	}
	return v.cat.T(v.lang, key)
}

// LangOf returns the language of the page: "vi" or "en".
func LangOf(ctx context.Context) i18n.Lang { return visitOf(ctx).lang }

// Number writes f with the given decimals as the page's language does.
func Number(ctx context.Context, f float64, decimals int) string {
	return i18n.Number(visitOf(ctx).lang, f, decimals)
}

// Int writes a whole number with groups of three.
func Int[N ~int | ~int32 | ~int64](ctx context.Context, n N) string {
	return i18n.Number(visitOf(ctx).lang, float64(n), 0)
}

// Quantity writes a number and its unit, a no-break space between.
func Quantity(ctx context.Context, f float64, decimals int, unit string) string {
	return i18n.Quantity(visitOf(ctx).lang, f, decimals, unit)
}

// Percent writes a share that is already in percent.
func Percent(ctx context.Context, f float64, decimals int) string {
	return i18n.Percent(visitOf(ctx).lang, f, decimals)
}

// Date writes dd/mm/yyyy.
func Date(ctx context.Context, d vn.Date) string { return i18n.Date(visitOf(ctx).lang, d) }

// PaperDate is the date over the signatures of a paper: "Liên Bão, ngày 21
// tháng 11 năm 2026"; without a place "Ngày 21 …".
func PaperDate(ctx context.Context, place string, d vn.Date) string {
	p := d.Partial()
	day, month := fmt.Sprintf("%02d", p.Day), fmt.Sprintf("%02d", p.Month)
	if place == "" {
		return T(ctx, "web.print.on", day, month, strconv.Itoa(p.Year))
	}
	return T(ctx, "web.print.at", place, day, month, strconv.Itoa(p.Year))
}

// DateTime writes an instant in Vietnamese time.
func DateTime(ctx context.Context, t time.Time) string { return i18n.DateTime(visitOf(ctx).lang, t) }

// Clock writes 14:05 in Vietnamese time, for what happened today.
func Clock(t time.Time) string { return i18n.Clock(t) }

// Ago says how long ago t was.
func Ago(ctx context.Context, t time.Time) string {
	v := visitOf(ctx)
	if v.cat == nil {
		return i18n.DateTime(v.lang, t)
	}
	return v.cat.Ago(v.lang, t, v.now)
}

// Problem writes an issue in words.
func Problem(ctx context.Context, i issue.Issue) string { return T(ctx, i.Key, i.Args...) }

// Age writes an age in the unit that matters: "12 ngày", "8 tháng", "34
// tuổi"; "" when unknown.
func Age(ctx context.Context, a vn.Age) string {
	if a.Unit == "" {
		return ""
	}
	s := T(ctx, "age."+string(a.Unit), a.Value)
	if a.About {
		return T(ctx, "age.about", s)
	}
	return s
}

// PartialDate writes a date as precisely as it is known: 05/03/1953, 03/1953
// or 1953.
func PartialDate(ctx context.Context, p vn.PartialDate) string {
	switch {
	case !p.Known():
		return i18n.Missing
	case p.Full():
		return i18n.Date(visitOf(ctx).lang, p.First())
	case p.Month != 0:
		return i18n.Date(visitOf(ctx).lang, p.First())[3:]
	default:
		return i18n.Date(visitOf(ctx).lang, p.First())[6:]
	}
}

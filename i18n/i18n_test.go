// SPDX-License-Identifier: Apache-2.0

package i18n_test

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"pgregory.net/rapid"

	"mach/i18n"
	"mach/vn"
)

const vi, en = i18n.Vietnamese, i18n.English

func catalogue(t *testing.T, files map[string]string) (*i18n.Catalogue, error) {
	t.Helper()
	fsys := fstest.MapFS{}
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return i18n.Load(fsys)
}

func TestCatalogue(t *testing.T) {
	c, err := catalogue(t, map[string]string{
		"vi/a.toml": `"queue.n" = "{0} người đang chờ"` + "\n" + `"only.vi" = "chỉ có"` + "\n" + `"brace" = "{{0} là {0}"`,
		"vi/b.toml": "[visit]\nsign = \"Ký {1} lúc {0}\"",
		"en/a.toml": `"queue.n" = "{0} {0|person is|people are} waiting"` + "\n" + `"brace" = "{{0} is {0}"`,
		"en/b.toml": "[visit]\nsign = \"Sign {1} at {0}\"",
	})
	if err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		lang i18n.Lang
		key  string
		args []any
		want string
	}{
		{vi, "queue.n", []any{1284}, "1.284 người đang chờ"},
		{en, "queue.n", []any{1284}, "1,284 people are waiting"},
		{en, "queue.n", []any{1}, "1 person is waiting"},
		{vi, "visit.sign", []any{"8 giờ", "lượt khám"}, "Ký lượt khám lúc 8 giờ"},
		{vi, "visit.sign", []any{vn.NewDate(2026, 3, 5), 36.75}, "Ký 36,8 lúc 05/03/2026"},
		{en, "only.vi", nil, "chỉ có"},
		{vi, "no.key", nil, "⟦no.key⟧"},
		{vi, "visit.sign", []any{"x"}, "Ký ⟦1⟧ lúc x"},
		{vi, "brace", []any{7}, "{0} là 7"},
		{vi, "queue.n", []any{"{0}"}, "{0} người đang chờ"},
	}
	for _, k := range cases {
		if got := c.T(k.lang, k.key, k.args...); got != k.want {
			t.Errorf("%s %s %v: %q, want %q", k.lang, k.key, k.args, got, k.want)
		}
	}
	if got := c.Args(en, "visit.sign"); len(got) != 2 || got[0] != 0 || got[1] != 1 {
		t.Errorf("arguments %v", got)
	}
}

func TestBrokenCatalogues(t *testing.T) {
	for name, text := range map[string]string{
		"open brace": `"a" = "x {0"`, "word": `"a" = "x {name}"`, "forms": `"a" = "{0|one}"`, "number": `"a" = 3`,
		"not toml": `a = `, "same key in a table": "\"a.b\" = \"x\"\n[a]\nb = \"y\"",
	} {
		if _, err := catalogue(t, map[string]string{"vi/a.toml": text}); err == nil {
			t.Errorf("%s: loaded", name)
		}
	}
	if _, err := catalogue(t, map[string]string{"vi/a.toml": `"k" = "x"`, "vi/b.toml": `"k" = "y"`}); err == nil {
		t.Error("a key in two files: loaded")
	}
}

func TestNumbers(t *testing.T) {
	cases := []struct {
		f        float64
		decimals int
		vi, en   string
	}{
		{0, 0, "0", "0"}, {1234567.84, 1, "1.234.567,8", "1,234,567.8"}, {999, 0, "999", "999"}, {1000, 0, "1.000", "1,000"},
		{-1234.5, 1, "−1.234,5", "−1,234.5"}, {36.65, 1, "36,7", "36.7"}, {0.005, 2, "0,01", "0.01"}, {-0.4, 0, "0", "0"},
		{math.NaN(), 1, "–", "–"}, {math.Inf(1), 0, "–", "–"}, {99.96, 1, "100,0", "100.0"},
	}
	for _, c := range cases {
		if got := i18n.Number(vi, c.f, c.decimals); got != c.vi {
			t.Errorf("vi %v: %q, want %q", c.f, got, c.vi)
		}
		if got := i18n.Number(en, c.f, c.decimals); got != c.en {
			t.Errorf("en %v: %q, want %q", c.f, got, c.en)
		}
	}
	if got := i18n.Percent(vi, 87.5, 1); got != "87,5\u00a0%" {
		t.Errorf("percent %q", got)
	}
	if got := i18n.Short(vi, 30, 2) + " " + i18n.Short(vi, 0.5, 2) + " " + i18n.Short(vi, 1.0/3, 2); got != "30 0,5 0,33" {
		t.Errorf("short %q", got)
	}
}

func TestParseNumber(t *testing.T) {
	cases := []struct {
		lang i18n.Lang
		in   string
		want float64
		ok   bool
	}{
		{vi, "38,6", 38.6, true}, {vi, "38.6", 38.6, true}, {vi, "1.234", 1234, true}, {vi, "1.234.567,8", 1234567.8, true},
		{vi, "1 234", 1234, true}, {vi, "-2,5", -2.5, true}, {vi, "−2,5", -2.5, true}, {vi, "36.65", 36.65, true},
		{en, "38.6", 38.6, true}, {en, "1.234", 1.234, true}, {en, "1,234", 1234, true}, {en, "38,6", 38.6, true},
		{vi, "1,234,5", 0, false}, {vi, "1.23.456", 0, false}, {vi, "12.34,5", 0, false}, {vi, "cao", 0, false}, {vi, "", 0, false},
		{vi, "1e9", 0, false}, {vi, "0x10", 0, false}, {vi, "Inf", 0, false}, {vi, "NaN", 0, false}, {vi, "1_000", 0, false}, {vi, "+5", 0, false},
		{vi, ".5", 0.5, true}, {vi, "5-", 0, false},
	}
	for _, c := range cases {
		if got, ok := i18n.ParseNumber(c.lang, c.in); ok != c.ok || got != c.want {
			t.Errorf("%s %q: %v %v, want %v %v", c.lang, c.in, got, ok, c.want, c.ok)
		}
	}
}

// What we write we read again, in both languages.
func TestNumberRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(-1e12, 1e12).Draw(t, "n")
		decimals := rapid.IntRange(0, 3).Draw(t, "decimals")
		want := float64(n) / math.Pow10(decimals)
		for _, l := range i18n.Langs() {
			s := i18n.Number(l, want, decimals)
			got, ok := i18n.ParseNumber(l, s)
			if !ok || math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
				t.Fatalf("%s: %v written %q read %v %v", l, want, s, got, ok)
			}
		}
	})
}

func FuzzParseNumber(f *testing.F) {
	for _, s := range []string{"38,6", "1.234,5", "-", "1..2", "٣", "1e309"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, l := range i18n.Langs() {
			if v, ok := i18n.ParseNumber(l, s); ok && (math.IsNaN(v) || math.IsInf(v, 0)) {
				t.Errorf("%q is %v", s, v)
			}
		}
	})
}

func TestDates(t *testing.T) {
	at := time.Date(2026, 3, 4, 20, 5, 0, 0, time.UTC)
	if got := i18n.Date(vi, vn.NewDate(2026, 3, 5)) + " " + i18n.Date(en, vn.ZeroDate); got != "05/03/2026 –" {
		t.Errorf("dates %q", got)
	}
	if got := i18n.DateTime(vi, at) + " | " + i18n.DateTime(en, at) + " | " + i18n.Clock(at); got != "03:05 05/03/2026 | 05/03/2026 03:05 | 03:05" {
		t.Errorf("instants %q", got)
	}
	if i18n.DateTime(vi, time.Time{}) != "–" || i18n.Clock(time.Time{}) != "–" {
		t.Error("the zero time is written as an instant")
	}
}

func TestAgo(t *testing.T) {
	c, err := catalogue(t, map[string]string{"vi/t.toml": `"time.now" = "vừa xong"
"time.minutes_ago" = "{0} phút trước"
"time.hours_ago" = "{0} giờ trước"
"time.days_ago" = "{0} ngày trước"`})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 21, 1, 40, 0, 0, time.UTC)
	for before, want := range map[time.Duration]string{
		0: "vừa xong", 59 * time.Second: "vừa xong", time.Minute: "1 phút trước", 59 * time.Minute: "59 phút trước",
		3 * time.Hour: "3 giờ trước", 24 * time.Hour: "1 ngày trước", 40 * 24 * time.Hour: "12/10/2026",
		-30 * time.Second: "vừa xong", -2 * time.Hour: "10:40 21/11/2026",
	} {
		if got := c.Ago(vi, now.Add(-before), now); got != want {
			t.Errorf("%v before: %q, want %q", before, got, want)
		}
	}
	if c.Ago(vi, time.Time{}, now) != "–" {
		t.Error("the zero time has an age")
	}
}

func TestLanguages(t *testing.T) {
	for header, want := range map[string]i18n.Lang{"": vi, "en": en, "vi-VN,vi;q=0.9,en;q=0.8": vi, "fr, en;q=0.5": en, "zh": vi, strings.Repeat("a,", 9) + "EN-us": en} {
		if got := i18n.Accept(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
	if _, ok := i18n.ParseLang("english"); ok {
		t.Error("english is a tag")
	}
}

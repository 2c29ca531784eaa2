// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

func TestConditions(t *testing.T) {
	doc, err := fhir.Parse([]byte(`{"resourceType":"Condition","id":"c","recordedDate":"2026-11-20T23:30:00+07:00",
		"category":[{"coding":[{"system":"s","code":"encounter-diagnosis"}]},{"coding":[{"code":"other"}]}],
		"verificationStatus":{"coding":[{"code":"confirmed"}]},
		"code":{"coding":[{"code":"A97.0"},{"code":"local-7"}],"text":"Sốt xuất huyết"},
		"subject":{"reference":"Patient/p"}}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		line string
		want bool
	}{
		{"category = encounter-diagnosis", true},
		{"category = other", true}, // any concept of the list
		{"category = case-report", false},
		{"category in case-report other", true},
		{"category not case-report", true},
		{"category not other", false},
		{"verificationStatus not refuted entered-in-error", true},
		{"verificationStatus not refuted confirmed", false},
		{"code starts A97", true},
		{"code starts A9 B0", true},
		{"code starts local", true}, // any coding of the concept
		{"code starts 97", false},
		{"code = A97", false},
		{"clinicalStatus = active", false},  // absent
		{"clinicalStatus not active", true}, // absent is not active
		{"code.coding.code = A97.0", true},  // a path into the concept
		{"code.text starts Sốt", true},      // a primitive
		{"subject.reference = Patient/p", true},
	} {
		cond, err := parseCondition(c.line)
		if err != nil {
			t.Errorf("%q: %v", c.line, err)
			continue
		}
		if got := cond.holds(doc); got != c.want {
			t.Errorf("%q holds: %v, want %v", c.line, got, c.want)
		}
	}
	for _, line := range []string{"", "status", "status =", "status = a b", "status is finished", "status < 3"} {
		if _, err := parseCondition(line); err == nil {
			t.Errorf("%q was understood", line)
		}
	}
}

func TestDayThatCounts(t *testing.T) {
	f := fold{day: strings.Split("recordedDate", "."), from: vn.Reform}
	written := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC) // already the 22nd in Viet Nam
	for _, c := range []struct{ date, want string }{
		{"2026-11-20T23:30:00+07:00", "2026-11-20"},
		{"2026-11-20T23:30:00Z", "2026-11-21"}, // the next day in Viet Nam
		{"2026-11-20", "2026-11-20"},
		{"2025-07-01", "2025-07-01"},
		{"2025-06-30", ""}, // before the definition stands
		{"2026", ""},       // no usable day
		{"", ""},
	} {
		doc := fhir.MustNew(map[string]any{"resourceType": "Condition", "recordedDate": c.date})
		got := ""
		if day, ok := f.counts(doc, written); ok {
			got = day.String()
		}
		if got != c.want {
			t.Errorf("%q counts on %q, want %q", c.date, got, c.want)
		}
	}
	f.day = nil
	if day, ok := f.counts(fhir.MustNew(map[string]any{"resourceType": "Patient"}), written); !ok || day.String() != "2026-11-22" {
		t.Errorf("the day of the change is %v, %v", day, ok)
	}
	if _, ok := f.counts(nil, written); ok {
		t.Error("what is deleted counts")
	}
}

func TestCompileRefusesWhatItDoesNotKnow(t *testing.T) {
	good, err := content.Indicators()
	if err != nil || len(good) != 10 {
		t.Fatalf("%d definitions, %v", len(good), err)
	}
	if _, err := compile(good); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*content.Indicator){
		"a verb":      func(i *content.Indicator) { i.Count.Where = []string{"status like finished"} },
		"a first day": func(i *content.Indicator) { i.ValidFrom = "2025-13-01" },
	} {
		bad := good[0]
		spoil(&bad)
		if _, err := compile([]content.Indicator{bad}); err == nil || !strings.Contains(err.Error(), bad.ID) {
			t.Errorf("%s that is none: %v", name, err)
		}
	}
}

func TestParsePeriod(t *testing.T) {
	for _, c := range []struct{ s, kind, from, to string }{
		{"2026-11-21", "day", "2026-11-21", "2026-11-21"},
		{"2026-W47", "week", "2026-11-16", "2026-11-22"},
		{"2026-W01", "week", "2025-12-29", "2026-01-04"}, // the year of the week, not of its Monday
		{"2026-W53", "week", "2026-12-28", "2027-01-03"},
		{"2024-02", "month", "2024-02-01", "2024-02-29"},
		{"2026-12", "month", "2026-12-01", "2026-12-31"},
		{"2026", "year", "2026-01-01", "2026-12-31"},
	} {
		p, err := ParsePeriod(c.s)
		if err != nil || p.Kind != c.kind || p.From.String() != c.from || p.To.String() != c.to || p.String() != c.s {
			t.Errorf("%q reads as %+v, %v", c.s, p, err)
		}
	}
	for _, s := range []string{"", "x", "2026-W00", "2026-W54", "2025-W53", "2026-W5", "+026-W47", "2026-13", "2026-1", "2026-11-31", "26", "tuần", "2026-11-2", "2026-Q1"} {
		if p, err := ParsePeriod(s); !issue.Is(err, issue.Invalid) {
			t.Errorf("%q reads as %+v, %v", s, p, err)
		}
	}
	day := vn.Date(20778) // 2026-11-21
	if Week(day).String() != "2026-W47" || Month(day).String() != "2026-11" || Day(day).String() != "2026-11-21" {
		t.Errorf("periods of %v: %v %v %v", day, Week(day), Month(day), Day(day))
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, s := range []string{"2026-11-21", "2026-W47", "2026-11", "2026", "0000", "9999-W52", "-W", "99999-W999"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParsePeriod(s)
		if err != nil {
			return
		}
		again, err := ParsePeriod(p.String())
		if p.From > p.To || err != nil || again != p || p.String() != s {
			t.Errorf("%q reads as %+v, and that as %+v, %v", s, p, again, err)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"mach/issue"
	"mach/vn"
	"mach/web"
)

func formOf(values url.Values) *web.Form {
	r := httptest.NewRequest(http.MethodPost, "/?reason=query", strings.NewReader(values.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return web.ParseForm(r)
}

func TestFormGetters(t *testing.T) {
	f := formOf(url.Values{
		"name": {"  Nguye\u0302\u0303n Thi\u0323 Ha\u0300 "}, // typed with combining marks
		"temp": {"38,6"}, "dot": {"38.6"}, "many": {"1.234"}, "word": {"cao"}, "half": {"1,5"}, "neg": {"-2"},
		"iso": {"2026-03-05"}, "day": {"5/3/2026"}, "run": {"05032026"}, "bad": {"31/02/2026"},
		"sex": {"male"}, "odd": {"robot"}, "warn": {"a", "", "b"}, "yes": {"1"}, "empty": {"  "},
	})
	if got := f.Get("name"); got != "Nguyễn Thị Hà" {
		t.Errorf("name %q is not trimmed and composed", got)
	}
	if f.Get("reason") != "" {
		t.Error("a POST reads the query")
	}
	for name, want := range map[string]float64{"temp": 38.6, "dot": 38.6, "many": 1234, "neg": -2} {
		if v, ok := f.Decimal(name, -10, 5000); !ok || v != want {
			t.Errorf("%s = %v %v, want %v", name, v, ok, want)
		}
	}
	for _, name := range []string{"iso", "day", "run"} {
		if d := f.Date(name); d != vn.NewDate(2026, 3, 5) {
			t.Errorf("%s = %s", name, d)
		}
	}
	if !f.OK() || f.Choice("sex", "male", "female") != "male" || !f.Flag("yes") || f.Flag("no") || len(f.All("warn")) != 2 {
		t.Fatalf("good values refused: %v", f.Issues())
	}
	if _, ok := f.Decimal("empty", 0, 1); ok || f.Date("empty") != vn.ZeroDate || !f.OK() {
		t.Error("an empty field is an issue")
	}
	f.Decimal("word", 0, 1)
	f.Decimal("temp", 0, 1)
	f.Int("half", 0, 10)
	f.Date("bad")
	f.Choice("odd", "male")
	f.Required("empty")
	f.Text("name", 3)
	want := []string{"word", "temp", "half", "bad", "odd", "empty", "name"}
	for i, is := range f.Issues() {
		if i >= len(want) || is.Path != want[i] || len(f.Of(is.Path)) != 1 {
			t.Fatalf("issues %v, want one each at %v", f.Issues(), want)
		}
	}
	if len(f.Issues()) != len(want) {
		t.Errorf("%d issues, want %d", len(f.Issues()), len(want))
	}
}

func TestFormAdd(t *testing.T) {
	f := formOf(url.Values{})
	if err := f.Add(nil); err != nil || !f.OK() {
		t.Error("nil is an error")
	}
	other := errors.New("disk")
	if err := f.Add(other); !errors.Is(err, other) {
		t.Error("an exception is swallowed")
	}
	if err := f.Add(issue.New(issue.NotFound, "x")); err == nil {
		t.Error("not found is swallowed into the form")
	}
	if err := f.Add(issue.New(issue.Value, "x").At("weight")); err != nil || len(f.Of("weight")) != 1 {
		t.Error("a mendable issue does not reach its field")
	}
}

func TestNilForm(t *testing.T) {
	var f *web.Form
	if f.Value("x") != "" || f.Holds("x", "y") || f.Sent() || f.Issues() != nil || len(f.Of("x")) != 0 {
		t.Error("a nil form is not an empty one")
	}
}

func TestFieldID(t *testing.T) {
	if got := web.FieldID("contact[0].phone"); got != "f-contact-0-phone" {
		t.Error(got)
	}
}

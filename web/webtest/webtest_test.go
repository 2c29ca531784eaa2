// SPDX-License-Identifier: Apache-2.0

package webtest_test

import (
	"strings"
	"testing"

	"mach/web/webtest"
)

func TestFaults(t *testing.T) {
	cases := []struct{ name, page, want string }{
		{"good part", `<p>xin chào</p>`, ""},
		{"good page", `<html lang="vi"><head><title>x</title></head><body><main><h1>a</h1><h2>b</h2></main></body></html>`, ""},
		{"no lang", `<html><head><title>x</title></head><body><main><h1>a</h1></main></body></html>`, "no lang"},
		{"no h1", `<html lang="vi"><head><title>x</title></head><body><main></main></body></html>`, "0 h1"},
		{"two h1", `<html lang="vi"><head><title>x</title></head><body><main><h1>a</h1><h1>b</h1></main></body></html>`, "2 h1"},
		{"no main", `<html lang="vi"><head><title>x</title></head><body><h1>a</h1></body></html>`, "no main"},
		{"level", `<html lang="vi"><head><title>x</title></head><body><main><h1>a</h1><h3>b</h3></main></body></html>`, "h3 follows h1"},
		{"style", `<p style="color:red">x</p>`, "inline style"},
		{"style element", `<style>p{}</style>`, "style element"},
		{"handler", `<p onclick="x()">x</p>`, "inline script"},
		{"hx-on", `<p hx-on:click="x()">x</p>`, "policy blocks"},
		{"script", `<script>1</script>`, "inline script"},
		{"script file", `<script src="/a.js"></script>`, ""},
		{"missing words", `<p>⟦a.b⟧</p>`, "words are missing"},
		{"twice", `<p id="a">x</p><p id="a">y</p>`, `id "a" stands 2 times`},
		{"no label", `<input name="q">`, "no label"},
		{"label for", `<label for="q">x</label><input id="q" name="q">`, ""},
		{"label around", `<label>x <input name="q"></label>`, ""},
		{"hidden input", `<input type="hidden" name="q">`, ""},
		{"described", `<label>x <input aria-describedby="no"></label>`, "#no"},
		{"mute button", `<button><svg aria-hidden="true"></svg></button>`, "button without words"},
		{"mute link", `<a href="/x"></a>`, "link without words"},
		{"dead link", `<a href="#">x</a>`, "leads nowhere"},
		{"svg", `<svg></svg>`, "neither hidden"},
		{"image", `<img src="/a.png">`, "without alt"},
		{"th", `<table><tr><th>x</th></tr></table>`, "without scope"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := strings.Join(webtest.Faults(c.page), "; ")
			if c.want == "" && got != "" || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

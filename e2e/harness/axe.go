// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Axe is the source of axe-core, in the version that e2e/package-lock.json
// names; it is installed when missing.
func Axe(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(Root(t), "e2e")
	file := filepath.Join(dir, "node_modules", "axe-core", "axe.min.js")
	if _, err := os.Stat(file); err != nil {
		cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("npm ci in e2e: %v\n%s", err, out)
		}
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// Violation is one rule of axe that a page breaks.
type Violation struct {
	Rule string   `json:"id"`
	Help string   `json:"help"`
	At   []string `json:"at"` // the first elements, as HTML
}

func (v Violation) String() string {
	return fmt.Sprintf("%s (%s): %s", v.Rule, v.Help, strings.Join(v.At, " | "))
}

// Violations asks axe about the page as it is: WCAG 2.2 A and AA, and axe's
// best practices.
func (p *Page) Violations(axe string) []Violation {
	p.t.Helper()
	if !Eval[bool](p, "!!window.axe") {
		p.do("loading axe", chromedp.Evaluate[chromedp.Void](axe+"\n;undefined"))
	}
	return Eval[[]Violation](p, `axe.run(document, {
		resultTypes: ["violations"],
		runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
	}).then((r) => r.violations.map((v) => ({id: v.id, help: v.help, at: v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200) + " " + (n.any[0] ? n.any[0].message : ""))})))`)
}

// Shape is what the page is made of without its words: each kind of element and
// what it stands in, and the order of the headings. Pages made of the same break
// the same rules.
func (p *Page) Shape() []string {
	p.t.Helper()
	return Eval[[]string](p, `(() => {
		const keep = ["class", "role", "type", "for", "hidden", "open", "lang", "disabled", "checked", "tabindex", "scope"];
		const seen = new Set();
		const walk = (e, parent) => {
			const own = e.tagName + [...e.attributes].filter((a) => keep.includes(a.name) || a.name.startsWith("aria-"))
				.map((a) => a.name + (/label|controls|describedby|labelledby|for|value/.test(a.name) ? "" : "=" + a.value)).sort().join()
				+ (e.children.length ? "" : e.textContent.trim() ? "t" : "");
			seen.add(parent + ">" + own);
			for (const c of e.children) walk(c, own);
		};
		walk(document.documentElement, "");
		seen.add("headings " + [...document.querySelectorAll("h1, h2, h3, h4, h5, h6")].map((h) => h.tagName).filter((h, i, all) => h !== all[i - 1]).join());
		return [...seen];
	})()`)
}

// Overflow is how many pixels the page is wider than the window, and what
// sticks out.
func (p *Page) Overflow() (int, string) {
	p.t.Helper()
	type out struct {
		By int    `json:"by"`
		At string `json:"at"`
	}
	o := Eval[out](p, `(() => {
		const wide = document.documentElement.clientWidth, by = document.documentElement.scrollWidth - wide;
		if (by <= 0) return {by: 0, at: ""};
		const e = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > wide + 1).at(-1);
		return {by, at: e ? e.outerHTML.slice(0, 200) : ""};
	})()`)
	return o.By, o.At
}

// Whole makes the window so high that the whole page is seen: nothing lies
// under a bar that stays at the bottom.
func (p *Page) Whole(width int64) {
	p.t.Helper()
	p.Resize(width, 900)
	if high := Eval[int64](p, "document.documentElement.scrollHeight"); high > 900 {
		p.Resize(width, high)
	}
}

// Status is the HTTP status of the page's document.
func (p *Page) Status() int {
	p.t.Helper()
	return Eval[int](p, `performance.getEntriesByType("navigation")[0].responseStatus`)
}

// Pause lets animations and late layout end.
func (p *Page) Pause() { time.Sleep(150 * time.Millisecond) }

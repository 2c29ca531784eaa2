// SPDX-License-Identifier: Apache-2.0

// Package webtest renders pages without a server and checks what every page
// owes its readers: structure, labels, words in both languages, nothing that
// the content policy would block.
//
//	func TestVisitPage(t *testing.T) {
//		webtest.Check(t, webtest.As(store.Nurse), visitPage(VisitPage{…}))
//	}
package webtest

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"golang.org/x/net/html"

	"mach/content"
	"mach/i18n"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/assets"
)

// Now is the moment at which test pages are rendered.
var Now = time.Date(2026, time.November, 21, 8, 40, 0, 0, vn.Zone)

// As returns a session of somebody with a long name in a role.
func As(role store.Role) web.Session {
	return web.Session{Actor: store.Actor{Account: "test", Role: role, Name: "Nguyễn Thị Hoàng Bảo Ngọc Trâm",
		Facility: "test", FacilityName: "Trạm y tế xã Liên Bão"}, Home: "/"}
}

// HTML renders c as s sees it in lang.
func HTML(t testing.TB, lang i18n.Lang, s web.Session, c templ.Component) string {
	t.Helper()
	cat, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := c.Render(web.WithVisit(context.Background(), cat, lang, s, Now), &b); err != nil {
		t.Fatalf("rendering in %s: %v", lang, err)
	}
	return b.String()
}

// Check renders c in both languages and fails for every fault [Faults] finds.
func Check(t testing.TB, s web.Session, c templ.Component) {
	t.Helper()
	for _, l := range i18n.Langs() {
		for _, fault := range Faults(HTML(t, l, s, c)) {
			t.Errorf("%s: %s", l, fault)
		}
	}
}

// Faults returns what is wrong with a page, or a part of one, in the order it
// stands there; nil when nothing is. It is also for tests that fetch pages.
func Faults(page string) []string {
	whole := strings.Contains(page, "<html")
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		return []string{"not HTML: " + err.Error()}
	}
	l := &lint{whole: whole, ids: map[string]int{}, fors: map[string]bool{}}
	l.walk(doc, l.collect)
	l.walk(doc, l.judge)
	if i := strings.Index(page, "⟦"); i >= 0 {
		l.add("words are missing: %.60s", page[i:])
	}
	for id, n := range l.ids {
		if n > 1 {
			l.add("id %q stands %d times", id, n)
		}
	}
	if whole {
		if l.h1 != 1 {
			l.add("the page has %d h1, not one", l.h1)
		}
		if !l.main {
			l.add("the page has no main")
		}
		if l.title == "" {
			l.add("the page has no title")
		}
	}
	return l.faults
}

type lint struct {
	whole  bool
	faults []string
	ids    map[string]int
	fors   map[string]bool
	h1     int
	level  int
	main   bool
	title  string
}

func (l *lint) add(format string, args ...any) {
	l.faults = append(l.faults, fmt.Sprintf(format, args...))
}

func (l *lint) walk(n *html.Node, visit func(*html.Node)) {
	if n.Type == html.ElementNode {
		visit(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		l.walk(c, visit)
	}
}

func (l *lint) collect(n *html.Node) {
	if id := attr(n, "id"); id != "" {
		l.ids[id]++
	}
	switch n.Data {
	case "label":
		l.fors[attr(n, "for")] = true
	case "h1":
		l.h1++
	case "main":
		l.main = true
	case "title":
		if n.Namespace == "" {
			l.title = text(n)
		}
	}
}

func (l *lint) judge(n *html.Node) {
	for _, a := range n.Attr {
		l.attribute(n, a)
	}
	switch n.Data {
	case "style":
		l.add("a style element")
	case "script":
		if attr(n, "src") == "" {
			l.add("an inline script")
		}
	case "html":
		if l.whole && attr(n, "lang") == "" {
			l.add("<html> has no lang")
		}
	case "input", "select", "textarea":
		l.control(n)
	case "button":
		if name(n) == "" {
			l.add("a button without words")
		}
	case "a":
		l.link(n)
	case "img":
		if !has(n, "alt") {
			l.add("an image without alt")
		}
	case "svg":
		if attr(n, "aria-hidden") != "true" && attr(n, "role") != "img" {
			l.add("an svg that is neither hidden nor an image")
		}
	case "use":
		l.icon(attr(n, "href"))
	case "th":
		if attr(n, "scope") == "" {
			l.add("a th without scope: %.40s", text(n))
		}
	case "h1", "h2", "h3", "h4":
		level := int(n.Data[1] - '0')
		if l.whole && level > l.level+1 {
			l.add("h%d follows h%d: %.40s", level, l.level, text(n))
		}
		l.level = level
		if strings.TrimSpace(text(n)) == "" {
			l.add("an empty h%d", level)
		}
	}
}

func (l *lint) attribute(n *html.Node, a html.Attribute) {
	switch {
	case a.Key == "style":
		l.add("<%s> has an inline style", n.Data)
	case strings.HasPrefix(a.Key, "on"):
		l.add("<%s> has an inline script (%s)", n.Data, a.Key)
	case strings.HasPrefix(a.Key, "hx-on"):
		l.add("<%s> has %s, which the policy blocks", n.Data, a.Key)
	case a.Key == "aria-describedby" || a.Key == "aria-labelledby" || a.Key == "aria-controls":
		for id := range strings.FieldsSeq(a.Val) {
			if l.ids[id] == 0 {
				l.add("<%s> %s names #%s, which is not there", n.Data, a.Key, id)
			}
		}
	}
}

func (l *lint) control(n *html.Node) {
	switch attr(n, "type") {
	case "hidden", "submit", "button":
		return
	}
	if id := attr(n, "id"); id != "" && l.fors[id] {
		return
	}
	if attr(n, "aria-label") != "" || attr(n, "aria-labelledby") != "" {
		return
	}
	for p := n.Parent; p != nil; p = p.Parent {
		if p.Data == "label" {
			return
		}
	}
	l.add("<%s name=%q> has no label", n.Data, attr(n, "name"))
}

func (l *lint) link(n *html.Node) {
	if n.Namespace == "" && has(n, "href") && name(n) == "" {
		l.add("a link without words to %s", attr(n, "href"))
	}
	if href := attr(n, "href"); href == "#" || strings.HasPrefix(href, "javascript:") {
		l.add("a link that leads nowhere: %.40s", text(n))
	}
	if strings.HasPrefix(attr(n, "href"), "about:invalid") {
		l.add("a link that templ refused: %.40s", text(n))
	}
}

// icon refuses an icon that the built sprite lacks: it would be a blank.
func (l *lint) icon(href string) {
	_, id, ok := strings.Cut(href, "#")
	sprite, err := assets.Open().Read("icons.svg")
	if ok && err == nil && !bytes.Contains(sprite, []byte(`<symbol id="`+id+`"`)) {
		l.add("icon %q is not in the sprite: name it in web/assets/icons.txt and run make assets", id)
	}
}

// name is what a reader is told: the label, or the words inside.
func name(n *html.Node) string {
	if a := attr(n, "aria-label"); a != "" {
		return a
	}
	if a := attr(n, "title"); a != "" {
		return a
	}
	return strings.TrimSpace(text(n))
}

func text(n *html.Node) string {
	if n.Type == html.TextNode {
		return n.Data
	}
	if attr(n, "aria-hidden") == "true" {
		return ""
	}
	var b strings.Builder
	if n.Data == "img" {
		b.WriteString(attr(n, "alt"))
	}
	if n.Data == "svg" {
		b.WriteString(attr(n, "aria-label"))
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		b.WriteString(text(c))
	}
	return b.String()
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

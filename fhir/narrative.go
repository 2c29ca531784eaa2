// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"strconv"
	"strings"
)

// narrativeElements and narrativeAttributes are what a narrative may be made of
// (R4 narrative.html, invariant txt-1: HTML 4.0 chapters 7 to 11 without 9.4,
// and 15, links, images and style).
var (
	narrativeElements = words(`a abbr acronym address area b big blockquote br caption center cite code col
		colgroup dd del dfn div dl dt em font h1 h2 h3 h4 h5 h6 hr i img ins kbd li map ol p pre q s samp small
		span strike strong sub sup table tbody td tfoot th thead tr tt u ul var`)
	narrativeAttributes = words(`abbr accesskey align alt axis bgcolor border cellpadding cellspacing char charoff
		cite class clear colspan color compact coords dir face frame headers height href hspace id lang longdesc name
		noshade nohref nowrap rel rowspan rules scope shape size span src start style summary tabindex target
		title type usemap valign value vspace width xml:lang xml:space xmlns`)
)

func words(list string) map[string]bool {
	set := map[string]bool{}
	for _, w := range strings.Fields(list) {
		set[w] = true
	}
	return set
}

const xhtmlNamespace = "http://www.w3.org/1999/xhtml"

// maxNested is how deep the elements of a narrative may stand in one another.
const maxNested = 200

// NarrativeFault says what is wrong with the XHTML of a narrative: "form" for
// text that is no single well-formed div, "namespace" for one that is not XHTML's
// (R4 narrative.html; many leave it out, which cannot be misread and is no fault
// here), "element", "attribute" and "entity"
// with the name of what a narrative may not hold, "empty" when it shows nothing
// (txt-2). All is well when fault is "".
func NarrativeFault(div string) (fault, name string) {
	x := &narrative{s: strings.TrimSpace(div)}
	if !strings.HasPrefix(x.s, "<div") {
		return "form", ""
	}
	for x.i < len(x.s) && x.fault == "" {
		x.next()
	}
	switch {
	case x.fault != "":
		return x.fault, x.name
	case len(x.open) > 0:
		return "form", ""
	case !x.shows:
		return "empty", ""
	}
	return "", ""
}

// A narrative is being read; i is the place in s.
type narrative struct {
	s           string
	i           int
	open        []string // the elements around the place
	closed      bool     // the outermost is
	shows       bool     // some text or an image
	fault, name string
}

func (x *narrative) fail(fault, name string) {
	if x.fault == "" {
		x.fault, x.name = fault, name
	}
}

// next reads the text up to the next tag, and the tag.
func (x *narrative) next() {
	text, found := x.s[x.i:], strings.IndexByte(x.s[x.i:], '<')
	if found >= 0 {
		text = text[:found]
	}
	x.i += len(text)
	if strings.TrimSpace(text) != "" {
		x.shows = true
		if len(x.open) == 0 {
			x.fail("form", "")
		}
		x.entities(text)
	}
	if found < 0 {
		return
	}
	switch rest := x.s[x.i:]; {
	case strings.HasPrefix(rest, "<!--"):
		if end := strings.Index(rest[4:], "-->"); end >= 0 {
			x.i += end + 7
			return
		}
		x.fail("form", "")
	case strings.HasPrefix(rest, "</"):
		x.close()
	default:
		x.start()
	}
}

// close reads an end tag, which has to be that of the innermost element.
func (x *narrative) close() {
	end := strings.IndexByte(x.s[x.i:], '>')
	if end < 0 || len(x.open) == 0 || strings.TrimSpace(x.s[x.i+2:x.i+end]) != x.open[len(x.open)-1] {
		x.fail("form", "")
		return
	}
	x.i += end + 1
	x.open = x.open[:len(x.open)-1]
	x.closed = len(x.open) == 0
}

// start reads a start tag or an empty element.
func (x *narrative) start() {
	x.i++
	name := x.word()
	switch {
	case x.closed || name == "" || len(x.open) >= maxNested:
		x.fail("form", "")
	case !narrativeElements[name]:
		x.fail("element", name)
	case name == "img":
		x.shows = true
	}
	for x.fault == "" {
		x.space()
		switch {
		case strings.HasPrefix(x.s[x.i:], "/>"):
			x.i += 2
			x.closed = len(x.open) == 0
			return
		case strings.HasPrefix(x.s[x.i:], ">"):
			x.i++
			x.open = append(x.open, name)
			return
		default:
			x.attribute()
		}
	}
}

// attribute reads name="value". A link that runs a script is no link.
func (x *narrative) attribute() {
	name := x.word()
	x.space()
	if name == "" || !strings.HasPrefix(x.s[x.i:], "=") {
		x.fail("form", "")
		return
	}
	x.i++
	x.space()
	if x.i >= len(x.s) || x.s[x.i] != '"' && x.s[x.i] != '\'' {
		x.fail("form", "")
		return
	}
	end := strings.IndexByte(x.s[x.i+1:], x.s[x.i])
	if end < 0 {
		x.fail("form", "")
		return
	}
	value := x.s[x.i+1 : x.i+1+end]
	x.i += end + 2
	x.entities(value)
	if !narrativeAttributes[name] && !strings.HasPrefix(name, "xmlns:") {
		x.fail("attribute", name)
	}
	if name == "xmlns" && value != xhtmlNamespace {
		x.fail("namespace", "")
	}
	if name == "href" || name == "src" {
		scheme, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(value)), ":")
		if scheme == "javascript" || scheme == "vbscript" {
			x.fail("attribute", name)
		}
	}
}

// word reads a name.
func (x *narrative) word() string {
	from := x.i
	for x.i < len(x.s) {
		if c := x.s[x.i]; c-'0' > 9 && (c|0x20 < 'a' || c|0x20 > 'z') && c != ':' && c != '-' && c != '_' {
			break
		}
		x.i++
	}
	return x.s[from:x.i]
}

func (x *narrative) space() {
	for x.i < len(x.s) && strings.IndexByte(whitespace, x.s[x.i]) >= 0 {
		x.i++
	}
}

// entities checks that every & of a text begins &#number; or one of the five
// names of XML: those of HTML, such as &nbsp;, are not known there.
func (x *narrative) entities(text string) {
	for {
		i := strings.IndexByte(text, '&')
		if i < 0 {
			return
		}
		text = text[i+1:]
		name, _, ended := strings.Cut(text, ";")
		switch {
		case ended && (xmlEntities[name] || isCharacter(name)):
		case ended && isEntity(name):
			x.fail("entity", name)
		default:
			x.fail("form", "")
		}
	}
}

var xmlEntities = words("amp lt gt quot apos")

// isCharacter reports whether a name is that of a character by number.
func isCharacter(name string) bool {
	digits, ok := strings.CutPrefix(name, "#")
	base := 10
	if strings.HasPrefix(digits, "x") {
		digits, base = digits[1:], 16
	}
	_, err := strconv.ParseUint(digits, base, 21)
	return ok && err == nil
}

// isEntity reports whether an entity may be called so.
func isEntity(name string) bool {
	return name != "" && len(name) <= 32 && !strings.ContainsFunc(name, func(c rune) bool {
		return (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z')
	})
}

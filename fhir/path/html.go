// SPDX-License-Identifier: Apache-2.0

package path

import (
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// The elements and attributes that a narrative may have
// (https://hl7.org/fhir/R4/narrative.html#xhtml).
var (
	narrativeElements = words(`a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em
		h1 h2 h3 h4 h5 h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot th thead tr tt
		ul var u`)
	narrativeAttributes = words(`abbr align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign char
		charoff charset cite class colspan compact coords dir frame headers height href hreflang hspace id lang longdesc
		name nowrap rel rev rowspan rules scope shape span src start style summary tabindex title type valign value
		vspace width xmlns`)
)

func words(s string) map[string]bool {
	all := map[string]bool{}
	for _, w := range strings.Fields(s) {
		all[w] = true
	}
	return all
}

// checkHTML is htmlChecks(): whether a string keeps the rules for narratives.
func checkHTML(_ *run, in, out Collection) (Collection, error) {
	v, ok, err := one(in)
	if err != nil || !ok {
		return out, err
	}
	s, ok := v.str()
	if !ok {
		return out, nil
	}
	if v.typ == nil || v.typ.Name != "xhtml" { // a piece of one
		s = "<div>" + s + "</div>"
	}
	return append(out, Value{data: goodHTML(s)}), nil
}

// goodHTML reports whether s is one div of the allowed elements and attributes
// with some text or an image.
func goodHTML(s string) bool {
	d := xml.NewDecoder(strings.NewReader(s))
	d.Entity = xml.HTMLEntity
	depth, content := 0, false
	for {
		t, err := d.Token()
		if err != nil {
			return errors.Is(err, io.EOF) && content
		}
		switch t := t.(type) {
		case xml.StartElement:
			if depth == 0 && t.Name.Local != "div" || !goodElement(t) {
				return false
			}
			content = content || t.Name.Local == "img"
			if depth++; depth > maxDepth {
				return false
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			content = content || len(strings.TrimSpace(string(t))) > 0
		case xml.ProcInst, xml.Directive:
			return false
		}
	}
}

func goodElement(t xml.StartElement) bool {
	if !narrativeElements[t.Name.Local] {
		return false
	}
	for _, a := range t.Attr {
		name := a.Name.Local
		if a.Name.Space == "xml" {
			name = "lang"
		}
		value := strings.ToLower(strings.TrimSpace(a.Value))
		if !narrativeAttributes[name] || (name == "href" || name == "src") && strings.HasPrefix(value, "javascript:") {
			return false
		}
	}
	return true
}

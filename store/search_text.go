// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"strings"

	"mach/fhir"
	"mach/vn"
)

// says reports whether a document has all words of one alternative: _text in
// its narrative, _content anywhere. No index leads there, so these parameters
// narrow down what others find; alone they read the type page by page.
func (p *predicate) says(d *fhir.Doc) bool {
	if d == nil {
		return false
	}
	has := map[string]bool{}
	read := func(s string) {
		for _, w := range words(vn.Fold(s)) {
			has[w] = true
		}
	}
	if p.param.Code == paramText {
		read(narrative(d.Get("text", "div").String()))
	} else {
		contentOf(d.Root(), read)
	}
	return slices.ContainsFunc(p.any, func(v value) bool {
		return !slices.ContainsFunc(v.words, func(w string) bool { return !has[w] })
	})
}

// narrative takes the tags out of XHTML.
func narrative(div string) string {
	var b strings.Builder
	for div != "" {
		text, rest, _ := strings.Cut(div, "<")
		b.WriteString(text + " ")
		_, div, _ = strings.Cut(rest, ">")
	}
	return entities.Replace(b.String())
}

var entities = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&nbsp;", " ", "&amp;", "&")

// contentOf reads every string of a document, narrative without its tags.
func contentOf(n fhir.Node, read func(string)) {
	switch n.Kind() {
	case fhir.String:
		if s := n.String(); n.Name() == "div" {
			read(narrative(s))
		} else {
			read(s)
		}
	case fhir.Array, fhir.Object:
		for _, v := range n.Fields() {
			contentOf(v, read)
		}
		if n.Kind() == fhir.Array {
			for v := range n.Items() {
				contentOf(v, read)
			}
		}
	}
}

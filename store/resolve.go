// SPDX-License-Identifier: Apache-2.0

package store

import (
	"strings"

	"mach/fhir"
)

// rewritten returns doc with every string that is a key of to replaced. FHIR
// asks for this in all references and URIs of a transaction; a string equal to
// another entry's fullUrl is nothing else.
func rewritten(doc *fhir.Doc, to map[string]string) (*fhir.Doc, error) {
	text := doc.Text()
	var b strings.Builder
	start := 0
	for i := 0; i < len(text); {
		open := strings.IndexByte(text[i:], '"')
		if open < 0 {
			break
		}
		open += i
		end := closing(text, open+1)
		if target, ok := to[text[open+1:end]]; ok && !isName(text, end) {
			b.WriteString(text[start : open+1])
			b.WriteString(target)
			start = end
		}
		i = end + 1
	}
	if start == 0 {
		return doc, nil
	}
	b.WriteString(text[start:])
	return fhir.ParseString(b.String())
}

// closing returns the place of the quote that ends a JSON string.
func closing(text string, from int) int {
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// isName reports whether the string that ends here names a member.
func isName(text string, end int) bool { return end+1 < len(text) && text[end+1] == ':' }

// conditionalRef is a reference by search: "Patient?identifier=…".
type conditionalRef struct{ text, typ, query string }

func conditionalRefs(doc *fhir.Doc) []conditionalRef {
	if !strings.Contains(doc.Text(), "?") {
		return nil
	}
	var found []conditionalRef
	var walk func(n fhir.Node)
	walk = func(n fhir.Node) {
		switch n.Kind() {
		case fhir.Array:
			for e := range n.Items() {
				walk(e)
			}
		case fhir.Object:
			for name, v := range n.Fields() {
				if name != "reference" || v.Kind() != fhir.String {
					walk(v)
					continue
				}
				typ, query, ok := strings.Cut(v.String(), "?")
				if ok && typ != "" && !strings.ContainsAny(typ, "/:#") {
					found = append(found, conditionalRef{v.String(), typ, query})
				}
			}
		}
	}
	walk(doc.Root())
	return found
}

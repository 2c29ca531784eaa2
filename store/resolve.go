// SPDX-License-Identifier: Apache-2.0

package store

import (
	"strings"

	"mach/fhir"
)

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

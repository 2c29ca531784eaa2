// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

const maxElements = 200

// knows refuses an element that no type of the export has at its root, or drops
// it when lenient.
func (a *exportArgs) knows(lenient bool) error {
	kept := a.Elements[:0]
	for _, one := range a.Elements {
		typ, name, of := strings.Cut(one, ".")
		if !of {
			typ, name = "", one
		}
		known := slices.ContainsFunc(a.Types, func(t string) bool {
			return (typ == "" || typ == t) && fhir.InfoOf(t).Element(name) != nil
		})
		switch {
		case known:
			kept = append(kept, one)
		case !lenient:
			return issue.New(issue.Invalid, "bulk.element", one).At("_elements")
		}
	}
	a.Elements = kept
	return nil
}

// whole writes resources of a type as they are, or what was asked for of them
// (_elements) with what R4 requires: nothing else of a type that no name fits.
func (a exportArgs) whole(typ string) func(store.BulkRow) (string, error) {
	if len(a.Elements) == 0 {
		return func(row store.BulkRow) (string, error) { return row.Body, nil }
	}
	shown := fhir.Subset{Elements: a.Elements}
	return func(row store.BulkRow) (string, error) {
		doc, err := fhir.ParseString(row.Body)
		if err != nil {
			return "", fmt.Errorf("showing a part of a %s: %w", typ, err)
		}
		return shown.Of(doc).Text(), nil
	}
}

// deletion says that a resource was deleted, in a transaction of its own, so that
// each stands for itself where it is carried out.
func deletion(row store.BulkRow) (string, error) {
	return fmt.Sprintf(`{"resourceType":"Bundle","type":"transaction","entry":[{"request":{"method":"DELETE","url":"%s/%s"}}]}`,
		row.Seen.Labels.Type, row.Seen.Labels.ID), nil // an id needs no escape
}

// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"fmt"
	"slices"

	"mach/fhir"
	"mach/store"
)

// meta answers $meta: profiles, tags and security labels of a resource.
func (m *Module) meta(c *call) (*fhir.Doc, error) {
	doc, err := c.door.Read(c.http.Context(), c.typ, c.id)
	if err != nil {
		return nil, err
	}
	return metaOf(doc), nil
}

// metaOf is a Parameters resource with the meta of doc.
func metaOf(doc *fhir.Doc) *fhir.Doc {
	meta := doc.Get("meta").Raw()
	d, err := fhir.ParseString(`{"resourceType":"Parameters","parameter":[{"name":"return","valueMeta":` + meta + `}]}`)
	if err != nil {
		panic("a stored resource without meta: " + doc.Ref()) // impossible: the store writes it
	}
	return d
}

// metaAdd answers $meta-add: what the resource has already is left as it is.
// The result is a new version, for a label decides who may see a record.
func (m *Module) metaAdd(c *call) (*fhir.Doc, error) {
	return m.remeta(c, func(have []string, asked string, there bool) []string {
		if there {
			return have
		}
		return append(have, asked)
	})
}

// metaDelete answers $meta-delete.
func (m *Module) metaDelete(c *call) (*fhir.Doc, error) {
	return m.remeta(c, func(have []string, asked string, there bool) []string {
		if !there {
			return have
		}
		key := metaKey(asked)
		return slices.DeleteFunc(have, func(raw string) bool { return metaKey(raw) == key })
	})
}

// remeta changes the lists of meta, one asked element after the other.
func (m *Module) remeta(c *call, change func(have []string, asked string, there bool) []string) (*fhir.Doc, error) {
	asked := c.params.value("meta")
	doc, err := c.door.Read(c.http.Context(), c.typ, c.id)
	if err != nil {
		return nil, err
	}
	version, err := versionOf(doc)
	if err != nil {
		return nil, err
	}
	changed := doc
	for _, list := range []string{"profile", "security", "tag"} {
		var have []string
		for n := range doc.Get("meta").Each(list) {
			have = append(have, n.Raw())
		}
		before := slices.Clone(have)
		for n := range asked.Each(list) {
			key := metaKey(n.Raw())
			have = change(have, n.Raw(), slices.ContainsFunc(have, func(raw string) bool { return metaKey(raw) == key }))
		}
		if slices.Equal(before, have) {
			continue
		}
		if changed, err = setList(changed, "meta."+list, have); err != nil {
			return nil, fmt.Errorf("changing meta: %w", err)
		}
	}
	receipt, err := c.door.Commit(c.http.Context(), store.Update(changed, version))
	if err != nil {
		return nil, err
	}
	return metaOf(receipt.Docs[0]), nil
}

// setList writes a list of JSON values; an empty one goes away.
func setList(doc *fhir.Doc, path string, raw []string) (*fhir.Doc, error) {
	if len(raw) == 0 {
		return doc.Set(path, nil)
	}
	values := make([]rawJSON, len(raw))
	for i, r := range raw {
		values[i] = rawJSON(r)
	}
	return doc.Set(path, values)
}

// rawJSON is JSON as it stands.
type rawJSON string

// MarshalJSON returns the text.
func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// metaKey is what makes two profiles, tags or labels the same: the URL, or
// system and code.
func metaKey(raw string) string {
	d, err := fhir.ParseString(`{"resourceType":"Basic","x":` + raw + `}`)
	if err != nil {
		return raw
	}
	x := d.Get("x")
	if x.Kind() == fhir.String {
		return x.String()
	}
	return x.Get("system").String() + "|" + x.Get("code").String()
}

// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/fhir/terms"
	"mach/issue"
	"mach/store"
)

// closureBase begins the URLs of closure tables.
const closureBase = fhir.Base + "/fhir/closure/"

// Bounds of a closure table.
const (
	mostClosed   = 10_000 // codes in one table
	closingTries = 8      // against others who add to it
)

// closure answers $closure: a table of which of some codes is below which,
// that grows with the codes a client uses. See
// http://hl7.org/fhir/R4/conceptmap-operation-closure.html.
//
// The table of a name is a ConceptMap of the store, one for each account, whose
// versions are the versions of the table. So it lives as long as its client
// wants, on every process alike, and is written by policy and audit as any
// other resource.
func (m *Module) closure(c *call) (*fhir.Doc, error) {
	name := c.params.text("name")
	sum := sha256.Sum256([]byte(c.door.Actor().Account + "\n" + name))
	id := "closure-" + hex.EncodeToString(sum[:20])
	var codings []terms.Coding
	for n := range c.params.each("concept") {
		coding := terms.CodingOf(valueOf(n))
		if coding.System == "" || coding.Code == "" {
			return nil, issue.New(issue.Required, "fhirapi.param.missing", "valueCoding.system, valueCoding.code").At("concept")
		}
		codings = append(codings, coding)
	}
	switch {
	case c.params.text("version") != "":
		return m.closureSince(c, id)
	case len(codings) == 0:
		return m.newClosure(c, id, name)
	}
	for tries := 1; ; tries++ {
		doc, err := m.grow(c, id, codings)
		if !issue.Is(err, issue.Precondition) || tries == closingTries {
			return doc, err
		}
	}
}

// newClosure makes the table, or empties it.
func (m *Module) newClosure(c *call, id, name string) (*fhir.Doc, error) {
	doc, err := closureTable{}.doc(id, name)
	if err != nil {
		return nil, err
	}
	return m.keep(c, store.Put(doc), nil)
}

// keep commits the table and answers with the lines given, under the version
// it then has.
func (m *Module) keep(c *call, op store.Op, lines closureTable) (*fhir.Doc, error) {
	receipt, err := c.door.Commit(c.http.Context(), op)
	if err != nil {
		return nil, err
	}
	return lines.answer(receipt.Docs[0])
}

// grow adds codes to the table and answers with what is new about them.
func (m *Module) grow(c *call, id string, codings []terms.Coding) (*fhir.Doc, error) {
	ctx := c.http.Context()
	if err := m.terms.Refresh(ctx); err != nil {
		return nil, err
	}
	doc, err := c.door.Read(ctx, "ConceptMap", id)
	if err != nil {
		return nil, err
	}
	table := closureOf(doc)
	fresh := closureTable{}
	for _, coding := range codings {
		if table.add(m.terms.Set, coding, fresh); len(table) > mostClosed {
			return nil, issue.New(issue.TooCostly, "terms.closure.large", mostClosed).At("concept")
		}
	}
	grown, err := table.doc(id, doc.Get("title").String())
	if err != nil {
		return nil, err
	}
	version, err := versionOf(doc)
	if err != nil {
		return nil, err
	}
	return m.keep(c, store.Update(grown, version), fresh)
}

// closureSince answers with what was added after a version, for a client that
// missed it.
func (m *Module) closureSince(c *call, id string) (*fhir.Doc, error) {
	ctx := c.http.Context()
	text := c.params.text("version")
	version, err := strconv.ParseInt(text, 10, 64)
	if err != nil || version < 0 {
		return nil, issue.New(issue.Invalid, "terms.param.number", text).At("version")
	}
	doc, err := c.door.Read(ctx, "ConceptMap", id)
	if err != nil {
		return nil, err
	}
	lines, before := closureOf(doc), closureTable{}
	if version > 0 {
		old, err := c.door.ReadVersion(ctx, "ConceptMap", id, version)
		if err != nil {
			return nil, err
		}
		before = closureOf(old)
	}
	for code, above := range lines {
		above = slices.DeleteFunc(above, func(a string) bool { return slices.Contains(before[code], a) })
		if lines[code] = above; len(above) == 0 {
			delete(lines, code)
		}
	}
	return lines.answer(doc)
}

// A closureTable holds, by system and code, the codes above each.
type closureTable map[[2]string][]string

// closureOf reads a table.
func closureOf(doc *fhir.Doc) closureTable {
	t := closureTable{}
	for g := range doc.Each("group") {
		for e := range g.Each("element") {
			key := [2]string{g.Get("source").String(), e.Get("code").String()}
			t[key] = nil
			for above := range e.Each("target") {
				t[key] = append(t[key], above.Get("code").String())
			}
		}
	}
	return t
}

// add relates a code to those of its system in the table, and notes what is new.
func (t closureTable) add(set *terms.Set, c terms.Coding, fresh closureTable) {
	key := [2]string{c.System, c.Code}
	if _, known := t[key]; known {
		return
	}
	t[key] = nil
	note := func(low [2]string, high string) {
		t[low] = append(t[low], high)
		fresh[low] = append(fresh[low], high)
	}
	above, errAbove := set.Codes("above", c.System, c.Code)
	below, errBelow := set.Codes("below", c.System, c.Code)
	if errAbove != nil || errBelow != nil {
		return // of a system that is not loaded: it stands alone
	}
	for _, x := range above[1:] {
		if _, there := t[x]; there {
			note(key, x[1])
		}
	}
	for _, x := range below[1:] {
		if _, there := t[x]; there {
			note(x, c.Code)
		}
	}
}

// doc writes the table as a resource.
func (t closureTable) doc(id, name string) (*fhir.Doc, error) {
	m := map[string]any{
		"resourceType": "ConceptMap", "id": id, "url": closureBase + strings.TrimPrefix(id, "closure-"), "title": name,
		"status": "active", "experimental": true,
	}
	if groups := t.groups(); len(groups) > 0 {
		m["group"] = groups
	}
	return fhir.New(m)
}

// answer writes lines of the table as the ConceptMap that a client is given.
func (t closureTable) answer(table *fhir.Doc) (*fhir.Doc, error) {
	m := map[string]any{
		"resourceType": "ConceptMap", "id": table.ID(), "version": table.VersionID(), "name": table.Get("title").String(),
		"status": "active", "experimental": true, "date": fhir.Instant(table.LastUpdated()),
	}
	if groups := t.groups(); len(groups) > 0 {
		m["group"] = groups
	}
	return fhir.New(m)
}

// groups writes one group for each system, in order.
func (t closureTable) groups() []any {
	bySystem := map[string][]string{}
	for key := range t {
		bySystem[key[0]] = append(bySystem[key[0]], key[1])
	}
	var groups []any
	for _, system := range slices.Sorted(maps.Keys(bySystem)) {
		codes := bySystem[system]
		slices.Sort(codes)
		var elements []any
		for _, code := range codes {
			e := map[string]any{"code": code}
			var targets []any
			for _, above := range slices.Sorted(slices.Values(t[[2]string{system, code}])) {
				targets = append(targets, map[string]any{"code": above, "equivalence": "subsumes"})
			}
			if len(targets) > 0 {
				e["target"] = targets
			}
			elements = append(elements, e)
		}
		groups = append(groups, map[string]any{"source": system, "target": system, "element": elements})
	}
	return groups
}

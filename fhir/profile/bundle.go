// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"strings"

	"mach/fhir"
	"mach/issue"
)

// A place is where a resource stands: its full URL, if it has one, and its type
// and id.
type place struct{ url, ref string }

// places are the resources of a Bundle or Parameters.
type places struct {
	known map[string]int      // how many there are of a URL, or of a type and id without one; with and without version
	at    map[fhir.Node]place // by the resource
}

func placesIn(n fhir.Node) places {
	all := places{map[string]int{}, map[fhir.Node]place{}}
	for _, list := range []string{"entry", "parameter"} {
		for e := range n.Each(list) {
			all.add(e.Member("fullUrl").String(), e.Member("resource"))
		}
	}
	return all
}

func (all places) add(url string, r fhir.Node) {
	if !r.Exists() {
		return
	}
	p := place{url, r.Member("resourceType").String() + "/" + r.Member("id").String()}
	all.at[r] = p
	key := p.ref
	if url != "" {
		key = url
	}
	all.known[key]++
	if version := r.Get("meta", "versionId").String(); version != "" {
		all.known[key+"/_history/"+version]++
	}
}

// matches counts the resources that a reference means (bundle.html#references):
// by full URL, to which a relative reference is completed where that of its own
// resource is RESTful, and by version where it names one. Resources without full
// URL are known by their type and id.
func (all places) matches(ref string, from place) int {
	n := all.known[ref]
	if root, ok := strings.CutSuffix(from.url, from.ref); ok && root != "" && !strings.Contains(ref, ":") {
		n += all.known[root+ref]
	}
	return n
}

// bundle checks that a document has what its Composition refers to, and a
// message its data (documents.html, messageheader-definitions.html#focus).
func (c *check) bundle(n fhir.Node) {
	kind := n.Member("type").String()
	if kind != "document" && kind != "message" {
		return
	}
	all, head := placesIn(n), n.Get("entry").First().Member("resource")
	from := all.at[head]
	switch typ := head.Member("resourceType").String(); {
	case kind == "document" && typ == "Composition":
		for _, name := range []string{"subject", "encounter", "author", "custodian"} {
			c.included(head.Member(name), from, all)
		}
		for a := range head.Each("attester") {
			c.included(a.Member("party"), from, all)
		}
		for e := range head.Each("event") {
			c.included(e.Member("detail"), from, all)
		}
		c.sections(head, from, all)
	case kind == "message" && typ == "MessageHeader":
		c.included(head.Member("focus"), from, all)
	}
}

func (c *check) sections(n fhir.Node, from place, all places) {
	for s := range n.Each("section") {
		for _, name := range []string{"author", "focus", "entry"} {
			c.included(s.Member(name), from, all)
		}
		c.sections(s, from, all)
	}
}

// included checks that references lead to one resource of a Bundle each.
func (c *check) included(refs fhir.Node, from place, all places) {
	for r := range refs.Items() {
		lit := r.Member("reference")
		ref := lit.String()
		if ref == "" || ref[0] == '#' {
			continue
		}
		switch n := all.matches(ref, from); {
		case n == 0:
			c.fault(lit.Path(), issue.NotFound, "profile.bundle.absent", ref)
		case n > 1:
			c.fault(lit.Path(), issue.Conflict, "profile.bundle.several", ref, n)
		}
	}
}

// leads checks that a relative reference leads to a resource of the document.
func (c *check) leads(n fhir.Node) {
	lit := n.Member("reference")
	ref := lit.String()
	if ref == "" || strings.ContainsAny(ref, "#:?") {
		return
	}
	if c.inside.at == nil {
		c.inside = placesIn(n.Doc().Root())
	}
	if c.inside.matches(ref, c.inside.at[c.env.Root]) == 0 {
		c.fault(lit.Path(), issue.NotFound, "profile.reference.absent", ref)
	}
}

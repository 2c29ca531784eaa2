// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"strings"

	"mach/issue"
)

// rules are what R4 asks of the values of some types in words only.
var rules = map[string]func(v *validator, n Node){
	"Extension":  (*validator).extension,
	"Coding":     (*validator).system,
	"Identifier": (*validator).system,
	"Attachment": (*validator).attachment,
	"Bundle":     (*validator).bundle,
	"CodeSystem": (*validator).codeSystem,
}

// extension checks that an extension has a value or extensions, not both
// (ext-1), and that its url says everywhere the same: only inside another
// extension may it be relative (extensibility.html).
func (v *validator) extension(n Node) {
	value := false
	for name := range n.Fields() {
		value = value || strings.HasPrefix(strings.TrimPrefix(name, "_"), "value")
	}
	if value == n.member("extension").Exists() {
		v.add(n, issue.Structure, "fhir.extension")
	}
	if url := n.member("url"); !v.nested && url.Kind() == String && !isAbsolute(url.String()) {
		v.add(url, issue.Value, "fhir.absolute", url.String())
	}
}

// system checks that the system of a Coding or Identifier is an absolute URI,
// or the place of a contained one.
func (v *validator) system(n Node) {
	if s := n.member("system"); s.Kind() == String && !isAbsolute(s.String()) && !strings.HasPrefix(s.String(), "#") {
		v.add(s, issue.Value, "fhir.absolute", s.String())
	}
}

// attachment checks that the size told is that of the data.
func (v *validator) attachment(n Node) {
	data, size := n.member("data"), n.member("size")
	if data.Kind() == String && size.Kind() == Number && base64Size(data.String()) != size.Int() {
		v.add(size, issue.Value, "fhir.attachment.size", size.Int(), base64Size(data.String()))
	}
}

// codeSystem checks that a supplement says that it is one (codesystem.html).
func (v *validator) codeSystem(n Node) {
	if n.member("supplements").Exists() && n.member("content").String() != "supplement" {
		v.add(n.member("content"), issue.Value, "fhir.supplement")
	}
}

// bundle checks that full URLs are absolute and agree with the ids of their
// resources, that a link stands once, and that what a search found has an id
// (bundle.html).
func (v *validator) bundle(n Node) {
	links := map[string]bool{}
	for l := range n.Each("link") {
		relation := l.member("relation").String()
		if links[relation] && once[relation] {
			v.add(l, issue.Value, "fhir.bundle.link", relation)
		}
		links[relation] = true
	}
	search := n.member("type").String() == "searchset"
	for e := range n.Each("entry") {
		url, resource := e.member("fullUrl"), e.member("resource")
		if url.Kind() == String && !isAbsolute(url.String()) {
			v.add(url, issue.Value, "fhir.absolute", url.String())
		}
		id, typ := resource.member("id").String(), resource.member("resourceType").String()
		if t, last := SplitReference(url.String()); t != "" && t == typ && id != "" && last != id {
			v.add(url, issue.Value, "fhir.bundle.fullurl", typ+"/"+id)
		}
		mode := e.Get("search", "mode").String()
		if search && resource.Exists() && id == "" && typ != "OperationOutcome" && mode != "outcome" {
			v.add(resource, issue.Required, "fhir.required", "id")
		}
		if mode == "outcome" && resource.Exists() && typ != "OperationOutcome" {
			v.add(resource, issue.Value, "fhir.bundle.outcome", typ)
		}
	}
}

// once are the links of which a Bundle has one (RFC 5005).
var once = map[string]bool{"self": true, "first": true, "last": true, "next": true, "previous": true, "prev": true}

// isAbsolute reports whether a URI begins with a scheme.
func isAbsolute(uri string) bool {
	scheme, _, ok := strings.Cut(uri, ":")
	return ok && scheme != "" && !strings.ContainsAny(scheme, "/?#")
}

// base64Size returns the number of bytes that a well-formed text stands for.
func base64Size(text string) int {
	n := 0
	for i := range len(text) {
		if c := text[i]; c != '=' && strings.IndexByte(whitespace, c) < 0 {
			n++
		}
	}
	return n * 3 / 4
}

// canonical checks the url of a resource that defines something: absolute, and
// of a UUID in lower case (references.html#canonical).
func (v *validator) canonical(n Node) {
	url := n.String()
	if !isAbsolute(url) || strings.HasPrefix(url, "urn:uuid:") && (!isUUID(url) || strings.ToLower(url) != url) {
		v.add(n, issue.Value, "fhir.absolute", url)
	}
}

// elementID checks that the id of an element stands once in its resource
// (element.html).
func (v *validator) elementID(n Node) {
	s := n.String()
	if v.scope.ids == nil {
		v.scope.ids = map[string]bool{}
	}
	if v.scope.ids[s] {
		v.add(n, issue.Value, "fhir.id.twice", s)
	}
	v.scope.ids[s] = true
}

// instead checks that a reason for being absent does not stand in place of a
// code of a required value set (terminologies.html#required).
func (v *validator) instead(extensions, value Node, m member, shadow bool) {
	if shadow && m.codes != nil && value.Kind() != String && extensions.Extension(absentReason).Exists() {
		v.add(extensions, issue.Required, "fhir.code.absent", m.codes.name)
	}
}

const absentReason = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"

// narrative checks the XHTML of a narrative (txt-1, txt-2).
func (v *validator) narrative(n Node, div string) {
	switch fault, name := NarrativeFault(div); fault {
	case "form":
		v.add(n, issue.Value, "fhir.narrative.form")
	case "namespace":
		v.add(n, issue.Value, "fhir.narrative.namespace")
	case "element":
		v.add(n, issue.Value, "fhir.narrative.element", name)
	case "attribute":
		v.add(n, issue.Value, "fhir.narrative.attribute", name)
	case "entity":
		v.add(n, issue.Value, "fhir.narrative.entity", name)
	case "empty":
		v.add(n, issue.Value, "fhir.narrative.empty")
	}
}

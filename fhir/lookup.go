// SPDX-License-Identifier: Apache-2.0

package fhir

import "strings"

// Code returns the code of a Coding or CodeableConcept in the given system, ""
// when it has none there. Of several the first counts.
func (n Node) Code(system string) string {
	if coding := n.member("coding"); coding.Exists() {
		n = coding
	}
	for c := range n.Items() {
		if c.member("system").String() == system {
			return c.member("code").String()
		}
	}
	return ""
}

// Identifier returns the value of the resource's identifier in the given
// system, "" when it has none there.
func (d *Doc) Identifier(system string) string {
	for id := range d.Each("identifier") {
		if id.member("system").String() == system {
			return id.member("value").String()
		}
	}
	return ""
}

// Extension returns the first extension with the given url, absent when there
// is none: n.Extension(fhir.ExtUnit).Get("valueCoding", "code").
func (n Node) Extension(url string) Node {
	for e := range n.Each("extension") {
		if e.member("url").String() == url {
			return e
		}
	}
	return Node{}
}

// Reference splits the literal reference of a Reference element: "Patient" and
// "123" for "Patient/123", "Patient/123/_history/2" and
// "https://elsewhere/fhir/Patient/123". Both are "" for everything else.
func (n Node) Reference() (typ, id string) {
	return SplitReference(n.member("reference").String())
}

// RefID returns the id of a reference to a resource of the given type here, ""
// when the reference is of another type, to another server, or absent.
func (n Node) RefID(typ string) string {
	ref := n.member("reference").String()
	if t, id := SplitReference(ref); t == typ && strings.HasPrefix(ref, typ+"/") {
		return id
	}
	return ""
}

// SplitReference returns type and id of a literal reference, see
// [Node.Reference].
func SplitReference(ref string) (typ, id string) {
	if i := strings.Index(ref, "/_history/"); i >= 0 {
		ref = ref[:i]
	}
	slash := strings.LastIndexByte(ref, '/')
	if slash < 0 || strings.HasPrefix(ref, "urn:") || strings.ContainsAny(ref, "?#") {
		return "", ""
	}
	typ, id = ref[:slash], ref[slash+1:]
	if i := strings.LastIndexByte(typ, '/'); i >= 0 {
		if !strings.Contains(typ, "://") {
			return "", ""
		}
		typ = typ[i+1:]
	}
	if !isTypeName(typ) || !isID(id) {
		return "", ""
	}
	return typ, id
}

// isTypeName reports whether s looks like the name of a resource type.
func isTypeName(s string) bool {
	if s == "" || s[0] < 'A' || s[0] > 'Z' {
		return false
	}
	for i := range len(s) {
		if c := s[i] | 0x20; c < 'a' || c > 'z' {
			return false
		}
	}
	return true
}

// isID reports whether s is a FHIR id: 1 to 64 letters, digits, "-" and ".".
func isID(s string) bool {
	if s == "" || len(s) > 64 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c != '-' && c != '.' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			return false
		}
	}
	return true
}

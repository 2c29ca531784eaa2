// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"regexp"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// extension checks an extension against its definition, and that it may stand
// where it does. Inside another extension its url is a name that only that one
// knows.
func (c *check) extension(n fhir.Node, e *fhir.ElementType) {
	url := n.Member("url").String()
	def := c.known(url)
	inside := len(c.parent) > 0 && c.parent[len(c.parent)-1].Name == "Extension"
	switch {
	case def != nil && def.typ == "Extension":
		c.conform(n, e.Type, def)
		if len(def.contexts) > 0 && !inside && !c.allowed(n, def) {
			c.fault(n.Path(), issue.BusinessRule, "profile.extension.context", url)
		}
	case def != nil:
		c.fault(n.Path(), issue.Invalid, "profile.other_type", url, def.typ)
	case c.opt.Extensions && !inside && strings.Contains(url, "://") && !foreign.MatchString(url) && (c.opt.Real || !example.MatchString(url)):
		c.fault(n.Path(), issue.NotFound, "profile.extension.unknown", url)
	}
}

// foreign are extensions that need no definition: elements of other versions of
// FHIR, and HL7's own tools.
var foreign = regexp.MustCompile(`^http://hl7\.org/fhir/([0-9]\.[0-9]/StructureDefinition/extension-|tools/StructureDefinition/)`)

// example are the addresses that no real one may be (RFC 2606, section 3).
var example = regexp.MustCompile(`(?i)^https?://([^/?#]*\.)?example(\.(com|net|org))?([:/?#]|$)`)

// real refuses the address of an example.
func (c *check) real(n fhir.Node) {
	if c.opt.Real && example.MatchString(n.String()) {
		c.fault(n.Path(), issue.Value, "profile.example", n.String())
	}
}

// forgotten are contexts in which R4 itself uses extensions that R4 does not
// define for them.
var forgotten = map[string][]string{
	"regex":                                 {"ElementDefinition.type"},
	"structuredefinition-fhir-type":         {"ElementDefinition.type"},
	"structuredefinition-normative-version": {"CodeSystem", "ElementDefinition", "OperationDefinition", "ValueSet"},
	"translation":                           {"ValueSet.expansion.contains"},
	"valueset-concept-comments":             {"CodeSystem.concept"},
}

var indexes = regexp.MustCompile(`\[\d+\]`)

// allowed reports whether one of the contexts of an extension is where it
// stands: a type, a base of it, or the path of an element. Contexts in FHIRPath
// and those of modules are taken as met.
func (c *check) allowed(n fhir.Node, def *definition) bool {
	parent := c.parent[len(c.parent)-1]
	path := indexes.ReplaceAllString(strings.TrimPrefix(n.Path(), c.env.Resource.Path()), "")
	path = path[:strings.LastIndexByte(path, '.')]
	path = strings.ReplaceAll(path, "._", ".")
	for _, at := range def.contexts {
		if at.kind != "element" || at.expression == "Element" || parent.Is(at.expression) {
			return true
		}
		if places := c.places(path); places[strings.TrimSuffix(at.expression, "[x]")] || places[at.expression] {
			return true
		}
	}
	return false
}

// places are the names of the place that a path from the resource leads to: by
// the resource and by each type on the way, with choices as the definition
// writes them and with the type of the value: Patient.contact.name, HumanName,
// HumanName.family.
func (c *check) places(path string) map[string]bool {
	steps := strings.Split(path, ".")
	found := map[string]bool{}
	root := c.env.Resource.Info()
	prefixes, info := []string{root.Name}, root
	for base := root.Base; base != nil; base = base.Base {
		prefixes = append(prefixes, base.Name)
	}
	for _, step := range steps[1:] {
		m := info.Member(step)
		if m == nil {
			return found
		}
		var next []string
		for _, p := range prefixes {
			next = append(next, p+"."+m.Element.Name)
			if m.Element.Choice {
				next = append(next, p+"."+step)
			}
		}
		info = m.Type
		for t := info; t != nil; t = t.Base {
			next = append(next, t.Name)
		}
		prefixes = next
	}
	for _, p := range prefixes {
		found[p] = true
	}
	return found
}

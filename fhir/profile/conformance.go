// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"regexp"
	"slices"
	"strings"
	"sync"

	"mach/fhir"
	"mach/fhir/path"
	"mach/issue"
)

// conformance are rules that R4 makes in words for the resources that define
// others, and for codes, by type.
var conformance = map[string]func(c *check, n fhir.Node){
	"Bundle": (*check).bundle,
	"Coding": (*check).coding,
	"CapabilityStatement.rest.resource.searchParam": (*check).searchParam,
	"CodeSystem":               (*check).codeSystem,
	"Expression":               (*check).expression,
	"Quantity":                 (*check).quantity,
	"Age":                      (*check).quantity,
	"Count":                    (*check).quantity,
	"Distance":                 (*check).quantity,
	"Duration":                 (*check).quantity,
	"SearchParameter":          (*check).searchParameter,
	"StructureDefinition":      (*check).structureDefinition,
	"ValueSet":                 (*check).valueSet,
	"ValueSet.compose.include": (*check).include,
}

// coding checks that a code is of its system, where that is one with rules of
// its own or is loaded whole. A system that is not here says nothing.
func (c *check) coding(n fhir.Node) {
	system, code := n.Member("system").String(), n.Member("code").String()
	if code == "" || system == "" {
		return
	}
	if at := n.Member("code"); system == fhir.SNOMED && !isSNOMED(code) {
		c.fault(at.Path(), issue.CodeInvalid, "profile.code.form", code, system)
	} else {
		c.ofSystem(n)
	}
	if is := strings.Contains(system, "/ValueSet/") && strings.HasPrefix(system, "http://hl7.org/fhir/ValueSet/"); is {
		c.fault(n.Member("system").Path(), issue.Value, "profile.code.valueset", system)
	}
}

// isSNOMED reports whether a code has the form of SNOMED CT: an identifier with
// its check digit (Verhoeff), or a post-coordinated expression, which is not
// looked into.
func isSNOMED(code string) bool {
	if strings.ContainsAny(code, ":+|{=") {
		return true
	}
	if len(code) < 6 || len(code) > 18 || code[0] == '0' {
		return false
	}
	check := byte(0)
	for i := range len(code) {
		d := code[len(code)-1-i] - '0'
		if d > 9 {
			return false
		}
		check = verhoeff(check, permuted(d, i))
	}
	return check == 0
}

// verhoeff multiplies in the dihedral group of ten elements.
func verhoeff(a, b byte) byte {
	switch {
	case a < 5 && b < 5:
		return (a + b) % 5
	case a < 5:
		return (a+b)%5 + 5
	case b < 5:
		return (a-b+5)%5 + 5
	}
	return (a - b + 5) % 5
}

// permuted applies Verhoeff's permutation i times.
func permuted(d byte, i int) byte {
	for range i % 8 {
		d = "1576283094"[d] - '0'
	}
	return d
}

// searchParam checks that a parameter is used as it is defined.
func (c *check) searchParam(n fhir.Node) {
	p, ok := paramsByURL()[n.Member("definition").String()]
	if ok && p.kind != "special" && p.kind != n.Member("type").String() {
		c.fault(n.Path(), issue.Value, "profile.param.type", n.Member("type").String(), p.kind)
	}
}

// searchParameter checks a parameter against the one it is derived from.
func (c *check) searchParameter(n fhir.Node) {
	if n.Member("type").String() == "composite" && n.Member("component").Len() < 2 {
		c.fault(n.Path(), issue.Required, "profile.param.components")
	}
	p, ok := paramsByURL()[n.Member("derivedFrom").String()]
	if !ok {
		return
	}
	if kind := n.Member("type").String(); kind != p.kind {
		c.fault(n.Path(), issue.Value, "profile.param.type", kind, p.kind)
	}
	for b := range n.Each("base") {
		if !slices.Contains(p.bases, b.String()) {
			c.fault(n.Path(), issue.Value, "profile.param.base", b.String())
		}
	}
}

// A param is a search parameter of R4.
type param struct {
	kind  string
	bases []string
}

var paramsByURL = sync.OnceValue(func() map[string]param {
	kinds := map[fhir.ParamKind]string{
		fhir.ParamToken: "token", fhir.ParamReference: "reference", fhir.ParamString: "string", fhir.ParamURI: "uri", fhir.ParamDate: "date",
		fhir.ParamNumber: "number", fhir.ParamQuantity: "quantity", fhir.ParamComposite: "composite", fhir.ParamSpecial: "special",
	}
	all := map[string]param{}
	for _, typ := range fhir.Types() {
		for _, p := range fhir.Params(typ) {
			known := all[p.URL]
			known.kind, known.bases = kinds[p.Kind], append(known.bases, typ)
			all[p.URL] = known
		}
	}
	return all
})

// codeSystem checks that a whole code system has as many concepts as it says
// (CodeSystem.count), and that properties are defined once and used as defined
// (codesystem.html#properties).
func (c *check) codeSystem(n fhir.Node) {
	if count := n.Member("count"); count.Exists() && n.Member("content").String() == "complete" {
		if has := concepts(n); has != count.Int() {
			c.fault(count.Path(), issue.Value, "profile.count", count.Int(), has)
		}
	}
	types, uris := map[string]string{}, map[string]bool{}
	for p := range n.Each("property") {
		code, uri := p.Member("code").String(), p.Member("uri").String()
		if types[code] != "" || uri != "" && uris[uri] {
			c.fault(p.Path(), issue.Duplicate, "profile.property.twice", code)
			continue
		}
		types[code], uris[uri] = p.Member("type").String(), true
	}
	if len(types) > 0 {
		c.properties(n, types)
	}
}

// concepts counts the concepts inside one or a code system.
func concepts(n fhir.Node) int {
	total := 0
	for concept := range n.Each("concept") {
		total += 1 + concepts(concept)
	}
	return total
}

func (c *check) properties(n fhir.Node, types map[string]string) {
	for concept := range n.Each("concept") {
		if c.full() {
			return
		}
		for p := range concept.Each("property") {
			want := types[p.Member("code").String()]
			got := strings.ToLower(strings.TrimPrefix(choice(p, "value").Name(), "value"))
			if want != "" && got != "" && got != strings.ToLower(want) {
				c.fault(p.Path(), issue.Value, "profile.property.type", p.Member("code").String(), want)
			}
		}
		c.properties(concept, types)
	}
}

// structureDefinition checks that a differential names elements that its type
// has.
func (c *check) structureDefinition(n fhir.Node) {
	root := fhir.InfoOf(n.Member("type").String())
	if root == nil || n.Member("derivation").String() != "constraint" {
		return
	}
	for e := range n.Member("differential").Each("element") {
		if at := e.Member("path").String(); !hasPath(root, at) {
			c.fault(n.Path(), issue.Value, "profile.path", at)
		}
	}
}

// hasPath reports whether a path, such as Observation.value[x].coding, leads to
// an element. What is inside a choice or a resource is not followed.
func hasPath(t *fhir.TypeInfo, path string) bool {
	for _, step := range strings.Split(path, ".")[1:] {
		name, isChoice := strings.CutSuffix(step, "[x]")
		e := t.Element(name)
		m := t.Member(step)
		switch {
		case e != nil && e.Choice == isChoice:
			if len(e.Types) > 1 || e.Types[0].Type.Name == "Resource" {
				return true
			}
			t = e.Types[0].Type
		case m != nil:
			t = m.Type
		default:
			return false
		}
	}
	return true
}

// include checks that a value set names its code systems absolutely: a
// contained one too has a URL of its own (valueset.html); and the form of the
// codes it lists.
func (c *check) include(n fhir.Node) {
	if system := n.Member("system").String(); system != "" && !strings.Contains(system, ":") {
		c.fault(n.Path(), issue.Value, "profile.system", system)
	}
	if n.Member("system").String() != fhir.SNOMED {
		return
	}
	for concept := range n.Each("concept") {
		if code := concept.Member("code").String(); !isSNOMED(code) {
			c.fault(concept.Path(), issue.CodeInvalid, "profile.code.form", code, fhir.SNOMED)
		}
	}
	for f := range n.Each("filter") {
		value := f.Member("value").String()
		switch f.Member("property").String() {
		case "concept":
			if !isSNOMED(value) {
				c.fault(f.Path(), issue.CodeInvalid, "profile.code.form", value, fhir.SNOMED)
			}
		case "constraint":
			if !isECL(value) {
				c.fault(f.Path(), issue.CodeInvalid, "profile.ecl", value)
			}
		}
	}
}

// isECL reports whether a text could be an expression constraint of SNOMED CT
// (ECL 2.2) by its outer grammar: operands between operators, brackets that
// match. What stands in refinements and filters is not looked into.
func isECL(text string) bool {
	text = term.ReplaceAllString(text, "")
	if strings.ContainsAny(text, ":{.^") {
		return strings.Count(text, "(") == strings.Count(text, ")")
	}
	operand, depth := false, 0 // an operand stands before the place
	for _, token := range eclToken.FindAllString(text, -1) {
		switch {
		case token == "(" && !operand:
			depth++
		case token == ")" && operand && depth > 0:
			depth--
		case strings.Trim(token, "<>!") == "" && !operand:
		case (strings.EqualFold(token, "and") || strings.EqualFold(token, "or") || strings.EqualFold(token, "minus") || token == ",") && operand:
			operand = false
		case (token == "*" || isSNOMED(token)) && !operand:
			operand = true
		default:
			return false
		}
	}
	return operand && depth == 0
}

var (
	term     = regexp.MustCompile(`\|[^|]*\|`)
	eclToken = regexp.MustCompile(`[<>!]+|\w+|\S`)
)

// expression checks that an Expression in FHIRPath can be read.
func (c *check) expression(n fhir.Node) {
	if text := n.Member("expression"); n.Member("language").String() == "text/fhirpath" && text.Exists() {
		if _, err := path.Compile(text.String()); err != nil {
			c.fault(n.Path(), issue.Invalid, "profile.expression", text.String())
		}
	}
}

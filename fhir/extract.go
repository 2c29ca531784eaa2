// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"fmt"
	"slices"
	"strings"

	"mach/vn"
)

// The limits of what one resource may put into the indexes. The largest
// official example has about 12,000 values (an ImplementationGuide).
const (
	maxIndexes    = 100_000
	maxComposites = 1_000 // of one composite parameter
)

// Extract lists the values by which search finds the resource: every search
// parameter of its type, in the order of their codes, each with its values in
// the order of the text and none twice. It returns nil for types that R4 does
// not have, and leaves out what has not the form it should; it never fails.
// meta.versionId and meta.lastUpdated are those in the text.
//
// What is inside contained resources is not indexed.
func Extract(d *Doc) []Index { return ExtractSome(d, func(*Param) bool { return true }) }

// ExtractSome is Extract for the parameters that are wanted.
func ExtractSome(d *Doc, wanted func(p *Param) bool) []Index {
	x := NewExtractor(d.typ, wanted)
	x.x.found = make([]Index, 0, 32)
	return x.Extract(d)
}

// An Extractor extracts some parameters of one type from many documents.
type Extractor struct {
	programs []*program
	x        extractor
}

// NewExtractor chooses the parameters that are wanted.
func NewExtractor(typ string, wanted func(p *Param) bool) *Extractor {
	e := &Extractor{}
	for _, p := range r4().programs[typ] {
		if wanted(&p.Param) {
			e.programs = append(e.programs, p)
		}
	}
	return e
}

// Extract is [ExtractSome] of a document of the type. What it returns holds
// until it is called again.
func (e *Extractor) Extract(d *Doc) []Index {
	x, root := &e.x, d.Root()
	x.found = x.found[:0]
	for _, p := range e.programs {
		x.first = len(x.found)
		if x.run(p, root, root); len(x.found) >= maxIndexes {
			break
		}
	}
	return x.found
}

// An extractor gathers indexes.
type extractor struct {
	found  []Index
	first  int        // where those of the parameter at hand begin
	values []Node     // at the end of the route at hand; reused
	inner  []Node     // inside one of them; reused
	parts  *extractor // for the parts of composites; reused
}

// run evaluates one parameter from n; root is the resource.
func (x *extractor) run(p *program, root, n Node) {
	switch {
	case p.Kind == ParamComposite:
		x.composite(p, root)
	case p.routes[0].leaf == "exists":
		x.exists(p, n)
	default:
		for i := range p.routes {
			x.route(p, &p.routes[i], root, n)
		}
	}
	x.unique()
}

func (x *extractor) route(p *program, way *route, root, n Node) {
	if way.fromRoot {
		n = root
	}
	x.values = n.follow(way.steps, x.values[:0])
	for _, v := range x.values {
		if len(x.found) < maxIndexes {
			x.value(p, way, v)
		}
	}
}

// value adds what one value is found by.
func (x *extractor) value(p *program, way *route, v Node) {
	switch p.Kind {
	case ParamToken:
		x.token(p, way, v)
	case ParamString:
		x.string(p, way.leaf, v)
	case ParamReference:
		x.reference(p, way.leaf, v)
	case ParamURI:
		x.uri(p, way.leaf, v.String())
	case ParamDate:
		if from, to, ok := span(way.leaf, v); ok {
			x.add(Index{Param: p.Code, Kind: ParamDate, From: from, To: to})
		}
	case ParamNumber, ParamQuantity:
		x.quantity(p, way.leaf, v)
	case ParamSpecial:
		x.place(p, v)
	}
}

func (x *extractor) add(ix Index) { x.found = append(x.found, ix) }

// unique takes out what the parameter at hand has found twice.
func (x *extractor) unique() {
	list := x.found[x.first:]
	if len(list) < 2 {
		return
	}
	kept := list[:1]
	if len(list) <= 32 {
		for i := range list[1:] {
			ix := &list[1+i]
			if !slices.ContainsFunc(kept, func(o Index) bool { return o.same(ix) }) {
				kept = append(kept, *ix)
			}
		}
	} else {
		seen := map[string]bool{}
		kept = list[:0]
		for _, ix := range list {
			if key := fmt.Sprintf("%+v", ix); !seen[key] {
				seen[key] = true
				kept = append(kept, ix)
			}
		}
	}
	x.found = x.found[:x.first+len(kept)]
}

// same reports whether two indexes of one parameter find the same.
func (ix *Index) same(o *Index) bool {
	return ix.Value == o.Value && ix.System == o.System && ix.Text == o.Text &&
		ix.Type == o.Type && ix.ID == o.ID && ix.URL == o.URL &&
		ix.From == o.From && ix.To == o.To && ix.Low == o.Low && ix.High == o.High &&
		slices.EqualFunc(ix.Parts, o.Parts, func(a, b Index) bool { return a.same(&b) })
}

// exists adds true or false: whether there is a value other than false.
func (x *extractor) exists(p *program, n Node) {
	answer := "false"
	for i := range p.routes {
		for _, v := range n.follow(p.routes[i].steps, nil) {
			if v.Raw() != "false" {
				answer = "true"
			}
		}
	}
	x.add(Index{Param: p.Code, Kind: ParamToken, Value: answer})
}

// composite adds one index for each combination of its parts' values within one
// value of a group.
func (x *extractor) composite(p *program, root Node) {
	if x.parts == nil {
		x.parts = &extractor{}
	}
	for i := range p.groups {
		g := &p.groups[i]
		for _, at := range root.follow(g.base.steps, nil) {
			if len(x.found)-x.first >= maxComposites {
				return
			}
			x.combine(p, x.partsOf(g, root, at), nil)
		}
	}
}

// partsOf returns the values of each part of a group, nil when one has none.
func (x *extractor) partsOf(g *group, root, at Node) [][]Index {
	y := x.parts
	y.found = y.found[:0]
	ends := make([]int, len(g.parts))
	for i := range g.parts {
		y.first = len(y.found)
		if y.run(&g.parts[i], root, at); len(y.found) == y.first {
			return nil
		}
		ends[i] = len(y.found)
	}
	lists, start := make([][]Index, len(ends)), 0
	for i, end := range ends {
		lists[i], start = y.found[start:end], end
	}
	return lists
}

// combine adds one index for each way to choose one value from each list.
func (x *extractor) combine(p *program, lists [][]Index, chosen []Index) {
	if len(lists) == 0 {
		if len(chosen) > 0 {
			x.add(Index{Param: p.Code, Kind: ParamComposite, Parts: slices.Clone(chosen)})
		}
		return
	}
	for _, ix := range lists[0] {
		if len(x.found)-x.first >= maxComposites {
			return
		}
		x.combine(p, lists[1:], append(chosen, ix))
	}
}

func (x *extractor) token(p *program, way *route, v Node) {
	ix := Index{Param: p.Code, Kind: ParamToken}
	switch way.leaf {
	case "CodeableConcept":
		x.inner = v.follow(codingStep, x.inner[:0])
		for _, c := range x.inner {
			x.coding(p, c)
		}
		ix.Text = v.member("text").String()
	case "Coding":
		x.coding(p, v)
		return
	case "Identifier":
		x.identifier(p, v)
		return
	case "ContactPoint":
		ix.Value = v.member("value").String()
	default: // code, boolean, id, string, uri
		ix.Value = v.String()
		if way.codes != nil {
			ix.System = way.codes.system(ix.Value)
		}
	}
	if ix.Value != "" || ix.Text != "" {
		x.add(ix)
	}
}

func (x *extractor) coding(p *program, c Node) {
	ix := Index{Param: p.Code, Kind: ParamToken, System: c.member("system").String(), Value: c.member("code").String(),
		Text: c.member("display").String()}
	if ix.Value != "" || ix.System != "" || ix.Text != "" {
		x.add(ix)
	}
}

// identifier adds an identifier, once for each coding of its type.
func (x *extractor) identifier(p *program, v Node) {
	typ := v.member("type")
	ix := Index{Param: p.Code, Kind: ParamToken, System: v.member("system").String(), Value: v.member("value").String(),
		Text: typ.member("text").String()}
	if ix.Value == "" {
		return
	}
	x.inner = typ.follow(codingStep, x.inner[:0])
	for _, c := range x.inner {
		ix.Type, ix.ID = c.member("system").String(), c.member("code").String()
		x.add(ix)
	}
	if len(x.inner) == 0 {
		x.add(ix)
	}
}

var codingStep = members("coding")[0]

// The parts of names and addresses that a string parameter looks at.
var (
	nameParts    = members("text", "family", "given", "prefix", "suffix")
	addressParts = members("text", "line", "city", "district", "state", "postalCode", "country")
)

// members returns a route of one step to each member.
func members(names ...string) [][]step {
	var all [][]step
	for _, name := range names {
		all = append(all, []step{{name: name, index: -1}})
	}
	return all
}

func (x *extractor) string(p *program, leaf string, v Node) {
	parts := addressParts
	switch leaf {
	case "HumanName":
		parts = nameParts
	case "string", "markdown":
		x.text(p, v)
		return
	}
	for _, part := range parts {
		x.inner = v.follow(part, x.inner[:0])
		for _, s := range x.inner {
			x.text(p, s)
		}
	}
}

func (x *extractor) text(p *program, v Node) {
	if s := v.String(); s != "" {
		x.add(Index{Param: p.Code, Kind: ParamString, Value: vn.Fold(s), Text: s})
	}
}

// uri adds a URI; a canonical with a version once more without it.
func (x *extractor) uri(p *program, leaf, s string) {
	if s == "" {
		return
	}
	x.add(Index{Param: p.Code, Kind: ParamURI, Value: s})
	if bare, _, ok := strings.Cut(s, "|"); ok && leaf == "canonical" {
		x.add(Index{Param: p.Code, Kind: ParamURI, Value: bare})
	}
}

func (x *extractor) reference(p *program, leaf string, v Node) {
	ix := Index{Param: p.Code, Kind: ParamReference}
	switch leaf {
	case "Resource": // of a Bundle: the resource itself is meant
		typ, id := v.member("resourceType").String(), v.member("id").String()
		if id != "" && slices.Contains(p.Targets, typ) {
			ix.Type, ix.ID = typ, id
			x.add(ix)
		}
	case "Reference":
		x.literal(ix, v.member("reference").String())
		if id := v.member("identifier"); id.member("value").Exists() {
			ix.System, ix.Value = id.member("system").String(), id.member("value").String()
			x.add(ix)
		}
	default: // canonical, uri
		x.canonical(ix, v.String())
	}
}

// literal adds a literal reference. Contained resources are part of the one
// that contains them: nothing outside can ask for them.
func (x *extractor) literal(ix Index, ref string) {
	if ref == "" || ref[0] == '#' {
		return
	}
	ix.Type, ix.ID = SplitReference(ref)
	if ix.Type == "" || strings.Contains(ref, "://") {
		ix.URL = ref
	}
	if ix.URL != "" && !IsType(ix.Type) {
		ix.Type, ix.ID = "", ""
	}
	x.add(ix)
}

// canonical adds a canonical URL, and once more without its version.
func (x *extractor) canonical(ix Index, url string) {
	if url == "" || url[0] == '#' {
		return
	}
	ix.URL = url
	x.add(ix)
	if bare, _, ok := strings.Cut(url, "|"); ok {
		ix.URL = bare
		x.add(ix)
	}
}

// span returns the time that a date, a Period or a Timing takes.
func span(leaf string, v Node) (from, to int64, ok bool) {
	switch leaf {
	case "Period":
		return periodSpan(v)
	case "Timing":
		return timingSpan(v)
	}
	m, ok := parseMoment(v.String())
	if !ok {
		return 0, 0, false
	}
	from, to = m.span()
	return from, to, true
}

// timingSpan is from the first event to the last, or else the bounds.
func timingSpan(v Node) (from, to int64, ok bool) {
	for e := range v.Each("event") {
		if f, t, is := span("dateTime", e); is {
			if !ok {
				from, to, ok = f, t, true
			}
			from, to = min(from, f), max(to, t)
		}
	}
	if ok {
		return from, to, true
	}
	return periodSpan(v.Get("repeat", "boundsPeriod"))
}

// periodSpan takes a missing start or end as open. A period that ends before it
// starts has no time.
func periodSpan(v Node) (from, to int64, ok bool) {
	from, to = MinTime, MaxTime
	if m, is := parseMoment(v.member("start").String()); is {
		from, _ = m.span()
		ok = true
	}
	if m, is := parseMoment(v.member("end").String()); is {
		_, to = m.span()
		ok = true
	}
	return from, to, ok && from < to
}

// IndexValue lists what one value of a FHIR type is found by, through a parameter
// that this package does not know: [Extract] for it alone.
func IndexValue(p Param, typ string, v Node) []Index {
	way := route{leaf: typ}
	if p.Kind == ParamString && typ != "HumanName" && typ != "Address" {
		way.leaf = "string"
	}
	x := extractor{}
	x.value(&program{Param: p}, &way, v)
	x.unique()
	return x.found
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// compiled is a query after reading: what must hold, and how to show it.
type compiled struct {
	typ     string
	preds   []*predicate
	chains  []chain // turned into predicates by [searcher.link]
	sort    []sortKey
	count   int
	total   string
	include []inclusion
	ignored []string
	bare    bool // _count=0: only the total
	cursor  string
}

type sortKey struct {
	code string
	kind fhir.ParamKind
	desc bool
}

// chain is subject:Patient.name=x: a search of other types whose hits become
// the alternatives of a reference. A reverse chain, _has:Observation:patient:
// code=x, is the same the other way round.
type chain struct {
	name    string
	param   fhir.Param // the reference; of the other type when reverse
	types   []string   // of the other end
	inner   [2]string  // its search
	reverse bool
}

// inclusion is _include=Type:param[:target] or _revinclude.
type inclusion struct {
	typ, param, target string
	reverse            bool
}

const (
	defaultCount    = 50
	maxCount        = 1000
	maxAlternatives = 200
	maxParams       = 50
)

// metaParams are the parameters of every type, which lie in meta.
var metaParams = []fhir.Param{
	{Code: paramID, Kind: fhir.ParamToken}, {Code: paramUpdated, Kind: fhir.ParamDate}, {Code: "_tag", Kind: fhir.ParamToken},
	{Code: "_security", Kind: fhir.ParamToken}, {Code: "_profile", Kind: fhir.ParamURI}, {Code: "_source", Kind: fhir.ParamURI},
}

// lookup finds a search parameter of a type, those of every type included.
func lookup(typ, code string) (fhir.Param, bool) {
	if i := slices.IndexFunc(metaParams, func(p fhir.Param) bool { return p.Code == code }); i >= 0 {
		return metaParams[i], true
	}
	p, ok := fhir.ParamOf(typ, code)
	return p, ok && p.Kind != fhir.ParamSpecial
}

// compile reads a query. Unknown parameters are an error (Invalid
// "search.param.unknown"), or listed in ignored when the query is lenient. A
// value or modifier that is not understood is always an error: leaving it out
// would answer with more than was asked for.
func compile(q Query) (*compiled, error) {
	if !slices.Contains(fhir.Types(), q.Type) {
		return nil, issue.New(issue.NotSupported, "search.type.unknown", q.Type)
	}
	if len(q.Params) > maxParams {
		return nil, issue.New(issue.TooCostly, "search.params.many", maxParams)
	}
	c := &compiled{typ: q.Type, count: q.Count, total: q.Total, cursor: q.Cursor}
	for _, kv := range q.Params {
		known, err := c.take(kv[0], kv[1])
		if err != nil {
			return nil, err
		}
		if known {
			continue
		}
		if !q.Lenient {
			return nil, issue.New(issue.Invalid, "search.param.unknown", kv[0], q.Type).At(kv[0])
		}
		c.ignored = append(c.ignored, kv[0])
	}
	if c.bare {
		c.total = "accurate"
	} else if c.count <= 0 {
		c.count = defaultCount
	}
	c.count = min(c.count, maxCount)
	if c.total != "" && c.total != "none" && c.total != "estimate" && c.total != "accurate" {
		return nil, issue.New(issue.Invalid, "search.value.total", c.total).At("_total")
	}
	return c, nil
}

// take reads one parameter and reports whether it is known.
func (c *compiled) take(name, text string) (bool, error) {
	switch name {
	case "_count":
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return true, issue.New(issue.Invalid, "search.value.count", text).At(name)
		}
		c.count, c.bare = n, n == 0
		return true, nil
	case "_total":
		c.total = text
		return true, nil
	case "_sort":
		return true, c.order(text)
	case "_include", "_revinclude":
		return true, c.bring(name == "_revinclude", text)
	}
	if strings.HasPrefix(name, "_has:") {
		return c.has(name, text)
	}
	if left, right, ok := strings.Cut(name, "."); ok {
		return c.chained(name, left, right, text)
	}
	code, modifier, _ := strings.Cut(name, ":")
	p, ok := lookup(c.typ, code)
	if !ok {
		return false, nil
	}
	pred, err := newPredicate(c.typ, p, name, modifier, text)
	if err != nil {
		return true, err
	}
	c.preds = append(c.preds, pred)
	return true, nil
}

// modifiers that each kind understands.
var modifiers = map[fhir.ParamKind][]string{
	fhir.ParamToken: {"not"}, fhir.ParamString: {"exact", "contains"}, fhir.ParamURI: {"below", "above"}, fhir.ParamReference: {"identifier"},
}

func newPredicate(typ string, p fhir.Param, name, modifier, text string) (*predicate, error) {
	pred := &predicate{param: p, typ: typ, modifier: modifier, raw: name + "=" + text}
	if modifier == "missing" && p.Code != paramID && p.Code != paramUpdated {
		if text != "true" && text != "false" {
			return nil, issue.New(issue.Invalid, "search.value.missing", name, text).At(name)
		}
		pred.missing = text == "true"
		return pred, nil
	}
	typed := p.Kind == fhir.ParamReference && slices.Contains(fhir.Types(), modifier)
	if modifier != "" && !typed && !slices.Contains(modifiers[p.Kind], modifier) || modifier != "" && p.Code == paramID {
		return nil, issue.New(issue.Invalid, "search.modifier.unknown", modifier, name).At(name)
	}
	alternatives := splitEscaped(text, ',')
	if len(alternatives) > maxAlternatives {
		return nil, issue.New(issue.TooCostly, "search.values.many", name, maxAlternatives).At(name)
	}
	for _, alt := range alternatives {
		v, err := parseValue(typ, p, modifier, alt)
		if err != nil {
			return nil, err
		}
		if typed && v.ref != "" && !strings.Contains(v.ref, "/") {
			v.ref = modifier + "/" + v.ref
		}
		pred.any = append(pred.any, v)
	}
	if p.Code == paramID {
		pred.ids = map[string]bool{}
		for _, v := range pred.any {
			pred.ids[v.code] = true
		}
	}
	return pred, nil
}

func (c *compiled) order(text string) error {
	for _, code := range strings.Split(text, ",") {
		k := sortKey{}
		k.code, k.desc = strings.CutPrefix(code, "-")
		p, ok := lookup(c.typ, k.code)
		if !ok || p.Kind == fhir.ParamComposite {
			return issue.New(issue.Invalid, "search.sort.unknown", k.code, c.typ).At("_sort")
		}
		k.kind = p.Kind
		c.sort = append(c.sort, k)
	}
	return nil
}

func (c *compiled) bring(reverse bool, text string) error {
	parts := strings.Split(text, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return issue.New(issue.Invalid, "search.value.include", text).At("_include")
	}
	in := inclusion{typ: parts[0], param: parts[1], reverse: reverse}
	if len(parts) == 3 {
		in.target = parts[2]
	}
	if p, ok := lookup(in.typ, in.param); in.param != "*" && (!ok || p.Kind != fhir.ParamReference) || in.param == "*" && reverse {
		return issue.New(issue.Invalid, "search.value.include", text).At("_include")
	}
	if !reverse && in.typ != c.typ {
		return issue.New(issue.Invalid, "search.value.include", text).At("_include")
	}
	c.include = append(c.include, in)
	return nil
}

// chained reads subject:Patient.name=x, one step only.
func (c *compiled) chained(name, left, right, text string) (bool, error) {
	code, typ, _ := strings.Cut(left, ":")
	p, ok := lookup(c.typ, code)
	if !ok || p.Kind != fhir.ParamReference {
		return false, nil
	}
	targets := p.Targets
	if typ != "" {
		targets = []string{typ}
	}
	inner, _, _ := strings.Cut(right, ":")
	targets = slices.DeleteFunc(slices.Clone(targets), func(t string) bool { _, ok := lookup(t, inner); return !ok })
	if len(targets) == 0 || strings.Contains(right, ".") {
		return true, issue.New(issue.Invalid, "search.chain.unknown", name).At(name)
	}
	c.chains = append(c.chains, chain{name: name, param: p, types: targets, inner: [2]string{right, text}})
	return true, nil
}

// has reads _has:Observation:patient:code=x.
func (c *compiled) has(name, text string) (bool, error) {
	parts := strings.SplitN(name, ":", 4)
	if len(parts) != 4 || strings.HasPrefix(parts[3], "_has") {
		return true, issue.New(issue.Invalid, "search.chain.unknown", name).At(name)
	}
	p, ok := lookup(parts[1], parts[2])
	inner, _, _ := strings.Cut(parts[3], ":")
	if _, known := lookup(parts[1], inner); !ok || !known || p.Kind != fhir.ParamReference {
		return true, issue.New(issue.Invalid, "search.chain.unknown", name).At(name)
	}
	c.chains = append(c.chains, chain{name: name, param: p, types: []string{parts[1]}, inner: [2]string{parts[3], text}, reverse: true})
	return true, nil
}

// parseQuery reads the text after the question mark of a conditional create or
// reference, in its order.
func parseQuery(typ, text string) (Query, error) {
	q := Query{Type: typ}
	for pair := range strings.SplitSeq(strings.TrimPrefix(text, "?"), "&") {
		if pair == "" {
			continue
		}
		k, v, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(k)
		val, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil {
			return q, issue.New(issue.Invalid, "search.query.malformed")
		}
		q.Params = append(q.Params, [2]string{name, val})
	}
	return q, nil
}

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
	k       *compiler
	depth   int // of chains around it
	typ     string
	preds   []*predicate
	chains  []*chain // turned into predicates by [searcher.link]
	sort    []sortKey
	count   int
	total   string
	include []inclusion
	ignored []string
	bare    bool // _count=0: only the total
	cursor  string
	asked   string // the conditions as they were written, for the cursor
}

// compiler reads one query and those inside it.
type compiler struct {
	*vocabulary
	base string // own address of the service, with a slash
	left int    // how many inner queries may still be read
}

// own are the parameters beside R4's; nil for a search that none was compiled
// for.
func (c *compiled) own() *ownParams {
	if c.k == nil {
		return nil
	}
	return c.k.own
}

type sortKey struct {
	code string
	kind fhir.ParamKind
	desc bool
}

const (
	defaultCount    = 50
	maxCount        = 1000
	maxAlternatives = 200
	maxParams       = 50
	maxSort         = 8
	maxInner        = 500 // queries inside a query: one for each type that a chain may lead to
	maxDepth        = 6   // steps of a chain
)

// compile reads a query in the words of R4 alone.
func compile(q Query) (*compiled, error) { return new(vocabulary).compile(q) }

// compile reads a query. Unknown parameters are an error (Invalid
// "search.param.unknown"), or listed in ignored when the query is lenient. A
// value or modifier that is not understood is always an error: leaving it out
// would answer with more than was asked for.
func (v *vocabulary) compile(q Query) (*compiled, error) {
	k := &compiler{vocabulary: v, left: maxInner}
	if q.Base != "" {
		k.base = q.Base + "/"
	}
	return k.query(q, 0)
}

func (k *compiler) query(q Query, depth int) (*compiled, error) {
	if !fhir.IsType(q.Type) {
		return nil, issue.New(issue.NotSupported, "search.type.unknown", q.Type)
	}
	if len(q.Params) > maxParams {
		return nil, issue.New(issue.TooCostly, "search.params.many", maxParams)
	}
	c := &compiled{k: k, depth: depth, typ: q.Type, count: q.Count, total: q.Total, cursor: q.Cursor}
	var asked strings.Builder
	for _, kv := range q.Params {
		known, err := c.take(kv[0], kv[1])
		if err != nil {
			return nil, err
		}
		if known {
			if !slices.Contains([]string{"_count", "_total", "_include", "_revinclude"}, kv[0]) {
				asked.WriteString(kv[0] + "=" + kv[1] + "\x00")
			}
			continue
		}
		if !q.Lenient {
			return nil, issue.New(issue.Invalid, "search.param.unknown", kv[0], q.Type).At(kv[0])
		}
		c.ignored = append(c.ignored, kv[0])
	}
	if q.In != "" {
		if err := c.within(q.In); err != nil {
			return nil, err
		}
		asked.WriteString("\x00" + q.In)
	}
	c.asked = asked.String()
	if c.bare {
		if c.total = q.Total; c.total != "estimate" {
			c.total = "accurate"
		}
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
	base, _, changed := strings.Cut(name, ":")
	if changed && slices.Contains([]string{"_count", "_total", "_sort", paramList}, base) {
		return true, issue.New(issue.Invalid, "search.modifier.unknown", name[len(base)+1:], name).At(name)
	}
	switch base {
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
		return true, c.bring(name, text)
	case "_has":
		return c.has(name, text)
	case paramList:
		return true, c.listed(text)
	case "_filter", "_query", "_contained", "_containedType":
		if base == "_contained" && text == "false" {
			return true, nil
		}
		return true, issue.New(issue.NotSupported, "search.param.refused", base).At(base)
	}
	if left, right, ok := strings.Cut(name, "."); ok {
		return c.chained(name, left, right, text)
	}
	code, modifier, _ := strings.Cut(name, ":")
	p, ok := c.k.lookup(c.typ, code)
	if own := c.k.own.find(c.typ, code); !ok && own != nil && c.k.early && c.depth == 0 {
		p, ok = own.Param, true
	}
	if !ok {
		return false, c.k.own.waiting(c.typ, code)
	}
	if c.hierarchical(p, modifier, text) {
		return true, c.climb(p, name, modifier, text)
	}
	pred, err := c.predicate(p, name, modifier, text)
	if err != nil {
		return true, err
	}
	c.preds = append(c.preds, pred)
	return true, nil
}

// modifiers that each kind understands, beside :missing.
var modifiers = map[fhir.ParamKind][]string{
	fhir.ParamToken:     {"not", "text", "in", "not-in", "above", "below", "of-type"},
	fhir.ParamString:    {"exact", "contains"},
	fhir.ParamURI:       {"below", "above"},
	fhir.ParamReference: {"identifier", "below", "above"},
}

func (c *compiled) predicate(p fhir.Param, name, modifier, text string) (*predicate, error) {
	pred := &predicate{param: p, typ: c.typ, modifier: modifier, raw: name + "=" + text}
	if modifier == "missing" && p.Code != paramID && p.Code != paramUpdated && p.Code != paramText && p.Code != paramContent {
		if text != "true" && text != "false" {
			return nil, issue.New(issue.Invalid, "search.value.missing", name, text).At(name)
		}
		pred.missing = text == "true"
		return pred, nil
	}
	typed := p.Kind == fhir.ParamReference && fhir.IsType(modifier)
	if modifier != "" && !typed && !slices.Contains(modifiers[p.Kind], modifier) || modifier != "" && p.Code == paramID {
		return nil, issue.New(issue.Invalid, "search.modifier.unknown", modifier, name).At(name)
	}
	alternatives := splitEscaped(text, ',')
	if len(alternatives) > maxAlternatives {
		return nil, issue.New(issue.TooCostly, "search.values.many", name, maxAlternatives).At(name)
	}
	for _, alt := range alternatives {
		v, err := c.k.value(c.typ, p, modifier, alt)
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
	return pred, c.k.expand(pred)
}

// maxCodes bounds what a value set or a code in a hierarchy may stand for.
const maxCodes = 50_000

// expand asks the terminology what :in, :not-in, :above and :below stand for.
func (k *compiler) expand(p *predicate) error {
	if p.param.Kind != fhir.ParamToken || p.modifier != "above" && p.modifier != "below" && p.modifier != "in" && p.modifier != "not-in" {
		return nil
	}
	p.codes = map[[2]string]bool{}
	for _, v := range p.any {
		relation, system, code := p.modifier, v.system, v.code
		if strings.HasSuffix(relation, "in") {
			relation, system, code = "in", "", v.text
		}
		found, err := k.codes(relation, system, code)
		if err != nil {
			return err
		}
		for _, one := range found {
			p.codes[one] = true
		}
	}
	if len(p.codes) > maxCodes {
		return issue.New(issue.TooCostly, "search.values.many", p.param.Code, maxCodes).At(p.param.Code)
	}
	return nil
}

func (c *compiled) order(text string) error {
	for _, code := range strings.Split(text, ",") {
		k := sortKey{}
		k.code, k.desc = strings.CutPrefix(code, "-")
		p, ok := c.k.lookup(c.typ, k.code)
		if !ok || p.Kind == fhir.ParamComposite || p.Kind == fhir.ParamSpecial {
			return issue.New(issue.Invalid, "search.sort.unknown", k.code, c.typ).At("_sort")
		}
		k.code, k.kind = p.Code, p.Kind
		if c.sort = append(c.sort, k); len(c.sort) > maxSort {
			return issue.New(issue.TooCostly, "search.values.many", "_sort", maxSort).At("_sort")
		}
	}
	return nil
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

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/fhir"
	fhirpath "mach/fhir/path"
	"mach/issue"
	"mach/vn"
)

// ownParams are the search parameters that active SearchParameter resources
// define beside R4's. nil has none. It is never changed; every process reads it
// anew when the resources change (see [Store.keepIndex]).
type ownParams struct {
	byType map[string][]*ownParam
	sum    string    // of what it was read from
	read   time.Time // when that was last known to hold
}

// ownParam is one version of a SearchParameter. Its rows lie under its id and
// version: those of an older definition never mix with them.
type ownParam struct {
	fhir.Param        // Code is "word#id/version"
	word       string // as it stands in a query
	types      []string
	expr       *fhirpath.Expr
	components []component // of a composite
	ready      bool        // every resource has its rows
}

const typeSearchParameter = "SearchParameter"

// isOwn reports whether a code is that of an own parameter.
func isOwn(code string) bool { return strings.Contains(code, "#") }

// spoken is the code as it stands in a query.
func spoken(code string) string {
	word, _, _ := strings.Cut(code, "#")
	return word
}

// param finds a parameter that may be searched by.
func (o *ownParams) param(typ, word string) (fhir.Param, bool) {
	if p := o.find(typ, word); p != nil && p.ready {
		return p.Param, true
	}
	return fhir.Param{}, false
}

// same reports whether the parameters are the same and mean the same.
func (o *ownParams) same(p *ownParams) bool {
	return o == p || o != nil && p != nil && o.sum == p.sum
}

// waiting is the error for a parameter whose rows are still being written.
func (o *ownParams) waiting(typ, word string) error {
	if p := o.find(typ, word); p != nil && !p.ready {
		return issue.New(issue.Conflict, "search.param.notready", word, typ).At(word)
	}
	return nil
}

func (o *ownParams) find(typ, word string) *ownParam {
	if o == nil {
		return nil
	}
	for _, p := range o.byType[typ] {
		if p.word == word {
			return p
		}
	}
	return nil
}

// OwnParams lists the parameters of a type that SearchParameter resources
// define and that may be searched by; their codes are as in a query.
func (s *Store) OwnParams(typ string) []fhir.Param {
	var all []fhir.Param
	if o := s.own.Load(); o != nil {
		for _, p := range o.byType[typ] {
			if one := p.Param; p.ready {
				one.Code = p.word
				all = append(all, one)
			}
		}
	}
	return all
}

// OwnVersion changes when what [Store.OwnParams] lists does.
func (s *Store) OwnVersion() string {
	if o := s.own.Load(); o != nil {
		return o.sum
	}
	return ""
}

// extract lists everything by which search finds d. Rows of res hold _id and
// _lastUpdated themselves.
func (o *ownParams) extract(d *fhir.Doc) []fhir.Index {
	idx := fhir.ExtractSome(d, func(p *fhir.Param) bool { return p.Code != paramID && p.Code != paramUpdated })
	return o.more(d, idx, func(string) bool { return true })
}

// indexed is extract without what others find too (see [fhir.Param.Covers]).
// patient stays, for the persons under whom d lies.
func (o *ownParams) indexed(d *fhir.Doc) []fhir.Index {
	idx := fhir.ExtractSome(d, func(p *fhir.Param) bool {
		return p.Code != paramID && p.Code != paramUpdated && (p.Covers == nil || p.Code == "patient")
	})
	return o.more(d, idx, func(string) bool { return true })
}

// some is extract for the parameters with some codes.
func (o *ownParams) some(d *fhir.Doc, codes []string) []fhir.Index {
	idx := fhir.ExtractSome(d, func(p *fhir.Param) bool { return slices.Contains(codes, p.Code) })
	return o.more(d, idx, func(code string) bool { return slices.Contains(codes, code) })
}

func extract(d *fhir.Doc) []fhir.Index { return (*ownParams)(nil).extract(d) }

func (o *ownParams) more(d *fhir.Doc, idx []fhir.Index, wanted func(code string) bool) []fhir.Index {
	if o == nil {
		return idx
	}
	for _, p := range o.byType[d.Type()] {
		if wanted(p.Code) {
			idx = p.values(d, idx)
		}
	}
	return idx
}

// maxOwnValues bounds what one own parameter finds in one resource.
const maxOwnValues = 1000

// values adds what the parameter finds in d. What cannot be evaluated has no
// rows.
func (p *ownParam) values(d *fhir.Doc, idx []fhir.Index) []fhir.Index {
	root := d.Root()
	env := &fhirpath.Env{Resource: root, Root: root, Resolve: stub, Now: d.LastUpdated()}
	found, err := p.expr.Eval(root, env)
	if err != nil {
		return idx
	}
	before := len(idx)
	for _, v := range found[:min(len(found), maxOwnValues)] {
		if len(idx)-before >= maxOwnValues {
			break
		}
		if n, ok := v.Node(); ok && p.components != nil {
			idx = p.composed(env, v, idx)
		} else if ok {
			idx = append(idx, fhir.IndexValue(p.Param, v.Type(), n)...)
		} else if ix, ok := p.computed(v.String()); ok {
			idx = append(idx, ix)
		}
	}
	return idx
}

// stub resolves a reference to no more than its type: what "resolve() is
// Patient" asks for.
func stub(ref string, _ fhir.Node) (fhir.Node, bool) {
	typ, id := fhir.SplitReference(ref)
	if !fhir.IsType(typ) {
		return fhir.Node{}, false
	}
	d, err := fhir.New(map[string]string{"resourceType": typ, "id": id})
	if err != nil {
		return fhir.Node{}, false
	}
	return d.Root(), true
}

// computed is the index of a value that stands nowhere in the document.
func (p *ownParam) computed(s string) (fhir.Index, bool) {
	ix := fhir.Index{Param: p.Code, Kind: p.Kind, Value: s}
	switch p.Kind {
	case fhir.ParamString:
		ix.Value, ix.Text = vn.Fold(s), s
	case fhir.ParamDate:
		from, to, ok := fhir.TimeSpan(s)
		ix.Value, ix.From, ix.To = "", from, to
		return ix, ok
	case fhir.ParamNumber:
		f, err := strconv.ParseFloat(s, 64)
		ix.Value, ix.Low, ix.High = "", f, f
		return ix, err == nil
	case fhir.ParamToken, fhir.ParamURI:
	default:
		return ix, false
	}
	return ix, s != ""
}

var ownKinds = map[string]fhir.ParamKind{
	"token": fhir.ParamToken, "string": fhir.ParamString, "reference": fhir.ParamReference, "date": fhir.ParamDate,
	"number": fhir.ParamNumber, "quantity": fhir.ParamQuantity, "uri": fhir.ParamURI, "composite": fhir.ParamComposite,
}

// newOwn reads a SearchParameter. nil when it is not active, or defines what R4
// has already; an error says why it cannot be served.
func newOwn(d *fhir.Doc) (*ownParam, error) {
	word := d.Get("code").String()
	if d.Get("status").String() != "active" || word == "" {
		return nil, nil
	}
	p := &ownParam{word: word, Param: fhir.Param{Code: word + "#" + d.ID() + "/" + d.VersionID(), URL: d.Get("url").String()}}
	for b := range d.Each("base") {
		if _, known := fhir.ParamOf(b.String(), word); fhir.IsType(b.String()) && !known {
			p.types = append(p.types, b.String())
		}
	}
	if len(p.types) == 0 {
		return nil, nil
	}
	var ok bool
	if p.Kind, ok = ownKinds[d.Get("type").String()]; !ok || strings.ContainsAny(word, "#:.,|$ ") || word[0] == '_' {
		return nil, issue.New(issue.NotSupported, "search.own.kind", word).At("SearchParameter.type")
	}
	for t := range d.Each("target") {
		p.Targets = append(p.Targets, t.String())
	}
	var err error
	if p.expr, err = compileOwn(d.Get("expression").String()); err != nil {
		return nil, err
	}
	if p.Kind == fhir.ParamComposite {
		return p, p.compose(d)
	}
	return p, nil
}

// compileOwn reads the expression of a parameter. What a resource is found by must
// not change with a value set.
func compileOwn(text string) (*fhirpath.Expr, error) {
	return fhirpath.Compile(text, fhirpath.Without("memberOf"))
}

// loadOwn reads the parameters from the store, unless sum still holds.
func (s *Store) loadOwn(ctx context.Context, r reader, had *ownParams) (*ownParams, error) {
	sum, err := s.ownSum(ctx, r)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	if had != nil && had.sum == sum {
		return &ownParams{byType: had.byType, sum: sum, read: now}, nil
	}
	o := &ownParams{byType: map[string][]*ownParam{}, sum: sum, read: now}
	ready := map[string]bool{}
	err = r.Rows(ctx, `select name from indexing where state = ?`, []any{stateReady}, func(scan func(...any) error) error {
		var name string
		err := scan(&name)
		ready[name] = true
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading search parameters: %w", err)
	}
	err = r.Rows(ctx, `select body from res where typ = 'SearchParameter' and del = 0 order by rid limit ?`, []any{maxOwn}, func(scan func(...any) error) error {
		var body string
		if err := scan(&body); err != nil {
			return err
		}
		d, err := fhir.ParseString(body)
		if err != nil {
			return err
		}
		p, err := newOwn(d)
		if err != nil { // it stands in the store, but nothing can be found by it
			s.log.Warn("search parameter not served", "id", d.ID(), "error", err)
		}
		if p == nil || err != nil {
			return nil
		}
		p.ready = ready[p.Code]
		for _, typ := range p.types {
			if o.find(typ, p.word) == nil && len(o.byType[typ]) < maxOwnOfType { // the first holds
				o.byType[typ] = append(o.byType[typ], p)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading search parameters: %w", err)
	}
	return o, nil
}

const (
	maxOwn       = 5000 // SearchParameter resources that are read
	maxOwnOfType = 100  // of one type: each is evaluated at every write
)

// ownSum changes whenever a SearchParameter or the state of its index does.
func (s *Store) ownSum(ctx context.Context, r reader) (string, error) {
	var n, last, jobs int64
	if _, err := r.Row(ctx, []any{&n, &last}, `select count(*), coalesce(max(upd), 0) from res where typ = 'SearchParameter'`); err != nil {
		return "", fmt.Errorf("looking at search parameters: %w", err)
	}
	if _, err := r.Row(ctx, []any{&jobs}, `select coalesce(sum((state + 1) * (since % 1000003 + 7)), 0) from indexing`); err != nil {
		return "", fmt.Errorf("looking at search parameters: %w", err)
	}
	return fmt.Sprint(n, " ", last, " ", jobs), nil
}

// all lists the parameters once each, in the order of their codes.
func (o *ownParams) all() []*ownParam {
	var all []*ownParam
	for _, ps := range o.byType {
		for _, p := range ps {
			if !slices.Contains(all, p) {
				all = append(all, p)
			}
		}
	}
	slices.SortFunc(all, func(a, b *ownParam) int { return cmp.Compare(a.Code, b.Code) })
	return all
}

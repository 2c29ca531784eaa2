// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
)

// searcher is one search under way.
type searcher struct {
	s       *Store
	r       reader
	a       Actor
	c       *compiled
	now     time.Time
	guarded bool     // false only for conditional creates and references
	extra   []string // parameters of a hit that somebody else looks at
	later   []*chain // that hits are held against
	sortsIn *bound   // values outside do not count for the sort
	outside bool     // the guard lets the actor reach nothing of the type
	spent   *int     // candidates read for the conditions of one commit; nil = not counted
	begun   *walk    // of the page, as far as it was read; nil = there is none that goes on

	reach     Reach
	where     string // the reach as a condition on res, "" = everything
	whereArgs []any
	rels      map[string][]Relation // of the persons met, by patient
	shown     []Seen
	told      map[string]bool // whose audit rows shown has for counts and chains
	crowd     bool            // so many were counted that none is named
}

// hit is a resource that matches and may be shown.
type hit struct {
	position
	doc      *fhir.Doc
	idx      []fhir.Index
	labels   Labels
	decision Decision
	via      []Seen // whom it tells of beside itself
	size     int    // bytes of its body
}

// position is where a resource stands in the order of a search.
type position struct {
	Keys []key // one for each sort key; or the key of the path walked
	Rid  int64
	Part int `json:",omitempty"` // of the path
}

// key is one sort value.
type key struct {
	Missing bool    `json:",omitempty"`
	Text    string  `json:",omitempty"`
	Num     float64 `json:",omitempty"`
}

// enter asks the guard what is in reach and resolves chains.
func (x *searcher) enter(ctx context.Context) error {
	if err := x.reachable(); err != nil || x.outside {
		return err
	}
	return x.link(ctx, nil)
}

// reachable asks the guard what is in reach.
func (x *searcher) reachable() error {
	if x.rels == nil {
		x.rels = map[string][]Relation{}
	}
	if !x.guarded {
		return nil
	}
	x.reach = x.s.cfg.Guard.Reach(x.a, ActSearch, x.c.typ)
	where, args, ok := x.s.within(x.reach, x.now.UnixMicro())
	if !ok || !x.narrow() {
		x.outside = true
		return nil
	}
	x.where, x.whereArgs = where, args
	return nil
}

// paths lists the ways that the predicates offer.
func (x *searcher) paths() []*path {
	var ps []*path
	for _, p := range x.c.preds {
		if way := p.path(x.s.formed()); way != nil {
			ps = append(ps, way)
		}
	}
	if owner := x.owner(); owner != "" && x.guarded {
		ps = append(ps, ownerPath(x.c.typ, owner))
	}
	return ps
}

// path is pathOf, asked once: what was counted stays known.
func (p *predicate) path(formed bool) *path {
	if !p.asked {
		p.way, p.asked = pathOf(p, formed), true
	}
	return p.way
}

// person is the one whom everything that is looked for concerns, "" when it is
// not known beforehand.
func (x *searcher) person() string {
	for _, p := range x.c.preds {
		if one := onePatient(p); one != "" {
			return one
		}
	}
	return x.owner()
}

// owner is the person to whom everything in reach belongs, "" when there may
// be others.
func (x *searcher) owner() string {
	r := x.reach
	if r.All || r.Open || r.Facility != "" || r.Account != "" || r.Worker != "" || len(r.Units) > 0 {
		return ""
	}
	return r.Patient
}

// best chooses the path with the fewest rows, the more selective kind among
// equals; one alone is not counted unless it will be sorted. Kinds are counted
// in their order, each as far as it could still be the best, until one has few.
// byRid asks for one that is walked in the order of rid.
func (x *searcher) best(ctx context.Context, byRid bool) (*path, error) {
	all := typePath(x.c.typ)
	ps := x.paths()
	if byRid {
		ps = slices.DeleteFunc(ps, func(p *path) bool { return p.key != "" })
	}
	if len(ps) == 0 {
		all.rows = probeCap + 1
		return all, nil
	}
	if len(ps) == 1 && (byRid || len(x.c.sort) == 0) {
		return ps[0], nil
	}
	slices.SortStableFunc(ps, func(a, b *path) int { return cmp.Compare(a.class, b.class) })
	var least *path
	for limit, i := probeCap+1, 0; i < len(ps) && limit > probeFew; i++ {
		if err := x.counted(ctx, ps[i], limit); err != nil {
			return nil, err
		}
		if least == nil || ps[i].rows < limit {
			least, limit = ps[i], ps[i].rows
		}
	}
	return least, nil
}

// counted counts the rows of a path, as far as limit, unless that is known.
func (x *searcher) counted(ctx context.Context, p *path, limit int) error {
	if p.rows >= 0 && (p.rows < p.upTo || limit <= p.upTo) {
		return nil
	}
	p.rows, p.upTo = 0, limit
	for at := p; at != nil && p.rows < limit; at = at.then {
		n, order, most := 0, "", limit-p.rows
		if at.desc { // from where it is walked: below may lie much that began too early
			order = " order by " + at.key + " desc"
		}
		text := "select count(*) from (select 1 from " + at.table + " d where " + at.where + order + " limit ?) as counted"
		key := probeKey(text, at.args)
		if n = min(x.s.probes.least(key), most); n < most {
			if _, err := x.r.Row(ctx, []any{&n}, text, append(slices.Clone(at.args), most)...); err != nil {
				return fmt.Errorf("counting a path: %w", err)
			}
			if n == most && n > probeFew {
				x.s.probes.cut(key, n)
			}
		}
		p.rows += n
	}
	return nil
}

// hits returns one page and the cursor of the next, "" when there is none.
func (x *searcher) hits(ctx context.Context, from *cursor) ([]hit, string, error) {
	if len(x.c.sort) == 0 && !x.c.bare {
		return x.unsorted(ctx, from)
	}
	if x.begun = nil; x.c.bare {
		return nil, "", nil
	}
	return x.sorted(ctx, from)
}

func (x *searcher) unsorted(ctx context.Context, from *cursor) ([]hit, string, error) {
	w, err := x.begin(ctx, from)
	if err != nil {
		return nil, "", err
	}
	name := w.p.name
	hits, done, err := w.fill(ctx, x.c.count)
	if err != nil || done {
		return hits, "", err
	}
	if from == nil {
		x.begun = w
	}
	next, err := x.seal(ctx, cursor{Path: name, At: w.resume})
	return hits, next, err
}

// begin is the walk of an unsorted page: that which a chain has begun already,
// or that of a narrow path where one batch is enough, or else of the best.
func (x *searcher) begin(ctx context.Context, from *cursor) (*walk, error) {
	if from == nil && x.begun != nil {
		return x.begun, nil
	}
	if p := x.narrowest(); p != nil && from == nil {
		w := x.walk(p)
		if enough, err := w.try(ctx, x.c.count); err != nil || enough {
			return w, err
		}
	}
	p, err := x.choose(ctx, from)
	if err != nil {
		return nil, err
	}
	w := x.walk(p)
	if from != nil && !w.goOn(from.At) {
		return nil, errCursor()
	}
	return w, nil
}

// narrowest is a path that mostly leads to few resources, of one person or one
// number, nil when there is none: it is tried before any is counted.
func (x *searcher) narrowest() *path {
	ps := x.paths()
	if len(ps) < 2 {
		return nil // it will not be counted
	}
	p := slices.MinFunc(ps, func(a, b *path) int { return cmp.Compare(a.class, b.class) })
	if p.class > classReference || p.then != nil {
		return nil
	}
	return p
}

// choose takes the path that the cursor names, else the best.
func (x *searcher) choose(ctx context.Context, from *cursor) (*path, error) {
	if from == nil {
		return x.best(ctx, false)
	}
	for _, p := range append(x.paths(), typePath(x.c.typ)) {
		if p.name == from.Path {
			return p, nil
		}
	}
	return nil, errCursor()
}

// sorted sorts few candidates in memory; of many it walks the index of the
// sort key, and after that what has no value.
func (x *searcher) sorted(ctx context.Context, from *cursor) ([]hit, string, error) {
	way := x.inOrder()
	if way != nil {
		if err := x.bounded(ctx, way); err != nil {
			return nil, "", err
		}
	}
	if way == nil || way.name != "timeline" || x.identified() {
		p, err := x.best(ctx, false)
		if err != nil {
			return nil, "", err
		}
		if way == nil || p.rows <= probeCap {
			return x.gather(ctx, p, from, way != nil)
		}
	}
	var hits []hit
	if from == nil || !from.At.Keys[0].Missing {
		w := x.walk(way)
		if from != nil && !w.goOn(from.At) {
			return nil, "", errCursor()
		}
		var done bool
		var err error
		hits, done, err = w.fill(ctx, x.c.count)
		if err != nil {
			return nil, "", err
		}
		if !done {
			next, err := x.seal(ctx, cursor{At: w.resume})
			return hits, next, err
		}
		if x.c.requires(x.c.sort[0].code) {
			return hits, "", nil
		}
		from = nil
	}
	rest, next, err := x.valueless(ctx, from, x.c.count-len(hits))
	return append(hits, rest...), next, err
}

// identified reports whether a condition names single resources.
func (x *searcher) identified() bool {
	return slices.ContainsFunc(x.paths(), func(p *path) bool { return p.class < classOwner || p.class == classIdentifier })
}

// requires reports whether a resource without the parameter cannot match.
func (c *compiled) requires(code string) bool {
	return slices.ContainsFunc(c.preds, func(p *predicate) bool {
		return p.param.Code == code && !strings.HasPrefix(p.modifier, "not") && !p.missing
	})
}

// valueless continues a sorted walk with the resources that lack the value.
func (x *searcher) valueless(ctx context.Context, from *cursor, n int) ([]hit, string, error) {
	p, err := x.best(ctx, true)
	if err != nil {
		return nil, "", err
	}
	w := x.walk(p)
	w.valueless = true
	if from != nil && !w.goOn(from.At) {
		return nil, "", errCursor()
	}
	if n == 0 { // the page is full: is there anything left?
		if hits, done, err := w.fill(ctx, 1); err != nil || done && len(hits) == 0 {
			return nil, "", err
		}
		next, err := x.seal(ctx, cursor{At: position{Keys: []key{{Missing: true}}, Rid: 0}})
		return nil, next, err
	}
	hits, done, err := w.fill(ctx, n)
	if err != nil || done {
		return hits, "", err
	}
	next, err := x.seal(ctx, cursor{At: w.resume})
	return hits, next, err
}

// gather reads every candidate of a path and sorts in memory.
func (x *searcher) gather(ctx context.Context, p *path, from *cursor, indexed bool) ([]hit, string, error) {
	limit := gatherMax
	if indexed {
		limit = gatherCap
	}
	w := x.walk(p)
	w.sorting = true
	var all []hit
	for done := false; !done; {
		var batch []hit
		var err error
		if batch, done, err = w.next(ctx, fetchMax); err != nil {
			return nil, "", err
		}
		if all = append(all, batch...); (w.read > limit || w.kept > keptBytes) && !done {
			return nil, "", issue.New(issue.TooCostly, "search.sort.toocostly", limit).At("_sort")
		}
	}
	slices.SortFunc(all, func(a, b hit) int { return x.compare(a.position, b.position) })
	if from != nil {
		i, _ := slices.BinarySearchFunc(all, from.At, func(h hit, at position) int {
			if x.compare(h.position, at) <= 0 {
				return -1
			}
			return 1
		})
		all = all[i:]
	}
	if len(all) <= x.c.count {
		return all, "", nil
	}
	page := all[:x.c.count]
	next, err := x.seal(ctx, cursor{At: page[len(page)-1].position})
	return page, next, err
}

// compare orders two positions by the sort keys, then by rid in the direction
// of the first, as the index walk does.
func (x *searcher) compare(a, b position) int {
	for i, k := range x.c.sort {
		ka, kb := a.Keys[i], b.Keys[i]
		if ka.Missing != kb.Missing {
			if ka.Missing {
				return 1
			}
			return -1
		}
		order := cmp.Or(strings.Compare(ka.Text, kb.Text), cmp.Compare(ka.Num, kb.Num))
		if k.desc {
			order = -order
		}
		if order != 0 {
			return order
		}
	}
	order := cmp.Compare(a.Rid, b.Rid)
	if x.c.sort[0].desc && !a.Keys[0].Missing {
		order = -order
	}
	return order
}

// sortKeys reads the sort values of a resource: the first of each parameter.
func (x *searcher) sortKeys(st *stored, idx []fhir.Index) []key {
	keys := make([]key, len(x.c.sort))
	for i, k := range x.c.sort {
		switch k.code {
		case paramID:
			keys[i] = key{Text: st.labels.ID}
			continue
		case paramUpdated:
			keys[i] = key{Num: float64(st.upd)}
			continue
		}
		keys[i].Missing = true
		for j := range idx {
			if idx[j].Param != k.code || idx[j].System == fhir.SystemBaseUnits {
				continue
			}
			one := sortValue(&idx[j])
			if x.sortsIn != nil && !x.sortsIn.holds(one.Num, one.Num) {
				continue
			}
			if keys[i].Missing || one.Text < keys[i].Text || one.Text == keys[i].Text && one.Num < keys[i].Num {
				keys[i] = one
			}
		}
	}
	return keys
}

func sortValue(x *fhir.Index) key {
	switch x.Kind {
	case fhir.ParamDate, fhir.ParamNumber, fhir.ParamQuantity:
		lo, _ := span(x)
		return key{Num: lo}
	case fhir.ParamString:
		return key{Text: clipped(x.Value)}
	case fhir.ParamReference:
		return key{Text: cmp.Or(x.URL, x.Type+"/"+x.ID)}
	}
	return key{Text: cmp.Or(x.Value, x.URL)}
}

// all returns every hit, at most limit, and whether there were more.
func (x *searcher) all(ctx context.Context, limit int) ([]hit, bool, error) {
	if err := x.enter(ctx); err != nil {
		return nil, false, err
	}
	return x.collect(ctx, limit)
}

// collect is all of a search that has been entered.
func (x *searcher) collect(ctx context.Context, limit int) ([]hit, bool, error) {
	if x.outside {
		return nil, false, nil
	}
	p, err := x.best(ctx, false)
	if err != nil {
		return nil, false, err
	}
	w := x.walk(p)
	var hits []hit
	for {
		batch, done, err := w.next(ctx, fetchMax)
		if err != nil {
			return nil, false, err
		}
		hits = append(hits, batch...)
		if len(hits) > limit || !done && (w.read > budget || w.kept > keptBytes) {
			return hits[:min(limit, len(hits))], true, nil
		}
		if done {
			return hits, false, nil
		}
	}
}

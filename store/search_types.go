// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// maxTypes bounds how many types one search may ask for.
const maxTypes = 20

// SearchTypes searches several types by parameters that all of them have, one
// type after the other in the order given: R4 search.html#_type. See
// [Door.Search] for what it shows. Types that the actor may not search are left
// out, unless all are.
func (d Door) SearchTypes(ctx context.Context, types []string, q Query) (Page, error) {
	all := Page{Total: -1}
	if err := d.s.vocabulary().common(types, &q, &all); err != nil {
		return Page{}, err
	}
	at, inner := 0, ""
	if q.Cursor != "" {
		typ, rest, ok := strings.Cut(q.Cursor, ".")
		if at = slices.Index(types, typ); at < 0 || !ok {
			return Page{}, errCursor()
		}
		inner = rest
	}
	count, total, bare, err := amount(q)
	if err != nil {
		return Page{}, err
	}
	var refused error
	shown := false
	for i, typ := range types {
		left := count - len(all.Docs)
		if i < at || all.Next != "" {
			left = 0 // counted only
		}
		if left == 0 {
			if i >= at && !bare && all.Next == "" {
				all.Next = typ + "."
			}
			if !total {
				continue
			}
		}
		one := Query{Type: typ, In: q.In, Params: append(about(typ, q.Params), [2]string{"_count", strconv.Itoa(left)}), Total: q.Total, Base: q.Base}
		if i == at {
			one.Cursor = inner
		}
		if !total {
			one.Total = "none" // of one type alone it would mislead
		}
		page, err := d.Search(ctx, one)
		if issue.Is(err, issue.Forbidden) {
			refused = err
			continue
		}
		if err != nil {
			return Page{}, err
		}
		shown = true
		all.add(typ, page)
	}
	if !shown && refused != nil {
		return Page{}, refused
	}
	return all, nil
}

// add puts a page of one type behind those before.
func (p *Page) add(typ string, page Page) {
	p.Docs, p.Included, p.Cut = append(p.Docs, page.Docs...), append(p.Included, page.Included...), p.Cut || page.Cut
	if page.Total >= 0 {
		p.Total = max(p.Total, 0) + page.Total
	}
	if page.Next != "" && p.Next == "" {
		p.Next = typ + "." + page.Next
	}
}

// common checks that every type has every parameter; a lenient query leaves out
// those that one has not.
func (v *vocabulary) common(types []string, q *Query, page *Page) error {
	if len(types) == 0 || len(types) > maxTypes {
		return issue.New(issue.TooCostly, "search.types", maxTypes).At("_type")
	}
	for _, typ := range types {
		if !fhir.IsType(typ) {
			return issue.New(issue.NotSupported, "search.type.unknown", typ)
		}
		c, err := v.compile(Query{Type: typ, In: q.In, Params: about(typ, q.Params), Lenient: q.Lenient})
		if err != nil {
			return err
		}
		if len(c.sort) > 0 && len(types) > 1 {
			return issue.New(issue.NotSupported, "search.types.sort").At("_sort")
		}
		for _, name := range c.ignored {
			q.Params = slices.DeleteFunc(slices.Clone(q.Params), func(kv [2]string) bool { return kv[0] == name })
			page.Ignored = append(page.Ignored, name)
		}
	}
	return nil
}

// amount reads how many are wanted and whether they are counted.
func amount(q Query) (count int, total, bare bool, err error) {
	c, err := compile(Query{Type: "Basic", Count: q.Count, Total: q.Total, Params: slices.DeleteFunc(slices.Clone(q.Params), func(kv [2]string) bool {
		return kv[0] != "_count" && kv[0] != "_total"
	})})
	if err != nil {
		return 0, false, false, err
	}
	if c.bare {
		return 0, true, true, nil
	}
	return c.count, c.total == "accurate" || c.total == "estimate", false, nil
}

// about leaves out what concerns another type: its inclusions, and how many are
// wanted of all.
func about(typ string, params [][2]string) [][2]string {
	return slices.DeleteFunc(slices.Clone(params), func(kv [2]string) bool {
		return kv[0] == "_count" || kv[0] == "_include" && !strings.HasPrefix(kv[1], typ+":")
	})
}

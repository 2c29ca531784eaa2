// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mach/fhir"
	"mach/issue"
)

// EverythingQuery asks for the compartment of a Patient or of an Encounter.
type EverythingQuery struct {
	Type, ID string
	Types    []string  // nil = all
	Since    time.Time // only what was written then or later; zero = all
	// From and To ask for what happened in [From, To); what has no date of its
	// own is always part. Zero = any time.
	From, To time.Time
	After    int64 // from [Everything.Next]
	Count    int   // 0 = 100
}

// Everything is one page of a compartment.
type Everything struct {
	Docs     []*fhir.Doc // of the compartment, oldest entry first
	Included []*fhir.Doc // what they refer to that belongs to nobody
	Cut      bool        // they refer to more of it
	Next     int64       // 0 = no more that may be shown
}

// includedMost bounds what stands beside one page of a compartment.
const includedMost = 1000

// Everything shows one page of a compartment, each resource judged and audited
// as by [Door.Read]; what the actor may not read is left out, but for the
// Patient or Encounter itself (NotFound). Encounter has what names it in the
// parameter encounter, and its person.
func (d Door) Everything(ctx context.Context, q EverythingQuery) (Everything, error) {
	ctx = withRequest(ctx, d.a)
	focus, err := d.open(ctx, q.Type, q.ID)
	if err != nil {
		return Everything{}, err
	}
	if focus.del != 0 {
		return Everything{}, issue.New(issue.Deleted, "store.deleted", q.Type)
	}
	if q.Count <= 0 {
		q.Count = 100
	}
	c := &compartment{d: d, q: q, now: d.s.cfg.Now(), rels: map[string][]Relation{}}
	if q.Type == "Encounter" && q.After == 0 {
		person, err := load(ctx, d.s.read, "Patient", focus.labels.Patient)
		if err != nil {
			return Everything{}, err
		}
		for _, row := range []*stored{focus, person} {
			doc, seen, err := c.asked(ctx, row)
			if err != nil {
				return Everything{}, err
			}
			if doc != nil {
				c.take(row, doc, seen)
			}
		}
	}
	if err := c.page(ctx); err != nil {
		return Everything{}, err
	}
	if err := c.beside(ctx); err != nil {
		return Everything{}, err
	}
	if len(c.seen) > 0 {
		if err := d.s.auditMany(ctx, d.a, ActRead, c.seen); err != nil {
			return Everything{}, err
		}
	}
	return c.out, nil
}

// compartment reads one page.
type compartment struct {
	d    Door
	q    EverythingQuery
	now  time.Time
	rels map[string][]Relation
	seen []Seen
	out  Everything
	size int
}

// keys are the index rows under which a compartment lies.
func (c *compartment) keys() (ps []int64, h int64) {
	for _, typ := range fhir.Types() {
		if c.q.Types != nil && !slices.Contains(c.q.Types, typ) {
			continue
		}
		if c.q.Type == "Patient" {
			ps = append(ps, paramOwner(typ))
			continue
		}
		if p, ok := fhir.ParamOf(typ, "encounter"); ok && p.Kind == fhir.ParamReference {
			ps = append(ps, paramHash(typ, "encounter"))
		}
	}
	if c.q.Type == "Patient" {
		return ps, hash64(c.q.ID)
	}
	return ps, hash64(c.q.Type + "/" + c.q.ID)
}

// page walks the compartment by row id until the page is full.
func (c *compartment) page(ctx context.Context) error {
	ps, h := c.keys()
	among, args := inList("d.p", ps)
	text := `select ` + storedColumns + ` from (select distinct d.rid, d.t from ih d where ` + among + ` and d.h = ? and d.rid > ? order by d.rid limit ?) x
		join res on res.rid = x.rid and res.t = x.t order by res.rid`
	for after := c.q.After; ; {
		var rows []*stored
		bytes := 0
		err := c.d.s.read.Rows(ctx, text, append(slices.Clone(args), h, after, fetchMax), func(scan func(...any) error) error {
			row, err := scanStored(scan)
			if err != nil {
				return err
			}
			rows = append(rows, row)
			if bytes += len(row.body); bytes >= batchBytes {
				return errEnough
			}
			return nil
		})
		if err != nil && !errors.Is(err, errEnough) {
			return fmt.Errorf("reading a compartment: %w", err)
		}
		for _, row := range rows {
			after = row.rid
			doc, seen, failed := c.asked(ctx, row)
			if failed != nil {
				return failed
			}
			if doc == nil {
				continue
			}
			if len(c.out.Docs) >= c.q.Count || c.size >= batchBytes { // known only now that there is a next page
				c.out.Next = row.rid - 1
				return nil
			}
			c.take(row, doc, seen)
		}
		if err == nil && len(rows) < fetchMax {
			return nil
		}
	}
}

// asked returns the document of a row that was asked for and that the actor may
// read, else nil.
func (c *compartment) asked(ctx context.Context, row *stored) (*fhir.Doc, Seen, error) {
	if row == nil || row.del != 0 || row.upd < c.q.Since.UnixMicro() || c.q.Types != nil && !slices.Contains(c.q.Types, row.labels.Type) {
		return nil, Seen{}, nil
	}
	doc, seen, err := c.readable(ctx, row)
	if err != nil || doc == nil || !c.inTime(doc) {
		return nil, Seen{}, err
	}
	return doc, seen, nil
}

// take puts a document on the page.
func (c *compartment) take(row *stored, doc *fhir.Doc, seen Seen) {
	c.out.Docs, c.seen = append(c.out.Docs, doc), append(c.seen, seen)
	c.size += len(row.body)
}

// readable returns the document when the guard lets the actor read it, else nil.
func (c *compartment) readable(ctx context.Context, row *stored) (*fhir.Doc, Seen, error) {
	p := row.labels.Patient
	if _, known := c.rels[p]; !known {
		found, err := relationsOf(ctx, c.d.s.read, c.d.a, p)
		if err != nil {
			return nil, Seen{}, fmt.Errorf("relations of a compartment: %w", err)
		}
		c.rels[p] = found[p]
	}
	seen := Seen{Labels: row.labels, Decision: c.d.s.decide(c.d.a, ActRead, row.labels, row, c.rels[p], c.now)}
	if !seen.Decision.Allow {
		return nil, seen, nil
	}
	doc, err := row.doc()
	return doc, seen, err
}

// inTime reports whether a resource happened when it was asked for.
func (c *compartment) inTime(doc *fhir.Doc) bool {
	if c.q.From.IsZero() && c.q.To.IsZero() {
		return true
	}
	at, dated := happened(doc.Type(), fhir.Extract(doc))
	return !dated || (c.q.From.IsZero() || at >= float64(c.q.From.UnixMicro())) && (c.q.To.IsZero() || at < float64(c.q.To.UnixMicro()))
}

// beside reads what the page refers to and belongs to nobody: who treated,
// where, with what.
func (c *compartment) beside(ctx context.Context) error {
	have := map[string]bool{}
	for _, doc := range c.out.Docs {
		have[doc.Ref()] = true
	}
	for _, doc := range slices.Clone(c.out.Docs) {
		for _, x := range fhir.Extract(doc) {
			ref := x.Type + "/" + x.ID
			if x.Kind != fhir.ParamReference || x.ID == "" || x.URL != "" || have[ref] ||
				c.q.Types != nil && !slices.Contains(c.q.Types, x.Type) {
				continue
			}
			have[ref] = true
			row, err := load(ctx, c.d.s.read, x.Type, x.ID)
			if err != nil {
				return err
			}
			if row == nil || row.del != 0 || row.labels.Patient != "" {
				continue
			}
			found, seen, err := c.readable(ctx, row)
			if err != nil {
				return err
			}
			if found != nil && len(c.out.Included) == includedMost {
				c.out.Cut = true
				return nil
			}
			if found != nil {
				c.out.Included, c.seen = append(c.out.Included, found), append(c.seen, seen)
			}
		}
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"mach/fhir"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Importer takes files into a store as one actor.
type Importer struct {
	Store *store.Store
	Actor store.Actor
	// Words and Lang say why an entry is refused.
	Words *i18n.Catalogue
	Lang  i18n.Lang
	// Units resolves the unit codes of lists; nil refuses lists that have any.
	Units *vn.Units
	Today vn.Date // on which those codes are read
	// In is read for the file named "-".
	In io.Reader
	// Checks is what happens to resources with faults; lists are never trusted.
	Checks store.Checks
}

// Line is one line of the report: a refused entry (severity error) or a
// dangling reference (warning). File is named as it was given. Line counts from 1: the line of an NDJSON file,
// the row of a list, the entry of a Bundle.
type Line struct {
	File     string `json:"file"`
	Line     int    `json:"line"`
	Type     string `json:"type"`
	ID       string `json:"id"`
	Path     string `json:"path"`
	Severity string `json:"severity"`
	Reason   string `json:"reason"`
	Rule     string `json:"rule,omitempty"` // message key: the same in every language
}

// Totals is the last line of the report. Read counts resources, or rows of a
// list.
type Totals struct {
	Read      int `json:"read"`
	Stored    int `json:"stored"`
	Unchanged int `json:"unchanged"`
	Refused   int `json:"refused"`
}

// Import takes the files in their order and writes the report, one JSON object
// a line, to out. The error is a failure of reading, writing or the store;
// refused entries are in the report and in the totals.
func (m *Importer) Import(ctx context.Context, files []string, out io.Writer) (Totals, error) {
	r := &run{Importer: m, out: json.NewEncoder(out), dangling: map[string]Line{}}
	r.out.SetEscapeHTML(false)
	for _, name := range files {
		if err := r.file(ctx, name); err != nil {
			return r.totals, fmt.Errorf("importing %s: %w", filepath.Base(name), err)
		}
	}
	if err := r.flush(ctx); err != nil {
		return r.totals, err
	}
	if err := r.warn(ctx); err != nil {
		return r.totals, err
	}
	return r.totals, r.out.Encode(r.totals)
}

// item is one resource on its way in.
type item struct {
	doc  *fhir.Doc
	op   store.Op
	file string
	line int
}

// run is one import under way.
type run struct {
	*Importer
	out      *json.Encoder
	totals   Totals
	waiting  []item
	size     int             // bytes waiting
	dangling map[string]Line // by "Type/id" that nobody has seen yet
	asked    int             // how many were left when the store was last asked
}

// Resources are committed in groups; a group that is refused goes in one by
// one.
const (
	groupItems = 200
	groupBytes = 4 << 20
)

// take queues a resource that stands for itself.
func (r *run) take(ctx context.Context, doc *fhir.Doc, file string, line int) error {
	r.totals.Read++
	if doc.ID() == "" {
		var err error
		if doc, err = doc.Set("id", idOf(doc)); err != nil {
			return err
		}
	}
	r.waiting = append(r.waiting, item{doc, store.Import(doc), file, line})
	r.size += len(doc.Text())
	if len(r.waiting) >= groupItems || r.size >= groupBytes {
		return r.flush(ctx)
	}
	return nil
}

// flush commits what is waiting.
func (r *run) flush(ctx context.Context) error {
	group := r.waiting
	r.waiting, r.size = nil, 0
	if len(group) == 0 {
		return nil
	}
	err := r.commit(ctx, group)
	var refused *issue.Error
	if err == nil || !errors.As(err, &refused) {
		return err
	}
	for _, it := range group {
		err := r.commit(ctx, []item{it})
		if errors.As(err, &refused) {
			err = r.refuse(it, refused)
			r.totals.Refused++
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// commit writes items together and counts them.
func (r *run) commit(ctx context.Context, items []item) error {
	ops := make([]store.Op, len(items))
	for i, it := range items {
		ops[i] = it.op
	}
	a := r.Actor
	a.Request = store.NewID()
	receipt, err := r.Store.For(a).Check(r.Checks).Commit(ctx, ops...)
	if err != nil {
		return err
	}
	for i, changed := range receipt.Changed {
		if changed {
			r.totals.Stored++
		} else {
			r.totals.Unchanged++
		}
		if receipt.Docs[i] != nil {
			r.note(receipt.Docs[i], items[i])
		}
	}
	return r.settle(ctx, false)
}

// refuse reports every issue of one refused item.
func (r *run) refuse(it item, e *issue.Error) error {
	for _, is := range e.Issues {
		line := Line{File: it.file, Line: it.line, Path: is.Path, Severity: string(is.Severity), Reason: r.Words.T(r.Lang, is.Key, is.Args...), Rule: is.Key}
		if it.doc != nil {
			line.Type, line.ID = it.doc.Type(), it.doc.ID()
		}
		if err := r.out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// fault refuses what cannot even be read as a resource.
func (r *run) fault(file string, line int, err error) error {
	var e *issue.Error
	if !errors.As(err, &e) {
		return err
	}
	r.totals.Read++
	r.totals.Refused++
	return r.refuse(item{file: file, line: line}, e)
}

// note remembers what a stored resource refers to, for the operator alone: that
// something is there is nobody's to learn whom the policies would not show it.
func (r *run) note(doc *fhir.Doc, it item) {
	if r.Actor.Role != store.System || r.Actor.Scopes != nil {
		return
	}
	for path, ref := range localReferences(doc) {
		if _, known := r.dangling[ref]; !known {
			r.dangling[ref] = Line{File: it.file, Line: it.line, Type: doc.Type(), ID: doc.ID(), Path: path, Severity: "warning", Rule: "intake.dangling"}
		}
	}
}

// danglingMax is how many new ones are remembered before the store is asked.
const danglingMax = 5000

// settle drops the references that lead somewhere.
func (r *run) settle(ctx context.Context, now bool) error {
	if len(r.dangling) < r.asked+danglingMax && !now {
		return nil
	}
	refs := make([]string, 0, len(r.dangling))
	for ref := range r.dangling {
		refs = append(refs, ref)
	}
	absent, err := r.Store.Absent(ctx, refs)
	if err != nil {
		return err
	}
	kept := make(map[string]Line, len(absent))
	for _, ref := range absent {
		kept[ref] = r.dangling[ref]
	}
	r.dangling, r.asked = kept, len(kept)
	return nil
}

// warn lists the references that lead nowhere, in the order of the input.
func (r *run) warn(ctx context.Context) error {
	if err := r.settle(ctx, true); err != nil {
		return err
	}
	for _, ref := range inOrder(r.dangling) {
		line := r.dangling[ref]
		line.Reason = r.Words.T(r.Lang, line.Rule, ref)
		if err := r.out.Encode(line); err != nil {
			return err
		}
	}
	return nil
}

// isLocal reports whether a reference is of the form Type/id, or a search that
// was left as it is ("Type?identifier=…"): both must lead to something here.
func isLocal(ref string) bool {
	if typ, _, ok := strings.Cut(ref, "?"); ok {
		return fhir.IsType(typ)
	}
	typ, id, ok := strings.Cut(ref, "/")
	return ok && id != "" && typ != "" && typ[0] >= 'A' && typ[0] <= 'Z' && !strings.ContainsAny(id, "/#") && !strings.ContainsAny(typ, ":.#")
}

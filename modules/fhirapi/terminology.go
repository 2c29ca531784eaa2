// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mach/fhir"
	"mach/fhir/terms"
	"mach/issue"
	"mach/store"
)

// Terminology keeps a set of code systems, value sets and concept maps in step
// with the resources of the store, whichever process writes them: it follows
// the log, from where it stood when it was first asked.
type Terminology struct {
	// Set is what operations, validation and search ask.
	Set   *terms.Set
	store *store.Store

	mu  sync.Mutex
	at  int64 // number of the last change that is in the set
	all bool  // what was there at the beginning is in the set
}

// NewTerminology follows a store with a set; nothing is read yet.
func NewTerminology(s *store.Store, set *terms.Set) *Terminology {
	return &Terminology{Set: set, store: s}
}

// Speak answers the operations of terminology from t instead of R4's own.
func (m *Module) Speak(t *Terminology) { m.terms = t }

// Terminology is what the operations answer from.
func (m *Module) Terminology() *Terminology { return m.terms }

const (
	termsBatch = 1000        // lines of the log that are read at once
	termsPause = time.Second // between looks at the log
)

// Follow refreshes until ctx ends, for those who ask the set and cannot wait.
func (t *Terminology) Follow(ctx context.Context, failed func(error)) {
	for {
		if err := t.Refresh(ctx); err != nil && ctx.Err() == nil {
			failed(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(termsPause):
		}
	}
}

// Refresh brings in what was written since the last time.
func (t *Terminology) Refresh(ctx context.Context) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	last, err := t.store.Last(ctx)
	if err != nil || t.all && last == t.at {
		return err
	}
	if !t.all {
		if err := t.readAll(ctx); err != nil {
			return fmt.Errorf("reading terminology: %w", err)
		}
		t.at, t.all = last, true
		return nil
	}
	for {
		changes, err := t.store.Changes(ctx, t.at, termsBatch)
		if err != nil {
			return fmt.Errorf("reading terminology: %w", err)
		}
		for _, c := range changes {
			if slices.Contains(terms.Types, c.Type) {
				if err := t.read(ctx, c.Type, c.ID, c.Op); err != nil {
					return fmt.Errorf("reading terminology: %w", err)
				}
			}
			t.at = c.Seq
		}
		if len(changes) < termsBatch {
			return nil
		}
	}
}

// readAll takes every terminology resource of the store. What is deleted
// meanwhile stands in the log after the number that was taken before.
func (t *Terminology) readAll(ctx context.Context) error {
	door := t.store.For(store.SystemActor())
	for _, typ := range terms.Types {
		for cursor := ""; ; {
			page, err := door.Search(ctx, store.Query{Type: typ, Count: 100, Cursor: cursor})
			if err != nil {
				return err
			}
			for _, d := range page.Docs {
				t.put(d)
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
	}
	return nil
}

func (t *Terminology) read(ctx context.Context, typ, id, op string) error {
	key := typ + "/" + id
	if op == "delete" {
		t.Set.Remove(key)
		return nil
	}
	doc, err := t.store.For(store.SystemActor()).Read(ctx, typ, id)
	if issue.Is(err, issue.Deleted) {
		return nil // since then: its line is still to come
	}
	if err != nil {
		return err
	}
	t.put(doc)
	return nil
}

// put takes a resource in, unless the set has this version, or a newer one,
// already. What has no URL can be asked for by its id alone, and a table of
// closures is nobody's map.
func (t *Terminology) put(d *fhir.Doc) {
	if version, ok := t.Set.Has(d.Ref()); ok && !newer(d.VersionID(), version) {
		return
	}
	if url := d.Get("url").String(); url == "" || strings.HasPrefix(url, closureBase) {
		t.Set.Remove(d.Ref())
		return
	}
	_ = t.Set.Put(d.Ref(), d) // its type and URL are right
}

// newer compares version ids, which are decimal numbers.
func newer(a, b string) bool { return len(a) > len(b) || len(a) == len(b) && a > b }

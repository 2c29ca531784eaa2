// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"slices"

	"mach/fhir"
	"mach/issue"
)

// Vet looks at a resource before it is validated and committed, whichever way
// it comes, and returns it as it is to be written. It may keep what belongs to
// it elsewhere; what it keeps must mean nothing until the commit names it,
// which may yet fail.
type Vet func(ctx context.Context, a Actor, doc *fhir.Doc) (*fhir.Doc, error)

// VetWrites registers who looks at writes of a type, before [Store.Start].
func (s *Store) VetWrites(typ string, v Vet) {
	if s.vets == nil {
		s.vets = map[string]Vet{}
	}
	s.vets[typ] = v
}

// prepare is the package's, of operations that were looked at.
func (d Door) prepare(ctx context.Context, ops []Op) ([]*step, error) {
	ops, err := d.vetted(ctx, ops)
	if err != nil {
		return nil, err
	}
	return prepare(ops)
}

// vetted returns the operations as they are to be done.
func (d Door) vetted(ctx context.Context, ops []Op) ([]Op, error) {
	out := ops
	for i, op := range ops {
		vet := d.s.vets[op.typ]
		if vet == nil || op.doc == nil {
			continue
		}
		if op.id == "" { // known from now on, for what is kept beside it
			op.id = NewID()
			var err error
			if op.doc, err = op.doc.Set("id", op.id); err != nil {
				return nil, err
			}
		}
		doc, err := vet(ctx, d.a, op.doc)
		var e *issue.Error
		if errors.As(err, &e) && len(ops) > 1 {
			moved := &issue.Error{Retry: e.Retry}
			for _, is := range e.Issues {
				is.Path = place(ops, i, trimType(is.Path, op.typ))
				moved.Issues = append(moved.Issues, is)
			}
			err = moved
		}
		if err != nil {
			return nil, err
		}
		if &out[0] == &ops[0] {
			out = slices.Clone(ops)
		}
		op.doc = doc
		out[i] = op
	}
	return out, nil
}

// trimType takes the type off a path.
func trimType(path, typ string) string {
	if len(path) > len(typ) && path[:len(typ)+1] == typ+"." {
		return path[len(typ)+1:]
	}
	if path == typ {
		return ""
	}
	return path
}

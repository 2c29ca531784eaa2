// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

var idForm = regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`)

// op turns a create, update or delete into an operation of a commit.
func (q *request) op() (store.Op, error) {
	if q.method == http.MethodDelete {
		return q.matched(store.Delete(q.path[0], q.path[1]))
	}
	doc, err := q.body()
	if err != nil {
		return store.Op{}, err
	}
	if doc.Type() != q.path[0] {
		return store.Op{}, issue.New(issue.Invalid, "fhirapi.type.other", doc.Type(), q.path[0]).At("resourceType")
	}
	if q.method == http.MethodPut {
		return q.put(doc)
	}
	// The id of a new resource is ours to give.
	if doc, err = doc.Set("id", nil); err != nil {
		return store.Op{}, fmt.Errorf("taking the id off: %w", err)
	}
	op := store.Create(doc)
	if query := q.header("If-None-Exist"); query != "" {
		_, after, found := strings.Cut(query, "?")
		if !found {
			after = query
		}
		op = op.Unless(after)
	}
	return op, nil
}

func (q *request) put(doc *fhir.Doc) (store.Op, error) {
	if doc.ID() != q.path[1] {
		return store.Op{}, issue.New(issue.Invalid, "fhirapi.id.other").At(doc.Type() + ".id")
	}
	if !idForm.MatchString(doc.ID()) {
		return store.Op{}, issue.New(issue.Invalid, "fhirapi.id.form").At(doc.Type() + ".id")
	}
	return q.matched(store.Put(doc))
}

// matched adds the version of If-Match.
func (q *request) matched(op store.Op) (store.Op, error) {
	tag := q.header("If-Match")
	if tag == "" {
		return op, nil
	}
	number := strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil || v < 1 {
		return op, issue.New(issue.Precondition, "store.version.stale", q.path[0])
	}
	return op.IfMatch(v), nil
}

// single commits one operation and answers with what is stored.
func (m *Module) single(q *request) (*answer, error) {
	op, err := q.op()
	if err != nil {
		return nil, err
	}
	receipt, err := q.door.Commit(q.http.Context(), op)
	if err != nil {
		return nil, err
	}
	return q.wrote(receipt.Docs[0], receipt.Changed[0]), nil
}

// wrote answers a write: 201 for the first version, 200 for a later one or
// when nothing changed, 204 for a delete.
func (q *request) wrote(doc *fhir.Doc, changed bool) *answer {
	if doc == nil {
		return &answer{status: http.StatusNoContent}
	}
	a := &answer{status: http.StatusOK, doc: doc, version: doc.VersionID(), modified: doc.LastUpdated(),
		location: q.base + "/" + doc.Ref() + "/_history/" + doc.VersionID()}
	if changed && a.version == "1" {
		a.status = http.StatusCreated
	}
	return a
}

func (m *Module) create(q *request) (*answer, error) { return m.single(q) }

func (m *Module) update(q *request) (*answer, error) { return m.single(q) }

func (m *Module) remove(q *request) (*answer, error) { return m.single(q) }

// versionOf is the version of a stored resource.
func versionOf(doc *fhir.Doc) (int64, error) {
	v, err := strconv.ParseInt(doc.VersionID(), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("version of a %s: %w", doc.Type(), err)
	}
	return v, nil
}

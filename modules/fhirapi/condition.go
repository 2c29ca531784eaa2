// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// The conditional interactions of R4 (http.html, sections 3.1.0.4.3 and
// following) first find their resource with the eyes of the actor, as any search
// does, and then write over the version that was found. What was changed in
// between refuses the write, and it is tried again. So nobody learns of what he
// may not see, and no two writes are mixed.

// attempts bounds how often one write is tried.
const attempts = 20

// showing are the parameters that shape an answer and are no criteria.
var showing = []string{"_format", "_pretty", "_summary", "_elements"}

// shaping are the parameters of a search that make no sense in a condition.
var shaping = []string{"_count", "_sort", "_total", "_include", "_revinclude", "_cursor", "_contained", "_containedType"}

// criteria returns the condition in a query; an empty one is refused.
func criteria(query [][2]string) ([][2]string, error) {
	var asked [][2]string
	for _, kv := range query {
		name, _, _ := strings.Cut(kv[0], ":")
		switch {
		case slices.Contains(showing, name):
		case slices.Contains(shaping, name):
			return nil, issue.New(issue.Invalid, "fhirapi.condition.param", name).At(name)
		default:
			asked = append(asked, kv)
		}
	}
	if len(asked) == 0 {
		return nil, issue.New(issue.Invalid, "search.query.empty")
	}
	return asked, nil
}

// encoded writes a condition as the text after a question mark.
func encoded(asked [][2]string) string {
	parts := make([]string, len(asked))
	for i, kv := range asked {
		parts[i] = url.QueryEscape(kv[0]) + "=" + url.QueryEscape(kv[1])
	}
	return strings.Join(parts, "&")
}

// found returns the resources that a condition finds, at most most; more are
// MultipleHits.
func (q *request) found(ctx context.Context, asked [][2]string, most int) ([]*fhir.Doc, error) {
	page, err := q.door.Search(ctx, store.Query{Type: q.path[0], Params: asked, Count: most + 1})
	switch {
	case err != nil:
		return nil, err
	case len(page.Docs) > most:
		return nil, issue.New(issue.MultipleHits, "store.unless.many", q.path[0])
	case page.Next != "": // the search gave up: there may be more
		return nil, issue.New(issue.TooCostly, "search.query.toocostly")
	}
	return page.Docs, nil
}

// plan is what one write of a request comes to.
type plan struct {
	ops []store.Op
	// again says that what was read for the plan may be stale by the time it is
	// written, so that trying again makes sense.
	again bool
	// absent says that nothing may be there (If-None-Match: *).
	absent bool
}

// partial reports whether a resource says that it is not whole: what is left out
// must not overwrite what is there (R4 search.html section 3.1.1.5.8).
func partial(doc *fhir.Doc) bool {
	for tag := range doc.Root().Get("meta").Each("tag") {
		if tag.Get("code").String() == "SUBSETTED" && strings.HasSuffix(tag.Get("system").String(), "v3-ObservationValue") {
			return true
		}
	}
	return false
}

// plan turns a create, update, patch or delete into operations of a commit; none
// when there is nothing to delete.
func (q *request) plan(ctx context.Context, deletes int) (plan, error) {
	conditional := len(q.path) == 1
	switch {
	case q.method == "POST":
		return q.planCreate()
	case q.method == "PUT" && conditional:
		return q.planConditionalUpdate(ctx)
	case q.method == "PUT":
		return q.planUpdate()
	case q.method == "PATCH":
		return q.planPatch(ctx, conditional)
	case conditional:
		return q.planConditionalDelete(ctx, deletes)
	}
	op, err := q.matched(store.Delete(q.path[0], q.path[1]))
	return plan{ops: []store.Op{op}}, err
}

// typed reads the body and checks that it is of the type of the path.
func (q *request) typed() (*fhir.Doc, error) {
	doc, err := q.body()
	if err != nil {
		return nil, err
	}
	if doc.Type() != q.path[0] {
		return nil, issue.New(issue.Invalid, "fhirapi.type.other", doc.Type(), q.path[0]).At("resourceType")
	}
	return doc, nil
}

func (q *request) planCreate() (plan, error) {
	doc, err := q.typed()
	if err != nil {
		return plan{}, err
	}
	// The id of a new resource is ours to give.
	if doc, err = doc.Set("id", nil); err != nil {
		return plan{}, fmt.Errorf("taking the id off: %w", err)
	}
	op := store.Create(doc)
	if query := q.header("If-None-Exist"); query != "" {
		_, after, found := strings.Cut(query, "?")
		if !found {
			after = query
		}
		asked, err := pairs(after)
		if err != nil {
			return plan{}, err
		}
		if asked, err = criteria(asked); err != nil {
			return plan{}, err
		}
		op = op.Unless(encoded(asked))
	}
	return plan{ops: []store.Op{op}}, nil
}

func (q *request) planUpdate() (plan, error) {
	doc, err := q.typed()
	if err != nil {
		return plan{}, err
	}
	if doc.ID() != q.path[1] {
		return plan{}, issue.New(issue.Invalid, "fhirapi.id.other").At(doc.Type() + ".id")
	}
	if !idForm.MatchString(doc.ID()) {
		return plan{}, issue.New(issue.Invalid, "fhirapi.id.form").At(doc.Type() + ".id")
	}
	if partial(doc) {
		return plan{}, issue.New(issue.BusinessRule, "fhirapi.subsetted").At(doc.Type() + ".meta.tag")
	}
	if q.header("If-None-Match") == "*" { // only if it is not there
		return plan{ops: []store.Op{store.Create(doc)}, absent: true}, nil
	}
	op, err := q.matched(store.Put(doc))
	return plan{ops: []store.Op{op}}, err
}

// planConditionalUpdate: nobody is found, create; one, update; several, refuse.
// R4 http.html section 3.1.0.4.3.
func (q *request) planConditionalUpdate(ctx context.Context) (plan, error) {
	doc, err := q.typed()
	if err != nil {
		return plan{}, err
	}
	if doc.ID() != "" && !idForm.MatchString(doc.ID()) {
		return plan{}, issue.New(issue.Invalid, "fhirapi.id.form").At(doc.Type() + ".id")
	}
	if partial(doc) {
		return plan{}, issue.New(issue.BusinessRule, "fhirapi.subsetted").At(doc.Type() + ".meta.tag")
	}
	asked, err := criteria(q.query)
	if err != nil {
		return plan{}, err
	}
	there, err := q.found(ctx, asked, 1)
	if err != nil {
		return plan{}, err
	}
	if len(there) == 0 {
		if q.header("If-Match") != "" {
			return plan{}, issue.New(issue.Precondition, "store.version.stale", doc.Type())
		}
		return plan{ops: []store.Op{store.Create(doc).First(encoded(asked))}, again: true}, nil
	}
	if id := there[0].ID(); doc.ID() != "" && doc.ID() != id {
		return plan{}, issue.New(issue.Invalid, "fhirapi.id.other").At(doc.Type() + ".id")
	}
	doc = doc.WithMeta(there[0].ID(), "", there[0].LastUpdated())
	return q.over(there[0], func(version int64) store.Op { return store.Update(doc, version) })
}

// over writes over what was read, if it is the version that the client expects.
func (q *request) over(there *fhir.Doc, op func(version int64) store.Op) (plan, error) {
	version, err := versionOf(there)
	if err != nil {
		return plan{}, err
	}
	if err := q.expects(there); err != nil {
		return plan{}, err
	}
	return plan{ops: []store.Op{op(version)}, again: q.header("If-Match") == ""}, nil
}

// planPatch applies the patch to what is there now.
func (q *request) planPatch(ctx context.Context, conditional bool) (plan, error) {
	change, err := q.patch()
	if err != nil {
		return plan{}, err
	}
	there, err := q.patched(ctx, conditional)
	if err != nil {
		return plan{}, err
	}
	if err := q.expects(there); err != nil { // before the patch can fail on another version
		return plan{}, err
	}
	doc, err := change.Apply(there)
	if err != nil {
		return plan{}, err
	}
	if doc.Ref() != there.Ref() {
		return plan{}, issue.New(issue.Value, "fhirapi.patch.id").At(there.Type() + ".id")
	}
	return q.over(there, func(version int64) store.Op { return store.Update(doc, version) })
}

// patched reads what a patch is for.
func (q *request) patched(ctx context.Context, conditional bool) (*fhir.Doc, error) {
	if !conditional {
		return q.door.Read(ctx, q.path[0], q.path[1])
	}
	asked, err := criteria(q.query)
	if err != nil {
		return nil, err
	}
	there, err := q.found(ctx, asked, 1)
	if err != nil {
		return nil, err
	}
	if len(there) == 0 {
		return nil, issue.New(issue.NotFound, "store.not_found", q.path[0])
	}
	return there[0], nil
}

// planConditionalDelete deletes what is found, at most deletes resources.
func (q *request) planConditionalDelete(ctx context.Context, deletes int) (plan, error) {
	asked, err := criteria(q.query)
	if err != nil {
		return plan{}, err
	}
	there, err := q.found(ctx, asked, deletes)
	if err != nil {
		return plan{}, err
	}
	all := plan{again: q.header("If-Match") == ""}
	for _, doc := range there {
		one, err := q.over(doc, func(version int64) store.Op { return store.Delete(doc.Type(), doc.ID()).IfMatch(version) })
		if err != nil {
			return plan{}, err
		}
		all.ops = append(all.ops, one.ops...)
	}
	return all, nil
}

// stale reports whether a commit was refused because what it was planned on has
// changed.
func stale(err error) bool {
	is := issue.Of(err)
	return len(is) > 0 && is[0].Code == issue.Precondition && is[0].Key == "store.version.stale"
}

// patcher is a patch that was read.
type patcher interface {
	Apply(d *fhir.Doc) (*fhir.Doc, error)
}

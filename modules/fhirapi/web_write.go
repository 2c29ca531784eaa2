// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/fhir/patch"
	"mach/issue"
	"mach/store"
)

var idForm = regexp.MustCompile(`^[A-Za-z0-9\-.]{1,64}$`)

// tagged reads the version of an entity tag; 0 is none that we gave.
func tagged(tag string) int64 {
	number := strings.Trim(strings.TrimPrefix(strings.TrimSpace(tag), "W/"), `"`)
	v, err := strconv.ParseInt(number, 10, 64)
	if err != nil || v < 1 {
		return 0
	}
	return v
}

// matched adds the version of If-Match.
func (q *request) matched(op store.Op) (store.Op, error) {
	tag := q.header("If-Match")
	if tag == "" {
		return op, nil
	}
	v := tagged(tag)
	if v == 0 {
		return op, issue.New(issue.Precondition, "store.version.stale", q.path[0])
	}
	return op.IfMatch(v), nil
}

// expects refuses a version that If-Match does not name.
func (q *request) expects(there *fhir.Doc) error {
	tag := q.header("If-Match")
	if tag == "" || strconv.FormatInt(tagged(tag), 10) == there.VersionID() {
		return nil
	}
	return issue.New(issue.Precondition, "store.version.stale", q.path[0])
}

// single writes one resource, or deletes several, and answers with what is
// stored.
func (m *Module) single(q *request) (*answer, error) {
	ctx := q.http.Context()
	for attempt := 1; ; attempt++ {
		p, err := q.plan(ctx, m.deletes)
		if err != nil {
			return nil, err
		}
		receipt, err := q.door.Commit(ctx, p.ops...)
		if err != nil {
			if p.again && stale(err) && attempt < attempts {
				continue
			}
			if p.absent && issue.Is(err, issue.Duplicate) { // RFC 9110 section 13.1.2
				return nil, issue.New(issue.Precondition, "store.id.taken").At(q.path[0])
			}
			return nil, err
		}
		if len(p.ops) == 0 || receipt.Docs[0] == nil {
			return &answer{status: http.StatusNoContent}, nil
		}
		a := q.wrote(receipt.Docs[0], receipt.Created[0])
		a.issues = receipt.Told(0)
		return a, nil
	}
}

// wrote answers a write: 201 for what was not there, or deleted, 200 for a later
// version or when nothing changed.
func (q *request) wrote(doc *fhir.Doc, created bool) *answer {
	a := &answer{status: http.StatusOK, doc: doc, version: doc.VersionID(), modified: doc.LastUpdated(),
		location: q.base + "/" + doc.Ref() + "/_history/" + doc.VersionID()}
	if created {
		a.status = http.StatusCreated
	}
	return a
}

// versionOf is the version of a stored resource.
func versionOf(doc *fhir.Doc) (int64, error) {
	v, err := strconv.ParseInt(doc.VersionID(), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("version of a %s: %w", doc.Type(), err)
	}
	return v, nil
}

const patchType = "application/json-patch+json"

func noPatch() error {
	return &refused{status: http.StatusUnsupportedMediaType, err: issue.New(issue.NotSupported, "fhirapi.patch.media")}
}

// readPatch reads the patch in the body. An array is no FHIRPath Patch: a JSON
// Patch has a media type of its own (R4 http.html#patch, RFC 6902, section 6),
// and what comes as another is a 415 (RFC 5789, section 2.2).
func readPatch(r *http.Request) (patcher, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != patchType && !(isJSON(media) && ours(params)) {
		return nil, noPatch()
	}
	b, err := readAll(r)
	if err != nil {
		return nil, err
	}
	if media == patchType {
		return jsonPatch(string(b))
	}
	if bytes.HasPrefix(bytes.TrimSpace(b), []byte("[")) {
		return nil, noPatch()
	}
	doc, err := fhir.Parse(b)
	if err != nil {
		return nil, err
	}
	return pathPatch(doc)
}

// jsonPatch reads a JSON Patch.
func jsonPatch(text string) (patcher, error) {
	p, err := patch.ParseJSON(text)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// pathPatch reads a FHIRPath Patch.
func pathPatch(doc *fhir.Doc) (patcher, error) {
	p, err := patch.ParseFHIRPath(doc)
	if err != nil {
		return nil, err
	}
	return p, nil
}

// patchIn reads the patch of an entry: Parameters, or a Binary of JSON Patch. R4
// http.html section 3.1.0.8.
func patchIn(resource fhir.Node) (patcher, error) {
	if resource.Get("resourceType").String() == "Parameters" {
		doc, err := fhir.ParseString(resource.Raw())
		if err != nil {
			return nil, err
		}
		return pathPatch(doc)
	}
	if resource.Get("resourceType").String() != "Binary" || resource.Get("contentType").String() != patchType {
		return nil, noPatch()
	}
	b, err := base64.StdEncoding.DecodeString(resource.Get("data").String())
	if err != nil {
		return nil, issue.New(issue.Structure, "patch.malformed").At("resource.data")
	}
	return jsonPatch(string(b))
}

// readAll reads the body.
func readAll(r *http.Request) ([]byte, error) {
	b, err := io.ReadAll(r.Body)
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return nil, issue.New(issue.TooLong, "fhirapi.body.large", maxBody>>20)
	case err != nil:
		return nil, issue.New(issue.Structure, "fhirapi.body.broken")
	}
	return b, nil
}

// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"mach/blob"
	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// exportArgs are what an export was asked for.
type exportArgs struct {
	Types   []string            `json:"types"`
	Owners  []string            `json:"owners,omitempty"` // see [store.Bulk]
	Since   int64               `json:"since,omitempty"`
	Filters map[string][]string `json:"filters,omitempty"` // queries by type
	// Elements are names of elements, or Type.name; nil = all.
	Elements []string `json:"elements,omitempty"`
	named    []string // persons that were asked for
}

// passes is how often an export goes through a type: with _since the types come
// again for what was deleted of them.
func (a exportArgs) passes() int {
	if a.Since > 0 {
		return 2 * len(a.Types)
	}
	return len(a.Types)
}

// pass is the type of one of the passes, and whether it is for what was deleted.
func (a exportArgs) pass(n int) (typ string, deleted bool) {
	return a.Types[n%len(a.Types)], n >= len(a.Types)
}

// exportPlace is where an export goes on.
type exportPlace struct {
	Type int             `json:"type"` // the pass
	At   store.BulkPlace `json:"at"`
	Part int64           `json:"part"` // number of the next part
	Rows int64           `json:"rows"` // so far
}

// Export asks for an export: of everything ("" as level), of what belongs to
// persons ("Patient") or to the members of a group ("Group/id"). It returns the
// id of the job. What it does not understand among the parameters is refused,
// unless lenient. Errors: Invalid, NotSupported, NotFound (the group),
// Forbidden, Throttled.
func (m *Module) Export(ctx context.Context, d store.Door, url, level string, params [][2]string, lenient bool) (string, error) {
	args := exportArgs{}
	var err error
	switch kind, id, group := strings.Cut(level, "/"); {
	case group:
		if args.Owners, err = m.members(ctx, d, id); err != nil {
			return "", err
		}
	case kind == "Patient":
		args.Owners = []string{"*"}
	}
	for _, p := range params {
		if err := m.parameter(&args, p[0], p[1], lenient, level); err != nil {
			return "", err
		}
	}
	if args.Types == nil {
		args.Types = fhir.Types()
	}
	if err := args.knows(lenient); err != nil {
		return "", err
	}
	if args.named != nil {
		slices.Sort(args.named)
		args.Owners = slices.Compact(args.named)
	}
	a := d.Actor()
	args.Types = slices.DeleteFunc(args.Types, func(typ string) bool { return !m.store.Reaches(a, store.ActSearch, typ) })
	if len(args.Types) == 0 {
		return "", issue.New(issue.Forbidden, "bulk.forbidden")
	}
	return m.ask(ctx, a, "export", ActExport, url, args, "")
}

// members lists the persons of a Group.
func (m *Module) members(ctx context.Context, d store.Door, id string) ([]string, error) {
	group, err := d.Read(ctx, "Group", id)
	if err != nil {
		return nil, err
	}
	owners := map[string]bool{}
	for member := range group.Each("member") {
		if typ, id := member.Get("entity").Reference(); typ == "Patient" && !member.Get("inactive").Bool() {
			owners[id] = true
		}
	}
	if len(owners) > maxMembers {
		return nil, issue.New(issue.TooCostly, "bulk.members", maxMembers)
	}
	if len(owners) == 0 {
		owners[""] = true // nobody: nothing belongs to nobody here
	}
	return slices.Sorted(maps.Keys(owners)), nil
}

// parameter reads one parameter.
func (m *Module) parameter(a *exportArgs, name, value string, lenient bool, level string) error {
	switch name {
	case "_outputFormat":
		format, _, _ := strings.Cut(strings.ReplaceAll(value, " ", "+"), ";")
		if !slices.Contains([]string{"application/fhir+ndjson", "application/ndjson", "ndjson"}, format) {
			return issue.New(issue.NotSupported, "bulk.format", value).At(name)
		}
	case "_since":
		at, err := time.Parse(time.RFC3339, strings.ReplaceAll(value, " ", "+"))
		if err != nil {
			return issue.New(issue.Value, "fhirapi.since", value).At(name)
		}
		a.Since = at.UnixMicro()
	case "_type":
		for typ := range strings.SplitSeq(value, ",") {
			if !slices.Contains(fhir.Types(), typ) {
				return issue.New(issue.Invalid, "search.type.unknown", typ).At(name)
			}
			if !slices.Contains(a.Types, typ) {
				a.Types = append(a.Types, typ)
			}
		}
	case "_elements":
		for one := range strings.SplitSeq(value, ",") {
			if a.Elements = append(a.Elements, strings.TrimSpace(one)); len(a.Elements) > maxElements {
				return issue.New(issue.TooCostly, "bulk.elements", maxElements).At(name)
			}
		}
	case "_typeFilter":
		return m.filter(a, value)
	case "patient":
		if level == "" {
			return issue.New(issue.Invalid, "bulk.parameter", name).At(name)
		}
		id := strings.TrimPrefix(value, "Patient/")
		if level != "Patient" && !slices.Contains(a.Owners, id) {
			return issue.New(issue.Invalid, "bulk.patient").At(name)
		}
		if a.named = append(a.named, id); len(a.named) > maxMembers {
			return issue.New(issue.TooCostly, "bulk.members", maxMembers).At(name)
		}
	case "_format", "_pretty":
	default:
		if !lenient {
			return issue.New(issue.NotSupported, "bulk.parameter", name).At(name)
		}
	}
	return nil
}

const maxFilters = 20 // of one type

// filter reads _typeFilter.
func (m *Module) filter(a *exportArgs, value string) error {
	for _, one := range filters(value) {
		typ, query, _ := strings.Cut(one, "?")
		c, err := m.store.Criteria(typ, query)
		if err == nil && c.Chained() {
			err = issue.New(issue.NotSupported, "bulk.filter.chain", query).At("_typeFilter")
		}
		if err != nil {
			return err
		}
		if a.Filters == nil {
			a.Filters = map[string][]string{}
		}
		if a.Filters[typ] = append(a.Filters[typ], query); len(a.Filters[typ]) > maxFilters {
			return issue.New(issue.TooCostly, "bulk.filters", maxFilters).At("_typeFilter")
		}
	}
	return nil
}

// filters takes "Observation?code=a,b,Condition?…" apart: a comma begins
// another filter only before a type and a question mark.
func filters(text string) []string {
	var out []string
	for piece := range strings.SplitSeq(text, ",") {
		typ, _, asks := strings.Cut(piece, "?")
		if len(out) == 0 || asks && fhir.IsType(typ) {
			out = append(out, piece)
		} else {
			out[len(out)-1] += "," + piece
		}
	}
	return out
}

// export goes on with an export until its end.
func (m *Module) export(ctx context.Context, o store.Office, j *job) error {
	var args exportArgs
	var at exportPlace
	err := json.Unmarshal([]byte(j.args), &args)
	if err == nil && j.place != "" {
		err = json.Unmarshal([]byte(j.place), &at)
	}
	if err != nil {
		return fmt.Errorf("reading an export: %w", err)
	}
	if j.place == "" {
		if err := m.ended(ctx, j); err != nil {
			return err
		}
	}
	for at.Type < args.passes() {
		if at, err = m.part(ctx, o, j, args, at); err != nil {
			return err
		}
	}
	if err := m.disclose(ctx, j); err != nil {
		return err
	}
	return m.end(ctx, o, j, done, "")
}

// skew is how far the clocks of those who write may lie apart, the time until a
// transaction begins with it: an export says that it was made so much earlier, so
// that with _since the next one has whatever this one could miss.
const skew = 5 * time.Second

// asOf is the transactionTime of an export (FHIR Bulk Data Access 2.0, "Response -
// Complete Status"): everything that was changed until then is in it.
func (j *job) asOf() time.Time { return j.made.Add(-skew) }

// openAtMost bounds the wait for commits: what is open longer is none.
const openAtMost = time.Minute

// ended waits for the commits that were under way when the export was asked for:
// each says when it began.
func (m *Module) ended(ctx context.Context, j *job) error {
	for began := time.Now(); ; {
		ended, err := m.store.Ended(ctx, j.made)
		if err != nil || ended || time.Since(began) > openAtMost {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// part writes one part of one type and notes it. A type without rows leaves
// nothing behind.
func (m *Module) part(ctx context.Context, o store.Office, j *job, args exportArgs, at exportPlace) (exportPlace, error) {
	p := &part{n: at.Part}
	p.typ, p.deleted = args.pass(at.Type)
	out := &upload{ctx: ctx, to: m.Blobs}
	who, next, err := m.fill(ctx, j, args, at, out)
	if p.blob, p.size, err = out.close(err); err != nil {
		return at, err
	}
	if p.lines = next.Rows - at.Rows; p.lines == 0 {
		return next, nil // asked again by who goes on with the export
	}
	next.Part++
	if p.who, _, err = m.Blobs.Put(ctx, strings.NewReader(who.text())); err != nil {
		return at, err
	}
	place, err := json.Marshal(next)
	if err != nil {
		return at, err
	}
	err = m.advance(ctx, o, j, p, string(place), fmt.Sprintf("%d/%d passes, %d resources", next.Type, args.passes(), next.Rows))
	if errors.Is(err, errGone) { // nobody will name what was just kept
		return at, errors.Join(err, m.drop(ctx, p.blob), m.drop(ctx, p.who))
	}
	return next, err
}

// upload streams into the blob store, from the first byte on.
type upload struct {
	ctx   context.Context
	to    *blob.Store
	buf   *bufio.Writer // nil = nothing was written
	pipe  *io.PipeWriter
	saved chan saved
}

type saved struct {
	key  blob.Key
	size int64
	err  error
}

// line writes one line.
func (u *upload) line(text string) error {
	if u.buf == nil {
		r, w := io.Pipe()
		u.pipe, u.buf, u.saved = w, bufio.NewWriterSize(w, 1<<18), make(chan saved, 1)
		go func() {
			key, size, err := u.to.Put(u.ctx, r)
			r.CloseWithError(err)
			u.saved <- saved{key, size, err}
		}()
	}
	u.buf.WriteString(text) // a bufio.Writer keeps its first error
	return u.buf.WriteByte('\n')
}

// close ends the blob, or gives it up when something failed before.
func (u *upload) close(err error) (blob.Key, int64, error) {
	if u.buf == nil {
		return "", 0, err
	}
	if err == nil {
		err = u.buf.Flush()
	}
	u.pipe.CloseWithError(err)
	got := <-u.saved
	if err == nil {
		err = got.err
	}
	return got.key, got.size, err
}

// fill writes rows of one type until the part is full or the type ends.
func (m *Module) fill(ctx context.Context, j *job, args exportArgs, at exportPlace, out *upload) (persons, exportPlace, error) {
	who, size := persons{}, 0
	typ, deleted := args.pass(at.Type)
	q := store.Bulk{Type: typ, Owners: args.Owners, Since: args.Since, At: at.At}
	text := args.whole(typ)
	if deleted {
		q.Gone, text = j.made.UnixMicro(), deletion
	}
	for _, query := range args.Filters[q.Type] {
		c, err := m.store.Criteria(q.Type, query)
		if err != nil {
			return who, at, err
		}
		q.Any = append(q.Any, c)
	}
	for size < partBytes {
		if err := m.still(ctx, m.own, j); err != nil {
			return who, at, err
		}
		actor, err := m.Renew(ctx, j.actor)
		if err != nil {
			return who, at, err
		}
		actor.Request = j.id
		rows, next, end, err := m.store.For(actor).Bulk(ctx, q)
		if err != nil {
			return who, at, err
		}
		for _, row := range rows {
			who.add(row.Seen)
			line, err := text(row)
			if err != nil {
				return who, at, err
			}
			size += len(line) + 1
			if err := out.line(line); err != nil {
				return who, at, err
			}
		}
		at.Rows += int64(len(rows))
		if at.At, q.At = next, next; end {
			at.Type, at.At = at.Type+1, store.BulkPlace{}
			break
		}
	}
	return who, at, nil
}

// persons are those of whom a part speaks, as the audit will say it.
type persons map[person]bool

type person struct {
	Patient string `json:"p,omitempty"`
	Labels  string `json:"s,omitempty"` // sensitivity, joined by a space
	Reason  string `json:"r,omitempty"`
}

func (p persons) add(s store.Seen) {
	p[person{s.Labels.Patient, strings.Join(s.Labels.Sensitivity, " "), s.Decision.Reason}] = true
}

// text is one JSON object a line.
func (p persons) text() string {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	for one := range p {
		_ = enc.Encode(one) // texts always encode
	}
	return b.String()
}

const discloseAtOnce = 500

// disclose tells the audit of each person of an export, with the types.
func (m *Module) disclose(ctx context.Context, j *job) error {
	list, err := m.parts(ctx, j.id)
	if err != nil {
		return err
	}
	types := map[person][]string{}
	for _, p := range list {
		if p.who == "" {
			continue
		}
		if err := m.readPersons(ctx, p.who, func(one person) {
			if had := types[one]; !slices.Contains(had, p.typ) {
				types[one] = append(had, p.typ)
			}
		}); err != nil {
			return err
		}
	}
	actor := j.actor
	actor.Request = j.id
	door := m.store.For(actor)
	var seen []store.Seen
	for one, all := range types {
		slices.Sort(all)
		seen = append(seen, store.Seen{Labels: store.Labels{Patient: one.Patient, Sensitivity: strings.Fields(one.Labels)}, Types: all,
			Decision: store.Decision{Allow: true, Reason: one.Reason}})
	}
	for chunk := range slices.Chunk(seen, discloseAtOnce) {
		if err := m.still(ctx, m.own, j); err != nil {
			return err
		}
		if err := door.Disclose(ctx, ActExport, chunk); err != nil {
			return err
		}
	}
	return nil
}

func (m *Module) readPersons(ctx context.Context, key blob.Key, each func(person)) error {
	rc, err := m.Blobs.Open(ctx, key)
	if err != nil {
		return err
	}
	defer rc.Close()
	for dec := json.NewDecoder(rc); ; {
		var one person
		switch err := dec.Decode(&one); {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("reading whom a part speaks of: %w", err)
		}
		each(one)
	}
}

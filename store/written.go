// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"mach/fhir"
)

// written is one resource version of a commit in progress. Search labels it,
// indexes it and derives relations from it.
type written struct {
	step   int       // the operation it comes from; -1 for a relabelled one
	doc    *fhir.Doc // as stored; nil for a delete
	before *fhir.Doc // the version it supersedes; nil for a create
	was    *Labels   // labels of that version; nil for a create
	Labels Labels
	typ    string
	id     string
	rid    int64
	t      int64 // shard: bucket of Labels.Patient
	ver    int64
	op     string // create, update, delete
	at     time.Time
	old    *stored // the row it supersedes; nil when there was none
	reason string
	idle   bool      // judged, but there is nothing to write
	lab    *labelled // nil for a delete
}

// The words of res.op and change.op.
const (
	wordCreate = "create"
	wordUpdate = "update"
	wordDelete = "delete"
)

// Seen is one resource, or several of one person, about to be shown: what the
// audit says of it.
type Seen struct {
	Labels   Labels
	Types    []string // resource types, sorted; nil = Labels.Type
	Decision Decision
}

// stored is one row of res.
type stored struct {
	rid, t, ver, upd int64
	op, actor        string
	del              int
	body             string
	labels           Labels
}

const storedColumns = "res.rid, res.t, res.ver, res.upd, res.op, res.actor, res.del, res.body, " + labelColumns

func scanStored(scan func(...any) error) (*stored, error) {
	var s stored
	var l labelRow
	if err := scan(append([]any{&s.rid, &s.t, &s.ver, &s.upd, &s.op, &s.actor, &s.del, &s.body}, l.dest()...)...); err != nil {
		return nil, err
	}
	s.labels = l.labels()
	return &s, nil
}

// doc parses the body; nil for a deleted resource.
func (s *stored) doc() (*fhir.Doc, error) {
	if s.del != 0 {
		return nil, nil
	}
	doc, err := fhir.ParseString(s.body)
	if err != nil {
		return nil, fmt.Errorf("parsing a stored %s: %w", s.labels.Type, err)
	}
	return doc, nil
}

// byKey finds a row of res by hash64(Type/id), type and id.
const byKey = "kh = ? and typ = ? and id = ?"

// load reads one resource as it is now, nil when there never was one.
func load(ctx context.Context, r reader, typ, id string) (*stored, error) {
	var found *stored
	err := r.Rows(ctx, `select `+storedColumns+` from res where `+byKey,
		[]any{hash64(typ + "/" + id), typ, id}, func(scan func(...any) error) (err error) {
			found, err = scanStored(scan)
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("reading a %s: %w", typ, err)
	}
	return found, nil
}

// loadAll reads resources by "Type/id" and, on PostgreSQL, locks them until
// the commit ends, in one order so that two commits never wait for each other.
func (t *commitTx) loadAll(ctx context.Context, refs []string) (map[string]*stored, error) {
	found := make(map[string]*stored, len(refs))
	keep := func(scan func(...any) error) error {
		s, err := scanStored(scan)
		if err == nil {
			found[s.labels.Type+"/"+s.labels.ID] = s
		}
		return err
	}
	if len(refs) == 0 {
		return found, nil
	}
	if t.pg != nil {
		keys := make([]int64, len(refs))
		for i, ref := range refs {
			keys[i] = hash64(ref)
		}
		err := t.Rows(ctx, `select `+storedColumns+` from res where kh = any(?) order by kh for update`, []any{keys}, keep)
		return found, err
	}
	for _, ref := range refs {
		typ, id, _ := strings.Cut(ref, "/")
		err := t.Rows(ctx, `select `+storedColumns+` from res where `+byKey, []any{hash64(ref), typ, id}, keep)
		if err != nil {
			return nil, err
		}
	}
	return found, nil
}

// shards is the number of buckets that persons fall into.
const shards = 256

// shardOf returns the bucket of a person, 1 … 256; 0 for nobody. The patient
// of a resource never changes, so neither does its bucket.
func shardOf(patient string) int64 {
	if patient == "" {
		return 0
	}
	h := fnv.New32a()
	h.Write([]byte(patient))
	return int64(h.Sum32()%shards) + 1
}

// ridMaker makes row ids that grow with time: 41 bits of milliseconds since
// 2024, 10 of this process, 12 of a counter.
type ridMaker struct {
	mu   sync.Mutex
	node int64
	last int64 // milliseconds and counter
}

const ridEpoch = 1704067200000 // 2024-01-01

func newRidMaker() *ridMaker { return &ridMaker{node: rand.Int64N(1 << 10)} }

func (m *ridMaker) next() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last = max(m.last+1, (time.Now().UnixMilli()-ridEpoch)<<12)
	return m.last>>12<<22 | m.node<<12 | m.last&0xfff
}

// ridTime is when an id was made.
func ridTime(id int64) time.Time { return time.UnixMilli(id>>22 + ridEpoch) }

func versionID(v int64) string { return strconv.FormatInt(v, 10) }

// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"mach/blob"
	"mach/issue"
	"mach/store"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Config is what the module is told.
type Config struct {
	Blobs *blob.Store
	// Renew returns an actor with the rights he has now; an error of code Login
	// says that he has none any more. nil = as he was.
	Renew func(ctx context.Context, a store.Actor) (store.Actor, error)
	// Import takes NDJSON in as the actor and writes the report of mach import.
	Import func(ctx context.Context, a store.Actor, lang string, in io.Reader, report io.Writer) error
	// Hosts are those that $import may fetch from.
	Hosts []string
	// Private lets them be on private networks, and use http.
	Private bool
	Now     func() time.Time
	Log     *slog.Logger
}

// Module runs bulk jobs. It is safe for concurrent use.
type Module struct {
	Config
	store *store.Store
	own   *store.Primary
	fetch fetcher
	asked chan struct{} // a job came in this process
	pause time.Duration // of a job that could not go on
	tries int           // how often it may not, in one term of office
}

// Bounds.
const (
	keptFor    = 24 * time.Hour // results
	openJobs   = 5              // of one account at once
	keptJobs   = 50             // of one account, with those that ended and are kept
	partBytes  = 64 << 20       // of one file
	maxMembers = 100_000        // of a Group
	workers    = 2              // jobs at once
)

// States of a job.
const (
	waiting = "waiting" // or under way
	done    = "done"
	failed  = "failed"
)

// New prepares the tables and takes on the duty of doing the jobs.
func New(ctx context.Context, s *store.Store, c Config) (*Module, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	own, err := s.Primary(ctx, "bulk", files)
	if err != nil {
		return nil, fmt.Errorf("tables of bulk jobs: %w", err)
	}
	if c.Renew == nil {
		c.Renew = func(_ context.Context, a store.Actor) (store.Actor, error) { return a, nil }
	}
	m := &Module{Config: c, store: s, own: own, fetch: newFetcher(c.Private), asked: make(chan struct{}, 1), pause: againAfter, tries: 30}
	s.OnDuty(m.duty)
	return m, nil
}

// job is one row.
type job struct {
	id, kind, account string
	actor             store.Actor
	url, args         string
	input             blob.Key // what an import takes in; "" = nothing is kept
	made, ended       time.Time
	status, progress  string
	place             string
}

// Actions that jobs add to the audit.
const (
	ActExport   store.Action = "export"
	ActImport   store.Action = "import"
	ActDownload store.Action = "download"
)

// ask makes a job, with its line in the audit, and returns its id.
func (m *Module) ask(ctx context.Context, a store.Actor, kind string, act store.Action, url string, args any, input blob.Key) (string, error) {
	text, err := json.Marshal(args)
	if err != nil {
		return "", err
	}
	id := store.NewID()
	a.Request = id
	actor, err := json.Marshal(a)
	if err != nil {
		return "", err
	}
	var open, kept int
	err = m.own.In(ctx, func(tx store.Tx) error {
		if _, err := tx.Row(ctx, []any{&open, &kept}, `select coalesce(sum(case when status = ? then 1 else 0 end), 0), count(*) from bulk_job where account = ?`,
			waiting, a.Account); err != nil || open >= openJobs || kept >= keptJobs {
			return err
		}
		if err := m.own.Note(ctx, tx, a, act, store.Labels{Type: "Bundle", ID: id}, store.Decision{Allow: true, Reason: "asked"}); err != nil {
			return err
		}
		return tx.Exec(ctx, `insert into bulk_job (id, kind, account, actor, url, args, made, status, progress, place, ended, input) values (?, ?, ?, ?, ?, ?, ?, ?, '', '', 0, ?)`,
			id, kind, a.Account, string(actor), url, string(text), m.Now().UnixMicro(), waiting, string(input))
	})
	var e *issue.Error
	switch {
	case err != nil:
	case open >= openJobs:
		e = issue.New(issue.Throttled, "bulk.many", openJobs)
	case kept >= keptJobs:
		e = issue.New(issue.Throttled, "bulk.kept", keptJobs)
	}
	if e != nil {
		e.Retry = 60
		err = e
	}
	if err != nil && input != "" {
		err = errors.Join(err, m.drop(ctx, input))
	}
	select {
	case m.asked <- struct{}{}:
	default:
	}
	return id, err
}

const jobColumns = `id, kind, account, actor, url, args, made, status, progress, place, ended, input`

// jobs reads rows.
func (m *Module) jobs(ctx context.Context, where string, args ...any) ([]*job, error) {
	var list []*job
	err := m.own.Rows(ctx, `select `+jobColumns+` from bulk_job where `+where, args, func(scan func(...any) error) error {
		j := new(job)
		var made, ended int64
		var actor string
		if err := scan(&j.id, &j.kind, &j.account, &actor, &j.url, &j.args, &made, &j.status, &j.progress, &j.place, &ended, &j.input); err != nil {
			return err
		}
		if j.made = time.UnixMicro(made).UTC(); ended > 0 {
			j.ended = time.UnixMicro(ended).UTC()
		}
		list = append(list, j)
		return json.Unmarshal([]byte(actor), &j.actor)
	})
	return list, err
}

// find returns a job of the actor: another's is not there, nor one of the same
// account that was asked for in another role or place, or with scopes that the
// asker has not.
func (m *Module) find(ctx context.Context, a store.Actor, id string) (*job, error) {
	list, err := m.jobs(ctx, `id = ?`, id)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 || a.Account == "" || list[0].account != a.Account || !covers(a, list[0].actor) {
		return nil, issue.New(issue.NotFound, "bulk.unknown")
	}
	return list[0], nil
}

// covers reports whether an actor stands where another of his account stood and
// has his scopes: so nothing leaves by a narrower token than it came by.
func covers(a, was store.Actor) bool {
	if a.Role != was.Role || a.Facility != was.Facility || a.Unit != was.Unit || a.Patient != was.Patient {
		return false
	}
	if a.Scopes == nil {
		return true
	}
	return was.Scopes != nil && a.Record == was.Record &&
		!slices.ContainsFunc(was.Scopes, func(scope string) bool { return !slices.Contains(a.Scopes, scope) })
}

// part is one finished file.
type part struct {
	n, lines, size int64
	typ            string
	deleted        bool // it says what was deleted of the type
	blob, who      blob.Key
}

func (m *Module) parts(ctx context.Context, id string) ([]part, error) {
	var list []part
	err := m.own.Rows(ctx, `select n, type, lines, size, blob, who, deleted from bulk_part where job = ? order by n`, []any{id}, func(scan func(...any) error) error {
		var p part
		var deleted int
		err := scan(&p.n, &p.typ, &p.lines, &p.size, &p.blob, &p.who, &deleted)
		p.deleted = deleted != 0
		list = append(list, p)
		return err
	})
	return list, err
}

// forget removes a job with what it made. A worker that is at it finds no row
// to write to.
func (m *Module) forget(ctx context.Context, id string) error {
	list, err := m.parts(ctx, id)
	if err != nil {
		return err
	}
	jobs, err := m.jobs(ctx, `id = ?`, id)
	if err != nil {
		return err
	}
	err = m.own.In(ctx, func(tx store.Tx) error {
		return errors.Join(tx.Exec(ctx, `delete from bulk_part where job = ?`, id), tx.Exec(ctx, `delete from bulk_job where id = ?`, id))
	})
	if err != nil {
		return err
	}
	for _, p := range list {
		if err := errors.Join(m.drop(ctx, p.blob), m.drop(ctx, p.who)); err != nil {
			return err
		}
	}
	for _, j := range jobs {
		if err := m.drop(ctx, j.input); err != nil {
			return err
		}
	}
	return nil
}

// drop deletes an input, or a blob that no part names any more: equal parts are
// kept once.
func (m *Module) drop(ctx context.Context, key blob.Key) error {
	if key == "" {
		return nil
	}
	var n int
	if _, err := m.own.Row(ctx, []any{&n}, `select count(*) from bulk_part where blob = ? or who = ?`, string(key), string(key)); err != nil || n > 0 {
		return err
	}
	return m.Blobs.Delete(ctx, key)
}

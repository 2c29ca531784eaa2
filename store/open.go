// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/cipher"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the SQLite driver

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

//go:embed migrations
var migrations embed.FS

// Config says where the data lies and what the store is to know.
type Config struct {
	// Dir is the data folder: data.db, reads.*, views.db, keys/ and blobs/. It is made
	// when missing.
	Dir string
	// Database is a postgres:// URL; empty = SQLite in Dir. Resources then lie
	// in schema mach, views in schema views.
	Database string
	// Partitions, when not 0, spreads the tables of a new PostgreSQL database
	// over so many partitions by hash of t.
	Partitions int
	// Cache is in how many MB of memory all connections of SQLite keep pages; 0 = 256.
	Cache int
	// Guard decides; nil refuses everything but the system's own work.
	Guard Guard
	// Now is the clock; nil = time.Now.
	Now func() time.Time
	// Site names this installation in changes and audit rows; "" = "hub".
	Site string
	// Log receives what nobody waits for; nil = slog.Default().
	Log *slog.Logger
	// Wake is told "view:<name>" after each batch of a view; nil = nobody.
	Wake func(topic string)
	// Sensitivity gives the labels of a code, or, with system and code empty,
	// of what is named by words alone; nil = none.
	Sensitivity func(system, code, display string) []string
	// UnitOf resolves the code and version of an /ext/unit; nil = unknown.
	UnitOf func(code, version string) vn.UnitID
	// Below lists a unit and every unit under it, of any generation; nil =
	// searches leave units to the guard.
	Below func(unit vn.UnitID) []vn.UnitID
	// Terminology answers :in, :not-in, :above and :below of tokens; nil = they
	// are refused.
	Terminology Terminology
	// Validate finds what is wrong with a document that is to be written; nil =
	// shape and invariants of R4, no profiles.
	Validate func(doc *fhir.Doc) []issue.Issue
	// Committed is told of every commit that wrote, with its operations and how
	// long the asker waited; nil = nobody counts.
	Committed func(operations int, took time.Duration)
	// Trace is shown every statement of a request before it runs, with the
	// request's id; nil = nobody looks. Tests prove with it that no body is
	// read without an audit row.
	Trace func(request, statement string)
}

// Store holds the data. Make one with [Open]; it is safe for concurrent use.
type Store struct {
	cfg     Config
	log     *slog.Logger
	pg      *pgxpool.Pool // nil on SQLite
	read    *pool         // data, for reading
	views   *pool         // view tables, for reading
	fold    *pool         // view tables, for the followers: one connection on SQLite
	write   writing       // data, for writing
	audits  *auditor      // audit rows of what is read; nil on SQLite before Start
	journal *journal      // where they go; nil on PostgreSQL
	probes  probes        // of what there is much
	seen    *seen         // which audit rows a request has already written
	leads   *leadership
	ids     *ridMaker

	cursors atomic.Pointer[cipher.AEAD] // seals where the next page of a search begins
	own     atomic.Pointer[ownParams]   // of SearchParameter resources
	asked   asked                       // the queries of scopes
	form    atomic.Bool                 // all index rows are of indexForm
	knowing sync.Mutex                  // one looks for changes of own at a time
	settle  time.Duration               // settling, but for tests

	followers []*following
	duties    []Duty
	vets      map[string]Vet // by type
	moved     *signal        // something was committed
	logged    *signal        // the log grew
	viewed    *signal        // a view advanced
	stop      context.CancelFunc
	running   sync.WaitGroup
	closing   sync.Once
}

// writing runs units of work, each one transaction: all or nothing, durable
// when it returns.
type writing interface {
	do(ctx context.Context, work func(tx *commitTx) error) error
	close() error
}

// Open opens or makes the data folder (and the database), brings the schema
// up to date and returns the store. Nothing follows the log before
// [Store.Start]; a second process may Open the same data, but not Start it.
func Open(ctx context.Context, c Config) (*Store, error) {
	c = c.defaults()
	if err := os.MkdirAll(filepath.Join(c.Dir, "keys"), 0o700); err != nil {
		return nil, fmt.Errorf("making the data folder: %w", err)
	}
	s := &Store{cfg: c, log: c.Log, seen: newSeen(), ids: newRidMaker(), moved: newSignal(), logged: newSignal(), viewed: newSignal(), settle: settling}
	open := s.openSQLite
	if c.Database != "" {
		open = s.openPostgres
	}
	err := open(ctx)
	if err == nil {
		err = s.openIndex(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("opening the database: %w", err), s.Close())
	}
	return s, nil
}

func (c Config) defaults() Config {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Cache <= 0 {
		c.Cache = sqliteCache
	}
	if c.Site == "" {
		c.Site = "hub"
	}
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if c.Guard == nil {
		c.Guard = closed{}
	}
	if c.Wake == nil {
		c.Wake = func(string) {}
	}
	if c.Validate == nil {
		c.Validate = r4Validator().ValidateEntry
	}
	if c.Sensitivity == nil {
		c.Sensitivity = func(string, string, string) []string { return nil }
	}
	if c.UnitOf == nil {
		c.UnitOf = func(string, string) vn.UnitID { return 0 }
	}
	return c
}

// closed is the guard of a store without one.
type closed struct{}

func (closed) Judge(a Actor, _ Action, _ Labels, _ []Relation, _ time.Time) Decision {
	return Decision{Allow: a.Role == System, Reason: "no-guard"}
}

func (closed) Reach(a Actor, _ Action, _ string) Reach { return Reach{All: a.Role == System} }

// Close stops following and closes the databases. Work under way is finished.
// Closing again does nothing.
func (s *Store) Close() (err error) {
	s.closing.Do(func() { err = s.close() })
	return err
}

func (s *Store) close() error {
	if s.stop != nil {
		s.stop()
		s.running.Wait()
	}
	var errs []error
	if s.audits != nil {
		s.audits.close()
	}
	if s.leads != nil {
		errs = append(errs, s.resign())
	}
	if s.journal != nil {
		errs = append(errs, s.journal.close())
	}
	if s.write != nil {
		errs = append(errs, s.write.close())
	}
	for _, p := range []*pool{s.read, s.views, s.fold} {
		if p != nil {
			errs = append(errs, p.close())
		}
	}
	if s.pg != nil {
		s.pg.Close()
	}
	return errors.Join(errs...)
}

// sqliteDSN lists the pragmas in the order they must run: a busy database is
// waited for before anything else is asked of it. A path may hold what has a
// meaning in an address.
func sqliteDSN(path string, pragmas ...string) string {
	addressed := strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23")
	q := url.Values{"_txlock": {"immediate"}}
	for _, p := range append([]string{"busy_timeout(10000)", "foreign_keys(1)", "temp_store(memory)"}, pragmas...) {
		q.Add("_pragma", p)
	}
	return "file:" + addressed.Replace(path) + "?" + q.Encode()
}

const (
	sqliteReaders  = 4
	sqliteCache    = 256 // MB
	postgresConns  = 16
	sqliteDataFile = "data.db"
	sqliteViewFile = "views.db"
)

// openSQLite opens two files. data.db has one writer with synchronous=FULL: an
// acknowledged write survives a power cut. views.db can be rebuilt, so its
// writer may lose the last transactions; the position goes with them.
func (s *Store) openSQLite(ctx context.Context) error {
	data := filepath.Join(s.cfg.Dir, sqliteDataFile)
	views := filepath.Join(s.cfg.Dir, sqliteViewFile)
	for _, path := range []string{data, views} { // its -wal and -shm get the same rights
		// One that is there is not touched: closing it would undo SQLite's locks.
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
		if err == nil {
			err = f.Close()
		}
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	// share is a connection's of the cache, in 24ths. SQLite counts a page of 4 KiB
	// without its header and what else lies in its slot.
	open := func(path string, conns, share int, pragmas ...string) (*pool, error) {
		pragmas = append(pragmas, fmt.Sprintf("cache_size(-%d)", s.cfg.Cache*1024*share/24*pageLeast/pageSlot))
		db, err := sql.Open("sqlite", sqliteDSN(path, pragmas...))
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(conns)
		db.SetMaxIdleConns(conns)
		return newPool(db, false, s.cfg.Trace), db.PingContext(ctx)
	}
	writer, err := open(data, 1, 8, "journal_mode(wal)", "synchronous(full)", "wal_autocheckpoint(4000)")
	if err != nil {
		return err
	}
	if err := migrate(ctx, writer, "store", sub("migrations")); err != nil {
		return errors.Join(err, writer.close())
	}
	if s.write, err = newGroupWriter(writer); err != nil {
		return err
	}
	s.journal = &journal{dir: s.cfg.Dir}
	if s.fold, err = open(views, 1, 4, "journal_mode(wal)", "synchronous(normal)", "wal_autocheckpoint(4000)"); err != nil {
		return err
	}
	s.fold.single = true
	if err := migrate(ctx, s.fold, "views", sub("migrations/views")); err != nil {
		return err
	}
	if s.read, err = open(data, sqliteReaders, 2, "query_only(1)"); err != nil {
		return err
	}
	s.views, err = open(views, sqliteReaders, 1, "query_only(1)")
	return err
}

// asWritten makes PostgreSQL run the statements on the data as they are
// written: tables in their order, each by an index and in its order (a bitmap of
// all rows, sorted, would be 60,000 rows for a page of 20), planned once a
// connection. So its statistics, or their absence, change nothing; [path] plans.
var asWritten = map[string]string{
	"plan_cache_mode": "force_generic_plan", "join_collapse_limit": "1", "jit": "off",
	"enable_seqscan": "off", "enable_hashjoin": "off", "enable_mergejoin": "off", "enable_material": "off", "enable_bitmapscan": "off",
}

func (s *Store) openPostgres(ctx context.Context) error {
	connect := func(schema string, conns int32, params map[string]string) (*pgxpool.Pool, error) {
		pc, err := pgxpool.ParseConfig(s.cfg.Database)
		if err != nil {
			return nil, err
		}
		pc.MaxConns = conns
		pc.ConnConfig.RuntimeParams["search_path"] = schema
		pc.ConnConfig.RuntimeParams["application_name"] = "mach"
		for k, v := range params {
			pc.ConnConfig.RuntimeParams[k] = v
		}
		return pgxpool.NewWithConfig(ctx, pc)
	}
	var err error
	if s.pg, err = connect("mach", postgresConns, asWritten); err != nil {
		return err
	}
	if err := makeSchemas(ctx, s.pg); err != nil {
		return err
	}
	s.read = newPool(stdlib.OpenDBFromPool(s.pg), true, s.cfg.Trace)
	s.read.under = s.pg
	if err := migrate(ctx, s.read, "store", sub("migrations")); err != nil {
		return err
	}
	if s.cfg.Partitions > 0 {
		if err := s.partition(ctx); err != nil {
			return err
		}
	}
	s.write, s.audits = &pgWriter{pool: s.pg, trace: s.cfg.Trace}, newAuditor(pendingWriters, s.writePending)
	// A view may lose its last transactions with their position: it follows again.
	views, err := connect("views", postgresConns, map[string]string{"synchronous_commit": "off", "jit": "off"})
	if err != nil {
		return err
	}
	s.views = newPool(stdlib.OpenDBFromPool(views), true, s.cfg.Trace)
	s.views.under = views
	s.fold = s.views
	return migrate(ctx, s.views, "views", sub("migrations/views"))
}

// makeSchemas may meet another process that starts on the same new database: then
// one of them is told that the schema exists, if it does not exist.
func makeSchemas(ctx context.Context, pool *pgxpool.Pool) error {
	var wait patience
	for {
		_, err := pool.Exec(ctx, "create schema if not exists mach; create schema if not exists views")
		var e *pgconn.PgError
		if err == nil || !(errors.As(err, &e) && (e.Code == "23505" || e.Code == "42P06")) && !wait.again(ctx, err) {
			return err
		}
	}
}

func sub(dir string) fs.FS {
	f, err := fs.Sub(migrations, dir)
	if err != nil {
		panic(err) // impossible: the folder is embedded
	}
	return f
}

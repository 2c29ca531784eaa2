// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// leadership says which process numbers, follows and seals.
//
// SQLite: the one that holds the lock on DIR/leader.lock. PostgreSQL: the one
// that renews its lease, two rows of one table, so that nothing is asked of the
// engine but transactions. The row 'pulse' says until when it stands, by the
// clock of the database; who finds it run out takes it and raises the fencing
// number in the row 'leader', which each transaction of the leader checks and
// holds. A leader that was cut off, or slept, can therefore write nothing any
// more. Heartbeats leave that row alone: they wait for nobody's work.
type leadership struct {
	mu     sync.Mutex
	fence  int64  // 0 = not leading
	holder string // of this term; PostgreSQL
	file   *os.File
}

// A lease stands for leaseTerm after each heartbeat; that is how long nobody
// leads when a leader dies. One that cannot renew it stops a little earlier.
const (
	leadRetry  = 500 * time.Millisecond
	leaseTerm  = 3 * time.Second
	leaseDoubt = leaseTerm - 2*leadRetry
)

var errFenced = errors.New("another process leads now")

func (l *leadership) leading() bool { return l.term() != 0 }

func (l *leadership) term() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fence
}

// still fails when the term of this leader has ended.
func (l *leadership) still(ctx context.Context, tx *connTx) error {
	if !tx.pg {
		return nil
	}
	var one int
	found, err := tx.Row(ctx, []any{&one}, `select 1 from mach.lease where name = 'leader' and fence = ? for share`, l.term())
	if err == nil && !found {
		err = errFenced
	}
	return err
}

// lead takes the office and starts its work.
func (s *Store) lead(ctx context.Context) error {
	s.leads = new(leadership)
	if s.pg != nil {
		first, err := s.electPostgres(ctx)
		if err != nil {
			return err
		}
		if first {
			if err := s.prepareViews(ctx); err != nil {
				s.leave(ctx)
				return err
			}
		}
		s.spawn(func() { s.terms(ctx, first) })
		return nil
	}
	if err := s.lockFolder(); err != nil {
		return err
	}
	err := s.prepareViews(ctx)
	if err == nil {
		err = s.startJournal(ctx)
	}
	if err != nil {
		s.leave(ctx)
		return err
	}
	for _, f := range []func(context.Context){s.watch, s.follow, s.sealing} {
		s.spawn(func() { f(ctx) })
	}
	for _, d := range s.duties {
		s.spawn(func() { s.serve(ctx, d) })
	}
	return nil
}

func (s *Store) spawn(work func()) {
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		work()
	}()
}

// ErrLed is what [Store.Start] returns on SQLite when another process has
// started on the folder: that one follows the log.
var ErrLed = errors.New("another process serves this data folder")

func (s *Store) lockFolder() error {
	f, err := os.OpenFile(filepath.Join(s.cfg.Dir, "leader.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("%w: %w", ErrLed, err)
	}
	s.leads.mu.Lock()
	defer s.leads.mu.Unlock()
	s.leads.file, s.leads.fence = f, 1
	return nil
}

// clock is now by the clock of the database, in µs.
const clock = `(extract(epoch from clock_timestamp()) * 1000000)::bigint`

const (
	takePulse = `insert into lease (name, holder, fence, until) values ('pulse', ?, 0, ` + clock + ` + ?)
		on conflict (name) do update set holder = excluded.holder, until = excluded.until where lease.until < ` + clock + ` returning 1`
	raiseFence = `insert into lease (name, holder, fence, until) values ('leader', ?, 1, 0)
		on conflict (name) do update set holder = excluded.holder, fence = lease.fence + 1 returning fence`
	renewPulse = `update lease set until = ` + clock + ` + ? where name = 'pulse' and holder = ? returning 1`
	dropPulse  = `update lease set until = 0 where name = 'pulse' and holder = ?`
)

// electPostgres tries once to become the leader.
func (s *Store) electPostgres(ctx context.Context) (bool, error) {
	holder, fence := s.cfg.Site+" "+NewID(), int64(0)
	err := s.write.do(ctx, func(tx *commitTx) error {
		fence = 0
		var one int
		found, err := tx.Row(ctx, []any{&one}, takePulse, holder, leaseTerm.Microseconds())
		if err == nil && found {
			_, err = tx.Row(ctx, []any{&fence}, raiseFence, holder)
		}
		return err
	})
	if err != nil || fence == 0 {
		return false, err
	}
	s.leads.mu.Lock()
	defer s.leads.mu.Unlock()
	s.leads.holder, s.leads.fence = holder, fence
	return true, nil
}

// renewLease moves the end of the lease on, until ctx ends; it returns when the lease
// was taken by another process or can no longer be known to stand.
func (s *Store) renewLease(ctx context.Context) error {
	sure := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(leadRetry):
		}
		began := time.Now()
		var one int
		trying, done := context.WithTimeout(ctx, leadRetry)
		found, err := s.read.Row(trying, []any{&one}, renewPulse, leaseTerm.Microseconds(), s.leads.holder)
		done()
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && !found:
			return errFenced
		case err == nil:
			sure = began
		case time.Since(sure) > leaseDoubt:
			return err
		}
	}
}

// terms leads while this process holds the lock and stands by otherwise.
func (s *Store) terms(ctx context.Context, elected bool) {
	for ctx.Err() == nil {
		if !elected {
			var err error
			if elected, err = s.electPostgres(ctx); err == nil && elected {
				err = s.prepareViews(ctx)
			}
			if err != nil && elected { // somebody else may have more luck
				s.leave(ctx)
				elected = false
			}
			if err != nil && ctx.Err() == nil {
				s.log.Error("not leading", "error", err)
			}
		}
		if elected {
			s.term(ctx)
		}
		elected = false
		select {
		case <-ctx.Done():
		case <-time.After(leadRetry):
		}
	}
}

// term works as leader until ctx ends or the lock is lost.
func (s *Store) term(stop context.Context) {
	ctx, end := context.WithCancel(stop)
	var work sync.WaitGroup
	for _, f := range []func(context.Context){s.sequence, s.follow, s.sealing} {
		work.Add(1)
		go func() {
			defer work.Done()
			f(ctx)
		}()
	}
	for _, d := range s.duties {
		work.Go(func() { s.serve(ctx, d) })
	}
	if err := s.renewLease(ctx); err != nil {
		s.log.Warn("lost the lead", "error", err)
	}
	end()
	work.Wait()
	if stop.Err() != nil { // still in office: what was written last is sealed too
		if err := s.Seal(context.WithoutCancel(stop)); err != nil {
			s.log.Error("audit not sealed", "error", err)
		}
	}
	s.leave(stop)
}

// leave gives the office up, so that another process need not wait for the lease
// to run out.
func (s *Store) leave(ctx context.Context) {
	if s.pg != nil && s.leads.leading() {
		ctx, done := context.WithTimeout(context.WithoutCancel(ctx), leadRetry)
		defer done()
		if _, err := s.pg.Exec(ctx, rebind(dropPulse), s.leads.holder); err != nil {
			s.log.Warn("lease not given back", "error", err)
		}
	}
	l := s.leads
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fence = 0
	if l.file != nil {
		l.file.Close()
		l.file = nil
	}
}

const (
	sequenceBatch = 5000
	sequenceEvery = 20 * time.Millisecond  // at most; who is first does not wait
	sequencePoll  = 100 * time.Millisecond // commits of other processes
	watchPoll     = 250 * time.Millisecond // the same, on SQLite
)

// watch tells of what other processes write to the SQLite file: they number it.
func (s *Store) watch(ctx context.Context) {
	known := int64(0)
	every(ctx, watchPoll, func() {
		last, err := s.Last(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Error("end of the log not read", "error", err)
		}
		if last > known {
			known = last
			s.logged.set()
		}
	})
}

// sequence numbers what committed transactions left in the waiting rooms.
// Numbering happens after commit, so "after number n" never misses a line.
// Changes are numbered soon, since views wait for them; the audit at each poll,
// which asks first whether anything waits.
func (s *Store) sequence(ctx context.Context) {
	var polled time.Time
	for ctx.Err() == nil {
		moved := s.moved.next()
		next := time.Now().Add(sequenceEvery)
		changes, audit, err := true, false, error(nil)
		if time.Since(polled) >= sequencePoll {
			polled = time.Now()
			err = s.pg.QueryRow(ctx, `select exists (select 1 from pending), exists (select 1 from pending_audit)`).Scan(&changes, &audit)
		}
		var n, m int64
		if changes && err == nil {
			n, err = s.number(ctx, numberChanges)
		}
		if audit && err == nil {
			m, err = s.number(ctx, numberAudit)
		}
		if err != nil && ctx.Err() == nil {
			s.log.Error("log not numbered", "error", err)
		}
		if n > 0 {
			s.logged.set()
		}
		if m == sequenceBatch {
			polled = time.Time{}
		}
		if n == sequenceBatch || m == sequenceBatch {
			continue
		}
		select {
		case <-ctx.Done():
		case <-moved:
		case <-time.After(sequencePoll):
		}
		pause(ctx, time.Until(next))
	}
}

var numberChanges, numberAudit = numbering("pending", "change", "rid, t, ver, op, at, site, actor, facility, unit, sens", ""),
	numbering("pending_audit", "audit", auditColumns, `,
		told as (insert into audit_patient (patient, seq) select p, seq from numbered, unnest(string_to_array(patient, ' ')) p where p <> '' on conflict do nothing)`)

// numbering is the statement that moves rows out of a waiting room while the
// term of office lasts: the lease stays locked until they are moved. The array
// keeps the plan linear where statistics say that the waiting room is empty.
func numbering(from, to, columns, besides string) string {
	return `with office as (select 1 from lease where name = 'leader' and fence = $1 and exists (select 1 from ` + from + `) for share),
		moved as (delete from ` + from + ` where exists (select 1 from office) and pid = any(array(select pid from ` + from + ` order by pid limit $2)) returning *),
		numbered as (insert into ` + to + ` (seq, ` + columns + `)
			select (select coalesce(max(seq), 0) from ` + to + `) + row_number() over (order by pid), ` + columns + ` from moved returning *)` + besides + `
		select count(*) from numbered`
}

func (s *Store) number(ctx context.Context, text string) (n int64, err error) {
	err = s.pg.QueryRow(ctx, text, s.leads.term(), sequenceBatch).Scan(&n)
	return n, err
}

// resign seals what is left and gives the office up; the workers have ended.
func (s *Store) resign() error {
	var err error
	if s.leads.file != nil {
		err = s.Seal(context.Background())
	}
	if errors.Is(err, errCutBack) { // `mach check` says so; the server may end
		s.log.Error("audit not sealed", "error", err)
		err = nil
	}
	s.leave(context.Background())
	return err
}

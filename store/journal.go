// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bufio"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"mach/audit"
)

// journal is where the audit rows of what is read from SQLite are durable at
// once, beside the data: a commit of each to the data would make every reader
// read its pages anew. They are folded into the audit a moment later, many in
// one transaction.
//
// A record is its length, a checksum and the canonical form of the row, which
// holds the number of the record. Numbers only grow, also over restarts. The
// transaction that folds notes the last number it took: whatever is in the files
// up to it is done with, whoever folded it and wherever a process was killed.
//
// Two files take turns, one is written while the other is folded and then
// written over from its beginning. A file ends where a record is cut short, or
// has no higher number than the one before it: that one is of an earlier turn.
//
// The process that leads writes; any may fold.
type journal struct {
	dir     string
	folding sync.Mutex // one folds at a time

	mu    sync.Mutex
	files [2]*os.File // nil = another process may write
	end   [2]int64    // where the next record goes; nothing before 0 is waiting
	turn  int         // the file that is written
	last  int64       // number of the last record
}

const (
	foldEvery   = 15 * time.Second // each fold makes readers read their pages anew; who reads the audit folds first
	foldBatch   = 4096             // rows of one transaction
	journalKept = 1 << 20          // a file that grew larger is cut after its turn
	journalMost = 64 << 20         // who writes more waits until it is folded
	recordHead  = 8
	recordMost  = 4 << 20
)

// journalNames are the files in the data folder.
var journalNames = [2]string{"reads.0", "reads.1"}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func appendRecord(b []byte, r audit.Row) []byte {
	text := r.Canonical()
	b = binary.LittleEndian.AppendUint32(b, uint32(len(text)))
	b = binary.LittleEndian.AppendUint32(b, crc32.Checksum(text, castagnoli))
	return append(b, text...)
}

// readRecords calls each for the rows of a file up to its end.
func readRecords(from io.Reader, each func(audit.Row) (more bool)) error {
	in := bufio.NewReaderSize(from, 1<<16)
	var head [recordHead]byte
	last := int64(0)
	for {
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return unlessCut(err)
		}
		n := binary.LittleEndian.Uint32(head[:])
		if n > recordMost {
			return nil
		}
		text := make([]byte, n)
		if _, err := io.ReadFull(in, text); err != nil {
			return unlessCut(err)
		}
		if crc32.Checksum(text, castagnoli) != binary.LittleEndian.Uint32(head[4:]) {
			return nil
		}
		row, err := audit.Parse(text)
		if err != nil || row.Seq <= last {
			return nil
		}
		if last = row.Seq; !each(row) {
			return nil
		}
	}
}

// unlessCut is nil where a file ends within a record: it was being written.
func unlessCut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return err
}

// append makes rows durable, or fails: then nothing may be shown.
func (j *journal) append(rows []audit.Row) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	f, at := j.files[j.turn], j.end[j.turn]
	if f == nil {
		return ErrClosed
	}
	var b []byte
	for _, r := range rows {
		j.last++ // also when it fails: its record may be there
		r.Seq = j.last
		if b = appendRecord(b, r); len(b) > recordMost {
			return errors.New("an audit row is too large")
		}
	}
	if _, err := f.WriteAt(b, at); err != nil {
		return err
	}
	if err := syncData(f); err != nil {
		return err
	}
	j.end[j.turn] = at + int64(len(b))
	return nil
}

func (j *journal) full() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.end[j.turn] > journalMost
}

// change lets the other file be written, if it is free, and reports whether
// there may be anything to fold.
func (j *journal) change() bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.files[0] == nil {
		return true
	}
	if j.end[1-j.turn] == 0 {
		j.turn = 1 - j.turn
	}
	return j.end != [2]int64{}
}

// free lets the file that was folded be written over.
func (j *journal) free() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	i := 1 - j.turn
	if j.files[i] == nil {
		return nil
	}
	grown := j.end[i] > journalKept
	if j.end[i] = 0; grown {
		return j.files[i].Truncate(0)
	}
	return nil
}

// after returns the rows whose number is higher, in order, at most foldBatch.
func (j *journal) after(number int64) ([]audit.Row, error) {
	j.mu.Lock()
	end := j.end
	if j.files[0] == nil { // as far as it goes
		end = [2]int64{math.MaxInt64, math.MaxInt64}
	}
	j.mu.Unlock()
	var rows []audit.Row
	for i, name := range journalNames {
		f, err := os.Open(filepath.Join(j.dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		n := 0
		err = readRecords(io.LimitReader(f, end[i]), func(r audit.Row) bool {
			if r.Seq > number {
				rows = append(rows, r)
				n++
			}
			return n < foldBatch
		})
		if err = errors.Join(err, f.Close()); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(rows, func(a, b audit.Row) int { return cmp.Compare(a.Seq, b.Seq) })
	return rows[:min(len(rows), foldBatch)], nil
}

// open makes this process the one that writes. Everything was folded.
func (j *journal) open(last int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	for i, name := range journalNames {
		f, err := os.OpenFile(filepath.Join(j.dir, name), os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			return err
		}
		j.files[i] = f
		// What a crash left of a record must not be met behind a new one.
		if err := errors.Join(f.Truncate(0), f.Sync()); err != nil {
			return err
		}
	}
	j.end, j.last = [2]int64{}, last
	dir, err := os.Open(j.dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

func (j *journal) close() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	var errs []error
	for i, f := range j.files {
		if f == nil {
			continue
		}
		if j.end[i] == 0 { // all of it is folded
			errs = append(errs, f.Truncate(0))
		}
		errs = append(errs, f.Close())
		j.files[i] = nil
	}
	return errors.Join(errs...)
}

// startJournal lets what is read be audited in the journal, after what a
// process left there that was killed is folded.
func (s *Store) startJournal(ctx context.Context) error {
	if err := s.foldReads(ctx); err != nil {
		return err
	}
	var last int64
	if _, err := s.read.Row(ctx, []any{&last}, `select n from folded`); err != nil {
		return err
	}
	if err := s.journal.open(last); err != nil {
		return errors.Join(err, s.journal.close())
	}
	s.audits = newAuditor(1, func(rows []audit.Row) error {
		if s.journal.full() {
			if err := s.foldReads(context.Background()); err != nil {
				return err
			}
		}
		return s.journal.append(rows)
	})
	s.spawn(func() { s.foldingReads(ctx) })
	return nil
}

func (s *Store) foldingReads(ctx context.Context) {
	every(ctx, foldEvery, func() {
		if err := s.foldReads(ctx); err != nil && ctx.Err() == nil {
			s.log.Error("reads not folded into the audit", "error", err)
		}
	})
}

// foldReads puts into the audit what waits in the journal, SQLite only: what
// was shown before it is called is in the audit when it returns.
func (s *Store) foldReads(ctx context.Context) error {
	j := s.journal
	if j == nil {
		return nil
	}
	j.folding.Lock()
	defer j.folding.Unlock()
	for more := j.change(); more; {
		err := s.write.do(ctx, func(tx *commitTx) (err error) {
			more, err = j.fold(ctx, tx)
			return err
		})
		if err != nil {
			return fmt.Errorf("folding the journal of reads: %w", err)
		}
	}
	return j.free()
}

// fold moves a batch; more when it was full.
func (j *journal) fold(ctx context.Context, tx *commitTx) (more bool, err error) {
	var done int64
	if _, err := tx.Row(ctx, []any{&done}, `select n from folded`); err != nil {
		return false, err
	}
	rows, err := j.after(done)
	if err != nil || len(rows) == 0 {
		return false, err
	}
	last := rows[len(rows)-1].Seq
	if err := tx.writeAudit(ctx, rows...); err != nil {
		return false, err
	}
	return len(rows) == foldBatch, tx.Exec(ctx, `update folded set n = ?`, last)
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// met reports whether a transaction only failed because another one was there:
// serialization failure, deadlock, or the same new id or key. Partitions name
// their own indexes.
func met(err error) bool {
	var e *pgconn.PgError
	if !errors.As(err, &e) {
		return false
	}
	return e.Code == "40001" || e.Code == "40P01" ||
		e.Code == "23505" && (strings.HasPrefix(e.TableName, "res") && strings.Contains(e.ConstraintName, "_kh") || e.ConstraintName == "once_pkey")
}

// lost reports whether the database went away: the connection broke, or the
// server is stopping, starting or refusing.
func lost(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return strings.HasPrefix(e.Code, "08") || e.Code == "57P01" || e.Code == "57P02" || e.Code == "57P03"
	}
	var connect *pgconn.ConnectError
	var network net.Error
	return errors.As(err, &connect) || errors.As(err, &network) || pgconn.SafeToRetry(err) ||
		errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

// How long a database that went away is waited for, and how often work is tried
// that met other work.
const (
	lostLimit  = 15 * time.Second
	pgAttempts = 10
)

// patience decides whether to try again, and waits before.
type patience struct {
	attempts int
	since    time.Time // of the first loss
}

// again waits and reports whether work that failed with err may be tried again.
func (p *patience) again(ctx context.Context, err error) bool {
	p.attempts++
	pause := time.Duration(rand.IntN(4<<min(p.attempts, 6))) * time.Millisecond
	switch {
	case ctx.Err() != nil:
		return false
	case lost(err):
		if p.since.IsZero() {
			p.since = time.Now()
		}
		if time.Since(p.since) > lostLimit {
			return false
		}
		pause = min(10*time.Millisecond<<min(p.attempts, 7), time.Second)
	case !met(err) || p.attempts >= pgAttempts:
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(pause):
		return true
	}
}

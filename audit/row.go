// SPDX-License-Identifier: Apache-2.0

// Package audit is the arithmetic of the tamper-evident access log: rows in a
// canonical form, a Merkle tree over them, signed checkpoints of the tree.
//
// It keeps nothing and opens nothing. Package store holds the rows, the tiles
// of the tree and the key; it seals new rows every minute:
//
//	grown, tiles, err := audit.Grow(sealed, rows, stored)
//	note, err := audit.Sign(grown, key)
//
// A later [Checker] recomputes everything from the rows. Altering, removing or
// adding a sealed row shows, and the first such row is named. Rows after the
// last checkpoint are the unsealed tail: for them only the numbering speaks.
//
// The tree and its tiles are those of golang.org/x/mod/sumdb/tlog (RFC 6962),
// the checkpoints notes of golang.org/x/mod/sumdb/note. All values are safe
// for concurrent reading.
package audit

import (
	"strconv"
	"strings"
)

// Row is one line of the access log: who did what to whose record, and what
// was decided. Texts are as the store keeps them; "" = unknown or none.
type Row struct {
	Seq          int64 // from 1, without gaps
	At           int64 // µs since the epoch
	Account      string
	Name         string
	Role         string
	Practitioner string
	Facility     string
	FacilityName string
	Purpose      string
	Action       string
	Types        []string // sorted
	Target       string   // Type/id when one resource is meant
	Patient      string
	Sensitivity  []string // sorted
	Allowed      bool
	Reason       string
	Session      string
	Request      string
	Site         string
}

// Canonical returns the bytes that the tree covers: every field as
// "length:text\n", in the order of the struct. Lengths make it unambiguous; the
// first line names the form.
func (r Row) Canonical() []byte {
	allowed := "0"
	if r.Allowed {
		allowed = "1"
	}
	b := make([]byte, 0, 400)
	for _, f := range []string{"mach.audit.1", strconv.FormatInt(r.Seq, 10), strconv.FormatInt(r.At, 10), r.Account, r.Name, r.Role,
		r.Practitioner, r.Facility, r.FacilityName, r.Purpose, r.Action, strings.Join(r.Types, " "), r.Target, r.Patient,
		strings.Join(r.Sensitivity, " "), allowed, r.Reason, r.Session, r.Request, r.Site} {
		b = strconv.AppendInt(b, int64(len(f)), 10)
		b = append(b, ':')
		b = append(b, f...)
		b = append(b, '\n')
	}
	return b
}

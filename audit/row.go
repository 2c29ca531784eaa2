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
	"errors"
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
	Patient      string   // ids of those it tells of, sorted, a space between them
	Sensitivity  []string // sorted
	Allowed      bool
	Reason       string
	Session      string
	Request      string
	Site         string
}

// form names the canonical form.
const form = "mach.audit.1"

// Canonical returns the bytes that the tree covers: every field as
// "length:text\n", in the order of the struct. Lengths make it unambiguous; the
// first line names the form.
func (r Row) Canonical() []byte {
	allowed := "0"
	if r.Allowed {
		allowed = "1"
	}
	b := make([]byte, 0, 400)
	for _, f := range []string{form, strconv.FormatInt(r.Seq, 10), strconv.FormatInt(r.At, 10), r.Account, r.Name, r.Role,
		r.Practitioner, r.Facility, r.FacilityName, r.Purpose, r.Action, strings.Join(r.Types, " "), r.Target, r.Patient,
		strings.Join(r.Sensitivity, " "), allowed, r.Reason, r.Session, r.Request, r.Site} {
		b = strconv.AppendInt(b, int64(len(f)), 10)
		b = append(b, ':')
		b = append(b, f...)
		b = append(b, '\n')
	}
	return b
}

var errForm = errors.New("not an audit row in its canonical form")

// Parse reads what Canonical wrote.
func Parse(canonical []byte) (Row, error) {
	rest := string(canonical)
	var f [20]string
	for i := range f {
		digits, after, ok := strings.Cut(rest, ":")
		n, err := strconv.Atoi(digits)
		if !ok || err != nil || n < 0 || n >= len(after) || after[n] != '\n' {
			return Row{}, errForm
		}
		f[i], rest = after[:n], after[n+1:]
	}
	seq, err := strconv.ParseInt(f[1], 10, 64)
	at, err2 := strconv.ParseInt(f[2], 10, 64)
	if rest != "" || f[0] != form || errors.Join(err, err2) != nil || f[15] != "0" && f[15] != "1" {
		return Row{}, errForm
	}
	return Row{Seq: seq, At: at, Account: f[3], Name: f[4], Role: f[5], Practitioner: f[6], Facility: f[7], FacilityName: f[8],
		Purpose: f[9], Action: f[10], Types: strings.Fields(f[11]), Target: f[12], Patient: f[13], Sensitivity: strings.Fields(f[14]),
		Allowed: f[15] == "1", Reason: f[16], Session: f[17], Request: f[18], Site: f[19]}, nil
}

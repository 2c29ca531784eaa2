// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"mach/audit"
)

// Note writes one audit row for a decision taken outside the store: a sign-in,
// a broken glass, a token. Any action and labels will do. It is durable when
// Note returns.
func (s *Store) Note(ctx context.Context, a Actor, act Action, l Labels, dec Decision) error {
	row := s.auditRow(a, act, Seen{Labels: l, Decision: dec})
	return s.writeRows(ctx, []audit.Row{row})
}

// auditMany writes what of seen this request has not been written for already,
// durable when it returns: only then may data be shown. One person, action,
// outcome and sensitivity are told of once; again only for types that are new.
func (s *Store) auditMany(ctx context.Context, a Actor, act Action, seen []Seen) error {
	var rows []audit.Row // of one person each
	at := map[string]int{}
	for _, one := range seen {
		row := s.auditRow(a, act, one)
		k := coverKey(row)
		i, ok := at[k]
		if !ok {
			at[k] = len(rows)
			rows = append(rows, row)
			continue
		}
		r := &rows[i]
		if r.Target != row.Target {
			r.Target = ""
		}
		for _, t := range row.Types {
			r.Types = union(r.Types, t)
		}
	}
	rows = s.seen.uncovered(rows)
	if len(rows) == 0 {
		return nil
	}
	if err := s.writeRows(ctx, together(rows)); err != nil {
		return err
	}
	s.seen.cover(rows)
	return nil
}

// maxPeople is of how many persons one row tells.
const maxPeople = 1000

// together makes one row of those of one request that say the same of several
// persons: same action, types, sensitivity, outcome and reason.
func together(rows []audit.Row) []audit.Row {
	type says struct {
		action, types, sensitivity, reason string
		allowed, nobody                    bool
	}
	groups := map[says]int{}
	people := make([][]string, 0, len(rows))
	out := make([]audit.Row, 0, len(rows))
	for _, r := range rows {
		k := says{r.Action, strings.Join(r.Types, " "), strings.Join(r.Sensitivity, " "), r.Reason, r.Allowed, r.Patient == ""}
		i, ok := groups[k]
		if !ok || len(people[i]) == maxPeople {
			groups[k] = len(out)
			out, people = append(out, r), append(people, []string{r.Patient})
			continue
		}
		if people[i] = append(people[i], r.Patient); out[i].Target != r.Target {
			out[i].Target = ""
		}
	}
	for i, list := range people {
		if len(list) > 1 {
			slices.Sort(list)
			out[i].Patient = strings.Join(slices.Compact(list), " ")
		}
	}
	return out
}

func (s *Store) writeRows(ctx context.Context, rows []audit.Row) (err error) {
	if s.audits != nil {
		traced(ctx, s.cfg.Trace, insertPendingAudit)
		err = s.audits.write(ctx, rows)
	} else { // SQLite, not started: another process may have the journal
		err = s.write.do(ctx, func(tx *commitTx) error { return tx.writeAudit(ctx, rows...) })
	}
	if err != nil {
		return fmt.Errorf("writing the audit: %w", err)
	}
	return nil
}

func (s *Store) auditRow(a Actor, act Action, seen Seen) audit.Row {
	l := seen.Labels
	types := seen.Types
	if types == nil && l.Type != "" {
		types = []string{l.Type}
	}
	target := ""
	if l.Type != "" && l.ID != "" {
		target = l.Type + "/" + l.ID
	}
	patient := l.Patient
	if strings.ContainsRune(patient, ' ') { // no id; it would read as several
		patient = ""
	}
	return audit.Row{At: s.cfg.Now().UnixMicro(), Account: a.Account, Name: a.Name, Role: string(a.Role), Practitioner: a.Practitioner,
		Facility: a.Facility, FacilityName: a.FacilityName, Purpose: string(a.Purpose), Action: string(act), Types: types, Target: target,
		Patient: patient, Sensitivity: l.Sensitivity, Allowed: seen.Decision.Allow, Reason: seen.Decision.Reason,
		Session: a.Session, Request: a.Request, Site: s.cfg.Site}
}

const auditColumns = `at, account, name, role, practitioner, facility, facility_name, purpose, action,
	types, target, patient, sens, allowed, reason, session, request, site`

const insertPendingAudit = `insert into pending_audit (` + auditColumns + `) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

func auditArgs(r audit.Row) []any {
	return []any{r.At, r.Account, r.Name, r.Role, r.Practitioner, r.Facility, r.FacilityName, r.Purpose, r.Action,
		strings.Join(r.Types, " "), r.Target, r.Patient, strings.Join(r.Sensitivity, " "), flag(r.Allowed), r.Reason, r.Session, r.Request, r.Site}
}

const (
	insertAudit        = `insert into audit (seq, ` + auditColumns + `) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertAuditPatient = `insert into audit_patient (patient, seq) values (?, ?)`
)

// writeAudit writes rows in the transaction: numbered on SQLite, waiting for
// the sequencer on PostgreSQL.
func (t *commitTx) writeAudit(ctx context.Context, rows ...audit.Row) error {
	if t.pg != nil {
		for _, r := range rows {
			if err := t.Exec(ctx, insertPendingAudit, auditArgs(r)...); err != nil {
				return err
			}
		}
		return nil
	}
	lines, people := &inserts{text: insertAudit}, &inserts{text: insertAuditPatient}
	for _, r := range rows {
		t.audited++
		lines.rows = append(lines.rows, append([]any{t.audited}, auditArgs(r)...))
		for _, p := range strings.Fields(r.Patient) {
			people.rows = append(people.rows, []any{p, t.audited})
		}
	}
	if err := t.insert(ctx, lines); err != nil {
		return err
	}
	return t.insert(ctx, people)
}

// auditRows calls each for the numbered rows after a number, in order.
func auditRows(ctx context.Context, r reader, after, limit int64, each func(audit.Row) error) error {
	return r.Rows(ctx, `select seq, `+auditColumns+` from audit where seq > ? order by seq limit ?`, []any{after, limit},
		func(scan func(...any) error) error {
			var row audit.Row
			var types, sens string
			var allowed int
			err := scan(&row.Seq, &row.At, &row.Account, &row.Name, &row.Role, &row.Practitioner, &row.Facility, &row.FacilityName,
				&row.Purpose, &row.Action, &types, &row.Target, &row.Patient, &sens, &allowed, &row.Reason, &row.Session, &row.Request, &row.Site)
			if err != nil {
				return err
			}
			row.Types, row.Sensitivity, row.Allowed = strings.Fields(types), strings.Fields(sens), allowed != 0
			if allowed != 0 && allowed != 1 {
				return errors.New("an audit row holds neither yes nor no")
			}
			return each(row)
		})
}

// seen remembers, for the latest requests, what their audit rows say already.
type seen struct {
	mu    sync.Mutex
	types map[string][]string // by coverKey
	order []string            // oldest first
}

// keptCovers bounds the memory; a forgotten one costs a row twice.
const keptCovers = 8192

func newSeen() *seen { return &seen{types: map[string][]string{}} }

func coverKey(r audit.Row) string {
	return strings.Join([]string{r.Request, r.Account, r.Session, r.Patient, r.Action, r.Purpose, fmt.Sprint(r.Allowed), strings.Join(r.Sensitivity, " ")}, "\x00")
}

// uncovered drops the types that a row of the same request has named, and the
// rows of which nothing is left. Without a request id nothing is dropped.
func (s *seen) uncovered(rows []audit.Row) []audit.Row {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(rows, func(r audit.Row) bool {
		had, ok := s.types[coverKey(r)]
		if !ok || r.Request == "" {
			return false
		}
		return !slices.ContainsFunc(r.Types, func(t string) bool { return !slices.Contains(had, t) })
	})
}

func (s *seen) cover(rows []audit.Row) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range rows {
		if r.Request == "" {
			continue
		}
		k := coverKey(r)
		had, ok := s.types[k]
		if !ok {
			s.order = append(s.order, k)
		}
		for _, t := range r.Types {
			had = union(had, t)
		}
		s.types[k] = had
	}
	for len(s.order) > keptCovers {
		delete(s.types, s.order[0])
		s.order = s.order[1:]
	}
}

// Audited reports whether a request has left an audit row. Tests prove with it
// that nothing is read unseen.
func (s *Store) Audited(ctx context.Context, request string) (bool, error) {
	if err := s.foldReads(ctx); err != nil {
		return false, err
	}
	var one int
	if s.pg == nil {
		return s.read.Row(ctx, []any{&one}, `select 1 from audit where request = ? limit 1`, request)
	}
	// One statement: the sequencer may be moving the row just now.
	return s.read.Row(ctx, []any{&one}, `select 1 from audit where request = ? union all select 1 from pending_audit where request = ? limit 1`,
		request, request)
}

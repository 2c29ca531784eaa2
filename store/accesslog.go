// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/issue"
	"mach/vn"
)

// typeAudit is what an access line is called when the guard judges it.
const typeAudit = "AuditEvent"

// maxAccess bounds one page of an access log.
const maxAccess = 500

// AccessLog lists who looked at, wrote or was refused a person's record before
// the given instant (zero = now), newest first, at most limit lines (0 = 50).
// The guard judges each line as an AuditEvent of that person that carries the
// sensitivity of what was touched. A guardian never gets a sensitive line,
// whatever the guard says, nor another line of the same facility on that day,
// written before the diagnosis was known: they alone would tell. NotFound when
// the actor may not see the log at all.
//
// A line is there a moment after the access: at once on SQLite, when the
// sequencer has numbered it on PostgreSQL.
//
// The reason of an emergency is that given last before the line, by the same
// account.
func (d Door) AccessLog(ctx context.Context, patient string, before time.Time, limit int) ([]Access, error) {
	ctx = withRequest(ctx, d.a)
	labels := Labels{Type: typeAudit, Patient: patient}
	dec, err := d.s.judge(ctx, d.s.read, d.a, ActRead, labels, nil)
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	if err := d.s.auditMany(ctx, d.a, ActRead, []Seen{{Labels: labels, Types: []string{typeAudit}, Decision: dec}}); err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	if !dec.Allow || patient == "" {
		return nil, issue.New(issue.NotFound, "store.not_found", "Patient", patient)
	}
	if err := d.s.foldReads(ctx); err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	if before.IsZero() {
		before = d.s.cfg.Now().Add(time.Minute)
	}
	if limit <= 0 {
		limit = 50
	}
	lines, err := d.accessLines(ctx, patient, before, min(limit, maxAccess))
	if err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	if err := d.reasons(ctx, patient, lines); err != nil {
		return nil, fmt.Errorf("access log: %w", err)
	}
	return lines, nil
}

// reasons fills in why records were opened in an emergency.
func (d Door) reasons(ctx context.Context, patient string, lines []Access) error {
	if !slices.ContainsFunc(lines, func(l Access) bool { return l.Purpose == Emergency && l.Allowed }) {
		return nil
	}
	return d.s.read.Rows(ctx, `select a.account, a.at, a.reason from audit_patient p join audit a on a.seq = p.seq
		where p.patient = ? and a.action = ? and a.allowed = 1 order by p.seq`,
		[]any{patient, string(ActBreak)}, func(scan func(...any) error) error {
			var account, reason string
			var at int64
			if err := scan(&account, &at, &reason); err != nil {
				return err
			}
			for i := range lines {
				l := &lines[i]
				if l.Purpose == Emergency && l.Allowed && l.Actor == account && !l.At.Before(fromMicro(at)) {
					l.Reason = reason
				}
			}
			return nil
		})
}

// accessLines reads on until limit lines may be shown or none is left.
func (d Door) accessLines(ctx context.Context, patient string, before time.Time, limit int) ([]Access, error) {
	rels, err := relationsOf(ctx, d.s.read, d.a, patient)
	if err != nil {
		return nil, err
	}
	closed, err := d.closedDays(ctx, patient)
	if err != nil {
		return nil, err
	}
	var shown []Access
	last := int64(1) << 62
	for len(shown) < limit {
		read := 0
		err := d.s.read.Rows(ctx, `select p.seq, a.at, a.account, a.name, a.role, a.facility, a.facility_name, a.purpose, a.action,
			a.types, a.allowed, a.sens from audit_patient p join audit a on a.seq = p.seq where p.patient = ? and p.seq < ? and a.at < ?
			order by p.seq desc limit ?`, []any{patient, last, before.UnixMicro(), maxAccess},
			func(scan func(...any) error) error {
				line, sens, err := scanAccess(scan, &last)
				read++
				if err == nil && len(shown) < limit && !closed[facilityDay{line.Facility, vn.DateOf(line.At)}] && d.maySee(patient, sens, rels[patient]) {
					shown = append(shown, line)
				}
				return err
			})
		if err != nil || read < maxAccess {
			return shown, err
		}
	}
	return shown, nil
}

// facilityDay is one day at one facility.
type facilityDay struct {
	facility string
	day      vn.Date
}

// closedDays are those on which a facility touched what a guardian may not
// know of; nil for others than guardians.
func (d Door) closedDays(ctx context.Context, patient string) (map[facilityDay]bool, error) {
	if d.a.Role != Guardian {
		return nil, nil
	}
	days := map[facilityDay]bool{}
	err := d.s.read.Rows(ctx, `select a.facility, a.at from audit_patient p join audit a on a.seq = p.seq
		where p.patient = ? and a.sens <> '' and a.facility <> ''`, []any{patient},
		func(scan func(...any) error) error {
			var facility string
			var at int64
			err := scan(&facility, &at)
			days[facilityDay{facility, vn.DateOf(fromMicro(at))}] = true
			return err
		})
	return days, err
}

func scanAccess(scan func(...any) error, seq *int64) (Access, []string, error) {
	var a Access
	var at int64
	var allowed int
	var types, sens string
	err := scan(seq, &at, &a.Actor, &a.Name, &a.Role, &a.Facility, &a.FacilityName, &a.Purpose, &a.Action, &types, &allowed, &sens)
	a.At, a.Types, a.Allowed, a.Sensitive = fromMicro(at), strings.Fields(types), allowed != 0, sens != ""
	return a, strings.Fields(sens), err
}

func (d Door) maySee(patient string, sens []string, rels []Relation) bool {
	if len(sens) > 0 && d.a.Role == Guardian {
		return false
	}
	l := Labels{Type: typeAudit, Patient: patient, Sensitivity: sens}
	return d.s.decide(d.a, ActRead, l, nil, rels, d.s.cfg.Now()).Allow
}

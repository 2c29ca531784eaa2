// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
)

// Changes lists the lines of the log after a number, in order, at most limit
// (0 = 1,000). It is for the machinery that moves the log on (sync, exports)
// and shows no bodies.
func (s *Store) Changes(ctx context.Context, after int64, limit int) ([]Change, error) {
	if limit <= 0 {
		limit = 1000
	}
	events, _, err := s.events(ctx, after, 1<<62, limit)
	if err != nil {
		return nil, err
	}
	changes := make([]Change, len(events))
	for i, e := range events {
		changes[i] = e.Change
	}
	return changes, nil
}

// event is a change with the bodies around it, parsed when first asked for.
type event struct {
	Change
	now, before   string
	parsed        bool
	nowDoc, befor *fhir.Doc
}

// docs parses the version and its predecessor, once for all followers.
func (e *event) docs() (now, before *fhir.Doc, err error) {
	if e.parsed {
		return e.nowDoc, e.befor, nil
	}
	if e.now != "" {
		if e.nowDoc, err = fhir.ParseString(e.now); err != nil {
			return nil, nil, fmt.Errorf("parsing change %d: %w", e.Seq, err)
		}
	}
	if e.before != "" {
		if e.befor, err = fhir.ParseString(e.before); err != nil {
			return nil, nil, fmt.Errorf("parsing what change %d superseded: %w", e.Seq, err)
		}
	}
	for _, d := range []*fhir.Doc{e.nowDoc, e.befor} {
		if d != nil { // the labels that follow the content, as they were then
			e.Labels.Category, e.Labels.Draft, e.Labels.Author = categoryOf(d), draft(d), handedTo(d, e.Labels.Author)
			if !slices.Contains(patientsOf(d), e.Labels.Patient) { // named by a later version only
				e.Labels.Patient = ""
			}
			break
		}
	}
	e.parsed = true
	return e.nowDoc, e.befor, nil
}

const eventColumns = `c.seq, c.ver, c.op, c.at, c.site, c.actor, c.facility, c.unit, c.sens, r.typ, r.id, r.patient, r.author`

// events reads lines after < seq ≤ upto, at most limit, with the bodies that the
// followers want. more: it stopped short, at limit or because the bodies were
// large.
func (s *Store) events(ctx context.Context, after, upto int64, limit int, of ...*following) (out []*event, more bool, err error) {
	text, args := `select `+eventColumns+` from change c join res r on r.rid = c.rid and r.t = c.t`, []any(nil)
	bodies := len(of) > 0
	if bodies {
		var wanted string
		wanted, args = typesOf(of)
		text = `select ` + eventColumns + `, case when not ` + wanted + ` then '' when c.ver = r.ver then r.body else coalesce(v.body, '') end, coalesce(p.body, '')
			from change c join res r on r.rid = c.rid and r.t = c.t
			left join ver v on v.rid = c.rid and v.ver = c.ver and v.t = c.t and ` + wanted + `
			left join ver p on p.rid = c.rid and p.ver = c.ver - 1 and p.t = c.t and ` + wanted
		args = slices.Concat(args, args, args)
	}
	bytes := 0
	text += ` where c.seq > ? and c.seq <= ? order by c.seq limit ?`
	err = s.read.Rows(ctx, text, append(args, after, upto, limit), func(scan func(...any) error) error {
		e := new(event)
		var at int64
		var sens string
		dest := []any{&e.Seq, &e.Version, &e.Op, &at, &e.Site, &e.Actor, &e.Labels.Facility, &e.Labels.Unit, &sens,
			&e.Type, &e.ID, &e.Labels.Patient, &e.Labels.Author}
		if bodies {
			dest = append(dest, &e.now, &e.before)
		}
		if err := scan(dest...); err != nil {
			return err
		}
		e.At, e.Labels.Sensitivity = fromMicro(at), strings.Fields(sens)
		e.Labels.Type, e.Labels.ID = e.Type, e.ID
		if sens == "" {
			e.Labels.Sensitivity = nil
		}
		out = append(out, e)
		if bytes += len(e.now) + len(e.before); bytes >= batchBytes {
			return errEnough
		}
		return nil
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, false, fmt.Errorf("reading the log after %d: %w", after, err)
	}
	return out, err != nil || len(out) == limit, nil
}

// typesOf is the condition that one of the followers wants the type of r.
func typesOf(fs []*following) (string, []any) {
	var types []string
	for _, f := range fs {
		if f.Types == nil {
			return "1 = 1", nil
		}
		types = append(types, f.Types...)
	}
	slices.Sort(types)
	var args []any
	for _, t := range slices.Compact(types) {
		args = append(args, t)
	}
	if len(args) == 0 {
		return "1 = 0", nil
	}
	return "r.typ in (" + marks(len(args)) + ")", args
}

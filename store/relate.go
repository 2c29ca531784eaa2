// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// The kinds of care relation that a commit derives. Guardian and emergency
// come from access by [Store.Relate].
const (
	kindResidence    = "residence"    // Patient.managingOrganization, while it stands
	kindArrival      = "arrival"      // Encounter.serviceProvider before it is signed, ticket Task.owner
	kindVisit        = "visit"        // Encounter.serviceProvider, signed
	kindConsultation = "consultation" // the hospital asked: ServiceRequest.performer, Task.owner
	kindExpert       = "expert"       // who is named or invited there, by the same members
	kindCase         = "case"         // a case report: the unit sees it, facility and account are empty
	kindHandover     = "handover"     // a case was handed to the facility: Task.owner, while the task stands
)

// careTerm says how long a facility may still read after its work has ended.
// The terms are dated: a rule of today does not reach back.
type careTerm struct {
	from                         vn.Date
	arrival, visit, consultation time.Duration
}

const day = 24 * time.Hour

// careTerms, newest first: a day from giving somebody a number, if nobody signs
// the visit, so that a number alone opens no record for long; 30 days after a
// visit, to see results and complete the record; 7 days after a consultation, to answer a question back. Project
// decision; no circular sets a term (TT 13/2025/TT-BYT leaves it to the facility).
var careTerms = []careTerm{{from: vn.ZeroDate, arrival: day, visit: 30 * day, consultation: 7 * day}}

// termOn returns the terms in force on the day of t.
func termOn(t time.Time) careTerm {
	on := vn.DateOf(t)
	i := slices.IndexFunc(careTerms, func(c careTerm) bool { return c.from <= on })
	return careTerms[i]
}

// Relate writes a relation of access's own: guardian or emergency. The same
// patient, kind, facility, account, source and From replaces the row, so
// giving To ends it; a row is never removed.
func (s *Store) Relate(ctx context.Context, r Relation) error {
	if r.Patient == "" || r.Kind == "" || (r.Facility == "") == (r.Account == "") {
		return issue.New(issue.Invalid, "store.relation.incomplete")
	}
	err := s.write.do(ctx, func(tx *commitTx) error { return putRelation(ctx, tx, r) })
	if err != nil {
		return fmt.Errorf("writing a relation: %w", err)
	}
	return nil
}

func putRelation(ctx context.Context, tx Tx, r Relation) error {
	return tx.Exec(ctx, `insert into relation (patient, facility, account, kind, since, until, source, t) values (?, ?, ?, ?, ?, ?, ?, ?)
		on conflict (patient, kind, facility, account, source, since, t) do update set until = excluded.until`,
		r.Patient, r.Facility, r.Account, r.Kind, r.From.UnixMicro(), micro(r.To), r.Source, shardOf(r.Patient))
}

// micro is µs since the epoch, 0 for the zero time.
func micro(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func fromMicro(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// relate brings the relations that w is the source of in line with w. What no
// longer follows from it ends now and stays as history.
func (s *Store) relate(ctx context.Context, tx Tx, w *written) error {
	typ := w.typ
	if typ != "Patient" && typ != "Encounter" && typ != "Task" && typ != "ServiceRequest" && typ != "Condition" {
		return nil
	}
	source := typ + "/" + w.id
	var want []Relation
	if w.doc != nil {
		want = derived(w)
		var err error
		if want, err = withStations(ctx, tx, want); err != nil {
			return fmt.Errorf("relations of a %s: %w", typ, err)
		}
	}
	if len(want) == 0 && w.before == nil {
		return nil
	}
	had, err := relationsFrom(ctx, tx, source)
	if err != nil {
		return fmt.Errorf("relations of a %s: %w", typ, err)
	}
	for i := range want {
		want[i].Source = source
	}
	for _, r := range reconciled(had, want, w.at) {
		if err := putRelation(ctx, tx, r); err != nil {
			return fmt.Errorf("relations of a %s: %w", typ, err)
		}
	}
	return nil
}

// derived lists what w asks for. A zero From means since now, or since when it
// has stood already.
func derived(w *written) []Relation {
	d, patient := w.doc, w.Labels.Patient
	if patient == "" {
		return nil
	}
	switch w.typ {
	case "Patient":
		org := refTo(d.Get("managingOrganization"), typeOrganization)
		if org == "" || d.Get("active").Raw() == "false" || d.Get("deceasedDateTime").Exists() || d.Get("deceasedBoolean").Bool() {
			return nil
		}
		return []Relation{{Patient: patient, Facility: org, Kind: kindResidence}}
	case "Encounter":
		return visit(w, refTo(d.Get("serviceProvider"), typeOrganization), d.Get("period"),
			[]string{"planned", "entered-in-error", "cancelled"}, []string{"finished"})
	case "Task":
		owner := refTo(d.Get("owner"), typeOrganization)
		if w.Labels.Category == "ticket" {
			return visit(w, owner, d.Get("executionPeriod"),
				[]string{"draft", "rejected", "cancelled", "entered-in-error", "failed"}, nil)
		}
		if w.Labels.Category == "case-handover" {
			return handover(w, owner)
		}
		if refTo(d.Get("focus"), "ServiceRequest") != "" {
			return consultation(w, d.Each("owner"), []string{"draft", "rejected", "cancelled", "entered-in-error", "failed"})
		}
	case "ServiceRequest":
		if w.Labels.Category == "consultation" {
			return consultation(w, d.Each("performer"), []string{"draft", "revoked", "entered-in-error"})
		}
	case "Condition":
		// That somebody has a report of a closed disease is closed too.
		if w.Labels.Category == "case-report" && len(w.Labels.Sensitivity) == 0 && !hasCode(d.Get("verificationStatus"), "", "entered-in-error") {
			return []Relation{{Patient: patient, Kind: kindCase}}
		}
	}
	return nil
}

// visit derives one relation: none in the given states, of an arrival until over.
func visit(w *written, org string, period fhir.Node, none, over []string) []Relation {
	status := w.doc.Get("status").String()
	if org == "" || slices.Contains(none, status) {
		return nil
	}
	arrived := ended(period.Get("start"), w.at)
	r := Relation{Patient: w.Labels.Patient, Facility: org, Kind: kindArrival, From: instant(period.Get("start")), To: arrived.Add(termOn(arrived).arrival)}
	if slices.Contains(over, status) {
		r.Kind = kindVisit
		end := ended(period.Get("end"), w.at)
		r.To = end.Add(termOn(end).visit)
	}
	return []Relation{r}
}

// handover relates the facility that is to look after a case: until it is
// taken back, and for a year.
func handover(w *written, owner string) []Relation {
	status := w.doc.Get("status").String()
	if owner == "" || status != "requested" && status != "accepted" && status != "completed" {
		return nil
	}
	from := ended(w.doc.Get("authoredOn"), w.at)
	return []Relation{{Patient: w.Labels.Patient, Facility: owner, Kind: kindHandover, From: from, To: from.AddDate(1, 0, 0)}}
}

// consultation relates the hospital that is asked, and of its people only those
// who are named: a hospital has many experts.
func consultation(w *written, parties iter.Seq[fhir.Node], none []string) []Relation {
	status := w.doc.Get("status").String()
	if slices.Contains(none, status) {
		return nil
	}
	var to time.Time
	if status == "completed" {
		to = w.at.Add(termOn(w.at).consultation)
	}
	var rs []Relation
	for p := range parties {
		if org := refTo(p, typeOrganization); org != "" {
			rs = append(rs, Relation{Patient: w.Labels.Patient, Facility: org, Kind: kindConsultation, From: instant(w.doc.Get("authoredOn")), To: to})
		}
		if id := refTo(p, "Practitioner"); id != "" {
			rs = append(rs, Relation{Patient: w.Labels.Patient, Account: Actor{Practitioner: id}.Worker(), Kind: kindExpert, To: to})
		}
	}
	return rs
}

// instant reads a dateTime; a day counts from its first moment in Viet Nam,
// anything coarser or absent is the zero time.
func instant(n fhir.Node) time.Time {
	text := n.String()
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t.UTC()
	}
	if t, err := time.ParseInLocation(time.DateOnly, text, vn.Zone); err == nil {
		return t.UTC()
	}
	return time.Time{}
}

// ended is when work ended, or somebody arrived: as written, but never after
// now, so that nobody lengthens a relation by dating it ahead.
func ended(n fhir.Node, now time.Time) time.Time {
	if t := instant(n); !t.IsZero() && t.Before(now) {
		return t
	}
	return now
}

// withStations adds for a relation of a sub-site (điểm trạm) the same of its
// station, which holds the record.
func withStations(ctx context.Context, r reader, rs []Relation) ([]Relation, error) {
	for _, one := range rs[:len(rs):len(rs)] {
		if one.Facility == "" {
			continue
		}
		l, err := readLabels(ctx, r, typeOrganization, one.Facility)
		if err != nil {
			return nil, err
		}
		if l != nil && l.Facility != "" && l.Facility != one.Facility {
			one.Facility = l.Facility
			rs = append(rs, one)
		}
	}
	return rs, nil
}

// reconciled returns the rows to write: new and changed ones of want, and the
// ends of those that are still valid but no longer wanted.
func reconciled(had, want []Relation, now time.Time) []Relation {
	var puts []Relation
	kept := make([]bool, len(had))
	for _, w := range want {
		i := slices.IndexFunc(had, func(h Relation) bool {
			return h.Kind == w.Kind && h.Patient == w.Patient && h.Facility == w.Facility && h.Account == w.Account &&
				(h.From.Equal(w.From) || w.From.IsZero() && (h.To.IsZero() || h.To.After(now)))
		})
		if i >= 0 {
			kept[i] = true
			// The end stands once it is set: a later correction of the text
			// does not give another thirty days.
			if h := had[i]; h.To.IsZero() != w.To.IsZero() {
				h.To = w.To
				puts = append(puts, h)
			}
			continue
		}
		if w.From.IsZero() {
			w.From = now
		}
		puts = append(puts, w)
	}
	for i, h := range had {
		if !kept[i] && (h.To.IsZero() || h.To.After(now)) {
			h.To = now
			puts = append(puts, h)
		}
	}
	return puts
}

const relationColumns = "patient, facility, account, kind, since, until, source"

func scanRelation(scan func(...any) error) (Relation, error) {
	var r Relation
	var since, until int64
	err := scan(&r.Patient, &r.Facility, &r.Account, &r.Kind, &since, &until, &r.Source)
	r.From, r.To = fromMicro(since), fromMicro(until)
	return r, err
}

func relationsFrom(ctx context.Context, r reader, source string) ([]Relation, error) {
	var rs []Relation
	err := r.Rows(ctx, `select `+relationColumns+` from relation where source = ? order by since`, []any{source},
		func(scan func(...any) error) error {
			one, err := scanRelation(scan)
			rs = append(rs, one)
			return err
		})
	return rs, err
}

// toActor are the relations with an actor, given by actorArgs, and those that
// are nobody's in particular.
const toActor = `(facility <> '' and facility = ? or account <> '' and account in (?, ?) or facility = '' and account = '')`

func actorArgs(a Actor) []any { return []any{a.Facility, a.Account, a.Worker()} }

// relationsOf returns the relations, valid or not, between each of the persons
// and the actor, and the case relations, which are nobody's in particular.
func relationsOf(ctx context.Context, r reader, a Actor, patients ...string) (map[string][]Relation, error) {
	found := make(map[string][]Relation, len(patients))
	slices.Sort(patients)
	patients = slices.Compact(patients)
	for len(patients) > 0 {
		n := min(len(patients), 100)
		args := make([]any, 0, n+3)
		for _, p := range patients[:n] {
			args = append(args, p)
		}
		args = append(args, actorArgs(a)...)
		err := r.Rows(ctx, `select `+relationColumns+` from relation where patient in (`+marks(n)+`) and `+toActor, args,
			func(scan func(...any) error) error {
				one, err := scanRelation(scan)
				found[one.Patient] = append(found[one.Patient], one)
				return err
			})
		if err != nil {
			return nil, fmt.Errorf("reading care relations: %w", err)
		}
		patients = patients[n:]
	}
	return found, nil
}

// marks is n placeholders, "?, ?, ?".
func marks(n int) string { return strings.TrimSuffix(strings.Repeat("?, ", n), ", ") }

// SPDX-License-Identifier: Apache-2.0

package access

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Emergency is break-glass: a care worker opens the summary of a person the
// facility has no relation to, for four hours, with a reason; then, by a second
// act with a second reason, the rest. Closed files stay closed (policy). The
// person reads of it, and a named access reviewer judges it within two working
// days.
type Emergency struct {
	*core
	accounts *Accounts
}

// Glass is one broken glass.
type Glass struct {
	ID           string
	Patient      string
	Account      string // who broke it
	Name         string
	Role         store.Role
	Facility     string
	FacilityName string
	Unit         vn.UnitID
	Reason       string
	FullReason   string    // why the summary did not suffice; "" = it did
	From, To     time.Time //
	Due          vn.Date   // last day of the review
	Reviewer     string    // account of the named reviewer; "" = none could be named
	ReviewerName string
	Reviewed     time.Time // zero = not yet
	Verdict      string    // justified or unjustified
	Note         string
}

// Overdue reports whether the review is late on the day.
func (g Glass) Overdue(today vn.Date) bool { return g.Reviewed.IsZero() && today > g.Due }

// OpenAt reports whether it still opens something at t.
func (g Glass) OpenAt(t time.Time) bool { return !t.Before(g.From) && t.Before(g.To) }

const (
	glassLife    = 4 * time.Hour
	reviewDays   = 2 // working days
	minReason    = 10
	maxReason    = 1000
	circleBreaks = "emergency"
)

// As returns the actor in emergency: what it reads is in the audit as such.
func (e *Emergency) As(a store.Actor) store.Actor {
	a.Purpose = store.Emergency
	return a
}

// Break opens the summary of a person. While one is open for the same account
// and person, that one is returned. Errors: Forbidden (the role may not),
// Required or TooLong at "reason".
func (e *Emergency) Break(ctx context.Context, a store.Actor, patient, reason string) (Glass, error) {
	subject := store.Labels{Type: "Patient", ID: patient, Patient: patient}
	if !e.cfg.Policy.InCircle(a.Role, circleBreaks) || patient == "" || a.Scopes != nil {
		if err := e.note(ctx, e.As(a), store.ActBreak, subject, false, "role"); err != nil {
			return Glass{}, err
		}
		return Glass{}, issue.New(issue.Forbidden, "access.forbidden")
	}
	reason, err := checkReason(reason)
	if err != nil {
		return Glass{}, err
	}
	now := e.now()
	open, err := e.glasses(ctx, "account = ? and patient = ? and until > ?", a.Account, patient, micro(now))
	if err != nil || len(open) > 0 {
		if err != nil {
			return Glass{}, err
		}
		return open[0], nil
	}
	g := Glass{ID: newID(), Patient: patient, Account: a.Account, Name: a.Name, Role: a.Role, Facility: a.Facility,
		FacilityName: a.FacilityName, Unit: a.Unit, Reason: reason, From: now, To: now.Add(glassLife),
		Due: e.cfg.Calendar.AddWorkingDays(vn.DateOf(now), reviewDays)}
	if g.Reviewer, g.ReviewerName, err = e.name(ctx, g); err != nil {
		return Glass{}, err
	}
	// The audit first: a glass that nobody would hear of must not open.
	if err := e.note(ctx, e.As(a), store.ActBreak, subject, true, reason); err != nil {
		return Glass{}, err
	}
	if err := e.insert(ctx, g); err != nil {
		return Glass{}, err
	}
	if g.Reviewer != "" {
		if err := e.relate(ctx, store.Relation{Patient: patient, Account: g.Reviewer, Kind: KindReview, From: g.From, Source: g.ref()}); err != nil {
			return Glass{}, err
		}
	}
	return g, e.relate(ctx, store.Relation{Patient: patient, Account: a.Account, Kind: KindSummary, From: g.From, To: g.To, Source: g.ref()})
}

func (g Glass) ref() string { return "Emergency/" + g.ID }

// Full opens the rest until the same four hours are over. Errors: NotFound,
// Expired, Required at "reason".
func (e *Emergency) Full(ctx context.Context, a store.Actor, id, reason string) (Glass, error) {
	g, err := e.own(ctx, a, id)
	if err != nil {
		return Glass{}, err
	}
	if !g.OpenAt(e.now()) {
		return Glass{}, issue.New(issue.Expired, "access.emergency.over")
	}
	if g.FullReason != "" {
		return g, nil
	}
	if g.FullReason, err = checkReason(reason); err != nil {
		return Glass{}, err
	}
	if err := e.note(ctx, e.As(a), store.ActBreak, store.Labels{Type: "Patient", ID: g.Patient, Patient: g.Patient}, true, g.FullReason); err != nil {
		return Glass{}, err
	}
	if err := e.exec(ctx, "opening a record", `update access_emergency set full_reason = ? where id = ?`, g.FullReason, g.ID); err != nil {
		return Glass{}, err
	}
	return g, e.relate(ctx, store.Relation{Patient: g.Patient, Account: a.Account, Kind: KindEmergency, From: g.From, To: g.To, Source: g.ref()})
}

// Mine lists the actor's own glasses, latest first, at most limit.
func (e *Emergency) Mine(ctx context.Context, a store.Actor, limit int) ([]Glass, error) {
	all, err := e.glasses(ctx, "account = ?", a.Account)
	return all[:min(len(all), limit)], err
}

// Open returns one of the actor's own glasses. Error: NotFound.
func (e *Emergency) Open(ctx context.Context, a store.Actor, id string) (Glass, error) {
	return e.own(ctx, a, id)
}

func (e *Emergency) own(ctx context.Context, a store.Actor, id string) (Glass, error) {
	all, err := e.glasses(ctx, "id = ? and account = ?", id, a.Account)
	if err != nil || len(all) == 0 {
		return Glass{}, orNotFound(err)
	}
	return all[0], nil
}

// Notices tells a person, or the guardian while that holds, who broke the
// glass of the own record, latest first.
func (e *Emergency) Notices(ctx context.Context, a store.Actor) ([]Glass, error) {
	if !personal(a.Role) || a.Patient == "" {
		return nil, nil
	}
	return e.glasses(ctx, "patient = ?", a.Patient)
}

// Queue lists the glasses an access reviewer has to judge, the most urgent
// first: those that name the reviewer, and those of the unit that name nobody.
func (e *Emergency) Queue(ctx context.Context, a store.Actor) ([]Glass, error) {
	if a.Role != store.AccessReviewer {
		return nil, issue.New(issue.Forbidden, "access.forbidden")
	}
	all, err := e.glasses(ctx, "reviewed = 0")
	if err != nil {
		return nil, err
	}
	var out []Glass
	for _, g := range all {
		if e.reviews(a, g) {
			out = append(out, g)
		}
	}
	return out, nil
}

// reviews reports whether the actor may judge the glass: never the own one.
func (e *Emergency) reviews(a store.Actor, g Glass) bool {
	return a.Role == store.AccessReviewer && a.Account != g.Account &&
		(g.Reviewer == a.Account || g.Reviewer == "" && e.cfg.Policy.within(g.Unit, a.Unit, e.now()))
}

// ToReview returns one glass of the reviewer's queue, judged or not. Error:
// NotFound.
func (e *Emergency) ToReview(ctx context.Context, a store.Actor, id string) (Glass, error) {
	all, err := e.glasses(ctx, "id = ?", id)
	if err != nil || len(all) == 0 || !e.reviews(a, all[0]) {
		return Glass{}, orNotFound(err)
	}
	return all[0], nil
}

// Review judges a glass: justified or unjustified, the latter with a note. It
// stands once given. Errors: NotFound, Conflict, Value, Required.
func (e *Emergency) Review(ctx context.Context, a store.Actor, id, verdict, note string) error {
	g, err := e.ToReview(ctx, a, id)
	if err != nil {
		return err
	}
	note = strings.TrimSpace(note)
	switch {
	case !g.Reviewed.IsZero():
		return issue.New(issue.Conflict, "access.emergency.reviewed")
	case verdict != "justified" && verdict != "unjustified":
		return issue.New(issue.Required, "access.emergency.verdict").At("verdict")
	case verdict == "unjustified" && utf8.RuneCountInString(note) < minReason:
		return issue.New(issue.Required, "access.emergency.note", minReason).At("note")
	}
	if err := e.note(ctx, a, ActReview, store.Labels{Type: "Emergency", ID: g.ID, Patient: g.Patient}, true, verdict); err != nil {
		return err
	}
	now := e.now()
	var one string
	var first bool
	err = e.db.In(ctx, func(tx store.Tx) error {
		first, err = tx.Row(ctx, []any{&one}, `update access_emergency set reviewed = ?, verdict = ?, note = ?, reviewer = ?, reviewer_name = ?
			where id = ? and reviewed = 0 returning id`, micro(now), verdict, clip(note, maxReason), a.Account, a.Name, id)
		return err
	})
	if err != nil {
		return fmt.Errorf("reviewing an emergency: %w", err)
	}
	if !first {
		return issue.New(issue.Conflict, "access.emergency.reviewed")
	}
	return e.relate(ctx, store.Relation{Patient: g.Patient, Account: a.Account, Kind: KindReview, From: g.From, To: now, Source: g.ref()})
}

// name picks the reviewer: of those whose unit holds the facility's, the
// nearest to it (the province's before the ministry's), then who has the fewest
// waiting, then by account.
func (e *Emergency) name(ctx context.Context, g Glass) (account, name string, err error) {
	roles, err := e.accounts.assignments(ctx, "role = ?", string(store.AccessReviewer))
	if err != nil {
		return "", "", err
	}
	waiting, err := e.waiting(ctx)
	if err != nil {
		return "", "", err
	}
	var best Assignment
	for _, r := range validAt(roles, e.now()) {
		if r.Account == g.Account || !e.cfg.Policy.within(g.Unit, r.Unit, e.now()) {
			continue
		}
		switch {
		case best.Account == "":
			best = r
		case r.Unit != best.Unit:
			if e.cfg.Policy.within(r.Unit, best.Unit, e.now()) {
				best = r
			}
		case cmp.Or(cmp.Compare(waiting[r.Account], waiting[best.Account]), cmp.Compare(r.Account, best.Account)) < 0:
			best = r
		}
	}
	if best.Account == "" {
		return "", "", nil
	}
	acc, err := e.accounts.Get(ctx, best.Account)
	return best.Account, acc.Name, err
}

func checkReason(reason string) (string, error) {
	reason = strings.Join(strings.Fields(reason), " ")
	switch n := utf8.RuneCountInString(reason); {
	case n < minReason:
		return "", issue.New(issue.Required, "access.emergency.reason", minReason).At("reason")
	case n > maxReason:
		return "", issue.New(issue.TooLong, "access.emergency.reason_long", maxReason).At("reason")
	}
	return reason, nil
}

func (c *core) relate(ctx context.Context, r store.Relation) error {
	if err := c.store.Relate(ctx, r); err != nil {
		return fmt.Errorf("relation %s: %w", r.Kind, err)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Guardians keeps who may see a child's record. A guardianship is a relation
// with an end: the day before the child turns seven, when the child must agree
// too; with that agreement the eighteenth birthday. So it lapses by itself.
type Guardians struct {
	*core
	accounts *Accounts
	consents *Consents
}

// Guardianship is one guardian and one ward.
type Guardianship struct {
	ID          string
	Account     string // the guardian's
	Patient     string // the ward
	WardName    string
	Kind        string // one of GuardianKinds
	Birth       vn.Date
	From, To    time.Time
	ChildAgreed time.Time // zero = not asked yet
	Proof       string    // the paper that was shown
	RecordedBy  string    // account of the worker who saw it
	Ended       time.Time
}

// GuardianKinds are the ways of being a guardian (Civil Code 91/2015/QH13,
// Articles 46 to 54; parents: Law on Marriage and Family, Article 73).
func GuardianKinds() []string { return []string{"mother", "father", "guardian", "carer"} }

// ValidAt reports whether the guardian may see the record at t.
func (g Guardianship) ValidAt(t time.Time) bool {
	return g.Ended.IsZero() && !t.Before(g.From) && t.Before(g.To)
}

// WaitsForChild reports whether it has lapsed only because the child, now of
// seven or more, has not agreed yet.
func (g Guardianship) WaitsForChild(t time.Time) bool {
	return g.Ended.IsZero() && g.ChildAgreed.IsZero() && !t.Before(g.To) && t.Before(birthday(g.Birth, ageAdult))
}

// NewGuardianship is what a guardianship is made from.
type NewGuardianship struct {
	Account     string // the guardian's account
	Patient     string
	WardName    string
	Kind        string
	Birth       vn.Date // of the ward, must be known
	ChildAgrees bool    // the child of seven or more was asked and agrees
	Proof       string
}

// Record enters a guardianship that a worker has seen the papers of. The
// caller must have read the ward's Patient as the same actor before: that is
// where the store decides whether the worker may. The guardian's account gets
// the role. Errors: Forbidden, Required, CodeInvalid, Value, BusinessRule (of
// age, the child does not agree, or it is the worker's own account), Duplicate.
func (g *Guardians) Record(ctx context.Context, by store.Actor, n NewGuardianship) (Guardianship, error) {
	if !g.records(by) {
		return Guardianship{}, g.refused(ctx, by, n.Patient)
	}
	if n.Account == by.Account { // a second pair of eyes sees the papers
		if err := g.note(ctx, by, ActGuardian, store.Labels{Type: "Patient", ID: n.Patient, Patient: n.Patient}, false, "self"); err != nil {
			return Guardianship{}, err
		}
		return Guardianship{}, issue.New(issue.BusinessRule, "access.guardian.self").At("login")
	}
	now := g.now()
	one, err := n.checked(now)
	if err != nil {
		return Guardianship{}, err
	}
	one.RecordedBy = by.Account
	old, err := g.guardianships(ctx, "account = ? and patient = ? and ended = 0", n.Account, n.Patient)
	if err != nil {
		return Guardianship{}, err
	}
	if slices.ContainsFunc(old, func(o Guardianship) bool { return o.ValidAt(now) || o.WaitsForChild(now) }) {
		return Guardianship{}, issue.New(issue.Duplicate, "access.guardian.twice").At("account")
	}
	if err := g.note(ctx, by, ActGuardian, one.labels(), true, "record."+one.Kind); err != nil {
		return Guardianship{}, err
	}
	if err := g.insert(ctx, one); err != nil {
		return Guardianship{}, err
	}
	return one, g.apply(ctx, one)
}

func (n NewGuardianship) checked(now time.Time) (Guardianship, error) {
	today := vn.DateOf(now)
	switch {
	case n.Account == "" || n.Patient == "":
		return Guardianship{}, issue.New(issue.Required, "access.guardian.who").At("account")
	case !slices.Contains(GuardianKinds(), n.Kind):
		return Guardianship{}, issue.New(issue.CodeInvalid, "access.guardian.kind").At("kind")
	case !n.Birth.Known() || n.Birth > today:
		return Guardianship{}, issue.New(issue.Required, "access.guardian.birth").At("birth")
	case n.Proof == "":
		return Guardianship{}, issue.New(issue.Required, "access.guardian.proof").At("proof")
	case !now.Before(birthday(n.Birth, ageAdult)):
		return Guardianship{}, issue.New(issue.BusinessRule, "access.guardian.adult").At("birth")
	}
	one := Guardianship{ID: newID(), Account: n.Account, Patient: n.Patient, WardName: n.WardName, Kind: n.Kind, Birth: n.Birth,
		From: now, To: birthday(n.Birth, ageAsked), Proof: clip(n.Proof, 200)}
	if asksChild(n.Birth, today) {
		if !n.ChildAgrees {
			return Guardianship{}, issue.New(issue.BusinessRule, "access.guardian.child").At("child_agrees")
		}
		one.ChildAgreed, one.To = now, birthday(n.Birth, ageAdult)
	}
	return one, nil
}

// birthday is the first instant of the day somebody turns age.
func birthday(birth vn.Date, age int) time.Time { return birth.AddMonths(12 * age).Time().UTC() }

// records reports whether the actor may enter guardianships: the desk of a
// station, or the system.
func (g *Guardians) records(by store.Actor) bool {
	return by.Role == store.System || g.cfg.Policy.InCircle(by.Role, "desk") && g.cfg.Policy.InCircle(by.Role, "station")
}

func (g *Guardians) refused(ctx context.Context, by store.Actor, patient string) error {
	if err := g.note(ctx, by, ActGuardian, store.Labels{Type: "Patient", ID: patient, Patient: patient}, false, "role"); err != nil {
		return err
	}
	return issue.New(issue.Forbidden, "access.forbidden")
}

// apply gives the guardian the role and the relation for the dates.
func (g *Guardians) apply(ctx context.Context, one Guardianship) error {
	roles, err := g.accounts.assignments(ctx, "account = ? and patient = ? and role = 'guardian'", one.Account, one.Patient)
	if err != nil {
		return err
	}
	if len(roles) == 0 {
		err = insertAssignment(ctx, g.db, Assignment{ID: newID(), Account: one.Account, Role: store.Guardian,
			FacilityName: one.WardName, Patient: one.Patient, From: one.From, To: one.end()})
	} else {
		err = g.exec(ctx, "changing a guardian's role", `update access_assignment set until = ? where id = ?`, micro(one.end()), roles[0].ID)
	}
	if err != nil {
		return err
	}
	return g.relate(ctx, store.Relation{Patient: one.Patient, Account: one.Account, Kind: KindGuardian, From: one.From, To: one.end(), Source: "Guardianship/" + one.ID})
}

func (g Guardianship) end() time.Time {
	if g.Ended.IsZero() {
		return g.To
	}
	return g.Ended
}

func (g Guardianship) labels() store.Labels {
	return store.Labels{Type: "Guardianship", ID: g.ID, Patient: g.Patient}
}

// ChildAgrees records that a child of seven or more agrees: the guardian sees
// the record until the eighteenth birthday. Errors: NotFound, BusinessRule
// (the child is not seven yet).
func (g *Guardians) ChildAgrees(ctx context.Context, by store.Actor, id string) error {
	one, err := g.one(ctx, by, id)
	if err != nil {
		return err
	}
	now := g.now()
	if !asksChild(one.Birth, vn.DateOf(now)) {
		return issue.New(issue.BusinessRule, "access.guardian.young")
	}
	one.ChildAgreed, one.To = now, birthday(one.Birth, ageAdult)
	if err := g.note(ctx, by, ActGuardian, one.labels(), true, "child-agrees"); err != nil {
		return err
	}
	if err := g.exec(ctx, "recording a child's agreement", `update access_guardian set child_agreed = ?, until = ? where id = ?`, micro(now), micro(one.To), id); err != nil {
		return err
	}
	return g.apply(ctx, one)
}

// End ends a guardianship now, and what the guardian agreed to for the ward: the
// papers changed, or the child no longer agrees.
func (g *Guardians) End(ctx context.Context, by store.Actor, id string) error {
	one, err := g.one(ctx, by, id)
	if err != nil {
		return err
	}
	one.Ended = g.now()
	if err := g.apply(ctx, one); err != nil {
		return err
	}
	if err := g.consents.withdrawOf(ctx, by, one); err != nil {
		return err
	}
	if err := g.exec(ctx, "ending a guardianship", `update access_guardian set ended = ? where id = ?`, micro(one.Ended), id); err != nil {
		return err
	}
	return g.note(ctx, by, ActGuardian, one.labels(), true, "end")
}

func (g *Guardians) one(ctx context.Context, by store.Actor, id string) (Guardianship, error) {
	all, err := g.guardianships(ctx, "id = ? and ended = 0", id)
	if err != nil || len(all) == 0 {
		return Guardianship{}, orNotFound(err)
	}
	if !g.records(by) {
		return Guardianship{}, g.refused(ctx, by, all[0].Patient)
	}
	return all[0], nil
}

// OfWard lists the guardians of a person, latest first, also past ones, for
// the desk that keeps them. The caller has read the Patient before.
func (g *Guardians) OfWard(ctx context.Context, by store.Actor, patient string) ([]Guardianship, error) {
	if !g.records(by) {
		return nil, g.refused(ctx, by, patient)
	}
	return g.guardianships(ctx, "patient = ?", patient)
}

// Mine lists the actor's own wards, latest first, also lapsed ones.
func (g *Guardians) Mine(ctx context.Context, a store.Actor) ([]Guardianship, error) {
	return g.guardianships(ctx, "account = ?", a.Account)
}

const guardianColumns = `id, account, patient, ward_name, kind, birth, since, until, child_agreed, proof, recorded_by, ended`

func (g *Guardians) insert(ctx context.Context, x Guardianship) error {
	return g.exec(ctx, "recording a guardian", `insert into access_guardian (`+guardianColumns+`) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		x.ID, x.Account, x.Patient, x.WardName, x.Kind, int64(x.Birth), micro(x.From), micro(x.To), micro(x.ChildAgreed), x.Proof, x.RecordedBy, micro(x.Ended))
}

func (g *Guardians) guardianships(ctx context.Context, where string, args ...any) ([]Guardianship, error) {
	var out []Guardianship
	err := g.rows(ctx, "reading guardians", func(scan func(...any) error) error {
		var x Guardianship
		var birth, since, until, child, ended int64
		err := scan(&x.ID, &x.Account, &x.Patient, &x.WardName, &x.Kind, &birth, &since, &until, &child, &x.Proof, &x.RecordedBy, &ended)
		if err != nil {
			return fmt.Errorf("a guardian: %w", err)
		}
		x.Birth, x.From, x.To = vn.Date(birth), fromMicro(since), fromMicro(until)
		x.ChildAgreed, x.Ended = fromMicro(child), fromMicro(ended)
		out = append(out, x)
		return nil
	}, `select `+guardianColumns+` from access_guardian where `+where+` order by since desc, id`, args...)
	return out, err
}

// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"slices"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Consents keeps what persons agreed to: which facility may see the record,
// for which purpose, from when to when. Each purpose is agreed to by itself
// and may be withdrawn at any time, with effect at once (Law on Personal Data
// Protection 91/2025/QH15).
type Consents struct{ *core }

// Consent is one agreement.
type Consent struct {
	ID           string
	Patient      string
	Facility     string
	FacilityName string
	Purpose      string // one of ConsentPurposes
	From, To     time.Time
	GivenBy      string // account
	GivenName    string
	GivenRole    store.Role
	ChildAgreed  time.Time // zero = the child was under seven, or the person is of age
	Withdrawn    time.Time
}

// ConsentPurposes are what may be agreed to.
func ConsentPurposes() []string { return []string{"treatment", "second-opinion", "transfer"} }

// ValidAt reports whether it holds at t.
func (c Consent) ValidAt(t time.Time) bool {
	return c.Withdrawn.IsZero() && !t.Before(c.From) && t.Before(c.To)
}

const longestConsent = 366 // days

// NewConsent is what a consent is made from.
type NewConsent struct {
	Facility, FacilityName string
	Purpose                string
	Until                  vn.Date // last day, inclusive, at most a year ahead
	ChildAgrees            bool    // the child of seven or more agrees, asked by the guardian
}

// Give records the consent of a person for the own record, or of a guardian
// for the ward's. One that holds already, for the same facility, purpose and
// last day, is returned as it is. birth is the person's date of birth, ZeroDate when unknown:
// from seven on the child must agree too (Law 91/2025/QH15), and a guardian's
// consent ends with the seventh and the eighteenth birthday. Errors: Forbidden,
// Required, CodeInvalid, Value.
func (c *Consents) Give(ctx context.Context, a store.Actor, birth vn.Date, n NewConsent) (Consent, error) {
	if !personal(a.Role) || a.Patient == "" {
		return Consent{}, issue.New(issue.Forbidden, "access.forbidden")
	}
	now := c.now()
	today := vn.DateOf(now)
	switch {
	case n.Facility == "":
		return Consent{}, issue.New(issue.Required, "access.consent.facility").At("facility")
	case !slices.Contains(ConsentPurposes(), n.Purpose):
		return Consent{}, issue.New(issue.CodeInvalid, "access.consent.purpose").At("purpose")
	case !n.Until.Known() || n.Until < today || n.Until > today.AddDays(longestConsent):
		return Consent{}, issue.New(issue.Value, "access.consent.until").At("until")
	}
	one := Consent{ID: newID(), Patient: a.Patient, Facility: n.Facility, FacilityName: n.FacilityName, Purpose: n.Purpose,
		From: now, To: n.Until.AddDays(1).Time().UTC(), GivenBy: a.Account, GivenName: a.Name, GivenRole: a.Role}
	if a.Role == store.Guardian {
		one.To = whileGuarded(birth, now, one.To)
		if asksChild(birth, today) {
			if !n.ChildAgrees {
				return Consent{}, issue.New(issue.BusinessRule, "access.consent.child").At("child_agrees")
			}
			one.ChildAgreed = now
		}
	}
	held, err := c.List(ctx, a)
	if err != nil {
		return Consent{}, err
	}
	for _, h := range held {
		if h.ValidAt(now) && h.Facility == one.Facility && h.Purpose == one.Purpose && h.To.Equal(one.To) && h.GivenBy == one.GivenBy {
			return h, nil
		}
	}
	if err := c.note(ctx, a, ActConsent, store.Labels{Type: "Consent", ID: one.ID, Patient: one.Patient}, true, one.Purpose); err != nil {
		return Consent{}, err
	}
	if err := c.insert(ctx, one); err != nil {
		return Consent{}, err
	}
	return one, c.relate(ctx, one.relation())
}

func (c Consent) relation() store.Relation {
	return store.Relation{Patient: c.Patient, Facility: c.Facility, Kind: KindConsent, From: c.From, To: c.To, Source: "Consent/" + c.ID}
}

// The ages of the law: from seven the child is asked, at eighteen the person
// is of age (Civil Code 91/2015/QH13, Article 20).
const (
	ageAsked = 7
	ageAdult = 18
)

// asksChild reports whether somebody born on birth must be asked. An unknown
// birth date asks.
func asksChild(birth, today vn.Date) bool {
	return !birth.Known() || today >= birth.AddMonths(12*ageAsked)
}

// whileGuarded cuts until at the next birthday that changes who decides: the
// seventh, when the child is asked, and the eighteenth.
func whileGuarded(birth vn.Date, now, until time.Time) time.Time {
	if !birth.Known() {
		return until
	}
	for _, age := range []int{ageAsked, ageAdult} {
		if b := birthday(birth, age); now.Before(b) && b.Before(until) {
			return b
		}
	}
	return until
}

// Withdraw ends a consent now. The door closes before the paper says so.
// Errors: NotFound.
func (c *Consents) Withdraw(ctx context.Context, a store.Actor, id string) error {
	all, err := c.consents(ctx, "id = ? and patient = ?", id, a.Patient)
	if err != nil || len(all) == 0 || !personal(a.Role) || a.Patient == "" {
		return orNotFound(err)
	}
	return c.withdraw(ctx, a, all[0])
}

// withdrawOf withdraws what a guardian agreed to for a ward.
func (c *Consents) withdrawOf(ctx context.Context, by store.Actor, g Guardianship) error {
	all, err := c.consents(ctx, "patient = ? and given_by = ? and given_role = 'guardian'", g.Patient, g.Account)
	for _, one := range all {
		if err == nil {
			err = c.withdraw(ctx, by, one)
		}
	}
	return err
}

func (c *Consents) withdraw(ctx context.Context, a store.Actor, one Consent) error {
	now := c.now()
	if !one.ValidAt(now) {
		return nil
	}
	r := one.relation()
	r.To = now
	if err := c.relate(ctx, r); err != nil {
		return err
	}
	if err := c.exec(ctx, "withdrawing a consent", `update access_consent set withdrawn = ?, withdrawn_by = ? where id = ? and withdrawn = 0`, micro(now), a.Account, one.ID); err != nil {
		return err
	}
	return c.note(ctx, a, ActWithdraw, store.Labels{Type: "Consent", ID: one.ID, Patient: one.Patient}, true, one.Purpose)
}

// List returns the consents of the actor's own person or ward, latest first,
// also those that are over.
func (c *Consents) List(ctx context.Context, a store.Actor) ([]Consent, error) {
	if !personal(a.Role) || a.Patient == "" {
		return nil, nil
	}
	return c.consents(ctx, "patient = ?", a.Patient)
}

const consentColumns = `id, patient, facility, facility_name, purpose, since, until, given_by, given_name, given_role, child_agreed, withdrawn`

func (c *Consents) insert(ctx context.Context, x Consent) error {
	return c.exec(ctx, "recording a consent", `insert into access_consent (`+consentColumns+`, scope, withdrawn_by) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'record', '')`,
		x.ID, x.Patient, x.Facility, x.FacilityName, x.Purpose, micro(x.From), micro(x.To), x.GivenBy, x.GivenName, string(x.GivenRole), micro(x.ChildAgreed), micro(x.Withdrawn))
}

func (c *Consents) consents(ctx context.Context, where string, args ...any) ([]Consent, error) {
	var out []Consent
	err := c.rows(ctx, "reading consents", func(scan func(...any) error) error {
		var x Consent
		var role string
		var since, until, child, withdrawn int64
		err := scan(&x.ID, &x.Patient, &x.Facility, &x.FacilityName, &x.Purpose, &since, &until, &x.GivenBy, &x.GivenName, &role, &child, &withdrawn)
		x.GivenRole, x.From, x.To, x.ChildAgreed, x.Withdrawn = store.Role(role), fromMicro(since), fromMicro(until), fromMicro(child), fromMicro(withdrawn)
		out = append(out, x)
		return err
	}, `select `+consentColumns+` from access_consent where `+where+` order by since desc, id`, args...)
	return out, err
}

// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"mach/access"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// SignIn is one account of DIR/demo-accounts.json.
type SignIn struct {
	Role     store.Role `json:"role"`
	Name     string     `json:"name"`
	Login    string     `json:"login"`
	Password string     `json:"password"`
	TOTP     string     `json:"totp_secret"`
	PIN      string     `json:"pin"` // for a shared computer, after a full sign-in there
	Home     string     `json:"home"`
	Place    string     `json:"place"`
}

// AccountsFile is where the sign-ins stand, in the data folder.
const AccountsFile = "demo-accounts.json"

// SignIns reads the accounts of a demonstration folder.
func SignIns(dir string) ([]SignIn, error) {
	b, err := os.ReadFile(filepath.Join(dir, AccountsFile))
	if err != nil {
		return nil, err
	}
	var list []SignIn
	return list, json.Unmarshal(b, &list)
}

// accounts makes a sign-in for each role and writes the file. Passwords are
// of the demonstration and stand in the file; they open nothing else.
func (g *generator) accounts(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(g.dir, AccountsFile)); err == nil {
		return nil // made before the interruption
	}
	var list []SignIn
	for _, f := range g.order {
		for i, p := range f.staff {
			if !g.signs(f, p, i) {
				continue
			}
			s, err := g.account(ctx, f, p, i)
			if err != nil {
				return err
			}
			list = append(list, s)
		}
	}
	people, err := g.citizens(ctx)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(append(list, people...), "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(g.dir, AccountsFile), append(b, '\n'), 0o600)
}

// signs picks who of the staff has an account: the first of each role at the
// first station, in its committee, and at every place above; in the ministry two,
// because one decides what the other proposed.
func (g *generator) signs(f facility, p post, i int) bool {
	if f.kind == "station" || f.kind == "committee" {
		if f.unit.ID != g.communes[0].ID {
			return false
		}
	}
	return f.kind == "ministry" || before(f, p, i) == 0
}

// before is how many of the staff above have the same role.
func before(f facility, p post, i int) (n int) {
	for _, x := range f.staff[:i] {
		if x.role == p.role {
			n++
		}
	}
	return n
}

func (g *generator) account(ctx context.Context, f facility, p post, i int) (SignIn, error) {
	login := strings.ReplaceAll(string(p.role), "-", ".")
	if f.kind != "station" && f.kind != "committee" {
		login += "." + strings.TrimPrefix(f.kind, "hospital-")
	}
	if n := before(f, p, i); n > 0 {
		login += fmt.Sprintf(".%d", n+1)
	}
	s := SignIn{Role: p.role, Name: p.name, Login: login, Password: g.password(login), PIN: g.pin(login), Home: access.Home(p.role), Place: f.name}
	unit := f.unit.ID
	switch p.role {
	case store.Ministry:
		unit = vn.Nation
	case store.Institute:
		unit = g.region().ID
	case store.Department, store.CDC, store.ClosedDesk, store.AccessReviewer, store.Administrator:
		if unit = g.province.ID; f.kind == "ministry" {
			unit = vn.Nation
		}
	}
	var err error
	_, s.TOTP, err = g.open(ctx, access.NewAccount{
		Login: login, Name: p.name, Practitioner: p.practitioner, Password: s.Password, PIN: s.PIN,
		Code: g.access.Accounts.NeedsCode(p.role), Lang: "vi",
	}, access.Assignment{Role: p.role, Facility: f.id, FacilityName: f.name, Unit: unit, From: at(g.plan.Date-365, 8, 0)})
	return s, err
}

// open makes an account with one role. What an interruption left behind is
// taken up: the password is set anew, and what is missing is added.
func (g *generator) open(ctx context.Context, n access.NewAccount, role access.Assignment) (id, secret string, err error) {
	acc, err := g.access.Accounts.ByLogin(ctx, n.Login)
	switch {
	case issue.Is(err, issue.NotFound):
		acc, secret, err = g.access.Accounts.Add(ctx, g.system(), n)
	case err == nil:
		secret, err = g.access.Accounts.Reset(ctx, g.system(), acc.ID, n.Password)
	}
	if err != nil {
		return "", "", fmt.Errorf("account of a %s: %w", role.Role, err)
	}
	has, err := g.access.Accounts.Assignments(ctx, acc.ID)
	if err != nil || len(has) > 0 {
		return acc.ID, secret, err
	}
	role.Account = acc.ID
	_, err = g.access.Accounts.Assign(ctx, g.system(), role)
	return acc.ID, secret, err
}

// citizens are the first grown person of the first commune who has come before
// and not today, and that person as the guardian of the first child under seven.
func (g *generator) citizens(ctx context.Context) ([]SignIn, error) {
	var grown, child *person
	known := 0 // of the grown one's visits
	for n := 0; (known == 0 || child == nil) && n < g.plan.People; n++ {
		p := g.person(n)
		if p.commune.ID != g.communes[0].ID || g.busy(n) {
			continue
		}
		switch age := p.ageOn(g.plan.Date); {
		case age >= 25 && age < 45 && (grown == nil || known == 0):
			if seen := len(g.visits(p)); grown == nil || seen > 0 {
				grown, known = &p, seen
			}
		case child == nil && age < 7:
			child = &p
		}
	}
	var out []SignIn
	for _, c := range []struct {
		of   *person
		role store.Role
	}{{grown, store.Person}, {child, store.Guardian}} {
		if c.of == nil || grown == nil {
			continue
		}
		login := string(c.role)
		s := SignIn{Role: c.role, Name: grown.name, Login: login, Password: g.password(login), PIN: g.pin(login), Home: access.Home(c.role), Place: c.of.commune.Full()}
		account, _, err := g.open(ctx, access.NewAccount{
			Login: login, Name: grown.name, Patient: grown.id, Password: s.Password, PIN: s.PIN, Lang: "vi",
		}, access.Assignment{Role: c.role, Patient: c.of.id, Unit: c.of.commune.ID, From: at(g.plan.Date-365, 8, 0)})
		if err != nil {
			return nil, err
		}
		if c.role == store.Guardian {
			err := g.store.Relate(ctx, store.Relation{Patient: c.of.id, Account: account, Kind: "guardian", From: at(g.plan.Date-365, 8, 0)})
			if err != nil {
				return nil, err
			}
		}
		out = append(out, s)
	}
	return out, nil
}

// password and pin follow from the plan, so that a demonstration made again
// has the same.
func (g *generator) password(login string) string {
	r := g.plan.rng("password " + login)
	words := []string{"sen", "tre", "lua", "song", "nui", "may", "nang", "gio", "trang", "bien"}
	return fmt.Sprintf("%s-%s-%s-%04d", pick(r, words), pick(r, words), pick(r, words), r.IntN(10_000))
}

func (g *generator) pin(login string) string {
	return fmt.Sprintf("%06d", 100_000+g.plan.rng("pin "+login).IntN(900_000))
}

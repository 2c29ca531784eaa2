// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

func plan() Plan {
	return Plan{Province: "24", People: 150, Years: 1, Seed: 1, Date: 20778} // 2026-11-21
}

// opened is an empty store with access and the units.
func opened(t *testing.T) (*store.Store, *access.Access, *vn.Units) {
	t.Helper()
	return openedAt(t, time.Now)
}

func openedAt(t *testing.T, now func() time.Time) (*store.Store, *access.Access, *vn.Units) {
	t.Helper()
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	s := storetest.New(t, storetest.Configure(func(c *store.Config) {
		c.Now = now
		c.UnitOf = func(code, version string) vn.UnitID {
			on, err := vn.ParseDate(version)
			if err != nil {
				return 0
			}
			u, _ := units.ByCode(code, on)
			return u.ID
		}
	}))
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	key := make([]byte, 32)
	rand.Read(key)
	a, err := access.Open(t.Context(), s, access.Config{Key: key, Policy: policy, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	return s, a, units
}

// content is every current resource of the store, by reference, without what
// the store adds.
func stored(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	out := map[string]string{}
	door := s.For(storetest.System())
	for after := int64(0); ; {
		changes, err := s.Changes(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		if len(changes) == 0 {
			return out
		}
		for _, c := range changes {
			after = c.Seq
			doc, err := door.Read(t.Context(), c.Type, c.ID)
			if err != nil {
				t.Fatal(err)
			}
			out[doc.Ref()] = doc.WithoutVersion().Text()
		}
	}
}

func fill(t *testing.T, ctx context.Context, dir string, s *store.Store, a *access.Access, units *vn.Units, tell Progress) error {
	t.Helper()
	return Fill(ctx, dir, s, a, units, plan(), tell)
}

func quiet(string, int, int) {}

// The same plan gives the same content, also when the first filling was cut
// off in the middle.
func TestInterruptedFillEndsTheSame(t *testing.T) {
	s, a, units := opened(t)
	if err := fill(t, t.Context(), t.TempDir(), s, a, units, quiet); err != nil {
		t.Fatal(err)
	}
	want := stored(t, s)

	s, a, units = opened(t)
	dir := t.TempDir()
	ctx, cut := context.WithCancel(t.Context())
	err := fill(t, ctx, dir, s, a, units, func(step string, done, _ int) {
		if step == "people" && done > 20 {
			cut()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("cut off: %v", err)
	}
	if err := fill(t, t.Context(), dir, s, a, units, quiet); err != nil {
		t.Fatal(err)
	}
	got := stored(t, s)
	if len(got) != len(want) {
		t.Fatalf("%d resources after the interruption, %d without", len(got), len(want))
	}
	for ref, text := range want {
		if got[ref] != text {
			t.Fatalf("%s differs:\n%s\n%s", ref, got[ref], text)
		}
	}
}

// The accounts file has a sign-in for each role, and privileged ones have a
// one-time-code secret.
func TestAccounts(t *testing.T) {
	s, a, units := opened(t)
	dir := t.TempDir()
	if err := fill(t, t.Context(), dir, s, a, units, quiet); err != nil {
		t.Fatal(err)
	}
	// Cut off while accounts were made: the file is missing, accounts stand.
	if err := os.Remove(dir + "/" + AccountsFile); err != nil {
		t.Fatal(err)
	}
	if err := fill(t, t.Context(), dir, s, a, units, quiet); err != nil {
		t.Fatalf("going on after the accounts were made: %v", err)
	}
	list, err := SignIns(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if _, err := a.Sessions.SignIn(t.Context(), access.Attempt{Login: e.Login, Password: e.Password, Code: code(t, e)}); err != nil {
			t.Errorf("%s cannot sign in: %v", e.Login, err)
		}
	}
	seen := map[store.Role]bool{}
	for _, e := range list {
		seen[e.Role] = true
		if e.Login == "" || e.Password == "" || e.Home == "" || e.Name == "" {
			t.Errorf("%+v lacks something", e)
		}
		if a.Accounts.NeedsCode(e.Role) != (e.TOTP != "") {
			t.Errorf("%s: one-time code secret %q", e.Role, e.TOTP)
		}
	}
	for _, role := range []store.Role{
		store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.Pharmacist, store.ImmunisationOff, store.VillageWorker,
		store.StationDirector, store.Chairman, store.Department, store.CDC, store.HospitalReporter, store.Coordinator, store.Expert,
		store.Ministry, store.PrivateClinic, store.AccessReviewer, store.Administrator, store.Person, store.Guardian,
	} {
		if !seen[role] {
			t.Errorf("nobody can sign in as %s", role)
		}
	}
	info, err := os.Stat(dir + "/" + AccountsFile)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("accounts file: %v, %v", info.Mode(), err)
	}
}

// People have the ages of the pyramid and about three in ten are Nguyễn; no
// personal number comes twice and each agrees with sex and birth.
func TestPeople(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	p := plan()
	p.People = 6000
	g := &generator{plan: p, units: units, diseases: content.Diseases()}
	if err := g.locate(); err != nil {
		t.Fatal(err)
	}
	numbers, nguyen, children := map[string]bool{}, 0, 0
	for n := range p.People {
		x := g.person(n)
		if numbers[x.number] {
			t.Fatalf("personal number of person %d comes twice", n)
		}
		numbers[x.number] = true
		id, err := vn.ParsePersonalID(x.number)
		if err != nil {
			t.Fatal(err)
		}
		if w := id.Warnings(vn.Sex(gender(x.female)), x.birth.Partial()); len(w) > 0 {
			t.Fatalf("person %d: %v", n, w)
		}
		if strings.HasPrefix(x.name, "Nguyễn ") {
			nguyen++
		}
		if x.ageOn(p.Date) < 15 {
			children++
		}
		if x.birth > p.Date {
			t.Fatalf("person %d is born after the date", n)
		}
	}
	near(t, "Nguyễn", float64(nguyen)/float64(p.People), 0.30, 0.03)
	near(t, "children under 15", float64(children)/float64(p.People), 0.243, 0.02)
}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.Abs(got-want) > within {
		t.Errorf("%s: %.3f, want %.3f ± %.3f", what, got, want, within)
	}
}

// Every generated resource is valid FHIR.
func TestEverythingIsValid(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	g := &generator{plan: plan(), units: units, diseases: content.Diseases()}
	if err := g.locate(); err != nil {
		t.Fatal(err)
	}
	var all []any
	for _, f := range g.order {
		all = append(all, f.resource())
	}
	all = append(all, g.crowd(g.all[0]))
	all = append(all, g.minimalCases(g.all[0], 0)...)
	for n := range 60 {
		p := g.person(n)
		all = append(all, p.resource(g.plan.rng("x"), g))
		all = append(all, g.visits(p)...)
		all = append(all, g.doses(p)...)
		all = append(all, g.waiting(p, 1)...)
	}
	for _, r := range all {
		doc, err := fhir.New(r)
		if err != nil {
			t.Fatal(err)
		}
		if issues := fhir.Validate(doc); len(issues) > 0 {
			b, _ := json.Marshal(issues)
			t.Fatalf("%s: %s\n%s", doc.Ref(), b, doc.Text())
		}
	}
}

// code is the one-time code of the moment, "" for accounts without.
func code(t *testing.T, s SignIn) string {
	t.Helper()
	if s.TOTP == "" {
		return ""
	}
	c, err := access.CodeAt(s.TOTP, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

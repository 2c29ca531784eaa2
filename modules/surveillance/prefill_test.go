// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"crypto/rand"
	"fmt"
	"testing"

	"mach/access"
	"mach/casereport"
	"mach/content"
	"mach/demo"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// onRecord are the fields that a record may hold, each with where it does: read
// here on its own, so that a field that the form forgets is found missing.
func (r record) onRecord() map[string]bool {
	p := r.patient
	minor := Report{"birth": p.Get("birthDate").String(), "diagnosed": vn.DateOf(r.draft.At).String()}.minor()
	vaccinated, tested := false, false
	for _, d := range r.doses {
		if e := content.EvidenceOf(r.disease.ID); e.Protects(d.Get("vaccineCode").Code(fhir.CVX), wordsOf(d.Get("vaccineCode"))) && d.Get("status").String() == "completed" &&
			d.Get("occurrenceDateTime").String()[:10] <= vn.DateOf(r.draft.At).String() {
			vaccinated = true
		}
	}
	for _, t := range r.results {
		tested = tested || content.EvidenceOf(r.disease.ID).Tests(wordsOf(t.Get("code")))
	}
	guardian := minor && (p.Get("contact").Exists() || len(r.kin) > 0)
	return map[string]bool{
		"name": p.Get("name").Exists(), "birth": p.Get("birthDate").Exists(), "sex": p.Get("gender").Exists(),
		"number": p.Identifier(fhir.IDPersonal) != "", "insurance": p.Identifier(fhir.IDInsurance) != "",
		"address": p.Get("address").Exists(), "commune": p.Get("address", "extension").Exists(), "current_address": p.Get("address").Exists(),
		"phone": p.Get("telecom").Exists(), "guardian": guardian, "guardian_phone": guardian && p.Get("contact", "telecom").Exists(),
		"ethnic":     p.Root().Extension(fhir.Base + "/ext/ethnic").Exists(),
		"occupation": p.Root().Extension(fhir.Base + "/ext/occupation").Exists(),
		"facility":   r.facility != nil, "icd": true, "disease": true, "class": true, "diagnosed": true,
		"first_visit": r.visit != nil, "care": r.visit != nil, "outcome": r.cause.Get("clinicalStatus").Exists(), "onset": r.cause.Get("onsetDateTime").Exists(),
		"vaccinated": vaccinated, "doses": vaccinated, "last_dose": vaccinated, "sampled": tested, "sample_date": tested, "test": tested, "result": tested,
		"reporter_phone": r.reporter != nil && r.reporter.Get("telecom").Exists() || r.desk != nil && r.desk.Get("telecom").Exists(),
	}
}

// everyVisit takes each signed visit as if it had been for a notifiable
// disease, of the common ones in turn.
func (w *world) everyVisit(a store.Actor) []Draft {
	w.t.Helper()
	diseases := []string{"measles", "dengue", "influenza", "pertussis", "hepatitis-b", "hand-foot-mouth"}
	visits, err := store.List(ctx, w.s.For(a), vn.Nation, func(scan store.Scan) (Draft, error) {
		var d Draft
		var place int64
		err := scan(&d.Encounter, &d.Patient, &d.Facility, &place)
		d.Place = vn.UnitID(place)
		return d, err
	}, `select encounter, patient, facility, place from surveillance_visit where signed = 1 order by encounter limit 120`)
	w.ok(err)
	for i := range visits {
		d := &visits[i]
		page, err := w.s.For(a).Search(ctx, store.Query{Type: "Condition", Params: [][2]string{{"encounter", "Encounter/" + d.Encounter}, {"category", "encounter-diagnosis"}}})
		w.ok(err)
		d.Cause, d.Kind, d.Code = page.Docs[0].ID(), "Condition", "B05.9"
		d.At, d.Disease, d.Unit = casereport.Instant(page.Docs[0].Get("recordedDate").String()), diseases[i%len(diseases)], d.Place
	}
	return visits
}

// Of what the records of the demonstration know of a case, the form holds at
// least nine tenths before anybody types.
func TestPrefilledFromTheDemonstration(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	now := clock.Now
	s := storetest.New(t, storetest.Follow(New(nil, units, content.Diseases(), content.OurLaw(), now).Follower()), storetest.Configure(func(c *store.Config) {
		c.Now = now
		c.Sensitivity = content.Sensitivity
		c.UnitOf = func(code, version string) vn.UnitID {
			on, err := vn.ParseDate(version)
			if err != nil {
				on = vn.Reform
			}
			u, _ := units.ByCode(code, on)
			return u.ID
		}
	}))
	m := New(s, units, content.Diseases(), content.OurLaw(), now)
	key := make([]byte, 32)
	rand.Read(key)
	a, err := access.Open(ctx, s, access.Config{Key: key, Policy: policy, Demo: true})
	if err != nil {
		t.Fatal(err)
	}
	plan := demo.Plan{Seed: 1, Date: vn.DateOf(now()), Province: province, People: 120}
	if err := demo.Fill(ctx, t.TempDir(), s, a, units, plan, func(string, int, int) {}); err != nil {
		t.Fatal(err)
	}
	w := &world{Module: m, t: t, s: s, clock: clock}
	w.calm()
	director := storetest.System()
	drafts := w.everyVisit(director)
	if len(drafts) < 60 {
		t.Fatalf("only %d visits", len(drafts))
	}
	known, filled, all, asked := 0, 0, 0, 0
	missed := map[string]int{}
	for _, d := range drafts {
		reporter := director
		reporter.Facility = d.Facility
		r, err := m.recordOf(ctx, reporter, d)
		if err != nil {
			t.Fatal(err)
		}
		form, _ := r.report()
		for field, has := range r.onRecord() {
			if !has {
				continue
			}
			if known++; form[field] != "" {
				filled++
			} else {
				missed[field]++
			}
		}
		n, missing := form.Known()
		all, asked = all+n, asked+n+len(missing)
	}
	share := float64(filled) / float64(known)
	fmt.Printf("case form of %d cases: %.1f %% of what the record knows is filled in, %.1f %% of all that arises (of any diagnosis, where nobody asked)\n", len(drafts), 100*share, 100*float64(all)/float64(asked))
	if share < 0.9 {
		t.Errorf("%.3f filled; missed %v", share, missed)
	}
	if float64(all)/float64(asked) < 0.7 {
		t.Errorf("%d of %d questions answered", all, asked)
	}
}

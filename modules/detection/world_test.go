// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"mach/access"
	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

var (
	ctx       = context.Background()
	unitsOnce = sync.OnceValues(content.Units)
)

const (
	bacNinh = "24"
	station = "tram" // Organization of the station
)

// world is a store with the module, two stations' communes and a clock.
type world struct {
	*Module
	t       testing.TB
	s       *store.Store
	clock   *storetest.Clock
	commune vn.Unit
	next    vn.Unit // another commune of the province
	other   vn.Unit // a commune of another province
	lazy    bool    // do not wait for the view after each commit; calm does
	calms   int
}

// options are those of a store that the module follows under the real policies.
func options(units *vn.Units, clock *storetest.Clock) []storetest.Option {
	return optionsOf(units, content.Diseases(), clock)
}

func optionsOf(units *vn.Units, diseases *content.DiseaseList, clock *storetest.Clock) []storetest.Option {
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		panic(err)
	}
	follower := New(nil, units, diseases, content.OurLaw(), nil, clock.Now).Follower()
	follower.Basis = units.Sum()
	return []storetest.Option{storetest.Follow(follower), storetest.MayScan("detection_watch", "detection_reporting", "detection_cluster"), storetest.Guarded(policy), storetest.Placed(units), storetest.Configure(func(c *store.Config) {
		c.Now = clock.Now
		c.Sensitivity = content.Sensitivity
	})}
}

// each runs the test in a world on every database.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	begins := clock.Now()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock.Advance(begins.Sub(clock.Now())) // each database begins on the same morning
		test(t, newWorld(t, s, units, clock))
	}, options(units, clock)...)
}

func newWorld(t testing.TB, s *store.Store, units *vn.Units, clock *storetest.Clock) *world {
	w := &world{Module: New(s, units, content.Diseases(), content.OurLaw(), nil, clock.Now), t: t, s: s, clock: clock}
	on := vn.DateOf(clock.Now())
	p, ok := units.ByCode(bacNinh, on)
	if !ok {
		t.Fatal("no province " + bacNinh)
	}
	communes := units.Communes(p.ID, on)
	w.commune, w.next = communes[0], communes[1]
	w.other = units.Communes(units.Provinces(on)[0].ID, on)[0]
	w.put(storetest.System(), fhir.Organization{ID: station, Name: "Trạm y tế " + w.commune.Full(),
		Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")}, Address: []fhir.Address{{Extension: []fhir.Extension{place1(w.commune)}}}})
	return w
}

// touching are communes of one province, the first of which touches the others.
func (w *world) touching(n int) []vn.Unit {
	w.t.Helper()
	for _, c := range w.units.Communes(w.provinceOf(w.commune.ID), w.today()) {
		out := []vn.Unit{c}
		for _, id := range w.land.near[c.ID] {
			if u, _ := w.units.Get(id); u.Parent == c.Parent && len(out) < n {
				out = append(out, u)
			}
		}
		if len(out) == n {
			return out
		}
	}
	w.t.Fatalf("no %d communes that touch", n)
	return nil
}

// place1 is the extension that names a unit.
func place1(u vn.Unit) fhir.Extension { return fhir.Unit(u.Code, u.From.String(), u.Full()) }

func (w *world) actor(role store.Role) store.Actor {
	a := storetest.Actor(role, station)
	a.Unit = w.commune.ID
	switch role {
	case store.CDC, store.Department:
		a.Facility, a.Unit, a.Purpose = "cdc", w.provinceOf(w.commune.ID), store.PublicHealth
	case store.Ministry:
		a.Facility, a.Unit, a.Purpose = "bo", vn.Nation, store.PublicHealth
	}
	return a
}

// put writes resources as the actor and waits for the view.
func (w *world) put(a store.Actor, resources ...any) {
	w.t.Helper()
	var ops []store.Op
	for _, r := range resources {
		doc, err := fhir.New(r)
		if err != nil {
			w.t.Fatal(err)
		}
		ops = append(ops, store.Put(doc))
	}
	w.commit(a, ops...)
}

func (w *world) commit(a store.Actor, ops ...store.Op) {
	w.t.Helper()
	receipt, err := w.s.For(a).Commit(ctx, ops...)
	if err != nil {
		w.t.Fatal(err)
	}
	if !w.lazy {
		w.settle(receipt)
	}
}

// settle waits as long as it takes: a slow machine is no failure.
func (w *world) settle(r store.Receipt) {
	w.t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		late, err := w.s.AwaitLate(ctx, r, "detection")
		if err != nil {
			w.t.Fatal(err)
		}
		if !late {
			return
		}
	}
	w.t.Fatal("the view does not catch up")
}

// flow writes without waiting for the view after each commit, as people do.
func (w *world) flow(work func()) {
	w.t.Helper()
	was := w.lazy
	w.lazy = true
	work()
	if w.lazy = was; !was {
		w.calm()
	}
}

// calm waits until the view shows all that was written so far.
func (w *world) calm() {
	w.t.Helper()
	was := w.lazy
	w.lazy = false
	w.calms++
	w.put(storetest.System(), fhir.Organization{ID: "calm", Name: fmt.Sprint(w.calms)})
	w.lazy = was
}

// report is a case report as it is sent.
type report struct {
	id, icd string
	at      vn.Unit // zero: the person's
	patient string
	day     vn.Date // zero: today; vn.ZeroDate: it does not say
	class   casereport.Class
	focus   string
	cause   string
	same    string // report that stands for it
	died    bool
}

func (w *world) resource(r report) fhir.Condition {
	if r.class == "" {
		r.class = casereport.Suspect
	}
	if r.day == 0 {
		r.day = w.today()
	}
	c := fhir.Condition{ID: r.id, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, r.class.Status(), ""),
		Category:           []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
		Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: r.icd}}},
		Subject:            fhir.Reference{Display: "Ca bệnh tối thiểu"}, RecordedDate: r.day.String()}
	if !r.day.Known() {
		c.RecordedDate = ""
	}
	if r.patient != "" {
		c.Subject = fhir.Ref("Patient", r.patient)
	}
	if r.at.ID != 0 {
		c.Extension = append(c.Extension, place1(r.at))
	}
	if r.focus != "" {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtFocus, ValueString: r.focus})
	}
	if r.died {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtDied, ValueDate: r.day.String()})
	}
	if r.same != "" {
		other := fhir.Ref("Condition", r.same)
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &other})
	}
	if r.cause != "" {
		c.Evidence = []fhir.ConditionEvidence{{Detail: []fhir.Reference{{Reference: "Condition/" + r.cause}}}}
	}
	return c
}

func (w *world) report(r report) {
	w.t.Helper()
	w.put(storetest.System(), w.resource(r))
}

// history writes cases as they are imported from years before.
func (w *world) history(id, icd string, at vn.Unit, counts map[vn.Date]int) {
	w.t.Helper()
	var ops []store.Op
	for _, day := range sortedDays(counts) {
		for i := range counts[day] {
			doc, err := fhir.New(w.resource(report{id: fmt.Sprintf("%s-%s-%d", id, day, i), icd: icd, at: at, day: day, class: casereport.Confirmed}))
			if err != nil {
				w.t.Fatal(err)
			}
			ops = append(ops, store.Put(doc))
		}
	}
	for chunk := range slices.Chunk(ops, 200) {
		w.commit(storetest.System(), chunk...)
	}
}

func sortedDays(m map[vn.Date]int) []vn.Date {
	var out []vn.Date
	for d := range m {
		out = append(out, d)
	}
	slices.Sort(out)
	return out
}

func (w *world) drop(typ, id string) {
	w.t.Helper()
	receipt, err := w.s.For(storetest.System()).Commit(ctx, store.Delete(typ, id))
	if err != nil {
		return // it is not there
	}
	if !w.lazy {
		w.settle(receipt)
	}
}

func (w *world) person(id string, home vn.Unit) {
	w.put(storetest.System(), fhir.Patient{ID: id, Name: []fhir.HumanName{{Text: "Nguyễn Thị " + id}},
		Address: []fhir.Address{{Use: "home", Extension: []fhir.Extension{place1(home)}}}})
}

func (w *world) visit(id, patient string, at time.Time) {
	w.put(storetest.System(), fhir.Encounter{ID: id, Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"},
		Subject: fhir.Ref("Patient", patient), Period: fhir.Period{Start: fhir.Instant(at)}, ServiceProvider: fhir.Ref("Organization", station)})
}

// step writes a step of an event as module events does.
func (w *world) step(id, first, kind, disease string, at vn.Unit, more ...func(*fhir.Communication)) {
	w.t.Helper()
	category := map[string]string{"signal": "event", "verified": "event-step", "triaged": "event-step"}[kind]
	if category == "" {
		category = "event-decision"
	}
	c := fhir.Communication{ID: id, Status: "completed", Extension: []fhir.Extension{place1(at)}, Sent: fhir.Instant(w.clock.Now()),
		Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, category, ""), fhir.Code(csStep, kind, "")},
		Topic:    fhir.CodeableConcept{Coding: []fhir.Coding{{System: systemDisease, Code: disease}}}}
	if first != id {
		c.InResponseTo = []fhir.Reference{fhir.Ref("Communication", first)}
	}
	for _, edit := range more {
		edit(&c)
	}
	w.put(storetest.System(), c)
}

func onAlert(key string) func(*fhir.Communication) {
	return func(c *fhir.Communication) { c.Identifier = []fhir.Identifier{{System: SystemAlert, Value: key}} }
}

func ofFocus(name string) func(*fhir.Communication) {
	return func(c *fhir.Communication) {
		c.Extension = append(c.Extension, fhir.Extension{URL: extFocusName, ValueString: name})
	}
}

// waiting lists the alerts of a unit that wait, each as disease code rule cases.
func (w *world) waiting(unit vn.UnitID) []string {
	w.t.Helper()
	list, err := w.Waiting(ctx, w.actor(store.Ministry), unit)
	if err != nil {
		w.t.Fatal(err)
	}
	out := []string{}
	for _, a := range list {
		out = append(out, fmt.Sprintf("%s %s %s %d", a.Disease, w.codeOf(a.Unit), a.Rule, a.Cases))
	}
	slices.Sort(out)
	return out
}

func (w *world) want(what string, unit vn.UnitID, want ...string) {
	w.t.Helper()
	w.calm()
	slices.Sort(want)
	if got := w.waiting(unit); !slices.Equal(got, want) {
		w.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

// dump writes the view's tables as text, row by row in order.
func (w *world) dump() string {
	w.t.Helper()
	var b strings.Builder
	for _, q := range []struct{ table, columns string }{
		{"detection_person", "patient, unit"},
		{"detection_cause", "cause, disease"},
		{"detection_case", "report, " + caseColumns},
		{"detection_ledger", "seq, part, disease, commune, province, day, focus, change"},
		{"detection_year", "disease, unit, year, counts, seen"},
		{"detection_reporting", "unit, week, seq, visited, heard, last, sources, visits"},
		{"detection_unheard", "unit, week, seq, visited, until"},
		{"detection_verdict", verdictColumns},
		{"detection_watch", "unit, disease, province, until, beside"},
		{"detection_due", "unit, disease, day, week, patient, seq"},
		{"detection_alert", alertColumns + ", cooled"},
		{"detection_answer", "answer, alert, kind, words, author, facility, at"},
		{"detection_step", "step, first, kind, disease, unit, focus, alert, day, at, seq"},
		{"detection_duty", dutyColumns},
		{"detection_night", nightColumns},
		{"detection_rule", "hash, rule"},
		{"detection_cluster", strings.ReplaceAll(clusterColumns, "c.", "")},
		{"detection_visit", "visit, unit, day, syndromes"},
		{"detection_sign", "source, visit, syndromes"},
		{"detection_daily", "unit, syndrome, year, counts"},
		{"detection_syndrome", syndromeColumns},
		{"detection_setting", "setting, disease, unit, change, starts, proposed, author, practitioner, facility, approved, ended"},
		{"detection_setting_step", "setting, seq, kind, name, words, at"},
	} {
		n := strings.Count(q.columns, ",") + 1
		rows, err := store.Figures(ctx, w.s.For(storetest.System()), vn.Nation, func(scan store.Scan) (string, error) {
			cells, dest := make([]any, n), make([]any, n)
			for i := range cells {
				dest[i] = &cells[i]
			}
			err := scan(dest...)
			for i, c := range cells {
				if raw, ok := c.([]byte); ok {
					cells[i] = string(raw)
				}
			}
			return fmt.Sprintf("%s %v\n", q.table, cells), err
		}, `select `+q.columns+` from `+q.table+` order by `+q.columns)
		if err != nil {
			w.t.Fatal(err)
		}
		b.WriteString(strings.Join(rows, ""))
	}
	return b.String()
}

// wantRebuilt wants the view built from nothing to equal the followed one.
func (w *world) wantRebuilt() {
	w.t.Helper()
	followed := w.dump()
	if err := w.s.Rebuild(ctx, "detection"); err != nil {
		w.t.Fatal(err)
	}
	if diff := cmp.Diff(followed, w.dump()); diff != "" {
		w.t.Fatalf("followed (-), rebuilt (+)\n%s", diff)
	}
}

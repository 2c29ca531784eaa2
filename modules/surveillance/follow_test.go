// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

var ctx = context.Background()

// drafts lists "disease cause(n)" of the open drafts of the station.
func (w *world) drafts() []string {
	w.t.Helper()
	w.calm()
	list, err := w.Drafts(ctx, w.actor(store.Doctor), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var out []string
	for _, d := range list {
		out = append(out, fmt.Sprintf("%s %s(%d)", d.Disease, d.Cause, d.Triggers))
	}
	return out
}

func (w *world) wantDrafts(why string, want ...string) {
	w.t.Helper()
	if diff := cmp.Diff(want, w.drafts()); diff != "" {
		w.t.Errorf("%s: drafts (-want +got)\n%s", why, diff)
	}
}

func TestDraftFollowsTheVisit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		now := w.now()
		v := visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: now, status: "in-progress", void: "provisional"}
		w.visit(v)
		w.wantDrafts("an unsigned visit")
		v.status, v.void = "", ""
		w.visit(v)
		w.wantDrafts("signed", "dengue c-v1(1)")

		again := v
		again.id, again.at = "v2", now.Add(5*24*time.Hour)
		w.visit(again)
		w.wantDrafts("the same episode", "dengue c-v1(2)")
		later := v
		later.id, later.at = "v3", now.Add(40*24*time.Hour)
		w.visit(later)
		w.wantDrafts("a new episode", "dengue c-v1(2)", "dengue c-v3(1)")

		v.icd, v.words = "B05.9", "Sởi"
		w.visit(v)
		w.wantDrafts("corrected to another notifiable disease", "measles c-v1(1)", "dengue c-v2(1)", "dengue c-v3(1)")
		v.icd, v.words = "J06.9", "Nhiễm khuẩn hô hấp trên cấp"
		w.visit(v)
		w.wantDrafts("corrected to what is not notifiable", "dengue c-v2(1)", "dengue c-v3(1)")
		again.void = "entered-in-error"
		w.visit(again)
		w.wantDrafts("entered in error", "dengue c-v3(1)")
		later.status = "entered-in-error"
		w.visit(later)
		w.wantDrafts("the visit itself in error")
	})
}

func TestLabelledDiseasesHaveNoDraft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		v := visit{id: "v1", patient: "p1", icd: "A53.9", words: "Giang mai", at: w.now()}
		w.visit(v)
		w.wantDrafts("syphilis")
		n, err := w.Closed(ctx, w.actor(store.Doctor), w.today())
		if err != nil || n != 1 {
			t.Errorf("%d closed diagnoses, %v", n, err)
		}
		v.icd, v.words = "A97.0", "Sốt xuất huyết Dengue"
		w.visit(v)
		w.wantDrafts("corrected to dengue", "dengue c-v1(1)")
		v.icd, v.words = "B20.4", "Bệnh HIV gây nhiễm nấm Candida"
		w.visit(v)
		w.wantDrafts("candida in HIV: the code is labelled though the disease is not closed")
	})
}

// count reads a month's value and first-seen number of the commune.
func (w *world) count(disease string, class casereport.Class, d vn.Date) (value, seen int) {
	w.t.Helper()
	w.calm()
	cells, err := w.cells(ctx, w.actor(store.Doctor), w.commune.ID, []vn.UnitID{w.commune.ID}, disease, spanMonth, []vn.Date{vn.MonthOf(d).Start()})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range cells {
		if c.class == class {
			return c.value, c.seen
		}
	}
	return 0, 0
}

func (w *world) wantCount(why, disease string, class casereport.Class, value, seen int) {
	w.t.Helper()
	if v, s := w.count(disease, class, w.today()); v != value || s != seen {
		w.t.Errorf("%s: %s %s is %d, first %d; want %d, first %d", why, disease, class, v, s, value, seen)
	}
}

func TestSendRefuteUpdate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		v := visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()}
		w.visit(v)
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range []string{"name", "birth", "sex", "number", "address", "commune", "phone", "disease", "class", "diagnosed", "first_visit", "care", "reporter", "reporter_unit"} {
			if form[id] == "" {
				t.Errorf("%s is known and not filled", id)
			}
		}
		form["onset"] = w.today().AddDays(-2).String()
		id, err := w.Send(ctx, doctor, "c-v1", "k1", form)
		if err != nil {
			t.Fatal(err)
		}
		w.wantDrafts("sent")
		w.wantCount("sent", "dengue", casereport.Suspect, 1, 1)
		w.calm()
		if _, err := w.Send(ctx, doctor, "c-v1", "k2", form); err == nil {
			t.Error("the same episode was sent twice")
		}

		w.calm()
		sent, err := w.Open(ctx, doctor, id)
		if err != nil {
			t.Fatal(err)
		}
		if sent.Answers["onset"] != form["onset"] || sent.Answers["name"] != "Nguyễn Thị Lan" || sent.Class != casereport.Suspect || sent.Due.Sub(sent.Reported) < 47*time.Hour {
			t.Errorf("sent %+v", sent)
		}
		if err := w.Update(ctx, doctor, id, sent.Version, "k3", sent.Answers, casereport.Confirmed, ""); err == nil {
			t.Error("confirmed without a test")
		}
		sent.Answers["test"], sent.Answers["result"], sent.Answers["sampled"] = "rapid", "positive", "yes"
		if err := w.Update(ctx, doctor, id, sent.Version, "k4", sent.Answers, casereport.Confirmed, ""); err != nil {
			t.Fatal(err)
		}
		w.wantCount("confirmed", "dengue", casereport.Suspect, 0, 1)
		w.wantCount("confirmed", "dengue", casereport.Confirmed, 1, 0)
		if err := w.Update(ctx, doctor, id, sent.Version, "k5", sent.Answers, casereport.Suspect, ""); err == nil {
			t.Error("an old version was overwritten")
		}
		w.calm()
		sent, err = w.Open(ctx, doctor, id)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Update(ctx, doctor, id, sent.Version, "k6", sent.Answers, casereport.Refuted, " "); err == nil {
			t.Error("not a case without a reason")
		}
		if err := w.Update(ctx, doctor, id, sent.Version, "k7", sent.Answers, casereport.Refuted, "PCR âm tính"); err != nil {
			t.Fatal(err)
		}
		w.wantCount("refuted", "dengue", casereport.Confirmed, 0, 0)
		w.calm()
		sent, err = w.Open(ctx, doctor, id)
		if err != nil || len(sent.Notes) != 1 || sent.Notes[0].Text != "PCR âm tính" {
			t.Errorf("notes %v, %v", sent.Notes, err)
		}
	})
}

func TestRefuteDraft(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		if _, err := w.Refute(ctx, doctor, "c-v1", "k1", "  "); err == nil {
			t.Error("no reason asked")
		}
		if _, err := w.Refute(ctx, doctor, "c-v1", "k2", "Sốt do cúm"); err != nil {
			t.Fatal(err)
		}
		w.wantDrafts("refuted")
		w.wantCount("refuted", "dengue", casereport.Suspect, 0, 0)
		d, err := w.Draft(ctx, doctor, "c-v1")
		if err != nil || !d.Refuted {
			t.Errorf("%+v, %v", d, err)
		}
	})
}

// A sent suspect stops counting when its diagnosis is corrected, and counts
// again when that was a mistake; the first number stays.
func TestCountsFollowTheDiagnosis(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		v := visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()}
		w.visit(v)
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		id, err := w.Send(ctx, doctor, "c-v1", "k1", form)
		if err != nil {
			t.Fatal(err)
		}
		v.icd, v.words = "J11.1", "Cúm"
		w.visit(v)
		w.wantCount("corrected", "dengue", casereport.Suspect, 0, 1)
		w.wantCount("corrected", "dengue", casereport.Changed, 1, 0)
		if c, err := w.Case(ctx, doctor, id); err != nil || c.Class != casereport.Changed {
			t.Errorf("case %+v, %v", c, err)
		}
		w.wantDrafts("another disease has not been reported", "influenza c-v1(1)")
		v.icd, v.words = "A97.0", "Sốt xuất huyết Dengue"
		w.visit(v)
		w.wantCount("put back", "dengue", casereport.Suspect, 1, 1)
		w.wantCount("put back", "dengue", casereport.Changed, 0, 0)
	})
}

// What was reported, or refuted, of one disease says nothing of the one that
// the diagnosis is corrected to: that has its own report and its own clock.
func TestCorrectedDiagnosisIsReportedAnew(t *testing.T) {
	for name, refuted := range map[string]bool{"sent": false, "refuted": true} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				doctor := w.actor(store.Doctor)
				answer := func(key string) string {
					_, form, err := w.Filled(ctx, doctor, "c-v1")
					if err != nil {
						t.Fatal(err)
					}
					send := func() (string, error) { return w.Send(ctx, doctor, "c-v1", key, form) }
					if refuted {
						send = func() (string, error) { return w.Refute(ctx, doctor, "c-v1", key, "test âm tính") }
					}
					id, err := send()
					if err != nil {
						t.Fatal(err)
					}
					return id
				}
				w.person("p1", "Nguyễn Thị Lan", w.commune)
				v := visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()}
				w.visit(v)
				first := answer("k1")
				w.clock.Advance(72 * time.Hour)
				v.icd, v.words = "B05.9", "Sởi"
				w.visit(v)
				w.wantDrafts("corrected", "measles c-v1(1)")
				d, err := w.Draft(ctx, doctor, "c-v1")
				if left := d.Due.Sub(w.now()); err != nil || left < 23*time.Hour || left > 24*time.Hour {
					t.Errorf("measles has %v left, %v", left, err)
				}
				if second := answer("k2"); second == first {
					t.Error("measles was taken for dengue")
				}
				w.wantDrafts("answered")
				v.icd, v.words = "A97.0", "Sốt xuất huyết Dengue"
				w.visit(v)
				w.wantDrafts("put back: that was answered before")
			})
		})
	}
}

// Cases count where the person lives, not where the station is.
func TestCommuneOfResidence(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Trần Văn Xa", w.other)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		d, err := w.Draft(ctx, w.actor(store.Doctor), "c-v1")
		if err != nil || d.Unit != w.other.ID || d.Place != w.commune.ID {
			t.Fatalf("%+v, %v", d, err)
		}
		_, form, err := w.Filled(ctx, w.actor(store.Doctor), "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Send(ctx, w.actor(store.Doctor), "c-v1", "k", form); err != nil {
			t.Fatal(err)
		}
		w.wantCount("elsewhere", "dengue", casereport.Suspect, 0, 0)
		w.calm()
		cells, err := w.cells(ctx, storetest.System(), w.other.ID, []vn.UnitID{w.other.ID}, "dengue", spanWeek, []vn.Date{vn.WeekOf(w.today()).Start()})
		if err != nil || len(cells) != 1 || cells[0].value != 1 {
			t.Errorf("%+v, %v", cells, err)
		}
	})
}

// A case of an old commune that was divided is lost to no sum above.
func TestCaseOfADividedCommuneCountsInTheProvince(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old, now := w.divided()
		w.person("p1", "Nguyễn Thị Lan", old)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		_, form, err := w.Filled(ctx, w.actor(store.Doctor), "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Send(ctx, w.actor(store.Doctor), "c-v1", "k", form); err != nil {
			t.Fatal(err)
		}
		w.calm()
		cells, err := w.cells(ctx, storetest.System(), now, []vn.UnitID{now}, "dengue", spanWeek, []vn.Date{vn.WeekOf(w.today()).Start()})
		if err != nil || len(cells) != 1 || cells[0].value != 1 {
			t.Errorf("province %v counts %+v, %v", now, cells, err)
		}
	})
}

// divided finds a commune of the old map that lies in several of today's, and
// the province of these.
func (w *world) divided() (vn.Unit, vn.UnitID) {
	for _, province := range w.units.Provinces(vn.Reform - 1) {
		for _, c := range w.units.Communes(province.ID, vn.Reform-1) {
			if u, ok := w.units.Get(w.units.Latest(c.ID)); ok && u.Level == vn.LevelProvince && len(w.units.Successors(c.ID, vn.Reform)) > 1 {
				c.From = vn.Reform - 1 // a day on which its code held
				return c, u.ID
			}
		}
	}
	w.t.Fatal("no commune was divided")
	return vn.Unit{}, 0
}

// Whatever is created, corrected, signed, sent and deleted, in whatever order:
// the followed view equals the rebuilt one.
func TestViewEqualsRebuild(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	each(t, func(t *testing.T, w *world) {
		homes := []vn.Unit{w.commune, w.other}
		for i := range 4 {
			w.person(fmt.Sprintf("p%d", i), fmt.Sprintf("Người %d", i), homes[i%2])
		}
		w.lazy = true
		runs, most := 0, 100
		if strings.HasSuffix(t.Name(), "postgres") {
			most = 12 // the same code on a slower database
		}
		rapid.Check(t, func(t *rapid.T) {
			if runs++; runs > most {
				return
			}
			for range rapid.IntRange(5, 25).Draw(t, "steps") {
				w.step(t, homes)
			}
			w.calm()
			before := w.dump()
			if err := w.s.Rebuild(ctx, "surveillance"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, w.dump()); diff != "" {
				t.Fatalf("followed (-), rebuilt (+)\n%s", diff)
			}
		})
	})
}

// drop deletes a Condition that may not be there.
func (w *world) drop(id string) {
	w.t.Helper()
	receipt, err := w.s.For(storetest.System()).Commit(ctx, store.Delete("Condition", id))
	if issue.Is(err, issue.NotFound) {
		return
	}
	if err != nil {
		w.t.Fatal(err)
	}
	w.settle(receipt)
}

// step does one random thing.
func (w *world) step(t *rapid.T, homes []vn.Unit) {
	n := rapid.IntRange(0, 7).Draw(t, "visit")
	v := visit{
		id: fmt.Sprintf("v%d", n), patient: fmt.Sprintf("p%d", n%4),
		icd:    rapid.SampledFrom([]string{"A97.0", "A97.2", "B05.9", "J06.9", "A53.9", "J11.1"}).Draw(t, "icd"),
		at:     w.now().Add(-time.Duration(rapid.IntRange(0, 60).Draw(t, "days")) * 24 * time.Hour),
		status: rapid.SampledFrom([]string{"", "", "in-progress", "entered-in-error"}).Draw(t, "status"),
		void:   rapid.SampledFrom([]string{"", "", "provisional", "entered-in-error"}).Draw(t, "void"),
	}
	v.words = v.icd
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1, 2:
		w.visit(v)
	case 3:
		w.drop("c-" + v.id)
	case 4:
		home := rapid.SampledFrom(homes).Draw(t, "home")
		w.person(v.patient, "Người "+v.patient[1:], home)
	case 5:
		report := fhir.Condition{ID: "r-" + v.id, VerificationStatus: fhir.Code(fhir.ConditionVerStatus,
			rapid.SampledFrom([]string{"provisional", "confirmed", "refuted", "entered-in-error"}).Draw(t, "class"), ""),
			Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
			Code:     fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: v.icd}}},
			Subject:  fhir.Ref("Patient", v.patient), RecordedDate: fhir.Instant(v.at)}
		if rapid.Bool().Draw(t, "named") {
			report.Evidence = []fhir.ConditionEvidence{{Detail: []fhir.Reference{{Reference: "Condition/c-" + v.id}}}}
		}
		w.put(storetest.System(), report)
	case 6:
		w.drop("r-" + v.id)
	case 7:
		answer := rapid.SampledFrom([]string{"Dương tính", "Âm tính", "chờ"}).Draw(t, "answer")
		o := w.lab("o-"+v.id, v.patient, rapid.SampledFrom([]string{"Dengue NS1 test nhanh", "Virus sởi IgM ELISA", "Đường huyết"}).Draw(t, "test"), answer, v.at)
		o.Status = rapid.SampledFrom([]string{"final", "preliminary", "entered-in-error"}).Draw(t, "result")
		w.put(storetest.System(), o)
	case 8:
		w.put(storetest.System(), fhir.Patient{ID: v.patient, Gender: "female", BirthDate: "1990", Name: []fhir.HumanName{{Text: "Người " + v.patient[1:]}}, DeceasedDateTime: fhir.Instant(v.at.Add(50 * time.Hour)),
			Address: []fhir.Address{{Use: "home", Extension: []fhir.Extension{w.unit(homes[0])}}}})
	case 9:
		other := fhir.Ref("Condition", fmt.Sprintf("r-v%d", (n+1)%8))
		w.put(storetest.System(), fhir.Condition{ID: "r-" + v.id, VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
			Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")}, Subject: fhir.Ref("Patient", v.patient), RecordedDate: fhir.Instant(v.at),
			Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: v.icd}}},
			Extension: []fhir.Extension{{URL: rapid.SampledFrom([]string{casereport.ExtSameCase, casereport.ExtOtherCase}).Draw(t, "link"), ValueReference: &other},
				{URL: casereport.ExtReported, ValueDateTime: fhir.Instant(v.at.Add(5 * time.Hour))}, {URL: casereport.ExtDied, ValueDate: "2026-11-20"}}})
	}
}

func TestClock(t *testing.T) {
	at := time.Date(2026, 11, 20, 9, 0, 0, 0, vn.Zone)
	due := content.Clock48h.Due(at)
	rules := content.SurveillanceOn(vn.DateOf(at)).Escalation
	for _, c := range []struct {
		after   time.Duration
		level   string
		overdue bool
	}{
		{0, "", false}, {23 * time.Hour, "", false}, {24 * time.Hour, "station-director", false},
		{36 * time.Hour, "cdc", false}, {48 * time.Hour, "cdc", false}, {48*time.Hour + time.Second, "cdc", true},
	} {
		got := clockOf(at, due, at.Add(c.after), rules)
		if got.Level != c.level || got.Overdue != c.overdue || got.Left != 48*time.Hour-c.after {
			t.Errorf("after %v: %+v", c.after, got)
		}
	}
}

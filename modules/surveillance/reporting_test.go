// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"testing"
	"time"

	"mach/access"
	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// guarded runs the test under the real policies.
func guarded(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	each(t, test, storetest.Guarded(policy))
}

// elsewhere is an actor of another facility of the province, which is put first.
func (w *world) elsewhere(role store.Role, id, kind string) store.Actor {
	w.t.Helper()
	w.put(storetest.System(), fhir.Organization{ID: id, Name: "Cơ sở " + id, Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, kind, "")}, Active: ptr(true),
		Address: []fhir.Address{{Extension: []fhir.Extension{w.unit(w.commune)}}}})
	a := storetest.Actor(role, id)
	a.Unit, a.FacilityName = w.commune.ID, "Cơ sở "+id
	if role == store.CDC || role == store.ClosedDesk {
		a.Unit, a.Purpose = w.commune.Parent, store.PublicHealth
	}
	return a
}

func (w *world) ok(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) told(name, number string) Told {
	birth, _ := vn.ParsePartialDate("1990")
	return Told{Name: name, Number: number, Birth: birth, Sex: "female", Phone: "0912345678", Commune: w.commune.ID, Address: "Thôn Đoài",
		Answers: Report{"disease": "dengue", "class": "suspect", "diagnosed": w.today().String()}}
}

func (w *world) lab(id, patient, name, answer string, at time.Time) fhir.Observation {
	return fhir.Observation{ID: id, Status: "final", Category: []fhir.CodeableConcept{fhir.Code(fhir.ObservationCategory, "laboratory", "")},
		Code: fhir.Words(name), Subject: fhir.Ref("Patient", patient), EffectiveDateTime: fhir.Instant(at), ValueCodeableConcept: fhir.Words(answer)}
}

// A positive result of a sample that nobody has diagnosed begins a draft; a
// diagnosis in the same episode joins it; a corrected result takes it back.
func TestDraftOfALaboratoryResult(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		doctor := w.actor(store.Doctor)
		w.put(doctor, w.lab("o1", "p1", "Dengue NS1 test nhanh", "Âm tính", w.now()))
		w.wantDrafts("negative")
		w.put(doctor, w.lab("o1", "p1", "Dengue NS1 test nhanh", "Dương tính", w.now()))
		w.wantDrafts("positive", "dengue o1(1)")
		d, form, err := w.Filled(ctx, doctor, "o1")
		w.ok(err)
		if d.Kind != "Observation" || form["class"] != "suspect" || form["result"] != "positive" || form["test"] != "rapid" || form["icd"] != "A97" {
			t.Errorf("%+v, %v", d, form)
		}
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now().Add(time.Hour)})
		w.wantDrafts("one case of two triggers", "dengue c-v1(2)")
		w.put(doctor, w.lab("o1", "p1", "Dengue NS1 test nhanh", "Âm tính", w.now()))
		w.wantDrafts("corrected", "dengue c-v1(1)")
		w.put(doctor, w.lab("o2", "p1", "Rubella IgG", "Dương tính", w.now()))
		w.wantDrafts("immune, not ill", "dengue c-v1(1)")
	})
}

// A result that comes after the report proposes its class; a person decides.
func TestResultProposesTheClass(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		w.ok(err)
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		w.ok(err)
		w.put(doctor, w.lab("o1", "p1", "RT-PCR Dengue", "Dương tính", w.now().Add(24*time.Hour)))
		w.calm()
		list, err := w.Results(ctx, doctor, w.today().AddDays(-30))
		w.ok(err)
		if len(list) != 1 || list[0].Report != id || list[0].Proposes != casereport.Confirmed || list[0].Class != casereport.Suspect {
			t.Errorf("%+v", list)
		}
		w.wantCount("a rule decides nothing", "dengue", casereport.Suspect, 1, 1)
		w.put(doctor, w.lab("far", "p1", "RT-PCR Dengue", "Dương tính", w.now().Add(90*24*time.Hour)))
		w.calm()
		if all, err := w.ResultsOf(ctx, doctor, id); err != nil || len(all) != 1 {
			t.Errorf("%d results match, %v", len(all), err)
		}
	})
}

// The death of a case has its own clock of 24 hours, before and after the
// report; the report that says so ends it.
func TestDeaths(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "J10.1", words: "Cúm", at: w.now()})
		d, err := w.Draft(ctx, doctor, "c-v1")
		w.ok(err)
		weekly := d.Due
		died := w.now().Add(3 * time.Hour)
		w.put(storetest.System(), fhir.Patient{ID: "p1", Gender: "female", BirthDate: "1990", Name: []fhir.HumanName{{Text: "Nguyễn Thị Lan"}}, DeceasedDateTime: fhir.Instant(died),
			Address: []fhir.Address{{Use: "home", Extension: []fhir.Extension{w.unit(w.commune)}}}})
		w.calm()
		if d, err = w.Draft(ctx, doctor, "c-v1"); err != nil || !d.Due.Equal(died.Add(24*time.Hour).Truncate(time.Microsecond)) || !d.Due.Before(weekly) {
			t.Errorf("due %v after a death at %v, %v", d.Due, died, err)
		}
		w.clock.Advance(4 * time.Hour)
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		w.ok(err)
		delete(form, "outcome")
		delete(form, "outcome_date")
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		w.ok(err)
		deaths, err := w.Deaths(ctx, doctor, w.today().AddDays(-30))
		w.ok(err)
		if len(deaths) != 1 || deaths[0].Report != id || deaths[0].Due.Sub(deaths[0].At) != 24*time.Hour {
			t.Fatalf("%+v", deaths)
		}
		s, err := w.Open(ctx, doctor, id)
		w.ok(err)
		s.Answers["outcome"], s.Answers["outcome_date"] = "died", w.today().String()
		w.ok(w.Update(ctx, doctor, id, s.Version, "u", s.Answers, casereport.Suspect, ""))
		if deaths, err := w.Deaths(ctx, doctor, w.today().AddDays(-30)); err != nil || len(deaths) != 0 {
			t.Errorf("still waits: %+v, %v", deaths, err)
		}
		if c, err := w.Case(ctx, doctor, id); err != nil || c.Died != w.today() {
			t.Errorf("died %v, %v", c.Died, err)
		}
	})
}

// What was sent on paper is in time or late by the paper's own hour.
func TestPaper(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		for _, c := range []struct {
			id, hour string
			late     bool
		}{{"1", "09:30", false}, {"2", "", true}} {
			w.person("p"+c.id, "Nguyễn Thị Lan "+c.id, w.commune)
			w.visit(visit{id: "v" + c.id, patient: "p" + c.id, icd: "B05.9", words: "Sởi", at: w.today().AddDays(-1).Time().Add(10 * time.Hour)})
			_, form, err := w.Filled(ctx, doctor, "c-v"+c.id)
			w.ok(err)
			form["paper_time"] = "25:00"
			form["paper_sent"] = w.today().String()
			if _, err := w.Send(ctx, doctor, "c-v"+c.id, "bad"+c.id, form); !issue.Is(err, issue.BusinessRule) {
				t.Errorf("an hour of 25: %v", err)
			}
			form["paper_time"] = c.hour
			id, err := w.Send(ctx, doctor, "c-v"+c.id, "k"+c.id, form)
			w.ok(err)
			got, err := w.Case(ctx, doctor, id)
			w.ok(err)
			if !got.Paper || got.Late() != c.late || got.Entered.Equal(got.Reported) {
				t.Errorf("%s: %+v, late %v", c.hour, got, got.Late())
			}
		}
	})
}

// A case without a visit: told by a hospital, handed on by the centre,
// acknowledged by the station of residence.
func TestHospitalTellsTheCentreHandsOn(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		cdc := w.elsewhere(store.CDC, "cdc", "cdc")
		told := w.told("Trần Thị Bưởi", "024190123456")
		id, err := w.Enter(ctx, hospital, "k1", told)
		w.ok(err)
		w.calm()
		if _, err := w.Enter(ctx, hospital, "k1", told); !issue.Is(err, issue.Conflict) {
			t.Errorf("sent twice: %v", err)
		}
		list, err := w.ToHand(ctx, cdc, w.today().AddDays(-7), 10)
		w.ok(err)
		if len(list) != 1 || list[0].Report != id || list[0].Name != "Trần Thị Bưởi" || list[0].Unit != w.commune.ID {
			t.Fatalf("%+v", list)
		}
		nurse := w.actor(store.Nurse)
		if _, err := w.Case(ctx, nurse, id); !issue.Is(err, issue.NotFound) {
			t.Errorf("the station sees the case before it was handed on: %v", err)
		}
		w.ok(w.Hand(ctx, cdc, id, "h1"))
		w.ok(w.Hand(ctx, cdc, id, "h2"))
		w.calm()
		if left, err := w.ToHand(ctx, cdc, w.today().AddDays(-7), 10); err != nil || len(left) != 0 {
			t.Errorf("still to hand: %+v, %v", left, err)
		}
		in, err := w.Handovers(ctx, nurse, false, w.today())
		w.ok(err)
		if len(in) != 1 || in[0].Name != "Trần Thị Bưởi" || !in[0].Seen.IsZero() || in[0].FromName != "Cơ sở cdc" {
			t.Fatalf("%+v", in)
		}
		if _, err := w.Open(ctx, nurse, id); err != nil {
			t.Errorf("the station cannot read what it was handed: %v", err)
		}
		if err := w.Acknowledge(ctx, hospital, in[0].Task, "x"); issue.Status(err) < 400 {
			t.Errorf("the hospital acknowledged: %v", err)
		}
		w.ok(w.Acknowledge(ctx, nurse, in[0].Task, "a1"))
		out, err := w.Handovers(ctx, cdc, true, w.today())
		w.ok(err)
		if len(out) != 1 || out[0].Seen.IsZero() || out[0].By != nurse.Name || out[0].ToName == "" {
			t.Errorf("%+v", out)
		}
	})
}

// The same number, disease and episode is one case; the same name is offered,
// merged by a person, and parted again; both keep their histories.
func TestDuplicates(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		other := w.elsewhere(store.HospitalReporter, "vien2", "hospital-province")
		cdc := w.elsewhere(store.CDC, "cdc", "cdc")
		first, err := w.Enter(ctx, hospital, "k1", w.told("Trần Thị Bưởi", "024190123456"))
		w.ok(err)
		same, err := w.Enter(ctx, other, "k2", w.told("Trần Thị Bưởi", "024190123456"))
		w.ok(err)
		wrong := w.told("Lê Văn Khác", "024190123456")
		if _, err := w.Enter(ctx, other, "k3", wrong); !issue.Is(err, issue.Duplicate) {
			t.Errorf("the number of another: %v", err)
		}
		w.wantCount("by number", "dengue", casereport.Suspect, 1, 1)
		if c, err := w.Case(ctx, cdc, same); err != nil || c.SameAs != first || c.Class != casereport.Duplicate {
			t.Errorf("%+v, %v", c, err)
		}
		alike, err := w.Enter(ctx, other, "k4", w.told("Tran thi Buoi", "")) // no number, written without marks
		w.ok(err)
		w.wantCount("by name", "dengue", casereport.Suspect, 2, 2)
		province, _ := w.units.Get(w.commune.Parent)
		pairs, err := w.Pairs(ctx, cdc, province, w.today().AddDays(-30))
		w.ok(err)
		if len(pairs) != 1 || pairs[0].A.Report != first || pairs[0].B.Report != alike {
			t.Fatalf("%+v", pairs)
		}
		if list, err := w.Alike(ctx, cdc, w.told("TRẦN THỊ BƯỞI", "").key(), "dengue", w.today(), alike); err != nil || len(list) != 1 {
			t.Errorf("%+v, %v", list, err)
		}
		if list, err := w.Alike(ctx, hospital, w.told("Trần Thị Bưởi", "").key(), "measles", w.today(), ""); err != nil || len(list) != 0 {
			t.Errorf("another disease: %+v, %v", list, err)
		}
		s, err := w.Open(ctx, cdc, alike)
		w.ok(err)
		w.ok(w.Merge(ctx, cdc, alike, first, s.Version, "m", "cùng số điện thoại"))
		w.wantCount("merged", "dengue", casereport.Suspect, 1, 2)
		if news, err := w.News(ctx, other, w.today()); err != nil || len(news) != 2 || news[0].Class != casereport.Duplicate || news[0].Reason != "cùng số điện thoại" {
			t.Errorf("feedback %+v, %v", news, err)
		}
		if err := w.Merge(ctx, cdc, first, alike, 1, "m2", ""); err == nil {
			t.Error("merged in a circle")
		}
		s, err = w.Open(ctx, cdc, alike)
		w.ok(err)
		w.ok(w.Part(ctx, cdc, alike, first, s.Version, "p", ""))
		w.wantCount("parted", "dengue", casereport.Suspect, 2, 2)
		if pairs, err := w.Pairs(ctx, cdc, province, w.today().AddDays(-30)); err != nil || len(pairs) != 0 {
			t.Errorf("offered again: %+v, %v", pairs, err)
		}
		if s, err = w.Open(ctx, cdc, alike); err != nil || s.Version != 3 || s.SameAs != "" {
			t.Errorf("version %d, %+v, %v", s.Version, s.Case, err)
		}
	})
}

// What the centre changes comes back to who reported.
func TestFeedback(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		doctor, cdc := w.actor(store.Doctor), w.actor(store.CDC)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		w.calm()
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		w.ok(err)
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		w.ok(err)
		s, err := w.Open(ctx, doctor, id)
		w.ok(err)
		w.ok(w.Update(ctx, doctor, id, s.Version, "own", s.Answers, casereport.Probable, ""))
		if news, err := w.News(ctx, doctor, w.today()); err != nil || len(news) != 0 {
			t.Errorf("told of one's own change: %+v, %v", news, err)
		}
		w.ok(w.Update(ctx, cdc, id, s.Version+1, "cdc", s.Answers, casereport.Refuted, "PCR âm tính"))
		news, err := w.News(ctx, doctor, w.today())
		w.ok(err)
		if len(news) != 1 || news[0].Was != casereport.Probable || news[0].Class != casereport.Refuted || news[0].Reason != "PCR âm tính" || news[0].Name == "" {
			t.Errorf("%+v", news)
		}
	})
}

// A village worker tells, the station makes a case of it or says why not, and
// the village worker reads which.
func TestVillageWorkersMessage(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		worker, nurse, doctor := w.actor(store.VillageWorker), w.actor(store.Nurse), w.actor(store.Doctor)
		if err := w.Tell(ctx, worker, "k0", Message{Who: "Lan"}); !issue.Is(err, issue.Required) {
			t.Errorf("no place: %v", err)
		}
		w.ok(w.Tell(ctx, worker, "k1", Message{Who: "Lê Thị Na", Sex: "female", Born: 2020, Where: "Thôn Đoài", What: "sốt, nổi ban", Disease: "measles", Since: w.today().AddDays(-1)}))
		w.ok(w.Tell(ctx, worker, "k2", Message{Who: "Lê Văn Tí", Where: "Thôn Đông", What: "sốt"}))
		for role, want := range map[store.Role]int{store.Nurse: 2, store.VillageWorker: 2, store.Receptionist: 0, store.CDC: 0} {
			a := w.actor(role)
			a.Facility = station
			if list, err := w.Messages(ctx, a, w.today()); err != nil || len(list) != want {
				t.Errorf("%s sees %d messages, %v", role, len(list), err)
			}
		}
		list, err := w.Messages(ctx, nurse, w.today())
		w.ok(err)
		byName := map[string]Message{}
		for _, x := range list {
			byName[x.Who] = x
		}
		na := byName["Lê Thị Na"]
		if na.Born != 2020 || na.Sex != "female" || na.Where != "Thôn Đoài" || na.Disease != "measles" || na.Since != w.today().AddDays(-1) || !na.Waits() {
			t.Errorf("%+v", na)
		}
		w.ok(w.Dismiss(ctx, nurse, byName["Lê Văn Tí"].ID, "d", "chỉ cảm lạnh"))
		told := w.told("Lê Thị Na", "")
		told.Message, told.Answers["disease"] = na.ID, "measles"
		id, err := w.Enter(ctx, doctor, "e", told)
		w.ok(err)
		list, err = w.Messages(ctx, worker, w.today())
		w.ok(err)
		for _, x := range list {
			if x.Waits() || x.Who == "Lê Thị Na" && x.Report != id || x.Who == "Lê Văn Tí" && x.Answer != "chỉ cảm lạnh" {
				t.Errorf("%+v", x)
			}
		}
	})
}

// Labelled diseases: the closed desk sees draft and report, everybody else
// neither, by whatever way.
func TestClosedDesk(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		desk := w.elsewhere(store.ClosedDesk, "cdc", "cdc")
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A53.9", words: "Giang mai", at: w.now()})
		w.calm()
		drafts, err := w.ClosedDrafts(ctx, desk, 10)
		w.ok(err)
		if len(drafts) != 1 || drafts[0].Name != "Nguyễn Thị Lan" || !drafts[0].Closed() {
			t.Fatalf("%+v", drafts)
		}
		_, form, err := w.Filled(ctx, desk, "c-v1")
		w.ok(err)
		id, err := w.Send(ctx, desk, "c-v1", "k", form)
		w.ok(err)
		w.calm()
		if list, err := w.ClosedCases(ctx, desk, w.today().AddDays(-7), 10); err != nil || len(list) != 1 || list[0].Report != id {
			t.Errorf("%+v, %v", list, err)
		}
		if _, err := w.Open(ctx, desk, id); err != nil {
			t.Errorf("the desk cannot open its own report: %v", err)
		}
		far := desk
		far.Unit = w.other.Parent
		province, _ := w.units.Get(w.commune.Parent)
		for name, a := range map[string]store.Actor{
			"doctor": w.actor(store.Doctor), "director": w.actor(store.StationDirector), "nurse": w.actor(store.Nurse), "midwife": w.actor(store.Midwife),
			"cdc": w.actor(store.CDC), "department": w.actor(store.Department), "ministry": w.actor(store.Ministry), "desk of another province": far,
			"hospital": w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), "village worker": w.actor(store.VillageWorker),
		} {
			if _, err := w.Draft(ctx, a, "c-v1"); !issue.Is(err, issue.NotFound) {
				t.Errorf("%s opens the draft: %v", name, err)
			}
			if _, err := w.Case(ctx, a, id); !issue.Is(err, issue.NotFound) {
				t.Errorf("%s finds the case: %v", name, err)
			}
			if _, err := w.s.For(a).Read(ctx, "Condition", id); issue.Status(err) < 400 {
				t.Errorf("%s reads the report: %v", name, err)
			}
			page, err := w.s.For(a).Search(ctx, store.Query{Type: "Condition", Params: [][2]string{{"category", casereport.Category}}})
			if err == nil && len(page.Docs) > 0 {
				t.Errorf("%s finds %d reports by search", name, len(page.Docs))
			}
			forms, err := w.s.For(a).Search(ctx, store.Query{Type: "QuestionnaireResponse"})
			if err == nil && len(forms.Docs) > 0 {
				t.Errorf("%s finds the form", name)
			}
			for _, unit := range []vn.Unit{province, w.commune} {
				if list, err := w.Cases(ctx, a, unit, "", w.today().AddDays(-30), 10); err == nil && len(list) > 0 {
					t.Errorf("%s lists it in %s", name, unit.Name)
				}
				if list, err := w.Pairs(ctx, a, unit, w.today().AddDays(-30)); err == nil && len(list) > 0 {
					t.Errorf("%s is offered it", name)
				}
			}
			if list, err := w.ClosedDrafts(ctx, a, 10); err == nil && len(list) > 0 {
				t.Errorf("%s has the desk's drafts", name)
			}
			if list, err := w.ClosedCases(ctx, a, w.today().AddDays(-30), 10); err == nil && len(list) > 0 {
				t.Errorf("%s has the desk's cases", name)
			}
		}
		if _, err := w.s.For(desk).Read(ctx, "Patient", "p1"); issue.Status(err) < 400 {
			t.Errorf("the desk opens the record: %v", err)
		}
		if _, err := w.s.For(desk).Read(ctx, "Condition", "c-v1"); issue.Status(err) < 400 {
			t.Errorf("the desk opens the diagnosis: %v", err)
		}
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		told := w.told("Lê Thị Na", "")
		told.Answers["disease"] = "hiv"
		if _, err := w.Enter(ctx, hospital, "h", told); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("a plain form takes a labelled disease: %v", err)
		}
	})
}

// A report that other software writes over FHIR is compared as any other.
func TestReportOfOtherSoftwareIsCompared(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		cdc := w.elsewhere(store.CDC, "cdc", "cdc")
		first, err := w.Enter(ctx, hospital, "k1", w.told("Trần Thị Bưởi", ""))
		w.ok(err)
		w.put(storetest.System(), fhir.Patient{ID: "theirs", Gender: "female", BirthDate: "1991", Name: []fhir.HumanName{{Text: "Trần Thị Bưởi"}},
			Address: []fhir.Address{{Use: "home", Extension: []fhir.Extension{w.unit(w.commune)}}}})
		w.put(hospital, fhir.Condition{ID: "theirs", VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""),
			Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")}, Subject: fhir.Ref("Patient", "theirs"), RecordedDate: fhir.Instant(w.now()),
			Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: "A97.1"}}}})
		w.calm()
		province, _ := w.units.Get(w.commune.Parent)
		pairs, err := w.Pairs(ctx, cdc, province, w.today().AddDays(-30))
		w.ok(err)
		if len(pairs) != 1 || pairs[0].A.Report != first || pairs[0].B.Report != "theirs" {
			t.Errorf("%+v", pairs)
		}
	})
}

// A consultation at a distance that ends in a diagnosis makes the same draft.
func TestDraftOfATelehealthVisit(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		parts := visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()}.resources()
		encounter := parts[0].(fhir.Encounter)
		encounter.Class = fhir.Coding{System: fhir.ActCode, Code: "VR"}
		w.put(w.actor(store.Doctor), encounter, parts[1])
		w.wantDrafts("seen at a distance", "measles c-v1(1)")
	})
}

// A line list is written whole or not at all.
func TestLineListIsWrittenWholeOrNotAtAll(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		cdc := w.elsewhere(store.CDC, "cdc", "cdc")
		list := []Told{w.told("Trần Thị Bưởi", "024190123456"), w.told("Lê Thị Cam", ""), w.told("Phạm Thị Đào", "")}
		list[2].Answers["disease"] = "hiv"
		if _, err := w.EnterAll(ctx, cdc, "k1", list); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("a labelled disease in a list: %v", err)
		}
		w.wantCount("nothing half written", "dengue", casereport.Suspect, 0, 0)
		list[2].Answers["disease"], list[2].Commune = "dengue", w.other.ID // whom this centre may not register
		if _, err := w.EnterAll(ctx, cdc, "k2", list); !issue.Is(err, issue.Forbidden) {
			t.Errorf("a person of another province: %v", err)
		}
		w.wantCount("nothing half written", "dengue", casereport.Suspect, 0, 0)
		list[2].Commune = w.commune.ID
		ids, err := w.EnterAll(ctx, cdc, "k3", list)
		w.ok(err)
		if len(ids) != 3 {
			t.Errorf("%v", ids)
		}
		w.wantCount("written", "dengue", casereport.Suspect, 3, 3)
	})
}

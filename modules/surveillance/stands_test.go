// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/i18n"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

func words(t *testing.T) *i18n.Catalogue {
	t.Helper()
	c, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// link does the duty of linking reports once, and waits for what it wrote.
func (w *world) linkNow(t *testing.T) {
	t.Helper()
	w.calm()
	w.ok(w.linkTwins(ctx, slog.New(slog.DiscardHandler), words(t), time.Time{}))
	w.calm()
}

// foreign is a report as other software sends it: no form. died "" is alive.
func (w *world) foreign(id, patient, icd, class, died string) fhir.Condition {
	c := fhir.Condition{ID: id, Extension: []fhir.Extension{w.unit(w.commune)}, ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, class, ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, casereport.Category, "")},
		Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}}, Subject: fhir.Ref("Patient", patient), RecordedDate: fhir.Instant(w.now())}
	if died != "" {
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtDied, ValueDate: died})
	}
	if class == "entered-in-error" {
		c.ClinicalStatus = fhir.CodeableConcept{}
	}
	return c
}

// someone is a person as two registers know them: by the same number.
func (w *world) someone(number string, ids ...string) {
	for _, id := range ids {
		w.put(storetest.System(), fhir.Patient{ID: id, Gender: "female", BirthDate: "1990-05-02", Name: []fhir.HumanName{{Text: "Trần Thị Bưởi"}},
			Identifier: []fhir.Identifier{fhir.PersonalNumber(number)}, Address: []fhir.Address{{Use: "home", Extension: []fhir.Extension{w.unit(w.commune)}}}})
	}
}

// stands checks which report another stands for: "" for itself.
func (w *world) wantSame(about, report, same string) {
	w.t.Helper()
	if c, err := w.Case(ctx, storetest.System(), report); err != nil || c.SameAs != same {
		w.t.Errorf("%s: %s is the same as %q, want %q; %v", about, report, c.SameAs, same, err)
	}
}

// Of two reports of one case the earlier is counted: what the later knows more,
// confirmation or death, goes into it, by whatever way it came, and both senders
// are told. Who lowers it again has the last word.
func TestTheReportThatStandsSaysWhatIsKnown(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.someone("024190123456", "a", "b")
		first, err := w.Enter(ctx, hospital, "k1", w.told("Trần Thị Bưởi", "024190123456"))
		w.ok(err)
		sure := w.told("Trần Thị Bưởi", "024190123456")
		sure.Answers = Report{"disease": "dengue", "class": "confirmed", "diagnosed": w.today().String(), "sampled": "yes", "test": "pcr", "result": "positive", "sample_number": "M-7"}
		second, err := w.Enter(ctx, other, "k2", sure)
		w.ok(err)
		w.wantSame("entered", second, first)
		w.linkNow(t)
		w.wantCount("confirmed by the other", "dengue", casereport.Confirmed, 1, 0)
		w.wantCount("confirmed by the other", "dengue", casereport.Suspect, 0, 1)
		s, err := w.Open(ctx, cdc, first)
		w.ok(err)
		if s.Answers["result"] != "positive" || s.Answers["sample_number"] != "M-7" || len(s.Notes) != 1 || s.Notes[0].Text != "Báo cáo khác của cùng ca bệnh cho biết · Xác định" {
			t.Errorf("answers %v, notes %+v", s.Answers, s.Notes)
		}
		if news, err := w.News(ctx, hospital, w.today()); err != nil || len(news) != 1 || news[0].Class != casereport.Confirmed || news[0].Was != casereport.Suspect {
			t.Errorf("who reported first hears %+v, %v", news, err)
		}
		if news, err := w.News(ctx, other, w.today()); err != nil || len(news) != 2 || news[1].Class != casereport.Duplicate || news[0].Report != second || news[0].Class != casereport.Confirmed {
			t.Errorf("who reported second hears %+v, %v", news, err)
		}

		w.ok(w.Update(ctx, cdc, first, s.Version, "low", s.Answers, casereport.Probable, "mẫu nhiễm"))
		w.linkNow(t)
		w.wantCount("lowered by the centre", "dengue", casereport.Probable, 1, 0)
		died := w.foreign("third", "b", "A97.0", "provisional", w.today().String())
		w.put(hospital, died)
		w.linkNow(t)
		w.linkNow(t) // nothing to do
		w.wantSame("by FHIR", "third", first)
		if c, err := w.Case(ctx, cdc, first); err != nil || c.Died != w.today() || c.Class != casereport.Probable {
			t.Errorf("%+v, %v", c, err)
		}
		if s, err = w.Open(ctx, cdc, first); err != nil || s.Answers["outcome"] != "died" || !strings.Contains(s.Notes[len(s.Notes)-1].Text, "Tử vong") {
			t.Errorf("%v, notes %+v, %v", s.Answers, s.Notes, err)
		}
	})
}

// A report that no other stands for any more stands itself; of several, one.
func TestReportsStandAgain(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		for i, c := range []struct {
			why  string
			lose func(report string)
		}{
			{"refused", func(id string) {
				s, err := w.Open(ctx, cdc, id)
				w.ok(err)
				w.ok(w.Update(ctx, cdc, id, s.Version, "r-"+id, s.Answers, casereport.Refuted, "PCR âm tính"))
			}},
			{"entered in error", func(id string) { w.put(hospital, w.foreign(id, "a"+id[1:], "A97.0", "entered-in-error", "")) }},
			{"deleted", w.drop},
			{"of another disease", func(id string) { w.put(hospital, w.foreign(id, "a"+id[1:], "B05.9", "provisional", "")) }},
		} {
			n := fmt.Sprint(i)
			number := fmt.Sprintf("02419012345%d", i)
			w.someone(number, "a"+n, "b"+n)
			w.put(hospital, w.foreign("x"+n, "a"+n, "A97.0", "provisional", ""))
			w.clock.Advance(time.Minute)
			w.put(hospital, w.foreign("y"+n, "b"+n, "A97.0", "provisional", ""))
			w.clock.Advance(time.Minute)
			w.put(hospital, w.foreign("z"+n, "b"+n, "A97.9", "confirmed", ""))
			w.linkNow(t)
			w.wantSame(c.why, "y"+n, "x"+n)
			w.wantSame(c.why, "z"+n, "x"+n)
			w.clock.Advance(time.Minute)
			c.lose("x" + n)
			w.linkNow(t)
			w.linkNow(t)
			w.wantSame(c.why+": the first that is left", "y"+n, "")
			w.wantSame(c.why+": the next", "z"+n, "y"+n)
			if y, err := w.Case(ctx, cdc, "y"+n); err != nil || y.Class != casereport.Confirmed {
				t.Errorf("%s: y is %s, %v", c.why, y.Class, err)
			}
		}
		w.someone("024190123459", "a9", "b9")
		w.put(hospital, w.foreign("x9", "a9", "A97.0", "provisional", ""), w.foreign("y9", "b9", "A97.0", "provisional", ""))
		w.linkNow(t)
		w.put(hospital, w.foreign("o9", "a9", "B05.9", "provisional", ""))
		linked := w.foreign("w9", "b9", "A97.0", "provisional", "")
		absent := fhir.Ref("Condition", "not-come-yet")
		linked.Extension = append(linked.Extension, fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &absent})
		w.put(storetest.System(), linked)
		w.linkNow(t)
		w.wantSame("a report that has not come yet", "w9", "not-come-yet")
		s, err := w.Open(ctx, cdc, "x9")
		w.ok(err)
		w.put(hospital, w.foreign("v9", "a9", "A97.0", "provisional", "")) // linked to x9 by number
		w.ok(w.Merge(ctx, cdc, "x9", "y0", s.Version, "m9", "cùng một người"))
		w.linkNow(t)
		w.linkNow(t)
		w.wantSame("linked to what was linked", "y9", "y0")
	})
}

// What was refused says nothing of a diagnosis that came later, even where an
// episode is for life; a result that came later is shown.
func TestRefusedIsNotForLife(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		w.clock.Advance(time.Hour)
		w.visit(visit{id: "v2", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		w.wantDrafts("both", "measles c-v1(2)")
		w.clock.Advance(time.Hour)
		refused, err := w.Refute(ctx, doctor, "c-v1", "k", "Phát ban do thuốc")
		w.ok(err)
		w.wantDrafts("refused")
		w.visit(visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi, ghi lại", at: w.now().Add(-2 * time.Hour)})
		w.wantDrafts("written again")
		w.clock.Advance(time.Hour)
		o := w.lab("o1", "p1", "Virus sởi IgM ELISA", "Dương tính", w.now().Add(-4*time.Hour)) // of a sample of before
		o.Issued = fhir.Instant(w.now().Add(-3 * time.Hour))
		w.put(doctor, o)
		w.calm()
		list, err := w.Results(ctx, doctor, w.today().AddDays(-30))
		w.ok(err)
		if len(list) != 1 || list[0].Report != refused || list[0].Proposes != casereport.Confirmed {
			t.Errorf("results of what was refused: %+v", list)
		}
		w.clock.Advance(400 * 24 * time.Hour)
		w.visit(visit{id: "v3", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		w.wantDrafts("a year later", "measles c-v3(1)")
		w.visit(visit{id: "v4", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		w.wantDrafts("and again", "measles c-v3(2)")
		_, form, err := w.Filled(ctx, doctor, "c-v3")
		w.ok(err)
		_, err = w.Send(ctx, doctor, "c-v3", "k3", form)
		w.ok(err)
		w.wantDrafts("sent")
		w.clock.Advance(400 * 24 * time.Hour)
		w.visit(visit{id: "v5", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		w.wantDrafts("measles once is measles for life")
	})
}

// A report without a form keeps what it says when it is changed, and has a form
// from then on; the day of the diagnosis can be corrected, and the counts follow.
func TestUpdateWithoutForm(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.someone("024190123456", "a")
		c := w.foreign("r", "a", "A97.0", "provisional", w.today().String())
		sent := w.today().AddDays(-1).Time().Add(9*time.Hour + 30*time.Minute)
		c.RecordedDate = fhir.Instant(sent.Add(-time.Hour))
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtFocus, ValueString: "Thôn Đoài"}, fhir.Extension{URL: casereport.ExtSample, ValueString: "M-7"},
			fhir.Extension{URL: casereport.ExtReported, ValueDateTime: fhir.Instant(sent)})
		w.put(hospital, c)
		w.calm()
		for i, class := range []casereport.Class{casereport.Probable, casereport.Suspect} {
			s, err := w.Open(ctx, cdc, "r")
			w.ok(err)
			s.Answers["vaccinated"] = "no"
			day := w.today().AddDays(-1 - 60*i)
			s.Answers["diagnosed"] = day.String()
			w.ok(w.Update(ctx, cdc, "r", s.Version, fmt.Sprint("u", i), s.Answers, class, ""))
			if s, err = w.Open(ctx, cdc, "r"); err != nil || s.Died != w.today() || s.Class != class || !s.Paper || !s.Reported.Equal(sent) || s.Day != day {
				t.Errorf("%d: %+v, %v", i, s.Case, err)
			}
			if s.form == nil || s.Answers["vaccinated"] != "no" || s.Answers["focus"] != "Thôn Đoài" || s.Answers["sample_number"] != "M-7" || s.Answers["paper_time"] != "09:30" {
				t.Errorf("%d: form %v, answers %v", i, s.form != nil, s.Answers)
			}
			said, ok := casereport.Of(s.report, w.diseases, w.units)
			if !ok || said.Focus != vn.Fold("Thôn Đoài") || said.Sample != "M-7" {
				t.Errorf("%d: %+v", i, said)
			}
			if own, err := w.Open(ctx, hospital, "r"); err != nil || own.Class != class || own.Answers["focus"] != "Thôn Đoài" {
				t.Errorf("%d: who sent it reads %+v, %v", i, own.Case, err)
			}
			if v, _ := w.count("dengue", class, day); v != 1 {
				t.Errorf("%d: %d in the month of the diagnosis", i, v)
			}
		}
		own, err := w.Open(ctx, hospital, "r")
		w.ok(err)
		own.Answers["travel"] = "Không"
		w.clock.Advance(time.Minute)
		w.ok(w.Update(ctx, hospital, "r", own.Version, "own", own.Answers, casereport.Suspect, ""))
		if s, err := w.Open(ctx, cdc, "r"); err != nil || s.Answers["vaccinated"] != "no" || s.Answers["travel"] != "Không" {
			t.Errorf("of both forms: %v, %v", s.Answers, err)
		}
		if v, _ := w.count("dengue", casereport.Probable, w.today().AddDays(-1)); v != 0 {
			t.Errorf("%d left in the month of before", v)
		}
	})
}

// A day of diagnosis that the sender corrects in the draft is that of the case.
func TestDayOfDiagnosisInTheForm(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		w.ok(err)
		form["diagnosed"] = w.today().AddDays(-3).String()
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		w.ok(err)
		if c, err := w.Case(ctx, doctor, id); err != nil || c.Day != w.today().AddDays(-3) {
			t.Errorf("%+v, %v", c, err)
		}
		w.wantDrafts("sent")
	})
}

// The hospital where a person died may have registered them anew.
func TestDeathInAnotherRecord(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.someone("024190123456", "a", "b")
		w.put(hospital, w.foreign("r", "a", "A97.0", "provisional", ""))
		w.put(storetest.System(), fhir.Patient{ID: "b", Gender: "female", BirthDate: "1990-05-02", Name: []fhir.HumanName{{Text: "Trần Thị Bưởi"}}, DeceasedDateTime: fhir.Instant(w.now()),
			Identifier: []fhir.Identifier{fhir.PersonalNumber("024190123456")}})
		w.calm()
		if list, err := w.Deaths(ctx, hospital, w.today().AddDays(-30)); err != nil || len(list) != 1 || list[0].Report != "r" {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

// What is not known of a person keeps no pair from being offered.
func TestPairsOfLittleKnown(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		home := []fhir.Address{{Use: "home", Extension: []fhir.Extension{w.unit(w.commune)}}}
		w.put(storetest.System(), fhir.Patient{ID: "a", Gender: "female", BirthDate: "1990", Name: []fhir.HumanName{{Text: "Trần Thị Bưởi"}}, Address: home},
			fhir.Patient{ID: "b", Gender: "unknown", Name: []fhir.HumanName{{Text: "Tran Thi Buoi"}}, Address: home},
			fhir.Patient{ID: "c", Gender: "male", BirthDate: "1990", Name: []fhir.HumanName{{Text: "Trần Thị Bưởi"}}, Address: home},
			fhir.Patient{ID: "d", Address: home}, fhir.Patient{ID: "e", Address: home})
		w.put(hospital, w.foreign("ra", "a", "A97.0", "provisional", ""))
		w.clock.Advance(time.Minute)
		w.put(hospital, w.foreign("rc", "c", "A97.0", "provisional", ""), w.foreign("rd", "d", "A97.0", "provisional", ""), w.foreign("re", "e", "A97.0", "provisional", ""))
		w.clock.Advance(time.Minute)
		w.put(hospital, w.foreign("rb", "b", "A97.0", "provisional", ""))
		w.calm()
		province, _ := w.units.Get(w.commune.Parent)
		pairs, err := w.Pairs(ctx, cdc, province, w.today().AddDays(-30))
		w.ok(err)
		var got []string
		for _, p := range pairs {
			got = append(got, p.A.Report+"="+p.B.Report)
		}
		if fmt.Sprint(got) != "[ra=rb rc=rb]" {
			t.Errorf("offered %v", got)
		}
	})
}

// A report that says it is the same as itself says nothing, and the view goes on.
func TestALinkToItself(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.someone("024190123456", "a")
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
		colleague := hospital
		colleague.Account = "vien-2"
		c := w.foreign("x", "a", "A97.0", "confirmed", "")
		itself := fhir.Ref("Condition", "x")
		c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &itself})
		w.put(colleague, c)
		w.wantSame("itself", "x", "")
		w.wantCount("itself", "dengue", casereport.Confirmed, 1, 0)
	})
}

// Who sent a merged report is not told when the other becomes one of a labelled
// disease: neither its name nor what was written of it.
func TestFeedbackTellsNoLabelledDisease(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		doctor, other := w.actor(store.Doctor), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province")
		w.someone("024190123456", "a", "b")
		w.put(doctor, w.foreign("x", "a", "A97.0", "provisional", ""))
		w.clock.Advance(time.Minute)
		w.put(other, w.foreign("y", "b", "A97.0", "provisional", ""))
		w.linkNow(t)
		w.wantSame("merged", "y", "x")
		c := w.foreign("x", "a", "B20", "confirmed", "")
		c.Note = []fhir.Annotation{{Text: "HIV dương tính"}}
		w.put(doctor, c)
		w.linkNow(t)
		w.wantSame("of another disease", "y", "")
		for _, a := range []store.Actor{other, doctor} {
			news, err := w.News(ctx, a, w.today())
			w.ok(err)
			for _, n := range news {
				if d, _ := w.diseases.ByID(n.Becomes); d.Closed || strings.Contains(n.Reason, "HIV") {
					t.Errorf("%s hears %+v", a.Facility, n)
				}
			}
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

// linkLately does the duty once for what was touched in that time, as it is done
// each time the log has grown.
func (w *world) linkLately(t *testing.T, back time.Duration) {
	t.Helper()
	w.calm()
	w.ok(w.linkTwins(ctx, slog.New(slog.DiscardHandler), words(t), w.now().Add(-back)))
	w.calm()
}

// linked is a report that says it is of the same case as another.
func linked(c fhir.Condition, to string) fhir.Condition {
	other := fhir.Ref("Condition", to)
	c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &other})
	return c
}

// counted is how many cases of dengue count in the month.
func (w *world) counted() int {
	n := 0
	for _, class := range []casereport.Class{casereport.Suspect, casereport.Probable, casereport.Confirmed} {
		v, _ := w.count("dengue", class, w.today())
		n += v
	}
	return n
}

// doubled is a person of one number in two records, with a report x of the
// first that other software sent.
func (w *world) doubled(icd string) (hospital store.Actor) {
	w.t.Helper()
	hospital = w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
	w.person("p1", "Nguyễn Thị Lan", w.commune)
	number := "024190" + fmt.Sprintf("%06d", len("Nguyễn Thị Lan"))
	w.put(storetest.System(), fhir.Patient{ID: "p2", Gender: "female", BirthDate: "1990-05-02", Name: []fhir.HumanName{{Text: "Nguyễn Thị Lan"}}, Identifier: []fhir.Identifier{fhir.PersonalNumber(number)}})
	w.put(hospital, w.foreign("x", "p2", icd, "provisional", ""))
	w.clock.Advance(time.Minute)
	return hospital
}

// The centre refuses a case while the duty goes through its list: the refusal
// stands, and so does a form that was opened before.
func TestThePersonHasTheLastWord(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.someone("024190123456", "a", "b")
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
		w.clock.Advance(time.Minute)
		w.put(other, linked(w.foreign("y", "b", "A97.0", "confirmed", ""), "x"))
		list, err := w.milder(ctx, time.Time{})
		if err != nil || len(list) != 1 {
			t.Fatal(list, err)
		}
		s, err := w.Open(ctx, cdc, "x")
		w.ok(err)
		w.ok(w.Update(ctx, cdc, "x", s.Version, "r", s.Answers, casereport.Refuted, "PCR âm tính"))
		if err := w.raise(ctx, words(t), list[0]); !issue.Is(err, issue.Precondition) {
			t.Errorf("raised what was refused since: %v", err)
		}
		if c, err := w.Case(ctx, cdc, "x"); err != nil || c.Class != casereport.Refuted {
			t.Errorf("refused by the centre, now %s; %v", c.Class, err)
		}
	})
}

// What the centre lowered stays so when a hospital's software writes the same
// report again, with the link or without it, and when it is linked anew; what the
// hospital says anew is heard.
func TestWrittenAgainSaysNothingNew(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.someone("024190123456", "a", "b")
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
		w.clock.Advance(time.Minute)
		y := w.foreign("y", "b", "A97.0", "confirmed", "")
		w.put(other, y)
		want := func(about string, class casereport.Class) {
			t.Helper()
			for range 2 {
				w.linkNow(t)
			}
			w.wantSame(about, "y", "x")
			if c, err := w.Case(ctx, cdc, "x"); err != nil || c.Class != class {
				t.Errorf("%s: %s, want %s; %v", about, c.Class, class, err)
			}
		}
		want("confirmed by the other", casereport.Confirmed)
		s, err := w.Open(ctx, cdc, "x")
		w.ok(err)
		w.ok(w.Update(ctx, cdc, "x", s.Version, "low", s.Answers, casereport.Probable, "mẫu nhiễm"))
		want("lowered", casereport.Probable)
		for i, again := range []fhir.Condition{y, linked(y, "x"), y} {
			w.clock.Advance(time.Hour)
			again.Recorder = fhir.Reference{Display: fmt.Sprint("lần ", i)}
			w.put(other, again)
			want("written again", casereport.Probable)
		}
		y.VerificationStatus = fhir.Code(fhir.ConditionVerStatus, "provisional", "")
		w.put(other, y)
		y.VerificationStatus = fhir.Code(fhir.ConditionVerStatus, "confirmed", "")
		w.put(other, y)
		want("confirmed anew", casereport.Confirmed)
	})
}

// A hospital whose software writes the report that stands again from its own copy
// takes no confirmation and no death of another out of it; who has looked at it
// may, and stays right whatever the software writes.
func TestWrittenFromAnOldCopy(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
		w.someone("024190123456", "a", "b")
		x := w.foreign("x", "a", "A97.0", "provisional", "")
		w.put(hospital, x)
		w.clock.Advance(time.Minute)
		w.put(other, w.foreign("y", "b", "A97.0", "confirmed", w.today().String()))
		want := func(about string, class casereport.Class, died bool) {
			t.Helper()
			for range 2 {
				w.linkNow(t)
			}
			if c, err := w.Case(ctx, cdc, "x"); err != nil || c.Class != class || c.Died.Known() != died {
				t.Errorf("%s: %s, died %v, want %s, %v; %v", about, c.Class, c.Died, class, died, err)
			}
		}
		want("raised", casereport.Confirmed, true)
		for i := range 2 {
			w.clock.Advance(time.Hour)
			x.Recorder = fhir.Reference{Display: fmt.Sprint("lần ", i)}
			w.put(hospital, x)
			want("from its own copy", casereport.Confirmed, true)
		}
		s, err := w.Open(ctx, cdc, "x")
		w.ok(err)
		s.Answers["outcome"], s.Answers["outcome_date"] = "recovered", w.today().String()
		w.ok(w.Update(ctx, cdc, "x", s.Version, "low", s.Answers, casereport.Probable, "mẫu nhiễm, còn sống"))
		want("lowered by the centre", casereport.Probable, false)
		w.clock.Advance(time.Hour)
		x.Recorder = fhir.Reference{Display: "lần nữa"}
		w.put(hospital, x)
		want("from its own copy after the centre's word", casereport.Suspect, false)
	})
}

// However late, a case is counted once: software writes its report again without
// the link, a refusal is taken back, a diagnosis is put back, a number becomes
// known.
func TestCountedOnceHoweverLate(t *testing.T) {
	later := func(t *testing.T, w *world) {
		w.linkLately(t, twinFresh)
		w.clock.Advance(4 * 24 * time.Hour)
	}
	for _, c := range []struct {
		name string
		does func(t *testing.T, w *world, hospital, cdc store.Actor)
	}{
		{"sent again without the link", func(t *testing.T, w *world, hospital, _ store.Actor) {
			w.put(hospital, w.foreign("y", "b", "A97.0", "confirmed", ""))
		}},
		{"refused by mistake", func(t *testing.T, w *world, _, cdc store.Actor) {
			for _, class := range []casereport.Class{casereport.Refuted, casereport.Suspect} {
				s, err := w.Open(ctx, cdc, "x")
				w.ok(err)
				w.ok(w.Update(ctx, cdc, "x", s.Version, string(class), s.Answers, class, "vì"))
				w.linkLately(t, twinFresh)
				w.clock.Advance(time.Minute)
			}
		}},
		{"a number that becomes known", func(t *testing.T, w *world, hospital, _ store.Actor) {
			w.put(hospital, w.foreign("z", "c", "A97.0", "provisional", ""))
			w.linkLately(t, twinFresh)
			w.clock.Advance(4 * 24 * time.Hour)
			w.someone("024190123456", "c")
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			guarded(t, func(t *testing.T, w *world) {
				hospital, cdc := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.CDC, "cdc", "cdc")
				w.someone("024190123456", "a", "b")
				w.someone("", "c")
				w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
				w.clock.Advance(time.Minute)
				w.put(hospital, w.foreign("y", "b", "A97.0", "provisional", ""))
				later(t, w)
				c.does(t, w, hospital, cdc)
				w.linkLately(t, twinFresh)
				if n := w.counted(); n != 1 {
					t.Errorf("%d cases\n%s", n, w.links())
				}
			})
		})
	}
}

// Three that say round in a ring that the next one stands are one case again,
// and so are two; what hangs in a chain stands behind its end.
func TestRingsCount(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.someone("024190123456", "a")
		w.someone("024190123457", "b")
		w.someone("024190123458", "c")
		w.someone("024190123459", "d")
		of := map[string]string{"x": "a", "y": "b", "z": "c", "v": "d"}
		to := func(id, other string) fhir.Condition {
			return linked(w.foreign(id, of[id], "A97.0", "provisional", ""), other)
		}
		for id, patient := range of {
			w.put(hospital, w.foreign(id, patient, "A97.0", "provisional", ""))
		}
		w.clock.Advance(4 * 24 * time.Hour)
		w.put(hospital, to("x", "y"), to("y", "z"), to("z", "x"))
		for range 2 {
			w.linkLately(t, twinFresh)
		}
		if n := w.counted(); n != 2 {
			t.Errorf("a ring of three and one beside it: %d\n%s", n, w.links())
		}
		w.put(hospital, to("x", "y"), to("y", "z"), to("z", "v"))
		w.linkLately(t, twinFresh)
		for _, id := range []string{"x", "y", "z"} {
			w.wantSame("a chain", id, "v")
		}
	})
}

// A report that names another as standing counts itself when that was gone
// before, or never comes: after a day.
func TestLinkedToWhatIsGone(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.someone("024190123456", "a")
		w.someone("024190123457", "b")
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""), w.foreign("e", "a", "A97.0", "provisional", ""))
		w.drop("x")
		w.put(hospital, w.foreign("e", "a", "A97.0", "entered-in-error", ""))
		w.put(hospital, linked(w.foreign("y", "b", "A97.0", "provisional", ""), "x"), linked(w.foreign("z", "b", "A97.0", "provisional", ""), "e"))
		w.linkLately(t, twinFresh)
		w.wantSame("it may come yet", "y", "x")
		w.clock.Advance(twinLost + time.Minute)
		w.linkLately(t, twinLate)
		w.wantSame("it has not come", "y", "")
		w.linkLately(t, twinLate)
		w.wantSame("of the same person", "z", "y")
	})
}

// A draft that is refused is no duplicate of the report of another record, and a
// day that was corrected in the draft is that of the case for this too.
func TestOnlyCasesAreMerged(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		hospital := w.doubled("B05.9")
		w.visit(visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		w.clock.Advance(time.Minute)
		id, err := w.Refute(ctx, doctor, "c-v1", "k", "Phát ban do thuốc")
		w.ok(err)
		w.wantSame("a refusal", id, "")
		if err := w.Merge(ctx, doctor, "x", id, 1, "m", ""); err == nil {
			t.Error("merged into what is no case")
		}
		w.clock.Advance(time.Hour)
		w.put(hospital, w.foreign("x", "p2", "B05.9", "refuted", ""))
		w.linkNow(t)
		w.clock.Advance(400 * 24 * time.Hour)
		w.visit(visit{id: "v3", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		w.wantDrafts("a year later", "measles c-v3(1)")
	})
	guarded(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.doubled("A97.0")
		w.visit(visit{id: "v1", patient: "p1", icd: "A97.0", words: "Sốt xuất huyết Dengue", at: w.now()})
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		w.ok(err)
		form["diagnosed"] = w.today().AddDays(-200).String()
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		w.ok(err)
		w.linkNow(t)
		w.wantSame("of half a year ago", id, "")
	})
}

// A link says nothing of the diagnosis: what rested on another disease while it
// was merged rests on it when it stands again.
func TestDiagnosisCorrectedWhileMerged(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		hospital := w.doubled("B05.9")
		v := visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()}
		w.visit(v)
		_, form, err := w.Filled(ctx, doctor, "c-v1")
		w.ok(err)
		id, err := w.Send(ctx, doctor, "c-v1", "k", form)
		w.ok(err)
		w.wantSame("sent", id, "x")
		w.clock.Advance(time.Minute)
		v.icd, v.words = "L50.9", "Mày đay"
		w.visit(v)
		w.clock.Advance(time.Minute)
		w.put(hospital, w.foreign("x", "p2", "B05.9", "refuted", ""))
		w.linkNow(t)
		w.wantSame("the other is refused", id, "")
		if c, err := w.Case(ctx, doctor, id); err != nil || c.Class != casereport.Changed {
			t.Errorf("rests on urticaria and is %s; %v", c.Class, err)
		}
		v.icd, v.words = "B05.9", "Sởi"
		w.visit(v)
		w.calm()
		if c, err := w.Case(ctx, doctor, id); err != nil || c.Class != casereport.Suspect {
			t.Errorf("rests on measles again and is %s; %v", c.Class, err)
		}
	})
}

// A report that names no day keeps the one on which it came first.
func TestReportWithoutADay(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.someone("024190123456", "a")
		c, day := w.foreign("x", "a", "A97.0", "provisional", ""), w.today()
		c.RecordedDate = ""
		w.put(hospital, c)
		w.clock.Advance(60 * 24 * time.Hour)
		c.VerificationStatus = fhir.Code(fhir.ConditionVerStatus, "confirmed", "")
		w.put(hospital, c)
		w.calm()
		if c, err := w.Case(ctx, hospital, "x"); err != nil || c.Day != day || c.Class != casereport.Confirmed {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// A clock that goes wrong makes no case of a day to come.
func TestClockSkew(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital := w.elsewhere(store.HospitalReporter, "vien", "hospital-province")
		w.someone("024190123456", "a")
		c, day := w.foreign("x", "a", "A97.0", "provisional", ""), w.today()
		c.RecordedDate = fhir.Instant(w.now().AddDate(0, 0, 40))
		w.put(hospital, c)
		w.calm()
		if c, err := w.Case(ctx, hospital, "x"); err != nil || c.Day != day {
			t.Errorf("%+v, %v", c, err)
		}
	})
}

// A laboratory's system that writes a result again says nothing new.
func TestResultSentAgain(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		doctor := w.actor(store.Doctor)
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi", at: w.now()})
		o := w.lab("o1", "p1", "Virus sởi IgM ELISA", "Dương tính", w.now())
		w.put(doctor, o)
		w.clock.Advance(time.Hour)
		_, err := w.Refute(ctx, doctor, "c-v1", "k", "Dương tính giả")
		w.ok(err)
		results := func(about string, want int) {
			t.Helper()
			if list, err := w.Results(ctx, doctor, w.today().AddDays(-30)); err != nil || len(list) != want {
				t.Errorf("%s: %d results, want %d; %v", about, len(list), want, err)
			}
		}
		for range 2 {
			w.clock.Advance(time.Hour)
			o.Performer = append(o.Performer, fhir.Reference{Display: "Phòng xét nghiệm"})
			w.put(doctor, o)
			w.wantDrafts("the same result")
			results("the same result", 0)
		}
		w.clock.Advance(time.Hour)
		o.ValueCodeableConcept = fhir.Words("Âm tính")
		w.put(doctor, o)
		w.clock.Advance(time.Hour)
		o.ValueCodeableConcept = fhir.Words("Dương tính")
		w.put(doctor, o)
		results("positive after all", 1)
	})
}

// Who sent a report is told when it is deleted, and who sent one merged with it.
func TestDeletionIsTold(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		hospital, other := w.elsewhere(store.HospitalReporter, "vien", "hospital-province"), w.elsewhere(store.HospitalReporter, "vien2", "hospital-province")
		w.someone("024190123456", "a", "b")
		w.put(hospital, w.foreign("x", "a", "A97.0", "provisional", ""))
		w.clock.Advance(time.Minute)
		w.put(other, linked(w.foreign("y", "b", "A97.0", "provisional", ""), "x"))
		w.clock.Advance(time.Minute)
		w.drop("x")
		w.calm()
		for _, c := range []struct {
			a    store.Actor
			of   string
			want casereport.Class
		}{{hospital, "x", ""}, {other, "y", ""}} {
			news, err := w.News(ctx, c.a, w.today())
			if err != nil || len(news) == 0 || news[0].Report != c.of || news[0].Class != c.want || news[0].Was != casereport.Suspect {
				t.Errorf("%s hears %+v, %v", c.a.Facility, news, err)
			}
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package book

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web/webtest"
)

// clock is the tests' now: 2026-11-21 09:00 in Viet Nam.
var clock = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

var unitsOnce = sync.OnceValues(content.Units)

const longName = "Nguyễn Thị Hoàng Bảo Ngọc Trâm"

// scene is a store under the real policies with one station and one person,
// whose guardian is the account "acc-guardian".
type scene struct {
	*Module
	t       *testing.T
	commune vn.Unit
}

func each(t *testing.T, test func(s scene)) {
	t.Helper()
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return clock }
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m := New(s, content.Diagnoses(), now)
		s.Follow(m.Follower())
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		province, _ := units.ByCode("24", vn.DateOf(clock))
		sc := scene{m, t, units.Communes(province.ID, vn.DateOf(clock))[0]}
		unit := []fhir.Extension{fhir.Unit(sc.commune.Code, sc.commune.From.String(), sc.commune.Full())}
		sc.put(
			fhir.Organization{ID: "tram", Name: "Trạm Y tế xã Liên Bão", Address: []fhir.Address{{Extension: unit}}},
			fhir.Patient{ID: "p", Name: []fhir.HumanName{{Text: longName}}, BirthDate: "1990", Address: []fhir.Address{{Use: "home", Extension: unit}}, ManagingOrganization: fhir.Ref("Organization", "tram")},
		)
		if err := s.Relate(t.Context(), store.Relation{Patient: "p", Account: "acc-guardian", Kind: "guardian", From: clock.Add(-time.Hour)}); err != nil {
			t.Fatal(err)
		}
		test(sc)
	}, storetest.Idle(), storetest.Guarded(policy), storetest.Placed(units), storetest.Configure(func(c *store.Config) {
		c.Now = now
		c.Sensitivity = content.Sensitivity
	}))
}

func (s scene) put(resources ...any) {
	s.t.Helper()
	storetest.Put(s.t, s.store, "book", resources...)
}

func (s scene) commit(ops ...store.Op) {
	s.t.Helper()
	storetest.Commit(s.t, s.store, "book", ops...)
}

func owner() store.Actor { return storetest.Person("p") }

func guardian() store.Actor {
	a := storetest.Person("p")
	a.Role, a.Account, a.Name = store.Guardian, "acc-guardian", "Mẹ của "+longName
	return a
}

func (s scene) book(a store.Actor) Book {
	s.t.Helper()
	b, err := s.Book(s.t.Context(), a, true)
	if err != nil {
		s.t.Fatal(err)
	}
	return b
}

var day = fhir.Instant(clock)

func visit(id, status string, conditions ...string) fhir.Encounter {
	e := fhir.Encounter{ID: id, Status: status, Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}, Subject: fhir.Ref("Patient", "p"),
		ServiceProvider: fhir.Ref("Organization", "tram"), Period: fhir.Period{Start: day}, ReasonCode: []fhir.CodeableConcept{fhir.Words("Sốt cao ngày thứ 3")}}
	for _, c := range conditions {
		e.Diagnosis = append(e.Diagnosis, fhir.EncounterDiagnosis{Condition: fhir.Ref("Condition", c)})
	}
	return e
}

func diagnosis(id, encounter, code, words, status string) fhir.Condition {
	return fhir.Condition{ID: id, VerificationStatus: fhir.Code(fhir.ConditionVerStatus, status, ""),
		Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
		Code:     fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: code}}, Text: words},
		Subject:  fhir.Ref("Patient", "p"), Encounter: fhir.Ref("Encounter", encounter), RecordedDate: day}
}

func medicine(id, encounter, words, status string) fhir.MedicationRequest {
	return fhir.MedicationRequest{ID: id, Status: status, Intent: "order", MedicationCodeableConcept: fhir.Words(words),
		DosageInstruction: []fhir.Dosage{{Text: "uống 1 viên"}}, Subject: fhir.Ref("Patient", "p"), Encounter: fhir.Ref("Encounter", encounter), AuthoredOn: day}
}

func temperature(id, encounter, value, status string) fhir.Observation {
	return fhir.Observation{ID: id, Status: status, Code: fhir.Code(fhir.LOINC, fhir.LOINCTemperature, ""), Subject: fhir.Ref("Patient", "p"),
		Encounter: fhir.Ref("Encounter", encounter), EffectiveDateTime: day, ValueQuantity: fhir.Measure(fhir.Decimal(value), "°C", "Cel")}
}

func followUp(id, encounter, start string) fhir.Appointment {
	return fhir.Appointment{ID: id, Status: "proposed", Start: start, SupportingInformation: []fhir.Reference{fhir.Ref("Encounter", encounter)},
		Participant: []fhir.AppointmentParticipant{{Actor: fhir.Ref("Patient", "p"), Status: "needs-action"}}}
}

func (s scene) whole(id, status string) {
	verified, active, final := "confirmed", "active", "final"
	if status != "finished" {
		verified, active, final = "provisional", "draft", "preliminary"
	}
	a := followUp("hen-"+id, id, fhir.Instant(clock.Add(48*time.Hour)))
	a.End = fhir.Instant(clock.Add(49 * time.Hour))
	s.put(visit(id, status, "cd-"+id), diagnosis("cd-"+id, id, "A97.0", "Sốt xuất huyết Dengue", verified), medicine("thuoc-"+id, id, "Paracetamol 500 mg", active),
		temperature("do-"+id, id, "39.2", final), a,
		fhir.CarePlan{ID: "dan-" + id, Status: active, Intent: "plan", Description: "Uống nhiều nước", Subject: fhir.Ref("Patient", "p"), Encounter: fhir.Ref("Encounter", id), Created: day})
}

func TestOnlySignedVisitsAreInTheBook(t *testing.T) {
	each(t, func(s scene) {
		for _, status := range []string{"arrived", "in-progress", "cancelled", "entered-in-error"} {
			s.whole("v", status)
			if b := s.book(owner()); len(b.Visits) != 0 || b.Next != nil {
				s.t.Errorf("%s: %+v", status, b)
			}
			s.commit(store.Delete("Encounter", "v"))
		}
		s.whole("v", "in-progress")
		s.whole("v", "finished")
		b := s.book(owner())
		if len(b.Visits) != 1 {
			s.t.Fatalf("signed: %+v", b)
		}
		v := b.Visits[0]
		if v.Place != "Trạm Y tế xã Liên Bão" || v.Reason != "Sốt cao ngày thứ 3" || !v.At.Equal(clock) || len(v.Diagnoses) != 1 ||
			!slices.Equal(v.Medicines, []string{"Paracetamol 500 mg — uống 1 viên"}) || !slices.Equal(v.Advice, []string{"Uống nhiều nước"}) ||
			!slices.Equal(v.Measures, []Measure{{fhir.LOINCTemperature, "39.2 °C"}}) || !v.FollowUp.Equal(clock.Add(48*time.Hour)) {
			s.t.Errorf("signed: %+v", v)
		}
		if b.Next == nil || !b.Next.At.Equal(v.FollowUp) || b.Next.Place != v.Place {
			s.t.Errorf("next: %+v", b.Next)
		}
	})
}

func TestPlainWordsInBothLanguages(t *testing.T) {
	each(t, func(s scene) {
		s.whole("v", "finished")
		for vi, want := range map[bool]string{true: "muỗi vằn", false: "mosquitoes"} {
			b, err := s.Book(s.t.Context(), owner(), vi)
			if err != nil || !strings.Contains(b.Visits[0].Diagnoses[0].Plain, want) {
				s.t.Errorf("vi %v: %+v, %v", vi, b, err)
			}
		}
		s.put(diagnosis("cd-v", "v", "Z99.9", "Việc lạ", "confirmed"))
		if d := s.book(owner()).Visits[0].Diagnoses[0]; d.Plain != "" || d.Words != "Việc lạ" {
			s.t.Errorf("a code without plain words: %+v", d)
		}
	})
}

func TestCorrectionsFollow(t *testing.T) {
	each(t, func(s scene) {
		s.whole("v", "finished")
		s.put(diagnosis("cd-v", "v", "J10.1", "Cúm mùa", "confirmed"))
		if d := s.book(owner()).Visits[0].Diagnoses; len(d) != 1 || d[0].Words != "Cúm mùa" || d[0].Code != "J10.1" || strings.Contains(d[0].Plain, "muỗi") {
			s.t.Errorf("after the correction: %+v", d)
		}
		s.put(diagnosis("cd-v", "v", "J10.1", "Cúm mùa", "entered-in-error"), temperature("do-v", "v", "38.5", "corrected"), medicine("thuoc-v", "v", "x", "cancelled"))
		v := s.book(owner()).Visits[0]
		if len(v.Diagnoses) != 0 || len(v.Medicines) != 0 || v.Measures[0].Value != "38.5 °C" {
			s.t.Errorf("taken back: %+v", v)
		}
		s.commit(store.Delete("Observation", "do-v"))
		if v := s.book(owner()).Visits[0]; len(v.Measures) != 0 {
			s.t.Errorf("deleted: %+v", v)
		}
		// A follow-up without a day is none yet; 1970 is never shown.
		s.put(followUp("hen-v", "v", ""))
		if b := s.book(owner()); !b.Visits[0].FollowUp.IsZero() || b.Next != nil {
			s.t.Errorf("a follow-up without a day: %+v, %+v", b.Visits[0].FollowUp, b.Next)
		}
		s.put(fhir.Organization{ID: "tram", Name: "Trạm Y tế mới"})
		if v := s.book(owner()).Visits[0]; v.Place != "Trạm Y tế mới" {
			s.t.Errorf("the station's name: %q", v.Place)
		}
	})
}

// ids lists the visits of a book, newest first.
func ids(b Book) string {
	var out []string
	for _, v := range b.Visits {
		out = append(out, v.ID)
	}
	slices.Sort(out)
	return strings.Join(out, " ")
}

func TestGuardianSeesNoLabelledItems(t *testing.T) {
	each(t, func(s scene) {
		s.whole("v", "finished")
		s.whole("w", "finished")
		s.put(diagnosis("cd-w", "w", "B20", "Bệnh HIV", "confirmed"))
		if got := ids(s.book(owner())); got != "v w" {
			s.t.Errorf("the person sees visits %q", got)
		}
		b := s.book(guardian())
		if got := ids(b); got != "v" {
			s.t.Errorf("the guardian sees visits %q", got)
		}
		if text := fmt.Sprintf("%+v", b); strings.Contains(text, "HIV") || strings.Contains(text, "B20") || strings.Contains(text, "-w") {
			s.t.Errorf("the guardian learns of it: %s", text)
		}
		// Once the diagnosis is corrected, nothing is left to hide.
		s.put(diagnosis("cd-w", "w", "J00", "Cảm lạnh", "confirmed"))
		if got := ids(s.book(guardian())); got != "v w" {
			s.t.Errorf("after the correction the guardian sees %q", got)
		}
		// An end puts an end to it.
		if err := s.store.Relate(s.t.Context(), store.Relation{Patient: "p", Account: "acc-guardian", Kind: "guardian", From: clock.Add(-time.Hour), To: clock}); err != nil {
			s.t.Fatal(err)
		}
		if b := s.book(guardian()); len(b.Visits) != 0 {
			s.t.Errorf("a former guardian sees %+v", b)
		}
		stranger := storetest.Person("q")
		stranger.Patient = "q"
		if b := s.book(stranger); len(b.Visits) != 0 {
			s.t.Errorf("somebody else sees %+v", b)
		}
	})
}

// Random writes, corrections and deletions: the book shows exactly what is
// signed, and the view equals its rebuild.
func TestBookEqualsWhatIsSigned(t *testing.T) {
	each(t, func(s scene) {
		visits, parts := map[string]string{}, map[string][2]string{} // part → visit, words
		step := rapid.Custom(func(t *rapid.T) int {
			v := fmt.Sprint("v", rapid.IntRange(0, 4).Draw(t, "visit"))
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1:
				status := rapid.SampledFrom([]string{"arrived", "finished", "finished", "finished", "finished", "cancelled"}).Draw(t, "status")
				s.put(visit(v, status))
				visits[v] = status
			case 2:
				if _, ok := visits[v]; ok && rapid.Bool().Draw(t, "gone") {
					s.commit(store.Delete("Encounter", v))
					delete(visits, v)
				}
			case 3, 4:
				id, words := fmt.Sprint("d", rapid.IntRange(0, 9).Draw(t, "id")), fmt.Sprint("bệnh ", rapid.IntRange(0, 99).Draw(t, "words"))
				if was, ok := parts[id]; ok {
					v = was[0]
				}
				status := rapid.SampledFrom([]string{"confirmed", "confirmed", "provisional", "refuted"}).Draw(t, "verified")
				s.put(diagnosis(id, v, "J00", words, status))
				if parts[id] = [2]string{v, words}; status != "confirmed" {
					parts[id] = [2]string{v, ""}
				}
			case 5:
				id := fmt.Sprint("d", rapid.IntRange(0, 9).Draw(t, "id"))
				if was, ok := parts[id]; ok && was[1] != "" {
					s.commit(store.Delete("Condition", id))
					parts[id] = [2]string{was[0], ""}
				}
			}
			return 0
		})
		for i := range 120 {
			step.Example(i)
		}
		var want, got []string
		for v, status := range visits {
			if status == "finished" {
				want = append(want, v)
			}
		}
		for _, p := range parts {
			if visits[p[0]] == "finished" && p[1] != "" {
				want = append(want, p[0]+" "+p[1])
			}
		}
		for _, v := range s.book(owner()).Visits {
			got = append(got, v.ID)
			for _, d := range v.Diagnoses {
				got = append(got, v.ID+" "+d.Words)
			}
		}
		slices.Sort(want)
		slices.Sort(got)
		if !slices.Equal(got, want) || len(want) < 3 {
			s.t.Errorf("the book says %q, want %q", got, want)
		}
		if line, err := s.store.CheckView(s.t.Context(), "book"); err != nil || !line.OK {
			s.t.Errorf("%+v, %v", line, err)
		}
	})
}

func TestPages(t *testing.T) {
	each(t, func(s scene) {
		site := webtest.NewSite(s.t, clock, s.Routes)
		site.Page(owner(), "/so", "Chào Trâm", "Chưa có lần khám nào")
		site.Page(owner(), "/so/tiem-chung", "Chưa có mũi tiêm nào")
		s.whole("v", "finished")
		s.put(fhir.Immunization{ID: "mui", Status: "completed", VaccineCode: fhir.Words("Vắc xin sởi – rubella"), Patient: fhir.Ref("Patient", "p"), OccurrenceDateTime: "2026-03-12"})
		s.put(fhir.DiagnosticReport{ID: "kl", Status: "final", Code: fhir.Words("Hội chẩn"), Conclusion: "Chưa cần chuyển viện", Subject: fhir.Ref("Patient", "p"), Encounter: fhir.Ref("Encounter", "v"), Issued: day})
		for _, who := range []store.Actor{owner(), guardian()} {
			site.Page(who, "/so", "khám ngày 21/11/2026 ở Trạm Y tế xã Liên Bão", "Khám lại ngày 23/11/2026", "Xem 1 mũi tiêm chủng")
			site.Page(who, "/so/cac-lan-kham", "Sốt xuất huyết Dengue")
			site.Page(who, "/so/luot-kham/v", "muỗi vằn", "39,2", "Chưa cần chuyển viện", "Paracetamol 500 mg")
			site.Page(who, "/so/tiem-chung", "Vắc xin sởi – rubella", "12/03/2026")
			site.Page(who, "/so/ai-da-xem", "Ai đã xem")
			if w := site.Get(who, "/so/luot-kham/none"); w.Code != 404 {
				s.t.Errorf("a visit that is none: %d", w.Code)
			}
		}
		if page := site.Page(guardian(), "/so"); strings.Contains(page, "Bạn được khám") || !strings.Contains(page, longName) {
			s.t.Error("the book speaks to the guardian as if it were the ward's")
		}
		if page := site.Page(owner(), "/so/luot-kham/v"); strings.Contains(page, "39.2") {
			s.t.Error("a decimal point in Vietnamese")
		}
		doctor := storetest.Doctor("tram")
		doctor.Unit = s.commune.ID
		site.Page(doctor, "/dau-vet/book/v", "Một trang trong sổ")
		if w := site.Get(doctor, "/so"); w.Code == 200 {
			s.t.Error("staff open the pages of a person")
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/rtc"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// meet is a media server that only takes notes.
type meet struct {
	mu     sync.Mutex
	down   bool
	absent bool
	made   []string
	closed []string
	grants []rtc.Grant
}

func (r *meet) Offered() bool      { return !r.absent }
func (r *meet) BrowserURL() string { return "" }

func (r *meet) EnsureRoom(_ context.Context, room string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.down {
		return issue.New(issue.Timeout, "rtc.unavailable")
	}
	r.made = append(r.made, room)
	return nil
}

func (r *meet) Token(g rtc.Grant) (string, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.grants = append(r.grants, g)
	return "token of " + g.Identity, nil
}

func (r *meet) CloseRoom(_ context.Context, room string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = append(r.closed, room)
	return nil
}

// flat is a map on which no unit lies in another.
type flat struct{}

func (flat) WithinOn(id, ancestor vn.UnitID, _ vn.Date) bool { return id == ancestor }

// scene is one station, two hospitals, one visit, and the people in it.
type scene struct {
	*Module
	t     *testing.T
	store *store.Store
	clock *storetest.Clock
	rooms *meet
}

func each(t *testing.T, test func(t *testing.T, s scene)) {
	t.Helper()
	policy, err := access.NewPolicy(content.Policies(), flat{})
	if err != nil {
		t.Fatal(err)
	}
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		clock := storetest.NewClock()
		words, err := content.Catalogue()
		if err != nil {
			t.Fatal(err)
		}
		m := &Module{rooms: &meet{}, words: words, now: clock.Now}
		st := storetest.Open(t, p, storetest.Guarded(policy), storetest.Follow(m.Follower()),
			storetest.Configure(func(c *store.Config) {
				c.Now = clock.Now
				c.Sensitivity = content.Sensitivity
			}))
		s := scene{Module: New(st, &meet{}, words, clock.Now), t: t, store: st, clock: clock}
		s.rooms = s.Module.rooms.(*meet)
		s.furnish()
		test(t, s)
	})
}

// actor is somebody in a new request.
func actor(role store.Role, facility, practitioner, name string) store.Actor {
	return store.Actor{Account: "acc-" + practitioner, Name: name, Role: role, Practitioner: practitioner, Facility: facility,
		FacilityName: facility, Unit: 1, Purpose: store.Treatment, Session: "s", Request: uuid.NewString()}
}

func doctor() store.Actor { return actor(store.Doctor, "tram", "bs-lan", "BS. Trần Thị Lan") }
func coordinator() store.Actor {
	return actor(store.Coordinator, "bv-tinh", "dp-hoa", "Phạm Thị Hoa")
}
func expert() store.Actor { return actor(store.Expert, "bv-tinh", "cg-minh", "BS.CKII Lê Quang Minh") }
func strangers() []store.Actor {
	return []store.Actor{
		actor(store.Coordinator, "bv-khac", "dp-khac", "Điều phối nơi khác"),
		actor(store.Expert, "bv-khac", "cg-khac", "Chuyên gia nơi khác"),
		actor(store.Doctor, "tram-khac", "bs-khac", "Bác sĩ nơi khác"),
	}
}

func (s scene) furnish() {
	s.t.Helper()
	org := func(id, kind, name string) fhir.Organization {
		return fhir.Organization{ID: id, Active: new(true), Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, kind, "")}, Name: name}
	}
	person := func(id, name string) fhir.Practitioner {
		return fhir.Practitioner{ID: id, Active: new(true), Name: []fhir.HumanName{{Text: name}}}
	}
	role := func(id, practitioner, organization, code, end string) fhir.PractitionerRole {
		return fhir.PractitionerRole{ID: id, Active: new(true), Practitioner: fhir.Ref("Practitioner", practitioner),
			Organization: fhir.Ref("Organization", organization), Code: []fhir.CodeableConcept{fhir.Code(fhir.CSRole, code, "")},
			Period: fhir.Period{Start: "2020-01-01", End: end}}
	}
	s.put(
		org("tram", "station", "Trạm y tế xã Liên Bão"), org("tram-khac", "station", "Trạm y tế xã khác"),
		org("bv-tinh", "hospital-province", "Bệnh viện Đa khoa tỉnh"), org("bv-khac", "hospital-regional", "Bệnh viện khu vực"),
		person("bs-lan", "Trần Thị Lan"), person("dp-hoa", "Phạm Thị Hoa"), person("cg-minh", "Lê Quang Minh"),
		person("cg-cu", "Ngô Văn Cũ"), person("cg-khac", "Vũ Thị Khác"),
		role("r1", "cg-minh", "bv-tinh", "expert", ""), role("r2", "cg-cu", "bv-tinh", "expert", "2024-12-31"),
		role("r3", "cg-khac", "bv-khac", "expert", ""), role("r4", "dp-hoa", "bv-tinh", "coordinator", ""),
		fhir.Patient{ID: "an", Active: new(true), Name: []fhir.HumanName{{Text: "Nguyễn Văn An", Family: "Nguyễn", Given: []string{"Văn", "An"}}},
			Gender: "male", BirthDate: "1980-05-01", ManagingOrganization: fhir.Ref("Organization", "tram")},
		fhir.Encounter{ID: "kham", Status: "in-progress", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"},
			Subject: fhir.Ref("Patient", "an"), Period: fhir.Period{Start: "2026-11-21T01:00:00Z"},
			ReasonCode: []fhir.CodeableConcept{fhir.Words("Sốt ngày thứ tư")}, ServiceProvider: fhir.Ref("Organization", "tram")},
		fhir.Observation{ID: "nhiet", Status: "preliminary", Category: []fhir.CodeableConcept{fhir.Code(fhir.ObservationCategory, "vital-signs", "")},
			Code: fhir.Code(fhir.LOINC, fhir.LOINCTemperature, ""), Subject: fhir.Ref("Patient", "an"), Encounter: fhir.Ref("Encounter", "kham"),
			EffectiveDateTime: "2026-11-21T01:05:00Z", ValueQuantity: fhir.Measure("38.9", "°C", "Cel")},
		s.diagnosis("A97.0", "Sốt xuất huyết Dengue"),
	)
}

func (s scene) diagnosis(code, words string) fhir.Condition {
	return fhir.Condition{ID: "chan-doan", ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "provisional", ""),
		Category:           []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")},
		Code:               fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: code}}, Text: words},
		Subject:            fhir.Ref("Patient", "an"), Encounter: fhir.Ref("Encounter", "kham")}
}

// put writes resources as the system, in one commit, and waits for the view.
func (s scene) put(resources ...any) {
	s.t.Helper()
	storetest.Put(s.t, s.store, view, resources...)
}

func (s scene) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s scene) refused(err error, code issue.Code, key string) {
	s.t.Helper()
	if !issue.Is(err, code) || key != "" && issue.Of(err)[0].Key != key {
		s.t.Fatalf("got %v, want %s %s", err, code, key)
	}
}

func question() Question {
	return Question{Encounter: "kham", Hospital: "bv-tinh", Urgency: "urgent", Text: "Tiểu cầu giảm, có cần chuyển không?"}
}

func (s scene) ask() string {
	s.t.Helper()
	id, err := s.Ask(s.t.Context(), doctor(), uuid.NewString(), question())
	s.ok(err)
	return id
}

func (s scene) one(a store.Actor, id string) Case {
	s.t.Helper()
	c, err := s.One(s.t.Context(), a, id)
	s.ok(err)
	return c
}

func (s scene) ids(a store.Actor, open bool) []string {
	s.t.Helper()
	list, err := s.List(s.t.Context(), a, open)
	s.ok(err)
	out := make([]string, len(list))
	for i, c := range list {
		out[i] = c.ID
	}
	return out
}

// The whole course, and what each side sees at each step.
func TestCourse(t *testing.T) {
	each(t, func(t *testing.T, s scene) {
		ctx := t.Context()
		_, err := s.record(ctx, expert(), "kham")
		s.refused(err, issue.NotFound, "")

		id := s.ask()
		c := s.one(doctor(), id)
		if c.State != Asked || c.PatientName != "Nguyễn Văn An" || c.FacilityName != "Trạm y tế xã Liên Bão" || c.HospitalName != "Bệnh viện Đa khoa tỉnh" {
			t.Fatalf("asked: %+v", c)
		}
		if got := s.ids(coordinator(), true); !slices.Equal(got, []string{id}) {
			t.Fatalf("the coordinator's list: %v", got)
		}
		if got := s.ids(expert(), true); len(got) != 0 {
			t.Fatalf("the expert's list before being named: %v", got)
		}
		s.ok(s.Accept(ctx, coordinator(), id, uuid.NewString(), "cg-minh"))
		if got := s.ids(expert(), true); !slices.Equal(got, []string{id}) {
			t.Fatalf("the expert's list: %v", got)
		}

		rec, err := s.record(ctx, expert(), "kham")
		s.ok(err)
		if rec.Reason != "Sốt ngày thứ tư" || len(rec.Vitals) != 1 || rec.Vitals[0] != (Measured{fhir.LOINCTemperature, "38.9", "°C"}) || !slices.Equal(rec.Diagnoses, []string{"A97.0 Sốt xuất huyết Dengue"}) {
			t.Fatalf("the expert reads %+v", rec)
		}
		s.put(s.diagnosis("A97.2", "Sốt xuất huyết Dengue nặng"))
		rec, err = s.record(ctx, expert(), "kham")
		s.ok(err)
		if !slices.Equal(rec.Diagnoses, []string{"A97.2 Sốt xuất huyết Dengue nặng"}) {
			t.Fatalf("after the correction the expert reads %v", rec.Diagnoses)
		}

		token, err := s.Enter(ctx, doctor(), id, "00000001")
		s.ok(err)
		if token != "token of bs-lan~00000001" || s.one(doctor(), id).State != Accepted {
			t.Fatalf("the doctor enters with %q, state %s", token, s.one(doctor(), id).State)
		}
		_, err = s.Enter(ctx, expert(), id, "00000002")
		s.ok(err)
		if got := s.one(doctor(), id).State; got != Live {
			t.Fatalf("the expert has entered, state %s", got)
		}
		_, err = s.Enter(ctx, expert(), id, "00000003") // a second window
		s.ok(err)

		s.ok(s.Conclude(ctx, expert(), id, uuid.NewString(), "Chưa cần chuyển. Xét nghiệm lại sau 12 giờ.", ""))
		c = s.one(doctor(), id)
		advice, err := s.advice(ctx, doctor(), c)
		s.ok(err)
		if c.State != Concluded || advice.Text != "Chưa cần chuyển. Xét nghiệm lại sau 12 giờ." || advice.Who != "BS.CKII Lê Quang Minh" {
			t.Fatalf("concluded: %s, %+v", c.State, advice)
		}
		s.ok(s.Decide(ctx, doctor(), id, uuid.NewString(), InPart, "Nhà xa, cho theo dõi tại trạm"))
		c = s.one(doctor(), id)
		decision, err := s.decision(ctx, doctor(), c)
		s.ok(err)
		if c.State != Decided || c.Decision != InPart || !strings.Contains(decision.Text, "Nhà xa") {
			t.Fatalf("decided: %+v, %+v", c, decision)
		}
		if len(s.rooms.closed) != 1 || s.rooms.closed[0] != "hc-"+id {
			t.Errorf("rooms closed: %v", s.rooms.closed)
		}

		steps, err := s.Steps(ctx, doctor(), c)
		s.ok(err)
		var got []string
		for _, x := range steps {
			got = append(got, fmt.Sprintf("%s %s %s", x.State, x.Who, x.Why))
		}
		want := []string{
			"asked BS. Trần Thị Lan ", "accepted Phạm Thị Hoa ", "live BS.CKII Lê Quang Minh ",
			"concluded BS.CKII Lê Quang Minh ", "decided BS. Trần Thị Lan Nhà xa, cho theo dõi tại trạm",
		}
		if !slices.Equal(got, want) {
			t.Errorf("moves:\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}

		// Advice and decision both stand in the record, as resources.
		for typ, param := range map[string]string{"DiagnosticReport": "encounter", "Communication": "encounter"} {
			page, err := s.store.For(doctor()).Search(ctx, store.Query{Type: typ, Params: [][2]string{{param, "Encounter/kham"}}})
			s.ok(err)
			if len(page.Docs) != 1 {
				t.Errorf("%d %s in the record, want 1", len(page.Docs), typ)
			}
		}
	})
}

func TestDeclinedAndCancelled(t *testing.T) {
	each(t, func(t *testing.T, s scene) {
		ctx := t.Context()
		id := s.ask()
		s.refused(s.Decline(ctx, coordinator(), id, uuid.NewString(), "  "), issue.Required, "telehealth.reason")
		s.ok(s.Decline(ctx, coordinator(), id, uuid.NewString(), "Chuyên khoa này ở bệnh viện khác"))
		if c := s.one(doctor(), id); c.State != Declined {
			t.Fatalf("declined: %s", c.State)
		}
		_, err := s.One(ctx, coordinator(), id)
		s.refused(err, issue.NotFound, "")

		id = s.ask() // the hospital may be asked again
		s.ok(s.Accept(ctx, coordinator(), id, uuid.NewString(), "cg-minh"))
		s.refused(s.Cancel(ctx, doctor(), id, uuid.NewString(), ""), issue.Required, "telehealth.reason")
		s.ok(s.Cancel(ctx, doctor(), id, uuid.NewString(), "Người bệnh đã chuyển viện"))
		_, err = s.record(ctx, expert(), "kham")
		s.refused(err, issue.NotFound, "")
		_, err = s.Enter(ctx, doctor(), id, "00000001")
		s.refused(err, issue.Conflict, "telehealth.room.shut")
		if got := s.ids(doctor(), false); len(got) != 2 {
			t.Errorf("closed cases of the station: %v", got)
		}
	})
}

func TestRefusals(t *testing.T) {
	each(t, func(t *testing.T, s scene) {
		ctx := t.Context()
		ask := func(a store.Actor, change func(*Question)) error {
			q := question()
			change(&q)
			_, err := s.Ask(ctx, a, uuid.NewString(), q)
			return err
		}
		nurse := actor(store.Nurse, "tram", "dd-mai", "Mai")
		s.refused(ask(nurse, func(*Question) {}), issue.Forbidden, "telehealth.ask.role")
		s.refused(ask(doctor(), func(q *Question) { q.Text = " " }), issue.Required, "telehealth.ask.question")
		s.refused(ask(doctor(), func(q *Question) { q.Urgency = "asap" }), issue.CodeInvalid, "telehealth.ask.urgency")
		for _, h := range []string{"", "tram-khac", "nowhere"} {
			s.refused(ask(doctor(), func(q *Question) { q.Hospital = h }), issue.CodeInvalid, "telehealth.ask.hospital")
		}
		s.refused(ask(doctor(), func(q *Question) { q.Encounter = "nowhere" }), issue.NotFound, "")
		s.refused(ask(strangers()[2], func(*Question) {}), issue.NotFound, "")
		if got := s.ids(doctor(), true); len(got) != 0 {
			t.Fatalf("refused questions left %v behind", got)
		}

		id := s.ask()
		s.refused(ask(doctor(), func(*Question) {}), issue.Conflict, "telehealth.ask.open")
		s.refused(s.Accept(ctx, coordinator(), id, uuid.NewString(), ""), issue.Required, "telehealth.accept.expert")
		for _, e := range []string{"cg-cu", "cg-khac", "dp-hoa", "nobody"} { // gone, elsewhere, no expert, unknown
			s.refused(s.Accept(ctx, coordinator(), id, uuid.NewString(), e), issue.CodeInvalid, "telehealth.accept.unknown")
		}
		s.refused(s.Accept(ctx, doctor(), id, uuid.NewString(), "cg-minh"), issue.Forbidden, "telehealth.role.coordinator")
		s.refused(s.Decide(ctx, doctor(), id, uuid.NewString(), Follow, ""), issue.Conflict, "telehealth.moved")
		_, err := s.Enter(ctx, doctor(), id, "00000001")
		s.refused(err, issue.Conflict, "telehealth.room.shut")

		s.ok(s.Accept(ctx, coordinator(), id, uuid.NewString(), "cg-minh"))
		s.refused(s.Decline(ctx, coordinator(), id, uuid.NewString(), "muộn"), issue.Conflict, "telehealth.moved")
		for _, device := range []string{"", "abc", "0000000g", "000000001", "Lan~0001"} {
			_, err := s.Enter(ctx, doctor(), id, device)
			s.refused(err, issue.Invalid, "telehealth.room.device")
		}
		s.rooms.down = true
		_, err = s.Enter(ctx, expert(), id, "00000001")
		s.refused(err, issue.Timeout, "rtc.unavailable")
		if got := s.one(doctor(), id).State; got != Accepted {
			t.Fatalf("a media server that is down moved the case to %s", got)
		}
		s.refused(s.Conclude(ctx, doctor(), id, uuid.NewString(), "x", ""), issue.Forbidden, "telehealth.role.expert")
		s.refused(s.Conclude(ctx, expert(), id, uuid.NewString(), " ", ""), issue.Required, "telehealth.conclude.text")
		s.ok(s.Conclude(ctx, expert(), id, uuid.NewString(), "Không cần phòng trực tuyến.", ""))
		s.refused(s.Decide(ctx, doctor(), id, uuid.NewString(), "", ""), issue.Required, "telehealth.decide.choose")
		for _, d := range []Decision{InPart, Decline} {
			s.refused(s.Decide(ctx, doctor(), id, uuid.NewString(), d, ""), issue.Required, "telehealth.reason")
		}
		s.refused(s.Decide(ctx, expert(), id, uuid.NewString(), Follow, ""), issue.Forbidden, "telehealth.role.doctor")
		s.refused(s.Cancel(ctx, doctor(), id, uuid.NewString(), "muộn"), issue.Conflict, "telehealth.moved")
		s.ok(s.Decide(ctx, doctor(), id, uuid.NewString(), Follow, ""))
	})
}

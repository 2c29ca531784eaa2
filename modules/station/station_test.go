// SPDX-License-Identifier: Apache-2.0

package station

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// station is the id of the station of the tests, in commune Liên Bão.
const station = "tram-1"

// clock is the tests' now: 2026-11-21 09:00 in Viet Nam.
var clock = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

func each(t *testing.T, test func(t *testing.T, m *Module), more ...storetest.Option) {
	t.Helper()
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	unitOf := func(code, version string) vn.UnitID {
		on, err := vn.ParseDate(version)
		if err != nil {
			return 0
		}
		u, _ := units.ByCode(code, on)
		return u.ID
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m := New(s, units, content.Diagnoses(), func() time.Time { return clock })
		s.Follow(m.Follower())
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		commune := units.Communes(province(t, units), m.today())[0]
		put(t, m, fhir.Organization{
			ID: station, Name: "Trạm Y tế thử", Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")},
			Address: []fhir.Address{{Extension: []fhir.Extension{fhir.Unit(commune.Code, commune.From.String(), commune.Name)}}},
		})
		test(t, m)
	}, append([]storetest.Option{storetest.Idle(), storetest.Configure(func(c *store.Config) {
		c.Now = func() time.Time { return clock }
		c.UnitOf = unitOf
	})}, more...)...)
}

func province(t *testing.T, units *vn.Units) vn.UnitID {
	t.Helper()
	u, ok := units.ByCode("24", vn.DateOf(clock))
	if !ok {
		t.Fatal("province 24 is missing")
	}
	return u.ID
}

func put(t *testing.T, m *Module, resources ...any) {
	t.Helper()
	var ops []store.Op
	for _, r := range resources {
		doc, err := fhir.New(r)
		if err != nil {
			t.Fatal(err)
		}
		ops = append(ops, store.Put(doc))
	}
	receipt, err := m.store.For(storetest.System()).Commit(t.Context(), ops...)
	if err == nil {
		err = m.store.Await(t.Context(), receipt, "station")
	}
	if err != nil {
		t.Fatal(err)
	}
}

func person(n int, name, birth, number string) fhir.Patient {
	active := true
	p := fhir.Patient{
		ID: fmt.Sprintf("p%d", n), Active: &active, Gender: "male", BirthDate: birth, Name: []fhir.HumanName{humanName(name)},
		ManagingOrganization: fhir.Ref("Organization", station),
	}
	if number != "" {
		p.Identifier = []fhir.Identifier{fhir.PersonalNumber(number)}
	}
	return p
}

func names(people []Person) []string {
	out := make([]string, len(people))
	for i, p := range people {
		out[i] = p.Name
	}
	return out
}

func TestFindByAFewLettersWithoutMarks(t *testing.T) {
	each(t, func(t *testing.T, m *Module) {
		for i, name := range []string{"Nguyễn Văn An", "Nguyễn Vân Anh", "Ngô Văn Ẩn", "Trần Thị An", "Nguyễn Bá Vinh", "Đặng Đình Đức"} {
			put(t, m, person(i, name, "1990-01-01", ""))
		}
		findsWithoutMarks(t, m)
		m.common = 1 // every word is common: along the names
		findsWithoutMarks(t, m)
	})
}

func findsWithoutMarks(t *testing.T, m *Module) {
	t.Helper()
	for _, c := range []struct {
		typed string
		want  []string
	}{
		{"ngu va a", []string{"Nguyễn Văn An", "Nguyễn Vân Anh"}},
		{"dang dinh duc", []string{"Đặng Đình Đức"}},
		{"đức", []string{"Đặng Đình Đức"}},
		{"an", []string{"Nguyễn Văn An", "Trần Thị An", "Nguyễn Vân Anh", "Ngô Văn Ẩn"}},
		{"vân an", []string{"Nguyễn Vân Anh", "Nguyễn Văn An", "Ngô Văn Ẩn"}},
		{"x", nil},
		{"  ", nil},
		{"% _", nil},
	} {
		found, err := m.Find(t.Context(), storetest.Nurse(station), c.typed, 20)
		if err != nil {
			t.Fatal(err)
		}
		got := names(found)
		if c.typed == "an" || c.typed == "vân an" { // order by given name; only the first is pinned
			if len(got) != len(c.want) || got[0] != c.want[0] {
				t.Errorf("%q finds %v, want %v", c.typed, got, c.want)
			}
			continue
		}
		if !slices.Equal(got, c.want) && (len(got) > 0 || len(c.want) > 0) {
			t.Errorf("%q finds %v, want %v", c.typed, got, c.want)
		}
	}
}

func TestIdentifyNeedsTheWholeNumberAndTheYear(t *testing.T) {
	each(t, func(t *testing.T, m *Module) {
		put(t, m, person(1, "Nguyễn Văn An", "1990-05-04", "027090001234"))
		for _, c := range []struct {
			number string
			year   int
			want   int
		}{{"027090001234", 1990, 1}, {"027090001234", 1991, 0}, {"027090001235", 1990, 0}} {
			found, err := m.Identify(t.Context(), storetest.Nurse("another"), vn.PersonalID(c.number), c.year)
			if err != nil || len(found) != c.want {
				t.Errorf("%s %d: %d people, %v; want %d", c.number, c.year, len(found), err, c.want)
			}
		}
	})
}

// arrived opens a visit of a new person.
func arrived(t *testing.T, m *Module) string {
	t.Helper()
	put(t, m, person(1, "Nguyễn Văn An", "1990-05-04", "027090001234"))
	id, err := m.Arrive(t.Context(), storetest.Nurse(station), "p1", "arrive-1")
	if err != nil {
		t.Fatal(err)
	}
	return id
}

var exam = Exam{
	Reason: "Sốt cao ngày thứ 3", Diagnoses: []Diagnosis{{"A97.0", "Sốt xuất huyết Dengue"}, {"J06.9", "Viêm họng"}},
	Medicines: []Medicine{{"Paracetamol 500 mg", "uống 1 viên khi sốt"}}, Advice: "Uống nhiều nước", FollowUp: vn.DateOf(clock) + 2,
}

func TestVisitFromArrivalToSignature(t *testing.T) {
	each(t, func(t *testing.T, m *Module) {
		ctx, nurse, doctor := t.Context(), storetest.Nurse(station), storetest.Doctor(station)
		id := arrived(t, m)

		again, err := m.Arrive(ctx, nurse, "p1", "arrive-2")
		if err != nil || again != id {
			t.Fatalf("who waits already gets %s, %v; want %s", again, err, id)
		}
		if err := m.Measure(ctx, nurse, id, "m", Vitals{"temperature": 39.2, "systolic": 118, "diastolic": 76}); err != nil {
			t.Fatal(err)
		}
		if err := m.Measure(ctx, nurse, id, "m0", Vitals{}); !issue.Is(err, issue.Required) {
			t.Errorf("nothing measured: %v", err)
		}
		if err := m.Sign(ctx, doctor, id, visit(t, m, id).Version, "s0", Exam{}); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("signing without reason: %v", err)
		}
		v := visit(t, m, id)
		if err := m.Examine(ctx, doctor, id, v.Version, "e", exam); err != nil {
			t.Fatal(err)
		}
		if err := m.Examine(ctx, doctor, id, v.Version, "e2", exam); err == nil {
			t.Error("a form made from an old version was saved")
		}
		if err := m.Sign(ctx, nurse, id, visit(t, m, id).Version, "s1", exam); !issue.Is(err, issue.Forbidden) {
			t.Errorf("a nurse signing: %v", err)
		}
		if err := m.Sign(ctx, doctor, id, visit(t, m, id).Version, "s", exam); err != nil {
			t.Fatal(err)
		}
		v = visit(t, m, id)
		if !v.Signed() || len(v.Diagnoses) != 2 || v.Diagnoses[0].Code != "A97.0" || len(v.Measures) != 3 || v.FollowUp != exam.FollowUp {
			t.Fatalf("signed visit: %+v", v)
		}
		for _, part := range v.parts {
			switch status := part.Get("status").String(); part.Type() {
			case "Observation":
				if status != "final" {
					t.Errorf("%s stays %s", part.Ref(), status)
				}
			case "MedicationRequest", "CarePlan":
				if status != "active" {
					t.Errorf("%s stays %s", part.Ref(), status)
				}
			case "Condition":
				if s := part.Get("verificationStatus", "coding", "code").String(); s != "confirmed" {
					t.Errorf("%s stays %s", part.Ref(), s)
				}
			}
		}
		if err := m.Sign(ctx, doctor, id, visit(t, m, id).Version, "s2", exam); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("signing twice: %v", err)
		}
		if err := m.Measure(ctx, nurse, id, "late", Vitals{"pulse": 80}); !issue.Is(err, issue.BusinessRule) {
			t.Errorf("measuring after the signature: %v", err)
		}
	})
}

func visit(t *testing.T, m *Module, id string) Visit {
	t.Helper()
	v, err := m.Visit(t.Context(), storetest.Doctor(station), id)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func signed(t *testing.T, m *Module) string {
	t.Helper()
	id := arrived(t, m)
	doctor := storetest.Doctor(station)
	if err := m.Examine(t.Context(), doctor, id, visit(t, m, id).Version, "e", exam); err != nil {
		t.Fatal(err)
	}
	if err := m.Sign(t.Context(), doctor, id, visit(t, m, id).Version, "s", exam); err != nil {
		t.Fatal(err)
	}
	return id
}

func TestCorrectionKeepsTheOldAndNeedsAReason(t *testing.T) {
	each(t, func(t *testing.T, m *Module) {
		id := signed(t, m)
		v := visit(t, m, id)
		doctor := storetest.Doctor(station)
		if err := m.Correct(t.Context(), doctor, id, v.Conditions[0], "c0", Diagnosis{"J10.1", "Cúm"}, ""); !issue.Is(err, issue.Required) {
			t.Errorf("correcting without a reason: %v", err)
		}
		if err := m.Correct(t.Context(), doctor, id, "other", "c1", Diagnosis{"J10.1", "Cúm"}, "nhầm"); !issue.Is(err, issue.NotFound) {
			t.Errorf("correcting what is not of the visit: %v", err)
		}
		if err := m.Correct(t.Context(), doctor, id, v.Conditions[0], "c", Diagnosis{"J10.1", "Cúm"}, "test nhanh NS1 âm tính"); err != nil {
			t.Fatal(err)
		}
		v = visit(t, m, id)
		if v.Diagnoses[0].Code != "J10.1" {
			t.Errorf("after the correction: %+v", v.Diagnoses)
		}
		old, changes, err := m.store.For(doctor).History(t.Context(), "Condition", v.Conditions[0], 10)
		if err != nil || len(old) < 2 || len(changes) != len(old) {
			t.Fatalf("history: %d versions, %v", len(old), err)
		}
		if code := old[1].Get("code", "coding", "code").String(); code != "A97.0" {
			t.Errorf("the version before says %s", code)
		}
		lines, err := m.A1(t.Context(), doctor, m.today())
		if err != nil || len(lines) != 1 || lines[0].Diagnoses != "J10.1 Cúm; J06.9 Viêm họng" && lines[0].Diagnoses != "J06.9 Viêm họng; J10.1 Cúm" {
			t.Errorf("register A1: %+v, %v", lines, err)
		}
	})
}

func TestLastValueStandsBesideButOnlyOnceSigned(t *testing.T) {
	each(t, func(t *testing.T, m *Module) {
		ctx, nurse, doctor := t.Context(), storetest.Nurse(station), storetest.Doctor(station)
		id := arrived(t, m)
		if err := m.Measure(ctx, nurse, id, "m", Vitals{"weight": 54.5}); err != nil {
			t.Fatal(err)
		}
		last, err := m.Last(ctx, nurse, "p1", "next")
		if err != nil || len(last) != 0 {
			t.Errorf("before the signature: %v, %v", last, err)
		}
		if err := m.Examine(ctx, doctor, id, visit(t, m, id).Version, "e", exam); err != nil {
			t.Fatal(err)
		}
		if err := m.Sign(ctx, doctor, id, visit(t, m, id).Version, "s", exam); err != nil {
			t.Fatal(err)
		}
		last, err = m.Last(ctx, nurse, "p1", "next")
		if err != nil || last[fhir.LOINCWeight].Value != "54.5" {
			t.Errorf("after the signature: %v, %v", last, err)
		}
	})
}

func TestRegisterSomebodyNew(t *testing.T) {
	each(t, func(t *testing.T, m *Module) {
		ctx, a := t.Context(), storetest.Actor(store.Receptionist, station)
		commune := m.units.Communes(province(t, m.units), m.today())[0]
		r := Registration{
			Name: "  nguyễn văn   an ", Sex: vn.Male, Birth: vn.PartialDate{Year: 1990}, Number: "027 090 001 234",
			Address: "Xã Cũ, huyện Tiên Du", Commune: commune.ID,
		}
		id, err := m.Register(ctx, a, "r1", r)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := m.store.For(a).Read(ctx, "Patient", id)
		if err != nil {
			t.Fatal(err)
		}
		if got := doc.Get("address", "text").String(); got != r.Address {
			t.Errorf("the printed address became %q", got)
		}
		if got := doc.Get("birthDate").String(); got != "1990" {
			t.Errorf("birth date %q", got)
		}
		var alike *ErrAlike
		if _, err := m.Register(ctx, a, "r2", r); !errors.As(err, &alike) || len(alike.People) != 1 {
			t.Errorf("somebody alike: %v", err)
		}
		r.Anyway = true
		if _, err := m.Register(ctx, a, "r3", r); !issue.Is(err, issue.Duplicate) {
			t.Errorf("the same personal number: %v", err)
		}
		_, err = m.Register(ctx, a, "r4", Registration{Number: "12", Phone: "1"})
		var e *issue.Error
		if !errors.As(err, &e) {
			t.Fatal(err)
		}
		var paths []string
		for _, i := range e.Issues {
			paths = append(paths, i.Path)
		}
		if want := []string{"name", "sex", "number", "phone", "commune"}; !slices.Equal(paths, want) {
			t.Errorf("fields at fault %v, want %v", paths, want)
		}
	})
}

func TestTodayPutsThoseWhoWaitFirst(t *testing.T) {
	each(t, func(t *testing.T, m *Module) {
		signed(t, m)
		put(t, m, person(2, "Trần Thị Bình", "1960-01-01", ""))
		if _, err := m.Arrive(t.Context(), storetest.Nurse(station), "p2", "a2"); err != nil {
			t.Fatal(err)
		}
		rows, err := m.Today(t.Context(), storetest.Nurse(station), m.today())
		if err != nil || len(rows) != 2 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		if rows[0].Name != "Trần Thị Bình" || rows[0].Number != "2" || rows[1].Status != "finished" || rows[1].Diagnosis == "" {
			t.Errorf("today: %+v", rows)
		}
	})
}

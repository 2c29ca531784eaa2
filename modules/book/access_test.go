// SPDX-License-Identifier: Apache-2.0

package book

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/access"
	"mach/i18n"
	"mach/store"
	"mach/store/storetest"
	"mach/web/webtest"
)

// The access log of a guardian has no line about what is hidden.
func TestGuardianSeesNoLabelledAccess(t *testing.T) {
	each(t, func(s scene) {
		s.whole("w", "finished")
		s.put(diagnosis("cd-w", "w", "B20", "Bệnh HIV", "confirmed"))
		doctor := storetest.Doctor("tram")
		doctor.Unit = s.commune.ID
		if _, err := s.store.For(doctor).Read(s.t.Context(), "Condition", "cd-w"); err != nil {
			s.t.Fatal(err)
		}
		nurse := storetest.Nurse("tram")
		nurse.Unit = s.commune.ID
		if _, err := s.store.For(nurse).Read(s.t.Context(), "Patient", "p"); err != nil {
			s.t.Fatal(err)
		}
		// The last line is of another facility.
		if err := s.store.Note(s.t.Context(), storetest.Actor(store.Midwife, "tram-khac"), store.ActRead, store.Labels{Type: "Patient", ID: "p", Patient: "p"}, store.Decision{Allow: true, Reason: "test"}); err != nil {
			s.t.Fatal(err)
		}
		lines := func(a store.Actor) string {
			for range 100 {
				list, err := s.store.For(a).AccessLog(s.t.Context(), "p", clock.Add(time.Hour), 100)
				if err != nil {
					s.t.Fatal(err)
				}
				var roles []string
				for _, l := range list {
					roles = append(roles, string(l.Role))
				}
				if slices.Contains(roles, "midwife") { // numbered a moment later on PostgreSQL
					return strings.Join(roles, " ")
				}
				time.Sleep(50 * time.Millisecond)
			}
			return ""
		}
		if got := lines(owner()); !strings.Contains(got, "doctor") || !strings.Contains(got, "nurse") {
			s.t.Errorf("the person sees lines of %q", got)
		}
		// The nurse's line has no label, but the day tells.
		if got := lines(guardian()); strings.Contains(got, "doctor") || strings.Contains(got, "nurse") || !strings.Contains(got, "midwife") {
			s.t.Errorf("the guardian sees lines of %q", got)
		}
	})
}

func TestAccessLinesInWords(t *testing.T) {
	line := func(role store.Role, purpose store.Purpose, act store.Action, types ...string) store.Access {
		return store.Access{At: clock, Name: "Trần Thị Bé", Role: role, FacilityName: "Trạm Y tế xã Liên Bão", Purpose: purpose, Action: act, Types: types, Allowed: true, Reason: "Bất tỉnh, cần nhóm máu"}
	}
	for _, c := range []struct {
		l      store.Access
		viewer store.Role
		vi, en string
	}{
		{line(store.Doctor, store.Treatment, store.ActRead, "Condition"), store.Person, "Xem chẩn đoán để khám chữa bệnh.", "Read diagnoses"},
		{line(store.Nurse, store.Treatment, store.ActCreate, "Observation", "Encounter"), store.Person, "Ghi số đo, lần khám để khám chữa bệnh.", "Wrote"},
		{line(store.Receptionist, store.Treatment, store.ActIdentify, "Patient"), store.Person, "Nhận diện bạn bằng số định danh", "Identified you"},
		{line(store.Nurse, store.Treatment, access.ActGuardian, "Guardianship"), store.Guardian, "Ghi nhận, đổi hoặc kết thúc việc giám hộ.", "Recorded, changed or ended a guardianship."},
		{line(store.Doctor, store.Emergency, store.ActRead, "Patient"), store.Person, "Mở khẩn cấp và xem thông tin của bạn. Lý do: “Bất tỉnh, cần nhóm máu”.", "Opened in an emergency and read"},
		{line(store.Doctor, store.Emergency, store.ActBreak, "Patient"), store.Person, "Mở khẩn cấp hồ sơ. Lý do: “Bất tỉnh, cần nhóm máu”.", "Opened the record in an emergency. Reason: “Bất tỉnh, cần nhóm máu”."},
		{line(store.Doctor, store.Emergency, store.ActBreak, "Patient"), store.Person, "Bác sĩ, y sĩ Trần Thị Bé", "Trần Thị Bé"},
		{store.Access{At: clock, Role: store.Nurse, Purpose: store.Emergency, Action: store.ActBreak, Reason: "role"}, store.Person, "Đã thử mở khẩn cấp hồ sơ và bị từ chối.", "Tried to open the record in an emergency"},
		{store.Access{At: clock, Role: store.Nurse, Purpose: store.Emergency, Action: store.ActRead, Allowed: true}, store.Guardian, "Mở khẩn cấp và xem phần khác của hồ sơ.", "Opened in an emergency and read"},
		{line(store.CDC, store.PublicHealth, store.ActRead, "Condition"), store.Person, "phòng chống dịch", "disease"},
		{line(store.Person, store.OwnRequest, store.ActRead, "Encounter"), store.Person, "Chính bạn", "You"},
		{line(store.Person, store.OwnRequest, store.ActRead, "Encounter"), store.Person, "Tự xem lần khám.", "Looked at"},
		{store.Access{At: clock, Actor: "token:1", Name: "Sổ Xanh", Role: store.Person, Purpose: store.OwnRequest, Action: store.ActRead, Allowed: true}, store.Person, "Ứng dụng Sổ Xanh", "Application Sổ Xanh"},
		{store.Access{At: clock, Actor: "a", Name: "Ngô Văn An · Sổ Xanh", Role: store.Person, Purpose: store.OwnRequest, Action: store.ActRead, Allowed: true}, store.Person, "Ứng dụng Sổ Xanh", "Application Sổ Xanh"},
		{line(store.Person, store.OwnRequest, store.ActRead, "Encounter"), store.Guardian, "Chính người được giám hộ", "The person in your care"},
		{line(store.Guardian, store.OwnRequest, store.ActRead, "Encounter"), store.Person, "Người giám hộ Trần Thị Bé", "Guardian Trần Thị Bé"},
		{line(store.Guardian, store.OwnRequest, store.ActRead, "Encounter"), store.Person, "thay người được giám hộ", "in their care"},
		{line(store.System, store.Operations, store.ActUpdate, "Basic"), store.Person, "phần khác của hồ sơ", "other part"},
		{line(store.Doctor, "NEWCODE", store.ActRead, "Patient"), store.Person, "việc không ghi rõ", "not stated"},
		{store.Access{At: clock, Role: store.Nurse, Purpose: store.Treatment, Action: store.ActRead}, store.Person, "Đã thử xem và bị từ chối.", "was refused"},
	} {
		for lang, want := range map[i18n.Lang]string{i18n.Vietnamese: c.vi, i18n.English: c.en} {
			if page := webtest.HTML(t, lang, webtest.As(c.viewer), accessPage([]store.Access{c.l}, time.Time{})); !strings.Contains(page, want) {
				t.Errorf("%s of %s for %s: the page in %s does not say %q", c.l.Action, c.l.Role, c.viewer, lang, want)
			}
		}
	}
	// Every role, purpose and action has its words.
	var all []store.Access
	roles := []store.Role{store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.Pharmacist, store.ImmunisationOff, store.VillageWorker, store.StationDirector,
		store.Chairman, store.Department, store.CDC, store.HospitalReporter, store.Coordinator, store.Expert, store.Ministry, store.PrivateClinic, store.AccessReviewer,
		store.Administrator, store.Person, store.Guardian, store.System}
	for _, role := range roles {
		for _, purpose := range []store.Purpose{store.Treatment, store.Emergency, store.PublicHealth, store.Operations, store.OwnRequest, store.Administering, store.AccessReview, ""} {
			for _, act := range []store.Action{store.ActRead, store.ActSearch, store.ActCreate, store.ActUpdate, store.ActDelete, store.ActIdentify} {
				all = append(all, line(role, purpose, act, "Patient", "Unheard"))
			}
		}
	}
	webtest.Check(t, webtest.As(store.Person), accessPage(all, time.Time{}))
	webtest.Check(t, webtest.As(store.Guardian), accessPage(all, time.Time{}))
	webtest.Check(t, webtest.As(store.Person), accessPage(all[:accessShown], clock))
}

// The next page begins where this one ends, also when lines share an instant.
func TestAccessPagesLoseNothing(t *testing.T) {
	var log []store.Access // newest first
	for i := range 23 {
		log = append(log, store.Access{At: clock.Add(-time.Duration(i/3) * time.Second), Actor: fmt.Sprint(i)})
	}
	var read []string
	for before, pages := clock.Add(time.Second), 0; ; pages++ {
		var found []store.Access // as AccessLog answers
		for _, l := range log {
			if l.At.Before(before) && len(found) < 7 {
				found = append(found, l)
			}
		}
		shown, next := page(found, 7)
		for _, l := range shown {
			read = append(read, l.Actor)
		}
		if next.IsZero() {
			break
		}
		if before = next; pages > 9 {
			t.Fatal("the pages do not end")
		}
	}
	if len(read) != len(log) || !slices.IsSortedFunc(read, func(a, b string) int { return len(a) - len(b) }) {
		t.Errorf("read %v", read)
	}
}

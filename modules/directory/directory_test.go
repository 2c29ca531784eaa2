// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/access"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web/webtest"
)

// clock is the tests' now: 2026-11-21 09:00 in Viet Nam.
var clock = time.Date(2026, 11, 21, 2, 0, 0, 0, time.UTC)

var unitsOnce = sync.OnceValues(content.Units)

func nationwide(t *testing.T) *vn.Units {
	t.Helper()
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	return units
}

// plain is the module without a store, for questions about units.
func plain(t *testing.T) *Module {
	return New(nil, nationwide(t), func() time.Time { return clock })
}

// scene is a store with a station, a sub-site, another station and one
// household each.
type scene struct {
	*Module
	t             *testing.T
	commune, next vn.Unit
}

func each(t *testing.T, test func(s scene)) {
	t.Helper()
	units := nationwide(t)
	policy, err := access.NewPolicy(content.Policies(), units)
	if err != nil {
		t.Fatal(err)
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m := New(s, units, func() time.Time { return clock })
		s.Follow(m.Follower())
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		province, _ := units.ByCode("24", vn.DateOf(clock))
		communes := units.Communes(province.ID, vn.DateOf(clock))
		sc := scene{m, t, communes[0], communes[1]}
		sc.fill()
		test(sc)
	}, storetest.Idle(), storetest.Guarded(policy), storetest.Placed(units), storetest.Configure(func(c *store.Config) {
		c.Now = func() time.Time { return clock }
	}))
}

func unitOf(u vn.Unit) []fhir.Extension {
	return []fhir.Extension{fhir.Unit(u.Code, u.From.String(), u.Full())}
}

func organization(id, code, name, kind, partOf string, u vn.Unit) fhir.Organization {
	o := fhir.Organization{
		ID: id, Name: name, Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, kind, "")},
		Address: []fhir.Address{{Text: u.Full(), Extension: unitOf(u)}}, PartOf: fhir.Ref("Organization", partOf),
	}
	if code != "" {
		o.Identifier = []fhir.Identifier{{System: fhir.IDFacility, Value: code}}
	}
	return o
}

func patient(id, name, station string, u vn.Unit) fhir.Patient {
	return fhir.Patient{
		ID: id, Gender: "female", BirthDate: "1990", Name: []fhir.HumanName{{Text: name}},
		Address:              []fhir.Address{{Use: "home", Text: u.Full(), Extension: unitOf(u)}},
		ManagingOrganization: fhir.Ref("Organization", station),
	}
}

func household(id, number, name string, u vn.Unit, members ...string) fhir.Group {
	g := fhir.Group{
		ID: id, Type: "person", Actual: true, Name: name, Extension: unitOf(u),
		Identifier: []fhir.Identifier{{System: fhir.IDHousehold, Value: number}},
	}
	for _, m := range members {
		g.Member = append(g.Member, fhir.GroupMember{Entity: fhir.Ref("Patient", m)})
	}
	return g
}

const longName = "Nguyễn Thị Hoàng Bảo Ngọc Trâm"

func (s scene) fill() {
	worker := func(id, name, role, facility, start, end string) (fhir.Practitioner, fhir.PractitionerRole) {
		return fhir.Practitioner{ID: id, Name: []fhir.HumanName{{Text: name}}}, fhir.PractitionerRole{
			ID: "post-" + id, Practitioner: fhir.Ref("Practitioner", id), Organization: fhir.Ref("Organization", facility),
			Code: []fhir.CodeableConcept{fhir.Code(fhir.CSRole, role, "")}, Period: fhir.Period{Start: start, End: end},
		}
	}
	bs, bsPost := worker("bs", longName, "doctor", "tram", "2025-07-01", "")
	gone, gonePost := worker("cu", "Trần Văn Cũ", "nurse", "tram", "2020-01-01", "2026-11-20")
	odd, oddPost := worker("la", "Lê Văn Lạ", "cook", "tram", "", "")
	s.put(
		organization("tram", "24101", "Trạm Y tế "+s.commune.Full(), "station", "", s.commune),
		organization("diem", "24101-1", "Điểm trạm số 1", "substation", "tram", s.commune),
		organization("tram-2", "24102", "Trạm Y tế "+s.next.Full(), "station", "", s.next),
		organization("la", "", "Cơ sở lạ", "unheard-of", "", s.next),
		bs, bsPost, gone, gonePost, odd, oddPost,
		patient("p1", longName, "tram", s.commune), patient("p2", "Trần Thị Bé", "tram", s.commune), patient("q1", "Lê Văn Xa", "tram-2", s.next),
		household("ho-1", "00001-00001", longName, s.commune, "p1", "p2", "nobody-yet"),
		household("ho-2", "00002-00001", "Lê Văn Xa", s.next, "q1"),
		fhir.Group{ID: "crowd", Type: "person", Actual: true, Name: "Người dân", Extension: unitOf(s.commune)},
	)
}

func (s scene) put(resources ...any) {
	s.t.Helper()
	storetest.Put(s.t, s.store, "directory", resources...)
}

func (s scene) commit(ops ...store.Op) {
	s.t.Helper()
	storetest.Commit(s.t, s.store, "directory", ops...)
}

func (s scene) actor(role store.Role) store.Actor {
	a := storetest.Actor(role, "tram")
	a.Unit = s.commune.ID
	return a
}

func TestParseQuestion(t *testing.T) {
	for _, c := range []struct {
		typed, code, on, words string
	}{
		{"26740 ngày 2024-01-01 là xã nào?", "26740", "2024-01-01", ""},
		{"26740, 01/07/2025", "26740", "2025-07-01", ""},
		{"24 (1/1/2026)", "24", "2026-01-01", ""},
		{"26740", "26740", "", ""},
		{"26740 năm 2024", "26740", "", ""},
		{"Phường 4", "", "", "phuong 4"},
		{"1234", "", "", "1234"},
		{"Liên Bão 2024-01-01", "", "", "lien bao 2024-01-01"},
		{"   ", "", "", ""},
	} {
		q := ParseQuestion(c.typed)
		on := ""
		if q.On != vn.ZeroDate {
			on = q.On.String()
		}
		if q.Code != c.code || on != c.on || q.Words != c.words {
			t.Errorf("%q reads as %q on %q, words %q", c.typed, q.Code, on, q.Words)
		}
	}
}

func FuzzParseQuestion(f *testing.F) {
	f.Add("26740 ngày 2024-01-01 là xã nào?")
	f.Add("24 \xff 00/00/0000")
	f.Fuzz(func(t *testing.T, typed string) {
		if q := ParseQuestion(typed); q.Code != "" && q.Words != "" {
			t.Errorf("%q is a code and words at once", typed)
		}
	})
}

func TestFindUnits(t *testing.T) {
	m := plain(t)
	for _, c := range []struct {
		typed, first, above string
	}{
		{"bắc ninh", "Tỉnh Bắc Ninh", ""},
		{"lien bao bac ninh", "Xã Liên Bão", "Tỉnh Bắc Ninh"},
		{"p ben nghe", "Phường Bến Nghé", "Quận 1"},
		{"dac khu truong sa", "Đặc khu Trường Sa", "Tỉnh Khánh Hòa"},
		{"đặc khu Hoàng Sa", "Đặc khu Hoàng Sa", "Thành phố Đà Nẵng"},
	} {
		found := m.Find(c.typed, 5)
		if len(found) == 0 || found[0].Full() != c.first || !strings.Contains(way(m.units, found[0].Parent), c.above) {
			t.Errorf("%q finds %v", c.typed, found)
		}
	}
	if found := m.Find("xyzzy", 5); len(found) != 0 {
		t.Errorf("nonsense finds %v", found)
	}
	if found := m.Find(" ", 5); found != nil {
		t.Errorf("nothing typed finds %v", found)
	}
	if found := m.Find("xa", 7); len(found) != 7 {
		t.Errorf("a limit of 7 gives %d", len(found))
	}
}

func TestCodeAnswersOnlyWithADay(t *testing.T) {
	m := plain(t)
	before, since := m.ByCode("26740", vn.Reform-1), m.ByCode("26740", vn.Reform)
	if len(before) != 1 || len(since) != 1 || before[0].ID == since[0].ID {
		t.Fatalf("26740 was %v and is %v", before, since)
	}
	both := m.ByCode("26740", vn.ZeroDate)
	if len(both) != 2 || both[0].ID != since[0].ID || both[1].ID != before[0].ID {
		t.Errorf("26740 without a day: %v", both)
	}
	if got := m.ByCode("99999", vn.ZeroDate); got != nil {
		t.Errorf("99999: %v", got)
	}
}

// Every unit of every time has a page: what it came from and what it became
// agree from both ends, and a unit that is no more names where it went.
func TestSheetsOfAllUnits(t *testing.T) {
	m := plain(t)
	made := map[string]Share{}
	var became int
	for _, e := range m.index() {
		s, err := m.Sheet(e.unit.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Path) == 0 || s.Path[0].ID != vn.Nation {
			t.Fatalf("%v has the path %v", e.unit, s.Path)
		}
		for _, step := range s.Made {
			made[fmt.Sprint(step.Unit.ID, s.Unit.ID)] = step.Share
		}
		if s.Unit.ValidOn(m.today()) != (s.Now == nil) && s.Unit.Level != vn.LevelDistrict {
			t.Errorf("%s %s is %v today", s.Unit.Code, s.Unit.Full(), s.Now)
		}
		for _, u := range s.Now {
			if !u.ValidOn(m.today()) {
				t.Errorf("%s became %s, which is no more", s.Unit.Full(), u.Full())
			}
		}
	}
	for _, e := range m.index() {
		s, _ := m.Sheet(e.unit.ID)
		for _, step := range s.Became {
			became++
			if share, ok := made[fmt.Sprint(s.Unit.ID, step.Unit.ID)]; !ok || share != step.Share {
				t.Errorf("%s → %s is %q from one end and %q from the other", s.Unit.Full(), step.Unit.Full(), step.Share, share)
			}
		}
	}
	if became != len(made) || became < 10_000 {
		t.Errorf("%d steps out, %d steps in", became, len(made))
	}
	if _, err := m.Sheet(123); !issue.Is(err, issue.NotFound) {
		t.Errorf("a unit that is none: %v", err)
	}
}

func TestFacilitiesOfAUnit(t *testing.T) {
	each(t, func(s scene) {
		names := func(unit vn.UnitID, q, after string, limit int) string {
			rows, err := s.Facilities(s.t.Context(), s.actor(store.CDC), unit, q, after, limit)
			if err != nil {
				s.t.Fatal(err)
			}
			var ids []string
			for _, f := range rows {
				ids = append(ids, f.ID)
			}
			return strings.Join(ids, " ")
		}
		for _, c := range []struct {
			unit         vn.UnitID
			q, after     string
			limit        int
			want, reason string
		}{
			{s.commune.ID, "", "", 10, "diem tram", "of a commune"},
			{s.commune.Parent, "", "", 10, "la diem tram tram-2", "of the province"},
			{vn.Nation, "", "", 10, "la diem tram tram-2", "of the nation"},
			{s.commune.Parent, "tram y te", "", 10, "tram tram-2", "words without marks"},
			{s.commune.Parent, "24102", "", 10, "tram-2", "a code"},
			{s.commune.Parent, "%", "", 10, "la diem tram tram-2", "a wildcard is no word"},
			{123, "", "", 10, "", "a unit that is none"},
		} {
			got, want := strings.Fields(names(c.unit, c.q, c.after, c.limit)), strings.Fields(c.want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				s.t.Errorf("%s: %v, want %v", c.reason, got, want)
			}
		}
		// Page by page the same as at once.
		var paged []string
		for after := ""; ; {
			next := names(s.commune.Parent, "", after, 1)
			if next == "" {
				break
			}
			paged, after = append(paged, next), next
		}
		if all := names(s.commune.Parent, "", "", 10); strings.Join(paged, " ") != all {
			s.t.Errorf("page by page %v, at once %s", paged, all)
		}
	})
}

func TestPlaceWithPartsAndPosts(t *testing.T) {
	each(t, func(s scene) {
		p, err := s.Place(s.t.Context(), s.actor(store.Chairman), "tram")
		if err != nil {
			s.t.Fatal(err)
		}
		var posts []string
		for _, post := range p.Posts {
			posts = append(posts, post.Name+" "+post.Role)
		}
		if want := []string{"Lê Văn Lạ cook", longName + " doctor"}; !slices.Equal(posts, want) {
			s.t.Errorf("posts of today %q, want %q", posts, want)
		}
		if p.Posts[0].Since != vn.ZeroDate || p.Posts[1].Since != vn.Reform {
			s.t.Errorf("since %v and %v", p.Posts[0].Since, p.Posts[1].Since)
		}
		if len(p.Below) != 1 || p.Below[0].ID != "diem" || p.Above.ID != "" {
			s.t.Errorf("parts %v, above %v", p.Below, p.Above)
		}
		if p, err = s.Place(s.t.Context(), s.actor(store.Nurse), "diem"); err != nil || p.Above.ID != "tram" {
			s.t.Errorf("sub-site: %+v, %v", p, err)
		}
		if _, err = s.Place(s.t.Context(), s.actor(store.Nurse), "none"); !issue.Is(err, issue.NotFound) {
			s.t.Errorf("a facility that is none: %v", err)
		}
	})
}

func TestHouseholdsAreForTheirStation(t *testing.T) {
	each(t, func(s scene) {
		ctx := s.t.Context()
		for _, c := range []struct {
			role store.Role
			want int
		}{{store.Receptionist, 1}, {store.Nurse, 1}, {store.Doctor, 1}, {store.Chairman, 0}, {store.CDC, 0}, {store.Expert, 0}, {store.Person, 0}} {
			rows, err := s.Households(ctx, s.actor(c.role), "", "", 10)
			if err != nil || len(rows) != c.want {
				s.t.Errorf("%s sees %d households, %v; want %d", c.role, len(rows), err, c.want)
			}
		}
		nurse := s.actor(store.Nurse)
		if rows, err := s.Households(ctx, nurse, "hoang tram", "", 10); err != nil || len(rows) != 1 || rows[0].People != 3 {
			s.t.Errorf("by name: %+v, %v", rows, err)
		}
		f, err := s.Family(ctx, nurse, "ho-1")
		if err != nil || len(f.Members) != 2 || f.Members[0].Name != longName || f.Members[1].Patient != "p2" {
			s.t.Errorf("family: %+v, %v", f, err)
		}
		for _, id := range []string{"ho-2", "crowd", "none"} {
			if _, err := s.Family(ctx, nurse, id); !issue.Is(err, issue.NotFound) {
				s.t.Errorf("%s for a nurse of another commune: %v", id, err)
			}
		}
		// Somebody of the household moved away: the station no longer cares.
		s.put(patient("p2", "Trần Thị Bé", "tram-2", s.next))
		if f, err = s.Family(ctx, nurse, "ho-1"); err != nil || len(f.Members) > 2 || len(f.Members) == 0 {
			s.t.Errorf("after the move: %+v, %v", f, err)
		}
	})
}

// The view follows changes and deletions, and equals its rebuild.
func TestViewFollows(t *testing.T) {
	each(t, func(s scene) {
		closed := false
		o := organization("tram-2", "24102", "Trạm Y tế đổi tên", "station", "", s.next)
		o.Active = &closed
		s.put(o, household("ho-2", "00002-00001", "Lê Văn Gần", s.commune, "q1", "p1"))
		s.commit(store.Delete("Organization", "la"), store.Delete("PractitionerRole", "post-bs"), store.Delete("Group", "ho-1"))
		p, err := s.Place(s.t.Context(), s.actor(store.Nurse), "tram-2")
		if err != nil || p.Active || p.Name != "Trạm Y tế đổi tên" {
			s.t.Errorf("after the change: %+v, %v", p, err)
		}
		if p, _ = s.Place(s.t.Context(), s.actor(store.Nurse), "tram"); len(p.Posts) != 1 {
			s.t.Errorf("posts after the deletion: %+v", p.Posts)
		}
		rows, err := s.Households(s.t.Context(), s.actor(store.Nurse), "", "", 10)
		if err != nil || len(rows) != 1 || rows[0].Name != "Lê Văn Gần" || rows[0].People != 2 {
			s.t.Errorf("households after the changes: %+v, %v", rows, err)
		}
		line, err := s.store.CheckView(s.t.Context(), "directory")
		if err != nil || !line.OK {
			s.t.Errorf("%+v, %v", line, err)
		}
	})
}

func TestPages(t *testing.T) {
	each(t, func(s scene) {
		nurse, citizen := s.actor(store.Nurse), storetest.Person("p1")
		site := webtest.NewSite(s.t, clock, s.Routes)
		old := s.units.Predecessors(s.commune.ID, vn.Reform-1)[0]
		for path, want := range map[string]string{
			"/danh-ba": "34", "/danh-ba?q=lien+bao+bac+ninh": "Xã Liên Bão", "/danh-ba?q=xyzzy": "Không tìm thấy",
			"/danh-ba?q=26740+ng%C3%A0y+2024-01-01": "Ngày 01/01/2024, mã 26740 là Phường Bến Nghé, Quận 1, Thành phố Hồ Chí Minh",
			"/danh-ba?q=26740":                      "26740", "/danh-ba?q=99999+2024-01-01": "không có đơn vị nào",
			unitPath(vn.Nation): "Việt Nam", unitPath(s.commune.ID): s.commune.Full(), unitPath(s.commune.Parent): "Tỉnh Bắc Ninh",
			unitPath(old.ID): "không còn", unitPath(old.Parent): old.Full(),
			"/danh-ba/dia-chi": "Địa chỉ cũ", "/danh-ba/dia-chi?q=xa+Lien+Bao,+huyen+Tien+Du,+Bac+Ninh": "Xã Liên Bão", "/danh-ba/dia-chi?q=xyzzy": "Chưa đủ",
		} {
			site.Page(nurse, path, want)
			site.Page(citizen, path, want)
		}
		for path, want := range map[string]string{
			"/danh-ba/co-so": "24101", "/danh-ba/co-so?q=xyzzy": "Không có cơ sở", "/danh-ba/co-so/tram": "24101",
			"/danh-ba/co-so/diem": "Trạm Y tế", "/danh-ba/co-so/la": "unheard-of", unitPath(s.commune.ID): "24101",
		} {
			site.Page(nurse, path, want)
			site.Page(citizen, path, want)
		}
		site.Page(nurse, "/danh-ba/co-so/tram", longName)
		if page := site.Page(citizen, "/danh-ba/co-so/tram"); strings.Contains(page, longName) || strings.Contains(page, "/danh-ba/ho") {
			s.t.Error("a citizen's page of a facility names its health workers, or leads to households")
		}
		for path, want := range map[string]string{
			"/danh-ba/ho": longName, "/danh-ba/ho?q=xyzzy": "Không có hộ", "/danh-ba/ho/ho-1": "Trần Thị Bé",
		} {
			site.Page(nurse, path, want)
			if w := site.Get(citizen, path); w.Code == http.StatusOK {
				s.t.Errorf("%s opens for a person", path)
			}
		}
		for _, path := range []string{unitPath(123), "/danh-ba/don-vi/x", "/danh-ba/co-so/none", "/danh-ba/co-so?don-vi=123", "/danh-ba/ho/ho-2"} {
			if w := site.Get(nurse, path); w.Code != http.StatusNotFound {
				s.t.Errorf("%s answers %d", path, w.Code)
			}
		}
	})
}

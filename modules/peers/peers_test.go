// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"errors"
	"fmt"
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
)

var unitsOnce = sync.OnceValues(content.Units)

// scene is a store with a station in each of four communes: two of Bắc Ninh,
// two of Hà Nội, under the real policies.
type scene struct {
	*Module
	t        *testing.T
	clock    *storetest.Clock
	communes []vn.Unit
	woken    *[]string
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
	clock := storetest.NewClock()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		woken := []string{}
		m, err := New(t.Context(), s, units, clock.Now, func(topic string) { woken = append(woken, topic) })
		if err != nil {
			t.Fatal(err)
		}
		s.Follow(m.Follower())
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		sc := scene{m, t, clock, nil, &woken}
		for _, code := range []string{"24", "01"} {
			p, _ := units.ByCode(code, m.today())
			sc.communes = append(sc.communes, units.Communes(p.ID, m.today())[:2]...)
		}
		for i, u := range sc.communes {
			sc.put(fhir.Organization{ID: station(i), Name: "Trạm Y tế " + u.Full(),
				Address: []fhir.Address{{Extension: []fhir.Extension{fhir.Unit(u.Code, u.From.String(), u.Full())}}}})
		}
		test(sc)
	}, storetest.Idle(), storetest.Guarded(policy), storetest.Placed(units), storetest.Configure(func(c *store.Config) {
		c.Now = clock.Now
	}))
}

func station(i int) string { return fmt.Sprintf("tram-%d", i) }

func (s scene) put(resources ...any) {
	s.t.Helper()
	storetest.Put(s.t, s.store, "peers", resources...)
}

func (s scene) commit(ops ...store.Op) {
	s.t.Helper()
	storetest.Commit(s.t, s.store, "peers", ops...)
}

func person(id, name string) fhir.Practitioner {
	return fhir.Practitioner{ID: id, Name: []fhir.HumanName{{Text: name}}}
}

func post(id, practitioner string, role store.Role, at int, start, end string) fhir.PractitionerRole {
	return fhir.PractitionerRole{ID: id, Practitioner: fhir.Ref("Practitioner", practitioner), Organization: fhir.Ref("Organization", station(at)),
		Code: []fhir.CodeableConcept{fhir.Code(fhir.CSRole, string(role), "")}, Period: fhir.Period{Start: start, End: end}}
}

// actor is a role at commune i; who leads a province or the nation has its unit.
func (s scene) actor(role store.Role, practitioner string, i int) store.Actor {
	a := storetest.Actor(role, station(i))
	a.Practitioner, a.Account, a.Unit = practitioner, "acc-"+practitioner, s.communes[i].ID
	switch role {
	case store.CDC, store.Department:
		a.Facility, a.Unit = "so", s.communes[i].Parent
	case store.Ministry:
		a.Facility, a.Unit = "bo", vn.Nation
	}
	return a
}

// staffed puts five people to work: two at the first station, one at each
// other; the third also helps at the first.
func (s scene) staffed() {
	s.put(person("an", "Nguyễn Văn An"), person("be", "Trần Thị Bé"), person("chi", "Lê Thị Hoàng Bảo Ngọc Chi"), person("dung", "Phạm Dũng"), person("em", "Võ Em"),
		post("1", "an", store.Doctor, 0, "2025-07-01", ""), post("2", "be", store.Nurse, 0, "2025-07-01", ""),
		post("3", "chi", store.Nurse, 1, "2025-07-01", ""), post("4", "chi", store.Doctor, 0, "2025-07-01", ""),
		post("5", "dung", store.Nurse, 2, "2025-07-01", ""), post("6", "em", store.Nurse, 3, "2020-01-01", "2026-11-20"))
}

func (s scene) draft(unit vn.UnitID, roles ...store.Role) Draft {
	return Draft{Unit: unit, Roles: roles, Title: "Tăng cường giám sát", Body: "Báo trong 24 giờ.", Due: s.clock.Now().Add(24 * time.Hour)}
}

func (s scene) publish(a store.Actor, d Draft) string {
	s.t.Helper()
	id, err := s.Publish(s.t.Context(), a, "", d)
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// addressed lists who of the five has the notice in the inbox as theirs.
func (s scene) addressed(id string) string {
	s.t.Helper()
	var who []string
	for _, p := range []string{"an", "be", "chi", "dung", "em"} {
		if n, err := s.Read(s.t.Context(), s.actor(store.Nurse, p, 0), id); err == nil && n.Mine {
			who = append(who, p)
		} else if err != nil && !issue.Is(err, issue.NotFound) {
			s.t.Fatal(err)
		}
	}
	return strings.Join(who, " ")
}

func TestAudienceIsExact(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		for _, c := range []struct {
			by    store.Actor
			draft Draft
			want  string
		}{
			{s.actor(store.Ministry, "m", 0), s.draft(vn.Nation), "an be chi dung"}, // em's post has ended
			{s.actor(store.Ministry, "m", 0), s.draft(vn.Nation, store.Nurse), "be chi dung"},
			{s.actor(store.Ministry, "m", 0), s.draft(s.communes[2].Parent), "dung"},
			{s.actor(store.Department, "d", 0), s.draft(s.communes[0].Parent), "an be chi"},
			{s.actor(store.CDC, "c", 0), s.draft(s.communes[0].ID, store.Doctor), "an chi"},
			{s.actor(store.StationDirector, "g", 1), s.draft(s.communes[1].ID), "chi"},
			{s.actor(store.CDC, "c", 0), s.draft(s.communes[0].Parent, store.Nurse, store.Doctor), "an be chi"},
		} {
			id := s.publish(c.by, c.draft)
			if got := s.addressed(id); got != c.want {
				s.t.Errorf("%s to %d, %v reaches %q, want %q", c.by.Role, c.draft.Unit, c.draft.Roles, got, c.want)
			}
			n, err := s.Read(s.t.Context(), c.by, id)
			if err != nil || n.Addressed != len(strings.Fields(c.want)) || n.Mine || n.Unit != c.draft.Unit || !slices.Equal(n.Roles, c.draft.Roles) {
				s.t.Errorf("as the sender sees it: %+v, %v", n, err)
			}
		}
		if _, err := s.Publish(s.t.Context(), s.actor(store.Ministry, "m", 0), "", s.draft(vn.Nation, store.Pharmacist)); !issue.Is(err, issue.BusinessRule) {
			s.t.Errorf("a notice to nobody: %v", err)
		}
		if !slices.Contains(*s.woken, "peers") {
			s.t.Error("nobody was woken")
		}
	})
}

// Whatever others are told since, one's own announcements stay in the inbox.
func TestInboxReadsOnPastOthers(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		ministry := s.actor(store.Ministry, "m", 0)
		mine := s.publish(ministry, s.draft(s.communes[0].ID))
		for range batch + 1 {
			s.publish(ministry, s.draft(s.communes[2].ID))
			s.clock.Advance(time.Second)
		}
		list, err := s.Inbox(t.Context(), s.actor(store.Doctor, "an", 0), 10)
		if err != nil || len(list) != 1 || list[0].ID != mine {
			s.t.Errorf("the inbox holds %d announcements, %v", len(list), err)
		}
		if all, err := s.Inbox(t.Context(), ministry, 2*batch); err != nil || len(all) != batch+2 {
			s.t.Errorf("the sender finds %d of %d, %v", len(all), batch+2, err)
		}
	})
}

// Announcements at one moment give each new member one number: everybody
// addressed is reached, and nobody else.
func TestPublishingAtOneMoment(t *testing.T) {
	each(t, func(s scene) {
		var resources []any
		for n := range 40 {
			id := fmt.Sprintf("nv-%02d", n)
			resources = append(resources, person(id, "Nhân viên "+id), post("post-"+id, id, store.Nurse, n%4, "2025-07-01", ""))
		}
		s.put(resources...)
		quiet := *s.Module
		quiet.wake = func(string) {}
		units := []vn.UnitID{vn.Nation, s.communes[0].ID, s.communes[1].ID, s.communes[2].ID, s.communes[3].ID, s.communes[0].Parent, s.communes[2].Parent, vn.Nation}
		ids, errs := make([]string, len(units)), make([]error, len(units))
		ministry := s.actor(store.Ministry, "m", 0)
		var wg sync.WaitGroup
		for i, u := range units {
			wg.Go(func() { ids[i], errs[i] = quiet.Publish(t.Context(), ministry, "", s.draft(u)) })
		}
		wg.Wait()
		for i, u := range units {
			if errs[i] != nil {
				s.t.Fatalf("publishing to %d: %v", u, errs[i])
			}
			_, missing, err := s.Tally(t.Context(), ministry, ids[i])
			if err != nil {
				s.t.Fatal(err)
			}
			got := map[string]bool{}
			for _, m := range missing {
				got[m.Practitioner] = true
			}
			for n := range 40 {
				at := s.communes[n%4]
				id, want := fmt.Sprintf("nv-%02d", n), u == vn.Nation || u == at.ID || u == at.Parent
				if got[id] != want {
					s.t.Errorf("the notice to %d addresses %s: %v, want %v", u, id, got[id], want)
				}
			}
		}
	})
}

func TestWhoMaySendToWhom(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		here, there := s.communes[0], s.communes[2]
		for _, c := range []struct {
			role  store.Role
			unit  vn.UnitID
			allow bool
		}{
			{store.Ministry, vn.Nation, true}, {store.Ministry, here.Parent, true}, {store.Ministry, there.ID, true},
			{store.Department, here.Parent, true}, {store.Department, here.ID, true}, {store.Department, vn.Nation, false}, {store.Department, there.ID, false},
			{store.CDC, here.Parent, true}, {store.CDC, there.Parent, false},
			{store.StationDirector, here.ID, true}, {store.StationDirector, s.communes[1].ID, false}, {store.StationDirector, here.Parent, false},
			{store.Doctor, here.ID, false}, {store.Nurse, here.ID, false}, {store.Chairman, here.ID, false}, {store.Expert, here.ID, false},
			{store.Administrator, vn.Nation, false}, {store.Person, here.ID, false}, {store.Ministry, 0, false}, {store.Ministry, 123, false},
		} {
			_, err := s.Publish(s.t.Context(), s.actor(c.role, "x", 0), "", s.draft(c.unit))
			if c.allow && err != nil || !c.allow && !issue.Is(err, issue.Forbidden) {
				s.t.Errorf("%s to unit %d: %v, allowed should be %v", c.role, c.unit, err, c.allow)
			}
		}
	})
}

func TestWhatCannotBePublished(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		sender := s.actor(store.Ministry, "m", 0)
		for _, c := range []struct {
			spoil func(*Draft)
			paths string
		}{
			{func(d *Draft) { d.Title = " \t" }, "title"},
			{func(d *Draft) { d.Title = strings.Repeat("ờ", maxTitle+1) }, "title"},
			{func(d *Draft) { d.Title = strings.Repeat("ờ", maxTitle) }, ""},
			{func(d *Draft) { d.Body = "" }, "body"},
			{func(d *Draft) { d.Body = strings.Repeat("ờ", maxBody+1) }, "body"},
			{func(d *Draft) { d.Due = s.clock.Now().Add(-time.Minute) }, "due"},
			{func(d *Draft) { *d = Draft{Unit: vn.Nation} }, "title body due"},
		} {
			d := s.draft(vn.Nation)
			c.spoil(&d)
			_, err := s.Publish(s.t.Context(), sender, "", d)
			var e *issue.Error
			var paths []string
			if errors.As(err, &e) {
				for _, i := range e.Issues {
					paths = append(paths, i.Path)
				}
			} else if err != nil {
				s.t.Fatal(err)
			}
			if got := strings.Join(paths, " "); got != c.paths {
				s.t.Errorf("fields at fault %q, want %q", got, c.paths)
			}
		}
	})
}

// The same form of an account publishes once, whoever answers it; another
// account's key is another's.
func TestPublishOncePerForm(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		ministry, cdc := s.actor(store.Ministry, "m", 0), s.actor(store.CDC, "c", 0)
		cdc.Account = "another"
		var ids []string
		for _, a := range []store.Actor{ministry, ministry, cdc} {
			id, err := s.Publish(s.t.Context(), a, "form", s.draft(s.communes[0].Parent, store.Nurse))
			if err != nil {
				s.t.Fatal(err)
			}
			ids = append(ids, id)
		}
		if ids[0] != ids[1] || ids[0] == ids[2] {
			s.t.Errorf("published as %q", ids)
		}
		list, err := s.Inbox(s.t.Context(), s.actor(store.Nurse, "be", 0), 10)
		if err != nil || len(list) != 2 {
			s.t.Errorf("%d notices in the inbox, want 2; %v", len(list), err)
		}
	})
}

func TestAcknowledgeOnceAndOnlyIfAddressed(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		ctx := s.t.Context()
		id := s.publish(s.actor(store.CDC, "c", 0), s.draft(s.communes[0].Parent, store.Nurse))
		be, dung := s.actor(store.Nurse, "be", 0), s.actor(store.Nurse, "dung", 2)
		if n, err := s.Read(ctx, be, id); err != nil || !n.Mine || !n.Acked.IsZero() {
			s.t.Errorf("before: %+v, %v", n, err)
		}
		if err := s.Acknowledge(ctx, be, id); err != nil {
			s.t.Fatal(err)
		}
		first, err := s.Read(ctx, be, id)
		if err != nil || first.Acked.IsZero() {
			s.t.Fatalf("after: %+v, %v", first, err)
		}
		s.clock.Advance(time.Hour)
		if err := s.Acknowledge(ctx, be, id); err != nil {
			s.t.Fatal(err)
		}
		if again, err := s.Read(ctx, be, id); err != nil || !again.Acked.Equal(first.Acked) {
			s.t.Errorf("a second time moved %v to %v, %v", first.Acked, again.Acked, err)
		}
		nobody := s.actor(store.Nurse, "", 0)
		for who, a := range map[string]store.Actor{"another place": dung, "another role": s.actor(store.Doctor, "an", 0), "no practitioner": nobody, "the sender": s.actor(store.CDC, "c", 0)} {
			if err := s.Acknowledge(ctx, a, id); !issue.Is(err, issue.NotFound) {
				s.t.Errorf("%s acknowledges: %v", who, err)
			}
		}
		if err := s.Acknowledge(ctx, be, "none"); !issue.Is(err, issue.NotFound) {
			s.t.Errorf("a notice that is none: %v", err)
		}
		if _, err := s.Read(ctx, dung, id); !issue.Is(err, issue.NotFound) {
			s.t.Errorf("who is not addressed reads: %v", err)
		}
		if _, _, err := s.Tally(ctx, be, id); !issue.Is(err, issue.Forbidden) {
			s.t.Errorf("a reader sees who is missing: %v", err)
		}
		if _, _, err := s.Tally(ctx, s.actor(store.CDC, "h", 2), id); !issue.Is(err, issue.NotFound) {
			s.t.Errorf("another province sees who is missing: %v", err)
		}
	})
}

func TestInboxPutsWhatWaitsFirst(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		ctx, be := s.t.Context(), s.actor(store.Nurse, "be", 0)
		var ids []string
		for range 3 {
			s.clock.Advance(time.Minute)
			ids = append(ids, s.publish(s.actor(store.CDC, "c", 0), s.draft(s.communes[0].Parent)))
		}
		s.publish(s.actor(store.Ministry, "m", 0), s.draft(s.communes[2].Parent)) // not for be
		if err := s.Acknowledge(ctx, be, ids[2]); err != nil {
			s.t.Fatal(err)
		}
		list, err := s.Inbox(ctx, be, 10)
		var got []string
		for _, n := range list {
			got = append(got, n.ID)
		}
		if want := []string{ids[1], ids[0], ids[2]}; err != nil || !slices.Equal(got, want) {
			s.t.Errorf("inbox %v, %v; want %v", got, err, want)
		}
		if list, err = s.Inbox(ctx, be, 2); err != nil || len(list) != 2 {
			s.t.Errorf("at most two: %d, %v", len(list), err)
		}
	})
}

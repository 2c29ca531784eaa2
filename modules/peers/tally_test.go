// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

func TestWhoHasLeftStillCountsWhereTheyWorked(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		ctx, cdc := s.t.Context(), s.actor(store.CDC, "c", 0)
		id := s.publish(cdc, s.draft(s.communes[0].Parent))
		s.commit(store.Delete("PractitionerRole", "1"))                     // an has left
		s.put(post("2", "be", store.Nurse, 2, "2025-07-01", ""))            // be went to another province
		s.put(post("3", "chi", store.Nurse, 1, "2025-07-01", "2026-01-01")) // chi has one post less
		progress, missing, err := s.Tally(ctx, cdc, id)
		if err != nil {
			s.t.Fatal(err)
		}
		got := map[vn.UnitID]int{}
		for _, p := range progress {
			got[p.Unit.ID] = p.Addressed
		}
		if want := map[vn.UnitID]int{s.communes[0].ID: 3}; !maps.Equal(got, want) {
			s.t.Errorf("addressed by unit %v, want %v", got, want)
		}
		var names []string
		for _, x := range missing {
			names = append(names, x.Name+" · "+x.Place)
		}
		want := []string{"Nguyễn Văn An · " + s.communes[0].Full(), "Trần Thị Bé · " + s.communes[0].Full(), "Lê Thị Hoàng Bảo Ngọc Chi · Trạm Y tế " + s.communes[0].Full()}
		if !slices.Equal(names, want) {
			s.t.Errorf("missing %q, want %q", names, want)
		}
	})
}

// frozen is the model's notice: who is addressed and where they worked then.
type frozen struct {
	id     string
	unit   vn.UnitID
	places map[string]int // practitioner → commune
	acked  map[string]bool
}

// Whatever people do after the publication, every overseer sees the exact
// counts by unit and the exact people missing.
func TestTallyEqualsANaiveCount(t *testing.T) {
	each(t, func(s scene) {
		ctx := s.t.Context()
		ministry := s.actor(store.Ministry, "m", 0)
		type job struct {
			who  string
			role store.Role
			at   int
		}
		jobs := map[string]job{}
		var notices []*frozen
		people := []string{"p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7"}
		var all []any
		for _, p := range people {
			all = append(all, person(p, "Người "+p))
		}
		s.put(all...)
		roles := []store.Role{store.Nurse, store.Doctor}
		step := rapid.Custom(func(t *rapid.T) int {
			switch rapid.IntRange(0, 5).Draw(t, "what") {
			case 0, 1: // hire or move
				id := fmt.Sprint("post-", rapid.IntRange(0, 11).Draw(t, "post"))
				j := job{rapid.SampledFrom(people).Draw(t, "who"), rapid.SampledFrom(roles).Draw(t, "role"), rapid.IntRange(0, 3).Draw(t, "at")}
				s.put(post(id, j.who, j.role, j.at, "2025-07-01", ""))
				jobs[id] = j
			case 2: // leave
				id := fmt.Sprint("post-", rapid.IntRange(0, 11).Draw(t, "post"))
				if _, ok := jobs[id]; ok {
					s.commit(store.Delete("PractitionerRole", id))
					delete(jobs, id)
				}
			case 3: // announce
				d := s.draft(rapid.SampledFrom([]vn.UnitID{vn.Nation, s.communes[0].Parent, s.communes[2].Parent, s.communes[0].ID}).Draw(t, "unit"))
				if rapid.Bool().Draw(t, "some") {
					d.Roles = []store.Role{rapid.SampledFrom(roles).Draw(t, "role")}
				}
				n := &frozen{unit: d.Unit, places: map[string]int{}, acked: map[string]bool{}}
				for _, j := range jobs {
					if !s.units.Within(s.communes[j.at].ID, d.Unit) || d.Roles != nil && d.Roles[0] != j.role {
						continue
					}
					if at, ok := n.places[j.who]; !ok || s.communes[j.at].ID < s.communes[at].ID {
						n.places[j.who] = j.at
					}
				}
				id, err := s.Publish(ctx, ministry, "", d)
				if len(n.places) == 0 {
					if !issue.Is(err, issue.BusinessRule) {
						s.t.Errorf("a notice to nobody: %v", err)
					}
					return 0
				}
				if err != nil {
					s.t.Fatal(err)
				}
				n.id = id
				notices = append(notices, n)
			default: // acknowledge
				if len(notices) == 0 {
					return 0
				}
				n, who := rapid.SampledFrom(notices).Draw(t, "notice"), rapid.SampledFrom(people).Draw(t, "who")
				_, mine := n.places[who]
				err := s.Acknowledge(ctx, s.actor(store.Nurse, who, 0), n.id)
				if mine && err != nil || !mine && !issue.Is(err, issue.NotFound) {
					s.t.Errorf("%s, addressed %v, acknowledges: %v", who, mine, err)
				}
				if mine {
					n.acked[who] = true
				}
			}
			return 0
		})
		for i := range 120 {
			step.Example(i)
		}
		if len(notices) < 8 {
			s.t.Fatalf("only %d notices: the test says little", len(notices))
		}
		for _, n := range notices {
			for _, by := range []store.Actor{ministry, s.actor(store.CDC, "c", 0), s.actor(store.Department, "d", 2), s.actor(store.StationDirector, "g", 0), s.actor(store.StationDirector, "g", 3)} {
				s.compare(by, n)
			}
		}
		if line, err := s.store.CheckView(ctx, "peers"); err != nil || !line.OK {
			s.t.Errorf("%+v, %v", line, err)
		}
	})
}

// compare asks for the tally and counts it again from the model.
func (s scene) compare(by store.Actor, n *frozen) {
	s.t.Helper()
	top := by.Oversees(s.units)
	if !s.units.Within(n.unit, top) && !s.units.Within(top, n.unit) {
		if _, _, err := s.Tally(s.t.Context(), by, n.id); !issue.Is(err, issue.NotFound) {
			s.t.Errorf("%s of %d sees a notice of %d: %v", by.Role, top, n.unit, err)
		}
		return
	}
	if !s.units.Within(top, n.unit) {
		top = n.unit
	}
	type count struct{ addressed, acked int }
	want, absent := map[vn.UnitID]count{}, []string{}
	for who, at := range n.places {
		u := s.communes[at]
		if !s.units.Within(u.ID, top) {
			continue
		}
		under := u.ID
		if top == vn.Nation {
			under = u.Parent
		}
		c := want[under]
		c.addressed++
		if n.acked[who] {
			c.acked++
		} else {
			absent = append(absent, who)
		}
		want[under] = c
	}
	progress, missing, err := s.Tally(s.t.Context(), by, n.id)
	if err != nil {
		s.t.Fatal(err)
	}
	got := map[vn.UnitID]count{}
	for _, p := range progress {
		got[p.Unit.ID] = count{p.Addressed, p.Acked}
	}
	var names []string
	for _, x := range missing {
		names = append(names, x.Practitioner)
		if x.Name != "Người "+x.Practitioner {
			s.t.Errorf("%s is called %q", x.Practitioner, x.Name)
		}
	}
	slices.Sort(names)
	slices.Sort(absent)
	if !maps.Equal(got, want) || !slices.Equal(names, absent) {
		s.t.Errorf("%s of %d: %v missing %v, want %v missing %v", by.Role, top, got, names, want, absent)
	}
}

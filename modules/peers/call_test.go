// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/issue"
	"mach/store"
	"mach/web/webtest"
)

// Of a role those on duty are called, everybody of it when none of them is; each
// once for each thing, and nobody else knows of it.
func TestCalls(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		ctx := s.t.Context()
		s.put(post("7", "be", store.CDC, 0, "2025-07-01", ""), post("8", "chi", store.CDC, 1, "2025-07-01", ""))
		call := func(role store.Role, duty []string, about ...string) {
			s.t.Helper()
			c := Call{About: about, Unit: s.communes[0].Parent, Role: role, OnDuty: duty, Say: func(fresh []string) Reminder {
				return Reminder{Title: fmt.Sprintf("%d chưa xong: %s", len(fresh), strings.Join(fresh, " ")), Body: "Một\nHai", Path: "/canh-bao", Due: s.clock.Now().Add(time.Hour)}
			}}
			if err := s.Call(ctx, c); err != nil {
				s.t.Fatal(err)
			}
		}
		// told are the titles of each of the five.
		told := func() string {
			s.t.Helper()
			var out []string
			for i, p := range []string{"an", "be", "chi", "dung", "em"} {
				list, err := s.Inbox(ctx, s.actor(store.Nurse, p, i%4), 20)
				if err != nil {
					s.t.Fatal(err)
				}
				for _, n := range list {
					out = append(out, p+": "+n.Title)
				}
			}
			slices.Sort(out)
			return strings.Join(out, "; ")
		}
		call(store.CDC, []string{"chi", "dung"}, "x")
		call(store.CDC, []string{"be"}, "x") // another shift: it was told
		want := "chi: 1 chưa xong: x"
		if got := told(); got != want {
			s.t.Errorf("on duty: %s, want %s", got, want)
		}
		s.clock.Advance(time.Minute)
		call(store.CDC, []string{"dung"}, "x", "y", "z") // on duty, but not of the role
		want = "be: 2 chưa xong: y z; chi: 1 chưa xong: x; chi: 2 chưa xong: y z"
		if got := told(); got != want {
			s.t.Errorf("nobody on duty: %s, want %s", got, want)
		}
		call(store.Department, nil, "x") // there is nobody: it may be said later
		call(store.Doctor, nil, "x")     // another role
		if got := told(); !strings.Contains(got, "an: 1 chưa xong: x") || strings.Contains(got, "dung") || strings.Contains(got, "em:") {
			s.t.Errorf("another role: %s", got)
		}
		if !slices.Contains(*s.woken, "peers:new") {
			s.t.Error("no first screen was woken")
		}

		be, site := s.actor(store.CDC, "be", 0), webtest.NewSite(s.t, s.clock.Now(), s.Routes)
		list, err := s.Inbox(ctx, be, 20)
		if err != nil || len(list) != 1 || !list[0].Call || !list[0].Mine {
			s.t.Fatalf("%+v, %v", list, err)
		}
		path := "/mang/thong-bao/" + list[0].ID
		site.Page(be, "/mang/chua-xac-nhan", "2 chưa xong: y z", path, `data-live="peers:new"`)
		site.Page(be, "/mang", "2 chưa xong: y z", "Mạch tự nhắc")
		site.Page(be, path, "Mở nơi làm việc này", `href="/canh-bao"`, "Tôi đã đọc")
		for _, other := range []store.Actor{s.actor(store.Ministry, "m", 0), s.actor(store.CDC, "c", 0), s.actor(store.Nurse, "em", 3)} {
			if _, err := s.Read(ctx, other, list[0].ID); !issue.Is(err, issue.NotFound) {
				s.t.Errorf("%s reads a call of another: %v", other.Role, err)
			}
			if err := s.Acknowledge(ctx, other, list[0].ID); !issue.Is(err, issue.NotFound) {
				s.t.Errorf("%s acknowledges a call of another: %v", other.Role, err)
			}
		}
		if _, _, err := s.Tally(ctx, be, list[0].ID); err == nil {
			s.t.Error("a call has a tally")
		}
		if err := s.Acknowledge(ctx, be, list[0].ID); err != nil {
			s.t.Fatal(err)
		}
		if page := site.Page(be, "/mang/chua-xac-nhan"); strings.Contains(page, "chưa xong") {
			s.t.Error("what was acknowledged stands on the first screen")
		}
		site.Page(be, path, "Bạn đã xác nhận lúc")
	})
}

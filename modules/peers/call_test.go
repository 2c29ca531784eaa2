// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"fmt"
	"html"
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
				return Reminder{What: "alerts", Many: len(fresh), Places: []Place{{s.communes[0].ID, "measles", 1}}, Path: "/canh-bao/" + strings.Join(fresh, "-"), Due: s.clock.Now().Add(time.Hour)}
			}}
			if err := s.Call(ctx, c); err != nil {
				s.t.Fatal(err)
			}
		}
		// told is what each of the five is called to.
		told := func() string {
			s.t.Helper()
			var out []string
			for i, p := range []string{"an", "be", "chi", "dung", "em"} {
				list, err := s.Inbox(ctx, s.actor(store.Nurse, p, i%4), 20)
				if err != nil {
					s.t.Fatal(err)
				}
				for _, n := range list {
					out = append(out, fmt.Sprintf("%s: %d %s", p, n.Told.Many, strings.TrimPrefix(n.Path, "/canh-bao/")))
				}
			}
			slices.Sort(out)
			return strings.Join(out, "; ")
		}
		call(store.CDC, []string{"chi", "dung"}, "x")
		call(store.CDC, []string{"be"}, "x") // another shift: it was told
		want := "chi: 1 x"
		if got := told(); got != want {
			s.t.Errorf("on duty: %s, want %s", got, want)
		}
		s.clock.Advance(time.Minute)
		call(store.CDC, []string{"dung"}, "x", "y", "z") // on duty, but not of the role
		want = "be: 2 y-z; chi: 1 x; chi: 2 y-z"
		if got := told(); got != want {
			s.t.Errorf("nobody on duty: %s, want %s", got, want)
		}
		call(store.Department, nil, "x") // there is nobody: it may be said later
		call(store.Doctor, nil, "x")     // another role
		if got := told(); !strings.Contains(got, "an: 1 x") || strings.Contains(got, "dung") || strings.Contains(got, "em:") {
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
		path, title := "/mang/thong-bao/"+list[0].ID, "2 cảnh báo chưa ai trả lời · Sởi, "+s.communes[0].Full()
		site.Page(be, "/mang/chua-xac-nhan", title, path, `data-live="peers:new"`)
		site.Page(be, "/mang", title, "Mạch tự nhắc")
		site.Page(be, path, "Mở nơi làm việc này", `href="/canh-bao/y-z"`, "Tôi đã đọc")
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
		if page := site.Page(be, "/mang/chua-xac-nhan"); strings.Contains(page, "chưa ai trả lời") {
			s.t.Error("what was acknowledged stands on the first screen")
		}
		site.Page(be, path, "Bạn đã xác nhận lúc")
	})
}

// A call is read in the reader's language, whatever language anybody else reads
// in; one that was kept as sentences stays as it was written.
func TestCallsInBothLanguages(t *testing.T) {
	each(t, func(s scene) {
		s.staffed()
		a, b := s.communes[0].Full(), s.communes[1].Full()
		if err := s.Call(s.t.Context(), Call{About: []string{"x", "y", "z"}, Unit: s.communes[0].ID, Role: store.Nurse, Say: func(fresh []string) Reminder {
			return Reminder{What: "drafts", Many: len(fresh), Places: []Place{{Unit: s.communes[0].ID, Many: 2}, {s.communes[1].ID, "measles", 1}}, Path: "/dich", Due: s.clock.Now()}
		}}); err != nil {
			s.t.Fatal(err)
		}
		if err := s.own.In(s.t.Context(), func(tx store.Tx) error {
			return tx.Exec(s.t.Context(), `insert into peers_call (id, practitioner, title, body, path, at, due, acked) values ('cu', 'be', 'Việc cũ', 'Một
Hai', '/dich', 0, 0, 0)`)
		}); err != nil {
			s.t.Fatal(err)
		}
		be, site := s.actor(store.Nurse, "be", 0), webtest.NewSite(s.t, s.clock.Now(), s.Routes)
		list, err := s.Inbox(s.t.Context(), be, 20)
		if err != nil || len(list) != 2 {
			s.t.Fatalf("%+v, %v", list, err)
		}
		path := "/mang/thong-bao/" + list[0].ID
		vi, en := "3 ca bệnh chưa báo cáo, gần hết hạn hoặc đã quá hạn", "3 cases not reported, near the limit or past it"
		for _, c := range []struct {
			path string
			want []string
		}{
			{"/mang?lang=vi", []string{vi, "Việc cũ"}}, {"/mang?lang=en", []string{en, "Việc cũ"}},
			{"/mang/chua-xac-nhan?lang=vi", []string{vi, "Việc cũ"}}, {"/mang/chua-xac-nhan?lang=en", []string{en, "Việc cũ"}},
			{path + "?lang=vi", []string{vi, a + ": 2 ca bệnh chưa gửi", "Sởi, " + b + ": 1 ca bệnh chưa gửi", "Gửi báo cáo, hoặc ghi lý do"}},
			{path + "?lang=en", []string{en, a + ": 2 cases not sent", "Measles, " + b + ": 1 case not sent", "Send the report, or say why"}},
			{"/mang/thong-bao/cu?lang=en", []string{"Việc cũ", "<p>Một</p>", "<p>Hai</p>"}},
		} {
			page := html.UnescapeString(site.Get(be, c.path).Body.String())
			for _, want := range c.want {
				if !strings.Contains(page, want) {
					s.t.Errorf("%s lacks %q:\n%s", c.path, want, page)
				}
			}
			if strings.HasSuffix(c.path, "en") && strings.Contains(page, "ca bệnh") {
				s.t.Errorf("%s: Vietnamese on the English page", c.path)
			}
		}
	})
}

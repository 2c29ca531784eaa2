// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"mach/e2e/harness"
	"mach/store"
)

// seed makes one of each thing that pages are about and that the demonstration
// leaves for its visitors to make: a signed visit of today, a consultation in
// each state, an announcement, an epidemic, an emergency.
func seed(t *testing.T, s *harness.Server) {
	t.Helper()
	doctor, director := s.Client(t, s.Of(t, store.Doctor)), s.Client(t, s.Of(t, store.StationDirector))
	coordinator, ministry := s.Client(t, s.SignIn(t, "coordinator.province")), s.Client(t, s.Of(t, store.Ministry))

	visits := waiting(t, doctor)
	for i, visit := range visits[:3] {
		page := doctor.Get(t, visit)
		doctor.Post(t, visit+"/kham", "version", input(t, page.Body, "version"), "reason", "Sốt cao ngày thứ 3", "diagnosis1", "A97.0",
			"medicine1", "Paracetamol 500 mg", "act", "sign", "follow_up", inDays(4))
		encounter := visit[strings.LastIndexByte(visit, '/')+1:]
		ask := doctor.Get(t, "/hoi-chan/moi?encounter="+encounter)
		asked := doctor.Post(t, "/hoi-chan", "encounter", encounter, "hospital", option(t, ask.Body, s.SignIn(t, "coordinator.province").Place),
			"urgency", "routine", "question", "Có cần chuyển tuyến không?")
		if i == 0 {
			continue // waits for the coordinator
		}
		at := "/hoi-chan/" + asked.ID()
		coordinator.Post(t, at+"/nhan", "expert", option(t, coordinator.Get(t, at).Body, s.SignIn(t, "expert.province").Name))
		if i == 2 {
			s.Client(t, s.SignIn(t, "expert.province")).Post(t, at+"/ket-luan", "conclusion", "Theo dõi tại trạm.")
		}
	}
	draft := link(t, director.Get(t, "/dich").Body, `/dich/ca-moi/[0-9a-f-]{36}`)
	form := director.Get(t, draft).Body
	director.Post(t, draft, "disease", chosen(t, form, "disease"), "class", "suspect", "onset", inDays(-2))

	// Of another disease than those that the stories are about.
	state := strings.Replace(link(t, director.Get(t, "/dich").Body, `/dich/xa/[0-9]+/dengue`), "dengue", "mumps", 1)
	director.Post(t, state+"/cong-bo", "on", inDays(0), "place", "Thôn 1", "advice", "Trẻ ốm nghỉ ở nhà.")
	ministry.Post(t, "/mang/thong-bao", "title", "Tăng cường phòng chống sốt xuất huyết", "body", "Rà soát ổ lăng quăng mỗi tuần.", "unit", "1", "due", inDays(2))
	s.Client(t, s.Of(t, store.CDC)).Post(t, "/dich/cai-dat/mumps", "alpha-commune", "1", "alpha-above", "2", "from", inDays(3), "words", "Báo sớm hơn trong mùa.")
	person := link(t, doctor.Get(t, visits[0]).Body, `/tram/nguoi/[0-9a-f-]{36}`)
	// An application whose first page is one of ours, so that the walk stays here.
	s.Client(t, s.Of(t, store.Administrator)).Post(t, "/ung-dung/quan-ly/moi", "name", "Sổ Xanh", "vendor", "Công ty Thử", "kind", "public", "redirects", s.URL+"/offline",
		"launch", s.URL+"/offline", "scopes", "launch launch/patient launch/encounter openid fhirUser offline_access patient/Patient.r patient/Observation.rs user/Practitioner.r")
	doctor.Post(t, "/tai-khoan/khan-cap", "patient", person[strings.LastIndexByte(person, '/')+1:], "reason", "Bất tỉnh, cần biết dị ứng thuốc")
}

// waiting lists the visits in today's queue that nobody has signed.
func waiting(t *testing.T, c *harness.Client) []string {
	t.Helper()
	var out []string
	for _, m := range regexp.MustCompile(`button-small[^"]*" href="(/tram/luot-kham/[0-9a-f-]{36})"`).FindAllStringSubmatch(c.Get(t, "/tram").Body, -1) {
		out = append(out, m[1])
	}
	if len(out) < 4 {
		t.Fatalf("%d people wait at the station, want 4 or more", len(out))
	}
	return out
}

// input is the value of a hidden field.
func input(t *testing.T, body, name string) string {
	t.Helper()
	m := regexp.MustCompile(`<input[^>]*name="` + name + `"[^>]*value="([^"]*)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("the page has no field %s", name)
	}
	return m[1]
}

// option is the value of the choice with the words.
func option(t *testing.T, body, words string) string {
	t.Helper()
	m := regexp.MustCompile(`<option value="([^"]+)"[^>]*>[^<]*` + regexp.QuoteMeta(words)).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("the page has no choice %q", words)
	}
	return m[1]
}

// chosen is the value that a select has.
func chosen(t *testing.T, body, name string) string {
	t.Helper()
	_, rest, _ := strings.Cut(body, `name="`+name+`"`)
	m := regexp.MustCompile(`<option value="([^"]+)" selected`).FindStringSubmatch(rest)
	if m == nil {
		t.Fatalf("the page has nothing chosen for %s", name)
	}
	return m[1]
}

// link is the first address on the page that matches.
func link(t *testing.T, body, pattern string) string {
	t.Helper()
	m := regexp.MustCompile(`"(` + pattern + `)"`).FindStringSubmatch(body)
	if m == nil {
		t.Fatalf("the page has no link like %s", pattern)
	}
	return m[1]
}

// crawl reads pages from the start addresses on and returns for each pattern
// the addresses found, at most some of each. A page is read once.
func crawl(t *testing.T, c *harness.Client, patterns []*pattern, start []string) map[string][]string {
	t.Helper()
	const each = 3
	found, seen, todo := map[string][]string{}, map[string]bool{}, start
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		p := match(patterns, at)
		if p == nil || seen[at] || len(found[p.path]) >= each {
			continue
		}
		seen[at] = true
		if p.quiet {
			continue
		}
		a := c.Get(t, at)
		if a.Status != 200 {
			continue
		}
		found[p.path] = append(found[p.path], at)
		for _, m := range regexp.MustCompile(`(?:href|hx-get)="(/[^"#]*)"`).FindAllStringSubmatch(a.Body, -1) {
			u, err := url.Parse(strings.ReplaceAll(m[1], "&amp;", "&"))
			if err == nil && u.Query().Get("lang") == "" {
				todo = append(todo, u.RequestURI())
			}
		}
	}
	return found
}

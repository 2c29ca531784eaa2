// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"mach/demo"
	"mach/e2e/harness"
	"mach/i18n"
	"mach/store"
)

// TestOneEntry is the main job of Mạch: one visit is entered once and serves
// the station, the person, the epidemiologist, the specialist and the minister.
// Each step uses what the steps before it left, so that none can be cut.
func TestOneEntry(t *testing.T) {
	oneEntry(t, server(t))
}

// TestOneEntryOnPostgres is the same story on the other database.
func TestOneEntryOnPostgres(t *testing.T) {
	dsn := os.Getenv("MACH_TEST_POSTGRES")
	if dsn == "" || testing.Short() {
		t.Skip("needs MACH_TEST_POSTGRES")
	}
	oneEntry(t, harness.Start(t, harness.Options{People: 100, Database: freshDatabase(t, dsn)}))
}

func oneEntry(t *testing.T, s *harness.Server) {
	st := &story{T: t, s: s, b: harness.Open(t), vi: says(t, i18n.Vietnamese)}
	st.person = s.Of(t, store.Person)
	st.doctor = s.Of(t, store.Doctor)
	for _, step := range []struct {
		name string
		do   func()
	}{
		{"1 reception finds the person, registers another from a card", st.receives},
		{"2 nurse measures, doctor signs, then the book has it", st.examines},
		{"3 the person reads the visit on a phone", st.reads},
		{"4 a case report waits for a person, the CDC sees it", st.reports},
		{"5 dashboards moved by themselves, down to the visit", st.drills},
		{"6 a hospital advises in a live room", st.consults},
		{"7 the ministry announces, exact counts come back", st.announces},
		{"8 the person sees who read the record", st.watches},
		{"9 what one entry fed, and a correction that all follow", st.corrects},
	} {
		began := time.Now()
		step.do()
		for _, p := range st.pages {
			p.Quiet()
		}
		if t.Failed() {
			t.Fatalf("stopped at step %s", step.name)
		}
		t.Logf("%5.1f s  %s", time.Since(began).Seconds(), step.name)
	}
}

// story is what the steps hand on to one another.
type story struct {
	*testing.T
	s     *harness.Server
	b     *harness.Browser
	vi    func(key string, args ...any) string
	pages []*harness.Page

	person, doctor demo.SignIn
	patient        string // id of the person
	visit          string // path of the visit's page
	seen           string // the visit's sentence in the book
	reported       string // path of the case report

	reception, nurse, treating, phone *harness.Page
	boards                            []*board
}

// desk opens a window for somebody at work, phone for somebody on a phone.
func (st *story) desk(name string, a demo.SignIn) *harness.Page {
	p := st.b.Desk(st.s, name).Become(a)
	st.pages = append(st.pages, p)
	return p
}

// today is the civil date as pages write it.
func today() string { return time.Now().In(time.FixedZone("", 7*60*60)).Format("02/01/2006") }

// letters are the first letters of each word of a name, without marks: what a
// receptionist types.
func letters(name string) string {
	words := strings.Fields(plain(name))
	for i, w := range words {
		words[i] = w[:min(len(w), 3)]
	}
	return strings.Join(words, " ")
}

// number reads "1.284" as 1284.
func number(t *testing.T, text string) int {
	t.Helper()
	n, err := strconv.Atoi(strings.ReplaceAll(text, ".", ""))
	if err != nil {
		t.Fatalf("%q is no number", text)
	}
	return n
}

// board is a dashboard that lies open and is never loaded again.
type board struct {
	*harness.Page
	name   string
	visits int
	dengue int
	cases  int
}

// tiles reads the figures of a board.
func (st *story) tiles(p *harness.Page) (visits, cases, dengue int) {
	read := func(id string) int {
		list := p.Texts(`[id="tile-` + id + `"] .figure-value > span`)
		if len(list) != 1 {
			p.Fail("figure %s stands %d times on the board", id, len(list))
		}
		return number(st.T, list[0])
	}
	return read("care.visits"), read("surv.cases"), read("surv.dengue")
}

// openBoard opens the dashboard of a role and marks the page, so that a reload
// would be noticed.
func (st *story) openBoard(name string, a demo.SignIn) {
	p := st.desk(name, a).Go("/bang")
	harness.Eval[bool](p, "window.__first = true")
	b := &board{Page: p, name: name}
	b.visits, b.cases, b.dengue = st.tiles(p)
	st.boards = append(st.boards, b)
}

// moves waits until every board shows the change, without a reload.
func (st *story) moves(what string, visits, cases, dengue int) {
	for _, b := range st.boards {
		want := [3]int{b.visits + visits, b.cases + cases, b.dengue + dengue}
		var got [3]int
		b.Until(what+" on the board of the "+b.name, func() bool {
			got[0], got[1], got[2] = st.tiles(b.Page)
			return got == want
		})
		if !harness.Eval[bool](b.Page, "window.__first === true") {
			b.Fail("the page was loaded again")
		}
		b.visits, b.cases, b.dengue = want[0], want[1], want[2]
	}
}

// inDays is a date as people type it.
func inDays(n int) string {
	return time.Now().In(time.FixedZone("", 7*60*60)).AddDate(0, 0, n).Format("02/01/2006")
}

// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"slices"
	"strings"

	"mach/e2e/harness"
	"mach/store"
)

// reports: a draft stands on the visit with its trigger and its clock; it has
// not sent itself; "not a case" wants a reason; the director sends it; the CDC
// sees it, and the law's word on the commune, which only the director declares.
// A draft that nobody sends is told on before its clock has run out.
func (st *story) reports() {
	vi, name := st.vi, st.person.Name
	cdc := st.b.Desk(st.s, "cdc").SignIn(st.s.Of(st, store.CDC)).Go("/dich")
	st.pages = append(st.pages, cdc)
	st.treating.Go(st.visit).See(vi("surveillance.box"), "A97.0", vi("surveillance.clock.left", vi("surveillance.span.hours", 47)), vi("surveillance.box.waits"))
	if n := st.caseReports(); n != 0 {
		st.Fatalf("%d case reports of the person before anybody has sent one", n)
	}
	cdc.Never(name)

	p := st.desk("director", st.s.Of(st, store.StationDirector)).Go("/dich")
	st.escalates(p, cdc)
	p.Go("/dich")
	p.FollowNear(name, vi("surveillance.draft.open")).See(vi("surveillance.form.never"), "A97.0", name, st.person.Place)
	if !harness.Eval[bool](p, `document.querySelector("input[name=class][value=suspect]").checked`) {
		p.Fail("the draft is not prepared as a suspect case")
	}
	p.Allow("422").Follow(vi("surveillance.refute.do")).See(vi("surveillance.refute.reason"))
	p.Fill(vi("surveillance.q.onset"), inDays(-3))
	p.Follow(vi("surveillance.form.send")).See(vi("surveillance.sent"), vi("surveillance.clock.in_time"))
	st.reported = p.Path()
	if n := st.caseReports(); n != 1 {
		st.Fatalf("%d case reports of the person after sending one", n)
	}
	st.moves("the case report", 0, 1, 1)

	cdc.Go("/dich")
	st.row(cdc, name, "Dengue", vi("surveillance.class.suspect"), vi("surveillance.clock.in_time"), st.person.Place)
	st.row(cdc, st.person.Place, "Dengue", vi("surveillance.article16.epidemic"))
	cdc.FollowNear(vi("surveillance.article16.epidemic"), st.person.Place)
	cdc.See(vi("surveillance.article16.epidemic"), vi("surveillance.epidemic.only")).Never(vi("surveillance.epidemic.declare"))
	st.declares(p, cdc)
}

// row waits for a line of a table that has all the words.
func (st *story) row(p *harness.Page, words ...string) {
	p.Until("a line with "+strings.Join(words, ", "), func() bool {
		return slices.ContainsFunc(p.Texts("tr"), func(line string) bool { return hasAll(line, words) })
	})
}

// caseReports counts the reports about the person that stand in the store.
func (st *story) caseReports() int {
	token := strings.TrimSpace(st.s.Run(st, "token", "--scope", "system/*.rs"))
	found := st.s.FHIR(st, token, "GET", "/Condition?_count=100&patient=Patient/"+st.patient, nil)
	n := 0
	entries, _ := found["entry"].([]any)
	for _, e := range entries {
		if strings.Contains(st.text(e), `"case-report"`) && saysToday(st.text(e)) {
			n++
		}
	}
	return n
}

// drills: from the nation to the commune the same figure; names only for those
// who treat.
func (st *story) drills() {
	vi := st.vi
	p := st.desk("minister", st.s.Of(st, store.Ministry)).Go("/bang")
	p.Follow("Tỉnh Bắc Ninh").Follow(st.person.Place)
	visits, _, _ := st.tiles(p)
	p.Within(`[id="tile-care.visits"]`).Follow("Lượt khám")
	p.See(vi("indicators.behind.none.text")).Never(st.person.Name)

	d := st.desk("director of the station", st.s.Of(st, store.StationDirector)).Go("/bang")
	if own, _, _ := st.tiles(d); own != visits {
		d.Fail("the commune counts %d visits for its director and %d for the ministry", own, visits)
	}
	d.Within(`[id="tile-care.visits"]`).Follow("Lượt khám")
	d.See(vi("indicators.behind.list", visits))
	if at := d.Follow(st.person.Name).Path(); at != st.visit {
		d.Fail("the figure led to %s, want the visit %s", at, st.visit)
	}
}

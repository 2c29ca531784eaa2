// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"mach/store"
)

// corrects: the panel names everything the one entry fed; correcting the
// diagnosis makes register, case report, figures and book follow.
func (st *story) corrects() {
	vi, name := st.vi, st.person.Name
	d := st.treating.Go(st.visit)
	panel := d.Within("#once")
	panel.See(vi("station.once"), vi("station.once.zero"), vi("station.trace.a1"), vi("station.trace.prescription", 1),
		vi("station.trace.follow_up", inDays(3)), vi("book.trace.page"), vi("book.trace.who"),
		vi("surveillance.trace.report", "Sốt xuất huyết Dengue"), "Lượt khám", "Ca bệnh truyền nhiễm", "Hội chẩn với")
	st.phone.Go("/so")
	st.row(d.Again(st.b).Go("/tram/so-a1"), name, "A97.0")

	d.Follow(vi("station.correct"))
	d.Fill(vi("station.correct.to"), "J06.9")
	d.Fill(vi("station.correct.why"), "Test nhanh Dengue NS1 âm tính, có viêm họng.")
	d.Follow(vi("station.correct.save")).See(vi("station.corrected"), "J06.9")

	d.See(vi("surveillance.class.changed"))
	st.moves("the correction", 0, -1, -1)
	st.phone.Until("the corrected diagnosis in the book", func() bool {
		return slices.ContainsFunc(st.phone.Texts("main li"), func(line string) bool {
			return strings.Contains(line, st.seen) && strings.Contains(line, "Nhiễm khuẩn hô hấp trên cấp") && !strings.Contains(line, "Dengue")
		})
	})
	a1 := d.Again(st.b).Go("/tram/so-a1")
	st.row(a1, name, "J06.9")
	for _, line := range a1.Texts("tr") {
		if strings.Contains(line, name) && strings.Contains(line, "A97.0") {
			a1.Fail("register A1 still has the old diagnosis: %s", line)
		}
	}
	cdc := st.desk("cdc again", st.s.Of(st, store.CDC)).Go("/dich")
	st.row(cdc, name, vi("surveillance.class.changed"))
	cdc.Go(st.reported).See(vi("surveillance.changed"))
}

// text is a value as JSON.
func (st *story) text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		st.Fatal(err)
	}
	return string(b)
}

// saysToday reports whether a resource names today, as it is in Viet Nam or, until
// seven in the morning, still in the instants that resources write.
func saysToday(text string) bool {
	now := time.Now()
	return strings.Contains(text, now.In(time.FixedZone("", 7*60*60)).Format(time.DateOnly)) || strings.Contains(text, now.UTC().Format(time.DateOnly))
}

func hasAll(line string, words []string) bool {
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) })
}

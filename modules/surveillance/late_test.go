// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/i18n"
	"mach/store"
	"mach/vn"
	"mach/web/webtest"
)

// A draft calls each level when its share of the clock is over, as long as nobody
// sends it.
func TestLate(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.person("p1", "Nguyễn Thị Lan", w.commune)
		begun := w.clock.Now()
		w.visit(visit{id: "v1", patient: "p1", icd: "B05.9", words: "Sởi", at: begun})
		d, err := w.Draft(t.Context(), w.actor(store.Doctor), "c-v1")
		if err != nil {
			t.Fatal(err)
		}
		rules := content.SurveillanceOn(vn.DateOf(begun)).Escalation
		director, cdc := mark(d.Since, d.Due, rules[0].Share), mark(d.Since, d.Due, rules[1].Share)
		for _, c := range []struct {
			at   time.Time
			want string
			next time.Time
		}{
			{director.Add(-time.Minute), "", director},
			{director, "station-director c-v1", cdc},
			{cdc, "station-director c-v1, cdc c-v1", time.Time{}},
			{d.Due.AddDate(0, 0, daysLate).Add(-time.Hour), "station-director c-v1, cdc c-v1", time.Time{}},
			{d.Due.AddDate(0, 0, daysLate+1), "", time.Time{}},
		} {
			w.clock.Advance(c.at.Sub(w.clock.Now()))
			list, next, err := w.Late(t.Context())
			got := ""
			for i, l := range list {
				if i > 0 {
					got += ", "
				}
				got += fmt.Sprintf("%s %s", l.To, l.Draft)
				if l.Facility != station || l.Place != w.commune.ID || !l.Due.Equal(d.Due) {
					t.Errorf("%+v", l)
				}
			}
			if err != nil || got != c.want || !next.Equal(c.next) {
				t.Errorf("at %v: %q, next %v, %v; want %q, next %v", c.at, got, next, err, c.want, c.next)
			}
		}
	})
}

// A draft of a labelled disease calls the closed desk of its province at each
// stage and nobody else, with no facility and no commune, until it is sent. Stages
// that are over together call once.
func TestLateClosed(t *testing.T) {
	guarded(t, func(t *testing.T, w *world) {
		desk := w.elsewhere(store.ClosedDesk, "cdc", "cdc")
		w.person("p1", "Trần Văn Kín Đáo", w.commune)
		w.visit(visit{id: "v1", patient: "p1", icd: "A53.9", words: "Giang mai", at: w.clock.Now()})
		w.calm()
		d, form, err := w.Filled(ctx, desk, "c-v1")
		w.ok(err)
		rules := content.SurveillanceOn(vn.DateOf(d.Since)).Escalation
		first, second := mark(d.Since, d.Due, rules[0].Share), mark(d.Since, d.Due, rules[1].Share)
		want := func(at time.Time, stage string, then time.Time) {
			t.Helper()
			w.clock.Advance(at.Sub(w.clock.Now()))
			list, next, err := w.Late(ctx)
			w.ok(err)
			var wanted []Late
			if stage != "" {
				wanted = []Late{{Draft: "c-v1", Stage: stage, To: store.ClosedDesk, Place: w.commune.Parent, Due: d.Due}}
			}
			if !slices.EqualFunc(list, wanted, func(a, b Late) bool {
				same := a.Due.Equal(b.Due)
				a.Due = b.Due
				return same && a == b
			}) || !next.Equal(then) {
				t.Errorf("at %v: %+v, next %v; want %+v, next %v", at, list, next, wanted, then)
			}
		}
		want(first.Add(-time.Minute), "", first)
		want(first, rules[0].To, second)
		want(second, rules[1].To, time.Time{})
		want(d.Due.Add(time.Hour), rules[1].To, time.Time{})
		_, err = w.Send(ctx, desk, "c-v1", "k", form)
		w.ok(err)
		w.calm()
		want(d.Due.Add(2*time.Hour), "", time.Time{})
	})
}

// The closed desk sees that a draft called it, and one over its limit as overdue;
// the page names nobody else who was told.
func TestClosedDraftsSayTheirClock(t *testing.T) {
	rules := content.SurveillanceOn(vn.DateOf(webtest.Now)).Escalation
	for due, want := range map[time.Duration]string{time.Hour: "Bàn kín đã được báo", -time.Hour: "quá hạn 1 giờ", 400 * time.Hour: "còn"} {
		d := Draft{Cause: "c", Disease: "syphilis", Since: webtest.Now.Add(-48 * time.Hour), Due: webtest.Now.Add(due), sensitivity: []string{"sti"}}
		text := webtest.HTML(t, i18n.Vietnamese, webtest.As(store.ClosedDesk), closedPage(closedData{Drafts: []Draft{d}, Rules: rules, Now: webtest.Now, unit: func(vn.UnitID) string { return "" }}))
		if !strings.Contains(text, want) || strings.Contains(text, "Giám đốc") || strings.Contains(text, "CDC thấy") {
			t.Errorf("due in %v: the page lacks %q, or says that others know:\n%s", due, want, text)
		}
	}
}

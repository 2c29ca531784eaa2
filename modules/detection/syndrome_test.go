// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"mach/content"
	"mach/fhir"
	"mach/outbreak"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// came is a visit, or a telehealth case, as it is written.
type came struct {
	id, at string // Organization id; "" the station of the commune
	day    vn.Date
	hour   int
	reason string
	status string // "" finished
}

func (w *world) encounter(x came) fhir.Encounter {
	if x.status == "" {
		x.status = "finished"
	}
	if x.at == "" {
		x.at = station
	}
	e := fhir.Encounter{ID: x.id, Status: x.status, Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"}, Subject: fhir.Ref("Patient", "p1"),
		Period: fhir.Period{Start: fhir.Instant(x.day.Time().Add(time.Duration(x.hour) * time.Minute))}, ServiceProvider: fhir.Ref("Organization", x.at)}
	if x.reason != "" {
		e.ReasonCode = []fhir.CodeableConcept{fhir.Words(x.reason)}
	}
	return e
}

func diagnosis(id, encounter, icd, status string) fhir.Condition {
	return fhir.Condition{ID: id, VerificationStatus: fhir.Code(fhir.ConditionVerStatus, status, ""), ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		Category: []fhir.CodeableConcept{fhir.Code(fhir.ConditionCategory, "encounter-diagnosis", "")}, Subject: fhir.Ref("Patient", "p1"),
		Code: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: icd}}}, Encounter: fhir.Ref("Encounter", encounter)}
}

func consultation(id, encounter, question string, on vn.Date) fhir.ServiceRequest {
	s := fhir.ServiceRequest{ID: id, Status: "active", Intent: "order", Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "consultation", "")},
		Subject: fhir.Ref("Patient", "p1"), ReasonCode: []fhir.CodeableConcept{fhir.Words(question)}, AuthoredOn: fhir.Instant(on.Time())}
	if encounter != "" {
		s.Encounter = fhir.Ref("Encounter", encounter)
	}
	return s
}

// stations gives the other communes a station too.
func (w *world) stations() map[string]vn.Unit {
	out := map[string]vn.Unit{station: w.commune, "tram-next": w.next, "tram-other": w.other}
	for _, id := range []string{"tram-next", "tram-other"} {
		w.put(storetest.System(), fhir.Organization{ID: id, Name: "Trạm y tế " + out[id].Full(), Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")},
			Address: []fhir.Address{{Extension: []fhir.Extension{place1(out[id])}}}})
	}
	w.person("p1", w.commune)
	return out
}

// ordinary are weeks of visits before today: so many on working days, fewer on
// Saturdays, none on Sundays; each seventh is for diarrhoea.
func (w *world) ordinary(at string, days, level int) []came {
	var out []came
	for ago := days; ago > 0; ago-- {
		day := w.today() - vn.Date(ago)
		n := level
		switch outbreak.KindOf(calendar(), day) {
		case 0, outbreak.DayOff, outbreak.DayTet:
			n = 0
		case 6:
			n = level / 2
		}
		for i := range n {
			x := came{id: fmt.Sprintf("%s-%d-%d", at, ago, i), at: at, day: day, reason: "Khám định kỳ huyết áp"}
			if len(out)%7 == 3 {
				x.reason = "Tiêu chảy"
			}
			out = append(out, x)
		}
	}
	return out
}

func (w *world) come(list ...came) {
	w.t.Helper()
	var ops []store.Op
	for _, x := range list {
		doc, err := fhir.New(w.encounter(x))
		if err != nil {
			w.t.Fatal(err)
		}
		ops = append(ops, store.Put(doc))
	}
	for chunk := range slices.Chunk(ops, 200) {
		w.commit(storetest.System(), chunk...)
	}
}

// today are visits of this morning for a reason.
func (w *world) thisMorning(id, reason string, n int) []came {
	var out []came
	for i := range n {
		out = append(out, came{id: fmt.Sprintf("%s%d", id, i), day: w.today(), hour: i, reason: reason})
	}
	return out
}

// More visits for diarrhoea than the share of visits and the kind of day let
// expect are one alert, which says so; taken back they withdraw it. A few are
// none.
func TestSyndrome(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Advance(2 * 24 * time.Hour) // a Monday
		w.stations()
		w.come(w.ordinary(station, 80, 8)...)
		w.come(w.thisMorning("x", "Đau lưng", 6)...)
		w.come(w.thisMorning("d", "Đi ngoài phân lỏng nhiều lần", 3)...)
		w.want("an ordinary morning", vn.Nation)
		w.come(w.thisMorning("d", "Đi ngoài phân lỏng nhiều lần", 9)...)
		w.want("many", vn.Nation, "watery-diarrhoea "+w.commune.Code+" syndrome 9")
		key := "watery-diarrhoea/" + w.commune.Code + "/" + vn.WeekOf(w.today()).String()
		a, err := w.Alert(ctx, w.actor(store.CDC), key)
		if err != nil || a.P > 0.05 || a.Weight >= 1 || a.Push == PushAlways || a.Due.Sub(a.Opened) != 48*time.Hour || a.Since != w.today() {
			t.Errorf("%+v, %v", a, err)
		}
		list, err := w.SyndromeVerdicts(ctx, w.actor(store.CDC), "watery-diarrhoea", w.commune.ID, w.today()-8)
		if err != nil || len(list) != 1 || !list[0].Alarm || list[0].Visits < 9 || list[0].Expected > 4 || list[0].Reporting != 1 || !strings.Contains(list[0].Sources, " ") {
			t.Errorf("%+v, %v", list, err)
		}
		w.flow(func() {
			for i := range 6 {
				w.come(came{id: fmt.Sprintf("d%d", i), day: w.today(), hour: i, reason: "Đi ngoài phân lỏng nhiều lần", status: "entered-in-error"})
			}
		})
		w.want("entered in error", vn.Nation)
		w.come(w.thisMorning("d", "Đi ngoài phân lỏng nhiều lần", 9)...)
		w.want("after all", vn.Nation, "watery-diarrhoea "+w.commune.Code+" syndrome 9")
		if err := w.Answer(ctx, w.actor(store.Doctor), key, Explained, "Đám cưới cuối tuần", "k"); err != nil {
			t.Fatal(err)
		}
		w.come(w.thisMorning("e", "Tiêu chảy", 2)...)
		w.want("answered", vn.Nation)
		if a, _ := w.Alert(ctx, w.actor(store.CDC), key); a.Cases != 11 {
			t.Errorf("%d visits, want 11", a.Cases)
		}
		w.wantReplayedSyndromes(3)
	})
}

// Communes that touch and rise together are one alert of their province, pushed
// by evidence, and the nation has none beside it.
func TestSyndromesOfNeighbours(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Advance(2 * 24 * time.Hour)
		w.stations()
		for n, c := range w.touching(3) {
			id := fmt.Sprint("tram", n)
			w.put(storetest.System(), fhir.Organization{ID: id, Name: "Trạm y tế " + c.Full(), Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")},
				Address: []fhir.Address{{Extension: []fhir.Extension{place1(c)}}}})
			w.come(w.ordinary(id, 60, 6)...)
			w.flow(func() {
				for i := range 9 {
					w.come(came{id: fmt.Sprintf("d%d-%d", n, i), at: id, day: w.today(), hour: i, reason: "Tiêu chảy"})
				}
			})
		}
		w.calm()
		list, err := w.Waiting(ctx, w.actor(store.Ministry), vn.Nation)
		if err != nil {
			t.Fatal(err)
		}
		d := desk(list, vn.LevelNation, 10, w.clock.Now())
		if len(d.Shown) != 1 || d.Shown[0].Rule != RuleGroup || d.Shown[0].Push != PushEvidence || d.Shown[0].Cases != 27 || len(d.Rest) != 3 {
			t.Fatalf("the ministry sees %+v", d)
		}
		parts := strings.Split(d.Shown[0].Key, "/")
		w.wantWords(w.page(w.alertPage, "vi", w.actor(store.CDC), "/x", "disease", parts[0], "unit", parts[1], "week", parts[2]), "Các cảnh báo gộp vào đây", "nhiều nơi trực thuộc cùng tăng")
	})
}

// wantReplayedSyndromes computes every verdict again.
func (w *world) wantReplayedSyndromes(least int) {
	w.t.Helper()
	w.calm()
	all, err := store.Figures(ctx, w.s.For(storetest.System()), vn.Nation, scanSyndrome, `select `+syndromeColumns+` from detection_syndrome order by seq, unit, day`)
	if err != nil || len(all) < least {
		w.t.Fatalf("%d verdicts, %v", len(all), err)
	}
	for _, v := range all {
		again, err := w.ReplaySyndrome(ctx, storetest.System(), v)
		if diff := cmp.Diff(v, again); diff != "" || err != nil {
			w.t.Fatalf("verdict (-), replay (+) %v\n%s", err, diff)
		}
	}
}

// What a visit is for is said by its reason, its diagnoses and a telehealth case,
// once; a closed diagnosis says nothing; a telehealth case without a visit is one.
func TestWhatAVisitIsFor(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.stations()
		sys := storetest.System()
		count := func(what, syndrome string, day vn.Date, want ...int32) {
			t.Helper()
			w.calm()
			for i, unit := range []vn.UnitID{w.commune.ID, w.provinceOf(w.commune.ID), vn.Nation} {
				d, err := w.visits(ctx, w.actor(store.Ministry), unit, w.today(), content.SyndromeRuleOn(w.today()))
				if err != nil || d.at(syndrome, day) != want[min(i, len(want)-1)] {
					t.Errorf("%s: %d in %v, want %v, %v", what, d.at(syndrome, day), unit, want, err)
				}
			}
		}
		today, e1 := w.today(), came{id: "e1", day: w.today(), reason: "Đau bụng"}
		w.put(sys, diagnosis("c1", "e1", "A09", "provisional")) // before its visit
		w.come(e1)
		count("by diagnosis", "watery-diarrhoea", today, 1)
		w.put(sys, consultation("s1", "e1", "Tiêu chảy mất nước, xin ý kiến", today))
		count("and by telehealth, once", "watery-diarrhoea", today, 1)
		count("one visit", allVisits, today, 1)
		w.put(sys, diagnosis("c1", "e1", "K29.7", "confirmed"))
		count("by telehealth alone", "watery-diarrhoea", today, 1)
		w.drop("ServiceRequest", "s1")
		count("by nothing", "watery-diarrhoea", today, 0)
		w.put(sys, diagnosis("c1", "e1", "B15.9", "refuted"))
		count("refuted", "jaundice", today, 0)
		w.put(w.actor(store.Doctor), consultation("s2", "", "Sốt, phát ban, chưa khám trực tiếp", today))
		count("a telehealth case alone", "fever-rash", today, 1)
		count("is a visit", allVisits, today, 2)
		e1.day -= 3
		w.come(e1)
		count("moved away", allVisits, today, 1)
		count("to another day", allVisits, today-3, 1)
		count("a commune heard of", communesHeard, today-3, 0, 1, 1)
		w.come(came{id: "e2", at: "tram-next", day: today - 3, reason: "Vàng da"})
		count("beside its neighbour", "jaundice", today-3, 0, 1, 1)
		count("two communes heard of", communesHeard, today-3, 0, 2, 2)
		named := w.encounter(came{id: "e2", at: "tram-next", day: today - 3, reason: "Vàng da"})
		named.Diagnosis = []fhir.EncounterDiagnosis{{Condition: fhir.Ref("Condition", "c2")}}
		w.put(sys, diagnosis("c2", "e2", "B20", "confirmed"), named)
		count("of a closed file", "jaundice", today-3, 0)
		count("it still was a visit", allVisits, today-3, 1, 2, 2)
		w.drop("Encounter", "e2")
		count("deleted", allVisits, today-3, 1)
		count("one commune less", communesHeard, today-3, 0, 1, 1)
		w.come(came{id: "e3", day: today + 30, reason: "Vàng mắt"})
		count("of a day to come", "jaundice", today, 1)
	})
}

// book is what was written, as a run from nothing would read it.
type book struct {
	visits  map[string]came
	signs   map[string]sign
	station map[string]vn.Unit
}

type sign struct{ visit, syndrome string }

// counts adds everything up anew.
func (b book) counts(m *Module) map[vn.UnitID]*daily {
	out := map[vn.UnitID]*daily{}
	heard := map[came]bool{}
	for id, x := range b.visits {
		syndromes := map[string]bool{}
		for _, s := range b.signs {
			syndromes[s.syndrome] = s.visit == id || syndromes[s.syndrome]
		}
		syndromes["watery-diarrhoea"] = syndromes["watery-diarrhoea"] || x.reason == "Tiêu chảy"
		commune := b.station[x.at].ID
		first := !heard[came{at: x.at, day: x.day}]
		heard[came{at: x.at, day: x.day}] = true
		for _, unit := range m.units.Above(commune) {
			if out[unit] == nil {
				out[unit] = &daily{unit: unit, rows: map[dayRow]*yearDays{}, factors: map[vn.Date]outbreak.DayFactors{}}
			}
			out[unit].add(allVisits, x.day, 1)
			if first && unit != commune {
				out[unit].add(communesHeard, x.day, 1)
			}
			for s, is := range syndromes {
				if is {
					out[unit].add(s, x.day, 1)
				}
			}
		}
	}
	return out
}

// Whatever is written in whatever order, late, corrected, deleted and moved: the
// counts and the alarms of the last days are those of a run from nothing, and
// the view is the same when it is made anew.
func TestSyndromesEqualAFullRun(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine: the race detector has nothing to see")
	}
	each(t, func(t *testing.T, w *world) {
		b := book{map[string]came{}, map[string]sign{}, w.stations()}
		for at, days := range map[string]int{station: 60, "tram-next": 45} {
			list := w.ordinary(at, days, 4)
			w.come(list...)
			for i := range 12 { // that something stands out
				list = append(list, came{id: fmt.Sprint("many-", at, "-", i), at: at, day: w.today(), reason: "Tiêu chảy"})
			}
			w.come(list[len(list)-12:]...)
			for _, x := range list {
				b.visits["Encounter/"+x.id] = x
			}
		}
		w.lazy = true
		runs, most := 0, 6
		if strings.HasSuffix(t.Name(), "postgres") {
			most = 2
		}
		alarms := 0
		rapid.Check(t, func(t *rapid.T) {
			if runs++; runs > most {
				return
			}
			for range rapid.IntRange(10, 40).Draw(t, "steps") {
				w.randomVisit(t, b)
			}
			w.calm()
			alarms += w.wantFullRun(t, b)
			before := w.dump()
			if err := w.s.Rebuild(ctx, "detection"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(before, w.dump()); diff != "" {
				t.Fatalf("followed (-), rebuilt (+)\n%s", diff)
			}
		})
		if alarms == 0 {
			t.Error("nothing stood out: the test tells nothing")
		}
		w.wantReplayedSyndromes(1)
	})
}

// randomVisit does one random thing to a few visits, and notes it in the book.
func (w *world) randomVisit(t *rapid.T, b book) {
	sys := storetest.System()
	n := rapid.IntRange(0, 20).Draw(t, "n")
	id, at := fmt.Sprint("v", n), []string{station, station, "tram-next", "tram-other"}[n%4] // a facility keeps its visits
	switch rapid.IntRange(0, 9).Draw(t, "what") {
	case 0, 1, 2, 3: // written, corrected, moved
		x := came{id: id, at: at, hour: 1,
			day:    w.today() - vn.Date(rapid.SampledFrom([]int{0, 0, 0, 1, 2, 5, 9, 30, 55}).Draw(t, "ago")),
			reason: rapid.SampledFrom([]string{"Tiêu chảy", "Tiêu chảy", "Ho"}).Draw(t, "reason")}
		w.come(x)
		b.visits["Encounter/"+id] = x
	case 4: // many at once
		for i := range 5 {
			x := came{id: fmt.Sprintf("%s-%d-%d", id, w.today(), i), at: station, day: w.today(), reason: "Tiêu chảy"}
			w.come(x)
			b.visits["Encounter/"+x.id] = x
		}
	case 5:
		if _, err := w.s.For(sys).Commit(ctx, store.Delete("Encounter", id)); err == nil {
			delete(b.visits, "Encounter/"+id)
		}
	case 6:
		icd := rapid.SampledFrom([]string{"A09", "B15.9", "I10"}).Draw(t, "icd")
		w.put(sys, diagnosis("c"+id, id, icd, "confirmed"))
		delete(b.signs, "c"+id)
		if is := map[string]string{"A09": "watery-diarrhoea", "B15.9": "jaundice"}[icd]; is != "" {
			b.signs["c"+id] = sign{"Encounter/" + id, is}
		}
	case 7:
		if _, err := w.s.For(sys).Commit(ctx, store.Delete("Condition", "c"+id)); err == nil {
			delete(b.signs, "c"+id)
		}
	case 8:
		day, encounter, visit := w.today()-vn.Date(rapid.IntRange(0, 2).Draw(t, "ago")), "", "ServiceRequest/s"+id
		delete(b.visits, visit)
		if rapid.Bool().Draw(t, "visit") {
			encounter, visit = id, "Encounter/"+id
		} else {
			b.visits[visit] = came{at: station, day: day}
		}
		w.put(w.actor(store.Doctor), consultation("s"+id, encounter, "Vàng da tăng dần", day))
		b.signs["s"+id] = sign{visit, "jaundice"}
	case 9:
		w.clock.Advance(time.Duration(rapid.IntRange(1, 20).Draw(t, "hours")) * time.Hour)
	}
}

// wantFullRun compares the view with a run from nothing, and says how many days
// stand out.
func (w *world) wantFullRun(t *rapid.T, b book) int {
	on := w.today()
	rule := content.SyndromeRuleOn(on)
	full := b.counts(w.Module)
	stored, err := store.Figures(ctx, w.s.For(storetest.System()), vn.Nation, func(scan store.Scan) (string, error) {
		var id string
		var unit, day int64
		err := scan(&id, &unit, &day)
		return fmt.Sprint(id, " ", unit, " ", vn.Date(day)), err
	}, `select visit, unit, day from detection_visit`)
	var written []string
	for id, x := range b.visits {
		written = append(written, fmt.Sprint(id, " ", int64(b.station[x.at].ID), " ", x.day))
	}
	slices.Sort(written)
	slices.Sort(stored)
	if diff := cmp.Diff(written, stored); diff != "" || err != nil {
		t.Fatalf("visits written (-), counted (+) %v\n%s", err, diff)
	}
	alarms := 0
	for _, unit := range slices.Sorted(maps.Keys(full)) {
		want := full[unit]
		l := w.asked(storetest.System(), unit, 0)
		got, err := l.daily(ctx, unit, 0, 0, 9999)
		if err != nil {
			t.Fatal(err)
		}
		stands := map[dayAlarm]bool{}
		list, err := store.Figures(ctx, w.s.For(storetest.System()), vn.Nation, scanSyndrome, `select `+syndromeColumns+` from detection_syndrome where unit = ? order by seq`, int64(unit))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range list {
			stands[dayAlarm{v.Syndrome, v.Day}] = v.Alarm
		}
		for _, s := range append(content.Syndromes(on), content.Syndrome{ID: allVisits}, content.Syndrome{ID: communesHeard}) {
			for day := on - 100; day <= on; day++ {
				if got.at(s.ID, day) != want.at(s.ID, day) {
					t.Fatalf("%q in %v on %v: %d, from nothing %d", s.ID, unit, day, got.at(s.ID, day), want.at(s.ID, day))
				}
			}
			for day := on - vn.Date(rule.BackDays); day <= on && s.Name.Vi != ""; day++ {
				v, _, err := want.judgeDay(s.ID, day, rule, new(outbreak.Work))
				if err != nil || v.Alarm != stands[dayAlarm{s.ID, day}] {
					t.Fatalf("%q in %v on %v stands out: %v, from nothing %+v, %v", s.ID, unit, day, stands[dayAlarm{s.ID, day}], v, err)
				}
				if v.Alarm {
					alarms++
				}
			}
		}
	}
	return alarms
}

// The page of syndromes says what it must: without data, with too few days to
// compare, with data and an alert, and when a unit falls silent.
func TestSyndromePages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Advance(2 * 24 * time.Hour)
		w.stations()
		cdc, at := w.actor(store.CDC), "/canh-bao/hoi-chung?don-vi="+w.commune.Code
		w.wantWords(w.page(w.syndromesPage, "vi", cdc, at), "Chưa có lượt khám nào")
		w.come(w.ordinary(station, 20, 8)...)
		w.calm()
		w.wantWords(w.page(w.syndromesPage, "vi", cdc, at), "Chưa đủ 32 ngày có lượt khám", "Tiêu chảy cấp phân nước")
		w.come(w.ordinary(station, 80, 8)...)
		w.come(w.thisMorning("d", "Tiêu chảy", 9)...)
		w.come(w.thisMorning("x", "Đau lưng", 3)...)
		w.calm()
		page := w.page(w.syndromesPage, "en", cdc, at)
		w.wantWords(page, "9 of 12 visits, usually", "chart-mark", "chart-off", "Alert open", "% of visits", "Syndromes above their bound on the latest day with visits: 1")
		w.wantWords(w.page(w.inboxPage, "vi", cdc, "/canh-bao"), "Tiêu chảy cấp phân nước · "+w.commune.Full(), "Hội chứng: 9 lượt khám")
		week := vn.WeekOf(w.today()).String()
		alert := w.page(w.alertPage, "vi", w.actor(store.Doctor), "/x", "disease", "watery-diarrhoea", "unit", w.commune.Code, "week", week)
		w.wantWords(alert, "9 trong 12 lượt khám, thường", "chưa phải ca bệnh", "hoi-chung=Ti%C3%AAu+ch%E1%BA%A3y", "EARS C2", "Xem theo ngày")
		if strings.Contains(alert, "Theo luật") {
			t.Error("a syndrome has a legal flag")
		}
		w.clock.Advance(12 * 24 * time.Hour)
		w.wantWords(w.page(w.syndromesPage, "vi", cdc, at), "Nơi này im lặng từ", "im lặng không phải là không có ca")
	})
}

// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/i18n"
	"mach/outbreak"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// filled gives the world five years of dengue in a commune: two cases a week,
// and twenty in the last week; deaths, a silent neighbour, nobody's address.
func (w *world) filled() {
	w.t.Helper()
	var list []report
	for i := range 5*53 + 8 {
		day := vn.WeekOf(w.today()).Start().AddDays(1 - 7*(i+1))
		for n := range 2 + i%3 {
			list = append(list, report{id: fmt.Sprintf("h-%d-%d", i, n), icd: "A97.0", home: w.commune, day: day})
		}
	}
	last := vn.WeekOf(w.today()).Start().AddDays(-5)
	for n := range 20 {
		class := casereport.Suspect
		if n%2 == 0 {
			class = casereport.Confirmed
		}
		list = append(list, report{id: fmt.Sprintf("o-%d", n), icd: "A97.0", home: w.commune, day: last + vn.Date(n%4), onset: last - 1, class: class, died: n == 0})
	}
	list = append(list, report{id: "nowhere", icd: "A97.0", home: w.province, day: last})
	w.report(list...)
}

// Every page has its states: with data, empty, too short a history, and a
// place that nobody watches yet; in both languages, for every role that opens it.
func TestPages(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		site := w.site()
		cdc := w.actor(store.CDC)
		ask := func(a store.Actor, path string, words ...string) string {
			t.Helper()
			body := ""
			for _, lang := range []string{"en", "vi"} {
				sep := "?"
				if strings.Contains(path, "?") {
					sep = "&"
				}
				got := site.Get(a, path+sep+"lang="+lang)
				if got.Code != 200 {
					t.Fatalf("%s as %s: %d", path, a.Role, got.Code)
				}
				body = got.Body.String()
				for _, fault := range webtest.Faults(body) {
					t.Errorf("%s in %s: %s", path, lang, fault)
				}
			}
			wantWords(t, body, words...)
			return body
		}
		paper := func() {
			t.Helper()
			got := site.Get(cdc, pathBulletin+"/pdf")
			if got.Code != 200 || got.Header().Get("Content-Type") != "application/pdf" || !strings.HasPrefix(got.Body.String(), "%PDF-") {
				t.Errorf("the paper: %d, %s", got.Code, got.Header().Get("Content-Type"))
			}
		}
		paper()
		ask(cdc, pathCurve, "Chưa có báo cáo ca bệnh nào")
		ask(cdc, pathBulletin, "Chưa có báo cáo ca bệnh nào")
		w.history("few", "B05.9", w.commune, 1, w.weeks(3)...)
		ask(cdc, pathChannel, "Chưa đủ năm để dựng kênh dịch")
		ask(cdc, pathCurve+"?benh=measles", "Chưa đủ 3 năm số liệu")
		ask(cdc, pathSpread+"?benh=measles", "Quá ít ca để nêu Rt")
		ask(cdc, pathSpread+"?benh=rabies", "chưa có khoảng lây nối tiếp")
		w.filled()
		ask(cdc, pathCurve, "nhiều hơn mức thường gặp", "Vì sao có tín hiệu", "vượt cả +2 SD", "Farrington")
		ask(cdc, pathCurve+"?nam=1&theo=khoi-phat", "Ca không ghi ngày khởi phát không có trong hình này")
		ask(cdc, pathCurve+"?buoc=thang&nam=1")
		ask(cdc, pathCurve+"?buoc=ngay")
		ask(cdc, pathChannel, "trong vùng dịch", "Q1")
		ask(cdc, pathMap, "1 ca không rõ địa chỉ xã", "step-hollow")
		ask(cdc, pathComplete, "chưa từng gửi")
		ask(cdc, pathSpread, "Rt")
		ask(cdc, pathData, "Danh sách ca", "bulletin_weekly_cases")
		ask(cdc, pathForecast, strings.Join(forecastColumns, ","))
		ask(cdc, pathBulletin, "1 ca tử vong", "nhiều hơn thường gặp")
		paper()
		for _, role := range []store.Role{store.Nurse, store.StationDirector, store.Chairman, store.Department, store.Ministry} {
			for _, path := range []string{pathBulletin, pathCurve, pathChannel, pathMap, pathComplete, pathSpread, pathData} {
				ask(w.actor(role), path)
			}
		}
		for path, a := range map[string]store.Actor{
			pathCurve + "?don-vi=" + w.other.Code: w.actor(store.Nurse), // not theirs
			pathCurve + "?don-vi=99999":           cdc,
			pathBulletin + "?tuan=2999-W01":       cdc,
			pathForecast:                          w.actor(store.Nurse),
			pathBulletin + "/pdf?don-vi=" + "79":  cdc,
			pathBulletin + "?tuan=%3Cscript%3E":   w.actor(store.Ministry),
		} {
			if got := site.Get(a, path); got.Code != 404 {
				t.Errorf("%s as %s: %d, want 404", path, a.Role, got.Code)
			}
		}
	}, storetest.Guarded(policy(t)))
}

// The points of a curve are those of the detector and of the law on the same
// counts, and its sentence tells them.
func TestCurveTellsWhatTheMethodsSay(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filled()
		dengue, _ := content.Diseases().ByID("dengue")
		c, err := w.curve(t.Context(), w.actor(store.CDC), w.commune, dengue, byWeek, axisDiagnosis, w.today())
		if err != nil {
			t.Fatal(err)
		}
		i := c.judgedWeek(w.today())
		k := c.at(i)
		if n := c.cases[k].total(); n != 22 || !c.points[i].Alarm || float64(n) <= c.points[i].Bound {
			t.Errorf("last week: %d cases, %+v", n, c.points[i])
		}
		want := make([]outbreak.Point, 1)
		var work outbreak.Work
		if err := flexible(c.rule, vn.LevelCommune).Eval(c.series(), k, k+1, &work, want); err != nil {
			t.Fatal(err)
		}
		if want[0] != c.points[i] {
			t.Errorf("%+v, the detector says %+v", c.points[i], want[0])
		}
		sum, n := 0.0, 0.0
		week := vn.WeekOf(c.dates[k])
		for _, y := range c.legal[i].Used {
			day := vn.Week{Year: y.Year, Number: min(week.Number, vn.WeeksIn(y.Year))}.Start()
			got, err := w.counts(t.Context(), w.actor(store.CDC), w.commune.ID, "dengue", axisDiagnosis, day, day+6)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range got {
				sum += float64(d.total())
			}
			n++
		}
		if n != 5 || math.Abs(c.legal[i].Mean-sum/n) > 1e-9 {
			t.Errorf("the law's mean is %v of %v years, counted by hand %v", c.legal[i].Mean, n, sum/n)
		}
	})
}

// A year in which form 01 was issued is left out of the law's lines of the
// commune, and an older one takes its place (Article 16.1b).
func TestEpidemicYearsAreLeftOutOfTheLines(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filled()
		week := vn.WeekOf(w.today()).Add(-1)
		declared := vn.Week{Year: week.Year - 2, Number: week.Number}.Start()
		form := func(id, kind, opens string, day vn.Date) fhir.Communication {
			c := fhir.Communication{ID: id, Status: "completed", Extension: []fhir.Extension{place(w.commune)}, Sent: day.String(),
				Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "epidemic", ""), fhir.Code(systemForm, kind, "")},
				Topic:    fhir.Code(casereport.SystemDisease, "dengue", "")}
			if opens != "" {
				c.InResponseTo = []fhir.Reference{fhir.Ref("Communication", opens)}
			}
			return c
		}
		w.put(form("o", formOpens, "", declared), form("e", formCloses, "o", declared+20))
		dengue, _ := content.Diseases().ByID("dengue")
		for _, unit := range []vn.Unit{w.commune, w.province} {
			c, err := w.curve(t.Context(), w.actor(store.CDC), unit, dengue, byWeek, axisDiagnosis, w.today())
			if err != nil {
				t.Fatal(err)
			}
			left := c.legal[c.judgedWeek(w.today())].LeftOut
			if got := slices.ContainsFunc(left, func(y outbreak.Year) bool { return y.Year == declared.Year() && y.Epidemic }); got != (unit.Level == vn.LevelCommune) {
				t.Errorf("%s: left out %+v", unit.Full(), left)
			}
			b, err := w.bulletin(t.Context(), w.actor(store.CDC), unit, week)
			if err != nil || len(b.diseases) == 0 {
				t.Fatalf("bulletin of %s: %+v, %v", unit.Full(), b.diseases, err)
			}
			if diff := cmp.Diff(c.legal[c.judgedWeek(w.today())], b.diseases[0].legal); diff != "" {
				t.Errorf("%s: the curve (-) and the bulletin (+) draw two lines\n%s", unit.Full(), diff)
			}
		}
	})
}

// A year that the site lists is left out of the commune's lines too.
func TestEpidemicYearsOfTheSite(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		site := content.SiteAt(fstest.MapFS{"surveillance/epidemic_years.csv": {Data: []byte("disease,unit,year,epidemic,basis\ndengue," + w.commune.Code + ",2023,1,QĐ 9/QĐ-UBND\n")}})
		var err error
		if w.law, err = site.Law(w.units); err != nil {
			t.Fatal(err)
		}
		epidemic, err := w.epidemics(t.Context(), w.actor(store.CDC), w.commune, w.today())
		if err != nil {
			t.Fatal(err)
		}
		if !epidemic("dengue", 2023) || epidemic("dengue", 2022) || epidemic("measles", 2023) {
			t.Errorf("2023 %v, 2022 %v", epidemic("dengue", 2023), epidemic("dengue", 2022))
		}
	})
}

// What is still on its way is added to the last days only, from the delays
// seen, and never less than what is there.
func TestNowcastTail(t *testing.T) {
	on := vn.Reform.AddDays(200)
	c := curve{course: course{step: byDay}, shown: 60}
	for i := range 60 {
		c.dates = append(c.dates, on.AddDays(i-59))
	}
	var list []delayed
	for back := range 100 {
		for delay := range 4 { // a quarter of the cases each day
			if delay <= back {
				list = append(list, delayed{on.AddDays(-back), on.AddDays(delay - back), 5})
			}
		}
	}
	got := c.estimate(list, on)
	for back, want := range []float64{20, 20, 20, 0, 0} {
		n := got[59-back]
		if want == 0 {
			if n.Row >= 0 {
				t.Errorf("%d days ago is complete, yet %+v", back, n)
			}
			continue
		}
		if math.Abs(n.Estimate-want) > 1 || n.Low < n.Seen || n.High < n.Estimate {
			t.Errorf("%d days ago: %+v, want about %v", back, n, want)
		}
	}
	if c.estimate(list[:3], on) != nil {
		t.Error("a few cases teach delays")
	}
}

// The paper is the same for the same bulletin and instant; the public edition
// names no small number, no alert, no focus that was not declared.
// Over many weeks the estimate of a week that is not all in is neither too low nor
// too high, however few the cases of a day.
func TestNowcastIsNotShort(t *testing.T) {
	on := vn.WeekOf(vn.NewDate(2026, time.November, 23)).End()
	for _, perDay := range []float64{0.5, 1, 2, 5} {
		r := rand.New(rand.NewPCG(1, uint64(perDay*10)))
		sumOf, sumTrue := 0.0, 0.0
		for range 300 {
			var list []delayed
			truth := 0
			for d := on.AddDays(-triangleDays); d <= on; d++ {
				for range poisson(r, perDay) {
					delay := 0
					for r.Float64() > 0.25 && delay < 27 {
						delay++
					}
					list = append(list, delayed{day: d, reported: d.AddDays(delay), cases: 1})
					if d > on.AddDays(-7) {
						truth++
					}
				}
			}
			c := curve{course: course{step: byWeek, dates: []vn.Date{on.AddDays(-6)}, cases: make([]tally, 1)}, shown: 1}
			now := c.estimate(list, on)
			if now == nil {
				t.Fatal("no estimate")
			}
			seen := 0
			for _, x := range list {
				if x.day > on.AddDays(-7) && x.reported <= on {
					seen++
				}
			}
			estimate := float64(seen)
			if now[0].Row >= 0 {
				estimate = now[0].Estimate
			}
			sumOf, sumTrue = sumOf+estimate, sumTrue+float64(truth)
		}
		if ratio := sumOf / sumTrue; ratio < 0.93 || ratio > 1.07 {
			t.Errorf("%.1f cases a day: the estimate is %.2f of the truth", perDay, ratio)
		}
	}
}

// poisson draws by counting arrivals.
func poisson(r *rand.Rand, mean float64) int {
	n := 0
	for t := r.ExpFloat64(); t < mean; t += r.ExpFloat64() {
		n++
	}
	return n
}

func TestPaper(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.filled()
		w.history("few", "B05.9", w.commune, 1, w.weeks(1)...)
		b, err := w.bulletin(t.Context(), w.actor(store.CDC), w.province, vn.WeekOf(w.today()).Add(-1))
		if err != nil {
			t.Fatal(err)
		}
		b.foci = []focus{{disease: "measles", unit: w.commune.ID, from: w.today() - 9}, {disease: "dengue", unit: w.commune.ID, from: w.today() - 9, epidemic: true}}
		cat, err := content.Catalogue()
		if err != nil {
			t.Fatal(err)
		}
		for _, lang := range i18n.Langs() {
			ctx := web.WithVisit(context.Background(), cat, lang, webtest.As(store.CDC), webtest.Now)
			for _, public := range []bool{false, true} {
				ed := edition{public: public, agency: "Trung tâm Kiểm soát bệnh tật Bắc Ninh", at: webtest.Now}
				var once, again bytes.Buffer
				if err := b.print(ctx, &once, ed); err != nil {
					t.Fatal(err)
				}
				if err := b.print(ctx, &again, ed); err != nil {
					t.Fatal(err)
				}
				if !bytes.HasPrefix(once.Bytes(), []byte("%PDF-")) || once.Len() > 200<<10 || !bytes.Equal(once.Bytes(), again.Bytes()) {
					t.Errorf("%s, public %v: %d bytes, then %d", lang, public, once.Len(), again.Len())
				}
			}
			ed := edition{public: true}
			open := ed.open(b)
			if len(open.foci) != 1 || !open.foci[0].epidemic || open.alerts != nil {
				t.Errorf("the public edition tells %+v, %+v", open.foci, open.alerts)
			}
			if last := b.trendParts[trendWeeks-1]; last != open.caseParts || last.told != 23 || open.deathParts.hidden != 1 {
				t.Errorf("of the week are told %+v, of the trend %+v, of deaths %+v", open.caseParts, last, open.deathParts)
			}
			text := strings.Join(summary(ctx, open), "\n")
			if !strings.Contains(text, publicSum(ctx, 24, parts{23, 1})) || strings.Contains(text, "Sởi") || strings.Contains(text, "Measles") { // a disease of few cases is not named, nor in the total
				t.Errorf("the public edition says %s", text)
			}
			if got := ed.number(ctx, 4) + ed.number(ctx, 5) + ed.number(ctx, 0); got != "< 550" {
				t.Errorf("numbers of the public edition: %s", got)
			}
		}
	})
}

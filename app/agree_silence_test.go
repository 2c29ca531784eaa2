// SPDX-License-Identifier: Apache-2.0

package app_test

import (
	"fmt"
	"html"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/modules/bulletin"
	"mach/modules/surveillance"
	"mach/outbreak"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
	"mach/web"
	"mach/web/webtest"
)

// The law compares a month with the same month of years of which something is
// known (TT 15/2026/TT-BYT Article 16.1b): not with those before a commune was
// first heard of, nor with those in which nothing came from it. The page of the
// commune, its curve and that of the bulletin draw one line.
func TestLegalLinesLeaveOutWhatNobodyKnows(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	now := clock.Now
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		dich := surveillance.New(s, units, content.Diseases(), content.OurLaw(), now)
		tin := bulletin.New(s, units, content.Diseases(), content.OurLaw(), nil, nil, now)
		dich.Hear(tin.Unheard)
		s.Follow(dich.Follower(), tin.Follower())
		if err := s.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		on := vn.DateOf(now())
		province, _ := units.ByCode("24", on)
		communes := units.Communes(province.ID, on)
		site := webtest.NewSite(t, now(), func(mux *web.Mux) {
			dich.Routes(mux)
			tin.Routes(mux, func(w http.ResponseWriter, _ *http.Request, err error) {
				http.Error(w, err.Error(), http.StatusForbidden)
			})
		})
		november := func(ago int) vn.Date { return vn.NewDate(on.Year()-ago, time.November, 10) }
		for i, c := range []struct {
			name    string
			cases   map[int]int // years ago: cases of that November
			visits  []vn.Date   // a visit in each of the weeks from these days on, five weeks
			state   outbreak.State
			used    int
			missing int // years left out
		}{
			{"known for five years", map[int]int{5: 5, 4: 7, 3: 4, 2: 6, 1: 8, 0: 11}, nil, outbreak.StateEpidemic, 5, 0},
			{"joined three years ago", map[int]int{2: 6, 1: 8, 0: 30}, nil, outbreak.StateShort, 2, 3},
			{"silent in one November", map[int]int{5: 5, 4: 7, 2: 6, 1: 8, 0: 10}, []vn.Date{november(6)}, outbreak.StateEpidemic, 4, 1},
			{"heard of in it", map[int]int{5: 5, 4: 7, 2: 6, 1: 8, 0: 10}, []vn.Date{november(6), november(3).AddDays(-14)}, outbreak.StateBelow, 5, 0},
			{"silent in one November of seven years", map[int]int{7: 9, 6: 3, 5: 5, 4: 7, 2: 6, 1: 8, 0: 13}, []vn.Date{november(7)}, outbreak.StateEpidemic, 5, 1},
		} {
			commune := communes[i]
			home := []fhir.Extension{fhir.Unit(commune.Code, commune.From.String(), commune.Full())}
			tram := fmt.Sprintf("tram-%d", i)
			put := []any{fhir.Organization{ID: tram, Name: "Trạm y tế", Type: []fhir.CodeableConcept{fhir.Code(fhir.CSFacilityType, "station", "")}, Address: []fhir.Address{{Extension: home}}}}
			for ago, n := range c.cases {
				for k := range n {
					put = append(put, fhir.Condition{ID: fmt.Sprintf("c%d-%d-%d", i, ago, k), Extension: home,
						VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")},
						Code: fhir.Code(fhir.ICD10, "A97.0", ""), Subject: fhir.Reference{Display: "Ca bệnh tối thiểu"}, RecordedDate: min(november(ago), on).String()})
				}
			}
			for k, day := range c.visits {
				for week := range 6 {
					put = append(put, fhir.Encounter{ID: fmt.Sprintf("v%d-%d-%d", i, k, week), ServiceProvider: fhir.Ref("Organization", tram), Status: "finished", Class: fhir.Coding{System: fhir.ActCode, Code: "AMB"},
						Subject: fhir.Reference{Display: "x"}, Period: fhir.Period{Start: fhir.Instant(day.AddDays(7 * week).Time())}})
				}
			}
			for _, view := range []string{"surveillance", "bulletin"} {
				storetest.Put(t, s, view, put...)
			}
			director := storetest.Actor(store.StationDirector, "tram")
			director.Unit = commune.ID
			list, err := dich.States(t.Context(), director, commune.ID, []vn.UnitID{commune.ID}, "dengue", on)
			if err != nil || len(list) != 1 {
				t.Fatalf("%s: %d states, %v", c.name, len(list), err)
			}
			v := list[0].Month
			missing := 0
			for _, y := range v.LeftOut {
				missing += map[bool]int{true: 1}[y.Missing]
			}
			if v.State != c.state || len(v.Used) != c.used || missing != c.missing {
				t.Errorf("%s: %s with %d years, %d missing; want %s with %d, %d: %+v", c.name, v.State, len(v.Used), missing, c.state, c.used, c.missing, v)
			}
			if curve, err := dich.Curve(t.Context(), director, commune.ID, "dengue", on); err != nil || curve.Lines[vn.MonthOf(on).Month-1].Line != v.Line || len(curve.Past) != 5 {
				t.Errorf("%s: the curve of the commune's page has the line %v and %d years, the law %v", c.name, curve.Lines[vn.MonthOf(on).Month-1].Line, len(curve.Past), v.Line)
			}
			ask := func(path string) string {
				got := site.Get(director, path)
				if got.Code != http.StatusOK {
					t.Fatalf("%s: %s is %d", c.name, path, got.Code)
				}
				return html.UnescapeString(got.Body.String())
			}
			drawn := regexp.MustCompile(`<tr><th scope="row">` + fmt.Sprintf("%d/%02d", int(vn.MonthOf(on).Month), on.Year()%100) + ` </th>(?:<td class="num">([^<]*)</td>)+</tr>`).
				FindStringSubmatch(ask("/dich/dien-bien?buoc=thang&benh=dengue&don-vi=" + commune.Code + "&lang=vi"))
			if drawn == nil {
				t.Fatalf("%s: no row of this month on the curve", c.name)
			}
			if c.state == outbreak.StateShort {
				if drawn[1] != "30" { // the last column is that of confirmed cases
					t.Errorf("%s: a line is drawn, %s", c.name, drawn[1])
				}
				continue
			}
			if line := strings.Replace(fmt.Sprintf("%.1f", v.Line), ".", ",", 1); drawn[1] != line {
				t.Errorf("%s: the curve draws %s, the law is applied with %s", c.name, drawn[1], line)
			}
			if page, line := ask("/dich/xa/"+commune.Code+"/dengue?lang=vi"), strings.Replace(fmt.Sprintf("%.2f", v.Line), ".", ",", 1); !strings.Contains(page, "ngưỡng dịch trên "+line) {
				t.Errorf("%s: the page of the commune does not say %s", c.name, line)
			}
		}
	}, storetest.Idle(), storetest.Placed(units), storetest.Configure(func(c *store.Config) { c.Now = now }))
}

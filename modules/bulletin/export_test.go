// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mach/casereport"
	"mach/content"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// What leaves hides 1 to 4; where one class is hidden all are, so that none
// follows from the sum.
func TestHide(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int { return rapid.IntRange(0, 12).Draw(t, name) }
		r := countRow{tally: tally{confirmed: n("confirmed"), probable: n("probable"), suspect: n("suspect"), died: n("died")}}
		r.died = min(r.died, r.total())
		r.disease, _ = content.Diseases().ByID("dengue")
		r.hide()
		sum, parts := false, 0
		for i, v := range r.values(content.ExchangeNames()) {
			if !v.back && v.value > 0 && v.value < least {
				t.Fatalf("%+v tells %+v", r.tally, v)
			}
			if v.back {
				continue
			}
			if i == 0 {
				sum = true
			} else {
				parts++
			}
		}
		if sum && parts > 0 || parts != 0 && parts != 4 {
			t.Fatalf("%+v tells the sum %v and %d parts: who adds up counts twice", r.tally, sum, parts)
		}
		if r.total() >= least && r.hidden {
			t.Fatalf("%+v hides its sum", r.tally)
		}
	})
}

// Nobody gets a hidden number by taking what is shown from the sum of all: what is
// hidden of one disease and week is two rows and five cases at least, or all there
// are; and so with classes.
func TestConceal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := make([]countRow, rapid.IntRange(1, 8).Draw(t, "units"))
		for i := range rows {
			n := func(name string) int { return rapid.IntRange(0, 9).Draw(t, name) }
			rows[i] = countRow{unit: vn.Unit{ID: vn.UnitID(i + 1)}, tally: tally{confirmed: n("confirmed"), suspect: 1 + n("suspect")}}
			rows[i].hide()
		}
		before := slices.Clone(rows)
		conceal(rows, nil)
		hidden, sum, classes, first := 0, 0, 0, 0
		for i, r := range rows {
			if before[i].hidden {
				first++
			}
			if before[i].hidden && !r.hidden || r.hidden && !r.classes {
				t.Fatalf("%+v became %+v", before[i], r)
			}
			if r.hidden {
				hidden, sum = hidden+1, sum+r.total()
			}
			if r.classes {
				classes++
			}
		}
		if first > 0 && hidden < len(rows) && (hidden < 2 || sum < least) || first == 0 && hidden > 0 || classes == 1 && len(rows) > 1 {
			t.Fatalf("%d rows with %d cases are hidden, classes of %d: %+v", hidden, sum, classes, rows)
		}
	})
}

// Nor from the parts of one: who may ask for provinces and for their communes
// learns no province that is hidden among the others.
func TestConcealTwoLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		provinces := make([]countRow, rapid.IntRange(2, 4).Draw(t, "provinces"))
		parts := make([][]countRow, len(provinces))
		for i := range provinces {
			provinces[i].unit.ID = vn.UnitID(i + 1)
			parts[i] = make([]countRow, rapid.IntRange(1, 4).Draw(t, "communes"))
			for k := range parts[i] {
				n := func(name string) int { return rapid.SampledFrom([]int{0, 0, 1, 2, 5, 6, 9}).Draw(t, name) }
				parts[i][k] = countRow{tally: tally{confirmed: n("confirmed"), suspect: n("suspect")}}
				provinces[i].add(parts[i][k].tally)
				parts[i][k].hide()
			}
			provinces[i].hide()
		}
		conceal(provinces, nil)
		for i, p := range provinces {
			conceal(parts[i], map[cell]countRow{{}: p})
			hidden, some, sum, classes := 0, 0, 0, false
			for _, r := range parts[i] {
				if r.total() > 0 {
					some++
				}
				if r.hidden {
					hidden, sum = hidden+1, sum+r.total()
				}
				classes = classes || r.classes
			}
			// One row alone, neither small nor larger than the smallest that is shown, would be known.
			if p.hidden && (sum < min(least, p.total()) || hidden < min(2, some)) || p.classes && p.total() > 0 && !classes {
				t.Fatalf("%+v is hidden and follows from %+v", p, parts[i])
			}
		}
	})
}

// The formats tell the same numbers; hidden cells are empty in CSV and absent
// in the others, which take back what was told before.
func TestFormats(t *testing.T) {
	dengue, _ := content.Diseases().ByID("dengue")
	unit := vn.Unit{Code: "24", Kind: "=tỉnh", Name: "Bắc Ninh", Level: vn.LevelProvince, ID: 7}
	week := vn.Week{Year: 2026, Number: 46}
	rows := []countRow{
		{unit: unit, disease: dengue, week: week, tally: tally{confirmed: 10, suspect: 20, died: 6}},
		{unit: unit, disease: dengue, week: week.Add(1), tally: tally{confirmed: 2, suspect: 20}},
		{unit: unit, disease: dengue, week: week.Add(2), tally: tally{suspect: 3}},
	}
	for i := range rows {
		rows[i].hide()
	}
	var text, sheet, set strings.Builder
	for _, err := range []error{writeADX(&text, rows, time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)), writeCounts(&sheet, rows), writeJSON(&set, rows)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	var adx struct {
		XMLName xml.Name `xml:"urn:ihe:qrph:adx:2015 adx"`
		Groups  []struct {
			Period string `xml:"period,attr"`
			Unit   string `xml:"orgUnit,attr"`
			Set    string `xml:"dataSet,attr"`
			Back   string `xml:"comment,attr"`
			Values []struct {
				Element string `xml:"dataElement,attr"`
				Class   string `xml:"case_class,attr"`
				Value   int    `xml:"value,attr"`
			} `xml:"dataValue"`
		} `xml:"group"`
	}
	if err := xml.Unmarshal([]byte(text.String()), &adx); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(adx.Groups), "[{2026-11-09/P7D 24 MACH_WEEKLY_CASES withheld: dengue [{dengue confirmed 10} {dengue probable 0} {dengue suspect 20} {dengue-deaths  6}]} "+
		"{2026-11-16/P7D 24 MACH_WEEKLY_CASES withheld: dengue/confirmed dengue/probable dengue/suspect dengue-deaths [{dengue  22}]} "+
		"{2026-11-23/P7D 24 MACH_WEEKLY_CASES withheld: dengue dengue/confirmed dengue/probable dengue/suspect dengue-deaths []}]"; got != want {
		t.Errorf("ADX:\n%s, want\n%s", got, want)
	}
	lines, err := csv.NewReader(strings.NewReader(sheet.String())).ReadAll()
	if err != nil || len(lines) != 4 {
		t.Fatalf("%v, %v", lines, err)
	}
	for i, want := range []string{"30 10 0 20 6 0", "22     1", "     1"} {
		if got := strings.Join(lines[i+1][6:], " "); got != want {
			t.Errorf("CSV line %d: %q, want %q", i+1, got, want)
		}
	}
	if name := lines[1][1]; strings.HasPrefix(name, "=") {
		t.Errorf("a spreadsheet would compute %q", name)
	}
	var dhis struct {
		Values []struct {
			Period, Value, CategoryOptionCombo string
			Deleted                            bool
		} `json:"dataValues"`
		Hidden int `json:"hiddenRows"`
	}
	if err := json.Unmarshal([]byte(set.String()), &dhis); err != nil || len(dhis.Values) != 15 || dhis.Hidden != 2 || dhis.Values[0].Period != "2026W46" {
		t.Errorf("JSON: %+v, %v", dhis, err)
	}
	got := ""
	for _, v := range dhis.Values {
		if v.Deleted != (v.Value == "") {
			t.Errorf("%+v", v)
		}
		got += v.Value + ";"
	}
	if want := ";10;0;20;6;" + "22;;;;;" + ";;;;;"; got != want {
		t.Errorf("JSON: %s, want %s", got, want)
	}
}

// Under the real policies: who gets counts whole, with small numbers hidden, or
// not at all; who gets the line list; what it holds and what it never holds.
func TestExportsUnderThePolicies(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, w *world) {
		w.person("p", "=HYPERLINK(1)")
		day := w.today() - 10
		w.put(visit("v", "p", day))
		w.report(report{id: "a", icd: "A97.0", day: day, patient: "p", visit: "v", class: casereport.Confirmed}, report{id: "b", icd: "A97.0", home: w.other, day: day},
			report{id: "secret", icd: "A53.9", day: day, patient: "p"})
		site := w.site()
		far := w.actor(store.CDC)
		far.Unit = units.Provinces(w.today())[0].ID
		region, ok := units.ByCode("vsdt-tu", w.today())
		if !ok {
			t.Fatal("no region vsdt-tu")
		}
		institute := storetest.Actor(store.Institute, "institute")
		institute.Unit, institute.Purpose = region.ID, store.PublicHealth
		query := "?don-vi=" + provinceCode + "&benh=dengue"
		for _, c := range []struct {
			who   store.Actor
			path  string
			code  int
			wants string
		}{
			{w.actor(store.CDC), fileCSV + query, 200, ",2,1,0,1,0,0\n"},
			{w.actor(store.Department), fileCSV + query, 200, ",,,,,,1\n"},
			{w.actor(store.Ministry), fileCSV + query, 200, ",,,,,,1\n"},
			{w.actor(store.Ministry), fileCSV + "?benh=dengue", 200, "\nVN,"},
			{w.actor(store.Chairman), fileCSV + "?benh=dengue", 200, ",,,,,,1\n"},
			{w.actor(store.Doctor), fileCSV + "?benh=dengue", 200, ",1,1,0,0,0,0\n"},
			{w.actor(store.Chairman), fileCSV + query, 403, ""},
			{institute, fileCSV + "?benh=dengue", 200, "\n" + provinceCode + ","}, // of a region its provinces
			{institute, fileCSV + "?benh=dengue&cap=duoi", 200, "\n" + provinceCode + ","},
			{institute, fileADX, 200, `orgUnit="` + provinceCode + `"`},
			{w.actor(store.Receptionist), fileList, 403, ""},
			{far, fileCSV + query, 403, ""},
			{store.Actor{}, fileCSV + query, 403, ""},
			{w.actor(store.CDC), fileCSV + "?benh=syphilis", 403, ""},
			{w.actor(store.CDC), fileCSV + query + "&tu=2020-01-01&den=2026-11-01", 403, ""},
			{w.actor(store.CDC), fileList + "?don-vi=" + provinceCode, 200, "'=HYPERLINK(1)"},
			{w.actor(store.StationDirector), fileList, 200, "'=HYPERLINK(1)"},
			{w.actor(store.CDC), fileRows + "?don-vi=" + provinceCode, 200, `"name":"=HYPERLINK(1)"`},
			{w.actor(store.CDC), fileRows + "?don-vi=" + provinceCode, 200, `],"more":false}`},
			{w.actor(store.Department), fileList, 403, ""},
			{w.actor(store.Department), fileRows, 403, ""},
			{w.actor(store.Ministry), fileList + query, 403, ""},
			{w.actor(store.CDC), "/nothing", 403, ""},
		} {
			got := site.Get(c.who, base+c.path)
			if got.Code != c.code || !strings.Contains(got.Body.String(), c.wants) {
				t.Errorf("%s %s: %d %q, want %d with %q", c.who.Role, c.path, got.Code, got.Body, c.code, c.wants)
			}
			if strings.Contains(got.Body.String(), "A53") || strings.Contains(got.Body.String(), "secret") {
				t.Errorf("%s %s tells of a closed disease", c.who.Role, c.path)
			}
		}
		seen := map[store.Role]bool{}
		for end := time.Now().Add(time.Minute); time.Now().Before(end) && !(seen[store.CDC] && seen[store.StationDirector]); time.Sleep(20 * time.Millisecond) {
			log, err := w.s.For(store.SystemActor()).AccessLog(t.Context(), "p", w.clock.Now().Add(time.Hour), 50)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range log { // numbered a moment later
				seen[l.Role] = true
			}
		}
		if !seen[store.CDC] || !seen[store.StationDirector] {
			t.Errorf("the person is not told who took the line list: %v", seen)
		}
	}, storetest.Guarded(policy(t)))
}

// What is hidden of a province does not follow from the communes of another.
func TestProvinceIsNotTheRest(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	each(t, func(t *testing.T, w *world) {
		day := w.weeks(1)[0]
		hanoi, _ := units.ByCode("01", w.today())
		far := units.Communes(hanoi.ID, w.today())[0]
		w.history("a", "A97.0", w.commune, 6, day) // province 24: six cases, all in one commune
		w.history("b", "A97.0", far, 3, day)       // province 01: three cases
		site := w.site()
		cases := func(query string) map[string]string {
			t.Helper()
			got := site.Get(w.actor(store.Ministry), base+fileCSV+query)
			lines, err := csv.NewReader(strings.NewReader(got.Body.String())).ReadAll()
			if err != nil {
				t.Fatal(err)
			}
			out := map[string]string{}
			for _, l := range lines[1:] {
				out[l[0]] = l[6]
			}
			return out
		}
		nation, provinces, communes := cases("?benh=dengue"), cases("?benh=dengue&cap=duoi"), cases("?benh=dengue&cap=duoi&don-vi=24")
		all, _ := strconv.Atoi(nation["VN"])
		sum := 0
		for _, c := range communes {
			n, _ := strconv.Atoi(c)
			sum += n
		}
		if left := all - sum; provinces["01"] == "" && left > 0 && left < least {
			t.Errorf("province 01 is hidden, and has %d - %d = %d cases", all, sum, left)
		}
	}, storetest.Guarded(policy(t)))
}

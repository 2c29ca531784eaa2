// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mach/content"
	"mach/vn"
)

// The tables of a site in their folder; "" = it has none.
func endemicSite(endemic, years string) content.Site {
	dir := fstest.MapFS{}
	for name, text := range map[string]string{"endemic.csv": endemic, "epidemic_years.csv": years} {
		if text != "" {
			dir["surveillance/"+name] = &fstest.MapFile{Data: []byte(text)}
		}
	}
	return content.SiteAt(dir)
}

const (
	endemicHead = "disease,unit,endemic,valid_from,basis\n"
	yearsHead   = "disease,unit,year,epidemic,basis\n"
)

// A commune and its province, another commune of it.
var home, neighbour = []string{"09169", "24"}, []string{"09319", "24"}

func TestEndemicityOfASite(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	july, june := listed, listed-1
	for name, c := range map[string]struct {
		rows    string
		disease string
		path    []string
		on      vn.Date
		want    bool
		basis   string
	}{
		"no row of the site":            {"", "dengue", home, july, true, "default"},
		"a commune over its province":   {"dengue,09169,0,2026-01-01,QĐ 1\ndengue,24,1,2026-02-01,QĐ 2\n", "dengue", home, july, false, "QĐ 1"},
		"the other way":                 {"cholera,24,0,2026-02-01,QĐ 2\ncholera,09169,1,2026-01-01,QĐ 1\n", "cholera", home, july, true, "QĐ 1"},
		"the province for the others":   {"dengue,09169,1,2026-01-01,QĐ 1\ndengue,24,0,2026-02-01,QĐ 2\n", "dengue", neighbour, july, false, "QĐ 2"},
		"a province, not another":       {"cholera,24,1,2026-01-01,QĐ 1\n", "cholera", []string{"00004", "01"}, july, false, "default"},
		"before a change":               {"cholera,09169,1,2026-07-01,QĐ 2\ncholera,09169,0,2026-01-01,QĐ 1\n", "cholera", home, june, false, "QĐ 1"},
		"from the day of the change":    {"cholera,09169,1,2026-07-01,QĐ 2\ncholera,09169,0,2026-01-01,QĐ 1\n", "cholera", home, july, true, "QĐ 2"},
		"before the first row":          {"dengue,09169,0,2026-07-01,QĐ 1\n", "dengue", home, june, true, "default"},
		"ours of the same day":          {"dengue,,0,2021-01-01,QĐ 1\n", "dengue", home, july, false, "QĐ 1"},
		"ours before":                   {"dengue,,0,2022-01-01,QĐ 1\n", "dengue", home, july, false, "QĐ 1"},
		"a code with spaces and a mark": {"\n dengue , 09169 ,0,2026-01-01, QĐ  1 \n", "dengue", home, july, false, "QĐ 1"},
	} {
		e, err := endemicSite("\ufeff"+endemicHead+c.rows, "").Law(units)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, basis := e.Endemic(c.disease, c.path, c.on); got != c.want || basis != c.basis {
			t.Errorf("%s: %v by %q, want %v by %q", name, got, basis, c.want, c.basis)
		}
	}
	// A row that ends gives way to the one below it; the nation's says never.
	e, err := endemicSite("disease,unit,endemic,valid_from,valid_to,basis\ndengue,09169,0,2026-01-01,2026-07-01,QĐ 1\nebola,,0,2026-07-01,,QĐ 2\n", "").Law(units)
	if err != nil {
		t.Fatal(err)
	}
	before, _ := e.Endemic("dengue", home, june)
	after, _ := e.Endemic("dengue", home, july)
	if before || !after || !e.Never("ebola", june) || e.Never("ebola", july) {
		t.Errorf("dengue until June %v, from July %v; ebola never %v, %v", before, after, e.Never("ebola", june), e.Never("ebola", july))
	}
}

func TestEpidemicYearsOfASite(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	e, err := endemicSite("", yearsHead+"dengue,09169,2022,1,QĐ 1\ndengue,24,2023,1,QĐ 2\ndengue,09169,2023,0,QĐ 3\ndengue,09169,2024,1,QĐ 4\ndengue,24,2024,0,QĐ 5\n").Law(units)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		disease string
		path    []string
		year    int
		want    bool
	}{
		"of the commune":            {"dengue", home, 2022, true},
		"not of another commune":    {"dengue", neighbour, 2022, false},
		"not of its province":       {"dengue", home[1:], 2022, false},
		"of the province":           {"dengue", neighbour, 2023, true},
		"but not of this commune":   {"dengue", home, 2023, false},
		"of the commune all alone":  {"dengue", home, 2024, true},
		"a year of none":            {"dengue", home, 2025, false},
		"another disease":           {"measles", home, 2022, false},
		"another province's people": {"dengue", []string{"00004", "01"}, 2023, false},
	} {
		if got := e.EpidemicYear(c.disease, c.path, c.year); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEndemicityOfASiteRefuses(t *testing.T) {
	units, err := content.Units()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ endemic, years, want string }{
		"a disease":           {endemicHead + "dengue,,1,2026-01-01,QĐ 1\ndengu,,1,2026-01-01,QĐ 1\n", "", "surveillance/endemic.csv line 3 column 1: not-found content.endemic.disease [dengu]"},
		"a unit":              {endemicHead + "dengue,99999,1,2026-01-01,QĐ 1\n", "", "surveillance/endemic.csv line 2 column 2: not-found content.endemic.unit [99999 2026-01-01]"},
		"a former district":   {endemicHead + "dengue,001,1,2020-01-01,QĐ 1\n", "", "line 2 column 2: not-found content.endemic.unit [001 2025-07-01]"},
		"a value":             {endemicHead + "dengue,24,có,2026-01-01,QĐ 1\n", "", "line 2 column 3: value content.endemic.value [có]"},
		"never in a province": {endemicHead + "ebola,24,never,2026-01-01,QĐ 1\n", "", "line 2 column 3: value content.endemic.value [never]"},
		"a day":               {endemicHead + "dengue,24,1,1/1/2026,QĐ 1\n", "", "line 2 column 4: value content.units.date [1/1/2026]"},
		"no decision":         {endemicHead + "dengue,24,1,2026-01-01,\n", "", "line 2 column 5: required content.endemic.basis"},
		"a row twice":         {endemicHead + "dengue,24,1,2026-01-01,QĐ 1\ndengue,24,0,2026-01-01,QĐ 2\n", "", "line 3 column 1: duplicate content.table.twice"},
		"an end":              {"disease,unit,endemic,valid_from,valid_to,basis\ndengue,24,1,2026-01-01,2026-01-01,QĐ 1\n", "", "line 2 column 5: value content.endemic.to"},
		"a column":            {"disease,unit,endemic,basis\n", "", "line 1 column 0: required content.table.column.missing [valid_from]"},
		"nothing":             {" ", "", "line 1 column 1: structure content.table.column"},
		"a unit of a year":    {"", yearsHead + "dengue,99999,2024,1,QĐ 1\n", "surveillance/epidemic_years.csv line 2 column 2: not-found content.endemic.unit"},
		"a year":              {"", yearsHead + "dengue,24,năm 2024,1,QĐ 1\n", "line 2 column 3: value content.endemic.year [năm 2024]"},
		"never of a year":     {"", yearsHead + "dengue,,2024,never,QĐ 1\n", "line 2 column 4: value content.endemic.value [never]"},
	} {
		_, err := endemicSite(c.endemic, c.years).Law(units)
		if table := new(content.TableError); !errors.As(err, &table) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
}

// Without a folder, and with one that is empty, ours hold.
func TestEndemicityWithoutASite(t *testing.T) {
	for _, s := range []content.Site{{}, endemicSite("", "")} {
		e, err := s.Law(nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := e.Endemic("dengue", home, vn.NewDate(2026, time.July, 1)); !got || e.EpidemicYear("dengue", home, 2024) {
			t.Error("not ours")
		}
	}
}

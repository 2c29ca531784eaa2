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

// What was decided of a commune that went into another one stays in force there,
// until something is decided of the whole.
func TestEndemicityGoesWithThePeople(t *testing.T) {
	const day = "2026-09-10"
	for name, c := range map[string]struct {
		changes, rows string
		path          []string // Bắc Ninh; 09169 Vũ Ninh, 09319 Liên Bão, 09325 Đại Đồng, 99001 new
		want          bool
		basis         string
	}{
		"endemic in what came":                 {"09319\t09169", "cholera,09319,1,2026-01-01,QĐ 1\n", home, true, "QĐ 1"},
		"not yet in what stays":                {"09319\t09169", "cholera,09325,1,2026-01-01,QĐ 1\n", home, false, "default"},
		"not endemic in what came, in it":      {"09319\t09169", "dengue,09319,0,2026-01-01,QĐ 1\n", home, true, "default"},
		"in neither":                           {"09319\t09169", "dengue,09319,0,2026-01-01,QĐ 1\ndengue,09169,0,2026-01-01,QĐ 2\n", home, false, "QĐ 2"},
		"decided of the whole later":           {"09319\t09169", "cholera,09319,1,2026-01-01,QĐ 1\ncholera,09169,0,2026-10-01,QĐ 2\n", home, false, "QĐ 2"},
		"decided of it before":                 {"09319\t09169", "cholera,09319,1,2026-01-01,QĐ 1\ncholera,09169,0,2026-02-01,QĐ 2\n", home, true, "QĐ 1"},
		"into a new one":                       {"99001\txa\tMới\t\t\t\t\t24\tNQ 1\n%09319\t99001\tNQ 1\n%09169\t99001", "cholera,09319,1,2026-01-01,QĐ 1\n", []string{"99001", "24"}, true, "QĐ 1"},
		"a new one decided for the past":       {"99001\txa\tMới\t\t\t\t\t24\tNQ 1\n%09319\t99001", "cholera,09319,1,2026-01-01,QĐ 1\ncholera,99001,0,2026-02-01,QĐ 2\n", []string{"99001", "24"}, false, "QĐ 2"},
		"divided: both have it":                {"09319\t09169* 09325", "cholera,09319,1,2026-01-01,QĐ 1\n", []string{"09325", "24"}, true, "QĐ 1"},
		"through one that was itself taken in": {"09319\t09325\tNQ 1\n%09325\t09169", "cholera,09319,1,2026-01-01,QĐ 1\n", home, true, "QĐ 1"},
		"round in a circle":                    {"99001\txa\tMới\t\t\t\t\t24\tNQ 1\n%09319\t99001\tNQ 1\n2026-09-11\t09319\txa\tLại\t\t\t\t\t24\tNQ 2\n2026-09-11\t99001\t09319", "cholera,09319,1,2026-01-01,QĐ 1\n", []string{"09319", "24"}, true, "QĐ 1"},
	} {
		dir := fstest.MapFS{
			"surveillance/endemic.csv": {Data: []byte(endemicHead + c.rows)},
			"units/changes.tsv":        {Data: []byte(day + "\t" + strings.ReplaceAll(c.changes, "%", day+"\t") + "\tNQ 1\n")},
		}
		site := content.SiteAt(dir)
		units, err := site.Units()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		e, err := site.Law(units.AsOf(vn.NewDate(2026, time.November, 1)))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		disease, _, _ := strings.Cut(c.rows, ",")
		if got, basis := e.Endemic(disease, c.path, vn.NewDate(2026, time.November, 1)); got != c.want || basis != c.basis {
			t.Errorf("%s: %v by %q, want %v by %q", name, got, basis, c.want, c.basis)
		}
		before, err := site.Law(units.AsOf(vn.NewDate(2026, time.September, 9)))
		if err != nil {
			t.Fatal(err)
		}
		if _, basis := before.Endemic(disease, []string{"00004", "01"}, vn.NewDate(2026, time.November, 1)); basis != "default" {
			t.Errorf("%s: another province by %q", name, basis)
		}
		if got, _ := before.Endemic("cholera", []string{"09325", "24"}, vn.NewDate(2026, time.September, 9)); got != strings.Contains(c.rows, "cholera,09325,1") {
			t.Errorf("%s: before the day %v", name, got)
		}
	}
}

// An epidemic year of a commune that went into another is one of the whole: its
// cases are in the counts.
func TestEpidemicYearsGoWithTheCases(t *testing.T) {
	site := content.SiteAt(fstest.MapFS{
		"surveillance/epidemic_years.csv": {Data: []byte(yearsHead + "dengue,09319,2024,1,QĐ 1\ndengue,09169,2024,0,QĐ 2\n")},
		"units/changes.tsv":               {Data: []byte("2026-09-10\t09319\t09169\tNQ 1\n")},
	})
	units, err := site.Units()
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[vn.Date]bool{vn.NewDate(2026, time.September, 9): false, vn.NewDate(2026, time.September, 10): true} {
		e, err := site.Law(units.AsOf(day))
		if err != nil {
			t.Fatal(err)
		}
		if e.EpidemicYear("dengue", home, 2024) != want || e.EpidemicYear("dengue", home, 2023) {
			t.Errorf("%v: not %v", day, want)
		}
	}
}

// What happened to communes since the reform, as changes.tsv tells it.
func TestChangesOfUnits(t *testing.T) {
	read := func(text string) (*vn.Units, error) {
		return content.SiteAt(fstest.MapFS{"units/changes.tsv": {Data: []byte(text)}}).Units()
	}
	units, err := read("# a note\n2026-09-10\t99001\tphuong\tMới\t12.5\t45000\t106.1\t21.2\t24\tNQ 1\n2026-09-10\t09319\t99001\tNQ 1\n2026-09-10\t09169\t99001* 09325\tNQ 1\n2027-01-01\t09319\txa\tLiên Bão\t\t\t\t\t24\tNQ 2\n")
	if err != nil {
		t.Fatal(err)
	}
	day := vn.NewDate(2026, time.September, 10)
	whole, ok := units.ByCode("99001", day)
	was, _ := units.ByCode("09319", day-1)
	cut, _ := units.ByCode("09169", day-1)
	again, reused := units.ByCode("09319", vn.NewDate(2027, time.January, 1))
	if !ok || whole.Population != 45_000 || whole.From != day || whole.Name != "Mới" || !reused || again.ID == was.ID || again.Name != "Liên Bão" {
		t.Errorf("%+v, %+v, %+v", whole, was, again)
	}
	if _, ok := units.ByCode("99001", day-1); ok {
		t.Error("the new commune is there before its day")
	}
	if _, ok := units.ByCode("09319", day); ok {
		t.Error("the commune that ended is there on that day")
	}
	now, before := units.AsOf(day), units.AsOf(day-1)
	if before.Latest(was.ID) != was.ID || now.Latest(was.ID) != whole.ID || now.Latest(cut.ID) != whole.ID || before.NextChange() != day || now.NextChange().Known() {
		t.Error("they are not where their people went")
	}
	if n := len(units.Communes(vn.Nation, day)); n != 3320 {
		t.Errorf("%d communes", n)
	}
	for name, c := range map[string]struct{ text, want string }{
		"cells":            {"2026-09-10\t09319\n", "line 1 column 0: structure content.units.cells"},
		"a day":            {"10/9/2026\t09319\t09169\tNQ\n", "line 1 column 1: value content.units.date"},
		"before the law":   {"2025-07-01\t09319\t09169\tNQ\n", "line 1 column 1: business-rule content.units.order"},
		"out of order":     {"2026-09-10\t09319\t09169\tNQ\n2026-09-09\t09325\t09169\tNQ\n", "line 2 column 1: business-rule content.units.order"},
		"no such commune":  {"2026-09-10\t99999\t09169\tNQ\n", "line 1 column 2: not-found content.units.none"},
		"ended before":     {"2026-09-10\t09319\t09169\tNQ\n2026-09-11\t09319\t09169\tNQ\n", "line 2 column 2: not-found content.units.none"},
		"into one not yet": {"2026-09-10\t09319\t99001\tNQ\n", "line 1 column 3: not-found content.units.becomes"},
		"into itself":      {"2026-09-10\t09319\t09319\tNQ\n", "line 1 column 3: not-found content.units.becomes"},
		"into nothing":     {"2026-09-10\t09319\t\tNQ\n", "line 1 column 3: required content.units.becomes"},
		"a code in use":    {"2026-09-10\t09319\txa\tX\t\t\t\t\t24\tNQ\n", "line 1 column 2: duplicate content.units.lasts"},
		"no province":      {"2026-09-10\t99001\txa\tX\t\t\t\t\t27\tNQ\n", "line 1 column 9: not-found content.units.none"},
		"no code":          {"2026-09-10\t9900\txa\tX\t\t\t\t\t24\tNQ\n", "line 1 column 2: code-invalid content.units.code"},
		"no number":        {"2026-09-10\t99001\txa\tX\t\tnhiều\t\t\t24\tNQ\n", "line 1 column 6: value content.units.number"},
	} {
		if _, err := read(c.text); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %s", name, err, c.want)
		}
	}
}

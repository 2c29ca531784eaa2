// SPDX-License-Identifier: Apache-2.0

package definitions

import (
	"archive/zip"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mach/app/intake"
	"mach/content"
	"mach/i18n"
	"mach/vn"
)

// today is the tests' day.
var today = vn.Date(20778) // 2026-11-21

func importer(t *testing.T, data string) *Importer {
	t.Helper()
	site := content.SiteAt(os.DirFS(filepath.Join(data, "content")))
	units, err := site.Units()
	if err != nil {
		t.Fatal(err)
	}
	words, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return &Importer{Data: data, Site: site, Units: units, Today: today, Words: words, Lang: i18n.Vietnamese}
}

// run imports text under a file name and returns the report.
func run(t *testing.T, data, kind, name, text string) ([]intake.Line, intake.Totals) {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return runFile(t, data, kind, file)
}

func runFile(t *testing.T, data, kind, file string) ([]intake.Line, intake.Totals) {
	t.Helper()
	var out strings.Builder
	totals, err := importer(t, data).Import(kind, file, &out)
	if err != nil {
		t.Fatal(err)
	}
	var lines []intake.Line
	d := json.NewDecoder(strings.NewReader(out.String()))
	for d.More() {
		var l intake.Line
		if err := d.Decode(&l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return lines[:len(lines)-1], totals
}

func TestTerminology(t *testing.T) {
	data := t.TempDir()
	text := "\ufeffCODE,vi,en,plain_vi\n" +
		"a970,Sốt xuất huyết (tên mới),Dengue\n" // a cell short
	lines, totals := run(t, data, "terminology", "icd.csv", text)
	if totals.Refused != 1 || lines[0].Line != 2 {
		t.Fatalf("%+v, %+v", lines, totals)
	}
	text = "code,vi,en\na970, Sốt  xuất huyết (tên mới),Dengue fever\nZ98.8,\"Tình trạng sau phẫu thuật, khác\",Other postsurgical states\n"
	lines, totals = run(t, data, "terminology", "icd.csv", text)
	if len(lines) != 0 || totals != (intake.Totals{Read: 2, Stored: 2}) {
		t.Fatalf("%+v, %+v", lines, totals)
	}
	list, err := importer(t, data).Site.Diagnoses()
	if err != nil {
		t.Fatal(err)
	}
	dengue, _ := list.ByCode("A97.0")
	if dengue.Name.Vi != "Sốt xuất huyết (tên mới)" || !strings.Contains(dengue.Plain.Vi, "muỗi vằn") {
		t.Errorf("merged: %+v", dengue)
	}
	if found := list.Search("sxh", 3); len(found) == 0 || !strings.HasPrefix(found[0].Code, "A97") {
		t.Errorf("our abbreviation is lost: %v", found)
	}
	if added, ok := list.ByCode("Z98.8"); !ok || added.Name.En != "Other postsurgical states" || list.Plain("Z98.8").Vi != "" {
		t.Errorf("added: %+v", added)
	}
	if n := len(content.Diagnoses().All()); len(list.All()) < n || len(list.All()) > n+1 {
		t.Errorf("%d diagnoses over %d of ours", len(list.All()), n)
	}
	if _, totals = run(t, data, "terminology", "icd.csv", text); totals != (intake.Totals{Read: 2, Unchanged: 2}) {
		t.Errorf("again: %+v", totals)
	}
}

func TestTerminologyFaultsNameLineAndColumn(t *testing.T) {
	for _, c := range []struct {
		text string
		want []string // line, path, rule
	}{
		{"", []string{"1  content.table.empty"}},
		{"code,vi\n", []string{"1 en content.table.column.missing"}},
		{"code;vi;en\n", []string{"1 column 1 content.table.column", "1 code content.table.column.missing", "1 vi content.table.column.missing", "1 en content.table.column.missing"}},
		{"code,vi,en,vi\n", []string{"1 column 4 content.table.column"}},
		{"code,vi,en\nA00,Tả,Cholera\nA00-A09,Nhiễm trùng đường ruột,x\n", []string{"3 column 1 content.diagnoses.code"}},
		{"code,vi,en\nA00,\"Tả\nhai dòng\",Cholera\nB05,,Measles\n", []string{"4 column 2 content.diagnoses.name"}},
		{"en,vi,code\nCholera,Tả,A00\nCholera,Tả,a00\n", []string{"3 column 3 content.table.twice"}},
		{"code,vi,en\nA00,T\"ả,Cholera\n", []string{"2 column 6 content.table.csv"}},
		{"code,vi,en\nA00," + strings.Repeat("x", 501) + ",Cholera\n", []string{"2 column 2 content.table.long"}},
		{"code,vi,en\nA00,Tả\n,x,y\n", []string{"2  content.table.cells", "3 column 1 content.diagnoses.code"}},
	} {
		data := t.TempDir()
		lines, totals := run(t, data, "terminology", "icd.csv", c.text)
		var got []string
		for _, l := range lines {
			got = append(got, fmt.Sprintf("%d %s %s", l.Line, l.Path, l.Rule))
			if strings.Contains(l.Reason, "⟦") || l.File != "icd.csv" || l.Severity != "error" {
				t.Errorf("%q: %+v", c.text, l)
			}
		}
		if strings.Join(got, "; ") != strings.Join(c.want, "; ") || totals.Refused != len(c.want) || totals.Stored != 0 {
			t.Errorf("%.60q: %q, %+v; want %q", c.text, got, totals, c.want)
		}
		if _, err := os.Stat(filepath.Join(data, "content")); err == nil {
			t.Errorf("%.60q: something was written", c.text)
		}
	}
}

// table reads one of our own tables of units.
func table(t *testing.T, name string) string {
	t.Helper()
	all, err := content.SiteAt(nil).UnitTables(nil)
	if err != nil {
		t.Fatal(err)
	}
	b, err := fs.ReadFile(all, name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestUnits(t *testing.T) {
	data := t.TempDir()
	since := table(t, "since.tsv")
	renamed := strings.Replace(since, "\tLiên Bão\t", "\tLiên Bão Mới\t", 1)
	if renamed == since {
		t.Fatal("no commune Liên Bão")
	}
	lines, totals := run(t, data, "units", "since.tsv", renamed)
	if len(lines) != 0 || totals.Stored < 14_000 || totals.Stored != totals.Read {
		t.Fatalf("%+v, %+v", lines, totals)
	}
	m := importer(t, data)
	if found := m.Units.Find("Liên Bão Mới", today); len(found) != 1 {
		t.Errorf("the new name: %v", found)
	}
	if n := len(m.Units.Communes(vn.Nation, today)); n != 3321 {
		t.Errorf("%d communes", n)
	}
	// What was imported stays when another table is.
	if _, totals = run(t, data, "units", "aliases.tsv", table(t, "aliases.tsv")); totals.Unchanged == 0 || totals.Stored != 0 {
		t.Errorf("the same table: %+v", totals)
	}
	if found := importer(t, data).Units.Find("Liên Bão Mới", today); len(found) != 1 {
		t.Error("the new name is lost")
	}
}

func TestUnitsFromAFolderAndAZip(t *testing.T) {
	dir := t.TempDir()
	z := filepath.Join(t.TempDir(), "units.zip")
	f, err := os.Create(z)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for _, name := range content.UnitFiles {
		b := []byte(table(t, name))
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
		part, err := w.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(b); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	data := t.TempDir()
	if lines, totals := runFile(t, data, "units", dir); len(lines) != 0 || totals.Stored == 0 {
		t.Errorf("a folder: %+v, %+v", lines, totals)
	}
	if lines, totals := runFile(t, data, "units", z); len(lines) != 0 || totals.Unchanged == 0 {
		t.Errorf("a zip of the same: %+v, %+v", lines, totals)
	}
}

func TestUnitsFaultsNameFileAndLine(t *testing.T) {
	since := strings.Split(table(t, "since.tsv"), "\n")
	at := 0
	for i, line := range since {
		if strings.Contains(line, "\tLiên Bão\t") {
			at = i
		}
	}
	spoil := func(change func(fields []string)) string {
		lines := append([]string(nil), since...)
		fields := strings.Split(lines[at], "\t")
		change(fields)
		lines[at] = strings.Join(fields, "\t")
		return strings.Join(lines, "\n")
	}
	for name, c := range map[string]struct {
		file, text, rule, path string
		line                   int
	}{
		"a number":     {"since.tsv", spoil(func(f []string) { f[4] = "nhiều" }), "content.units.number", "column 5", at + 1},
		"a short code": {"since.tsv", spoil(func(f []string) { f[0] = "12" }), "content.units.code", "column 1", at + 1},
		"a name":       {"since.tsv", spoil(func(f []string) { f[2] = "" }), "content.units.name", "column 3", at + 1},
		"a short line": {"since.tsv", spoil(func(f []string) { f[0] = f[0][:5] + " " }), "content.units.code", "column 1", at + 1},
		"a code twice": {"since.tsv", spoil(func(f []string) { f[0] = "00004" }), "content.units.twice", "column 1", at + 1},
		"no cells":     {"since.tsv", "01\tthanh-pho\n", "content.units.cells", "", 1},
		"no province":  {"since.tsv", "00004\tphuong\tBa Đình\t\t\t\t\n", "content.units.above", "column 1", 1},
		"another code": {"before.tsv", "01\tthanh-pho\tHà Nội\n001\tquan\tBa Đình\n00001\tphuong\tPhúc Xá\t99999m\n", "content.units.edge", "column 4", 3},
		"a word":       {"before.tsv", "01\tthanh-pho\tHà Nội\n001\tquan\tBa Đình\n00001\tphuong\tPhúc Xá\t00097x\n", "content.units.edge", "column 4", 3},
		"a day":        {"formers.tsv", "46\t1\t1/1/2025\ttinh\tThừa Thiên Huế\tx\n", "content.units.date", "column 3", 1},
		"nobody":       {"formers.tsv", "99999\t2\t2026-01-01\txa\tX\tx\n", "content.units.none", "column 1", 1},
		"a generation": {"formers.tsv", "00004\thai\t2026-01-01\txa\tX\tx\n", "content.units.number", "column 2", 1},
		"an alias":     {"aliases.tsv", "06970\t99999\tx\n", "content.units.none", "column 2", 1},
		"half a line":  {"aliases.tsv", "06970\n", "content.units.cells", "", 1},
		"no table":     {"units.txt", "x", "content.units.file", "", 0},
	} {
		data := t.TempDir()
		lines, totals := run(t, data, "units", c.file, c.text)
		if len(lines) == 0 || lines[0].Rule != c.rule || lines[0].Line != c.line || lines[0].Path != c.path || lines[0].File != c.file || strings.Contains(lines[0].Reason, "⟦") || totals.Stored != 0 {
			t.Errorf("%s: %+v, %+v", name, lines, totals)
		}
		if _, err := os.Stat(filepath.Join(data, "content")); err == nil {
			t.Errorf("%s: something was written", name)
		}
	}
	// A unit in use must not vanish, also when the tables are whole without it.
	alias := t.TempDir()
	for _, f := range content.UnitFiles {
		if err := os.WriteFile(filepath.Join(alias, f), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines, totals := runFile(t, t.TempDir(), "units", alias)
	if totals.Refused < 14_000 || lines[0].Rule != "content.units.gone" || totals.Stored != 0 {
		t.Errorf("empty tables: %d lines, %+v", len(lines), totals)
	}
}

const square = `[[[106.0,21.1],[106.05,21.1001],[106.1,21.1],[106.1,21.2],[106.0,21.2],[106.0,21.1]]]`

func TestBoundaries(t *testing.T) {
	data := t.TempDir()
	text := `{"type":"FeatureCollection","name":"x","features":[
		{"type":"Feature","properties":{"code":"09319","ten":"Liên Bão"},"geometry":{"type":"Polygon","coordinates":` + square + `}}
	]}`
	m := importer(t, data)
	u := m.Units.Find("Xã Liên Bão", today)
	if len(u) != 1 {
		t.Fatal("no commune Liên Bão")
	}
	text = strings.Replace(text, "09319", u[0].Code, 1)
	lines, totals := run(t, data, "boundaries", "xa.geojson", text)
	if len(lines) != 0 || totals != (intake.Totals{Read: 1, Stored: 1}) {
		t.Fatalf("%+v, %+v", lines, totals)
	}
	borders, err := importer(t, data).Site.Boundaries()
	if err != nil || len(borders) != 1 {
		t.Fatalf("%v, %v", borders, err)
	}
	b := borders[u[0].ID]
	if strings.Count(b.Path, "L") != 3 || !strings.HasPrefix(b.Path, "M") || !strings.HasSuffix(b.Path, "Z") {
		t.Errorf("a square with a point too many is %q", b.Path)
	}
	if w, h := b.MaxX-b.MinX, b.MaxY-b.MinY; w < 10 || w > 10.8 || h < 11 || h > 11.3 {
		t.Errorf("a tenth of a degree is %.2f by %.2f km", w, h)
	}
}

func TestBoundariesFaultsNameTheLine(t *testing.T) {
	code := importer(t, t.TempDir()).Units.Find("Xã Liên Bão", today)[0].Code
	feature := func(code, geometry string) string {
		return "\n" + `{"type":"Feature","properties":{"code":"` + code + `"},` + "\n" + `"geometry":` + geometry + `}`
	}
	polygon := `{"type":"Polygon","coordinates":` + square + `}`
	for _, c := range []struct {
		features string
		want     string
	}{
		{feature(code, polygon) + "," + feature("00000", polygon), "4 features[1].properties.code content.boundaries.unknown"},
		{feature(code, polygon) + "," + feature(code, polygon), "4 features[1].properties.code content.boundaries.twice"},
		{feature("", polygon), "2 features[0].properties.code content.boundaries.code"},
		{feature(code, `{"type":"Point","coordinates":[106,21]}`), "2 features[0].geometry content.boundaries.shape"},
		{feature(code, `{"type":"Polygon","coordinates":[[[21.1,106],[21.2,106],[21.2,106.1],[21.1,106]]]}`), "2 features[0].geometry.coordinates content.boundaries.place"},
		{feature(code, `{"type":"Polygon","coordinates":[[[106,21],[106,21.1]]]}`), "2 features[0].geometry.coordinates content.boundaries.shape"},
		{feature(code, `{"type":"MultiPolygon","coordinates":[]}`), "2 features[0].geometry.coordinates content.boundaries.shape"},
		{feature(code, polygon) + ",", "3  content.boundaries.json"},
	} {
		data := t.TempDir()
		lines, totals := run(t, data, "boundaries", "xa.geojson", `{"type":"FeatureCollection","features":[`+c.features+`]}`)
		got := ""
		if len(lines) > 0 {
			got = fmt.Sprintf("%d %s %s", lines[0].Line, lines[0].Path, lines[0].Rule)
		}
		if got != c.want || totals.Stored != 0 {
			t.Errorf("%.80q: %q, %+v; want %q", c.features, got, totals, c.want)
		}
	}
	for _, text := range []string{"", "x", "[]", `{"type":"Feature"}`, `{"type":"FeatureCollection"}`, `{"type":"FeatureCollection","features":{}}`, `{"type":"FeatureCollection","features":[`} {
		if lines, totals := run(t, t.TempDir(), "boundaries", "xa.geojson", text); len(lines) == 0 || totals.Stored != 0 {
			t.Errorf("%q: %+v, %+v", text, lines, totals)
		}
	}
}

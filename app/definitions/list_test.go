// SPDX-License-Identifier: Apache-2.0

package definitions

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mach/app/intake"
	"mach/vn"
)

func TestUnitsFromAList(t *testing.T) {
	data := t.TempDir()
	same := "code,province_code,name,area_km2,dossier_population,lon,lat\n00004,01,Phường Ba Đình,0.0,\"65,023\",105.838,21.0386\n01,,Thành phố Hà Nội,,Đang cập nhật,,\n"
	if lines, totals := run(t, data, "units", "xa.csv", same); len(lines) != 0 || totals != (intake.Totals{Read: 2, Unchanged: 2}) {
		t.Fatalf("what we have already: %+v, %+v", lines, totals)
	}
	if _, err := os.Stat(filepath.Join(data, "content")); err == nil {
		t.Fatal("something was written")
	}
	text := "\ufeffName,CODE,population,from,act\n" +
		"Phường Ba Đình Mới,00004,70000,2026-07-01,NQ 1/2026\n" + // called so from a day on
		"Xã  Liên Bảo,09319,,,\n" // a correction
	m := importer(t, data)
	text = strings.Replace(text, "09319", m.Units.Find("Xã Liên Bão", today)[0].Code, 1)
	lines, totals := run(t, data, "units", "xa.csv", text)
	if len(lines) != 0 || totals != (intake.Totals{Read: 2, Stored: 2}) {
		t.Fatalf("%+v, %+v", lines, totals)
	}
	m = importer(t, data)
	reform, _ := m.Units.ByCode("00004", vn.Reform)
	now, _ := m.Units.ByCode("00004", today)
	if reform.Name != "Ba Đình" || now.Name != "Ba Đình Mới" || now.ID != reform.ID || now.Population != 70000 || now.AreaKm2 != 2.97 {
		t.Errorf("was %+v, is %+v", reform, now)
	}
	if f := m.Units.Formers(now.ID); len(f) != 1 || f[0].Until.String() != "2026-07-01" || f[0].Basis != "NQ 1/2026" {
		t.Errorf("former names %+v", f)
	}
	if u := m.Units.Find("Xã Liên Bảo", vn.Reform); len(u) != 1 {
		t.Errorf("the corrected name: %v", u)
	}
	if n := len(m.Units.Communes(vn.Nation, today)); n != 3321 {
		t.Errorf("%d communes", n)
	}
	if lines, totals = run(t, data, "units", "xa.csv", text); len(lines) != 0 || totals != (intake.Totals{Read: 2, Unchanged: 2}) {
		t.Errorf("again: %+v, %+v", lines, totals)
	}
	m = importer(t, data)
	m.In = strings.NewReader("code,name\n01,Thành phố Hà Nội\n")
	var out strings.Builder
	if totals, err := m.Import("units", "-", &out); err != nil || totals.Unchanged != 1 {
		t.Errorf("standard input: %+v, %v", totals, err)
	}
}

func TestUnitListFaultsNameTheLine(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "1  content.table.empty"},
		{"code;name\n", "1 column 1 content.table.column"},
		{"old_code,new_code\n00001,00097\n", "1 column 1 content.table.column"},
		{"code,population\n", "1 name content.table.column.missing"},
		{"code,name,name\n", "1 column 3 content.table.column"},
		{"code,name\n00004\n", "2  content.table.cells"},
		{"code,name\n00004,\"Ba\n", "2 column 11 content.table.csv"},
		{"code,name\n4,Phường Ba Đình\n", "2 column 1 content.units.code"},
		{"code,name\n0000x,Phường Ba Đình\n", "2 column 1 content.units.code"},
		{"code,name\n99999,Xã Không Có\n", "2 column 1 content.units.unknown"},
		{"code,name\n00001,Phường Phúc Xá\n", "2 column 1 content.units.unknown"}, // of the old map
		{"name,code\nPhường Ba Đình,00004\nPhường Ba Đình,00004\n", "3 column 2 content.table.twice"},
		{"code,name\n00004,Ba Đình\n", "2 column 2 content.units.kind"},
		{"code,name\n00004,Thị trấn Ba Đình\n", "2 column 2 content.units.kind"},
		{"code,name\n01,Phường Hà Nội\n", "2 column 2 content.units.kind"},
		{"code,name,province_code\n00004,Phường Ba Đình,24\n", "2 column 3 content.units.moved"},
		{"code,name,from\n00004,Phường Mới,1/7/2026\n", "2 column 3 content.units.date"},
		{"code,name,from\n00004,Phường Mới,2025-07-01\n", "2 column 3 content.units.from"},
		{"code,name,from\n75,Tỉnh Đồng Nai,2026-04-30\n", "2 column 3 content.units.from"}, // it was renamed on that day already
		{"code,name,population\n00004,Phường Ba Đình,nhiều\n", "2 column 3 content.units.number"},
		{"code,name,population\n00004,Phường Ba Đình,7.5\n", "2 column 3 content.units.number"},
		{"code,name,population\n00004,Phường Ba Đình,\"6,5023\"\n", "2 column 3 content.units.number"},
		{"code,name,lon\n00004,Phường Ba Đình,NaN\n", "2 column 3 content.units.number"},
		{"code,name,lat\n00004,Phường Ba Đình,105.8\n", "2 column 3 content.units.number"},
	} {
		data := t.TempDir()
		lines, totals := run(t, data, "units", "xa.csv", c.text)
		got := ""
		if len(lines) > 0 {
			got = fmt.Sprintf("%d %s %s", lines[0].Line, lines[0].Path, lines[0].Rule)
			if strings.Contains(lines[0].Reason, "⟦") || lines[0].File != "xa.csv" || lines[0].Severity != "error" {
				t.Errorf("%q: %+v", c.text, lines[0])
			}
		}
		if got != c.want || totals.Refused != len(lines) || totals.Stored != 0 {
			t.Errorf("%q: %q, %+v; want %q", c.text, got, totals, c.want)
		}
		if _, err := os.Stat(filepath.Join(data, "content")); err == nil {
			t.Errorf("%q: something was written", c.text)
		}
	}
}

// The same square in GeoJSON and in CSV draws the same border.
func TestBoundariesFromCSV(t *testing.T) {
	code := importer(t, t.TempDir()).Units.Find("Xã Liên Bão", today)[0].Code
	ring := "106.0 21.1, 106.05 21.1001,106.1 21.1 12,106.1 21.2,106.0 21.2,106.0 21.1"
	want := func(kind, name, text string) map[vn.UnitID]string {
		data := t.TempDir()
		lines, totals := run(t, data, "boundaries", name, text)
		if len(lines) != 0 || totals != (intake.Totals{Read: 1, Stored: 1}) {
			t.Fatalf("%s: %+v, %+v", kind, lines, totals)
		}
		borders, err := importer(t, data).Site.Boundaries()
		if err != nil {
			t.Fatal(err)
		}
		out := map[vn.UnitID]string{}
		for id, b := range borders {
			out[id] = b.Path
		}
		return out
	}
	one := want("GeoJSON", "xa.geojson", `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"`+code+`"},"geometry":{"type":"Polygon","coordinates":`+square+`}}]}`)
	for kind, shape := range map[string]string{"polygon": "POLYGON((" + ring + "))", "multipolygon": "MultiPolygon Z (((" + ring + ")))"} {
		if two := want(kind, "xa.csv", "code,wkt\n"+code+`,"`+shape+"\"\n"); fmt.Sprint(one) != fmt.Sprint(two) {
			t.Errorf("%s draws %v, want %v", kind, two, one)
		}
	}
	for _, c := range []struct{ row, want string }{
		{`00000,"POLYGON((` + ring + `))"`, "2 column 1 content.boundaries.unknown"},
		{`,"POLYGON((` + ring + `))"`, "2 column 1 content.boundaries.code"},
		{code + ",POINT(106 21)", "2 column 2 content.boundaries.wkt"},
		{code + ",", "2 column 2 content.boundaries.wkt"},
		{code + `,"POLYGON((106 21,106 x))"`, "2 column 2 content.boundaries.wkt"},
		{code + `,"POLYGON((` + ring + `)"`, "2 column 2 content.boundaries.wkt"},
		{code + `,"POLYGON((21.1 106,21.2 106,21.2 106.1,21.1 106))"`, "2 column 2 content.boundaries.place"},
		{code + `,"POLYGON((106 21,106 21.1))"`, "2 column 2 content.boundaries.shape"},
		{code + `,"POLYGON((` + ring + "))\"\n" + code + `,"POLYGON((` + ring + `))"`, "3 column 1 content.table.twice"},
	} {
		data := t.TempDir()
		lines, totals := run(t, data, "boundaries", "xa.csv", "code,wkt\n"+c.row+"\n")
		got := ""
		if len(lines) > 0 {
			got = fmt.Sprintf("%d %s %s", lines[0].Line, lines[0].Path, lines[0].Rule)
		}
		if got != c.want || totals.Stored != 0 || strings.Contains(lines[0].Reason, "⟦") {
			t.Errorf("%.60q: %q, %+v; want %q", c.row, got, totals, c.want)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package definitions

import (
	"fmt"
	"strings"
	"testing"

	"mach/app/intake"
)

// One table is replaced, the other stays; a fault in one changes nothing.
func TestEndemicAndEpidemicYears(t *testing.T) {
	data := t.TempDir()
	commune := importer(t, data).Units.Find("Xã Liên Bão", today)[0].Code
	endemic := "Disease,unit,endemic,valid_from,basis\ndengue," + commune + ",0,2026-01-01,QĐ 12/QĐ-UBND\n"
	years := "disease,unit,year,epidemic,basis\ndengue,24,2023,1,QĐ 9/QĐ-UBND\n"
	law := "valid_from,setting,value,basis\n2026-01-01,divisor,n,QĐ 3/QĐ-BYT\n"
	for _, c := range []struct {
		kind, text string
		want       intake.Totals
	}{
		{"endemic", endemic, intake.Totals{Read: 1, Stored: 1}},
		{"epidemic-years", years, intake.Totals{Read: 1, Stored: 1}},
		{"endemic", endemic, intake.Totals{Read: 1, Unchanged: 1}},
		{"law", law, intake.Totals{Read: 1, Stored: 1}},
		{"law", law, intake.Totals{Read: 1, Unchanged: 1}},
	} {
		if lines, totals := run(t, data, c.kind, "x.csv", c.text); len(lines) != 0 || totals != c.want {
			t.Fatalf("%s: %+v, %+v", c.kind, lines, totals)
		}
	}
	for _, c := range []struct{ kind, text, want string }{
		{"endemic", endemic + "dengu," + commune + ",1,2026-01-01,QĐ 1\n", "3 column 1 content.endemic.disease"},
		{"endemic", strings.Replace(endemic, commune, "99999", 1), "2 column 2 content.endemic.unit"},
		{"epidemic-years", strings.Replace(years, "2023", "23", 1), "2 column 3 content.endemic.year"},
		{"law", strings.Replace(law, "divisor", "divisors", 1), "2 column 2 content.law.setting"},
		{"law", law + "2026-01-01,min_valid_years,9,QĐ 3/QĐ-BYT\n", "2  content.law.sense"},
	} {
		lines, totals := run(t, data, c.kind, "x.csv", c.text)
		if len(lines) != 1 || fmt.Sprintf("%d %s %s", lines[0].Line, lines[0].Path, lines[0].Rule) != c.want || strings.Contains(lines[0].Reason, "⟦") || totals.Stored != 0 {
			t.Errorf("%s: %+v, %+v; want %s", c.kind, lines, totals, c.want)
		}
	}
	m := importer(t, data)
	e, err := m.Site.Law(m.Units)
	if err != nil {
		t.Fatal(err)
	}
	if s := e.On(today); s.Divisor != "n" {
		t.Errorf("the divisor is %q", s.Divisor)
	}
	path := []string{commune, "24"}
	if got, basis := e.Endemic("dengue", path, today); got || basis != "QĐ 12/QĐ-UBND" || !e.EpidemicYear("dengue", path, 2023) {
		t.Errorf("endemic %v by %q", got, basis)
	}
}

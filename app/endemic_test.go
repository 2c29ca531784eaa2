// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// A commune that the site's file calls not endemic is judged by linked cases
// (TT 15/2026/TT-BYT Article 16.1c), the others by their years (16.1b); in a
// year that it lists for the province, the baseline of its communes has a gap.
// The numbers that the circular leaves open are those that the site decided.
func TestTheSiteSaysWhatIsEndemic(t *testing.T) {
	data := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		dir := filepath.Join(data, "content", "surveillance")
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	open := func() (*App, error) {
		return Open(t.Context(), Config{Data: data, LiveKit: "none", Site: "test", Level: "error"}, os.Stderr)
	}
	write("endemic.csv", "disease,unit,endemic,valid_from,basis\ndengue,99999,0,2026-01-01,QĐ 1\n")
	if a, err := open(); err == nil || !strings.Contains(err.Error(), "surveillance/endemic.csv line 2 column 2: not-found content.endemic.unit [99999") {
		t.Fatalf("%v, %v", a, err)
	}
	today := vn.DateOf(now())
	write("endemic.csv", "disease,unit,endemic,valid_from,basis\ndengue,09169,0,2026-01-01,QĐ 12/QĐ-UBND\n")
	write("epidemic_years.csv", fmt.Sprintf("disease,unit,year,epidemic,basis\ndengue,24,%d,1,QĐ 9/QĐ-UBND\n", today.Year()-2))
	write("law.csv", "valid_from,setting,value,basis\n2026-01-01,divisor,n,QĐ 3/QĐ-BYT\n2026-01-01,linked_gap_days,21,QĐ 3/QĐ-BYT\n")
	a, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := a.Close(); err != nil {
			t.Error(err)
		}
	}()
	if err := a.Store.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	commune, ok := a.Units.ByCode("09169", today)
	if !ok {
		t.Fatal("no commune 09169")
	}
	other := a.Units.Communes(commune.Parent, today)[0]
	if other.ID == commune.ID {
		other = a.Units.Communes(commune.Parent, today)[1]
	}
	for i, u := range []vn.Unit{commune, other} {
		storetest.Put(t, a.Store, "surveillance", fhir.Condition{ID: []string{"a", "b"}[i], Extension: unitExtension(u),
			VerificationStatus: fhir.Code(fhir.ConditionVerStatus, "confirmed", ""), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")},
			Code: fhir.Code(fhir.ICD10, "A97.0", ""), Subject: fhir.Reference{Display: "Ca bệnh tối thiểu"}, RecordedDate: today.String()})
	}
	cdc := storetest.Actor(store.CDC, "cdc")
	cdc.Unit, cdc.Purpose = commune.Parent, store.PublicHealth
	for _, c := range []struct {
		unit           vn.Unit
		article, basis string
	}{{commune, "16.1c", "QĐ 12/QĐ-UBND"}, {other, "16.1b", "default"}} {
		list, err := a.surveillance.States(t.Context(), cdc, commune.Parent, []vn.UnitID{c.unit.ID}, "dengue", today)
		if err != nil || len(list) != 1 {
			t.Fatalf("%s: %+v, %v", c.unit.Full(), list, err)
		}
		s, left := list[0], 0
		for _, y := range list[0].Month.LeftOut {
			if y.Epidemic {
				left = y.Year
			}
		}
		if s.Month.Article != c.article || s.Basis != c.basis || (left == today.Year()-2) != s.Endemic {
			t.Errorf("%s: article %s by %q, year %d left out: %+v", c.unit.Full(), s.Month.Article, s.Basis, left, s.Month)
		}
		if s.SettingsDivide != "n" || s.LinkedGapDays != 21 {
			t.Errorf("%s: divided by %s, linked within %d days", c.unit.Full(), s.SettingsDivide, s.LinkedGapDays)
		}
	}
}

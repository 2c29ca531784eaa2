// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"mach/content"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

// A disease is renamed in the middle of a week: what was reported on Monday under
// the old name and on Thursday under the new one is one series and one alert, as
// in a view built from nothing.
func TestRenamedDisease(t *testing.T) {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	clock := storetest.NewClock()
	monday := vn.WeekOf(vn.DateOf(clock.Now())).Start().AddDays(7)
	diseases := renamed(t, "dengue", "Sốt do virus Dengue", monday.AddDays(2))
	begins := monday.Time().Add(8 * time.Hour)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		clock.Advance(begins.Sub(clock.Now()))
		w := newWorld(t, s, units, clock)
		w.diseases = diseases
		w.flow(func() {
			for i := range 2 {
				w.report(report{id: fmt.Sprint("old", i), icd: "A97.0", at: w.commune})
			}
		})
		w.clock.Advance(72 * time.Hour)
		w.report(report{id: "new", icd: "A97.0", at: w.commune})
		w.want("one series", vn.Nation, "dengue "+w.commune.Code+" linked-week 3")
		w.wantRebuilt()
	}, optionsOf(units, diseases, clock)...)
}

// renamed is the list of diseases with another name for one from a day on.
func renamed(t *testing.T, id, name string, from vn.Date) *content.DiseaseList {
	t.Helper()
	const path = "surveillance/diseases.csv"
	b, err := os.ReadFile("../../content/" + path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(b)), "\n")
	for i, line := range lines {
		if !strings.HasPrefix(line, id+",") {
			continue
		}
		cells := strings.Split(line, ",")
		was, is := append([]string{}, cells...), append([]string{}, cells...)
		was[11] = from.String()
		is[1], is[10] = name, from.String()
		lines[i] = strings.Join(was, ",") + "\n" + strings.Join(is, ",")
	}
	list, err := content.ReadDiseases(fstest.MapFS{path: {Data: []byte(strings.Join(lines, "\n"))}})
	if err != nil {
		t.Fatal(err)
	}
	if d, ok := list.ByID(id); !ok || d.Name.Vi != name || len(list.List(from)) != len(content.Diseases().List(from)) {
		t.Fatalf("not renamed: %+v", d)
	}
	return list
}

// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"strings"
	"testing"

	"mach/content"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

const forecastHead = "unit,disease,week,value,lower,upper,source,made_on\n"

// forecastReader reads files without a store.
func forecastReader(t testing.TB) *Module {
	units, err := unitsOnce()
	if err != nil {
		t.Fatal(err)
	}
	return New(nil, units, content.Diseases(), content.OurLaw(), nil, nil, storetest.NewClock().Now)
}

func TestReadForecast(t *testing.T) {
	m := forecastReader(t)
	line := "24,dengue,2026-W48,12,8,20,D-MOSS,2026-11-20\n"
	for _, c := range []struct{ name, text, key string }{
		{"good", forecastHead + line + "24,dengue,2026-W49,13.5,8,20,D-MOSS,2026-11-20\n", ""},
		{"with a mark of order", "\ufeff" + forecastHead + line, ""},
		{"no lines", forecastHead, "bulletin.forecast.empty"},
		{"nothing", "", "bulletin.forecast.empty"},
		{"other head", "unit,week\n", "bulletin.forecast.csv"},
		{"head in another order", "disease,unit,week,value,lower,upper,source,made_on\n" + line, "bulletin.forecast.header"},
		{"unknown unit", forecastHead + strings.Replace(line, "24", "999", 1), "bulletin.forecast.line"},
		{"closed disease", forecastHead + strings.Replace(line, "dengue", "hiv", 1), "bulletin.forecast.line"},
		{"no such week", forecastHead + strings.Replace(line, "W48", "W54", 1), "bulletin.forecast.line"},
		{"not a number", forecastHead + strings.Replace(line, "12", "NaN", 1), "bulletin.forecast.line"},
		{"negative", forecastHead + strings.Replace(line, ",8,", ",-8,", 1), "bulletin.forecast.line"},
		{"range above", forecastHead + strings.Replace(line, ",8,", ",13,", 1), "bulletin.forecast.line"},
		{"range below", forecastHead + strings.Replace(line, ",20,", ",11,", 1), "bulletin.forecast.line"},
		{"two sources", forecastHead + line + strings.Replace(strings.Replace(line, "D-MOSS", "Viện", 1), "W48", "W49", 1), "bulletin.forecast.mixed"},
		{"twice", forecastHead + line + line, "bulletin.forecast.twice"},
		{"too long", forecastHead + strings.Repeat(line, maxForecastRows+1), "bulletin.forecast.twice"},
	} {
		source, made, rows, err := m.readForecast([]byte(c.text))
		switch {
		case c.key == "" && (err != nil || source != "D-MOSS" || made.String() != "2026-11-20" || len(rows) == 0):
			t.Errorf("%s: %s, %s, %d rows, %v", c.name, source, made, len(rows), err)
		case c.key != "" && (err == nil || !strings.Contains(err.Error(), c.key)):
			t.Errorf("%s: %v, want %s", c.name, err, c.key)
		}
	}
}

// Whatever the file, it is read or refused; what is read can be drawn.
func FuzzReadForecast(f *testing.F) {
	m := forecastReader(f)
	f.Add(forecastHead + "24,dengue,2026-W48,12,8,20,D-MOSS,2026-11-20\n")
	f.Add("\"")
	f.Fuzz(func(t *testing.T, text string) {
		source, _, rows, err := m.readForecast([]byte(text))
		if err != nil {
			return
		}
		if source == "" || len(rows) == 0 || len(rows) > maxForecastRows {
			t.Fatalf("%q, %d rows", source, len(rows))
		}
		for _, x := range rows {
			if !(x.low >= 0 && x.low <= x.value && x.value <= x.high) {
				t.Fatalf("%+v", x)
			}
		}
	})
}

// A forecast is laid over the curve, the newest of each source; taken off it is
// gone from the curve and stays in the history; nobody loads for elsewhere.
func TestForecastOnTheCurve(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		cdc := w.actor(store.CDC)
		week, made := vn.WeekOf(w.today()), w.today()
		file := func(unit, value string, made vn.Date) []byte {
			return []byte(forecastHead + strings.Join([]string{unit, "dengue", week.Add(1).String(), value, "0", "99", "D-MOSS", made.String()}, ",") + "\n")
		}
		if _, err := w.loadForecast(t.Context(), cdc, file(provinceCode, "10", made-7), "old"); err != nil {
			t.Fatal(err)
		}
		id, err := w.loadForecast(t.Context(), cdc, file(provinceCode, "20", made), "new")
		if err != nil {
			t.Fatal(err)
		}
		shown := func() float64 {
			list, err := w.layers(t.Context(), cdc, w.province.ID, "dengue", week.Start(), week.Start()+70)
			if err != nil || len(list) > 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			if len(list) == 0 {
				return -1
			}
			return list[0].points[week.Add(1).Start()].value
		}
		if got := shown(); got != 20 {
			t.Errorf("shown %v, want the newest, 20", got)
		}
		if err := w.withdraw(t.Context(), cdc, id, "off"); err != nil {
			t.Fatal(err)
		}
		if got := shown(); got != 10 {
			t.Errorf("shown %v, want the one before, 10", got)
		}
		for name, c := range map[string]struct {
			who  store.Actor
			text []byte
		}{
			"elsewhere":  {cdc, file("01", "10", made)},
			"to come":    {cdc, file(provinceCode, "10", made+1)},
			"a chairman": {w.actor(store.Chairman), file(provinceCode, "10", made)},
		} {
			if _, err := w.loadForecast(t.Context(), c.who, c.text, name); err == nil {
				t.Errorf("%s was loaded", name)
			}
		}
		w.rebuilt()
	})
}

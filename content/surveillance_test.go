// SPDX-License-Identifier: Apache-2.0

package content_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"mach/content"
	"mach/vn"
)

var listed = vn.NewDate(2026, time.July, 1)

// The list has the counts of QĐ 97/QĐ-PB (81: 18 in 24 hours, 17 in 48 hours,
// 46 weekly) and of QĐ 1965/QĐ-BYT 2026 (A 15, B 47, C 19).
func TestDiseaseCounts(t *testing.T) {
	list := content.Diseases().List(listed)
	clock, group, ids := map[content.Clock]int{}, map[string]int{}, map[string]bool{}
	for _, d := range list {
		clock[d.Clock]++
		group[d.Group]++
		if ids[d.ID] || d.Name.Vi == "" || d.Name.En == "" || d.Basis == "" {
			t.Errorf("%s is incomplete or stands twice", d.ID)
		}
		ids[d.ID] = true
	}
	if len(list) != 81 || clock[content.Clock24h] != 18 || clock[content.Clock48h] != 17 || clock[content.ClockWeekly] != 46 {
		t.Errorf("%d diseases, clocks %v", len(list), clock)
	}
	if group["A"] != 15 || group["B"] != 47 || group["C"] != 19 {
		t.Errorf("groups %v", group)
	}
	if before := content.Diseases().List(listed - 1); before != nil {
		t.Errorf("%d diseases before the list", len(before))
	}
}

// Every code of list 01 of QĐ 97/QĐ-PB leads to its disease.
func TestDiseaseOf(t *testing.T) {
	for _, c := range []struct{ codes, disease string }{
		{"A80 A80.9", "polio"}, {"A20", "plague"}, {"J09", "influenza-h5n1"}, {"A98.4", "ebola"}, {"A96.2", "lassa"},
		{"A98.3", "marburg"}, {"B33.8", "nipah"}, {"A92.3", "west-nile"}, {"A95", "yellow-fever"}, {"U04", "sars"},
		{"B34.2", "mers"}, {"A36", "diphtheria"}, {"A39", "meningococcal"}, {"B05", "measles"},
		{"U07.1 U07.2", "covid-19"}, {"A82", "rabies"}, {"B04", "mpox"}, {"A92.0", "chikungunya"}, {"A98.5 B33.4", "hanta"},
		{"A92.5 P35.4", "zika"}, {"A37", "pertussis"}, {"A40.8 G00.2", "strep-suis"}, {"B06 P35.0", "rubella"},
		{"A97 A97.0 A97.9", "dengue"}, {"B50 B51 B52 B53 B54 B50.9", "malaria"}, {"A00", "cholera"}, {"B08.4", "hand-foot-mouth"},
		{"A22", "anthrax"}, {"A33 A34 A35", "tetanus"}, {"B15", "hepatitis-a"}, {"A83.0", "japanese-encephalitis"},
		{"J10 J11 J11.1", "influenza"}, {"G00.0 A41.3 J14 J05.1 J20.1", "hib"}, {"A32 P37.2", "listeria"}, {"A43", "nocardia"},
		{"J13 A40.3 G00.1 M00.1", "pneumococcal"}, {"A87.1 A85.1 A08.2 B34.0 J12.0", "adenovirus"},
		{"B30.0 B30.1", "adenoviral-conjunctivitis"}, {"B20 B21 B22 B23 B24 B20.1 Z20.6 Z21", "hiv"},
		{"J12.1 J20.5 J21.0", "rsv"}, {"B07 A63.0", "hpv"}, {"A15 A16 A16.2", "tuberculosis"}, {"A48.1 A48.2", "legionella"},
		{"A27", "leptospirosis"}, {"B26", "mumps"}, {"A01", "typhoid"}, {"B01", "varicella"}, {"A08.0", "rotavirus"},
		{"B16 B18.0 B18.1", "hepatitis-b"}, {"B17.1 B18.2", "hepatitis-c"}, {"B17.0", "hepatitis-d"}, {"B17.2", "hepatitis-e"},
		{"A83 A83.2 A84 A85 A86 G04.8 G04.9", "viral-encephalitis"}, {"J20.3", "coxsackie-bronchitis"}, {"A24", "melioidosis"},
		{"A05.1", "botulism"}, {"B69", "cysticercosis"}, {"A07.1", "giardiasis"}, {"B72 B75 B76 B77.9 B81 B83 B83.1", "helminths"},
		{"B83.0", "toxocariasis"}, {"B37 B37.3 B20.4", "candidiasis"}, {"A75.0 A75.2 A77 A79", "rickettsia"},
		{"B68 B70 B71", "tapeworm"}, {"B67", "echinococcosis"}, {"B66 B66.1", "liver-fluke"}, {"B66.4", "lung-fluke"},
		{"B66.5 B66.8", "intestinal-fluke"}, {"A59", "trichomoniasis"}, {"B20.2 B25 B27.1 P35.1", "cytomegalovirus"},
		{"A60 B00 B02 P35.2", "herpes"}, {"A50 A51 A52 A53 A65", "syphilis"}, {"A54", "gonorrhoea"}, {"A06", "amoebic-dysentery"},
		{"A03", "shigellosis"}, {"A71", "trachoma"}, {"A30", "leprosy"}, {"A05.3", "vibrio-parahaemolyticus"},
		{"A75.3 A09 A90 I10 A40 J20 B82.9", ""},
	} {
		for _, code := range strings.Fields(c.codes) {
			got, ok := content.Diseases().For(code, listed)
			if got.ID != c.disease || ok != (c.disease != "") {
				t.Errorf("%s: got %q, want %q", code, got.ID, c.disease)
			}
			if _, ok := content.Diseases().For(code, listed-1); ok {
				t.Errorf("%s is notifiable before the list began", code)
			}
			if old, _ := content.Diseases().Series(code); old.ID != c.disease {
				t.Errorf("%s is counted under %q", code, old.ID)
			}
		}
	}
}

// No code has two winners: two diseases never hold ranges of the same
// precision that meet.
func TestNoAmbiguousDisease(t *testing.T) {
	type claim struct{ disease, of string }
	won := map[string]claim{}
	for _, d := range content.Diseases().List(listed) {
		for _, r := range d.ICD {
			for c := r.From; c <= r.To; c = next(c) {
				key := c
				if r.From != r.To {
					key += "…" // a span is less precise than one code
				}
				if w, twice := won[key]; twice && w.disease != d.ID {
					t.Errorf("%s and %s both claim %s", w.disease, d.ID, c)
				}
				won[key] = claim{d.ID, c}
			}
		}
		for _, r := range d.SharedICD {
			if _, ok := content.Diseases().For(r.From, listed); !ok {
				t.Errorf("%s shares %s, which no disease holds", d.ID, r)
			}
		}
	}
}

// next is the code after c in its form: A83 → A84, B30.0 → B30.1.
func next(c string) string {
	b := []byte(c)
	for i := len(b) - 1; i >= 0; i-- {
		switch {
		case b[i] == '.':
		case b[i] == '9':
			b[i] = '0'
		default:
			b[i]++
			return string(b)
		}
	}
	return "~"
}

func TestAvianInfluenzaIsChosen(t *testing.T) {
	var ids []string
	for _, d := range content.Diseases().Choices("J09", listed) {
		ids = append(ids, d.ID)
	}
	if want := []string{"influenza-h5n1", "influenza-h5n6", "influenza-h7n9", "influenza-h9n2"}; !slices.Equal(ids, want) {
		t.Errorf("J09: got %v, want %v", ids, want)
	}
}

// Every notifiable disease with a code can be diagnosed from the station's
// own list.
func TestDiseasesCanBeDiagnosed(t *testing.T) {
	found := map[string]bool{}
	for _, d := range content.Diagnoses().All() {
		if x, ok := content.Diseases().For(d.Code, listed); ok {
			found[x.ID] = true
		}
	}
	for _, d := range content.Diseases().List(listed) {
		if len(d.ICD) > 0 && !found[d.ID] {
			t.Errorf("no diagnosis of the list leads to %s", d.ID)
		}
	}
}

// A disease is closed exactly when each of its codes is labelled as HIV or
// as passed by sex.
func TestClosedDiseases(t *testing.T) {
	for _, d := range content.Diseases().List(listed) {
		labelled := len(d.ICD) > 0
		for _, r := range d.ICD {
			labelled = labelled && content.Sensitivity(content.ICD10, r.From, "") != nil
		}
		if d.Closed != labelled {
			t.Errorf("%s: closed is %v, its codes say %v", d.ID, d.Closed, labelled)
		}
	}
}

func TestClocks(t *testing.T) {
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, vn.Zone)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		clock     content.Clock
		from, due string
	}{
		{content.Clock24h, "2026-11-20 16:30", "2026-11-21 16:30"},
		{content.Clock48h, "2026-11-20 16:30", "2026-11-22 16:30"},
		{content.ClockWeekly, "2026-11-09 00:00", "2026-11-18 00:00"}, // Monday
		{content.ClockWeekly, "2026-11-15 23:59", "2026-11-18 00:00"}, // Sunday of the same week
		{content.ClockWeekly, "2026-11-16 00:00", "2026-11-26 00:00"}, // Tuesday 24 November is a day off
		{content.ClockWeekly, "2026-11-23 00:00", "2026-12-02 00:00"},
		{content.ClockWeekly, "2026-08-28 10:00", "2026-09-04 00:00"}, // Tuesday 1 and Wednesday 2 September are days off: by Thursday
		{content.Clock24h, "2026-09-01 10:00", "2026-09-02 10:00"},    // hours run through days off
		{content.ClockDeath, "2026-11-20 16:30", "2026-11-21 16:30"},
	} {
		if got := c.clock.Due(at(c.from)); !got.Equal(at(c.due)) {
			t.Errorf("%s from %s: got %s, want %s", c.clock, c.from, got.In(vn.Zone), c.due)
		}
	}
}

func TestEndemic(t *testing.T) {
	e := content.OurLaw()
	if got, basis := e.Endemic("dengue", []string{"09169", "24"}, listed); !got || basis == "" {
		t.Errorf("dengue in Bắc Ninh: %v, %q", got, basis)
	}
	if got, _ := e.Endemic("cholera", []string{"09169", "24"}, listed); got {
		t.Error("cholera is endemic in Bắc Ninh")
	}
	if got, _ := e.Endemic("no such disease", nil, listed); got {
		t.Error("an unknown disease is endemic")
	}
	for disease, want := range map[string]bool{"ebola": true, "emerging": true, "sars": false, "polio": false, "dengue": false, "no such disease": false} {
		if e.Never(disease, listed) != want {
			t.Errorf("%s never recorded in Viet Nam: %v", disease, !want)
		}
	}
}

func TestSettings(t *testing.T) {
	s := content.SurveillanceOn(listed)
	if s.Divisor != "n-1" || s.MinValidYears != 3 || s.BaselineYears != 5 || s.EpidemicSD != 2 || s.LinkedMonth != 5 || s.LinkedWeek != 3 {
		t.Errorf("the defaults are not those agreed: %+v", s)
	}
	last := 0.0
	for _, e := range s.Escalation {
		if e.Share <= last || e.Share >= 1 {
			t.Errorf("escalation %+v out of order", e)
		}
		last = e.Share
		if content.NameOf(content.Roles(), e.To).Vi == e.To {
			t.Errorf("escalation to %q, which is no role", e.To)
		}
	}
	if last == 0 {
		t.Error("nothing escalates")
	}
}

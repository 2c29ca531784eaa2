// SPDX-License-Identifier: Apache-2.0

package app

import (
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/store/storetest"
	"mach/vn"
)

// typical is a visit as stations have them: what is on file of the person, what
// the doctor diagnoses, and what the visit then asks.
type typical struct {
	name, born, icd string
	phone, guardian bool // on file
	household       bool // ethnic group and occupation came with the list of households
	occupation      string
	dose, test      string // on file: vaccine (CVX), laboratory test
	asked           map[string]string
}

// typicals are the notifiable diseases that stations see most, in people of all
// ages, of whom much or little is on file.
func typicals(today vn.Date) []typical {
	onset := func(days int) string { return today.AddDays(-days).String() }
	return []typical{
		{name: "child with measles", born: today.AddMonths(-50).String(), icd: "B05.9", guardian: true, household: true, occupation: "child", dose: "05",
			asked: map[string]string{"onset": onset(3), "workplace": "Mầm non Hoa Sen", "travel": "Không", "contact": "yes", "vaccinated": "", "sampled": "yes"}},
		{name: "adult with dengue", born: today.AddMonths(-34 * 12).String(), icd: "A97.0", phone: true, test: "Dengue NS1 test nhanh",
			asked: map[string]string{"onset": onset(3), "workplace": "Chợ Nhớn", "occupation": "trader", "ethnic": "01", "travel": "Về Hà Nội 5 ngày", "contact": "unknown", "vaccinated": "no"}},
		{name: "man with rabies", born: today.AddMonths(-51 * 12).String(), icd: "A82.9", household: true, occupation: "farmer",
			asked: map[string]string{"onset": onset(2), "phone": "0912 345 111", "workplace": "Ruộng nhà", "travel": "Không; chó lạ cắn", "contact": "no", "vaccinated": "no", "sampled": "no"}},
		{name: "woman with acute hepatitis B", born: today.AddMonths(-28 * 12).String(), icd: "B16.9", phone: true, household: true, occupation: "worker", test: "HBsAg test nhanh",
			asked: map[string]string{"onset": onset(6), "workplace": "Khu công nghiệp Quế Võ", "travel": "Không", "contact": "unknown", "vaccinated": "unknown"}},
		{name: "toddler with hand, foot and mouth", born: today.AddMonths(-20).String(), icd: "B08.4",
			asked: map[string]string{"onset": onset(1), "guardian": "Trần Thị Mai", "guardian_phone": "0912 345 222", "ethnic": "01", "workplace": "Ở nhà với bà", "travel": "Không", "contact": "no", "sampled": "no"}},
		{name: "pensioner with influenza", born: today.AddMonths(-71 * 12).String()[:4], icd: "J10.1", phone: true, household: true, occupation: "retired",
			asked: map[string]string{"onset": onset(2), "travel": "Không", "contact": "yes", "vaccinated": "no", "sampled": "no"}},
		{name: "infant with pertussis", born: today.AddMonths(-4).String(), icd: "A37.9", guardian: true, household: true, occupation: "child", dose: "102",
			asked: map[string]string{"onset": onset(8), "workplace": "Ở nhà", "travel": "Không", "contact": "no", "vaccinated": "", "sampled": "yes"}},
	}
}

// onFile puts the person on record.
func (w *world) onFile(n int, c typical) *patient {
	phone := func(number string) []fhir.ContactPoint { return []fhir.ContactPoint{{System: "phone", Value: number}} }
	p := fhir.Patient{ID: "ca-" + strconv.Itoa(n), Active: new(true), Gender: "female", BirthDate: c.born, Name: []fhir.HumanName{{Text: "Ngô Thị Ca " + strconv.Itoa(n)}},
		Identifier: []fhir.Identifier{fhir.PersonalNumber(fmt.Sprintf("024190%06d", 700+n))}, ManagingOrganization: fhir.Ref("Organization", "tram-a"),
		Address: []fhir.Address{{Use: "home", Text: "Khu 3, phường Vệ An", Extension: unitExtension(w.commune(province, 0))}}}
	if c.phone {
		p.Telecom = phone("+84912345678")
	}
	if c.guardian {
		p.Contact = []fhir.PatientContact{{Name: fhir.HumanName{Text: "Trần Thị Mai"}, Telecom: phone("0912000111")}}
	}
	if c.household {
		p.Extension = []fhir.Extension{{URL: casereport.ExtEthnic, ValueCoding: fhir.Coding{Code: "01"}}, {URL: casereport.ExtOccupation, ValueCoding: fhir.Coding{Code: c.occupation}}}
	}
	w.put(p)
	now := fhir.Instant(time.Now().Add(-time.Minute))
	if c.dose != "" {
		w.put(fhir.Immunization{ID: "mui-" + p.ID, Status: "completed", VaccineCode: fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.CVX, Code: c.dose}}},
			Patient: fhir.Ref("Patient", p.ID), OccurrenceDateTime: vn.DateOf(time.Now()).AddDays(-60).String()})
	}
	if c.test != "" {
		w.put(map[string]any{"resourceType": "Specimen", "id": "mau-" + p.ID, "subject": fhir.Ref("Patient", p.ID), "type": fhir.Words("Máu"), "collection": map[string]any{"collectedDateTime": now}},
			map[string]any{"resourceType": "Observation", "id": "kq-" + p.ID, "status": "final", "category": []any{fhir.Code(fhir.ObservationCategory, "laboratory", "")}, "code": fhir.Words(c.test),
				"subject": fhir.Ref("Patient", p.ID), "effectiveDateTime": now, "specimen": fhir.Ref("Specimen", "mau-"+p.ID), "valueCodeableConcept": fhir.Words("Dương tính"),
				"performer": []fhir.Reference{{Reference: "Organization/tram-a", Display: "Trạm y tế"}}})
	}
	return &patient{id: p.ID, name: "Ca", visits: map[string]string{}}
}

// draftOf signs a visit with the diagnosis and what was answered, and reads on
// the page of the draft how much is filled in.
func (w *world) draftOf(u *user, p *patient, c typical, asked map[string]string) (known, applies int, missing string) {
	w.Helper()
	at := w.post(u, "/tram/nguoi/"+p.id+"/so", url.Values{}).Header().Get("Location")
	form := url.Values{"reason": {"Sốt"}, "diagnosis1": {c.icd}, "version": {versionOn(w.get(u, at).Body.String())}, "act": {"save"}}
	if got := w.post(u, at+"/kham", form); got.Code != http.StatusSeeOther {
		w.Fatalf("%s: saving %d", c.name, got.Code)
	}
	page := w.get(u, at).Body.String() // without JavaScript the questions stand there once the diagnosis is saved
	w.asksOnce(u, c.icd, strings.TrimPrefix(at, "/tram/luot-kham/"))
	form.Set("version", versionOn(page))
	form.Set("act", "sign")
	form.Del("_once")
	for id, answer := range asked {
		if !regexp.MustCompile(`name="` + id + `"`).MatchString(page) {
			w.Errorf("%s: the visit does not ask for %s", c.name, id)
		}
		form.Set(id, answer)
	}
	if got := w.post(u, at+"/kham", form); got.Code != http.StatusSeeOther {
		w.Fatalf("%s: signing %d %s", c.name, got.Code, got.Body)
	}
	w.settle()
	encounter := regexp.MustCompile(`[^/]+$`).FindString(at)
	cause := regexp.MustCompile(`/dich/ca-moi/([A-Za-z0-9-]+)`).FindStringSubmatch(w.get(u, "/dich/luot-kham/"+encounter).Body.String())
	if cause == nil {
		w.Fatalf("%s: no draft", c.name)
	}
	draft := html.UnescapeString(w.get(u, "/dich/ca-moi/"+cause[1]).Body.String())
	says := regexp.MustCompile(`Đã điền (\d+)/(\d+) mục từ hồ sơ`).FindStringSubmatch(draft)
	if says == nil {
		w.Fatalf("%s: the draft does not say how much it knows", c.name)
	}
	known, _ = strconv.Atoi(says[1])
	applies, _ = strconv.Atoi(says[2])
	return known, applies, regexp.MustCompile(`Còn thiếu: [^<]*`).FindString(draft)
}

// asksOnce: with JavaScript the questions come when the diagnosis is typed, stay
// while it does not change, and go with it.
func (w *world) asksOnce(u *user, icd, encounter string) {
	w.Helper()
	ask := func(icd, asked string) (int, string) {
		got := w.post(u, "/tram/luot-kham/"+encounter+"/hoi-them", url.Values{"diagnosis1": {icd}, "asked": {asked}})
		return got.Code, got.Body.String()
	}
	code, first := ask(icd, "")
	disease := regexp.MustCompile(`name="asked" value="([^"]+)"`).FindStringSubmatch(first)
	if code != http.StatusOK || disease == nil || !strings.Contains(first, `name="onset"`) {
		w.Fatalf("%s asks nothing: %d %s", icd, code, first)
	}
	if code, again := ask(icd, disease[1]); code != http.StatusNoContent {
		w.Errorf("%s is asked again: %d %s", icd, code, again)
	}
	if code, gone := ask("I10", disease[1]); code != http.StatusOK || strings.Contains(gone, `name="onset"`) {
		w.Errorf("after another diagnosis: %d %s", code, gone)
	}
}

func versionOn(page string) string {
	if v := regexp.MustCompile(`name="version" value="(\d+)"`).FindStringSubmatch(page); v != nil {
		return v[1]
	}
	return ""
}

// TestCaseFormIsFilled measures how much of the form of a case report is filled
// in before its reporter types: questions with an answer, of those that arise
// for the case (a question arises unless another answer rules it out, as in
// Report.arises), when the draft of a visit is opened; over typical cases, each
// through the station's own pages, where the visit asks what no record has. The
// second figure is that of the same visits with nothing asked.
func TestCaseFormIsFilled(t *testing.T) {
	w := newWorld(t, storetest.Place{Dir: t.TempDir()})
	w.put(fhir.Organization{ID: "tram-a", Name: "Cơ sở tram-a", Type: []fhir.CodeableConcept{fhir.Code(fhir.Base+"/cs/facility-type", "station", "")},
		Telecom: []fhir.ContactPoint{{System: "phone", Value: "02223821000"}}, Address: []fhir.Address{{Extension: unitExtension(w.commune(province, 0))}}})
	w.settle()
	u := w.users["bac-si-a"]
	var sum [2][2]int
	for n, c := range typicals(vn.DateOf(time.Now())) {
		for which, asked := range []map[string]string{c.asked, nil} {
			known, applies, missing := w.draftOf(u, w.onFile(2*n+which, c), c, asked)
			t.Logf("%-34s %-5t %d of %d; %s", c.name, asked != nil, known, applies, missing)
			sum[which][0] += known
			sum[which][1] += applies
			if asked != nil && 100*known < 85*applies {
				t.Errorf("%s: %d of %d with %v; %s", c.name, known, applies, slices.Sorted(maps.Keys(asked)), missing)
			}
		}
	}
	share := func(s [2]int) float64 { return 100 * float64(s[0]) / float64(s[1]) }
	fmt.Printf("case form of %d typical visits: %.1f %% of the questions that arise are filled in, %.1f %% where the visit asked nothing\n",
		len(typicals(0)), share(sum[0]), share(sum[1]))
	if share(sum[0]) < 90 {
		t.Errorf("%d of %d filled in", sum[0][0], sum[0][1])
	}
}

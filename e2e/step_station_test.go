// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"mach/e2e/harness"
	"mach/store"
)

// plain takes the marks off, as somebody types who has no time for them. The
// stories do it their own way, so that they do not repeat a fault of vn.Fold.
func plain(s string) string {
	s, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn))), strings.ToLower(s))
	if err != nil {
		return ""
	}
	return strings.ReplaceAll(s, "đ", "d")
}

// The citizen card of somebody new, with an address of the old map: Xã Nham
// Sơn was split between two of today's communes (decisions of units, lineage
// of 2025-07-01).
const (
	cardName    = "Thân Thị Hoàng Bảo Ngọc Trâm"
	cardNumber  = "024190654321"
	cardAddress = "Thôn Kem, Xã Nham Sơn, Thành phố Bắc Giang, Tỉnh Bắc Giang"
	cardText    = cardNumber + "|121234567|" + cardName + "|12031990|Nữ|" + cardAddress + "|01052021"
)

// receives: reception finds a person by letters without marks and gives a
// number; reads a card, keeps its address as printed and offers today's
// candidates; finds the new person again by number and birth year.
func (st *story) receives() {
	vi := st.vi
	st.phone = st.b.Phone(st.s, "person").Become(st.person).Go("/so")
	st.nurse = st.desk("nurse", st.s.Of(st, store.Nurse)).Go("/tram")
	st.reception = st.b.Desk(st.s, "reception").SignIn(st.s.Of(st, store.Receptionist))
	st.pages = append(st.pages, st.phone, st.reception)

	p := st.reception.Follow(vi("station.reception"))
	p.Fill(vi("station.find.label"), letters(st.person.Name))
	found := p.Within("#people").See(st.person.Name)
	for _, link := range found.Links() {
		if id, ok := strings.CutPrefix(link, "/tram/nguoi/"); ok && len(id) == 36 {
			st.patient = id
			break
		}
	}
	p.FollowNear(st.person.Name, vi("station.arrive"))
	p.See(vi("station.arrived"), st.person.Name)
	st.nurse.See(st.person.Name) // the queue moved by itself

	p.Go("/tram/tiep-don")
	p.Fill(vi("station.card.label"), cardText)
	p.Follow(vi("station.card.read"))
	for label, want := range map[string]string{
		"station.person.name.label": cardName, "station.person.birth.label": "12/03/1990",
		"station.person.number.label": cardNumber, "station.person.address.label": cardAddress,
	} {
		if got := p.Value(vi(label)); got != want {
			p.Fail("%s holds %q after reading the card, want %q", vi(label), got, want)
		}
	}
	p.See(vi("station.person.commune.candidates", 3))
	options := harness.Eval[string](p, `[...document.querySelectorAll("select[name=commune] option")].map(o => o.textContent.trim()).join("; ")`)
	for _, commune := range []string{"Phường Bắc Giang", "Phường Yên Dũng"} {
		if !strings.Contains(options, commune) {
			p.Fail("%s is no candidate for %s; there are %s", commune, cardAddress, options)
		}
	}
	p.Select(vi("station.person.commune.label"), "Phường Yên Dũng")
	p.Follow(vi("station.register.save")).See(cardName, cardAddress)

	p.Go("/tram/tiep-don")
	p.Fill(vi("station.find.label"), cardNumber)
	p.Within("#people").See(vi("station.year"))
	p.Fill(vi("station.year"), "1990")
	p.FollowNear(vi("station.year"), vi("station.find.do")).See(cardName)
}

// before is a weight on record from long ago, written through the FHIR
// interface as another system would.
func (st *story) before() string {
	token := strings.TrimSpace(st.s.Run(st, "token", "--scope", "system/*.cruds"))
	st.s.FHIR(st, token, "POST", "/Observation", map[string]any{
		"resourceType": "Observation", "status": "final",
		"category":          []any{map[string]any{"coding": []any{map[string]any{"system": "http://terminology.hl7.org/CodeSystem/observation-category", "code": "vital-signs"}}}},
		"code":              map[string]any{"coding": []any{map[string]any{"system": "http://loinc.org", "code": "8302-2"}}},
		"subject":           map[string]any{"reference": "Patient/" + st.patient},
		"effectiveDateTime": "2025-03-09T08:00:00+07:00",
		"valueQuantity":     map[string]any{"value": 163.5, "unit": "cm", "system": "http://unitsofmeasure.org", "code": "cm"},
	})
	return "163,5 cm"
}

// examines: nothing is prefilled and the last value stands beside; the nurse
// cannot sign; a draft stays out of the book and of every figure; signing puts
// the visit into the book and moves three dashboards that lie open.
func (st *story) examines() {
	vi := st.vi
	last := st.before()
	st.openBoard("commune", st.s.Of(st, store.Chairman))
	st.openBoard("province", st.s.Of(st, store.Department))
	st.openBoard("ministry", st.s.Of(st, store.Ministry))

	p := st.nurse.FollowNear(st.person.Name, vi("station.do.measure"))
	st.visit = p.Path()
	for _, v := range []string{"temperature", "pulse", "systolic", "diastolic", "respiration", "saturation", "weight", "height"} {
		if got := p.Value(vi("station.vital." + v)); got != "" {
			p.Fail("%s is prefilled with %q", v, got)
		}
	}
	p.See(last, "09/03/2025", vi("station.exam.waits")).Never(vi("station.sign"))
	for label, value := range map[string]string{"temperature": "39,2", "pulse": "98", "systolic": "112", "diastolic": "71", "weight": "57,9"} {
		p.Fill(vi("station.vital."+label), value)
	}
	p.Follow(vi("station.vitals.save")).See(vi("station.measured"), "39,2", "112")

	st.treating = st.desk("doctor", st.doctor)
	d := st.treating.Go("/tram").FollowNear(st.person.Name, vi("station.do.examine"))
	d.Fill(vi("station.reason"), "Sốt cao đột ngột ngày thứ 3, đau đầu, mỏi cơ")
	d.Fill(vi("station.diagnosis.main"), "sot xuat huyet dengue")
	d.Click("A97.0 Sốt xuất huyết Dengue") // suggested while typing
	if got := d.Value(vi("station.diagnosis.main")); got != "A97.0 Sốt xuất huyết Dengue" {
		d.Fail("taking the suggestion wrote %q", got)
	}
	d.Fill(vi("station.medicine", 1), "Paracetamol 500 mg")
	d.Fill(vi("station.advice"), "Uống nhiều nước, theo dõi dấu hiệu chảy máu.")
	d.Fill(vi("station.follow_up"), inDays(3))
	d.Follow(vi("station.exam.save")).See(vi("station.saved"), vi("station.visit.draft"))

	st.seen = vi("book.visit.sentence", today(), st.doctor.Place)
	st.phone.Go("/so").Never(st.seen) // unsigned: not in the book
	st.moves("nothing, since nothing is signed", 0, 0, 0)
	harness.Eval[bool](st.phone, "window.__first = true")

	d.Follow(vi("station.sign")).See(vi("station.signed"))
	st.phone.See(st.seen)
	if !harness.Eval[bool](st.phone, "window.__first === true") {
		st.phone.Fail("the book was loaded again")
	}
	st.moves("the signed visit", 1, 0, 0)
}

// reads: the person opens the visit on a phone and finds plain words.
func (st *story) reads() {
	vi := st.vi
	p := st.phone.Follow(st.seen)
	p.See(vi("book.diagnosis"), "Sốt xuất huyết", "muỗi vằn", "Paracetamol 500 mg", "Uống nhiều nước, theo dõi dấu hiệu chảy máu.",
		inDays(3), vi("book.measure.temperature"), "39,2")
	if wide := harness.Eval[int](p, "document.documentElement.scrollWidth"); wide > 390 {
		p.Fail("the page is %d px wide on a phone of 390 px", wide)
	}
}

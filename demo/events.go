// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"fmt"
	"time"

	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// happening is what the generated events are about: one focus of measles with
// cases, contacts and daily reports, one signal that still waits, one event and
// one signal that came to nothing. Their words say that they are generated.
type happening struct {
	g       *generator
	commune vn.Unit
	id      string // the signal
	topic   fhir.CodeableConcept
	out     []any
}

// step writes one step of the event as modules/events does.
func (h *happening) step(kind, category string, when time.Time, role store.Role, words string, edit func(*fhir.Communication)) {
	g, f := h.g, h.g.facilities[h.g.station(h.commune)]
	who := f.one(role)
	id := g.plan.id(fmt.Sprintf("event %s %d", h.id, len(h.out)))
	c := fhir.Communication{
		ID: id, Status: "completed", Sent: fhir.Instant(when), Topic: h.topic,
		Extension: []fhir.Extension{fhir.Unit(h.commune.Code, h.commune.From.String(), h.commune.Full())},
		Category:  []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, category, ""), fhir.Code(fhir.Base+"/cs/event-step", kind, "")},
		Sender:    fhir.Reference{Reference: "Organization/" + f.id, Display: f.name},
		Payload:   []fhir.Payload{{ContentString: words + " (số liệu giả lập)"}},
		Note:      []fhir.Annotation{{AuthorReference: fhir.Ref("Practitioner", who.practitioner), Time: fhir.Instant(when), Text: who.name}},
	}
	if kind == "signal" {
		h.id = id
	} else {
		c.InResponseTo = []fhir.Reference{fhir.Ref("Communication", h.id)}
		c.Category[0].Coding = append(c.Category[0].Coding, fhir.Coding{System: fhir.CSCategory, Code: "event"})
	}
	if edit != nil {
		edit(&c)
	}
	h.out = append(h.out, c)
}

// told is what a signal says besides its words.
func told(source, place string, since vn.Date, sick int) func(*fhir.Communication) {
	return func(c *fhir.Communication) {
		c.Medium = []fhir.CodeableConcept{fhir.Code(fhir.Base+"/cs/event-source", source, "")}
		c.Extension = append(c.Extension, fhir.Extension{URL: fhir.Base + "/ext/event-place", ValueString: place},
			fhir.Extension{URL: fhir.Base + "/ext/event-since", ValueDate: since.String()}, counts("cases", sick))
	}
}

func counts(pairs ...any) fhir.Extension {
	x := fhir.Extension{URL: fhir.Base + "/ext/event-count"}
	for i := 0; i+1 < len(pairs); i += 2 {
		n := pairs[i+1].(int)
		x.Extension = append(x.Extension, fhir.Extension{URL: pairs[i].(string), ValueInteger: &n})
	}
	return x
}

func (g *generator) fillEvents(ctx context.Context, tell func(done, total int)) error {
	made := []*happening{g.waitingSignal(), g.bitten(), g.explained()}
	if ill := g.class(3); len(ill) == 3 {
		made = append(made, g.focus(ill))
	}
	for i, h := range made {
		if err := g.write(ctx, g.working(h.commune), h.out); err != nil {
			return err
		}
		tell(i+1, len(made))
	}
	return g.write(ctx, g.working(g.communes[0]), g.duty(g.communes[0]))
}

func (g *generator) about(commune vn.Unit, key, disease, words string) *happening {
	h := &happening{g: g, commune: commune, id: key, topic: fhir.Words(words)}
	if d, ok := g.diseases.ByID(disease); ok {
		h.topic = fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.Base + "/cs/disease", Code: d.ID, Display: d.Name.Vi}}, Text: d.Name.Vi}
	}
	return h
}

const decision, step = "event-decision", "event-step"

// class is up to n children of the first commune who go to one kindergarten,
// none of whom a guardian signs in for (citizens takes the first child).
func (g *generator) class(n int) []person {
	var out []person
	first := true
	for i := 0; i < g.plan.People && len(out) < n; i += len(g.communes) {
		p := g.person(i)
		age := p.ageOn(g.plan.Date)
		if age >= 2 && age < 6 && !first {
			out = append(out, p)
		}
		first = first && age >= 7
	}
	return out
}

// focus is measles in the first commune: three cases since twelve days, two
// contacts, reports on all days but the last two.
func (g *generator) focus(ill []person) *happening {
	today := g.plan.Date
	h := g.about(g.communes[0], "measles", "measles", "")
	const name = "Lớp mầm non Hoa Sen"
	h.step("signal", "event", at(today-11, 7, 40), store.VillageWorker, "Hai trẻ cùng lớp sốt, phát ban", told("village", name, today-13, 2))
	h.step("verified", step, at(today-11, 15, 10), store.Doctor, "Đã khám tại lớp: ban dạng sởi, một trẻ chưa tiêm", nil)
	h.step("risk", step, at(today-11, 16, 0), store.Doctor, "Lớp có 24 trẻ, bốn trẻ chưa tiêm đủ", func(c *fhir.Communication) {
		c.ReasonCode = []fhir.CodeableConcept{fhir.Code(fhir.Base+"/cs/event-risk", "medium", ""), fhir.Code(fhir.Base+"/cs/event-trigger", "unusual", "")}
	})
	h.step("focus", decision, at(today-10, 9, 0), store.StationDirector, "Cùng lớp, cùng phòng ngủ trưa", func(c *fhir.Communication) {
		c.Extension = append(c.Extension, fhir.Extension{URL: fhir.Base + "/ext/event-focus", ValueString: name},
			fhir.Extension{URL: fhir.Base + "/ext/event-place", ValueString: name}, fhir.Extension{URL: fhir.Base + "/ext/event-since", ValueDate: (today - 13).String()})
	})
	var first fhir.Condition
	for i, back := range []vn.Date{12, 9, 5} {
		c := g.ill(ill[i], "B05.9", "Sởi", name, today-back, i == 0)
		if i == 0 {
			first = c
		}
		h.out = append(h.out, c)
	}
	for d := today - 10; d < today-1; d++ {
		h.step("daily", step, at(d, 16, 30), store.Doctor, "Theo dõi trẻ cùng lớp, vệ sinh lớp học", func(c *fhir.Communication) {
			n := 1
			for _, back := range []vn.Date{9, 5} {
				if d >= today-back {
					n++
				}
			}
			c.Extension = append(c.Extension, counts("cases", n, "new", 0, "confirmed", 1, "deaths", 0, "contacts", 2, "seen", 2))
		})
	}
	for i, who := range []string{"Nguyễn Thị Hoàng Bảo Ngọc Trâm", "Phạm Văn Đức"} {
		h.out = append(h.out, g.contact(h, first, i, who)...)
	}
	h.out = append(h.out, fhir.Task{ID: g.plan.id("event task"), Status: "requested", Intent: "order", Code: fhir.Code(fhir.CSTask, "response", ""),
		Extension: first.Extension[:1], Description: "Tiêm vét vắc xin sởi cho trẻ chưa đủ mũi trong thôn", Focus: fhir.Ref("Communication", h.id),
		Owner: fhir.Reference{Display: "Trạm y tế và trường mầm non"}, AuthoredOn: fhir.Instant(at(today-9, 9, 0)), Restriction: fhir.TaskRestriction{Period: fhir.Period{End: (today + 2).String()}}})
	return h
}

// ill is the report of a case that names the focus.
func (g *generator) ill(p person, code, name, focus string, day vn.Date, confirmed bool) fhir.Condition {
	status := "provisional"
	if confirmed {
		status = "confirmed"
	}
	return fhir.Condition{
		ID: g.plan.id("event case " + p.id), Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, "case-report", "")},
		VerificationStatus: fhir.Code(fhir.ConditionVerStatus, status, ""), ClinicalStatus: fhir.Code(fhir.ConditionClinical, "active", ""),
		Code:    fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.ICD10, Code: code, Display: name}}, Text: name},
		Subject: fhir.Ref("Patient", p.id), OnsetDateTime: (day - 2).String(), RecordedDate: fhir.Instant(at(day, 10, 0)),
		Recorder: fhir.Ref("Practitioner", g.facilities[p.station].one(store.Doctor).practitioner),
		Extension: []fhir.Extension{fhir.Unit(p.commune.Code, p.commune.From.String(), p.commune.Full()),
			{URL: fhir.Base + "/ext/focus", ValueString: focus}},
	}
}

// contact is somebody near the case, asked on the day before; the first of them
// had fever. Whose contact it is, the Task of a village health worker does not
// say: one that stays with the station does.
func (g *generator) contact(h *happening, of fhir.Condition, n int, name string) []any {
	today := g.plan.Date
	input := func(code, value string) fhir.TaskParameter {
		return fhir.TaskParameter{Type: fhir.Code(fhir.Base+"/cs/contact", code, ""), ValueString: value}
	}
	result := fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.Base + "/cs/contact-check", Code: "well"}}}
	if n == 0 {
		result = fhir.CodeableConcept{Coding: []fhir.Coding{{System: fhir.Base + "/cs/contact-check", Code: "fever"}}, Text: "38,4 °C"}
	}
	t := fhir.Task{
		ID: g.plan.id(fmt.Sprintf("event contact %d", n)), Status: "in-progress", Intent: "order", Code: fhir.Code(fhir.CSTask, "contact", ""),
		Extension: of.Extension[:1], Focus: fhir.Ref("Communication", h.id), For: of.Subject, ReasonReference: fhir.Ref("Condition", of.ID),
		AuthoredOn: fhir.Instant(at(today-10, 10, 0)), Owner: fhir.Ref("Organization", g.station(h.commune)),
		Restriction: fhir.TaskRestriction{Period: fhir.Period{Start: (today - 11).String(), End: (today + 10).String()}},
		Input:       []fhir.TaskParameter{input("name", name), input("phone", fmt.Sprintf("09000000%02d", n)), input("relation", "school")},
		Output:      []fhir.TaskParameter{{Type: result, ValueDateTime: (today - 1).String()}},
	}
	if n != 1 {
		return []any{t}
	}
	kept := t // a village health worker calls at the house
	kept.ID, kept.Status, kept.Restriction, kept.Input, kept.Output = g.plan.id("event contact of"), "completed", fhir.TaskRestriction{}, nil, nil
	worker := g.facilities[g.station(h.commune)].one(store.VillageWorker)
	t.Code, t.Owner = fhir.Code(fhir.CSTask, "contact-village", ""), fhir.Ref("Practitioner", worker.practitioner)
	t.Owner.Display = worker.name
	t.For, t.ReasonReference, t.BasedOn = fhir.Reference{}, fhir.Reference{}, []fhir.Reference{fhir.Ref("Task", kept.ID)}
	return []any{kept, t}
}

// waitingSignal came in the morning and nobody has verified it yet.
func (g *generator) waitingSignal() *happening {
	h := g.about(g.communes[1], "diarrhoea", "", "Nhiều học sinh tiêu chảy sau bữa trưa")
	h.step("signal", "event", g.plan.passed(g.plan.Date, 6, 20), store.Nurse, "Nhà trường báo 14 em đau bụng, tiêu chảy từ chiều qua", told("school", "Trường tiểu học số 2", g.plan.Date-1, 14))
	return h
}

// bitten was verified and is followed without a focus.
func (g *generator) bitten() *happening {
	h := g.about(g.communes[0], "rabies", "rabies", "")
	h.step("signal", "event", at(g.plan.Date-2, 9, 5), store.Nurse, "Thú y báo một con chó cắn ba người rồi chết", told("animal", "Chợ Chùa", g.plan.Date-2, 0))
	h.step("verified", step, at(g.plan.Date-2, 14, 30), store.Doctor, "Ba người đã được tiêm; mẫu chó gửi chi cục thú y", nil)
	return h
}

// explained turned out to be no outbreak.
func (g *generator) explained() *happening {
	h := g.about(g.communes[0], "influenza", "influenza", "")
	h.step("signal", "event", at(g.plan.Date-5, 8, 0), store.VillageWorker, "Nhiều người ho ở thôn Đông", told("village", "Thôn Đông", g.plan.Date-7, 6))
	h.step("discarded", decision, at(g.plan.Date-5, 16, 0), store.StationDirector, "Khói đốt rơm rạ; hết ho sau hai ngày, không ai sốt", func(c *fhir.Communication) {
		c.ReasonCode = []fhir.CodeableConcept{fhir.Code(fhir.Base+"/cs/event-reason", "explained", "")}
	})
	return h
}

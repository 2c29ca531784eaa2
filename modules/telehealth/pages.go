// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"mach/content"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/components/banner"
	"mach/web/components/field"
	"mach/web/components/stat"
	"mach/web/components/tag"
	"mach/web/components/timeline"
	"mach/web/components/worklist"
)

func stateWord(ctx context.Context, s State) string { return web.T(ctx, "telehealth.state."+string(s)) }

func urgencyWord(ctx context.Context, code string) string {
	return web.TOr(ctx, "telehealth.urgency."+code, code)
}

func stateTone(c Case, now time.Time) tag.Tone {
	if due, ok := c.Due(); ok && now.After(due) {
		return tag.Danger
	}
	switch c.State {
	case Concluded:
		return tag.Warning
	case Decided:
		return tag.Good
	case Accepted, Live:
		return tag.Info
	}
	return tag.Plain
}

// clock says how long is left of the time a case's next act has, or how long
// it is over; "" when nothing of the hospital's is awaited.
func clock(ctx context.Context, c Case) string {
	due, ok := c.Due()
	if !ok {
		return ""
	}
	left := due.Sub(web.Now(ctx))
	key := "telehealth.left."
	if left < 0 {
		key, left = "telehealth.over.", -left
	}
	switch {
	case left < time.Hour:
		return web.T(ctx, key+"minutes", int(left/time.Minute))
	case left < 48*time.Hour:
		return web.T(ctx, key+"hours", int(left/time.Hour))
	}
	return web.T(ctx, key+"days", int(left/(24*time.Hour)))
}

// rows turns cases into lines whose one button is the reader's next act.
func rows(ctx context.Context, p listData) []worklist.Row {
	out := make([]worklist.Row, len(p.Cases))
	first := true
	for i, c := range p.Cases {
		r := worklist.Row{
			ID: "c-" + c.ID, Name: c.PatientName, Href: path(c.ID), Meta: partner(ctx, c, p.Role),
			Why: urgencyWord(ctx, c.Urgency) + " · " + c.Question, State: stateWord(ctx, c.State), Tone: stateTone(c, web.Now(ctx)),
		}
		if words := clock(ctx, c); words != "" {
			r.Why = urgencyWord(ctx, c.Urgency) + ", " + words + " · " + c.Question
		}
		if key := next(c, p.Role); key != "" {
			r.Action = web.Link{Text: web.T(ctx, key), Href: path(c.ID)}
			r.Primary, first = first, false
		}
		out[i] = r
	}
	return out
}

// partner names the other side.
func partner(ctx context.Context, c Case, role store.Role) string {
	if asks(role) {
		return c.HospitalName
	}
	return web.T(ctx, "telehealth.from", c.FacilityName)
}

// next is the reader's act that a case waits for; "" when it waits for others.
func next(c Case, role store.Role) string {
	switch {
	case role == store.Coordinator && c.State == Asked:
		return "telehealth.do.accept"
	case role == store.Expert && (c.State == Accepted || c.State == Live):
		return "telehealth.do.advise"
	case asks(role) && c.State == Concluded:
		return "telehealth.do.decide"
	case asks(role) && (c.State == Accepted || c.State == Live):
		return "telehealth.do.meet"
	}
	return ""
}

func bannerOf(ctx context.Context, p Person) banner.Props {
	birth, _ := vn.ParsePartialDate(p.Birth)
	age, _ := vn.AgeOn(birth, vn.DateOf(web.Now(ctx)))
	return banner.Props{
		Name: p.Name, Sex: web.TOr(ctx, "telehealth.sex."+p.Sex, web.T(ctx, "telehealth.sex.unknown")),
		Birth: birth, Age: age, Number: p.Number, Address: p.Address,
	}
}

func caseBanner(ctx context.Context, p caseData) banner.Props {
	if p.Record == nil {
		return banner.Props{Name: p.PatientName}
	}
	b := bannerOf(ctx, p.Record.Person)
	b.Dangers = p.Record.Warnings
	return b
}

// steps are the moves of a case as they happened, the newest first.
func steps(ctx context.Context, p caseData) []timeline.Item {
	out := make([]timeline.Item, len(p.Steps))
	for i, s := range p.Steps {
		item := timeline.Item{When: web.DateTime(ctx, s.At), Title: web.T(ctx, "telehealth.move."+string(s.State)), Text: s.Why, Where: s.Who}
		if s.State == Decided {
			item.Text = web.T(ctx, "telehealth.decision."+string(p.Case.Decision))
			if s.Why != "" {
				item.Text += ": " + s.Why
			}
		}
		item.Now = i == len(p.Steps)-1 && s.State.Open()
		out[len(out)-1-i] = item
	}
	return out
}

func vitals(ctx context.Context, list []Measured) []stat.Item {
	out := make([]stat.Item, len(list))
	for i, v := range list {
		value := v.Value
		if web.LangOf(ctx) == i18n.Vietnamese {
			value = strings.ReplaceAll(value, ".", ",")
		}
		out[i] = stat.Item{Name: vitalName(ctx, v.Code), Value: strings.TrimSpace(value + "\u00a0" + content.UnitWord(v.Code, v.Unit, web.LangOf(ctx)))}
	}
	return out
}

// vitalName is the measurement in the page's language, its code when unknown.
func vitalName(ctx context.Context, code string) string {
	if v, ok := content.VitalOf(code); ok {
		return v.Name.In(web.LangOf(ctx))
	}
	return web.TOr(ctx, "telehealth.vital."+code, code)
}

func hospitalOptions(ctx context.Context, list []Hospital) []field.Option {
	kinds := content.FacilityTypes()
	out := make([]field.Option, len(list))
	for i, h := range list {
		out[i] = field.Option{Value: h.ID, Text: h.Name + " · " + content.NameOf(kinds, h.Kind).In(web.LangOf(ctx))}
	}
	return out
}

func expertOptions(list []Expert) []field.Option {
	out := make([]field.Option, len(list))
	for i, e := range list {
		out[i] = field.Option{Value: e.Practitioner, Text: e.Name}
	}
	return out
}

func urgencyOptions(ctx context.Context, list []content.ConsultationTime) []field.Option {
	out := make([]field.Option, len(list))
	for i, t := range list {
		out[i] = field.Option{
			Value: t.Code, Text: urgencyWord(ctx, t.Code),
			Hint: web.T(ctx, "telehealth.urgency.hint", span(ctx, t.Accept), span(ctx, t.Conclude)),
		}
	}
	return out
}

// span writes a length of time in the unit that reads best.
func span(ctx context.Context, d time.Duration) string {
	if d < time.Hour {
		return web.T(ctx, "telehealth.span.minutes", int(d/time.Minute))
	}
	return web.T(ctx, "telehealth.span.hours", int(d/time.Hour))
}

func decisionOptions(ctx context.Context) []field.Option {
	out := make([]field.Option, 0, 3)
	for _, d := range []Decision{Follow, InPart, Decline} {
		out = append(out, field.Option{Value: string(d), Text: web.T(ctx, "telehealth.decision."+string(d))})
	}
	return out
}

// roomWords are the sentences of the room's script.
func roomWords(ctx context.Context) string {
	words := map[string]string{}
	for _, k := range []string{
		"check", "joining", "again", "left", "closed", "moved", "failed", "insecure", "denied", "missing", "no_camera",
		"no_microphone", "you", "somebody", "muted", "no_picture", "mic_on", "mic_off", "cam_on", "cam_off",
		"quality.excellent", "quality.good", "quality.poor", "quality.lost", "quality.unknown",
	} {
		words[k] = web.T(ctx, "telehealth.room."+k)
	}
	b, err := json.Marshal(words)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// leadOf is the side of a role, for its words: asking, coordinating, advising.
func leadOf(role store.Role) string {
	switch role {
	case store.Coordinator, store.Expert:
		return string(role)
	}
	return "doctor"
}

func partPath(p listData) string {
	if p.Done {
		return "/hoi-chan/danh-sach?xem=xong"
	}
	return "/hoi-chan/danh-sach"
}

func lead(ctx context.Context, c Case) string {
	return web.T(ctx, "telehealth.case.lead", c.FacilityName, c.HospitalName)
}

func seen(p caseData) State {
	if p.Seen == "" {
		return p.State
	}
	return p.Seen
}

func by(ctx context.Context, w Words) string {
	return web.T(ctx, "telehealth.by", w.Who, web.DateTime(ctx, w.At))
}

func orDash(s string) string {
	if s == "" {
		return "–"
	}
	return s
}

func decisionTone(d Decision) tag.Tone {
	switch d {
	case Follow:
		return tag.Good
	case InPart:
		return tag.Info
	}
	return tag.Warning
}

// reasonOf is the reason the treating doctor gave with the decision.
func reasonOf(_ context.Context, p caseData) string {
	for _, s := range p.Steps {
		if s.State == Decided {
			return s.Why
		}
	}
	return ""
}

// about returns the typed form when its trouble is with the field, else a
// blank one: two forms on a page do not show each other's errors.
func about(p caseData, name string) *web.Form {
	if len(p.Form.Of(name)) > 0 || len(p.Form.Issues()) == 0 {
		return p.Form
	}
	return nil
}

// unplaced are the issues that no form on the page shows.
func unplaced(p caseData) []issue.Issue {
	if p.Does.Conclude || p.Does.Decide {
		return nil
	}
	return p.Form.Of("")
}

// visitLink leads the treating side back to the visit.
func visitLink(ctx context.Context, p caseData) web.Link {
	if !p.Treating {
		return web.Link{}
	}
	return web.Link{Text: web.T(ctx, "telehealth.visit"), Href: "/tram/luot-kham/" + p.Encounter}
}

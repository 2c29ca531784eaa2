// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"slices"
	"strings"

	"mach/content"
	"mach/vn"
	"mach/web"
	"mach/web/components/alert"
	"mach/web/components/field"
	"mach/web/components/stat"
)

// rows puts questions that take little room side by side, two by two.
func (p part) rows() [][]question {
	var out [][]question
	for _, q := range p.questions {
		n := len(out)
		if n > 0 && len(out[n-1]) == 1 && q.narrow() && out[n-1][0].narrow() {
			out[n-1] = append(out[n-1], q)
			continue
		}
		out = append(out, []question{q})
	}
	return out
}

func (q question) narrow() bool {
	return q.kind != kindArea && !q.radios() && q.id != "disease" && q.id != "current_address"
}

// radios says whether a choice is shown whole.
func (q question) radios() bool {
	return q.kind == kindChoice && len(q.options) > 0 && len(q.options) <= 3
}

// options lists a choice for the form, in the words of the page.
func options(ctx context.Context, p formData, q question) []field.Option {
	var out []field.Option
	add := func(code, text string) { out = append(out, field.Option{Value: code, Text: text}) }
	switch q.id {
	case "disease":
		first := map[string]bool{}
		for _, d := range p.Choices {
			first[d.ID] = true
			add(d.ID, named(ctx, d.Name))
		}
		for _, d := range p.Others {
			if !first[d.ID] {
				add(d.ID, named(ctx, d.Name))
			}
		}
	case "occupation":
		for _, i := range content.Occupations() {
			add(i.Code, named(ctx, i.Name))
		}
	case "ethnic":
		for _, i := range content.EthnicGroups() {
			add(i.Code, named(ctx, i.Name))
		}
	default:
		for _, code := range q.options {
			add(code, web.T(ctx, "surveillance.answer."+code))
		}
	}
	return out
}

// recorded are the answers that the record gives and nobody types.
func recorded(ctx context.Context, r Report) []stat.Item {
	var out []stat.Item
	for _, id := range personFields {
		value := r[id]
		switch {
		case value == "":
			value = web.T(ctx, "surveillance.unknown")
		case id == "sex":
			value = sexWord(ctx, value)
		case id == "birth":
			if b, err := vn.ParsePartialDate(value); err == nil {
				value = web.PartialDate(ctx, b)
			}
		}
		out = append(out, stat.Item{Name: web.T(ctx, "surveillance.q."+id), Value: value})
	}
	return out
}

// knownWords say how much is answered, of a draft from the record alone.
func knownWords(ctx context.Context, p formData) string {
	known, missing := p.Report.Known()
	key := "surveillance.form.known"
	if p.Sent != nil {
		key = "surveillance.form.answered"
	}
	return web.T(ctx, key, known, known+len(missing))
}

// missingWords name the questions that nothing answers; "" for none.
func missingWords(ctx context.Context, r Report) string {
	_, missing := r.Known()
	if len(missing) == 0 {
		return ""
	}
	names := make([]string, len(missing))
	for i, id := range missing {
		names[i] = web.T(ctx, "surveillance.q."+id)
	}
	return web.T(ctx, "surveillance.form.missing", strings.Join(names, ", "))
}

// followsWords say that the answer is not anybody's but follows from others.
func followsWords(ctx context.Context, p formData, q question) string {
	if !slices.Contains(p.Derived, q.id) {
		return ""
	}
	return web.T(ctx, "surveillance.form.derived")
}

func alertOf(c Clock) alert.Kind {
	switch {
	case c.Overdue:
		return alert.Danger
	case c.Level != "":
		return alert.Warning
	}
	return alert.Info
}

// formID is stable for the report, so that what was typed survives.
func formID(p formData) string {
	if p.Sent != nil {
		return "case-" + p.Sent.Case.Report
	}
	return "draft-" + p.Draft.Cause
}

func formAction(p formData) string {
	if p.Sent != nil {
		return casePath(p.Sent.Case.Report)
	}
	return draftPath(p.Draft.Cause)
}

func refuteAction(p formData) string {
	if p.Sent != nil {
		return formAction(p)
	}
	return formAction(p) + "/khong-phai"
}

func formSubmit(p formData) string {
	if p.Sent != nil {
		return "surveillance.form.update"
	}
	return "surveillance.form.send"
}

func short(p field.Props) field.Props {
	p.Short = true
	return p
}

// answered lists the answers of a report for those who only read it.
func answered(ctx context.Context, p formData) []stat.Item {
	var out []stat.Item
	for _, part := range caseForm {
		for _, q := range part.questions {
			value := p.Report[q.id]
			if value == "" {
				continue
			}
			switch q.kind {
			case kindDate:
				if d, err := vn.ParseDate(value); err == nil {
					value = web.Date(ctx, d)
				}
			case kindChoice:
				for _, o := range options(ctx, p, q) {
					if o.Value == value {
						value = o.Text
						break
					}
				}
			}
			out = append(out, stat.Item{Name: web.T(ctx, "surveillance.q."+q.id), Value: value})
		}
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

// Package field is the entry form: one column, label above, unit inside, the
// last value and its date under, the error under and in a summary on top.
//
// A form works without JavaScript. With it, drafts are kept on the device and
// Ctrl+Enter is the primary action. Labels and hints are words already.
package field

import (
	"context"
	"io"

	"github.com/a-h/templ"

	"mach/vn"
	"mach/web"
)

// FormProps are a form's own properties.
type FormProps struct {
	ID       string    // stable for the record it edits: drafts are kept under it
	Action   string    // where it is sent; "" = this page
	Form     *web.Form // what was typed; nil = a new form
	Submit   string    // the primary action, a verb
	Draft    bool      // keep a draft on this device
	Upload   bool      // it carries files
	Search   bool      // a GET form: no key, no draft
	Inline   bool      // the button beside the one field
	Second   bool      // not the page's main action: a plain button
	Cancel   web.Link  // the way out, beside the primary action
	More     templ.Component
	Autofill bool // let the browser fill in; off on shared computers
}

// SearchProps are a search of one field.
type SearchProps struct {
	ID, Name, Action    string
	Label, Hint, Submit string
	Value               string
	Hidden              [][2]string // names and values sent along
	Max                 int         // most characters; 0 = no limit
	Number              bool        // digits: a keyboard of numbers, a short field
	Focus, Second       bool
	Attrs               templ.Attributes // of the form: live results
}

// Props are a field's properties.
type Props struct {
	Name     string          // of the control, and the path of its issues
	Label    string          // above
	Hint     string          // under the label
	Unit     string          // inside, at the end
	Last     string          // last value with unit; never filled in
	LastOn   vn.Date         // when it was taken
	Required bool            // marked in words and by the browser's own check only if Strict
	Max      int             // most characters; 0 = no limit
	Rows     int             // of an Area; 0 = 3
	Short    bool            // a few characters wide
	Complete string          // autocomplete token; "" = off
	Mode     string          // inputmode; "" = text
	Type     string          // input type; "" = text
	List     []string        // suggestions
	Live     string          // URL that answers with suggestions for what is typed so far
	Value    string          // of a Check; "" = "1"
	Accept   string          // of a File
	Focus    bool            // first on the page
	More     templ.Component // under the control
	date     bool
}

// Option is one choice.
type Option struct {
	Value, Text, Hint string
}

// labels gathers the labels of a form while its fields render, for the
// summary that stands above them.
type labels struct{ of map[string]string }

type labelsKey struct{}

// note remembers a field's label and returns nothing to write.
func note(ctx context.Context, p Props) string {
	if l, ok := ctx.Value(labelsKey{}).(*labels); ok {
		l.of[p.Name] = p.Label
	}
	return ""
}

// Form is the form around its fields (children): summary of errors, key,
// fields, draft mark, actions.
func Form(p FormProps) templ.Component {
	return templ.ComponentFunc(func(ctx context.Context, w io.Writer) error {
		l := &labels{of: map[string]string{}}
		fields := templ.GetChildren(ctx)
		ctx = templ.ClearChildren(ctx)
		body, err := templ.ToGoHTML(context.WithValue(ctx, labelsKey{}, l), fields)
		if err != nil {
			return err
		}
		return form(p, l.of).Render(templ.WithChildren(ctx, templ.Raw(string(body))), w)
	})
}

// described lists the ids that describe a control.
func described(f *web.Form, p Props) string {
	id := web.FieldID(p.Name)
	s := ""
	add := func(part string) {
		if s != "" {
			s += " "
		}
		s += id + part
	}
	if p.Hint != "" {
		add("-hint")
	}
	if len(f.Of(p.Name)) > 0 {
		add("-error")
	}
	if p.Last != "" {
		add("-last")
	}
	return s
}

func wrong(f *web.Form, p Props) bool { return len(f.Of(p.Name)) > 0 }

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/rand"
	"errors"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"mach/i18n"
	"mach/issue"
	"mach/vn"
)

// fieldOnce is the hidden field that carries the form's key.
const fieldOnce = "_once"

// Form is what was typed, and what is wrong with it, field by field. The zero
// Form is an empty one, never sent. A Form belongs to one request.
type Form struct {
	values url.Values
	files  map[string][]*multipart.FileHeader
	issues []issue.Issue
	lang   i18n.Lang
	sent   bool
	once   string
	err    error

	renewed bool // once is no longer the key that was sent
}

// Blank returns a form that has not been sent, with values to begin with: name,
// value, name, value … Never begin a measurement with the last one.
func Blank(r *http.Request, pairs ...string) *Form {
	f := &Form{values: url.Values{}, lang: Lang(r), once: rand.Text()}
	for i := 0; i+1 < len(pairs); i += 2 {
		f.values.Add(pairs[i], pairs[i+1])
	}
	return f
}

// ParseForm reads the form of a POST, or the query of a GET. A body that
// cannot be read makes every getter return nothing and [Form.Err] the reason.
func ParseForm(r *http.Request) *Form {
	f := &Form{values: url.Values{}, lang: Lang(r), sent: true}
	if f.err = parse(r); f.err != nil {
		return f
	}
	f.values = r.Form
	if r.Method == http.MethodPost {
		f.values = r.PostForm
	}
	if r.MultipartForm != nil {
		f.values, f.files = r.MultipartForm.Value, r.MultipartForm.File
	}
	if f.once = f.values.Get(fieldOnce); f.once == "" {
		f.once = rand.Text()
	}
	return f
}

// Get returns a field, trimmed and in normal form C; "" when absent.
func (f *Form) Get(name string) string {
	return norm.NFC.String(strings.TrimSpace(f.values.Get(name)))
}

// All returns every value of a repeated field, trimmed, empty ones left out.
func (f *Form) All(name string) []string {
	var out []string
	for _, v := range f.values[name] {
		if v = norm.NFC.String(strings.TrimSpace(v)); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// Has reports whether a checkbox or a choice holds value.
func (f *Form) Has(name, value string) bool { return slices.Contains(f.values[name], value) }

// Set replaces a value, for what a form shows again.
func (f *Form) Set(name, value string) {
	if f.values == nil {
		f.values = url.Values{}
	}
	f.values.Set(name, value)
}

// Append adds a value to a repeated field, for choices that begin ticked.
func (f *Form) Append(name, value string) {
	if f.values == nil {
		f.values = url.Values{}
	}
	f.values.Add(name, value)
}

// File returns an uploaded file, or nil. The caller opens and closes it.
func (f *Form) File(name string) *multipart.FileHeader {
	if h := f.files[name]; len(h) > 0 {
		return h[0]
	}
	return nil
}

// Required returns a field that must not be empty.
func (f *Form) Required(name string) string {
	v := f.Get(name)
	if v == "" {
		f.Fail(name, issue.Required, "web.field.required")
	}
	return v
}

// Text returns a field of at most max characters.
func (f *Form) Text(name string, max int) string {
	v := f.Get(name)
	if n := len([]rune(v)); n > max {
		f.Fail(name, issue.TooLong, "web.field.too_long", max, n)
	}
	return v
}

// Int returns a whole number from min to max. ok is false when the field is
// empty (no issue: see Required) or wrong (an issue).
func (f *Form) Int(name string, min, max int) (n int, ok bool) {
	v, ok := f.Decimal(name, float64(min), float64(max))
	if ok && v != float64(int(v)) {
		f.Fail(name, issue.Value, "web.field.whole")
		return 0, false
	}
	return int(v), ok
}

// Decimal returns a number from min to max, typed with comma or point. ok is
// false when the field is empty (no issue) or wrong (an issue).
func (f *Form) Decimal(name string, min, max float64) (v float64, ok bool) {
	s := f.Get(name)
	if s == "" {
		return 0, false
	}
	v, ok = i18n.ParseNumber(f.lang, s)
	if !ok {
		f.Fail(name, issue.Value, "web.field.number")
		return 0, false
	}
	if v < min || v > max {
		f.Fail(name, issue.Value, "web.field.range", i18n.Short(f.lang, min, 2), i18n.Short(f.lang, max, 2))
		return 0, false
	}
	return v, true
}

// Date returns a civil date typed as dd/mm/yyyy or chosen from a calendar
// (yyyy-mm-dd); vn.ZeroDate when empty (no issue) or wrong (an issue).
func (f *Form) Date(name string) vn.Date {
	s := f.Get(name)
	if s == "" {
		return vn.ZeroDate
	}
	if d, err := vn.ParseDate(s); err == nil {
		return d
	}
	for _, layout := range []string{"2/1/2006", "2-1-2006", "2.1.2006", "02012006"} {
		if t, err := time.ParseInLocation(layout, s, vn.Zone); err == nil {
			return vn.DateOf(t)
		}
	}
	f.Fail(name, issue.Value, "web.field.date")
	return vn.ZeroDate
}

// Choice returns a field that must be one of allowed, or empty.
func (f *Form) Choice(name string, allowed ...string) string {
	v := f.Get(name)
	if v != "" && !slices.Contains(allowed, v) {
		f.Fail(name, issue.CodeInvalid, "web.field.choice")
		return ""
	}
	return v
}

// Flag reports whether a checkbox is ticked.
func (f *Form) Flag(name string) bool { return f.Get(name) != "" }

// Fail notes what is wrong with a field; name "" means the whole form.
func (f *Form) Fail(name string, code issue.Code, key string, args ...any) {
	f.issues = append(f.issues, issue.Issue{Severity: issue.SeverityError, Code: code, Key: key, Args: args, Path: name})
}

// Add takes the issues of err that people can mend into the form and returns
// nil; any other error comes back. Use it on what a service returns:
//
//	if err := f.Add(svc.Record(…)); err != nil { return err }
func (f *Form) Add(err error) error {
	var e *issue.Error
	if err == nil || !errors.As(err, &e) {
		return err
	}
	switch issue.Status(err) {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusConflict, http.StatusPreconditionFailed:
		f.issues = append(f.issues, e.Issues...)
		return nil
	}
	return err
}

// OK reports whether nothing is wrong so far.
func (f *Form) OK() bool { return f.err == nil && len(f.issues) == 0 }

// Err returns why the body could not be read; nil when it could.
func (f *Form) Err() error { return f.err }

// Sent reports whether the form was sent: its values are what was typed.
func (f *Form) Sent() bool { return f != nil && f.sent }

// Issues returns what is wrong, in the order it was found.
func (f *Form) Issues() []issue.Issue {
	if f == nil {
		return nil
	}
	return f.issues
}

// Of returns the issues of one field.
func (f *Form) Of(name string) []issue.Issue {
	var out []issue.Issue
	for _, i := range f.Issues() {
		if i.Path == name {
			out = append(out, i)
		}
	}
	return out
}

// Value returns what a field shows; "" for a nil form.
func (f *Form) Value(name string) string {
	if f == nil {
		return ""
	}
	return f.values.Get(name)
}

// Holds reports whether a choice shows value; false for a nil form.
func (f *Form) Holds(name, value string) bool { return f != nil && f.Has(name, value) }

// key returns the form's idempotency key, made once. A refused form comes back
// with a new one: mended it says something else, and what was committed under
// the old key would refuse it for ever.
func (f *Form) key() string {
	if f == nil {
		return rand.Text()
	}
	if f.once == "" || f.sent && !f.OK() && !f.renewed {
		f.once, f.renewed = rand.Text(), f.sent
	}
	return f.once
}

// FieldID is the id of a field's control, which labels and the error summary
// point at.
func FieldID(name string) string {
	return "f-" + strings.NewReplacer(".", "-", "[", "-", "]", "").Replace(name)
}

// Account names the session's account for drafts; "" for nobody.
func Account(ctx context.Context) string { return visitOf(ctx).session.Actor.Account }

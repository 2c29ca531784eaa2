// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"strconv"
	"strings"

	"mach/fhir"
	"mach/fhir/terms"
	"mach/issue"
	"mach/store"
)

// What the operations of terminology have in common.

// A subject is the resource that an operation is about: known to the set by a
// canonical, or given.
type subject struct {
	canonical string
	given     *fhir.Doc // nil = the canonical
}

// subject finds the resource: that of the path, the one in the parameters
// (inline), or the one that url names; "" when the call names none. Whoever may
// not find resources of the type may not ask about them either, those that came
// with the program among them: the door is asked, which also writes the audit.
// What it finds is taken into the set at once.
func (m *Module) subject(c *call, typ, url, version, inline string) (subject, error) {
	ctx := c.http.Context()
	if c.id != "" {
		doc, err := c.door.Read(ctx, typ, c.id)
		if err != nil {
			return subject{}, err
		}
		if err := m.terms.Refresh(ctx); err != nil {
			return subject{}, err
		}
		m.terms.put(doc)
		return subject{canonicalOf(doc), doc}, nil
	}
	given, err := c.params.resource(inline)
	if err != nil {
		return subject{}, err
	}
	s := subject{canonical: c.params.text(url), given: given}
	if given != nil {
		if given.Type() != typ {
			return subject{}, issue.New(issue.Invalid, "fhirapi.type.other", given.Type(), typ).At(inline)
		}
		s.canonical = canonicalOf(given)
	} else if v := c.params.text(version); v != "" && s.canonical != "" && !strings.Contains(s.canonical, "|") {
		s.canonical += "|" + v
	}
	return s, m.ask(c, typ, s.canonical)
}

// ask asks the door for the resource of a canonical, see [Module.subject].
func (m *Module) ask(c *call, typ, canonical string) error {
	ctx := c.http.Context()
	url, _, _ := strings.Cut(canonical, "|")
	query := store.Query{Type: typ, Count: 20, Params: [][2]string{{"url", escaped(url)}}}
	if url == "" {
		query.Count, query.Params = 1, nil
	}
	page, err := c.door.Search(ctx, query)
	if err != nil {
		return err
	}
	if err := m.terms.Refresh(ctx); err != nil {
		return err
	}
	if url != "" {
		for _, doc := range page.Docs {
			m.terms.put(doc)
		}
	}
	return nil
}

// escaped writes a value so that search takes it as it is.
func escaped(value string) string {
	return strings.NewReplacer(`\`, `\\`, `,`, `\,`, `$`, `\$`, `|`, `\|`).Replace(value)
}

// canonicalOf is url|version of a resource.
func canonicalOf(d *fhir.Doc) string {
	url := d.Get("url").String()
	if v := d.Get("version").String(); v != "" && url != "" {
		return url + "|" + v
	}
	return url
}

// missing says which parameter an operation lacks.
func missing(name string) error {
	return issue.New(issue.Required, "fhirapi.param.missing", name).At(name)
}

// codings reads what the call asks about: code with its system, coding, or the
// codings of codeableConcept.
func (p parameters) codings(system, version string) []terms.Coding {
	if code := p.text("code"); code != "" {
		return []terms.Coding{{System: p.text(system), Version: p.text(version), Code: code, Display: p.text("display")}}
	}
	if n := p.value("coding"); n.Kind() == fhir.Object {
		return []terms.Coding{terms.CodingOf(n)}
	}
	var out []terms.Coding
	for n := range p.value("codeableConcept").Each("coding") {
		if len(out) < mostCodings {
			out = append(out, terms.CodingOf(n))
		}
	}
	return out
}

// mostCodings bounds the codings of one question.
const mostCodings = 100

// flag reads a boolean, false when it is absent.
func (p parameters) flag(name string) (bool, error) {
	switch text := p.text(name); text {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, issue.New(issue.Invalid, "terms.param.flag", text).At(name)
	}
}

// number reads a whole number from 0 on; absent is what an absent one means.
func (p parameters) number(name string, absent int) (int, error) {
	text := p.text(name)
	if text == "" {
		return absent, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return 0, issue.New(issue.Invalid, "terms.param.number", text).At(name)
	}
	return n, nil
}

// language is that of displays: as asked, else the reader's.
func (c *call) language() string {
	lang := c.params.text("displayLanguage")
	if lang == "" {
		lang = c.header("Accept-Language")
	}
	lang, _, _ = strings.Cut(lang, ",")
	lang, _, _ = strings.Cut(lang, ";")
	if lang = strings.TrimSpace(lang); lang == "*" || len(lang) > 35 { // the longest tag of RFC 5646 in use
		return ""
	}
	return lang
}

// A field is one parameter of an answer: its name, and a value[x] or parts.
type field map[string]any

// answered writes a Parameters resource.
func answered(fields ...field) (*fhir.Doc, error) {
	return fhir.New(map[string]any{"resourceType": "Parameters", "parameter": fields})
}

// told adds a parameter of a string or code, unless it is empty.
func told(list []field, name, kind, value string) []field {
	if value == "" {
		return list
	}
	return append(list, field{"name": name, kind: value})
}

// codingOf writes a coding.
func codingOf(c terms.Coding) fhir.Coding {
	return fhir.Coding{System: c.System, Version: c.Version, Code: c.Code, Display: c.Display}
}

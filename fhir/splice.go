// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	jsonv2 "github.com/go-json-experiment/json"

	"mach/issue"
)

// instant is how the store writes meta.lastUpdated: UTC, microseconds, always
// the same length.
const instant = "2006-01-02T15:04:05.000000Z"

// WithMeta returns the resource with id, meta.versionId and meta.lastUpdated
// set and every other byte as it was: profiles, tags and security labels stay.
// An empty id or versionID leaves that one alone.
func (d *Doc) WithMeta(id, versionID string, at time.Time) *Doc {
	e := edits{d: d}
	if id != "" && id != d.id {
		e.member(d.Root(), "id", "resourceType", quote(id))
	}
	updated := quote(at.UTC().Format(instant))
	meta := d.Get("meta")
	switch {
	case meta.Len() > 0 && meta.Kind() == Object:
		if versionID != "" {
			e.member(meta, "versionId", "", quote(versionID))
		}
		e.member(meta, "lastUpdated", "", updated)
	case versionID == "":
		e.member(d.Root(), "meta", "id", `{"lastUpdated":`+updated+`}`)
	default:
		e.member(d.Root(), "meta", "id", `{"versionId":`+quote(versionID)+`,"lastUpdated":`+updated+`}`)
	}
	return e.apply()
}

// WithoutVersion returns the resource without meta.versionId and
// meta.lastUpdated, and without meta when nothing is left in it: what two
// copies of the same content have in common.
func (d *Doc) WithoutVersion() *Doc {
	meta := d.Get("meta")
	if meta.Kind() != Object {
		return d
	}
	left := 0
	for name := range meta.Fields() {
		if name != "versionId" && name != "lastUpdated" {
			left++
		}
	}
	e := edits{d: d}
	if left == 0 {
		e.remove(meta)
		return e.apply()
	}
	// One at a time: both may claim the same comma.
	e.remove(meta.member("versionId"))
	d = e.apply()
	e = edits{d: d}
	e.remove(d.Get("meta", "lastUpdated"))
	return e.apply()
}

// Compact returns the resource without whitespace between values.
func (d *Doc) Compact() *Doc {
	text := compact(d.text)
	if len(text) == len(d.text) {
		return d
	}
	return again(text)
}

// compact removes the whitespace outside strings.
func compact(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	start, inside := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case inside && c == '\\':
			i++
		case c == '"':
			inside = !inside
		case !inside && (c == ' ' || c == '\n' || c == '\r' || c == '\t'):
			b.WriteString(s[start:i])
			start = i + 1
		}
	}
	if start == 0 {
		return s
	}
	b.WriteString(s[start:])
	return b.String()
}

// Set returns the resource with one value replaced or added. path is a FHIRPath
// below the root, such as "status" or "note[0].text"; members and elements that
// are missing on the way are made, an index equal to the length appends, and
// v == nil removes. v may be a typed struct, a Doc, a Node, a string, a number.
//
// The errors are mistakes of the caller: a path that does not fit the document,
// a value that is no JSON.
func (d *Doc) Set(path string, v any) (*Doc, error) {
	steps, err := parsePath(path)
	if err != nil {
		return nil, err
	}
	e := edits{d: d}
	if v == nil {
		e.remove(d.Get(steps...))
		return ParseString(e.text())
	}
	value, err := marshal(v)
	if err != nil {
		return nil, fmt.Errorf("setting %s: %w", path, err)
	}
	if err := e.set(d.Root(), steps, value); err != nil {
		return nil, err.At(path)
	}
	return ParseString(e.text())
}

// parsePath splits "note[0].text" into note, 0, text.
func parsePath(path string) ([]string, error) {
	steps := strings.Split(strings.ReplaceAll(strings.ReplaceAll(path, "]", ""), "[", "."), ".")
	if slices.Contains(steps, "") {
		return nil, issue.New(issue.Value, "fhir.set.path").At(path)
	}
	return steps, nil
}

// set plans the change of the value that steps lead to from n.
func (e *edits) set(n Node, steps []string, value string) *issue.Error {
	for i, step := range steps {
		next := n.Get(step)
		if n.Kind() == Array {
			index, err := strconv.Atoi(step)
			if err != nil {
				return issue.New(issue.Value, "fhir.set.path")
			}
			if next = n.element(index); !next.Exists() && index == n.Len() {
				e.append(n, wrap(steps[i+1:], value))
				return nil
			}
		}
		if !next.Exists() {
			if n.Kind() != Object {
				return issue.New(issue.Value, "fhir.set.path")
			}
			e.member(n, step, "", wrap(steps[i+1:], value))
			return nil
		}
		n = next
	}
	e.replace(n, value)
	return nil
}

// wrap builds what is missing on the way: wrap(0, text; "x") is [{"text":"x"}].
func wrap(steps []string, value string) string {
	for _, step := range slices.Backward(steps) {
		if _, err := strconv.Atoi(step); err == nil {
			value = "[" + value + "]"
		} else {
			value = "{" + quote(step) + ":" + value + "}"
		}
	}
	return value
}

// Into decodes the resource into a typed struct, such as *[Patient]. Members
// that the struct does not name are left out.
func (d *Doc) Into(v any) error { return d.Root().Into(v) }

// Into decodes the value into v, a pointer to a typed struct or a Go value.
func (n Node) Into(v any) error {
	if !n.Exists() {
		return nil
	}
	if err := jsonv2.Unmarshal([]byte(n.Raw()), v); err != nil {
		return issue.New(issue.Structure, "fhir.into").At(n.Path())
	}
	return nil
}

// edits is a list of replacements in the text of one document.
type edits struct {
	d    *Doc
	list []edit
}

type edit struct {
	from, to uint32
	with     string
}

func (e *edits) replace(n Node, value string) {
	e.list = append(e.list, edit{n.at().start, n.at().end, value})
}

// member sets a member of an object. A new one goes right after the member
// called after when that exists, else to the front of the object.
func (e *edits) member(object Node, name, after, value string) {
	if n := object.member(name); n.Exists() {
		if n.Raw() != value {
			e.replace(n, value)
		}
		return
	}
	text := quote(name) + ":" + value
	if n := object.member(after); n.Exists() {
		e.list = append(e.list, edit{n.at().end, n.at().end, "," + text})
		return
	}
	if after == "id" { // no id either: after resourceType
		e.member(object, name, "resourceType", value)
		return
	}
	at := object.at().start + 1
	if object.Len() > 0 {
		text += ","
	}
	e.list = append(e.list, edit{at, at, text})
}

// append adds an element to an array.
func (e *edits) append(array Node, value string) {
	at := array.at().end - 1
	if array.Len() > 0 {
		last := array.element(array.Len() - 1)
		at, value = last.at().end, ","+value
	}
	e.list = append(e.list, edit{at, at, value})
}

// remove takes a member or element out with its name and one comma. An absent
// node removes nothing.
func (e *edits) remove(n Node) {
	if !n.Exists() || n.i == 0 {
		return
	}
	from, to := n.at().start, n.at().end
	if n.at().nameLen > 0 {
		from = n.at().name - 1
	}
	before := trimmedEnd(e.d.text[:from])
	if e.d.text[before-1] == ',' {
		from = uint32(before - 1)
	} else if rest := trimmedStart(e.d.text, int(to)); e.d.text[rest] == ',' {
		to = uint32(rest + 1)
	}
	e.list = append(e.list, edit{from, to, ""})
}

const whitespace = " \n\r\t"

func trimmedEnd(s string) int { return len(strings.TrimRight(s, whitespace)) }

func trimmedStart(s string, i int) int {
	return len(s) - len(strings.TrimLeft(s[i:], whitespace))
}

// text returns the document's text with the edits made. Edits at the same place
// keep the order in which they were planned.
func (e *edits) text() string {
	slices.SortStableFunc(e.list, func(a, b edit) int { return cmp.Compare(a.from, b.from) })
	var b strings.Builder
	b.Grow(len(e.d.text) + 128)
	at := uint32(0)
	for _, c := range e.list {
		b.WriteString(e.d.text[at:c.from])
		b.WriteString(c.with)
		at = c.to
	}
	b.WriteString(e.d.text[at:])
	return b.String()
}

func (e *edits) apply() *Doc {
	if len(e.list) == 0 {
		return e.d
	}
	return again(e.text())
}

// again parses text made from a document that was parsed before. What this
// package adds on its own account (id, meta) may pass the limits, so that
// failing here is a fault of this package.
func again(text string) *Doc {
	d, err := parse(text, 1024)
	if err != nil {
		panic(fmt.Sprintf("fhir: edited document: %v", err))
	}
	return d
}

// quote returns s as a JSON string.
func quote(s string) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimRight(b.String(), "\n")
}

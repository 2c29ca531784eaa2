// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"mach/fhir"
)

// bundle writes a Bundle around resources whose bytes stay as they are.
type bundle struct {
	b       strings.Builder
	entries int
}

// newBundle begins a Bundle; total < 0 is left out.
func newBundle(kind string, total int, links [][2]string) *bundle {
	w := &bundle{}
	w.b.WriteString(`{"resourceType":"Bundle","type":` + quote(kind))
	if total >= 0 {
		w.b.WriteString(`,"total":` + strconv.Itoa(total))
	}
	for i, l := range links {
		w.b.WriteString(map[bool]string{true: `,"link":[`, false: `,`}[i == 0])
		w.b.WriteString(`{"relation":` + quote(l[0]) + `,"url":` + quote(l[1]) + `}`)
	}
	if len(links) > 0 {
		w.b.WriteString(`]`)
	}
	return w
}

// room makes room for the entries of a page at once.
func (w *bundle) room(docs ...[]*fhir.Doc) {
	n := 2
	for _, list := range docs {
		for _, d := range list {
			n += len(d.Text()) + entryRoom
		}
	}
	w.b.Grow(n)
}

// entryRoom is about what an entry has around its resource.
const entryRoom = 200

// entry adds an entry; empty parts are left out. The values of more are JSON, its
// names those of FHIR.
func (w *bundle) entry(fullURL string, resource *fhir.Doc, more ...[2]string) {
	w.b.WriteString(map[bool]string{true: `,"entry":[{`, false: `,{`}[w.entries == 0])
	w.entries++
	first := true
	member := func(name, value string) {
		if !first {
			w.b.WriteByte(',')
		}
		first = false
		w.b.WriteString(`"` + name + `":`)
		w.b.WriteString(value)
	}
	if fullURL != "" {
		member("fullUrl", quote(fullURL))
	}
	if resource != nil {
		member("resource", resource.Text())
	}
	for _, m := range more {
		member(m[0], m[1])
	}
	w.b.WriteByte('}')
}

func (w *bundle) text() string {
	if w.entries > 0 {
		w.b.WriteByte(']')
	}
	w.b.WriteByte('}')
	return w.b.String()
}

// quote writes a JSON string; & and < stay as they are, for people who read.
func quote(s string) string {
	if plain(s) {
		return `"` + s + `"`
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	_ = enc.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// plain reports whether a string stands in JSON as it is.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// object writes members whose values are strings; empty ones are left out.
func object(members ...[2]string) string {
	var b strings.Builder
	b.WriteByte('{')
	for _, m := range members {
		if m[1] == "" {
			continue
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(quote(m[0]) + ":" + quote(m[1]))
	}
	b.WriteByte('}')
	return b.String()
}

// etag is the weak ETag of a version.
func etag(version string) string { return `W/"` + version + `"` }

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z") }

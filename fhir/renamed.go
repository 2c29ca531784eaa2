// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"encoding/json"
	"regexp"
	"strings"
)

// Renamed returns the resource with every string that is a key of to replaced
// by its value, however the string is escaped. FHIR asks for this in all
// references and URIs of a transaction; a string equal to another entry's
// fullUrl is nothing else. In a narrative it asks for the addresses of links and
// images (R4 http.html section 3.1.0.11.2).
func (d *Doc) Renamed(to map[string]string) (*Doc, error) {
	if len(to) == 0 {
		return d, nil
	}
	text := d.Text()
	var b strings.Builder
	start := 0
	for i := 0; i < len(text); {
		open := strings.IndexByte(text[i:], '"')
		if open < 0 {
			break
		}
		open += i
		end := closing(text, open+1)
		inside := text[open+1 : end]
		target, ok := to[plain(inside)]
		if strings.HasPrefix(inside, "<div") {
			target, ok = linked(plain(inside), to)
		}
		if ok && !isName(text, end) {
			b.WriteString(text[start:open])
			b.WriteString(quote(target))
			start = end + 1
		}
		i = end + 1
	}
	if start == 0 {
		return d, nil
	}
	b.WriteString(text[start:])
	return ParseString(b.String())
}

var link = regexp.MustCompile(`\b(?:href|src)\s*=\s*(?:"[^"]*"|'[^']*')`)

// linked renames the addresses in a narrative; ok says that there was one.
func linked(div string, to map[string]string) (renamed string, ok bool) {
	renamed = link.ReplaceAllStringFunc(div, func(attribute string) string {
		open := strings.IndexAny(attribute, `"'`)
		address := attribute[open+1 : len(attribute)-1]
		target, found := to[address]
		if !found {
			return attribute
		}
		ok = true
		return strings.Replace(attribute, address, target, 1)
	})
	return renamed, ok
}

// plain takes the escapes out of the inside of a JSON string.
func plain(inside string) string {
	if strings.IndexByte(inside, '\\') < 0 {
		return inside
	}
	var s string
	if json.Unmarshal([]byte(`"`+inside+`"`), &s) != nil {
		return inside
	}
	return s
}

// closing returns the place of the quote that ends a JSON string.
func closing(text string, from int) int {
	for i := from; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}

// isName reports whether the string that ends here names a member.
func isName(text string, end int) bool {
	return strings.HasPrefix(strings.TrimLeft(text[min(end+1, len(text)):], " \n\r\t"), ":")
}

// SPDX-License-Identifier: Apache-2.0

package vn

import (
	"encoding/base64"
	"strings"
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
)

// sorter is a collator with its buffer, for one goroutine at a time.
type sorter struct {
	*collate.Collator
	buf collate.Buffer
}

// sorters are kept because making one is slow.
var sorters = sync.Pool{New: func() any { return &sorter{Collator: collate.New(language.Vietnamese)} }}

// ordered is base64 with its letters in ASCII order, so that encoded keys
// compare as their bytes do, and any text column can hold them.
var ordered = base64.NewEncoding("-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz").WithPadding(base64.NoPadding)

// SortKey returns a key whose byte order is the Vietnamese order of personal
// names: by the given name (tên, the last word), then family name (họ, the
// first), then what stands between (đệm). Letter case and tone placement do not count.
func SortKey(name string) string {
	words := strings.Fields(strings.ToLower(NormalName(name)))
	if len(words) == 0 {
		return ""
	}
	last := len(words) - 1
	parts := []string{words[last], "", ""}
	if last > 0 {
		parts[1] = words[0]
		parts[2] = strings.Join(words[1:last], " ")
	}
	return key(parts)
}

// TextSortKey returns a key whose byte order is the Vietnamese order of words:
// for names of places, diseases, drugs.
func TextSortKey(text string) string {
	return key([]string{strings.ToLower(NormalName(text))})
}

func key(parts []string) string {
	c := sorters.Get().(*sorter)
	defer sorters.Put(c)
	bytes := make([]byte, 0, 128)
	for i, p := range parts {
		if i > 0 {
			bytes = append(bytes, 0, 0, 0) // below every weight: a shorter part comes first
		}
		bytes = append(bytes, c.KeyFromString(&c.buf, p)...)
		c.buf.Reset()
	}
	return ordered.EncodeToString(bytes)
}

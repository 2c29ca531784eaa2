// SPDX-License-Identifier: Apache-2.0

package i18n

import (
	"fmt"
	"io/fs"
	"path"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"

	"mach/vn"
)

// Catalogue holds every message in every language, compiled once.
// It is immutable and safe for concurrent use.
type Catalogue struct {
	texts map[Lang]map[string]message
}

// message is a text cut at its arguments.
type message []part

// part is literal text when arg < 0, else argument arg. With forms the
// argument itself is not written: it chooses forms[0] for 1, forms[1] else.
type part struct {
	text  string
	arg   int
	forms []string
}

// Load reads every <lang>/<area>.toml under fsys. A file holds flat keys, or
// tables whose names are joined with points. It fails on a key that stands in
// two files of one language, on a value that is not text and on a broken
// argument.
func Load(fsys fs.FS) (*Catalogue, error) {
	c := &Catalogue{texts: map[Lang]map[string]message{}}
	for _, l := range Langs() {
		c.texts[l] = map[string]message{}
		names, err := fs.Glob(fsys, path.Join(string(l), "*.toml"))
		if err != nil {
			return nil, fmt.Errorf("listing catalogue %s: %w", l, err)
		}
		for _, name := range names {
			if err := c.read(fsys, l, name); err != nil {
				return nil, fmt.Errorf("reading catalogue %s: %w", name, err)
			}
		}
	}
	return c, nil
}

func (c *Catalogue) read(fsys fs.FS, l Lang, name string) error {
	b, err := fs.ReadFile(fsys, name)
	if err != nil {
		return err
	}
	var tree map[string]any
	if err := toml.Unmarshal(b, &tree); err != nil {
		return err
	}
	return c.add(l, "", tree)
}

func (c *Catalogue) add(l Lang, prefix string, tree map[string]any) error {
	for k, v := range tree {
		key := prefix + k
		switch v := v.(type) {
		case string:
			if _, twice := c.texts[l][key]; twice {
				return fmt.Errorf("key %q stands twice", key)
			}
			m, err := compile(v)
			if err != nil {
				return fmt.Errorf("key %q: %w", key, err)
			}
			c.texts[l][key] = m
		case map[string]any:
			if err := c.add(l, key+".", v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("key %q is not text", key)
		}
	}
	return nil
}

// compile cuts "{0} người" into parts. "{0|day|days}" writes the first form
// when argument 0 is one and the second otherwise. "{{" stands for "{".
func compile(s string) (message, error) {
	var m message
	for s != "" {
		open := strings.IndexByte(s, '{')
		if open < 0 {
			return append(m, part{text: s, arg: -1}), nil
		}
		if open > 0 {
			m = append(m, part{text: s[:open], arg: -1})
		}
		s = s[open+1:]
		if strings.HasPrefix(s, "{") {
			m, s = append(m, part{text: "{", arg: -1}), s[1:]
			continue
		}
		end := strings.IndexByte(s, '}')
		if end < 0 {
			return nil, fmt.Errorf("argument without }")
		}
		fields := strings.Split(s[:end], "|")
		n, err := strconv.Atoi(fields[0])
		if err != nil || n < 0 || n > 9 {
			return nil, fmt.Errorf("argument {%s} is not a number 0 to 9", s[:end])
		}
		if len(fields) != 1 && len(fields) != 3 {
			return nil, fmt.Errorf("argument {%s} needs two forms", s[:end])
		}
		m = append(m, part{arg: n, forms: fields[1:]})
		s = s[end+1:]
	}
	return m, nil
}

// T returns the message of key in lang with args in place of {0}, {1} …
// Whole numbers, floats (one decimal), dates and instants are written as the
// language writes them; pass a year as text, or it reads 2.026. A key that is
// missing in lang is taken from Vietnamese; missing there too, it comes back
// in white brackets, which the page tests refuse.
func (c *Catalogue) T(lang Lang, key string, args ...any) string {
	m, ok := c.texts[lang][key]
	if !ok {
		if m, ok = c.texts[Vietnamese][key]; !ok {
			return "⟦" + key + "⟧"
		}
	}
	if len(m) == 1 && m[0].arg < 0 {
		return m[0].text
	}
	var b strings.Builder
	for _, p := range m {
		switch {
		case p.arg < 0:
			b.WriteString(p.text)
		case p.arg >= len(args):
			b.WriteString("⟦" + strconv.Itoa(p.arg) + "⟧")
		case len(p.forms) == 2:
			b.WriteString(p.forms[form(args[p.arg])])
		default:
			b.WriteString(show(lang, args[p.arg]))
		}
	}
	return b.String()
}

// Has reports whether key exists in lang.
func (c *Catalogue) Has(lang Lang, key string) bool {
	_, ok := c.texts[lang][key]
	return ok
}

// Keys returns the keys of lang, sorted.
func (c *Catalogue) Keys(lang Lang) []string {
	keys := make([]string, 0, len(c.texts[lang]))
	for k := range c.texts[lang] {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Args returns the argument numbers that the message of key uses in lang,
// sorted, each once; nil for none or for an unknown key.
func (c *Catalogue) Args(lang Lang, key string) []int {
	var used [10]bool
	for _, p := range c.texts[lang][key] {
		if p.arg >= 0 {
			used[p.arg] = true
		}
	}
	var out []int
	for n, u := range used {
		if u {
			out = append(out, n)
		}
	}
	return out
}

// form is 0 for one and 1 for everything else.
func form(arg any) int {
	if fmt.Sprint(arg) == "1" {
		return 0
	}
	return 1
}

func show(lang Lang, arg any) string {
	switch v := arg.(type) {
	case string:
		return v
	case int:
		return Number(lang, float64(v), 0)
	case int64:
		return Number(lang, float64(v), 0)
	case float64:
		return Number(lang, v, 1)
	case vn.Date:
		return Date(lang, v)
	case time.Time:
		return DateTime(lang, v)
	default:
		return fmt.Sprint(v)
	}
}

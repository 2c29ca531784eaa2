// SPDX-License-Identifier: Apache-2.0

package path

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"sync"
	"unicode/utf8"

	"mach/issue"
)

// stringFunctions are the functions of
// http://hl7.org/fhirpath/N1/#string-manipulation, with those of 3.0.
func stringFunctions() map[string]function {
	return map[string]function{
		"indexOf":        {1, 1, texts1(func(s, t string) any { return runeIndex(s, strings.Index(s, t)) })},
		"lastIndexOf":    {1, 1, texts1(func(s, t string) any { return runeIndex(s, strings.LastIndex(s, t)) })},
		"startsWith":     {1, 1, texts1(func(s, t string) any { return strings.HasPrefix(s, t) })},
		"endsWith":       {1, 1, texts1(func(s, t string) any { return strings.HasSuffix(s, t) })},
		"contains":       {1, 1, texts1(func(s, t string) any { return strings.Contains(s, t) })},
		"encode":         {1, 1, texts1(encode)},
		"decode":         {1, 1, texts1(decode)},
		"escape":         {1, 1, texts1(escape)},
		"unescape":       {1, 1, texts1(unescape)},
		"substring":      {1, 2, substring},
		"replace":        {2, 2, replace},
		"matches":        {1, 2, func(a []expr) step { return matching(a, "(?s)") }},
		"matchesFull":    {1, 2, func(a []expr) step { return matching(a, "(?s)^(?:") }},
		"replaceMatches": {2, 3, replaceMatches},
		"split":          {1, 1, split},
		"join":           {0, 1, join},
		"toChars": plain(func(r *run, in, out Collection) (Collection, error) {
			s, ok, err := oneText(in)
			if err != nil || !ok {
				return out, err
			}
			if len(s) > maxCollection {
				return out, tooCostly()
			}
			for _, c := range s {
				out = append(out, Value{data: string(c)})
			}
			return out, r.spend(len(s))
		}),
		"upper":  text1(func(s string) any { return strings.ToUpper(s) }),
		"lower":  text1(func(s string) any { return strings.ToLower(s) }),
		"trim":   text1(func(s string) any { return strings.TrimSpace(s) }),
		"length": text1(func(s string) any { return int64(utf8.RuneCountInString(s)) }),
	}
}

// oneText returns the string of a collection of at most one.
func oneText(in Collection) (string, bool, error) {
	v, ok, err := one(in)
	if err != nil || !ok {
		return "", false, err
	}
	s, ok := v.str()
	if !ok {
		if v.isNode() && v.typ != nil && v.typ.Primitive && !v.hasValue() {
			return "", false, nil
		}
		return "", false, wrongType("String")
	}
	return s, true, nil
}

// text1 is a function on a string.
func text1(f func(s string) any) function {
	return plain(func(_ *run, in, out Collection) (Collection, error) {
		s, ok, err := oneText(in)
		if err != nil || !ok {
			return out, err
		}
		return result(f(s), nil)(out)
	})
}

// texts1 is a function on a string with a string.
func texts1(f func(s, t string) any) func(a []expr) step {
	return func(a []expr) step {
		return func(r *run, in, out Collection) (Collection, error) {
			s, ok, err := oneText(in)
			if err != nil || !ok {
				return out, err
			}
			t, ok, err := r.text(a[0])
			if err != nil || !ok {
				return out, err
			}
			return result(f(s, t), nil)(out)
		}
	}
}

// runeIndex turns an index in bytes into one in characters.
func runeIndex(s string, i int) int64 {
	if i < 0 {
		return -1
	}
	return int64(utf8.RuneCountInString(s[:i]))
}

// runeOffset returns where character n begins in s, its length when it has no
// more than n.
func runeOffset(s string, n int64) int {
	for i := range s {
		if n--; n < 0 {
			return i
		}
	}
	return len(s)
}

func substring(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		s, ok, err := oneText(in)
		if err != nil || !ok {
			return out, err
		}
		start, ok, err := r.whole(a[0])
		if err != nil || !ok || start < 0 {
			return out, err
		}
		rest := s[runeOffset(s, start):]
		if rest == "" {
			return out, nil
		}
		if len(a) > 1 {
			n, given, err := r.whole(a[1])
			if err != nil {
				return out, err
			}
			if given {
				rest = rest[:runeOffset(rest, n)]
			}
		}
		return append(out, Value{data: rest}), r.spend(len(s) >> 6)
	}
}

func replace(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		s, ok, err := oneText(in)
		if err != nil || !ok {
			return out, err
		}
		old, ok, err := r.text(a[0])
		if err != nil || !ok {
			return out, err
		}
		by, ok, err := r.text(a[1])
		if err != nil || !ok {
			return out, err
		}
		if n := strings.Count(s, old); n > 0 && len(s)+n*(len(by)-len(old)) > maxString {
			return out, tooCostly()
		}
		return appendText(out, strings.ReplaceAll(s, old, by))
	}
}

// maxPattern is the longest regular expression, in bytes.
const maxPattern = 1000

// pattern returns how a regular expression is compiled; what has been compiled
// last is kept, since most are literals. before is "(?s)", or "(?s)^(?:" when
// the whole string must match. RE2 has no lookaround and no backreferences.
func pattern(before string) func(text, flags string) (*regexp.Regexp, error) {
	type made struct {
		text, flags string
		re          *regexp.Regexp
	}
	var mu sync.Mutex
	var last made
	return func(text, flags string) (*regexp.Regexp, error) {
		mu.Lock()
		defer mu.Unlock()
		if last.re != nil && last.text == text && last.flags == flags {
			return last.re, nil
		}
		if len(text) > maxPattern {
			return nil, issue.New(issue.TooLong, "path.pattern")
		}
		prefix := before
		for _, f := range flags {
			if f != 'i' && f != 'm' {
				return nil, issue.New(issue.Invalid, "path.pattern")
			}
			prefix = "(?" + string(f) + ")" + prefix
		}
		whole := prefix + text
		if strings.HasSuffix(before, "(?:") {
			whole += ")$"
		}
		re, err := regexp.Compile(whole)
		if err != nil {
			return nil, issue.New(issue.Invalid, "path.pattern")
		}
		last = made{text, flags, re}
		return re, nil
	}
}

// matching is matches and matchesFull.
func matching(a []expr, before string) step {
	compile := pattern(before)
	return func(r *run, in, out Collection) (Collection, error) {
		s, ok, err := oneText(in)
		if err != nil || !ok {
			return out, err
		}
		re, ok, err := r.pattern(compile, a[0], a[1:])
		if err != nil || !ok {
			return out, err
		}
		if err := r.spend(len(s) * (1 + len(re.String())>>5) >> 3); err != nil {
			return out, err
		}
		return append(out, Value{data: re.MatchString(s)}), nil
	}
}

// pattern evaluates a regular expression and its flags.
func (r *run) pattern(compile func(text, flags string) (*regexp.Regexp, error), e expr, flagged []expr) (*regexp.Regexp, bool, error) {
	text, ok, err := r.text(e)
	if err != nil || !ok {
		return nil, false, err
	}
	flags := ""
	if len(flagged) > 0 {
		if flags, _, err = r.text(flagged[0]); err != nil {
			return nil, false, err
		}
	}
	re, err := compile(text, flags)
	return re, err == nil, err
}

func replaceMatches(a []expr) step {
	compile := pattern("(?s)")
	return func(r *run, in, out Collection) (Collection, error) {
		s, ok, err := oneText(in)
		if err != nil || !ok {
			return out, err
		}
		re, ok, err := r.pattern(compile, a[0], a[2:])
		if err != nil || !ok {
			return out, err
		}
		by, ok, err := r.text(a[1])
		if err != nil || !ok {
			return out, err
		}
		if strings.HasSuffix(re.String(), "(?s)") { // matches nothing, not everywhere
			return append(out, Value{data: s}), nil
		}
		if (len(s)+1)*(len(by)+1) > maxString {
			return out, tooCostly()
		}
		if err := r.spend(len(s) * (1 + len(re.String())>>5) >> 3); err != nil {
			return out, err
		}
		return appendText(out, re.ReplaceAllString(s, groups(by)))
	}
}

// groups writes the groups of a substitution as Go reads them: $1x is the first
// group and x, ${name} a named one.
func groups(by string) string {
	var b strings.Builder
	for i := 0; i < len(by); i++ {
		b.WriteByte(by[i])
		if by[i] == '$' && i+1 < len(by) && isDigit(by[i+1]) {
			b.WriteString("{" + by[i+1:i+2] + "}")
			i++
		}
	}
	return b.String()
}

func split(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		s, ok, err := oneText(in)
		if err != nil || !ok {
			return out, err
		}
		by, ok, err := r.text(a[0])
		if err != nil || !ok {
			return out, err
		}
		if strings.Count(s, by) > maxCollection {
			return out, tooCostly()
		}
		for part := range strings.SplitSeq(s, by) {
			out = append(out, Value{data: part})
		}
		return out, r.spend(len(s))
	}
}

func join(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		separator := ""
		if len(a) > 0 {
			var err error
			if separator, _, err = r.text(a[0]); err != nil {
				return out, err
			}
		}
		// Nothing joined is the empty string: so the suite of SQL on FHIR.
		var b strings.Builder
		wrote := false
		for _, v := range in {
			s, ok := v.str()
			if !ok {
				if v.isNode() && v.typ != nil && v.typ.Primitive && !v.hasValue() {
					continue
				}
				return out, wrongType("String")
			}
			if wrote {
				b.WriteString(separator)
			}
			wrote = true
			if b.WriteString(s); b.Len() > maxString {
				return out, tooCostly()
			}
		}
		return append(out, Value{data: b.String()}), nil
	}
}

func encode(s, form string) any {
	switch form {
	case "hex":
		return hex.EncodeToString([]byte(s))
	case "base64":
		return base64.StdEncoding.EncodeToString([]byte(s))
	case "urlbase64":
		return base64.URLEncoding.EncodeToString([]byte(s))
	}
	return nil
}

func decode(s, form string) any {
	var b []byte
	var err error
	switch form {
	case "hex":
		b, err = hex.DecodeString(s)
	case "base64":
		b, err = base64.StdEncoding.DecodeString(s)
	case "urlbase64":
		b, err = base64.URLEncoding.DecodeString(s)
	default:
		return nil
	}
	if err != nil || !utf8.Valid(b) {
		return nil
	}
	return string(b)
}

func escape(s, form string) any {
	switch form {
	case "html":
		return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(s)
	case "json":
		var b strings.Builder
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if e.Encode(s) != nil {
			return nil
		}
		return strings.TrimSuffix(b.String(), "\n")[1 : b.Len()-2]
	}
	return nil
}

func unescape(s, form string) any {
	switch form {
	case "html":
		return html.UnescapeString(s)
	case "json":
		return unescapeJSON(s)
	}
	return nil
}

// unescapeJSON also takes quotes that are not escaped.
func unescapeJSON(s string) any {
	var b strings.Builder
	b.WriteByte('"')
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s):
			b.WriteByte(s[i])
			i++
		case s[i] == '"':
			b.WriteByte('\\')
		}
		b.WriteByte(s[i])
	}
	b.WriteByte('"')
	var out string
	if json.Unmarshal([]byte(b.String()), &out) != nil {
		return nil
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

package path

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"mach/issue"
)

// A kind of token. Operators and punctuation are tokens of kind tSymbol.
type kind uint8

const (
	tEnd    kind = iota
	tName        // identifier or word operator; `delimited` too
	tString      // 'text', without quotes and escapes
	tNumber
	tMoment   // @2015-02-04T14:34, without @
	tVariable // %name, %`name` or %'name', without %
	tSpecial  // $this, $index, $total
	tSymbol
)

type token struct {
	kind   kind
	text   string
	pos    int  // offset of the first byte
	quoted bool // a delimited identifier, which is never an operator
}

// A lexer splits the text of an expression into tokens
// (http://hl7.org/fhirpath/N1/grammar.html).
type lexer struct {
	s string
	i int
}

// next returns the next token. Its error has line and column.
func (l *lexer) next() (token, error) {
	if err := l.space(); err != nil {
		return token{}, err
	}
	if l.i >= len(l.s) {
		return token{kind: tEnd, pos: l.i}, nil
	}
	start, c := l.i, l.s[l.i]
	switch {
	case isLetter(c):
		return token{kind: tName, text: l.word(), pos: start}, nil
	case isDigit(c):
		return token{kind: tNumber, text: l.number(), pos: start}, nil
	case c == '\'':
		text, err := l.quoted('\'')
		return token{kind: tString, text: text, pos: start}, err
	case c == '`':
		text, err := l.quoted('`')
		return token{kind: tName, text: text, pos: start, quoted: true}, err
	case c == '@':
		l.i++
		return l.moment(start)
	case c == '%':
		l.i++
		return l.variable(start)
	case c == '$':
		l.i++
		text := l.word()
		if text != "this" && text != "index" && text != "total" {
			return token{}, l.fault(start)
		}
		return token{kind: tSpecial, text: text, pos: start}, nil
	}
	return l.symbol(start)
}

func (l *lexer) symbol(start int) (token, error) {
	for _, two := range [...]string{"<=", ">=", "!=", "!~"} {
		if strings.HasPrefix(l.s[l.i:], two) {
			l.i += 2
			return token{kind: tSymbol, text: two, pos: start}, nil
		}
	}
	if strings.IndexByte(".()[]{},+-*/&|=~<>", l.s[l.i]) < 0 {
		return token{}, l.fault(start)
	}
	l.i++
	return token{kind: tSymbol, text: l.s[start:l.i], pos: start}, nil
}

// space skips white space and comments.
func (l *lexer) space() error {
	for l.i < len(l.s) {
		rest := l.s[l.i:]
		switch {
		case strings.HasPrefix(rest, "//"):
			if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
				l.i += n
			} else {
				l.i = len(l.s)
			}
		case strings.HasPrefix(rest, "/*"):
			n := strings.Index(rest[2:], "*/")
			if n < 0 {
				return l.fault(l.i)
			}
			l.i += n + 4
		case strings.IndexByte(" \t\r\n", rest[0]) >= 0:
			l.i++
		case strings.HasPrefix(rest, "\u00a0"): // copied from a page
			l.i += 2
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) word() string {
	start := l.i
	for l.i < len(l.s) && (isLetter(l.s[l.i]) || isDigit(l.s[l.i])) {
		l.i++
	}
	return l.s[start:l.i]
}

func (l *lexer) digits() {
	for l.i < len(l.s) && isDigit(l.s[l.i]) {
		l.i++
	}
}

// number reads 12 or 12.5; the point of 12.convertsToInteger() is left.
func (l *lexer) number() string {
	start := l.i
	l.digits()
	if l.i+1 < len(l.s) && l.s[l.i] == '.' && isDigit(l.s[l.i+1]) {
		l.i++
		l.digits()
	}
	return l.s[start:l.i]
}

// moment reads what stands after @.
func (l *lexer) moment(start int) (token, error) {
	from := l.i
	for l.i < len(l.s) {
		c := l.s[l.i]
		digit := l.i+1 < len(l.s) && isDigit(l.s[l.i+1])
		inTime := strings.IndexByte(l.s[from:l.i], 'T') >= 0
		switch {
		case isDigit(c), c == 'T' && !inTime, c == ':' && inTime && digit:
		case c == '-' && digit, c == '+' && inTime && digit, c == '.' && inTime && digit:
		case c == 'Z' && inTime && l.s[from] != 'T':
			l.i++
			return l.momentToken(start, from)
		default:
			return l.momentToken(start, from)
		}
		l.i++
	}
	return l.momentToken(start, from)
}

func (l *lexer) momentToken(start, from int) (token, error) {
	text := l.s[from:l.i]
	if _, ok := parseLiteral(text); !ok {
		return token{}, l.fault(start)
	}
	return token{kind: tMoment, text: text, pos: start}, nil
}

// variable reads what stands after %. Names as %vs-name may have hyphens when
// they begin so.
func (l *lexer) variable(start int) (token, error) {
	t := token{kind: tVariable, pos: start}
	var err error
	switch {
	case l.i < len(l.s) && (l.s[l.i] == '`' || l.s[l.i] == '\''):
		t.text, err = l.quoted(l.s[l.i])
	default:
		from := l.i
		t.text = l.word()
		if t.text == "vs" || t.text == "ext" {
			for l.i+1 < len(l.s) && l.s[l.i] == '-' && isLetter(l.s[l.i+1]) {
				l.i++
				l.word()
			}
			t.text = l.s[from:l.i]
		}
	}
	if err == nil && t.text == "" {
		err = l.fault(start)
	}
	return t, err
}

// quoted reads up to the closing quote and replaces escapes. A backslash before
// any other character stands for that character.
func (l *lexer) quoted(quote byte) (string, error) {
	start := l.i
	var b strings.Builder
	for l.i++; l.i < len(l.s); {
		c := l.s[l.i]
		switch {
		case c == quote:
			l.i++
			return b.String(), nil
		case c != '\\':
			b.WriteByte(c)
			l.i++
		case l.i+1 >= len(l.s):
			return "", l.fault(start)
		case l.s[l.i+1] == 'u':
			if l.i+6 > len(l.s) {
				return "", l.fault(l.i)
			}
			r, err := strconv.ParseUint(l.s[l.i+2:l.i+6], 16, 32)
			if err != nil {
				return "", l.fault(l.i)
			}
			b.WriteRune(rune(r))
			l.i += 6
		default:
			c = l.s[l.i+1]
			if i := strings.IndexByte("fnrt", c); i >= 0 {
				c = "\f\n\r\t"[i]
			}
			b.WriteByte(c)
			l.i += 2
		}
	}
	return "", l.fault(start)
}

// fault is a syntax error at an offset.
func (l *lexer) fault(at int) error {
	line, column := place(l.s, at)
	return issue.New(issue.Invalid, "path.syntax", line, column)
}

// place returns line and column, from 1 and in characters, of an offset.
func place(s string, at int) (line, column int) {
	at = min(at, len(s))
	begin := strings.LastIndexByte(s[:at], '\n') + 1
	return 1 + strings.Count(s[:at], "\n"), 1 + utf8.RuneCountInString(s[begin:at])
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isLetter(c byte) bool { return c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z' }

// SPDX-License-Identifier: Apache-2.0

package ucum

import (
	"math/big"
	"strconv"
	"strings"

	"mach/issue"
)

// Bounds on what is read.
const (
	longest      = 200  // bytes of a unit
	deepest      = 20   // parentheses in parentheses
	highest      = 99   // of an exponent
	longestCount = 18   // digits of a number
	widest       = 2048 // bits of a factor's numerator or denominator
)

// A parser reads one unit by the grammar of §2–§12.
type parser struct {
	t     *table
	s     string
	at    int
	depth int
	// steps are the symbols and numbers with their exponents, as written.
	steps []step
}

// A step is a symbol, or a number, to a power.
type step struct {
	symbol   string
	exponent int
}

// parse reads a whole unit.
func (t *table) parse(s string) (*unit, error) {
	if s == "" || len(s) > longest {
		return nil, issue.New(issue.CodeInvalid, "ucum.length", longest)
	}
	p := &parser{t: t, s: s}
	u, err := p.term(true, 1)
	if err != nil {
		return nil, err
	}
	if p.at < len(s) {
		return nil, p.fault("ucum.character")
	}
	c := *u // an atom alone is that of the table
	c.steps = p.steps
	c.finish()
	return &c, nil
}

// term reads components joined by "." and "/", from left to right; the first
// may have a "/" before it. sign is -1 inside of what is divided by.
func (p *parser) term(main bool, sign int) (*unit, error) {
	var sum *unit
	exponent := 1
	if main && p.next('/') {
		sum, exponent = one(), -1
	}
	for {
		u, err := p.component(sign * exponent)
		if err != nil {
			return nil, err
		}
		if sum == nil {
			sum = u
		} else if sum, err = p.multiply(sum, u, exponent); err != nil {
			return nil, err
		}
		switch {
		case p.next('.'):
			exponent = 1
		case p.next('/'):
			exponent = -1
		default:
			return sum, nil
		}
	}
}

// component reads a symbol with its exponent, a number or a term in
// parentheses, and the annotation behind it; or an annotation alone, which is 1.
func (p *parser) component(sign int) (*unit, error) {
	var u *unit
	var err error
	switch c := p.peek(); {
	case c == '{':
		u = one()
	case c == '(':
		return p.group(sign)
	case c >= '0' && c <= '9' && !p.ten():
		u, err = p.count(sign)
	default:
		u, err = p.power(sign)
	}
	if err != nil {
		return nil, err
	}
	return u, p.annotation()
}

func (p *parser) group(sign int) (*unit, error) {
	if p.depth++; p.depth > deepest {
		return nil, p.fault("ucum.depth")
	}
	p.at++
	u, err := p.term(false, sign)
	if err != nil {
		return nil, err
	}
	if !p.next(')') {
		return nil, p.fault("ucum.parenthesis")
	}
	p.depth--
	return u, p.annotation()
}

// ten reports whether "10*" or "10^" stands here, which are symbols.
func (p *parser) ten() bool {
	rest := p.s[p.at:]
	return strings.HasPrefix(rest, "10*") || strings.HasPrefix(rest, "10^")
}

// count reads a positive whole number.
func (p *parser) count(sign int) (*unit, error) {
	digits := p.digits()
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n == 0 || len(digits) > longestCount {
		return nil, p.fault("ucum.number")
	}
	if n > 1 {
		p.steps = append(p.steps, step{strconv.FormatInt(n, 10), sign})
	}
	return &unit{factor: new(big.Rat).SetInt64(n)}, nil
}

// power reads a symbol and its exponent.
func (p *parser) power(sign int) (*unit, error) {
	symbol, err := p.symbol()
	if err != nil {
		return nil, err
	}
	u, ok := p.t.symbol(symbol)
	if !ok {
		return nil, issue.New(issue.CodeInvalid, "ucum.symbol", symbol)
	}
	exponent, err := p.exponent()
	if err != nil {
		return nil, err
	}
	p.steps = append(p.steps, step{symbol, sign * exponent})
	if exponent == 1 {
		return u, nil
	}
	return p.raise(u, exponent)
}

// symbol takes the characters of a symbol: all but terminals and digits, and
// anything in square brackets.
func (p *parser) symbol() (string, error) {
	from := p.at
	if p.ten() {
		p.at += len("10*")
		return p.s[from:p.at], nil
	}
	for p.at < len(p.s) {
		c := p.s[p.at]
		if c == '[' {
			end := strings.IndexByte(p.s[p.at:], ']')
			if end < 0 {
				return "", p.fault("ucum.bracket")
			}
			p.at += end + 1
			continue
		}
		if c <= ' ' || c > '~' || strings.IndexByte("0123456789+-./(){}=]", c) >= 0 {
			break
		}
		p.at++
	}
	if p.at == from {
		return "", p.fault("ucum.character")
	}
	return p.s[from:p.at], nil
}

// exponent reads a whole number with or without sign; 1 when there is none.
func (p *parser) exponent() (int, error) {
	sign, signed := 1, true
	switch p.peek() {
	case '-':
		sign = -1
		p.at++
	case '+':
		p.at++
	default:
		signed = false
	}
	digits := p.digits()
	if digits == "" && !signed {
		return 1, nil
	}
	n, err := strconv.Atoi(digits)
	if err != nil || n > highest || n == 0 {
		return 0, p.fault("ucum.exponent")
	}
	return sign * n, nil
}

// annotation skips a text in curly braces, which means nothing (§6).
func (p *parser) annotation() error {
	if !p.next('{') {
		return nil
	}
	for ; p.at < len(p.s); p.at++ {
		switch c := p.s[p.at]; {
		case c == '}':
			p.at++
			return nil
		case c <= ' ' || c > '~' || c == '{':
			return p.fault("ucum.character")
		}
	}
	return p.fault("ucum.annotation")
}

// peek returns the character here, 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.s) {
		return p.s[p.at]
	}
	return 0
}

// next steps over the character if it stands here.
func (p *parser) next(c byte) bool {
	if p.peek() != c {
		return false
	}
	p.at++
	return true
}

func (p *parser) digits() string {
	from := p.at
	for p.at < len(p.s) && p.s[p.at] >= '0' && p.s[p.at] <= '9' {
		p.at++
	}
	return p.s[from:p.at]
}

func (p *parser) fault(key string) error {
	return issue.New(issue.CodeInvalid, key, p.s, p.at+1)
}

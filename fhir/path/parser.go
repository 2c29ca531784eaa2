// SPDX-License-Identifier: Apache-2.0

package path

import (
	"slices"

	"mach/issue"
)

// The limits of the text of one expression.
const (
	maxText  = 64 << 10 // bytes
	maxDepth = 200      // of nesting
	maxChain = 1000     // operators or members one after the other
)

// op says what a node of the tree is.
type op uint8

const (
	opLiteral  op = iota
	opEmpty       // {}
	opName        // a first name: an element or a type
	opCall        // text(args…); on args[0] when dotted
	opMember      // args[0].text
	opIndex       // args[0][args[1]]
	opSpecial     // $this, $index, $total
	opVariable    // %text
	opPolarity    // text args[0]
	opBinary      // args[0] text args[1]
	opType        // args[0] is typ, args[0] as typ
)

// A tree is an expression.
type tree struct {
	op     op
	text   string
	args   []*tree
	dotted bool // a call on something
	typ    typeName
	value  Value
	pos    int
	desc   bool // an argument of sort that ends in "desc"
}

// binding powers of binary operators, weakest first
// (http://hl7.org/fhirpath/N1/#operator-precedence).
var powers = map[string]int{
	"implies": 1, "or": 2, "xor": 2, "and": 3, "in": 4, "contains": 4,
	"=": 5, "~": 5, "!=": 5, "!~": 5, "<": 6, ">": 6, "<=": 6, ">=": 6,
	"|": 7, "is": 8, "as": 8, "+": 9, "-": 9, "&": 9, "*": 10, "/": 10, "div": 10, "mod": 10,
}

// A parser is a Pratt parser with one token of lookahead.
type parser struct {
	lexer
	token token
	depth int
}

func parse(text string) (*tree, error) {
	if len(text) > maxText {
		return nil, issue.New(issue.TooLong, "path.too_long", maxText)
	}
	p := &parser{lexer: lexer{s: text}}
	if err := p.advance(); err != nil {
		return nil, err
	}
	t, err := p.expression(0)
	if err == nil && p.token.kind != tEnd {
		err = p.unexpected()
	}
	return t, err
}

func (p *parser) advance() (err error) {
	p.token, err = p.next()
	return err
}

func (p *parser) unexpected() error { return p.fault(p.token.pos) }

func (p *parser) at(symbol string) bool { return p.token.kind == tSymbol && p.token.text == symbol }

// expect skips a symbol.
func (p *parser) expect(symbol string) error {
	if !p.at(symbol) {
		return p.unexpected()
	}
	return p.advance()
}

// operator returns the binary operator that the token is, "" when it is none.
func (p *parser) operator() string {
	t := p.token
	if (t.kind == tSymbol || t.kind == tName && !t.quoted) && powers[t.text] > 0 {
		return t.text
	}
	return ""
}

// expression reads operators that bind more strongly than power.
func (p *parser) expression(power int) (*tree, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, issue.New(issue.TooCostly, "path.too_deep", maxDepth)
	}
	defer func() { p.depth-- }()
	left, err := p.operand()
	if err != nil {
		return nil, err
	}
	for n := 0; ; n++ {
		name, pos := p.operator(), p.token.pos
		if name == "" || powers[name] <= power {
			return left, nil
		}
		if n > maxChain {
			return nil, issue.New(issue.TooCostly, "path.too_deep", maxChain)
		}
		if err := p.advance(); err != nil {
			return nil, err
		}
		if left, err = p.binary(left, name, pos); err != nil {
			return nil, err
		}
	}
}

// binary reads what stands after a binary operator.
func (p *parser) binary(left *tree, name string, pos int) (*tree, error) {
	if name == "is" || name == "as" {
		typ, err := p.typeName()
		return &tree{op: opType, text: name, args: []*tree{left}, typ: typ, pos: pos}, err
	}
	right, err := p.expression(powers[name])
	return &tree{op: opBinary, text: name, args: []*tree{left, right}, pos: pos}, err
}

// operand reads a term with its sign, members, calls and indexes.
func (p *parser) operand() (*tree, error) {
	if p.at("+") || p.at("-") {
		sign := p.token
		if err := p.advance(); err != nil {
			return nil, err
		}
		if p.depth++; p.depth > maxDepth {
			return nil, issue.New(issue.TooCostly, "path.too_deep", maxDepth)
		}
		of, err := p.operand()
		p.depth--
		return &tree{op: opPolarity, text: sign.text, args: []*tree{of}, pos: sign.pos}, err
	}
	t, err := p.term()
	for n := 0; err == nil; n++ {
		if n > maxChain {
			return nil, issue.New(issue.TooCostly, "path.too_deep", maxChain)
		}
		switch {
		case p.at("."):
			t, err = p.dot(t)
		case p.at("["):
			t, err = p.index(t)
		default:
			return t, nil
		}
	}
	return nil, err
}

func (p *parser) dot(of *tree) (*tree, error) {
	if err := p.advance(); err != nil {
		return nil, err
	}
	if p.token.kind == tSpecial { // a.$this
		t := &tree{op: opSpecial, text: p.token.text, args: []*tree{of}, pos: p.token.pos}
		return t, p.advance()
	}
	if p.token.kind == tName { // text.div: after a point no word is an operator
		p.token.quoted = true
	}
	t, err := p.named()
	if err != nil {
		return nil, err
	}
	if t.op == opCall {
		t.dotted, t.args = true, append([]*tree{of}, t.args...)
		return t, nil
	}
	t.op, t.args = opMember, []*tree{of}
	return t, nil
}

func (p *parser) index(of *tree) (*tree, error) {
	pos := p.token.pos
	if err := p.advance(); err != nil {
		return nil, err
	}
	i, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	return &tree{op: opIndex, args: []*tree{of, i}, pos: pos}, p.expect("]")
}

// notNames are the word operators that are not names of elements as well.
var notNames = []string{"and", "or", "xor", "implies", "div", "mod", "true", "false"}

// named reads a name, and its arguments when it is called.
func (p *parser) named() (*tree, error) {
	if p.token.kind != tName || !p.token.quoted && slices.Contains(notNames, p.token.text) {
		return nil, p.unexpected()
	}
	t := &tree{op: opName, text: p.token.text, pos: p.token.pos}
	if err := p.advance(); err != nil || !p.at("(") {
		return t, err
	}
	t.op = opCall
	if err := p.advance(); err != nil {
		return nil, err
	}
	for !p.at(")") {
		if len(t.args) > 0 {
			if err := p.expect(","); err != nil {
				return nil, err
			}
		}
		arg, err := p.argument(t.text)
		if err != nil {
			return nil, err
		}
		t.args = append(t.args, arg)
	}
	return t, p.advance()
}

// argument reads an argument; those of sort may end in asc or desc.
func (p *parser) argument(function string) (*tree, error) {
	arg, err := p.expression(0)
	if err != nil || function != "sort" || p.token.kind != tName {
		return arg, err
	}
	switch p.token.text {
	case "desc":
		arg = &tree{op: opPolarity, text: "-", args: []*tree{arg}, desc: true, pos: p.token.pos}
	case "asc":
	default:
		return nil, p.unexpected()
	}
	return arg, p.advance()
}

// typeName reads System.String, FHIR.Patient or Patient.
func (p *parser) typeName() (typeName, error) {
	if p.token.kind != tName {
		return typeName{}, p.unexpected()
	}
	n := typeName{name: p.token.text}
	if err := p.advance(); err != nil || !p.at(".") {
		return n, err
	}
	if err := p.advance(); err != nil {
		return n, err
	}
	if p.token.kind != tName {
		return n, p.unexpected()
	}
	n.space, n.name = n.name, p.token.text
	return n, p.advance()
}

func (p *parser) term() (*tree, error) {
	t := p.token
	switch {
	case t.kind == tName && !t.quoted && (t.text == "true" || t.text == "false"):
		return p.literal(Value{data: t.text == "true"})
	case t.kind == tName:
		return p.named()
	case t.kind == tString:
		return p.literal(Value{data: t.text})
	case t.kind == tNumber:
		return p.number()
	case t.kind == tMoment:
		m, _ := parseLiteral(t.text)
		return p.literal(Value{data: m})
	case t.kind == tVariable:
		return &tree{op: opVariable, text: t.text, pos: t.pos}, p.advance()
	case t.kind == tSpecial:
		return &tree{op: opSpecial, text: t.text, pos: t.pos}, p.advance()
	case p.at("("):
		if err := p.advance(); err != nil {
			return nil, err
		}
		inner, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return inner, p.expect(")")
	case p.at("{"):
		if err := p.advance(); err != nil {
			return nil, err
		}
		return &tree{op: opEmpty, pos: t.pos}, p.expect("}")
	}
	return nil, p.unexpected()
}

func (p *parser) literal(v Value) (*tree, error) {
	return &tree{op: opLiteral, value: v, pos: p.token.pos}, p.advance()
}

// number reads a number, or a quantity when a unit follows: 4 days, 10 'mg'.
func (p *parser) number() (*tree, error) {
	t := p.token
	v, ok := parseNumber(t.text)
	if !ok {
		return nil, p.unexpected()
	}
	if err := p.advance(); err != nil {
		return nil, err
	}
	q := Quantity{Value: v.decimal(), Unit: p.token.text}
	switch {
	case p.token.kind == tString:
	case p.token.kind == tName && !p.token.quoted && calendarUnits[p.token.text] != "":
		q.Calendar = true
	default:
		return &tree{op: opLiteral, value: v, pos: t.pos}, nil
	}
	return &tree{op: opLiteral, value: Value{data: q}, pos: t.pos}, p.advance()
}

// SPDX-License-Identifier: Apache-2.0

package ucum

import (
	_ "embed" // the table
	"math/big"
	"strings"
	"sync"
)

//go:generate go -C ../../tools run ./ucum -out ../fhir/ucum/table.txt -essence ${UCUM_ESSENCE}

//go:embed table.txt
var text string

// A table holds what the standard defines. It is never written after reading.
type table struct {
	prefixes map[string]*big.Rat
	atoms    map[string]*atom
}

// An atom is a unit symbol without prefix.
type atom struct {
	metric bool
	unit   *unit // nil until it is resolved
	cells  []string
}

// standard is the embedded table. It is part of the program, so that failing
// to read it is a fault of the build; a test reads it first.
var standard = sync.OnceValue(func() *table {
	t := &table{prefixes: map[string]*big.Rat{}, atoms: map[string]*atom{}}
	for line := range strings.Lines(text) {
		cells := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		switch cells[0] {
		case "P":
			t.prefixes[cells[1]] = number(cells[2])
		case "B":
			t.atoms[cells[1]] = &atom{metric: true, unit: base(cells[1])}
		case "U":
			t.atoms[cells[1]] = &atom{metric: strings.Contains(cells[2], "m"), cells: cells}
		}
	}
	for _, a := range t.atoms {
		t.resolve(a)
	}
	return t
})

// resolve gives the atom its unit: its definition, read with the same table.
func (t *table) resolve(a *atom) *unit {
	if a.unit != nil {
		return a.unit
	}
	code, flags, value, in := a.cells[1], a.cells[2], a.cells[3], a.cells[4]
	if strings.Contains(flags, "a") && in == "1" {
		a.unit = base(code)
		return a.unit
	}
	of, err := t.parse(in)
	if err != nil {
		panic("ucum: " + code + " is defined by " + in + ": " + err.Error())
	}
	u := &unit{factor: new(big.Rat).Mul(of.factor, number(value)), dims: of.dims}
	if len(a.cells) > 6 {
		f, ok := functions[a.cells[6]]
		if !ok {
			panic("ucum: " + code + " needs the function " + a.cells[6])
		}
		u.special, u.scale = &f, big.NewRat(1, 1)
	}
	a.unit = u
	return u
}

// symbol finds the unit of a symbol: an atom, or a prefix and a metric atom.
// §11: a symbol is first sought as it stands.
func (t *table) symbol(s string) (*unit, bool) {
	if a, ok := t.atoms[s]; ok {
		return t.resolve(a), true
	}
	for n := 1; n <= 2 && n < len(s); n++ { // the longest prefix is "da"
		p, ok := t.prefixes[s[:n]]
		if !ok {
			continue
		}
		if a, ok := t.atoms[s[n:]]; ok && a.metric {
			return t.resolve(a).scaled(p), true
		}
	}
	return nil, false
}

// number reads a number of the table.
func number(s string) *big.Rat {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		panic("ucum: number " + s)
	}
	return r
}

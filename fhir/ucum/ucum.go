// SPDX-License-Identifier: Apache-2.0

package ucum

import (
	"math/big"
	"strconv"
	"strings"
	"sync"

	"github.com/cockroachdb/apd/v3"

	"mach/issue"
)

// Canonical returns the value in base units and their product in order of
// code: (5, "mg/dL") gives 50 and "g.m-3". The base is "1" for a number. Two
// units can be compared exactly when their bases are equal. The error is an
// [issue.Error]: the text is no unit, or the value is out of bounds.
func Canonical(value *apd.Decimal, unit string) (*apd.Decimal, string, error) {
	u, err := parsed(unit)
	if err != nil {
		return nil, "", err
	}
	v, err := u.toBase(value)
	if err != nil {
		return nil, "", err
	}
	return v, u.base, nil
}

// Convert returns the value in another unit. The error is an [issue.Error]: a
// text is no unit, the units measure different things, or the value is out of
// bounds.
func Convert(value *apd.Decimal, from, to string) (*apd.Decimal, error) {
	a, err := parsed(from)
	if err != nil {
		return nil, err
	}
	b, err := parsed(to)
	if err != nil {
		return nil, err
	}
	if a.base != b.base {
		return nil, issue.New(issue.Value, "ucum.dimension", from, to)
	}
	if a.special == nil && b.special == nil { // one fraction, rounded once
		if err := bounded(value); err != nil {
			return nil, err
		}
		ratio := new(big.Rat).Quo(a.factor, b.factor)
		return times(value, ratio, finite(ratio))
	}
	v, err := a.toBase(value)
	if err != nil {
		return nil, err
	}
	return b.fromBase(v)
}

// Valid reports why the text is no unit, as an [issue.Error]; nil when it is.
func Valid(unit string) error {
	_, err := parsed(unit)
	return err
}

// Product returns a unit that is a × b, as short as merging equal symbols
// makes it: ("cm", "cm") gives "cm2". It judges nothing: of texts that are no
// units, and of special units, the result is none.
func Product(a, b string) string { return combine(a, b, 1) }

// Quotient returns a unit that is a / b: ("g", "m") gives "g/m", ("m", "m")
// gives "1".
func Quotient(a, b string) string { return combine(a, b, -1) }

func combine(a, b string, sign int) string {
	x, errA := parsed(a)
	y, errB := parsed(b)
	if errA != nil || errB != nil {
		return a + "." + b
	}
	var steps []step
	add := func(s step, sign int) {
		for i := range steps {
			if steps[i].symbol == s.symbol {
				steps[i].exponent += sign * s.exponent
				return
			}
		}
		steps = append(steps, step{s.symbol, sign * s.exponent})
	}
	for _, s := range x.steps {
		add(s, 1)
	}
	for _, s := range y.steps {
		add(s, sign)
	}
	return written(steps)
}

// written spells steps as a unit: what multiplies, then what divides. A number
// has no exponent, so its powers are spelt out.
func written(steps []step) string {
	var over, under strings.Builder
	for _, s := range steps {
		n, b, op := s.exponent, &over, "."
		if n < 0 {
			n, b, op = -n, &under, "/"
		}
		if s.symbol[0] >= '0' && s.symbol[0] <= '9' && len(s.symbol) == len(strings.TrimRight(s.symbol, "*^")) {
			for range n {
				b.WriteString(op + s.symbol)
			}
			continue
		}
		switch n {
		case 0:
		case 1:
			b.WriteString(op + s.symbol)
		default:
			b.WriteString(op + s.symbol + strconv.Itoa(n))
		}
	}
	if over.Len()+under.Len() == 0 {
		return "1"
	}
	return strings.TrimPrefix(over.String(), ".") + under.String()
}

// mostCached bounds the cache of parsed units. A server sees some hundred.
const mostCached = 4096

// A cache holds parsed units by their text. It starts anew when it is full.
type cache struct {
	mu    sync.RWMutex
	units map[string]*unit
}

var seen cache

// parsed returns the unit of a text, from the cache where it is there.
func parsed(text string) (*unit, error) {
	seen.mu.RLock()
	u := seen.units[text]
	seen.mu.RUnlock()
	if u != nil {
		return u, nil
	}
	u, err := standard().parse(text)
	if err != nil {
		return nil, err
	}
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if seen.units == nil || len(seen.units) >= mostCached {
		seen.units = map[string]*unit{}
	}
	seen.units[strings.Clone(text)] = u
	return u, nil
}

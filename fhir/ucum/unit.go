// SPDX-License-Identifier: Apache-2.0

package ucum

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"

	"github.com/cockroachdb/apd/v3"

	"mach/issue"
)

// A unit is a factor on a product of base units. It is never changed once it
// is in the table or the cache.
type unit struct {
	factor *big.Rat
	dims   map[string]int // exponents of base units, none of them 0; nil for none
	// special is set for a special unit alone; a value x of it is then
	// special.to(x × scale) × factor.
	special *function
	scale   *big.Rat

	// What finish derives.
	base  string
	exact *apd.Decimal // the factor, when it is a finite decimal
	steps []step       // as written
}

func one() *unit { return &unit{factor: big.NewRat(1, 1)} }

// base returns a base unit.
func base(code string) *unit {
	return &unit{factor: big.NewRat(1, 1), dims: map[string]int{code: 1}}
}

// scaled returns the unit with a prefix.
func (u *unit) scaled(by *big.Rat) *unit {
	c := *u
	if u.special != nil {
		c.scale = new(big.Rat).Mul(u.scale, by)
	} else {
		c.factor = new(big.Rat).Mul(u.factor, by)
	}
	return &c
}

// multiply returns a × b or a / b. A special unit may only meet a number on its
// left (§22), which scales it as a prefix would.
func (p *parser) multiply(a, b *unit, exponent int) (*unit, error) {
	if a.special != nil || b.special != nil && (exponent < 0 || len(a.dims) > 0) {
		return nil, p.fault("ucum.special")
	}
	if b.special != nil {
		return b.scaled(a.factor), nil
	}
	b, err := p.raise(b, exponent)
	if err != nil {
		return nil, err
	}
	if wide(a.factor)+wide(b.factor) > widest {
		return nil, p.fault("ucum.number")
	}
	u := &unit{factor: new(big.Rat).Mul(a.factor, b.factor), dims: maps.Clone(a.dims)}
	for code, n := range b.dims {
		if u.dims == nil {
			u.dims = map[string]int{}
		}
		if u.dims[code] += n; u.dims[code] == 0 {
			delete(u.dims, code)
		}
	}
	return u, nil
}

// raise returns a power of the unit.
func (p *parser) raise(u *unit, exponent int) (*unit, error) {
	if exponent == 1 {
		return u, nil
	}
	n := max(exponent, -exponent)
	switch {
	case u.special != nil:
		return nil, p.fault("ucum.special")
	case wide(u.factor)*n > widest:
		return nil, p.fault("ucum.number")
	}
	e := big.NewInt(int64(n))
	c := &unit{factor: new(big.Rat).SetFrac(
		new(big.Int).Exp(u.factor.Num(), e, nil), new(big.Int).Exp(u.factor.Denom(), e, nil))}
	if exponent < 0 {
		c.factor.Inv(c.factor)
	}
	if len(u.dims) > 0 {
		c.dims = make(map[string]int, len(u.dims))
	}
	for code, d := range u.dims {
		c.dims[code] = d * exponent
	}
	return c, nil
}

// wide returns the bits of the larger part of a fraction.
func wide(r *big.Rat) int { return max(r.Num().BitLen(), r.Denom().BitLen()) }

// finish derives what conversions need.
func (u *unit) finish() {
	var b strings.Builder
	for _, code := range slices.Sorted(maps.Keys(u.dims)) {
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(code)
		if n := u.dims[code]; n != 1 {
			fmt.Fprint(&b, n)
		}
	}
	if u.base = b.String(); u.base == "" {
		u.base = "1"
	}
	u.exact = finite(u.factor)
}

// finite returns the fraction as a decimal, nil when that has no end.
func finite(r *big.Rat) *apd.Decimal {
	places, ends := r.FloatPrec()
	if !ends {
		return nil
	}
	d := new(apd.Decimal)
	num := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil)
	num.Mul(num, r.Num()).Quo(num, r.Denom())
	d.Coeff.SetMathBigInt(num)
	d.Exponent = -int32(places)
	d.Reduce(d)
	return d
}

// rounded has the digits of IEEE 754 decimal128; exactly has all there are.
var (
	rounded = apd.BaseContext.WithPrecision(34)
	exactly = &apd.BaseContext
)

// times returns v × r, exactly where that has an end.
func times(v *apd.Decimal, r *big.Rat, exact *apd.Decimal) (*apd.Decimal, error) {
	out := new(apd.Decimal)
	if exact != nil {
		_, err := exactly.Mul(out, v, exact)
		return whole(out), err
	}
	var num, den apd.Decimal
	num.Coeff.SetMathBigInt(r.Num())
	den.Coeff.SetMathBigInt(r.Denom())
	if _, err := exactly.Mul(&num, v, &num); err != nil {
		return nil, err
	}
	if _, err := rounded.Quo(out, &num, &den); err != nil {
		return nil, err
	}
	return whole(out), nil
}

// whole writes out the zeros of a moderately large number, so that it prints
// as 1000 and not as 1E+3.
func whole(d *apd.Decimal) *apd.Decimal {
	if d.Exponent > 0 && d.Exponent <= 40 {
		var ten apd.BigInt
		ten.Exp(apd.NewBigInt(10), apd.NewBigInt(int64(d.Exponent)), nil)
		d.Coeff.Mul(&d.Coeff, &ten)
		d.Exponent = 0
	}
	return d
}

// toBase returns the value in base units.
func (u *unit) toBase(v *apd.Decimal) (*apd.Decimal, error) {
	if err := bounded(v); err != nil {
		return nil, err
	}
	if u.special == nil {
		return times(v, u.factor, u.exact)
	}
	x, err := times(v, u.scale, finite(u.scale))
	if err != nil {
		return nil, err
	}
	if x, err = u.special.to(x); err != nil {
		return nil, outside(err)
	}
	return times(x, u.factor, u.exact)
}

// fromBase returns the value given in base units in this one.
func (u *unit) fromBase(v *apd.Decimal) (*apd.Decimal, error) {
	inverse := new(big.Rat).Inv(u.factor)
	x, err := times(v, inverse, finite(inverse))
	if err != nil || u.special == nil {
		return x, err
	}
	if x, err = u.special.from(x); err != nil {
		return nil, outside(err)
	}
	inverse.Inv(u.scale)
	return times(x, inverse, finite(inverse))
}

// Bounds on values.
const (
	mostDigits = 1000
	mostPlaces = 1000
)

func bounded(v *apd.Decimal) error {
	if v.Form != apd.Finite || v.Exponent > mostPlaces || v.Exponent < -mostPlaces || v.NumDigits() > mostDigits {
		return issue.New(issue.Value, "ucum.value")
	}
	return nil
}

// outside tells of a value for which the function of a special unit is not
// defined, such as the logarithm of a negative one.
func outside(error) error { return issue.New(issue.Value, "ucum.value") }

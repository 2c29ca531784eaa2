// SPDX-License-Identifier: Apache-2.0

package ucum

import (
	"errors"
	"math"
	"strconv"

	"github.com/cockroachdb/apd/v3"
)

// A function ties a special unit to its proper unit (§21): a value x of the
// special unit is to(x) proper units, and a value m of the proper unit is
// from(m) special ones.
type function struct {
	to, from func(*apd.Decimal) (*apd.Decimal, error)
}

// functions are those that the table names, by the definitions of §30–§46.
// The three that turn angles go through binary floats of 15 digits.
var functions = map[string]function{
	"Cel":         shifted("273.15"),
	"degF":        shifted("459.67"),
	"degRe":       shifted("218.52"),
	"tanTimes100": slope,
	"100tan":      slope,
	"hpX":         logarithm("10", "-1"),
	"hpC":         logarithm("100", "-1"),
	"hpM":         logarithm("1000", "-1"),
	"hpQ":         logarithm("50000", "-1"),
	"pH":          logarithm("10", "-1"),
	"ln":          natural,
	"lg":          logarithm("10", "1"),
	"lgTimes2":    logarithm("10", "2"),
	"ld":          logarithm("2", "1"),
	"sqrt":        root,
}

var errBeyond = errors.New("value beyond the function")

// mostPower bounds the exponents of 10^x and its kin.
var mostPower = apd.New(300, 0)

func decimal(s string) *apd.Decimal {
	d, _, err := apd.NewFromString(s)
	if err != nil {
		panic("ucum: number " + s)
	}
	return d
}

// shifted is f(m) = m − zero.
func shifted(zero string) function {
	z := decimal(zero)
	return function{
		to: func(x *apd.Decimal) (*apd.Decimal, error) {
			out := new(apd.Decimal)
			_, err := exactly.Add(out, x, z)
			return out, err
		},
		from: func(m *apd.Decimal) (*apd.Decimal, error) {
			out := new(apd.Decimal)
			_, err := exactly.Sub(out, m, z)
			return out, err
		},
	}
}

// logarithm is f(m) = times × log_base(m).
func logarithm(base, times string) function {
	b, n := decimal(base), decimal(times)
	return function{
		to: func(x *apd.Decimal) (*apd.Decimal, error) {
			out := new(apd.Decimal)
			if _, err := rounded.Quo(out, x, n); err != nil || tooLarge(out) {
				return nil, errBeyond
			}
			_, err := rounded.Pow(out, b, out)
			return out, err
		},
		from: func(m *apd.Decimal) (*apd.Decimal, error) {
			if m.Sign() <= 0 {
				return nil, errBeyond
			}
			var top, bottom apd.Decimal
			if _, err := rounded.Log10(&top, m); err != nil {
				return nil, err
			}
			if _, err := rounded.Log10(&bottom, b); err != nil {
				return nil, err
			}
			if _, err := rounded.Quo(&top, &top, &bottom); err != nil {
				return nil, err
			}
			_, err := rounded.Mul(&top, &top, n)
			return &top, err
		},
	}
}

// natural is f(m) = ln(m).
var natural = function{
	to: func(x *apd.Decimal) (*apd.Decimal, error) {
		if tooLarge(x) {
			return nil, errBeyond
		}
		out := new(apd.Decimal)
		_, err := rounded.Exp(out, x)
		return out, err
	},
	from: func(m *apd.Decimal) (*apd.Decimal, error) {
		if m.Sign() <= 0 {
			return nil, errBeyond
		}
		out := new(apd.Decimal)
		_, err := rounded.Ln(out, m)
		return out, err
	},
}

// root is f(m) = √m.
var root = function{
	to: func(x *apd.Decimal) (*apd.Decimal, error) {
		out := new(apd.Decimal)
		_, err := exactly.Mul(out, x, x)
		return out, err
	},
	from: func(m *apd.Decimal) (*apd.Decimal, error) {
		if m.Sign() < 0 {
			return nil, errBeyond
		}
		out := new(apd.Decimal)
		_, err := rounded.Sqrt(out, m)
		return out, err
	},
}

// slope is f(α) = 100 × tan(α); the table gives α in degrees.
var slope = function{
	to: float(func(x float64) float64 { return math.Atan(x/100) * 180 / math.Pi }),
	from: float(func(m float64) float64 {
		if math.Abs(m) >= 90 {
			return math.NaN()
		}
		return math.Tan(m*math.Pi/180) * 100
	}),
}

// float lends a function of binary floats, of which 15 digits are trusted.
func float(f func(float64) float64) func(*apd.Decimal) (*apd.Decimal, error) {
	return func(d *apd.Decimal) (*apd.Decimal, error) {
		x, err := d.Float64()
		if err != nil {
			return nil, err
		}
		if x = f(x); math.IsNaN(x) || math.IsInf(x, 0) {
			return nil, errBeyond
		}
		return decimal(strconv.FormatFloat(x, 'e', 14, 64)), nil
	}
}

func tooLarge(x *apd.Decimal) bool {
	var size apd.Decimal
	return size.Abs(x).Cmp(mostPower) > 0
}

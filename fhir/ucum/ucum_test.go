// SPDX-License-Identifier: Apache-2.0

package ucum

import (
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"

	"mach/issue"
)

func dec(t testing.TB, s string) *apd.Decimal {
	t.Helper()
	d, _, err := apd.NewFromString(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestConvert: definitions of the standard, of the international yard and
// pound, and of NIST SP 811. An answer that begins with ~ is rounded to the
// digits given.
func TestConvert(t *testing.T) {
	for _, c := range []struct{ value, from, to, want string }{
		{"1", "mg", "g", "0.001"},
		{"1", "kg", "mg", "1000000"},
		{"5.4", "g/L", "mg/dL", "540"},
		{"120", "mm[Hg]", "kPa", "15.99864"},
		{"1", "[in_i]", "cm", "2.54"},
		{"1", "[ft_i]", "m", "0.3048"},
		{"1", "[mi_i]", "m", "1609.344"},
		{"1", "[lb_av]", "g", "453.59237"},
		{"1", "[oz_av]", "g", "28.349523125"},
		{"1", "[stone_av]", "kg", "6.35029318"},
		{"1", "[gal_us]", "L", "3.785411784"},
		{"1", "[foz_us]", "mL", "29.5735295625"},
		{"1", "[gal_br]", "l", "4.54609"},
		{"1", "[nmi_i]", "m", "1852"},
		{"1", "[acr_us]", "m2", "~4046.87261"},
		{"1", "cal", "J", "4.184"},
		{"1", "atm", "Pa", "101325"},
		{"1", "[psi]", "Pa", "~6894.757293"},
		{"1", "eV", "J", "0.000000000000000000160217733"},
		{"1", "h", "s", "3600"},
		{"1", "wk", "d", "7"},
		{"1", "a", "d", "365.25"},
		{"1", "mo", "d", "30.4375"},
		{"72", "km/h", "m/s", "20"},
		{"1", "[kn_i]", "m/s", "~0.5144444"},
		{"60", "/min", "Hz", "1"},
		{"1", "U", "nkat", "~16.666667"},
		{"1", "U/L", "ukat/l", "~0.016666667"},
		{"1", "deg", "rad", "~0.01745329252"},
		{"180", "deg", "[pi].rad", "1"},
		{"1", "Ci", "Bq", "37000000000"},
		{"1", "meq/L", "mmol/L", "1"},
		{"50", "%", "1", "0.5"},
		{"1", "10*3/uL", "10*9/L", "1"},
		{"4.5", "10*6/uL", "10^12/l", "4.5"},
		{"7", "{cells}/[HPF]", "/[HPF]", "7"},
		{"1", "Gy", "J/kg", "1"},
		{"1", "N", "kg.m/s2", "1"},
		{"1", "dyn", "N", "0.00001"},
		{"1", "[iU]/mL", "k[IU]/L", "1"},
		{"2", "(mg/kg)/d", "mg/kg/d", "2"},
		{"3", "g/(m.s)", "g/m/s", "3"},
		{"1", "B[10.nV]", "V", "~0.0000000316227766"},

		// Special units.
		{"37", "Cel", "[degF]", "98.6"},
		{"98.6", "[degF]", "Cel", "37"},
		{"-40", "Cel", "[degF]", "-40"},
		{"0", "K", "Cel", "-273.15"},
		{"100", "[degF]", "Cel", "~37.77777777777778"},
		{"100", "Cel", "[degRe]", "80"},
		{"37000", "mCel", "K", "310.15"},
		{"7.4", "[pH]", "mol/l", "~0.0000000398107170553497"},
		{"0.0000001", "mol/L", "[pH]", "~7"},
		{"30", "dB", "1", "~1000"},
		{"1000", "1", "B", "~3"},
		{"1", "Np", "1", "~2.718281828459045"},
		{"60", "dB[SPL]", "Pa", "~0.02"},
		{"20", "dB[V]", "V", "~10"},
		{"3", "B[W]", "kW", "~1"},
		{"8", "bit_s", "1", "~256"},
		{"2", "[hp'_X]", "1", "~0.01"},
		{"1", "[hp'_C]", "1", "~0.01"},
		{"100", "%[slope]", "deg", "~45"},
		{"45", "deg", "[p'diop]", "~100"},
		{"3", "[m/s2/Hz^(1/2)]", "m2/s4/Hz", "9"},
	} {
		got, err := Convert(dec(t, c.value), c.from, c.to)
		if err != nil {
			t.Errorf("%s %s in %s: %v", c.value, c.from, c.to, err)
			continue
		}
		want, about := strings.CutPrefix(c.want, "~")
		if about {
			_, digits, _ := strings.Cut(want, ".")
			if _, err := rounded.Quantize(got, got, -int32(len(digits))); err != nil {
				t.Errorf("%s %s in %s: %v", c.value, c.from, c.to, err)
			}
		}
		if got.Cmp(dec(t, want)) != 0 {
			t.Errorf("%s %s is %s %s, want %s", c.value, c.from, got, c.to, c.want)
		}
	}
}

func TestCanonical(t *testing.T) {
	for _, c := range []struct{ value, unit, want, base string }{
		{"1", "mg", "0.001", "g"},
		{"5", "mg/dL", "50", "g.m-3"},
		{"4", "kg", "4000", "g"},
		{"1", "N", "1000", "g.m.s-2"},
		{"1", "1", "1", "1"},
		{"12", "%", "0.12", "1"},
		{"1", "{score}", "1", "1"},
		{"1", "[iU]/L", "1000", "[iU].m-3"},
		{"1", "[IU]/L", "1000", "[iU].m-3"},
		{"1", "mol", "602213670000000000000000", "1"},
		{"37.0", "Cel", "310.15", "K"},
		{"1", "m/m", "1", "1"},
		{"1.50", "m", "1.50", "m"},
	} {
		got, base, err := Canonical(dec(t, c.value), c.unit)
		if err != nil || got.String() != dec(t, c.want).String() && got.Cmp(dec(t, c.want)) != 0 || base != c.base {
			t.Errorf("%s %s is %s %q %v, want %s %q", c.value, c.unit, got, base, err, c.want, c.base)
		}
	}
}

func TestValid(t *testing.T) {
	for _, unit := range strings.Fields(`1 m mm daPa cd min 10*3/uL 10^3 10*-2 /min /10*6 % [in_i] kg.m/s2 kg.m.s-2 m+2
		mm[Hg] m[H2O] cm[H2O] umol/min/g (m.s)/kg {a} mg{total}/dL m{b}3-no-wait [arb'U] [degF] dB[SPL] ''/min ug/(kg.h)
		B[10.nV] [m/s2/Hz^(1/2)] mL/min/{1.73_m2} g/(12.h) 2.m [in_i'H2O] ar har Gm kat mosm/kg dar`) {
		err := Valid(unit)
		if bad := unit == "m{b}3-no-wait"; (err != nil) != bad {
			t.Errorf("%s: %v", unit, err)
		}
	}
	for unit, key := range map[string]string{
		"": "ucum.length", strings.Repeat("m.", 120) + "m": "ucum.length",
		"mmHg": "ucum.symbol", "KG": "ucum.symbol", "k[in_i]": "ucum.symbol", "kkg": "ucum.symbol", "k": "ucum.symbol", "MIN": "ucum.symbol",
		"m//s": "ucum.character", "m.": "ucum.character", ".m": "ucum.character", "m s": "ucum.character", " m": "ucum.character",
		"m)": "ucum.character", "µg": "ucum.character", "m2m": "ucum.character", "m{a b}": "ucum.character", "(m)2": "ucum.character",
		"(/m)": "ucum.character",
		"(m":   "ucum.parenthesis", "[in_i": "ucum.bracket", "m{a": "ucum.annotation",
		"m0": "ucum.exponent", "m100": "ucum.exponent", "m-": "ucum.exponent", "m99999999999999999999": "ucum.exponent",
		"0": "ucum.number", "m/0": "ucum.number", "9999999999999999999": "ucum.number", "Ym99": "ucum.number",
		"Cel/s": "ucum.special", "Cel2": "ucum.special", "/Cel": "ucum.special", "m.Cel": "ucum.special", "[pH].2": "ucum.special",
		strings.Repeat("(", 30) + "m" + strings.Repeat(")", 30): "ucum.depth",
	} {
		if err := Valid(unit); err == nil || issue.Of(err)[0].Key != key {
			t.Errorf("%q: %v, want %s", unit, err, key)
		}
	}
}

func TestIncommensurable(t *testing.T) {
	for _, c := range [][2]string{{"m", "s"}, {"[iU]", "1"}, {"[iU]", "[CFU]"}, {"Cel", "m"}, {"mol/L", "g/L"}, {"g.m", "g/m"}} {
		if v, err := Convert(apd.New(1, 0), c[0], c[1]); err == nil {
			t.Errorf("%s became %s %s", c[0], v, c[1])
		}
	}
	for _, c := range [][2]string{{"1e2000", "m"}, {"NaN", "m"}, {"Infinity", "m"}, {"1e-2000", "m"}, {"-1e400", "[pH]"}} {
		if v, _, err := Canonical(dec(t, c[0]), c[1]); err == nil {
			t.Errorf("%s %s became %s", c[0], c[1], v)
		}
	}
	if v, err := Convert(apd.New(-1, 0), "1", "B"); err == nil {
		t.Errorf("the logarithm of -1 is %s", v)
	}
}

func TestProducts(t *testing.T) {
	for _, c := range [][4]string{
		{"cm", "m", "cm.m", "cm/m"}, {"cm", "cm", "cm2", "1"}, {"g", "m", "g.m", "g/m"}, {"1", "m", "m", "/m"}, {"m", "1", "m", "m"},
		{"m", "/s", "m/s", "m.s"}, {"m/s", "s", "m", "m/s2"}, {"g/(m.s)", "m", "g/s", "g/m2/s"}, {"10*3", "10*3", "10*6", "1"},
		{"2.m", "2.m", "2.2.m2", "1"}, {"{x}", "{y}", "1", "1"},
	} {
		if p, q := Product(c[0], c[1]), Quotient(c[0], c[1]); p != c[2] || q != c[3] {
			t.Errorf("%s and %s: %s and %s, want %s and %s", c[0], c[1], p, q, c[2], c[3])
		}
	}
	if p := Product("no unit", "m"); Valid(p) == nil {
		t.Errorf("product of no units is %s", p)
	}
}

// anyUnit draws a unit that is not special, of up to three symbols.
func anyUnit(t *rapid.T, label string) string {
	symbols := []string{"m", "mg", "kg", "s", "min", "L", "dL", "[in_i]", "[lb_av]", "mol", "mmol", "10*3", "%", "[iU]", "Pa", "mm[Hg]", "J", "{x}", "deg"}
	s := rapid.SampledFrom(symbols).Draw(t, label)
	for range rapid.IntRange(0, 2).Draw(t, label+" more") {
		s += rapid.SampledFrom([]string{".", "/"}).Draw(t, "op") + rapid.SampledFrom(symbols).Draw(t, label)
	}
	return s
}

// TestProductProperty: the product of two quantities in base units is the
// quantity of the product of their units; so for quotients.
func TestProductProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyUnit(t, "a"), anyUnit(t, "b")
		x, errX := standard().parse(a)
		y, errY := standard().parse(b)
		p, errP := standard().parse(Product(a, b))
		q, errQ := standard().parse(Quotient(a, b))
		if errX != nil || errY != nil || errP != nil || errQ != nil {
			t.Fatal(a, b, Product(a, b), Quotient(a, b), errX, errY, errP, errQ)
		}
		if p.factor.Cmp(new(big.Rat).Mul(x.factor, y.factor)) != 0 || q.factor.Cmp(new(big.Rat).Quo(x.factor, y.factor)) != 0 {
			t.Fatalf("%s and %s: %s and %s", a, b, Product(a, b), Quotient(a, b))
		}
		if r, err := standard().parse(Quotient(Product(a, b), b)); err != nil || r.base != x.base {
			t.Fatalf("%s × %s / %s: %v, %v", a, b, b, r, err)
		}
	})
}

// TestEveryUnit: each unit of the table goes to base units and back.
func TestEveryUnit(t *testing.T) {
	three := apd.New(3, 0)
	for code := range standard().atoms {
		v, base, err := Canonical(three, code)
		if err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		u, _ := parsed(code)
		back, err := u.fromBase(v)
		if err != nil {
			t.Errorf("%s: %v", code, err)
			continue
		}
		if _, err := rounded.Quantize(back, back, -10); err != nil || back.Cmp(three) != 0 {
			t.Errorf("3 %s is %s %s, and back %s", code, v, base, back)
		}
	}
	if n := len(standard().atoms); n != 310 {
		t.Errorf("%d units, want 303 and 7 base units", n)
	}
}

// TestTable compares the committed table with the file it was made of.
func TestTable(t *testing.T) {
	root := os.Getenv("MACH_SUITES")
	if root == "" {
		root = "../../../shared/suites"
	}
	essence, err := filepath.Abs(filepath.Join(root, "ucum", "ucum-essence.xml"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(essence); err != nil {
		t.Skipf("skipped: no suite ucum: %v", err)
	}
	out, err := exec.Command("go", "-C", "../../tools", "run", "./ucum", "-check", "-essence", essence).CombinedOutput()
	if err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func TestCacheIsBounded(t *testing.T) {
	for n := range mostCached + 10 {
		if err := Valid("m{" + strings.Repeat("x", n%150) + string(rune('a'+n/150%26)) + string(rune('a'+n/3900)) + "}"); err != nil {
			t.Fatal(err)
		}
	}
	if len(seen.units) > mostCached || len(seen.units) == 0 {
		t.Errorf("%d units cached", len(seen.units))
	}
}

// FuzzUnit: no text hangs or panics; what is read can be used, and its spelling
// as steps is the same unit.
func FuzzUnit(f *testing.F) {
	for _, s := range []string{"mg/dL", "10*3/uL", "Cel", "[degF]", "dB[SPL]", "m{x}2", "(m.s)/kg", "/min", "B[10.nV]", "[m/s2/Hz^(1/2)]", "2.m/3.s"} {
		f.Add(s, "12.5")
	}
	f.Fuzz(func(t *testing.T, text, number string) {
		u, err := standard().parse(text)
		if err != nil {
			return
		}
		if u.special == nil {
			again, err := standard().parse(written(u.steps))
			if err != nil && len(written(u.steps)) <= longest || err == nil && (again.factor.Cmp(u.factor) != 0 || again.base != u.base) {
				t.Fatalf("%q is written %q: %v", text, written(u.steps), err)
			}
		}
		if v, _, err := apd.NewFromString(number); err == nil {
			_, _, _ = Canonical(v, text)
		}
	})
}

func BenchmarkCanonical(b *testing.B) {
	v := dec(b, "5.4")
	for b.Loop() {
		if _, _, err := Canonical(v, "mg/dL"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	t := standard()
	for b.Loop() {
		if _, err := t.parse("mL/min/{1.73_m2}"); err != nil {
			b.Fatal(err)
		}
	}
}

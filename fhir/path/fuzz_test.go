// SPDX-License-Identifier: Apache-2.0

package path

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
)

// FuzzExpr: no text and no resource makes Compile or Eval panic, and each fault
// is one that people can be told.
func FuzzExpr(f *testing.F) {
	for _, v := range invariants {
		f.Add(v.text, patient)
	}
	for _, text := range []string{
		"@2015-02-04T14:34:28.123+07:00.lowBoundary(8)", "1.5 'kg' * 2 | 4 days", "'\\u0041'.replaceMatches('(a)', '$1')",
		"defineVariable('a', name).select(%a.given)", "Patient.name.sort(-family, given.first() desc)", "%`vs-x` & %ext-y",
	} {
		f.Add(text, patient)
	}
	f.Fuzz(func(t *testing.T, text, resource string) {
		d, err := fhir.ParseString(resource)
		if err != nil {
			d = parsePatient(t)
		}
		for _, opts := range [][]Option{nil, {Check(d.Type())}} {
			e, err := Compile(text, opts...)
			told(t, err)
			if err != nil {
				continue
			}
			began := time.Now()
			c, err := e.Eval(d.Root(), &Env{})
			told(t, err)
			for _, v := range c[:min(len(c), 100)] {
				_, _, _, _ = v.Type(), v.String(), v.JSON(), v.Path()
			}
			if took := time.Since(began); took > time.Minute {
				t.Errorf("%v", took)
			}
		}
	})
}

func told(t *testing.T, err error) {
	t.Helper()
	var e *issue.Error
	if err != nil && !errors.As(err, &e) {
		t.Errorf("not an issue: %v", err)
	}
}

// hostile are expressions made to take long or much.
var hostile = []string{
	strings.Repeat("(", 100000),
	strings.Repeat("(", 30000) + "1" + strings.Repeat(")", 30000),
	strings.Repeat("-", 60000) + "1",
	strings.Repeat("a.", 30000) + "a",
	"1" + strings.Repeat("+1", 30000),
	strings.Repeat("a[", 30000),
	"a" + strings.Repeat("[0]", 20000),
	"name" + strings.Repeat(".where(true", 5000) + strings.Repeat(")", 5000),
	"'a'" + strings.Repeat(".select($this+$this)", 40),
	"'a'" + strings.Repeat(".replace('', 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')", 20),
	"'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa'.matches('(a*)*(a*)*(a*)*(a*)*b')",
	"'a'.matches('((a{1000}){1000}){1000}')",
	"'a'.matches('" + strings.Repeat("a", 2000) + "')",
	"(1|2|3|4|5|6|7|8|9)" + strings.Repeat(".select(1.combine(2).combine(3).combine(4))", 30),
	"1.repeat($this + 1)",
	"1.repeatAll($this)",
	"1.repeatAll($this.combine($this))",
	"descendants()" + strings.Repeat(".combine(%resource.descendants())", 900),
	"descendants()" + strings.Repeat(".select(%resource.descendants())", 10),
	"descendants().all(%resource.descendants().all(%resource.descendants().all(%resource.descendants().all(%resource.descendants().all(%resource.descendants().all(true))))))",
	"10.power(400).power(400).power(400)", "9999999999.exp()", "2.5.power(123456789.123)", "0.000001.power(0.000001)",
	"(1/3).power(1000000)", "9223372036854775807 + 9223372036854775807", "9223372036854775807 * 2", "(-9223372036854775807 - 1) div -1",
	"(-9223372036854775807 - 1).abs()", "1.round(1000000000)", "1e400", "@9999-12-31 + 1 day", "@0001-01-01 - 1 day",
	"@2015 + 99999999999999 years", "@2015-01-01T00:00:00 + 9223372036854775807 hours", "@T10:00 - 9223372036854775807 hours",
	"'a'.toChars().toChars()", "1.0000000000000000000000000000000000000000000000000000000000001.lowBoundary(28)",
	"1 'kg.m.s-1.kg.kg.kg.kg.kg.kg.kg.kg' * 1 'kg' = 1 'x'", "('a' | 'b').indexOf('x')", "iif(true, $total, $index)",
	"defineVariable('x', descendants())" + strings.Repeat(".defineVariable('y' & 'z', %x.combine(%x))", 5),
	"(1 | 2)[9223372036854775807]", "'abc'.substring(9223372036854775807, 9223372036854775807)", "name.skip(-9223372036854775807)",
}

// TestHostile: each ends soon, with a result or a fault that can be told.
func TestHostile(t *testing.T) {
	d := parsePatient(t)
	for _, text := range hostile {
		began := time.Now()
		e, err := Compile(text)
		told(t, err)
		if err == nil {
			_, err = e.Eval(d.Root(), &Env{})
			told(t, err)
		}
		if took := time.Since(began); took > time.Minute {
			t.Errorf("%.60s: %v", text, took)
		} else if took > 200*time.Millisecond {
			t.Logf("%.60s: %v", text, took)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package path

import (
	"strings"

	"github.com/cockroachdb/apd/v3"

	"mach/fhir"
	"mach/fhir/ucum"
)

// A Quantity is a number with a unit of UCUM, or with a calendar duration such
// as "days" (http://hl7.org/fhirpath/N1/#quantity).
type Quantity struct {
	Value    *apd.Decimal
	Unit     string
	Calendar bool
}

// ucumSystem is the system of the codes of UCUM units in FHIR.
const ucumSystem = "http://unitsofmeasure.org"

// calendarUnits are the calendar durations, each with its singular.
var calendarUnits = map[string]string{
	"year": "year", "years": "year", "month": "month", "months": "month",
	"week": "week", "weeks": "week", "day": "day", "days": "day",
	"hour": "hour", "hours": "hour", "minute": "minute", "minutes": "minute",
	"second": "second", "seconds": "second", "millisecond": "millisecond", "milliseconds": "millisecond",
}

// definite are the UCUM units of calendar durations that always last the same,
// and of years and months for equivalence.
var definite = map[string]string{
	"week": "wk", "day": "d", "hour": "h", "minute": "min", "second": "s", "millisecond": "ms",
	"year": "a", "month": "mo",
}

// quantityOf reads a FHIR Quantity. One with a comparator (<5) is no number.
func quantityOf(n fhir.Node) (Quantity, bool) {
	v := n.Member("value")
	if v.Kind() != fhir.Number || n.Member("comparator").Exists() {
		return Quantity{}, false
	}
	d, ok := parseDecimal(v.Raw())
	if !ok {
		return Quantity{}, false
	}
	unit := n.Member("code").String()
	if unit == "" || n.Member("system").String() != ucumSystem {
		if u := n.Member("unit").String(); u != "" {
			unit = u
		}
	}
	if unit == "" {
		unit = "1"
	}
	return Quantity{Value: d, Unit: unit}, true
}

// String writes 10 'mg' or 4 days.
func (q Quantity) String() string {
	if q.Calendar {
		return decimalText(q.Value) + " " + q.Unit
	}
	return decimalText(q.Value) + " '" + strings.ReplaceAll(q.Unit, "'", `\'`) + "'"
}

// plain returns the quantity in UCUM; ok is false for years and months of the
// calendar, which are not always as long.
func (q Quantity) plain() (Quantity, bool) {
	if !q.Calendar {
		return q, true
	}
	unit := calendarUnits[q.Unit]
	q.Unit, q.Calendar = definite[unit], false
	return q, unit != "year" && unit != "month"
}

// months returns a quantity of calendar years or months in months.
func (q Quantity) months() (*apd.Decimal, bool) {
	if !q.Calendar {
		return nil, false
	}
	switch calendarUnits[q.Unit] {
	case "month":
		return q.Value, true
	case "year":
		var d apd.Decimal
		_, err := arithmetic().Mul(&d, q.Value, apd.New(12, 0))
		return &d, err == nil
	}
	return nil, false
}

// canonical returns the quantity in base units.
func (q Quantity) canonical() (*apd.Decimal, string, bool) {
	p, _ := q.plain()
	v, base, err := ucum.Canonical(p.Value, p.Unit)
	return v, base, err == nil
}

// compare returns how two quantities stand to one another; known is false when
// their units measure different things.
func (q Quantity) compare(o Quantity) (order int, known bool) {
	if a, ok := q.months(); ok {
		if b, ok := o.months(); ok {
			return a.Cmp(b), true
		}
	}
	a, ok := q.plain()
	b, ok2 := o.plain()
	switch {
	case !ok || !ok2:
		return 0, false
	case a.Unit == b.Unit:
		return a.Value.Cmp(b.Value), true
	}
	x, base, ok := a.canonical()
	y, otherBase, ok2 := b.canonical()
	if !ok || !ok2 || base != otherBase {
		return 0, false
	}
	return x.Cmp(y), true
}

// equivalent compares at the precision of the less precise one.
func (q Quantity) equivalent(o Quantity) bool {
	if a, ok := q.months(); ok {
		if b, ok := o.months(); ok {
			return decimalsEquivalent(a, b)
		}
	}
	a, _ := q.plain()
	b, _ := o.plain()
	if a.Unit == b.Unit {
		return decimalsEquivalent(a.Value, b.Value)
	}
	// The precision of a value in the unit it is written in is that of its last
	// digit there: 4 g is known to a gram.
	x, base, ok := a.canonical()
	y, otherBase, ok2 := b.canonical()
	if !ok || !ok2 || base != otherBase {
		return false
	}
	inA, err := ucum.Convert(b.Value, b.Unit, a.Unit)
	inB, err2 := ucum.Convert(a.Value, a.Unit, b.Unit)
	if err != nil || err2 != nil {
		return x.Cmp(y) == 0
	}
	return equalAt(a.Value, inA, scale(a.Value)) || equalAt(b.Value, inB, scale(b.Value))
}

func equalAt(a, b *apd.Decimal, places int32) bool {
	x, y := quantize(a, places, apd.RoundHalfUp), quantize(b, places, apd.RoundHalfUp)
	return x != nil && y != nil && x.Cmp(y) == 0
}

// decimalsEquivalent compares at the precision of the less precise one.
func decimalsEquivalent(a, b *apd.Decimal) bool {
	return equalAt(a, b, min(scale(a), scale(b)))
}

// parseQuantity reads 10, 10 'mg' or 4 days.
func parseQuantity(s string) (Quantity, bool) {
	number, rest, spaced := strings.Cut(strings.TrimSpace(s), " ")
	d, ok := parseDecimal(strings.TrimPrefix(number, "+"))
	if !ok || strings.ContainsAny(number, "eE") {
		return Quantity{}, false
	}
	unit := strings.TrimSpace(rest)
	switch {
	case !spaced:
		return Quantity{Value: d, Unit: "1"}, true
	case calendarUnits[unit] != "":
		return Quantity{Value: d, Unit: unit, Calendar: true}, true
	case len(unit) > 2 && unit[0] == '\'' && unit[len(unit)-1] == '\'':
		return Quantity{Value: d, Unit: unit[1 : len(unit)-1]}, true
	}
	return Quantity{}, false
}

// in returns the quantity in another unit.
func (q Quantity) in(unit string) (Quantity, bool) {
	to := Quantity{Unit: unit, Calendar: calendarUnits[unit] != ""}
	from, _ := q.plain()
	target, _ := to.plain()
	if from.Unit == target.Unit {
		to.Value = q.Value
		return to, true
	}
	v, err := ucum.Convert(from.Value, from.Unit, target.Unit)
	to.Value = v
	return to, err == nil
}

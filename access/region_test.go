// SPDX-License-Identifier: Apache-2.0

package access

import (
	"testing"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// regions is a tree in which commune 31 goes over to region 9 on a day.
type regions struct{ from vn.Date }

func (r regions) WithinOn(id, ancestor vn.UnitID, on vn.Date) bool {
	return ancestor == 9 && id == 31 && on >= r.from
}

// A division into regions is a right from its day on, in Viet Nam's calendar, and
// not when it was loaded.
func TestRegionIsARightOnItsDay(t *testing.T) {
	from := vn.NewDate(2027, 1, 1)
	p, err := NewPolicy(content.Policies(), regions{from})
	if err != nil {
		t.Fatal(err)
	}
	a := store.Actor{Account: "a1", Role: store.Institute, Facility: "f1", Unit: 9, Purpose: store.PublicHealth}
	l := store.Labels{Type: "Condition", ID: "x", Patient: "p1", Facility: "f9", Unit: 31, Category: "case-report"}
	midnight := from.Time()
	for _, c := range []struct {
		at   time.Time
		want bool
	}{{midnight.Add(-time.Second), false}, {midnight, true}, {midnight.AddDate(1, 0, 0), true}, {midnight.Add(-time.Hour), false}} {
		if got := p.Judge(a, store.ActRead, l, nil, c.at); got.Allow != c.want {
			t.Errorf("at %v: %+v, want %v", c.at, got, c.want)
		}
	}
}

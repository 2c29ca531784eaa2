// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"fmt"
	"testing"
	"time"

	"mach/store"
)

// TestCrowd: who was shown more different persons on a day than the role may
// waits for each further one; those who oversee the unit read of it, once a day.
func TestCrowd(t *testing.T) {
	each(t, func(w *world) {
		ctx := context.Background()
		here := store.Actor{Account: "boss", Name: "Quản trị", Role: store.Administrator, Unit: 21}
		expert := store.Actor{Account: "many", Name: "Vũ Hải", Role: store.Expert, FacilityName: "Bệnh viện", Unit: 21}
		other := expert
		other.Account = "few"
		most := w.Crowd.cfg.Policy.crowd.People[store.Expert]
		pause := time.Duration(w.Crowd.cfg.Policy.crowd.Pause) * time.Second
		show := func(a store.Actor, from, to int) time.Duration {
			w.t.Helper()
			var ids []string
			for n := from; n < to; n++ {
				ids = append(ids, fmt.Sprint("p", n))
			}
			w.must(w.Crowd.Shown(ctx, a, ids))
			return w.Crowd.Wait(a)
		}
		told := func(by store.Actor) int {
			w.t.Helper()
			list, err := w.Crowd.List(ctx, by)
			w.must(err)
			return len(list)
		}
		if got := show(expert, 0, most); got != 0 || told(here) != 0 {
			w.t.Errorf("at the limit: wait %s, told %d", got, told(here))
		}
		if got := show(expert, 0, most); got != 0 {
			w.t.Errorf("the same persons again: wait %s", got)
		}
		if got := show(expert, most, most+3); got != 3*pause {
			w.t.Errorf("three beyond: wait %s, want %s", got, 3*pause)
		}
		if got := w.Crowd.Wait(other); got != 0 {
			w.t.Errorf("another account waits %s", got)
		}
		if !w.audited("many", "many-people yes many-people") {
			w.t.Error("the audit has no line")
		}
		w.pass(3 * pause)
		if got := w.Crowd.Wait(expert); got != 0 {
			w.t.Errorf("after the pause: wait %s", got)
		}
		if got := show(expert, most, most+4); got != pause {
			w.t.Errorf("one more: wait %s, want %s", got, pause)
		}
		reviewer, elsewhere, doctor := here, here, here
		reviewer.Role, elsewhere.Unit, doctor.Role = store.AccessReviewer, 31, store.Doctor
		for name, one := range map[string]struct {
			by   store.Actor
			want int
		}{"the administrator": {here, 1}, "the reviewer": {reviewer, 1}, "another unit": {elsewhere, 0}, "a doctor": {doctor, 0}} {
			if got := told(one.by); got != one.want {
				w.t.Errorf("%s reads %d lines, want %d", name, got, one.want)
			}
		}
		w.pass(24 * time.Hour)
		if got := show(expert, 0, most); got != 0 {
			w.t.Errorf("the next day: wait %s", got)
		}
		if got := show(store.Actor{Account: "s", Role: store.System}, 0, 3*most); got != 0 {
			w.t.Errorf("the operator waits %s", got)
		}
	})
}

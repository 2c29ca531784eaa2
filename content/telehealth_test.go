// SPDX-License-Identifier: Apache-2.0

package content

import (
	"testing"
	"time"

	"mach/vn"
)

func TestConsultationTimes(t *testing.T) {
	day, _ := vn.ParseDate("2026-11-21")
	before, _ := vn.ParseDate("1999-01-01")
	for _, on := range []vn.Date{day, before} {
		list := ConsultationTimes(on)
		if len(list) != 3 || list[0].Code != "stat" || list[2].Code != "routine" {
			t.Fatalf("times on %s: %v", on, list)
		}
		for i := 1; i < len(list); i++ {
			if list[i].Accept <= list[i-1].Accept || list[i].Conclude <= list[i-1].Conclude {
				t.Errorf("%s is not slower than %s", list[i].Code, list[i-1].Code)
			}
		}
	}
	if got := ConsultationTimes(day)[0].Accept; got != 5*time.Minute {
		t.Errorf("an emergency is accepted within %s, want 5 min", got)
	}
}

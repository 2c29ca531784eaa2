// SPDX-License-Identifier: Apache-2.0

package content

import (
	"testing"

	"mach/vn"
)

// The interval of the day is that of the latest row that had begun; a disease
// without a row has none.
func TestIntervalOf(t *testing.T) {
	on := vn.Reform
	if x, ok := IntervalOf("influenza", on); !ok || x.Mean != 2.6 || x.SD != 1.5 || !x.Verified || x.Source == "" {
		t.Errorf("influenza: %+v, %v", x, ok)
	}
	if x, ok := IntervalOf("hand-foot-mouth", on); !ok || x.Verified {
		t.Errorf("hand, foot and mouth disease: %+v, %v: a default is not verified", x, ok)
	}
	for _, disease := range []string{"rabies", "", "no such disease"} {
		if x, ok := IntervalOf(disease, on); ok {
			t.Errorf("%q: %+v", disease, x)
		}
	}
	early, _ := vn.ParseDate("2020-12-31")
	if x, ok := IntervalOf("influenza", early); ok {
		t.Errorf("before it was in force: %+v", x)
	}
}

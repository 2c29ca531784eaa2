// SPDX-License-Identifier: Apache-2.0

package content

import (
	"slices"
	"testing"

	"mach/vn"
)

// Communes border on about six others, both ways; wards of Hoàn Kiếm on each
// other, no commune of Cà Mau on one of Hà Nội, and no archipelago on anything.
func TestTouching(t *testing.T) {
	units, err := Units()
	if err != nil {
		t.Fatal(err)
	}
	on := vn.NewDate(2026, 11, 22)
	communes := units.Communes(vn.Nation, on)
	near := units.Touching(communes)
	sum, alone := 0, 0
	for _, c := range communes {
		sum += len(near[c.ID])
		if len(near[c.ID]) == 0 {
			alone++
		}
		for _, other := range near[c.ID] {
			if !slices.Contains(near[other], c.ID) || other == c.ID {
				t.Fatalf("%s touches %d, which does not touch it", c.Full(), other)
			}
		}
	}
	if mean := float64(sum) / float64(len(communes)); mean < 4.5 || mean > 8 || alone > 100 {
		t.Errorf("a commune touches %.1f others, %d touch none", mean, alone)
	}
	for _, c := range []struct {
		a, b  string
		touch bool
	}{{"Phường Hoàn Kiếm", "Phường Cửa Nam", true}, {"Phường Hoàn Kiếm", "Phường Hà Đông", false}} {
		a, b := units.Find(c.a, on), units.Find(c.b, on)
		if len(a) == 0 || len(b) == 0 || slices.Contains(near[a[0].ID], b[0].ID) != c.touch {
			t.Errorf("%s and %s: want touching %v", c.a, c.b, c.touch)
		}
	}
}

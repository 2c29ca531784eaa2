// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"testing"

	"pgregory.net/rapid"
)

func TestYear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var y year
		for range rapid.IntRange(0, 60).Draw(t, "n") {
			y[rapid.IntRange(0, 52).Draw(t, "week")] = rapid.Int32Range(-3, 1<<30).Draw(t, "count")
		}
		if got, err := unpack(y.pack()); err != nil || got != y {
			t.Fatalf("%v became %q and %v, %v", y, y.pack(), got, err)
		}
	})
	for _, bad := range []string{"x", "1 2 three", "99999999999"} {
		if _, err := unpack(bad); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

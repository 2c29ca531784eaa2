// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// The bitmap behaves like a set of numbers.
func TestBitmapIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		numbers := rapid.SliceOfDistinct(rapid.IntRange(0, 2000), func(n int) int { return n })
		want := numbers.Draw(t, "members")
		var b bitmap
		for _, n := range want {
			b = b.with(n)
		}
		slices.Sort(want)
		if got := slices.Collect(b.all()); !slices.Equal(got, want) {
			t.Fatalf("members: %v, want %v", got, want)
		}
		if b.size() != len(want) {
			t.Fatalf("size: %d of %d", b.size(), len(want))
		}
		for n := range 2001 {
			if b.has(n) != slices.Contains(want, n) {
				t.Fatalf("%d: %t", n, b.has(n))
			}
		}
	})
}

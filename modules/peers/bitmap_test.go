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
		left, right := numbers.Draw(t, "left"), numbers.Draw(t, "right")
		var b, o bitmap
		for _, n := range left {
			b = b.with(n)
		}
		for _, n := range right {
			o = o.with(n)
		}
		want := slices.DeleteFunc(slices.Clone(left), func(n int) bool { return slices.Contains(right, n) })
		slices.Sort(want)
		rest := b.without(o)
		if got := slices.Collect(rest.all()); !slices.Equal(got, want) {
			t.Fatalf("without: %v, want %v", got, want)
		}
		if rest.size() != len(want) || b.size() != len(left) {
			t.Fatalf("size: %d of %d, %d of %d", rest.size(), len(want), b.size(), len(left))
		}
		for _, n := range left {
			if !b.has(n) {
				t.Fatalf("%d was added and is not there", n)
			}
		}
	})
}

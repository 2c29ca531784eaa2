// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"
	"testing"
)

// Whatever waits shares a flush, in its order and up to a bound; what is beyond it
// waits for the next. Only behind a shared flush does one that is alone wait.
func TestGatherer(t *testing.T) {
	var g gatherer[int]
	from := make(chan int, 10)
	for _, c := range []struct {
		waiting, want []int
		shared        bool // afterwards
	}{
		{nil, []int{0}, false},
		{[]int{1, 2}, []int{0, 1, 2}, true},
		{nil, []int{0}, false},
		{[]int{1, 2, 3, 4, 5}, []int{0, 1, 2, 3}, true},
		{nil, []int{0, 4, 5}, true},
	} {
		for _, n := range c.waiting {
			from <- n
		}
		if got := g.gather(0, from, 4); !slices.Equal(got, c.want) || g.shared != c.shared {
			t.Errorf("with %v waiting: %v, shared %v; want %v, %v", c.waiting, got, g.shared, c.want, c.shared)
		}
	}
}

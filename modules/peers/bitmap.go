// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"iter"
	"math/bits"
)

// bitmap is a set of member numbers, one bit each: 500,000 people are 62.5 kB.
// The nil bitmap is the empty set.
type bitmap []byte

// with returns the set with n added; the receiver may be changed.
func (b bitmap) with(n int) bitmap {
	for len(b) <= n/8 {
		b = append(b, 0)
	}
	b[n/8] |= 1 << (n % 8)
	return b
}

func (b bitmap) has(n int) bool { return n >= 0 && n/8 < len(b) && b[n/8]&(1<<(n%8)) != 0 }

// size is the number of members.
func (b bitmap) size() int {
	n := 0
	for _, octet := range b {
		n += bits.OnesCount8(octet)
	}
	return n
}

// all yields the members in rising order.
func (b bitmap) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, octet := range b {
			for octet != 0 {
				bit := bits.TrailingZeros8(octet)
				if !yield(i*8 + bit) {
					return
				}
				octet &= octet - 1
			}
		}
	}
}

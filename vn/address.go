// SPDX-License-Identifier: Apache-2.0

package vn

// FromAddress finds today's candidates, best first, for a printed address of
// any time, such as "Xã Hòa An, huyện Phụng Hiệp, tỉnh Hậu Giang". It returns
// communes that exist on the day; nil when nothing is certain enough.
func (u *Units) FromAddress(text string, on Date) []Unit {
	return nil
}

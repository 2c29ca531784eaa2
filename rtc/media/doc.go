// SPDX-License-Identifier: Apache-2.0

// Package media is the media process: a LiveKit server on loopback, steered by
// its parent through package rtc. Only cmd runs it ("mach media"), as a second
// process of the same binary, because it may end on a panic of its own and the
// record must not.
//
// The build tag nortc leaves the server out: the binary is half the size and
// [Included] is false.
package media

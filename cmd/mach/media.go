// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"

	"mach/rtc/media"
)

// runMedia is the media engine, which lives in a process of its own because it
// may exit on a panic.
func runMedia(ctx context.Context, in io.Reader, out io.Writer) error {
	return media.Run(ctx, in, out)
}

// SPDX-License-Identifier: Apache-2.0

//go:build nortc

package media

import (
	"context"
	"errors"
	"io"
)

// Included reports whether this binary holds the media server.
const Included = false

// Run says that this binary was built without the media server.
func Run(context.Context, io.Reader, io.Writer) error {
	return errors.New("this binary was built without live rooms (build tag nortc); give the address of a LiveKit server instead")
}

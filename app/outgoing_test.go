// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"compress/gzip"
	"io"
	"testing"

	"mach/issue"
	"mach/store/storetest"
)

// TestJobsTakeNothingPacked: a small input cannot become one without end.
func TestJobsTakeNothingPacked(t *testing.T) {
	w := newWorld(t, storetest.Place{Dir: t.TempDir()})
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(bytes.Repeat([]byte("\n"), 1<<20))
	w.ok(err)
	w.ok(z.Close())
	if err := w.app.takeIn(t.Context(), storetest.System(), "vi", &packed, io.Discard); !issue.Is(err, issue.NotSupported) {
		t.Errorf("packed: %v", err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

// checked hashes what passes and turns the end of altered bytes into an error.
type checked struct {
	io.ReadCloser
	key  Key
	hash hash.Hash
}

func (c *checked) Read(p []byte) (int, error) {
	n, err := c.ReadCloser.Read(p)
	c.hash.Write(p[:n])
	if err == io.EOF && hex.EncodeToString(c.hash.Sum(nil)) != string(c.key) {
		err = fmt.Errorf("blob %s: its bytes are not those it was named by", c.key)
	}
	return n, err
}

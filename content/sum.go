// SPDX-License-Identifier: Apache-2.0

package content

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
)

// embedded are all definitions of ours.
func embedded() []embed.FS {
	return []embed.FS{flatFiles, fontFiles, holidays, messages, indicatorFiles, policyFiles, profileFiles, sensitivityFile, subscriptionFiles, surveillanceFiles,
		telehealthFiles, terminologyFiles, unitFiles}
}

// Sum returns a digest of the definitions, ours and those of the site, in 16
// hexadecimal digits: two processes with unlike digests may decide and count
// unlike.
func (s Site) Sum() (string, error) {
	h := sha256.New()
	add := func(from string, files fs.FS) error {
		return fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
			if path == "." && errors.Is(err, fs.ErrNotExist) {
				return nil // nothing is replaced here
			}
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := fs.ReadFile(files, path)
			if err == nil {
				fmt.Fprintf(h, "%s %q %d\n%s", from, path, len(b), b)
			}
			return err
		})
	}
	for _, files := range embedded() {
		if err := add("ours", files); err != nil {
			return "", fmt.Errorf("digest of the definitions: %w", err)
		}
	}
	if s.dir != nil {
		if err := add("site", s.dir); err != nil {
			return "", fmt.Errorf("digest of the site's definitions: %w", err)
		}
	}
	return hex.EncodeToString(h.Sum(nil))[:16], nil
}

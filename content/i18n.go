// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"io/fs"

	"mach/i18n"
)

//go:embed i18n/*/*.toml
var messages embed.FS

// Catalogue returns every message of i18n/<lang>/<area>.toml. It fails only
// when a file is broken, which the tests of this package refuse.
func Catalogue() (*i18n.Catalogue, error) {
	root, err := fs.Sub(messages, "i18n")
	if err != nil {
		return nil, fmt.Errorf("opening messages: %w", err)
	}
	return i18n.Load(root)
}

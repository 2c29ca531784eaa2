// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed flat/*.json
var flatFiles embed.FS

// Flat returns the ViewDefinitions that Mạch ships, by file name. An
// installation keeps the rows of those that it has taken in
// ("mach import flat all"), see [Site.Flat].
func Flat() (map[string][]byte, error) { return readFlat(flatFiles) }

// Flat returns the ViewDefinitions whose rows the installation keeps in plain
// tables, by file name; empty when it keeps none.
func (s Site) Flat() (map[string][]byte, error) {
	if s.dir == nil {
		return map[string][]byte{}, nil
	}
	return readFlat(s.dir)
}

func readFlat(dir fs.FS) (map[string][]byte, error) {
	names, err := fs.Glob(dir, "flat/*.json")
	if err != nil {
		return nil, fmt.Errorf("listing flat views: %w", err)
	}
	all := make(map[string][]byte, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("reading flat view %s: %w", name, err)
		}
		all[name[len("flat/"):]] = text
	}
	return all, nil
}

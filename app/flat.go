// SPDX-License-Identifier: Apache-2.0

package app

import (
	"maps"
	"slices"

	"mach/content"
	"mach/fhir/sof"
	"mach/modules/flat"
)

// openFlat reads the ViewDefinitions: of those that the installation keeps the
// rows stand in tables, ours and theirs can be run by name.
func (a *App) openFlat() error {
	all, err := content.Flat()
	if err != nil {
		return err
	}
	kept, err := a.site.Flat()
	if err != nil {
		return err
	}
	var definitions [][]byte
	for _, name := range slices.Sorted(maps.Keys(kept)) {
		definitions = append(definitions, kept[name])
	}
	if a.flat, err = flat.New(definitions); err != nil {
		return err
	}
	maps.Copy(all, kept)
	views := make(map[string]*sof.View, len(all))
	for _, text := range all {
		v, err := sof.Compile(text)
		if err != nil {
			return err
		}
		views[v.Name] = v
	}
	a.fhirapi.Flatten(views)
	return nil
}

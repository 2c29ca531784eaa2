// SPDX-License-Identifier: Apache-2.0

package definitions

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"mach/content"
)

// places takes in a table of where diseases are endemic or when there was an
// epidemic. It replaces the one that was imported before; the others stay.
func (r *report) places(name string, table content.PlaceTable) error {
	return r.surveillance(name, table.File, table.Columns, func(in io.Reader) ([][]string, []content.Fault, error) { return table.Read(in, r.Units) })
}

// law takes in the numbers of the law that a ministry decides.
func (r *report) law(name string) error {
	return r.surveillance(name, content.LawFile, content.LawColumns, content.ReadLaw)
}

// surveillance stores one of the tables of the law; the others stay.
func (r *report) surveillance(name, file string, columns []string, read func(io.Reader) ([][]string, []content.Fault, error)) error {
	text, err := r.table(name, columns, read)
	if err != nil || text == nil {
		return err
	}
	files := map[string][]byte{}
	for _, name := range []string{content.EndemicPlaces.File, content.EpidemicYears.File, content.LawFile} { // the folder is replaced whole
		b, err := os.ReadFile(filepath.Join(r.Data, "content", "surveillance", name))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil {
			files[name] = b
		}
	}
	files[file] = text
	return r.store("surveillance", files, r.totals.Read)
}

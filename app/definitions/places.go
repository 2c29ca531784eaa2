// SPDX-License-Identifier: Apache-2.0

package definitions

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"mach/content"
)

// places takes in a table of where diseases are endemic or when there was an
// epidemic. It replaces the one that was imported before; the other one stays.
func (r *report) places(name string, table content.PlaceTable) error {
	in, err := r.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	rows, faults, err := table.Read(in, r.Units)
	if err != nil {
		return err
	}
	return r.surveillance(table.File, table.Columns, rows, faults)
}

// law takes in the numbers of the law that a ministry decides.
func (r *report) law(name string) error {
	in, err := r.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	rows, faults, err := content.ReadLaw(in)
	if err != nil {
		return err
	}
	return r.surveillance(content.LawFile, content.LawColumns, rows, faults)
}

// surveillance stores one of the tables of the law; the others stay.
func (r *report) surveillance(file string, columns []string, rows [][]string, faults []content.Fault) error {
	r.totals.Read = len(rows)
	if len(faults) > 0 {
		return r.faults(faults)
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
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(append([][]string{columns}, rows...)); err != nil {
		return err
	}
	files[file] = b.Bytes()
	return r.store("surveillance", files, len(rows))
}

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
	r.totals.Read = len(rows)
	if len(faults) > 0 {
		return r.faults(faults)
	}
	files := map[string][]byte{}
	for _, t := range []content.PlaceTable{content.EndemicPlaces, content.EpidemicYears} { // the folder is replaced whole
		files[t.File], err = os.ReadFile(filepath.Join(r.Data, "content", "surveillance", t.File))
		if errors.Is(err, fs.ErrNotExist) {
			delete(files, t.File)
		} else if err != nil {
			return err
		}
	}
	var b bytes.Buffer
	if err := csv.NewWriter(&b).WriteAll(append([][]string{table.Columns}, rows...)); err != nil {
		return err
	}
	files[table.File] = b.Bytes()
	return r.store("surveillance", files, len(rows))
}

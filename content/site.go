// SPDX-License-Identifier: Apache-2.0

package content

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mach/vn"
)

// Site is the folder in which an installation keeps definitions of its own,
// DATA/content. What is not in it is ours. mach import writes it, after
// checking; it is read at the start.
type Site struct{ dir fs.FS }

// SiteAt reads the folder; it need not exist.
func SiteAt(dir fs.FS) Site { return Site{dir} }

// UnitFiles are the tables of administrative units; see [ReadUnits].
var UnitFiles = []string{"since.tsv", "before.tsv", "changes.tsv", "formers.tsv", "aliases.tsv", "regions.tsv"}

// Units returns the administrative units, each table from units/ of the site
// where it is there.
func (s Site) Units() (*vn.Units, error) {
	files, err := s.UnitTables(nil)
	if err != nil {
		return nil, err
	}
	return ReadUnits(files)
}

// UnitTables are the tables in use, those of newer before them; nil = none.
func (s Site) UnitTables(newer fs.FS) (fs.FS, error) {
	ours, err := fs.Sub(unitFiles, "units")
	if err != nil {
		return nil, fmt.Errorf("opening units: %w", err)
	}
	list := overlay{ours}
	if s.dir != nil {
		site, err := fs.Sub(s.dir, "units")
		if err != nil {
			return nil, fmt.Errorf("opening units of the site: %w", err)
		}
		list = append(overlay{site}, list...)
	}
	if newer != nil {
		list = append(overlay{newer}, list...)
	}
	return list, nil
}

// overlay looks for a file in each folder, the first one first.
type overlay []fs.FS

// Open opens the file in the first folder that has it.
func (o overlay) Open(name string) (fs.File, error) {
	for _, dir := range o {
		f, err := dir.Open(name)
		if !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

// Diagnoses returns our list with that of the site merged over it: names of
// the site win, our abbreviations and plain words stay where it gives none.
func (s Site) Diagnoses() (*DiagnosisList, error) {
	if s.dir == nil {
		return Diagnoses(), nil
	}
	theirs, err := readTable(s.dir, diagnosesFile, diagnosisColumns...)
	if errors.Is(err, fs.ErrNotExist) {
		return Diagnoses(), nil
	}
	if err != nil {
		return nil, fmt.Errorf("diagnoses of the site: %w", err)
	}
	ours, err := readTable(terminologyFiles, diagnosesFile, diagnosisColumns...)
	if err != nil {
		return nil, err
	}
	at := make(map[string]int, len(ours))
	for i, row := range ours {
		at[row[0]] = i
	}
	for _, row := range theirs {
		i, known := at[row[0]]
		if !known {
			at[row[0]] = len(ours)
			ours = append(ours, row)
			continue
		}
		for column, cell := range row {
			if cell != "" {
				ours[i][column] = cell
			}
		}
	}
	slices.SortFunc(ours, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return newDiagnoses(ours)
}

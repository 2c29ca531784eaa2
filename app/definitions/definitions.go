// SPDX-License-Identifier: Apache-2.0

// Package definitions takes in what a ministry decides and publishes:
// administrative units, boundaries, the full list of diagnoses, where diseases
// are endemic, which years had an epidemic, the numbers of the law and which flat
// views are kept. It is what mach import units, boundaries, terminology, endemic,
// epidemic-years, law and flat run.
//
// A file is checked whole before anything is written. With one fault nothing
// changes, and each fault names its line and column. What is accepted stands in
// DATA/content and is used from the next start on.
package definitions

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"mach/app/intake"
	"mach/content"
	"mach/i18n"
	"mach/issue"
	"mach/vn"
)

// Importer takes in definitions for one data folder.
type Importer struct {
	Data  string       // the data folder
	Site  content.Site // what it has already
	Units *vn.Units    // in use
	Today vn.Date
	// Words and Lang say what is wrong.
	Words *i18n.Catalogue
	Lang  i18n.Lang
	// In is read for the file named "-".
	In io.Reader
}

// Kinds are what can be imported, as the command names it.
var Kinds = []string{"units", "boundaries", "terminology", "endemic", "epidemic-years", "law", "flat"}

// Import takes in one file of a kind and writes the report to out as
// [intake.Importer] does: a line for each fault, then the totals. The error is
// a failure of reading or writing.
func (m *Importer) Import(kind, file string, out io.Writer) (intake.Totals, error) {
	r := &report{Importer: m, file: filepath.Base(file), out: json.NewEncoder(out)}
	r.out.SetEscapeHTML(false)
	var err error
	switch kind {
	case "units":
		err = r.units(file)
	case "boundaries":
		err = r.boundaries(file)
	case "terminology":
		err = r.terminology(file)
	case "endemic":
		err = r.places(file, content.EndemicPlaces)
	case "epidemic-years":
		err = r.places(file, content.EpidemicYears)
	case "law":
		err = r.law(file)
	case "flat":
		err = r.flat(file)
	default:
		err = fmt.Errorf("no definitions are called %s", kind)
	}
	if err != nil {
		return r.totals, fmt.Errorf("importing %s: %w", kind, err)
	}
	return r.totals, r.out.Encode(r.totals)
}

// report is one import under way.
type report struct {
	*Importer
	file   string
	out    *json.Encoder
	totals intake.Totals
}

// fault writes one line of the report.
func (r *report) fault(file string, line int, path string, severity issue.Severity, key string, args ...any) error {
	r.totals.Refused++
	return r.out.Encode(intake.Line{File: file, Line: line, Path: path, Severity: string(severity), Reason: r.Words.T(r.Lang, key, args...), Rule: key})
}

// faults writes those of a table or a collection.
func (r *report) faults(list []content.Fault) error {
	for _, f := range list {
		path, words := f.Name, r.Words.T(r.Lang, f.Issue.Key, f.Issue.Args...)
		if f.Column > 0 {
			path = fmt.Sprintf("column %d", f.Column)
		}
		if f.Column > 0 && f.Name != "" {
			words = r.Words.T(r.Lang, "content.import.column", f.Column, f.Name, words)
		}
		r.totals.Refused++
		err := r.out.Encode(intake.Line{File: r.file, Line: f.Line, Path: path, Severity: string(f.Issue.Severity), Reason: words, Rule: f.Issue.Key})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *report) open(name string) (io.ReadCloser, error) {
	if name == "-" {
		return io.NopCloser(r.In), nil
	}
	return os.Open(name)
}

// terminology takes in the full list of diagnoses.
func (r *report) terminology(name string) error {
	text, err := r.table(name, []string{"code", "vi", "en", "terms", "plain_vi", "plain_en"}, content.ReadDiagnoses)
	if err != nil || text == nil {
		return err
	}
	return r.store("terminology", map[string][]byte{"diagnoses.csv": text}, r.totals.Read)
}

// table reads a table whole, for CSV with its heading; nil when it has faults,
// which are told.
func (r *report) table(name string, columns []string, read func(io.Reader) ([][]string, []content.Fault, error)) ([]byte, error) {
	in, err := r.open(name)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	rows, faults, err := read(in)
	if err != nil {
		return nil, err
	}
	r.totals.Read = len(rows)
	if len(faults) > 0 {
		return nil, r.faults(faults)
	}
	var b bytes.Buffer
	err = csv.NewWriter(&b).WriteAll(append([][]string{columns}, rows...))
	return b.Bytes(), err
}

// boundaries takes in the outlines of communes.
func (r *report) boundaries(name string) error {
	in, err := r.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	text, err := io.ReadAll(in)
	if err != nil {
		return err
	}
	read := content.ReadBoundaries
	if json := strings.ContainsAny(head(text), "{["); strings.EqualFold(filepath.Ext(name), ".csv") || !json && len(text) > 0 {
		read = content.ReadBoundariesCSV
	}
	borders, faults, err := read(bytes.NewReader(text), r.Units, r.Today)
	if err != nil {
		return err
	}
	r.totals.Read = len(borders)
	if len(faults) > 0 {
		return r.faults(faults)
	}
	b, err := json.Marshal(borders)
	if err != nil {
		return err
	}
	return r.store("boundaries", map[string][]byte{"boundaries.json": b}, len(borders))
}

// head is the first character of a text behind marks and spaces.
func head(text []byte) string {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\ufeff")))
	return string(text[:min(1, len(text))])
}

// units takes in a list of the units of the day in CSV (see
// [content.ReadUnitList]), or tables of our own: a folder or a zip file with the
// six, or some of them, or one by itself. The tables in use stand for those
// that are not there.
func (r *report) units(name string) error {
	if name == "-" || strings.EqualFold(filepath.Ext(name), ".csv") {
		return r.unitList(name)
	}
	newer, done, err := tables(name)
	if err != nil {
		return err
	}
	defer done()
	files := map[string][]byte{}
	for _, file := range content.UnitFiles {
		b, err := fs.ReadFile(newer, file)
		if err == nil {
			files[file] = b
		} else if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(files) == 0 {
		return r.fault(r.file, 0, "", issue.SeverityError, "content.units.file", strings.Join(content.UnitFiles, ", "))
	}
	return r.unitTables(newer, files)
}

// unitTables puts the files over the tables in use; newer holds them too.
func (r *report) unitTables(newer fs.FS, files map[string][]byte) error {
	all, err := r.Site.UnitTables(newer)
	if err != nil {
		return err
	}
	units, err := content.ReadUnits(all)
	var broken *content.TableError
	switch {
	case errors.As(err, &broken):
		return r.cell(broken)
	case err != nil:
		return r.fault(r.file, 0, "", issue.SeverityError, "content.units.row", err.Error())
	}
	r.totals.Read = len(units.All())
	for _, u := range r.Units.All() {
		if _, ok := units.Get(u.ID); !ok {
			if err := r.fault(r.file, 0, u.ID.String(), issue.SeverityError, "content.units.gone", u.Code, u.Full()); err != nil {
				return err
			}
		}
	}
	if r.totals.Refused > 0 {
		return nil
	}
	for _, file := range content.UnitFiles { // the folder is replaced whole
		if files[file] == nil {
			b, err := fs.ReadFile(all, file)
			if errors.Is(err, fs.ErrNotExist) {
				continue // regions and changes may be left out
			}
			if err != nil {
				return err
			}
			files[file] = b
		}
	}
	return r.store("units", files, len(units.All()))
}

// cell reports the first fault of a table.
func (r *report) cell(broken *content.TableError) error {
	path, fault := "", broken.Issue.Issues[0]
	if broken.Column > 0 {
		path = fmt.Sprintf("column %d", broken.Column)
	}
	return r.fault(broken.File, broken.Line, path, fault.Severity, fault.Key, fault.Args...)
}

// unitList takes in a list of the units of the day. Its totals count the rows
// of the list.
func (r *report) unitList(name string) error {
	in, err := r.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	ours, err := r.Site.UnitTables(nil)
	if err != nil {
		return err
	}
	list, faults, err := content.ReadUnitList(in, ours, r.Units, r.Today)
	if err != nil {
		return err
	}
	if r.totals.Read = list.Read; len(faults) > 0 {
		return r.faults(faults)
	}
	if list.Tables != nil {
		dir, err := os.MkdirTemp("", "units-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		for file, b := range list.Tables {
			if err := write(filepath.Join(dir, file), b); err != nil {
				return err
			}
		}
		if err := r.unitTables(os.DirFS(dir), list.Tables); err != nil || r.totals.Refused > 0 {
			return err
		}
	}
	r.totals = intake.Totals{Read: list.Read, Stored: list.Changed, Unchanged: list.Read - list.Changed}
	return nil
}

// tables opens a folder, a zip file or a single table as a folder.
func tables(name string) (dir fs.FS, done func() error, err error) {
	nothing := func() error { return nil }
	info, err := os.Stat(name)
	switch {
	case err != nil:
		return nil, nothing, err
	case info.IsDir():
		return os.DirFS(name), nothing, nil
	case strings.EqualFold(filepath.Ext(name), ".zip"):
		z, err := zip.OpenReader(name)
		if err != nil {
			return nil, nothing, err
		}
		return z, z.Close, nil
	case slices.Contains(content.UnitFiles, filepath.Base(name)):
		return only{os.DirFS(filepath.Dir(name)), filepath.Base(name)}, nothing, nil
	}
	return only{}, nothing, nil
}

// only is a folder of one file.
type only struct {
	dir  fs.FS
	name string
}

// Open opens the one file.
func (o only) Open(name string) (fs.File, error) {
	if name != o.name {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return o.dir.Open(name)
}

// store replaces DATA/content/<area> by the files, whole: a reader never sees
// half of it. Equal content changes nothing.
func (r *report) store(area string, files map[string][]byte, rows int) error {
	dir := filepath.Join(r.Data, "content", area)
	if same(dir, files) {
		r.totals.Unchanged = rows
		return nil
	}
	next, last := dir+".new", dir+".old"
	for _, gone := range []string{next, last} {
		if err := os.RemoveAll(gone); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(next, 0o700); err != nil {
		return err
	}
	for name, b := range files {
		if err := write(filepath.Join(next, name), b); err != nil {
			return err
		}
	}
	if err := os.Rename(dir, last); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := os.Rename(next, dir); err != nil {
		return err
	}
	r.totals.Stored = rows
	return os.RemoveAll(last)
}

// write makes a file that survives a power cut.
func write(name string, b []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	return errors.Join(err, f.Sync(), f.Close())
}

func same(dir string, files map[string][]byte) bool {
	for name, b := range files {
		if old, err := os.ReadFile(filepath.Join(dir, name)); err != nil || !bytes.Equal(old, b) {
			return false
		}
	}
	return true
}

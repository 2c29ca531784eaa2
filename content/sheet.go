// SPDX-License-Identifier: Apache-2.0

package content

import (
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"

	"mach/issue"
)

// Fault is one place of a table that cannot be taken as it stands.
type Fault struct {
	Line   int         // counted from 1
	Column int         // counted from 1; 0 = the whole line
	Name   string      // of the column; empty when it has none
	Issue  issue.Issue // why
}

// sheet reads CSV as others publish it: a header names the columns, in any
// order. It collects every fault, in order.
type sheet struct {
	columns []string          // that it may have, in lower case
	needed  []string          // that it must have
	other   map[string]string // other names of columns
	faults  []Fault

	csv   *csv.Reader
	names []string       // of the header
	first map[string]int // the line of each key
}

// read calls row for each line that has as many cells as the header: the cells
// in the order of columns, tidied, "" where there is none. It stops at a broken
// header or quote. The error is one of reading.
func (s *sheet) read(r io.Reader, row func(cells []string)) error {
	s.csv, s.first = csv.NewReader(r), map[string]int{}
	s.csv.FieldsPerRecord = -1
	for {
		record, err := s.csv.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if s.names == nil {
				s.add(1, 0, "", issue.New(issue.Required, "content.table.empty", strings.Join(s.needed, ",")))
			}
			return nil
		case errors.As(err, &broken):
			s.add(broken.Line, broken.Column, "", issue.New(issue.Structure, "content.table.csv"))
			return nil
		case err != nil:
			return err
		case s.names == nil:
			if s.header(record); len(s.faults) > 0 {
				return nil
			}
		case len(record) != len(s.names):
			s.add(s.line(), 0, "", issue.New(issue.Structure, "content.table.cells", len(record), len(s.names)))
		default:
			cells := make([]string, len(s.columns))
			for i, cell := range record {
				cells[slices.Index(s.columns, s.names[i])] = norm.NFC.String(strings.Join(strings.Fields(cell), " "))
			}
			row(cells)
		}
	}
}

// readSite gives a table of a folder to read, when it is there: dir is nil where
// nothing was imported. A fault of a table that was taken in is an error.
func readSite(dir fs.FS, name string, read func(io.Reader) ([]Fault, error)) error {
	if dir == nil {
		return nil
	}
	f, err := dir.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	faults, err := read(f)
	if err = errors.Join(err, f.Close()); err == nil && len(faults) > 0 {
		err = faults[0].in(name)
	}
	return err
}

// basis checks what a row rests on: something must be named, and not at length.
func (s *sheet) basis(text string) {
	if text == "" {
		s.refuse("basis", issue.New(issue.Required, "content.endemic.basis"))
	} else if len(text) > longestName {
		s.refuse("basis", issue.New(issue.TooLong, "content.table.long", longestName))
	}
}

func (s *sheet) header(record []string) {
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if own, ok := s.other[name]; ok {
			name = own
		}
		if !slices.Contains(s.columns, name) || slices.Contains(s.names, name) {
			line, _ := s.csv.FieldPos(i)
			s.add(line, i+1, name, issue.New(issue.Structure, "content.table.column", name, strings.Join(s.columns, ", ")))
		}
		s.names = append(s.names, name)
	}
	for _, name := range s.needed {
		if !slices.Contains(s.names, name) {
			s.add(1, 0, name, issue.New(issue.Required, "content.table.column.missing", name))
		}
	}
}

func (s *sheet) add(line, column int, name string, err *issue.Error) {
	s.faults = append(s.faults, Fault{line, column, name, err.Issues[0]})
}

// line is the line on which the record just read begins.
func (s *sheet) line() int {
	line, _ := s.csv.FieldPos(0)
	return line
}

// in is the fault as one of a file of the site.
func (f Fault) in(file string) *TableError {
	return &TableError{File: file, Line: f.Line, cellError: &cellError{f.Column, &issue.Error{Issues: []issue.Issue{f.Issue}}}}
}

// refuse adds a fault of the record just read, in the column of the name.
func (s *sheet) refuse(name string, err *issue.Error) {
	i := slices.Index(s.names, name)
	if i < 0 {
		s.add(s.line(), 0, name, err)
		return
	}
	line, _ := s.csv.FieldPos(i)
	s.add(line, i+1, name, err)
}

// once refuses a key that stood on an earlier line already.
func (s *sheet) once(name, key string) {
	if before, ok := s.first[key]; ok {
		s.refuse(name, issue.New(issue.Duplicate, "content.table.twice", key, before))
		return
	}
	s.first[key] = s.line()
}

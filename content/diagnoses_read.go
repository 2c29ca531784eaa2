// SPDX-License-Identifier: Apache-2.0

package content

import (
	"encoding/csv"
	"errors"
	"io"
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

// Longest texts taken from a list of diagnoses, in bytes.
const (
	longestName  = 500
	longestPlain = 2000
)

// ReadDiagnoses reads a list of diagnoses as a ministry publishes it: CSV with
// the header code,vi,en and, if it likes, plain_vi,plain_en. It returns the
// rows in the form of our own file, ordered by code, with codes in their
// normal form; and every fault, in order. Rows are of use only without faults.
// The error is one of reading.
func ReadDiagnoses(r io.Reader) ([][]string, []Fault, error) {
	d := diagnosisReader{csv: csv.NewReader(r), first: map[string]int{}}
	d.csv.FieldsPerRecord, d.csv.LazyQuotes = -1, false
	for {
		record, err := d.csv.Read()
		var broken *csv.ParseError
		switch {
		case errors.Is(err, io.EOF):
			if d.columns == nil {
				d.add(1, 0, "", issue.New(issue.Required, "content.diagnoses.empty"))
			}
			slices.SortFunc(d.rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
			return d.rows, d.faults, nil
		case errors.As(err, &broken):
			d.add(broken.Line, broken.Column, "", issue.New(issue.Structure, "content.diagnoses.csv"))
			return nil, d.faults, nil
		case err != nil:
			return nil, d.faults, err
		case d.columns == nil:
			if d.header(record); len(d.faults) > 0 {
				return nil, d.faults, nil
			}
		default:
			d.row(record)
		}
	}
}

type diagnosisReader struct {
	csv     *csv.Reader
	columns []string
	rows    [][]string
	first   map[string]int // the line of each code
	faults  []Fault
}

func (d *diagnosisReader) add(line, column int, name string, err *issue.Error) {
	d.faults = append(d.faults, Fault{line, column, name, err.Issues[0]})
}

// at is the line on which a field of the record just read begins.
func (d *diagnosisReader) at(field int) int {
	line, _ := d.csv.FieldPos(field)
	return line
}

func (d *diagnosisReader) header(record []string) {
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\ufeff")))
		if !slices.Contains(diagnosisColumns, name) || name == "terms" || slices.Contains(d.columns, name) {
			d.add(d.at(i), i+1, name, issue.New(issue.Structure, "content.diagnoses.column", name))
		}
		d.columns = append(d.columns, name)
	}
	for _, name := range []string{"code", "vi", "en"} {
		if !slices.Contains(d.columns, name) {
			d.add(1, 0, name, issue.New(issue.Required, "content.diagnoses.column.missing", name))
		}
	}
}

func (d *diagnosisReader) row(record []string) {
	line := d.at(0)
	if len(record) != len(d.columns) {
		d.add(line, 0, "", issue.New(issue.Structure, "content.diagnoses.cells", len(record), len(d.columns)))
		return
	}
	out := make([]string, len(diagnosisColumns))
	for i, cell := range record {
		name := d.columns[i]
		cell = norm.NFC.String(strings.Join(strings.Fields(cell), " "))
		out[slices.Index(diagnosisColumns, name)] = cell
		if err := checkDiagnosis(name, cell); err != nil {
			d.add(d.at(i), i+1, name, err)
		}
		if name != "code" {
			continue
		}
		code := NormalICD(cell)
		out[0] = code
		if before, ok := d.first[code]; ok {
			d.add(d.at(i), i+1, name, issue.New(issue.Duplicate, "content.diagnoses.twice", code, before))
		}
		d.first[code] = line
	}
	d.rows = append(d.rows, out)
}

func checkDiagnosis(name, cell string) *issue.Error {
	longest := longestName
	switch name {
	case "code":
		if !ValidICD(NormalICD(cell)) {
			return issue.New(issue.CodeInvalid, "content.diagnoses.code", cell)
		}
	case "vi":
		if cell == "" {
			return issue.New(issue.Required, "content.diagnoses.name")
		}
	case "plain_vi", "plain_en":
		longest = longestPlain
	}
	if len(cell) > longest {
		return issue.New(issue.TooLong, "content.diagnoses.long", longest)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"io"
	"slices"
	"strings"

	"mach/issue"
)

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
	columns := slices.DeleteFunc(slices.Clone(diagnosisColumns), func(name string) bool { return name == "terms" })
	s := &sheet{columns: columns, needed: []string{"code", "vi", "en"}}
	var rows [][]string
	err := s.read(r, func(cells []string) {
		row := make([]string, len(diagnosisColumns))
		for i, name := range columns {
			row[slices.Index(diagnosisColumns, name)] = cells[i]
			if err := checkDiagnosis(name, cells[i]); err != nil {
				s.refuse(name, err)
			}
		}
		row[0] = NormalICD(row[0])
		s.once("code", row[0])
		rows = append(rows, row)
	})
	slices.SortFunc(rows, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
	return rows, s.faults, err
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
		return issue.New(issue.TooLong, "content.table.long", longest)
	}
	return nil
}

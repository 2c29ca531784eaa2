// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/xuri/excelize/v2"

	"mach/issue"
	"mach/vn"
)

// A list is a table that people keep: a title or two, one row of headings, and
// one person or dose a row. Headings are known by their words without marks,
// in any order; columns that are not known are left alone.
type list struct {
	file    string
	columns map[string]int // column name → index
	heads   map[string]string
	rows    []listRow
}

type listRow struct {
	number int // as the spreadsheet shows it
	cells  []string
	l      *list
}

// The columns, and the headings under which they are found.
var headings = map[string][]string{
	"household": {"ma ho", "ma ho gia dinh", "so ho", "household"},
	"name":      {"ho va ten", "ho ten", "ten", "full name", "name"},
	"birth":     {"ngay sinh", "ngay thang nam sinh", "nam sinh", "birth date", "date of birth"},
	"sex":       {"gioi tinh", "gioi", "sex"},
	"number":    {"so dinh danh ca nhan", "so dinh danh", "so cccd", "cccd", "cccd/so dinh danh", "personal number"},
	"insurance": {"ma so bhyt", "so the bhyt", "ma the bhyt", "the bhyt", "bhyt", "insurance number"},
	"phone":     {"dien thoai", "so dien thoai", "sdt", "phone"},
	"address":   {"dia chi", "noi o", "noi o hien tai", "address"},
	"unit":      {"ma xa", "ma don vi hanh chinh", "commune code"},
	"facility":  {"ma tram", "ma co so", "ma co so kham benh chua benh", "facility code"},
	"vaccine":   {"vac xin", "vacxin", "vaccine", "loai vac xin", "ten vac xin"},
	"dose":      {"mui", "mui so", "mui thu", "lieu", "dose"},
	"given":     {"ngay tiem", "ngay tiem chung", "date given"},
	"lot":       {"so lo", "lo", "lo vac xin", "lot"},
}

// headRows is how far down the headings may stand, below titles.
const headRows = 20

// list takes a spreadsheet in: a household list, or an immunisation list when
// it has a column of vaccines.
func (r *run) list(ctx context.Context, file string, in *bufio.Reader) error {
	table, err := readTable(file, in)
	if err != nil {
		return r.fault(file, 1, err)
	}
	l, err := newList(file, table)
	if err != nil {
		return r.fault(file, 1, err)
	}
	if _, ok := l.columns["vaccine"]; ok {
		return r.doses(ctx, l)
	}
	return r.households(ctx, l)
}

// maxList is the largest table.
const maxList = 64 << 20

// readTable reads the first sheet of a workbook, or a CSV.
func readTable(file string, in io.Reader) ([][]string, error) {
	broken := issue.New(issue.Structure, "intake.list.broken")
	text, err := io.ReadAll(io.LimitReader(in, maxList+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxList {
		return nil, issue.New(issue.TooLong, "intake.list.large", maxList>>20)
	}
	if strings.Contains(strings.ToLower(file), ".xlsx") {
		book, err := excelize.OpenReader(bytes.NewReader(text), excelize.Options{RawCellValue: true, UnzipSizeLimit: 512 << 20})
		if err != nil {
			return nil, broken
		}
		defer book.Close()
		rows, err := book.GetRows(book.GetSheetName(0), excelize.Options{RawCellValue: true})
		if err != nil {
			return nil, broken
		}
		return rows, nil
	}
	text = bytes.TrimPrefix(text, []byte("\xef\xbb\xbf"))
	c := csv.NewReader(bytes.NewReader(text))
	c.FieldsPerRecord = -1
	first, _, _ := bytes.Cut(text, []byte("\n"))
	for _, comma := range []rune{'\t', ';'} {
		if bytes.Count(first, []byte(string(comma))) > bytes.Count(first, []byte(string(c.Comma))) {
			c.Comma = comma
		}
	}
	rows, err := c.ReadAll()
	if err != nil {
		return nil, broken
	}
	return rows, nil
}

// newList finds the row of headings.
func newList(file string, table [][]string) (*list, error) {
	for i, row := range table[:min(headRows, len(table))] {
		l := &list{file: file, columns: map[string]int{}, heads: map[string]string{}}
		for c, cell := range row {
			text := strings.Trim(vn.Fold(cell), " *:.")
			for name, known := range headings {
				if _, taken := l.columns[name]; !taken && slices.Contains(known, text) {
					l.columns[name], l.heads[name] = c, strings.TrimSpace(cell)
				}
			}
		}
		if _, ok := l.columns["name"]; !ok || len(l.columns) < 3 {
			continue
		}
		for n, cells := range table[i+1:] {
			if strings.TrimSpace(strings.Join(cells, "")) != "" {
				l.rows = append(l.rows, listRow{i + 2 + n, cells, l})
			}
		}
		return l, nil
	}
	return nil, issue.New(issue.Required, "intake.list.headings")
}

// get returns a cell without the spaces around it, "" when there is none.
func (row listRow) get(column string) string {
	c, ok := row.l.columns[column]
	if !ok || c >= len(row.cells) {
		return ""
	}
	return strings.TrimSpace(row.cells[c])
}

// problems collects what is wrong with a row, each under its heading.
type problems struct {
	row  listRow
	list []issue.Issue
}

func (p *problems) add(err error, column string) {
	var e *issue.Error
	if !errors.As(err, &e) {
		return
	}
	for _, is := range e.Issues {
		is.Path = p.row.l.heads[column]
		p.list = append(p.list, is)
	}
}

// refuseRow reports a row that is left out.
func (r *run) refuseRow(row listRow, found []issue.Issue) error {
	r.totals.Refused++
	return r.report(row, found)
}

func (r *run) report(row listRow, found []issue.Issue) error {
	return r.refuse(item{file: row.l.file, line: row.number}, &issue.Error{Issues: found})
}

// date reads a date as printed, in ISO form, or as the number of days that a
// spreadsheet keeps.
func date(text string) (vn.PartialDate, error) {
	if days, err := strconv.ParseFloat(text, 64); err == nil && days > 10_000 && days < 80_000 && len(text) != 4 && len(text) != 8 {
		return (vn.NewDate(1899, 12, 30) + vn.Date(days)).Partial(), nil
	}
	text, _, _ = strings.Cut(text, " ") // a time of day says nothing here
	return vn.ParsePrintedDate(text)
}

var elevenDigits = regexp.MustCompile(`^\d{9,11}$`)

// number reads a personal number; a spreadsheet that took it for a sum has
// dropped its leading zeros.
func number(text string) (string, error) {
	if elevenDigits.MatchString(text) {
		text = strings.Repeat("0", 12-len(text)) + text
	}
	id, err := vn.ParsePersonalID(text)
	return string(id), err
}

// sex reads Nam, Nữ and what else lists have for it.
func sex(text string) (vn.Sex, error) {
	switch vn.Fold(text) {
	case "":
		return vn.UnknownSex, nil
	case "nam", "m", "male":
		return vn.Male, nil
	case "nu", "f", "female":
		return vn.Female, nil
	case "khac", "other":
		return vn.OtherSex, nil
	}
	return "", issue.New(issue.Value, "intake.list.sex", text)
}

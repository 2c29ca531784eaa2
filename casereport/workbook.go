// SPDX-License-Identifier: Apache-2.0

package casereport

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"io"
	"strconv"
	"strings"

	"mach/issue"
)

// maxPart bounds each part of a workbook once it is unpacked.
const maxPart = 16 << 20

// sheet is what is read of a worksheet.
type sheet struct {
	Rows []struct {
		Cells []cell `xml:"c"`
	} `xml:"sheetData>row"`
}

type cell struct {
	At   string `xml:"r,attr"`
	Kind string `xml:"t,attr"`
	V    string `xml:"v"`
	IS   struct {
		T string `xml:"t"`
	} `xml:"is"`
}

// workbook reads the first sheet of an .xlsx file (ECMA-376): shared strings,
// inline strings and plain values. Formulas give what they last gave.
func workbook(file []byte) ([][]string, error) {
	z, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return nil, issue.New(issue.Structure, "casereport.list.workbook")
	}
	words, err := sharedStrings(z)
	if err != nil {
		return nil, err
	}
	var s sheet
	if err := part(z, "xl/worksheets/sheet1.xml", &s); err != nil {
		return nil, err
	}
	var rows [][]string
	for _, r := range s.Rows {
		if len(rows) > maxRows+1 {
			break
		}
		var row []string
		for i, c := range r.Cells {
			text, ok := c.text(words)
			at := columnOf(c.At, i)
			if !ok || at < 0 || at > 200 {
				return nil, issue.New(issue.Structure, "casereport.list.workbook")
			}
			for len(row) <= at {
				row = append(row, "")
			}
			row[at] = text
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// sharedStrings are the words that cells refer to by number.
func sharedStrings(z *zip.Reader) ([]string, error) {
	var shared struct {
		SI []struct {
			T string `xml:"t"`
			R []struct {
				T string `xml:"t"`
			} `xml:"r"`
		} `xml:"si"`
	}
	if err := part(z, "xl/sharedStrings.xml", &shared); err != nil {
		return nil, err
	}
	words := make([]string, len(shared.SI))
	for i, s := range shared.SI {
		words[i] = s.T
		for _, run := range s.R {
			words[i] += run.T
		}
	}
	return words, nil
}

// text is what the cell shows; false for a word that is not there.
func (c cell) text(words []string) (string, bool) {
	switch c.Kind {
	case "s":
		n, err := strconv.Atoi(c.V)
		if err != nil || n < 0 || n >= len(words) {
			return "", false
		}
		return words[n], true
	case "inlineStr":
		return c.IS.T, true
	}
	return c.V, true
}

// columnOf is the place of a cell such as "AB12", 0 first; otherwise where it
// stands when it has no name, -1 for a name that is none.
func columnOf(name string, otherwise int) int {
	letters := strings.TrimRight(name, "0123456789")
	if letters == "" {
		return otherwise
	}
	n := 0
	for _, c := range letters {
		if c < 'A' || c > 'Z' || len(letters) > 3 {
			return -1
		}
		n = n*26 + int(c-'A') + 1
	}
	return n - 1
}

// part decodes one part of the package; a part that is not there is empty.
func part(z *zip.Reader, name string, into any) error {
	for _, f := range z.File {
		if f.Name != name {
			continue
		}
		r, err := f.Open()
		if err != nil {
			return issue.New(issue.Structure, "casereport.list.workbook")
		}
		defer r.Close()
		b, err := io.ReadAll(io.LimitReader(r, maxPart+1))
		if err != nil || len(b) > maxPart || xml.Unmarshal(b, into) != nil {
			return issue.New(issue.Structure, "casereport.list.workbook")
		}
	}
	return nil
}

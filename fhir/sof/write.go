// SPDX-License-Identifier: Apache-2.0

package sof

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"strings"

	"mach/fhir/path"
)

// A Writer takes rows and writes them in one format. Close writes what is left;
// it does not close what lies below.
type Writer interface {
	Write(Row) error
	Close() error
}

// JSON returns a row as one object, its members in the order of the columns;
// null stands for no value, and a collection is an array.
func (v *View) JSON(r Row) []byte {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, c := range v.Columns {
		if i > 0 {
			b.WriteByte(',')
		}
		name, _ := json.Marshal(c.Name)
		b.Write(name)
		b.WriteByte(':')
		b.Write(c.json(r[i]))
	}
	b.WriteByte('}')
	return b.Bytes()
}

// json is a cell as JSON.
func (c Column) json(cell path.Collection) []byte {
	switch {
	case c.Collection:
		parts := make([][]byte, len(cell))
		for i, v := range cell {
			parts[i] = v.JSON()
		}
		return append(append([]byte{'['}, bytes.Join(parts, []byte{','})...), ']')
	case len(cell) == 0 || len(cell[0].JSON()) == 0:
		return []byte("null")
	}
	return cell[0].JSON()
}

// Text returns a cell as CSV has it: "" for no value, a primitive as it reads,
// everything else as JSON.
func (c Column) Text(cell path.Collection) string {
	switch {
	case c.Collection && len(cell) > 0:
		return string(c.json(cell))
	case len(cell) == 0:
		return ""
	}
	if s := cell[0].String(); s != "" {
		return s
	}
	return string(cell[0].JSON())
}

// NDJSON writes an object a line.
func (v *View) NDJSON(w io.Writer) Writer { return &lines{view: v, to: bufio.NewWriter(w)} }

type lines struct {
	view *View
	to   *bufio.Writer
}

func (l *lines) Write(r Row) error {
	_, err := l.to.Write(append(l.view.JSON(r), '\n'))
	return err
}

func (l *lines) Close() error { return l.to.Flush() }

// CSV writes a header and a line a row (RFC 4180, UTF-8, line feeds), for people's
// spreadsheets: a text that one would take for a formula has an apostrophe before
// it. Whoever needs the very text takes NDJSON or Parquet.
func (v *View) CSV(w io.Writer) Writer {
	t := &table{view: v, to: csv.NewWriter(w)}
	head := make([]string, len(v.Columns))
	for i, c := range v.Columns {
		head[i] = c.Name
	}
	t.err = t.to.Write(head)
	return t
}

type table struct {
	view *View
	to   *csv.Writer
	err  error
}

func (t *table) Write(r Row) error {
	if t.err != nil {
		return t.err
	}
	cells := make([]string, len(r))
	for i, c := range t.view.Columns {
		cells[i] = Inert(c.Text(r[i]))
	}
	return t.to.Write(cells)
}

// Inert returns a cell that no spreadsheet computes (OWASP, CSV Injection): what
// begins as a formula does is text. A number stays one, with its sign.
func Inert(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r\n", rune(cell[0])) {
		return cell
	}
	if cell[0] == '-' && strings.Trim(cell[1:], "0123456789.") == "" && strings.Count(cell, ".") <= 1 && len(cell) > 1 {
		return cell
	}
	return "'" + cell
}

func (t *table) Close() error {
	t.to.Flush()
	if t.err != nil {
		return t.err
	}
	return t.to.Error()
}

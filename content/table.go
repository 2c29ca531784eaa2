// SPDX-License-Identifier: Apache-2.0

package content

import (
	"encoding/csv"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"mach/i18n"
	"mach/vn"
)

// Words is a text in both languages. English may be empty where a source gives
// none; In then answers in Vietnamese.
type Words struct{ Vi, En string }

// In returns the text in the language.
func (w Words) In(lang i18n.Lang) string {
	if lang == i18n.English && w.En != "" {
		return w.En
	}
	return w.Vi
}

// Item is one entry of a short code list.
type Item struct {
	Code string
	Name Words
	// Verified is set when the code is confirmed by a source that we could
	// read; unverified codes are working defaults, to be replaced on site.
	Verified bool
}

// readTable returns the lines of a CSV file after checking its header: rows in
// file order, cells trimmed.
func readTable(fsys fs.FS, name string, columns ...string) ([][]string, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.FieldsPerRecord = len(columns)
	rows, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(rows) == 0 || !slices.Equal(rows[0], columns) {
		return nil, fmt.Errorf("%s: the header is not %s", name, strings.Join(columns, ","))
	}
	for _, row := range rows[1:] {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
	}
	return rows[1:], nil
}

// must returns v. The embedded files are read by the tests of this package, so
// an error here means a broken build.
func must[T any](v T, err error) T {
	if err != nil {
		panic("content: " + err.Error())
	}
	return v
}

// span reads a validity: first day, and the first day after, which may be empty.
func span(from, to string) (vn.Date, vn.Date, error) {
	first, err := vn.ParseDate(from)
	if err != nil {
		return first, vn.ZeroDate, fmt.Errorf("valid_from %q: %w", from, err)
	}
	if to == "" {
		return first, vn.ZeroDate, nil
	}
	end, err := vn.ParseDate(to)
	if err == nil && end <= first {
		err = fmt.Errorf("ends before it begins")
	}
	if err != nil {
		return first, end, fmt.Errorf("valid_to %q: %w", to, err)
	}
	return first, end, nil
}

// during reports whether the day lies in the validity.
func during(on, from, to vn.Date) bool {
	return on >= from && (to == vn.ZeroDate || on < to)
}

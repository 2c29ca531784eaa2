// SPDX-License-Identifier: Apache-2.0

package casereport

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strings"

	"mach/content"
	"mach/issue"
	"mach/vn"
)

// Line is one row of a line list (danh sách ca bệnh), as far as it could be
// read. What is wrong with it stands beside, by column.
type Line struct {
	Row     int // as a spreadsheet counts: the header is 1
	Name    string
	Number  string
	Birth   vn.PartialDate
	Sex     string // male, female, other; "" = not said
	Phone   string
	Address string
	Commune vn.UnitID
	Disease string // id
	Class   Class
	Onset   vn.Date // vn.ZeroDate = not said
	Day     vn.Date // diagnosed
	Issues  []issue.Issue
}

// Bounds of what is read: a list of a hospital has some dozens of rows.
const (
	maxRows = 1000
	maxCell = 500
)

// columns are the names that a header may have, folded; the first is ours.
var columns = []struct {
	id    string
	names []string
	need  bool
}{
	{"name", []string{"ho va ten", "ho ten", "ten benh nhan", "ten", "name", "full name"}, true},
	{"number", []string{"so dinh danh", "so dinh danh ca nhan", "cccd", "so cccd", "personal id", "number"}, false},
	{"birth", []string{"ngay sinh", "nam sinh", "ngay thang nam sinh", "birth", "date of birth", "year of birth"}, false},
	{"sex", []string{"gioi tinh", "gioi", "sex", "gender"}, true},
	{"phone", []string{"dien thoai", "so dien thoai", "sdt", "phone"}, false},
	{"address", []string{"dia chi", "noi o", "dia chi hien tai", "address"}, false},
	{"commune", []string{"xa phuong", "xa", "phuong", "ma xa", "commune"}, true},
	{"disease", []string{"benh", "chan doan", "ten benh", "icd", "ma icd", "disease", "icd 10"}, true},
	{"class", []string{"phan loai", "phan loai ca", "class", "classification"}, false},
	{"onset", []string{"ngay khoi phat", "khoi phat", "onset", "date of onset"}, false},
	{"diagnosed", []string{"ngay chan doan", "ngay kham", "diagnosed", "date of diagnosis"}, true},
}

// Columns lists the ids of the columns in the order of a template.
func Columns() []string {
	var out []string
	for _, c := range columns {
		out = append(out, c.id)
	}
	return out
}

// Reader reads line lists. It is immutable and safe for concurrent use.
type Reader struct {
	Diseases *content.DiseaseList
	Units    *vn.Units
	Near     vn.UnitID // where a commune written by its name alone is looked for
	Today    vn.Date
}

// Rows returns the cells of a line list: of a workbook (.xlsx), else of text
// separated by commas, semicolons or tabs.
// Errors: Structure when the file is neither; TooLong beyond 1,000 rows.
func Rows(file []byte) ([][]string, error) {
	var rows [][]string
	var err error
	if bytes.HasPrefix(file, []byte("PK\x03\x04")) {
		rows, err = workbook(file)
	} else {
		rows, err = separated(file)
	}
	if err != nil {
		return nil, err
	}
	rows = slices.DeleteFunc(rows, func(r []string) bool {
		return !slices.ContainsFunc(r, func(cell string) bool { return strings.TrimSpace(cell) != "" })
	})
	if len(rows) > maxRows+1 {
		return nil, issue.New(issue.TooLong, "casereport.list.long", maxRows)
	}
	return rows, nil
}

// separated reads CSV in UTF-8, with or without a mark, parted as its first
// line is.
func separated(file []byte) ([][]string, error) {
	file = bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	if !bytes.Equal(bytes.ToValidUTF8(file, nil), file) || bytes.IndexByte(file, 0) >= 0 {
		return nil, issue.New(issue.Structure, "casereport.list.text")
	}
	head, _, _ := bytes.Cut(file, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(file))
	r.FieldsPerRecord, r.LazyQuotes = -1, true
	for _, comma := range []rune{';', '\t'} {
		if bytes.Count(head, []byte(string(comma))) > bytes.Count(head, []byte(string(r.Comma))) {
			r.Comma = comma
		}
	}
	var rows [][]string
	for {
		row, err := r.Read()
		if err == io.EOF {
			return rows, nil
		}
		if err != nil || len(rows) > maxRows+1 {
			return nil, issue.New(issue.Structure, "casereport.list.text")
		}
		rows = append(rows, row)
	}
}

// Lines reads the rows of a list, the header first. A line with issues is
// returned with them: nothing is left out unseen.
// Errors: Structure ("casereport.list.columns") names the columns that the
// header lacks.
func (r Reader) Lines(rows [][]string) ([]Line, error) {
	if len(rows) == 0 {
		return nil, issue.New(issue.Structure, "casereport.list.empty")
	}
	at := map[string]int{}
	for i, cell := range rows[0] {
		name := vn.Fold(strings.NewReplacer("/", " ", "*", "", "-", " ", "_", " ", ",", " ").Replace(cell))
		for _, c := range columns {
			if _, taken := at[c.id]; !taken && (slices.Contains(c.names, strings.Join(strings.Fields(name), " ")) || cell == c.id) {
				at[c.id] = i
				break
			}
		}
	}
	for _, c := range columns {
		if _, ok := at[c.id]; !ok && c.need {
			return nil, issue.New(issue.Structure, "casereport.list.columns", c.names[0])
		}
	}
	var out []Line
	for n, row := range rows[1:] {
		out = append(out, r.line(n+2, func(id string) string {
			if i, ok := at[id]; ok && i < len(row) {
				return strings.TrimSpace(row[i])
			}
			return ""
		}))
	}
	return out, nil
}

func (r Reader) line(row int, cell func(id string) string) Line {
	l := Line{Row: row, Name: vn.NormalName(cell("name")), Address: cell("address"), Class: Suspect, Onset: vn.ZeroDate, Day: vn.ZeroDate}
	fail := func(column, key string, args ...any) {
		l.Issues = append(l.Issues, issue.Issue{Severity: issue.SeverityError, Code: issue.Value, Key: key, Args: args, Path: column})
	}
	for _, c := range columns {
		text := cell(c.id)
		switch {
		case len([]rune(text)) > maxCell:
			fail(c.id, "casereport.line.long")
			return l
		case text == "" && c.need:
			fail(c.id, "casereport.line.needed")
		}
	}
	if text := cell("number"); text != "" {
		if id, err := vn.ParsePersonalID(text); err == nil {
			l.Number = string(id)
		} else {
			fail("number", "casereport.line.number", text)
		}
	}
	if text := cell("phone"); text != "" {
		if p, err := vn.ParsePhone(text); err == nil {
			l.Phone = string(p)
		} else {
			fail("phone", "casereport.line.phone", text)
		}
	}
	if text := cell("birth"); text != "" {
		if b, ok := ParseDate(text); ok && b.First() <= r.Today {
			l.Birth = b
		} else {
			fail("birth", "casereport.line.date", text)
		}
	}
	r.choices(&l, cell, fail)
	r.days(&l, cell, fail)
	return l
}

// choices reads what is one of several: sex, commune, disease, class.
func (r Reader) choices(l *Line, cell func(string) string, fail func(column, key string, args ...any)) {
	if text := cell("sex"); text != "" {
		l.Sex = map[string]string{"nam": "male", "male": "male", "m": "male", "1": "male", "nu": "female", "female": "female", "f": "female", "2": "female", "khac": "other", "other": "other"}[vn.Fold(text)]
		if l.Sex == "" {
			fail("sex", "casereport.line.sex", text)
		}
	}
	if text := cell("commune"); text != "" {
		var several bool
		if l.Commune, several = r.commune(text); l.Commune == 0 {
			fail("commune", map[bool]string{true: "casereport.line.communes", false: "casereport.line.commune"}[several], text)
		}
	}
	if text := cell("disease"); text != "" {
		if d, ok := r.disease(text); !ok {
			fail("disease", "casereport.line.disease", text)
		} else if d.Closed {
			fail("disease", "casereport.line.closed")
		} else {
			l.Disease = d.ID
		}
	}
	if text := cell("class"); text != "" {
		l.Class = map[string]Class{"nghi ngo": Suspect, "suspect": Suspect, "co the": Probable, "probable": Probable, "xac dinh": Confirmed, "confirmed": Confirmed}[vn.Fold(text)]
		if l.Class == "" {
			fail("class", "casereport.line.class", text)
		}
	}
}

func (r Reader) days(l *Line, cell func(string) string, fail func(column, key string, args ...any)) {
	for _, d := range []struct {
		id string
		to *vn.Date
	}{{"onset", &l.Onset}, {"diagnosed", &l.Day}} {
		text := cell(d.id)
		if text == "" {
			continue
		}
		p, ok := ParseDate(text)
		if !ok || p.First() != p.Last() {
			fail(d.id, "casereport.line.date", text)
		} else if *d.to = p.First(); *d.to > r.Today {
			fail(d.id, "casereport.line.future", text)
		}
	}
	if l.Onset.Known() && l.Day.Known() && l.Day < l.Onset {
		fail("diagnosed", "casereport.line.order")
	}
}

// commune finds a commune by its code, or by its name in the province; several
// says that more than one has the name.
func (r Reader) commune(text string) (id vn.UnitID, several bool) {
	if u, ok := r.Units.ByCode(text, r.Today); ok && u.Level == vn.LevelCommune {
		return u.ID, false
	}
	near := r.Near
	for _, u := range r.Units.Path(r.Near) {
		if u.Level == vn.LevelProvince {
			near = u.ID
		}
	}
	want := vn.Fold(text)
	for _, u := range r.Units.Communes(near, r.Today) {
		if u.Folded == want || vn.Fold(u.Full()) == want || vn.Fold(u.Name) == want {
			if id != 0 {
				return 0, true
			}
			id = u.ID
		}
	}
	return id, false
}

// Commune finds a commune as Lines does; 0 when there is none, or several.
func (r Reader) Commune(text string) vn.UnitID {
	id, _ := r.commune(text)
	return id
}

// disease finds a notifiable disease by ICD-10 code or by name.
func (r Reader) disease(text string) (content.Disease, bool) {
	if d, ok := r.Diseases.For(text, r.Today); ok {
		return d, true
	}
	want := vn.Fold(text)
	for _, d := range r.Diseases.List(r.Today) {
		if d.ID == want || vn.Fold(d.Name.Vi) == want || vn.Fold(d.Name.En) == want {
			return d, true
		}
	}
	return content.Disease{}, false
}

// ParseDate reads a date as people write it: 2026-11-20, 20/11/2026, 1990, or
// the day number of a workbook.
func ParseDate(text string) (vn.PartialDate, bool) {
	if p, err := vn.ParsePartialDate(text); err == nil && p.Known() {
		return p, true
	}
	var d, m, y int
	if n, err := fmt.Sscanf(strings.NewReplacer("-", "/", ".", "/").Replace(text), "%d/%d/%d", &d, &m, &y); err == nil && n == 3 && y > 1000 {
		p, err := vn.ParsePartialDate(fmt.Sprintf("%04d-%02d-%02d", y, m, d))
		return p, err == nil && p.Known()
	}
	var serial int
	if n, err := fmt.Sscanf(text, "%d", &serial); err == nil && n == 1 && serial > 10_000 && serial < 80_000 && fmt.Sprint(serial) == text {
		return vn.Date(serial - 25_569).Partial(), true // days since 1899-12-30
	}
	return vn.PartialDate{}, false
}

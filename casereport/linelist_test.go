// SPDX-License-Identifier: Apache-2.0

package casereport_test

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"
	"testing"

	"mach/casereport"
	"mach/content"
	"mach/issue"
	"mach/vn"
)

func reader(t testing.TB) casereport.Reader {
	u, err := units()
	if err != nil {
		t.Fatal(err)
	}
	today := casereport.Day("2026-11-22")
	near, ok := u.ByCode("24", today)
	if !ok {
		t.Fatal("no province 24")
	}
	return casereport.Reader{Diseases: content.Diseases(), Units: u, Near: u.Communes(near.ID, today)[0].ID, Today: today}
}

func TestLines(t *testing.T) {
	r := reader(t)
	commune, _ := r.Units.Get(r.Near)
	head := "Họ và tên;Số định danh;Năm sinh;Giới tính;Điện thoại;Địa chỉ;Xã/phường;Bệnh;Phân loại;Ngày khởi phát;Ngày chẩn đoán\n"
	good := "Trần Thị Bưởi;024190123456;1990;Nữ;0912 345 678;Thôn Đoài;" + commune.Name + ";Sốt xuất huyết Dengue;xác định;18/11/2026;20/11/2026\n"
	for name, c := range map[string]struct{ line, issues string }{
		"whole":            {good, ""},
		"code and ICD":     {strings.NewReplacer(commune.Name, commune.Code, "Sốt xuất huyết Dengue", "A97.0").Replace(good), ""},
		"nothing":          {";;;;;;;;;;x\n", "name sex commune disease diagnosed"},
		"bad cells":        {"Lan;12;năm kia;gái;123;;Xã Không Có;cảm;chắc;32/11/2026;2027-01-01\n", "number phone birth sex commune disease class onset diagnosed"},
		"wrong order":      {strings.Replace(good, "18/11/2026", "21/11/2026", 1), "diagnosed"},
		"a year is no day": {strings.Replace(good, "20/11/2026", "2026", 1), "diagnosed"},
		"closed desk":      {strings.Replace(good, "Sốt xuất huyết Dengue", "HIV/AIDS", 1), "disease"},
		"short row":        {"Lan;;;nam\n", "commune disease diagnosed"},
	} {
		rows, err := casereport.Rows([]byte("\xef\xbb\xbf" + head + c.line))
		if err != nil {
			t.Fatal(err)
		}
		lines, err := r.Lines(rows)
		if err != nil || len(lines) != 1 || lines[0].Row != 2 {
			t.Fatalf("%s: %+v, %v", name, lines, err)
		}
		var at []string
		for _, i := range lines[0].Issues {
			at = append(at, i.Path)
		}
		if strings.Join(at, " ") != c.issues {
			t.Errorf("%s: issues at %v, want %q", name, at, c.issues)
		}
		if c.issues != "" {
			continue
		}
		l := lines[0]
		if l.Name != "Trần Thị Bưởi" || l.Number != "024190123456" || l.Birth.Year != 1990 || l.Sex != "female" || l.Commune != commune.ID ||
			l.Disease != "dengue" || l.Class != casereport.Confirmed || l.Onset.String() != "2026-11-18" || l.Day.String() != "2026-11-20" {
			t.Errorf("%s: %+v", name, l)
		}
	}
}

// A workbook says the same as its text; files that are neither are refused.
func TestRows(t *testing.T) {
	var book bytes.Buffer
	z := zip.NewWriter(&book)
	for name, text := range map[string]string{
		"xl/sharedStrings.xml": `<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>Họ và tên</t></si><si><r><t>Trần </t></r><r><t>Thị Bưởi</t></r></si></sst>`,
		"xl/worksheets/sheet1.xml": `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
			<row r="1"><c r="A1" t="s"><v>0</v></c><c r="C1" t="inlineStr"><is><t>Ngày khám</t></is></c></row>
			<row r="2"></row><row r="3"><c r="A3" t="s"><v>1</v></c><c r="C3"><v>46346</v></c></row></sheetData></worksheet>`,
	} {
		w, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(w, text)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	rows, err := casereport.Rows(book.Bytes())
	if err != nil || fmt.Sprint(rows) != "[[Họ và tên  Ngày khám] [Trần Thị Bưởi  46346]]" {
		t.Errorf("%q, %v", rows, err)
	}
	for name, file := range map[string]string{"picture": "\x89PNG\x00\xff", "half a workbook": book.String()[:60], "Latin-1": "t\xean\n"} {
		if _, err := casereport.Rows([]byte(file)); !issue.Is(err, issue.Structure) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := casereport.Rows([]byte(strings.Repeat("a,b\n", 1002))); !issue.Is(err, issue.TooLong) {
		t.Errorf("too many rows: %v", err)
	}
	r := reader(t)
	if _, err := r.Lines([][]string{{"Họ tên", "Bệnh"}}); !issue.Is(err, issue.Structure) {
		t.Errorf("a header without sex: %v", err)
	}
	if _, err := r.Lines(nil); !issue.Is(err, issue.Structure) {
		t.Errorf("an empty list: %v", err)
	}
	// the day number of a workbook
	lines, err := r.Lines([][]string{{"name", "sex", "commune", "disease", "diagnosed"}, {"Lan", "nữ", "x", "A97", "46346"}})
	if err != nil || lines[0].Day.String() != "2026-11-20" {
		t.Errorf("%+v, %v", lines, err)
	}
}

func FuzzRows(f *testing.F) {
	f.Add([]byte("Họ tên,Giới,Xã,Bệnh,Ngày khám\nLan,nữ,x,A97,20/11/2026\n"))
	f.Add([]byte("PK\x03\x04"))
	r := reader(f)
	f.Fuzz(func(t *testing.T, file []byte) {
		rows, err := casereport.Rows(file)
		if err != nil {
			return
		}
		lines, err := r.Lines(rows)
		if err == nil && len(lines) != len(rows)-1 {
			t.Errorf("%d lines of %d rows", len(lines), len(rows))
		}
		for _, l := range lines {
			if len(l.Issues) == 0 && (l.Name == "" || l.Commune == vn.UnitID(0) || l.Disease == "" || !l.Day.Known() || l.Day > r.Today) {
				t.Errorf("no issue with %+v", l)
			}
		}
	})
}

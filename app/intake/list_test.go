// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/store/storetest"
	"mach/vn"
)

func workbook(t *testing.T, rows [][]any) string {
	t.Helper()
	book := excelize.NewFile()
	for i, row := range rows {
		if err := book.SetSheetRow("Sheet1", fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "ho.xlsx")
	if err := book.SaveAs(file); err != nil {
		t.Fatal(err)
	}
	return file
}

func withUnits(t *testing.T, s *store.Store) *Importer {
	t.Helper()
	m := importer(t, s)
	var err error
	if m.Units, err = content.Units(); err != nil {
		t.Fatal(err)
	}
	m.Today = vn.NewDate(2026, 11, 21)
	return m
}

func brief(lines []Line) []string {
	var all []string
	for _, l := range lines {
		all = append(all, fmt.Sprintf("%s %d %s %s", l.Severity, l.Line, l.Path, l.Rule))
	}
	return all
}

// TestHouseholdList: a workbook as a commune keeps it, titles above, dates and
// numbers as the spreadsheet took them.
func TestHouseholdList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m := withUnits(t, s)
		commune := m.Units.Communes(m.Units.Provinces(m.Today)[0].ID, m.Today)[0]
		station := fhir.MustNew(fhir.Organization{ID: "st", Name: "Trạm", Identifier: []fhir.Identifier{{System: fhir.IDFacility, Value: "24001"}}})
		if _, err := s.For(storetest.System()).Commit(t.Context(), store.Put(station)); err != nil {
			t.Fatal(err)
		}
		rows := [][]any{
			{"DANH SÁCH HỘ GIA ĐÌNH"}, {},
			{"STT", "Mã hộ", "Họ và tên *", "Ngày sinh", "Giới tính", "Số CCCD", "SĐT", "Địa chỉ", "Mã xã", "Mã trạm"},
			{1, "H1", "  nguyễn  văn AN ", "05/03/1953", "Nam", "024053000001", "0912345678", "Thôn 1", commune.Code, "24001"},
			{2, "H1", "Trần Thị Bình", 20000, "Nữ", 24154000002, "", "Thôn 1", commune.Code, ""},
			{3, "H1", "Nguyễn Văn Cường", "1980", "Nam", "", "", "", commune.Code, ""},
			{},
			{4, "H2", "", "31/02/1990", "?", "12", "1", "", "99999", "00000"},
			{5, "H2", "Lê Dũng", "01/01/1990", "Nam", "", "", "", commune.Code, ""},
		}
		file := workbook(t, rows)
		totals, lines := take(t, m, file)
		if want := (Totals{Read: 5, Stored: 4, Refused: 1}); totals != want {
			t.Errorf("totals %+v, want %+v", totals, want)
		}
		want := []string{"error 8 Họ và tên * intake.list.name", "error 8 Ngày sinh date.format", "error 8 Giới tính intake.list.sex",
			"error 8 Số CCCD personal_id.format", "error 8 SĐT phone.format", "error 8 Mã xã intake.list.unit", "error 8 Mã trạm intake.list.none"}
		if got := slices.DeleteFunc(brief(lines), func(l string) bool { return strings.HasPrefix(l, "warning") }); !slices.Equal(got, want) {
			t.Errorf("lines %q\nwant  %q", got, want)
		}
		find := func(typ, name, value string) *fhir.Doc {
			t.Helper()
			page, err := s.For(storetest.System()).Search(t.Context(), store.Query{Type: typ, Params: [][2]string{{name, value}}})
			if err != nil || len(page.Docs) != 1 {
				t.Fatalf("%s?%s=%s: %d, %v", typ, name, value, len(page.Docs), err)
			}
			return page.Docs[0]
		}
		an := find("Patient", "identifier", "024053000001")
		if an.Get("birthDate").String() != "1953-03-05" || an.Get("name", "text").String() != vn.NormalName("nguyễn văn AN") || an.Get("gender").String() != "male" ||
			an.Get("managingOrganization", "reference").String() != "Organization/st" || an.Get("address", "extension", "valueCoding", "code").String() != commune.Code {
			t.Errorf("read %s", an.Text())
		}
		if binh := find("Patient", "identifier", "024154000002"); binh.Get("birthDate").String() != "1954-10-03" {
			t.Errorf("a spreadsheet's date was read as %s", binh.Get("birthDate"))
		}
		home := find("Group", "identifier", commune.Code+"-H1")
		if home.Get("member").Len() != 3 || home.Get("member", "0", "entity", "reference").String() != an.Ref() {
			t.Errorf("household %s", home.Text())
		}
		if again, _ := take(t, m, file); again.Stored != 0 || again.Unchanged != 4 {
			t.Errorf("again %+v", again)
		}
	})
}

// TestListsUndoNothing: an old list, taken in again, leaves later work alone; a
// household is written when all of it can be read, and grows.
func TestListsUndoNothing(t *testing.T) {
	s := storetest.New(t)
	m := withUnits(t, s)
	system := s.For(storetest.System())
	only := func(typ string) *fhir.Doc {
		t.Helper()
		page, err := system.Search(t.Context(), store.Query{Type: typ, Params: [][2]string{{"_sort", "_lastUpdated"}}})
		if err != nil || len(page.Docs) == 0 {
			t.Fatalf("%s: %d, %v", typ, len(page.Docs), err)
		}
		return page.Docs[0]
	}
	change := func(typ, path string, v any) *fhir.Doc {
		t.Helper()
		doc, err := only(typ).Set(path, v)
		if err != nil {
			t.Fatal(err)
		}
		r, err := system.Commit(t.Context(), store.Update(doc, 0))
		if err != nil {
			t.Fatal(err)
		}
		return r.Docs[0]
	}
	imported := func(name, text string, want Totals) {
		t.Helper()
		if got, lines := take(t, m, write(t, name, text)); got != want {
			t.Errorf("%+v, want %+v; %q", got, want, brief(lines))
		}
	}
	unchanged := func(was *fhir.Doc) {
		t.Helper()
		if now := stored(t, s, was.Ref()); now.Text() != was.Text() {
			t.Errorf("%s became %s", was.Text(), now.Text())
		}
	}
	const head, an = "Mã hộ,Họ và tên,Ngày sinh,Giới tính\n", "H1,Nguyễn Văn An,01/02/1990,Nam\n"
	imported("a.csv", head+an+"H1,Lê Thị Hoa,33/04/1992,Nữ\n", Totals{Read: 2, Stored: 1, Refused: 1})
	if page, err := system.Search(t.Context(), store.Query{Type: "Group"}); err != nil || len(page.Docs) != 0 {
		t.Errorf("half a household: %v, %v", page.Docs, err)
	}
	imported("a.csv", head+an, Totals{Read: 1, Unchanged: 1})
	person := change("Patient", "telecom", []fhir.ContactPoint{{System: "phone", Value: "0912345678"}})
	home := change("Group", "name", "Nhà ông An")
	imported("a.csv", head+an, Totals{Read: 1, Unchanged: 1})
	unchanged(person)
	unchanged(home)
	imported("a.csv", head+an+"H1,Lê Thị Hoa,03/04/1992,Nữ\n", Totals{Read: 2, Stored: 1, Unchanged: 1})
	grown := stored(t, s, home.Ref())
	if grown.Get("name").String() != "Nhà ông An" || grown.Get("member").Len() != 2 || grown.Get("quantity").Int() != 2 {
		t.Errorf("the household grew to %s", grown.Text())
	}
	const dose = "Họ và tên,Ngày sinh,Vắc xin,Ngày tiêm\nNguyễn Văn An,01/02/1990,MR,05/06/2020\n"
	imported("d.csv", dose, Totals{Read: 1, Stored: 1})
	struck := change("Immunization", "status", "entered-in-error")
	imported("d.csv", dose, Totals{Read: 1, Unchanged: 1})
	unchanged(struck)
	if _, err := system.Commit(t.Context(), store.Delete("Immunization", struck.ID())); err != nil {
		t.Fatal(err)
	}
	imported("d.csv", dose, Totals{Read: 1, Unchanged: 1})
}

func TestImmunisationList(t *testing.T) {
	s := storetest.New(t)
	m := withUnits(t, s)
	var ops []store.Op
	for i, p := range []fhir.Patient{
		{ID: "a", Name: []fhir.HumanName{humanName("Nguyễn An")}, BirthDate: "2025-01-10", Identifier: []fhir.Identifier{fhir.PersonalNumber("024225000001")}},
		{ID: "b", Name: []fhir.HumanName{humanName("Lê Bình")}, BirthDate: "2025-02-01"},
		{ID: "c", Name: []fhir.HumanName{humanName("Lê Chi")}, BirthDate: "2025-02-01"}, {ID: "d", Name: []fhir.HumanName{humanName("Lê Chi")}, BirthDate: "2025-02-01"},
	} {
		doc, err := fhir.New(p)
		if err != nil {
			t.Fatal(i, err)
		}
		ops = append(ops, store.Put(doc))
	}
	if _, err := s.For(storetest.System()).Commit(t.Context(), ops...); err != nil {
		t.Fatal(err)
	}
	text := "\xef\xbb\xbfHọ tên;Ngày sinh;Số định danh;Vắc xin;Mũi số;Ngày tiêm;Số lô\n" +
		"Nguyễn An;;024225000001;BCG;;11/01/2025;L1\n" +
		"Lê Bình;01/02/2025;;DPT-VGB-Hib;Mũi 2;2025-05-01;\n" +
		"Lê Chi;01/02/2025;;BCG;1;01/03/2025;\n" +
		"Ai Đó;01/02/2025;;BCG;1;01/03/2025;\n" +
		"Lê Bình;02/2025;;;0;03/2025;\n"
	file := write(t, "tiem.csv", text)
	totals, lines := take(t, m, file)
	if want := (Totals{Read: 5, Stored: 2, Refused: 3}); totals != want {
		t.Errorf("totals %+v, want %+v", totals, want)
	}
	want := []string{"error 4 Họ tên intake.list.many", "error 5 Họ tên intake.list.none", "error 6 Ngày tiêm intake.list.given",
		"error 6 Vắc xin intake.list.vaccine", "error 6 Ngày sinh intake.list.identity", "error 6 Mũi số intake.list.dose"}
	if got := brief(lines); !slices.Equal(got, want) {
		t.Errorf("lines %q\nwant  %q", got, want)
	}
	page, err := s.For(storetest.System()).Search(t.Context(), store.Query{Type: "Immunization", Params: [][2]string{{"patient", "b"}}})
	if err != nil || len(page.Docs) != 1 || page.Docs[0].Get("protocolApplied", "doseNumberPositiveInt").Int() != 2 || page.Docs[0].Get("occurrenceDateTime").String() != "2025-05-01" {
		t.Errorf("dose %v, %v", page.Docs, err)
	}
	if again, _ := take(t, m, file); again.Stored != 0 || again.Unchanged != 2 {
		t.Errorf("again %+v", again)
	}
	for name, text := range map[string]string{"x.csv": "a,b,c\n1,2,3\n", "x.xlsx": "no workbook", "y.csv": `"open`} {
		if totals, lines := take(t, m, write(t, name, text)); totals.Refused != 1 || len(lines) != 1 {
			t.Errorf("%s: %+v %+v", name, totals, lines)
		}
	}
}

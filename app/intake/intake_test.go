// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mach/content"
	"mach/fhir"
	"mach/fhir/fhirtest"
	"mach/fhir/profile"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

func importer(t testing.TB, s *store.Store) *Importer {
	t.Helper()
	words, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	return &Importer{Store: s, Actor: storetest.System(), Words: words, Lang: i18n.English}
}

// take imports files and returns the totals and the other lines.
func take(t testing.TB, m *Importer, files ...string) (Totals, []Line) {
	t.Helper()
	var out bytes.Buffer
	totals, err := m.Import(t.Context(), files, &out)
	if err != nil {
		t.Fatal(err)
	}
	printed := strings.Split(strings.TrimSpace(out.String()), "\n")
	var last Totals
	if err := json.Unmarshal([]byte(printed[len(printed)-1]), &last); err != nil || last != totals {
		t.Fatalf("the last line is %s, the totals %+v", printed[len(printed)-1], totals)
	}
	var lines []Line
	for _, p := range printed[:len(printed)-1] {
		var l Line
		if err := json.Unmarshal([]byte(p), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	return totals, lines
}

func write(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func stored(t testing.TB, s *store.Store, ref string) *fhir.Doc {
	t.Helper()
	typ, id, _ := strings.Cut(ref, "/")
	a := storetest.System()
	a.Request = t.Name() // one audit row for all that belongs to nobody
	doc, err := s.For(a).Read(t.Context(), typ, id)
	if err != nil {
		t.Fatalf("%s: %v", ref, err)
	}
	return doc
}

// storedAll reads what docs are stored as, by reference, a hundred at a time.
func storedAll(t *testing.T, s *store.Store, docs []*fhir.Doc) map[string]*fhir.Doc {
	t.Helper()
	ids := map[string][]string{}
	for _, d := range docs {
		ids[d.Type()] = append(ids[d.Type()], d.ID())
	}
	found := map[string]*fhir.Doc{}
	for typ, all := range ids {
		for part := range slices.Chunk(all, 100) {
			q := store.Query{Type: typ, Params: [][2]string{{"_id", strings.Join(part, ",")}}, Count: 100}
			for more := true; more; more = q.Cursor != "" { // a page of large ones is short
				page, err := s.For(storetest.System()).Search(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, d := range page.Docs {
					found[d.Ref()] = d
				}
				q.Cursor = page.Next
			}
		}
	}
	if len(found) != len(docs) {
		t.Errorf("%d of %d came back", len(found), len(docs))
	}
	return found
}

// officialExamples reads HL7's own package from the cache that the tests of
// package fhir fill, and skips where it is not to be had.
func officialExamples(t testing.TB) []*fhir.Doc {
	t.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		t.Skip(err)
	}
	f, err := os.Open(filepath.Join(cache, "mach", "hl7.fhir.r4.examples-4.0.1.tgz"))
	if err != nil {
		t.Skipf("skipped: run the tests of package fhir first: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var docs []*fhir.Doc
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if err == io.EOF {
			return docs
		}
		if err != nil {
			t.Fatal(err)
		}
		name := path.Base(h.Name)
		// ig-r4.json and ImplementationGuide-fhir.json are the same resource twice.
		if !strings.HasSuffix(name, ".json") || name == "package.json" || name == ".index.json" || name == "ig-r4.json" {
			continue
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := fhir.Parse(b)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		docs = append(docs, doc)
	}
}

// excusing checks what is written as stores do, but for the known faults of the
// official examples.
func excusing(t testing.TB) storetest.Option {
	t.Helper()
	v, err := profile.New(profile.Options{Errors: true})
	if err != nil {
		t.Fatal(err)
	}
	return storetest.Configure(func(c *store.Config) {
		c.Validate = func(d *fhir.Doc) []issue.Issue {
			found := v.ValidateEntry(d)
			fhirtest.ReadErrata().Excuse(d, found)
			return found
		}
	})
}

// TestOfficialExamples: everything goes in, but for errata.txt, comes back equal,
// and goes in again without a change.
func TestOfficialExamples(t *testing.T) {
	docs := officialExamples(t)
	if len(docs) < 5305 {
		t.Fatalf("%d examples, the package has 5,305", len(docs))
	}
	var text strings.Builder
	was := make(map[string]*fhir.Doc, len(docs))
	for _, d := range docs {
		text.WriteString(d.Compact().Text() + "\n")
		was[d.Ref()] = d
	}
	file := write(t, "examples.ndjson", text.String())
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m := importer(t, s)
		totals, lines := take(t, m, file)
		if want := (Totals{Read: len(docs), Stored: len(docs)}); totals != want {
			t.Fatalf("totals %+v, want %+v; %+v", totals, want, lines[:min(3, len(lines))])
		}
		t.Logf("%d examples, %d dangling references", totals.Read, len(lines))
		equal := 0
		for ref, got := range storedAll(t, s, docs) {
			if !got.Equal(was[ref]) {
				t.Errorf("%s came back different", ref)
				continue
			}
			equal++
		}
		fmt.Printf("examples r4 through %s: %d of %d come back equal\n", path.Base(t.Name()), equal, len(docs))
		if len(lines) == 0 || slices.ContainsFunc(lines, func(l Line) bool { return l.Severity != "warning" || l.Path == "" || l.Line == 0 }) {
			t.Errorf("dangling references: %d, %+v", len(lines), lines[:min(3, len(lines))])
		}
		again, _ := take(t, m, file)
		if want := (Totals{Read: len(docs), Unchanged: len(docs)}); again != want {
			t.Errorf("again %+v, want %+v", again, want)
		}
	}, excusing(t))
}

// suites is the folder of public suites.
func suites() string {
	if dir := os.Getenv("MACH_SUITES"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "shared", "suites")
}

// TestSynthea: transactions of another program. What refers to urn:uuid:X
// refers to what X is stored as; everything else comes back as it was.
func TestSynthea(t *testing.T) {
	dir := filepath.Join(suites(), "synthea")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("skipped: no suite synthea: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json.gz"))
	if err != nil || len(files) < 8 {
		t.Fatalf("%d bundles of 8, %v", len(files), err)
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		m := importer(t, s)
		totals, lines := take(t, m, files...)
		want := Totals{}
		for _, name := range files {
			in, closeFile, err := (&run{Importer: m}).open(name)
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(in)
			closeFile()
			if err != nil {
				t.Fatal(err)
			}
			bundle, err := fhir.Parse(b)
			if err != nil {
				t.Fatal(err)
			}
			renamed := []string{}
			for e := range bundle.Each("entry") {
				renamed = append(renamed, `"`+e.Get("fullUrl").String()+`"`, `"`+e.Get("resource", "resourceType").String()+"/"+e.Get("resource", "id").String()+`"`)
			}
			names := strings.NewReplacer(renamed...)
			for e := range bundle.Each("entry") {
				want.Read++
				d, err := fhir.ParseString(names.Replace(e.Get("resource").Raw()))
				if err != nil {
					t.Fatal(err)
				}
				if got := stored(t, s, d.Ref()); !got.Equal(d) {
					t.Errorf("%s came back different", d.Ref())
				}
			}
		}
		if totals.Read != want.Read || totals.Refused != 0 || totals.Stored+totals.Unchanged != want.Read || len(lines) != 0 {
			t.Errorf("totals %+v, want %d read; %+v", totals, want.Read, lines[:min(3, len(lines))])
		}
		if again, _ := take(t, m, files...); again.Stored != 0 {
			t.Errorf("again %+v", again)
		}
	})
}

// TestReports: what is refused names file, line, path and reason, and leaves
// nothing behind; what dangles is stored and listed.
func TestReports(t *testing.T) {
	const ok = `{"resourceType":"Patient","id":"%s"}`
	for _, c := range []struct {
		name, file, text string
		want             Totals
		lines            []string // severity line type/id path rule
		there, absent    string
	}{
		{name: "lines", file: "a.ndjson", text: fmt.Sprintf(ok, "a") + "\n\n{nonsense\n" + `{"resourceType":"Patient","id":"b","gender":"x"}` + "\n" + fmt.Sprintf(ok, "c"),
			want: Totals{Read: 4, Stored: 2, Refused: 2}, lines: []string{"error 3 /  fhir.json.syntax", "error 4 Patient/b Patient.gender fhir.code"}, there: "Patient/a Patient/c", absent: "Patient/b"},
		{name: "dangling", file: "a.ndjson", text: `{"resourceType":"Condition","id":"k","subject":{"reference":"Patient/none"}}` + "\n" + fmt.Sprintf(ok, "a"),
			want: Totals{Read: 2, Stored: 2}, lines: []string{"warning 1 Condition/k Condition.subject.reference intake.dangling"}, there: "Condition/k"},
		{name: "references by search", file: "a.ndjson", text: `{"resourceType":"Patient","id":"a","identifier":[{"system":"urn:s","value":"1"}]}` + "\n" +
			`{"resourceType":"Condition","id":"k","subject":{"reference":"Patient?identifier=urn:s|2"}}` + "\n",
			want: Totals{Read: 2, Stored: 2}, lines: []string{"warning 2 Condition/k Condition.subject.reference intake.dangling"}, there: "Condition/k"},
		{name: "one resource, pretty", file: "a.json", text: "{\n \"resourceType\": \"Patient\",\n \"id\": \"a\"\n}\n", want: Totals{Read: 1, Stored: 1}, there: "Patient/a"},
		{name: "transaction refused whole", file: "a.json", text: `{"resourceType":"Bundle","type":"transaction","entry":[
			{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}},
			{"request":{"method":"GET","url":"Patient"}},
			{"resource":{"resourceType":"Patient","id":"b","gender":"x"},"request":{"method":"PUT","url":"Patient/b"}}]}`,
			want: Totals{Read: 2, Refused: 2}, lines: []string{"error 3 Patient/b Bundle.entry[2].resource.gender fhir.code"}, absent: "Patient/a Patient/b"},
		{name: "transaction with entries that nobody can read", file: "a.json", text: `{"resourceType":"Bundle","type":"transaction","entry":[
			{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}},
			{"resource":{"id":"b"},"request":{"method":"PUT","url":"Patient/b"}},
			{"request":{"method":"PUT","url":"Patient/c"}}]}`,
			want: Totals{Read: 3, Refused: 3}, lines: []string{"error 2 / resourceType fhir.json.resource_type", "error 3 / resource intake.entry.resource"}, absent: "Patient/a"},
		{name: "a line too long among others", file: "a.ndjson", text: fmt.Sprintf(ok, "a") + "\n\n" + strings.Repeat(" ", fhir.MaxSize) + "x\n" + fmt.Sprintf(ok, "b"),
			want: Totals{Read: 3, Stored: 2, Refused: 1}, lines: []string{"error 3 /  intake.line.long"}, there: "Patient/a Patient/b"},
		{name: "a table too large", file: "a.csv", text: "Mã hộ,Họ và tên,Ngày sinh\n" + strings.Repeat(" ", maxList),
			want: Totals{Read: 1, Refused: 1}, lines: []string{"error 1 /  intake.list.large"}},
		{name: "batch entry by entry", file: "a.json", text: `{"resourceType":"Bundle","type":"batch","entry":[
			{"resource":{"resourceType":"Patient","id":"a"},"request":{"method":"PUT","url":"Patient/a"}},
			{"resource":{"resourceType":"Patient","id":"b","gender":"x"},"request":{"method":"PUT","url":"Patient/b"}},
			{"request":{"method":"DELETE","url":"Patient/a"}},
			{"request":{"method":"DELETE","url":"Patient/none"}}]}`,
			want: Totals{Read: 4, Stored: 2, Unchanged: 1, Refused: 1}, lines: []string{"error 2 Patient/b Patient.gender fhir.code"}, absent: "Patient/a Patient/b"},
		{name: "collection with urn references", file: "a.json.gz", text: `{"resourceType":"Bundle","type":"collection","id":"x","entry":[
			{"fullUrl":"urn:uuid:5f0e0000-0000-4000-8000-000000000001","resource":{"resourceType":"Condition","id":"k","subject":{"reference":"urn:uuid:5f0e0000-0000-4000-8000-000000000002"}}},
			{"fullUrl":"urn:uuid:5f0e0000-0000-4000-8000-000000000002","resource":{"resourceType":"Patient"}}]}`,
			want: Totals{Read: 2, Stored: 2}, there: "Condition/k Patient/5f0e0000-0000-4000-8000-000000000002", absent: "Bundle/x"},
		{name: "a document is one whole", file: "a.json", text: `{"resourceType":"Bundle","type":"message","id":"x","entry":[{"fullUrl":"urn:x","resource":{"resourceType":"MessageHeader","id":"h","eventUri":"u:x","source":{"endpoint":"u:x"}}}]}`,
			want: Totals{Read: 1, Stored: 1}, there: "Bundle/x", absent: "MessageHeader/h"},
		{name: "not JSON", file: "a.json", text: "Xin chào", want: Totals{Read: 1, Refused: 1}, lines: []string{"error 1 /  fhir.json.object"}},
		{name: "empty", file: "a.json", text: "\n", want: Totals{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := storetest.New(t)
			if strings.HasSuffix(c.file, ".gz") {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				z.Write([]byte(c.text))
				z.Close()
				c.text = b.String()
			}
			totals, lines := take(t, importer(t, s), write(t, c.file, c.text))
			if totals != c.want {
				t.Errorf("totals %+v, want %+v", totals, c.want)
			}
			var got []string
			for _, l := range lines {
				got = append(got, fmt.Sprintf("%s %d %s/%s %s %s", l.Severity, l.Line, l.Type, l.ID, l.Path, l.Rule))
				if filepath.Base(l.File) != c.file || l.Reason == "" || strings.Contains(l.Reason, "⟦") {
					t.Errorf("line %+v", l)
				}
			}
			if !slices.Equal(got, c.lines) {
				t.Errorf("lines %q, want %q", got, c.lines)
			}
			gone, err := s.Absent(t.Context(), strings.Fields(c.there+" "+c.absent))
			if err != nil || !slices.Equal(gone, strings.Fields(c.absent)) {
				t.Errorf("absent %v, %v; want %q", gone, err, c.absent)
			}
			if again, _ := take(t, importer(t, s), filepath.Join(write(t, c.file, c.text))); c.want.Refused == 0 && again.Stored != 0 {
				t.Errorf("again %+v", again)
			}
		})
	}
}

// TestImportsTellNothing: by what leads nowhere only the operator is told what is
// there.
func TestImportsTellNothing(t *testing.T) {
	s := storetest.New(t)
	file := write(t, "a.ndjson", `{"resourceType":"Condition","id":"k","subject":{"reference":"Patient/none"}}`)
	narrowed := storetest.System()
	narrowed.Scopes = []string{"system/Condition.cu"}
	for name, c := range map[string]struct {
		who  store.Actor
		want int
	}{"operator": {storetest.System(), 1}, "a token": {narrowed, 0}, "a doctor": {storetest.Doctor("tram"), 0}} {
		m := importer(t, s)
		m.Actor = c.who
		if totals, lines := take(t, m, file); len(lines) != c.want || totals.Refused != 0 {
			t.Errorf("%s: %+v, %d lines", name, totals, len(lines))
		}
	}
}

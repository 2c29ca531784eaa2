// SPDX-License-Identifier: Apache-2.0

package sof

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/parquet-go/parquet-go"

	"mach/fhir"
)

const people = `{"resourceType":"ViewDefinition","name":"people","resource":"Patient","select":[{"column":[
	{"name":"id","path":"id","type":"id"},
	{"name":"born","path":"birthDate","type":"date"},
	{"name":"active","path":"active","type":"boolean"},
	{"name":"births","path":"multipleBirth.ofType(integer)","type":"integer"},
	{"name":"given","path":"name.given","type":"string","collection":true},
	{"name":"a_score","path":"extension('https://example.org/score').value.ofType(decimal)","type":"decimal"}]}]}`

var two = []string{
	`{"resourceType":"Patient","id":"a","birthDate":"1980-02","active":true,"multipleBirthInteger":2,"name":[{"given":["Văn","An"]},{"given":["\"B\", c"]}],"extension":[{"url":"https://example.org/score","valueDecimal":1.50}]}`,
	`{"resourceType":"Patient","id":"b"}`,
}

func written(t *testing.T, as func(*View, *bytes.Buffer) Writer) []byte {
	t.Helper()
	v, err := Compile([]byte(people))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := as(v, &out)
	for _, text := range two {
		d, err := fhir.ParseString(text)
		if err != nil {
			t.Fatal(err)
		}
		if err := v.Each(d, w.Write); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func TestTextFormats(t *testing.T) {
	got := string(written(t, func(v *View, b *bytes.Buffer) Writer { return v.NDJSON(b) }))
	want := `{"id":"a","born":"1980-02","active":true,"births":2,"given":["Văn","An","\"B\", c"],"a_score":1.50}
{"id":"b","born":null,"active":null,"births":null,"given":[],"a_score":null}
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	got = string(written(t, func(v *View, b *bytes.Buffer) Writer { return v.CSV(b) }))
	want = `id,born,active,births,given,a_score
a,1980-02,true,2,"[""Văn"",""An"",""\""B\"", c""]",1.50
b,,,,,
`
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A text that a spreadsheet would compute is text.
func TestInert(t *testing.T) {
	for cell, want := range map[string]string{
		"": "", "Văn": "Văn", "1+1": "1+1", "-1.50": "-1.50", "-7": "-7", "-": "'-", "-1+2": "'-1+2", "-1.2.3": "'-1.2.3", "=1": "'=1", "+84912": "'+84912",
		"@SUM(A1)": "'@SUM(A1)", "\t=1": "'\t=1", "\r=1": "'\r=1", "\n=1": "'\n=1", "'=1": "'=1", "[\"=1\"]": "[\"=1\"]", "-cmd|' /C calc'!A0": "'-cmd|' /C calc'!A0",
	} {
		if got := Inert(cell); got != want {
			t.Errorf("%q is written %q, want %q", cell, got, want)
		}
	}
	v, err := Compile([]byte(`{"resource":"Patient","status":"active","select":[{"column":[{"name":"name","path":"name.text.first()"}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	d, err := fhir.ParseString(`{"resourceType":"Patient","name":[{"text":"=HYPERLINK(\"http://x\")"}]}`)
	if err != nil {
		t.Fatal(err)
	}
	for format, want := range map[string]string{"csv": `"'=HYPERLINK(""http://x"")"`, "ndjson": `"=HYPERLINK(\"http://x\")"`} {
		var b bytes.Buffer
		w := v.CSV(&b)
		if format == "ndjson" {
			w = v.NDJSON(&b)
		}
		if err := v.Each(d, w.Write); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil || !strings.Contains(b.String(), want) {
			t.Errorf("%s: %s, %v", format, b.String(), err)
		}
	}
}

func TestParquet(t *testing.T) {
	b := written(t, func(v *View, b *bytes.Buffer) Writer { return v.Parquet(b) })
	f, err := parquet.OpenFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range f.Schema().Fields() {
		names = append(names, c.Name())
	}
	if d := cmp.Diff([]string{"id", "born", "active", "births", "given", "a_score"}, names); d != "" {
		t.Error(d)
	}
	type row struct {
		ID     *string  `parquet:"id,optional"`
		Active *bool    `parquet:"active,optional"`
		Births *int64   `parquet:"births,optional"`
		Given  []string `parquet:"given,list"`
		Score  *float64 `parquet:"a_score,optional"`
	}
	rows, err := parquet.Read[row](bytes.NewReader(b), int64(len(b)))
	if err != nil || len(rows) != 2 {
		t.Fatal(len(rows), err)
	}
	if *rows[0].ID != "a" || !*rows[0].Active || *rows[0].Births != 2 || *rows[0].Score != 1.5 || len(rows[0].Given) != 3 {
		t.Errorf("first row %+v", rows[0])
	}
	if *rows[1].ID != "b" || rows[1].Active != nil || len(rows[1].Given) != 0 {
		t.Errorf("second row %+v", rows[1])
	}
}

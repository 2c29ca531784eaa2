// SPDX-License-Identifier: Apache-2.0

package sof

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"mach/fhir"
	"mach/fhir/fhirtest"
)

// A case of the public suite of SQL on FHIR v2.
type suiteFile struct {
	Resources []json.RawMessage
	Tests     []struct {
		Title         string
		View          json.RawMessage
		Expect        []map[string]any
		ExpectColumns []string
		ExpectCount   *int
		ExpectError   bool
	}
}

func TestSuite(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(fhirtest.Suite(t, "sql-on-fhir"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("the suite is empty", err)
	}
	passed, all := 0, 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var f suiteFile
		if err := json.Unmarshal(text, &f); err != nil {
			t.Fatal(err)
		}
		for _, c := range f.Tests {
			all++
			rows, columns, err := run(c.View, f.Resources)
			switch {
			case c.ExpectError:
				if err == nil {
					t.Errorf("%s: %s: no error", filepath.Base(file), c.Title)
					continue
				}
			case err != nil:
				t.Errorf("%s: %s: %v", filepath.Base(file), c.Title, err)
				continue
			case c.ExpectCount != nil && len(rows) != *c.ExpectCount,
				c.ExpectColumns != nil && !reflect.DeepEqual(c.ExpectColumns, columns),
				c.Expect != nil && !same(rows, c.Expect):
				t.Errorf("%s: %s:\n got %v\nwant %v", filepath.Base(file), c.Title, rows, c.Expect)
				continue
			}
			passed++
		}
	}
	fmt.Printf("sql on fhir: %d of %d pass\n", passed, all)
	fhirtest.Aim(t, "sql on fhir", passed, all, 134, 100)
}

func run(view json.RawMessage, resources []json.RawMessage) (rows []map[string]any, columns []string, err error) {
	v, err := Compile(view)
	if err != nil {
		return nil, nil, err
	}
	for _, c := range v.Columns {
		columns = append(columns, c.Name)
	}
	for _, r := range resources {
		d, err := fhir.Parse(r)
		if err != nil {
			return nil, nil, err
		}
		if err := v.Each(d, func(r Row) error {
			var one map[string]any
			err := json.Unmarshal(v.JSON(r), &one)
			rows = append(rows, one)
			return err
		}); err != nil {
			return nil, nil, err
		}
	}
	return rows, columns, nil
}

// same compares rows as sets: their order is not fixed.
func same(got, want []map[string]any) bool {
	if len(got) != len(want) {
		return false
	}
	left := map[string]int{}
	for i := range got {
		g, _ := json.Marshal(got[i])
		w, _ := json.Marshal(want[i])
		left[string(g)]++
		left[string(w)]--
	}
	for _, n := range left {
		if n != 0 {
			return false
		}
	}
	return true
}

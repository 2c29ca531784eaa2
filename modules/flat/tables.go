// SPDX-License-Identifier: Apache-2.0

package flat

import (
	"fmt"
	"hash/fnv"
	"io/fs"
	"strings"

	"mach/fhir/sof"
)

// columnType is what a column of a FHIR type is in SQL, on both databases; what
// is not listed is text. A boolean is 0 or 1.
var columnType = map[string]string{
	"boolean": "smallint", "integer": "bigint", "unsignedInt": "bigint", "positiveInt": "bigint", "integer64": "bigint",
	"decimal": "double precision",
}

// own are the columns that each table has before those of its definition, whose
// names begin with a letter.
var own = []string{"_resource", "_row", "_facility", "_unit"}

func tableOf(v *sof.View) string { return "flat_" + strings.ToLower(v.Name) }

// create is the text that makes the tables of the views.
func create(views []*sof.View) string {
	var b strings.Builder
	b.WriteString(`create table flat_refused (definition text not null, _resource text not null, reason text not null, primary key (definition, _resource));` + "\n")
	for _, v := range views {
		fmt.Fprintf(&b, "create table %s (_resource text not null, _row bigint not null, _facility text not null, _unit bigint not null", tableOf(v))
		for _, c := range v.Columns {
			kind, ok := columnType[c.Type]
			if !ok || c.Collection {
				kind = "text"
			}
			fmt.Fprintf(&b, `, "%s" %s`, strings.ToLower(c.Name), kind)
		}
		b.WriteString(", primary key (_resource, _row));\n")
	}
	return b.String()
}

// version changes with the definitions.
func version(text string) int {
	h := fnv.New32a()
	_, _ = h.Write([]byte(text))
	return int(h.Sum32() >> 1)
}

// script is the one file of the view's tables.
type script string

const scriptName = "0001_flat.sql"

// Glob lists the file.
func (s script) Glob(string) ([]string, error) { return []string{scriptName}, nil }

// ReadFile returns the text of the file.
func (s script) ReadFile(string) ([]byte, error) { return []byte(s), nil }

// Open is never asked: the store lists and reads.
func (s script) Open(name string) (fs.File, error) {
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}

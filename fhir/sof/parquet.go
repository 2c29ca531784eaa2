// SPDX-License-Identifier: Apache-2.0

package sof

import (
	"fmt"
	"io"
	"reflect"
	"strconv"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"

	"mach/fhir/path"
)

// kinds are the types of Parquet columns by FHIR type; what is not listed is a
// string. A decimal is the nearest double: Parquet's own decimals have as many
// digits in every row.
var kinds = map[string]reflect.Type{
	"boolean":     reflect.TypeFor[bool](),
	"integer":     reflect.TypeFor[int64](),
	"unsignedInt": reflect.TypeFor[int64](),
	"positiveInt": reflect.TypeFor[int64](),
	"integer64":   reflect.TypeFor[int64](),
	"decimal":     reflect.TypeFor[float64](),
}

// Parquet writes an Apache Parquet file, compressed with zstd: a nullable column
// for each of the view in their order, a list for a collection.
func (v *View) Parquet(w io.Writer) Writer {
	fields := make([]reflect.StructField, len(v.Columns))
	for i, c := range v.Columns {
		kind, ok := kinds[c.Type]
		if !ok {
			kind = reflect.TypeFor[string]()
		}
		// The library makes the schema of a struct: nothing else keeps the order.
		tag, of := `parquet:"`+c.Name+`,optional"`, reflect.PointerTo(kind)
		if c.Collection {
			tag, of = `parquet:"`+c.Name+`,list"`, reflect.SliceOf(kind)
		}
		fields[i] = reflect.StructField{Name: "F" + strconv.Itoa(i), Type: of, Tag: reflect.StructTag(tag)}
	}
	row := reflect.StructOf(fields)
	schema := parquet.SchemaOf(reflect.New(row).Interface())
	return &columnar{view: v, row: row, to: parquet.NewGenericWriter[any](w, schema, parquet.Compression(&zstd.Codec{}))}
}

type columnar struct {
	view *View
	row  reflect.Type
	to   *parquet.GenericWriter[any]
}

func (c *columnar) Write(r Row) error {
	row := reflect.New(c.row)
	for i, cell := range r {
		field := row.Elem().Field(i)
		for _, v := range cell {
			one, err := converted(v, field.Type().Elem())
			if err != nil {
				return fmt.Errorf("column %s: %w", c.view.Columns[i].Name, err)
			}
			if field.Kind() == reflect.Slice {
				field.Set(reflect.Append(field, one))
				continue
			}
			field.Set(reflect.New(field.Type().Elem()))
			field.Elem().Set(one)
		}
	}
	_, err := c.to.Write([]any{row.Interface()})
	return err
}

// converted is a value as a column's type; an error when it is of another.
func converted(v path.Value, to reflect.Type) (reflect.Value, error) {
	text := v.String()
	if text == "" {
		text = string(v.JSON())
	}
	out := reflect.New(to).Elem()
	var err error
	switch to.Kind() {
	case reflect.Bool:
		var b bool
		b, err = strconv.ParseBool(text)
		out.SetBool(b)
	case reflect.Int64:
		var n int64
		n, err = strconv.ParseInt(text, 10, 64)
		out.SetInt(n)
	case reflect.Float64:
		var f float64
		f, err = strconv.ParseFloat(text, 64)
		out.SetFloat(f)
	default:
		out.SetString(text)
	}
	return out, err
}

func (c *columnar) Close() error { return c.to.Close() }

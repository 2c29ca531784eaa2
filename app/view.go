// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"mach/fhir"
	"mach/fhir/sof"
)

type viewCmd struct {
	Definition string   `arg:"" help:"ViewDefinition in JSON; - for standard input."`
	Files      []string `arg:"" optional:"" help:"Resources: NDJSON, one resource, or a JSON array of them; none means standard input."`
	Format     string   `default:"ndjson" enum:"ndjson,csv,parquet" help:"ndjson, csv or parquet."`
}

// Run writes the rows that a ViewDefinition makes of resources, in the order of
// the input.
func (c *viewCmd) Run(_ context.Context, s Streams) error {
	text, err := readFile(c.Definition, s.In)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	view, err := sof.Compile(text)
	if err != nil {
		return inWords(err)
	}
	files := c.Files
	if len(files) == 0 {
		files = []string{"-"}
	}
	out := c.writer(view, s.Out)
	for _, name := range files {
		if err := eachResource(name, s.In, func(d *fhir.Doc) error { return view.Each(d, out.Write) }); err != nil {
			return errors.Join(fmt.Errorf("%s: %w", name, inWords(err)), out.Close())
		}
	}
	return out.Close()
}

func (c *viewCmd) writer(v *sof.View, w io.Writer) sof.Writer {
	switch c.Format {
	case "csv":
		return v.CSV(w)
	case "parquet":
		return v.Parquet(w)
	}
	return v.NDJSON(w)
}

// eachResource reads the resources of a file one after another: values in a row,
// as in NDJSON, or the elements of an array.
func eachResource(name string, in io.Reader, do func(*fhir.Doc) error) error {
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUsage, err)
		}
		defer f.Close()
		in = f
	}
	buffered := bufio.NewReaderSize(in, 1<<16)
	values := json.NewDecoder(buffered)
	if array, err := startsArray(buffered); err != nil {
		return err
	} else if array {
		if _, err := values.Token(); err != nil {
			return err
		}
	}
	for values.More() {
		var raw json.RawMessage
		if err := values.Decode(&raw); err != nil {
			return err
		}
		d, err := fhir.Parse(raw)
		if err == nil {
			err = do(d)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// startsArray skips space and looks at the first byte.
func startsArray(b *bufio.Reader) (bool, error) {
	for {
		c, err := b.Peek(1)
		switch {
		case err == io.EOF:
			return false, nil
		case err != nil:
			return false, err
		case c[0] != ' ' && c[0] != '\n' && c[0] != '\r' && c[0] != '\t':
			return c[0] == '[', nil
		}
		if _, err := b.Discard(1); err != nil {
			return false, err
		}
	}
}

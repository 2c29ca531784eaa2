// SPDX-License-Identifier: Apache-2.0

// Command units writes content/units/before.tsv and since.tsv from the public
// tables of administrative units, as content/units/SOURCES.md describes. Run it
// in its own folder:
//
//	go run . -data FOLDER
//
// It stops at the first row that no rule or decision covers: a new table is
// read by people before it becomes content.
package main

import (
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	data := flag.String("data", "", "folder with communes_now.csv, lineage_2025-07-01.csv, districts_old.csv, provinces_old.csv")
	out := flag.String("out", "../../content/units", "folder to write, which holds decisions.csv and aliases.tsv")
	flag.Parse()
	if err := run(*data, *out); err != nil {
		log.Fatal(err)
	}
}

func run(data, out string) error {
	if data == "" {
		return errors.New("-data is missing")
	}
	before, err := readBefore(data, out)
	if err != nil {
		return err
	}
	since, err := readSince(data)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(out, "before.tsv"), before.text(), 0o644); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "since.tsv"), since, 0o644)
}

// row is one line of a table by column name.
type row map[string]string

func readTable(folder, name string) ([]row, error) {
	f, err := os.Open(filepath.Join(folder, name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	rows := make([]row, 0, len(lines))
	for _, l := range lines[1:] {
		r := row{}
		for i, column := range lines[0] {
			r[column] = l[i]
		}
		rows = append(rows, r)
	}
	return rows, nil
}

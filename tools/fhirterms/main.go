// SPDX-License-Identifier: Apache-2.0

// Fhirterms packs the code systems, value sets and concept maps of FHIR R4 into
// the one text that package fhir/terms embeds.
//
//	go run ./fhirterms -out ../fhir/terms/r4.txt.gz
//	go run ./fhirterms -out ../fhir/terms/r4.txt.gz -check
//
// It reads the npm package that tools/fhirdefs has fetched into the user's cache
// folder, or the one named by -package. With -check nothing is written: the
// program exits 1 when the committed text differs from what the package gives, or
// when it, this program or the package is not what r4.txt.gz.sum lists. The package
// is left out, with a word, when it is not there.
package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"mach/tools/seal"
)

// sources are this program's own, in the folder tools.
const sources = "fhirterms"

const npmPackage = "hl7.fhir.r4.examples@4.0.1"

func main() {
	out := flag.String("out", "../fhir/terms/r4.txt.gz", "packed `file`")
	check := flag.Bool("check", false, "compare instead of writing")
	cache, _ := os.UserCacheDir()
	from := flag.String("package", filepath.Join(cache, "mach", "hl7.fhir.r4.examples-4.0.1.tgz"), "the npm package")
	flag.Parse()
	if err := run(*out, *from, *check); err != nil {
		fmt.Fprintln(os.Stderr, "fhirterms:", err)
		os.Exit(1)
	}
}

func run(out, from string, check bool) error {
	all, err := load(from)
	if errors.Is(err, fs.ErrNotExist) && check {
		fmt.Fprintf(os.Stderr, "fhirterms: only the sums are checked, %s is not there\n", npmPackage)
		return seal.Check(out, sources, "")
	}
	if err != nil {
		return err
	}
	text, err := pack(all)
	if err != nil {
		return err
	}
	if check {
		return errors.Join(compare(out, text), seal.Check(out, sources, from))
	}
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is a valid one
	if _, err := z.Write(text); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := os.WriteFile(out, b.Bytes(), 0o644); err != nil {
		return err
	}
	return seal.Write(out, sources, from)
}

func compare(out string, text []byte) error {
	f, err := os.Open(out)
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	committed, err := io.ReadAll(z)
	if err == nil && !bytes.Equal(committed, text) {
		err = fmt.Errorf("%s is not what %s gives: run this without -check", out, npmPackage)
	}
	return err
}

// A resource is a terminology resource of the package.
type resource map[string]any

func (r resource) text(name string) string {
	s, _ := r[name].(string)
	return s
}

// load reads the terminology resources, by type and URL.
func load(file string) (map[string]resource, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	all := map[string]resource{}
	for t := tar.NewReader(z); ; {
		h, err := t.Next()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		name := path.Base(h.Name)
		kind, _, _ := strings.Cut(name, "-")
		if !strings.HasSuffix(name, ".json") || !slices.Contains([]string{"CodeSystem", "ValueSet", "ConceptMap"}, kind) {
			continue
		}
		var r resource
		d := json.NewDecoder(t)
		d.UseNumber()
		if err := d.Decode(&r); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if r.text("resourceType") == kind && r.text("url") != "" {
			all[kind+"\t"+r.text("url")] = r
		}
	}
}

// pack gives one line for each resource that is taken: type, URL, version and
// JSON, between tabs.
func pack(all map[string]resource) ([]byte, error) {
	taken := map[string]bool{}
	for key, r := range all {
		if strings.HasPrefix(key, "ValueSet\t") && ours(r) {
			taken[key] = true
			for _, system := range systems(r) {
				taken["CodeSystem\t"+system] = true
			}
		}
		if !strings.HasPrefix(key, "ValueSet\t") && ours(r) {
			taken[key] = true
		}
	}
	var lines []string
	for key := range taken {
		r := all[key]
		if r == nil || r.text("content") == "not-present" {
			continue
		}
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(bare(r)); err != nil {
			return nil, err
		}
		lines = append(lines, key+"\t"+r.text("version")+"\t"+b.String())
	}
	slices.Sort(lines)
	return []byte("# Terminology of FHIR R4, packed by tools/fhirterms from " + npmPackage + ". DO NOT EDIT.\n" + strings.Join(lines, "")), nil
}

// ours reports whether a resource is taken for itself: those of FHIR and of HL7
// version 3, but no examples. Tables of HL7 version 2 come with the value sets
// that use them.
func ours(r resource) bool {
	url := r.text("url")
	last := path.Base(url)
	return !strings.Contains(url, "/v2-") && !strings.Contains(last, "example") && last != "101" && last != "102" && last != "103" &&
		strings.Contains(url, "hl7.org/") && r.text("content") != "supplement" && !licensed(r)
}

// licensed reports whether a value set lists concepts of SNOMED CT, which are
// not ours to pass on.
func licensed(valueSet resource) bool {
	compose, _ := valueSet["compose"].(map[string]any)
	include, _ := compose["include"].([]any)
	for _, one := range include {
		if in, ok := one.(map[string]any); ok && in["system"] == "http://snomed.info/sct" && in["concept"] != nil {
			return true
		}
	}
	return valueSet["expansion"] != nil
}

// systems lists the code systems that a value set names.
func systems(valueSet resource) (urls []string) {
	compose, _ := valueSet["compose"].(map[string]any)
	include, _ := compose["include"].([]any)
	for _, one := range include {
		if in, ok := one.(map[string]any); ok {
			urls = append(urls, resource(in).text("system"))
		}
	}
	return urls
}

// kept are the members that terminology is made of.
var kept = strings.Fields(`resourceType url version name title status experimental
	caseSensitive hierarchyMeaning compositional content valueSet supplements filter property concept
	compose expansion sourceUri sourceCanonical targetUri targetCanonical group`)

// bare leaves out narrative, contacts, and everything else but codes and words.
func bare(r resource) resource {
	out := resource{}
	for _, name := range kept {
		if v, ok := r[name]; ok {
			out[name] = strip(v)
		}
	}
	return out
}

// strip leaves out extensions and comments of parts.
func strip(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = strip(v[i])
		}
	case map[string]any:
		for _, name := range []string{"extension", "modifierExtension", "id", "definition", "comment", "description"} {
			if _, ok := v[name].(string); ok || strings.HasSuffix(name, "xtension") {
				delete(v, name)
			}
		}
		for name, x := range v {
			if strings.HasPrefix(name, "_") {
				delete(v, name)
				continue
			}
			v[name] = strip(x)
		}
	}
	return v
}

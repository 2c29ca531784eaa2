// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"mach/content"
	"mach/fhir"
	"mach/fhir/profile"
	"mach/fhir/terms"
	"mach/i18n"
	"mach/issue"
)

type validateCmd struct {
	Profile    []string `help:"URL of a profile that every resource must conform to."`
	Package    []string `help:"Folder or .tgz of profiles, extensions, value sets and code systems."`
	Strict     bool     `help:"Also refuse unknown extensions, HTML in text, words that are not those of their code, addresses of examples."`
	References bool     `help:"Also refuse relative references that lead to nothing in the same Bundle or Parameters."`
	Comments   bool     `help:"Pass over comments in the JSON."`
	Lang       string   `default:"en" enum:"vi,en" help:"Language of the reasons."`
	Files      []string `arg:"" help:"Resources in JSON or NDJSON; - for standard input."`
}

// Run writes one OperationOutcome for each resource, in their order.
func (c *validateCmd) Run(_ context.Context, s Streams) error {
	words, err := content.Catalogue()
	if err != nil {
		return err
	}
	v, err := c.validator()
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, err)
	}
	out, faults := json.NewEncoder(s.Out), false
	out.SetEscapeHTML(false)
	for _, name := range c.Files {
		b, err := readFile(name, s.In)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUsage, err)
		}
		b = bytes.TrimPrefix(b, []byte("\ufeff")) // editors write it
		if c.Comments {
			b = fhir.Uncomment(b)
		}
		for _, one := range resources(name, b) {
			issues := validated(v, one, c.Profile)
			faults = faults || issue.List(issues) != nil
			if err := out.Encode(outcome(issues, words, i18n.Lang(c.Lang))); err != nil {
				return err
			}
		}
	}
	if faults {
		return ErrFaults
	}
	return nil
}

// resources takes a file apart: NDJSON by its name, or by a first line that is a
// whole value although more follow.
func resources(name string, b []byte) [][]byte {
	var lines [][]byte
	for l := range bytes.Lines(b) {
		if l = bytes.TrimSpace(l); len(l) > 0 {
			lines = append(lines, l)
		}
	}
	if filepath.Ext(name) == ".ndjson" || len(lines) > 1 && json.Valid(lines[0]) {
		return lines
	}
	return [][]byte{b}
}

func validated(v *profile.Validator, b []byte, profiles []string) []issue.Issue {
	doc, err := fhir.Parse(b)
	if err != nil {
		return issue.Of(err)
	}
	return v.Validate(doc, profiles...)
}

// validator knows our core profiles and those of packages, and the terminology
// of R4, of our content and of the packages.
func (c *validateCmd) validator() (*profile.Validator, error) {
	set, docs, err := packages(c.Package)
	if err != nil {
		return nil, err
	}
	return validator(profile.Options{
		Definitions: docs, Terms: set, References: c.References,
		Extensions: c.Strict, Plain: c.Strict, Displays: c.Strict, Real: c.Strict,
	})
}

// packages reads what folders or .tgz hold, and adds its terminology to that of R4
// and of our content.
func packages(names []string) (*terms.Set, []*fhir.Doc, error) {
	units, err := content.Units()
	if err != nil {
		return nil, nil, err
	}
	set, err := terminology(content.SiteAt(nil), units)
	if err != nil {
		return nil, nil, err
	}
	var docs []*fhir.Doc
	for _, name := range names {
		more, err := readPackage(name)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		docs = append(docs, more...)
	}
	for i, d := range docs {
		if slices.Contains(terms.Types, d.Type()) && d.Get("url").String() != "" {
			if err := set.Put(strconv.Itoa(i), d); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", d.Ref(), err)
			}
		}
	}
	return set, docs, nil
}

// validator knows our core profiles beside what the options have.
func validator(opt profile.Options) (*profile.Validator, error) {
	docs, err := profile.ReadFolder(content.Profiles())
	if err != nil {
		return nil, err
	}
	opt.Definitions = append(docs, opt.Definitions...)
	return profile.New(opt)
}

// readPackage reads the definitions of a folder or of a .tgz.
func readPackage(name string) ([]*fhir.Doc, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return profile.ReadFolder(os.DirFS(name))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return profile.ReadArchive(f)
}

// outcome is an OperationOutcome; one information issue says that all is well.
func outcome(issues []issue.Issue, words *i18n.Catalogue, lang i18n.Lang) map[string]any {
	list := make([]map[string]any, 0, max(len(issues), 1))
	for _, i := range issues {
		one := map[string]any{
			"severity": i.Severity, "code": i.Code, "diagnostics": words.T(lang, i.Key, i.Args...),
			"details": fhir.Code("https://mach.vn/cs/message", i.Key, ""),
		}
		if i.Path != "" {
			one["expression"] = []string{i.Path}
		}
		list = append(list, one)
	}
	if len(list) == 0 {
		list = append(list, map[string]any{"severity": "information", "code": "informational", "diagnostics": "ok"})
	}
	return map[string]any{"resourceType": "OperationOutcome", "issue": list}
}

func readFile(name string, in io.Reader) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(in)
	}
	return os.ReadFile(name)
}

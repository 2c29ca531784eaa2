// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"

	"mach/content"
	"mach/fhir"
	"mach/fhir/path"
	"mach/fhir/terms"
	"mach/i18n"
	"mach/issue"
)

type fhirpathCmd struct {
	File    string   `short:"f" help:"Resource in JSON to evaluate on; - for standard input. Without it, on nothing."`
	Package []string `help:"Folder or .tgz of value sets and code systems for memberOf."`
	Typed   bool     `help:"Write type and value of each result."`
	Lenient bool     `help:"Let elements pass that R4 does not have."`
	Lang    string   `default:"en" enum:"vi,en" help:"Language of faults."`
	Expr    string   `arg:"" help:"FHIRPath expression."`
}

// Run writes a JSON array of the results. An expression that cannot be read is
// wrong use; one that fails on the resource, or asks for what its type does not
// have, is a fault.
func (c *fhirpathCmd) Run(_ context.Context, s Streams) error {
	e, err := path.Compile(c.Expr)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUsage, c.said(err))
	}
	var focus fhir.Node
	if c.File != "" {
		b, err := readFile(c.File, s.In)
		if err != nil {
			return fmt.Errorf("%w: %w", ErrUsage, err)
		}
		doc, err := fhir.Parse(b)
		if err != nil {
			return c.said(err)
		}
		focus = doc.Root()
	}
	if !c.Lenient && focus.Exists() {
		if e, err = path.Compile(c.Expr, path.Check(focus.Doc().Type())); err != nil {
			return c.said(err)
		}
	}
	results, err := e.Eval(focus, &path.Env{MemberOf: c.memberOf(), Trace: func(name string, values path.Collection) {
		for _, v := range values {
			fmt.Fprintf(s.Err, "%s: %s\n", name, v.JSON())
		}
	}})
	if err != nil {
		return c.said(err)
	}
	type typed struct {
		Type  string          `json:"type"`
		Value json.RawMessage `json:"value"`
	}
	values, types := make([]json.RawMessage, 0, len(results)), make([]typed, 0, len(results))
	for _, v := range results {
		values, types = append(values, v.JSON()), append(types, typed{v.Type(), v.JSON()})
	}
	out := json.NewEncoder(s.Out)
	out.SetEscapeHTML(false)
	if c.Typed {
		return out.Encode(types)
	}
	return out.Encode(values)
}

// memberOf knows the value sets that are known without a store, and those of the
// packages. They are loaded when an expression asks for one.
func (c *fhirpathCmd) memberOf() func(system, code, valueset string) (bool, error) {
	known := sync.OnceValues(func() (*terms.Set, error) {
		set, _, err := packages(c.Package)
		return set, err
	})
	return func(system, code, valueset string) (bool, error) {
		set, err := known()
		if err != nil {
			return false, err
		}
		r, err := set.ValidateCode(valueset, system, code, "")
		return r.Valid, err
	}
}

// said gives the words for what is wrong with an expression or resource.
func (c *fhirpathCmd) said(err error) error {
	words, wordsErr := content.Catalogue()
	if wordsErr != nil {
		return errors.Join(err, wordsErr)
	}
	for _, i := range issue.Of(err) {
		return errors.New(words.T(i18n.Lang(c.Lang), i.Key, i.Args...))
	}
	return err
}

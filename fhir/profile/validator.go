// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"maps"
	"strings"

	"mach/fhir"
	"mach/fhir/path"
	"mach/fhir/terms"
	"mach/issue"
)

// Options say what a [Validator] knows and asks.
type Options struct {
	// Definitions are profiles and extensions (StructureDefinition). Of
	// resources of other types only what they are is known.
	Definitions []*fhir.Doc
	// Terms says which codes value sets and systems have; nil knows only the
	// required ones of R4 that can be listed.
	Terms *terms.Set
	// Errors leaves out warnings: what a write path needs.
	Errors bool
	// Extensions refuses extensions that no definition names; those with the
	// address of an example only with Real.
	Extensions bool
	// Real refuses the addresses of examples (RFC 2606), such as
	// https://example.org/x.
	Real bool
	// Displays refuses words beside a code that are not those of the code; else
	// they are a warning.
	Displays bool
	// References refuses relative references that lead to no resource of the
	// document, a Bundle or Parameters.
	References bool
	// Plain refuses text that looks like HTML in strings and Markdown.
	Plain bool
}

// A Validator checks resources.
type Validator struct {
	opt   Options
	defs  map[string]*definition // by URL, without version
	types map[string]string      // of all definitions given, by URL
}

// New compiles the definitions. It fails on one that cannot be understood, with
// its URL as the path.
func New(opt Options) (*Validator, error) {
	v := &Validator{opt: opt, defs: map[string]*definition{}, types: map[string]string{}}
	for _, d := range opt.Definitions {
		v.types[d.Get("url").String()] = d.Type()
		if d.Type() != "StructureDefinition" {
			continue
		}
		def, err := compile(d)
		if err != nil {
			return nil, err
		}
		v.defs[def.url] = def
	}
	v.opt.Definitions = nil
	return v, nil
}

// Profiles returns the URLs of the profiles that are known, by the type that
// they constrain.
func (v *Validator) Profiles() map[string][]string {
	all := map[string][]string{}
	for url := range maps.Keys(v.defs) {
		typ := v.defs[url].typ
		all[typ] = append(all[typ], url)
	}
	return all
}

// maxIssues ends the checking of a resource that is wrong all over. Warnings
// leave room for errors.
const (
	maxIssues   = 200
	maxWarnings = 100
)

// Validate checks shape, invariants, the profiles of meta.profile and the given
// ones. It returns nil when all is well; see [issue.List] for whether that
// refuses. A given profile that is not known is an error.
func (v *Validator) Validate(d *fhir.Doc, profiles ...string) []issue.Issue {
	return v.validate(d, fhir.Validate(d), profiles)
}

// ValidateEntry is [Validator.Validate] for what is about to be written: see
// [fhir.ValidateEntry].
func (v *Validator) ValidateEntry(d *fhir.Doc) []issue.Issue {
	return v.validate(d, fhir.ValidateEntry(d), nil)
}

func (v *Validator) validate(d *fhir.Doc, found []issue.Issue, profiles []string) []issue.Issue {
	c := &check{Validator: v, issues: found}
	root := d.Root()
	if opt := v.opt; opt.Terms != nil {
		c.env.MemberOf = func(system, code, valueSet string) (bool, error) {
			r, err := opt.Terms.ValidateCode(valueSet, system, code, "")
			return r.Valid, err
		}
	}
	if info := root.Info(); info != nil {
		c.resource(root, root, info)
		for _, url := range profiles {
			c.asked(root, info, url)
		}
	}
	return c.issues
}

// A check is the validation of one document.
type check struct {
	*Validator
	issues   []issue.Issue
	env      path.Env
	parent   []*fhir.TypeInfo // of the object at hand, for the contexts of extensions
	deep     int              // profiles within profiles
	warnings int
	inside   places // of the document, once they are asked for
}

func (c *check) full() bool { return len(c.issues) >= maxIssues }

func (c *check) add(at string, severity issue.Severity, code issue.Code, key string, args ...any) {
	if c.full() || severity != issue.SeverityError && (c.opt.Errors || c.warnings >= maxWarnings) {
		return
	}
	if severity != issue.SeverityError {
		c.warnings++
	}
	c.issues = append(c.issues, issue.Issue{Severity: severity, Code: code, Key: key, Args: args, Path: at})
}

func (c *check) fault(at string, code issue.Code, key string, args ...any) {
	c.add(at, issue.SeverityError, code, key, args...)
}

func (c *check) warn(at string, code issue.Code, key string, args ...any) {
	c.add(at, issue.SeverityWarning, code, key, args...)
}

// claimed checks the profiles that a resource says it conforms to.
func (c *check) claimed(n fhir.Node, info *fhir.TypeInfo) {
	for p := range n.Member("meta").Each("profile") {
		url := p.String()
		if def := c.known(url); def != nil {
			c.conform(n, info, def)
		} else if !isBase(url, info.Name) {
			c.warn(p.Path(), issue.NotFound, "profile.unknown", url)
		}
	}
}

// asked checks a profile that the caller names.
func (c *check) asked(n fhir.Node, info *fhir.TypeInfo, url string) {
	switch def := c.known(url); {
	case def != nil:
		c.conform(n, info, def)
	case !isBase(url, info.Name):
		c.fault(n.Path(), issue.NotFound, "profile.unknown", url)
	}
}

// isBase reports whether the URL is that of the type itself.
func isBase(url, typ string) bool {
	name, ok := strings.CutPrefix(bare(url), core)
	return ok && name == typ
}

// core is where R4's own types are defined.
const core = "http://hl7.org/fhir/StructureDefinition/"

func (c *check) known(url string) *definition { return c.defs[bare(url)] }

// bare is a canonical URL without its version.
func bare(url string) string {
	url, _, _ = strings.Cut(url, "|")
	return url
}

// conform checks a resource or value against a profile and its bases.
func (c *check) conform(n fhir.Node, info *fhir.TypeInfo, def *definition) {
	if !info.Is(def.typ) {
		c.fault(n.Path(), issue.Invalid, "profile.other_type", def.url, def.typ)
		return
	}
	c.value(value{node: n, info: info}, def.root)
	for depth := 0; def.differential && depth < maxBases; depth++ {
		if def = c.known(def.base); def == nil {
			return
		}
		c.value(value{node: n, info: info}, def.root)
	}
}

// maxBases bounds how many profiles may derive from one another.
const maxBases = 16

// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// Result says whether a code is what it claims to be.
type Result struct {
	// Valid is set when the code is surely in the value set or system.
	Valid bool
	// Unknown is set when nobody here can say: the system is not loaded, or
	// only a part of it. Valid is then false; for a binding it is a warning.
	Unknown bool
	// System and Version are those of the code where they were found.
	System, Version string
	// Display are the words of the code; "" when not known.
	Display string
	// WrongDisplay is set when the display that was given is none of the
	// code's. It does not touch Valid.
	WrongDisplay bool
	// Inactive is set when the code is no more to be used.
	Inactive bool
	// Issue says what is wrong, or worth a warning; nil when nothing is.
	Issue *issue.Issue
}

// Coding is a code as a resource gives it. Without a system it is of the only
// system of the value set that has it.
type Coding struct{ System, Version, Code, Display string }

// CodingOf reads a Coding element.
func CodingOf(n fhir.Node) Coding {
	return Coding{
		System: n.Get("system").String(), Version: n.Get("version").String(),
		Code: n.Get("code").String(), Display: n.Get("display").String(),
	}
}

// canonical is system|version.
func (c Coding) canonical() string {
	if c.Version != "" {
		return c.System + "|" + c.Version
	}
	return c.System
}

// ValidateCode says whether a value set has a code. system may be "" for a
// bare code element: the code is then sought in the systems of the set. The
// error is an [issue.Error]: the value set is unknown (not-found), or cannot be
// read. This is what required and extensible bindings and memberOf() ask.
func (s *Set) ValidateCode(valueset, system, code, display string) (Result, error) {
	return s.Validate(valueset, Coding{System: system, Code: code, Display: display})
}

// Validate is [Set.ValidateCode] for a coding with a version.
func (s *Set) Validate(valueset string, c Coding) (Result, error) {
	st := s.now.Load()
	v, err := st.valueSet(valueset)
	if err != nil {
		return Result{}, err
	}
	return st.validate(v, c), nil
}

// ValidateIn says whether a resource that need not be loaded, a ValueSet, has a
// code.
func (s *Set) ValidateIn(set *fhir.Doc, c Coding) (Result, error) {
	st := s.now.Load()
	v, err := st.compileSet(set, nil)
	if err != nil {
		return Result{}, err
	}
	return st.validate(v, c), nil
}

func (st *state) validate(v *valueSet, c Coding) Result {
	if c.System == "" {
		systems := v.systemsOf(c.Code)
		if len(systems) == 0 {
			r := Result{Issue: problem(issue.SeverityError, "terms.code.outside", c.Code, v.url)}
			if v.has("", c.Code) == maybe || v.open() {
				r.Unknown, r.Issue.Severity, r.Issue.Key = true, issue.SeverityWarning, "terms.code.unsure"
			}
			return r
		}
		c.System = systems[0]
	}
	r := st.describe(c)
	switch v.has(c.System, c.Code) {
	case yes:
		r.Valid, r.Unknown, r.Issue = true, false, nil
		if d := v.wording(c); d != "" {
			r.Display = d
		}
		r.checkDisplay(st, v, c)
	case maybe:
		r.Valid, r.Unknown, r.Issue = false, true, problem(issue.SeverityWarning, "terms.code.unsure", c.Code, v.url, c.System)
	default:
		r.Valid, r.Unknown, r.Issue = false, false, problem(issue.SeverityError, "terms.code.outside", c.Code, v.url, c.System)
	}
	return r
}

// ValidateSystem says whether a code system has a code.
func (s *Set) ValidateSystem(c Coding) Result {
	st := s.now.Load()
	r := st.describe(c)
	if r.Valid {
		r.checkDisplay(st, nil, c)
	}
	return r
}

// describe finds a code in its system.
func (st *state) describe(c Coding) Result {
	r := Result{System: c.System, Version: c.Version}
	if g := grammarOf(c.System); g != nil {
		if r.Valid = g(c.Code); !r.Valid {
			r.Issue = problem(issue.SeverityError, "terms.code.unknown", c.Code, c.System)
		}
		return r
	}
	sys := st.system(c.canonical())
	if sys == nil {
		r.Unknown, r.Issue = true, problem(issue.SeverityWarning, "terms.system.absent", c.canonical())
		return r
	}
	r.Version = sys.version
	at, ok := sys.find(c.Code)
	switch {
	case !ok && sys.complete:
		r.Issue = problem(issue.SeverityError, "terms.code.unknown", c.Code, c.System)
	case !ok:
		r.Unknown, r.Issue = true, problem(issue.SeverityWarning, "terms.code.fragment", c.Code, c.System)
	default:
		r.Valid, r.Display, r.Inactive = true, sys.concepts[at].display, sys.concepts[at].inactive
	}
	return r
}

func problem(severity issue.Severity, key string, args ...any) *issue.Issue {
	return &issue.Issue{Severity: severity, Code: issue.CodeInvalid, Key: key, Args: args}
}

// checkDisplay compares the display given with all words that the code has,
// without regard to case, marks and spaces.
func (r *Result) checkDisplay(st *state, v *valueSet, c Coding) {
	if c.Display == "" {
		return
	}
	given, known := vn.Fold(c.Display), false
	fits := func(words string) bool {
		known = known || words != ""
		return vn.Fold(words) == given
	}
	if v != nil && fits(v.wording(c)) {
		return
	}
	if sys := st.system(c.canonical()); sys != nil {
		if at, ok := sys.find(c.Code); ok {
			match := fits(sys.concepts[at].display)
			sys.each(at, "designation", func(d fhir.Node) { match = fits(d.Get("value").String()) || match })
			if match {
				return
			}
		}
	}
	if known {
		r.WrongDisplay, r.Issue = true, problem(issue.SeverityWarning, "terms.display", c.Display, c.Code, r.Display)
	}
}

// systemsOf lists the systems under which the set has a code.
func (v *valueSet) systemsOf(code string) []string {
	var out []string
	v.systems(func(system string) {
		if v.has(system, code) == yes {
			out = append(out, system)
		}
	})
	return out
}

// systems visits each system of the set once or more.
func (v *valueSet) systems(visit func(string)) {
	for _, p := range v.include {
		if p.url != "" {
			visit(p.url)
			continue
		}
		for _, set := range p.sets {
			set.systems(visit)
		}
	}
}

// open reports whether a part of the set is not known here.
func (v *valueSet) open() bool {
	for _, p := range v.include {
		if p.absent != "" || p.url != "" && p.listed == nil && p.grammar == nil && (p.system == nil || p.vague || !p.system.complete) {
			return true
		}
		for _, set := range p.sets {
			if set.open() {
				return true
			}
		}
	}
	return false
}

// wording is the display that the value set itself gives a code, "" when none.
func (v *valueSet) wording(c Coding) string {
	for _, p := range v.include {
		if p.url == c.System && p.listed != nil {
			if at, ok := p.listed[p.fold(c.Code)]; ok {
				if d := p.concepts[at].Get("display").String(); d != "" {
					return d
				}
			}
		}
		for _, set := range p.sets {
			if d := set.wording(c); d != "" {
				return d
			}
		}
	}
	return ""
}

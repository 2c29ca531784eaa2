// SPDX-License-Identifier: Apache-2.0

package access

import (
	"cmp"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// Scope is one resource scope of SMART App Launch 2.2, section 3.0.1.5:
// context/Type.cruds, with a query perhaps. The words read, write and * of
// version 1 are understood too.
type Scope struct {
	Context string // patient, user or system
	Type    string // resource type or "*"
	Rights  string // some of "cruds", in that order
	Query   string // search parameters that every resource must match, "" = none
}

// String writes the scope in the form of version 2.
func (s Scope) String() string {
	text := s.Context + "/" + s.Type + "." + s.Rights
	if s.Query != "" {
		text += "?" + s.Query
	}
	return text
}

const (
	allRights = "cruds"
	maxScope  = 300 // bytes of one scope
	maxScopes = 60  // of one token
)

// ParseScope reads one scope. A query that could not be held against a single
// resource is refused rather than read as something wider.
func ParseScope(text string) (Scope, error) {
	bad := issue.New(issue.Invalid, "access.scope.format", clip(text, maxScope)).At("scope")
	text, query, asks := strings.Cut(text, "?")
	context, rest, ok := strings.Cut(text, "/")
	typ, rights, dot := strings.Cut(rest, ".")
	if !ok || !dot || !slices.Contains([]string{"patient", "user", "system"}, context) || !isTypeName(typ) || len(text)+len(query) > maxScope {
		return Scope{}, bad
	}
	switch rights {
	case "*":
		rights = allRights
	case "read":
		rights = "rs"
	case "write":
		rights = "cud"
	}
	rest = allRights
	for _, r := range rights {
		i := strings.IndexRune(rest, r)
		if i < 0 {
			return Scope{}, bad
		}
		rest = rest[i+1:]
	}
	if rights == "" || asks && store.CheckCriteria(typ, query) != nil {
		return Scope{}, bad
	}
	return Scope{context, typ, rights, query}, nil
}

// known refuses a type that R4 has not and a query by parameters that the store
// has not. They are asked for when a scope is given, not when it is read: a
// parameter that has gone since finds nothing.
func (s Scope) known(in *store.Store) error {
	if (s.Type == "*" || fhir.IsType(s.Type)) && (s.Query == "" || in.CheckCriteria(s.Type, s.Query) == nil) {
		return nil
	}
	return issue.New(issue.Invalid, "access.scope.format", clip(s.String(), maxScope)).At("scopes")
}

func isTypeName(s string) bool {
	if s == "*" {
		return true
	}
	for i, r := range s {
		if upper := r >= 'A' && r <= 'Z'; upper || i > 0 && r >= 'a' && r <= 'z' {
			continue
		}
		return false
	}
	return s != ""
}

// ParseScopes reads scopes separated by spaces, at least one, all of one
// context: a token is for one person, one account, or an application.
func ParseScopes(text string) ([]Scope, error) {
	var out []Scope
	for f := range strings.FieldsSeq(text) {
		if len(out) == maxScopes {
			return nil, issue.New(issue.TooCostly, "access.scope.many", maxScopes).At("scope")
		}
		s, err := ParseScope(f)
		if err != nil {
			return nil, err
		}
		if len(out) > 0 && out[0].Context != s.Context {
			return nil, issue.New(issue.Invalid, "access.scope.mixed").At("scope")
		}
		out = append(out, s)
	}
	if len(out) == 0 {
		return nil, issue.New(issue.Required, "access.scope.none").At("scope")
	}
	return out, nil
}

// covers reports whether the scope gives the right on the type. Counts need
// the right to search everything.
func (s Scope) covers(act store.Action, typ string) bool {
	var right string
	switch act {
	case store.ActRead:
		right = "r"
	case store.ActSearch, store.ActIdentify:
		right = "s"
	case store.ActFigures:
		right, typ = "s", "*"
	case store.ActCreate:
		right = "c"
	case store.ActUpdate:
		right = "u"
	case store.ActDelete:
		right = "d"
	default:
		return false
	}
	return strings.Contains(s.Rights, right) && (s.Type == "*" || s.Type == typ)
}

// granted is what the scopes of a token give for one action on one type. It
// never opens what the policies close.
type granted struct {
	some bool     // anything at all
	only []string // of which a resource must match one; nil = all
	own  bool     // only what patient/ scopes reach
}

// granted reads the scopes of the actor that cover the action on the type and,
// unless whose is nil, reach the row it labels: system scopes are for the
// system and for applications of their own, patient scopes for the one person
// and the directory around. A scope that cannot be read gives nothing.
func (p *Policy) granted(a store.Actor, act store.Action, typ string, whose *store.Labels) granted {
	g, all := granted{own: true}, false
	for _, text := range a.Scopes {
		s := p.scopes.get(text, func(text string) Scope {
			s, _ := ParseScope(text)
			return s
		})
		if !s.covers(act, typ) || whose != nil && !p.holds(s, a, *whose) {
			continue
		}
		g.some = true
		g.own = g.own && s.Context == "patient"
		if s.Query == "" {
			all = true
		} else if !slices.Contains(g.only, s.Query) {
			g.only = append(g.only, s.Query)
		}
	}
	if all {
		g.only = nil
	}
	return g
}

// holds reports whether the context of a scope holds the row.
func (p *Policy) holds(s Scope, a store.Actor, l store.Labels) bool {
	switch s.Context {
	case "system":
		return a.Role == store.System || strings.HasPrefix(a.Account, clientAccount)
	case "patient":
		if l.Patient == "" {
			return p.common[l.Type]
		}
		return l.Patient == recordOf(a)
	}
	return s.Context == "user"
}

// recordOf is the Patient that patient/ scopes of the actor mean, "" = nobody.
func recordOf(a store.Actor) string { return cmp.Or(a.Record, a.Patient) }

// clientAccount begins the account of an application that works for no person:
// a backend service.
const clientAccount = "client:"

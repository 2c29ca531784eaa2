// SPDX-License-Identifier: Apache-2.0

package access

import (
	"slices"
	"strings"

	"mach/issue"
	"mach/store"
)

// Scope is one resource scope of SMART App Launch 2.0: context/Type.cruds.
// The words read, write and * of version 1 are understood too.
type Scope struct {
	Context string // patient, user or system
	Type    string // resource type or "*"
	Rights  string // some of "cruds", in that order
}

// String writes the scope in the form of version 2.
func (s Scope) String() string { return s.Context + "/" + s.Type + "." + s.Rights }

const allRights = "cruds"

// ParseScope reads one scope. A scope with a query ("?category=…") is refused
// rather than read as something wider.
func ParseScope(text string) (Scope, error) {
	bad := issue.New(issue.Invalid, "access.scope.format", text).At("scope")
	context, rest, ok := strings.Cut(text, "/")
	typ, rights, dot := strings.Cut(rest, ".")
	if !ok || !dot || !slices.Contains([]string{"patient", "user", "system"}, context) || !isTypeName(typ) {
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
	if rights == "" {
		return Scope{}, bad
	}
	return Scope{context, typ, rights}, nil
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

// scopesCover reports whether any scope gives the right on the type. A scope
// that cannot be read gives nothing.
func scopesCover(scopes []string, act store.Action, typ string) bool {
	for _, text := range scopes {
		if s, err := ParseScope(text); err == nil && s.covers(act, typ) {
			return true
		}
	}
	return false
}

// scopesAllow narrows an actor that came with a token. A scope never opens
// what the policies close: system scopes are for the system, patient scopes
// for the one person and what belongs to nobody.
func scopesAllow(a store.Actor, act store.Action, l store.Labels) bool {
	for _, text := range a.Scopes {
		s, err := ParseScope(text)
		if err != nil || !s.covers(act, l.Type) {
			continue
		}
		switch s.Context {
		case "system":
			if a.Role == store.System {
				return true
			}
		case "patient":
			if l.Patient == "" || a.Patient != "" && l.Patient == a.Patient {
				return true
			}
		case "user":
			return true
		}
	}
	return false
}

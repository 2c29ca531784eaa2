// SPDX-License-Identifier: Apache-2.0

package profile

import (
	"cmp"
	"sync"

	"mach/fhir"
	"mach/fhir/path"
	"mach/issue"
)

// typeRules are the invariants that hold for the values of one type.
type typeRules struct {
	own     []*invariant
	members map[string][]*invariant // of elements, by their names
	bound   map[string]fhir.Binding
	words   func(c *check, n fhir.Node) // rules that R4 makes in words; nil for most
}

// An invariant is a rule in FHIRPath, compiled when it is first needed.
type invariant struct {
	key, text string
	namesake  string // the key of its words, where another rule has its key
	warning   bool
	compile   func() (*path.Expr, error)
}

func newInvariant(key, text, expression string, warning bool) *invariant {
	return &invariant{key: key, text: text, warning: warning,
		compile: sync.OnceValues(func() (*path.Expr, error) { return path.Compile(expression) })}
}

// inGo are the invariants that are checked without FHIRPath: by [fhir.Validate]
// and by [check.domain].
var inGo = map[string]bool{
	"ele-1": true, "ext-1": true, "dom-2": true, "dom-3": true, "dom-4": true, "dom-5": true, "dom-6": true,
	"ref-1": true, "txt-1": true, "txt-2": true,
}

// rulesOf returns the rules of a type and its bases. They are R4's, the same for
// every validator.
func rulesOf(t *fhir.TypeInfo) *typeRules { return r4Rules()[t] }

var r4Rules = sync.OnceValue(func() map[*fhir.TypeInfo]*typeRules {
	all := map[*fhir.TypeInfo]*typeRules{}
	var add func(t *fhir.TypeInfo) *typeRules
	add = func(t *fhir.TypeInfo) *typeRules {
		if r, ok := all[t]; ok || t == nil {
			return r
		}
		r := &typeRules{members: map[string][]*invariant{}, bound: fhir.Bindings(t.Name), words: conformance[t.Name]}
		all[t] = r
		if base := add(t.Base); base != nil {
			r.own = append(r.own, base.own...)
			for name, rules := range base.members {
				r.members[name] = append(r.members[name], rules...)
			}
		}
		for _, rule := range fhir.Invariants(t.Name) {
			v := newInvariant(rule.Key, rule.Text, rule.Expression, rule.Warning)
			v.namesake = namesakes[t.Name+" "+rule.Key]
			switch {
			case inGo[rule.Key]:
			case rule.Member == "":
				r.own = append(r.own, v)
			default:
				r.members[rule.Member] = append(r.members[rule.Member], v)
			}
		}
		for _, e := range t.Elements {
			for _, et := range e.Types {
				add(et.Type)
			}
		}
		return r
	}
	for _, name := range fhir.Types() {
		add(fhir.InfoOf(name))
	}
	return all
})

// r4Keys are the keys of R4's own invariants, which profiles repeat.
var r4Keys = sync.OnceValue(func() map[string]bool {
	keys := map[string]bool{}
	for t := range r4Rules() {
		for _, rule := range fhir.Invariants(t.Name) {
			keys[rule.Key] = true
		}
	}
	return keys
})

// holds evaluates the invariants of a value.
func (c *check) holds(n fhir.Node, info *fhir.TypeInfo, rules []*invariant) {
	for _, rule := range rules {
		if rule.warning && c.opt.Errors {
			continue
		}
		e, err := rule.compile()
		if err != nil {
			c.warn(n.Path(), issue.NotSupported, "profile.invariant.expression", rule.key)
			continue
		}
		ok, err := e.BoolOn(path.OfTyped(n, info), &c.env)
		switch {
		case issue.Is(err, issue.TooCostly): // made to cost more than it may
			c.fault(n.Path(), issue.TooCostly, "profile.invariant.expression", rule.key)
		case err != nil:
			c.warn(n.Path(), issue.NotSupported, "profile.invariant.expression", rule.key)
		case !ok:
			c.broken(n, rule)
		}
	}
}

// broken reports an invariant, in the reader's language where it has words of
// its own, else with the text of its author.
func (c *check) broken(n fhir.Node, rule *invariant) {
	severity := issue.SeverityError
	if rule.warning {
		severity = issue.SeverityWarning
	}
	if key := cmp.Or(rule.namesake, rule.key); rule.namesake != "" || spoken(key) {
		c.add(n.Path(), severity, issue.Invariant, "invariant."+key)
		return
	}
	c.add(n.Path(), severity, issue.Invariant, "profile.invariant", rule.key, rule.text)
}

// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"iter"
	"slices"

	"mach/fhir"
)

// operations is the table of what is called with a dollar sign. The router,
// the CapabilityStatement and its test read it. See R4 operations.html.
func operations() []operation {
	return []operation{
		{name: "meta", level: onInstance, run: (*Module).meta},
		{name: "meta-add", level: onInstance, affectsState: true, run: (*Module).metaAdd},
		{name: "status", on: []string{"Subscription"}, level: onType | onInstance, definition: backport + "backport-subscription-status",
			params: []fhir.OperationParam{optional("id", -1, "id"), optional("status", -1, "code")}, run: (*Module).subscriptionStatus},
		{name: "events", on: []string{"Subscription"}, level: onInstance, definition: backport + "backport-subscription-events",
			params: []fhir.OperationParam{optional("eventsSinceNumber", 1, "string"), optional("eventsUntilNumber", 1, "string"), optional("content", 1, "code")}, run: (*Module).subscriptionEvents},
		{name: "export", level: onSystem, definition: bulkdata + "export", run: (*Module).export},
		{name: "export", on: []string{"Patient"}, level: onType, definition: bulkdata + "patient-export", run: (*Module).export},
		{name: "export", on: []string{"Group"}, level: onInstance, definition: bulkdata + "group-export", run: (*Module).export},
		{name: "import", level: onSystem, definition: "https://mach.vn/fhir/OperationDefinition/import", affectsState: true, raw: true, run: (*Module).take},
		{name: "meta-delete", level: onInstance, affectsState: true, run: (*Module).metaDelete},
		{name: "validate", level: onType | onInstance, run: (*Module).validate},
		{name: "everything", on: []string{"Patient"}, level: onInstance, params: []fhir.OperationParam{optional("_cursor", 1, "integer")}, run: (*Module).everything},
		{name: "everything", on: []string{"Encounter"}, level: onInstance,
			params: []fhir.OperationParam{optional("start", 1, "date"), optional("end", 1, "date"), optional("_cursor", 1, "integer")}, run: (*Module).everything},
		{name: "run", on: []string{"ViewDefinition"}, level: onType | onInstance, definition: "http://sql-on-fhir.org/OperationDefinition/$viewdefinition-run", rows: true,
			params: []fhir.OperationParam{
				optional("viewResource", 1, "Resource"), optional("resource", -1, "Resource"), optional("patient", -1, "Reference"),
				optional("_format", 1, "code"), optional("header", 1, "boolean"), optional("_limit", 1, "integer"), optional("_since", 1, "instant"),
				optional("viewReference", 1, "Reference"), optional("group", -1, "Reference"), optional("source", 1, "string"),
			}, run: (*Module).run},
		{name: "lastn", on: []string{"Observation"}, level: onType, searches: true, run: (*Module).lastn},
		{name: "expand", on: []string{"ValueSet"}, level: onType | onInstance, run: (*Module).expand},
		{name: "validate-code", on: []string{"ValueSet"}, level: onType | onInstance, run: (*Module).validateCode},
		{name: "validate-code", on: []string{"CodeSystem"}, level: onType | onInstance, run: (*Module).validateCode},
		{name: "lookup", on: []string{"CodeSystem"}, level: onType, run: (*Module).lookup},
		{name: "subsumes", on: []string{"CodeSystem"}, level: onType | onInstance, run: (*Module).subsumes},
		{name: "translate", on: []string{"ConceptMap"}, level: onType | onInstance, run: (*Module).translate},
		{name: "closure", definition: "http://hl7.org/fhir/OperationDefinition/ConceptMap-closure", level: onSystem, affectsState: true, run: (*Module).closure},
	}
}

// operation is one line of the table.
type operation struct {
	name         string   // without the dollar sign
	on           []string // types; nil = every type
	level        level    // where it may be called
	definition   string   // canonical URL; "" = the one of R4 for name and, of one type, that type
	affectsState bool     // only by POST, and not inside a transaction
	raw          bool     // run reads the body itself
	searches     bool     // takes search parameters beside those of the definition
	rows         bool     // the answer is no FHIR: run looks at _format and Accept itself
	// params are accepted beside those of R4's definition, or, where R4 has none,
	// are all that is; nil there = run looks at them itself.
	params []fhir.OperationParam
	// run returns the resource of the answer, a 200 unless c.answer says more;
	// nil leaves the body to c.answer.
	run func(m *Module, c *call) (*fhir.Doc, error)
}

// level is a set of places at which an operation may be called.
type level uint8

const (
	onSystem   level = 1 << iota // [base]/$name
	onType                       // [base]/[type]/$name
	onInstance                   // [base]/[type]/[id]/$name
)

// url is the canonical of the operation's definition.
func (o *operation) url() string {
	switch {
	case o.definition != "":
		return o.definition
	case len(o.on) == 1:
		return "http://hl7.org/fhir/OperationDefinition/" + o.on[0] + "-" + o.name
	}
	return "http://hl7.org/fhir/OperationDefinition/Resource-" + o.name
}

// call is one request for an operation.
type call struct {
	*request
	typ    string // "" on the system
	id     string // "" on the system or a type
	params parameters
	answer *answer // for what is no 200 with a resource
}

// operationOf finds the operation that a path asks for, and where.
func operationOf(path []string) (o operation, typ, id string, found bool) {
	if len(path) == 0 || len(path) > 3 {
		return o, "", "", false
	}
	name := path[len(path)-1]
	if name[0] != '$' {
		return o, "", "", false
	}
	here := onSystem << (len(path) - 1)
	if len(path) > 1 {
		typ = path[0]
	}
	if len(path) > 2 {
		id = path[1]
	}
	for _, o := range operations() {
		if o.name == name[1:] && o.level&here != 0 && (typ == "" || o.on == nil && fhir.IsType(typ) || slices.Contains(o.on, typ)) {
			return o, typ, id, true
		}
	}
	return o, "", "", false
}

// parameters are what an operation is asked with: a query, a Parameters
// resource, or a resource that stands alone for the first parameter that is one.
type parameters struct {
	query [][2]string
	body  *fhir.Doc // nil = none
	alone string    // the parameter that a body other than Parameters is; "" = none
}

// each yields the elements Parameters.parameter of a name.
func (p parameters) each(name string) iter.Seq[fhir.Node] {
	return func(yield func(fhir.Node) bool) {
		if p.body == nil || p.body.Type() != "Parameters" {
			return
		}
		for n := range p.body.Each("parameter") {
			if n.Get("name").String() == name && !yield(n) {
				return
			}
		}
	}
}

// all returns the simple values and references of a parameter, those of the
// query first.
func (p parameters) all(name string) []string {
	var values []string
	for _, kv := range p.query {
		if kv[0] == name {
			values = append(values, kv[1])
		}
	}
	for n := range p.each(name) {
		v := valueOf(n)
		if v.Kind() == fhir.Object {
			v = v.Get("reference")
		}
		if v.String() != "" {
			values = append(values, v.String())
		}
	}
	return values
}

// text returns the first simple value of a parameter, "" when there is none.
func (p parameters) text(name string) string {
	if all := p.all(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// value returns the value[x] of a parameter, such as a Coding; absent when
// there is none.
func (p parameters) value(name string) fhir.Node {
	for n := range p.each(name) {
		return valueOf(n)
	}
	return fhir.Node{}
}

// resource returns a parameter that is a resource, nil when there is none.
func (p parameters) resource(name string) (*fhir.Doc, error) {
	if p.body != nil && p.body.Type() != "Parameters" && name == p.alone {
		return p.body, nil
	}
	for n := range p.each(name) {
		if r := n.Get("resource"); r.Kind() == fhir.Object {
			return fhir.ParseString(r.Raw())
		}
	}
	return nil, nil
}

// valueOf is the value[x] of one parameter or part.
func valueOf(parameter fhir.Node) fhir.Node {
	for name, v := range parameter.Fields() {
		if len(name) > 5 && name[:5] == "value" {
			return v
		}
	}
	return fhir.Node{}
}

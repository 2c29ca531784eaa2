// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"net/http"

	"mach/issue"
)

// operate runs the operation that the path names.
func (m *Module) operate(q *request) (*answer, error) {
	o, typ, id, found := operationOf(q.path)
	if !found {
		return nil, issue.New(issue.NotSupported, "fhirapi.operation.unknown", q.path[len(q.path)-1])
	}
	run := func(q *request) (*answer, error) {
		c := &call{request: q, typ: typ, id: id, answer: &answer{status: http.StatusOK}}
		var err error
		if c.params.query = q.query; !o.raw {
			if c.params, err = q.parameters(); err != nil {
				return nil, err
			}
			if err := o.check(&c.params, q.strict); err != nil {
				return nil, err
			}
		}
		if c.answer.doc, err = o.run(m, c); err != nil {
			return nil, err
		}
		return c.answer, nil
	}
	methods := map[string]interaction{http.MethodPost: run}
	if !o.affectsState {
		methods[http.MethodGet] = run
	}
	return q.by(methods)
}

// parameters reads what an operation is asked with.
func (q *request) parameters() (parameters, error) {
	p := parameters{query: q.query}
	if q.method != http.MethodPost || q.empty() {
		return p, nil
	}
	var err error
	p.body, err = q.body()
	return p, err
}

// SPDX-License-Identifier: Apache-2.0

package fhir

import (
	"slices"
	"strconv"
	"strings"
)

// An Operation is what an OperationDefinition of R4 says. What it points to must
// not be changed.
type Operation struct {
	ID   string // "ValueSet-expand"
	Code string // "expand"
	// Where it may be called.
	System, Type, Instance bool
	Types                  []string // "Resource" is every type
	In, Out                []OperationParam
}

// An OperationParam is a parameter of an operation, or a part of one.
type OperationParam struct {
	Name  string
	Min   int
	Max   int    // -1 when there is no limit
	Type  string // "code", "Coding", "ValueSet", "Resource" (any); "" when it has parts
	Parts []OperationParam
}

const operationBase = "http://hl7.org/fhir/OperationDefinition/"

// OperationOf returns the operation of R4 with a canonical URL.
func OperationOf(url string) (Operation, bool) {
	id, ok := strings.CutPrefix(url, operationBase)
	all := r4().operations
	i, found := slices.BinarySearchFunc(all, id, func(o Operation, id string) int { return strings.Compare(o.ID, id) })
	if !ok || !found {
		return Operation{}, false
	}
	return all[i], true
}

// Operations returns the operations of R4 in the order of their ids. The caller
// may change the slice.
func Operations() []Operation { return slices.Clone(r4().operations) }

// URL is the canonical URL of the definition.
func (o Operation) URL() string { return operationBase + o.ID }

// newOperation reads "id code levels type …".
func newOperation(f []string) Operation {
	has := func(level string) bool { return strings.Contains(f[2], level) }
	return Operation{ID: f[0], Code: f[1], System: has("s"), Type: has("t"), Instance: has("i"), Types: f[3:]}
}

// line reads "< name.part min max type".
func (o *Operation) line(f []string) {
	list := &o.In
	if f[0] == ">" {
		list = &o.Out
	}
	names := strings.Split(f[1], ".")
	for range names[1:] {
		list = &(*list)[len(*list)-1].Parts
	}
	p := OperationParam{Name: names[len(names)-1], Max: -1}
	p.Min, _ = strconv.Atoi(f[2])
	if n, err := strconv.Atoi(f[3]); err == nil {
		p.Max = n
	}
	if len(f) > 4 {
		p.Type = f[4]
	}
	*list = append(*list, p)
}

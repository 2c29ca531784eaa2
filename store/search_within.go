// SPDX-License-Identifier: Apache-2.0

package store

import (
	"strings"

	"mach/fhir"
	"mach/issue"
)

// within restricts a query to the compartment of a resource: R4
// http.html#vsearch, compartmentdefinition.html.
func (c *compiled) within(ref string) error {
	name, id, _ := strings.Cut(ref, "/")
	members, can := fhir.Members(name, c.typ)
	if !can {
		return issue.New(issue.NotSupported, "search.compartment.unknown", c.typ, name)
	}
	p := identity(c.typ, map[string]bool{id: true})
	if members != nil {
		p = &predicate{typ: c.typ, param: fhir.Param{Kind: fhir.ParamReference}, members: members, ids: map[string]bool{ref: true}}
	}
	p.raw = "in " + ref
	c.preds = append(c.preds, p)
	return nil
}

// places lists the parameters in whose rows what the predicate asks for is.
func (p *predicate) places() (codes []string) {
	if p.members == nil {
		return places(p.param)
	}
	for _, m := range p.members {
		codes = append(codes, places(m)...)
	}
	return codes
}

// compartment walks what refers to one resource by any of several parameters.
// A resource may do so by two of them, so that they are one part.
func (o *path) compartment(p *predicate) *path {
	hs, ats, _ := equalHashes(p)
	under, args := inList("d.p", ats)
	cond, more := inList("d.h", hs)
	o.table, o.class, o.strewn = "ih", classReference, len(ats) > 1
	o.where, o.args = under+" and "+cond, append(args, more...)
	return o
}

// inPatient returns the person in whose compartment a predicate asks for
// resources, "" when it is another's. Patients and groups lie not under all whose
// compartment they are in (peopleOf).
func inPatient(p *predicate) string {
	if p.members == nil || p.typ == "Patient" || p.typ == "Group" {
		return ""
	}
	for ref := range p.ids {
		if id, ok := strings.CutPrefix(ref, "Patient/"); ok {
			return id
		}
	}
	return ""
}

// SPDX-License-Identifier: Apache-2.0

package path

import (
	"strings"

	"mach/fhir"
	"mach/issue"
)

// fhirFunctions are what FHIR adds
// (https://hl7.org/fhir/R4/fhirpath.html#functions).
func fhirFunctions() map[string]function {
	return map[string]function{
		"extension":    {1, 1, extension},
		"hasExtension": {1, 1, func(a []expr) step { return exists1(extension(a)) }},
		"hasValue": plain(func(_ *run, in, out Collection) (Collection, error) {
			return truthOf(len(in) == 1 && in[0].hasValue()).append(out), nil
		}),
		"getValue": plain(func(_ *run, in, out Collection) (Collection, error) {
			if len(in) != 1 || !in[0].hasValue() {
				return out, nil
			}
			return append(out, Value{data: in[0].system()}), nil
		}),
		"resolve":           plain(resolve),
		"getReferenceKey":   {0, 1, referenceKey},
		"getResourceKey":    plain(resourceKey),
		"memberOf":          {1, 1, memberOf},
		"subsumes":          {1, 1, func(a []expr) step { return subsumes(a[0], false) }},
		"subsumedBy":        {1, 1, func(a []expr) step { return subsumes(a[0], true) }},
		"conformsTo":        {1, 1, conformsTo},
		"elementDefinition": unsupported("elementDefinition"),
		"slice":             {0, 2, unsupported("slice").build},
		"checkModifiers":    {0, 64, unsupported("checkModifiers").build},
		"htmlChecks":        plain(checkHTML),
		"hasTemplateIdOf":   {0, 1, unsupported("hasTemplateIdOf").build},
		"expand":            {0, 2, unsupported("expand").build},
		"lookup":            {0, 2, unsupported("lookup").build},
		"validateVS":        {0, 3, unsupported("validateVS").build},
		"validateCS":        {0, 3, unsupported("validateCS").build},
		"translate":         {0, 3, unsupported("translate").build},
	}
}

func unsupported(name string) function {
	return plain(func(_ *run, _, out Collection) (Collection, error) {
		return out, issue.New(issue.NotSupported, "path.unsupported", name)
	})
}

// extension(url) are the extensions with that url.
func extension(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		url, ok, err := r.text(a[0])
		if err != nil || !ok {
			return out, err
		}
		found := r.take()
		for i := range in {
			found = in[i].member("extension", found)
		}
		for _, e := range found {
			if e.node.Member("url").String() == url {
				out = append(out, e)
			}
		}
		err = r.spend(len(found))
		r.give(found)
		return out, err
	}
}

// resolve follows references: to contained resources, to entries of the Bundle
// around, and else by the surroundings. What is not found is left out.
func resolve(r *run, in, out Collection) (Collection, error) {
	for _, v := range in {
		from, ok := v.Node()
		if !ok {
			from = r.resource()
		}
		ref, ok := v.str()
		if !ok {
			ref = from.Member("reference").String()
		}
		if ref == "" {
			continue
		}
		if n, ok := r.find(ref, from); ok {
			out = append(out, OfNode(n))
		}
	}
	return out, r.spend(len(in))
}

// resource is %resource, absent when there is none.
func (r *run) resource() fhir.Node {
	c := r.around(r.env.Resource, nil)
	if len(c) == 0 {
		return fhir.Node{}
	}
	return c[0].node
}

func (r *run) find(ref string, from fhir.Node) (fhir.Node, bool) {
	if id, local := strings.CutPrefix(ref, "#"); local {
		for _, within := range []fhir.Node{r.resource(), r.env.Root, root(from)} {
			if id == "" && within.Exists() {
				return within, true
			}
			for c := range within.Each("contained") {
				if c.Member("id").String() == id {
					return c, true
				}
			}
		}
		return fhir.Node{}, false
	}
	for _, within := range []fhir.Node{r.env.Root, root(from)} {
		if n, ok := entry(within, ref); ok {
			return n, true
		}
	}
	if r.env.Resolve == nil {
		return fhir.Node{}, false
	}
	return r.env.Resolve(ref, from)
}

func root(n fhir.Node) fhir.Node {
	if !n.Exists() {
		return n
	}
	return n.Doc().Root()
}

// entry finds an entry of a Bundle by its fullUrl or by type and id.
func entry(bundle fhir.Node, ref string) (fhir.Node, bool) {
	if bundle.Member("resourceType").String() != "Bundle" {
		return fhir.Node{}, false
	}
	typ, id := fhir.SplitReference(ref)
	for e := range bundle.Each("entry") {
		full := e.Member("fullUrl").String()
		n := e.Member("resource")
		if !n.Exists() {
			continue
		}
		if full == ref || typ != "" && n.Member("resourceType").String() == typ && n.Member("id").String() == id &&
			(full == "" || strings.HasSuffix(full, "/"+typ+"/"+id)) {
			return n, true
		}
	}
	return fhir.Node{}, false
}

// resourceKey and referenceKey are the functions of SQL on FHIR
// (https://sql-on-fhir.org/ig/latest/functional-model.html): equal when a
// reference leads to a resource.
func resourceKey(_ *run, in, out Collection) (Collection, error) {
	for _, v := range in {
		if id := v.node.Member("id").String(); v.isNode() && id != "" {
			out = append(out, Value{data: v.node.Member("resourceType").String() + "/" + id})
		}
	}
	return out, nil
}

func referenceKey(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		want := ""
		if len(a) > 0 {
			c, err := r.argument(a[0])
			if err != nil {
				return out, err
			}
			if len(c) == 1 {
				want = c[0].String()
			}
			r.give(c)
		}
		for _, v := range in {
			typ, id := v.node.Reference()
			if v.isNode() && typ != "" && (want == "" || want == typ) {
				out = append(out, Value{data: typ + "/" + id})
			}
		}
		return out, nil
	}
}

// codings yields system and code of a code, Coding or CodeableConcept.
func (v Value) codings(yield func(system, code string) bool) {
	if s, ok := v.str(); ok {
		yield("", s)
		return
	}
	if c := v.node.Member("coding"); v.isNode() && c.Exists() {
		for c := range c.Items() {
			if !yield(c.Member("system").String(), c.Member("code").String()) {
				return
			}
		}
		return
	}
	if v.isNode() && v.node.Member("code").Exists() {
		yield(v.node.Member("system").String(), v.node.Member("code").String())
	}
}

func memberOf(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		url, ok, err := r.text(a[0])
		if err != nil || !ok {
			return out, err
		}
		if r.env.MemberOf == nil {
			return out, issue.New(issue.NotSupported, "path.unsupported", "memberOf")
		}
		member := false
		for system, code := range v.codings {
			if member, err = r.env.MemberOf(system, code, url); err != nil || member {
				break
			}
		}
		return truthOf(member).append(out), err
	}
}

// subsumes is subsumes and subsumedBy.
func subsumes(e expr, turned bool) step {
	return func(r *run, in, out Collection) (Collection, error) {
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		other, ok, err := r.single(e)
		if err != nil || !ok {
			return out, err
		}
		if r.env.Subsumes == nil {
			return out, issue.New(issue.NotSupported, "path.unsupported", "subsumes")
		}
		if turned {
			v, other = other, v
		}
		for system, code := range v.codings {
			for system2, code2 := range other.codings {
				if system != system2 {
					continue
				}
				if yes, err := r.env.Subsumes(system, code, code2); err != nil || yes {
					return truthOf(yes).append(out), err
				}
			}
		}
		return isFalse.append(out), nil
	}
}

// baseProfile is where the profiles of the types of R4 stand.
const baseProfile = "http://hl7.org/fhir/StructureDefinition/"

func conformsTo(a []expr) step {
	return func(r *run, in, out Collection) (Collection, error) {
		v, ok, err := one(in)
		if err != nil || !ok {
			return out, err
		}
		url, ok, err := r.text(a[0])
		if err != nil || !ok {
			return out, err
		}
		if name, base := strings.CutPrefix(url, baseProfile); base && fhir.InfoOf(name) != nil {
			return truthOf(v.is(typeName{"FHIR", name})).append(out), nil
		}
		n, isNode := v.Node()
		if r.env.ConformsTo == nil || !isNode {
			return out, issue.New(issue.NotSupported, "path.unknown_profile", url)
		}
		conforms, err := r.env.ConformsTo(n, url)
		return truthOf(conforms).append(out), err
	}
}

// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// place is a member of an object of a document: its values, one by one.
type place struct {
	d      *fhir.Doc
	parent fhir.Node
	name   string // in JSON; "" for the resource itself
	index  int    // of the value that was looked for
}

// item is one value of a member, and what stands beside a primitive: id and
// extensions.
type item struct{ raw, twin string }

// placeOf finds where a node stands.
func placeOf(d *fhir.Doc, n fhir.Node) place {
	at := place{d: d}
	steps := stepsTo(n)
	if len(steps) == 0 {
		return at
	}
	last := len(steps) - 1
	if i, err := strconv.Atoi(steps[last]); err == nil {
		at.index, last = i, last-1
	}
	at.name, at.parent = strings.TrimPrefix(steps[last], "_"), d.Get(steps[:last]...)
	return at
}

// stepsTo are the names and indexes that lead to a node.
func stepsTo(n fhir.Node) []string {
	return strings.Split(strings.NewReplacer("[", ".", "]", "").Replace(n.Path()), ".")[1:]
}

// items are the values of the member, and whether it is an array.
func (at place) items() (items []item, many bool) {
	values, twins := at.parent.Get(at.name), at.parent.Get("_"+at.name)
	many = values.Kind() == fhir.Array || twins.Kind() == fhir.Array
	for n := range values.Items() {
		items = append(items, item{raw: n.Raw()})
	}
	i := 0
	for n := range twins.Items() {
		if i == len(items) {
			items = append(items, item{})
		}
		if n.Kind() == fhir.Object {
			items[i].twin = n.Raw()
		}
		i++
	}
	return items, many
}

// put writes the values back; none takes the member away.
func (at place) put(items []item, many bool) (*fhir.Doc, *issue.Error) {
	where := strings.TrimPrefix(strings.TrimPrefix(at.parent.Path()+".", at.d.Type()), ".")
	d := at.d
	for _, m := range []struct {
		name string
		text func(item) string
	}{
		{at.name, func(i item) string { return i.raw }},
		{"_" + at.name, func(i item) string { return i.twin }},
	} {
		var err error
		if d, err = d.Set(where+m.name, written(items, many, m.text)); err != nil {
			return nil, issue.New(issue.Value, "patch.result")
		}
	}
	return d, nil
}

// without takes one of the values away, and the objects around it that hold
// nothing else: FHIR has no empty ones.
func (at place) without(index int) (*fhir.Doc, *issue.Error) {
	items, many := at.items()
	d, err := at.put(slices.Delete(items, index, index+1), many)
	if err != nil || at.parent.Path() == d.Type() {
		return d, err
	}
	around := placeOf(at.d, at.parent)
	around.d, around.parent = d, placeAt(d, around.parent)
	if inner := around.parent.Get(around.name); inner.Get(strconv.Itoa(around.index)).Len() > 0 || inner.Kind() == fhir.Object && inner.Len() > 0 {
		return d, nil
	}
	return around.without(around.index)
}

// placeAt finds in d what stands where n stands in its own document.
func placeAt(d *fhir.Doc, n fhir.Node) fhir.Node { return d.Get(stepsTo(n)...) }

// written is what a member becomes; nil when none of the items has a text.
func written(items []item, many bool, text func(item) string) any {
	if !slices.ContainsFunc(items, func(i item) bool { return text(i) != "" }) {
		return nil
	}
	var all []json.RawMessage
	for _, i := range items {
		if t := text(i); t != "" {
			all = append(all, json.RawMessage(t))
		} else {
			all = append(all, json.RawMessage("null"))
		}
	}
	if many {
		return all
	}
	return all[0]
}

// newItem is the value of a part: value[x] and its twin, a resource, or, of a
// type without a name, an object made of parts.
func newItem(part fhir.Node, t *fhir.TypeInfo) item {
	var i item
	for name, v := range part.Fields() {
		switch {
		case strings.HasPrefix(name, "value"), name == "resource":
			i.raw = v.Raw()
		case strings.HasPrefix(name, "_value"):
			i.twin = v.Raw()
		}
	}
	if i.raw == "" && i.twin == "" {
		i.raw = assembled(part, t)
	}
	return i
}

// assembled makes an object of the parts of a part.
func assembled(part fhir.Node, t *fhir.TypeInfo) string {
	members := map[string][]json.RawMessage{}
	many := map[string]bool{}
	var order []string
	for p := range part.Each("part") {
		name, of := memberOf(t, p.Get("name").String(), p)
		i := newItem(p, typeOf(of))
		for key, text := range map[string]string{name: i.raw, "_" + name: i.twin} {
			if text == "" {
				continue
			}
			if !slices.Contains(order, key) {
				order = append(order, key)
			}
			members[key] = append(members[key], json.RawMessage(text))
			many[key] = of != nil && of.Element.Many
		}
	}
	var b strings.Builder
	b.WriteByte('{')
	for i, key := range order {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quoted(key) + ":")
		if many[key] || len(members[key]) > 1 {
			list, _ := json.Marshal(members[key]) // they were JSON before
			b.Write(list)
		} else {
			b.Write(members[key][0])
		}
	}
	b.WriteByte('}')
	return b.String()
}

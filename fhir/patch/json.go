// SPDX-License-Identifier: Apache-2.0

package patch

import (
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
)

// maxOperations bounds one patch.
const maxOperations = 1000

// JSON is a JSON Patch document. It is immutable and safe for concurrent use.
type JSON struct{ ops []fhir.Node }

// ParseJSON reads a JSON Patch document: an array of operations.
func ParseJSON(text string) (*JSON, error) {
	d, err := fhir.ParseString(`{"resourceType":"Patch","patch":` + text + `}`)
	if err != nil || d.Get("patch").Kind() != fhir.Array || d.Root().Len() != 2 {
		return nil, issue.New(issue.Structure, "patch.malformed")
	}
	p := &JSON{}
	for n := range d.Each("patch") {
		if len(p.ops) == maxOperations {
			return nil, issue.New(issue.TooCostly, "patch.large", maxOperations)
		}
		if err := wellFormed(n); err != nil {
			return nil, err.At(numbered(len(p.ops)))
		}
		p.ops = append(p.ops, n)
	}
	return p, nil
}

func numbered(i int) string { return "patch[" + strconv.Itoa(i) + "]" }

// wellFormed asks for what RFC 6902 section 4 requires of an operation.
func wellFormed(n fhir.Node) *issue.Error {
	op := n.Get("op").String()
	if n.Kind() != fhir.Object || !slices.Contains([]string{"add", "remove", "replace", "move", "copy", "test"}, op) {
		return issue.New(issue.Structure, "patch.operation")
	}
	needs := []string{"path"}
	switch op {
	case "add", "replace", "test":
		if !n.Get("value").Exists() {
			return issue.New(issue.Structure, "patch.missing", op, "value")
		}
	case "move", "copy":
		needs = append(needs, "from")
	}
	for _, name := range needs {
		pointer := n.Get(name)
		if pointer.Kind() != fhir.String {
			return issue.New(issue.Structure, "patch.missing", op, name)
		}
		if p := pointer.String(); p != "" && p[0] != '/' {
			return issue.New(issue.Structure, "patch.pointer", p)
		}
	}
	return nil
}

// Apply returns the resource as the patch changes it, all operations or none.
func (p *JSON) Apply(d *fhir.Doc) (*fhir.Doc, error) {
	text, err := p.apply(d.Root(), fhir.MaxSize)
	if err != nil {
		return nil, err
	}
	patched, err := fhir.ParseString(text)
	if err != nil {
		return nil, issue.New(issue.Value, "patch.result")
	}
	return patched, nil
}

// apply changes any JSON value; room is how many bytes may be added.
func (p *JSON) apply(root fhir.Node, room int) (string, error) {
	t := &target{root: leaf(root), room: room}
	for i, op := range p.ops {
		if err := t.run(op); err != nil {
			return "", err.At(numbered(i))
		}
	}
	return t.root.text(), nil
}

// target is what a patch is applied to.
type target struct {
	root *value
	room int // bytes that may still be added
}

func (t *target) run(op fhir.Node) *issue.Error {
	path := op.Get("path").String()
	switch op.Get("op").String() {
	case "add":
		return t.add(path, leaf(op.Get("value")))
	case "remove":
		_, err := t.remove(path)
		return err
	case "replace":
		return t.replace(path, leaf(op.Get("value")))
	case "test":
		found, err := t.at(path)
		if err == nil && !found.equal(leaf(op.Get("value"))) {
			err = issue.New(issue.Value, "patch.test", path)
		}
		return err
	}
	return t.transfer(op.Get("op").String(), op.Get("from").String(), path)
}

// transfer is move and copy.
func (t *target) transfer(op, from, path string) *issue.Error {
	v, err := t.at(from)
	if err != nil {
		return err
	}
	if op == "copy" {
		if v.size() > t.room { // before the copy is made
			return issue.New(issue.TooLong, "patch.grows")
		}
		return t.add(path, v.clone())
	}
	if path == from {
		return nil
	}
	if strings.HasPrefix(path, from+"/") { // RFC 6902 section 4.4
		return issue.New(issue.Value, "patch.inside", path)
	}
	if _, err := t.remove(from); err != nil {
		return err
	}
	return t.add(path, v)
}

// steps reads a JSON Pointer (RFC 6901).
func steps(pointer string) []string {
	if pointer == "" {
		return nil
	}
	parts := strings.Split(pointer[1:], "/")
	for i, p := range parts {
		parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~1", "/"), "~0", "~")
	}
	return parts
}

// at returns the value that a pointer names, its parents opened.
func (t *target) at(pointer string) (*value, *issue.Error) {
	v := t.root
	for _, step := range steps(pointer) {
		v.open()
		switch i := index(step, len(v.items)); {
		case v.kind == fhir.Array && i >= 0 && i < len(v.items):
			v = v.items[i]
		case v.kind == fhir.Object && v.find(step) >= 0:
			v = v.fields[v.find(step)].v
		default:
			return nil, absent(pointer)
		}
	}
	return v, nil
}

// index reads an array index of RFC 6901: no sign, no leading zero; "-" is the
// place behind the last. -1 is none.
func index(step string, length int) int {
	if step == "-" {
		return length
	}
	i, err := strconv.Atoi(step)
	if err != nil || strconv.Itoa(i) != step || i < 0 {
		return -1
	}
	return i
}

// holder returns the object or array that the last step of a pointer is in.
func (t *target) holder(pointer string) (*value, string, *issue.Error) {
	cut := strings.LastIndexByte(pointer, '/')
	parent, err := t.at(pointer[:cut])
	if err != nil {
		return nil, "", absent(pointer)
	}
	return parent.open(), steps(pointer[cut:])[0], nil
}

func absent(pointer string) *issue.Error { return issue.New(issue.Value, "patch.absent", pointer) }

func (t *target) add(pointer string, v *value) *issue.Error {
	if t.room -= v.size(); t.room < 0 {
		return issue.New(issue.TooLong, "patch.grows")
	}
	if pointer == "" {
		t.root = v
		return nil
	}
	parent, step, err := t.holder(pointer)
	if err != nil {
		return err
	}
	switch i := index(step, len(parent.items)); {
	case parent.kind == fhir.Array && i >= 0 && i <= len(parent.items):
		parent.items = slices.Insert(parent.items, i, v)
	case parent.kind == fhir.Object && parent.find(step) >= 0:
		parent.fields[parent.find(step)].v = v
	case parent.kind == fhir.Object:
		parent.fields = append(parent.fields, field{step, v})
	default:
		return absent(pointer)
	}
	return nil
}

func (t *target) remove(pointer string) (*value, *issue.Error) {
	if pointer == "" {
		return nil, absent(pointer)
	}
	parent, step, err := t.holder(pointer)
	if err != nil {
		return nil, err
	}
	switch i := index(step, len(parent.items)); {
	case parent.kind == fhir.Array && i >= 0 && i < len(parent.items):
		v := parent.items[i]
		parent.items = slices.Delete(parent.items, i, i+1)
		return v, nil
	case parent.kind == fhir.Object && parent.find(step) >= 0:
		i = parent.find(step)
		v := parent.fields[i].v
		parent.fields = slices.Delete(parent.fields, i, i+1)
		return v, nil
	}
	return nil, absent(pointer)
}

func (t *target) replace(pointer string, v *value) *issue.Error {
	old, err := t.at(pointer)
	if err != nil {
		return err
	}
	if t.room -= v.size(); t.room < 0 {
		return issue.New(issue.TooLong, "patch.grows")
	}
	*old = *v
	return nil
}

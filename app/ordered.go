// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"encoding/json"
	"errors"
)

// ordered is a JSON object that keeps the order of its members and, unread,
// whatever it holds: the commands on golden files give a file back with their
// results in it.
type ordered struct {
	names  []string
	values map[string]json.RawMessage
}

func (o *ordered) UnmarshalJSON(b []byte) error {
	d := json.NewDecoder(bytes.NewReader(b))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return errors.Join(errors.New("no JSON object"), err)
	}
	o.names, o.values = nil, map[string]json.RawMessage{}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		o.put(name.(string), value)
	}
	_, err := d.Token()
	return err
}

func (o ordered) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, name := range o.names {
		if i > 0 {
			b.WriteByte(',')
		}
		key, err := json.Marshal(name)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(o.values[name])
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (o *ordered) put(name string, value json.RawMessage) {
	if _, known := o.values[name]; !known {
		o.names = append(o.names, name)
	}
	o.values[name] = value
}

// has reports whether the member is there and not null.
func (o *ordered) has(name string) bool {
	v, ok := o.values[name]
	return ok && string(v) != "null"
}

// get reads a member; one that is absent or null leaves to as it is.
func (o *ordered) get(name string, to any) error {
	if !o.has(name) {
		return nil
	}
	return json.Unmarshal(o.values[name], to)
}

// set writes a member in its old place, or at the end.
func (o *ordered) set(name string, value any) error {
	b, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if o.values == nil {
		o.values = map[string]json.RawMessage{}
	}
	o.put(name, b)
	return nil
}

// drop takes members out.
func (o *ordered) drop(names ...string) {
	for _, name := range names {
		delete(o.values, name)
	}
	kept := o.names[:0]
	for _, name := range o.names {
		if _, ok := o.values[name]; ok {
			kept = append(kept, name)
		}
	}
	o.names = kept
}

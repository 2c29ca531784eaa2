// SPDX-License-Identifier: Apache-2.0

package definitions

import (
	"io"

	"mach/content"
	"mach/fhir/sof"
	"mach/issue"
	"mach/modules/flat"
)

// flat takes in ViewDefinitions whose rows are to be kept in plain tables: one
// in a file, one of ours by its name, or all of ours.
func (r *report) flat(name string) error {
	files, err := r.Site.Flat()
	if err != nil {
		return err
	}
	ours, err := content.Flat()
	if err != nil {
		return err
	}
	wanted := map[string][]byte{}
	switch text, known := ours[name+".json"]; {
	case name == "all":
		wanted = ours
	case known:
		wanted[name+".json"] = text
	default:
		in, err := r.open(name)
		if err != nil {
			return err
		}
		defer in.Close()
		if text, err = io.ReadAll(io.LimitReader(in, maxDefinition)); err != nil {
			return err
		}
		wanted[""] = text
	}
	r.totals.Read = len(wanted)
	for _, text := range wanted {
		v, err := sof.Compile(text)
		if err == nil && v.Name == "" {
			err = issue.New(issue.Required, "sof.name", "").At("ViewDefinition.name")
		}
		for _, is := range issue.Of(err) {
			if err := r.fault(r.file, 0, is.Path, is.Severity, is.Key, is.Args...); err != nil {
				return err
			}
		}
		if err == nil {
			files[v.Name+".json"] = text
		}
	}
	if r.totals.Refused > 0 {
		return nil
	}
	var all [][]byte
	for _, text := range files {
		all = append(all, text)
	}
	if _, err := flat.New(all); err != nil { // two of them would share a table
		return err
	}
	return r.store("flat", files, len(wanted))
}

// maxDefinition bounds one ViewDefinition.
const maxDefinition = 1 << 20

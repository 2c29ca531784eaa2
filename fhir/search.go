// SPDX-License-Identifier: Apache-2.0

package fhir

type program struct{ Param }

func newProgram(f []string) *program                          { return &program{Param{Code: f[1]}} }
func (p *program) line(f []string, codes map[string]*codeSet) {}

// Extract lists the values by which search finds the resource.
func Extract(d *Doc) []Index { return nil }

// Lookup returns the search parameter of a type by its code.
func Lookup(typ, code string) (Param, bool) { return Param{}, false }

// Params returns the search parameters of a type.
func Params(typ string) []Param { return nil }

// Patients returns the ids of the patients whose compartment the resource is in.
func Patients(d *Doc) []string { return nil }

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"slices"
	"strings"
	"testing"
)

func TestTree(t *testing.T) {
	at, parents := map[string]int{}, map[string]string{}
	tree := Diagnoses().Tree()
	for i, c := range tree {
		if _, twice := at[c.Code]; twice {
			t.Errorf("%s stands twice", c.Code)
		}
		at[c.Code], parents[c.Code] = i, c.Parent
		if p, ok := at[c.Parent]; c.Parent != "" && (!ok || p >= i) {
			t.Errorf("%s stands before its parent %s", c.Code, c.Parent)
		}
		if c.Parent == "" && (!c.Group || i > 21) {
			t.Errorf("%s is in no chapter", c.Code)
		}
	}
	for code, want := range map[string]string{
		"A97.0": "A97 A92-A99 A00-B99", "I10": "I10-I15 I00-I99", "C16": "C00-C97 C00-D48", "W54": "V01-X59 V01-Y98", "U07.1": "U07 U00-U49 U00-U99",
	} {
		if _, ok := at[code]; !ok {
			continue
		}
		var up []string
		for p := parents[code]; p != ""; p = parents[p] {
			up = append(up, p)
		}
		if got := strings.Join(up, " "); got != want {
			t.Errorf("above %s: %s, want %s", code, got, want)
		}
	}
	for _, d := range Diagnoses().All() {
		if tree[at[d.Code]].Name != d.Name {
			t.Errorf("%s is not in the tree under its name", d.Code)
		}
	}
}

// TestGroups: groups lie within each other or apart.
func TestGroups(t *testing.T) {
	groups := icdGroups()
	for i, a := range groups {
		for _, b := range groups[i+1:] {
			apart := a.Code[4:] < b.Code[:3] || b.Code[4:] < a.Code[:3]
			within := a.Code[:3] <= b.Code[:3] && b.Code[4:] <= a.Code[4:]
			if !apart && !within {
				t.Errorf("%s and %s overlap", a.Code, b.Code)
			}
		}
	}
}

// TestVaccines: what the evidence of a disease and the schedule name is here.
func TestVaccines(t *testing.T) {
	var codes []string
	for _, v := range Vaccines() {
		if v.Name.Vi == "" || v.Name.En == "" {
			t.Errorf("vaccine %s has no name", v.Code)
		}
		codes = append(codes, v.Code)
	}
	for _, code := range strings.Fields("08 19 102 178 10 119 122 05 04 01 39 138 62") { // the schedule as practised
		if !slices.Contains(codes, code) {
			t.Errorf("no vaccine %s", code)
		}
	}
}

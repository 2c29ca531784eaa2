// SPDX-License-Identifier: Apache-2.0

package content

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Code is one code of a classification.
type Code struct {
	Code   string
	Parent string // "" at the top
	Name   Words  // empty where no source gives a name
	Group  bool   // gathers others and is no code to be used itself
}

// icdGroups are the chapters and blocks of ICD-10, parents first.
var icdGroups = sync.OnceValue(func() []Code { return must(loadGroups()) })

func loadGroups() ([]Code, error) {
	rows, err := readTable(terminologyFiles, "terminology/icd_groups.csv", "code", "vi", "en")
	if err != nil {
		return nil, err
	}
	var out []Code
	for _, r := range rows {
		from, to, ok := strings.Cut(r[0], "-")
		if !ok || !ValidICD(from) || !ValidICD(to) || len(from) != 3 || len(to) != 3 || from > to || r[1] == "" || r[2] == "" {
			return nil, fmt.Errorf("group %q of ICD-10", r[0])
		}
		out = append(out, Code{Code: r[0], Parent: groupOf(out, r[0]), Name: Words{r[1], r[2]}, Group: true})
	}
	return out, nil
}

// groupOf is the smallest group that holds a category, or a whole range; "" when
// none does. It is the last one, since smaller groups come later.
func groupOf(groups []Code, code string) string {
	from, to := code[:3], code[max(0, len(code)-3):]
	if !strings.Contains(code, "-") {
		to = from
	}
	for _, g := range slices.Backward(groups) {
		if g.Code[:3] <= from && to <= g.Code[4:] {
			return g.Code
		}
	}
	return ""
}

// Tree returns the list with the chapters and blocks of ICD-10 above it, and
// with each category above its subcategories: a category that the list does not
// hold has no name. Parents come before children.
func (d *DiagnosisList) Tree() []Code {
	out := slices.Clone(icdGroups())
	groups := len(out)
	seen := make(map[string]bool, len(d.list))
	for i := range d.list { // in order of code, so that A97 comes before A97.0
		x := &d.list[i]
		parent := ""
		switch len(x.Code) {
		case 3:
			parent = groupOf(out[:groups], x.Code)
		case 6:
			if parent = x.Code[:5]; seen[parent] {
				break
			}
			fallthrough
		default:
			if parent = x.Code[:3]; !seen[parent] {
				seen[parent] = true
				out = append(out, Code{Code: parent, Parent: groupOf(out[:groups], parent)})
			}
		}
		seen[x.Code] = true
		out = append(out, Code{Code: x.Code, Parent: parent, Name: x.Name})
	}
	return out
}

// vaccines are read once.
var vaccines = sync.OnceValue(func() []Item {
	rows := must(readTable(terminologyFiles, "terminology/vaccines.csv", "code", "vi", "en"))
	var out []Item
	for _, r := range rows {
		out = append(out, Item{Code: r[0], Name: Words{r[1], r[2]}})
	}
	return out
})

// Vaccines returns the CVX codes of vaccines that are or were given in Viet Nam,
// in order. Not to be changed.
func Vaccines() []Item { return vaccines() }

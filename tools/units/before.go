// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mach/vn"
)

const beforeHead = `# Made by tools/units; see SOURCES.md. The map on 2025-06-30 and what became of it on 2025-07-01.
# A province stands before its districts, a district before its communes.
# code	kind	name	edges: new code + word of source a (m merged, p province changed, s split, u unchanged,
# r renamed, - none), then * all the people, ! refused by decisions.csv, /sources unless ab
`

// old is the map of 2025-06-30.
type old struct {
	provinces []row
	districts []row
	communes  []row               // one a code, with the columns of the lineage table
	edges     map[string][]string // written form, by old code
}

func (o old) text() []byte {
	b := bytes.NewBufferString(beforeHead)
	unit := func(code, printed string) {
		kind, name := splitKind(code, printed)
		line := []string{code, kind, name}
		if e := o.edges[code]; e != nil {
			line = append(line, strings.Join(e, " "))
		}
		fmt.Fprintln(b, strings.Join(line, "\t"))
	}
	for _, p := range o.provinces {
		unit(p["code"], p["name"])
		for _, d := range o.districts {
			if d["province_code"] != p["code"] {
				continue
			}
			if districtAgain(d) {
				fmt.Fprintf(b, "%s?", d["code"])
				unit("", d["name"])
				continue
			}
			unit(d["code"], d["name"])
			for _, c := range o.communes {
				if c["old_district_code"] == d["code"] {
					unit(c["old_code"], c["old_name"])
				}
			}
		}
	}
	return b.Bytes()
}

// districtAgain reports a row that repeats a district under a neighbouring
// province, because one commune was misread there. The row is kept, without
// communes; its code belongs to the other.
func districtAgain(d row) bool {
	return d["code"] == "794" && d["province_code"] == "82" || d["code"] == "900" && d["province_code"] == "89"
}

// splitKind mends what the source misspells.
func splitKind(code, printed string) (kind, name string) {
	printed = strings.Replace(printed, "Thi trấn", "Thị trấn", 1)
	kind, name = vn.SplitKind(printed)
	if kind == "" {
		kind = vn.KindCommune // Xuân Quang 3 and Xuân Phước stand without kind
	}
	return kind, name
}

func readBefore(data, out string) (old, error) {
	var o old
	var err error
	if o.provinces, err = readTable(data, "provinces_old.csv"); err != nil {
		return o, err
	}
	if o.districts, err = readTable(data, "districts_old.csv"); err != nil {
		return o, err
	}
	lineage, err := readTable(data, "lineage_2025-07-01.csv")
	if err != nil {
		return o, err
	}
	decided, err := readDecisions(out)
	if err != nil {
		return o, err
	}
	missing, err := readTable(".", "missing.csv")
	if err != nil {
		return o, err
	}
	named := map[string]row{}
	for _, m := range missing {
		named[m["code"]] = m
	}
	o.edges = islands()
	for _, e := range lineage {
		if e["old_name"] == "" {
			m, ok := named[e["old_code"]]
			if !ok {
				return o, fmt.Errorf("commune %s has no name", e["old_code"])
			}
			e["old_name"], e["old_district_code"] = m["name"], m["district"]
		}
		if len(o.communes) == 0 || o.communes[len(o.communes)-1]["old_code"] != e["old_code"] {
			o.communes = append(o.communes, e)
		}
		text, err := decided.edge(e)
		if err != nil {
			return o, err
		}
		if text != "" {
			o.edges[e["old_code"]] = append(o.edges[e["old_code"]], text)
		}
	}
	decided.ours(o.edges)
	slices.SortStableFunc(o.communes, func(a, b row) int { return cmp.Compare(a["old_code"], b["old_code"]) })
	return o, decided.done()
}

// islands are the districts without communes that became special zones whole
// (source a, as notes on the districts).
func islands() map[string][]string {
	return map[string][]string{
		"318": {"11948m/a"}, "471": {"19742m/a"}, "498": {"20333m/a"}, "536": {"21548m/a"}, "755": {"26732m/a"},
	}
}

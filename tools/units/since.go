// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"

	"mach/vn"
)

const sinceHead = `# Made by tools/units; see SOURCES.md. The map from 2025-07-01, latest kinds and names.
# A province stands before its communes. Empty = unknown.
# code	kind	name	km2	people	lon	lat	and for provinces: made of	act of its communes
`

// number is a count or measure; the source writes some with thousands commas.
var number = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// centres are approximate, for communes without one in the source: the
// place of the former seat, to two decimals.
var centres = map[string][2]string{"06978": {"107.28", "21.27"}}

func readSince(data string) ([]byte, error) {
	communes, err := readTable(data, "communes_now.csv")
	if err != nil {
		return nil, err
	}
	provinces, err := readTable(".", "provinces.csv")
	if err != nil {
		return nil, err
	}
	byProvince := map[string][]row{}
	for _, c := range communes {
		byProvince[c["province_code"]] = append(byProvince[c["province_code"]], c)
	}
	b := bytes.NewBufferString(sinceHead)
	for _, p := range provinces {
		fmt.Fprintln(b, strings.Join([]string{p["code"], p["kind"], p["name"], p["km2"], p["population"], p["lon"], p["lat"], p["from"], p["communes_act"]}, "\t"))
		for _, c := range byProvince[p["code"]] {
			line, err := commune(c)
			if err != nil {
				return nil, err
			}
			fmt.Fprintln(b, line)
		}
		delete(byProvince, p["code"])
	}
	for code := range byProvince {
		return nil, fmt.Errorf("communes of province %s, which is not in provinces.csv", code)
	}
	return b.Bytes(), nil
}

func commune(c row) (string, error) {
	kind, name := vn.SplitKind(c["name"])
	if kind == "" {
		return "", fmt.Errorf("commune %s has no kind: %q", c["code"], c["name"])
	}
	area := measure(c["area_km2"])
	people := measure(strings.ReplaceAll(c["dossier_population"], ",", ""))
	lon, lat := measure(c["lon"]), measure(c["lat"])
	if lon == "" {
		centre, ok := centres[c["code"]]
		if !ok {
			return "", fmt.Errorf("commune %s has no centre and no rule", c["code"])
		}
		lon, lat = centre[0], centre[1]
	}
	return strings.Join([]string{c["code"], kind, name, area, people, lon, lat}, "\t"), nil
}

// measure keeps a number, and nothing for zero or words such as "being updated".
func measure(s string) string {
	s = strings.TrimSpace(s)
	if !number.MatchString(s) || strings.Trim(s, "0.") == "" {
		return ""
	}
	return s
}

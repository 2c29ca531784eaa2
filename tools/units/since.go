// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"mach/vn"
)

const sinceHead = `# Made by tools/units; see SOURCES.md. The map from 2025-07-01, latest kinds and names.
# A province stands before its communes. Empty = unknown, ? = doubtful and not used (DECISIONS.md).
# code	kind	name	km2	people	lon	lat	and for provinces: made of	act of its communes
`

// number is a count or measure; the source writes some with thousands commas.
var number = regexp.MustCompile(`^[0-9]+(\.[0-9]+)?$`)

// centres are of communes that have none in communes_now.csv. Ba Chẽ: the
// raw table behind it has one, under the commune's other code.
var centres = map[string][2]string{"06978": {"107.252", "21.2528"}}

// Populations outside are no populations of a commune: 653,422 of Yên Bình
// is that of the province Điện Biên, 5 of Cam Hiệp is a slip. Special zones
// may be small.
const (
	fewest = 1_000
	most   = 300_000
)

// nobody lives in Hoàng Sa by any register; the 9,741 are those of Yên Cường.
const hoangSa = "20333"

// shared returns the communes whose area and population both are those of a
// commune elsewhere, nearly always one of the same name: the public table was
// joined by name, so at most one of them is right and nobody can tell which.
func shared(communes []row) map[string]bool {
	by := map[[2]string][]string{}
	for _, c := range communes {
		area, people := measure(c["area_km2"]), measure(c["dossier_population"])
		if area != "" && people != "" {
			k := [2]string{area, people}
			by[k] = append(by[k], c["code"])
		}
	}
	list := map[string]bool{}
	for _, codes := range by {
		for _, code := range codes {
			list[code] = len(codes) > 1
		}
	}
	return list
}

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
	doubtful := shared(communes)
	b := bytes.NewBufferString(sinceHead)
	for _, p := range provinces {
		fmt.Fprintln(b, strings.Join([]string{p["code"], p["kind"], p["name"], p["km2"], p["population"], p["lon"], p["lat"], p["from"], p["communes_act"]}, "\t"))
		for _, c := range byProvince[p["code"]] {
			line, err := commune(c, doubtful[c["code"]])
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

func commune(c row, doubtful bool) (string, error) {
	kind, name := vn.SplitKind(c["name"])
	if kind == "" {
		return "", fmt.Errorf("commune %s has no kind: %q", c["code"], c["name"])
	}
	area := measure(c["area_km2"])
	people := measure(strings.ReplaceAll(c["dossier_population"], ",", ""))
	n, _ := strconv.Atoi(people)
	if doubtful {
		area = doubt(area)
	}
	if doubtful || c["code"] == hoangSa || n > most || n < fewest && kind != vn.KindSpecial {
		people = doubt(people)
	}
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

// doubt marks a figure that is kept as data and not used.
func doubt(figure string) string {
	if figure == "" {
		return ""
	}
	return "?" + figure
}

// measure keeps a number, and nothing for zero or words such as "being updated".
func measure(s string) string {
	s = strings.TrimSpace(s)
	if !number.MatchString(s) || strings.Trim(s, "0.") == "" {
		return ""
	}
	return s
}

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"encoding/json"
	"io"
	"regexp"
	"strings"

	"mach/issue"
	"mach/vn"
)

// ReadBoundariesCSV reads borders as desktop maps export them: CSV with the
// columns code and wkt, a POLYGON or MULTIPOLYGON in the well-known text of OGC
// 06-103r4. Other than that it is [ReadBoundaries].
func ReadBoundariesCSV(r io.Reader, units *vn.Units, on vn.Date) (Borders, []Fault, error) {
	out := Borders{}
	s := &sheet{columns: []string{"code", "wkt", "name"}, needed: []string{"code", "wkt"}, other: map[string]string{"geometry": "wkt", "geom": "wkt"}}
	err := s.read(r, func(cells []string) {
		code := cells[0]
		u, ok := units.ByCode(code, on)
		switch {
		case code == "":
			s.refuse("code", issue.New(issue.Required, "content.boundaries.code"))
			return
		case !ok || u.Level != vn.LevelCommune:
			s.refuse("code", issue.New(issue.NotFound, "content.boundaries.unknown", code))
			return
		}
		s.once("code", u.Code)
		polygons, ok := polygonsOf(cells[1])
		if !ok {
			s.refuse("wkt", issue.New(issue.Structure, "content.boundaries.wkt"))
			return
		}
		border, fault := outline(polygons)
		if fault != nil {
			s.refuse("wkt", fault)
			return
		}
		out[u.ID] = border
	})
	return out, s.faults, err
}

// wktPoint is a point in well-known text: two numbers or more.
var wktPoint = regexp.MustCompile(`([-\d.eE]+) ([-\d.eE]+)(?: [-\d.eE]+)*`)

// polygonsOf reads the shape as GeoJSON has it: "106 21" is [106,21], brackets
// stay what they are.
func polygonsOf(wkt string) (polygons [][][][]float64, ok bool) {
	word, _, _ := strings.Cut(wkt, "(")
	body := wkt[len(word):]
	switch strings.ToUpper(strings.TrimSpace(word)) {
	case "POLYGON", "POLYGON Z":
		body = "(" + body + ")"
	case "MULTIPOLYGON", "MULTIPOLYGON Z":
	default:
		return nil, false
	}
	body = strings.NewReplacer("(", "[", ")", "]").Replace(wktPoint.ReplaceAllString(body, "[$1,$2]"))
	return polygons, json.Unmarshal([]byte(body), &polygons) == nil
}

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"sync"

	"mach/issue"
	"mach/vn"
)

// Border is the outline of one commune on the flat map of [vn.Project], in
// kilometres: an SVG path and the box around it.
type Border struct {
	Path                   string  `json:"path"`
	MinX, MinY, MaxX, MaxY float64 // of the box
}

// Borders are outlines by commune; nil = none.
type Borders map[vn.UnitID]Border

// largest is the map with most communes that borders are drawn on: the
// nation's outlines would be megabytes, and a province has at most 168.
const largest = 250

// Place moves the circles of a map to where the borders lie, those without a
// border to their true centre. It reports whether it did: not without any border
// on the map, and not for the nation.
func (b Borders) Place(units *vn.Units, circles []vn.Circle) bool {
	drawn := false
	for _, c := range circles {
		drawn = drawn || b[c.Unit].Path != ""
	}
	if !drawn || len(circles) > largest {
		return false
	}
	for i := range circles {
		c := &circles[i]
		if x, ok := b[c.Unit]; ok {
			c.X, c.Y, c.R = (x.MinX+x.MaxX)/2, (x.MinY+x.MaxY)/2, max(x.MaxX-x.MinX, x.MaxY-x.MinY)/2
		} else if u, ok := units.Get(c.Unit); ok && u.Located() {
			p := vn.Project(u.Lon, u.Lat)
			c.X, c.Y = p.X, p.Y
		}
	}
	return true
}

// Maps lays out the communes of units, each once a day: that costs milliseconds.
// It may be used by many at once.
type Maps struct {
	units   *vn.Units
	borders Borders
	mu      sync.Mutex
	drawn   map[vn.UnitID]Drawn
}

// Drawn is the map of a unit on a day.
type Drawn struct {
	On      vn.Date
	Circles []vn.Circle
	Borders Borders // nil: circles are drawn
}

// NewMaps prepares maps of circles; Draw makes them show borders.
func NewMaps(units *vn.Units) *Maps { return &Maps{units: units, drawn: map[vn.UnitID]Drawn{}} }

// Draw makes maps show borders where there are any. Call it before Of.
func (m *Maps) Draw(b Borders) { m.borders = b }

// Of returns the map of a unit on a day. It is shared: change nothing in it.
func (m *Maps) Of(unit vn.UnitID, on vn.Date) Drawn {
	m.mu.Lock()
	defer m.mu.Unlock()
	if d, ok := m.drawn[unit]; ok && d.On == on {
		return d
	}
	d := Drawn{On: on, Circles: vn.Cartogram(m.units, unit, on)}
	if m.borders.Place(m.units, d.Circles) {
		d.Borders = m.borders
	}
	m.drawn[unit] = d
	return d
}

// boundariesFile holds the borders of a site by unit id.
const boundariesFile = "boundaries/boundaries.json"

// Boundaries returns the borders that the site has imported; nil when none.
// No boundary file of clear terms exists, so we carry none.
func (s Site) Boundaries() (Borders, error) {
	if s.dir == nil {
		return nil, nil
	}
	b, err := fs.ReadFile(s.dir, boundariesFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("boundaries of the site: %w", err)
	}
	var out Borders
	if err := json.Unmarshal(b, &out); err != nil {
		return nil, fmt.Errorf("boundaries of the site: %w", err)
	}
	return out, nil
}

// tolerance is how far a simplified border may lie from the true one, in
// kilometres: less than a pixel on the map of a province.
const tolerance = 0.15

// ReadBoundaries reads a GeoJSON FeatureCollection (RFC 7946) whose features
// carry the code of a commune of the day in properties.code. It returns the
// borders, simplified, and every fault with the line of its feature; borders
// are of use only without faults. The error is one of reading.
func ReadBoundaries(r io.Reader, units *vn.Units, on vn.Date) (Borders, []Fault, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, nil, err
	}
	b := borderReader{units: units, on: on, out: Borders{}, first: map[vn.UnitID]int{}}
	b.collection(data)
	return b.out, b.faults, nil
}

type borderReader struct {
	units  *vn.Units
	on     vn.Date
	out    Borders
	first  map[vn.UnitID]int // the feature of each commune
	faults []Fault
}

func (b *borderReader) add(line int, path string, err *issue.Error) {
	b.faults = append(b.faults, Fault{Line: line, Name: path, Issue: err.Issues[0]})
}

// collection walks the top object, so that each feature's line is known.
func (b *borderReader) collection(data []byte) {
	d := json.NewDecoder(bytes.NewReader(data))
	lines, counted := 1, int64(0)
	line := func() int {
		at := d.InputOffset()
		lines, counted = lines+bytes.Count(data[counted:at], []byte("\n")), at
		return lines
	}
	broken := func(err error) { b.add(line(), "", issue.New(issue.Structure, "content.boundaries.json", err.Error())) }
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		b.add(line(), "", issue.New(issue.Structure, "content.boundaries.collection"))
		return
	}
	typ, found := "", false
	for d.More() {
		name, err := d.Token()
		if err != nil {
			broken(err)
			return
		}
		if name == "features" {
			found = true
			if err := b.features(d, line); err != nil {
				broken(err)
				return
			}
			continue
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			broken(err)
			return
		}
		if name == "type" {
			typ = strings.Trim(string(value), `"`)
		}
	}
	if _, err := d.Token(); err != nil {
		broken(err)
	} else if typ != "FeatureCollection" || !found {
		b.add(1, "type", issue.New(issue.Structure, "content.boundaries.collection"))
	}
}

func (b *borderReader) features(d *json.Decoder, line func() int) error {
	if t, err := d.Token(); err != nil || t != json.Delim('[') {
		return fmt.Errorf("features is no list")
	}
	for n := 0; d.More(); n++ {
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		b.feature(raw, n, line()-bytes.Count(raw, []byte("\n")))
	}
	_, err := d.Token()
	return err
}

func (b *borderReader) feature(raw []byte, n, line int) {
	path := fmt.Sprintf("features[%d]", n)
	var f struct {
		Properties struct {
			Code any `json:"code"`
		} `json:"properties"`
		Geometry struct {
			Type        string          `json:"type"`
			Coordinates json.RawMessage `json:"coordinates"`
		} `json:"geometry"`
	}
	if err := json.Unmarshal(raw, &f); err != nil {
		b.add(line, path, issue.New(issue.Structure, "content.boundaries.json", err.Error()))
		return
	}
	code := ""
	switch c := f.Properties.Code.(type) {
	case string:
		code = c
	case float64:
		code = fmt.Sprintf("%05.0f", c) // spreadsheets drop leading zeros
	}
	if code == "" {
		b.add(line, path+".properties.code", issue.New(issue.Required, "content.boundaries.code"))
		return
	}
	u, ok := b.units.ByCode(code, b.on)
	if !ok || u.Level != vn.LevelCommune {
		b.add(line, path+".properties.code", issue.New(issue.NotFound, "content.boundaries.unknown", code))
		return
	}
	if before, twice := b.first[u.ID]; twice {
		b.add(line, path+".properties.code", issue.New(issue.Duplicate, "content.boundaries.twice", code, before))
		return
	}
	b.first[u.ID] = n
	var polygons [][][][]float64
	var err error
	switch f.Geometry.Type {
	case "Polygon":
		polygons = make([][][][]float64, 1)
		err = json.Unmarshal(f.Geometry.Coordinates, &polygons[0])
	case "MultiPolygon":
		err = json.Unmarshal(f.Geometry.Coordinates, &polygons)
	default:
		err = errors.ErrUnsupported
	}
	if err != nil {
		b.add(line, path+".geometry", issue.New(issue.Structure, "content.boundaries.shape"))
		return
	}
	border, e := outline(polygons)
	if e != nil {
		b.add(line, path+".geometry.coordinates", e)
		return
	}
	b.out[u.ID] = border
}

// outline draws the rings of a shape. A ring that is smaller than the tolerance
// is left out unless it is the first: every commune has an outline.
func outline(polygons [][][][]float64) (Border, *issue.Error) {
	var path strings.Builder
	b := Border{MinX: math.Inf(1), MinY: math.Inf(1), MaxX: math.Inf(-1), MaxY: math.Inf(-1)}
	for _, polygon := range polygons {
		for _, ring := range polygon {
			points := make([]vn.Point, 0, len(ring))
			for _, p := range ring {
				if len(p) < 2 {
					return b, issue.New(issue.Structure, "content.boundaries.shape")
				}
				if p[0] < 101 || p[0] > 118 || p[1] < 5 || p[1] > 24 {
					return b, issue.New(issue.Value, "content.boundaries.place", p[0], p[1])
				}
				points = append(points, vn.Project(p[0], p[1]))
			}
			if len(points) < 4 {
				return b, issue.New(issue.Structure, "content.boundaries.shape")
			}
			short := simplified(points)
			if len(short) < 4 {
				if path.Len() > 0 {
					continue
				}
				short = points
			}
			b.draw(&path, short)
		}
	}
	if path.Len() == 0 {
		return b, issue.New(issue.Structure, "content.boundaries.shape")
	}
	b.Path = path.String()
	return b, nil
}

// simplified cuts the ring in two at the point farthest from its beginning,
// since a ring begins where it ends.
func simplified(ring []vn.Point) []vn.Point {
	far, distance := 0, 0.0
	for i, p := range ring {
		if d := math.Hypot(p.X-ring[0].X, p.Y-ring[0].Y); d > distance {
			far, distance = i, d
		}
	}
	if far == 0 {
		return nil
	}
	first, second := vn.Simplify(ring[:far+1], tolerance), vn.Simplify(ring[far:], tolerance)
	return append(first[:len(first):len(first)], second[1:]...)
}

func (b *Border) draw(path *strings.Builder, ring []vn.Point) {
	for i, p := range ring[:len(ring)-1] {
		letter := "L"
		if i == 0 {
			letter = "M"
		}
		path.WriteString(letter + places(p.X) + " " + places(p.Y))
		b.MinX, b.MaxX = min(b.MinX, p.X), max(b.MaxX, p.X)
		b.MinY, b.MaxY = min(b.MinY, p.Y), max(b.MaxY, p.Y)
	}
	path.WriteString("Z")
}

// places writes kilometres to ten metres.
func places(km float64) string { return strconv.FormatFloat(math.Round(km*100)/100, 'f', -1, 64) }

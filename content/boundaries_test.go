// SPDX-License-Identifier: Apache-2.0

package content

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mach/vn"
)

func TestBordersPlaceTheMap(t *testing.T) {
	units, err := Units()
	if err != nil {
		t.Fatal(err)
	}
	province, _ := units.ByCode("24", vn.Reform)
	circles := vn.Cartogram(units, province.ID, vn.Reform)
	was := append([]vn.Circle(nil), circles...)
	if Borders(nil).Place(units, circles) || circles[0] != was[0] {
		t.Error("no borders moved the map")
	}
	border := Border{Path: "M0 0L1 0L1 1Z", MinX: 0, MinY: 0, MaxX: 2, MaxY: 4}
	b := Borders{circles[0].Unit: border}
	if !b.Place(units, circles) || circles[0].X != 1 || circles[0].Y != 2 || circles[0].R != 2 {
		t.Errorf("the first circle stands at %+v", circles[0])
	}
	u, _ := units.Get(circles[1].Unit)
	if p := vn.Project(u.Lon, u.Lat); circles[1].X != p.X || circles[1].Y != p.Y || circles[1].R != was[1].R {
		t.Errorf("a commune without a border stands at %+v, its centre is %+v", circles[1], p)
	}
	if b.Place(units, vn.Cartogram(units, vn.Nation, vn.Reform)) {
		t.Error("the nation was drawn with borders")
	}
}

// Every point left out lies within the tolerance of the line that stays.
func TestSimplify(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		coordinate := rapid.Float64Range(-5, 5)
		line := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) vn.Point {
			return vn.Point{X: coordinate.Draw(t, "x"), Y: coordinate.Draw(t, "y")}
		}), 1, 40).Draw(t, "line")
		tolerance := rapid.Float64Range(0.1, 3).Draw(t, "tolerance")
		short := vn.Simplify(line, tolerance)
		if short[0] != line[0] || short[len(short)-1] != line[len(line)-1] || len(short) > len(line) {
			t.Fatalf("the ends of %v became %v", line, short)
		}
		at := 0
		for _, p := range line {
			if at+1 < len(short) && p == short[at+1] {
				at++
				continue
			}
			if at+1 < len(short) && away(p, short[at], short[at+1]) > tolerance+1e-9 {
				t.Fatalf("%v lies %v from the line, tolerance %v", p, away(p, short[at], short[at+1]), tolerance)
			}
		}
		if at != len(short)-1 {
			t.Fatalf("%v is no part of %v in order", short, line)
		}
	})
}

// away is the distance of p from the segment, by trying many of its points.
func away(p, a, b vn.Point) float64 {
	best := math.Inf(1)
	for i := range 2001 {
		f := float64(i) / 2000
		best = min(best, math.Hypot(p.X-a.X-f*(b.X-a.X), p.Y-a.Y-f*(b.Y-a.Y)))
	}
	return best - math.Hypot(b.X-a.X, b.Y-a.Y)/2000
}

func FuzzReadDefinitions(f *testing.F) {
	f.Add("code,vi,en\nA00,Tả,Cholera\n")
	f.Add(`{"type":"FeatureCollection","features":[{"properties":{"code":9334},"geometry":{"type":"Polygon","coordinates":[[[106,21],[106,22],[107,21],[106,21]]]}}]}`)
	f.Add(`{"type":"FeatureCollection","features":[{"geometry":{"coordinates":[[[[1e999]]]]}}]}`)
	units, err := Units()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		rows, faults, err := ReadDiagnoses(strings.NewReader(text))
		if err != nil || len(faults) == 0 && text == "" {
			t.Errorf("diagnoses: %v, %v", faults, err)
		}
		if len(faults) == 0 {
			if _, err := newDiagnoses(rows); err != nil {
				t.Errorf("%q was accepted: %v", text, err)
			}
		}
		borders, faults, err := ReadBoundaries(strings.NewReader(text), units, vn.Reform)
		if err != nil {
			t.Error(err)
		}
		for _, b := range borders {
			if len(faults) == 0 && (b.Path == "" || b.MinX > b.MaxX || b.MinY > b.MaxY) {
				t.Errorf("%q gives %+v", text, b)
			}
		}
	})
}

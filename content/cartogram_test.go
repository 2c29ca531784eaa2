// SPDX-License-Identifier: Apache-2.0

package content

import (
	"math"
	"slices"
	"testing"

	"mach/vn"
)

func TestCartogramOfTheNation(t *testing.T) {
	u := loadUnits(t)
	circles := vn.Cartogram(u, vn.Nation, today)
	if len(circles) != 3321 {
		t.Fatalf("%d circles, want 3321", len(circles))
	}
	if !slices.Equal(circles, vn.Cartogram(u, vn.Nation, today)) {
		t.Error("two maps of the same units differ")
	}
	insets := map[string]string{}
	for _, c := range circles {
		x, _ := u.Get(c.Unit)
		for _, f := range []float64{c.X, c.Y, c.R} {
			if math.IsNaN(f) || math.IsInf(f, 0) || f < 0 || f > 2500 {
				t.Fatalf("%s: %+v", x.Full(), c)
			}
		}
		if c.R == 0 || !c.Estimated && math.Abs(math.Pi*c.R*c.R/0.7-x.AreaKm2) > 1e-6*x.AreaKm2 {
			t.Errorf("%s: radius %g for %g km²", x.Full(), c.R, x.AreaKm2)
		}
		if c.Inset != "" {
			insets[c.Inset] = x.Full()
		}
	}
	if len(insets) != 2 || insets["hoang-sa"] != "Đặc khu Hoàng Sa" || insets["truong-sa"] != "Đặc khu Trường Sa" {
		t.Errorf("insets: %v", insets)
	}
	worst := overlaps(t, u, circles)
	t.Logf("largest overlap %.3f of a radius, mean move %.1f km", worst, meanMove(u, circles))
	if worst > 0.01 {
		t.Errorf("circles overlap by %.3f of a radius", worst)
	}
}

// overlaps returns the largest overlap as a share of the smaller radius.
func overlaps(t *testing.T, u *vn.Units, circles []vn.Circle) float64 {
	t.Helper()
	worst := 0.0
	for i, a := range circles {
		for _, b := range circles[i+1:] {
			if o := (a.R + b.R - math.Hypot(a.X-b.X, a.Y-b.Y)) / min(a.R, b.R); o > worst {
				worst = o
			}
		}
	}
	return worst
}

// meanMove tells how far circles stand from their centres, after the best
// shift of the whole.
func meanMove(u *vn.Units, circles []vn.Circle) float64 {
	var xs, ys []float64
	for _, c := range circles {
		if c.Inset == "" {
			x, _ := u.Get(c.Unit)
			xs = append(xs, c.X-(x.Lon-106)*math.Cos(x.Lat*math.Pi/180)*111.2)
			ys = append(ys, c.Y+x.Lat*111.2)
		}
	}
	mean := func(v []float64) (m float64) {
		for _, f := range v {
			m += f / float64(len(v))
		}
		return m
	}
	mx, my, sum := mean(xs), mean(ys), 0.0
	for i := range xs {
		sum += math.Hypot(xs[i]-mx, ys[i]-my)
	}
	return sum / float64(len(xs))
}

func TestCartogramOfProvinces(t *testing.T) {
	u := loadUnits(t)
	for _, p := range u.Provinces(today) {
		circles := vn.Cartogram(u, p.ID, today)
		if len(circles) != len(u.Communes(p.ID, today)) {
			t.Errorf("%s: %d circles", p.Name, len(circles))
		}
		if o := overlaps(t, u, circles); o > 0.01 {
			t.Errorf("%s: circles overlap by %.3f", p.Name, o)
		}
		for _, c := range circles {
			if c.X-c.R < -0.01 || c.Y-c.R < -0.01 {
				t.Errorf("%s: circle %v lies outside", p.Name, c.Unit)
			}
		}
	}
	if got := vn.Cartogram(u, 99, today); len(got) != 0 {
		t.Errorf("unknown unit: %v", got)
	}
}

func BenchmarkCartogram(b *testing.B) {
	u := loadUnits(b)
	for b.Loop() {
		vn.Cartogram(u, vn.Nation, today)
	}
}

// SPDX-License-Identifier: Apache-2.0

package cartogram

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"mach/i18n"
	"mach/store"
	"mach/web/webtest"
)

func TestStep(t *testing.T) {
	bounds := []float64{5, 15, 30}
	for v, want := range map[float64]int{0: 0, 4.9: 0, 5: 1, 15: 2, 29: 2, 30: 3, 1e9: 3} {
		if got := Step(v, bounds); got != want {
			t.Errorf("Step(%v) = %d, want %d", v, got, want)
		}
	}
	if Step(math.NaN(), bounds) != -1 || Paint(math.NaN(), bounds) != -1 {
		t.Error("an unknown value has a step")
	}
	if Paint(0, bounds) != 0 || Paint(30, bounds) != 5 {
		t.Error("the scale does not use its palest and darkest step")
	}
}

// Circles stay in their box, and areas stay true to each other.
func TestLay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cs []Circle
		n := rapid.IntRange(2, 60).Draw(t, "n")
		for range n {
			cs = append(cs, Circle{X: rapid.Float64Range(0, 300).Draw(t, "x"), Y: rapid.Float64Range(0, 300).Draw(t, "y"),
				R: rapid.Float64Range(3, 20).Draw(t, "r"), Inset: rapid.SampledFrom([]string{"", "", "", "a", "b"}).Draw(t, "inset")})
		}
		d := lay(Props{Circles: cs})
		if len(d.dots) != len(cs) {
			t.Fatalf("%d of %d circles drawn", len(d.dots), len(cs))
		}
		var k float64
		for _, c := range d.dots {
			if c.x-c.r < -0.5 || c.y-c.r < -0.5 || c.x+c.r > d.w+0.5 || c.y+c.r > d.h+0.5 {
				t.Fatalf("circle at %v,%v r %v leaves %v × %v", c.x, c.y, c.r, d.w, d.h)
			}
			if c.Inset == "" && c.r > least {
				if k == 0 {
					k = c.r / c.R
				}
				if math.Abs(c.r/c.R-k) > 1e-9 {
					t.Fatalf("two scales on one map: %v and %v", k, c.r/c.R)
				}
			}
		}
	})
}

func TestMap(t *testing.T) {
	p := Props{ID: "m", Title: "Bản đồ", Unit: "ca", Head: "Xã", Steps: []float64{5, 15}, Alarm: "vượt ngưỡng", Circles: []Circle{
		{X: 1, Y: 1, R: 1, Name: "Liên Bão", Href: "/x", Value: 20, Alarm: true},
		{X: 4, Y: 2, R: 2, Name: "Tiên Du", Value: math.NaN(), Estimated: true},
		{X: 0, Y: 0, R: 1, Name: "Hoàng Sa", Value: 0, Inset: "Hoàng Sa"},
	}}
	webtest.Check(t, webtest.As(store.CDC), Map(p))
	webtest.Check(t, webtest.As(store.CDC), Map(Props{ID: "e", Title: "Trống"}))
	page := webtest.HTML(t, i18n.Vietnamese, webtest.As(store.CDC), Map(p))
	for _, want := range []string{"Liên Bão: 20\u00a0ca", "Tiên Du: chưa có số liệu", "từ 15 trở lên", "chưa có số liệu (1 nơi)", "Diện tích của 1 nơi là ước tính", "<table"} {
		if !strings.Contains(page, want) {
			t.Errorf("the map lacks %q", want)
		}
	}
	if strings.Contains(page, "NaN") {
		t.Error("the map writes NaN")
	}
}

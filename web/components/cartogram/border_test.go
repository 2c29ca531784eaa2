// SPDX-License-Identifier: Apache-2.0

package cartogram

import (
	"strings"
	"testing"

	"mach/content"
	"mach/i18n"
	"mach/store"
	"mach/web/webtest"
)

// A place with an outline is drawn as it is, on the scale of the others.
func TestBordersAreDrawnInsteadOfCircles(t *testing.T) {
	square := content.Border{Path: "M10 -2350L20 -2350L20 -2340L10 -2340Z", MinX: 10, MinY: -2350, MaxX: 20, MaxY: -2340}
	p := Props{ID: "m", Title: "Bản đồ", Unit: "ca", Head: "Xã", Steps: []float64{1}, Circles: []Circle{
		{X: 15, Y: -2345, R: 5, Name: "Xã Vuông", Value: 2, Border: square, Alarm: true}, {X: 35, Y: -2345, R: 5, Name: "Xã Tròn", Value: 0},
	}}
	d := lay(p)
	if len(d.dots) != 2 {
		t.Fatalf("%d places", len(d.dots))
	}
	for _, c := range d.dots {
		if c.x-c.r < 0 || c.x+c.r > d.w || c.y-c.r < 0 || c.y+c.r > d.h {
			t.Errorf("%s leaves the map: %v %v r %v on %v × %v", c.Name, c.x, c.y, c.r, d.w, d.h)
		}
	}
	page := webtest.HTML(t, i18n.Vietnamese, webtest.As(store.CDC), Map(p))
	if strings.Count(page, `d="`+square.Path+`"`) != 1 || !strings.Contains(page, "Xã Vuông: 2 ca") && !strings.Contains(page, "Xã Vuông: 2\u00a0ca") {
		t.Errorf("the outline is not drawn with its words")
	}
	webtest.Check(t, webtest.As(store.CDC), Map(p))
}

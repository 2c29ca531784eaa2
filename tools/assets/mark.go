// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
)

// pulse is the line of web/assets/icons/icon.svg on its 32 × 32 field.
var pulse = [][2]float64{{5, 17}, {10, 17}, {13, 9}, {18.5, 24}, {22, 14.5}, {23.2, 17}, {27, 17}}

// draw renders the mark as a PNG of size × size, 4 × 4 samples a pixel.
func draw(size int) ([]byte, error) {
	const n = 4
	green, white := color.NRGBA{0x0b, 0x6e, 0x4f, 255}, color.NRGBA{255, 255, 255, 255}
	img := image.NewNRGBA(image.Rect(0, 0, size, size))
	for y := range size {
		for x := range size {
			var line, inside int
			for i := range n * n {
				px := (float64(x) + (float64(i%n)+0.5)/n) * 32 / float64(size)
				py := (float64(y) + (float64(i/n)+0.5)/n) * 32 / float64(size)
				if corner(px, py) {
					inside++
					if stroke(px, py) <= 1.3 {
						line++
					}
				}
			}
			if inside == 0 {
				continue
			}
			t := float64(line) / float64(inside)
			mix := func(a, b uint8) uint8 { return uint8(math.Round(float64(a)*(1-t) + float64(b)*t)) }
			img.SetNRGBA(x, y, color.NRGBA{mix(green.R, white.R), mix(green.G, white.G), mix(green.B, white.B),
				uint8(255 * inside / (n * n))})
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, img)
	return out.Bytes(), err
}

// corner reports whether a point lies in the square with corners of radius 7.
func corner(x, y float64) bool {
	dx, dy := math.Max(math.Abs(x-16)-9, 0), math.Max(math.Abs(y-16)-9, 0)
	return math.Hypot(dx, dy) <= 7
}

// stroke is the distance of a point from the pulse line.
func stroke(x, y float64) float64 {
	best := math.Inf(1)
	for i := 1; i < len(pulse); i++ {
		a, b := pulse[i-1], pulse[i]
		vx, vy := b[0]-a[0], b[1]-a[1]
		t := math.Max(0, math.Min(1, ((x-a[0])*vx+(y-a[1])*vy)/(vx*vx+vy*vy)))
		best = math.Min(best, math.Hypot(x-a[0]-t*vx, y-a[1]-t*vy))
	}
	return best
}

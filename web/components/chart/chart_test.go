// SPDX-License-Identifier: Apache-2.0

package chart

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"mach/i18n"
	"mach/store"
	"mach/web/webtest"
)

var nan = math.NaN()

// Bounds are round, hold every value, and leave two to twelve grid lines.
func TestFit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(-1e6, 1e6).Draw(t, "lo")
		hi := lo + rapid.Float64Range(0, 1e6).Draw(t, "span")
		zero := rapid.Bool().Draw(t, "zero")
		from, to, step := fit(lo, hi, zero)
		if from > lo+step*1e-9 || to < hi-step*1e-9 || step <= 0 {
			t.Fatalf("fit(%v, %v) = %v … %v by %v", lo, hi, from, to, step)
		}
		if zero && (from > 0 || to < 0) {
			t.Fatalf("fit(%v, %v) leaves out zero: %v … %v", lo, hi, from, to)
		}
		n := len(scale{size: wide, lo: from, hi: to, step: step}.ticks())
		if n < 2 || n > 12 {
			t.Fatalf("fit(%v, %v): %d grid lines", lo, hi, n)
		}
	})
	for _, c := range [][5]float64{{-168, -167.99996948242188, -168, -167, 0.25}, {3, 46, 0, 60, 20}, {92, 97, 92, 98, 2}, {0, 0, 0, 1, 0.25}, {0.2, 0.9, 0, 1, 0.25}} {
		from, to, step := fit(c[0], c[1], false)
		if from != c[2] || to != c[3] || step != c[4] {
			t.Errorf("fit(%v, %v) = %v, %v, %v, want %v", c[0], c[1], from, to, step, c[2:])
		}
	}
	if from, to, _ := fit(math.Inf(1), math.Inf(-1), false); from != 0 || to != 1 {
		t.Error("nothing to draw has no bounds")
	}
}

// A missing value lifts the pen; it is never drawn as zero.
func TestGaps(t *testing.T) {
	s := LineProps{Labels: make([]string, 6), Series: []Series{{Values: []float64{1, 2, nan, 4, nan, 6}}}}.scale(wide)
	d := s.path([]float64{1, 2, nan, 4, nan, 6}, 0, 6)
	if strings.Count(d, "M") != 3 || strings.Count(d, "L") != 1 || strings.Contains(d, "NaN") {
		t.Errorf("path %q", d)
	}
	if got := alone([]float64{1, 2, nan, 4, nan, 6}); len(got) != 2 || got[0] != 3 || got[1] != 5 {
		t.Errorf("single points %v", got)
	}
	band := s.area([]float64{1, 1, nan, 1, 1, 1}, []float64{2, 2, 2, 2, nan, 2})
	if strings.Count(band, "z") != 3 {
		t.Errorf("band %q is not cut at its gaps", band)
	}
}

// Names at the ends of lines never lie on each other, and stay in the drawing.
func TestApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ys := rapid.SliceOfN(rapid.Float64Range(20, 240), 1, 6).Draw(t, "ys")
		out := apart(ys, 15, 20, 240)
		for i := range out {
			if out[i] < 20-1e-9 || out[i] > 240+1e-9 {
				t.Fatalf("%v: %v leaves the drawing", ys, out)
			}
			for j := range out {
				if i != j && math.Abs(out[i]-out[j]) < 15-1e-9 {
					t.Fatalf("%v: %v overlap", ys, out)
				}
			}
		}
	})
}

func TestAxisLabels(t *testing.T) {
	s := scale{size: narrow, left: 40, right: 40, n: 52}
	got := s.every(textWidth("T47"))
	if len(got) == 0 || got[len(got)-1] != 51 {
		t.Fatalf("labels at %v: the last is missing", got)
	}
	for i := 1; i < len(got); i++ {
		if s.x(got[i])-s.x(got[i-1]) < textWidth("T47") {
			t.Fatalf("labels at %v touch", got)
		}
	}
}

func TestCharts(t *testing.T) {
	at := time.Date(2026, 11, 21, 1, 40, 0, 0, time.UTC)
	foot := Foot{Source: "báo cáo", At: at, Missing: "2 trạm chưa gửi"}
	line := LineProps{ID: "l", Title: "Đang tăng", Unit: "ca", Period: "Tuần", Labels: []string{"T1", "T2", "T3", "T4"},
		Series: []Series{{Name: "2026", Values: []float64{3, nan, 9, 4}}, {Name: "2025", Values: []float64{1, 2}}}, Partial: 1,
		Band: &Band{"thường gặp", []float64{1, 1, 1, 1}, []float64{5, 5, 5, 5}}, Limit: &Limit{"ngưỡng", 8}, Foot: foot}
	bars := BarsProps{ID: "b", Title: "Cột", Unit: "lượt", Period: "Ngày", Bars: []Bar{{"1/11", 5}, {"2/11", nan}, {"3/11", 0}}, Foot: foot}
	rank := RankingProps{ID: "r", Title: "Hạng", Unit: "%", Head: "Xã", Rows: []Rank{{Name: "A", Value: 90}, {Name: "B", Value: nan}, {Name: "C", Value: 0}}, Target: &Limit{"chỉ tiêu", 95}, Foot: foot}
	webtest.Check(t, webtest.As(store.CDC), Line(line))
	webtest.Check(t, webtest.As(store.CDC), Line(LineProps{ID: "e", Title: "Trống"}))
	webtest.Check(t, webtest.As(store.CDC), Bars(bars))
	webtest.Check(t, webtest.As(store.CDC), Bars(BarsProps{ID: "e", Title: "Trống"}))
	webtest.Check(t, webtest.As(store.CDC), Ranking(rank))
	for name, page := range map[string]string{
		"line": webtest.HTML(t, i18n.Vietnamese, webtest.As(store.CDC), Line(line)),
		"bars": webtest.HTML(t, i18n.Vietnamese, webtest.As(store.CDC), Bars(bars)),
		"rank": webtest.HTML(t, i18n.Vietnamese, webtest.As(store.CDC), Ranking(rank)),
	} {
		for _, want := range []string{"<table", "báo cáo", "08:40 21/11/2026", "2 trạm chưa gửi"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s lacks %s", name, want)
			}
		}
		if strings.Contains(page, "NaN") {
			t.Errorf("%s writes NaN", name)
		}
	}
	said := webtest.HTML(t, i18n.Vietnamese, webtest.As(store.CDC), Line(line))
	if !strings.Contains(said, "Gần nhất 4\u00a0ca (T4); cao nhất 9\u00a0ca (T3). 1 kỳ chưa có số liệu.") {
		t.Error("the chart does not say itself in a sentence")
	}
	if b := webtest.HTML(t, i18n.Vietnamese, webtest.As(store.CDC), Bars(bars)); strings.Count(b, `class="chart-bar"`) != 4 {
		t.Errorf("a missing column is drawn: %d rects in two drawings, want 4", strings.Count(b, `class="chart-bar"`))
	}
}

// An epidemic curve keeps what is not known apart from zero, adds the estimate
// on top of what is seen, marks what stands out, and tells all of it in a table.
func TestEpi(t *testing.T) {
	p := EpiProps{
		ID: "epi", Title: "Sởi: tuần 3 có 9 ca", Unit: "ca", Period: "tuần", Labels: []string{"1", "2", "3", "4", "5"},
		Cases:    []Cases{{Suspect: 2, Probable: 1, Confirmed: 1}, {Silent: true}, {Confirmed: 9, Alarm: true, Mark: "tín hiệu"}, {Suspect: 1}},
		Expected: []float64{3, 3, 3, 3}, Bound: []float64{6, 6, 6, 6}, Warn: []float64{4, 4, 4, 4}, Line: []float64{5, 5, 5, 5},
		Nowcast: []Range{{nan, nan, nan}, {nan, nan, nan}, {nan, nan, nan}, {4, 1, 8}}, Years: []Series{{Name: "−1", Values: []float64{1, 2, 3, 4, nan}}},
		Layers:  []Layer{{Name: "D-MOSS", Points: []Range{{nan, nan, nan}, {nan, nan, nan}, {nan, nan, nan}, {nan, nan, nan}, {3, 1, 6}}}},
		Partial: 1, Foot: Foot{Source: "báo cáo", At: time.Unix(0, 0), Missing: "1 tuần"},
	}
	webtest.Check(t, webtest.As(store.CDC), Epi(p))
	html := webtest.HTML(t, i18n.Vietnamese, webtest.As(store.CDC), Epi(p))
	for what, n := range map[string]int{
		`class="chart-silent"`: 2, `class="chart-nowcast"`: 2, `class="chart-whisker"`: 2, `class="chart-mark"`: 2, `class="chart-year"`: 2,
		`class="chart-layer-band"`: 2, "chart-epi-layer": 2, "chart-epi-law": 2, `class="chart-case-confirmed"`: 4, "<small>tín hiệu</small>": 1,
	} {
		if got := strings.Count(html, what); got != n {
			t.Errorf("%s stands %d times, want %d: once in each drawing", what, got, n)
		}
	}
	if got := p.values(); !math.IsNaN(got[1]) || got[0] != 4 {
		t.Errorf("values %v: a silent period is not known", got)
	}
}

// The zone of a value is that of the bound it does not pass.
func TestZone(t *testing.T) {
	for _, c := range []struct {
		v    float64
		want string
	}{{0, "success"}, {2, "success"}, {2.5, "security"}, {4, "security"}, {5, "alarm"}, {6, "alarm"}, {7, "epidemic"}, {nan, ""}} {
		if got := Zone(c.v, 2, 4, 6); got != c.want {
			t.Errorf("Zone(%v) = %q, want %q", c.v, got, c.want)
		}
	}
	if got := Zone(3, nan, 4, 6); got != "" {
		t.Errorf("without a channel: %q", got)
	}
	p := ChannelProps{ID: "c", Title: "Cúm", Unit: "ca", Period: "tuần", Labels: []string{"1", "2"}, Now: []float64{7, nan}, Q1: []float64{2, 2}, Median: []float64{4, 4}, Q3: []float64{6, 6}, Partial: 0}
	webtest.Check(t, webtest.As(store.CDC), Channel(p))
}

// SPDX-License-Identifier: Apache-2.0

// Package kit is the page /kit: every component in every state, with long
// names, in both languages. What it shows is invented.
package kit

import (
	"cmp"
	"context"
	"math"
	"net/http"
	"slices"
	"time"

	"mach/issue"
	"mach/vn"
	"mach/web"
	"mach/web/components/banner"
	"mach/web/components/cartogram"
	"mach/web/components/chart"
	"mach/web/components/tag"
	"mach/web/components/timeline"
	"mach/web/components/worklist"
)

// Routes registers the pages of the kit.
func Routes(mux *web.Mux) {
	mux.Get("/kit", web.Public, show(staffPage))
	mux.Get("/kit/bieu-mau", web.Public, show(formPage))
	mux.Post("/kit/bieu-mau", web.Public, sent)
	mux.Get("/kit/so-lieu", web.Public, show(figurePage))
	mux.Get("/kit/nguoi-dan", web.Public, show(citizenPage))
	mux.Get("/kit/ban-in", web.Public, show(printPage))
	mux.Get("/kit/trang-thai", web.Public, show(statePage))
	mux.Get("/kit/doi-vai", web.Public, show(rolePage))
	mux.Get("/kit/muc-song", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		return web.Fragment(w, r, livePart())
	})
	mux.Post("/kit/danh-thuc", web.Public, func(w http.ResponseWriter, r *http.Request) error {
		mux.Publish("kit:queue")
		web.Flash(w, r, "kit.woken")
		return web.Redirect(w, r, "/kit")
	})
}

func show(page func(f *web.Form) templComponent) web.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return web.Render(w, r, page(web.Blank(r)))
	}
}

// sent shows what a refused form looks like, and what a good one leads to.
func sent(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	if f.Err() != nil {
		return f.Err()
	}
	f.Required("reason")
	f.Decimal("temperature", 30, 45)
	f.Int("pulse", 20, 250)
	f.Date("onset")
	if f.Get("diagnosis") == "" {
		f.Fail("diagnosis", issue.Required, "web.field.required")
	}
	if !f.OK() {
		return web.Refuse(w, r, formPage(f))
	}
	web.Flash(w, r, "kit.saved")
	return web.Redirect(w, r, "/kit/bieu-mau")
}

// longName is as long as names get; no page may break on it.
const longName = "Nguyễn Thị Hoàng Bảo Ngọc Trâm"

var invented = time.Date(2026, 11, 21, 8, 40, 0, 0, vn.Zone)

func person(ctx context.Context) banner.Props {
	return banner.Props{
		Name: longName, Href: "/kit", Sex: web.T(ctx, "kit.x.female"), Birth: vn.PartialDate{Year: 1953},
		Age: vn.Age{Value: 73, Unit: vn.Years, About: true}, Number: "024 153 000 123",
		Address: web.T(ctx, "kit.x.addr"),
		Dangers: []string{web.T(ctx, "kit.x.allergy"), web.T(ctx, "kit.x.anticoagulant")},
	}
}

func rows(ctx context.Context) []worklist.Row {
	return []worklist.Row{
		{ID: "r1", Lead: "12", Name: longName, Href: "/kit", Meta: web.T(ctx, "kit.x.meta1"), Why: web.T(ctx, "kit.x.reason1"), State: web.T(ctx, "kit.x.wait_measure"), Tone: tag.Info, Post: "/kit/danh-thuc", Action: web.Link{Text: web.T(ctx, "kit.x.call_measure")}, Primary: true},
		{ID: "r2", Lead: "13", Name: "Ngô Văn An", Href: "/kit", Meta: web.T(ctx, "kit.x.meta2"), Why: web.T(ctx, "kit.x.reason2"), State: web.T(ctx, "kit.x.overdue"), Tone: tag.Warning, Action: web.Link{Text: web.T(ctx, "kit.x.prevaccine"), Href: "/kit"}},
		{ID: "r3", Lead: "14", Name: "Trần Thị Mơ", Href: "/kit", Meta: web.T(ctx, "kit.x.meta3"), Why: web.T(ctx, "kit.x.reason3"), State: web.T(ctx, "kit.x.urgent"), Tone: tag.Danger, Action: web.Link{Text: web.T(ctx, "kit.x.call_measure"), Href: "/kit"}},
		{ID: "r4", Lead: "15", Name: "Nguyễn Hữu Phước", Href: "/kit", Meta: web.T(ctx, "kit.x.meta4"), Why: web.T(ctx, "kit.x.reason4"), State: web.T(ctx, "kit.x.signed"), Tone: tag.Good, Action: web.Link{Text: web.T(ctx, "kit.x.see_visit"), Href: "/kit"}},
	}
}

func events(ctx context.Context) []timeline.Item {
	return []timeline.Item{
		{When: web.T(ctx, "kit.x.today_at"), Title: web.T(ctx, "kit.x.open_visit"), Where: web.T(ctx, "kit.x.where1"), Icon: "stethoscope", Now: true},
		{When: "12/10/2026", Title: web.T(ctx, "kit.x.htn"), Href: "/kit", Text: web.T(ctx, "kit.x.htn_text"), Where: web.T(ctx, "kit.x.where2"), Icon: "heart-pulse", Tone: tag.Warning},
		{When: "03/03/2026", Title: web.T(ctx, "kit.x.shock"), Href: "/kit", Text: web.T(ctx, "kit.x.shock_text"), Where: web.T(ctx, "kit.x.where3"), Icon: "octagon-alert", Tone: tag.Danger},
		{When: "2019", Title: web.T(ctx, "kit.x.appendix"), Text: web.T(ctx, "kit.x.appendix_text"), Icon: "history"},
	}
}

func weeks(ctx context.Context) []string {
	var out []string
	for n := 28; n <= 47; n++ {
		out = append(out, web.T(ctx, "kit.x.week_n", itoa(n)))
	}
	return out
}

// dengue is a season with two weeks nobody reported and one not over yet.
func dengue() (this, before, lo, hi []float64) {
	for i := range 20 {
		peak := 46 * math.Exp(-math.Pow(float64(i)-14, 2)/26)
		usual := 22*math.Exp(-math.Pow(float64(i)-12, 2)/34) + 3
		this = append(this, math.Round(peak+4))
		before = append(before, math.Round(usual))
		lo = append(lo, math.Max(0, usual-7))
		hi = append(hi, usual+8)
	}
	this[6], this[7] = math.NaN(), math.NaN()
	this[19] = 9
	return this, before, lo, hi
}

func visits() []chart.Bar {
	var out []chart.Bar
	for i, v := range []float64{38, 41, 35, 44, 39, 12, math.NaN(), 42, 47, 40, 51, 45, 17, 23} {
		out = append(out, chart.Bar{Label: itoa(8+i) + "/11", Value: v})
	}
	return out
}

var bounds = []float64{5, 15, 30, 60}

// communes is an invented province of circles around a river.
func communes(ctx context.Context) []cartogram.Circle {
	var out []cartogram.Circle
	names := []string{"Liên Bão", "Tiên Du", "Phật Tích", "Đại Đồng", "Võ Cường", "Kinh Bắc", "Vũ Ninh", "Hạp Lĩnh", "Nam Sơn", "Từ Sơn", "Đồng Nguyên", "Tam Sơn", "Phù Khê", "Yên Phong", "Tam Giang", "Yên Trung", "Văn Môn", "Thuận Thành", "Mão Điền", "Trí Quả", "Song Liễu", "Ninh Xá", "Gia Bình", "Nhân Thắng", "Đại Lai", "Cao Đức", "Đông Cứu", "Lương Tài", "Lâm Thao", "Trung Chính", "Trung Kênh", "Quế Võ", "Phương Liễu", "Nhân Hoà", "Đào Viên", "Bồng Lai", "Chi Lăng", "Phù Lãng"}
	for i, n := range names {
		a := float64(i) * 2.399963
		d := 4.2 * math.Sqrt(float64(i)+0.5)
		v := math.Round(70*math.Exp(-d*d/220) + float64((i*37)%13))
		c := cartogram.Circle{X: d * math.Cos(a) * 1.35, Y: d * math.Sin(a), R: 2.3 + float64((i*53)%10)/6, Name: n, Value: v, Href: "/kit/so-lieu"}
		if i == 9 || i == 24 {
			c.Value = math.NaN()
		}
		if v >= 60 {
			c.Alarm = true
		}
		if i == 0 || i == 5 || i == 31 {
			c.Label = n
		}
		out = append(out, c)
	}
	return append(out,
		cartogram.Circle{X: 0, Y: 0, R: 3, Name: "Hoàng Sa", Value: 0, Inset: web.T(ctx, "kit.x.inset1")},
		cartogram.Circle{X: 0, Y: 0, R: 4, Name: "Trường Sa", Value: 2, Inset: web.T(ctx, "kit.x.inset2")})
}

func ranks(ctx context.Context) []chart.Rank {
	var out []chart.Rank
	cs := communes(ctx)
	slices.SortFunc(cs, func(a, b cartogram.Circle) int { return cmp.Compare(b.Value, a.Value) })
	for _, c := range cs[:8] {
		out = append(out, chart.Rank{Name: c.Name, Href: "/kit/so-lieu", Value: c.Value, Step: cartogram.Paint(c.Value, bounds), Here: c.Name == "Liên Bão"})
	}
	out = append(out, chart.Rank{Name: "Từ Sơn", Value: math.NaN(), Note: web.T(ctx, "kit.x.not_sent"), Step: 0})
	return out
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"

	"github.com/a-h/templ"
	"rsc.io/qr"

	"mach/i18n"
)

// Chrome is what a page tells its frame.
type Chrome struct {
	Title   string          // of the window, and the page's h1
	Lead    string          // one muted sentence under the title
	Place   string          // Path of the rail's entry this page belongs to
	Wide    bool            // use the whole width: tables, dashboards; else 720 px
	OwnHead bool            // the page writes its own h1 (patient banner)
	Back    Link            // one step up, above the title
	Actions templ.Component // beside the title: at most one primary
	Banner  templ.Component // between top line and page: stays while scrolling
	Room    bool            // a live room: never locks, keeps the screen for the call
	Scripts []string        // further bundles: "room.js"
}

// Link is words that lead somewhere.
type Link struct{ Text, Href string }

// Sheet is what a printed page tells its frame.
type Sheet struct {
	Title  string
	Parent string // agency above: "SỞ Y TẾ BẮC NINH"; printed in capitals
	Agency string // "TRẠM Y TẾ XÃ LIÊN BÃO"
	Number string // document number: "12/BC-TYT"
	Motto  bool   // national title and motto, for documents that need them
	At     string // place and date: "Liên Bão, ngày 21 tháng 11 năm 2026"
	Signs  []Sign // signature lines, left to right
	QR     string // URL of the same page; "" for none
	A5     bool
	Wide   bool // landscape: registers of many columns
}

// Sign is one signature line.
type Sign struct{ Role, Name string }

// places returns the entries of list this session may open.
func places(ctx context.Context, book bool) []Place {
	v := visitOf(ctx)
	if v.mux == nil {
		return nil
	}
	list := v.mux.opt.Places
	if book {
		list = v.mux.opt.Book
	}
	var out []Place
	for _, p := range list {
		if p.Who.Allows(v.session) {
			out = append(out, p)
		}
	}
	return out
}

// searchPath is where "/" searches; "" for those who may not search there.
func searchPath(ctx context.Context) string {
	v := visitOf(ctx)
	if v.mux == nil || !v.mux.opt.SearchWho.Allows(v.session) {
		return ""
	}
	return v.mux.opt.Search
}

// otherLang returns the language to switch to and this page's path in it.
func otherLang(ctx context.Context) (i18n.Lang, string) {
	v := visitOf(ctx)
	l := i18n.English
	if v.lang == i18n.English {
		l = i18n.Vietnamese
	}
	u, err := url.Parse(v.path)
	if err != nil {
		return l, "/?lang=" + string(l)
	}
	q := u.Query()
	q.Set("lang", string(l))
	return l, LocalPath(u.Path+"?"+q.Encode(), "/?lang="+string(l))
}

// pathHere returns the page's own path with query, for return addresses.
func pathHere(ctx context.Context) string { return visitOf(ctx).path }

func asset(ctx context.Context, name string) string { return visitOf(ctx).assets.URL(name) }

func built(ctx context.Context) bool { return visitOf(ctx).assets.Built() }

func flashOf(ctx context.Context) string { return visitOf(ctx).flash }

func demo(ctx context.Context) bool { return visitOf(ctx).demo }

// idle is the number of seconds after which the page locks; 0 = never.
func idle(ctx context.Context, c Chrome) int {
	s := visitOf(ctx).session
	if c.Room || s.Actor.Account == "" || !AnyStaff.Allows(s) {
		return 0
	}
	return 300
}

// words are the few sentences scripts need, as one JSON attribute.
func words(ctx context.Context, keys ...string) string {
	m := map[string]string{}
	for _, k := range keys {
		m[strings.TrimPrefix(k, "web.js.")] = T(ctx, k, "{0}")
	}
	b, err := json.Marshal(m)
	if err != nil {
		return "{}"
	}
	return string(b)
}

// htmxConfig keeps htmx within the policy: no eval, no styles of its own. A
// refused form (422) is swapped in; other failures leave the page as it was.
const htmxConfig = `{"includeIndicatorCSS":false,"history":false,"noSwap":[204,304,400,401,403,404,409,410,412,413,429,"5xx"],"defaultTimeout":20000}`

// qrPath returns the SVG path of a QR code of text, one unit a module, and
// its size; "" when text is too long.
func qrPath(text string) (path string, size int) {
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", 0
	}
	var b strings.Builder
	for y := range code.Size {
		for x := 0; x < code.Size; x++ {
			if !code.Black(x, y) {
				continue
			}
			run := 1
			for x+run < code.Size && code.Black(x+run, y) {
				run++
			}
			b.WriteString("M" + itoa(x) + " " + itoa(y) + "h" + itoa(run) + "v1h-" + itoa(run) + "z")
			x += run
		}
	}
	return b.String(), code.Size
}

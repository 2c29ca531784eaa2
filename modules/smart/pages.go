// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"context"
	"net/url"
	"strings"

	"mach/access"
	"mach/store"
	"mach/vn"
	"mach/web"
	"mach/web/components/field"
	"mach/web/components/plain"
	"mach/web/components/table"
)

// scopeText says in a sentence what a scope lets an application do.
func scopeText(ctx context.Context, text string) string {
	if access.IsContextScope(text) {
		return web.T(ctx, "smart.scope."+strings.ReplaceAll(text, "/", "_"))
	}
	s, err := access.ParseScope(text)
	if err != nil {
		return text
	}
	what := web.T(ctx, "smart.all")
	if s.Type != "*" {
		what = web.TOr(ctx, "smart.type."+s.Type, s.Type)
	}
	does := "see"
	switch write := strings.ContainsAny(s.Rights, "cud"); {
	case write && strings.ContainsAny(s.Rights, "rs"):
		does = "both"
	case write:
		does = "write"
	}
	return web.T(ctx, "smart.scope."+s.Context+"."+does, what)
}

// scopeHint adds what the sentence leaves out: the query, or that the
// application works when nobody is there.
func scopeHint(ctx context.Context, text string) string {
	if text == access.ScopeOffline || text == access.ScopeOnline {
		return web.T(ctx, "smart.scope."+text+".hint")
	}
	s, err := access.ParseScope(text)
	if err != nil || s.Query == "" {
		return ""
	}
	var parts []string
	for pair := range strings.SplitSeq(s.Query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if v, err := url.QueryUnescape(value); err == nil {
			value = v
		}
		var values []string
		for one := range strings.SplitSeq(value, ",") {
			code := one[strings.LastIndexByte(one, '|')+1:]
			values = append(values, web.TOr(ctx, "smart.value."+code, code))
		}
		parts = append(parts, web.TOr(ctx, "smart.query."+name, name)+": "+strings.Join(values, ", "))
	}
	return web.T(ctx, "smart.only", strings.Join(parts, "; "))
}

func scopeOptions(ctx context.Context, scopes []string) []field.Option {
	var out []field.Option
	for _, s := range scopes {
		out = append(out, field.Option{Value: s, Text: scopeText(ctx, s), Hint: scopeHint(ctx, s)})
	}
	return out
}

// withAll ticks every scope before anybody has touched the form.
func withAll(d askData) *web.Form {
	if !d.Form.Sent() {
		for _, s := range d.Scopes {
			d.Form.Append("scope", s)
		}
		if len(d.Own) > 0 {
			d.Form.Set("role", d.Own[0].ID)
		}
	}
	return d.Form
}

func ownOptions(d askData) []field.Option {
	var out []field.Option
	for _, o := range d.Own {
		out = append(out, field.Option{Value: o.ID, Text: o.Text, Hint: o.Note})
	}
	return out
}

// person is a name with the date of birth, as people tell two apart.
func person(ctx context.Context, c choice) string {
	p, err := vn.ParsePartialDate(c.Birth)
	if err != nil || !p.Known() {
		return c.Text
	}
	return c.Text + " · " + web.PartialDate(ctx, p)
}

// chooseHref is this request with the record in it.
func chooseHref(d askData, c choice) string {
	return pathAuthorize + "?" + d.Request.query + "&patient=" + url.QueryEscape(c.ID)
}

// recordHref is this request with the record at hand in it.
func recordHref(d askData) string {
	if d.Citizen && len(d.Own) == 1 {
		return pathAuthorize + "?" + d.Request.query + "&role=" + url.QueryEscape(d.Own[0].ID)
	}
	return chooseHref(d, d.Patient)
}

// visitHref is recordHref with a visit, "" = with none.
func visitHref(d askData, id string) string {
	return recordHref(d) + "&encounter=" + url.QueryEscape(id)
}

// whose names the record at hand, "" while there are several or none.
func whose(ctx context.Context, d askData) string {
	if !d.Citizen || d.Patient.ID != "" {
		return person(ctx, d.Patient)
	}
	if len(d.Own) != 1 {
		return ""
	}
	if d.Own[0].Note == "" {
		return d.Own[0].Text
	}
	return d.Own[0].Text + " · " + d.Own[0].Note
}

func chooseTitle(ctx context.Context, d askData) string {
	if d.Citizen {
		return web.T(ctx, "smart.ask.whose")
	}
	return web.T(ctx, "smart.choose")
}

// hidden are the parameters of the request for a form that asks again.
func hidden(d askData) [][2]string {
	q, err := url.ParseQuery(d.Request.query)
	if err != nil {
		return nil
	}
	var out [][2]string
	for _, name := range asked {
		if q.Has(name) {
			out = append(out, [2]string{name, q.Get(name)})
		}
	}
	return out
}

// place is the host that gets the answer, which a name alone would not tell.
func place(d askData) string {
	if u, err := url.Parse(d.Request.redirect); err == nil && u.Host != "" {
		return u.Host
	}
	return d.Request.redirect
}

func vendorOf(ctx context.Context, c access.Client) string {
	if c.Vendor == "" {
		return web.T(ctx, "smart.vendor.none")
	}
	return c.Vendor
}

// givenNote says since when, as whom and when last.
func givenNote(ctx context.Context, g access.Given) string {
	role := web.RoleName(ctx, g.Role)
	if g.Place != "" {
		role += " · " + g.Place
	}
	if g.Used.IsZero() {
		return web.T(ctx, "smart.mine.unused", role, web.Date(ctx, vn.DateOf(g.Made)))
	}
	return web.T(ctx, "smart.mine.line", role, web.Date(ctx, vn.DateOf(g.Made)), web.Ago(ctx, g.Used))
}

// shownScopes are those that somebody was asked about.
func shownScopes(scopes []string) []string {
	var out []string
	for _, s := range scopes {
		if !implied(s) {
			out = append(out, s)
		}
	}
	return out
}

func clientCols(ctx context.Context) []table.Col {
	return []table.Col{{Head: web.T(ctx, "smart.client.name"), Wide: true}, {Head: web.T(ctx, "smart.client.vendor")}, {Head: web.T(ctx, "smart.client.kind")}, {Head: web.T(ctx, "smart.client.state")}}
}

func clientRows(ctx context.Context, list []access.Client) [][]table.Cell {
	var out [][]table.Cell
	for _, c := range list {
		out = append(out, []table.Cell{{Text: c.Name, Href: "/ung-dung/quan-ly/" + c.ID}, {Text: c.Vendor}, {Text: web.T(ctx, "smart.kind."+c.Kind)}, {Text: clientState(ctx, c)}})
	}
	return out
}

func clientState(ctx context.Context, c access.Client) string {
	if c.Open() {
		return web.T(ctx, "smart.client.open")
	}
	return web.T(ctx, "smart.client.ended", web.Date(ctx, vn.DateOf(c.Ended)))
}

// clientFacts are the lines of a client's page: name and values.
func clientFacts(ctx context.Context, c access.Client) [][]string {
	keys := c.KeysURL
	if c.Keys != "" {
		keys = web.T(ctx, "smart.client.keys.held")
	}
	as := ""
	if c.Kind == access.ClientBackend {
		as = worksAs(ctx, c)
	}
	facts := [][]string{{"smart.client.id", c.ID}, {"smart.client.vendor", c.Vendor}, {"smart.client.kind", web.T(ctx, "smart.kind."+c.Kind)}, {"smart.client.role", as},
		append([]string{"smart.client.redirects"}, c.Redirects...), {"smart.client.launch", c.Launch}, append([]string{"smart.client.origins"}, c.Origins...),
		{"smart.client.keys", keys}}
	var out [][]string
	for _, f := range facts {
		if len(f) > 1 && f[1] != "" {
			out = append(out, f)
		}
	}
	return out
}

// fixedFacts are what cannot be changed of a client: name, value and why.
func fixedFacts(ctx context.Context, c access.Client) [][3]string {
	out := [][3]string{{web.T(ctx, "smart.client.id"), c.ID, web.T(ctx, "smart.change.fixed.id")},
		{web.T(ctx, "smart.client.kind"), web.T(ctx, "smart.kind."+c.Kind), web.T(ctx, "smart.change.fixed.kind")}}
	if c.Kind == access.ClientBackend {
		out = append(out, [3]string{web.T(ctx, "smart.client.role"), worksAs(ctx, c), web.T(ctx, "smart.change.fixed.role")})
	}
	return out
}

func worksAs(ctx context.Context, c access.Client) string {
	return web.RoleName(ctx, c.Role) + " · " + c.FacilityName
}

// scopesHint says what taking a scope away does: of a service nobody was asked.
func scopesHint(ctx context.Context, c access.Client) string {
	if c.Kind == access.ClientBackend {
		return web.T(ctx, "smart.change.scopes.backend")
	}
	return web.T(ctx, "smart.change.scopes")
}

func changeHref(c access.Client) string { return "/ung-dung/quan-ly/" + c.ID + "/sua" }

// spoken reports whether a line of a client's page is words, not an address.
func spoken(key string) bool {
	return key == "smart.client.vendor" || key == "smart.client.kind" || key == "smart.client.role"
}

func kindOptions(ctx context.Context) []field.Option {
	var out []field.Option
	for _, k := range access.ClientKinds() {
		out = append(out, field.Option{Value: k, Text: web.T(ctx, "smart.kind."+k), Hint: web.T(ctx, "smart.kind."+k+".hint")})
	}
	return out
}

func serviceOptions(ctx context.Context) []field.Option {
	var out []field.Option
	for _, r := range serviceRoles {
		out = append(out, field.Option{Value: string(r), Text: web.RoleName(ctx, r)})
	}
	return out
}

func backToManage(ctx context.Context) web.Link {
	return web.Link{Text: web.T(ctx, "smart.manage"), Href: "/ung-dung/quan-ly"}
}

func backToSelf(ctx context.Context) web.Link {
	return web.Link{Text: web.T(ctx, "account.self"), Href: "/tai-khoan"}
}

func startHref(d startData, c access.Client) string {
	at := "/ung-dung/khoi-chay/" + c.ID + "/" + d.Patient
	if d.Encounter != "" {
		at += "?encounter=" + url.QueryEscape(d.Encounter)
	}
	return at
}

func isAdmin(ctx context.Context) bool { return web.SessionOf(ctx).Actor.Role == store.Administrator }

// ownLines are one's own records, each with the way on in its role.
func ownLines(d askData) []plain.Line {
	var out []plain.Line
	for _, o := range d.Own {
		out = append(out, plain.Line{Icon: "user", Text: o.Text, Note: o.Note, Href: recordHref(askData{Request: d.Request, Citizen: true, Own: []choice{o}})})
	}
	return out
}

func visitLines(ctx context.Context, d askData) []plain.Line {
	var out []plain.Line
	for _, v := range d.Visits {
		out = append(out, plain.Line{Icon: "calendar", Text: v.title(ctx), Note: v.note(ctx), Href: visitHref(d, v.ID)})
	}
	return out
}

func foundLines(ctx context.Context, d askData) []plain.Line {
	var out []plain.Line
	for _, c := range d.Found {
		out = append(out, plain.Line{Icon: "user", Text: person(ctx, c), Href: chooseHref(d, c)})
	}
	return out
}

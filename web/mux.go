// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"mach/i18n"
	"mach/store"
	"mach/vn"
	"mach/web/assets"
)

// Options are what a Mux needs. Only Catalogue must be set.
type Options struct {
	Catalogue *i18n.Catalogue
	Sessions  Sessions  // nil: everybody is nobody
	Once      OnceStore // nil: keys are remembered in memory
	Now       func() time.Time
	Log       *slog.Logger
	Demo      bool    // show "generated data" on every page
	Places    []Place // the staff rail, in order
	Book      []Place // the bar of the citizen's pages, in order
	Search    string  // where "/" searches; "" hides the field
	SearchWho Who     // who may search there; "" = all staff
	Secure    bool    // cookies are Secure although TLS ends before us
	// Follow says who may wake on a live topic; nil: everybody signed in.
	Follow func(s Session, topic string) bool
	// Behind says until when views are complete, and whether that is too long
	// ago to be passed over; nil: they always are.
	Behind func(ctx context.Context, views ...string) (until time.Time, behind bool)
	// Seen is told of every answer, for metrics; nil: nobody asks. The pattern
	// is that of the route ("" = none matched), so it names nobody.
	Seen func(method, pattern string, status int, took time.Duration)
	// Origin says whether pages of another origin may speak to mounts and
	// services (CORS); nil: none may.
	Origin func(ctx context.Context, origin string) bool
	// URL is the address under which others reach us; "" = the name they used,
	// if it is one of this machine.
	URL string
	// MaxBody is the largest request body in bytes; 0 = 1 MiB. A route may
	// ask for more with Route.MaxBody.
	MaxBody int64
	// AppRate is how many requests a second one application token may make, with
	// bursts of twice as many; 0 = 200. People's pages and sign-in keep theirs.
	AppRate int
}

// Place is an entry of the rail: a place people go, not a feature.
type Place struct {
	Key  string // message key of its name
	Path string // where it leads; also what Chrome.Place names
	Icon string
	Who  Who
}

// Handler answers a request or returns why it could not.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Route is one registered route.
type Route struct {
	Method string // GET, POST …; "*" for a mount
	Path   string // pattern without method: /tram/{encounter}
	Who    Who
	max    int64
	twice  bool

	service bool
}

// MaxBody lets the route take bodies of up to n bytes, for uploads.
func (r *Route) MaxBody(n int64) *Route { r.max = n; return r }

// Repeatable says that sending the form twice is harmless (sign-in, search):
// no idempotency key is kept for it.
func (r *Route) Repeatable() *Route { r.twice = true; return r }

// Once reports whether a form sent here twice is answered once.
func (r *Route) Once() bool { return r.Method == http.MethodPost && !r.twice }

// mount reports whether the route is one of [Mux.Mount].
func (r *Route) mount() bool { return r.Method == "*" }

// Mux routes requests to handlers through the middleware. Register all routes
// before serving.
type Mux struct {
	opt    Options
	mux    *http.ServeMux
	routes []*Route

	services map[string]bool // paths

	hub    *hub
	limits *limits
	atWork atWork
	assets *assets.Set
	cross  *http.CrossOriginProtection
	root   http.Handler
}

// New returns a Mux with the kit's own routes: static files, /live, /offline,
// /manifest.webmanifest, /sw.js.
func New(o Options) *Mux {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.MaxBody == 0 {
		o.MaxBody = 1 << 20
	}
	if o.SearchWho == "" {
		o.SearchWho = AnyStaff
	}
	if o.Once == nil {
		o.Once = newMemoryOnce(o.Now)
	}
	m := &Mux{
		opt:    o,
		mux:    http.NewServeMux(),
		hub:    newHub(o.Now),
		limits: newLimits(o.Now, o.AppRate),
		atWork: atWork{keys: map[string]bool{}},
		assets: assets.Open(),
		cross:  http.NewCrossOriginProtection(),

		services: map[string]bool{},
	}
	m.root = m.observe(m.guard(m.mux))
	m.own()
	return m
}

// Get registers a page or fragment. Patterns are those of http.ServeMux
// without the method: "/tram/{encounter}".
func (m *Mux) Get(pattern string, who Who, h Handler) *Route {
	return m.add(http.MethodGet, pattern, who, h)
}

// Post registers what a form does. It answers with Redirect, or with Refuse
// and the form again.
func (m *Mux) Post(pattern string, who Who, h Handler) *Route {
	return m.add(http.MethodPost, pattern, who, h)
}

// Mount gives every method and path under prefix ("/fhir") to h, which does
// its own routing and errors. Only here do tokens with scopes get in: the
// handler must heed them. The session, limits, headers and the access log
// are the kit's; fail writes the kit's own refusals (throttled, too large,
// forged token, a panic) in the mount's language. Cross-origin writes are
// refused unless they carry an Authorization header.
func (m *Mux) Mount(prefix string, h http.Handler, fail func(http.ResponseWriter, *http.Request, error)) *Route {
	route := &Route{Method: "*", Path: prefix + "/", Who: Public, max: m.opt.MaxBody, twice: true}
	m.routes = append(m.routes, route)
	serve := m.shared(m.serve(route, func(w http.ResponseWriter, r *http.Request) error { h.ServeHTTP(w, r); return nil }, fail))
	m.mux.Handle(prefix+"/", serve)
	m.mux.Handle(prefix, serve)
	return route
}

// Service gives every method on one path to h, which asks no session: it knows
// neither cookie nor token, only what the request itself proves. So it may be
// posted to from anywhere, as the token endpoint of applications must.
func (m *Mux) Service(path string, h http.Handler, fail func(http.ResponseWriter, *http.Request, error)) *Route {
	route := &Route{Method: "*", Path: path, Who: Public, max: 64 << 10, twice: true, service: true}
	m.routes, m.services[path] = append(m.routes, route), true
	m.mux.Handle(path, m.shared(m.serve(route, func(w http.ResponseWriter, r *http.Request) error { h.ServeHTTP(w, r); return nil }, fail)))
	return route
}

func (m *Mux) add(method, pattern string, who Who, h Handler) *Route {
	route := &Route{Method: method, Path: pattern, Who: who, max: m.opt.MaxBody}
	m.routes = append(m.routes, route)
	m.mux.Handle(method+" "+pattern, m.serve(route, h, m.Fail))
	return route
}

// RouteList returns every route, sorted by path, then method. The page tests
// walk it.
func (m *Mux) RouteList() []Route {
	list := make([]Route, len(m.routes))
	for i, r := range m.routes {
		list[i] = *r
	}
	slices.SortFunc(list, func(a, b Route) int {
		if c := strings.Compare(a.Path, b.Path); c != 0 {
			return c
		}
		return strings.Compare(a.Method, b.Method)
	})
	return list
}

// ServeHTTP answers one request.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.root.ServeHTTP(w, r) }

// Publish wakes every page section that lives on one of the topics. It never
// blocks and may be called from anywhere, at any rate.
func (m *Mux) Publish(topics ...string) { m.hub.publish(topics...) }

// Streams returns how many live streams are open.
func (m *Mux) Streams() int {
	m.hub.mu.Lock()
	defer m.hub.mu.Unlock()
	return len(m.hub.streams)
}

// Close ends all live streams, so that the server can stop.
func (m *Mux) Close() { m.hub.close() }

// visit is the state of one request, carried in its context.
type visit struct {
	mux     *Mux // nil when a page is rendered without a server
	cat     *i18n.Catalogue
	assets  *assets.Set
	now     time.Time
	id      string
	lang    i18n.Lang
	session Session
	pattern string
	path    string       // with query, for language links and return addresses
	once    string       // key of the form being answered
	flash   string       // message to show, already in words
	said    [][]string   // messages for the next page
	late    *atomic.Bool // a view was late for what the form wrote
	demo    bool
	partial bool // asked by htmx for a part of a page
	fail    func(http.ResponseWriter, *http.Request, error)
}

type visitKey struct{}

func visitOf(ctx context.Context) *visit {
	if v, ok := ctx.Value(visitKey{}).(*visit); ok {
		return v
	}
	return &visit{lang: i18n.Vietnamese, assets: assets.Open(), now: time.Now()}
}

// WithVisit returns a context in which components and layouts render without
// a server, as session sees them in lang: for tests and printed documents.
func WithVisit(ctx context.Context, cat *i18n.Catalogue, lang i18n.Lang, s Session, now time.Time) context.Context {
	v := &visit{cat: cat, assets: assets.Open(), now: now, lang: lang, session: s, path: "/"}
	return context.WithValue(ctx, visitKey{}, v)
}

// Actor returns who is asking; the zero Actor for nobody.
func Actor(r *http.Request) store.Actor {
	a := visitOf(r.Context()).session.Actor
	a.Request = visitOf(r.Context()).id
	return a
}

// SessionOf returns the session of the request; the zero Session for nobody.
func SessionOf(ctx context.Context) Session { return visitOf(ctx).session }

// Lang returns the language of the answer.
func Lang(r *http.Request) i18n.Lang { return visitOf(r.Context()).lang }

// Today returns the civil date in Vietnam when the request arrived.
func Today(r *http.Request) vn.Date { return vn.DateOf(visitOf(r.Context()).now) }

// Now returns when the request arrived.
func Now(ctx context.Context) time.Time { return visitOf(ctx).now }

// Behind says until when the views that a page shows are complete, and whether
// the page should say so. Component asof does.
func Behind(ctx context.Context, views ...string) (until time.Time, behind bool) {
	v := visitOf(ctx)
	if v.mux == nil || v.mux.opt.Behind == nil {
		return time.Time{}, false
	}
	return v.mux.opt.Behind(ctx, views...)
}

// IsPartial reports whether htmx asks for a part of a page.
func IsPartial(r *http.Request) bool { return visitOf(r.Context()).partial }

// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"log/slog"
	"net/http"
	"time"

	"mach/access"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// Module serves pages and services.
type Module struct {
	access *access.Access
	store  *store.Store
	units  *vn.Units
	fhir   string // path of the FHIR service
	log    *slog.Logger
	now    func() time.Time
}

// New makes the module. fhir is the path of the FHIR service, "/fhir".
func New(a *access.Access, s *store.Store, units *vn.Units, fhir string, log *slog.Logger, now func() time.Time) *Module {
	return &Module{access: a, store: s, units: units, fhir: fhir, log: log, now: now}
}

var (
	admins   = web.Roles(store.Administrator)
	starters = web.AnyStaff
)

// The services.
const (
	pathAuthorize  = "/smart/authorize"
	pathToken      = "/smart/token"
	pathIntrospect = "/smart/introspect"
	pathRevoke     = "/smart/revoke"
	pathKeys       = "/smart/jwks"
)

// Routes registers everything.
func (m *Module) Routes(mux *web.Mux) {
	for path, h := range map[string]http.HandlerFunc{
		pathToken: m.token, pathIntrospect: m.introspect, pathRevoke: m.revoke, pathKeys: m.keys,
		"/.well-known/smart-configuration": m.configuration, m.fhir + "/.well-known/smart-configuration": m.configuration,
		"/.well-known/openid-configuration": m.configuration, m.fhir + "/.well-known/openid-configuration": m.configuration,
	} {
		mux.Service(path, h, m.fail)
	}
	// A second click asks for a second code, which nobody uses.
	mux.Get(pathAuthorize, web.SignedIn, m.ask)
	mux.Post(pathAuthorize, web.SignedIn, m.agree).Repeatable()

	mux.Get("/ung-dung", web.SignedIn, m.mine)
	mux.Post("/ung-dung/{id}/rut", web.SignedIn, m.takeBack)
	mux.Get("/ung-dung/cua/{patient}", starters, m.startable)
	mux.Get("/ung-dung/khoi-chay/{client}/{patient}", starters, m.start)

	mux.Get("/ung-dung/quan-ly", admins, m.managePage)
	mux.Get("/ung-dung/quan-ly/moi", admins, m.newPage)
	mux.Post("/ung-dung/quan-ly/moi", admins, m.register)
	mux.Get("/ung-dung/quan-ly/{id}", admins, m.clientPage)
	mux.Get("/ung-dung/quan-ly/{id}/sua", admins, m.changePage)
	mux.Post("/ung-dung/quan-ly/{id}/sua", admins, m.change)
	mux.Post("/ung-dung/quan-ly/{id}/khoa", admins, m.rotate)
	mux.Post("/ung-dung/quan-ly/{id}/dong", admins, m.switchOff)
}

// base is the address of the FHIR service. Signatures name as whom they are for.
func (m *Module) base(r *http.Request) string { return web.OwnAddress(r) + m.fhir }

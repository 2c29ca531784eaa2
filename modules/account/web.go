// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"net/http"
	"time"

	"mach/access"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// Stranger is somebody found by full number and birth year: enough to know
// that it is the one at hand, no more.
type Stranger struct {
	Patient string
	Name    string
	Sex     string // FHIR administrative gender
	Year    string // of birth
	Place   string // commune
}

// Identify finds anybody by full number and birth year; nil when nobody is.
type Identify func(ctx context.Context, a store.Actor, number vn.PersonalID, birthYear int) ([]Stranger, error)

// Module serves the pages.
type Module struct {
	access   *access.Access
	store    *store.Store
	units    *vn.Units
	identify Identify
	lan      bool
	now      func() time.Time
}

// New makes the module. lan lets one-time links of a demonstration work on the
// private network too.
func New(a *access.Access, s *store.Store, units *vn.Units, identify Identify, lan bool, now func() time.Time) *Module {
	return &Module{access: a, store: s, units: units, identify: identify, lan: lan, now: now}
}

// Who opens what beside one's own account.
var (
	breakers  = web.Roles(store.Doctor, store.Nurse, store.Midwife, store.StationDirector)
	reviewers = web.Roles(store.AccessReviewer)
	admins    = web.Roles(store.Administrator)
	overseers = web.Roles(store.Administrator, store.AccessReviewer)
	citizens  = web.Roles(store.Person, store.Guardian)
	desk      = web.Roles(store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.ImmunisationOff, store.StationDirector)
)

// Routes registers the pages.
func (m *Module) Routes(mux *web.Mux) {
	mux.Get("/sign-in", web.Public, m.signInPage)
	mux.Post("/sign-in", web.Public, m.signIn).Repeatable()
	mux.Get("/sign-in/link/{secret}", web.Public, m.link)
	mux.Post("/sign-out", web.Public, m.signOut).Repeatable()
	mux.Get("/khoa", web.Public, m.lockPage)
	mux.Post("/khoa", web.Public, m.lock).Repeatable()
	mux.Post("/khoa/dang-dung", web.SignedIn, m.awake).Repeatable()
	mux.Post("/khoa/mo", web.Public, m.unlock).Repeatable()
	mux.Get("/doi-nguoi", web.Public, m.switchPage)
	mux.Post("/doi-nguoi", web.Public, m.switchUser).Repeatable()
	mux.Post("/doi-nguoi/quen", web.Public, m.forgetUser).Repeatable()

	mux.Get("/tai-khoan", web.SignedIn, m.selfPage)
	mux.Post("/tai-khoan/vai", web.SignedIn, m.changeRole)
	mux.Post("/tai-khoan/ngon-ngu", web.SignedIn, m.setLang)
	mux.Post("/tai-khoan/phien", web.SignedIn, m.endSession)
	mux.Get("/tai-khoan/mat-khau", web.SignedIn, m.passwordPage)
	mux.Post("/tai-khoan/mat-khau", web.SignedIn, m.changePassword)
	mux.Get("/tai-khoan/ma-pin", web.AnyStaff, m.pinPage)
	mux.Post("/tai-khoan/ma-pin", web.AnyStaff, m.setPIN)
	mux.Get("/tai-khoan/ma-mot-lan", web.SignedIn, m.codePage)
	mux.Post("/tai-khoan/ma-mot-lan", web.SignedIn, m.setCode)

	mux.Get("/tai-khoan/dong-y", citizens, m.consentPage)
	mux.Post("/tai-khoan/dong-y", citizens, m.consent)
	mux.Post("/tai-khoan/dong-y/{id}/rut", citizens, m.withdraw)
	mux.Get("/tai-khoan/thong-bao", citizens, m.notices)
	mux.Get("/tai-khoan/giam-ho", desk, m.guardianPage)
	mux.Post("/tai-khoan/giam-ho/tim", desk, m.findChild).Repeatable()
	mux.Post("/tai-khoan/giam-ho", desk, m.addGuardian)
	mux.Post("/tai-khoan/giam-ho/{id}", desk, m.changeGuardian)

	mux.Get("/tai-khoan/khan-cap", breakers, m.emergencyPage)
	mux.Post("/tai-khoan/khan-cap/tim", breakers, m.findStranger).Repeatable()
	mux.Post("/tai-khoan/khan-cap", breakers, m.breakGlass)
	mux.Get("/tai-khoan/khan-cap/{id}", breakers, m.glassPage)
	mux.Post("/tai-khoan/khan-cap/{id}/day-du", breakers, m.openFull)
	mux.Get("/tai-khoan/ra-soat", reviewers, m.reviewPage)
	mux.Get("/tai-khoan/ra-soat/{id}", reviewers, m.reviewOne)
	mux.Post("/tai-khoan/ra-soat/{id}", reviewers, m.review)

	mux.Get("/tai-khoan/nhieu-nguoi", overseers, m.crowdPage)

	mux.Get("/tai-khoan/quan-ly", admins, m.managePage)
	mux.Get("/tai-khoan/quan-ly/moi", admins, m.newAccountPage)
	mux.Post("/tai-khoan/quan-ly/moi", admins, m.newAccount)
	mux.Get("/tai-khoan/quan-ly/{id}", admins, m.accountPage)
	mux.Post("/tai-khoan/quan-ly/{id}/vai", admins, m.addRole)
	mux.Post("/tai-khoan/quan-ly/{id}/vai/{role}/ket-thuc", admins, m.endRole)
	mux.Post("/tai-khoan/quan-ly/{id}/dat-lai", admins, m.resetAccount)
	mux.Post("/tai-khoan/quan-ly/{id}/dong", admins, m.closeAccount)
}

// take puts what people can mend into the form, a wrong password or a wait
// included; any other error comes back.
func take(f *web.Form, err error) error {
	var e *issue.Error
	if !errors.As(err, &e) || issue.Is(err, issue.NotFound) || issue.Is(err, issue.Exception) {
		return err
	}
	for _, i := range e.Issues {
		f.Fail(i.Path, i.Code, i.Key, i.Args...)
	}
	return nil
}

// session finds the whole session behind a request; the kit knows a part.
func (m *Module) session(r *http.Request) (access.Session, error) {
	return m.access.Sessions.Resolve(r)
}

// forget drops what must never be shown again.
func forget(f *web.Form, names ...string) {
	for _, n := range names {
		f.Set(n, "")
	}
}

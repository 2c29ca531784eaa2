// SPDX-License-Identifier: Apache-2.0

package account

import (
	"mach/store"
	"mach/web"
)

// Who opens what beside one's own account.
var (
	breakers  = web.Roles(store.Doctor, store.Nurse, store.Midwife, store.StationDirector)
	reviewers = web.Roles(store.AccessReviewer)
	admins    = web.Roles(store.Administrator)
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

	mux.Get("/tai-khoan/quan-ly", admins, m.managePage)
	mux.Get("/tai-khoan/quan-ly/moi", admins, m.newAccountPage)
	mux.Post("/tai-khoan/quan-ly/moi", admins, m.newAccount)
	mux.Get("/tai-khoan/quan-ly/{id}", admins, m.accountPage)
	mux.Post("/tai-khoan/quan-ly/{id}/vai", admins, m.addRole)
	mux.Post("/tai-khoan/quan-ly/{id}/vai/{role}/ket-thuc", admins, m.endRole)
	mux.Post("/tai-khoan/quan-ly/{id}/dat-lai", admins, m.resetAccount)
	mux.Post("/tai-khoan/quan-ly/{id}/dong", admins, m.closeAccount)
}

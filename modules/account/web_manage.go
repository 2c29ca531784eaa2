// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"mach/access"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/web"
)

// assignable are the roles an administrator gives at a facility, in the order
// of the list.
var assignable = []store.Role{store.Receptionist, store.Nurse, store.Doctor, store.Midwife, store.Pharmacist, store.ImmunisationOff,
	store.VillageWorker, store.StationDirector, store.Chairman, store.HospitalReporter, store.Coordinator, store.Expert,
	store.PrivateClinic, store.CDC, store.ClosedDesk, store.Institute, store.Department, store.Ministry, store.AccessReviewer, store.Administrator}

// manageData is the list of accounts of a unit.
type manageData struct {
	Sought string
	List   []access.Staffed
	Full   bool // there are more
}

const managed = 100

func (m *Module) managePage(w http.ResponseWriter, r *http.Request) error {
	d := manageData{Sought: r.URL.Query().Get("tim")}
	var err error
	if d.List, err = m.access.Accounts.List(r.Context(), web.Actor(r), d.Sought, managed+1); err != nil {
		return err
	}
	if d.Full = len(d.List) > managed; d.Full {
		d.List = d.List[:managed]
	}
	return web.Render(w, r, managePage(d))
}

// newAccountData is the page of a new account.
type newAccountData struct {
	Form   *web.Form
	Sought string
	Places []place
}

func (m *Module) newAccountPage(w http.ResponseWriter, r *http.Request) error {
	d := newAccountData{Form: web.Blank(r), Sought: r.URL.Query().Get("tim")}
	var err error
	if d.Places, err = m.findPlaces(r.Context(), web.Actor(r), d.Sought); err != nil {
		return err
	}
	return web.Render(w, r, newAccountPage(d))
}

// handedData is shown once: what the administrator hands over.
type handedData struct {
	Account  access.Account
	Password string
	Code     string // base32 secret of one-time codes; "" = none
}

func (m *Module) newAccount(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	f := web.ParseForm(r)
	role := store.Role(f.Choice("role", roleNames()...))
	login, name, facility := f.Required("login"), f.Required("name"), f.Required("facility")
	f.Required("role")
	if f.OK() {
		at, err := m.place(ctx, a, facility)
		if err != nil {
			return err
		}
		handed, err := m.create(r, at, role, access.NewAccount{Login: login, Name: name, Practitioner: f.Get("practitioner"), Lang: i18n.Vietnamese})
		if err == nil {
			return web.Render(w, r, handedPage(handed))
		}
		if err := take(f, err); err != nil {
			return err
		}
	}
	d := newAccountData{Form: f, Sought: f.Get("tim")}
	var err error
	if d.Places, err = m.findPlaces(ctx, a, d.Sought); err != nil {
		return err
	}
	return web.Refuse(w, r, newAccountPage(d))
}

// create makes the account and its first role. The role is tried on the
// administrator's right before anything is made.
func (m *Module) create(r *http.Request, at place, role store.Role, n access.NewAccount) (handedData, error) {
	ctx, a := r.Context(), web.Actor(r)
	if !m.access.Accounts.Manages(a, at.Unit) {
		return handedData{}, issue.New(issue.Forbidden, "account.manage.outside").At("facility")
	}
	if err := m.worksAt(ctx, a, n.Practitioner, at); err != nil {
		return handedData{}, err
	}
	n.Password, n.Code = newPassword(), m.access.Accounts.NeedsCode(role)
	acc, secret, err := m.access.Accounts.Add(ctx, a, n, at.assignment("", role))
	return handedData{Account: acc, Password: n.Password, Code: secret}, err
}

// worksAt refuses a practitioner whom the directory does not have at the place:
// what the account signs and reads would be somebody else's.
func (m *Module) worksAt(ctx context.Context, a store.Actor, practitioner string, at place) error {
	if practitioner == "" {
		return nil
	}
	unknown := issue.New(issue.Value, "account.manage.practitioner.unknown").At("practitioner")
	if strings.ContainsAny(practitioner, ",|$\\/") {
		return unknown
	}
	page, err := m.store.For(a).Search(ctx, store.Query{Type: "PractitionerRole", Count: 50, Params: [][2]string{{"practitioner", "Practitioner/" + practitioner}}})
	if err != nil {
		return err
	}
	for _, d := range page.Docs {
		org := d.Get("organization").RefID("Organization")
		if d.Get("active").Raw() != "false" && (org == at.ID || org == at.station) && org != "" {
			return nil
		}
	}
	return unknown
}

func (p place) assignment(account string, role store.Role) access.Assignment {
	facility, site := p.facility()
	return access.Assignment{Account: account, Role: role, Facility: facility, FacilityName: p.Name, Site: site, Unit: p.Unit}
}

// newPassword is twenty letters and digits in groups that can be read out:
// 100 random bits.
func newPassword() string {
	t := strings.ToLower(rand.Text())[:20]
	return t[:5] + "-" + t[5:10] + "-" + t[10:15] + "-" + t[15:]
}

func roleNames() []string {
	out := make([]string, len(assignable))
	for i, r := range assignable {
		out[i] = string(r)
	}
	return out
}

// accountData is one account before its administrator.
type accountData struct {
	Form    *web.Form
	Account access.Account
	Roles   []access.Assignment
	Sought  string
	Places  []place
}

func (m *Module) accountPage(w http.ResponseWriter, r *http.Request) error {
	d, err := m.managedAccount(r, web.Blank(r), r.URL.Query().Get("tim"))
	if err != nil {
		return err
	}
	return web.Render(w, r, accountPage(d))
}

// managedAccount reads an account that the administrator keeps; any other is
// not found.
func (m *Module) managedAccount(r *http.Request, f *web.Form, sought string) (d accountData, err error) {
	ctx, a := r.Context(), web.Actor(r)
	d.Form, d.Sought = f, sought
	if d.Account, err = m.access.Accounts.Get(ctx, r.PathValue("id")); err != nil {
		return d, err
	}
	if d.Roles, err = m.access.Accounts.Assignments(ctx, d.Account.ID); err != nil {
		return d, err
	}
	// The other roles are none of the administrator's business.
	d.Roles = slices.DeleteFunc(d.Roles, func(s access.Assignment) bool { return !m.access.Accounts.Manages(a, s.Unit) })
	kept, err := m.access.Accounts.ManagesAccount(ctx, a, d.Account.ID)
	if err == nil && !kept {
		err = issue.New(issue.NotFound, "access.not_found")
	}
	if err != nil {
		return d, err
	}
	d.Places, err = m.findPlaces(ctx, a, sought)
	return d, err
}

func (m *Module) addRole(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	f := web.ParseForm(r)
	d, err := m.managedAccount(r, f, f.Get("tim"))
	if err != nil {
		return err
	}
	role := store.Role(f.Choice("role", roleNames()...))
	facility := f.Required("facility")
	f.Required("role")
	if f.OK() {
		at, err := m.place(ctx, a, facility)
		if err != nil {
			return err
		}
		s := at.assignment(d.Account.ID, role)
		if until := f.Date("until"); until.Known() {
			s.To = until.AddDays(1).Time()
		}
		_, err = m.access.Accounts.Assign(ctx, a, s)
		if err := take(f, err); err != nil {
			return err
		}
	}
	if !f.OK() {
		return web.Refuse(w, r, accountPage(d))
	}
	web.Flash(w, r, "account.manage.role_added")
	return web.Redirect(w, r, "/tai-khoan/quan-ly/"+d.Account.ID)
}

func (m *Module) endRole(w http.ResponseWriter, r *http.Request) error {
	if err := m.access.Accounts.EndAssignment(r.Context(), web.Actor(r), r.PathValue("role")); err != nil {
		return err
	}
	web.Flash(w, r, "account.manage.role_ended")
	return web.Redirect(w, r, "/tai-khoan/quan-ly/"+r.PathValue("id"))
}

func (m *Module) resetAccount(w http.ResponseWriter, r *http.Request) error {
	d, err := m.managedAccount(r, web.ParseForm(r), "")
	if err != nil {
		return err
	}
	handed := handedData{Account: d.Account, Password: newPassword()}
	if handed.Code, err = m.access.Accounts.Reset(r.Context(), web.Actor(r), d.Account.ID, handed.Password); err != nil {
		return err
	}
	return web.Render(w, r, handedPage(handed))
}

func (m *Module) closeAccount(w http.ResponseWriter, r *http.Request) error {
	if err := m.access.Accounts.Close(r.Context(), web.Actor(r), r.PathValue("id")); err != nil {
		return err
	}
	web.Flash(w, r, "account.manage.closed")
	return web.Redirect(w, r, "/tai-khoan/quan-ly")
}

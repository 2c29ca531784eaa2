// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"mach/access"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// serviceRoles are as whom a backend service may work: roles that a service of
// a hospital, a station or an authority has a use for.
var serviceRoles = []store.Role{store.StationDirector, store.HospitalReporter, store.PrivateClinic, store.CDC, store.Department}

func (m *Module) managePage(w http.ResponseWriter, r *http.Request) error {
	list, err := m.access.Clients.List(r.Context(), web.Actor(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, managePage(list))
}

func (m *Module) newPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, newPage(web.Blank(r, "kind", access.ClientPublic, "scopes", "launch launch/patient openid fhirUser patient/*.rs")))
}

// handedData is shown once.
type handedData struct {
	Client access.Client
	Secret string
}

func (m *Module) register(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	c := typed(f)
	c.Kind = f.Choice("kind", access.ClientKinds()...)
	if c.Kind == access.ClientBackend {
		if err := m.worksAs(r, f, &c); err != nil {
			return err
		}
	}
	if f.OK() {
		made, secret, err := m.access.Clients.Register(r.Context(), web.Actor(r), c)
		if err == nil && secret != "" {
			return web.Render(w, r, handedPage(handedData{made, secret}))
		}
		if err == nil {
			web.Flash(w, r, "smart.client.registered")
			return web.Redirect(w, r, "/ung-dung/quan-ly/"+made.ID)
		}
		if err := f.Add(err); err != nil {
			return err
		}
	}
	return web.Refuse(w, r, newPage(f))
}

// typed is what stands in the fields that can be changed later too.
func typed(f *web.Form) access.Client {
	return access.Client{
		Name: f.Text("name", 100), Vendor: f.Text("vendor", 100), Redirects: strings.Fields(f.Get("redirects")), Launch: f.Get("launch"),
		Origins: strings.Fields(f.Get("origins")), Keys: f.Get("keys"), KeysURL: f.Get("keys_url"), Scopes: strings.Fields(f.Get("scopes")),
	}
}

// openClient is the client of the page, as long as it is open.
func (m *Module) openClient(r *http.Request) (access.Client, error) {
	c, err := m.client(r.Context(), r)
	if err == nil && !c.Open() {
		err = issue.New(issue.BusinessRule, "access.client.closed")
	}
	return c, err
}

func (m *Module) changePage(w http.ResponseWriter, r *http.Request) error {
	c, err := m.openClient(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, changePage(c, web.Blank(r, "name", c.Name, "vendor", c.Vendor, "scopes", strings.Join(c.Scopes, "\n"), "redirects", strings.Join(c.Redirects, "\n"),
		"launch", c.Launch, "origins", strings.Join(c.Origins, "\n"), "keys_url", c.KeysURL, "keys", c.Keys)))
}

func (m *Module) change(w http.ResponseWriter, r *http.Request) error {
	was, err := m.openClient(r)
	if err != nil {
		return err
	}
	f := web.ParseForm(r)
	c := typed(f)
	c.ID = was.ID
	if f.OK() {
		now, secret, err := m.access.Clients.Change(r.Context(), web.Actor(r), c)
		if err == nil && secret != "" {
			return web.Render(w, r, handedPage(handedData{now, secret}))
		}
		if err == nil {
			web.Flash(w, r, "smart.client.changed")
			return web.Redirect(w, r, "/ung-dung/quan-ly/"+c.ID)
		}
		if err := f.Add(err); err != nil {
			return err
		}
	}
	return web.Refuse(w, r, changePage(was, f))
}

// worksAs reads as whom a backend service works: a role at the facility of a
// code, or in the administrator's own unit.
func (m *Module) worksAs(r *http.Request, f *web.Form, c *access.Client) error {
	names := make([]string, len(serviceRoles))
	for i, role := range serviceRoles {
		names[i] = string(role)
	}
	a := web.Actor(r)
	c.Role = store.Role(f.Choice("role", names...))
	f.Required("role")
	code := f.Get("facility")
	if code == "" {
		c.Unit, c.FacilityName = a.Unit, a.FacilityName
		return nil
	}
	page, err := m.store.For(a).Search(r.Context(), store.Query{Type: "Organization", Params: [][2]string{{"identifier", code}}, Count: 2})
	var no *issue.Error
	if err != nil && !errors.As(err, &no) {
		return err
	}
	if len(page.Docs) != 1 {
		f.Fail("facility", issue.Value, "smart.client.facility.unknown")
		return nil
	}
	d := page.Docs[0]
	c.Facility, c.FacilityName, c.Unit = d.ID(), d.Get("name").String(), m.unitOf(d)
	return nil
}

// unitOf reads where a facility stands, 0 when it does not say.
func (m *Module) unitOf(d *fhir.Doc) vn.UnitID {
	for e := range d.Get("address").Each("extension") {
		if e.Get("url").String() != "https://mach.vn/ext/unit" {
			continue
		}
		c := e.Get("valueCoding")
		on, err := vn.ParseDate(c.Get("version").String())
		if err != nil {
			on = vn.DateOf(m.now())
		}
		if u, ok := m.units.ByCode(c.Get("code").String(), on); ok {
			return u.ID
		}
	}
	return 0
}

func (m *Module) client(ctx context.Context, r *http.Request) (access.Client, error) {
	return m.access.Clients.Get(ctx, web.Actor(r), r.PathValue("id"))
}

func (m *Module) clientPage(w http.ResponseWriter, r *http.Request) error {
	c, err := m.client(r.Context(), r)
	if err != nil {
		return err
	}
	return web.Render(w, r, clientPage(c))
}

func (m *Module) rotate(w http.ResponseWriter, r *http.Request) error {
	c, err := m.client(r.Context(), r)
	if err != nil {
		return err
	}
	secret, err := m.access.Clients.Rotate(r.Context(), web.Actor(r), c.ID)
	if err != nil {
		return err
	}
	return web.Render(w, r, handedPage(handedData{c, secret}))
}

func (m *Module) switchOff(w http.ResponseWriter, r *http.Request) error {
	if err := m.access.Clients.SwitchOff(r.Context(), web.Actor(r), r.PathValue("id")); err != nil {
		return err
	}
	web.Flash(w, r, "smart.client.off")
	return web.Redirect(w, r, "/ung-dung/quan-ly/"+r.PathValue("id"))
}

// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// Routes registers the pages under /mang.
func (m *Module) Routes(mux *web.Mux) {
	send := web.Roles(senders...)
	mux.Get("/mang", web.AnyStaff, m.inboxPage)
	mux.Get("/mang/hop-thu", web.AnyStaff, m.inboxPart)
	mux.Get("/mang/chua-xac-nhan", web.AnyStaff, m.waitingPart)
	mux.Get("/mang/thong-bao/moi", send, m.composePage)
	mux.Post("/mang/thong-bao", send, m.publish)
	mux.Get("/mang/thong-bao/{id}", web.AnyStaff, m.noticePage)
	mux.Get("/mang/thong-bao/{id}/tien-do", send, m.tallyPart)
	mux.Post("/mang/thong-bao/{id}/xac-nhan", web.AnyStaff, m.acknowledge)
}

// inboxData is the list of announcements.
type inboxData struct {
	Notices []Notice
	Sends   bool
	Now     time.Time
}

func (m *Module) inbox(r *http.Request) (inboxData, error) {
	a := web.Actor(r)
	list, err := m.Inbox(r.Context(), a, 100)
	m.words(r.Context(), list)
	return inboxData{list, m.maySend(a, a.Oversees(m.units)), m.now()}, err
}

func (m *Module) inboxPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.inbox(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, inboxPage(p))
}

func (m *Module) inboxPart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.inbox(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, inboxList(p))
}

// waitingPart is what first screens include: announcements that wait for the
// reader, nothing when none does.
func (m *Module) waitingPart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.inbox(r)
	if err != nil {
		return err
	}
	var waiting []Notice
	for _, n := range p.Notices {
		if n.Mine && n.Acked.IsZero() {
			waiting = append(waiting, n)
		}
	}
	return web.Fragment(w, r, waitingList(waiting))
}

// composeData is the form of a new announcement.
type composeData struct {
	Form  *web.Form
	Units []vn.Unit // that may be addressed: the sender's and those directly below
}

func (m *Module) composeData(r *http.Request, f *web.Form) composeData {
	top := web.Actor(r).Oversees(m.units)
	u, _ := m.units.Get(top)
	return composeData{f, append([]vn.Unit{u}, m.units.Children(top, web.Today(r))...)}
}

func (m *Module) composePage(w http.ResponseWriter, r *http.Request) error {
	due := m.today().AddDays(1).String()
	unit := strconv.Itoa(int(web.Actor(r).Oversees(m.units)))
	return web.Render(w, r, composePage(m.composeData(r, web.Blank(r, "due", due, "unit", unit))))
}

func (m *Module) publish(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	d := Draft{Title: f.Get("title"), Body: f.Get("body")}
	for _, role := range f.All("roles") {
		d.Roles = append(d.Roles, store.Role(role))
	}
	if unit, err := strconv.Atoi(f.Required("unit")); err == nil {
		d.Unit = vn.UnitID(unit)
	}
	if day := f.Date("due"); day.Known() {
		// The whole day counts: until midnight in Viet Nam.
		d.Due = time.Unix((int64(day)+1)*24*60*60, 0).Add(-7 * time.Hour)
	} else if f.OK() {
		f.Fail("due", issue.Required, "web.field.required")
	}
	var id string
	if f.OK() {
		var err error
		id, err = m.Publish(r.Context(), web.Actor(r), web.OnceKey(r), d)
		if err := f.Add(err); err != nil {
			return err
		}
	}
	if !f.OK() {
		return web.Refuse(w, r, composePage(m.composeData(r, f)))
	}
	web.Flash(w, r, "peers.published")
	return web.Redirect(w, r, "/mang/thong-bao/"+url.PathEscape(id))
}

// noticeData is one announcement and, for those entitled, who is missing.
type noticeData struct {
	Notice
	Overseen bool
	Place    string // the unit addressed, in words
	Progress []Progress
	Missing  []Missing
	Acks     int
}

func (m *Module) noticeData(r *http.Request) (noticeData, error) {
	a := web.Actor(r)
	n, err := m.Read(r.Context(), a, r.PathValue("id"))
	if err != nil {
		return noticeData{}, err
	}
	one := []Notice{n}
	m.words(r.Context(), one)
	p := noticeData{Notice: one[0], Overseen: m.Oversees(a, n)}
	if u, ok := m.units.Get(n.Unit); ok {
		p.Place = u.Full()
	}
	if p.Overseen {
		if p.Progress, p.Missing, err = m.Tally(r.Context(), a, n.ID); err != nil {
			return p, err
		}
		for _, x := range p.Progress {
			p.Acks += x.Acked
		}
	}
	return p, nil
}

func (m *Module) noticePage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.noticeData(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, noticePage(p))
}

func (m *Module) tallyPart(w http.ResponseWriter, r *http.Request) error {
	p, err := m.noticeData(r)
	if err != nil {
		return err
	}
	if !p.Overseen {
		return issue.New(issue.NotFound, "peers.notice.unknown")
	}
	return web.Fragment(w, r, tally(p))
}

func (m *Module) acknowledge(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if err := m.Acknowledge(r.Context(), web.Actor(r), id); err != nil {
		return err
	}
	web.Flash(w, r, "peers.acknowledged")
	return web.Redirect(w, r, "/mang/thong-bao/"+url.PathEscape(id))
}

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

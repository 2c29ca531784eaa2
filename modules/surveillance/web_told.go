// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"bytes"
	"encoding/csv"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"mach/casereport"
	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

var (
	tellers = web.Roles(store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter, store.CDC)
	// enterers tell of one case in a form; the closed desk of its own diseases.
	enterers = web.Roles(store.Doctor, store.Midwife, store.StationDirector, store.PrivateClinic, store.HospitalReporter, store.CDC, store.ClosedDesk)
	walkers  = web.Roles(store.VillageWorker)
	hearers  = web.Roles(store.Nurse, store.Doctor, store.Midwife, store.StationDirector)
)

// toldRoutes are the ways a case comes in without a visit.
func (m *Module) toldRoutes(mux *web.Mux) {
	mux.Get("/dich/bao-ca", enterers, m.toldPage)
	mux.Post("/dich/bao-ca", enterers, m.enterTold)
	mux.Get("/dich/danh-sach", tellers, m.listPage)
	mux.Post("/dich/danh-sach", tellers, m.preview).Repeatable()
	mux.Post("/dich/danh-sach/ghi", tellers, m.record)
	mux.Get("/dich/tin", walkers, m.messagePage)
	mux.Post("/dich/tin", walkers, m.message)
	mux.Get("/dich/tin/{message}", hearers, m.answerPage)
	mux.Post("/dich/tin/{message}", hearers, m.answer)
}

// toldData is the form of a case without a visit.
type toldData struct {
	formData
	Message *Message
	Alike   []Case
	unit    func(vn.UnitID) string
}

func (m *Module) toldData(r *http.Request, f *web.Form) (toldData, error) {
	p := toldData{unit: m.unitName}
	p.formData = m.formData(r, "", "", Report{}, f)
	p.Choices = nil
	if id := f.Get("message"); id != "" {
		msg, err := m.Message(r.Context(), web.Actor(r), id)
		if err != nil {
			return p, err
		}
		p.Message = &msg
	}
	return p, nil
}

// toldPage is empty, or begins with what a village worker told, or with the
// disease (benh) and the commune (xa) of who leads here.
func (m *Module) toldPage(w http.ResponseWriter, r *http.Request) error {
	f := web.Blank(r, "class", string(casereport.Suspect), "diagnosed", web.Today(r).String(), "message", r.URL.Query().Get("tin"))
	p, err := m.toldData(r, f)
	if err != nil {
		return err
	}
	if d, ok := m.diseases.ByID(r.URL.Query().Get("benh")); ok && !d.Closed {
		f.Set("disease", d.ID)
	}
	if u, ok := m.units.ByCode(r.URL.Query().Get("xa"), web.Today(r)); ok && u.Level == vn.LevelCommune {
		f.Set("commune", u.Full())
	}
	if t := p.Message; t != nil {
		for field, value := range map[string]string{"name": t.Who, "sex": t.Sex, "phone": vn.Phone(t.Phone).National(), "address": t.Where, "disease": t.Disease} {
			f.Set(field, value)
		}
		if t.Born > 0 {
			f.Set("birth", strconv.Itoa(t.Born))
		}
		if t.Since.Known() {
			f.Set("onset", t.Since.String())
		}
		if u, ok := m.units.Get(t.place); ok {
			f.Set("commune", u.Full())
		}
	}
	return web.Render(w, r, toldPage(p))
}

// toldOf reads the form.
func (m *Module) toldOf(r *http.Request, f *web.Form) Told {
	t := Told{
		Name: f.Text("name", 200), Number: f.Text("number", 30), Sex: f.Choice("sex", "male", "female", "other", "unknown"),
		Phone: f.Text("phone", 30), Address: f.Text("address", 300), Message: f.Get("message"), Answers: m.reportOf(f),
	}
	if text := f.Text("birth", 30); text != "" {
		birth, ok := casereport.ParseDate(text)
		if !ok {
			f.Fail("birth", issue.Value, "surveillance.form.date")
		}
		t.Birth = birth
	}
	if text := f.Text("commune", 200); text != "" {
		if t.Commune = m.communeOf(r, text); t.Commune == 0 {
			f.Fail("commune", issue.Value, "casereport.line.commune", text)
		}
	}
	return t
}

// communeOf finds a commune by code, by name near the reader, or by an address
// that means one commune alone.
func (m *Module) communeOf(r *http.Request, text string) vn.UnitID {
	if id := m.reader(r).Commune(text); id != 0 {
		return id
	}
	list := m.units.FromAddress(text, web.Today(r))
	list = slices.DeleteFunc(list, func(u vn.Unit) bool { return u.Level != vn.LevelCommune })
	if len(list) == 1 {
		return list[0].ID
	}
	return 0
}

func (m *Module) reader(r *http.Request) casereport.Reader {
	return casereport.Reader{Diseases: m.diseases, Units: m.units, Near: web.Actor(r).Unit, Today: web.Today(r)}
}

// enterTold writes the report. Reports that may be of the same case are shown first,
// unless somebody said that it is another.
func (m *Module) enterTold(w http.ResponseWriter, r *http.Request) error {
	f, ctx, a := web.ParseForm(r), r.Context(), web.Actor(r)
	t, id := m.toldOf(r, f), ""
	var alike []Case
	if f.OK() && !f.Flag("another") {
		var err error
		day, _ := vn.ParseDate(t.Answers["diagnosed"])
		if alike, err = m.Alike(ctx, a, t.key(), t.Answers["disease"], day, ""); err != nil {
			return err
		}
		if len(alike) > 0 {
			f.Fail("another", issue.Duplicate, "reporting.told.alike")
		}
	}
	if f.OK() {
		var err error
		id, err = m.Enter(ctx, a, web.OnceKey(r), t)
		if err := f.Add(err); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.toldData(r, f)
		if err != nil {
			return err
		}
		p.Alike = alike
		return web.Refuse(w, r, toldPage(p))
	}
	web.Flash(w, r, "surveillance.sent")
	return web.Redirect(w, r, casePath(id))
}

// listData is a line list before it is written.
type listData struct {
	Form  *web.Form
	Lines []listLine // nil before a file was read
	Raw   string     // what was read, to be sent again
	Bad   int
	unit  func(vn.UnitID) string
}

// listLine is a row with the reports that may be of the same case.
type listLine struct {
	casereport.Line
	Cells []string
	Alike []Case
}

func (m *Module) listPage(w http.ResponseWriter, r *http.Request) error {
	return web.Render(w, r, listPage(listData{Form: web.Blank(r), unit: m.unitName}))
}

// maxList bounds the file, and what is sent again.
const maxList = 1 << 20

// preview reads the file and writes nothing.
func (m *Module) preview(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	p := listData{Form: f, unit: m.unitName}
	head := f.File("list")
	if head == nil || head.Size > maxList {
		f.Fail("list", issue.Required, "reporting.list.file")
		return web.Refuse(w, r, listPage(p))
	}
	file, err := head.Open()
	if err != nil {
		return err
	}
	defer file.Close()
	b, err := io.ReadAll(io.LimitReader(file, maxList))
	if err != nil {
		return err
	}
	rows, err := casereport.Rows(b)
	if err == nil {
		err = m.lines(r, &p, rows)
	}
	if err := f.Add(err); err != nil {
		return err
	}
	if !f.OK() {
		return web.Refuse(w, r, listPage(p))
	}
	return web.Render(w, r, listPage(p))
}

// lines fills the preview.
func (m *Module) lines(r *http.Request, p *listData, rows [][]string) error {
	lines, err := m.reader(r).Lines(rows)
	if err != nil {
		return err
	}
	var raw bytes.Buffer
	out := csv.NewWriter(&raw)
	if err := out.WriteAll(rows); err != nil {
		return err
	}
	p.Raw, p.Lines = raw.String(), make([]listLine, len(lines))
	seen := map[string]int{}
	for i, l := range lines {
		if first, twice := seen[vn.Fold(l.Name)+l.Disease+l.Birth.String()]; twice && l.Name != "" {
			l.Issues = append(l.Issues, issue.Issue{Severity: issue.SeverityError, Code: issue.Duplicate, Key: "reporting.list.twice", Args: []any{first}, Path: "name"})
		} else {
			seen[vn.Fold(l.Name)+l.Disease+l.Birth.String()] = l.Row
		}
		p.Lines[i] = listLine{Line: l, Cells: rows[i+1]}
		if len(l.Issues) > 0 {
			p.Bad++
			continue
		}
		if p.Lines[i].Alike, err = m.Alike(r.Context(), web.Actor(r), lineTold(l).key(), l.Disease, l.Day, ""); err != nil {
			return err
		}
	}
	return nil
}

// lineTold is a line as a case that is told.
func lineTold(l casereport.Line) Told {
	t := Told{Name: l.Name, Number: l.Number, Birth: l.Birth, Sex: l.Sex, Phone: l.Phone, Address: l.Address, Commune: l.Commune,
		Answers: Report{"disease": l.Disease, "class": string(l.Class), "diagnosed": l.Day.String()}}
	if l.Onset.Known() {
		t.Answers["onset"] = l.Onset.String()
	}
	if l.Class == casereport.Confirmed { // the list says so: the laboratory stands behind it
		t.Answers["sampled"], t.Answers["result"] = "yes", "positive"
	}
	return t
}

// record writes all lines of the list that was looked at, but those that were
// found to be reported already; or none.
func (m *Module) record(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	p := listData{Form: f, unit: m.unitName}
	raw := f.Get("rows")
	if len(raw) > 2*maxList {
		return issue.New(issue.TooLong, "web.fail.too_large")
	}
	rows, err := casereport.Rows([]byte(raw))
	if err == nil {
		err = m.lines(r, &p, rows)
	}
	if err := f.Add(err); err != nil {
		return err
	}
	if p.Bad > 0 {
		f.Fail("", issue.BusinessRule, "reporting.list.bad", p.Bad)
	}
	var list []Told
	for _, l := range p.Lines {
		if len(l.Alike) == 0 || f.Has("another", strconv.Itoa(l.Row)) {
			list = append(list, lineTold(l.Line))
		}
	}
	if f.OK() && len(list) == 0 {
		f.Fail("", issue.BusinessRule, "reporting.list.none")
	}
	if f.OK() {
		_, err := m.EnterAll(r.Context(), web.Actor(r), web.OnceKey(r), list)
		if err := f.Add(err); err != nil {
			return err
		}
	}
	if !f.OK() {
		return web.Refuse(w, r, listPage(p))
	}
	web.Flash(w, r, "reporting.list.done", strconv.Itoa(len(list)))
	return web.Redirect(w, r, "/dich/viec")
}

// messageData is the short form of a village worker, with what became of
// earlier ones.
type messageData struct {
	Form     *web.Form
	Messages []Message
	Diseases []content.Disease
}

func (m *Module) messageData(r *http.Request, f *web.Form) (messageData, error) {
	p := messageData{Form: f, Diseases: open(m.diseases.List(web.Today(r)))}
	var err error
	p.Messages, err = m.Messages(r.Context(), web.Actor(r), web.Today(r).AddDays(-daysOfDesk))
	return p, err
}

func (m *Module) messagePage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.messageData(r, web.Blank(r, "since", web.Today(r).String()))
	if err != nil {
		return err
	}
	return web.Render(w, r, messagePage(p))
}

func (m *Module) message(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	t := Message{Who: f.Text("who", 200), Where: f.Text("where", 300), What: f.Text("what", 1000), Phone: strings.TrimSpace(f.Text("phone", 30)),
		Sex: f.Choice("sex", "male", "female"), Since: f.Date("since")}
	if year, ok := f.Int("born", 1900, int(web.Today(r).Partial().Year)); ok {
		t.Born = year
	}
	if d := f.Get("disease"); d != "" {
		t.Disease = d
	}
	if f.OK() {
		if err := f.Add(m.Tell(r.Context(), web.Actor(r), web.OnceKey(r), t)); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.messageData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, messagePage(p))
	}
	web.Flash(w, r, "reporting.message.sent")
	return web.Redirect(w, r, "/dich/tin")
}

// answerData is a message as the station reads it.
type answerData struct {
	Message
	Form    *web.Form
	Reports bool // the reader may make a case of it
}

func (m *Module) answerData(r *http.Request, f *web.Form) (answerData, error) {
	t, err := m.Message(r.Context(), web.Actor(r), r.PathValue("message"))
	return answerData{t, f, reporters.Allows(web.SessionOf(r.Context()))}, err
}

func (m *Module) answerPage(w http.ResponseWriter, r *http.Request) error {
	p, err := m.answerData(r, web.Blank(r))
	if err != nil {
		return err
	}
	return web.Render(w, r, answerPage(p))
}

func (m *Module) answer(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	reason := f.Text("reason", 500)
	if f.OK() {
		if err := f.Add(m.Dismiss(r.Context(), web.Actor(r), r.PathValue("message"), web.OnceKey(r), reason)); err != nil {
			return err
		}
	}
	if !f.OK() {
		p, err := m.answerData(r, f)
		if err != nil {
			return err
		}
		return web.Refuse(w, r, answerPage(p))
	}
	web.Flash(w, r, "reporting.message.answered")
	return web.Redirect(w, r, "/dich/viec")
}

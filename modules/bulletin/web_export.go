// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/a-h/templ"

	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// base is where exports stand: for people signed in, and for programs with a
// token. The path says what, its end says how.
const base = "/so-lieu"

// exports are the files below base.
const (
	fileCSV  = "/so-ca.csv"
	fileJSON = "/so-ca.json"
	fileADX  = "/so-ca.xml"
	fileList = "/danh-sach.csv"
	fileRows = "/danh-sach.json"
)

var contentTypes = map[string]string{
	fileCSV: "text/csv; charset=utf-8", fileList: "text/csv; charset=utf-8", fileJSON: "application/json", fileRows: "application/json", fileADX: "application/adx+xml",
}

func (m *Module) mount(mux *web.Mux, fail func(http.ResponseWriter, *http.Request, error)) {
	mux.Mount(base, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := m.export(w, r); err != nil {
			fail(w, r, err)
		}
	}), fail)
}

// export answers with one file, written to the end before its first byte
// leaves.
func (m *Module) export(w http.ResponseWriter, r *http.Request) error {
	a, file := web.Actor(r), strings.TrimPrefix(r.URL.Path, base)
	kind, ok := contentTypes[file]
	if a.Role == "" || web.SessionOf(r.Context()).Locked {
		return issue.New(issue.Login, "fhirapi.token.missing")
	}
	if !ok || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return issue.New(issue.NotFound, "bulletin.export.none")
	}
	q, err := m.asked(r, a)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	if file == fileList || file == fileRows {
		err = m.exportList(r, w, &body, a, q, file)
	} else {
		err = m.exportCounts(r, &body, a, q, file)
	}
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s-%s-%s%s"`, strings.Trim(file[:strings.LastIndexByte(file, '.')], "/"),
		codeOf(q.unit), q.to, file[strings.LastIndexByte(file, '.'):]))
	w.Write(body.Bytes()) // an error here: the reader went away
	return nil
}

func (m *Module) exportCounts(r *http.Request, to io.Writer, a store.Actor, q asked, file string) error {
	rows, err := m.rows(r.Context(), a, q)
	if err != nil {
		return err
	}
	switch file {
	case fileJSON:
		return writeJSON(to, rows)
	case fileADX:
		return writeADX(to, rows, m.now())
	}
	return writeCounts(to, rows)
}

func (m *Module) exportList(r *http.Request, w http.ResponseWriter, to io.Writer, a store.Actor, q asked, file string) error {
	rows, more, err := m.list(r.Context(), a, q)
	if err != nil {
		return err
	}
	if more {
		w.Header().Set("X-More", "true")
	}
	if file == fileRows {
		return m.writeListJSON(to, rows, more)
	}
	return m.writeList(to, rows)
}

// asked reads the parameters of an export. Without days it is the last 12
// weeks; without a unit the one the reader answers for, for the system the
// nation.
func (m *Module) asked(r *http.Request, a store.Actor) (asked, error) {
	today, p := web.Today(r), r.URL.Query()
	own := a.Oversees(m.units)
	if own == 0 && a.Role == store.System {
		own = vn.Nation
	}
	q := asked{reach: own, to: today, from: vn.WeekOf(today).Start().AddDays(-7 * 11), below: p.Get("cap") == "duoi"}
	var ok bool
	if q.unit, ok = m.units.At(own, today); p.Get("don-vi") != "" {
		q.unit, ok = m.coded(p.Get("don-vi"), today)
	}
	if !ok || !m.units.WithinOn(q.unit.ID, own, today) {
		return q, issue.New(issue.NotFound, "bulletin.unit.none")
	}
	if id := p.Get("benh"); id != "" {
		d, ok := m.diseases.ByID(id)
		if !ok || d.Closed {
			return q, issue.New(issue.NotFound, "bulletin.disease.none")
		}
		q.disease = d.ID
	}
	if p.Get("theo") == byOnset {
		q.axis = axisOnset
	}
	for name, to := range map[string]*vn.Date{"tu": &q.from, "den": &q.to} {
		if text := p.Get(name); text != "" {
			d, err := vn.ParseDate(text)
			if err != nil {
				return q, issue.New(issue.Value, "web.field.date").At(name)
			}
			*to = d
		}
	}
	q.whole = m.lister(a, q.unit.ID)
	return q, nil
}

func (m *Module) dataPage(w http.ResponseWriter, r *http.Request) error {
	v, err := m.view(r, pathData)
	if err != nil {
		return err
	}
	return web.Render(w, r, dataPage(v))
}

func (m *Module) forecastPage(w http.ResponseWriter, r *http.Request) error {
	return m.forecasts(w, r, web.Blank(r), web.Render)
}

// shower answers with a page: [web.Render] or [web.Refuse].
type shower func(http.ResponseWriter, *http.Request, templ.Component) error

// forecasts shows the forecasts that stand and the form.
func (m *Module) forecasts(w http.ResponseWriter, r *http.Request, f *web.Form, show shower) error {
	v, err := m.view(r, pathForecast)
	if err != nil {
		return err
	}
	files, err := m.files(r.Context(), web.Actor(r))
	if err != nil {
		return err
	}
	return show(w, r, forecastPage(v, files, f))
}

func (m *Module) forecastLoad(w http.ResponseWriter, r *http.Request) error {
	f := web.ParseForm(r)
	if err := f.Err(); err != nil {
		return err
	}
	text, err := uploaded(f)
	if err == nil {
		_, err = m.loadForecast(r.Context(), web.Actor(r), text, web.OnceKey(r))
	}
	if err := f.Add(err); err != nil {
		return err
	}
	if !f.OK() {
		return m.forecasts(w, r, f, web.Refuse)
	}
	web.Flash(w, r, "bulletin.forecast.loaded")
	return web.Redirect(w, r, pathForecast)
}

// uploaded is the file of the form, or what was pasted.
func uploaded(f *web.Form) ([]byte, error) {
	head := f.File("file")
	if head == nil {
		if text := f.Value("text"); strings.TrimSpace(text) != "" {
			if len(text) > maxForecast {
				return nil, issue.New(issue.Value, "bulletin.forecast.long", maxForecastRows).At("file")
			}
			return []byte(text), nil
		}
		return nil, issue.New(issue.Required, "web.field.required").At("file")
	}
	if head.Size > maxForecast {
		return nil, issue.New(issue.Value, "bulletin.forecast.long", maxForecastRows).At("file")
	}
	file, err := head.Open()
	if err != nil {
		return nil, fmt.Errorf("forecast: %w", err)
	}
	defer file.Close()
	return io.ReadAll(io.LimitReader(file, maxForecast))
}

func (m *Module) forecastDrop(w http.ResponseWriter, r *http.Request) error {
	if err := m.withdraw(r.Context(), web.Actor(r), r.PathValue("file"), web.OnceKey(r)); err != nil {
		return err
	}
	web.Flash(w, r, "bulletin.forecast.dropped")
	return web.Redirect(w, r, pathForecast)
}

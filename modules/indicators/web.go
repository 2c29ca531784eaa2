// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"mach/content"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// readers are the roles that have a dashboard.
var readers = web.Roles(store.StationDirector, store.Doctor, store.Chairman, store.Department, store.CDC, store.Ministry,
	store.Nurse, store.Midwife)

// Routes registers the dashboards under /bang.
func (m *Module) Routes(mux *web.Mux) {
	mux.Get("/bang", readers, m.home)
	mux.Get("/bang/{unit}", readers, m.boardPage)
	mux.Get("/bang/{unit}/song", readers, m.boardPart)
	mux.Get("/bang/{unit}/{indicator}", readers, m.figurePage)
	mux.Get("/dau-vet/indicators/{encounter}", web.AnyStaff, m.trace)
}

// home leads to the board of the reader's own unit.
func (m *Module) home(w http.ResponseWriter, r *http.Request) error {
	return web.Redirect(w, r, boardPath(web.Actor(r).Oversees(m.units)))
}

func boardPath(unit vn.UnitID) string { return "/bang/" + strconv.Itoa(int(unit)) }

func (m *Module) askedUnit(r *http.Request) (vn.Unit, error) {
	id, err := strconv.Atoi(r.PathValue("unit"))
	if err == nil {
		if u, ok := m.units.At(vn.UnitID(id), m.today()); ok {
			return u, nil
		}
	}
	return vn.Unit{}, issue.New(issue.NotFound, "indicators.unit.unknown")
}

// tile is one figure of a board with what it is compared with.
type tile struct {
	Value, Before Value
}

// boardData is the dashboard of one unit.
type boardData struct {
	Unit     vn.Unit
	Path     []vn.Unit // those above that the reader may open
	Tiles    []tile
	Children []childRow
	Courses  []course      // of the first tiles
	Map      content.Drawn // of the communes; none for the nation, where it is large
}

// course is the daily course of one figure.
type course struct {
	Value Value
	Days  []DayValue
}

// childRow is one unit below with its figures, in the order of boardColumns.
type childRow struct {
	Unit   vn.Unit
	Values []Share
}

// boardTiles are the figures of a board: what is counted today, and this week.
var boardTiles = []struct{ id, period string }{
	{"care.visits", "day"}, {"surv.cases", "week"}, {"surv.dengue", "week"}, {"tele.consultations", "week"},
	{"epi.doses", "week"}, {"book.coverage", "day"},
}

// boardCourses is how many of the tiles have their course drawn below.
const boardCourses = 2

// boardColumns are what the table of units below shows.
var boardColumns = []struct{ id, period string }{{"care.visits", "day"}, {"surv.cases", "week"}, {"surv.dengue", "week"}}

// boardSort is the column by which they are sorted, and which the map shows.
const boardSort = 1

func (m *Module) board(r *http.Request) (boardData, error) {
	ctx, a := r.Context(), web.Actor(r)
	u, err := m.askedUnit(r)
	if err != nil {
		return boardData{}, err
	}
	today := m.today()
	b := boardData{Unit: u, Path: m.pathFor(a, u.ID)}
	for _, t := range boardTiles {
		now, before := Day(today), Day(today-1)
		if t.period == "week" {
			now, before = Week(today), upTo(Week(today-7), today-7)
		}
		v, err := m.Value(ctx, a, t.id, u.ID, now)
		if err != nil {
			return b, err
		}
		past, err := m.Value(ctx, a, t.id, u.ID, before)
		if err != nil {
			return b, err
		}
		b.Tiles = append(b.Tiles, tile{v, past})
		if len(b.Courses) < boardCourses {
			days, err := m.Days(ctx, a, t.id, u.ID, today-courseDays+1, today)
			if err != nil {
				return b, err
			}
			b.Courses = append(b.Courses, course{v, days})
		}
	}
	if u.Level == vn.LevelCommune {
		return b, nil
	}
	if u.Level == vn.LevelProvince {
		b.Map = m.maps.Of(u.ID, today)
	}
	b.Children, err = m.children(ctx, a, u.ID, today)
	return b, err
}

// upTo cuts a period at a day, so that a week under way is compared with the
// same days of the week before.
func upTo(p Period, last vn.Date) Period {
	p.To = min(p.To, last)
	return p
}

func (m *Module) children(ctx context.Context, a store.Actor, unit vn.UnitID, today vn.Date) ([]childRow, error) {
	var rows []childRow
	at := map[vn.UnitID]int{}
	for i, c := range boardColumns {
		p := Day(today)
		if c.period == "week" {
			p = Week(today)
		}
		shares, err := m.Shares(ctx, a, c.id, unit, p)
		if err != nil {
			return nil, err
		}
		for _, s := range shares {
			j, ok := at[s.Unit.ID]
			if !ok {
				j = len(rows)
				at[s.Unit.ID] = j
				rows = append(rows, childRow{s.Unit, make([]Share, len(boardColumns))})
			}
			rows[j].Values[i] = s
		}
	}
	slices.SortStableFunc(rows, func(x, y childRow) int { return byValue(x.Values[boardSort], y.Values[boardSort]) })
	return rows, nil
}

// byValue orders the most first, what nobody counts last.
func byValue(a, b Share) int {
	rank := func(s Share) int64 {
		if s.Silent {
			return -1
		}
		return s.Value
	}
	return cmp.Compare(rank(b), rank(a))
}

// pathFor lists the units above that lie within what the actor answers for.
func (m *Module) pathFor(a store.Actor, unit vn.UnitID) []vn.Unit {
	var out []vn.Unit
	for _, u := range m.units.Path(unit) {
		if u.ID != unit && m.units.Within(u.ID, a.Oversees(m.units)) {
			out = append(out, u)
		}
	}
	return out
}

func (m *Module) boardPage(w http.ResponseWriter, r *http.Request) error {
	b, err := m.board(r)
	if err != nil {
		return err
	}
	return web.Render(w, r, boardPage(b))
}

func (m *Module) boardPart(w http.ResponseWriter, r *http.Request) error {
	b, err := m.board(r)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, boardBody(b))
}

// figureData is one indicator of one unit: number, course, map or ranking, and
// in a commune the visits behind it.
type figureData struct {
	Unit    vn.Unit
	Path    []vn.Unit
	Value   Value
	Periods []Period
	Course  []DayValue
	Shares  []Share
	Map     content.Drawn
	Items   []Item

	provinceOf func(vn.UnitID) vn.UnitID // of a commune on the map
}

// courseDays is how far back the daily course goes.
const courseDays = 56

func (m *Module) figurePage(w http.ResponseWriter, r *http.Request) error {
	ctx, a := r.Context(), web.Actor(r)
	u, err := m.askedUnit(r)
	if err != nil {
		return err
	}
	today := m.today()
	p := Week(today)
	if s := r.URL.Query().Get("ky"); s != "" {
		if p, err = ParsePeriod(s); err != nil {
			return err
		}
	}
	f := figureData{Unit: u, Path: m.pathFor(a, u.ID), Periods: []Period{Day(today), Week(today), Week(today - 7), Month(today)}}
	id := r.PathValue("indicator")
	if f.Value, err = m.Value(ctx, a, id, u.ID, p); err != nil {
		return err
	}
	if f.Course, err = m.Days(ctx, a, id, u.ID, today-courseDays+1, today); err != nil {
		return err
	}
	if u.Level == vn.LevelCommune {
		f.Items, err = m.Items(ctx, a, id, u.ID, p, 100)
	} else {
		f.Shares, err = m.Shares(ctx, a, id, u.ID, p)
		f.Map, f.provinceOf = m.maps.Of(u.ID, today), m.units.ProvinceOf
	}
	if err != nil {
		return fmt.Errorf("figure %s: %w", id, err)
	}
	return web.Render(w, r, figurePage(f))
}

// trace lists the figures that the visit, or what was written in it, feeds.
func (m *Module) trace(w http.ResponseWriter, r *http.Request) error {
	ctx, a, id := r.Context(), web.Actor(r), r.PathValue("encounter")
	door := m.store.For(a)
	enc, err := door.Read(ctx, "Encounter", id)
	if err != nil {
		return err
	}
	resources := []string{enc.Ref()}
	for _, s := range []struct{ typ, param string }{
		{"Condition", "encounter"}, {"ServiceRequest", "encounter"}, {"Appointment", "supporting-info"},
	} {
		page, err := door.Search(ctx, store.Query{Type: s.typ, Params: [][2]string{{s.param, "Encounter/" + id}}, Count: 100})
		if err != nil {
			return fmt.Errorf("figures of a visit: %w", err)
		}
		for _, d := range page.Docs {
			resources = append(resources, d.Ref())
		}
	}
	fed, err := m.Fed(ctx, a, a.Unit, resources)
	if err != nil {
		return err
	}
	return web.Fragment(w, r, traces(fed, m.levels(a.Unit)))
}

// levels names the units whose figures one entry moves, nation first.
func (m *Module) levels(unit vn.UnitID) []vn.Unit { return m.units.Path(unit) }

// names returns an indicator's name and short name in the reader's language.
func names(ctx context.Context, i content.Indicator) (name, short string) {
	return i.Names(web.LangOf(ctx) == "vi")
}

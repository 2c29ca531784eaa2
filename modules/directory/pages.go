// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"mach/vn"
	"mach/web"
	"mach/web/components/stat"
	"mach/web/components/table"
	"mach/web/components/tabs"
	"mach/web/components/tag"
)

func unitPath(id vn.UnitID) string { return "/danh-ba/don-vi/" + strconv.Itoa(int(id)) }

func facilityPath(id string) string { return "/danh-ba/co-so/" + url.PathEscape(id) }

func facilitiesPath(unit vn.UnitID, q, after string) string {
	v := url.Values{"don-vi": {strconv.Itoa(int(unit))}}
	return "/danh-ba/co-so?" + further(v, q, after)
}

func householdPath(id string) string { return "/danh-ba/ho/" + url.PathEscape(id) }

func householdsPath(q, after string) string { return "/danh-ba/ho?" + further(url.Values{}, q, after) }

func further(v url.Values, q, after string) string {
	if q != "" {
		v.Set("q", q)
	}
	if after != "" {
		v.Set("sau", after)
	}
	return v.Encode()
}

// staff reports whether the reader sees the frame of people at work.
func staff(ctx context.Context) bool { return web.AnyStaff.Allows(web.SessionOf(ctx)) }

// parts are the views of the directory that the reader may open.
func parts(ctx context.Context, current string) []tabs.Tab {
	list := []tabs.Tab{
		{Text: web.T(ctx, "directory.units"), Href: "/danh-ba"},
		{Text: web.T(ctx, "directory.address"), Href: "/danh-ba/dia-chi"},
		{Text: web.T(ctx, "directory.facilities"), Href: "/danh-ba/co-so"},
	}
	if households.Allows(web.SessionOf(ctx)) {
		list = append(list, tabs.Tab{Text: web.T(ctx, "directory.households"), Href: "/danh-ba/ho"})
	}
	for i := range list {
		list[i].Current = list[i].Href == current
	}
	return list
}

// standing says in words from when to when a unit exists.
func standing(ctx context.Context, u vn.Unit) string {
	var words []string
	if u.From != vn.ZeroDate {
		words = append(words, web.T(ctx, "unit.since", web.Date(ctx, u.From)))
	}
	if u.To != vn.ZeroDate {
		words = append(words, web.T(ctx, "unit.until", web.Date(ctx, u.To-1)))
	}
	if len(words) == 0 {
		return web.T(ctx, "directory.standing.always")
	}
	return strings.Join(words, " ")
}

func kind(ctx context.Context, u vn.Unit) string { return web.T(ctx, "unit.kind."+u.Kind) }

// way names the units above, from the nearest up: "Huyện Tiên Du, Tỉnh Bắc Ninh".
func way(units *vn.Units, parent vn.UnitID) string {
	var names []string
	for _, u := range units.Path(parent) {
		if u.ID != vn.Nation {
			names = append([]string{u.Full()}, names...)
		}
	}
	return strings.Join(names, ", ")
}

func unitCols(ctx context.Context) []table.Col {
	return []table.Col{
		{Head: web.T(ctx, "directory.col.unit"), Wide: true}, {Head: web.T(ctx, "directory.col.code"), Num: true},
		{Head: web.T(ctx, "directory.col.above")}, {Head: web.T(ctx, "directory.col.standing")},
	}
}

func unitRows(ctx context.Context, units *vn.Units, list []vn.Unit) [][]table.Cell {
	rows := make([][]table.Cell, len(list))
	for i, u := range list {
		rows[i] = []table.Cell{{Text: u.Full(), Href: unitPath(u.ID)}, {Text: u.Code}, {Text: way(units, u.Parent)}, {Text: standing(ctx, u)}}
	}
	return rows
}

func childCols(ctx context.Context) []table.Col {
	return []table.Col{
		{Head: web.T(ctx, "directory.col.unit"), Wide: true}, {Head: web.T(ctx, "directory.col.code"), Num: true},
		{Head: web.T(ctx, "directory.col.people"), Num: true}, {Head: web.T(ctx, "directory.col.area"), Num: true},
	}
}

func childRows(ctx context.Context, list []vn.Unit) [][]table.Cell {
	rows := make([][]table.Cell, len(list))
	for i, u := range list {
		rows[i] = []table.Cell{{Text: u.Full(), Href: unitPath(u.ID)}, {Text: u.Code}, {Text: people(ctx, u)}, {Text: area(ctx, u)}}
	}
	return rows
}

func people(ctx context.Context, u vn.Unit) string {
	if u.Population == 0 {
		return "–"
	}
	return web.Int(ctx, u.Population)
}

func area(ctx context.Context, u vn.Unit) string {
	if u.AreaKm2 == 0 {
		return "–"
	}
	return web.Number(ctx, u.AreaKm2, 2)
}

// facts are what is known of a unit; what is not known is said so.
func facts(ctx context.Context, p unitData) []stat.Item {
	u := p.Unit
	list := []stat.Item{{Name: web.T(ctx, "directory.kind"), Value: kind(ctx, u)}}
	if u.Code != "" {
		list = append(list, stat.Item{Name: web.T(ctx, "directory.code"), Value: u.Code})
	}
	if above := way(p.Units, u.Parent); above != "" {
		list = append(list, stat.Item{Name: web.T(ctx, "directory.above"), Value: above})
	}
	list = append(list, stat.Item{Name: web.T(ctx, "directory.standing"), Value: standing(ctx, u)})
	for _, f := range p.Formers {
		former := vn.Unit{Kind: f.Kind, Name: f.Name}
		list = append(list, stat.Item{
			Name: web.T(ctx, "directory.former"), Value: former.Full(),
			Note: strings.TrimSpace(web.T(ctx, "unit.until", web.Date(ctx, f.Until-1)) + " " + f.Basis),
		})
	}
	basis := u.Basis
	if basis == "" {
		basis = web.T(ctx, "directory.unknown")
	}
	list = append(list, stat.Item{Name: web.T(ctx, "directory.basis"), Value: basis})
	if u.To != vn.ZeroDate || u.ID == vn.Nation {
		return list // the sources give figures of today's units only
	}
	size := stat.Item{Name: web.T(ctx, "directory.people"), Value: web.T(ctx, "directory.unknown")}
	if u.Population > 0 {
		size.Value, size.Note = web.Int(ctx, u.Population), web.T(ctx, "directory.people.source")
	}
	ground := stat.Item{Name: web.T(ctx, "directory.area"), Value: web.T(ctx, "directory.unknown")}
	if u.AreaKm2 > 0 {
		ground.Value, ground.Note = web.Quantity(ctx, u.AreaKm2, 2, "km²"), web.T(ctx, "directory.area.source")
	}
	return append(list, size, ground)
}

func crumbs(ctx context.Context, p unitData) []web.Link {
	var links []web.Link
	for _, u := range p.Path {
		links = append(links, web.Link{Text: u.Full(), Href: unitPath(u.ID)})
	}
	return append(links, web.Link{Text: p.Unit.Full(), Href: unitPath(p.Unit.ID)})
}

func stepCols(ctx context.Context) []table.Col {
	return []table.Col{
		{Head: web.T(ctx, "directory.col.unit"), Wide: true}, {Head: web.T(ctx, "directory.col.code"), Num: true},
		{Head: web.T(ctx, "directory.col.above")}, {Head: web.T(ctx, "directory.col.share")}, {Head: web.T(ctx, "directory.col.on")},
	}
}

func stepRows(ctx context.Context, units *vn.Units, list []Step) [][]table.Cell {
	rows := make([][]table.Cell, len(list))
	for i, s := range list {
		rows[i] = []table.Cell{
			{Text: s.Unit.Full(), Href: unitPath(s.Unit.ID)}, {Text: s.Unit.Code}, {Text: way(units, s.Unit.Parent)},
			{Of: tag.Tag(toneOf(s.Share), web.T(ctx, "directory.share."+string(s.Share)))}, {Text: web.Date(ctx, s.On)},
		}
	}
	return rows
}

func toneOf(s Share) tag.Tone {
	switch s {
	case Whole, AllPeople:
		return tag.Good
	case Refused:
		return tag.Warning
	}
	return tag.Plain
}

// kindName names the kind of a facility; a kind that the list does not hold
// stands as it is.
func kindName(ctx context.Context, code string) string {
	if code == "" {
		return "–"
	}
	return web.TOr(ctx, "directory.facility."+code, code)
}

func unitName(units *vn.Units, id vn.UnitID) string {
	if u, ok := units.Get(id); ok {
		return u.Full()
	}
	return "–"
}

// facilityTable lists facilities. Only those closed are marked: saying of fifty
// that they work would hide it.
func facilityTable(ctx context.Context, units *vn.Units, caption string, list []Facility) table.Props {
	t := table.Props{Caption: caption, Hidden: true, First: true, Stack: true, Cols: []table.Col{
		{Head: web.T(ctx, "directory.col.facility"), Wide: true}, {Head: web.T(ctx, "directory.col.code")},
		{Head: web.T(ctx, "directory.col.kind")}, {Head: web.T(ctx, "directory.col.unit")},
	}}
	closed := slices.ContainsFunc(list, func(f Facility) bool { return !f.Active })
	if closed {
		t.Cols = append(t.Cols, table.Col{Head: web.T(ctx, "directory.col.state")})
	}
	for _, f := range list {
		row := []table.Cell{{Text: f.Name, Href: facilityPath(f.ID)}, {Text: or(f.Code, "–")}, {Text: kindName(ctx, f.Kind)}, {Text: unitName(units, f.Unit)}}
		if closed && f.Active {
			row = append(row, table.Cell{})
		} else if closed {
			row = append(row, table.Cell{Of: state(ctx, false)})
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

func facilityFacts(ctx context.Context, p placeData) []stat.Item {
	list := []stat.Item{
		{Name: web.T(ctx, "directory.kind"), Value: kindName(ctx, p.Kind)},
		{Name: web.T(ctx, "directory.code"), Value: or(p.Code, web.T(ctx, "directory.unknown"))},
		{Name: web.T(ctx, "directory.state"), Of: state(ctx, p.Active)},
		{Name: web.T(ctx, "directory.col.address"), Value: or(p.Address, web.T(ctx, "directory.unknown"))},
	}
	if p.Phone != "" {
		list = append(list, stat.Item{Name: web.T(ctx, "directory.phone"), Value: vn.Phone(p.Phone).String()})
	}
	return list
}

func postRows(ctx context.Context, list []Post) [][]table.Cell {
	rows := make([][]table.Cell, len(list))
	for i, p := range list {
		since := "–"
		if p.Since != vn.ZeroDate {
			since = web.Date(ctx, p.Since)
		}
		rows[i] = []table.Cell{{Text: p.Name}, {Text: web.TOr(ctx, "role."+p.Role, or(p.Role, "–"))}, {Text: or(p.Licence, "–")}, {Text: since}}
	}
	return rows
}

func householdRows(ctx context.Context, list []Household) [][]table.Cell {
	rows := make([][]table.Cell, len(list))
	for i, h := range list {
		rows[i] = []table.Cell{{Text: or(h.Name, h.Number), Href: householdPath(h.ID)}, {Text: h.Number}, {Text: web.Int(ctx, h.People)}}
	}
	return rows
}

func memberRows(ctx context.Context, p familyData) [][]table.Cell {
	rows := make([][]table.Cell, len(p.Members))
	for i, m := range p.Members {
		c := table.Cell{Text: m.Name}
		if p.Opens {
			c.Href = "/tram/nguoi/" + url.PathEscape(m.Patient)
		}
		birth, err := vn.ParsePartialDate(m.Birth)
		born, age := web.T(ctx, "directory.unknown"), "–"
		if err == nil && birth.Known() {
			born = web.PartialDate(ctx, birth)
			if a, ok := vn.AgeOn(birth, p.Today); ok {
				age = web.Age(ctx, a)
			}
		}
		rows[i] = []table.Cell{c, {Text: web.TOr(ctx, "sex."+m.Sex, "–")}, {Text: born}, {Text: age}}
	}
	return rows
}

// hidden counts the members whom the reader may not see.
func hidden(p familyData) int { return max(p.People-len(p.Members), 0) }

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// frame gives every page of the directory its place in the rail.
func frame(c web.Chrome) web.Chrome {
	c.Place = "/danh-ba"
	return c
}

// here keeps the unit in whose list somebody searches.
func here(f *web.Form) [][2]string {
	if f.Value("don-vi") == "" {
		return nil
	}
	return [][2]string{{"don-vi", f.Value("don-vi")}}
}

// state says whether a facility works.
func state(ctx context.Context, active bool) templ.Component {
	if active {
		return tag.Tag(tag.Good, web.T(ctx, "directory.state.active"))
	}
	return tag.Tag(tag.Warning, web.T(ctx, "directory.state.closed"))
}

func (p facilitiesData) first() string {
	if !p.Past {
		return ""
	}
	return facilitiesPath(p.Unit.ID, p.q, "")
}

func (p householdsData) first() string {
	if !p.Past {
		return ""
	}
	return householdsPath(p.q, "")
}

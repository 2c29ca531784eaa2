// SPDX-License-Identifier: Apache-2.0

package bulletin

import (
	"cmp"
	"context"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/content"
	"mach/fhir/sof"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// least is the smallest number that leaves the health system as it is: below
// it a cell may show who somebody is.
const least = 5

// asked is what an export is asked for.
type asked struct {
	unit     vn.Unit
	disease  string // "" = all
	axis     int
	below    bool // the units right below it, not itself
	from, to vn.Date
	whole    bool // small numbers stand: the reader may see the cases
	// reach is the unit whose counts the reader may ask for, with all below it.
	reach vn.UnitID
}

// maxWeeks is how many weeks one export holds.
const maxWeeks = 6 * 53

// countRow is one week of one disease in one unit.
type countRow struct {
	unit    vn.Unit
	disease content.Disease
	week    vn.Week
	tally
	hidden  bool // the sum is 1 to 4 and not told
	classes bool // the classes are not told
}

// hide takes out what may not leave. Where one class is hidden all are: one
// alone would follow from the sum, as those who lived do from those who died.
func (r *countRow) hide() {
	small := func(n int) bool { return n > 0 && n < least }
	r.hidden = small(r.total())
	r.classes = r.hidden || small(r.confirmed) || small(r.probable) || small(r.suspect) ||
		small(r.died) || small(r.total()-r.died)
}

// cell is a disease in a week.
type cell struct {
	disease string
	week    vn.Week
}

// conceal hides what a sum over the rows would tell: of units with one parent,
// whose own number the reader may ask for. What is hidden of one disease and week
// is at least two rows and at least five cases, as far as there are any; where the
// classes of one row are hidden, so are those of another. above is the parent as
// its own neighbours show it, nil when the reader may not ask for those: what it
// hides does not follow from the rows either.
func conceal(rows []countRow, above map[cell]countRow) {
	groups := map[cell][]*countRow{}
	for i, r := range rows {
		k := cell{r.disease.ID, r.week}
		groups[k] = append(groups[k], &rows[i])
	}
	for k, g := range groups {
		parent := above[k]
		g = slices.DeleteFunc(g, func(r *countRow) bool { return r.total() == 0 }) // nobody hides behind a zero
		slices.SortStableFunc(g, func(x, y *countRow) int { return cmp.Compare(x.total(), y.total()) })
		hidden, sum, classes := 0, 0, 0
		for _, r := range g {
			if r.hidden {
				hidden, sum = hidden+1, sum+r.total()
			}
		}
		for _, r := range g {
			if !r.hidden && (hidden == 1 || (hidden > 0 || parent.hidden) && sum < least) {
				r.hidden, r.classes = true, true
				hidden, sum = hidden+1, sum+r.total()
			}
			if r.classes {
				classes++
			}
		}
		if i := slices.IndexFunc(g, func(r *countRow) bool { return !r.classes }); i >= 0 && (classes == 1 || classes == 0 && parent.classes) {
			g[i].classes = true
		}
	}
}

// rows reads what is asked for, by unit, disease and week. One unit alone is
// hidden as it is among its neighbours, where the reader may ask for those too.
// Nothing is counted for a region: it has the rows of its provinces.
func (m *Module) rows(ctx context.Context, a store.Actor, q asked) ([]countRow, error) {
	if q.unit.Level == vn.LevelRegion {
		var out []countRow
		for _, p := range m.units.Children(q.unit.ID, vn.DateOf(m.now())) {
			q.unit, q.below = p, false
			list, err := m.rows(ctx, a, q)
			if err != nil {
				return nil, err
			}
			out = append(out, list...)
		}
		return out, nil
	}
	if u, ok := m.units.Get(q.unit.ID); ok && !q.whole && !q.below && u.Level != vn.LevelNation && m.units.WithinOn(u.Parent, q.reach, vn.DateOf(m.now())) {
		only := q.unit.ID
		q.below = true
		if q.unit, ok = m.units.Get(u.Parent); !ok {
			return nil, issue.New(issue.NotFound, "bulletin.unit.none")
		}
		list, err := m.counted(ctx, a, q)
		return slices.DeleteFunc(list, func(r countRow) bool { return r.unit.ID != only }), err
	}
	return m.counted(ctx, a, q)
}

func (m *Module) counted(ctx context.Context, a store.Actor, q asked) ([]countRow, error) {
	if q.from > q.to || int(q.to-q.from)/7 > maxWeeks {
		return nil, issue.New(issue.Value, "bulletin.export.range", maxWeeks).At("tu")
	}
	days, err := m.read(ctx, a, span{unit: q.unit.ID, below: q.below, disease: q.disease, axis: q.axis,
		from: vn.WeekOf(q.from).Start(), to: vn.WeekOf(q.to).End(), weekly: true})
	if err != nil {
		return nil, err
	}
	type key struct {
		unit    vn.UnitID
		disease string
		week    vn.Week
	}
	sums := map[key]tally{}
	for _, d := range days {
		k := key{d.unit, d.disease, vn.WeekOf(d.day)}
		t := sums[k]
		t.add(d.tally)
		sums[k] = t
	}
	var out []countRow
	for k, t := range sums {
		unit, ok := m.units.Get(k.unit)
		disease, known := m.diseases.ByID(k.disease)
		if !ok || !known || disease.Closed {
			continue
		}
		r := countRow{unit: unit, disease: disease, week: k.week, tally: t}
		if !q.whole {
			r.hide()
		}
		out = append(out, r)
	}
	if !q.whole && q.below {
		above, err := m.above(ctx, a, q)
		if err != nil {
			return nil, err
		}
		conceal(out, above)
	}
	slices.SortFunc(out, func(x, y countRow) int {
		return cmp.Or(cmp.Compare(x.unit.Code, y.unit.Code), cmp.Compare(x.disease.ID, y.disease.ID), x.week.Compare(y.week))
	})
	return out, nil
}

// above reads the unit whose parts are asked for as its neighbours show it; nil
// when the reader may not ask for those.
func (m *Module) above(ctx context.Context, a store.Actor, q asked) (map[cell]countRow, error) {
	unit := q.unit.ID
	parent, ok := m.units.Get(q.unit.Parent)
	if !ok || !m.units.WithinOn(parent.ID, q.reach, vn.DateOf(m.now())) {
		return nil, nil
	}
	q.unit = parent
	rows, err := m.counted(ctx, a, q)
	out := map[cell]countRow{}
	for _, r := range rows {
		if r.unit.ID == unit {
			out[cell{r.disease.ID, r.week}] = r
		}
	}
	return out, err
}

// told is a number as an export writes it; "" when it is hidden.
func told(n int, hidden bool) string {
	if hidden {
		return ""
	}
	return strconv.Itoa(n)
}

// writeCounts writes CSV. Hidden numbers are empty, and hidden says so.
func writeCounts(w io.Writer, rows []countRow) error {
	out := csv.NewWriter(w)
	lines := [][]string{{"unit_code", "unit_name", "unit_level", "disease", "week", "week_start", "cases", "confirmed", "probable", "suspect", "deaths", "hidden"}}
	for _, r := range rows {
		hidden := "0"
		if r.hidden || r.classes {
			hidden = "1"
		}
		lines = append(lines, []string{codeOf(r.unit), sof.Inert(r.unit.Full()), levelNames[r.unit.Level], r.disease.ID, r.week.String(), r.week.Start().String(),
			told(r.total(), r.hidden), told(r.confirmed, r.classes), told(r.probable, r.classes), told(r.suspect, r.classes), told(r.died, r.classes), hidden})
	}
	return out.WriteAll(lines)
}

// values are the numbers of a row by data element and class, always the same:
// the sum, which stands without a class where the classes are hidden and only
// there, the classes, and the deaths. Zeros are told, and what is not told is
// taken back: who receives them may hold what was so before.
func (r countRow) values(e content.Exchange) []dataValue {
	element := e.Element(r.disease.ID)
	return []dataValue{
		{element, "", r.total(), r.hidden || !r.classes},
		{element, "confirmed", r.confirmed, r.classes},
		{element, "probable", r.probable, r.classes},
		{element, "suspect", r.suspect, r.classes},
		{e.DeathsOf(r.disease.ID), "", r.died, r.classes},
	}
}

// dataValue is one number of an ADX message, and of a dataValueSet.
type dataValue struct {
	element string
	class   string
	value   int
	back    bool // it is not told, or no longer
}

// writeADX writes a message of IHE QRPH ADX: a group for each unit and week. No
// value can be taken back in one: the comment of the group names those that are.
func writeADX(w io.Writer, rows []countRow, at time.Time) error {
	e := content.ExchangeNames()
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	attr := func(pairs ...string) (list []xml.Attr) {
		for i := 0; i+1 < len(pairs); i += 2 {
			list = append(list, xml.Attr{Name: xml.Name{Local: pairs[i]}, Value: pairs[i+1]})
		}
		return list
	}
	var failed error
	token := func(t xml.Token) {
		if failed == nil {
			failed = out.EncodeToken(t)
		}
	}
	start := func(name string, list []xml.Attr) xml.StartElement {
		s := xml.StartElement{Name: xml.Name{Local: name}, Attr: list}
		token(s)
		return s
	}
	root := start("adx", attr("xmlns", "urn:ihe:qrph:adx:2015", "exported", at.In(vn.Zone).Format(time.RFC3339)))
	ordered := slices.Clone(rows)
	slices.SortStableFunc(ordered, func(x, y countRow) int { return cmp.Or(cmp.Compare(x.unit.Code, y.unit.Code), x.week.Compare(y.week)) })
	for i := 0; i < len(ordered); {
		r, back := ordered[i], []string(nil)
		var told []dataValue
		for ; i < len(ordered) && ordered[i].unit.ID == r.unit.ID && ordered[i].week == r.week; i++ {
			for _, v := range ordered[i].values(e) {
				if v.back {
					back = append(back, strings.TrimSuffix(v.element+"/"+v.class, "/"))
				} else {
					told = append(told, v)
				}
			}
		}
		list := attr("dataSet", e.DataSet, "orgUnit", codeOf(r.unit), "period", r.week.Start().String()+"/P7D")
		if len(back) > 0 {
			list = append(list, attr("comment", "withheld: "+strings.Join(back, " "))...)
		}
		group := start("group", list)
		for _, v := range told {
			list := attr("dataElement", v.element, "value", strconv.Itoa(v.value))
			if v.class != "" {
				list = append(list, attr(e.Dimension, v.class)...)
			}
			token(start("dataValue", list).End())
		}
		token(group.End())
	}
	token(root.End())
	return cmp.Or(failed, out.Close())
}

// writeJSON writes a dataValueSet of DHIS2. The class stands in
// categoryOptionCombo; what is taken back is deleted.
func writeJSON(w io.Writer, rows []countRow) error {
	type value struct {
		DataElement string `json:"dataElement"`
		Period      string `json:"period"`
		OrgUnit     string `json:"orgUnit"`
		Class       string `json:"categoryOptionCombo,omitempty"`
		Value       string `json:"value"` // "" when it is taken back
		Deleted     bool   `json:"deleted,omitempty"`
	}
	e := content.ExchangeNames()
	set := struct {
		DataSet string  `json:"dataSet"`
		Values  []value `json:"dataValues"`
		Hidden  int     `json:"hiddenRows"`
	}{DataSet: e.DataSet, Values: []value{}}
	for _, r := range rows {
		if r.hidden || r.classes {
			set.Hidden++
		}
		for _, v := range r.values(e) {
			set.Values = append(set.Values, value{v.element, strings.Replace(r.week.String(), "-W", "W", 1), codeOf(r.unit), v.class, told(v.value, v.back), v.back})
		}
	}
	return json.NewEncoder(w).Encode(set)
}

// lister reports whether the actor may have the line list of the unit: the CDC
// of its province, those who care for people at the station of their commune.
// Row by row the guard decides.
func (m *Module) lister(a store.Actor, unit vn.UnitID) bool {
	switch a.Role {
	case store.CDC:
		return m.units.Within(unit, a.Oversees(m.units))
	case store.Doctor, store.StationDirector:
		return unit == a.Unit
	case store.System:
		return true
	}
	return false
}

// listRow is one case of a line list.
type listRow struct {
	report string
	reported
	name, sex, birth, address string
}

// Labels lets the guard judge the row as the case report.
func (r listRow) Labels() store.Labels {
	unit := r.label
	if unit == 0 && r.patient == "" { // a minimal case of nobody in particular
		unit = r.unit
	}
	return store.Labels{Type: "Condition", ID: r.report, Patient: r.patient, Facility: r.facility, Unit: unit, Category: "case-report"}
}

// maxList is how many cases one line list holds.
const maxList = 5000

// list reads the line list of the days, newest diagnosis first, and whether
// there is more.
func (m *Module) list(ctx context.Context, a store.Actor, q asked) ([]listRow, bool, error) {
	if !m.lister(a, q.unit.ID) {
		return nil, false, issue.New(issue.Forbidden, "store.forbidden")
	}
	column := map[vn.Level]string{vn.LevelProvince: "c.province", vn.LevelCommune: "c.unit"}[q.unit.Level]
	if column == "" {
		return nil, false, issue.New(issue.BusinessRule, "bulletin.export.province")
	}
	where, args := column+` = ? and c.day >= ? and c.day <= ?`, []any{int64(q.unit.ID), int64(q.from), int64(q.to)}
	if q.disease != "" {
		where += ` and c.disease = ?`
		args = append(args, q.disease)
	}
	columns := "c." + strings.ReplaceAll(caseColumns, ", ", ", c.")
	rows, more, err := store.First(ctx, m.store.For(a), q.unit.ID, maxList, func(scan store.Scan) (listRow, error) {
		var r listRow
		err := r.scan(func(dest ...any) error {
			return scan(append(append([]any{&r.report}, dest...), &r.name, &r.sex, &r.birth, &r.address)...)
		})
		return r, err
	}, `select c.report, `+columns+`, coalesce(p.name, ''), coalesce(p.sex, ''), coalesce(p.birth, ''), coalesce(p.address, '')
		  from bulletin_case c left join bulletin_person p on p.patient = c.patient
		 where `+where+` order by c.day desc, c.report limit ?`, args...)
	if err != nil {
		return nil, false, fmt.Errorf("line list of %v: %w", q.unit.ID, err)
	}
	return rows, more, nil
}

// listColumns are the columns of a line list, in the order of line.
var listColumns = []string{"case", "name", "sex", "birth", "address", "unit_code", "unit_name", "disease", "icd10", "class",
	"onset", "diagnosed", "reported", "late", "focus", "died"}

// line is a case as a line list tells it; "" for what is not known.
func (m *Module) line(r listRow) []string {
	day := func(d vn.Date) string {
		if !d.Known() {
			return ""
		}
		return d.String()
	}
	code, place := "", ""
	if u, ok := m.units.Get(r.unit); ok {
		code, place = codeOf(u), u.Full()
	}
	return []string{r.report, r.name, r.sex, r.birth, r.address, code, place, r.disease, r.icd, string(r.class),
		day(r.onset), day(r.day), time.UnixMicro(r.at).In(vn.Zone).Format(time.RFC3339), told(bit(r.late), false), r.focus, day(r.died)}
}

// writeList writes a line list as CSV.
func (m *Module) writeList(w io.Writer, rows []listRow) error {
	lines := [][]string{listColumns}
	for _, r := range rows {
		line := m.line(r)
		for i := range line {
			line[i] = sof.Inert(line[i])
		}
		lines = append(lines, line)
	}
	return csv.NewWriter(w).WriteAll(lines)
}

// writeListJSON writes {"cases": […], "more": …}: the columns of the CSV by name,
// without those that are not known; more: the list is cut.
func (m *Module) writeListJSON(w io.Writer, rows []listRow, more bool) error {
	cases := make([]map[string]string, len(rows))
	for i, r := range rows {
		cases[i] = map[string]string{}
		for k, value := range m.line(r) {
			if value != "" {
				cases[i][listColumns[k]] = value
			}
		}
	}
	return json.NewEncoder(w).Encode(map[string]any{"cases": cases, "more": more})
}

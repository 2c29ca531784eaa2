// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"cmp"
	"slices"
	"strings"

	"mach/issue"
	"mach/vn"
)

// Question is what somebody typed: words of a name, or a code with the day on
// which it stood ("26740 ngày 2024-01-01 là xã nào?").
type Question struct {
	Code  string  // two, three or five digits; "" = a name was typed
	On    vn.Date // ZeroDate = no day was typed
	Words string  // folded, when no code was typed
}

// ParseQuestion reads what was typed. A text that begins with a number of
// two, three or five digits asks for a code; the first date in it, as printed
// or in ISO form, is its day.
func ParseQuestion(text string) Question {
	fields := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;?()\t\r\n", r) })
	q := Question{On: vn.ZeroDate}
	if len(fields) == 0 {
		return q
	}
	if n := len(fields[0]); (n != 2 && n != 3 && n != 5) || strings.Trim(fields[0], "0123456789") != "" {
		q.Words = vn.Fold(text)
		return q
	}
	q.Code = fields[0]
	for _, f := range fields[1:] {
		if len(f) < len("1/1/2024") { // a year alone names no day
			continue
		}
		if p, err := vn.ParsePrintedDate(f); err == nil && p.Full() {
			q.On = p.First()
			break
		}
	}
	return q
}

// ByCode lists the units that have or had the code: that of the day, or, when
// no day is given, of every map known, today's first. nil when none.
func (m *Module) ByCode(code string, on vn.Date) []vn.Unit {
	days := []vn.Date{on}
	if on == vn.ZeroDate {
		days = []vn.Date{m.today(), vn.Reform, vn.Reform - 1}
	}
	var out []vn.Unit
	for _, day := range days {
		u, ok := m.units.ByCode(code, day)
		if ok && !slices.ContainsFunc(out, func(x vn.Unit) bool { return x.ID == u.ID }) {
			out = append(out, u)
		}
	}
	return out
}

// entry is one unit as search sees it.
type entry struct {
	unit vn.Unit
	own  string // " xa lien bao"
	all  string // " xa lien bao tinh bac ninh": own and every name above
}

func (m *Module) makeIndex() []entry {
	seen := map[vn.UnitID]bool{}
	var list []entry
	for _, day := range []vn.Date{m.today(), vn.Reform, vn.Reform - 1} {
		for _, u := range m.units.Under(vn.Nation, day) {
			if seen[u.ID] {
				continue
			}
			seen[u.ID] = true
			e := entry{unit: u, own: " " + vn.Fold(u.Full())}
			for _, f := range m.units.Formers(u.ID) {
				e.own += " " + vn.Fold(f.Name)
			}
			e.all = e.own
			for _, above := range m.units.Path(u.Parent) {
				if above.ID != vn.Nation {
					e.all += " " + vn.Fold(above.Full())
				}
			}
			list = append(list, e)
		}
	}
	return list
}

// Find lists units of any time whose name, or that of a unit above, has a word
// beginning with each word typed, marks or not: "lien bao bac ninh". Exact
// names first, then names that match by themselves; units of today before
// those that are no more, higher levels first. At most limit; nil when nothing
// was typed.
func (m *Module) Find(words string, limit int) []vn.Unit {
	typed := strings.Fields(vn.Fold(words))
	if len(typed) == 0 {
		return nil
	}
	joined := strings.Join(typed, " ")
	type hit struct {
		unit       vn.Unit
		rank, gone int
	}
	var hits []hit
	today := m.today()
	for _, e := range m.index() {
		h := hit{unit: e.unit, rank: e.rank(typed, joined)}
		if h.rank < 0 {
			continue
		}
		if !e.unit.ValidOn(today) {
			h.gone = 1
		}
		hits = append(hits, h)
	}
	slices.SortStableFunc(hits, func(a, b hit) int {
		return cmp.Or(cmp.Compare(a.rank, b.rank), cmp.Compare(a.gone, b.gone),
			cmp.Compare(a.unit.Level, b.unit.Level), cmp.Compare(a.unit.Code, b.unit.Code), cmp.Compare(a.unit.ID, b.unit.ID))
	})
	out := make([]vn.Unit, 0, min(limit, len(hits)))
	for _, h := range hits[:min(limit, len(hits))] {
		out = append(out, h.unit)
	}
	return out
}

// rank says how well the unit fits, 0 best, -1 not at all.
func (e entry) rank(typed []string, joined string) int {
	switch {
	case e.unit.Folded == joined || e.own == " "+joined:
		return 0
	case hasWords(e.own, typed):
		return 1
	case hasWords(e.all, typed):
		return 2
	}
	return -1
}

// hasWords reports whether each word typed begins some word of the text.
func hasWords(text string, typed []string) bool {
	for _, w := range typed {
		if !strings.Contains(text, " "+w) {
			return false
		}
	}
	return true
}

// Step is one way in which a unit came from another or went into it.
type Step struct {
	Unit    vn.Unit
	On      vn.Date
	Share   Share
	Sources string // a letter each, see content/units/SOURCES.md
}

// Share says how much of the older unit went the way of a [Step].
type Share string

// The shares. Refused ways are kept as data and lead nowhere.
const (
	Whole     Share = "full"
	AllPeople Share = "people"
	Part      Share = "partial"
	Refused   Share = "refused"
)

// Sheet is what the page of a unit shows.
type Sheet struct {
	Unit     vn.Unit
	Path     []vn.Unit // from the province down to the unit above
	Formers  []vn.Former
	Children []vn.Unit // on Day, in order of code
	Day      vn.Date   // today, or the last day of a unit that is no more
	Made     []Step    // from what, in order of the data
	Became   []Step    // into what
	Now      []vn.Unit // what it is today when it is no more: one, or candidates
}

// Sheet gathers everything known about a unit. It returns NotFound
// ("directory.unit.unknown") for an id that no unit has.
func (m *Module) Sheet(id vn.UnitID) (Sheet, error) {
	u, ok := m.units.Get(id)
	if !ok {
		return Sheet{}, issue.New(issue.NotFound, "directory.unit.unknown")
	}
	s := Sheet{Unit: u, Formers: m.units.Formers(id), Day: m.today()}
	if !u.ValidOn(s.Day) && id != vn.Nation {
		if u.To != vn.ZeroDate {
			s.Day = u.To - 1
		}
		s.Now = m.units.Successors(id, m.today())
	}
	s.Children = m.units.Children(id, s.Day)
	path := m.units.Path(id)
	s.Path = path[:len(path)-1]
	for _, e := range m.units.Lineage(id) {
		step := Step{On: e.On, Share: shareOf(e), Sources: e.Sources}
		list, other := &s.Became, e.To
		if e.To == id {
			list, other = &s.Made, e.From
		}
		if step.Unit, ok = m.units.Get(other); ok {
			*list = append(*list, step)
		}
	}
	return s, nil
}

func shareOf(e vn.Edge) Share {
	switch {
	case e.Refused:
		return Refused
	case e.Full:
		return Whole
	case e.AllPeople:
		return AllPeople
	}
	return Part
}

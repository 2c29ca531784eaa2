// SPDX-License-Identifier: Apache-2.0

package content

import (
	"io"
	"io/fs"
	"slices"
	"time"

	"mach/issue"
	"mach/vn"
)

// placeRows are rows by disease and unit, and what the communes of today were made
// of since the reform.
type placeRows struct {
	rows  map[[2]string][]placeRow // the latest first, one of the site before one of ours of the same day
	parts map[string][]part        // by the commune's code; of no other
}

// part is a commune that went into another one, wholly or not.
type part struct {
	path []string // its code and that of its province
	on   vn.Date  // when; ZeroDate for a commune that was new then: whatever is said of it was said later
}

type placeRow struct {
	disease, unit string // the unit's code; "" for the nation
	value         string // "1", "0" or "never": not recorded in Viet Nam
	from, to      vn.Date
	basis         string
}

// EndemicDefault is the basis of rows that no decision stands behind.
const EndemicDefault = "default"

// Endemic reports whether the disease is endemic in a unit on a day, and on
// which basis. path holds the codes of the unit and of those above it, lowest
// first, without the nation. Without a row a disease is not endemic.
func (l *Law) Endemic(disease string, path []string, on vn.Date) (endemic bool, basis string) {
	r := l.endemic.find(disease, path, on)
	return r.value == "1", r.basis
}

// Never reports whether a disease was not yet recorded in Viet Nam on a day, so
// that an assessment of its risk decides whether to warn (TT 15/2026/TT-BYT
// Article 22): a row of the nation says so.
func (l *Law) Never(disease string, on vn.Date) bool {
	return l.endemic.find(disease, nil, on).value == "never"
}

// EpidemicYear reports whether the year is listed as one with an epidemic of
// the disease in the unit. path is as in Endemic.
func (l *Law) EpidemicYear(disease string, path []string, year int) bool {
	return l.years.find(disease, path, vn.NewDate(year, time.January, 1)).value == "1"
}

// find returns the row of the lowest unit of the path. A commune that others
// went into has it from what was said of it since; else what holds in one of
// its parts holds for the whole: people who live where a disease is endemic, or
// an epidemic that is in the counts of the past, came with it.
func (p placeRows) find(disease string, path []string, on vn.Date) placeRow {
	return p.whole(disease, path, on, nil)
}

func (p placeRows) whole(disease string, path []string, on vn.Date, seen []string) placeRow {
	r := p.lowest(disease, path, on)
	if len(path) == 0 {
		return r
	}
	seen = append(slices.Clip(seen), path[0])
	for _, x := range p.parts[path[0]] {
		own := r.unit == path[0] && r.from >= x.on
		if own || slices.Contains(seen, x.path[0]) {
			continue
		}
		if of := p.whole(disease, x.path, on, seen); of.value == "1" && r.value != "1" || r.value == "" {
			r = of
		}
	}
	return r
}

func (p placeRows) lowest(disease string, path []string, on vn.Date) placeRow {
	for _, unit := range append(slices.Clip(path), "") {
		for _, r := range p.rows[[2]string{disease, unit}] {
			if during(on, r.from, r.to) {
				return r
			}
		}
	}
	return placeRow{}
}

// partsOf lists what today's communes were made of since the reform.
func partsOf(units *vn.Units) map[string][]part {
	out := map[string][]part{}
	if units == nil {
		return out
	}
	for _, u := range units.All() {
		for _, e := range units.Joined(u.ID) {
			from, _ := units.Get(e.From)
			above, _ := units.Get(from.Parent)
			x := part{path: []string{from.Code, above.Code}, on: e.On}
			if u.From == e.On {
				x.on = vn.ZeroDate
			}
			out[u.Code] = append(out[u.Code], x)
		}
	}
	return out
}

// PlaceTable is one of the tables of [Law]: its file in surveillance/,
// its columns, and which of them has the value.
type PlaceTable struct {
	File    string
	Columns []string
	value   string
}

// The tables of [Law]. valid_to may be left out.
var (
	EndemicPlaces = PlaceTable{"endemic.csv", []string{"disease", "unit", "endemic", "valid_from", "valid_to", "basis"}, "endemic"}
	EpidemicYears = PlaceTable{"epidemic_years.csv", []string{"disease", "unit", "year", "epidemic", "basis"}, "epidemic"}
)

// load reads the table in each folder that has it, those that go before first.
func (t PlaceTable) load(units *vn.Units, dirs ...fs.FS) (placeRows, error) {
	out := placeRows{map[[2]string][]placeRow{}, partsOf(units)}
	for _, dir := range dirs {
		r := t.reader(units)
		if err := readSite(dir, "surveillance/"+t.File, r.read); err != nil {
			return out, err
		}
		for _, row := range r.rows {
			key := [2]string{row.disease, row.unit}
			out.rows[key] = append(out.rows[key], row)
		}
	}
	for _, rows := range out.rows {
		slices.SortStableFunc(rows, func(a, b placeRow) int { return int(b.from - a.from) })
	}
	return out, nil
}

// Read reads the table as a province or a ministry decides it: CSV with a
// header, units by the codes of communes and provinces, "" for the nation. It
// returns the rows in the form of our own file, and every fault, in order. Rows
// are of use only without faults. The error is one of reading.
func (t PlaceTable) Read(in io.Reader, units *vn.Units) ([][]string, []Fault, error) {
	r := t.reader(units)
	faults, err := r.read(in)
	return r.cells, faults, err
}

func (t PlaceTable) reader(units *vn.Units) *placeReader {
	needed := slices.DeleteFunc(slices.Clone(t.Columns), func(name string) bool { return name == "valid_to" })
	return &placeReader{sheet: sheet{columns: t.Columns, needed: needed}, value: t.value, units: units}
}

type placeReader struct {
	sheet
	value string    // the column
	units *vn.Units // nil: only the nation is known
	cells [][]string
	rows  []placeRow
}

func (p *placeReader) read(in io.Reader) ([]Fault, error) {
	err := p.sheet.read(in, p.row)
	return p.faults, err
}

func (p *placeReader) row(cells []string) {
	get := func(name string) string {
		if i := slices.Index(p.columns, name); i >= 0 {
			return cells[i]
		}
		return ""
	}
	r := placeRow{disease: get("disease"), value: get(p.value), basis: get("basis")}
	if _, ok := Diseases().ByID(r.disease); !ok {
		p.refuse("disease", issue.New(issue.NotFound, "content.endemic.disease", r.disease))
	}
	r.from, r.to = p.period(get)
	if code := get("unit"); code != "" {
		r.unit = p.unit(code, max(r.from, vn.Reform))
		cells[slices.Index(p.columns, "unit")] = r.unit
	}
	never := r.value == "never" && p.value == "endemic" && r.unit == ""
	if r.value != "1" && r.value != "0" && !never {
		p.refuse(p.value, issue.New(issue.Value, "content.endemic.value", r.value))
	}
	p.basis(r.basis)
	p.once("disease", r.disease+" "+r.unit+" "+r.from.String())
	p.cells, p.rows = append(p.cells, cells), append(p.rows, r)
}

// period is the validity of a row: a year has its own days.
func (p *placeReader) period(get func(string) string) (from, to vn.Date) {
	if slices.Contains(p.columns, "year") {
		year := get("year")
		from, err := vn.ParseDate(year + "-01-01")
		if err != nil {
			p.refuse("year", issue.New(issue.Value, "content.endemic.year", year))
		}
		return from, vn.NewDate(from.Year()+1, time.January, 1)
	}
	from, err := vn.ParseDate(get("valid_from"))
	if err != nil {
		p.refuse("valid_from", issue.New(issue.Value, "content.units.date", get("valid_from")))
	}
	last := get("valid_to")
	if last == "" {
		return from, vn.ZeroDate
	}
	if to, err = vn.ParseDate(last); err != nil || to <= from {
		p.refuse("valid_to", issue.New(issue.Value, "content.endemic.to", last))
	}
	return from, to
}

// unit is the code of the commune or province that has this one on the day, or
// of one that got it later.
func (p *placeReader) unit(code string, on vn.Date) string {
	if p.units != nil {
		for _, u := range p.units.Coded(code) {
			if (u.Level == vn.LevelProvince || u.Level == vn.LevelCommune) && (!u.To.Known() || u.To > on) {
				return u.Code
			}
		}
	}
	p.refuse("unit", issue.New(issue.NotFound, "content.endemic.unit", code, on.String()))
	return code
}

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"

	"mach/issue"
	"mach/vn"
)

//go:embed units/*.tsv
var unitFiles embed.FS

// provincesAct merged the provinces (from memory, verify); their codes are of
// QĐ 19/2025/QĐ-TTg.
const provincesAct = "NQ 202/2025/QH15"

// Units returns the administrative units of Viet Nam, past and present, from
// content/units; SOURCES.md there says where they come from. It parses anew
// at each call: the caller keeps the result. It fails only when a file is
// broken, which the tests of this package refuse.
func Units() (*vn.Units, error) {
	root, err := fs.Sub(unitFiles, "units")
	if err != nil {
		return nil, fmt.Errorf("opening units: %w", err)
	}
	return ReadUnits(root)
}

// ReadUnits is Units from other files of the same form: those of UnitFiles, of which
// changes.tsv and regions.tsv may be missing. An error names file and line.
func ReadUnits(root fs.FS) (*vn.Units, error) {
	t := unitTables{
		Tables: vn.Tables{Units: make([]vn.Unit, 0, 14200), Edges: make([]vn.Edge, 0, 10700)},
		whole:  map[string]bool{}, there: make(map[vn.UnitID]bool, 14200),
	}
	t.Units = append(t.Units, vn.Unit{ID: vn.Nation, Kind: vn.KindNation, Name: "Việt Nam", From: vn.ZeroDate, To: vn.ZeroDate})
	for _, f := range []struct {
		name string
		row  func([]string) *cellError
	}{
		{"since.tsv", t.since}, // first: before.tsv leaves out provinces that stayed
		{"before.tsv", t.before},
		{"changes.tsv", t.change},
		{"formers.tsv", t.former},
		{"aliases.tsv", t.alias},
		{"regions.tsv", t.region},
	} {
		text, err := fs.ReadFile(root, f.name)
		if errors.Is(err, fs.ErrNotExist) && (f.name == "regions.tsv" || f.name == "changes.tsv") {
			continue // files of a site may leave these out
		}
		if err != nil {
			return nil, fmt.Errorf("reading units: %w", err)
		}
		for n, line := range tsv(string(text)) {
			if err := f.row(line); err != nil {
				return nil, &TableError{File: f.name, Line: n, cellError: err}
			}
		}
	}
	return vn.NewUnits(t.Tables)
}

// TableError says where a table is broken, and why.
type TableError struct {
	File string
	Line int // counted from 1
	*cellError
}

// Error names file, line, column, the rule and what breaks it.
func (e *TableError) Error() string {
	return fmt.Sprintf("%s line %d column %d: %v %v", e.File, e.Line, e.Column, e.Issue, e.Issue.Issues[0].Args)
}

// cellError is what is wrong in a line.
type cellError struct {
	Column int // counted from 1; 0 = the whole line
	Issue  *issue.Error
}

func cell(column int, code issue.Code, key string, args ...any) *cellError {
	return &cellError{column, issue.New(code, key, args...)}
}

// wide refuses a line that has another number of cells than one of these.
func wide(f []string, cells ...int) *cellError {
	if slices.Contains(cells, len(f)) {
		return nil
	}
	return cell(0, issue.Structure, "content.units.cells", len(f), cells[len(cells)-1])
}

// tsv yields the fields of each line that is no comment, with its number.
func tsv(text string) iter.Seq2[int, []string] {
	return func(yield func(int, []string) bool) {
		n := 0
		for line := range strings.Lines(text) {
			n++
			line = strings.TrimRight(line, "\r\n")
			if line == "" || line[0] == '#' {
				continue
			}
			if !yield(n, strings.Split(line, "\t")) {
				return
			}
		}
	}
}

// unitTables collects the rows; a commune belongs to the latest province and
// district.
type unitTables struct {
	vn.Tables
	province, district vn.UnitID
	act                string
	whole              map[string]bool // provinces that the reform left as they were
	there              map[vn.UnitID]bool
	changed            vn.Date // the day of the last row of changes.tsv
}

// since reads a row of the map from 2025-07-01.
func (t *unitTables) since(f []string) *cellError {
	if len(f) < 7 {
		return wide(f, 7)
	}
	u := vn.Unit{Code: f[0], Kind: f[1], Name: f[2], To: vn.ZeroDate, From: vn.Reform}
	if err := figures(&u, f[3:7], 4); err != nil {
		return err
	}
	if len(f) == 9 {
		return t.sinceProvince(u, f[7], f[8])
	}
	u.Level, u.Parent, u.Basis = vn.LevelCommune, t.province, t.act
	u.ID = vn.MakeUnitID(vn.SinceReform, u.Level, u.Code)
	return t.add(u)
}

// figures reads km2, people, lon and lat of a unit, the first in the column.
func figures(u *vn.Unit, f []string, column int) *cellError {
	for i, to := range []*float64{&u.AreaKm2, nil, &u.Lon, &u.Lat} {
		if to != nil && known(f[i]) {
			var err error
			if *to, err = strconv.ParseFloat(f[i], 64); err != nil {
				return cell(column+i, issue.Value, "content.units.number", f[i])
			}
		}
	}
	if known(f[1]) {
		var err error
		if u.Population, err = strconv.Atoi(f[1]); err != nil {
			return cell(column+1, issue.Value, "content.units.number", f[1])
		}
	}
	return nil
}

// known reports whether a figure is there and not marked as doubtful.
func known(figure string) bool { return figure != "" && figure[0] != '?' }

// sinceProvince adds a province of today and the edges of its old ones. One
// that was not merged keeps the id of the older map.
func (t *unitTables) sinceProvince(u vn.Unit, from, act string) *cellError {
	u.Level, u.Parent, u.Basis = vn.LevelProvince, vn.Nation, provincesAct
	u.ID = vn.MakeUnitID(vn.SinceReform, u.Level, u.Code)
	if from == "=" {
		u.ID = vn.MakeUnitID(vn.BeforeReform, u.Level, u.Code)
		u.From, u.Basis = vn.ZeroDate, ""
		t.whole[u.Code] = true
	} else {
		for _, code := range strings.Split(from, "+") {
			old := vn.MakeUnitID(vn.BeforeReform, vn.LevelProvince, code)
			t.Edges = append(t.Edges, vn.Edge{From: old, To: u.ID, On: vn.Reform, Full: true, Kind: "merged", Sources: "ab"})
		}
	}
	t.province, t.act = u.ID, act
	return t.add(u)
}

// before reads a row of the map on 2025-06-30.
func (t *unitTables) before(f []string) *cellError {
	if len(f) < 3 {
		return wide(f, 3)
	}
	u := vn.Unit{Code: f[0], Kind: f[1], Name: f[2], From: vn.ZeroDate, To: vn.Reform}
	switch len(f[0]) {
	case 2:
		u.Level, u.Parent = vn.LevelProvince, vn.Nation
	case 3, 4:
		u.Level, u.Parent = vn.LevelDistrict, t.province
	default:
		u.Level, u.Parent = vn.LevelCommune, t.district
	}
	code, again := strings.CutSuffix(u.Code, "?")
	u.Code = code
	u.ID = vn.MakeUnitID(vn.BeforeReform, u.Level, code)
	if again {
		u.ID += againOffset
	}
	switch u.Level {
	case vn.LevelProvince:
		t.province = u.ID
		if t.whole[u.Code] {
			return nil // came with the map of today
		}
	case vn.LevelDistrict:
		t.district = u.ID
	}
	if len(f) > 3 {
		if err := t.edges(u.ID, f[3]); err != nil {
			return err
		}
	}
	return t.add(u)
}

// againOffset keeps apart the two districts that source a lists twice.
const againOffset = 50_000

// edgeKinds are the words behind the letters in before.tsv.
var edgeKinds = map[byte]string{
	'm': "merged", 'p': "province_changed", 's': "split", 'u': "unchanged", 'r': "renamed", '-': "",
}

// edges reads "00136s 00541s* 00562s!/a".
func (t *unitTables) edges(from vn.UnitID, text string) *cellError {
	first := len(t.Edges)
	taken := 0
	for word := range strings.FieldsSeq(text) {
		e, sources, ok := strings.Cut(word, "/")
		if !ok {
			sources = "ab"
		}
		edge := vn.Edge{From: from, On: vn.Reform, Sources: sources}
		e, edge.Refused = strings.CutSuffix(e, "!")
		e, edge.AllPeople = strings.CutSuffix(e, "*")
		if len(e) == 6 {
			edge.To = vn.MakeUnitID(vn.SinceReform, vn.LevelCommune, e[:5])
			edge.Kind, ok = edgeKinds[e[5]]
		}
		if len(e) != 6 || !ok || !t.there[edge.To] {
			return cell(4, issue.Value, "content.units.edge", word)
		}
		if !edge.Refused {
			taken++
		}
		t.Edges = append(t.Edges, edge)
	}
	for i := first; i < len(t.Edges); i++ {
		t.Edges[i].Full = taken == 1 && !t.Edges[i].Refused
	}
	return nil
}

func (t *unitTables) add(u vn.Unit) *cellError {
	switch {
	case u.ID == 0:
		return cell(1, issue.CodeInvalid, "content.units.code", u.Code)
	case u.Name == "":
		return cell(3, issue.Required, "content.units.name")
	case t.there[u.ID]:
		return cell(1, issue.Duplicate, "content.units.twice", u.Code)
	case !t.there[u.Parent] && u.Parent != vn.Nation:
		return cell(1, issue.NotFound, "content.units.above", u.Code)
	}
	t.there[u.ID] = true
	t.Units = append(t.Units, u)
	return nil
}

// former reads a row of formers.tsv.
func (t *unitTables) former(f []string) *cellError {
	if err := wide(f, 6); err != nil {
		return err
	}
	generation, err := strconv.Atoi(f[1])
	if err != nil {
		return cell(2, issue.Value, "content.units.number", f[1])
	}
	until, err := vn.ParseDate(f[2])
	if err != nil {
		return cell(3, issue.Value, "content.units.date", f[2])
	}
	level := vn.LevelCommune
	if len(f[0]) == 2 {
		level = vn.LevelProvince
	}
	id := vn.MakeUnitID(generation, level, f[0])
	if !t.there[id] {
		return cell(1, issue.NotFound, "content.units.none", f[0])
	}
	t.Formers = append(t.Formers, vn.Former{ID: id, Until: until, Kind: f[3], Name: f[4], Basis: f[5]})
	return nil
}

// alias reads a row of aliases.tsv: all are communes of today.
func (t *unitTables) alias(f []string) *cellError {
	if err := wide(f, 3); err != nil {
		return err
	}
	id := vn.MakeUnitID(vn.SinceReform, vn.LevelCommune, f[1])
	if !t.there[id] {
		return cell(2, issue.NotFound, "content.units.none", f[1])
	}
	t.Aliases = append(t.Aliases, vn.Alias{Code: f[0], ID: id, Source: f[2]})
	return nil
}

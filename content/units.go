// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"io/fs"
	"iter"
	"strconv"
	"strings"

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

// ReadUnits is Units from other files of the same form: before.tsv, since.tsv,
// formers.tsv and aliases.tsv. An error names file and line.
func ReadUnits(root fs.FS) (*vn.Units, error) {
	t := unitTables{Tables: vn.Tables{Units: make([]vn.Unit, 0, 14200), Edges: make([]vn.Edge, 0, 10700)}}
	t.Units = append(t.Units, vn.Unit{ID: vn.Nation, Kind: vn.KindNation, Name: "Việt Nam", From: vn.ZeroDate, To: vn.ZeroDate})
	for _, f := range []struct {
		name string
		row  func([]string) error
	}{
		{"since.tsv", t.since}, // first: before.tsv leaves out provinces that stayed
		{"before.tsv", t.before},
		{"formers.tsv", t.former},
		{"aliases.tsv", t.alias},
	} {
		text, err := fs.ReadFile(root, f.name)
		if err != nil {
			return nil, fmt.Errorf("reading units: %w", err)
		}
		for n, line := range tsv(string(text)) {
			if err := f.row(line); err != nil {
				return nil, &TableError{f.name, n, err}
			}
		}
	}
	return vn.NewUnits(t.Tables)
}

// TableError says where a table of units is broken.
type TableError struct {
	File string
	Line int   // counted from 1
	Err  error // begins with the column where it is known
}

// Error names file and line.
func (e *TableError) Error() string { return fmt.Sprintf("%s line %d: %v", e.File, e.Line, e.Err) }

// Unwrap gives the fault in the line.
func (e *TableError) Unwrap() error { return e.Err }

// column names the column of a fault, counted from 1.
func column(n int, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("column %d: %w", n, err)
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
}

// since reads a row of the map from 2025-07-01.
func (t *unitTables) since(f []string) error {
	if len(f) < 7 {
		return fmt.Errorf("%d fields", len(f))
	}
	u := vn.Unit{Code: f[0], Kind: f[1], Name: f[2], To: vn.ZeroDate, From: vn.Reform}
	var err error
	for i, to := range []*float64{&u.AreaKm2, nil, &u.Lon, &u.Lat} {
		if to != nil && known(f[3+i]) && err == nil {
			*to, err = strconv.ParseFloat(f[3+i], 64)
			err = column(4+i, err)
		}
	}
	if known(f[4]) && err == nil {
		u.Population, err = strconv.Atoi(f[4])
		err = column(5, err)
	}
	if err != nil {
		return err
	}
	if len(f) == 9 {
		return t.sinceProvince(u, f[7], f[8])
	}
	u.Level, u.Parent, u.Basis = vn.LevelCommune, t.province, t.act
	u.ID = vn.MakeUnitID(vn.SinceReform, u.Level, u.Code)
	return t.add(u)
}

// known reports whether a figure is there and not marked as doubtful.
func known(figure string) bool { return figure != "" && figure[0] != '?' }

// sinceProvince adds a province of today and the edges of its old ones. One
// that was not merged keeps the id of the older map.
func (t *unitTables) sinceProvince(u vn.Unit, from, act string) error {
	u.Level, u.Parent, u.Basis = vn.LevelProvince, vn.Nation, provincesAct
	u.ID = vn.MakeUnitID(vn.SinceReform, u.Level, u.Code)
	if from == "=" {
		u.ID = vn.MakeUnitID(vn.BeforeReform, u.Level, u.Code)
		u.From, u.Basis = vn.ZeroDate, ""
		if t.whole == nil {
			t.whole = map[string]bool{}
		}
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
func (t *unitTables) before(f []string) error {
	if len(f) < 3 {
		return fmt.Errorf("%d fields", len(f))
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
			return column(4, err)
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
func (t *unitTables) edges(from vn.UnitID, text string) error {
	first := len(t.Edges)
	taken := 0
	for e := range strings.FieldsSeq(text) {
		e, sources, ok := strings.Cut(e, "/")
		if !ok {
			sources = "ab"
		}
		edge := vn.Edge{From: from, On: vn.Reform, Sources: sources}
		e, edge.Refused = strings.CutSuffix(e, "!")
		e, edge.AllPeople = strings.CutSuffix(e, "*")
		if len(e) != 6 {
			return fmt.Errorf("edge %q", e)
		}
		edge.To = vn.MakeUnitID(vn.SinceReform, vn.LevelCommune, e[:5])
		if edge.Kind, ok = edgeKinds[e[5]]; !ok {
			return fmt.Errorf("edge %q", e)
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

func (t *unitTables) add(u vn.Unit) error {
	if u.ID == 0 {
		return column(1, fmt.Errorf("code %q", u.Code))
	}
	if u.Name == "" {
		return column(3, fmt.Errorf("the name is missing"))
	}
	t.Units = append(t.Units, u)
	return nil
}

// former reads a row of formers.tsv.
func (t *unitTables) former(f []string) error {
	if len(f) != 6 {
		return fmt.Errorf("%d fields", len(f))
	}
	generation, err := strconv.Atoi(f[1])
	if err != nil {
		return column(2, err)
	}
	until, err := vn.ParseDate(f[2])
	if err != nil {
		return column(3, err)
	}
	level := vn.LevelCommune
	if len(f[0]) == 2 {
		level = vn.LevelProvince
	}
	t.Formers = append(t.Formers, vn.Former{
		ID: vn.MakeUnitID(generation, level, f[0]), Until: until, Kind: f[3], Name: f[4], Basis: f[5],
	})
	return nil
}

// alias reads a row of aliases.tsv: all are communes of today.
func (t *unitTables) alias(f []string) error {
	if len(f) != 3 {
		return fmt.Errorf("%d fields", len(f))
	}
	t.Aliases = append(t.Aliases, vn.Alias{
		Code: f[0], ID: vn.MakeUnitID(vn.SinceReform, vn.LevelCommune, f[1]), Source: f[2],
	})
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"io"
	"io/fs"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"mach/issue"
	"mach/vn"
)

// UnitList is what a list of units of the day changes in our tables.
type UnitList struct {
	Read, Changed int
	Tables        map[string][]byte // those of UnitFiles that change
}

// unitColumns are those of a list of units; other names for them are in
// unitAliases.
var (
	unitColumns = []string{"code", "name", "province_code", "area_km2", "population", "lon", "lat", "from", "act"}
	unitAliases = map[string]string{"dossier_population": "population"}
)

// ReadUnitList reads provinces and communes of the day as a ministry publishes
// them: CSV with code and name ("Phường Ba Đình") and, if it likes,
// province_code, area_km2, population, lon, lat, and from and act when the
// name is new since a day by an act. An empty cell leaves what stood. Without
// from, a name is a correction and stands for all days. Units that are not in
// the list stay as they are. New units, and those that move to another
// province, are refused: they need to say what they were made of.
//
// tables are ours (see [Site.UnitTables]), units what they hold. Tables of the
// result are of use only without faults. The error is one of reading.
func ReadUnitList(r io.Reader, tables fs.FS, units *vn.Units, on vn.Date) (UnitList, []Fault, error) {
	l := unitListReader{units: units, on: on, at: map[string]int{}}
	l.sheet = sheet{columns: unitColumns, needed: []string{"code", "name"}, other: unitAliases}
	since, err := fs.ReadFile(tables, "since.tsv")
	if err != nil {
		return l.list, nil, err
	}
	formers, err := fs.ReadFile(tables, "formers.tsv")
	if err != nil {
		return l.list, nil, err
	}
	l.since = strings.Split(string(since), "\n")
	for i, line := range l.since {
		if code, _, ok := strings.Cut(line, "\t"); ok && !strings.HasPrefix(line, "#") {
			l.at[code] = i
		}
	}
	err = l.read(r, l.row)
	if l.list.Changed > 0 {
		l.list.Tables = map[string][]byte{"since.tsv": []byte(strings.Join(l.since, "\n"))}
		if len(l.formers) > 0 {
			text := strings.TrimSuffix(string(formers), "\n") + "\n" + strings.Join(l.formers, "\n") + "\n"
			l.list.Tables["formers.tsv"] = []byte(text)
		}
	}
	return l.list, l.faults, err
}

type unitListReader struct {
	sheet
	units   *vn.Units
	on      vn.Date
	since   []string       // lines
	at      map[string]int // the line of each code
	formers []string       // new lines
	list    UnitList
}

func (l *unitListReader) row(cells []string) {
	l.list.Read++
	get := func(name string) string { return cells[slices.Index(unitColumns, name)] }
	code := get("code")
	u, ok := l.units.ByCode(code, l.on)
	i, listed := l.at[u.Code]
	before := u.ID == vn.MakeUnitID(vn.BeforeReform, u.Level, u.Code) // a province that stayed
	listed = listed && (before || u.ID == vn.MakeUnitID(vn.SinceReform, u.Level, u.Code))
	switch {
	case len(code) != 2 && len(code) != 5 || strings.Trim(code, "0123456789") != "":
		l.refuse("code", issue.New(issue.CodeInvalid, "content.units.code", code))
		return
	case !ok || !listed:
		l.refuse("code", issue.New(issue.NotFound, "content.units.unknown", code))
		return
	}
	l.once("code", u.Code)
	if p := get("province_code"); p != "" && u.Level == vn.LevelCommune {
		if in, _ := l.units.Get(u.Parent); in.Code != p {
			l.refuse("province_code", issue.New(issue.BusinessRule, "content.units.moved", code, in.Code))
		}
	}
	fields := strings.Split(l.since[i], "\t")
	changed := l.rename(u, fields, get("name"), get("from"), get("act"))
	for k, c := range unitNumbers {
		if c.put(l, &fields[3+k], get(c.name)) {
			changed = true
		}
	}
	if changed {
		l.list.Changed++
		l.since[i] = strings.Join(fields, "\t")
	}
}

// rename gives the unit the name; from a day on when one is said.
func (l *unitListReader) rename(u vn.Unit, fields []string, text, from, act string) bool {
	kind, name := vn.SplitKind(text)
	province := kind == vn.KindProvince || kind == vn.KindCity
	commune := kind == vn.KindCommune || kind == vn.KindWard || kind == vn.KindSpecial
	if name == "" || u.Level == vn.LevelProvince && !province || u.Level == vn.LevelCommune && !commune {
		l.refuse("name", issue.New(issue.Value, "content.units.kind", u.Code))
		return false
	}
	if kind == fields[1] && name == vn.NormalName(fields[2]) {
		return false
	}
	if from != "" {
		day, err := vn.ParseDate(from)
		if err != nil {
			l.refuse("from", issue.New(issue.Value, "content.units.date", from))
			return false
		}
		last := max(u.From, vn.Reform)
		if was := l.units.Formers(u.ID); len(was) > 0 {
			last = max(last, was[len(was)-1].Until)
		}
		if day <= last {
			l.refuse("from", issue.New(issue.BusinessRule, "content.units.from", last.String()))
			return false
		}
		generation := vn.SinceReform
		if u.ID == vn.MakeUnitID(vn.BeforeReform, u.Level, u.Code) { // a province that stayed
			generation = vn.BeforeReform
		}
		l.formers = append(l.formers, strings.Join([]string{u.Code, strconv.Itoa(generation), day.String(), fields[1], fields[2], act}, "\t"))
	}
	fields[1], fields[2] = kind, name
	return true
}

// unitNumber is a figure of a unit, with what it may be.
type unitNumber struct {
	name     string
	min, max float64
	whole    bool
}

// The published list writes 28,717 here and there, and for a figure that is not
// there yet 0 or words.
const pending = "đang cập nhật"

var thousands = regexp.MustCompile(`^\d{1,3}(,\d{3})+$`)

// unitNumbers stand in since.tsv from the fourth column on.
var unitNumbers = []unitNumber{
	{"area_km2", 0.001, 50_000, false}, {"population", 1, 50_000_000, true}, {"lon", 101, 118, false}, {"lat", 5, 24, false},
}

// put writes the number over what stood and reports whether it differs. A
// figure marked as doubtful stays so while the list says the same.
func (c unitNumber) put(l *unitListReader, field *string, text string) bool {
	if c.whole && thousands.MatchString(text) {
		text = strings.ReplaceAll(text, ",", "")
	}
	n, err := strconv.ParseFloat(text, 64)
	if text == "" || strings.EqualFold(text, pending) || err == nil && n == 0 {
		return false
	}
	if err != nil || !(n >= c.min && n <= c.max) || c.whole && n != float64(int(n)) {
		l.refuse(c.name, issue.New(issue.Value, "content.units.number", text))
		return false
	}
	if was, err := strconv.ParseFloat(strings.TrimPrefix(*field, "?"), 64); err == nil && was == n {
		return false
	}
	*field = text
	return true
}

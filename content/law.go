// SPDX-License-Identifier: Apache-2.0

package content

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mach/issue"
	"mach/vn"
)

// Law is what an installation counts Articles 16 and 22 of TT 15/2026/TT-BYT
// by: where which disease is endemic (lưu hành), over time, which years had an
// epidemic, and the numbers, with those that the circular leaves open. Of the
// places the row of the lowest unit decides, the latest of several. It is
// immutable and safe for concurrent use.
type Law struct {
	endemic, years placeRows
	numbers        []lawNumber // that the site decided, by the day they begin on
}

var ourLaw = sync.OnceValue(func() *Law { return must(Site{}.Law(nil)) })

// OurLaw returns our tables.
func OurLaw() *Law { return ourLaw() }

// Law returns our tables with those of the site, of the same names, over them.
// A fault is a [TableError].
func (s Site) Law(units *vn.Units) (*Law, error) {
	endemic, err := EndemicPlaces.load(units, s.dir, surveillanceFiles)
	if err != nil {
		return nil, fmt.Errorf("endemic diseases of the site: %w", err)
	}
	years, err := EpidemicYears.load(units, s.dir, surveillanceFiles)
	if err != nil {
		return nil, fmt.Errorf("epidemic years of the site: %w", err)
	}
	l := &Law{endemic: endemic, years: years}
	r := &lawReader{}
	if err := readSite(s.dir, "surveillance/"+LawFile, r.read); err != nil {
		return nil, fmt.Errorf("numbers of the law of the site: %w", err)
	}
	l.numbers = r.numbers
	return l, nil
}

// On returns the settings in force on the day: ours, with what the site decided
// until then.
func (l *Law) On(day vn.Date) SurveillanceSettings { return lawOn(l.numbers, day) }

func lawOn(numbers []lawNumber, day vn.Date) SurveillanceSettings {
	s := SurveillanceOn(day)
	var bases []string
	for _, n := range numbers {
		if n.from > day {
			break
		}
		lawNumbers[n.name](&s, n.value)
		s.From = max(s.From, n.from)
		if !slices.Contains(bases, n.basis) {
			bases = append(bases, n.basis)
		}
	}
	s.Basis = strings.Join(append(bases, s.Basis), "; ")
	return s
}

// Detection returns the rule of a disease that was in force on the day.
func (l *Law) Detection(d Disease, on vn.Date) DetectionRule {
	return DetectionOn(on).rule(d, l.On(on))
}

// Sum names what the site decided; "" when that is nothing.
func (l *Law) Sum() string {
	if len(l.numbers) == 0 {
		return ""
	}
	var rows [][4]string
	for _, n := range l.numbers {
		rows = append(rows, [4]string{n.from.String(), n.name, n.value, n.basis})
	}
	sum := sha256.Sum256(must(json.Marshal(rows)))
	return hex.EncodeToString(sum[:6])
}

// LawFile is the table of numbers of the law that a site decides, in
// surveillance/, and LawColumns are its columns.
const LawFile = "law.csv"

// LawColumns are the columns of [LawFile].
var LawColumns = []string{"valid_from", "setting", "value", "basis"}

// lawNumber is a number that a site decided.
type lawNumber struct {
	from               vn.Date
	name, value, basis string
	line               int // of the table
}

// lawNumbers set a number by its name in settings.toml; false for a value that
// cannot be.
var lawNumbers = map[string]func(s *SurveillanceSettings, value string) bool{
	"baseline_years":  count(func(s *SurveillanceSettings) *int { return &s.BaselineYears }, 2, 15),
	"lookback_years":  count(func(s *SurveillanceSettings) *int { return &s.LookbackYears }, 2, 20),
	"min_valid_years": count(func(s *SurveillanceSettings) *int { return &s.MinValidYears }, 2, 15),
	"linked_month":    count(func(s *SurveillanceSettings) *int { return &s.LinkedMonth }, 2, 99),
	"linked_week":     count(func(s *SurveillanceSettings) *int { return &s.LinkedWeek }, 2, 99),
	"linked_gap_days": count(func(s *SurveillanceSettings) *int { return &s.LinkedGapDays }, 1, 90),
	"confirmed_a":     count(func(s *SurveillanceSettings) *int { return &s.ConfirmedA }, 1, 99),
	"epidemic_sd":     measure(func(s *SurveillanceSettings) *float64 { return &s.EpidemicSD }),
	"warning_sd":      measure(func(s *SurveillanceSettings) *float64 { return &s.WarningSD }),
	"divisor": func(s *SurveillanceSettings, value string) bool {
		s.Divisor = value
		return value == "n-1" || value == "n"
	},
	"warning_above_epidemic_sd": func(s *SurveillanceSettings, value string) bool {
		s.WarnAboveUpper = value == "1"
		return value == "1" || value == "0"
	},
	"week_53": func(s *SurveillanceSettings, value string) bool {
		s.Week53 = 0
		if value == "52" {
			s.Week53 = 52
		}
		return value == "52" || value == "0"
	},
}

func count(of func(*SurveillanceSettings) *int, least, most int) func(*SurveillanceSettings, string) bool {
	return func(s *SurveillanceSettings, value string) bool {
		n, err := strconv.Atoi(value)
		*of(s) = n
		return err == nil && n >= least && n <= most
	}
}

func measure(of func(*SurveillanceSettings) *float64) func(*SurveillanceSettings, string) bool {
	return func(s *SurveillanceSettings, value string) bool {
		n, err := strconv.ParseFloat(value, 64)
		*of(s) = n
		return err == nil && n > 0 && n <= 5
	}
}

// sensible reports whether the numbers go together.
func (s SurveillanceSettings) sensible() bool {
	return s.MinValidYears >= 2 && s.BaselineYears >= s.MinValidYears && s.LookbackYears >= s.BaselineYears && s.WarningSD <= s.EpidemicSD
}

// ReadLaw reads the table as a ministry decides it: CSV with a header, a row for
// each number and the day it begins on, its basis the decision. It returns the
// rows in the form of our own file, and every fault, in order. Rows are of use
// only without faults. The error is one of reading.
func ReadLaw(in io.Reader) ([][]string, []Fault, error) {
	r := &lawReader{}
	faults, err := r.read(in)
	return r.cells, faults, err
}

type lawReader struct {
	sheet
	cells   [][]string
	numbers []lawNumber
}

func (r *lawReader) read(in io.Reader) ([]Fault, error) {
	r.sheet = sheet{columns: LawColumns, needed: LawColumns}
	if err := r.sheet.read(in, r.row); err != nil || len(r.faults) > 0 {
		return r.faults, err
	}
	slices.SortStableFunc(r.numbers, func(a, b lawNumber) int { return int(a.from - b.from) })
	for _, n := range r.numbers {
		if !lawOn(r.numbers, n.from).sensible() {
			r.add(n.line, 0, "", issue.New(issue.Value, "content.law.sense", n.from.String()))
			break
		}
	}
	return r.faults, nil
}

func (r *lawReader) row(cells []string) {
	n := lawNumber{name: cells[1], value: cells[2], basis: cells[3], line: r.line()}
	var err error
	if n.from, err = vn.ParseDate(cells[0]); err != nil {
		r.refuse("valid_from", issue.New(issue.Value, "content.units.date", cells[0]))
	}
	set, ok := lawNumbers[n.name]
	switch {
	case !ok:
		r.refuse("setting", issue.New(issue.NotFound, "content.law.setting", n.name))
	case !set(&SurveillanceSettings{}, n.value):
		r.refuse("value", issue.New(issue.Value, "content.law.value", cmp.Or(n.value, "–"), n.name))
	}
	r.basis(n.basis)
	r.once("setting", n.name+" "+n.from.String())
	r.cells, r.numbers = append(r.cells, cells), append(r.numbers, n)
}

// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"mach/i18n"
	"mach/vn"
)

//go:embed terminology/*.csv
var terminologyFiles embed.FS

// Diagnosis is one entry of the station's own list: an ICD-10 code, the name
// as staff say it, and what a citizen reads.
type Diagnosis struct {
	Code string
	Name Words
	// Plain says in a sentence or two what it is and what to do; empty for
	// about two thirds of the codes.
	Plain Words
	terms []string // other ways to say it, folded
	words []string // folded words of the name and the terms
	en    []string // folded words of the English name
	vi    string   // name, lower case, marks kept
	key   string   // name, folded
}

// DiagnosisList is the list of about 500 codes of a commune station. It is
// immutable and safe for concurrent use.
type DiagnosisList struct {
	list   []Diagnosis // in order of code
	byCode map[string]int
}

// The code lists are read once, when first asked for.
var (
	diagnoses = sync.OnceValue(func() *DiagnosisList { return must(loadDiagnoses()) })
	drugs     = sync.OnceValue(func() *DrugList { return must(loadDrugs()) })
	vitals    = sync.OnceValue(func() []Vital { return must(loadVitals()) })
	items     = sync.OnceValue(func() map[string][]Item { return must(loadItems()) })
)

// Diagnoses returns the list that this program carries.
func Diagnoses() *DiagnosisList { return diagnoses() }

// diagnosisColumns head the file of diagnoses.
var diagnosisColumns = []string{"code", "vi", "en", "terms", "plain_vi", "plain_en"}

// diagnosesFile is where it stands, among our definitions and those of a site.
const diagnosesFile = "terminology/diagnoses.csv"

func loadDiagnoses() (*DiagnosisList, error) {
	rows, err := readTable(terminologyFiles, diagnosesFile, diagnosisColumns...)
	if err != nil {
		return nil, err
	}
	return newDiagnoses(rows)
}

// newDiagnoses makes the list of rows in order of code.
func newDiagnoses(rows [][]string) (*DiagnosisList, error) {
	d := &DiagnosisList{byCode: make(map[string]int, len(rows))}
	for _, r := range rows {
		if _, twice := d.byCode[r[0]]; twice || !ValidICD(r[0]) {
			return nil, fmt.Errorf("diagnosis %q occurs twice or is no ICD-10 code", r[0])
		}
		x := Diagnosis{Code: r[0], Name: Words{r[1], r[2]}, Plain: Words{r[4], r[5]}}
		x.vi, x.key = strings.ToLower(vn.NormalName(r[1])), vn.Fold(r[1])
		x.words, x.en = tokens(x.key), tokens(vn.Fold(r[2]))
		for term := range strings.SplitSeq(r[3], ";") {
			if term = vn.Fold(term); term != "" {
				x.terms = append(x.terms, term)
				x.words = append(x.words, tokens(term)...)
			}
		}
		d.byCode[x.Code] = len(d.list)
		d.list = append(d.list, x)
	}
	return d, nil
}

// tokens cuts folded text into words of letters and digits.
func tokens(folded string) []string {
	return strings.FieldsFunc(folded, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	})
}

// All returns every diagnosis in order of code. The slice must not be changed.
func (d *DiagnosisList) All() []Diagnosis { return d.list }

// ByCode returns the diagnosis of the code; false when the list does not hold
// exactly this code.
func (d *DiagnosisList) ByCode(code string) (Diagnosis, bool) {
	i, ok := d.byCode[NormalICD(code)]
	if !ok {
		return Diagnosis{}, false
	}
	return d.list[i], true
}

// Plain returns what a citizen reads about the code: its own words, else those
// of the first code of the same category that has any; zero when none has.
func (d *DiagnosisList) Plain(code string) Words {
	code = NormalICD(code)
	if x, ok := d.ByCode(code); ok && x.Plain.Vi != "" {
		return x.Plain
	}
	if len(code) > 3 {
		code = code[:3]
	}
	i, _ := slices.BinarySearchFunc(d.list, code, func(x Diagnosis, c string) int { return strings.Compare(x.Code, c) })
	for ; code != "" && i < len(d.list) && strings.HasPrefix(d.list[i].Code, code); i++ {
		if d.list[i].Plain.Vi != "" {
			return d.list[i].Plain
		}
	}
	return Words{}
}

// Search returns up to limit diagnoses for what somebody types: a code, an
// abbreviation ("THA"), or words of the name in either language, with or
// without marks, each word as far as it is typed. Best first: code or
// abbreviation, then names that begin so, then the rest; common ones before
// rare ones. nil when the text holds no letter or digit.
func (d *DiagnosisList) Search(text string, limit int) []Diagnosis {
	folded := vn.Fold(text)
	want := tokens(folded)
	if len(want) == 0 || limit <= 0 {
		return nil
	}
	marked := strings.ToLower(vn.NormalName(text))
	type hit struct{ rank, at int }
	var hits []hit
	for i := range d.list {
		if rank := d.list[i].rank(folded, marked, want); rank >= 0 {
			hits = append(hits, hit{rank, i})
		}
	}
	slices.SortStableFunc(hits, func(a, b hit) int { return a.rank - b.rank })
	var out []Diagnosis
	for _, h := range hits[:min(limit, len(hits))] {
		out = append(out, d.list[h.at])
	}
	return out
}

// rank says how well the diagnosis fits: 0 best, -1 not at all.
func (x *Diagnosis) rank(folded, marked string, want []string) int {
	rank := -1
	switch {
	case strings.EqualFold(x.Code, folded) || slices.Contains(x.terms, folded) || x.vi == marked || x.key == folded:
		rank = 0
	case strings.HasPrefix(strings.ToLower(x.Code), folded):
		rank = 1
	case marked != folded && strings.HasPrefix(x.vi, marked):
		rank = 2
	case strings.HasPrefix(x.key, folded):
		rank = 3
	case slices.ContainsFunc(x.terms, func(t string) bool { return strings.HasPrefix(t, folded) }):
		rank = 4
	case fits(want, x.words):
		rank = 5
	case fits(want, x.en):
		rank = 6
	default:
		return -1
	}
	if x.Plain.Vi == "" { // the common ones are those we explain
		return 2*rank + 1
	}
	return 2 * rank
}

// fits reports whether every wanted word begins some word.
func fits(want, words []string) bool {
	for _, w := range want {
		if !slices.ContainsFunc(words, func(x string) bool { return strings.HasPrefix(x, w) }) {
			return false
		}
	}
	return true
}

// Drug is a medicine as a station keeps it. There is no code: the national
// list is imported, not invented.
type Drug struct {
	Name     Words  // generic name, Vietnamese spelling and international
	Form     string // key "terminology.form.<form>" of the catalogue
	Strength string // as printed in Viet Nam, decimal comma
	Route    string // key "terminology.route.<route>"
	Group    string // key "terminology.drug_group.<group>"
}

// Label gives name and strength: "Amoxicilin 500 mg".
func (d Drug) Label() string { return d.Name.Vi + " " + d.Strength }

// DrugList is the list of common station medicines. It is immutable and safe for
// concurrent use.
type DrugList struct{ list []Drug }

// Drugs returns the list that this program carries.
func Drugs() *DrugList { return drugs() }

func loadDrugs() (*DrugList, error) {
	rows, err := readTable(terminologyFiles, "terminology/drugs.csv", "name", "name_en", "form", "strength", "route", "group", "terms")
	if err != nil {
		return nil, err
	}
	d := &DrugList{}
	for _, r := range rows {
		x := Drug{Name: Words{r[0], r[1]}, Form: r[2], Strength: r[3], Route: r[4], Group: r[5]}
		if slices.Contains(r[:6], "") {
			return nil, fmt.Errorf("drug %q: a cell is empty", r[0])
		}
		d.list = append(d.list, x)
	}
	return d, nil
}

// All returns every drug, by use. The slice must not be changed.
func (d *DrugList) All() []Drug { return d.list }

// LOINC is the system of LOINC codes in resources.
const LOINC = "http://loinc.org"

// Vital is a measurement of the station: LOINC code, names, UCUM unit, and
// the range outside which a value is surely mistyped.
type Vital struct {
	Code      string
	Parent    string // code of the panel; empty when it stands alone
	Name      Words
	Unit      string // UCUM
	UnitName  Words  // as printed
	Decimals  int
	Low, High float64 // both 0 for panels
}

// Vitals returns the measurements in the order of the form. The slice must
// not be changed.
func Vitals() []Vital { return vitals() }

// VitalOf returns the measurement of a LOINC code; false for one that the
// station does not take.
func VitalOf(code string) (Vital, bool) {
	for _, v := range vitals() {
		if v.Code == code {
			return v, true
		}
	}
	return Vital{}, false
}

// UnitWord is the unit of a value of the LOINC code in a language. A unit that
// is not ours stays as it was written.
func UnitWord(code, unit string, lang i18n.Lang) string {
	v, ok := VitalOf(code)
	if ok && (unit == v.Unit || unit == v.UnitName.Vi || unit == v.UnitName.En) {
		return v.UnitName.In(lang)
	}
	return unit
}

func loadVitals() ([]Vital, error) {
	rows, err := readTable(terminologyFiles, "terminology/vitals.csv",
		"code", "parent", "vi", "en", "unit", "unit_vi", "unit_en", "decimals", "low", "high")
	if err != nil {
		return nil, err
	}
	var out []Vital
	for _, r := range rows {
		v := Vital{Code: r[0], Parent: r[1], Name: Words{r[2], r[3]}, Unit: r[4], UnitName: Words{r[5], r[6]}}
		if v.Decimals, err = strconv.Atoi(r[7]); err != nil {
			return nil, fmt.Errorf("vital %s: %w", v.Code, err)
		}
		for i, to := range []*float64{&v.Low, &v.High} {
			if cell := r[8+i]; cell != "" {
				if *to, err = strconv.ParseFloat(cell, 64); err != nil {
					return nil, fmt.Errorf("vital %s: %w", v.Code, err)
				}
			}
		}
		out = append(out, v)
	}
	return out, nil
}

func loadItems() (map[string][]Item, error) {
	lists := map[string][]Item{}
	for _, name := range []string{"occupations", "facility_types", "roles"} {
		rows, err := readTable(terminologyFiles, "terminology/"+name+".csv", "code", "vi", "en")
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			lists[name] = append(lists[name], Item{Code: r[0], Name: Words{r[1], r[2]}, Verified: true})
		}
	}
	rows, err := readTable(terminologyFiles, "terminology/ethnic.csv", "code", "vi", "en", "verified")
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		lists["ethnic"] = append(lists["ethnic"], Item{Code: r[0], Name: Words{r[1], r[2]}, Verified: r[3] == "1"})
	}
	return lists, nil
}

// EthnicGroups returns the 54 groups and "foreign" by their two-digit codes
// (QĐ 121-TCTK/PPCĐ 1979). Most codes are unverified. Not to be changed.
func EthnicGroups() []Item { return items()["ethnic"] }

// Occupations returns our own short list. Not to be changed.
func Occupations() []Item { return items()["occupations"] }

// FacilityTypes returns the codes of /cs/facility-type. Not to be changed.
func FacilityTypes() []Item { return items()["facility_types"] }

// Roles returns the codes of /cs/role. Not to be changed.
func Roles() []Item { return items()["roles"] }

// NameOf returns the name of the code in the list; the code itself when the
// list does not hold it.
func NameOf(list []Item, code string) Words {
	for _, x := range list {
		if x.Code == code {
			return x.Name
		}
	}
	return Words{Vi: code, En: code}
}

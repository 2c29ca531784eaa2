// SPDX-License-Identifier: Apache-2.0

package content

import (
	"embed"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/pelletier/go-toml/v2"

	"mach/vn"
)

//go:embed surveillance
var surveillanceFiles embed.FS

// Disease is one notifiable disease during one validity.
type Disease struct {
	ID    string // ours: "dengue"
	Name  Words
	Clock Clock
	// Group is A, B or C (TT 15/2026 Article 15). The list of QĐ
	// 1965/QĐ-BYT 2026 could not be read: GroupVerified is false for all
	// and the groups are a working default whose counts agree (15, 47, 19).
	Group         string
	GroupVerified bool
	ICD           []ICDRange
	// SharedICD are codes that several diseases have (J09): the code alone
	// gives the disease that holds it in ICD, a person chooses among all.
	SharedICD []ICDRange
	// EpisodeDays is how long a new diagnosis of the same person counts as
	// the same case; 36500 is for life. Ours, not the law's.
	EpisodeDays int
	// Closed diseases go to the closed desk only: no identified draft, list
	// or map anywhere else, only sums.
	Closed   bool
	From, To vn.Date // To is the first day after; ZeroDate while in force
	Basis    string
}

// DiseaseList is the list of notifiable diseases over time. It is immutable
// and safe for concurrent use.
type DiseaseList struct {
	list []Disease // file order: clock, then name
	icd  []diseaseCode
}

type diseaseCode struct {
	ICDRange
	at int // in list
}

var (
	diseases    = sync.OnceValue(func() *DiseaseList { return must(loadDiseases()) })
	lawSettings = sync.OnceValue(func() []SurveillanceSettings { return must(loadSurveillanceSettings()) })
)

// Diseases returns the notifiable diseases: 81 from 2026-07-01 (QĐ 97/QĐ-PB).
// The lists in force before are not carried.
func Diseases() *DiseaseList { return diseases() }

func loadDiseases() (*DiseaseList, error) { return ReadDiseases(surveillanceFiles) }

// ReadDiseases is Diseases of another folder that holds surveillance/diseases.csv.
// A disease that is renamed, or gets another clock, has two rows of one id: the
// new one begins on the day on which the old one ends.
func ReadDiseases(root fs.FS) (*DiseaseList, error) {
	rows, err := readTable(root, "surveillance/diseases.csv", "id", "vi", "en", "clock", "group", "group_verified",
		"icd", "icd_shared", "episode_days", "closed", "valid_from", "valid_to", "basis")
	if err != nil {
		return nil, err
	}
	d := &DiseaseList{}
	for _, r := range rows {
		x, err := parseDisease(r)
		if err != nil {
			return nil, fmt.Errorf("disease %s: %w", r[0], err)
		}
		for _, c := range x.ICD {
			d.icd = append(d.icd, diseaseCode{c, len(d.list)})
		}
		d.list = append(d.list, x)
	}
	slices.SortStableFunc(d.icd, func(a, b diseaseCode) int { return b.precision() - a.precision() })
	return d, nil
}

func parseDisease(r []string) (Disease, error) {
	x := Disease{ID: r[0], Name: Words{r[1], r[2]}, Clock: Clock(r[3]), Group: r[4], GroupVerified: r[5] == "1", Closed: r[9] == "1", Basis: r[12]}
	if !x.Clock.known() {
		return x, fmt.Errorf("clock %q", x.Clock)
	}
	if !strings.Contains("ABC", x.Group) || len(x.Group) != 1 {
		return x, fmt.Errorf("group %q", x.Group)
	}
	for i, to := range []*[]ICDRange{&x.ICD, &x.SharedICD} {
		for s := range strings.FieldsSeq(r[6+i]) {
			c, err := ParseICDRange(s)
			if err != nil {
				return x, err
			}
			*to = append(*to, c)
		}
	}
	var err error
	if x.EpisodeDays, err = strconv.Atoi(r[8]); err != nil || x.EpisodeDays < 1 {
		return x, fmt.Errorf("episode days %q", r[8])
	}
	x.From, x.To, err = span(r[10], r[11])
	return x, err
}

// For returns the disease of an ICD-10 code on a day: the one whose code is
// the most specific (A83.0 before A83–A86). false when the code is not
// notifiable on that day.
func (d *DiseaseList) For(icd string, on vn.Date) (Disease, bool) {
	code := NormalICD(icd)
	for _, c := range d.icd {
		if x := d.list[c.at]; c.Contains(code) && during(on, x.From, x.To) {
			return x, true
		}
	}
	return Disease{}, false
}

// Series returns the disease under whose name a case of any day is counted
// today, so that five years compare although the lists changed: For on the
// latest list. false when the code is on no list now in force.
func (d *DiseaseList) Series(icd string) (Disease, bool) {
	code := NormalICD(icd)
	for _, c := range d.icd {
		if x := d.list[c.at]; c.Contains(code) && x.To == vn.ZeroDate {
			return x, true
		}
	}
	return Disease{}, false
}

// ByID returns the disease, as now in force; false for an unknown id.
func (d *DiseaseList) ByID(id string) (Disease, bool) {
	for _, x := range d.list {
		if x.ID == id && x.To == vn.ZeroDate {
			return x, true
		}
	}
	return Disease{}, false
}

// List returns the diseases of the day: 24-hour ones first, then 48-hour,
// then weekly. nil before the first list.
func (d *DiseaseList) List(on vn.Date) []Disease {
	var out []Disease
	for _, x := range d.list {
		if during(on, x.From, x.To) {
			out = append(out, x)
		}
	}
	return out
}

// Choices returns the diseases that a person chooses among for the code: one,
// or all that share it (J09), the default first. nil when not notifiable.
func (d *DiseaseList) Choices(icd string, on vn.Date) []Disease {
	first, ok := d.For(icd, on)
	if !ok {
		return nil
	}
	out, code := []Disease{first}, NormalICD(icd)
	for _, x := range d.List(on) {
		if slices.ContainsFunc(x.SharedICD, func(c ICDRange) bool { return c.Contains(code) }) {
			out = append(out, x)
		}
	}
	return out
}

// SurveillanceSettings are the numbers of TT 15/2026 Articles 16 and 22, what
// the circular leaves open, and the desk's own rules, during one validity.
type SurveillanceSettings struct {
	From    vn.Date `toml:"-"`
	FromISO string  `toml:"valid_from"`
	Basis   string  `toml:"basis"`

	BaselineYears  int     `toml:"baseline_years"`
	LookbackYears  int     `toml:"lookback_years"`
	MinValidYears  int     `toml:"min_valid_years"`
	Divisor        string  `toml:"divisor"` // "n-1" or "n"
	EpidemicSD     float64 `toml:"epidemic_sd"`
	WarningSD      float64 `toml:"warning_sd"`
	WarnAboveUpper bool    `toml:"warning_above_epidemic_sd"`
	// Week53 is the week that a week 53 is compared with in years without one;
	// 0 = none, those years are left out.
	Week53        int `toml:"week_53"`
	LinkedMonth   int `toml:"linked_month"`
	LinkedWeek    int `toml:"linked_week"`
	LinkedGapDays int `toml:"linked_gap_days"`
	ConfirmedA    int `toml:"confirmed_a"`

	Escalation []Escalation `toml:"escalation"`
}

// Escalation shows an unsent draft to a role once a share of its clock is over.
type Escalation struct {
	Share float64 `toml:"share"` // 0 to 1
	To    string  `toml:"to"`    // code of /cs/role
}

// SurveillanceOn returns the settings in force on the day: those of the latest
// block that had begun, the first block for earlier days.
func SurveillanceOn(on vn.Date) SurveillanceSettings {
	return inForce(lawSettings(), on, func(s SurveillanceSettings) vn.Date { return s.From })
}

// inForce is the latest of blocks, in order of the day they begin on, that had
// begun; the first one for earlier days.
func inForce[T any](blocks []T, on vn.Date, from func(T) vn.Date) T {
	for _, b := range slices.Backward(blocks[1:]) {
		if from(b) <= on {
			return b
		}
	}
	return blocks[0]
}

func loadSurveillanceSettings() ([]SurveillanceSettings, error) {
	b, err := surveillanceFiles.ReadFile("surveillance/settings.toml")
	if err != nil {
		return nil, err
	}
	var file struct {
		Period []SurveillanceSettings `toml:"period"`
	}
	if err := toml.Unmarshal(b, &file); err != nil {
		return nil, fmt.Errorf("surveillance settings: %w", err)
	}
	if len(file.Period) == 0 {
		return nil, fmt.Errorf("surveillance settings: no period")
	}
	for i := range file.Period {
		p := &file.Period[i]
		if p.From, err = vn.ParseDate(p.FromISO); err != nil {
			return nil, fmt.Errorf("surveillance settings: %w", err)
		}
		if p.Divisor != "n-1" && p.Divisor != "n" || !p.sensible() {
			return nil, fmt.Errorf("surveillance settings of %s make no sense", p.FromISO)
		}
	}
	slices.SortFunc(file.Period, func(a, b SurveillanceSettings) int { return int(a.From - b.From) })
	return file.Period, nil
}

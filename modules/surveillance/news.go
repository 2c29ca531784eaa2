// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/store"
	"mach/vn"
)

// News is what became of a report that the actor's facility sent: each version
// that somebody else wrote, of it or of the one that stands for it (feedback down each level is a duty, TT
// 15/2026/TT-BYT Article 10).
type News struct {
	Report, Patient string
	Of              string // report whose version it is: itself, or the one of the same case that stands
	Version         int64  // of that
	Disease         string
	Becomes         string // disease after; "" = the same
	Was, Class      casereport.Class
	Reason          string
	At              time.Time
	Name            string

	facility    string
	place       vn.UnitID
	sensitivity []string
}

// Labels lets the guard judge the row as the report.
func (n News) Labels() store.Labels {
	return store.Labels{Type: "Condition", ID: n.Report, Patient: n.Patient, Facility: n.facility, Unit: n.place, Sensitivity: n.sensitivity, Category: casereport.Category}
}

// News lists what became of the facility's reports since a day, the latest
// first.
func (m *Module) News(ctx context.Context, a store.Actor, since vn.Date) ([]News, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (News, error) {
		var n News
		var place, at int64
		var sensitivity string
		err := scan(&n.Report, &n.Of, &n.Version, &n.facility, &place, &n.Patient, &n.Disease, &n.Becomes, &n.Was, &n.Class, &n.Reason, &sensitivity, &at, &n.Name)
		n.place, n.At, n.sensitivity = vn.UnitID(place), time.UnixMicro(at), strings.Fields(sensitivity)
		return n, err
	}, `select f.report, f.of, f.version, f.facility, f.place, f.patient, f.disease, f.becomes, f.was, f.class, f.reason, f.sensitivity, f.at, coalesce(p.name, '')
		  from surveillance_feedback f left join surveillance_person p on p.patient = f.patient
		 where f.facility = ? and f.at >= ? and f.sensitivity = '' order by f.at desc, f.report, f.of, f.version limit 50`, a.Facility, since.Time().UnixMicro())
	if err != nil {
		return nil, fmt.Errorf("news of reports: %w", err)
	}
	return rows, nil
}

// Death is a case whose person died, of which the report does not say so yet.
type Death struct {
	Case
	At  time.Time
	Due time.Time // 24 hours after the death (TT 15/2026/TT-BYT Article 10.2b)
}

// mine is the condition under which a case is the business of the actor: what
// the facility reported; for a centre, what its province reported or has.
func (m *Module) mine(a store.Actor) (string, []any) {
	if a.Role == store.CDC {
		province := int64(a.Oversees(m.units))
		return `(c.province = ? or c.place = ?)`, []any{province, province}
	}
	return `c.facility = ?`, []any{a.Facility}
}

// Deaths lists the deaths since a day that nobody has reported, the nearest
// limit first. A death stands in any record of the same personal id.
func (m *Module) Deaths(ctx context.Context, a store.Actor, since vn.Date) ([]Death, error) {
	where, args := m.mine(a)
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (Death, error) {
		var d Death
		var died int64
		var err error
		d.Case, err = m.scanCase(func(dest ...any) error { return scan(append(dest, &died)...) })
		d.At = time.UnixMicro(died)
		d.Due = content.ClockDeath.Due(d.At)
		return d, err
	}, `select * from (select `+caseColumns+`, coalesce((select max(q.died) from surveillance_person q
		         where q.patient = p.patient or p.number <> '' and q.number = p.number), 0) as passed `+caseFrom+`
		 where `+where+` and c.day >= ? and c.died < 0 and c.sensitivity = '' and c.same_as = '' and c.class in `+counting+`) x
		 where passed >= ? order by passed, report limit 50`, append(args, int64(since.AddDays(-deathDays)), since.Time().UnixMicro())...)
	if err != nil {
		return nil, fmt.Errorf("deaths of cases: %w", err)
	}
	kept := rows[:0]
	for _, d := range rows {
		if x, ok := m.diseases.ByID(d.Disease); ok && diesOf(d.Day, vn.DateOf(d.At), x) {
			kept = append(kept, d)
		}
	}
	return kept, nil
}

// Result is a laboratory's answer that may be of a case, with the class that
// the rules propose. What the laboratory says of a case is part of its report,
// and is judged so.
type Result struct {
	Case
	Words    string
	Test     string
	Outcome  string
	Sampled  vn.Date
	Sample   string           // Specimen id, or what names its number; "" = not said
	ByNumber bool             // it is matched by the sample's number: not on the person's own record
	Proposes casereport.Class // "" = no rule speaks
}

// News reports whether the result would change the class.
func (r Result) Changes() bool {
	return r.Proposes != r.Class && weight(r.Class) > 0 && weight(r.Proposes) > weight(r.Class)
}

// weight orders classes by how much is known: what is excluded or confirmed is
// not made less sure by another test, but what was excluded may be confirmed.
func weight(c casereport.Class) int {
	return map[casereport.Class]int{casereport.Suspect: 1, casereport.Probable: 2, casereport.Refuted: 3, casereport.Confirmed: 4}[c]
}

// Results lists the results that would change a case of the actor's business
// since a day, the latest first: also one that was refused before the laboratory
// answered.
func (m *Module) Results(ctx context.Context, a store.Actor, since vn.Date) ([]Result, error) {
	where, args := m.mine(a)
	rows, err := m.results(ctx, a, where+` and r.at >= ? and (c.class in ('suspect', 'probable') or c.class = 'refuted' and r.entered > c.refused)`, append(args, since.Time().UnixMicro())...)
	kept := rows[:0]
	for _, r := range rows {
		if r.Changes() {
			kept = append(kept, r)
		}
	}
	return kept, err
}

// ResultsOf lists the results that match a case, the latest first.
func (m *Module) ResultsOf(ctx context.Context, a store.Actor, report string) ([]Result, error) {
	return m.results(ctx, a, `c.report = ?`, report)
}

// byNumber joins the results whose sample n has the number of a sample s of the
// case's person. A number alone does not open another's result: the result
// names nobody, or the same person by the personal id, or is of the province
// where the case lives or was reported.
const byNumber = ` join surveillance_sample s on s.patient = c.patient join surveillance_sample n on n.number = s.number
	join surveillance_result r on r.sample = n.source and r.patient <> c.patient
	left join surveillance_person q on q.patient = coalesce(nullif(r.patient, ''), n.patient)
	where (r.patient = '' and n.patient in ('', c.patient) or q.number <> '' and q.number = p.number or r.place <> 0 and r.place in (c.province, c.place)) and `

// results matches samples with cases: of the same person, or with the number of
// the person's sample, and of the same disease, taken from three weeks before
// the diagnosis to the end of the episode.
func (m *Module) results(ctx context.Context, a store.Actor, where string, args ...any) ([]Result, error) {
	columns := `select ` + caseColumns + `, r.words, r.test, r.outcome, r.at as taken, r.sample, r.result as result, `
	where = `r.disease = c.disease and r.sensitivity = '' and c.sensitivity = '' and c.patient <> '' and ` + where
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (Result, error) {
		var r Result
		var at int64
		var id string
		var number int
		var err error
		r.Case, err = m.scanCase(func(dest ...any) error {
			return scan(append(dest, &r.Words, &r.Test, &r.Outcome, &at, &r.Sample, &id, &number)...)
		})
		r.Sampled, r.ByNumber = vn.DateOf(time.UnixMicro(at)), number == 1
		r.Proposes = classOf(r.Disease, r.Test, r.Outcome, r.Sampled, r.Onset)
		return r, err
	}, columns+`0`+caseFrom+`join surveillance_result r on r.patient = c.patient where `+where+`
		 union `+columns+`1`+caseFrom+byNumber+where+`
		 order by taken desc, result limit 50`, slices.Concat(args, args)...)
	if err != nil {
		return nil, fmt.Errorf("results of cases: %w", err)
	}
	kept := rows[:0]
	for _, r := range rows {
		if d, ok := m.diseases.ByID(r.Disease); ok && r.Sampled >= r.Day.AddDays(-incubation) && int(r.Sampled-r.Day) <= d.EpisodeDays {
			kept = append(kept, r)
		}
	}
	return kept, nil
}

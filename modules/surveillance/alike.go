// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"slices"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// sameKey is the condition under which p is the person of a key: the personal
// id; else the name without marks, the year of birth ± 1 and the sex, as far as
// both are known, with the commune or the telephone. Two that have different
// personal ids are two persons.
const sameKey = `(p.number <> '' and p.number = ? or
	(p.number = '' or ? = '') and p.folded = ? and p.folded <> '' and (p.year = 0 or ? = 0 or abs(p.year - ?) <= 1)
	and (p.sex in ('', 'unknown') or ? in ('', 'unknown') or p.sex = ?) and (p.unit = ? or p.phone <> '' and p.phone = ?))`

func (k Key) args() []any {
	return []any{k.Number, k.Number, vn.Fold(k.Name), k.Year, k.Year, k.Sex, k.Sex, int64(k.Unit), k.Phone}
}

// window is the days in which a report of the disease is of the same case.
func window(d content.Disease, day vn.Date) (from, to vn.Date) {
	if int(day) < d.EpisodeDays {
		return 0, day.AddDays(d.EpisodeDays)
	}
	return day.AddDays(-d.EpisodeDays), day.AddDays(d.EpisodeDays)
}

// Alike lists the reports that may be of the case that a person of the key has
// on a day, of those that the actor may see, the nearest first. except is a
// report that is not asked for.
func (m *Module) Alike(ctx context.Context, a store.Actor, k Key, disease string, day vn.Date, except string) ([]Case, error) {
	d, ok := m.diseases.ByID(disease)
	if !ok || k.Name == "" && k.Number == "" {
		return nil, nil
	}
	from, to := window(d, day)
	args := append([]any{disease, int64(from), int64(to), except}, k.args()...)
	rows, err := store.List(ctx, m.store.For(a), a.Unit, m.scanCase, `select `+caseColumns+caseFrom+`
		 where c.disease = ? and c.day >= ? and c.day <= ? and c.report <> ? and c.same_as = '' and c.class in `+counting+` and c.patient <> '' and `+sameKey+`
		   and not exists (select 1 from surveillance_apart x where x.report = c.report and x.other = ? or x.report = ? and x.other = c.report)
		 order by abs(c.day - ?), c.report limit 10`, append(args, except, except, int64(day))...)
	if err != nil {
		return nil, fmt.Errorf("cases alike: %w", err)
	}
	return rows, nil
}

// standing is the report that stands already for the same personal id, disease
// and episode: the one thing that is merged without being asked. It is looked
// for in the whole country, and nobody is told of it but by the merge.
func (m *Module) standing(ctx context.Context, k Key, disease string, day vn.Date, patient string) (string, error) {
	d, ok := m.diseases.ByID(disease)
	if !ok || k.Number == "" {
		return "", nil
	}
	from, to := window(d, day)
	rows, err := store.List(ctx, m.store.For(store.SystemActor()), vn.Nation, m.scanCase, `select `+caseColumns+caseFrom+`
		 where p.number = ? and c.disease = ? and c.day >= ? and c.day <= ? and c.same_as = '' and c.class in `+counting+`
		   and c.patient <> ? order by c.reported, c.report limit 1`, k.Number, disease, int64(from), int64(to), patient)
	if err != nil || len(rows) == 0 {
		return "", err
	}
	return rows[0].Report, nil
}

// Pair is two reports that may be of one case.
type Pair struct{ A, B Case }

// pairRow is judged as its first report; the second is read on its own.
type pairRow struct {
	Case
	other string
}

// Pairs lists what may be reported twice in a province or commune since a day,
// the latest first. Closed diseases are not compared here.
func (m *Module) Pairs(ctx context.Context, a store.Actor, unit vn.Unit, since vn.Date) ([]Pair, error) {
	column := map[vn.Level]string{vn.LevelProvince: "c.province", vn.LevelCommune: "c.unit"}[unit.Level]
	if column == "" {
		return nil, nil
	}
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (pairRow, error) {
		var r pairRow
		var err error
		r.Case, err = m.scanCase(func(dest ...any) error { return scan(append(dest, &r.other)...) })
		return r, err
	}, `select `+caseColumns+`, o.report `+caseFrom+`
		  join surveillance_person q on q.patient = p.patient or q.number <> '' and q.number = p.number
		       or q.folded = p.folded and p.folded <> '' and (q.number = '' or p.number = '')
		          and (q.year = 0 or p.year = 0 or abs(q.year - p.year) <= 1) and (q.sex in ('', 'unknown') or p.sex in ('', 'unknown') or q.sex = p.sex)
		          and (q.unit = p.unit or q.phone <> '' and q.phone = p.phone)
		  join surveillance_case o on o.patient = q.patient and o.disease = c.disease and o.same_as = '' and o.sensitivity = '' and o.report <> c.report
		       and o.class in `+counting+` and (o.reported < c.reported or o.reported = c.reported and o.report < c.report)
		 where `+column+` = ? and c.day >= ? and c.patient <> '' and c.same_as = '' and c.sensitivity = '' and c.class in `+counting+`
		   and not exists (select 1 from surveillance_apart x where x.report = c.report and x.other = o.report or x.report = o.report and x.other = c.report)
		 order by c.reported desc, c.report, o.report limit 50`, int64(unit.ID), int64(since))
	if err != nil {
		return nil, fmt.Errorf("pairs of cases: %w", err)
	}
	var out []Pair
	for _, r := range rows {
		other, err := m.Case(ctx, a, r.other)
		if issue.Is(err, issue.NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if d, _ := m.diseases.ByID(r.Disease); abs(int(other.Day-r.Day)) <= d.EpisodeDays {
			out = append(out, Pair{other, r.Case})
		}
	}
	return out, nil
}

func abs(n int) int { return max(n, -n) }

// Merge says that a report is of the same case as another, which stands: only
// that is counted. Both keep their histories, and Part undoes it.
// Errors: BusinessRule when they are of different diseases, or the other is no
// case or itself merged; Precondition when somebody wrote in between.
func (m *Module) Merge(ctx context.Context, a store.Actor, report, into string, version int64, key, reason string) error {
	stands, err := m.Open(ctx, a, into)
	if err != nil {
		return err
	}
	if report == into || !stands.Class.Counts() {
		return issue.New(issue.BusinessRule, "reporting.alike.itself")
	}
	return m.link(ctx, a, report, version, key, reason, func(s Sent, c *fhir.Condition) error {
		if s.Disease != stands.Disease {
			return issue.New(issue.BusinessRule, "reporting.alike.disease")
		}
		other := fhir.Ref("Condition", into)
		c.Extension = slices.DeleteFunc(c.Extension, func(x fhir.Extension) bool { return x.URL == casereport.ExtOtherCase && names(x, other) })
		c.Extension = append(dropExtension(c.Extension, casereport.ExtSameCase), fhir.Extension{URL: casereport.ExtSameCase, ValueReference: &other})
		return nil
	})
}

// Part says that a report is a case of its own: a merge is undone, and the
// other is not offered again.
func (m *Module) Part(ctx context.Context, a store.Actor, report, from string, version int64, key, reason string) error {
	return m.link(ctx, a, report, version, key, reason, func(_ Sent, c *fhir.Condition) error {
		other := fhir.Ref("Condition", from)
		c.Extension = dropExtension(c.Extension, casereport.ExtSameCase)
		if !slices.ContainsFunc(c.Extension, func(x fhir.Extension) bool {
			return x.URL == casereport.ExtOtherCase && names(x, other)
		}) {
			c.Extension = append(c.Extension, fhir.Extension{URL: casereport.ExtOtherCase, ValueReference: &other})
		}
		return nil
	})
}

func names(x fhir.Extension, other fhir.Reference) bool {
	return x.ValueReference != nil && x.ValueReference.Reference == other.Reference
}

// apart reports whether a person found a report of the case of one to be of
// another case than a report of the case of the other.
func (m *Module) apart(ctx context.Context, one, other string) (bool, error) {
	reports := `(select r.report from surveillance_case r where r.report = ? or r.same_as = ? and r.same_as <> '')`
	rows, err := store.List(ctx, m.store.For(store.SystemActor()), vn.Nation, m.scanCase, `select `+caseColumns+caseFrom+`
		 where c.report = ? and exists (select 1 from surveillance_apart x
		       where x.report in `+reports+` and x.other in `+reports+` or x.report in `+reports+` and x.other in `+reports+`)`,
		one, one, one, other, other, other, other, one, one)
	if err != nil {
		return false, fmt.Errorf("cases found apart: %w", err)
	}
	return len(rows) > 0, nil
}

// link writes a new version of a report in which only its links to others
// change. reason stands in its history when one is given.
func (m *Module) link(ctx context.Context, a store.Actor, report string, version int64, key, reason string, change func(Sent, *fhir.Condition) error) error {
	s, err := m.Open(ctx, a, report)
	if err != nil {
		return err
	}
	var c fhir.Condition
	if err := s.report.Into(&c); err != nil {
		return err
	}
	if err := change(s, &c); err != nil {
		return err
	}
	if reason != "" {
		c.Note = append(c.Note, m.note(a, reason))
	}
	doc, err := fhir.New(c)
	if err != nil {
		return err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Update(doc, version))
	if err != nil {
		return fmt.Errorf("linking case reports: %w", err)
	}
	return m.store.Await(ctx, receipt, "surveillance")
}

// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"mach/casereport"
	"mach/fhir"
	"mach/i18n"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Reports come by many ways: pages, FHIR, $import, files. Whichever it was, two
// of the same personal id, disease and episode are one case, and the later is
// linked to the earlier. It is the only thing that is merged without a person;
// what looks alike otherwise is offered (Pairs). Part undoes it for good.
//
// Only the earlier is counted, so it must say what is known of the case: a
// report that is linked to it and was written later raises its class, and tells
// of a death. And it must count: reports whose other one is refused, deleted or
// of another disease stand again by themselves.

// How far back reports are looked for, each time the log has grown and now and
// then (another process may have written), and how often at most. A link to a
// report that has not come after a day leads nowhere.
const (
	twinFresh = 10 * time.Minute
	twinAgain = time.Hour
	twinLate  = 3 * 24 * time.Hour
	twinLost  = 24 * time.Hour
	twinPause = 2 * time.Second
	twinBatch = 5000 // reports, each time
)

// Link takes on the duty of linking them, before the store is started. log is
// told of what could not be linked; words are those of the records, which are
// Vietnamese.
func (m *Module) Link(log *slog.Logger, words *i18n.Catalogue) {
	since, again := time.Time{}, m.now().Add(twinAgain) // once all, for what came while nobody was on duty
	m.store.OnDuty(func(ctx context.Context, o store.Office) error {
		for {
			grown := o.Logged()
			if err := m.linkTwins(ctx, log, words, since); err != nil {
				return err // begun again, since then
			}
			since = m.now().Add(-twinFresh)
			if m.now().After(again) {
				since, again = m.now().Add(-twinLate), m.now().Add(twinAgain)
			}
			select {
			case <-ctx.Done():
				return nil
			case <-grown:
			case <-time.After(time.Minute): // another process may have written
			}
			select { // the views follow the log; many reports are one look
			case <-ctx.Done():
				return nil
			case <-time.After(twinPause):
			}
		}
	})
}

// twin is a report with another of the same case: the one that stands for it,
// or is to.
type twin struct {
	Case
	stands string
	known  int64 // version of that when it was found; 0 = it is gone
}

// linkTwins sets the links of reports that were touched, or whose links came in
// question, since then.
func (m *Module) linkTwins(ctx context.Context, log *slog.Logger, words *i18n.Catalogue, since time.Time) error {
	for _, step := range []struct {
		find func(context.Context, time.Time) ([]twin, error)
		do   func(context.Context, twin) error
	}{
		{m.loose, m.loosen},
		{m.mistaken, func(ctx context.Context, t twin) error {
			return m.stand(ctx, t, words.T(i18n.Vietnamese, "reporting.twins.mistaken"))
		}},
		{m.forgotten, m.join},
		{m.alone, m.join},
		{m.milder, func(ctx context.Context, t twin) error { return m.raise(ctx, words, t) }},
	} {
		for {
			list, err := step.find(ctx, since)
			if err != nil {
				return fmt.Errorf("reports of one case: %w", err)
			}
			done, err := linkEach(ctx, log, list, step.do)
			if err != nil {
				return err
			}
			if done == 0 || len(list) < twinBatch {
				break
			}
		}
	}
	return nil
}

// linkEach does a step for each report of a list, once, and says how many were
// written. Somebody else's change in between leaves a report to the next time;
// one that cannot be written stands in nobody's way, and people are still
// offered it (Pairs).
func linkEach(ctx context.Context, log *slog.Logger, list []twin, do func(context.Context, twin) error) (int, error) {
	var failed []error
	done := map[string]bool{}
	for _, t := range list {
		if done[t.Report] {
			continue
		}
		err := do(ctx, t)
		if err == nil {
			done[t.Report] = true
			continue
		}
		if ctx.Err() != nil {
			return len(done), err
		}
		if !issue.Is(err, issue.Conflict) && !issue.Is(err, issue.Precondition) && !issue.Is(err, issue.BusinessRule) && !closed(err) {
			failed = append(failed, err)
		}
	}
	if len(failed) > 0 {
		log.Warn("reports of one case not linked", "pairs", len(failed), "error", failed[0])
	}
	return len(done), nil
}

// twins lists reports, each with another that the rest of the query finds.
func (m *Module) twins(ctx context.Context, rest string, args ...any) ([]twin, error) {
	return store.List(ctx, m.store.For(store.SystemActor()), vn.Nation, func(scan store.Scan) (twin, error) {
		var t twin
		var err error
		t.Case, err = m.scanCase(func(dest ...any) error { return scan(append(dest, &t.stands, &t.known)...) })
		return t, err
	}, `select `+caseColumns+rest+` limit `+strconv.Itoa(twinBatch), args...)
}

// alone lists the reports that count, with an earlier one of the same personal
// id, disease and episode; the one or the other was touched.
func (m *Module) alone(ctx context.Context, since time.Time) ([]twin, error) {
	episode, args := m.episodes()
	return m.twins(ctx, `, o.report, o.version `+caseFrom+`
		  join surveillance_person q on q.number = p.number
		  join surveillance_case o on o.patient = q.patient and o.disease = c.disease and o.report <> c.report
		 where c.report in (select x.report from surveillance_case t
		         join surveillance_person n on n.patient = t.patient and n.number <> '' join surveillance_person r on r.number = n.number
		         join surveillance_case x on x.patient = r.patient and x.disease = t.disease where t.patient <> '' and t.touched >= ?)
		   and p.number <> '' and c.same_as = '' and o.same_as = ''
		   and c.class in `+counting+` and o.class in `+counting+`
		   and abs(c.day - o.day) <= `+episode+`
		   and (o.reported < c.reported or o.reported = c.reported and o.report < c.report)
		 order by c.reported, c.report, o.reported, o.report`, append([]any{since.UnixMicro()}, args...)...)
}

// episodes is the number of days of an episode of c.disease; -1 for a disease
// that is not on the list.
func (m *Module) episodes() (sql string, args []any) {
	list := m.diseases.List(m.today())
	for _, d := range list {
		args = append(args, d.ID, d.EpisodeDays)
	}
	return `case c.disease` + strings.Repeat(` when ? then cast(? as bigint)`, len(list)) + ` else -1 end`, args
}

// loose lists the reports whose other one does not stand for them: it is gone
// (one that has not come yet may still, for a day), refused, of another disease
// or itself linked. stands is to stand for them instead: the other's other of
// the same disease, or the first of those that had the same other; the report
// itself when it is that, or when there is none.
func (m *Module) loose(ctx context.Context, since time.Time) ([]twin, error) {
	list, err := m.twins(ctx, `, case when o.disease = c.disease then o.same_as else '' end, coalesce(o.version, 0) `+caseFrom+`
		  left join surveillance_case o on o.report = c.same_as
		 where c.same_as <> '' and c.touched >= ? and c.claimed in `+counting+`
		   and (c.widowed = 1 or o.report is null and c.touched < ? or o.same_as <> '' or o.disease <> c.disease or o.class not in `+counting+`)
		 order by c.reported, c.report`, since.UnixMicro(), m.now().Add(-twinLost).UnixMicro())
	first := map[string]string{}
	for i, t := range list {
		of := t.SameAs + " " + t.Disease
		if first[of] == "" {
			first[of] = t.Report
		}
		if t.stands == "" {
			list[i].stands = first[of]
		}
	}
	return list, err
}

// unlike is the condition under which c and a report b, whose person is q, cannot
// be matched: two personal ids, or two episodes.
func (m *Module) unlike() (sql string, args []any) {
	episode, args := m.episodes()
	return `(p.number <> '' and q.number <> '' and (p.number <> q.number or abs(c.day - b.day) > ` + episode + `))`, args
}

// mistaken lists the reports that were linked because personal id and days were
// the same, and are no longer: one of them was corrected.
func (m *Module) mistaken(ctx context.Context, since time.Time) ([]twin, error) {
	unlike, args := m.unlike()
	return m.twins(ctx, `, c.report, b.version `+caseFrom+`
		  join surveillance_case b on b.report = c.matched join surveillance_person q on q.patient = b.patient
		 where c.report in (select t.report from surveillance_case t where t.same_as <> '' and t.touched >= ?
		             union select l.report from surveillance_case t join surveillance_case l on l.matched = t.report and l.matched <> '' where t.patient <> '' and t.touched >= ?)
		   and c.same_as <> '' and c.claimed in `+counting+` and `+unlike+`
		 order by c.reported, c.report`, append([]any{since.UnixMicro(), since.UnixMicro()}, args...)...)
}

// forgotten lists the reports that were linked to one which counts, and were then
// written again from an old copy without the link: nobody found them to be two.
func (m *Module) forgotten(ctx context.Context, since time.Time) ([]twin, error) {
	unlike, args := m.unlike()
	return m.twins(ctx, `, o.report, o.version `+caseFrom+`
		  join surveillance_case o on o.report = c.linked and o.disease = c.disease and o.same_as = '' and o.report <> c.report
		 where c.touched >= ? and c.same_as = '' and c.linked <> '' and c.class in `+counting+` and o.class in `+counting+`
		   and not exists (select 1 from surveillance_case b join surveillance_person q on q.patient = b.patient where b.report = c.matched and `+unlike+`)
		 order by c.reported, c.report`, append([]any{since.UnixMicro()}, args...)...)
}

// join links a report to the one that stands for it, if nobody found a report of
// the one case to be of another than one of the other.
func (m *Module) join(ctx context.Context, t twin) error {
	switch apart, err := m.apart(ctx, t.Report, t.stands); {
	case err != nil:
		return err
	case apart:
		return issue.New(issue.BusinessRule, "reporting.alike.apart")
	}
	return m.Merge(ctx, store.SystemActor(), t.Report, t.stands, t.Version, newID(), "")
}

// stand takes the link of a report back.
func (m *Module) stand(ctx context.Context, t twin, reason string) error {
	return m.link(ctx, store.SystemActor(), t.Report, t.Version, newID(), reason, func(_ Sent, c *fhir.Condition) error {
		c.Extension = dropExtension(c.Extension, casereport.ExtSameCase)
		return nil
	})
}

// loosen takes a link back, or sets it anew: to the end of the links.
func (m *Module) loosen(ctx context.Context, t twin) error {
	stands, err := m.follow(ctx, t)
	if err != nil {
		return err
	}
	if stands != t.Report {
		return m.Merge(ctx, store.SystemActor(), t.Report, stands, t.Version, newID(), "")
	}
	return m.stand(ctx, t, "")
}

// follow goes along the links from what is to stand for a report to the report that does:
// itself when they lead round in a ring, to another disease, to what is no case or
// to what a person found to be another.
func (m *Module) follow(ctx context.Context, t twin) (string, error) {
	seen := map[string]bool{t.Report: true}
	for at := t.stands; !seen[at]; {
		seen[at] = true
		c, err := m.Case(ctx, store.SystemActor(), at)
		switch {
		case closed(err):
			return t.Report, nil
		case err != nil:
			return "", err
		case c.Disease == t.Disease && c.Class.Counts():
			if apart, err := m.apart(ctx, t.Report, at); err != nil || apart {
				return t.Report, err
			}
			return at, nil
		case c.Disease == t.Disease && c.SameAs != "":
			at = c.SameAs
		}
	}
	return t.Report, nil
}

// milder lists the reports that say more of a case than the one that stands for
// them, and said so, or were linked, after that was judged: whoever lowers a class
// has seen what others say.
func (m *Module) milder(ctx context.Context, since time.Time) ([]twin, error) {
	weight := func(of string) string {
		return `case ` + of + ` when 'suspect' then 1 when 'probable' then 2 when 'confirmed' then 3 else 0 end`
	}
	return m.twins(ctx, `, o.report, o.version `+caseFrom+`
		  join surveillance_case o on o.report = c.same_as and o.disease = c.disease and o.same_as = ''
		 where c.same_as <> '' and c.touched >= ? and c.claimed in `+counting+` and o.class in `+counting+`
		   and c.written > o.judged and (`+weight(`c.claimed`)+` > `+weight(`o.claimed`)+` or c.died >= 0 and o.died < 0)
		 order by c.reported desc, c.report`, since.UnixMicro())
}

// raise writes into the report that stands what the other knows more: its
// class, with the test that it rests on, and a death. What was written of one of
// them since they were found is judged the next time: a person has the last word.
func (m *Module) raise(ctx context.Context, words *i18n.Catalogue, t twin) error {
	system := store.SystemActor()
	knows, err := m.Open(ctx, system, t.Report)
	if err != nil {
		return err
	}
	stands, err := m.Open(ctx, system, t.stands)
	if err != nil {
		return err
	}
	if knows.Version != t.Version || stands.Version != t.known {
		return issue.New(issue.Precondition, "store.version.stale", "Condition")
	}
	answers, class, why := stands.Answers, stands.Class, []string{words.T(i18n.Vietnamese, "reporting.twins.knows")}
	if c := casereport.Class(knows.Answers["class"]); c.Counts() && weight(c) > weight(class) {
		class, why = c, append(why, words.T(i18n.Vietnamese, "surveillance.class."+string(c)))
		answers.takeSample(knows.Answers)
	}
	if knows.Died.Known() && !stands.Died.Known() {
		answers["outcome"], answers["outcome_date"] = "died", knows.Died.String()
		why = append(why, words.T(i18n.Vietnamese, "reporting.twins.died", i18n.Date(i18n.Vietnamese, knows.Died)))
	}
	if len(why) == 1 { // another has said it
		return nil
	}
	return m.rewrite(ctx, system, stands, stands.Version, newID(), answers, class, strings.Join(why, " · "))
}

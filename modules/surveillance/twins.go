// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Reports come by many ways: pages, FHIR, $import, files. Whichever it was, two
// of the same personal id, disease and episode are one case, and the later is
// linked to the earlier. It is the only thing that is merged without a person;
// what looks alike otherwise is offered (Pairs). Part undoes it for good.

// How far back reports are looked for, each time the log has grown and now and
// then (a person's number may be known later than the report), and how often at
// most. What is older is offered to people only.
const (
	twinFresh = 10 * time.Minute
	twinAgain = time.Hour
	twinLate  = 3 * 24 * time.Hour
	twinPause = 2 * time.Second
)

// Link takes on the duty of linking them, before the store is started. log is
// told of what could not be linked.
func (m *Module) Link(log *slog.Logger) {
	since, again := time.Time{}, m.now().Add(twinAgain) // once all, for what came while nobody was on duty
	m.store.OnDuty(func(ctx context.Context, o store.Office) error {
		for {
			grown := o.Logged()
			if err := m.linkTwins(ctx, log, since); err != nil {
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

// twin is a report with an earlier one of the same case.
type twin struct {
	Case
	stands string
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

// linkTwins links the reports entered since then. Somebody else's change in
// between leaves a report to the next time; one that cannot be written stands
// in nobody's way, and people are still offered it (Pairs).
func (m *Module) linkTwins(ctx context.Context, log *slog.Logger, since time.Time) error {
	system := store.SystemActor()
	episode, args := m.episodes()
	list, err := store.List(ctx, m.store.For(system), vn.Nation, func(scan store.Scan) (twin, error) {
		var t twin
		var err error
		t.Case, err = m.scanCase(func(dest ...any) error { return scan(append(dest, &t.stands)...) })
		return t, err
	}, `select `+caseColumns+`, o.report `+caseFrom+`
		  join surveillance_person q on q.number = p.number
		  join surveillance_case o on o.patient = q.patient and o.disease = c.disease and o.report <> c.report
		 where c.entered >= ? and c.patient <> '' and p.number <> '' and c.same_as = '' and o.same_as = ''
		   and c.class in ('suspect', 'probable', 'confirmed') and o.class in ('suspect', 'probable', 'confirmed')
		   and abs(c.day - o.day) <= `+episode+`
		   and (o.reported < c.reported or o.reported = c.reported and o.report < c.report)
		   and not exists (select 1 from surveillance_apart x where x.report = c.report and x.other = o.report or x.report = o.report and x.other = c.report)
		 order by c.reported, c.report, o.reported, o.report limit 5000`, append([]any{since.UnixMicro()}, args...)...)
	if err != nil {
		return fmt.Errorf("reports of one case: %w", err)
	}
	linked := map[string]bool{}
	var failed []error
	for _, t := range list {
		if linked[t.Report] || linked[t.stands] {
			continue
		}
		err := m.Merge(ctx, system, t.Report, t.stands, t.Version, newID(), "")
		if err != nil && !issue.Is(err, issue.Conflict) && !issue.Is(err, issue.Precondition) && !issue.Is(err, issue.BusinessRule) && !closed(err) {
			if ctx.Err() != nil {
				return err
			}
			failed = append(failed, err)
		}
		linked[t.Report] = err == nil
	}
	if len(failed) > 0 {
		log.Warn("reports of one case not linked", "pairs", len(failed), "error", failed[0])
	}
	return nil
}

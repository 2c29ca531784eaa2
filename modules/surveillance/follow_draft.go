// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"cmp"
	"context"
	"slices"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/store"
	"mach/vn"
)

// cause is a diagnosis of a signed visit that may make a draft.
type cause struct {
	id, kind, encounter, code, words, facility, sensitivity string

	place     int64
	at, since int64 // µs
}

// sent is a case report of the person.
type sent struct {
	report, disease, drafted, cause string
	rests                           bool // on a diagnosis or result that is known here
	day                             vn.Date
	class                           casereport.Class
	refused                         int64 // found to be no case, µs; 0 = it is one
}

// redraft computes anew the drafts of one person and disease: diagnoses of
// signed visits, cut into episodes, each with the report that was sent for it.
func (m *Module) redraft(ctx context.Context, tx store.Tx, i illness) error {
	if err := tx.Exec(ctx, `delete from surveillance_draft where patient = ? and disease = ?`, i.patient, i.disease); err != nil {
		return err
	}
	if err := tx.Exec(ctx, `update surveillance_diagnosis set draft = '' where patient = ? and disease = ? and draft <> ''`, i.patient, i.disease); err != nil {
		return err
	}
	causes, err := causesOf(ctx, tx, i)
	if err != nil || len(causes) == 0 {
		return err
	}
	reports, err := reportsOf(ctx, tx, i.patient)
	if err != nil {
		return err
	}
	var unit, died int64
	if _, err := tx.Row(ctx, []any{&unit, &died}, `select unit, died from surveillance_person where patient = ?`, i.patient); err != nil {
		return err
	}
	disease, ok := m.diseases.ByID(i.disease)
	if !ok {
		return nil
	}
	open := slices.DeleteFunc(slices.Clone(causes), func(c cause) bool { return c.sensitivity != "" })
	labelled := slices.DeleteFunc(causes, func(c cause) bool { return c.sensitivity == "" })
	answered := answers{reports, i.disease, disease.EpisodeDays}
	for _, episode := range slices.Concat(answered.cut(open), answered.cut(labelled)) {
		if err := m.draft(ctx, tx, i, disease, episode, answered, unit, died); err != nil {
			return err
		}
	}
	return nil
}

// draft writes the row of one episode. home is the commune of residence, 0 when
// it is not known; died is 0 for the living.
func (m *Module) draft(ctx context.Context, tx store.Tx, i illness, disease content.Disease, episode []cause, answered answers, home, died int64) error {
	first := episode[0] // a diagnosis names the draft before any result does
	if at := slices.IndexFunc(episode, func(c cause) bool { return c.kind == "Condition" }); at > 0 {
		first = episode[at]
	}
	report, refuted := answered.coveredBy(episode)
	since := slices.MinFunc(episode, func(a, b cause) int { return cmp.Compare(a.since, b.since) }).since
	due := disease.Clock.Due(time.UnixMicro(since))
	if died != 0 && diesOf(day(first.at), day(died), disease) {
		if told := content.ClockDeath.Due(time.UnixMicro(max(died, since))); told.Before(due) {
			due = told
		}
	} else {
		died = 0
	}
	if home == 0 {
		home = first.place
	}
	if err := tx.Exec(ctx, `
		insert into surveillance_draft (cause, kind, disease, code, words, patient, encounter, facility, place, province, unit,
		       at, since, due, triggers, report, refuted, sensitivity, died)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		first.id, first.kind, i.disease, first.code, first.words, i.patient, first.encounter, first.facility, first.place,
		int64(m.units.ProvinceOf(vn.UnitID(first.place))), int64(m.units.Latest(vn.UnitID(home))),
		first.at, since, due.UnixMicro(), len(episode), report, refuted, first.sensitivity, died); err != nil {
		return err
	}
	for _, c := range episode {
		if err := tx.Exec(ctx, `update surveillance_diagnosis set draft = ? where cause = ? and disease = ?`, first.id, c.id, i.disease); err != nil {
			return err
		}
	}
	return nil
}

// deathDays is how long after the diagnosis a death may be of the disease, when
// an episode lasts longer.
const deathDays = 365

// diesOf reports whether a death lies in the episode that began on a day.
func diesOf(from, died vn.Date, disease content.Disease) bool {
	return died >= from && int(died-from) <= min(max(disease.EpisodeDays, 30), deathDays)
}

// causesOf lists the triggers that may make a draft, in order of time:
// diagnoses of signed visits, and results.
func causesOf(ctx context.Context, tx store.Tx, i illness) ([]cause, error) {
	var out []cause
	err := tx.Rows(ctx, `
		select d.cause, d.kind, d.encounter, d.code, d.words, coalesce(v.facility, d.facility), coalesce(v.place, d.place), d.sensitivity, d.at, d.since
		  from surveillance_diagnosis d left join surveillance_visit v on v.encounter = d.encounter and (d.kind = 'Condition' or d.facility = '')
		 where d.patient = ? and d.disease = ? and (v.signed = 1 or d.kind <> 'Condition')
		 order by d.at, d.cause`, []any{i.patient, i.disease}, func(scan func(...any) error) error {
		var c cause
		err := scan(&c.id, &c.kind, &c.encounter, &c.code, &c.words, &c.facility, &c.place, &c.sensitivity, &c.at, &c.since)
		out = append(out, c)
		return err
	})
	return out, err
}

// reportsOf lists the case reports of a person, of any disease, in order.
func reportsOf(ctx context.Context, tx store.Tx, patient string) ([]sent, error) {
	var out []sent
	err := tx.Rows(ctx, `select report, disease, drafted, cause, cause_disease, day, case when refused > 0 then claimed else class end, refused from surveillance_case where patient = ? order by day, report`,
		[]any{patient}, func(scan func(...any) error) error {
			var s sent
			var day int64
			var rests string
			err := scan(&s.report, &s.disease, &s.drafted, &s.cause, &rests, &day, &s.class, &s.refused)
			s.day, s.rests = vn.Date(day), rests != ""
			out = append(out, s)
			return err
		})
	return out, err
}

// answers are the case reports of a person, as answers to triggers of a disease
// whose episodes last so many days.
type answers struct {
	reports []sent
	disease string
	days    int
}

// cut divides triggers, which are in order of time, into episodes: one more
// than days after the first of an episode begins a new one. What was refused as
// no case ends there: a trigger that came later was not judged with it.
func (a answers) cut(causes []cause) [][]cause {
	var out [][]cause
	for len(causes) > 0 {
		n := slices.IndexFunc(causes, func(c cause) bool { return int(day(c.at)-day(causes[0].at)) > a.days })
		if n < 0 {
			n = len(causes)
		}
		episode := causes[:n]
		causes = causes[n:]
		judged, later := a.judged(episode)
		if len(later) == 0 {
			out = append(out, episode)
			continue
		}
		out = append(out, judged)
		causes = slices.Concat(later, causes) // they may reach into the days of the next
	}
	return out
}

// judged divides the triggers of an episode into those that the newest refusal
// of it judged, and those that were not known then; all are judged, or none
// refused, when later is empty.
func (a answers) judged(episode []cause) (judged, later []cause) {
	newest := int64(0)
	for _, s := range a.reports {
		if s.class == casereport.Refuted && (a.names(s, episode) || a.near(s, episode)) {
			newest = max(newest, s.refused)
		}
	}
	if newest == 0 {
		return episode, nil
	}
	for _, c := range episode {
		if c.since <= newest || slices.ContainsFunc(a.reports, func(s sent) bool { return s.cause == c.id && s.class == casereport.Refuted && a.names(s, episode) }) {
			judged = append(judged, c)
		} else {
			later = append(later, c)
		}
	}
	if len(judged) == 0 { // it was refused before any of them
		return episode, nil
	}
	return judged, later
}

func day(micro int64) vn.Date { return vn.DateOf(time.UnixMicro(micro)) }

// names reports whether the report rests on a trigger of the episode and is of
// its disease, or answered a draft of it, whatever disease the person chose in
// the end.
func (a answers) names(s sent, episode []cause) bool {
	return (s.disease == a.disease || s.drafted == a.disease) && slices.ContainsFunc(episode, func(c cause) bool { return c.id == s.cause })
}

// near reports whether the report rests on nothing known, and is of the disease
// within the days of the episode.
func (a answers) near(s sent, episode []cause) bool {
	gap := int(s.day - day(episode[0].at))
	return !s.rests && s.disease == a.disease && gap >= -a.days && gap <= a.days
}

// coveredBy returns the report that was sent for the episode, and whether it
// says "not a case" (1): one that names a trigger of it; else one near it, of
// those that refuse only what they could know of. A report that names a trigger
// outside is of another episode. What was said of the disease before a
// correction says nothing of the one after it.
func (a answers) coveredBy(episode []cause) (report string, refuted int) {
	for _, fits := range []func(sent) bool{
		func(s sent) bool { return a.names(s, episode) },
		func(s sent) bool { return a.near(s, episode) && s.class != casereport.Refuted },
		func(s sent) bool {
			return a.near(s, episode) && slices.ContainsFunc(episode, func(c cause) bool { return c.since <= s.refused })
		},
	} {
		if i := slices.IndexFunc(a.reports, fits); i >= 0 {
			if a.reports[i].class == casereport.Refuted {
				refuted = 1
			}
			return a.reports[i].report, refuted
		}
	}
	return "", 0
}

// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mach/casereport"
	"mach/store"
	"mach/vn"
)

// belongs joins cases to the event they belong to: by the name of the focus on
// the report, its disease and province, in its days. A hamlet that falls ill anew
// may have a focus of the same name again: a case in the days of both belongs to
// the one that had begun, and of two that had to the one that ended first.
var belongs = fmt.Sprintf(` join events_case c on c.disease = e.disease and c.focus = e.focus and c.province = e.province and e.focus <> ''
	and c.day >= e.first and c.day <= e.last
	and e.id = (select o.id from events_event o where o.disease = c.disease and o.focus = c.focus and o.province = c.province
	               and c.day >= o.first and c.day <= o.last order by o.first + %d > c.day, o.last, o.id limit 1) `, early)

// Tally is what a focus comes to.
type Tally struct {
	Suspect, Probable, Confirmed int
	Deaths                       int
	Last                         vn.Date // the latest day a case fell ill or was diagnosed; vn.ZeroDate = no case
	Contacts                     int     // still followed
	Due                          int     // of those, to be called today
	Duties, Late                 int     // not done; of those, overdue
}

// Cases is how many count.
func (t Tally) Cases() int { return t.Suspect + t.Probable + t.Confirmed }

// Tallies counts for each open focus of a unit, by event.
func (m *Module) Tallies(ctx context.Context, a store.Actor, unit vn.Unit) (map[string]Tally, error) {
	where, args := within(unit, "e.")
	return m.tallies(ctx, a, unit.ID, where+` and e.stage in ('focus', 'epidemic', 'event')`, args)
}

// tally counts for one event.
func (m *Module) tally(ctx context.Context, a store.Actor, e Event) (Tally, error) {
	all, err := m.tallies(ctx, a, e.Unit, `e.id = ?`, []any{e.ID})
	return all[e.ID], err
}

// part is one line of what tallies reads.
type part struct {
	event, class string
	n, died, due int
	day, onset   int64
}

func (m *Module) tallies(ctx context.Context, a store.Actor, unit vn.UnitID, where string, args []any) (map[string]Tally, error) {
	out, today := map[string]Tally{}, int64(m.today())
	read := func(take func(t *Tally, p part), sql string, args ...any) error {
		rows, err := store.Figures(ctx, m.store.For(a), unit, func(scan store.Scan) (part, error) {
			var p part
			err := scan(&p.event, &p.class, &p.n, &p.died, &p.due, &p.day, &p.onset)
			return p, err
		}, sql, args...)
		if err != nil {
			return fmt.Errorf("figures of foci: %w", err)
		}
		for _, p := range rows {
			t, ok := out[p.event]
			if !ok {
				t.Last = vn.ZeroDate
			}
			take(&t, p)
			out[p.event] = t
		}
		return nil
	}
	err := read(func(t *Tally, p part) { t.add(p) }, `
		select e.id, c.class, count(*), sum(c.died), 0, max(c.day), max(c.onset) from events_event e `+belongs+` where `+where+` group by e.id, c.class`, args...)
	if err != nil {
		return nil, err
	}
	err = read(func(t *Tally, p part) { t.Contacts, t.Due = p.n, p.due }, `
		select e.id, '', count(*), 0, sum(case when x.checked < ? then 1 else 0 end), 0, 0 from events_event e
		  join events_contact x on x.event = e.id and x.status = 'in-progress' and x.last >= ? where `+where+` group by e.id`,
		slices.Concat([]any{today, today}, args)...)
	if err != nil {
		return nil, err
	}
	return out, read(func(t *Tally, p part) { t.Duties, t.Late = p.n, p.due }, `
		select e.id, '', count(*), 0, sum(case when x.due < ? then 1 else 0 end), 0, 0 from events_event e
		  join events_task x on x.event = e.id and x.done = 0 where `+where+` group by e.id`, slices.Concat([]any{today}, args)...)
}

// add takes one class in. Refuted cases, those that repeat another and those
// whose diagnosis was corrected hold no focus open.
func (t *Tally) add(p part) {
	switch casereport.Class(p.class) {
	case casereport.Suspect:
		t.Suspect += p.n
	case casereport.Probable:
		t.Probable += p.n
	case casereport.Confirmed:
		t.Confirmed += p.n
	default:
		return
	}
	t.Deaths += p.died
	t.Last = max(t.Last, vn.Date(p.day), vn.Date(p.onset))
}

// counted are the figures of a daily report on the day, as far as they are known
// by then for a day that is over: what fell ill, died or was traced later is not
// among them.
func (m *Module) counted(ctx context.Context, a store.Actor, e Event, on vn.Date) (Figures, error) {
	door, day := m.store.For(a), int64(on)
	cases, err := store.Figures(ctx, door, e.Unit, func(scan store.Scan) (f Figures, err error) {
		return f, scan(&f.Cases, &f.New, &f.Confirmed, &f.Deaths)
	}, `select count(*), coalesce(sum(case when c.day = ? then 1 else 0 end), 0), coalesce(sum(case when c.class = 'confirmed' then 1 else 0 end), 0),
		       coalesce(sum(case when c.died_on > ? then 0 else c.died end), 0)
		  from events_event e `+belongs+` where e.id = ? and c.day <= ? and c.class in ('suspect', 'probable', 'confirmed')`, day, day, e.ID, day)
	if err != nil {
		return unsaid, fmt.Errorf("cases of a day: %w", err)
	}
	contacts, err := store.Figures(ctx, door, e.Unit, scanContact, `select `+contactColumns+` from events_contact x where x.event = ?`, e.ID)
	if err != nil {
		return unsaid, fmt.Errorf("contacts of a day: %w", err)
	}
	f := cases[0]
	for _, c := range contacts {
		if c.followed(on) {
			f.Contacts++
		}
		if c.askedOn(on) {
			f.Seen++
		}
	}
	return f, nil
}

// Case is a case of a focus, as its report says, without who it is.
type Case struct {
	Report, Disease, Patient, Form string
	Unit                           vn.UnitID
	Day, Onset                     vn.Date // Onset may be vn.ZeroDate
	Class                          casereport.Class
	Focus                          string
	Died                           bool
	Version                        int64
	Exposed                        []Exposure

	facility    string
	labelUnit   vn.UnitID
	sensitivity []string
}

// Labels lets the guard judge the row as the case report.
func (c Case) Labels() store.Labels {
	return store.Labels{Type: "Condition", ID: c.Report, Patient: c.Patient, Facility: c.facility, Unit: c.labelUnit, Sensitivity: c.sensitivity, Category: "case-report"}
}

const caseColumns = `c.report, c.disease, c.patient, c.form, c.unit, c.day, c.onset, c.class, c.focus, c.died, c.version, c.facility, c.label_unit, c.sensitivity, c.exposed`

func scanCase(scan store.Scan) (Case, error) {
	var c Case
	var unit, on, onset, label int64
	var died int
	var sensitivity, exposed string
	err := scan(&c.Report, &c.Disease, &c.Patient, &c.Form, &unit, &on, &onset, &c.Class, &c.Focus, &died, &c.Version, &c.facility, &label, &sensitivity, &exposed)
	c.Exposed = exposuresIn(exposed)
	c.Unit, c.Day, c.Onset, c.Died, c.labelUnit, c.sensitivity = vn.UnitID(unit), vn.Date(on), vn.ZeroDate, died == 1, vn.UnitID(label), strings.Fields(sensitivity)
	if onset >= 0 {
		c.Onset = vn.Date(onset)
	}
	return c, err
}

// maxCases is how many cases of a focus a page lists.
const maxCases = 500

// Cases lists the cases of a focus that the actor may open, in the order they
// fell ill.
func (m *Module) Cases(ctx context.Context, a store.Actor, e Event) ([]Case, error) {
	rows, err := store.List(ctx, m.store.For(a), e.Unit, scanCase, `
		select `+caseColumns+` from events_event e `+belongs+` where e.id = ?
		 order by case when c.onset >= 0 then c.onset else c.day end, c.report limit ?`, e.ID, maxCases)
	if err != nil {
		return nil, fmt.Errorf("cases of a focus: %w", err)
	}
	return rows, nil
}

// Near lists cases of the disease in the province that name no focus, of the
// days around the focus, nearest commune first: what may belong to it.
func (m *Module) Near(ctx context.Context, a store.Actor, e Event) ([]Case, error) {
	if !e.Stage.Active() || e.Disease == "" {
		return nil, nil
	}
	rows, err := store.List(ctx, m.store.For(a), e.Unit, scanCase, `
		select `+caseColumns+` from events_event e join events_case c on c.disease = e.disease and c.province = e.province and c.focus = ''
		   and c.day >= e.first and c.day <= e.last and c.class in ('suspect', 'probable', 'confirmed')
		 where e.id = ? order by case when c.unit = e.unit then 0 else 1 end, c.day desc, c.report limit 50`, e.ID)
	if err != nil {
		return nil, fmt.Errorf("cases near a focus: %w", err)
	}
	return rows, nil
}

func scanContact(scan store.Scan) (Contact, error) {
	var c Contact
	var b, status, id, sensitivity, patient, facility string
	var unit, version int64
	if err := scan(&id, &patient, &status, &facility, &unit, &sensitivity, &version, &b); err != nil {
		return c, err
	}
	err := json.Unmarshal([]byte(b), &c)
	c.ID, c.Patient, c.Open, c.Version = id, patient, status == "in-progress", version
	c.facility, c.unit, c.sensitivity = facility, vn.UnitID(unit), strings.Fields(sensitivity)
	return c, err
}

const contactColumns = `x.id, x.patient, x.status, x.facility, x.unit, x.sensitivity, x.version, x.contact`

// Contacts lists the contacts of an event: those to be called today first.
func (m *Module) Contacts(ctx context.Context, a store.Actor, event string) ([]Contact, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanContact, `
		select `+contactColumns+` from events_contact x where x.event = ? order by x.checked, x.last, x.id limit 1000`, event)
	if err != nil {
		return nil, fmt.Errorf("contacts of an event: %w", err)
	}
	return rows, nil
}

// DueContacts lists the contacts of a unit who have not been called today.
func (m *Module) DueContacts(ctx context.Context, a store.Actor, unit vn.Unit, limit int) (rows []Contact, more bool, err error) {
	where, args := within(unit, "x.")
	today := int64(m.today())
	rows, more, err = store.First(ctx, m.store.For(a), unit.ID, limit, scanContact, `
		select `+contactColumns+` from events_contact x where `+where+` and x.status = 'in-progress' and x.last >= ? and x.checked < ?
		 order by x.checked, x.last, x.id limit ?`, append(args, today, today)...)
	if err != nil {
		return nil, false, fmt.Errorf("contacts to be called: %w", err)
	}
	return rows, more, nil
}

// Duties lists what is to be done in an event, what is open first.
func (m *Module) Duties(ctx context.Context, a store.Actor, event string) ([]Duty, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (Duty, error) {
		var d Duty
		var b, id, facility string
		var unit, version int64
		if err := scan(&id, &facility, &unit, &version, &b); err != nil {
			return d, err
		}
		err := json.Unmarshal([]byte(b), &d)
		d.ID, d.facility, d.unit, d.Version = id, facility, vn.UnitID(unit), version
		return d, err
	}, `select id, facility, unit, version, task from events_task where event = ? order by done, due, id limit 500`, event)
	if err != nil {
		return nil, fmt.Errorf("tasks of an event: %w", err)
	}
	return rows, nil
}

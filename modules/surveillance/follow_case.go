// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"cmp"
	"context"
	"strings"

	"mach/casereport"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// reported is a row of surveillance_case.
type reported struct {
	disease, patient, encounter, cause, drafted, causeDisease, focus, sameAs, author string

	unit             int64
	day, onset, died int64            // onset, died: -1 = not said
	class, claimed   casereport.Class // as it counts, as the report says
	at, entered      int64            // µs: sent, first committed
	paper            bool             // sent on paper, entered later
	message          string           // that first told of it
	sample           string           // number
	others           []string         // not the same case
	judged           int64            // seq of the version that set disease, class or death
	spoken           int64            // seq of the version in which somebody set them who had seen the one before
	written          int64            // seq of the version that said so, or linked it where it was not before
	linked           string           // report of the same case that it was linked to last; "" = none
	matched          string           // report it was found to be the same case as without a person; "" = none
	widowed          int64            // 1 = the report that stood for it is gone
	sensitivity      string           // labels of the row, separated by spaces; of what was alone
	refused          int64            // found to be no case, µs; 0 = it is one
}

// applyCase keeps the case reports and their counts. A new version of a report
// replaces the row; what it counted before is taken back, what was seen first
// stays.
func (m *Module) applyCase(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc) error {
	if now != nil && before != nil && casereport.Is(now) && now.Equal(before) {
		return relabel(ctx, tx, c)
	}
	var was reported
	had, err := tx.Row(ctx, []any{&was.disease, &was.patient, &was.cause, &was.causeDisease, &was.unit, &was.day, &was.class, &was.claimed, &was.at, &was.entered, &was.author, &was.sameAs, &was.died, &was.judged, &was.spoken, &was.written, &was.linked, &was.matched, &was.widowed, &was.refused, &was.sensitivity}, `
		select disease, patient, cause, cause_disease, unit, day, class, claimed, reported, entered, author, same_as, died, judged, spoken, written, linked, matched, widowed, refused, sensitivity from surveillance_case where report = ?`, c.ID)
	if err != nil {
		return err
	}
	is, has, err := m.report(ctx, tx, c, now, was)
	if err != nil || !had && !has {
		return err
	}
	if had {
		is.entered, is.author = was.entered, was.author
		if !is.paper {
			is.at = was.at
		}
		if err := m.count(ctx, tx, was, -1, 0); err != nil {
			return err
		}
		if err := tx.Exec(ctx, `delete from surveillance_case where report = ?`, c.ID); err != nil {
			return err
		}
	}
	if has {
		is.remember(was, c, now, before)
		if err := m.insertCase(ctx, tx, c, is); err != nil {
			return err
		}
	}
	if err := m.countNew(ctx, tx, c.ID, is, had, has); err != nil {
		return err
	}
	if err := keepNumbers(ctx, tx, "Condition/"+c.ID, is.patient, is.sample); err != nil {
		return err
	}
	if err := m.tell(ctx, tx, c, now, before, was, is, had); err != nil {
		return err
	}
	if err := tx.Exec(ctx, `update surveillance_case set touched = ?, widowed = ? where same_as = ? and same_as <> ''`, c.At.UnixMicro(), bit(!has), c.ID); err != nil {
		return err
	}
	return m.redraftFor(ctx, tx, was, is)
}

// remember sets since when the report says what it says: software that writes it
// again, and whoever links it where it was linked before, say nothing new. A
// version that has lost a note was written without a look at the one before it:
// what the system had written into that one can be written anew.
//
// What the system links, or finds linked in the first version, it has matched; a
// person who links needs no match.
func (r *reported) remember(was reported, c store.Change, now, before *fhir.Doc) {
	r.judged, r.spoken, r.written = c.Seq, was.spoken, c.Seq
	blind, system := lostNote(now, before), c.Actor == store.SystemActor().Account
	switch {
	case r.disease == was.disease && r.claimed == was.claimed && r.died == was.died:
		r.judged = was.judged
		if r.sameAs == "" || r.sameAs == was.linked {
			r.written = was.written
		}
	case blind:
		r.judged = was.spoken
	case system && weight(r.claimed) >= weight(was.claimed) && (r.died >= 0 || was.died < 0):
		r.judged = was.judged // raised, by one of several that know more
	case !system:
		r.spoken = c.Seq
	}
	switch {
	case r.sameAs == "" || r.sameAs == was.sameAs || system && (was.sameAs != "" || r.sameAs == was.linked):
		r.matched = was.matched
	case system || was.disease == "": // or who sent it found it by the personal id
		r.matched = r.sameAs
	}
	r.linked = cmp.Or(r.sameAs, was.linked)
	if r.sameAs == was.sameAs {
		r.widowed = was.widowed
	}
	if r.claimed == casereport.Refuted {
		r.refused = cmp.Or(was.refused, c.At.UnixMicro())
	}
}

// tell keeps what a report answers and what becomes of it: the message it came
// from, the cases it was found not to be, and the news.
func (m *Module) tell(ctx context.Context, tx store.Tx, c store.Change, now, before *fhir.Doc, was, is reported, had bool) error {
	if err := tx.Exec(ctx, `update surveillance_message set report = '' where report = ?`, c.ID); err != nil {
		return err
	}
	if err := tx.Exec(ctx, `update surveillance_message set report = ? where message = ?`, c.ID, is.message); err != nil {
		return err
	}
	// Who found two cases is overruled by a person who merges them, not by software
	// that writes an old copy again.
	if err := tx.Exec(ctx, `delete from surveillance_apart where report = ? and other = ?`, c.ID, is.sameAs); err != nil {
		return err
	}
	for _, other := range is.others {
		if other == is.sameAs {
			continue
		}
		if err := tx.Exec(ctx, `insert into surveillance_apart (report, other) values (?, ?) on conflict do nothing`, c.ID, other); err != nil {
			return err
		}
	}
	return m.feedBack(ctx, tx, c, newNote(now, before), was, is, had)
}

// feedBack tells what became of a report to who sent it, when somebody else
// wrote it, and to who sent the reports that it stands for. A report that is
// merged as it comes in is news to its own sender.
func (m *Module) feedBack(ctx context.Context, tx store.Tx, c store.Change, reason string, was, is reported, had bool) error {
	if is.disease == "" { // entered in error, or deleted
		is.disease, is.claimed = was.disease, ""
	}
	labels := cmp.Or(strings.Join(c.Labels.Sensitivity, " "), was.sensitivity) // what is told names the disease before and after
	own := sender{c.ID, c.Labels.Facility, c.Labels.Patient, labels, was.author, int64(c.Labels.Unit)}
	if !had {
		if is.sameAs == "" {
			return nil
		}
		own.account = is.author
		return own.tell(ctx, tx, c, fed{is.disease, "", is.claimed, casereport.Duplicate, reason})
	}
	f := fed{disease: was.disease, was: was.claimed, is: is.claimed, reason: reason}
	if is.disease != was.disease {
		f.becomes = is.disease
	}
	changed := f.becomes != "" || f.is != f.was || is.died != was.died
	if changed {
		others, err := sendersOf(ctx, tx, c)
		if err != nil {
			return err
		}
		for _, s := range others {
			s.sensitivity = cmp.Or(s.sensitivity, labels)
			if err := s.tell(ctx, tx, c, f); err != nil {
				return err
			}
		}
	}
	if c.Actor == was.author || !changed && is.sameAs == was.sameAs {
		return nil
	}
	if was.sameAs != "" {
		f.was = casereport.Duplicate
	}
	if is.sameAs != "" {
		f.is = casereport.Duplicate
	}
	return own.tell(ctx, tx, c, f)
}

// fed is what is told of a change to a report.
type fed struct {
	disease, becomes string
	was, is          casereport.Class
	reason           string
}

// sender is who sent a report, and what guards it.
type sender struct {
	report, facility, patient, sensitivity, account string
	place                                           int64
}

// sendersOf lists who sent the reports that the changed one stands for, without
// who changed it.
func sendersOf(ctx context.Context, tx store.Tx, c store.Change) ([]sender, error) {
	var out []sender
	err := tx.Rows(ctx, `select report, facility, patient, sensitivity, author, label_unit from surveillance_case where same_as = ? and same_as <> '' and report <> ? and author <> ? order by report`,
		[]any{c.ID, c.ID, c.Actor}, func(scan func(...any) error) error {
			var s sender
			err := scan(&s.report, &s.facility, &s.patient, &s.sensitivity, &s.account, &s.place)
			out = append(out, s)
			return err
		})
	return out, err
}

func (s sender) tell(ctx context.Context, tx store.Tx, c store.Change, f fed) error {
	return tx.Exec(ctx, `
		insert into surveillance_feedback (report, of, version, facility, place, author, patient, disease, becomes, was, class, reason, sensitivity, at)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing`,
		s.report, c.ID, c.Version, s.facility, s.place, s.account, s.patient, f.disease, f.becomes, string(f.was), string(f.is), f.reason, s.sensitivity, c.At.UnixMicro())
}

// notesOf is how many notes a report has.
func notesOf(d *fhir.Doc) int {
	n := 0
	if d != nil {
		for range d.Each("note") {
			n++
		}
	}
	return n
}

// lostNote reports whether a note of the version before is not in this one.
func lostNote(now, before *fhir.Doc) bool {
	has := map[string]int{}
	for note := range now.Each("note") {
		has[note.Get("text").String()]++
	}
	if before != nil {
		for note := range before.Each("note") {
			text := note.Get("text").String()
			if has[text]--; has[text] < 0 {
				return true
			}
		}
	}
	return false
}

// newNote is the note that the new version adds; "" when it adds none.
func newNote(now, before *fhir.Doc) string {
	n, text := notesOf(before), ""
	if now == nil {
		return text
	}
	for note := range now.Each("note") {
		if n--; n < 0 {
			text = note.Get("text").String()
		}
	}
	return text
}

// relabel takes over new labels of a report that says what it said before.
func relabel(ctx context.Context, tx store.Tx, c store.Change) error {
	return tx.Exec(ctx, `update surveillance_case set facility = ?, label_unit = ?, sensitivity = ?, version = ? where report = ?`,
		c.Labels.Facility, int64(c.Labels.Unit), strings.Join(c.Labels.Sensitivity, " "), c.Version, c.ID)
}

func (m *Module) insertCase(ctx context.Context, tx store.Tx, c store.Change, r reported) error {
	return tx.Exec(ctx, `
		insert into surveillance_case (report, disease, patient, encounter, cause, drafted, cause_disease, focus, facility, label_unit,
		       sensitivity, unit, province, day, onset, class, claimed, reported, version, died, entered, paper, same_as, author, place, written, judged, spoken, linked, matched, touched, widowed, refused)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.ID, r.disease, r.patient, r.encounter, r.cause, r.drafted, r.causeDisease, r.focus, c.Labels.Facility, int64(c.Labels.Unit),
		strings.Join(c.Labels.Sensitivity, " "), r.unit, int64(m.units.ProvinceOf(vn.UnitID(r.unit))), r.day, r.onset, string(r.class), string(r.claimed), r.at, c.Version,
		r.died, r.entered, bit(r.paper), r.sameAs, r.author, int64(m.units.ProvinceOf(c.Labels.Unit)), r.written, r.judged, r.spoken, r.linked, r.matched, c.At.UnixMicro(), r.widowed, r.refused)
}

// report reads a case report; false for everything else, see casereport.Of. was
// is what the version before said.
func (m *Module) report(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc, was reported) (reported, bool, error) {
	said, ok := casereport.Of(now, m.diseases, m.units)
	if !ok {
		return reported{}, false, nil
	}
	r := reported{
		disease: said.Disease, patient: c.Labels.Patient, encounter: said.Encounter, cause: said.Cause, drafted: said.Drafted,
		focus: said.Focus, class: said.Class, claimed: said.Claimed, onset: -1, at: c.At.UnixMicro(),
		died: -1, entered: c.At.UnixMicro(), author: c.Actor, sameAs: said.SameAs, message: said.Message, sample: said.Sample, others: said.Others,
	}
	before := vn.ZeroDate
	if was.disease != "" {
		before = vn.Date(was.day)
	}
	r.day = int64(said.DayOn(c.At, before))
	if said.Day.Known() && c.Actor == store.SystemActor().Account { // imported: sent when it says it was recorded
		r.at = said.Recorded.UnixMicro()
	}
	if !said.Reported.IsZero() {
		r.at, r.paper = said.Reported.UnixMicro(), true
	}
	if said.Onset.Known() {
		r.onset = int64(said.Onset)
	}
	if said.Died.Known() {
		r.died = int64(said.Died)
	}
	if r.cause != "" {
		names := ""
		if _, err := tx.Row(ctx, []any{&names}, `select disease from surveillance_diagnosis where cause = ?`, r.cause); err != nil {
			return r, false, err
		}
		r.class, r.causeDisease = said.Rests(casereport.Kept{Disease: was.disease, Cause: was.cause, Names: was.causeDisease, SameAs: was.sameAs, Claimed: was.claimed}, names)
	}
	unit, err := m.unitOf(ctx, tx, c, said.Unit)
	r.unit = int64(unit)
	return r, true, err
}

// unitOf is the commune a resource counts in: the one it names, else that of
// the person, else of the facility.
func (m *Module) unitOf(ctx context.Context, tx store.Tx, c store.Change, named vn.UnitID) (vn.UnitID, error) {
	if named != 0 {
		return m.units.Latest(named), nil
	}
	var unit int64
	found, err := tx.Row(ctx, []any{&unit}, `select unit from surveillance_person where patient = ?`, c.Labels.Patient)
	if err != nil {
		return 0, err
	}
	if !found || unit == 0 {
		unit = int64(c.Labels.Unit)
	}
	return m.units.Latest(vn.UnitID(unit)), nil
}

// countNew counts what a report says now. It was seen first when it first counted,
// also when it was none for a while.
func (m *Module) countNew(ctx context.Context, tx store.Tx, id string, is reported, had, has bool) error {
	switch {
	case !has:
		return tx.Exec(ctx, `insert into surveillance_seen (report) values (?) on conflict do nothing`, id)
	case had:
		return m.count(ctx, tx, is, +1, 0)
	}
	var one int
	seen, err := tx.Row(ctx, []any{&one}, `select 1 from surveillance_seen where report = ?`, id)
	if err != nil {
		return err
	}
	return m.count(ctx, tx, is, +1, bit(!seen))
}

// count adds a case to its week and month: by to the value, seen to what was
// counted when it was reported; in its commune and in every unit above.
func (m *Module) count(ctx context.Context, tx store.Tx, r reported, by, seen int) error {
	d := vn.Date(r.day)
	parent := vn.UnitID(0)
	for _, unit := range m.units.Above(vn.UnitID(r.unit)) {
		for span, start := range map[string]vn.Date{spanWeek: vn.WeekOf(d).Start(), spanMonth: vn.MonthOf(d).Start()} {
			if err := tx.Exec(ctx, `
				insert into surveillance_count (disease, unit, parent, span, start, class, value, seen) values (?, ?, ?, ?, ?, ?, ?, ?)
				on conflict (disease, unit, span, start, class) do update
				   set value = surveillance_count.value + excluded.value, seen = surveillance_count.seen + excluded.seen`,
				r.disease, int64(unit), int64(parent), span, int64(start), string(r.class), by, seen); err != nil {
				return err
			}
		}
		parent = unit
	}
	return nil
}

const (
	spanWeek  = "week"
	spanMonth = "month"
)

// recheck looks at the reports that rest on a diagnosis after it changed: one
// that is suspect or probable no longer counts when the diagnosis now says
// another disease than when the report was written, and counts again when the
// diagnosis is put back.
func (m *Module) recheck(ctx context.Context, tx store.Tx, c store.Change, disease string, first bool) error {
	if first { // a report that came before it was written of what it says first
		if err := tx.Exec(ctx, `update surveillance_case set cause_disease = ? where cause = ? and cause_disease = ''`, disease, c.ID); err != nil {
			return err
		}
	}
	type row struct {
		id string
		reported
	}
	var rows []row
	err := tx.Rows(ctx, `select report, disease, patient, cause_disease, unit, day, class, claimed from surveillance_case where cause = ? order by report`,
		[]any{c.ID}, func(scan func(...any) error) error {
			var r row
			err := scan(&r.id, &r.disease, &r.patient, &r.causeDisease, &r.unit, &r.day, &r.class, &r.claimed)
			rows = append(rows, r)
			return err
		})
	if err != nil {
		return err
	}
	for _, r := range rows {
		next := casereport.Resting(r.disease, r.class, r.claimed, r.causeDisease, disease)
		if next == r.class {
			continue
		}
		if err := m.count(ctx, tx, r.reported, -1, 0); err != nil {
			return err
		}
		r.class = next
		if err := m.count(ctx, tx, r.reported, +1, 0); err != nil {
			return err
		}
		if err := tx.Exec(ctx, `update surveillance_case set class = ?, touched = ? where report = ?`, string(next), c.At.UnixMicro(), r.id); err != nil {
			return err
		}
		if err := tx.Exec(ctx, `update surveillance_case set touched = ? where same_as = ? and same_as <> ''`, c.At.UnixMicro(), r.id); err != nil {
			return err
		}
	}
	return nil
}

// redraftFor computes the drafts that a report may close or open again: those
// of its disease and of the diagnosis it names, before and after.
func (m *Module) redraftFor(ctx context.Context, tx store.Tx, was, is reported) error {
	done := map[illness]bool{}
	for _, r := range []reported{was, is} {
		if r.patient == "" {
			continue
		}
		list := []illness{{r.patient, r.disease}}
		if r.cause != "" {
			var disease string
			if _, err := tx.Row(ctx, []any{&disease}, `select disease from surveillance_diagnosis where cause = ?`, r.cause); err != nil {
				return err
			}
			list = append(list, illness{r.patient, disease})
		}
		for _, i := range list {
			if done[i] || i.disease == "" {
				continue
			}
			done[i] = true
			// Without a diagnosis there is no draft: most imported cases.
			var one int
			if found, err := tx.Row(ctx, []any{&one}, `select 1 from surveillance_diagnosis where patient = ? and disease = ? limit 1`, i.patient, i.disease); err != nil || !found {
				if err != nil {
					return err
				}
				continue
			}
			if err := m.redraft(ctx, tx, i); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyEpidemic keeps the declarations and their ends.
func (m *Module) applyEpidemic(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if err := tx.Exec(ctx, `delete from surveillance_epidemic where notice = ?`, c.ID); err != nil {
		return err
	}
	if now == nil || !hasCategory(now, categoryEpidemic) || now.Get("status").String() == "entered-in-error" {
		return nil
	}
	form := ""
	for cat := range now.Each("category") {
		for coding := range cat.Each("coding") {
			if coding.Get("system").String() == csEpidemicForm {
				form = coding.Get("code").String()
			}
		}
	}
	named, _ := casereport.UnitIn(now, m.units)
	unit, err := m.unitOf(ctx, tx, c, named)
	if err != nil || form == "" {
		return err
	}
	return tx.Exec(ctx, `insert into surveillance_epidemic (notice, form, opens, disease, unit, day, facility) values (?, ?, ?, ?, ?, ?, ?)`,
		c.ID, form, fhir.IDOf(now.Get("inResponseTo", "reference").String()), now.Get("topic", "coding", "code").String(),
		int64(unit), int64(casereport.Day(now.Get("sent").String())), c.Labels.Facility)
}

// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// ground is why there should be an alert of a disease in a unit now.
type ground struct {
	rule  Rule
	since vn.Date // first day it covers
	push  Push
	p     float64 // 1 = not computed
	week  vn.Date // Monday of its verdict; ZeroDate when it rests on none
	seq   int64   // of that verdict; 0 = of this change
}

// sure is a ground that needs no statistics.
func sure(rule Rule, since vn.Date) ground {
	return ground{rule: rule, since: since, push: PushAlways, p: 1, week: vn.ZeroDate}
}

// latest reads the newest alert of a disease in a unit.
func (t *turn) latest(ctx context.Context, disease string, unit vn.UnitID) (a Alert, cooled int64, found bool, err error) {
	err = t.tx.Rows(ctx, `select `+alertColumns+`, cooled from detection_alert where unit = ? and disease = ? order by opened desc, alert desc limit 1`,
		[]any{int64(unit), disease}, func(scan func(...any) error) error {
			found = true
			var err error
			a, err = scanAlert(func(dest ...any) error { return scan(append(dest, &cooled)...) })
			return err
		})
	return a, cooled, found, err
}

// raise opens an alert, or lets the change attach to the one that stands: open
// and unanswered, in its cool-down, or followed by an event that goes on.
func (t *turn) raise(ctx context.Context, x touch, unit vn.UnitID, rule content.DetectionRule, g ground) error {
	a, cooled, found, err := t.latest(ctx, x.disease.ID, unit)
	if err != nil {
		return err
	}
	if found {
		attach := a.State() == Open || a.State() == Answered && t.c.At.UnixMicro() < cooled
		if a.Answer == Real && !attach {
			if attach, err = t.goesOn(ctx, a.Key); err != nil {
				return err
			}
		}
		if attach {
			return t.attach(ctx, a, x, rule, g)
		}
	}
	hours := rule.AnswerHours
	if g.rule.immediate() {
		hours = rule.AnswerHoursImmediate
	}
	at := t.c.At.UnixMicro()
	key := t.keyOf(x.disease.ID, unit, vn.DateOf(t.c.At))
	if err := t.tx.Exec(ctx, `delete from detection_alert where alert = ?`, key); err != nil { // withdrawn in the same week
		return err
	}
	return t.tx.Exec(ctx, `insert into detection_alert (`+alertColumns+`, cooled)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 1, ?, ?, ?, ?, ?, '', 1, ?, '', 0, 0)`,
		key, x.disease.ID, int64(unit), int64(t.provinceOf(unit)), at, t.c.Seq, string(g.rule), flag(x.died), int64(g.since), int64(g.week), cmp.Or(g.seq, t.c.Seq),
		at, rule.Hash, rule.Weight, g.p, int(g.push), t.c.At.Add(time.Duration(hours)*time.Hour).UnixMicro())
}

// attach adds the change to an alert. A graver rule takes the alert over, and a
// shorter clock with it: counted from now, for nobody could know before.
func (t *turn) attach(ctx context.Context, a Alert, x touch, rule content.DetectionRule, g ground) error {
	due := a.Due.UnixMicro()
	if g.rule.immediate() && !a.Rule.immediate() && a.State() == Open {
		due = min(due, t.c.At.Add(time.Duration(rule.AnswerHoursImmediate)*time.Hour).UnixMicro())
	}
	if g.rule.gravity() > a.Rule.gravity() {
		a.Rule = g.rule
	}
	if g.week > a.Week || g.p < a.P {
		a.Week, a.Verdict, a.P = g.week, cmp.Or(g.seq, t.c.Seq), g.p
	}
	last := t.c.At.UnixMicro()
	if x.again {
		last = a.Last.UnixMicro()
	}
	return t.tx.Exec(ctx, `update detection_alert set rule = ?, died = ?, since = ?, week = ?, verdict = ?, p = ?, pushed = ?, holds = 1,
		reports = reports + ?, last = ?, due = ? where alert = ?`,
		string(a.Rule), flag(a.Died || x.died), int64(min(a.Since, g.since)), int64(a.Week), a.Verdict, a.P, int(max(a.Push, g.push)),
		1-flag(x.again), last, due, a.Key)
}

// tally counts the cases of the alert that waits, or still cools down.
func (t *turn) tally(ctx context.Context, p place) error {
	a, cooled, found, err := t.latest(ctx, p.disease, p.unit)
	if err != nil || !found || a.Answer != "" && cooled <= t.c.At.UnixMicro() {
		return err
	}
	n := 0
	if err := t.ledger().years(ctx, p, vn.WeekOf(a.Since).Start(), vn.WeekOf(vn.DateOf(t.c.At)).Start(), func(_ vn.Date, count, _ int32) { n += int(count) }); err != nil || n == a.Cases {
		return err
	}
	return t.tx.Exec(ctx, `update detection_alert set cases = ? where alert = ?`, n, a.Key)
}

// hold says whether an alert that nobody has answered still rests on
// something, after cases were taken back or given back.
func (t *turn) hold(ctx context.Context, disease string, unit vn.UnitID, holds bool) error {
	return t.tx.Exec(ctx, `update detection_alert set holds = ? where unit = ? and disease = ? and answer = '' and holds <> ?`,
		flag(holds), int64(unit), disease, flag(holds))
}

// goesOn reports whether an event that answers the alert is not over. A focus
// that was opened again, or a signal taken up again, is not.
func (t *turn) goesOn(ctx context.Context, alert string) (bool, error) {
	var one int
	return t.tx.Row(ctx, []any{&one}, `
		select 1 from detection_step s where s.alert = ? and s.kind = 'signal'
		   and (select max(e.seq) from detection_step e where e.first = s.first and e.kind in ('signal', 'triaged', 'focus'))
		     > coalesce((select max(e.seq) from detection_step e where e.first = s.first and e.kind in ('discarded', 'closed')), 0) limit 1`, alert)
}

// applyAnswer keeps the answers of people to alerts.
func (m *Module) applyAnswer(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	was, err := answered(ctx, tx, `select alert from detection_answer where answer = ?`, c.ID)
	if err != nil {
		return err
	}
	if err := tx.Exec(ctx, `delete from detection_answer where answer = ?`, c.ID); err != nil {
		return err
	}
	is := ""
	if now != nil && c.Labels.Category == categoryAnswer && now.Get("status").String() != "entered-in-error" {
		t := turn{Module: m, tx: tx, c: c}
		key, unit, err := t.named(ctx, now.Identifier(SystemAlert))
		if err != nil {
			return err
		}
		// The policy judged who may answer for the unit that the answer names.
		if key != "" && unit == m.units.Latest(c.Labels.Unit) {
			is = key
			if err := tx.Exec(ctx, `insert into detection_answer (answer, alert, kind, words, author, facility, at) values (?, ?, ?, ?, ?, ?, ?)`,
				c.ID, key, codeIn(now, csAnswer), now.Get("payload", "contentString").String(), now.Get("note", "text").String(),
				c.Labels.Facility, c.At.UnixMicro()); err != nil {
				return err
			}
		}
	}
	return m.resettle(ctx, tx, was, is)
}

// named is the alert that an answer or a signal names by key, and its unit; "" when
// there is none. Where the map has changed since, and the counts of units were put
// together, it may stand under another unit or week: then it is the latest of the
// disease where the unit of the answer is now.
func (t *turn) named(ctx context.Context, key string) (alert string, unit vn.UnitID, err error) {
	var of int64
	found, err := t.tx.Row(ctx, []any{&of}, `select unit from detection_alert where alert = ?`, key)
	if err != nil || found {
		return key, vn.UnitID(of), err
	}
	disease, rest, _ := strings.Cut(key, "/")
	code, _, _ := strings.Cut(rest, "/")
	x, ok := t.units.Get(t.c.Labels.Unit)
	if !ok || x.Code != code {
		return "", 0, nil
	}
	a, _, _, err := t.latest(ctx, disease, t.units.Latest(x.ID))
	return a.Key, a.Unit, err
}

// resettle works out anew what was answered to the alerts.
func (m *Module) resettle(ctx context.Context, tx store.Tx, alerts ...string) error {
	for i, key := range alerts {
		if key == "" || i > 0 && key == alerts[0] {
			continue
		}
		if err := m.settle(ctx, tx, key); err != nil {
			return err
		}
	}
	return nil
}

func (m *Module) settle(ctx context.Context, tx store.Tx, key string) error {
	type given struct {
		kind Kind
		at   int64
	}
	var all []given
	scan := func(scan func(...any) error) error {
		var g given
		err := scan(&g.kind, &g.at)
		all = append(all, g)
		return err
	}
	if err := tx.Rows(ctx, `select kind, at from detection_answer where alert = ? order by at, answer`, []any{key}, scan); err != nil {
		return err
	}
	if err := tx.Rows(ctx, `select 'real', at from detection_step where alert = ? and kind = 'signal' order by seq`, []any{key}, scan); err != nil {
		return err
	}
	slices.SortStableFunc(all, func(a, b given) int { return cmp.Compare(a.at, b.at) })
	if len(all) == 0 {
		return tx.Exec(ctx, `update detection_alert set answer = '', answered = 0, cooled = 0 where alert = ?`, key)
	}
	last := all[len(all)-1]
	at := time.UnixMicro(last.at)
	var disease string
	var unit int64
	if _, err := tx.Row(ctx, []any{&disease, &unit}, `select disease, unit from detection_alert where alert = ?`, key); err != nil {
		return err
	}
	d, _ := m.diseases.ByID(disease)
	rule, err := m.ruleAt(ctx, tx, d, vn.UnitID(unit), vn.DateOf(at))
	if err != nil {
		return err
	}
	cooled := at.AddDate(0, 0, rule.CoolDownDays)
	return tx.Exec(ctx, `update detection_alert set answer = ?, answered = ?, cooled = ? where alert = ?`, string(last.kind), all[0].at, cooled.UnixMicro(), key)
}

// answered reads the alert that a Communication was kept for.
func answered(ctx context.Context, tx store.Tx, sql, id string) (alert string, err error) {
	_, err = tx.Row(ctx, []any{&alert}, sql, id)
	return alert, err
}

// codeIn is the code of a category in one system; "" when there is none.
func codeIn(d *fhir.Doc, system string) string {
	for concept := range d.Each("category") {
		for coding := range concept.Each("coding") {
			if coding.Get("system").String() == system {
				return coding.Get("code").String()
			}
		}
	}
	return ""
}

// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/store"
	"mach/vn"
)

// decided are the settings of a disease on a day: those of content, with what
// people decided for the nation, and provinces for themselves.
type decided struct {
	units     *vn.Units
	base      content.DetectionRule
	provinces map[vn.UnitID]content.DetectionChange
}

// rule is what holds in a unit.
func (d decided) rule(unit vn.UnitID) content.DetectionRule {
	if len(d.provinces) > 0 {
		for _, u := range d.units.Path(unit) {
			if c, ok := d.provinces[u.ID]; ok {
				return d.base.With(c)
			}
		}
	}
	return d.base
}

// decided reads the settings of a disease that are in force on a day, as far as
// they were decided by the position of the ledger.
func (l ledger) decided(ctx context.Context, d content.Disease, on vn.Date) (decided, error) {
	out := decided{units: l.units, base: l.law.Detection(d, on), provinces: map[vn.UnitID]content.DetectionChange{}}
	err := l.rows(ctx, `select unit, change from detection_setting
		 where disease = ? and approved > 0 and approved <= ? and starts <= ? and (ended = 0 or ended > ?) order by starts, approved`,
		[]any{d.ID, l.seq, int64(on), l.seq}, func(scan func(...any) error) error {
			var unit int64
			var text string
			if err := scan(&unit, &text); err != nil {
				return err
			}
			c, err := unpackChange(text)
			if vn.UnitID(unit) == vn.Nation {
				out.base = l.law.Detection(d, on).With(c)
			} else {
				out.provinces[vn.UnitID(unit)] = c
			}
			return err
		})
	return out, err
}

// ruleAt is the newest of what is decided for a disease in a unit on a day.
func (m *Module) ruleAt(ctx context.Context, tx store.Tx, d content.Disease, unit vn.UnitID, on vn.Date) (content.DetectionRule, error) {
	now, err := ledger{units: m.units, law: m.law, rows: tx.Rows, seq: math.MaxInt64}.decided(ctx, d, on)
	return now.rule(unit), err
}

func unpackChange(text string) (c content.DetectionChange, err error) {
	if err := json.Unmarshal([]byte(text), &c); err != nil {
		return c, fmt.Errorf("settings of a disease: %w", err)
	}
	return c, nil
}

// applySetting keeps changes of settings: a proposal, and what somebody else
// decided about it. What is approved is what was proposed, and holds from the
// day after the approval at the earliest: no verdict of the past changes.
func (m *Module) applySetting(ctx context.Context, tx store.Tx, c store.Change, now *fhir.Doc) error {
	if now == nil || c.Labels.Category != categorySettings {
		return nil // what was decided stays decided
	}
	is, ok := m.readSetting(now)
	unit := m.units.Latest(c.Labels.Unit) // the policy judged who may speak for it
	if !ok {
		return nil
	}
	var was struct {
		change, author        string
		starts, approved, end int64
		disease               string
	}
	found, err := tx.Row(ctx, []any{&was.change, &was.author, &was.starts, &was.approved, &was.end, &was.disease},
		`select change, author, starts, approved, ended, disease from detection_setting where setting = ?`, c.ID)
	if err != nil {
		return err
	}
	if !found {
		if level := m.levelOf(unit); is.status != "draft" || unit != vn.Nation && (level != vn.LevelProvince || !is.local) {
			return nil // nobody proposed it, or nobody who may
		}
		if err := tx.Exec(ctx, `insert into detection_setting (setting, disease, unit, change, starts, proposed, author, practitioner, facility, approved, ended)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0)`, c.ID, is.disease, int64(unit), is.change, int64(is.starts), c.At.UnixMicro(), c.Actor, is.by, c.Labels.Facility); err != nil {
			return err
		}
		return m.settingStep(ctx, tx, c, Proposed, is)
	}
	if was.end != 0 || c.Actor == was.author || is.change != was.change || is.disease != was.disease {
		return nil // it is over, or not another's word on the same settings
	}
	next := vn.DateOf(c.At) + 1
	switch {
	case is.status == "active" && was.approved == 0:
		starts := max(was.starts, int64(next))
		if err := tx.Exec(ctx, `update detection_setting set approved = ?, starts = ? where setting = ?`, c.Seq, starts, c.ID); err != nil {
			return err
		}
		if err := tx.Exec(ctx, `insert into detection_due (unit, disease, day, week, patient, seq) values (?, ?, ?, 0, 0, ?) on conflict (unit, disease, day) do nothing`,
			int64(unit), is.disease, starts, c.Seq); err != nil {
			return err
		}
		return m.settingStep(ctx, tx, c, Approved, is)
	case is.status == "retired" && (was.approved == 0 || was.starts >= int64(next)):
		kind := Refused
		if was.approved != 0 {
			kind = TakenBack
		}
		if err := tx.Exec(ctx, `update detection_setting set ended = ? where setting = ?`, c.Seq, c.ID); err != nil {
			return err
		}
		return m.settingStep(ctx, tx, c, kind, is)
	}
	return nil
}

func (m *Module) settingStep(ctx context.Context, tx store.Tx, c store.Change, kind Decision, is setting) error {
	return tx.Exec(ctx, `insert into detection_setting_step (setting, seq, kind, name, words, at) values (?, ?, ?, ?, ?, ?)`,
		c.ID, c.Seq, string(kind), is.name, is.words, c.At.UnixMicro())
}

// setting is a version of the resource, read.
type setting struct {
	status, disease, change string
	starts                  vn.Date
	local                   bool   // it holds only what a province may decide
	by, name, words         string // of the newest step
}

// readSetting reads a change of settings; false for one that cannot be: a closed
// or unknown disease, a value out of its bounds.
func (m *Module) readSetting(doc *fhir.Doc) (setting, bool) {
	s := setting{status: doc.Get("status").String(), starts: casereport.Day(doc.Get("effectivePeriod", "start").String())}
	change := content.DetectionChange{Values: map[content.DetectionField]float64{}}
	for concept := range doc.Each("topic") {
		if code := concept.Code(systemDisease); code != "" {
			s.disease = code
		}
	}
	for x := range doc.Each("extension") {
		switch x.Get("url").String() {
		case extSetting:
			if !readValue(x, &change) {
				return s, false
			}
		case extDecision:
			for part := range x.Each("extension") {
				switch part.Get("url").String() {
				case "by":
					s.by, s.name = part.Get("valueReference").RefID("Practitioner"), part.Get("valueReference", "display").String()
				case "words":
					s.words = part.Get("valueString").String()
				}
			}
		}
	}
	d, ok := m.diseases.ByID(s.disease)
	if !ok || d.Closed || !s.starts.Known() || !change.Fits(d, false) {
		return s, false
	}
	s.local = change.Fits(d, true)
	b, err := json.Marshal(change) // keys in order: equal changes are equal texts
	s.change = string(b)
	return s, err == nil
}

// readValue reads one setting of the resource.
func readValue(x fhir.Node, into *content.DetectionChange) bool {
	field, tier, value := "", "", math.NaN()
	for part := range x.Each("extension") {
		switch part.Get("url").String() {
		case "field":
			field = part.Get("valueCode").String()
		case "tier":
			tier = part.Get("valueCode").String()
		case "value":
			if v := part.Get("valueDecimal"); v.Kind() == fhir.Number {
				value = v.Float()
			}
		}
	}
	if tier != "" {
		t := content.Tier(tier)
		if tier == content.TierNone {
			t = content.TierByCount
		}
		into.Tier = &t
		return true
	}
	into.Values[content.DetectionField(field)] = value
	return !math.IsNaN(value)
}

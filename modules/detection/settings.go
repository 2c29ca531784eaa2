// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

const (
	categorySettings = "alert-settings"
	// extSetting is one value of a change of settings, extDecision who decided
	// about it, with the reason.
	extSetting  = fhir.Base + "/ext/alert-setting"
	extDecision = fhir.Base + "/ext/alert-setting-decision"
)

// Decision is what was done with a change of settings.
type Decision string

// The decisions. Another account than the one that proposed approves or
// refuses; what is approved can be taken back until the day before it begins.
const (
	Proposed  Decision = "proposed"
	Approved  Decision = "approved"
	Refused   Decision = "refused"
	TakenBack Decision = "withdrawn"
)

// Setting is a change of the settings of a disease, from its proposal on.
type Setting struct {
	ID, Disease  string
	Unit         vn.UnitID // the nation, or the province that decides for itself
	Change       content.DetectionChange
	From         vn.Date // first day
	Proposed     time.Time
	Author       string // account that proposed
	Practitioner string
	Facility     string
	Approved     int64 // seq; 0 = not
	Ended        int64 // seq at which it was refused or taken back; 0 = not
	Steps        []SettingStep
}

// SettingStep is one thing that was done with a change.
type SettingStep struct {
	Kind        Decision
	Name, Words string
	At          time.Time
}

// Labels lets the guard judge the change as its resource.
func (s Setting) Labels() store.Labels {
	return store.Labels{Type: "PlanDefinition", ID: s.ID, Facility: s.Facility, Unit: s.Unit, Category: categorySettings, Author: s.Author}
}

// State is where a change stands.
type settingState string

const (
	settingWaits   settingState = "waits"
	settingComes   settingState = "comes" // approved, its day is still to come
	settingHolds   settingState = "holds" // in force, or followed by a newer one
	settingRefused settingState = "refused"
	settingBack    settingState = "back"
)

func (s Setting) state(today vn.Date) settingState {
	switch {
	case s.Ended != 0 && s.Approved != 0:
		return settingBack
	case s.Ended != 0:
		return settingRefused
	case s.Approved == 0:
		return settingWaits
	case s.From > today:
		return settingComes
	}
	return settingHolds
}

// decidable is what may still be done with it.
func (s Setting) decidable(today vn.Date) []Decision {
	switch s.state(today) {
	case settingWaits:
		return []Decision{Approved, Refused}
	case settingComes:
		return []Decision{TakenBack}
	}
	return nil
}

// mostSettings is how many changes are read at once.
const mostSettings = 2000

// Settings lists the changes of settings that hold in a unit, the newest
// proposal first: those of the nation, and of the provinces in or above it. Of
// one disease all that were made; of "", which is all diseases, those that wait,
// are still to begin or are in force.
// Errors: TooCostly when there are more than can be read at once.
func (m *Module) Settings(ctx context.Context, a store.Actor, unit vn.UnitID, disease string) ([]Setting, error) {
	if disease != "" {
		return m.settings(ctx, a, unit, ` and s.disease = ?`, disease)
	}
	return m.settings(ctx, a, unit, ` and s.ended = 0 and not exists (select 1 from detection_setting n
		 where n.disease = s.disease and n.unit = s.unit and n.ended = 0 and n.approved > 0 and n.starts <= ? and s.approved > 0
		   and (n.starts > s.starts or n.starts = s.starts and n.approved > s.approved))`, int64(m.today()))
}

// settings reads the changes of a condition, each a row with its steps: the
// proposal, the decision, and that it was taken back.
func (m *Module) settings(ctx context.Context, a store.Actor, unit vn.UnitID, where string, args ...any) ([]Setting, error) {
	if unit != vn.Nation {
		marks, units := "?", []any{int64(vn.Nation)}
		for _, u := range append(m.units.Path(unit), m.units.Children(unit, m.today())...) {
			marks, units = marks+", ?", append(units, int64(u.ID))
		}
		where, args = where+` and s.unit in (`+marks+`)`, append(args, units...)
	}
	rows, more, err := store.First(ctx, m.store.For(a), unit, mostSettings, scanSetting, `select s.setting, s.disease, s.unit, s.change, s.starts, s.proposed,
		s.author, s.practitioner, s.facility, s.approved, s.ended, p.kind, p.name, p.words, p.at,
		coalesce(d.kind, ''), coalesce(d.name, ''), coalesce(d.words, ''), coalesce(d.at, 0), coalesce(b.kind, ''), coalesce(b.name, ''), coalesce(b.words, ''), coalesce(b.at, 0)
		  from detection_setting s
		  join detection_setting_step p on p.setting = s.setting and p.kind = 'proposed'
		  left join detection_setting_step d on d.setting = s.setting and d.kind in ('approved', 'refused')
		  left join detection_setting_step b on b.setting = s.setting and b.kind = 'withdrawn'
		 where 1 = 1`+where+` order by s.proposed desc, s.setting limit ?`, args...)
	if err != nil {
		return nil, fmt.Errorf("settings of detection: %w", err)
	}
	if more {
		return nil, issue.New(issue.TooCostly, "settings.many", mostSettings)
	}
	return rows, nil
}

func scanSetting(scan store.Scan) (Setting, error) {
	var s Setting
	var text string
	var of, starts, proposed int64
	var steps [3]SettingStep
	var at [len(steps)]int64
	dest := []any{&s.ID, &s.Disease, &of, &text, &starts, &proposed, &s.Author, &s.Practitioner, &s.Facility, &s.Approved, &s.Ended}
	for i := range steps {
		dest = append(dest, &steps[i].Kind, &steps[i].Name, &steps[i].Words, &at[i])
	}
	if err := scan(dest...); err != nil {
		return s, err
	}
	s.Unit, s.From, s.Proposed = vn.UnitID(of), vn.Date(starts), time.UnixMicro(proposed)
	for i, step := range steps {
		if step.Kind != "" {
			step.At = time.UnixMicro(at[i])
			s.Steps = append(s.Steps, step)
		}
	}
	var err error
	s.Change, err = unpackChange(text)
	return s, err
}

// Decided are the settings of a disease in a unit, or of "" = all, as they were
// decided for a day: for who draws what the detection judges. They name nobody,
// so no actor is asked for.
func (m *Module) Decided(ctx context.Context, unit vn.UnitID, disease string) (func(d content.Disease, on vn.Date) content.DetectionRule, error) {
	list, err := m.Settings(ctx, store.SystemActor(), unit, disease)
	return func(d content.Disease, on vn.Date) content.DetectionRule { return m.decidedOn(d, list, on).rule(unit) }, err
}

// decidedOn is what the changes make of a disease's settings on a day.
func (m *Module) decidedOn(d content.Disease, list []Setting, on vn.Date) decided {
	out := decided{units: m.units, base: m.law.Detection(d, on), provinces: map[vn.UnitID]content.DetectionChange{}}
	for _, s := range inForce(d, list, on) {
		if s.Unit == vn.Nation {
			out.base = m.law.Detection(d, on).With(s.Change)
		} else {
			out.provinces[s.Unit] = s.Change
		}
	}
	return out
}

// inForce are the changes of a disease that hold on a day, one that is followed
// before the one that follows.
func inForce(d content.Disease, list []Setting, on vn.Date) []Setting {
	var out []Setting
	for _, s := range list {
		if s.Disease == d.ID && s.Approved != 0 && s.Ended == 0 && s.From <= on {
			out = append(out, s)
		}
	}
	slices.SortFunc(out, func(a, b Setting) int { return cmp.Or(int(a.From-b.From), cmp.Compare(a.Approved, b.Approved)) })
	return out
}

// mostSettingWords bounds the reasons, mostAhead how far ahead a change may
// begin, in days.
const (
	mostSettingWords = 1000
	mostAhead        = 366
)

// ProposeSettings proposes a change of a disease's settings for the actor's
// area, as a PlanDefinition (an event-condition-action rule) that is a draft: the
// nation for the ministry, its province for a CDC. Nothing changes until
// somebody else approves it. The same key of the same account proposes once.
// Errors: NotFound for a disease that is not watched; Value with the field;
// Conflict while another change of it waits; Forbidden for who may only read.
func (m *Module) ProposeSettings(ctx context.Context, a store.Actor, disease string, change content.DetectionChange, from vn.Date, words, once string) error {
	d, ok := m.diseases.ByID(disease)
	if !ok || d.Closed {
		return issue.New(issue.NotFound, "settings.disease.none")
	}
	unit, _ := m.units.At(a.Oversees(m.units), m.today())
	if !proposesSettings(a.Role) {
		return issue.New(issue.Forbidden, "settings.proposer")
	}
	words = strings.TrimSpace(words)
	list, err := m.Settings(ctx, a, unit.ID, d.ID)
	if err != nil {
		return err
	}
	is := m.decidedOn(d, list, from).rule(unit.ID)
	switch {
	case !change.Fits(d, unit.ID != vn.Nation):
		return issue.New(issue.Value, "settings.values")
	case !from.Known():
		return issue.New(issue.Required, "web.field.required").At("from")
	case from <= m.today() || from > m.today()+mostAhead:
		return issue.New(issue.Value, "settings.from", mostAhead).At("from")
	case words == "":
		return issue.New(issue.Required, "web.field.required").At("words")
	case len([]rune(words)) > mostSettingWords:
		return issue.New(issue.TooLong, "web.field.too_long", mostSettingWords, len([]rune(words))).At("words")
	case is.With(change).Hash == is.Hash:
		return issue.New(issue.BusinessRule, "settings.same")
	case slices.ContainsFunc(list, func(s Setting) bool {
		return s.Disease == d.ID && s.Unit == unit.ID && s.state(m.today()) == settingWaits
	}):
		return issue.New(issue.Conflict, "settings.waiting")
	}
	topic := fhir.CodeableConcept{Coding: []fhir.Coding{{System: systemDisease, Code: d.ID, Display: d.Name.Vi}}, Text: d.Name.Vi}
	doc, err := fhir.New(map[string]any{
		"resourceType": "PlanDefinition", "id": newID(), "status": "draft", "date": fhir.Instant(m.now()),
		"type":            fhir.Code("http://terminology.hl7.org/CodeSystem/plan-definition-type", "eca-rule", ""),
		"title":           d.Name.Vi + " · " + unit.Full(),
		"topic":           []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, categorySettings, ""), topic},
		"effectivePeriod": fhir.Period{Start: from.String()},
		"extension":       append(append(placed(unit), decision(a, words)), valuesOf(change)...),
	})
	if err != nil {
		return err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, once, store.Create(doc))
	if err != nil {
		return fmt.Errorf("proposal of settings: %w", err)
	}
	return m.store.Await(ctx, receipt, "detection")
}

// decision says who did a step, and why.
func decision(a store.Actor, words string) fhir.Extension {
	return fhir.Extension{URL: extDecision, Extension: []fhir.Extension{
		{URL: "by", ValueReference: &fhir.Reference{Reference: "Practitioner/" + a.Practitioner, Display: a.Name}}, {URL: "words", ValueString: words}}}
}

// valuesOf writes a change as extensions, in the order of the form.
func valuesOf(c content.DetectionChange) []fhir.Extension {
	var out []fhir.Extension
	if c.Tier != nil {
		out = append(out, fhir.Extension{URL: extSetting, Extension: []fhir.Extension{{URL: "tier", ValueCode: tierName(*c.Tier)}}})
	}
	for _, b := range content.DetectionBounds() {
		if v, ok := c.Values[b.Field]; ok {
			out = append(out, fhir.Extension{URL: extSetting, Extension: []fhir.Extension{
				{URL: "field", ValueCode: string(b.Field)}, {URL: "value", ValueDecimal: fhir.NewDecimal(v, -1)}}})
		}
	}
	return out
}

func tierName(t content.Tier) string { return cmp.Or(string(t), content.TierNone) }

// DecideSettings approves, refuses or takes back a change, with the reason. An
// approved change begins on its day, the next one at the earliest.
// Errors: NotFound; Forbidden for who proposed it and who may only read;
// BusinessRule when it is decided already, or in force; Required and TooLong.
func (m *Module) DecideSettings(ctx context.Context, a store.Actor, id string, kind Decision, words, once string) error {
	s, err := m.setting(ctx, a, id)
	if err != nil {
		return err
	}
	words = strings.TrimSpace(words)
	switch {
	case !decidesSettings(a.Role):
		return issue.New(issue.Forbidden, "settings.decider")
	case s.Author == a.Account || s.Practitioner == a.Practitioner:
		return issue.New(issue.Forbidden, "settings.eyes")
	case !slices.Contains(s.decidable(m.today()), kind):
		return issue.New(issue.BusinessRule, "settings.decided")
	case words == "":
		return issue.New(issue.Required, "web.field.required").At("words")
	case len([]rune(words)) > mostSettingWords:
		return issue.New(issue.TooLong, "web.field.too_long", mostSettingWords, len([]rune(words))).At("words")
	}
	door := m.store.For(a)
	doc, err := door.Read(ctx, "PlanDefinition", id)
	if err != nil {
		return err
	}
	status := "active"
	if kind != Approved {
		status = "retired"
	}
	from := s.From
	if kind == Approved {
		from = max(from, m.today()+1)
	}
	edits := map[string]any{"status": status, "date": fhir.Instant(m.now()), "effectivePeriod": fhir.Period{Start: from.String()}}
	if kind == Approved {
		edits["approvalDate"] = m.today().String()
	}
	unit, _ := m.units.At(s.Unit, m.today())
	edits["extension"] = append(append(placed(unit), decision(a, words)), valuesOf(s.Change)...)
	for _, member := range []string{"status", "date", "effectivePeriod", "approvalDate", "extension"} {
		if v, ok := edits[member]; ok {
			if doc, err = doc.Set(member, v); err != nil {
				return err
			}
		}
	}
	receipt, err := door.CommitOnce(ctx, once, store.Put(doc))
	if err != nil {
		return fmt.Errorf("decision on settings: %w", err)
	}
	return m.store.Await(ctx, receipt, "detection")
}

// setting is one change; NotFound when there is none in or above the actor's
// area.
func (m *Module) setting(ctx context.Context, a store.Actor, id string) (Setting, error) {
	list, err := m.settings(ctx, a, a.Oversees(m.units), ` and s.setting = ?`, id)
	if err != nil {
		return Setting{}, err
	}
	if len(list) == 0 {
		return Setting{}, issue.New(issue.NotFound, "settings.none")
	}
	return list[0], nil
}

// proposesSettings and decidesSettings say which roles do; the policy says so
// too, and of which area.
func proposesSettings(r store.Role) bool { return r == store.CDC || r == store.Ministry }

func decidesSettings(r store.Role) bool { return r == store.Department || r == store.Ministry }

// SPDX-License-Identifier: Apache-2.0

package events

import (
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

// The Tasks of an event: codes of /cs/task, which policy knows as categories.
const (
	taskContact  = "contact"
	taskVillage  = "contact-village" // a contact whom a village health worker follows
	taskResponse = "response"
	csContact    = fhir.Base + "/cs/contact"       // name, phone, relation, address
	csCheck      = fhir.Base + "/cs/contact-check" // Results
)

// Results are what a day's call gives: well, temperature from 38 °C on, other
// signs, not reached; or that following ends, because the contact is a case or
// has left.
var Results = []string{"well", "fever", "symptoms", "unreached", "case", "left"}

// fever is the temperature from which a contact counts as ill, °C.
const fever = 38

// Contact is somebody who was near a case and is followed for some days (Task,
// for the case's patient). A Task that a village health worker follows does not
// name the case: it is based on one that does, which is the station's.
type Contact struct {
	ID         string `json:"-"`
	Event      string
	Case       string // Condition: the report of the case; not read from a village health worker's Task
	Name       string
	Phone      string
	Relation   string
	Address    string
	First      vn.Date // of the last contact
	Last       vn.Date // last day of following
	Checks     []Check
	Worker     string // Practitioner of the village health worker who follows; "" = the station does
	WorkerName string
	Patient    string `json:"-"` // whose contact; as Case
	Open       bool   `json:"-"`
	Version    int64  `json:"-"`

	facility    string
	unit        vn.UnitID
	sensitivity []string
}

// Check is what was found on one day.
type Check struct {
	Day    vn.Date
	Result string
	Words  string
}

// Labels lets the guard judge the row as the Task.
func (c Contact) Labels() store.Labels {
	return store.Labels{Type: "Task", ID: c.ID, Patient: c.Patient, Facility: c.facility, Unit: c.unit, Sensitivity: c.sensitivity, Category: c.category(),
		Author: store.Actor{Practitioner: c.Worker}.Worker()}
}

func (c Contact) category() string {
	if c.Worker != "" {
		return taskVillage
	}
	return taskContact
}

// checked is the day of the latest check, -1 when there was none.
func (c Contact) checked() vn.Date {
	last := vn.Date(-1)
	for _, x := range c.Checks {
		last = max(last, x.Day)
	}
	return last
}

// askedOn reports whether the contact was asked on the day.
func (c Contact) askedOn(day vn.Date) bool {
	return slices.ContainsFunc(c.Checks, func(x Check) bool { return x.Day == day })
}

// followed reports whether the contact was followed on the day, also when that
// ended later.
func (c Contact) followed(day vn.Date) bool {
	return c.First <= day && day <= c.Last && (c.Open || c.checked() > day)
}

// DueOn reports whether the contact has to be called on the day.
func (c Contact) DueOn(day vn.Date) bool { return c.Open && c.Last >= day && c.checked() < day }

// latest is the check that says how the contact is: the one that ended the
// following, else that of the latest day, and of two on one day the later one. It
// is empty when there was none.
func (c Contact) latest() (x Check) {
	for i, y := range c.Checks {
		if i == 0 || y.Day >= x.Day || y.Result == "case" || y.Result == "left" {
			x = y
		}
	}
	return x
}

// Ill reports whether the latest check found fever or other signs.
func (c Contact) Ill() bool {
	r := c.latest().Result
	return r == "fever" || r == "symptoms"
}

// Trace adds a contact of a case of the focus.
// Errors: NotFound for an event without an open focus; Required and BusinessRule
// with the field.
func (m *Module) Trace(ctx context.Context, a store.Actor, event string, c Contact, days int, key string) error {
	e, err := m.Event(ctx, a, event)
	if err != nil {
		return err
	}
	if !e.Stage.Active() {
		return issue.New(issue.Conflict, "events.step.late")
	}
	c.Name, c.Phone = vn.NormalName(strings.TrimSpace(c.Name)), strings.TrimSpace(c.Phone)
	var f faults
	f.need("name", c.Name)
	f.need("case", c.Case)
	if c.Phone == "" && c.Address == "" {
		f.add("phone", issue.Required, "events.contact.reach")
	}
	if !c.First.Known() {
		f.need("first", "")
	} else if c.First > m.today() {
		f.add("first", issue.BusinessRule, "events.future")
	}
	if c.Worker != "" {
		if err := m.checkWorker(ctx, a, &c, &f); err != nil {
			return err
		}
	}
	if err := issue.List(f); err != nil {
		return err
	}
	cases, err := m.Cases(ctx, a, e)
	if err != nil {
		return err
	}
	for _, x := range cases {
		if x.Report == c.Case {
			c.Patient = x.Patient
		}
	}
	if c.Patient == "" {
		return issue.New(issue.BusinessRule, "events.contact.case").At("case")
	}
	tasks := []fhir.Task{m.contactTask(a, e, c, days)}
	if c.Worker != "" {
		tasks = apart(tasks[0], a)
	}
	var ops []store.Op
	for _, t := range tasks {
		doc, err := fhir.New(t)
		if err != nil {
			return err
		}
		ops = append(ops, store.Create(doc))
	}
	return m.commit(ctx, a, key, "adding a contact", ops...)
}

// apart keeps who the case is from the village: the Task that says whose contact
// it is stays with the station (category contact), names nobody else and is
// itself followed by nobody.
func apart(t fhir.Task, a store.Actor) []fhir.Task {
	kept := fhir.Task{ID: newID(), Status: "completed", Intent: t.Intent, Code: fhir.Code(fhir.CSTask, taskContact, ""), Extension: t.Extension, Focus: t.Focus,
		For: t.For, ReasonReference: t.ReasonReference, AuthoredOn: t.AuthoredOn, Requester: t.Requester, Owner: fhir.Ref("Organization", a.Facility)}
	t.For, t.ReasonReference, t.BasedOn = fhir.Reference{}, fhir.Reference{}, []fhir.Reference{fhir.Ref("Task", kept.ID)}
	return []fhir.Task{kept, t}
}

func (m *Module) contactTask(a store.Actor, e Event, c Contact, days int) fhir.Task {
	unit, _ := m.units.Get(e.Unit)
	input := func(code, value string) fhir.TaskParameter {
		return fhir.TaskParameter{Type: fhir.Code(csContact, code, ""), ValueString: value}
	}
	t := fhir.Task{ID: newID(), Status: "in-progress", Intent: "order", Code: fhir.Code(fhir.CSTask, c.category(), ""),
		Extension: []fhir.Extension{fhir.Unit(unit.Code, unit.From.String(), unit.Full())},
		Focus:     fhir.Ref("Communication", e.ID), For: fhir.Ref("Patient", c.Patient), ReasonReference: fhir.Ref("Condition", c.Case),
		AuthoredOn: fhir.Instant(m.now()), Requester: fhir.Ref("Practitioner", a.Practitioner), Owner: fhir.Ref("Organization", a.Facility),
		Restriction: fhir.TaskRestriction{Period: fhir.Period{Start: c.First.String(), End: c.First.AddDays(days).String()}}}
	if c.Worker != "" {
		t.Owner = fhir.Ref("Practitioner", c.Worker)
		t.Owner.Display = c.WorkerName
	}
	for _, x := range [][2]string{{"name", c.Name}, {"phone", c.Phone}, {"relation", c.Relation}, {"address", c.Address}} {
		if x[1] != "" {
			t.Input = append(t.Input, input(x[0], x[1]))
		}
	}
	return t
}

// FollowDays is how long contacts of the event's disease are followed by the rule
// of the day; 0 = not from person to person.
func (e Event) FollowDays(on vn.Date) int { return content.FocusRuleOn(e.Disease, on).ContactDays }

// Ask records what was found on a day. temperature 0 = not taken; from 38 °C on
// the result is fever.
// Errors: NotFound, as policy has it also for a village health worker who does
// not follow the contact; Conflict when following has ended; Precondition when somebody else
// wrote in between.
func (m *Module) Ask(ctx context.Context, a store.Actor, contact, result, words string, temperature float64, on vn.Date, key string) error {
	d, err := m.store.For(a).Read(ctx, "Task", contact)
	if err != nil {
		return err
	}
	if _, ok := contactOf(d); !ok {
		return issue.New(issue.NotFound, "events.contact.none")
	}
	if d.Get("status").String() != "in-progress" {
		return issue.New(issue.Conflict, "events.contact.over")
	}
	if temperature >= fever && (result == "well" || result == "symptoms" || result == "") {
		result = "fever"
	}
	var f faults
	if a.Role == store.VillageWorker {
		f.choice("result", result, villageResults)
	} else {
		f.choice("result", result, Results)
	}
	if on > m.today() {
		f.add("on", issue.BusinessRule, "events.future")
	}
	if err := issue.List(f); err != nil {
		return err
	}
	said := strings.TrimSpace(words)
	if temperature > 0 {
		said = strings.TrimSuffix(strings.Replace(fmt.Sprintf("%.1f °C", temperature), ".", ",", 1)+" · "+said, " · ")
	}
	found := fhir.TaskParameter{ValueDateTime: on.String(), Type: fhir.CodeableConcept{Coding: []fhir.Coding{{System: csCheck, Code: result}}, Text: said}}
	doc, err := asked(d, found, m.now())
	if err != nil {
		return err
	}
	var version int64
	if _, err := fmt.Sscan(d.VersionID(), &version); err != nil {
		return fmt.Errorf("version of a contact: %w", err)
	}
	return m.commit(ctx, a, key, "asking a contact", store.Update(doc, version))
}

// asked is the contact with what was found; whatever else stands in it stays.
func asked(d *fhir.Doc, found fhir.TaskParameter, now time.Time) (*fhir.Doc, error) {
	d, err := d.Set(fmt.Sprintf("output[%d]", d.Get("output").Len()), found)
	if err == nil {
		d, err = d.Set("lastModified", fhir.Instant(now))
	}
	if status := map[string]string{"case": "completed", "left": "cancelled"}[found.Type.Coding[0].Code]; err == nil && status != "" {
		d, err = d.Set("status", status)
	}
	return d, err
}

func (m *Module) commit(ctx context.Context, a store.Actor, key, what string, ops ...store.Op) error {
	receipt, err := m.store.For(a).CommitOnce(ctx, key, ops...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return m.store.Await(ctx, receipt, view)
}

// Duty is something to be done against a focus (Task of nobody's record).
type Duty struct {
	ID      string `json:"-"`
	Event   string
	What    string
	Who     string
	Due     vn.Date
	Given   time.Time // when it was assigned
	Done    time.Time // zero = not yet
	Version int64     `json:"-"`

	facility string
	unit     vn.UnitID
}

// Labels lets the guard judge the row as the Task.
func (d Duty) Labels() store.Labels {
	return store.Labels{Type: "Task", ID: d.ID, Facility: d.facility, Unit: d.unit, Category: taskResponse}
}

// Assign writes what is to be done, by whom and until when.
func (m *Module) Assign(ctx context.Context, a store.Actor, event string, d Duty, key string) error {
	e, err := m.Event(ctx, a, event)
	if err != nil {
		return err
	}
	if !e.Stage.Open() {
		return issue.New(issue.Conflict, "events.step.late")
	}
	d.What, d.Who = strings.TrimSpace(d.What), strings.TrimSpace(d.Who)
	var f faults
	f.need("what", d.What)
	f.need("who", d.Who)
	if !d.Due.Known() {
		f.need("due", "")
	}
	if err := issue.List(f); err != nil {
		return err
	}
	unit, _ := m.units.Get(e.Unit)
	doc, err := fhir.New(fhir.Task{ID: newID(), Status: "requested", Intent: "order", Code: fhir.Code(fhir.CSTask, taskResponse, ""),
		Extension: []fhir.Extension{fhir.Unit(unit.Code, unit.From.String(), unit.Full())}, Description: d.What, Focus: fhir.Ref("Communication", e.ID),
		Owner: fhir.Reference{Display: d.Who}, AuthoredOn: fhir.Instant(m.now()), Requester: fhir.Ref("Practitioner", a.Practitioner),
		Restriction: fhir.TaskRestriction{Period: fhir.Period{End: d.Due.String()}}})
	if err != nil {
		return err
	}
	return m.commit(ctx, a, key, "assigning a task", store.Create(doc))
}

// Finish says that a duty is done. To say it again changes nothing.
func (m *Module) Finish(ctx context.Context, a store.Actor, event, duty, key string) error {
	d, err := m.store.For(a).Read(ctx, "Task", duty)
	if err != nil {
		return err
	}
	if d.Get("code").Code(fhir.CSTask) != taskResponse || d.Get("focus").RefID("Communication") != event {
		return issue.New(issue.NotFound, "events.none")
	}
	var t fhir.Task
	if err := d.Into(&t); err != nil {
		return err
	}
	if t.Status == "completed" {
		return nil
	}
	t.Status, t.LastModified = "completed", fhir.Instant(m.now())
	doc, err := fhir.New(t)
	if err != nil {
		return err
	}
	return m.commit(ctx, a, key, "finishing a task", store.Update(doc, 0))
}

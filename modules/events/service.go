// SPDX-License-Identifier: Apache-2.0

package events

import (
	"context"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Module is event-based surveillance. It is safe for concurrent use.
type Module struct {
	store    *store.Store
	units    *vn.Units
	diseases *content.DiseaseList
	now      func() time.Time
	ends     Ends // nil: nobody counts
	log      *slog.Logger
	people   func(ctx context.Context, o Overdue) error // nil: a step alone tells
}

// New prepares the module; s is nil for its follower alone.
func New(s *store.Store, units *vn.Units, diseases *content.DiseaseList, now func() time.Time) *Module {
	m := &Module{store: s, units: units, diseases: diseases, now: now, log: slog.New(slog.DiscardHandler)}
	if s != nil {
		s.VetWrites("Task", m.vetTask)
	}
	return m
}

// Log names where faults of the clocks' duty go. Call it before serving.
func (m *Module) Log(log *slog.Logger) { m.log = log }

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

func newID() string { return uuid.Must(uuid.NewV7()).String() }

// News is a signal as somebody gives it.
type News struct {
	Tidings
	Place  string
	Words  string
	Since  vn.Date // first ill; vn.ZeroDate = not known
	Sick   int     // -1 = not known
	Dead   int
	Phone  string // who may be called back; in the resource only
	Attach string // the event it is a further report on; "" = none
	Anew   bool   // it is none of those that look alike
}

// Signal writes a signal: the first of a new event, or a further one on an event
// that is open. It returns the event.
// Errors: Required with the field; BusinessRule ("events.disease.closed") for a
// disease of the closed desk, ("events.same.choose") at "same" when events look
// alike and nothing was chosen; NotFound when that event is not open.
func (m *Module) Signal(ctx context.Context, a store.Actor, n News, key string) (string, error) {
	n.Place, n.Words, n.Syndrome, n.Phone = strings.TrimSpace(n.Place), strings.TrimSpace(n.Words), strings.TrimSpace(n.Syndrome), strings.TrimSpace(n.Phone)
	if err := m.check(n); err != nil {
		return "", err
	}
	if err := m.restrain(ctx, a); err != nil {
		return "", err
	}
	s := Step{ID: newID(), Kind: Signal, At: m.now(), Written: m.now(), Who: a.Name, Words: n.Words, Place: n.Place, Since: n.Since, Figures: unsaid, Tidings: n.Tidings}
	s.Event, s.Figures.Cases, s.Figures.Deaths = s.ID, n.Sick, n.Dead
	if n.Attach != "" {
		e, err := m.Event(ctx, a, n.Attach)
		if err != nil {
			return "", err
		}
		if !e.Stage.Allows(Signal) || e.Unit != m.units.Latest(n.Unit) {
			return "", issue.New(issue.NotFound, "events.none")
		}
		s.Event = e.ID
	} else if alike, err := m.Alike(ctx, a, n.Tidings); err != nil {
		return "", err
	} else if len(alike) > 0 && !n.Anew {
		return "", issue.New(issue.BusinessRule, "events.same.choose").At("same")
	}
	return s.Event, m.write(ctx, a, s, n.Phone, key)
}

// perDay is how many signals a citizen may give within 24 hours.
const perDay = 5

// restrain refuses the sixth signal of a citizen on one day.
func (m *Module) restrain(ctx context.Context, a store.Actor) error {
	if a.Role != store.Person {
		return nil
	}
	told, err := m.Told(ctx, a)
	if err != nil {
		return err
	}
	n := 0
	for _, e := range told {
		if m.now().Sub(e.Told) < 24*time.Hour {
			n++
		}
	}
	if n >= perDay {
		return issue.New(issue.BusinessRule, "events.citizen.many", perDay)
	}
	return nil
}

// check refuses what is no signal.
func (m *Module) check(n News) error {
	var found []issue.Issue
	fail := func(path string, code issue.Code, key string) {
		found = append(found, issue.Issue{Severity: issue.SeverityError, Code: code, Key: key, Path: path})
	}
	if d, ok := m.diseases.ByID(n.Disease); n.Disease != "" && (!ok || d.Closed) {
		fail("disease", issue.BusinessRule, "events.disease.closed")
	}
	if n.Disease == "" && n.Syndrome == "" {
		fail("disease", issue.Required, "events.disease.needed")
	}
	if u, ok := m.units.Get(n.Unit); !ok || u.Level != vn.LevelCommune || u.To != vn.ZeroDate {
		fail("unit", issue.Required, "events.unit.needed")
	}
	if n.Place == "" {
		fail("place", issue.Required, "web.field.required")
	}
	if n.Words == "" {
		fail("words", issue.Required, "web.field.required")
	}
	if n.Since.Known() && n.Since > m.today() {
		fail("since", issue.BusinessRule, "events.future")
	}
	if n.Dead > n.Sick && n.Sick >= 0 {
		fail("dead", issue.BusinessRule, "events.dead.more")
	}
	return issue.List(found)
}

// write commits one step and waits until the pages show it.
func (m *Module) write(ctx context.Context, a store.Actor, s Step, phone, key string) error {
	doc, err := fhir.New(m.resource(a, s, phone))
	if err != nil {
		return err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Create(doc))
	if err != nil {
		return fmt.Errorf("step %s of an event: %w", s.Kind, err)
	}
	return m.store.Await(ctx, receipt, view)
}

// Draft is a step as a person fills it.
type Draft struct {
	Kind    Kind
	At      vn.Date // the day it was so; vn.ZeroDate = now
	Words   string
	Reason  string
	Marks   []string
	About   string
	Place   string
	Name    string
	Since   vn.Date
	Disease string // of Verified: what it turned out to be
}

// Take adds a step to an event.
// Errors: NotFound for an event the actor may not see; Conflict
// ("events.step.late") when the event has moved on and no longer allows it;
// Required and BusinessRule with the field.
func (m *Module) Take(ctx context.Context, a store.Actor, id string, d Draft, key string) error {
	e, err := m.Event(ctx, a, id)
	if err != nil {
		return err
	}
	if !e.Stage.Allows(d.Kind) || d.Kind == Signal || d.Kind == Told {
		return issue.New(issue.Conflict, "events.step.late")
	}
	d.Words, d.Place, d.Name = strings.TrimSpace(d.Words), strings.TrimSpace(d.Place), strings.TrimSpace(d.Name)
	if err := m.checkStep(ctx, a, e, d); err != nil {
		return err
	}
	if d.Kind == Level {
		level, _ := levelOf(d.Marks)
		d.Reason = strconv.Itoa(int(level))
	}
	s := Step{ID: newID(), Event: id, Kind: d.Kind, At: atDay(d.At, m.today(), m.now()), Written: m.now(), Who: a.Name, Words: d.Words, Reason: d.Reason,
		Marks: d.Marks, About: d.About, Place: d.Place, Name: d.Name, Since: d.Since, Figures: unsaid}
	s.Unit, s.Disease = e.Unit, d.Disease
	if s.Disease == "" {
		s.Disease, s.Syndrome = e.Disease, e.Syndrome
	}
	if d.Kind == Daily {
		if s.Figures, err = m.counted(ctx, a, e, vn.DateOf(s.At)); err != nil {
			return err
		}
	}
	return m.write(ctx, a, s, "", key)
}

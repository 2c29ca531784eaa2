// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"mach/content"
	"mach/i18n"
	"mach/modules/events"
	"mach/modules/peers"
	"mach/store"
	"mach/vn"
)

// Who is called when a clock runs out below them: detection, surveillance and
// events know the clocks, detection the duty roster, peers the people, and none
// of them another.

// late is one thing that waits, in the words of a call. They say what and where;
// never who is ill or who told.
type late struct {
	key, line, path string
	due             time.Time
}

// desk is whom a call is for.
type desk struct {
	unit     vn.UnitID
	facility string
	role     store.Role
	roster   bool // those on duty before the others
}

// callToLate calls the next level to alerts that nobody has answered and to
// drafts that nobody has sent, and says when to look again.
func (a *App) callToLate(ctx context.Context) (next time.Time, err error) {
	alerts, first, err := a.detection.Late(ctx)
	if err != nil {
		return next, err
	}
	waiting := map[desk][]late{}
	for _, l := range alerts {
		at := desk{unit: l.At, role: l.To, roster: l.At != l.Unit}
		waiting[at] = append(waiting[at], late{"alert " + l.Key, a.diseaseName(l.Disease) + ", " + a.unitName(l.Unit), l.Path(), l.Due})
	}
	a.callAll(ctx, "alerts", "/canh-bao", waiting)
	drafts, second, err := a.surveillance.Late(ctx)
	if err != nil {
		return next, err
	}
	clear(waiting)
	for _, l := range drafts {
		at := desk{unit: l.Place, facility: l.Facility, role: l.To}
		if l.To != store.StationDirector {
			at = desk{unit: a.provinceOf(l.Place), role: l.To, roster: true}
		}
		waiting[at] = append(waiting[at], late{"draft " + l.Draft, a.unitName(l.Place), "/dich", l.Due})
	}
	a.callAll(ctx, "drafts", "/dich", waiting)
	if first.IsZero() || !second.IsZero() && second.Before(first) {
		first = second
	}
	return first, ctx.Err()
}

// callToEvent calls the level that a step of an event tells.
func (a *App) callToEvent(ctx context.Context, o events.Overdue) error {
	line := a.unitName(o.Unit)
	if o.Disease != "" {
		line = a.diseaseName(o.Disease) + ", " + line
	}
	at := desk{unit: a.provinceOf(o.Unit), role: o.To, roster: o.To == store.CDC}
	return a.call(ctx, o.Clock, "/su-kien", at, []late{{o.Key, line, "/su-kien/" + o.Event, o.Due}})
}

// callAll calls desk by desk: one that cannot be called keeps nobody from hearing.
func (a *App) callAll(ctx context.Context, what, path string, waiting map[desk][]late) {
	for at, list := range waiting {
		if err := a.call(ctx, what, path, at, list); err != nil && ctx.Err() == nil {
			a.log.ErrorContext(ctx, "the next level could not be called", "to", string(at.role), "about", what, "error", err)
		}
	}
}

// call calls a desk to a list, of which each thing is told once.
func (a *App) call(ctx context.Context, what, path string, at desk, list []late) error {
	if at.unit == 0 {
		return nil
	}
	c := peers.Call{Unit: at.unit, Facility: at.facility, Role: at.role,
		Say: func(about []string) peers.Reminder { return a.reminder(what, path, list, about) }}
	for _, l := range list {
		c.About = append(c.About, l.key)
	}
	if at.roster {
		duty, err := a.detection.OnDuty(ctx, store.SystemActor(), at.unit, vn.DateOf(now()))
		if err != nil {
			return fmt.Errorf("who is on duty: %w", err)
		}
		for _, o := range duty {
			c.OnDuty = append(c.OnDuty, o.Practitioner)
		}
	}
	return a.peers.Call(ctx, c)
}

// mostLines is how many lines a reminder has; the title counts them all.
const mostLines = 50

// reminder puts what is new into words: the title how much, a line for each place
// with how much there, the page of the one thing or of all.
func (a *App) reminder(what, path string, list []late, about []string) peers.Reminder {
	say := func(key string, args ...any) string {
		return a.catalogue.T(i18n.Vietnamese, "escalation."+what+"."+key, args...)
	}
	r := peers.Reminder{Path: path, Title: say("title", len(about))}
	var order []string
	many := map[string]int{}
	for _, l := range list {
		if !slices.Contains(about, l.key) {
			continue
		}
		if many[l.line]++; many[l.line] == 1 {
			order = append(order, l.line)
		}
		if r.Due.IsZero() || l.due.Before(r.Due) {
			r.Due = l.due
		}
		if len(about) == 1 {
			r.Path = l.path
		}
	}
	if len(order) == 1 {
		r.Title += " · " + order[0]
	}
	var lines []string
	for _, line := range order[:min(len(order), mostLines)] {
		lines = append(lines, say("line", line, many[line]))
	}
	r.Body = strings.Join(append(lines, say("todo")), "\n")
	return r
}

func (a *App) diseaseName(id string) string {
	if d, ok := content.Diseases().ByID(id); ok {
		return d.Name.In(i18n.Vietnamese)
	}
	for _, s := range content.Syndromes(vn.DateOf(now())) {
		if s.ID == id {
			return s.Name.In(i18n.Vietnamese)
		}
	}
	return id
}

func (a *App) unitName(id vn.UnitID) string {
	u, _ := a.Units.Get(id)
	return u.Full()
}

func (a *App) provinceOf(id vn.UnitID) vn.UnitID {
	for _, u := range a.Units.Path(id) {
		if u.Level == vn.LevelProvince {
			return u.ID
		}
	}
	return 0
}

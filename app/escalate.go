// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"fmt"
	"slices"
	"time"

	"mach/modules/events"
	"mach/modules/peers"
	"mach/store"
	"mach/vn"
)

// Who is called when a clock runs out below them: detection, surveillance and
// events know the clocks, detection the duty roster, peers the people, and none
// of them another.

// late is one thing that waits: what, where, and of which disease; never who is
// ill or who told.
type late struct {
	key     string
	unit    vn.UnitID
	disease string
	path    string
	due     time.Time
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
		waiting[at] = append(waiting[at], late{"alert " + l.Key, l.Unit, l.Disease, l.Path(), l.Due})
	}
	a.callAll(ctx, "alerts", "/canh-bao", waiting)
	drafts, second, err := a.surveillance.Late(ctx)
	if err != nil {
		return next, err
	}
	clear(waiting)
	closed := map[desk][]late{}
	for _, l := range drafts {
		at := desk{unit: a.provinceOf(l.Place), role: l.To, roster: true}
		switch l.To {
		case store.ClosedDesk: // called at each stage
			closed[at] = append(closed[at], late{"draft " + l.Draft + " " + l.Stage, at.unit, "", "/dich/ban-kin", l.Due})
			continue
		case store.StationDirector:
			at = desk{unit: l.Place, facility: l.Facility, role: l.To}
		}
		waiting[at] = append(waiting[at], late{"draft " + l.Draft, l.Place, "", "/dich", l.Due})
	}
	a.callAll(ctx, "drafts", "/dich", waiting)
	a.callAll(ctx, "closed", "/dich/ban-kin", closed)
	if first.IsZero() || !second.IsZero() && second.Before(first) {
		first = second
	}
	return first, ctx.Err()
}

// callToEvent calls the level that a step of an event tells.
func (a *App) callToEvent(ctx context.Context, o events.Overdue) error {
	at := desk{unit: a.provinceOf(o.Unit), role: o.To, roster: o.To == store.CDC}
	return a.call(ctx, o.Clock, "/su-kien", at, []late{{o.Key, o.Unit, o.Disease, "/su-kien/" + o.Event, o.Due}})
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
		Say: func(about []string) peers.Reminder { return reminder(what, path, list, about) }}
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

// mostPlaces is how many places a reminder lists; it counts all things.
const mostPlaces = 50

// reminder tells of what is new, by disease and place, with the page of the one
// thing or of all.
func reminder(what, path string, list []late, about []string) peers.Reminder {
	r := peers.Reminder{What: what, Many: len(about), Path: path}
	for _, l := range list {
		if !slices.Contains(about, l.key) {
			continue
		}
		i := slices.IndexFunc(r.Places, func(p peers.Place) bool { return p.Unit == l.unit && p.Disease == l.disease })
		if i < 0 {
			i, r.Places = len(r.Places), append(r.Places, peers.Place{Unit: l.unit, Disease: l.disease})
		}
		r.Places[i].Many++
		if r.Due.IsZero() || l.due.Before(r.Due) {
			r.Due = l.due
		}
		if len(about) == 1 {
			r.Path = l.path
		}
	}
	r.Places = r.Places[:min(len(r.Places), mostPlaces)]
	return r
}

func (a *App) provinceOf(id vn.UnitID) vn.UnitID {
	for _, u := range a.Units.Path(id) {
		if u.Level == vn.LevelProvince {
			return u.ID
		}
	}
	return 0
}

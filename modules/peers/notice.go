// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"slices"
	"strings"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Draft is an announcement before it is published.
type Draft struct {
	Unit  vn.UnitID    // whose subtree is addressed
	Roles []store.Role // nil = everybody
	Title string
	Body  string
	Due   time.Time // acknowledge before
}

// limits keep an announcement readable on a phone.
const (
	maxTitle = 200
	maxBody  = 10_000
)

// check refuses what cannot be published: every problem with its field.
func (d Draft) check(now time.Time) error {
	var list []issue.Issue
	add := func(err *issue.Error, field string) { list = append(list, err.At(field).Issues...) }
	switch title := strings.TrimSpace(d.Title); {
	case title == "":
		add(issue.New(issue.Required, "peers.notice.title.missing"), "title")
	case len([]rune(title)) > maxTitle:
		add(issue.New(issue.TooLong, "peers.notice.title.long", maxTitle), "title")
	}
	switch body := strings.TrimSpace(d.Body); {
	case body == "":
		add(issue.New(issue.Required, "peers.notice.body.missing"), "body")
	case len([]rune(body)) > maxBody:
		add(issue.New(issue.TooLong, "peers.notice.body.long", maxBody), "body")
	}
	if !d.Due.After(now) {
		add(issue.New(issue.Value, "peers.notice.due.past"), "due")
	}
	return issue.List(list)
}

// senders are the roles that may announce: each to the subtree of its unit.
var senders = []store.Role{store.Ministry, store.Department, store.CDC, store.StationDirector}

// maySend reports whether the actor may announce to the unit: a unit announces
// to what lies below it (network.md 11 leaves it open; this is the draft rule).
func (m *Module) maySend(a store.Actor, unit vn.UnitID) bool {
	return slices.Contains(senders, a.Role) && m.units.Within(unit, a.Oversees(m.units))
}

// Notice is a published announcement, or a [Call], as a reader sees it.
type Notice struct {
	ID        string
	Sender    string // name and facility
	Author    string // practitioner id
	Unit      vn.UnitID
	Roles     []store.Role
	Title     string
	Body      string
	At, Due   time.Time
	Addressed int       // people in the audience
	Mine      bool      // the reader is in the audience
	Acked     time.Time // when the reader acknowledged; zero = not yet
	Call      bool      // the reader is called: nobody sent it
	Told      Reminder  // of a call: what Title and Body are put together of, for each reader
	Path      string    // of a call: the page where it is to be done
}

// Progress is the exact state of a notice in one unit.
type Progress struct {
	Unit      vn.Unit
	Addressed int
	Acked     int
}

// Missing is somebody who has not acknowledged yet.
type Missing struct {
	Practitioner, Name, Place string
	Unit                      vn.UnitID
}

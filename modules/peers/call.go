// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mach/store"
	"mach/vn"
)

// Call is what the people of a level are called to because a clock ran out:
// stands in the inbox, and on the first screen until it is acknowledged, of each
// of them and of nobody else.
type Call struct {
	About    []string // keys of what ran out; the role is told of each once
	Unit     vn.UnitID
	Facility string // Organization id; "" = any of the unit
	Role     store.Role
	OnDuty   []string // Practitioner ids: of the role only those are called; everybody of it when none of them is
	// Say tells of those that are new. It names nobody.
	Say func(about []string) Reminder
}

// Reminder is what a call is made of. It is kept so, and put into words for each
// reader (pages_words.go).
type Reminder struct {
	What   string    // of the words escalation.<What>.…
	Many   int       // things in all
	Places []Place   // where they wait: the first of them when there are very many
	Path   string    `json:"-"` // of the page where it is to be done
	Due    time.Time `json:"-"` // when it has to be done
}

// Place is a unit where things wait, of a disease or syndrome when that is said.
type Place struct {
	Unit    vn.UnitID
	Disease string `json:",omitempty"` // id; "" = not said
	Many    int
}

// Call calls people, once for each thing and role. Where nobody has the role
// nothing is written, and the next try may find somebody.
func (m *Module) Call(ctx context.Context, c Call) error {
	a := store.SystemActor()
	about, err := m.uncalled(ctx, c)
	if err != nil || len(about) == 0 {
		return err
	}
	people, err := m.called(ctx, a, c)
	if err != nil || len(people) == 0 {
		return err
	}
	now := m.now()
	say := c.Say(about)
	told, err := json.Marshal(say)
	if err != nil {
		return fmt.Errorf("a call: %w", err)
	}
	id := uuid.Must(uuid.NewV7()).String()
	err = m.own.In(ctx, func(tx store.Tx) error {
		for _, x := range about {
			if err := tx.Exec(ctx, `insert into peers_called (what) values (?)`, c.key(x)); err != nil {
				return err
			}
		}
		for _, p := range people {
			if err := tx.Exec(ctx, `insert into peers_call (id, practitioner, title, body, told, path, at, due, acked) values (?, ?, '', '', ?, ?, ?, ?, 0)`,
				id, p, string(told), say.Path, now.UnixMicro(), say.Due.UnixMicro()); err != nil {
				return err
			}
		}
		return m.note(ctx, tx, a, store.ActCreate, c.Unit, id)
	})
	if err != nil {
		return fmt.Errorf("calling %s of unit %d: %w", c.Role, c.Unit, err)
	}
	m.wake(topicNew)
	return nil
}

// topicNew wakes first screens: something new may be there for the reader.
const topicNew = "peers:new"

func (c Call) key(about string) string { return about + " " + string(c.Role) }

// uncalled are the things that the role was not told of yet.
func (m *Module) uncalled(ctx context.Context, c Call) ([]string, error) {
	known := map[string]bool{}
	for some := range slices.Chunk(c.About, 200) {
		var args []any
		for _, x := range some {
			args = append(args, c.key(x))
		}
		err := m.own.Rows(ctx, `select what from peers_called where what in (?`+strings.Repeat(", ?", len(args)-1)+`)`, args, func(scan func(...any) error) error {
			var what string
			err := scan(&what)
			known[what] = true
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("calls of before: %w", err)
		}
	}
	return slices.DeleteFunc(slices.Clone(c.About), func(x string) bool { return known[c.key(x)] }), nil
}

// called are the practitioners to call.
func (m *Module) called(ctx context.Context, a store.Actor, c Call) ([]string, error) {
	all, err := m.workers(ctx, a, c.Unit, m.today())
	if err != nil {
		return nil, err
	}
	var of, duty []string
	for _, w := range all {
		if w.role != c.Role || c.Facility != "" && w.facility != c.Facility || slices.Contains(of, w.practitioner) {
			continue
		}
		of = append(of, w.practitioner)
		if slices.Contains(c.OnDuty, w.practitioner) {
			duty = append(duty, w.practitioner)
		}
	}
	if len(duty) > 0 {
		return duty, nil
	}
	return of, nil
}

// calls lists what the actor is called to.
func (m *Module) calls(ctx context.Context, a store.Actor, tail string, args ...any) ([]Notice, error) {
	if a.Practitioner == "" {
		return nil, nil
	}
	var out []Notice
	err := m.own.Rows(ctx, `select id, title, body, told, path, at, due, acked from peers_call where practitioner = ? `+tail, append([]any{a.Practitioner}, args...),
		func(scan func(...any) error) error {
			n := Notice{Mine: true, Call: true, Addressed: 1}
			var told string
			var at, due, acked int64
			if err := scan(&n.ID, &n.Title, &n.Body, &told, &n.Path, &at, &due, &acked); err != nil {
				return err
			}
			if told != "" {
				if err := json.Unmarshal([]byte(told), &n.Told); err != nil {
					return err
				}
			}
			n.At, n.Due = time.UnixMicro(at), time.UnixMicro(due)
			if acked != 0 {
				n.Acked = time.UnixMicro(acked)
			}
			out = append(out, n)
			return nil
		})
	if err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	return out, nil
}

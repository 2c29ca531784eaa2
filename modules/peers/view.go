// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

// worker is one health worker in one post.
type worker struct {
	practitioner, name, sort string
	role                     store.Role
	facility, place          string
	unit                     vn.UnitID
}

// Labels: a health worker's post is about nobody's health.
func (w worker) Labels() store.Labels {
	return store.Labels{Type: "PractitionerRole", Unit: w.unit}
}

// workers lists posts that stand on the day in the unit's subtree, in order of
// place and name.
func (m *Module) workers(ctx context.Context, a store.Actor, unit vn.UnitID, on vn.Date) ([]worker, error) {
	where, arg := "", []any{int64(on), int64(on)}
	if u, ok := m.units.Get(unit); ok && u.Level == vn.LevelProvince {
		where, arg = "and l.province = ?", append(arg, int64(unit))
	} else if unit != vn.Nation {
		where, arg = "and l.unit = ?", append(arg, int64(unit))
	}
	rows, err := store.List(ctx, m.store.For(a), unit, scanWorker, `
		select p.practitioner, w.name, w.name_sort, p.role, p.facility, l.name, l.unit
		  from peers_post p
		  join peers_person w on w.practitioner = p.practitioner
		  join peers_place l on l.facility = p.facility
		 where p.since <= ? and p.until >= ? `+where+`
		 order by l.unit, l.name, w.name_sort, p.practitioner`, arg...)
	if err != nil {
		return nil, fmt.Errorf("health workers of unit %d: %w", unit, err)
	}
	return rows, nil
}

func scanWorker(scan store.Scan) (worker, error) {
	var w worker
	var role string
	var unit int64
	err := scan(&w.practitioner, &w.name, &w.sort, &role, &w.facility, &w.place, &unit)
	w.role, w.unit = store.Role(role), vn.UnitID(unit)
	return w, err
}

// audience lists the health workers a draft speaks to, each once, in the post
// that stands first in order of place.
func (m *Module) audience(ctx context.Context, a store.Actor, d Draft, on vn.Date) ([]worker, error) {
	all, err := m.workers(ctx, a, d.Unit, on)
	if err != nil {
		return nil, err
	}
	seen := map[string]bool{}
	var out []worker
	for _, w := range all {
		if seen[w.practitioner] || len(d.Roles) > 0 && !slices.Contains(d.Roles, w.role) {
			continue
		}
		seen[w.practitioner] = true
		out = append(out, w)
	}
	return out, nil
}

const noticeColumns = `id, author, sender, unit, roles, title, body, at, due, audience, addressed`

// load reads a notice for a reader and the frozen audience. Whoever is neither
// addressed nor entitled to its figures gets NotFound.
func (m *Module) load(ctx context.Context, a store.Actor, id string) (Notice, bitmap, error) {
	if calls, err := m.calls(ctx, a, "and id = ?", id); err != nil || len(calls) > 0 {
		return append(calls, Notice{})[0], nil, err
	}
	var list []Notice
	var sets []bitmap
	err := m.notices(ctx, a, `where id = ?`, []any{id}, func(n Notice, set bitmap) {
		list, sets = append(list, n), append(sets, set)
	})
	if err != nil {
		return Notice{}, nil, err
	}
	if len(list) == 0 || !list[0].Mine && !m.Oversees(a, list[0]) {
		return Notice{}, nil, issue.New(issue.NotFound, "peers.notice.unknown")
	}
	return list[0], sets[0], nil
}

// Read returns one notice; NotFound when the actor has nothing to do with it.
func (m *Module) Read(ctx context.Context, a store.Actor, id string) (Notice, error) {
	n, _, err := m.load(ctx, a, id)
	return n, err
}

// Inbox lists the latest notices that address the actor or that the actor sent
// or oversees, and what the actor is called to, at most limit: those still to be acknowledged first, then newest
// first. However many concern others, it reads on until it has them.
func (m *Module) Inbox(ctx context.Context, a store.Actor, limit int) ([]Notice, error) {
	out, err := m.calls(ctx, a, "order by acked, at desc, id limit ?", limit)
	if err != nil {
		return nil, err
	}
	called := len(out)
	for last, read := (Notice{}), batch; read == batch && len(out)-called < limit; {
		tail, args := `order by at desc, id desc limit ?`, []any{batch}
		if last.ID != "" {
			tail, args = `where (at, id) < (?, ?) `+tail, []any{last.At.UnixMicro(), last.ID, batch}
		}
		read = 0
		err = m.notices(ctx, a, tail, args, func(n Notice, _ bitmap) {
			last, read = n, read+1
			if n.Mine || m.Oversees(a, n) {
				out = append(out, n)
			}
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(x, y Notice) int { return cmp.Or(cmp.Compare(rank(x), rank(y)), y.At.Compare(x.At)) })
	return out[:min(limit, len(out))], nil
}

// batch is how many notices the inbox looks at together.
const batch = 200

func rank(n Notice) int {
	if n.Mine && n.Acked.IsZero() {
		return 0
	}
	return 1
}

func (m *Module) notices(ctx context.Context, a store.Actor, tail string, args []any, visit func(Notice, bitmap)) error {
	me := -1
	if a.Practitioner != "" {
		var n int64
		if ok, err := m.own.Row(ctx, []any{&n}, `select number from peers_member where practitioner = ?`, a.Practitioner); err != nil {
			return fmt.Errorf("member number: %w", err)
		} else if ok {
			me = int(n)
		}
	}
	acked, err := m.ackedBy(ctx, a.Practitioner)
	if err != nil {
		return err
	}
	err = m.own.Rows(ctx, "select "+noticeColumns+" from peers_notice "+tail, args, func(scan func(...any) error) error {
		var n Notice
		var unit, at, due, addressed int64
		var roles string
		var set []byte
		if err := scan(&n.ID, &n.Author, &n.Sender, &unit, &roles, &n.Title, &n.Body, &at, &due, &set, &addressed); err != nil {
			return err
		}
		n.Unit, n.Roles, n.Addressed = vn.UnitID(unit), rolesOf(roles), int(addressed)
		n.At, n.Due = time.UnixMicro(at), time.UnixMicro(due)
		n.Mine, n.Acked = bitmap(set).has(me), acked[n.ID]
		visit(n, set)
		return nil
	})
	if err != nil {
		return fmt.Errorf("notices: %w", err)
	}
	return nil
}

func (m *Module) ackedBy(ctx context.Context, practitioner string) (map[string]time.Time, error) {
	out := map[string]time.Time{}
	if practitioner == "" {
		return out, nil
	}
	err := m.own.Rows(ctx, `select notice, at from peers_ack where practitioner = ?`, []any{practitioner}, func(scan func(...any) error) error {
		var id string
		var at int64
		if err := scan(&id, &at); err != nil {
			return err
		}
		out[id] = time.UnixMicro(at)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("acknowledgements: %w", err)
	}
	return out, nil
}

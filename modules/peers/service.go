// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/google/uuid"

	"mach/issue"
	"mach/store"
	"mach/vn"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Module is the professional network. It is safe for concurrent use.
type Module struct {
	store *store.Store
	own   *store.Primary
	units *vn.Units
	now   func() time.Time
	wake  func(topic string)
}

// New prepares the module and its primary tables. wake is told the topic
// "peers" whenever a notice or an acknowledgement was written, and "peers:new"
// when a notice or a call was; nil = nobody.
func New(ctx context.Context, s *store.Store, units *vn.Units, now func() time.Time, wake func(topic string)) (*Module, error) {
	sub, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	own, err := s.Primary(ctx, "peers", sub)
	if err != nil {
		return nil, fmt.Errorf("tables of the professional network: %w", err)
	}
	if wake == nil {
		wake = func(string) {}
	}
	return &Module{store: s, own: own, units: units, now: now, wake: wake}, nil
}

// Publish freezes the audience and writes the notice: one row, whatever the
// size of the audience. It returns the notice's id. The same key of the same
// account publishes once; "" publishes anew.
// Errors: Forbidden when the actor may not announce to the unit; Required,
// TooLong, Value with the field; BusinessRule ("peers.notice.nobody") when no
// health worker matches.
func (m *Module) Publish(ctx context.Context, a store.Actor, key string, d Draft) (string, error) {
	if !m.maySend(a, d.Unit) {
		return "", m.refuse(ctx, a, store.ActCreate, d.Unit)
	}
	now := m.now()
	if err := d.check(now); err != nil {
		return "", err
	}
	people, err := m.audience(ctx, a, d, vn.DateOf(now))
	if err != nil {
		return "", err
	}
	if len(people) == 0 {
		return "", issue.New(issue.BusinessRule, "peers.notice.nobody").At("roles")
	}
	id := noticeID(a, key)
	fresh := false
	err = m.own.In(ctx, func(tx store.Tx) error {
		if err := tx.Exec(ctx, `update peers_turn set taken = taken + 1`); err != nil {
			return err
		}
		var one int64
		known, err := tx.Row(ctx, []any{&one}, `select 1 from peers_notice where id = ?`, id)
		if fresh = !known; err != nil || known {
			return err
		}
		var set bitmap
		units := map[int]vn.UnitID{}
		for _, p := range people {
			n, err := number(ctx, tx, p.practitioner)
			if err != nil {
				return err
			}
			set = set.with(n)
			units[n] = p.unit
		}
		if err := m.note(ctx, tx, a, store.ActCreate, d.Unit, id); err != nil {
			return err
		}
		return tx.Exec(ctx, `
			insert into peers_notice (id, author, sender, unit, roles, title, body, at, due, audience, places, addressed)
			values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
			id, a.Practitioner, sender(a), int64(d.Unit), roleWords(d.Roles), strings.TrimSpace(d.Title),
			strings.TrimSpace(d.Body), now.UnixMicro(), d.Due.UnixMicro(), []byte(set), placesOf(set, units), set.size())
	})
	if err != nil {
		return "", fmt.Errorf("publishing a notice: %w", err)
	}
	if !fresh {
		return id, nil
	}
	m.wake("peers")
	m.wake(topicNew)
	return id, nil
}

// noticeID is the same for the same form of an account.
func noticeID(a store.Actor, key string) string {
	if key == "" {
		return uuid.Must(uuid.NewV7()).String()
	}
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte("notice\n"+a.Account+"\n"+key)).String()
}

// Acknowledge records that the actor has read and understood the notice. To do
// it again changes nothing. It returns NotFound when the actor is not
// addressed.
func (m *Module) Acknowledge(ctx context.Context, a store.Actor, id string) error {
	n, _, err := m.load(ctx, a, id)
	if err != nil {
		return err
	}
	if !n.Mine {
		return issue.New(issue.NotFound, "peers.notice.unknown")
	}
	err = m.own.In(ctx, func(tx store.Tx) error {
		if err := m.note(ctx, tx, a, store.ActUpdate, n.Unit, id); err != nil {
			return err
		}
		if n.Call {
			return tx.Exec(ctx, `update peers_call set acked = ? where practitioner = ? and id = ? and acked = 0`, m.now().UnixMicro(), a.Practitioner, id)
		}
		return tx.Exec(ctx, `insert into peers_ack (notice, practitioner, at) values (?, ?, ?) on conflict do nothing`,
			id, a.Practitioner, m.now().UnixMicro())
	})
	if err != nil {
		return fmt.Errorf("acknowledging a notice: %w", err)
	}
	m.wake("peers")
	return nil
}

// number returns the member number of a practitioner, giving a new one to
// whoever has none. The transaction has the turn (peers_turn).
func number(ctx context.Context, tx store.Tx, practitioner string) (int, error) {
	var n int64
	ok, err := tx.Row(ctx, []any{&n}, `select number from peers_member where practitioner = ?`, practitioner)
	if err != nil || ok {
		return int(n), err
	}
	if _, err := tx.Row(ctx, []any{&n}, `select coalesce(max(number) + 1, 0) from peers_member`); err != nil {
		return 0, err
	}
	return int(n), tx.Exec(ctx, `insert into peers_member (number, practitioner) values (?, ?)`, n, practitioner)
}

// note writes the audit line of something done to a notice, in its transaction.
func (m *Module) note(ctx context.Context, tx store.Tx, a store.Actor, act store.Action, unit vn.UnitID, id string) error {
	l := store.Labels{Type: "Notice", ID: id, Unit: unit, Facility: a.Facility}
	return m.own.Note(ctx, tx, a, act, l, store.Decision{Allow: true, Reason: "peers.audience"})
}

// refuse audits a refusal and returns it.
func (m *Module) refuse(ctx context.Context, a store.Actor, act store.Action, unit vn.UnitID) error {
	l := store.Labels{Type: "Notice", Unit: unit, Facility: a.Facility}
	if err := m.store.Note(ctx, a, act, l, store.Decision{Reason: "peers.sender"}); err != nil {
		return err
	}
	return issue.New(issue.Forbidden, "peers.notice.forbidden")
}

func sender(a store.Actor) string {
	if a.FacilityName == "" {
		return a.Name
	}
	return a.Name + " · " + a.FacilityName
}

func roleWords(roles []store.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = string(r)
	}
	return strings.Join(words, " ")
}

func rolesOf(words string) []store.Role {
	var roles []store.Role
	for _, w := range strings.Fields(words) {
		roles = append(roles, store.Role(w))
	}
	return roles
}

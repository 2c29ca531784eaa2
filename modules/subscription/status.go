// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// maxStatus bounds one answer of $status on the type.
const maxStatus = 1000

// Status is the answer of $status: how the Subscriptions with the ids stand
// that the actor may read; no ids = all of them. Backlog, failures and the last
// fault stand beside what the backport defines.
func (m *Module) Status(ctx context.Context, d store.Door, ids, statuses []string) (*fhir.Doc, error) {
	docs, err := m.readable(ctx, d, ids)
	if err != nil {
		return nil, err
	}
	entries := []any{}
	for _, doc := range docs {
		n, err := m.standing(ctx, doc, "query-status")
		if err != nil {
			return nil, err
		}
		if len(statuses) > 0 && !slices.Contains(statuses, n.status) {
			continue
		}
		entries = append(entries, object{"fullUrl": "urn:uuid:" + store.NewID(), "resource": n.parameters(contentID), "search": object{"mode": "match"}})
	}
	b := object{"resourceType": "Bundle", "type": "searchset", "total": len(entries)}
	if len(entries) > 0 {
		b["entry"] = entries
	}
	return fhir.ParseString(text(b))
}

// readable reads Subscriptions through the door.
func (m *Module) readable(ctx context.Context, d store.Door, ids []string) ([]*fhir.Doc, error) {
	if len(ids) == 1 {
		doc, err := d.Read(ctx, typeSubscription, ids[0])
		if err != nil {
			return nil, err
		}
		return []*fhir.Doc{doc}, nil
	}
	q := store.Query{Type: typeSubscription, Count: maxStatus}
	if len(ids) > 0 {
		q.Params = [][2]string{{"_id", strings.Join(ids, ",")}}
	}
	page, err := d.Search(ctx, q)
	return page.Docs, err
}

// standing is a notice about how a Subscription stands.
func (m *Module) standing(ctx context.Context, doc *fhir.Doc, kind string) (*notice, error) {
	s, err := m.read(doc)
	if err != nil {
		s = &spec{}
	}
	n := &notice{watch: &watch{id: doc.ID(), spec: s}, kind: kind, status: doc.Get("status").String(), base: m.base(), at: m.now()}
	var failures, waiting int64
	var note string
	if _, err := m.own.Row(ctx, []any{&n.total, &failures, &note}, `select events, failures, note from subscription_state where id = ?`, doc.ID()); err != nil {
		return nil, err
	}
	if _, err := m.own.Row(ctx, []any{&waiting}, `select count(*) from subscription_event where subscription = ? and done = 0`, doc.ID()); err != nil {
		return nil, err
	}
	n.more = []any{
		object{"name": "events-waiting", "valueInteger": waiting},
		object{"name": "failed-attempts", "valueInteger": failures},
	}
	if note != "" {
		n.more = append(n.more, object{"name": "error", "valueCodeableConcept": object{"text": note}})
	}
	return n, nil
}

// Events is the answer of $events: numbered events of one Subscription from one
// number to another (0 = from the first that is kept, to the last), at most a
// hundred, as far as the actor may read them now.
func (m *Module) Events(ctx context.Context, d store.Door, id, since, until, content string) (*fhir.Doc, error) {
	from, err := number(since, "eventsSinceNumber")
	if err != nil {
		return nil, err
	}
	to, err := number(until, "eventsUntilNumber")
	if err != nil {
		return nil, err
	}
	if to == 0 {
		to = 1<<62 - 1
	}
	doc, err := d.Read(ctx, typeSubscription, id)
	if err != nil {
		return nil, err
	}
	n, err := m.standing(ctx, doc, "query-event")
	if err != nil {
		return nil, err
	}
	n.more = nil
	list, err := m.eventsOf(ctx, `subscription = ? and number >= ? and number <= ? order by number limit ?`, id, max(from, 1), to, maxEvents)
	if err != nil {
		return nil, err
	}
	versions := make([]store.Version, len(list))
	for i, e := range list {
		versions[i] = e.Version
	}
	told, err := d.Tell(ctx, versions)
	if err != nil {
		return nil, err
	}
	for i, e := range list {
		if e.Told = told[i]; e.Allow {
			n.events = append(n.events, e)
		}
	}
	// What is asked for may be less than the subscription sends, never more.
	most := n.watch.spec.content
	if content == contentEmpty || content == contentID && most == contentFull {
		most = content
	}
	return fhir.ParseString(n.bundle(most))
}

func number(text, name string) (int64, error) {
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, issue.New(issue.Value, "subscription.number").At(name)
	}
	return n, nil
}

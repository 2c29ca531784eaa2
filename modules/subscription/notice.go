// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"mach/store"
)

// event is one line of the outbox.
type event struct {
	store.Version
	store.Told
	seq, number int64
	at          time.Time
}

// notice is one notification of the backport: what kind it is and what it
// tells.
type notice struct {
	watch  *watch
	kind   string // handshake, heartbeat, event-notification, query-status, query-event
	status string // of the subscription when it was made
	base   string // of the FHIR service
	at     time.Time
	total  int64 // events since the subscription began
	events []event
	more   []any // further parameters of the status
}

const profileNotice, profileStatus = backport + "backport-subscription-notification-r4", backport + "backport-subscription-status-r4"

type object = map[string]any

// bundle is the notification: the status first, then what it speaks of.
func (n *notice) bundle(content string) string {
	w := n.watch
	entries := []any{object{
		"fullUrl": "urn:uuid:" + uuid.NewString(), "resource": n.parameters(content),
		"request":  object{"method": "GET", "url": "Subscription/" + w.id + "/$status"},
		"response": object{"status": "200"},
	}}
	if content != contentEmpty {
		for _, e := range n.events {
			entries = append(entries, n.entry(e, content))
		}
	}
	return text(object{
		"resourceType": "Bundle", "meta": object{"profile": []string{profileNotice}}, "type": "history",
		"timestamp": instant(n.at), "entry": entries,
	})
}

func (n *notice) entry(e event, content string) object {
	method, url, status := "PUT", e.Type+"/"+e.ID, "200"
	switch e.Op {
	case "create":
		method, url, status = "POST", e.Type, "201"
	case "delete":
		method, status = "DELETE", "204"
	}
	out := object{
		"fullUrl":  n.base + "/" + e.Type + "/" + e.ID,
		"request":  object{"method": method, "url": url},
		"response": object{"status": status, "etag": `W/"` + strconv.FormatInt(e.Version.Version, 10) + `"`, "lastModified": instant(e.at)},
	}
	if content == contentFull && e.Doc != nil {
		out["resource"] = json.RawMessage(e.Doc.Text())
	}
	return out
}

// parameters are the SubscriptionStatus, which R4 lacks. An empty notification
// names neither the topic nor what changed.
func (n *notice) parameters(content string) object {
	w := n.watch
	status := n.status
	if status == failing && n.kind == "event-notification" {
		status = active // whoever reads this has been reached
	}
	list := []any{
		object{"name": "subscription", "valueReference": object{"reference": n.base + "/Subscription/" + w.id}},
	}
	if w.spec.topic != "" && content != contentEmpty {
		list = append(list, object{"name": "topic", "valueCanonical": w.spec.topic})
	}
	list = append(list,
		object{"name": "status", "valueCode": status},
		object{"name": "type", "valueCode": n.kind},
		object{"name": "events-since-subscription-start", "valueString": strconv.FormatInt(n.total, 10)},
	)
	for _, e := range n.events {
		parts := []any{
			object{"name": "event-number", "valueString": strconv.FormatInt(e.number, 10)},
			object{"name": "timestamp", "valueInstant": instant(e.at)},
		}
		if content != contentEmpty {
			parts = append(parts, object{"name": "focus", "valueReference": object{"reference": n.base + "/" + e.Type + "/" + e.ID}})
		}
		list = append(list, object{"name": "notification-event", "part": parts})
	}
	return object{"resourceType": "Parameters", "id": uuid.NewString(), "meta": object{"profile": []string{profileStatus}}, "parameter": append(list, n.more...)}
}

// text writes JSON; & and < stay as they are.
func text(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("a notification that is no JSON: " + err.Error()) // impossible: it is made of texts and documents
	}
	return string(b)
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

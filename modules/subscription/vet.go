// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// mandate is what a version of a Subscription holds back.
type mandate struct {
	actor   store.Actor
	headers []string // as written by the subscriber
}

// Bounds on headers.
const (
	maxHeaders = 20
	maxHeader  = 4 << 10 // bytes of one
	maskMark   = "***"   // stands for what is not shown

	maxMandates = 500 // of one account: Subscriptions, and writes of the last hour that came to nothing
)

// vet is the store's [store.Vet] of Subscriptions: it refuses what could not
// be served, takes secrets and rights off and says when it is in force.
func (m *Module) vet(ctx context.Context, a store.Actor, doc *fhir.Doc) (*fhir.Doc, error) {
	if len(fhir.Validate(doc)) > 0 {
		return strip(doc) // the store refuses it, with all that is wrong
	}
	if a.Account == store.SystemActor().Account {
		return m.vetOwn(ctx, doc)
	}
	s, err := m.read(doc)
	if err != nil {
		return nil, err
	}
	for _, typ := range s.types() {
		if !m.store.Reaches(a, store.ActRead, typ) {
			return nil, issue.New(issue.Forbidden, "subscription.type.forbidden", typ).At("Subscription.criteria")
		}
	}
	if err := m.reachable(s.endpoint); err != nil {
		return nil, err
	}
	given, err := headersOf(doc)
	if err != nil {
		return nil, err
	}
	if given, err = m.unmasked(ctx, a, doc, given); err != nil {
		return nil, err
	}
	a.Request = ""
	key, err := m.keep(ctx, mandate{actor: a, headers: given})
	if err != nil {
		return nil, err
	}
	status := requested
	switch {
	case s.status == off:
		status = off
	case s.topic == "":
		status = active // R4 knows no handshake
	}
	return written(doc, key, status, given)
}

// vetOwn lets the status that the module itself writes pass; what an import
// brings has no author here and is switched off.
func (m *Module) vetOwn(ctx context.Context, doc *fhir.Doc) (*fhir.Doc, error) {
	key := doc.Root().Extension(extMandate).Get("valueString").String()
	var id string
	ok, err := m.own.Row(ctx, []any{&id}, `select id from subscription_state where mandate = ? and id = ?`, key, doc.ID())
	if err != nil || ok {
		return doc, err
	}
	given, err := headersOf(doc)
	if err != nil {
		return nil, err
	}
	return written(doc, "", off, given)
}

// written is the document as it is committed.
func written(doc *fhir.Doc, key, status string, headers []string) (*fhir.Doc, error) {
	doc, err := strip(doc)
	if err != nil {
		return nil, err
	}
	if key != "" {
		if doc, err = doc.Set(fmt.Sprintf("extension[%d]", doc.Get("extension").Len()), map[string]string{"url": extMandate, "valueString": key}); err != nil {
			return nil, err
		}
	}
	if doc, err = doc.Set("status", status); err != nil {
		return nil, err
	}
	if doc, err = doc.Set("error", nil); err != nil {
		return nil, err
	}
	for i, h := range headers {
		name, _, _ := strings.Cut(h, ":")
		if doc, err = doc.Set(fmt.Sprintf("channel.header[%d]", i), name+": "+maskMark); err != nil {
			return nil, err
		}
	}
	return doc, nil
}

// strip takes off what only the module may say: the key of a mandate.
func strip(doc *fhir.Doc) (*fhir.Doc, error) {
	var kept []json.RawMessage
	found := false
	for e := range doc.Each("extension") {
		if e.Get("url").String() == extMandate {
			found = true
			continue
		}
		kept = append(kept, json.RawMessage(e.Raw()))
	}
	if !found {
		return doc, nil
	}
	if len(kept) == 0 {
		return doc.Set("extension", nil)
	}
	return doc.Set("extension", kept)
}

// keep stores a mandate under a new key. Error: TooCostly (too many of one
// account).
func (m *Module) keep(ctx context.Context, one mandate) (string, error) {
	actor, err := json.Marshal(one.actor)
	if err != nil {
		return "", err
	}
	headers, err := json.Marshal(one.headers)
	if err != nil {
		return "", err
	}
	key, kept := rand.Text(), 0
	err = m.own.In(ctx, func(tx store.Tx) error {
		if _, err := tx.Row(ctx, []any{&kept}, `select count(*) from subscription_mandate where account = ?`, one.actor.Account); err != nil || kept >= maxMandates {
			return err
		}
		return tx.Exec(ctx, `insert into subscription_mandate (mandate, made, account, actor, headers) values (?, ?, ?, ?, ?)`,
			key, m.now().UnixMicro(), one.actor.Account, string(actor), string(headers))
	})
	if err == nil && kept >= maxMandates {
		err = issue.New(issue.TooCostly, "subscription.many", maxMandates).At(typeSubscription)
	}
	return key, err
}

// mandateOf loads what was kept; nil when there is none.
func (m *Module) mandateOf(ctx context.Context, key string) (*mandate, error) {
	var actor, headers string
	ok, err := m.own.Row(ctx, []any{&actor, &headers}, `select actor, headers from subscription_mandate where mandate = ?`, key)
	if err != nil || !ok {
		return nil, err
	}
	one := new(mandate)
	if err := json.Unmarshal([]byte(actor), &one.actor); err != nil {
		return nil, fmt.Errorf("reading a mandate: %w", err)
	}
	if err := json.Unmarshal([]byte(headers), &one.headers); err != nil {
		return nil, fmt.Errorf("reading a mandate: %w", err)
	}
	return one, nil
}

// Headers that are the connection's, not the subscriber's.
var ownHeaders = strings.Fields("host connection content-length content-type transfer-encoding upgrade te trailer keep-alive proxy-connection expect accept-encoding")

// headersOf reads "Name: value" lines.
func headersOf(doc *fhir.Doc) ([]string, error) {
	var out []string
	for h := range doc.Get("channel").Each("header") {
		name, value, ok := strings.Cut(h.String(), ":")
		value = strings.TrimSpace(value)
		bad := !ok || name == "" || len(h.String()) > maxHeader || slices.Contains(ownHeaders, strings.ToLower(name)) ||
			strings.ContainsFunc(name, func(r rune) bool {
				return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
			}) || strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' })
		if bad || len(out) == maxHeaders {
			return nil, issue.New(issue.Value, "subscription.header", maxHeaders).At("Subscription.channel.header")
		}
		out = append(out, name+": "+value)
	}
	return out, nil
}

// unmasked puts the secrets back that a reader sent as they were shown to him.
// They go only where they went before, on the word of the same account.
func (m *Module) unmasked(ctx context.Context, a store.Actor, doc *fhir.Doc, headers []string) ([]string, error) {
	if !slices.ContainsFunc(headers, func(h string) bool { return strings.HasSuffix(h, ": "+maskMark) }) {
		return headers, nil
	}
	unknown := issue.New(issue.Value, "subscription.header.masked").At("Subscription.channel.header")
	var key, text string
	ok, err := m.own.Row(ctx, []any{&key, &text}, `select mandate, doc from subscription_state where id = ?`, doc.ID())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, unknown
	}
	before, err := m.mandateOf(ctx, key)
	if err != nil {
		return nil, err
	}
	old, err := fhir.ParseString(text)
	if err != nil {
		return nil, err
	}
	if before == nil || before.actor.Account != a.Account || old.Get("channel", "endpoint").String() != doc.Get("channel", "endpoint").String() {
		return nil, unknown
	}
	out := slices.Clone(headers)
	for i, h := range out {
		name, masked := strings.CutSuffix(h, ": "+maskMark)
		if !masked {
			continue
		}
		at := slices.IndexFunc(before.headers, func(b string) bool { return strings.HasPrefix(b, name+": ") })
		if at < 0 {
			return nil, unknown
		}
		out[i] = before.headers[at]
	}
	return out, nil
}

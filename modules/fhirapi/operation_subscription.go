// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"context"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// Subscriptions answers for the module that serves them.
type Subscriptions interface {
	Status(ctx context.Context, d store.Door, ids, statuses []string) (*fhir.Doc, error)
	Events(ctx context.Context, d store.Door, id, since, until, content string) (*fhir.Doc, error)
}

// backport is where the operations of FHIR Subscriptions R5 Backport are
// defined.
const backport = "http://hl7.org/fhir/uv/subscriptions-backport/OperationDefinition/"

// Subscribe gives the module those who answer $status and $events; without
// them both are refused.
func (m *Module) Subscribe(s Subscriptions) { m.subscriptions = s }

var errNoSubscriptions = issue.New(issue.NotSupported, "fhirapi.subscriptions.none")

func (m *Module) subscriptionStatus(c *call) (*fhir.Doc, error) {
	if m.subscriptions == nil {
		return nil, errNoSubscriptions
	}
	ids := c.params.all("id")
	if c.id != "" {
		ids = []string{c.id}
	}
	return m.subscriptions.Status(c.http.Context(), c.door, ids, c.params.all("status"))
}

func (m *Module) subscriptionEvents(c *call) (*fhir.Doc, error) {
	if m.subscriptions == nil {
		return nil, errNoSubscriptions
	}
	return m.subscriptions.Events(c.http.Context(), c.door, c.id, c.params.text("eventsSinceNumber"), c.params.text("eventsUntilNumber"), c.params.text("content"))
}

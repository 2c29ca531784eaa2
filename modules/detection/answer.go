// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Reply is an answer that somebody gave.
type Reply struct {
	ID, Alert string
	Kind      Kind
	Words     string
	Author    string // name
	Facility  string // Organization id
	At        time.Time
	unit      vn.UnitID
}

// Labels lets the guard judge the reply.
func (r Reply) Labels() store.Labels {
	return store.Labels{Type: "Communication", ID: r.ID, Facility: r.Facility, Unit: r.unit, Category: categoryAnswer}
}

// mostWords is how long the reason of an answer may be.
const mostWords = 1000

// Answer records what came of an alert: explained, a duplicate or a data error,
// with the reason. That it is real is said by a signal (module events), which
// names the alert. A later answer stands beside an earlier one. The same key of
// the same account answers once.
// Errors: NotFound, also for who may not see the alert; Value for another
// kind; Required and TooLong with the field; Forbidden for who may only read.
func (m *Module) Answer(ctx context.Context, a store.Actor, key string, kind Kind, words, once string) error {
	alert, err := m.Alert(ctx, a, key)
	if err != nil {
		return err
	}
	words = strings.TrimSpace(words)
	switch {
	case !slices.Contains(kinds[:], kind):
		return issue.New(issue.Value, "detection.answer.kind").At("answer")
	case words == "":
		return issue.New(issue.Required, "web.field.required").At("words")
	case len([]rune(words)) > mostWords:
		return issue.New(issue.TooLong, "web.field.too_long", mostWords, len([]rune(words))).At("words")
	}
	d, _ := m.diseases.ByID(alert.Disease)
	unit, _ := m.units.Get(alert.Unit)
	doc, err := fhir.New(fhir.Communication{
		ID: newID(), Status: "completed", Extension: placed(unit),
		Identifier: []fhir.Identifier{{System: SystemAlert, Value: alert.Key}},
		Category:   []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, categoryAnswer, ""), fhir.Code(csAnswer, string(kind), "")},
		Topic:      fhir.CodeableConcept{Coding: []fhir.Coding{{System: systemDisease, Code: d.ID, Display: d.Name.Vi}}, Text: d.Name.Vi},
		Sent:       fhir.Instant(m.now()), Sender: fhir.Ref("Organization", a.Facility), Payload: []fhir.Payload{{ContentString: words}},
		Note: []fhir.Annotation{{AuthorReference: fhir.Ref("Practitioner", a.Practitioner), Time: fhir.Instant(m.now()), Text: a.Name}},
	})
	if err != nil {
		return err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, once, store.Create(doc))
	if err != nil {
		return fmt.Errorf("answer to an alert: %w", err)
	}
	return m.store.Await(ctx, receipt, "detection")
}

// placed is the extension that names a unit; none for the nation, which has no
// code: then the facility of who writes says it.
func placed(u vn.Unit) []fhir.Extension {
	if u.ID == vn.Nation {
		return nil
	}
	return []fhir.Extension{fhir.Unit(u.Code, u.From.String(), u.Full())}
}

func newID() string { return uuid.Must(uuid.NewV7()).String() }

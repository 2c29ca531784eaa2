// SPDX-License-Identifier: Apache-2.0

package access

import (
	"slices"
	"time"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"mach/store"
)

// situation is everything about a question that a policy may know, see
// Situation in mach.cedarschema. Equal situations get equal answers.
type situation struct {
	role     store.Role
	act      store.Action
	typ      string
	purpose  store.Purpose
	category string
	labels   uint8
	related  uint16
	draft    bool
	personal bool
	own      bool
	here     bool
	within   bool
	author   bool
}

// typeFigures stands for counts, which are of no resource type.
const typeFigures = "Figures"

func typeName(act store.Action, typ string) string {
	if act == store.ActFigures {
		return typeFigures
	}
	return typ
}

// sensitivities are the labels, in bit order. A label that is none of them
// sets the last bit, which no role may open.
var sensitivities = [...]string{"hiv", "sti", "mental", "reproductive", "closed-visit", "unknown"}

func labelBits(labels []string) (bits uint8) {
	for _, l := range labels {
		i := slices.Index(sensitivities[:], l)
		if i < 0 {
			i = len(sensitivities) - 1
		}
		bits |= 1 << i
	}
	return bits
}

// The kinds of relation: residence, arrival (a visit before it is signed), visit, consultation, expert and case come
// and handover (a case was handed to the facility) from resources (store), the others from this package. A consultation stands
// with the hospital asked, expert with the one it named. KindSummary is an emergency that has
// opened only the summary so far; KindReview lets the named reviewer of an
// emergency read who opened what.
const (
	KindResidence    = "residence"
	KindArrival      = "arrival"
	KindVisit        = "visit"
	KindConsent      = "consent"
	KindConsultation = "consultation"
	KindExpert       = "expert"
	KindCase         = "case"
	KindGuardian     = "guardian"
	KindEmergency    = "emergency"
	KindSummary      = "emergency-summary"
	KindReview       = "review"
	KindHandover     = "handover"
)

var relationKinds = [...]string{KindResidence, KindVisit, KindConsent, KindConsultation, KindCase, KindGuardian, KindEmergency, KindSummary, KindReview, KindExpert, KindArrival, KindHandover}

// Bits of relations that stand with an account or a health worker, and those
// that stand with a facility.
const (
	accountBits  = 1<<5 | 1<<6 | 1<<7 | 1<<8 | 1<<9
	facilityBits = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<10 | 1<<11
	caseBit      = 1 << 4
)

// relationBits says which kinds of relation hold now between the person and
// the actor. It checks person, facility, account and dates again, whatever the
// caller selected. A case belongs to a place, not to a facility.
func relationBits(a store.Actor, patient string, rels []store.Relation, now time.Time) (bits uint16) {
	for _, r := range rels {
		i := slices.Index(relationKinds[:], r.Kind)
		if i < 0 || patient == "" || r.Patient != patient {
			continue
		}
		if now.Before(r.From) || !r.To.IsZero() && !now.Before(r.To) {
			continue
		}
		bit := uint16(1) << i
		switch {
		case bit&accountBits != 0 && r.Account != "" && (r.Account == a.Account || r.Account == a.Worker()):
		case bit&facilityBits != 0 && r.Facility != "" && r.Facility == a.Facility:
		case bit == caseBit:
		default:
			continue
		}
		bits |= bit
	}
	return bits
}

// categories are those that policies name; any other is like none.
var categories = [...]string{"", "case-report", "consultation", "epidemic", "event", "event-step", "event-decision", "response", "contact", "contact-village", "alert-answer", "alert-settings", "forecast",
	"case-draft", "case-handover", "case-message", "case-message-answer"}

func knownCategory(c string) string {
	if slices.Contains(categories[:], c) {
		return c
	}
	return ""
}

func (s situation) request() cedar.Request {
	return cedar.Request{
		Principal: types.NewEntityUID("Role", types.String(s.role)),
		Action:    types.NewEntityUID("Action", types.String(s.act)),
		Resource:  types.NewEntityUID("Type", types.String(s.typ)),
		Context: types.NewRecord(types.RecordMap{
			"purpose":   types.String(s.purpose),
			"category":  types.String(s.category),
			"labels":    bitSet(uint16(s.labels), sensitivities[:]),
			"draft":     types.Boolean(s.draft),
			"personal":  types.Boolean(s.personal),
			"own":       types.Boolean(s.own),
			"here":      types.Boolean(s.here),
			"within":    types.Boolean(s.within),
			"author":    types.Boolean(s.author),
			"relations": bitSet(s.related, relationKinds[:]),
		}),
	}
}

func bitSet(bits uint16, names []string) types.Set {
	var out []types.Value
	for i, n := range names {
		if bits&(1<<i) != 0 {
			out = append(out, types.String(n))
		}
	}
	return types.NewSet(out...)
}

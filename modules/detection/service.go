// SPDX-License-Identifier: Apache-2.0

package detection

import (
	"context"
	"log/slog"
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// Legal says what TT 15/2026 says of a disease in a commune on a day: the words
// of the state under Articles 16 and 22, as the page of the commune shows them.
// It is handed in because another module computes it.
type Legal func(ctx context.Context, a store.Actor, unit vn.UnitID, disease string, on vn.Date) (LegalFlag, error)

// LegalFlag is the state of the law beside an alert. The zero value says
// nothing.
type LegalFlag struct {
	Article string // "16.1b", "22": the one that was met; "" = none
	Level   int    // 0 below, 1 warning, 2 epidemic
}

// Module is the early warning. It is safe for concurrent use.
type Module struct {
	store    *store.Store
	units    *vn.Units
	diseases *content.DiseaseList
	law      *content.Law
	legal    Legal
	now      func() time.Time
	log      *slog.Logger

	land      *land
	monitored int // series: open diseases and syndromes by communes and the units above
}

// New prepares the module; legal may be nil: then only a link leads to it.
func New(s *store.Store, units *vn.Units, diseases *content.DiseaseList, law *content.Law, legal Legal, now func() time.Time) *Module {
	m := &Module{store: s, units: units, diseases: diseases, law: law, legal: legal, now: now, log: slog.New(slog.DiscardHandler), land: newLand(units)}
	for _, d := range diseases.List(lastList) {
		if !d.Closed {
			m.monitored += len(m.land.expecting)
		}
	}
	m.monitored += len(content.Syndromes(lastList)) * len(m.land.expecting)
	return m
}

// WorkNights takes on the duty of the full run each night, before the store is
// started.
func (m *Module) WorkNights(log *slog.Logger) {
	m.log = log
	m.store.OnDuty(m.nights)
}

// lastList is a day on the newest list of diseases.
var lastList = vn.NewDate(9999, 1, 1)

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

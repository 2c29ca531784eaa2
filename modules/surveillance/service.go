// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"time"

	"mach/content"
	"mach/outbreak"
	"mach/store"
	"mach/vn"
)

// Module is the surveillance system. It is safe for concurrent use.
type Module struct {
	store    *store.Store
	units    *vn.Units
	diseases *content.DiseaseList
	law      *content.Law
	now      func() time.Time
	risk     Risks   // nil: nobody assesses
	silence  Silence // nil: nobody knows what communes send
	maps     *content.Maps
}

// New prepares the module.
func New(s *store.Store, units *vn.Units, diseases *content.DiseaseList, law *content.Law, now func() time.Time) *Module {
	return &Module{store: s, units: units, diseases: diseases, law: law, now: now, maps: content.NewMaps(units)}
}

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

// Draw makes maps show borders where there are any. Call it before serving.
func (m *Module) Draw(b content.Borders) { m.maps.Draw(b) }

// Risks says how an event of the disease in a commune was assessed (TT
// 15/2026/TT-BYT Article 21.2); "" when it was not.
type Risks func(ctx context.Context, a store.Actor, unit vn.UnitID, disease string) (outbreak.Risk, error)

// Assessed names who knows of assessments. Call it before serving.
func (m *Module) Assessed(r Risks) { m.risk = r }

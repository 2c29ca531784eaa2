// SPDX-License-Identifier: Apache-2.0

package indicators

import (
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// Module is the indicators system. It is safe for concurrent use.
type Module struct {
	store    *store.Store
	units    *vn.Units
	diseases *content.DiseaseList
	folds    []fold
	maps     *content.Maps
	now      func() time.Time
}

// New prepares the module. It fails when a definition uses words it does not
// know.
func New(s *store.Store, units *vn.Units, definitions []content.Indicator, now func() time.Time) (*Module, error) {
	folds, err := compile(definitions)
	if err != nil {
		return nil, err
	}
	return &Module{store: s, units: units, diseases: content.Diseases(), folds: folds, maps: content.NewMaps(units), now: now}, nil
}

// Draw makes maps show borders where there are any. Call it before serving.
func (m *Module) Draw(b content.Borders) { m.maps.Draw(b) }

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

// fold returns the definition of the id.
func (m *Module) fold(id string) (fold, bool) {
	for _, f := range m.folds {
		if f.ID == id {
			return f, true
		}
	}
	return fold{}, false
}

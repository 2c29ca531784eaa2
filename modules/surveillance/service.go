// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"time"

	"mach/content"
	"mach/store"
	"mach/vn"
)

// Module is the surveillance system. It is safe for concurrent use.
type Module struct {
	store    *store.Store
	units    *vn.Units
	diseases *content.DiseaseList
	endemic  *content.Endemicity
	now      func() time.Time
}

// New prepares the module.
func New(s *store.Store, units *vn.Units, diseases *content.DiseaseList, endemic *content.Endemicity, now func() time.Time) *Module {
	return &Module{store: s, units: units, diseases: diseases, endemic: endemic, now: now}
}

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"sync"
	"time"

	"mach/store"
	"mach/vn"
)

// Module is the directory. It is safe for concurrent use.
type Module struct {
	store *store.Store
	units *vn.Units
	now   func() time.Time
	index func() []entry // all units as search sees them, made when first asked
}

// New prepares the module.
func New(s *store.Store, units *vn.Units, now func() time.Time) *Module {
	m := &Module{store: s, units: units, now: now}
	m.index = sync.OnceValue(m.makeIndex)
	return m
}

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

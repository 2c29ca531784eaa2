// SPDX-License-Identifier: Apache-2.0

package fhirapi

import "net/http"

// metadata answers with what this server does. It is made anew when the search
// parameters that SearchParameter resources define change.
func (m *Module) metadata(q *request) (*answer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := q.base + " " + m.store.OwnVersion()
	if _, ok := m.ability[key]; !ok {
		if len(m.ability) > 8 { // the name comes from the asker
			clear(m.ability)
		}
		m.ability[key] = m.capability(q.base).Text()
	}
	return &answer{status: http.StatusOK, text: m.ability[key]}, nil
}

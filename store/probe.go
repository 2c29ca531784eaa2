// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"sync"
	"time"
)

// probes remembers of what there are many index rows: what is common now is common
// in a minute, and to count a thousand rows again is much of the cost of a search
// that then reads twenty. It only helps to choose a path, never what is found. Safe
// for concurrent use.
type probes struct {
	mu   sync.Mutex
	many map[string]probed
}

// probed is a count that was cut short, and until when it is believed.
type probed struct {
	rows  int
	until time.Time
}

const (
	probeKept  = time.Minute
	probesMost = 4096
)

func probeKey(text string, args []any) string { return fmt.Sprint(text, args) }

// least is how many rows there are at least, 0 when that is not known.
func (p *probes) least(key string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	if one := p.many[key]; time.Now().Before(one.until) {
		return one.rows
	}
	return 0
}

// cut notes that there are more rows than were counted.
func (p *probes) cut(key string, rows int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.many == nil || len(p.many) >= probesMost {
		p.many = map[string]probed{}
	}
	p.many[key] = probed{rows, time.Now().Add(probeKept)}
}

// SPDX-License-Identifier: Apache-2.0

package store

import "sync"

// signal tells any number of goroutines that something moved.
type signal struct {
	mu sync.Mutex
	c  chan struct{}
}

func newSignal() *signal { return &signal{c: make(chan struct{})} }

// next returns a channel that is closed at the next set. Take it before
// looking at what may have moved.
func (s *signal) next() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.c
}

func (s *signal) set() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.c)
	s.c = make(chan struct{})
}

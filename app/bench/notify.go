// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"strings"
	"sync"
	"time"
)

// How many changes a subscriber is told of, and how often one comes.
const (
	notified     = 500
	notifiedEach = 20 * time.Millisecond
	notifyWithin = 30 * time.Second // until all have come
)

// notices measures from the answer to a create until a rest-hook has been told of
// it: the change is in the log, matched, numbered and kept in the outbox by then.
func (b *bench) notices(name string, _ *server, r rest) error {
	listen, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var mu sync.Mutex
	told := map[string]time.Time{} // first by id
	hook := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		mu.Lock()
		defer mu.Unlock()
		if id := path.Base(req.URL.Path); told[id].IsZero() {
			told[id] = time.Now()
		}
	})}
	go func() { _ = hook.Serve(listen) }()
	defer hook.Close()
	if _, err := r.do(0, "POST", "/Subscription", fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"bench","criteria":"Observation?patient=Patient/p0&code=http://loinc.org|85354-9",
		"channel":{"type":"rest-hook","endpoint":"http://%s/hook","payload":"application/fhir+json"}}`, listen.Addr()), http.StatusCreated); err != nil {
		return err
	}
	time.Sleep(2 * time.Second) // it is active by then
	answered := map[string]time.Time{}
	for i := range notified {
		location, err := r.do(i, "POST", "/Observation", vitals("p0", i), http.StatusCreated)
		if err != nil {
			return err
		}
		before, _, _ := strings.Cut(location, "/_history/")
		answered[path.Base(before)] = time.Now()
		time.Sleep(notifiedEach)
	}
	var took []time.Duration
	for began := time.Now(); ; time.Sleep(50 * time.Millisecond) {
		mu.Lock()
		took = took[:0]
		for id, at := range answered {
			if got := told[id]; !got.IsZero() {
				took = append(took, max(0, got.Sub(at)))
			}
		}
		mu.Unlock()
		if len(took) == notified {
			break
		}
		if time.Since(began) > notifyWithin {
			return fmt.Errorf("a subscriber was told of %d of %d changes", len(took), notified)
		}
	}
	sortDurations(took)
	return b.tell("fhir.notify.delay."+name, milliseconds(percentile(took, 0.99)), "ms", notified,
		"from the answer to a create until its rest-hook is told, %.0f a second, by the clock: p99; p50 %.0f ms, the longest %.0f ms",
		float64(time.Second)/float64(notifiedEach), milliseconds(percentile(took, 0.5)), milliseconds(took[len(took)-1]))
}

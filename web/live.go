// SPDX-License-Identifier: Apache-2.0

package web

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"mach/issue"
)

const (
	pathLive    = "/live"
	topicLimit  = 24                     // a stream's topics
	streamLimit = 12                     // an account's open streams
	heartbeat   = 25 * time.Second       // under every proxy's idle limit
	quiet       = 300 * time.Millisecond // least time between two wake-ups of one stream
)

// hub wakes pages. It carries topic names only: the page then asks for its
// section again, as itself, and sees what it may see.
type hub struct {
	now     func() time.Time
	boot    string // changes with every start: after a restart everybody reloads
	mu      sync.Mutex
	seq     int64
	last    map[string]int64 // topic → number of its last publication
	streams map[*stream]struct{}
	closed  chan struct{}
}

// stream is one page's connection. Its queue cannot overflow: a topic waits
// in it once, and it has at most topicLimit of them.
type stream struct {
	account string
	topics  map[string]bool // true = waiting to be sent
	wake    chan struct{}
}

func newHub(now func() time.Time) *hub {
	return &hub{now: now, boot: rand.Text()[:8], last: map[string]int64{}, streams: map[*stream]struct{}{},
		closed: make(chan struct{})}
}

func (h *hub) publish(topics ...string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seq++
	for _, t := range topics {
		h.last[t] = h.seq
		for s := range h.streams {
			if waiting, ok := s.topics[t]; ok && !waiting {
				s.topics[t] = true
				select {
				case s.wake <- struct{}{}:
				default:
				}
			}
		}
	}
}

// open adds a stream. since is the Last-Event-ID of the page's previous
// connection; topics that changed after it wait at once.
func (h *hub) open(account string, topics []string, since string) (*stream, error) {
	s := &stream{account: account, topics: map[string]bool{}, wake: make(chan struct{}, 1)}
	boot, n, _ := strings.Cut(since, "-")
	after, err := strconv.ParseInt(n, 10, 64)
	h.mu.Lock()
	defer h.mu.Unlock()
	open := 0
	for other := range h.streams {
		if other.account == account {
			open++
		}
	}
	if open >= streamLimit {
		return nil, &issue.Error{Issues: issue.New(issue.Throttled, "web.fail.throttled").Issues, Retry: 30}
	}
	for _, t := range topics {
		missed := since != "" && (boot != h.boot || err != nil || h.last[t] > after)
		s.topics[t] = missed
		if missed {
			select {
			case s.wake <- struct{}{}:
			default:
			}
		}
	}
	h.streams[s] = struct{}{}
	return s, nil
}

func (h *hub) drop(s *stream) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.streams, s)
}

// take empties a stream's queue and returns its topics and the event id.
func (h *hub) take(s *stream) (topics []string, id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for t, waiting := range s.topics {
		if waiting {
			topics = append(topics, t)
			s.topics[t] = false
		}
	}
	return topics, h.boot + "-" + strconv.FormatInt(h.seq, 10)
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.closed:
	default:
		close(h.closed)
	}
}

// live is GET /live?topics=a,b: one event stream for a page. Each event's data
// is one topic that changed.
func (m *Mux) live(w http.ResponseWriter, r *http.Request) error {
	v := visitOf(r.Context())
	var topics []string
	for t := range strings.SplitSeq(r.URL.Query().Get("topics"), ",") {
		if t == "" || len(t) > 128 || (m.opt.Follow != nil && !m.opt.Follow(v.session, t)) {
			continue
		}
		topics = append(topics, t)
	}
	if len(topics) == 0 || len(topics) > topicLimit {
		return issue.New(issue.NotFound, "web.fail.not_found")
	}
	s, err := m.hub.open(v.session.Actor.Account, topics, r.Header.Get("Last-Event-ID"))
	if err != nil {
		return err
	}
	defer m.hub.drop(s)
	return m.stream(w, r, s)
}

// stream writes s to its page until the page leaves or the mux closes.
func (m *Mux) stream(w http.ResponseWriter, r *http.Request, s *stream) error {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	out := http.NewResponseController(w)
	send := func(format string, args ...any) error {
		// The server's write timeout is for pages; a stream renews its own.
		_ = out.SetWriteDeadline(time.Now().Add(heartbeat))
		if _, err := fmt.Fprintf(w, format, args...); err != nil {
			return err
		}
		return out.Flush()
	}
	_, id := m.hub.take(&stream{})
	if err := send("retry: 3000\nid: %s\n: open\n\n", id); err != nil {
		return nil
	}
	beat := time.NewTicker(heartbeat - 10*time.Second)
	defer beat.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil
		case <-m.hub.closed:
			return nil
		case <-beat.C:
			if send(": beat\n\n") != nil {
				return nil
			}
		case <-s.wake:
			topics, id := m.hub.take(s)
			for _, t := range topics {
				if send("id: %s\ndata: %s\n\n", id, t) != nil {
					return nil
				}
			}
			// Wake-ups during the pause gather in the queue.
			select {
			case <-r.Context().Done():
				return nil
			case <-time.After(quiet):
			}
		}
	}
}

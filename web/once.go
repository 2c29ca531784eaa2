// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strings"
	"sync"
	"time"

	"mach/issue"
)

// OnceStore remembers which forms were answered, so that a second click, a
// reload or a draft restored after a power cut does nothing twice. Keys are
// kept for at least a day. Package app fits the store's table to it.
type OnceStore interface {
	// Begin claims key for account. fresh is true for the first caller. A
	// later one gets the address the first was sent to, "" while it works.
	Begin(ctx context.Context, account, key string) (location string, fresh bool, err error)
	// Finish keeps where the answered form led.
	Finish(ctx context.Context, account, key, location string) error
	// Forget gives key back after a refusal.
	Forget(ctx context.Context, account, key string) error
}

// OnceKey returns the key of the form being answered, for
// store.Door.CommitOnce; "" when it carries none.
func OnceKey(r *http.Request) string { return visitOf(r.Context()).once }

// answer runs h, once for each form key.
func (m *Mux) answer(w http.ResponseWriter, r *http.Request, v *visit, route *Route, h Handler) error {
	if route.twice || r.Method != http.MethodPost || !isForm(r) {
		return h(w, r)
	}
	if err := parse(r); err != nil {
		return err
	}
	key := r.PostFormValue(fieldOnce)
	if key == "" || len(key) > 64 {
		return h(w, r)
	}
	account := v.session.Actor.Account
	location, fresh, err := m.opt.Once.Begin(r.Context(), account, key)
	if err != nil {
		return err
	}
	if !fresh {
		if location == "" {
			return issue.New(issue.Conflict, "web.fail.twice")
		}
		v.once = key
		return Redirect(w, r, location)
	}
	v.once = key
	done := &landing{}
	r = r.WithContext(context.WithValue(r.Context(), landingKey{}, done))
	defer func() { // also after a panic; and although the reader has gone
		ctx := context.WithoutCancel(r.Context())
		var err error
		if done.to != "" {
			err = m.opt.Once.Finish(ctx, account, key, done.to)
		} else {
			err = m.opt.Once.Forget(ctx, account, key)
		}
		if err != nil {
			m.opt.Log.WarnContext(ctx, "form key not kept", "request", v.id, "error", err)
		}
	}()
	return h(w, r)
}

// landing is where the answered form led; "" while it did not.
type landing struct{ to string }

type landingKey struct{}

// landed notes that the form was answered and tells the page's script which
// draft it may drop.
func (v *visit) landed(w http.ResponseWriter, r *http.Request, to string) {
	if done, ok := r.Context().Value(landingKey{}).(*landing); ok {
		done.to = to
	}
	if v.once != "" && v.mux != nil {
		v.mux.cookie(w, r, cookieSent, v.once, 10*time.Minute, true)
	}
}

func isForm(r *http.Request) bool {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return kind == "application/x-www-form-urlencoded" || kind == "multipart/form-data"
}

// parse reads the form of a request; files above 8 MiB go to disk.
func parse(r *http.Request) error {
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		err = r.ParseMultipartForm(8 << 20)
	} else {
		err = r.ParseForm()
	}
	var large *http.MaxBytesError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &large):
		return issue.New(issue.TooLong, "web.fail.too_large")
	default:
		return issue.New(issue.Structure, "web.fail.form")
	}
}

// memoryOnce is the OnceStore of a server without a database: it forgets all
// on a restart, which the store's does not.
type memoryOnce struct {
	now  func() time.Time
	mu   sync.Mutex
	keys map[string]onceEntry
}

type onceEntry struct {
	location string
	at       time.Time
}

func newMemoryOnce(now func() time.Time) *memoryOnce {
	return &memoryOnce{now: now, keys: map[string]onceEntry{}}
}

func (o *memoryOnce) Begin(_ context.Context, account, key string) (string, bool, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	k := account + "\x00" + key
	if e, ok := o.keys[k]; ok {
		return e.location, false, nil
	}
	if len(o.keys) >= 50_000 {
		for k, e := range o.keys {
			if o.now().Sub(e.at) > 24*time.Hour {
				delete(o.keys, k)
			}
		}
	}
	o.keys[k] = onceEntry{at: o.now()}
	return "", true, nil
}

func (o *memoryOnce) Finish(_ context.Context, account, key, location string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keys[account+"\x00"+key] = onceEntry{location: location, at: o.now()}
	return nil
}

func (o *memoryOnce) Forget(_ context.Context, account, key string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.keys, account+"\x00"+key)
	return nil
}

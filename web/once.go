// SPDX-License-Identifier: Apache-2.0

package web

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"mach/issue"
	"mach/store"
)

// OnceStore keeps where answered forms led, for at least a day, so that a
// second click, a reload or a draft restored after a power cut does nothing
// twice. store.Forms is one.
type OnceStore interface {
	// Answered returns what the form of that key said and where its answer
	// led, "" for a page that is shown only once.
	Answered(ctx context.Context, account, key string) (said, location string, found bool, err error)
	// Keep remembers both.
	Keep(ctx context.Context, account, key, said, location string) error
}

// OnceKey returns the key of the form being answered, for
// store.Door.CommitOnce; "" when it carries none.
func OnceKey(r *http.Request) string { return visitOf(r.Context()).once }

// answer runs h, once for each form key.
func (m *Mux) answer(w http.ResponseWriter, r *http.Request, v *visit, route *Route, h Handler) error {
	if r.Method == http.MethodPost {
		var ctx context.Context
		ctx, v.late = store.NoteLate(r.Context())
		r = r.WithContext(ctx)
	}
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
	account, said := v.session.Actor.Account, digest(r)
	if !m.atWork.begin(account, key) {
		return issue.New(issue.Conflict, "web.fail.twice")
	}
	defer m.atWork.end(account, key)
	earlier, location, found, err := m.opt.Once.Answered(r.Context(), account, key)
	switch {
	case err != nil:
		return err
	case found && earlier != said: // not to be lost unseen
		return issue.New(issue.Conflict, "web.fail.other")
	case found && location == "":
		return issue.New(issue.Conflict, "web.fail.shown")
	}
	v.once = key
	if found {
		return Redirect(w, r, location)
	}
	done := &landing{}
	r = r.WithContext(context.WithValue(r.Context(), landingKey{}, done))
	defer func() { // also after a panic; and although the reader has gone
		if !done.landed {
			return
		}
		ctx := context.WithoutCancel(r.Context())
		if err := m.opt.Once.Keep(ctx, account, key, said, done.at); err != nil {
			m.opt.Log.WarnContext(ctx, "form key not kept", "request", v.id, "error", err)
		}
	}()
	return h(w, r)
}

// digest tells what forms say apart: the path, the fields, the files by name
// and size.
func digest(r *http.Request) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s\n", r.URL.Path, r.PostForm.Encode())
	if r.MultipartForm != nil {
		for _, name := range slices.Sorted(maps.Keys(r.MultipartForm.File)) {
			for _, f := range r.MultipartForm.File[name] {
				fmt.Fprintf(h, "%q %q %d\n", name, f.Filename, f.Size)
			}
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// landing is where the answered form led; at is "" for a page of its own.
type landing struct {
	landed bool
	at     string
}

type landingKey struct{}

// landed notes that the form was answered and tells the page's script which
// draft it may drop.
func (v *visit) landed(w http.ResponseWriter, r *http.Request, at string) {
	if done, ok := r.Context().Value(landingKey{}).(*landing); ok {
		*done = landing{true, at}
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

// atWork are the forms being answered now. Two processes answering the same
// form at once meet in store.Door.CommitOnce.
type atWork struct {
	mu   sync.Mutex
	keys map[string]bool
}

func (w *atWork) begin(account, key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	k := account + "\x00" + key
	if w.keys[k] {
		return false
	}
	w.keys[k] = true
	return true
}

func (w *atWork) end(account, key string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.keys, account+"\x00"+key)
}

// memoryOnce is the OnceStore of a server without a database: it forgets all
// on a restart, which the store's does not.
type memoryOnce struct {
	now  func() time.Time
	mu   sync.Mutex
	keys map[string]onceEntry
}

type onceEntry struct {
	said, location string
	at             time.Time
}

func newMemoryOnce(now func() time.Time) *memoryOnce {
	return &memoryOnce{now: now, keys: map[string]onceEntry{}}
}

func (o *memoryOnce) Answered(_ context.Context, account, key string) (said, location string, found bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e, found := o.keys[account+"\x00"+key]
	return e.said, e.location, found, nil
}

func (o *memoryOnce) Keep(_ context.Context, account, key, said, location string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.keys) >= 50_000 {
		for k, e := range o.keys {
			if o.now().Sub(e.at) > 24*time.Hour {
				delete(o.keys, k)
			}
		}
	}
	o.keys[account+"\x00"+key] = onceEntry{said, location, o.now()}
	return nil
}

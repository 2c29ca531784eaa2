// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	maxKeys     = 64 << 10 // bytes of a JWKS
	keysTimeout = 5 * time.Second
	keysKept    = 5 * time.Minute
	keysAgain   = 30 * time.Second // an unknown key asks again, but not more often
	keysClients = 1000
	leastRSA    = 2048 // bits
)

var errKeys = errors.New("not a set of public keys")

// parseKeys reads a JWKS (RFC 7517). Keys that are private, or weak, are
// refused with the whole set.
func parseKeys(b []byte) (*jose.JSONWebKeySet, error) {
	var set jose.JSONWebKeySet
	if len(b) > maxKeys || json.Unmarshal(b, &set) != nil || len(set.Keys) == 0 || len(set.Keys) > 20 {
		return nil, errKeys
	}
	for _, k := range set.Keys {
		rsaKey, isRSA := k.Key.(*rsa.PublicKey)
		if !k.Valid() || !k.IsPublic() || k.KeyID == "" || isRSA && rsaKey.N.BitLen() < leastRSA {
			return nil, errKeys
		}
	}
	return &set, nil
}

// keyFetcher gets the keys of clients from where they publish them. Little is
// read, and what was read is kept. That it asks nobody inside our network is the
// business of its client.
type keyFetcher struct {
	now    func() time.Time
	client *http.Client // nil = nothing is fetched
	mu     sync.Mutex
	kept   map[string]fetched
}

type fetched struct {
	set *jose.JSONWebKeySet // nil = it failed
	at  time.Time
}

func newKeyFetcher(now func() time.Time, client *http.Client) *keyFetcher {
	return &keyFetcher{now: now, kept: map[string]fetched{}, client: client}
}

// keys returns the keys of an address; those kept when they hold the key asked
// for or were just fetched.
func (f *keyFetcher) keys(ctx context.Context, url, kid string) (*jose.JSONWebKeySet, error) {
	f.mu.Lock()
	old, ok := f.kept[url]
	f.mu.Unlock()
	age := f.now().Sub(old.at)
	if ok && (age < keysAgain || age < keysKept && old.set != nil && len(old.set.Key(kid)) > 0) {
		if old.set == nil {
			return nil, errKeys
		}
		return old.set, nil
	}
	set, err := f.fetch(ctx, url)
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.kept) >= keysClients {
		clear(f.kept)
	}
	f.kept[url] = fetched{set, f.now()}
	return set, err
}

func (f *keyFetcher) fetch(ctx context.Context, url string) (*jose.JSONWebKeySet, error) {
	ctx, done := context.WithTimeout(ctx, keysTimeout)
	defer done()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	if f.client == nil {
		return nil, errKeys
	}
	req.Header.Set("Accept", "application/json")
	resp, err := f.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("fetching keys: %w", err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxKeys+1))
	if err != nil || resp.StatusCode != http.StatusOK {
		return nil, errKeys
	}
	return parseKeys(b)
}

// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"syscall"
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

// keyFetcher gets the keys of clients from where they publish them. It goes to
// the open internet only: an address inside is no place for a client's keys,
// and asking there for somebody else would open it (server-side request
// forgery). Nothing is followed, little is read, and what was read is kept.
type keyFetcher struct {
	now    func() time.Time
	client *http.Client
	mu     sync.Mutex
	kept   map[string]fetched
}

type fetched struct {
	set *jose.JSONWebKeySet // nil = it failed
	at  time.Time
}

// newKeyFetcher goes to loopback too when local is set: a demonstration.
func newKeyFetcher(now func() time.Time, local bool) *keyFetcher {
	dialer := &net.Dialer{Timeout: keysTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		if err != nil || !outside(at.Addr(), local) {
			return errors.New("the address is not on the open internet")
		}
		return nil
	}}
	return &keyFetcher{now: now, kept: map[string]fetched{}, client: &http.Client{
		Timeout:       keysTimeout,
		Transport:     &http.Transport{DialContext: dialer.DialContext, DisableKeepAlives: true, TLSHandshakeTimeout: keysTimeout, MaxResponseHeaderBytes: 16 << 10},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// shared are addresses that look global and are not (RFC 6890).
var shared = []netip.Prefix{netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("0.0.0.0/8")}

// outside reports whether an address is on the open internet. It is asked of
// the address that is dialled, after the name was resolved, so that a name
// cannot change its mind in between.
func outside(a netip.Addr, local bool) bool {
	a = a.Unmap()
	if local && a.IsLoopback() {
		return true
	}
	for _, p := range shared {
		if p.Contains(a) {
			return false
		}
	}
	return a.IsGlobalUnicast() && !a.IsPrivate()
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

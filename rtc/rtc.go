// SPDX-License-Identifier: Apache-2.0

// Package rtc opens live rooms: who may enter, who is inside, who leaves. The
// pictures and voices themselves travel through a LiveKit server, which this
// package only steers.
//
// There are three drivers. Embedded: a child process of the same binary (mach
// media, package rtc/media), watched and started again when it ends, because a
// media engine may fall and the record must not fall with it. External: a
// LiveKit server or cluster by URL. None: a site without live rooms, where
// consultation in writing goes on.
//
// No name of anybody goes in here: rooms and identities are plain ids, checked
// for that shape, since they reach logs and everybody in the room. Who they are
// and what the room is about stands in the record.
//
// All methods are safe for concurrent use.
//
//	e, err := rtc.Open(rtc.Config{Command: []string{self, "media"}, NodeIP: ip})
//	err = e.EnsureRoom(ctx, "hc-"+caseID)
//	token, err := e.Token(rtc.Grant{Room: "hc-"+caseID, Identity: who, Publish: true})
package rtc

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"

	"mach/issue"
)

// Config chooses the driver: URL means external, else Command means embedded,
// else there are no rooms.
type Config struct {
	// URL of an external LiveKit server, "wss://host" or "https://host", with
	// its API key and secret.
	URL, Key, Secret string
	// Command starts the media process, such as {"/usr/bin/mach", "media"}.
	Command []string
	// NodeIP is the address to which browsers send pictures and voices, an
	// own or a forwarded one. Zero: 127.0.0.1, which only this machine reaches.
	NodeIP netip.Addr
	// UDPPort is the one port of pictures and voices. Zero: any free one.
	UDPPort uint16
	// Log receives starts and ends of the media process. Nil: slog.Default().
	Log *slog.Logger
	// Stderr receives the media process's own log. Nil: os.Stderr.
	Stderr io.Writer
}

// LiveKit returns the Config of "URL,KEY,SECRET", as given on a command line.
func LiveKit(s string) (Config, error) {
	p := strings.Split(s, ",")
	if len(p) != 3 || p[1] == "" || p[2] == "" {
		return Config{}, errors.New("the LiveKit server must be given as URL,KEY,SECRET")
	}
	return Config{URL: p[0], Key: p[1], Secret: p[2]}, nil
}

// Engine is one LiveKit server, or none; so is a nil Engine. Close it when done.
type Engine struct {
	key, secret string
	browser     string      // where browsers connect; "" = through Proxy
	api         string      // HTTP base of an external server
	child       *supervisor // embedded only
	client      *http.Client
	log         *slog.Logger
}

// Open returns the engine that cfg describes. The media process is started
// beside: [Engine.Ready] tells when it takes joins. Open fails only on wrong
// settings.
func Open(cfg Config) (*Engine, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Stderr == nil {
		cfg.Stderr = os.Stderr
	}
	e := &Engine{client: &http.Client{Timeout: 10 * time.Second}, log: cfg.Log}
	switch {
	case cfg.URL != "":
		api, browser, err := addresses(cfg.URL)
		if err != nil {
			return nil, err
		}
		if cfg.Key == "" || cfg.Secret == "" {
			return nil, errors.New("the LiveKit server needs its key and secret")
		}
		e.api, e.browser, e.key, e.secret = api, browser, cfg.Key, cfg.Secret
	case len(cfg.Command) > 0:
		if !cfg.NodeIP.IsValid() {
			cfg.NodeIP = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
		// The pair outlives restarts of the process, so tokens do too.
		e.key, e.secret = rand.Text(), rand.Text()+rand.Text()
		e.child = supervise(cfg, MediaConfig{Key: e.key, Secret: e.secret, NodeIP: cfg.NodeIP, UDPPort: cfg.UDPPort})
	}
	return e, nil
}

// addresses returns the HTTP base and the WebSocket base of a LiveKit URL.
func addresses(raw string) (api, browser string, err error) {
	u, err := url.Parse(strings.TrimRight(raw, "/"))
	if err != nil || u.Host == "" || u.User != nil {
		return "", "", errors.New("the LiveKit URL is malformed")
	}
	switch u.Scheme {
	case "wss", "https":
		return "https://" + u.Host + u.Path, "wss://" + u.Host + u.Path, nil
	case "ws", "http":
		return "http://" + u.Host + u.Path, "ws://" + u.Host + u.Path, nil
	}
	return "", "", errors.New("the LiveKit URL must begin with wss:// or https://")
}

// Offered reports whether this site has live rooms at all. It stays the same
// for the life of the engine; pages show no room where it is false.
func (e *Engine) Offered() bool { return e != nil && (e.child != nil || e.api != "") }

// Up reports whether rooms can be entered at this moment.
func (e *Engine) Up() bool {
	_, err := e.base()
	return err == nil
}

// Ready waits until rooms can be entered, or ctx ends. It returns at once for
// an external server.
func (e *Engine) Ready(ctx context.Context) error {
	for {
		_, err := e.base()
		if err == nil || !issue.Is(err, issue.Timeout) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting for the media process: %w", ctx.Err())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// BrowserURL returns the WebSocket base browsers connect to: "" when they use
// the page's own address, where [Engine.Proxy] answers. Its origin belongs into
// the page's connect-src.
func (e *Engine) BrowserURL() string {
	if e == nil {
		return ""
	}
	return e.browser
}

// base returns the HTTP base of the server: issue.NotSupported ("rtc.none")
// without one, issue.Timeout ("rtc.unavailable") while the process is down.
func (e *Engine) base() (string, error) {
	switch {
	case !e.Offered():
		return "", issue.New(issue.NotSupported, "rtc.none")
	case e.api != "":
		return e.api, nil
	}
	if addr := e.child.address(); addr != "" {
		return "http://" + addr, nil
	}
	return "", unavailable()
}

func unavailable() error {
	err := issue.New(issue.Timeout, "rtc.unavailable")
	err.Retry = 5
	return err
}

// Process returns the process id of the media process; zero when it is down
// or there is none. For operation and tests.
func (e *Engine) Process() int {
	if e == nil || e.child == nil {
		return 0
	}
	return e.child.process()
}

// Close ends the media process, by force after a deadline, and waits for it.
// An external server is left alone. Closing twice is harmless.
func (e *Engine) Close() {
	if e == nil {
		return
	}
	if e.child != nil {
		e.child.close()
	}
	e.client.CloseIdleConnections()
}

// plain is the shape of rooms and identities: ids and nothing that reads as a
// name. They reach logs and everybody in the room.
var plain = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.~_-]{0,127}$`)

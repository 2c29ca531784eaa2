// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"regexp"
	"runtime/debug"
	"strings"
	"time"

	"mach/vn"
	"mach/web"
)

// Ready is the one line that mach serve prints when it answers.
type Ready struct {
	URL     string `json:"url"`
	FHIR    string `json:"fhir"`
	Metrics string `json:"metrics"`
	PID     int    `json:"pid"`
}

// stopWithin is how long a stop waits for requests under way.
const stopWithin = 10 * time.Second

// What a server keeps alive is small (some 35 MB), so that the collector would
// run every 35 MB and take a fifth of the CPU. It runs every 100 MB instead, and
// more often near the limit. GOGC and GOMEMLIMIT go before both.
const (
	heapGrowth = 300       // percent of what is alive
	heapLimit  = 256 << 20 // bytes of the Go runtime; the caches of SQLite are not in it
)

func collectSeldom() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(heapGrowth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(heapLimit)
	}
}

// serve opens everything and serves until ctx ends. When a day comes on which
// units end, it does so again: whatever knows units then knows those of the day,
// and the views are made anew as after any start. Live rooms go on meanwhile.
// The ready line goes to out once, logs to w.
func serve(ctx context.Context, c Config, out, w io.Writer) error {
	a, err := openToServe(ctx, c, w)
	if err != nil {
		return err
	}
	for {
		err := a.Serve(ctx, out)
		if !errors.Is(err, errNewMap) {
			return errors.Join(err, a.Close())
		}
		if a, err = a.again(ctx); err != nil {
			return fmt.Errorf("opening on the new map: %w", err)
		}
		out = io.Discard
	}
}

// again closes the parts and opens them on the map of today, over the same live
// rooms and for the same address.
func (a *App) again(ctx context.Context) (*App, error) {
	next := &App{Config: a.Config, log: a.log, metrics: newMetrics(), rooms: a.rooms}
	a.rooms = nil
	err := a.Close()
	if err == nil {
		err = next.open(ctx, vn.DateOf(now()))
	}
	if err != nil {
		return nil, errors.Join(err, next.Close())
	}
	return next, nil
}

// errNewMap ends [App.Serve] on a day on which units end.
var errNewMap = errors.New("units have changed today")

// Serve answers requests until ctx ends, or with errNewMap when its units are
// no longer those of the day. The ready line goes to out.
func (a *App) Serve(ctx context.Context, out io.Writer) error {
	collectSeldom()
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	mux := a.routes()
	if err := a.Store.Start(ctx); err != nil {
		return fmt.Errorf("starting the store: %w", err)
	}
	defer a.followTerms(ctx)()
	forget := a.bus.Subscribe(subject(">"), func(subject string, _ []byte) { mux.Publish(topic(subject)) })
	defer forget()

	listener, tlsConfig, err := a.listen()
	if err != nil {
		return err
	}
	metrics, err := net.Listen("tcp", a.Config.Metrics)
	if err != nil {
		return errors.Join(fmt.Errorf("metrics: %w", err), listener.Close())
	}
	a.Config.Addr, a.Config.Metrics = listener.Addr().String(), metrics.Addr().String() // those of the next day, too
	public := &http.Server{
		Handler: inTime(a.front(mux)), TLSConfig: tlsConfig, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute,
		MaxHeaderBytes: 64 << 10, ErrorLog: log.New(serverLog{a.log}, "", 0),
	}
	a.metrics.watch(a, mux.Streams)
	private := &http.Server{Handler: inTime(a.metrics.handler()), ReadHeaderTimeout: 10 * time.Second, ErrorLog: public.ErrorLog}
	failed := make(chan error, 2)
	go func() { failed <- serveOn(public, listener) }()
	go func() { failed <- serveOn(private, metrics) }()
	if err := a.announce(out, listener, metrics); err != nil {
		return err
	}
	go a.awaitMap(ctx, end)
	select {
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), errNewMap) {
			err = errNewMap
		}
	case err = <-failed:
	}
	mux.Close()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopWithin)
	defer cancel()
	return errors.Join(err, public.Shutdown(stopping), private.Shutdown(stopping))
}

// dayEvery is how often the server looks whether a new map has begun. It looks
// at the clock: a timer would stand still while a laptop sleeps.
const dayEvery = 10 * time.Second

// awaitMap ends the serving when a map that was imported before its day begins.
// It returns then, or when ctx ends.
func (a *App) awaitMap(ctx context.Context, end context.CancelCauseFunc) {
	next := a.Units.NextChange()
	if !next.Known() {
		return
	}
	a.log.Info("units change on a day to come", "day", next.String())
	every := time.NewTicker(dayEvery)
	defer every.Stop()
	for vn.DateOf(now()) < next {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
	}
	a.log.Info("units have changed today: everything is opened again on the new map", "day", next.String())
	end(errNewMap)
}

// bodyTime is how long a body may take to arrive.
const bodyTime = 5 * time.Minute

// inTime gives up on bodies that drip. Requests without one, among them streams
// of events and rooms, may last: a deadline of the server would end them too.
func inTime(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength != 0 {
			_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTime)) // what has no connection has no deadline
		}
		next.ServeHTTP(w, r)
	})
}

// serverLog takes what the HTTP server says of connections into the log, without
// the addresses of people.
type serverLog struct{ log *slog.Logger }

var addresses = regexp.MustCompile(`\[[0-9a-fA-F:.%]+[^\]]*\](:\d+)?|\d+\.\d+\.\d+\.\d+(:\d+)?`)

func (l serverLog) Write(line []byte) (int, error) {
	l.log.Warn("connection", "error", addresses.ReplaceAllString(strings.TrimSpace(string(line)), "…"))
	return len(line), nil
}

func serveOn(s *http.Server, l net.Listener) error {
	if s.TLSConfig != nil {
		l = tls.NewListener(l, s.TLSConfig)
	}
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// listen opens the public address. On the local network it serves HTTPS with a
// certificate of our own, unless one was given.
func (a *App) listen() (net.Listener, *tls.Config, error) {
	c := a.Config
	var config *tls.Config
	switch {
	case c.TLSCert != "" || c.TLSKey != "":
		pair, err := tls.LoadX509KeyPair(c.TLSCert, c.TLSKey)
		if err != nil {
			return nil, nil, fmt.Errorf("TLS certificate: %w", err)
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	case c.LAN:
		if len(privateAddresses()) == 0 {
			a.log.Warn("this machine has no address on a local network: phones cannot reach it. Connect it to a network and start again")
		}
		pair, err := lanCertificate(c.Data, now())
		if err != nil {
			return nil, nil, err
		}
		config = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	l, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, nil, fmt.Errorf("listening: %w", err)
	}
	return l, config, nil
}

// announce prints the ready line.
func (a *App) announce(out io.Writer, public, metrics net.Listener) error {
	url := a.url(public)
	a.address.Store(&url)
	return json.NewEncoder(out).Encode(Ready{
		URL: url, FHIR: url + "/fhir", Metrics: "http://" + metrics.Addr().String() + "/metrics", PID: os.Getpid(),
	})
}

func (a *App) url(l net.Listener) string {
	scheme := "http"
	if a.Config.LAN || a.Config.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		return scheme + "://" + l.Addr().String()
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
		if a.Config.LAN {
			if addresses := privateAddresses(); len(addresses) > 0 {
				host = addresses[0].String()
			}
		}
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}

// front puts what is not a page before the pages: health, and the live rooms'
// signalling.
func (a *App) front(mux *web.Mux) http.Handler {
	outer := http.NewServeMux()
	outer.Handle("/", mux)
	outer.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok") })
	outer.HandleFunc("GET /readyz", a.readyz)
	if a.rooms.Offered() {
		outer.Handle("/rtc", a.rooms.Proxy())
		outer.Handle("/rtc/", a.rooms.Proxy())
	}
	return outer
}

func answer(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	if _, err := io.WriteString(w, text+"\n"); err != nil {
		return // the caller has gone
	}
}

// SPDX-License-Identifier: Apache-2.0

// Package bus carries wake-ups between the parts of one process and between
// processes: "view X moved", "log grew". It wraps NATS and nothing else.
//
// A message is a hint, never the truth. Delivery is at most once: messages
// published while the connection is down, or faster than a subscriber reads,
// are dropped. Whoever listens must also look by itself now and then, so a
// lost message costs latency and nothing more.
//
// Without a URL the server runs inside this process and opens no port. With a
// URL every node of a cluster hears every other; the node starts and works
// while that server is away and joins when it returns.
//
// Subjects are words joined by dots; a subscriber may put * for one word and >
// for the rest. All methods are safe for concurrent use.
//
//	b, err := bus.Open(ctx, bus.Config{})
//	cancel := b.Subscribe("view.*", func(subject string, _ []byte) { wake(subject) })
//	b.Publish("view.station_queue", nil)
package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

const (
	// pending is how many messages wait for one slow subscriber before the
	// next ones are dropped. More would only be older news.
	pending = 4096
	// startLimit is how long the in-process server may take to start.
	startLimit = 10 * time.Second
)

// Config says where the messages travel. The zero value is complete.
type Config struct {
	// URL of a NATS server or comma-separated servers of a cluster, such as
	// "nats://10.0.0.1:4222" or "tls://user:secret@host". Empty: in-process.
	URL string
	// Name is shown in the server's list of connections. Empty: "mach".
	Name string
	// Log receives connection changes. Nil: slog.Default().
	Log *slog.Logger
}

// Bus is one connection. Close it when done.
type Bus struct {
	conn   *nats.Conn
	server *server.Server // nil when the server is elsewhere
	closed chan struct{}
	log    *slog.Logger
}

// Open starts the in-process server, or begins connecting to cfg.URL and
// returns at once whether it answers or not. It fails only on a malformed URL
// or when the in-process server cannot start.
func Open(ctx context.Context, cfg Config) (*Bus, error) {
	if cfg.Name == "" {
		cfg.Name = "mach"
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	b := &Bus{closed: make(chan struct{}), log: cfg.Log}
	opts := b.options(cfg.Name)
	if cfg.URL == "" {
		s, err := inProcess(ctx)
		if err != nil {
			return nil, err
		}
		b.server = s
		opts = append(opts, nats.InProcessServer(s))
	}
	conn, err := nats.Connect(cfg.URL, opts...)
	if err != nil {
		if b.server != nil {
			stop(b.server)
		}
		if cfg.URL != "" {
			// The library's error may repeat the URL, and with it a password.
			return nil, errors.New("connecting to the message bus: its URL is malformed")
		}
		return nil, fmt.Errorf("connecting to the in-process message bus: %w", err)
	}
	b.conn = conn
	return b, nil
}

// options returns what every connection has: it never gives up, and keeps
// nothing for later.
func (b *Bus) options(name string) []nats.Option {
	return []nats.Option{
		nats.Name(name),
		nats.RetryOnFailedConnect(true),
		nats.MaxReconnects(-1),
		nats.ReconnectWait(500 * time.Millisecond),
		nats.ReconnectJitter(200*time.Millisecond, 500*time.Millisecond),
		nats.ReconnectBufSize(-1), // stale hints are worthless: drop them
		nats.ConnectHandler(func(*nats.Conn) { b.log.Info("message bus connected") }),
		nats.ReconnectHandler(func(*nats.Conn) { b.log.Info("message bus connected again") }),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if err != nil {
				b.log.Warn("message bus lost", "err", err)
			}
		}),
		nats.ErrorHandler(func(_ *nats.Conn, s *nats.Subscription, err error) {
			subject := ""
			if s != nil {
				subject = s.Subject
			}
			b.log.Warn("message bus dropped messages", "subject", subject, "err", err)
		}),
		nats.ClosedHandler(func(*nats.Conn) { close(b.closed) }),
	}
}

// inProcess starts a NATS server without any listening socket.
func inProcess(ctx context.Context) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		ServerName:      "mach",
		DontListen:      true,
		NoLog:           true,
		NoSigs:          true,
		NoSystemAccount: true,
	})
	if err != nil {
		return nil, fmt.Errorf("configuring the in-process message bus: %w", err)
	}
	s.Start()
	limit := startLimit
	if d, ok := ctx.Deadline(); ok {
		limit = min(limit, time.Until(d))
	}
	if !s.ReadyForConnections(limit) {
		stop(s)
		return nil, fmt.Errorf("starting the in-process message bus: not ready after %s", limit)
	}
	return s, nil
}

func stop(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// Publish hands payload to whoever listens to subject now, and returns before
// they have it. Nobody listening, no connection, or a payload above 1 MiB: the
// message is dropped. The payload is copied.
func (b *Bus) Publish(subject string, payload []byte) {
	if err := b.conn.Publish(subject, payload); err != nil {
		b.log.Debug("message bus did not take a message", "subject", subject, "err", err)
	}
}

// Subscribe calls f for every message whose subject matches pattern, one after
// another on a goroutine of this subscription, until cancel is called; a call
// already running may end after cancel returns. f must not keep payload. A
// malformed pattern or a closed bus hears nothing, with a warning in the log.
func (b *Bus) Subscribe(pattern string, f func(subject string, payload []byte)) (cancel func()) {
	sub, err := b.conn.Subscribe(pattern, func(m *nats.Msg) { f(m.Subject, m.Data) })
	if err != nil {
		b.log.Warn("message bus refused a subscription", "subject", pattern, "err", err)
		return func() {}
	}
	_ = sub.SetPendingLimits(pending, -1)
	// The server must know of us before we return, else a message published
	// next through another connection is missed for no reason.
	if b.conn.IsConnected() {
		_ = b.conn.FlushTimeout(time.Second)
	}
	return func() { _ = sub.Unsubscribe() }
}

// Up reports whether messages travel at this moment. False is a degraded
// state, not a failure.
func (b *Bus) Up() bool { return b.conn.IsConnected() }

// Close ends every subscription, then the connection and the in-process
// server. Messages not yet delivered are dropped. Closing twice is harmless.
func (b *Bus) Close() {
	b.conn.Close()
	<-b.closed
	if b.server != nil {
		stop(b.server)
	}
}

// SPDX-License-Identifier: Apache-2.0

//go:build !nortc

package media

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/signal"
	"strconv"
	"time"

	"github.com/livekit/livekit-server/pkg/config"
	"github.com/livekit/livekit-server/pkg/routing"
	"github.com/livekit/livekit-server/pkg/service"
	"github.com/livekit/livekit-server/pkg/telemetry/prometheus"

	"mach/rtc"
)

// Included reports whether this binary holds the media server.
const Included = true

const (
	// grace is how long people in rooms may take to leave when we stop.
	grace = 2 * time.Second
	// force is how long the server may take after that.
	force = 3 * time.Second
)

// Run serves rooms until ctx ends, in is closed by the parent, or the server
// fails. It reads one [rtc.MediaConfig] from in, prints one [rtc.MediaReady] to
// out when it takes joins, and logs warnings as JSON to standard error. It must
// run at most once in a process and be the last thing it does: the server keeps
// global state and, on a panic, ends the process by itself.
func Run(ctx context.Context, in io.Reader, out io.Writer) error {
	signal.Ignore(os.Interrupt) // Ctrl-C reaches parent and child; the parent decides
	input := json.NewDecoder(in)
	var settings rtc.MediaConfig
	if err := input.Decode(&settings); err != nil {
		return fmt.Errorf("reading the settings of the media process: %w", err)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		var nothing any
		_ = input.Decode(&nothing) // returns when the parent is gone
		cancel()
	}()
	server, ready, err := start(settings)
	if err != nil {
		return fmt.Errorf("starting the media server: %w", err)
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Start() }()
	if err := running(ctx, server, failed); err != nil {
		return fmt.Errorf("starting the media server: %w", err)
	}
	if err := json.NewEncoder(out).Encode(ready); err != nil {
		return fmt.Errorf("telling that the media server is ready: %w", err)
	}
	select {
	case err := <-failed:
		return fmt.Errorf("the media server ended: %w", err)
	case <-ctx.Done():
		return stop(server)
	}
}

// start configures the server.
func start(s rtc.MediaConfig) (*service.LivekitServer, rtc.MediaReady, error) {
	s.NodeIP = s.NodeIP.Unmap() // browsers read 192.0.2.1 in STUN addresses, not ::ffff:192.0.2.1
	port, err := freeTCP()
	if err != nil {
		return nil, rtc.MediaReady{}, err
	}
	if s.UDPPort == 0 {
		if s.UDPPort, err = freeUDP(s.NodeIP); err != nil {
			return nil, rtc.MediaReady{}, err
		}
	}
	text, err := json.Marshal(settings(s, port)) // JSON is YAML, and quotes for us
	if err != nil {
		return nil, rtc.MediaReady{}, err
	}
	conf, err := config.NewConfig(string(text), true, nil, nil)
	if err != nil {
		return nil, rtc.MediaReady{}, err
	}
	config.InitLoggerFromConfig(&conf.Logging)
	node, err := routing.NewLocalNode(conf)
	if err != nil {
		return nil, rtc.MediaReady{}, err
	}
	if err := prometheus.Init(string(node.NodeID()), node.NodeType()); err != nil {
		return nil, rtc.MediaReady{}, err
	}
	server, err := service.InitializeServer(conf, node)
	return server, rtc.MediaReady{Addr: net.JoinHostPort(loopback, strconv.Itoa(port)), UDPPort: s.UDPPort}, err
}

const (
	loopback = "127.0.0.1"
	discard  = 9
)

// settings is LiveKit's configuration. Every line that is not its default has
// a reason:
//   - node_ip and stun_servers are ours, else the server asks, and names to
//     browsers, hosts of other people. Our address is known, so nobody needs
//     a STUN server: the one named is our discard port (RFC 863), which
//     answers nothing. It must not be the media port: browsers take what comes
//     from a STUN server for its answer, and pictures would never arrive;
//   - no TCP for media and no relay: both would listen on every address;
//   - rooms are made by [rtc.Engine.EnsureRoom] only, so a token that outlived
//     its consultation opens nothing;
//   - development mode would serve debugging pages.
func settings(s rtc.MediaConfig, port int) map[string]any {
	media := map[string]any{
		"node_ip":                   s.NodeIP.String(),
		"use_external_ip":           false,
		"stun_servers":              []string{netip.AddrPortFrom(s.NodeIP, discard).String()},
		"udp_port":                  s.UDPPort,
		"tcp_port":                  0,
		"allow_tcp_fallback":        false,
		"enable_loopback_candidate": s.NodeIP.IsLoopback(),
	}
	if own(s.NodeIP) { // not so behind a forwarding router
		only := netip.PrefixFrom(s.NodeIP, s.NodeIP.BitLen()).String()
		media["ips"] = map[string]any{"includes": []string{only}}
	}
	return map[string]any{
		"port":           port,
		"bind_addresses": []string{loopback},
		"keys":           map[string]string{s.Key: s.Secret},
		"logging":        map[string]any{"level": "warn", "json": true, "pion_level": "error"},
		"rtc":            media,
		"turn":           map[string]any{"enabled": false},
		"room":           map[string]any{"auto_create": false},
	}
}

// own reports whether ip is an address of this machine.
func own(ip netip.Addr) bool {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == ip.Unmap() {
			return true
		}
	}
	return false
}

// freeTCP returns a port nobody uses on loopback now. Should somebody take it
// before the server does, the process ends and its parent starts the next.
func freeTCP() (int, error) {
	l, err := net.Listen("tcp", net.JoinHostPort(loopback, "0"))
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

func freeUDP(ip netip.Addr) (uint16, error) {
	if !own(ip) {
		ip = netip.IPv4Unspecified()
	}
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, 0)))
	if err != nil {
		return 0, err
	}
	defer c.Close()
	return c.LocalAddr().(*net.UDPAddr).AddrPort().Port(), nil
}

// running waits until the server takes joins.
func running(ctx context.Context, server *service.LivekitServer, failed <-chan error) error {
	for !server.IsRunning() {
		select {
		case err := <-failed:
			return err
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
	return nil
}

// stop lets people leave, then sends them out, then gives up waiting.
func stop(server *service.LivekitServer) error {
	stopped := make(chan struct{}, 2)
	go func() { server.Stop(false); stopped <- struct{}{} }()
	select {
	case <-stopped:
		return nil
	case <-time.After(grace):
	}
	go func() { server.Stop(true); stopped <- struct{}{} }()
	select {
	case <-stopped:
		return nil
	case <-time.After(force):
		return errors.New("the media server does not stop")
	}
}

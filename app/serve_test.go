// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

// What the HTTP server says of connections names no address.
func TestServerLog(t *testing.T) {
	var out bytes.Buffer
	l := serverLog{slog.New(slog.NewTextHandler(&out, nil))}
	for _, line := range []string{"http: TLS handshake error from 192.168.1.7:51234: EOF\n", "http: x from [fe80::1%eth0]:443: reset\n", "http: y from [2001:db8::7]:80: reset\n"} {
		out.Reset()
		if _, err := l.Write([]byte(line)); err != nil {
			t.Fatal(err)
		}
		if got := out.String(); strings.ContainsAny(strings.SplitN(got, "error=", 2)[1], "0123456789[") || !strings.Contains(got, "http: ") {
			t.Errorf("%q became %s", line, got)
		}
	}
}

func TestReachable(t *testing.T) {
	for _, c := range []struct {
		config Config
		addr   string
		https  bool
	}{
		{Config{Addr: anyAddr}, anyAddr, false},
		{Config{Addr: anyAddr, LAN: true}, "0.0.0.0:8443", true},
		{Config{Addr: "127.0.0.1:9", LAN: true}, "127.0.0.1:9", true},
		{Config{Addr: anyAddr, TLSProxy: true}, anyAddr, true},
	} {
		if c.config.reachable(); c.config.Addr != c.addr || c.config.https() != c.https {
			t.Errorf("%s: %s, https %t", c.config, c.config.Addr, c.config.https())
		}
	}
}

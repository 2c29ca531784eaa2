// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nortc

package media

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"
)

// peer is a device that has said hello and no more: the signalling half of a
// join, over a WebSocket (RFC 6455) read by hand.
type peer struct {
	conn net.Conn
	r    *bufio.Reader
}

// join knocks at the door and returns the answer's status.
func join(t *testing.T, base, path, token string) (*peer, int) {
	t.Helper()
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	q := url.Values{"access_token": {token}, "protocol": {"16"}, "sdk": {"js"}, "version": {"2.23.0"}, "auto_subscribe": {"1"}}
	fmt.Fprintf(conn, "GET %s?%s HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nCookie: session=secret\r\n\r\n", path, q.Encode(), u.Host)
	r := bufio.NewReader(conn)
	res, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	return &peer{conn, r}, res.StatusCode
}

// frame reads one WebSocket frame; a server sends them unmasked.
func (p *peer) frame() (op byte, body []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(p.r, head[:]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		var b [2]byte
		_, err = io.ReadFull(p.r, b[:])
		n = uint64(binary.BigEndian.Uint16(b[:]))
	case 127:
		var b [8]byte
		_, err = io.ReadFull(p.r, b[:])
		n = binary.BigEndian.Uint64(b[:])
	}
	if err != nil {
		return 0, nil, err
	}
	body = make([]byte, n)
	_, err = io.ReadFull(p.r, body)
	return head[0] & 0x0f, body, err
}

// message returns the next binary message, the first being the join reply.
func (p *peer) message(t *testing.T) []byte {
	t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		op, body, err := p.frame()
		if err != nil {
			t.Fatalf("waiting for a message: %v", err)
		}
		if op == 2 {
			return body
		}
	}
}

// ends waits until the server has hung up.
func (p *peer) ends(t *testing.T) {
	t.Helper()
	p.conn.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		op, _, err := p.frame()
		if ne, ok := err.(net.Error); ok && ne.Timeout() {
			t.Fatal("the line is still open")
		}
		if err != nil || op == 8 {
			return
		}
	}
}

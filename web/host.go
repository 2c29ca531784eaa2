// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"mach/issue"
)

// OwnAddress is our address as it goes into answers, "https://mach.example.vn",
// without a slash at the end: what the operator says (Options.URL), else the
// name that the asker used, which is one of ours.
func OwnAddress(r *http.Request) string {
	if m := visitOf(r.Context()).mux; m != nil && m.opt.URL != "" {
		return strings.TrimRight(m.opt.URL, "/")
	}
	if Secure(r) {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// named refuses a request that calls us by a name that is not ours: the header
// Host is the asker's to choose, and links made from it would lead elsewhere.
// Ours are the name in Options.URL, the names of this machine to itself, and the
// address at which the connection arrived.
func (m *Mux) named(r *http.Request) error {
	host := hostOf(r.Host)
	if u, err := url.Parse(m.opt.URL); err == nil && u.Host != "" && strings.EqualFold(host, u.Hostname()) {
		return nil
	}
	if h := strings.ToLower(host); h == "localhost" || strings.HasSuffix(h, ".localhost") { // RFC 6761, section 6.3
		return nil
	}
	at, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return nil // no connection: from inside the process
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		arrived, err := netip.ParseAddrPort(at.String())
		if ip = ip.Unmap().WithZone(""); ip.IsLoopback() || err == nil && ip == arrived.Addr().Unmap().WithZone("") {
			return nil
		}
	}
	return issue.New(issue.Invalid, "web.fail.host")
}

// hostOf is the name in a Host header, without port and brackets.
func hostOf(header string) string {
	host, _, err := net.SplitHostPort(header)
	if err != nil {
		host = header
	}
	return strings.TrimSuffix(strings.Trim(host, "[]"), ".")
}

// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"syscall"

	"mach/issue"
	"mach/web"
)

// maxReply is how much of a receiver's answer is read; nobody looks at it.
const maxReply = 64 << 10

// letter is one notification on its way.
type letter struct {
	method, url string
	body        string // "" = none
	headers     []string
	number      int64 // the last event in it; 0 = none
	id          string
}

// post carries letters. It is safe for concurrent use.
type post struct{ client *http.Client }

// newPost makes the post of all deliveries.
func newPost(private bool) post { return post{web.Outgoing(private)} }

// send delivers a letter; "" when the receiver took it, else a short word for
// why not, without what was sent or where to.
func (p post) send(ctx context.Context, l letter) string {
	r, err := http.NewRequestWithContext(ctx, l.method, l.url, strings.NewReader(l.body))
	if err != nil {
		return "address"
	}
	for _, h := range l.headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	r.Header.Set("User-Agent", "Mach")
	r.Header.Set("X-Subscription", l.id)
	if l.number > 0 {
		r.Header.Set("X-Event-Number", strconv.FormatInt(l.number, 10))
	}
	if l.body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
	answer, err := p.client.Do(r)
	if err != nil {
		return wordFor(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, maxReply)) // the status said it all
	if answer.StatusCode/100 == 2 {
		return ""
	}
	return fmt.Sprintf("HTTP %d", answer.StatusCode)
}

// wordFor names a failure without addresses.
func wordFor(err error) string {
	var dns *net.DNSError
	var cert *tls.CertificateVerificationError
	var timeout net.Error
	switch {
	case errors.Is(err, web.ErrPrivate):
		return "private address"
	case errors.As(err, &dns):
		return "name not found"
	case errors.As(err, &cert):
		return "certificate"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	}
	return "connection"
}

// methods of a letter.
const (
	methodPost = http.MethodPost
	methodPut  = http.MethodPut
)

// reachable refuses an endpoint that we would not send to, as far as its
// address shows it; the rest is refused when it is dialled.
func (m *Module) reachable(endpoint string) error {
	bad := issue.New(issue.Value, "subscription.endpoint").At("Subscription.channel.endpoint")
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" || len(endpoint) > maxCriteria {
		return bad
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && m.private) {
		return bad
	}
	if m.private {
		return nil
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if ip, err := netip.ParseAddr(host); err == nil && !web.OnInternet(ip) || host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return issue.New(issue.Value, "subscription.endpoint.private").At("Subscription.channel.endpoint")
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mach/content"
	"mach/i18n"
	"mach/web"
)

// TestOwnNames: only names that are ours are answered, and what we say of
// ourselves is what the operator said.
func TestOwnNames(t *testing.T) {
	words, err := content.Catalogue()
	if err != nil {
		t.Fatal(err)
	}
	serve := func(own string) *httptest.Server {
		mux := web.New(web.Options{Catalogue: words, URL: own})
		mux.Get("/ai", web.Public, func(w http.ResponseWriter, r *http.Request) error {
			_, err := io.WriteString(w, web.OwnAddress(r))
			return err
		})
		s := httptest.NewServer(mux)
		t.Cleanup(s.Close)
		return s
	}
	ask := func(s *httptest.Server, host string) (int, string) {
		r, _ := http.NewRequest(http.MethodGet, s.URL+"/ai", nil)
		r.Host = host
		r.Header.Set("Accept-Language", string(i18n.English))
		w, err := s.Client().Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = w.Body.Close() }()
		b, err := io.ReadAll(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		return w.StatusCode, string(b)
	}
	plain, told := serve(""), serve("https://mach.example.vn/")
	_, port, _ := net.SplitHostPort(plain.Listener.Addr().String())
	for host, ok := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:" + port: true, "localhost:1": true, "LOCALHOST.": true, "mach.localhost": true, "[::1]:80": true, "[::ffff:127.0.0.1]": true,
		"evil.example": false, "127.0.0.1.evil.example": false, "localhost.evil.example": false, "192.0.2.7": false, "[2001:db8::1]:80": false,
		"mach.example.vn": false, "evil@localhost": false, "notlocalhost": false,
	} {
		if code, body := ask(plain, host); ok != (code == http.StatusOK) || ok != (body == "http://"+host) || strings.Contains(body, "evil") {
			t.Errorf("%s: %d %.200s", host, code, body)
		}
	}
	for host, ok := range map[string]bool{"mach.example.vn": true, "MACH.example.vn:443": true, "127.0.0.1": true, "evil.example": false, "mach.example.vn.evil.example": false} {
		if code, body := ask(told, host); ok != (code == http.StatusOK) || ok != (body == "https://mach.example.vn") {
			t.Errorf("with an address of its own, %s: %d %.200s", host, code, body)
		}
	}
}

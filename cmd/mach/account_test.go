// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"mach/access"
)

// The first account of an installation opens its door, and the page that makes
// the other accounts. What is refused leaves no account behind.
func TestFirstAccount(t *testing.T) {
	eachDatabase(t, func(t *testing.T, dir string, database []string) {
		account := func(more ...string) result {
			return mach(t, with(database, append([]string{"account", "--data", dir, "--login", "quantri", "--name", "Nguyễn Văn A"}, more...)...)...)
		}
		account("--role", "nurse").want(t, 2)
		account("--unit", "99999").want(t, 2)
		type signIn struct {
			Login, Password string
			Secret          string `json:"totp_secret"`
		}
		made := lines[signIn](t, account().want(t, 0).out)[0]
		account().want(t, 1) // the login is taken
		s := serve(t, dir, database...)
		code, err := access.CodeAt(made.Secret, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		jar, err := cookiejar.New(nil)
		if err != nil {
			t.Fatal(err)
		}
		browser := &http.Client{Jar: jar}
		res, err := browser.PostForm(s.URL+"/sign-in", url.Values{"login": {made.Login}, "password": {made.Password}, "totp": {code}})
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res, err = browser.Get(s.URL + "/tai-khoan/quan-ly"); err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		page, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(page), "Nguyễn Văn A") {
			t.Errorf("the administrator's page: %d, %v: %.300s", res.StatusCode, err, page)
		}
	})
}

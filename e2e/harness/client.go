// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"
)

// Client sends forms and reads pages as one signed-in person.
type Client struct {
	s    *Server
	http *http.Client
}

// Answer is where a request ended.
type Answer struct {
	Status int
	Path   string // with query
	Body   string
}

// Get reads a page.
func (c *Client) Get(t testing.TB, path string) Answer {
	t.Helper()
	for {
		r, err := c.http.Get(c.s.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		a := answerOf(t, r)
		if a.Status != http.StatusTooManyRequests {
			return a
		}
		time.Sleep(time.Second) // faster than people read
	}
}

// Post sends a form of names and values and follows it to the next page; a
// refusal fails the test.
func (c *Client) Post(t testing.TB, path string, values ...string) Answer {
	t.Helper()
	a := c.Try(t, path, values...)
	if a.Status >= 400 {
		t.Fatalf("POST %s %v: status %d at %s\n%s", path, values, a.Status, a.Path, words(a.Body))
	}
	return a
}

// Try is Post for a form that may be refused.
func (c *Client) Try(t testing.TB, path string, values ...string) Answer {
	t.Helper()
	form := url.Values{"_once": {rand.Text()}}
	for i := 0; i+1 < len(values); i += 2 {
		form.Add(values[i], values[i+1])
	}
	r, err := c.http.PostForm(c.s.URL+path, form)
	if err != nil {
		t.Fatal(err)
	}
	return answerOf(t, r)
}

func answerOf(t testing.TB, r *http.Response) Answer {
	t.Helper()
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return Answer{r.StatusCode, r.Request.URL.RequestURI(), string(b)}
}

// ID is the last part of the path the answer ended at.
func (a Answer) ID() string {
	path, _, _ := strings.Cut(a.Path, "?")
	return path[strings.LastIndexByte(path, '/')+1:]
}

// words are the first words of a page, without its tags.
func words(body string) string {
	if _, rest, ok := strings.Cut(body, "<main"); ok {
		body = rest
	}
	var b strings.Builder
	in := true
	for _, r := range body {
		switch {
		case r == '<':
			in = true
		case r == '>':
			in = false
			b.WriteByte(' ')
		case !in:
			b.WriteRune(r)
		}
	}
	text := []rune(strings.Join(strings.Fields(b.String()), " "))
	return string(text[:min(len(text), 500)])
}

// FHIR sends a resource to the FHIR interface and returns the answer; a refusal
// fails the test.
func (s *Server) FHIR(t testing.TB, token, method, path string, resource any) map[string]any {
	t.Helper()
	var body io.Reader
	if resource != nil {
		b, err := json.Marshal(resource)
		if err != nil {
			t.Fatal(err)
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(t.Context(), method, s.URL+"/fhir"+path, body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/fhir+json")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	a := answerOf(t, got)
	if a.Status >= 300 {
		t.Fatalf("%s /fhir%s: status %d\n%s", method, path, a.Status, a.Body)
	}
	var out map[string]any
	if err := json.Unmarshal([]byte(a.Body), &out); err != nil {
		t.Fatalf("%s /fhir%s answered no JSON: %v", method, path, err)
	}
	return out
}

// Nobody is a client that has not signed in.
func (s *Server) Nobody(t testing.TB) *Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{s: s, http: &http.Client{Jar: jar, Timeout: 20 * time.Second}}
}

// Kind asks for an address and returns status and media type; the body is left
// unread, since it may never end.
func (c *Client) Kind(t testing.TB, path string) (status int, kind string) {
	t.Helper()
	r, err := c.http.Get(c.s.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	return r.StatusCode, r.Header.Get("Content-Type")
}

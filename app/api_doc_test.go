// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"mach/access"
	"mach/store/storetest"
)

// TestExamplesOfTheDocument runs every example of docs/api.md, in order, against
// one server on each database. An example is a block marked http:
//
//	GET /fhir/Patient/«person»
//	Prefer: return=minimal
//
//	{"the":"body, if any"}
//
//	HTTP 200
//	ETag: W/"1"
//
//	{"resourceType":"Patient"}
//
// An answer may have more members than the example. … in a string stands for
// anything; «name» in an answer keeps what stands there, and puts it into what
// is asked and expected after it. An answer 202 that says when to ask again is
// asked again where the example has another.
func TestExamplesOfTheDocument(t *testing.T) {
	text, err := os.ReadFile("../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := httpBlocks(string(text))
	if len(examples) < 5 {
		t.Fatalf("only %d examples", len(examples))
	}
	storetest.EachPlace(t, func(t *testing.T, p storetest.Place) {
		w := newWorld(t, p)
		server := httptest.NewServer(w.mux)
		t.Cleanup(server.Close)
		token, err := w.app.Access.Tokens.Issue(t.Context(), system(), access.Grant{Scopes: "system/*.cruds", TTL: time.Hour})
		w.ok(err)
		r := &reader{server: server, token: token, known: map[string]string{"base": server.URL}}
		for _, e := range examples {
			if err := r.run(e); err != nil {
				t.Errorf("docs/api.md line %d: %v", e.line, err)
			}
		}
		t.Logf("%d examples", len(examples))
	})
}

// example is one block: what is asked and what is answered.
type example struct {
	line          int
	asked, answer message
}

// message is a first line, header lines and a body.
type message struct {
	first  string
	header [][2]string
	body   string
}

func httpBlocks(text string) (out []example) {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		if lines[i] != "```http" {
			continue
		}
		begin, second := i+1, -1
		for i++; i < len(lines) && lines[i] != "```"; i++ {
			if second < 0 && strings.HasPrefix(lines[i], "HTTP ") {
				second = i
			}
		}
		if second > 0 {
			out = append(out, example{begin + 1, messageOf(lines[begin:second]), messageOf(lines[second:i])})
		}
	}
	return out
}

func messageOf(lines []string) (m message) {
	m.first = lines[0]
	rest := lines[1:]
	for len(rest) > 0 && rest[0] != "" && !strings.ContainsAny(rest[0][:1], "{[") {
		name, value, _ := strings.Cut(rest[0], ": ")
		m.header = append(m.header, [2]string{name, value})
		rest = rest[1:]
	}
	m.body = strings.TrimSpace(strings.Join(rest, "\n"))
	return m
}

// reader tries the examples as somebody would who reads the document.
type reader struct {
	server *httptest.Server
	token  string
	known  map[string]string
}

var variable = regexp.MustCompile(`«(\w+)»`)

// filled puts in what is known.
func (r *reader) filled(s string) string {
	return variable.ReplaceAllStringFunc(s, func(v string) string {
		if known, ok := r.known[strings.Trim(v, "«»")]; ok {
			return known
		}
		return v
	})
}

func (r *reader) run(e example) error {
	method, target, _ := strings.Cut(r.filled(e.asked.first), " ")
	if !strings.HasPrefix(target, "http") {
		target = r.server.URL + target
	}
	req, err := http.NewRequest(method, strings.ReplaceAll(target, "|", "%7C"), strings.NewReader(r.filled(e.asked.body)))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+r.token)
	if e.asked.body != "" {
		req.Header.Set("Content-Type", "application/fhir+json")
	}
	for _, h := range e.asked.header {
		req.Header.Set(h[0], r.filled(h[1]))
	}
	want := strings.Fields(e.answer.first)[1]
	res, body, err := r.ask(req, want)
	if err != nil {
		return err
	}
	if want != fmt.Sprint(res.StatusCode) {
		return fmt.Errorf("%s %s: %d, not %s: %.400s", method, target, res.StatusCode, want, body)
	}
	for _, h := range e.answer.header {
		if err := r.match(h[1], res.Header.Get(h[0]), h[0]); err != nil {
			return err
		}
	}
	if e.answer.body == "" {
		return nil
	}
	if !strings.ContainsAny(e.answer.body[:1], "{[") || strings.Contains(res.Header.Get("Content-Type"), "ndjson") {
		return r.lines(e.answer.body, string(body))
	}
	var expected, got any
	if err := json.Unmarshal([]byte(e.answer.body), &expected); err != nil {
		return fmt.Errorf("the example's answer: %w", err)
	}
	if err := json.Unmarshal(body, &got); err != nil {
		return err
	}
	if err := r.same(expected, got, ""); err != nil {
		return fmt.Errorf("%w in %.600s", err, body)
	}
	return nil
}

// ask sends a request without a body as long as the answer is to ask again and
// another is wanted.
func (r *reader) ask(req *http.Request, want string) (res *http.Response, body []byte, err error) {
	for range 200 {
		if res, err = r.server.Client().Do(req); err != nil {
			return nil, nil, err
		}
		body, err = io.ReadAll(res.Body)
		if err = errors.Join(err, res.Body.Close()); err != nil || req.Method != http.MethodGet ||
			want == "202" || res.StatusCode != http.StatusAccepted || res.Header.Get("Retry-After") == "" {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	return res, body, err
}

// lines compares text line by line.
func (r *reader) lines(want, got string) error {
	have := bufio.NewScanner(strings.NewReader(got))
	for i, line := range strings.Split(want, "\n") {
		if !have.Scan() {
			return fmt.Errorf("line %d is missing", i+1)
		}
		if err := r.match(line, have.Text(), fmt.Sprintf("line %d", i+1)); err != nil {
			return err
		}
	}
	return nil
}

// same compares JSON: got may have more members, not more elements.
func (r *reader) same(want, got any, at string) error {
	switch want := want.(type) {
	case map[string]any:
		have, ok := got.(map[string]any)
		if !ok {
			return fmt.Errorf("%s is no object", at)
		}
		for name, w := range want {
			if err := r.same(w, have[name], path.Join(at, name)); err != nil {
				return err
			}
		}
		return nil
	case []any:
		have, ok := got.([]any)
		if !ok || len(have) != len(want) && !more(want) || len(have) < len(want)-1 {
			return fmt.Errorf("%s has not the %d elements that were expected", at, len(want))
		}
		for i, w := range want {
			if w == "…" {
				break
			}
			if err := r.same(w, have[i], fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
		return nil
	case string:
		have, ok := got.(string)
		if !ok {
			return fmt.Errorf("%s is %v, not %q", at, got, want)
		}
		return r.match(want, have, at)
	}
	a, _ := json.Marshal(want)
	b, _ := json.Marshal(got)
	if !bytes.Equal(a, b) {
		return fmt.Errorf("%s is %s, not %s", at, b, a)
	}
	return nil
}

// more reports whether an array of an example ends with "…".
func more(want []any) bool { return len(want) > 0 && want[len(want)-1] == "…" }

// match compares text: … is anything, «name» is kept.
func (r *reader) match(want, got, at string) error {
	var pattern strings.Builder
	var names []string
	rest := r.filled(want)
	for rest != "" {
		i := strings.IndexAny(rest, "…«")
		if i < 0 {
			i = len(rest)
		}
		pattern.WriteString(regexp.QuoteMeta(rest[:i]))
		rest = rest[i:]
		switch {
		case strings.HasPrefix(rest, "…"):
			pattern.WriteString(`(?s:.*)`)
			rest = strings.TrimPrefix(rest, "…")
		case rest != "":
			end := strings.Index(rest, "»")
			names = append(names, strings.TrimPrefix(rest[:end], "«"))
			pattern.WriteString(`([^/?&"]+)`)
			rest = strings.TrimPrefix(rest[end:], "»")
		}
	}
	found := regexp.MustCompile(`^` + pattern.String() + `$`).FindStringSubmatch(got)
	if found == nil {
		return fmt.Errorf("%s is %q, not %q", at, got, want)
	}
	for i, name := range names {
		r.known[name] = found[i+1]
	}
	return nil
}

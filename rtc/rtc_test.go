// SPDX-License-Identifier: Apache-2.0

package rtc

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"mach/issue"
)

// TestMain is also a media process of the kind its second argument names.
func TestMain(m *testing.M) {
	if len(os.Args) > 2 && os.Args[1] == "child" {
		child(os.Args[2])
		return
	}
	os.Exit(m.Run())
}

// child plays a media process that behaves, dies at once, or does not
// end when told.
func child(kind string) {
	var c MediaConfig
	in := json.NewDecoder(os.Stdin)
	if err := in.Decode(&c); err != nil || len(c.Secret) < 32 {
		os.Exit(3)
	}
	if kind == "dies" {
		os.Exit(1)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s cookie=%q authorization=%q", r.URL.Path, r.Header.Get("Cookie"), r.Header.Get("Authorization"))
	}))
	fmt.Println("a line that is not the ready line")
	_ = json.NewEncoder(os.Stdout).Encode(MediaReady{Addr: strings.TrimPrefix(srv.URL, "http://"), UDPPort: 1})
	var nothing any
	_ = in.Decode(&nothing)
	if kind == "deaf" {
		select {}
	}
}

func embedded(t *testing.T, kind string) *Engine {
	t.Helper()
	e, err := Open(Config{Command: []string{os.Args[0], "child", kind}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func until(t *testing.T, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for !ok() {
		if time.Now().After(deadline) {
			t.Fatal("waited a minute in vain")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func get(h http.Handler, method, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Header.Set("Cookie", "session=secret")
	r.Header.Set("Authorization", "Bearer secret")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestProcessIsStartedAgain(t *testing.T) {
	e := embedded(t, "behaves")
	if err := e.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	first := e.Process()
	p, err := os.FindProcess(first)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return e.Up() && e.Process() != first })
}

func TestDownMeansTryLater(t *testing.T) {
	e := embedded(t, "dies")
	time.Sleep(50 * time.Millisecond)
	err := e.EnsureRoom(t.Context(), "hc-1")
	if !issue.Is(err, issue.Timeout) || issue.Status(err) != http.StatusServiceUnavailable {
		t.Errorf("EnsureRoom while down: %v", err)
	}
	w := get(e.Proxy(), "GET", "/rtc")
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("the door while down: %d, Retry-After %q", w.Code, w.Header().Get("Retry-After"))
	}
	if e.Up() {
		t.Error("up while down")
	}
}

func TestCloseEndsEveryKind(t *testing.T) {
	for _, kind := range []string{"behaves", "dies", "deaf"} {
		e := embedded(t, kind)
		if kind != "dies" {
			until(t, e.Up)
		}
		began := time.Now()
		e.Close()
		if took := time.Since(began); took > stopLimit+time.Second {
			t.Errorf("%s: closing took %s", kind, took)
		}
		e.Close()
	}
}

func TestProxyLetsOnlySignallingIn(t *testing.T) {
	e := embedded(t, "behaves")
	until(t, e.Up)
	h := e.Proxy()
	for path, want := range map[string]int{
		"/rtc": 200, "/rtc/validate": 200, "/rtc/v1": 200, "/rtc/v1/validate": 200,
		"/rtc/": 404, "/rtc/v1/": 404, "/rtc//v1": 404, "/rtc/v2": 404, "/": 404,
		"/twirp/livekit.RoomService/ListRooms": 404, "/rtc/../twirp/x": 404, "/rtc%2F..%2Ftwirp": 404,
	} {
		w := get(h, "GET", path)
		if w.Code != want {
			t.Errorf("GET %s: %d, want %d", path, w.Code, want)
		}
		if strings.Contains(w.Body.String(), "secret") {
			t.Errorf("GET %s handed our session on: %s", path, w.Body)
		}
	}
	if w := get(h, "POST", "/rtc"); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST /rtc: %d", w.Code)
	}
}

func TestNone(t *testing.T) {
	open, err := Open(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range []*Engine{open, nil} {
		if e.Offered() || e.Up() || e.Process() != 0 || e.BrowserURL() != "" {
			t.Error("a site without rooms offers one")
		}
		_, err = e.Token(Grant{Room: "hc-1", Identity: "a"})
		for what, err := range map[string]error{
			"Token": err, "EnsureRoom": e.EnsureRoom(t.Context(), "hc-1"), "Ready": e.Ready(t.Context()),
		} {
			if !issue.Is(err, issue.NotSupported) {
				t.Errorf("%s: %v, want not-supported", what, err)
			}
		}
		e.Close()
	}
	if w := get(open.Proxy(), "GET", "/rtc"); w.Code != http.StatusNotFound {
		t.Errorf("the door: %d", w.Code)
	}
}

func TestTokenSaysWhatWasGranted(t *testing.T) {
	e := embedded(t, "dies")
	for _, publish := range []bool{true, false} {
		s, err := e.Token(Grant{Room: "hc-1", Identity: "acc~1", Publish: publish})
		if err != nil {
			t.Fatal(err)
		}
		b, err := base64.RawURLEncoding.DecodeString(strings.Split(s, ".")[1])
		if err != nil {
			t.Fatal(err)
		}
		var c map[string]any
		if err := json.Unmarshal(b, &c); err != nil {
			t.Fatal(err)
		}
		left := time.Until(time.Unix(int64(c["exp"].(float64)), 0))
		if left > TokenLife || left < TokenLife-2*time.Second {
			t.Errorf("good for %s", left)
		}
		delete(c, "exp")
		delete(c, "nbf")
		delete(c, "iss")
		want := fmt.Sprint(map[string]any{"sub": "acc~1", "video": map[string]any{
			"room": "hc-1", "roomJoin": true, "canPublish": publish, "canPublishData": publish, "canSubscribe": true}})
		if got := fmt.Sprint(c); got != want {
			t.Errorf("the token says %s, want %s", got, want)
		}
	}
}

func TestNamesNeverEnter(t *testing.T) {
	e := embedded(t, "behaves")
	until(t, e.Up)
	for _, g := range []Grant{
		{Room: "Nguyễn Văn A", Identity: "a"}, {Room: "hc-1", Identity: "Bà Lan"}, {Room: "", Identity: "a"},
		{Room: "hc-1", Identity: ""}, {Room: "hc 1", Identity: "a"}, {Room: strings.Repeat("a", 129), Identity: "a"},
	} {
		if _, err := e.Token(g); !issue.Is(err, issue.Invalid) {
			t.Errorf("Token(%v): %v, want invalid", g, err)
		}
	}
	if err := e.EnsureRoom(t.Context(), "Nguyễn Văn A"); !issue.Is(err, issue.Invalid) {
		t.Errorf("EnsureRoom: %v, want invalid", err)
	}
}

// An external server is asked at its own address and knows our key.
func TestExternal(t *testing.T) {
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Authorization"), "Bearer ey") {
			t.Errorf("%s came without a token", r.URL.Path)
		}
		asked = append(asked, strings.TrimPrefix(r.URL.Path, "/sub/twirp/livekit.RoomService/"))
		switch {
		case strings.HasSuffix(r.URL.Path, "/ListParticipants"):
			fmt.Fprint(w, `{"participants":[
				{"identity":"b~1","state":"ACTIVE","joined_at":"20","tracks":[]},
				{"identity":"a~1","state":"JOINED","joined_at":"10","tracks":[
					{"sid":"TR_v","type":"VIDEO"},{"sid":"TR_a","type":"AUDIO"}]}]}`)
		case strings.HasSuffix(r.URL.Path, "/MutePublishedTrack"):
			var in map[string]any
			_ = json.NewDecoder(r.Body).Decode(&in)
			if fmt.Sprint(in) != "map[identity:a~1 muted:true room:hc-1 track_sid:TR_a]" {
				t.Errorf("muting asks %v", in)
			}
			fmt.Fprint(w, "{}")
		case strings.HasSuffix(r.URL.Path, "/DeleteRoom"):
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"code":"not_found","msg":"requested room does not exist"}`)
		default:
			w.WriteHeader(http.StatusForbidden)
			fmt.Fprint(w, `{"code":"permission_denied","msg":"no"}`)
		}
	}))
	defer srv.Close()
	cfg, err := LiveKit("ws" + strings.TrimPrefix(srv.URL, "http") + "/sub/,key,secret-of-at-least-thirty-two-letters")
	if err != nil {
		t.Fatal(err)
	}
	cfg.Log = slog.New(slog.DiscardHandler)
	e, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if want := "ws" + strings.TrimPrefix(srv.URL, "http") + "/sub"; e.BrowserURL() != want {
		t.Errorf("browsers go to %s, want %s", e.BrowserURL(), want)
	}
	all, err := e.List(t.Context(), "hc-1")
	if err != nil || len(all) != 2 || all[0].Identity != "a~1" || all[0].Inside || !all[1].Inside {
		t.Errorf("inside: %v, %v; want a, still connecting, then b", all, err)
	}
	if err := e.Mute(t.Context(), "hc-1", "a~1"); err != nil {
		t.Error(err)
	}
	if err := e.CloseRoom(t.Context(), "hc-1"); err != nil {
		t.Errorf("closing what is not there: %v", err)
	}
	if err := e.EnsureRoom(t.Context(), "hc-1"); err == nil || issue.Of(err)[0].Code != issue.Exception {
		t.Errorf("a refusal came back as %v", err)
	}
	if got := strings.Join(asked, " "); got != "ListParticipants ListParticipants MutePublishedTrack DeleteRoom CreateRoom" {
		t.Errorf("asked %s", got)
	}
	srv.Close()
	if err := e.EnsureRoom(t.Context(), "hc-1"); !issue.Is(err, issue.Timeout) {
		t.Errorf("a server that is away: %v", err)
	}
}

func TestSettingsRefused(t *testing.T) {
	for _, s := range []string{"", "wss://h", "wss://h,k", "wss://h,,s", "wss://h,k,"} {
		if _, err := LiveKit(s); err == nil {
			t.Errorf("LiveKit(%q) was accepted", s)
		}
	}
	for _, c := range []Config{
		{URL: "ftp://h", Key: "k", Secret: "s"}, {URL: "wss://", Key: "k", Secret: "s"},
		{URL: "wss://u:p@h", Key: "k", Secret: "s"}, {URL: "wss://h"},
	} {
		if _, err := Open(c); err == nil {
			t.Errorf("Open(%+v) was accepted", c)
		}
	}
}

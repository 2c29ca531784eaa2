// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nortc

package telehealth

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"mach/rtc"
	"mach/rtc/media"
	"mach/store"
	"mach/web"
	"mach/web/assets"
)

// TestMain is also the media process, so that the room's test needs no other
// binary.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "media" {
		if err := media.Run(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// figures are what window.__room tells.
type figures struct {
	Phase  string
	Frames float64
	Energy float64
	Status string
	Tiles  string
}

// visitor is one person at one browser.
type visitor struct {
	t    *testing.T
	name string
	ctx  context.Context
}

func (v visitor) do(steps ...chromedp.Action[chromedp.Void]) {
	v.t.Helper()
	if err := chromedp.Do(v.ctx, steps...); err != nil {
		v.t.Fatalf("%s: %v", v.name, err)
	}
}

func (v visitor) figures() figures {
	v.t.Helper()
	f, err := chromedp.Run(v.ctx, chromedp.Evaluate[figures](`(async () => {
		const s = await window.__room.stats();
		const text = (q) => document.querySelector(q).innerText;
		return {Phase: window.__room.phase(), Frames: s.framesDecoded, Energy: s.audioEnergy,
			Status: text("[data-status]"), Tiles: text("[data-tiles]")};
	})()`, chromedp.EvalAwaitPromise, chromedp.EvalAsValue))
	if err != nil {
		v.t.Fatalf("%s: %v", v.name, err)
	}
	return f
}

// waits polls until ok holds.
func (v visitor) waits(limit time.Duration, what string, ok func(figures) bool) {
	v.t.Helper()
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		f := v.figures()
		if ok(f) {
			return
		}
		if time.Since(began) > limit {
			v.t.Fatalf("%s waited %s in vain for %s: %+v", v.name, limit, what, f)
		}
	}
}

// receives waits until picture and sound of the other arrive and go on.
func (v visitor) receives(limit time.Duration) {
	v.t.Helper()
	var first figures
	v.waits(limit, "picture and sound", func(f figures) bool {
		if first.Phase == "" && f.Phase == "in" && f.Frames > 0 && f.Energy > 0 {
			first = f
		}
		return first.Phase != "" && f.Frames > first.Frames+10 && f.Energy > first.Energy
	})
}

func visit(t *testing.T, name string) visitor {
	t.Helper()
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox,
		chromedp.Flag("use-fake-ui-for-media-stream", true), chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("allow-loopback-in-peer-connection", true))
	alloc, cancel := chromedp.NewExecAllocator(context.Background(), opts...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	ctx, cancel = context.WithTimeout(ctx, 2*time.Minute)
	t.Cleanup(cancel)
	return visitor{t, name, ctx}
}

// The real page, the real script, a real media process, two real browsers: they
// see and hear each other, find each other again after the process is killed
// (bar S6: 15 s), and the room closes with the case.
func TestRoomInBrowsers(t *testing.T) {
	if testing.Short() {
		t.Skip("two browsers take a while")
	}
	if _, err := exec.LookPath("chromium"); err != nil {
		t.Skip("there is no chromium")
	}
	if !assets.Open().Built() {
		t.Skip("make assets has not run")
	}
	each(t, func(t *testing.T, s scene) {
		if strings.HasSuffix(t.Name(), "postgres") {
			t.Skip("the room is the same on both databases")
		}
		e, err := rtc.Open(rtc.Config{Command: []string{os.Args[0], "media"}, Log: slog.New(slog.DiscardHandler), Stderr: t.Output()})
		s.ok(err)
		t.Cleanup(e.Close)
		s.Module.rooms = e
		site := func(who store.Actor) string {
			mux := web.New(web.Options{Catalogue: s.words, Sessions: &sessions{who}, Log: slog.New(slog.DiscardHandler)})
			s.Routes(mux)
			t.Cleanup(mux.Close)
			front := http.NewServeMux()
			front.Handle("/", mux)
			front.Handle("/rtc", e.Proxy())
			front.Handle("/rtc/", e.Proxy())
			srv := httptest.NewServer(front)
			t.Cleanup(srv.Close)
			return srv.URL
		}
		id := s.ask()
		s.ok(s.Accept(t.Context(), coordinator(), id, uuid.NewString(), "cg-minh"))
		a, b := visit(t, "doctor"), visit(t, "expert")
		for v, who := range map[visitor]store.Actor{a: doctor(), b: expert()} {
			// Large enough for the faces: what is out of sight is not sent.
			v.do(chromedp.EmulateViewport(1440, 1000), chromedp.Navigate(site(who)+"/hoi-chan/phong/"+id+"?lang=vi"), chromedp.Click("[data-enter]"))
		}
		a.receives(20 * time.Second)
		b.receives(20 * time.Second)
		if f := a.figures(); !strings.Contains(f.Tiles, "Lê Quang Minh") || !strings.Contains(f.Tiles, "Bạn") {
			t.Errorf("the doctor's tiles: %q", f.Tiles)
		}
		if got := s.one(doctor(), id).State; got != Live {
			t.Errorf("the expert is in the room, state %s", got)
		}

		b.do(chromedp.Click("[data-mic]"))
		a.waits(time.Minute, "the expert to be muted", func(f figures) bool { return strings.Contains(f.Tiles, "đang tắt tiếng") })
		b.do(chromedp.Click("[data-mic]"))
		a.waits(time.Minute, "the expert to be heard", func(f figures) bool { return !strings.Contains(f.Tiles, "đang tắt tiếng") })

		if err := syscall.Kill(e.Process(), syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		a.waits(time.Minute, "the line to break", func(f figures) bool { return f.Frames == 0 || f.Phase == "again" })
		a.receives(15 * time.Second)
		b.receives(15 * time.Second)
		t.Logf("both see and hear again %s after the kill", time.Since(began).Round(100*time.Millisecond))

		s.ok(s.Conclude(t.Context(), expert(), id, uuid.NewString(), "Theo dõi tiếp.", ""))
		s.ok(s.Decide(t.Context(), doctor(), id, uuid.NewString(), Follow, ""))
		for _, v := range []visitor{a, b} {
			v.waits(time.Minute, "the room to close", func(f figures) bool { return f.Phase == "closed" })
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"syscall"
	"time"

	"mach/demo"
	"mach/store"
)

// demonstration fills a folder with the province, once a run.
func (b *bench) demonstration(ctx context.Context) (string, error) {
	if b.folder != "" {
		return b.folder, nil
	}
	dir := b.fresh("demo")
	const people = 5000
	took, usage, err := b.fill(ctx, dir, people)
	if err != nil {
		return "", err
	}
	b.folder = dir
	used := time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	return dir, b.tell("demo.fill.time", took.Seconds(), "s", people,
		"mach demo --people %d, by the clock until views are filled; %.1f s of CPU, %d MB at most", people, used.Seconds(), usage.Maxrss/1024)
}

func (b *bench) fill(ctx context.Context, dir string, people int) (time.Duration, *syscall.Rusage, error) {
	cmd := exec.CommandContext(ctx, b.Bin, "demo", "--data", dir, "--people", fmt.Sprint(people), "--no-serve")
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	began := time.Now()
	if out, err := cmd.CombinedOutput(); err != nil {
		return 0, nil, fmt.Errorf("filling the demonstration: %w: %.500s", err, out)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, nil, errors.New("this system does not tell what a process used")
	}
	return time.Since(began), usage, nil
}

// demoMemory compares filling a small and a large province.
func (b *bench) demoMemory(ctx context.Context) error {
	var peak [2]int64
	for i, people := range []int{10_000, 50_000} {
		dir := b.fresh(fmt.Sprint("demo-", people))
		took, usage, err := b.fill(ctx, dir, people)
		if err != nil {
			return err
		}
		peak[i] = usage.Maxrss
		say("%d people in %s, %d MB at most", people, took.Round(time.Second), usage.Maxrss/1024)
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return b.tell("demo.memory.ratio", float64(peak[1])/float64(peak[0]), "ratio", 2,
		"memory at most while filling 50,000 people (%d MB) over 10,000 (%d MB)", peak[1]/1024, peak[0]/1024)
}

// province measures start, idle memory and pages on the demonstration.
func (b *bench) province(ctx context.Context) error {
	dir, err := b.demonstration(ctx)
	if err != nil {
		return err
	}
	if b.wanted("start.time") || b.wanted("memory.idle") {
		if err := b.starts(ctx, dir); err != nil {
			return err
		}
	}
	if !b.wanted("page") {
		return nil
	}
	s, err := b.serve(ctx, dir, nil, "--livekit", "none")
	if err != nil {
		return err
	}
	return errors.Join(b.pages(s, dir), s.stop())
}

// starts measures starts with live rooms, and what lies in memory afterwards.
func (b *bench) starts(ctx context.Context, dir string) error {
	const n = 5
	var took []time.Duration
	var used time.Duration
	var memory, media int64
	for i := range n {
		s, err := b.serve(ctx, dir, nil)
		if err != nil {
			return err
		}
		took, used = append(took, s.started), used+s.cpu()
		if i == n-1 {
			time.Sleep(5 * time.Second) // the media process is up, nobody asks
			memory = resident(s.PID)
			for _, child := range children(s.PID) {
				media += resident(child)
			}
		}
		if err := s.stop(); err != nil {
			return err
		}
	}
	slices.Sort(took)
	if err := b.tell("start.time", percentile(took, 0.5).Seconds(), "s", n,
		"from exec to the ready line, 5,000 people, with live rooms; median, longest %.2f s, %.2f s of CPU until then",
		took[n-1].Seconds(), used.Seconds()/n); err != nil {
		return err
	}
	return b.tell("memory.idle", float64(memory+media)/(1<<20), "MB", 1,
		"5 s after the start, 5,000 people: %d MB the server, %d MB the media process", memory>>20, media>>20)
}

// page is one of the pages that people have open all day.
type page struct {
	name string
	role store.Role
	path string
	// Where the path has an id: the first link that matches on path.
	link *regexp.Regexp
}

var pages = []page{
	{"station.today", store.Receptionist, "/tram", nil},
	{"station.reception", store.Receptionist, "/tram/tiep-don?q=ng", nil},
	{"station.visit", store.Doctor, "/tram", regexp.MustCompile(`/tram/luot-kham/[^"/?]+`)},
	{"station.person", store.Doctor, "/tram/tiep-don?q=ng", regexp.MustCompile(`/tram/nguoi/[^"/?]{30,}`)},
	{"surveillance.station", store.StationDirector, "/dich", nil},
	{"surveillance.province", store.CDC, "/dich", nil},
	{"surveillance.commune", store.CDC, "/dich", regexp.MustCompile(`/dich/xa/[^"]+`)},
	{"board.commune", store.StationDirector, "/bang", nil},
	{"board.province", store.CDC, "/bang", nil},
	{"board.nation", store.Ministry, "/bang", nil},
	{"telehealth.list", store.Doctor, "/hoi-chan", nil},
	{"peers.inbox", store.Nurse, "/mang", nil},
	{"book.home", store.Person, "/so", nil},
}

// pages measures what each page costs the server and the line.
func (b *bench) pages(s *server, dir string) error {
	people, err := demo.SignIns(dir)
	if err != nil {
		return err
	}
	browsers := map[store.Role]*browser{}
	for _, p := range pages {
		if !b.wanted("page." + p.name) {
			continue
		}
		if browsers[p.role] == nil {
			i := slices.IndexFunc(people, func(a demo.SignIn) bool { return a.Role == p.role })
			if i < 0 {
				return fmt.Errorf("the demonstration has no %s", p.role)
			}
			if browsers[p.role], err = become(s, people[i].Login); err != nil {
				return err
			}
		}
		if err := b.onePage(s, browsers[p.role], p); err != nil {
			return fmt.Errorf("page %s: %w", p.name, err)
		}
	}
	return nil
}

func (b *bench) onePage(s *server, w *browser, p page) error {
	const n, warm = 30, 3
	path, shown := p.path, p.path
	if p.link != nil {
		shown = p.link.String()
		html, _, err := w.get(path)
		if err != nil {
			return err
		}
		if path = p.link.FindString(html); path == "" {
			return fmt.Errorf("no link on %s", p.path)
		}
	}
	var html string
	var wire int
	var before time.Duration
	for i := range warm + n {
		if i == warm {
			before = s.settled()
		}
		var err error
		if html, wire, err = w.get(path); err != nil {
			return err
		}
	}
	used := s.settled() - before
	parts, err := w.parts(html)
	if err != nil {
		return err
	}
	if err := b.tell("page."+p.name+".cpu", milliseconds(used)/n, "ms", n, "%s as %s, %d kB of HTML", shown, p.role, len(html)/1000); err != nil {
		return err
	}
	return b.tell("page."+p.name+".bytes", float64(wire+parts), "bytes", 1, "compressed: HTML %d, CSS and JS %d (kept by the browser for a year)", wire, parts)
}

// browser is one signed-in person.
type browser struct {
	http *http.Client
	base string
}

// become signs in through the role switcher of the demonstration.
func become(s *server, login string) (*browser, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	w := &browser{client(), s.URL}
	w.http.Jar = jar
	res, err := w.http.PostForm(w.base+"/vai", url.Values{"login": {login}})
	if err != nil {
		return nil, err
	}
	if err := res.Body.Close(); err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK || res.Request.URL.Path == "/vai" {
		return nil, fmt.Errorf("signing in as %s: %s at %s", login, res.Status, res.Request.URL.Path)
	}
	return w, nil
}

// get returns a page and its size on the line.
func (w *browser) get(path string) (html string, wire int, err error) {
	req, err := http.NewRequest(http.MethodGet, w.base+path, nil)
	if err != nil {
		return "", 0, err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := w.http.Do(req)
	if err != nil {
		return "", 0, err
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return "", 0, err
	}
	if res.StatusCode != http.StatusOK {
		return "", 0, fmt.Errorf("%s: %s", path, res.Status)
	}
	wire = len(body)
	if res.Header.Get("Content-Encoding") == "gzip" {
		plain, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return "", 0, err
		}
		if body, err = io.ReadAll(plain); err != nil {
			return "", 0, err
		}
	}
	return string(body), wire, nil
}

var assetLink = regexp.MustCompile(`(?:href|src)="(/static/[^"]+\.(?:css|js))"`)

// parts is the size on the line of a page's styles and scripts.
func (w *browser) parts(html string) (int, error) {
	sum, seen := 0, map[string]bool{}
	for _, m := range assetLink.FindAllStringSubmatch(html, -1) {
		if seen[m[1]] {
			continue
		}
		seen[m[1]] = true
		_, wire, err := w.get(m[1])
		if err != nil {
			return 0, err
		}
		sum += wire
	}
	if sum == 0 {
		return 0, errors.New("the page has no styles: was the binary built by make build?")
	}
	return sum, nil
}

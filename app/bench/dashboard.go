// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"mach/app"
	"mach/content"
	"mach/demo"
	"mach/modules/station"
	"mach/store"
)

// How many visits are signed off: ten times what all stations of the country
// sign together.
const (
	visitsASecond = 50
	visitSeconds  = 20
	visitCount    = visitsASecond * visitSeconds
)

// dashboard measures from the doctor's sign-off until the board of the ministry,
// woken by its live stream, shows one visit more. Visits go through the
// station's own services with the real policies; the board through HTTP.
func (b *bench) dashboard(ctx context.Context) error {
	dir, err := b.demonstration(ctx)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	a, err := app.Open(ctx, app.Config{Data: dir, Addr: "127.0.0.1:0", Metrics: "127.0.0.1:0", Level: "error"}, quietly{})
	if err != nil {
		return err
	}
	reader, writer := io.Pipe()
	served := make(chan error, 1)
	go func() { served <- a.Serve(ctx, writer) }()
	var ready app.Ready
	if err := json.NewDecoder(reader).Decode(&ready); err != nil {
		return errors.Join(err, a.Close())
	}
	err = b.visits(ctx, a, &server{Ready: ready}, dir)
	stop()
	return errors.Join(err, <-served, a.Close())
}

func (b *bench) visits(ctx context.Context, a *app.App, s *server, dir string) error {
	desk, err := actorOf(a, s, dir, store.Receptionist)
	if err != nil {
		return err
	}
	doctor, err := actorOf(a, s, dir, store.Doctor)
	if err != nil {
		return err
	}
	st := station.New(a.Store, a.Units, content.Diagnoses(), time.Now)
	waiting, err := arrivals(ctx, st, desk, doctor)
	if err != nil {
		return err
	}
	watch, err := openBoard(ctx, s, dir)
	if err != nil {
		return err
	}
	pressed, failed := signAll(ctx, st, doctor, waiting)
	shown := watch.until(len(pressed), 10*time.Second)
	if failed != nil || len(shown) < len(pressed) {
		return errors.Join(failed, fmt.Errorf("%d of %d visits reached the board", len(shown), len(pressed)))
	}
	slices.SortFunc(pressed, time.Time.Compare)
	delays := make([]time.Duration, len(pressed))
	for i := range pressed {
		delays[i] = shown[i].Sub(pressed[i])
	}
	slices.Sort(delays)
	rate := float64(len(pressed)) / pressed[len(pressed)-1].Sub(pressed[0]).Seconds()
	for _, p := range []struct {
		name  string
		share float64
	}{{"p50", 0.5}, {"p99", 0.99}} {
		if err := b.tell("visit.to.dashboard."+p.name, percentile(delays, p.share).Seconds(), "s", len(delays),
			"%.0f sign-offs a second for %d s at one station; the board is woken by its stream and asks again by HTTP; longest %.2f s",
			rate, visitSeconds, delays[len(delays)-1].Seconds()); err != nil {
			return err
		}
	}
	return nil
}

// actorOf signs somebody of the demonstration in and returns who that is.
func actorOf(a *app.App, s *server, dir string, role store.Role) (store.Actor, error) {
	w, err := signIn(s, dir, role)
	if err != nil {
		return store.Actor{}, err
	}
	req, err := http.NewRequest(http.MethodGet, s.URL+"/", nil)
	if err != nil {
		return store.Actor{}, err
	}
	for _, c := range w.http.Jar.Cookies(req.URL) {
		req.AddCookie(c)
	}
	session, err := a.Access.Sessions.Resolve(req)
	return session.Actor, err
}

func signIn(s *server, dir string, role store.Role) (*browser, error) {
	people, err := demo.SignIns(dir)
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(people, func(p demo.SignIn) bool { return p.Role == role })
	if i < 0 {
		return nil, fmt.Errorf("the demonstration has no %s", role)
	}
	return become(s, people[i].Login)
}

// arrivals opens and examines the visits, ready to be signed.
func arrivals(ctx context.Context, st *station.Module, desk, doctor store.Actor) ([]string, error) {
	seen := map[string]bool{}
	var people []string
	for _, letter := range strings.Fields("n t l p h v d b c m q a k x s y u g o e i r") {
		found, err := st.Find(ctx, asked(desk), letter, visitCount)
		if err != nil {
			return nil, err
		}
		for _, p := range found {
			if !seen[p.Patient] && len(people) < visitCount {
				seen[p.Patient] = true
				people = append(people, p.Patient)
			}
		}
	}
	visits := make([]string, len(people))
	_, err := each(len(people), 4, func(i int) error {
		id, err := st.Arrive(ctx, asked(desk), people[i], uuid.NewString())
		if err != nil {
			return err
		}
		v, err := st.Visit(ctx, asked(doctor), id)
		if err != nil {
			return err
		}
		visits[i] = id
		return st.Examine(ctx, asked(doctor), id, v.Version, uuid.NewString(), cold())
	})
	return visits, err
}

// cold is what the doctor of the bench writes.
func cold() station.Exam {
	return station.Exam{
		Reason: "Ho, sốt nhẹ", Diagnoses: []station.Diagnosis{{Code: "J06.9", Words: "Nhiễm trùng hô hấp trên cấp"}},
		Medicines: []station.Medicine{{Name: "Paracetamol 500 mg", Dose: "1 viên khi sốt"}}, Advice: "Uống nhiều nước",
	}
}

// asked is an actor in a request of its own, as each page is.
func asked(a store.Actor) store.Actor {
	a.Request = uuid.NewString()
	return a
}

// signAll signs the visits at the rate and returns when each was pressed.
func signAll(ctx context.Context, st *station.Module, doctor store.Actor, visits []string) ([]time.Time, error) {
	var (
		mu      sync.Mutex // guards pressed, failed
		pressed []time.Time
		failed  error
		all     sync.WaitGroup
	)
	clock := time.NewTicker(time.Second / visitsASecond)
	defer clock.Stop()
	for _, id := range visits {
		<-clock.C
		all.Go(func() {
			v, err := st.Visit(ctx, asked(doctor), id)
			at := time.Now()
			if err == nil {
				err = st.Sign(ctx, asked(doctor), id, v.Version, uuid.NewString(), cold())
			}
			mu.Lock()
			defer mu.Unlock()
			if failed = errors.Join(failed, err); err == nil {
				pressed = append(pressed, at)
			}
		})
	}
	all.Wait()
	return pressed, failed
}

// board is an open dashboard.
type board struct {
	*browser
	path  string
	first int
	mu    sync.Mutex // guards shown
	shown []time.Time
}

var visitTile = regexp.MustCompile(`(?s)id="tile-care\.visits".*?figure-value"><span>([0-9.]+)</span>`)

// openBoard opens the ministry's board and its live stream.
func openBoard(ctx context.Context, s *server, dir string) (*board, error) {
	w, err := signIn(s, dir, store.Ministry)
	if err != nil {
		return nil, err
	}
	d := &board{browser: w, path: "/bang/1/song"}
	if d.first, err = d.visits(); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/live?topics=view:indicators", nil)
	if err != nil {
		return nil, err
	}
	stream := &http.Client{Jar: w.http.Jar}
	res, err := stream.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, errors.Join(fmt.Errorf("live stream: %s", res.Status), res.Body.Close())
	}
	go d.follow(res.Body)
	return d, nil
}

// visits reads the figure of today's visits.
func (d *board) visits() (int, error) {
	html, _, err := d.get(d.path)
	if err != nil {
		return 0, err
	}
	m := visitTile.FindStringSubmatch(html)
	if m == nil {
		return 0, errors.New("the board has no figure of visits")
	}
	return strconv.Atoi(strings.ReplaceAll(m[1], ".", ""))
}

// follow asks for the figure whenever the stream wakes the page, as the page
// does.
func (d *board) follow(stream io.ReadCloser) {
	defer stream.Close()
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		if !strings.HasPrefix(lines.Text(), "data:") {
			continue
		}
		n, err := d.visits()
		if err != nil {
			say("board: %v", err)
			return
		}
		at := time.Now()
		d.mu.Lock()
		for len(d.shown) < n-d.first {
			d.shown = append(d.shown, at)
		}
		d.mu.Unlock()
	}
}

// until waits for n visits on the board and returns when each was seen.
func (d *board) until(n int, within time.Duration) []time.Time {
	for end := time.Now().Add(within); ; time.Sleep(20 * time.Millisecond) {
		d.mu.Lock()
		shown := slices.Clone(d.shown)
		d.mu.Unlock()
		if len(shown) >= n || time.Now().After(end) {
			return shown
		}
	}
}

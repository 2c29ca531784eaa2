// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"mach/demo"
	"mach/store"
	"mach/vn"
)

type demoCmd struct {
	Config
	Province *string `help:"Code of the province; 24 when not said."`
	People   *int    `help:"People with full records; 5000 when not said."`
	Years    *int    `help:"Years of notifiable cases; 5 when not said."`
	Seed     *uint64 `help:"Another seed, another province of people; 1 when not said."`
	Date     string  `help:"The demonstration's today; empty means today."`
	NoServe  bool    `help:"Fill the folder and stop."`
}

func (c *demoCmd) Run(ctx context.Context, s Streams) error {
	c.reachable()
	plan, done, err := c.plan()
	if err != nil {
		return err
	}
	if !done {
		if err := c.fill(ctx, s, plan); err != nil {
			return err
		}
	}
	if c.NoServe {
		return nil
	}
	return serve(ctx, c.Config, &greeter{to: s.Out, err: s.Err}, s.Err)
}

// greeter passes the ready line on, tells people in words where to go, and
// opens the role switcher where there is a screen.
type greeter struct{ to, err io.Writer }

func (g *greeter) Write(line []byte) (int, error) {
	var ready Ready
	if err := json.Unmarshal(line, &ready); err == nil {
		page := ready.URL + "/vai"
		say(g.err, "\nMạch: %s\n\n", page)
		openBrowser(page)
	}
	return g.to.Write(line)
}

// openBrowser shows the page on a desktop; on a machine without a screen, or
// where nothing can open it, the printed address is enough.
func openBrowser(page string) {
	opener := "xdg-open"
	switch {
	case runtime.GOOS == "darwin":
		opener = "open"
	case os.Getenv("DISPLAY") == "" && os.Getenv("WAYLAND_DISPLAY") == "":
		return
	}
	path, err := exec.LookPath(opener)
	if err != nil {
		return
	}
	viewer := exec.Command(path, page)
	if viewer.Start() == nil {
		go viewer.Wait() // the desktop's, not ours: only collected
	}
}

// marker is the content of the demonstration's marker file.
type marker struct {
	demo.Plan
	Done bool `json:"done"`
}

// plan reads the plan of an interrupted or finished folder, or makes one. A
// folder that holds anything else, or another plan than is asked for, is not
// touched, and one that nothing can be made of is not begun.
func (c *demoCmd) plan() (demo.Plan, bool, error) {
	path := filepath.Join(c.Data, demoMarker)
	b, err := os.ReadFile(path)
	if err == nil {
		var m marker
		if err := json.Unmarshal(b, &m); err != nil {
			return m.Plan, false, fmt.Errorf("reading %s: %w", path, err)
		}
		asked, err := c.asked(m.Plan)
		if err == nil && asked != m.Plan {
			err = fmt.Errorf("%w: %s holds another demonstration: province %s, %d people, %d years, seed %d, date %s; ask for the same, or take another folder",
				ErrUsage, c.Data, m.Province, m.People, m.Years, m.Seed, m.Date)
		}
		return m.Plan, m.Done, err
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return demo.Plan{}, false, err
	}
	if entries, err := os.ReadDir(c.Data); err == nil && len(entries) > 0 {
		return demo.Plan{}, false, fmt.Errorf("%w: %s is not empty and not a demonstration", ErrUsage, c.Data)
	}
	p, err := c.asked(demo.Plan{Province: "24", People: 5000, Years: 5, Seed: 1, Date: vn.DateOf(now())})
	if err != nil {
		return p, false, err
	}
	p = p.Begun(now())
	units, err := c.site().Units()
	if err != nil {
		return p, false, err
	}
	if u, ok := units.ByCode(p.Province, p.Date); !ok || u.Level != vn.LevelProvince {
		return p, false, fmt.Errorf("%w: no province has the code %s on %s", ErrUsage, p.Province, p.Date)
	}
	return p, false, c.mark(p, false)
}

// asked is the plan with what the flags say.
func (c *demoCmd) asked(p demo.Plan) (demo.Plan, error) {
	if c.Province != nil {
		p.Province = *c.Province
	}
	if c.People != nil {
		p.People = *c.People
	}
	if c.Years != nil {
		p.Years = *c.Years
	}
	if c.Seed != nil {
		p.Seed = *c.Seed
	}
	if c.Date != "" {
		var err error
		if p.Date, err = vn.ParseDate(c.Date); err != nil {
			return p, fmt.Errorf("%w: --date %s", ErrUsage, c.Date)
		}
	}
	if p.People < 1 || p.Years < 1 {
		return p, fmt.Errorf("%w: --people and --years begin at 1", ErrUsage)
	}
	return p, nil
}

func (c *demoCmd) mark(p demo.Plan, done bool) error {
	b, err := json.Marshal(marker{p, done})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return err
	}
	next := filepath.Join(c.Data, demoMarker+".new")
	if err := os.WriteFile(next, b, 0o600); err != nil {
		return err
	}
	return os.Rename(next, filepath.Join(c.Data, demoMarker))
}

// fill writes the content and waits until the views have it.
func (c *demoCmd) fill(ctx context.Context, s Streams, plan demo.Plan) error {
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return err
	}
	if err := a.Store.Start(ctx); err != nil {
		return errors.Join(err, a.Close())
	}
	started, said := time.Now(), time.Time{}
	err = demo.Fill(ctx, c.Data, a.Store, a.Access, a.Units, plan, func(step string, done, total int) {
		if done == total || time.Since(said) > time.Second {
			said = time.Now()
			say(s.Err, "%-12s %6d / %d   %s\n", step, done, total, time.Since(started).Round(time.Second))
		}
	})
	if err == nil {
		err = a.caughtUp(ctx)
	}
	if err == nil { // the scan of the night before, which a server that ran would have made
		_, err = a.detection.RunNight(ctx, plan.Date-1)
	}
	if err == nil {
		err = c.mark(plan, true)
	}
	return errors.Join(err, a.Close())
}

func say(w io.Writer, format string, args ...any) {
	if _, err := fmt.Fprintf(w, format, args...); err != nil {
		return // nobody listens
	}
}

// followNow brings the views to the end of the log, unless a server runs beside:
// then they are there, but for the last moments.
func (a *App) followNow(ctx context.Context) error {
	if err := a.Store.Start(ctx); err != nil {
		if errors.Is(err, store.ErrLed) {
			return nil
		}
		return err
	}
	return a.caughtUp(ctx)
}

// caughtUp waits until every view stands at the end of the log.
func (a *App) caughtUp(ctx context.Context) error {
	var views []string
	for _, f := range a.followers() {
		views = append(views, f.Name)
	}
	for {
		if done, err := a.Store.CaughtUp(ctx, views...); done || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(50 * time.Millisecond):
		}
	}
}

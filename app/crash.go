// SPDX-License-Identifier: Apache-2.0

package app

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"mach/access"
	"mach/fhir"
)

type crashCmd struct {
	Config
	Kills     int `default:"5" help:"How often a server is killed."`
	Processes int `default:"1" help:"Servers at once on one PostgreSQL, killed in turn and started again; a subscription is delivered meanwhile."`
}

// crashResult is the one line that mach crash prints. Notifications are counted
// with several processes only.
type crashResult struct {
	Kills        int  `json:"kills"`
	Acknowledged int  `json:"acknowledged"`
	Lost         int  `json:"lost"`
	ViewsDiffer  int  `json:"views_differ"`
	Audit        bool `json:"audit"`
	*crashNotices
}

func (r crashResult) good() bool {
	return r.Lost == 0 && r.ViewsDiffer == 0 && r.Audit && r.Acknowledged > 0 && (r.crashNotices == nil || r.crashNotices.good())
}

// How the servers are loaded: writers at once, and how long each life lasts at
// least before it is killed.
const (
	crashWriters = 8
	crashLife    = 400 * time.Millisecond
)

// Run starts a server, writes to it over HTTP, kills it with SIGKILL in the
// middle, and does so again. Then every write that was acknowledged must be
// there, the log gapless, every view equal to its rebuild, and the audit whole.
func (c *crashCmd) Run(ctx context.Context, s Streams) error {
	if c.Processes > 1 && c.Database == "" {
		return fmt.Errorf("%w: several processes need --database", ErrUsage)
	}
	tokens, err := c.tokens(ctx, s)
	if err != nil {
		return err
	}
	lives := c.lives
	if c.Processes > 1 {
		lives = c.together
	}
	r, err := lives(ctx, s, tokens)
	if err != nil {
		return err
	}
	if err := json.NewEncoder(s.Out).Encode(r); err != nil {
		return err
	}
	if !r.good() {
		return ErrFaults
	}
	return nil
}

// lives runs one server after the other.
func (c *crashCmd) lives(ctx context.Context, s Streams, tokens []string) (crashResult, error) {
	var acked []string
	for n := range c.Kills {
		ids, err := c.life(ctx, s, tokens, crashLife+time.Duration(n%7)*90*time.Millisecond)
		if err != nil {
			return crashResult{}, fmt.Errorf("life %d: %w", n+1, err)
		}
		acked = append(acked, ids...)
	}
	return c.judge(ctx, s, acked, nil)
}

// tokens makes one for each writer: limits are per token, and nobody may stop
// writing before the kill.
func (c *crashCmd) tokens(ctx context.Context, s Streams) ([]string, error) {
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return nil, err
	}
	tokens := make([]string, crashWriters)
	for i := range tokens {
		if err == nil {
			tokens[i], err = a.Access.Tokens.Issue(ctx, system(), access.Grant{Scopes: "system/*.cruds", TTL: 24 * time.Hour})
		}
	}
	return tokens, errors.Join(err, a.Close())
}

// life is one server from start to kill; it returns the ids whose creation was
// acknowledged.
func (c *crashCmd) life(ctx context.Context, s Streams, tokens []string, within time.Duration) ([]string, error) {
	server, ready, err := c.start(ctx, s)
	if err != nil {
		return nil, err
	}
	ids := load(ctx, ready.FHIR, tokens, within, server.Process.Kill)
	return ids, ignoreExit(server.Wait())
}

// start starts a server and waits until it answers.
func (c *crashCmd) start(ctx context.Context, s Streams) (*exec.Cmd, Ready, error) {
	var ready Ready
	self, err := os.Executable()
	if err != nil {
		return nil, ready, err
	}
	args := []string{"serve", "--data", c.Data, "--addr", "127.0.0.1:0", "--livekit", "none", "--level", "error"}
	if c.Database != "" {
		args = append(args, "--database", c.Database)
	}
	if c.Processes > 1 {
		args = append(args, "--notify-private")
	}
	server := exec.CommandContext(ctx, self, args...)
	server.Stderr = s.Err
	out, err := server.StdoutPipe()
	if err != nil {
		return nil, ready, err
	}
	if err := server.Start(); err != nil {
		return nil, ready, err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &ready)
	}
	if err != nil {
		return nil, ready, errors.Join(fmt.Errorf("the server did not start: %w", err), server.Process.Kill(), ignoreExit(server.Wait()))
	}
	return server, ready, nil
}

// ignoreExit drops the exit code of a process that was killed on purpose.
func ignoreExit(err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil
	}
	return err
}

// load writes until kill has been called and the server is gone.
func load(ctx context.Context, base string, tokens []string, within time.Duration, kill func() error) []string {
	var (
		mu    sync.Mutex // guards acked
		acked []string
		all   sync.WaitGroup
	)
	client := &http.Client{Timeout: 5 * time.Second}
	for w, token := range tokens {
		all.Go(func() {
			for n := 0; ; n++ {
				id, err := createOne(ctx, client, base, token, w, n, "female")
				if err != nil {
					return
				}
				mu.Lock()
				acked = append(acked, id)
				mu.Unlock()
			}
		})
	}
	select {
	case <-ctx.Done():
	case <-time.After(within):
	}
	if err := kill(); err != nil {
		return nil // it had ended by itself: nothing is proved
	}
	all.Wait()
	return acked
}

func createOne(ctx context.Context, client *http.Client, base, token string, w, n int, gender string) (string, error) {
	doc, err := fhir.New(fhir.Patient{Name: []fhir.HumanName{{Text: fmt.Sprintf("Nguyễn Văn %d %d", w, n)}}, Gender: gender})
	if err != nil {
		return "", err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, base+"/Patient", bytes.NewReader(doc.Bytes()))
	if err != nil {
		return "", err
	}
	return created(client, req, base+"/Patient", token)
}

// created sends a create and returns the id in its answer.
func created(client *http.Client, req *http.Request, at, token string) (string, error) {
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/fhir+json")
	res, err := client.Do(req)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(res.Body)
	if err := errors.Join(err, res.Body.Close()); err != nil {
		return "", err
	}
	if res.StatusCode != http.StatusCreated {
		return "", fmt.Errorf("create: %s: %s", res.Status, body)
	}
	id, _, _ := strings.Cut(strings.TrimPrefix(res.Header.Get("Location"), at+"/"), "/")
	if id == "" {
		return "", errors.New("create: no Location")
	}
	return id, nil
}

// judge reads every acknowledged resource and checks views and audit.
func (c *crashCmd) judge(ctx context.Context, s Streams, acked []string, told *listener) (crashResult, error) {
	r := crashResult{Kills: c.Kills, Acknowledged: len(acked), Audit: true}
	a, err := Open(ctx, c.Config, s.Err)
	if err != nil {
		return r, err
	}
	if err := a.Store.Start(ctx); err != nil {
		return r, errors.Join(err, a.Close())
	}
	if err := a.leads(ctx); err != nil {
		return r, errors.Join(err, a.Close())
	}
	if told != nil {
		r.crashNotices = told.judge(c.Kills + c.Processes)
	}
	door := a.Store.For(system())
	for _, id := range acked {
		if _, err := door.Read(ctx, "Patient", id); err != nil {
			r.Lost++
		}
	}
	lines, err := a.Store.Check(ctx)
	for _, l := range lines {
		switch {
		case l.OK:
		case strings.HasPrefix(l.Check, "view"):
			r.ViewsDiffer++
		case strings.HasPrefix(l.Check, "audit"):
			r.Audit = false
		default:
			err = errors.Join(err, fmt.Errorf("check %s: %s", l.Check, l.Detail))
		}
	}
	return r, errors.Join(err, a.Close())
}

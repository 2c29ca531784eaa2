// SPDX-License-Identifier: Apache-2.0

package app

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// crashNotices says what a subscription to every new person was told.
type crashNotices struct {
	Notified int `json:"notified"` // events, by their numbers
	Untold   int `json:"untold"`   // acknowledged writes of which nothing was told
	Twice    int `json:"twice"`    // persons told under two numbers, or numbers of two persons
	Gaps     int `json:"gaps"`     // numbers that were left out
	AtOnce   int `json:"at_once"`  // notifications that met another under way
	Repeated int `json:"repeated"` // the same number again, which the receiver drops: an attempt that a kill cut off
	cut      int // attempts that kills can have cut off: each server has one under way
}

func (n *crashNotices) good() bool {
	return n.Untold+n.Twice+n.Gaps+n.AtOnce == 0 && n.Notified > 0 && n.Repeated <= n.cut
}

// listener receives the notifications.
type listener struct {
	*httptest.Server
	busy   atomic.Int32
	mu     sync.Mutex // guards the rest
	atOnce int
	wanted []string         // whom to be told of: acknowledged
	person map[int64]string // by the number of its event
	again  int
	twice  int
}

func listen() *listener {
	l := &listener{person: map[int64]string{}}
	l.Server = httptest.NewServer(l)
	return l
}

func (l *listener) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	alone := l.busy.Add(1) == 1
	defer l.busy.Add(-1)
	time.Sleep(2 * time.Millisecond) // another sender would be seen
	number, err := strconv.ParseInt(r.Header.Get("X-Event-Number"), 10, 64)
	l.mu.Lock()
	defer l.mu.Unlock()
	if !alone {
		l.atOnce++
	}
	if err != nil {
		return // a greeting
	}
	id := path.Base(r.URL.Path)
	switch was, ok := l.person[number]; {
	case !ok:
		l.person[number] = id
	case was != id:
		l.twice++
	default:
		l.again++
	}
}

// told reports how many events have arrived.
func (l *listener) told() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.person)
}

// judge compares what was told with what was acknowledged, once nothing more
// comes for a while, and servers were killed so often.
func (l *listener) judge(kills int) *crashNotices {
	for quiet, before := 0, 0; quiet < 10 || before < len(l.wanted) && quiet < 100; time.Sleep(100 * time.Millisecond) {
		now := l.told()
		if quiet++; now != before {
			quiet, before = 0, now
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	n := &crashNotices{Notified: len(l.person), Twice: l.twice, AtOnce: l.atOnce, Repeated: l.again, cut: kills}
	numbers := map[string]int64{}
	for number, id := range l.person {
		if _, had := numbers[id]; had {
			n.Twice++
		}
		numbers[id] = number
		if number > int64(len(l.person)) {
			n.Gaps++
		}
	}
	for _, id := range l.wanted {
		if numbers[id] == 0 {
			n.Untold++
		}
	}
	return n
}

// fleet is several servers on one database.
type fleet struct {
	c     *crashCmd
	s     Streams
	mu    sync.Mutex // guards the rest
	cmds  []*exec.Cmd
	bases []string
	acked []string
	told  *listener
}

// fleetLife is how long all servers run between two kills: now and then long
// enough that the office passes on although its holder could not give it back.
const fleetLife = 700 * time.Millisecond

// together runs all servers at once under load, kills one after the other and
// starts it again, then kills all.
func (c *crashCmd) together(ctx context.Context, s Streams, tokens []string) (crashResult, error) {
	told := listen()
	defer told.Close()
	f := &fleet{c: c, s: s, cmds: make([]*exec.Cmd, c.Processes), bases: make([]string, c.Processes), told: told}
	for i := range f.cmds {
		if err := f.start(ctx, i); err != nil {
			return crashResult{}, errors.Join(err, f.end())
		}
	}
	err := f.subscribe(ctx, tokens[0], told.URL)
	writing, stop := context.WithCancel(ctx)
	var writers sync.WaitGroup
	for w, token := range tokens {
		writers.Go(func() { f.write(writing, w, token) })
	}
	for n := 0; n < c.Kills && err == nil; n++ {
		time.Sleep(fleetLife)
		if err = f.kill(n % c.Processes); err == nil {
			err = f.start(ctx, n%c.Processes)
		}
	}
	time.Sleep(fleetLife)
	stop()
	writers.Wait()
	if err = errors.Join(err, f.end()); err != nil {
		return crashResult{}, err
	}
	c.NotifyPrivate = true // what is still to be told, the judge's own server tells
	return c.judge(ctx, s, f.acked, told)
}

func (f *fleet) start(ctx context.Context, i int) error {
	cmd, ready, err := f.c.start(ctx, f.s)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cmds[i], f.bases[i] = cmd, ready.FHIR
	return nil
}

func (f *fleet) kill(i int) error {
	f.mu.Lock()
	cmd := f.cmds[i]
	f.cmds[i] = nil
	f.mu.Unlock()
	if cmd == nil {
		return nil
	}
	return errors.Join(cmd.Process.Kill(), ignoreExit(cmd.Wait()))
}

func (f *fleet) end() (err error) {
	for i := range f.cmds {
		err = errors.Join(err, f.kill(i))
	}
	return err
}

// toldOf is how many writes a subscription waits for one of; each is told by
// itself, which takes longer than to write it.
const toldOf = 25

// subscribe asks for a notification of every man.
func (f *fleet) subscribe(ctx context.Context, token, endpoint string) error {
	body := fmt.Sprintf(`{"resourceType":"Subscription","status":"requested","reason":"mach crash","criteria":"Patient?gender=male",
		"channel":{"type":"rest-hook","endpoint":%q,"payload":"application/fhir+json"}}`, endpoint)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, f.bases[0]+"/Subscription", strings.NewReader(body))
	if err != nil {
		return err
	}
	_, err = created(http.DefaultClient, req, f.bases[0]+"/Subscription", token)
	return err
}

// write creates persons at one server after the other until ctx ends; what a
// killed server did not acknowledge is not counted.
func (f *fleet) write(ctx context.Context, w int, token string) {
	client := &http.Client{Timeout: 5 * time.Second}
	for n := 0; ctx.Err() == nil; n++ {
		f.mu.Lock()
		base := f.bases[(w+n)%len(f.bases)]
		f.mu.Unlock()
		gender := "female"
		if n%toldOf == 0 {
			gender = "male"
		}
		id, err := createOne(context.WithoutCancel(ctx), client, base, token, w, n, gender)
		if err != nil {
			time.Sleep(20 * time.Millisecond)
			continue
		}
		f.mu.Lock()
		f.acked = append(f.acked, id)
		if gender == "male" {
			f.told.wanted = append(f.told.wanted, id)
		}
		f.mu.Unlock()
	}
}

// leads waits until this process leads and its views show everything.
func (a *App) leads(ctx context.Context) error {
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		err := a.caughtUp(ctx)
		if err == nil || ctx.Err() != nil || time.Now().After(end) {
			return err
		}
	}
}

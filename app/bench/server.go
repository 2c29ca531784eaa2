// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"mach/access"
	"mach/app"
	"mach/store"
)

// server is the built binary serving a folder.
type server struct {
	app.Ready
	cmd      *exec.Cmd
	started  time.Duration // until the ready line
	database *cluster      // nil on SQLite
}

// serve starts the binary on a folder and waits until it answers.
func (b *bench) serve(ctx context.Context, dir string, database *cluster, args ...string) (*server, error) {
	args = append([]string{"serve", "--data", dir, "--addr", "127.0.0.1:0"}, args...)
	if database != nil {
		args = append(args, "--database", database.dsn)
	}
	s := &server{cmd: exec.CommandContext(ctx, b.Bin, args...), database: database}
	s.cmd.Cancel = func() error { return s.cmd.Process.Signal(syscall.SIGTERM) }
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	text, err := bufio.NewReader(out).ReadBytes('\n')
	s.started = time.Since(began)
	if err == nil {
		err = json.Unmarshal(text, &s.Ready)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the server did not start: %w", err), s.stop())
	}
	return s, nil
}

func (s *server) stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.cmd.Wait()
}

// cpu is what the server and its database have used so far.
func (s *server) cpu() time.Duration {
	sum := spent(s.cmd.Process.Pid)
	if s.database != nil {
		sum += s.database.cpu()
	}
	return sum
}

// settled waits until the server has nothing to do and returns its CPU: views
// are filled and the audit is sealed after the answer.
func (s *server) settled() time.Duration {
	before := s.cpu()
	for range 2000 {
		time.Sleep(300 * time.Millisecond)
		now := s.cpu()
		if now-before < 15*time.Millisecond {
			return now
		}
		before = now
	}
	return before
}

// tick is the unit of times in /proc (USER_HZ, 100 on every Linux).
const tick = 10 * time.Millisecond

// stat reads the fields of /proc/PID/stat after the name, which may hold
// spaces; nil when there is no such process.
func stat(pid int) []string {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return nil
	}
	text := string(b)
	return strings.Fields(text[strings.LastIndexByte(text, ')')+1:])
}

// spent is the CPU of one process.
func spent(pid int) time.Duration { return sumOf(stat(pid), 11, 12) }

func sumOf(fields []string, which ...int) time.Duration {
	var ticks int64
	for _, i := range which {
		if i < len(fields) {
			n, err := strconv.ParseInt(fields[i], 10, 64)
			if err != nil {
				return 0
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * tick
}

// children are the processes that a process has started.
func children(pid int) []int {
	var out []int
	names, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		return nil
	}
	for _, name := range names {
		n, err := strconv.Atoi(filepath.Base(name))
		if err != nil {
			continue
		}
		if f := stat(n); len(f) > 1 && f[1] == strconv.Itoa(pid) {
			out = append(out, n)
		}
	}
	return out
}

// resident is the memory of a process in bytes, shared pages counted once
// among those who share them.
func resident(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0
	}
	for text := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(text, "Pss:"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return n * 1024
		}
	}
	return 0
}

// peak is the most resident memory that a process had, in bytes.
func peak(pid int) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	for text := range strings.Lines(string(b)) {
		if rest, ok := strings.CutPrefix(text, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				return 0
			}
			return n * 1024
		}
	}
	return 0
}

// cluster is a PostgreSQL of our own.
type cluster struct {
	dsn        string
	postmaster int
	stop       func()
}

// postgres starts a cluster; nil, and a word on standard error, where
// PostgreSQL is not installed.
func (b *bench) postgres(ctx context.Context, folder string) (*cluster, error) {
	if _, err := os.Stat("/usr/lib/postgresql"); err != nil {
		say("PostgreSQL is not installed: its lines are left out")
		return nil, nil
	}
	dir := b.fresh(folder)
	dsn, err := exec.CommandContext(ctx, "tools/postgres.sh", "start", dir).Output()
	if err != nil {
		return nil, fmt.Errorf("starting PostgreSQL: %w", err)
	}
	c := &cluster{dsn: strings.TrimSpace(string(dsn)), stop: func() {
		if err := exec.Command("tools/postgres.sh", "stop", dir).Run(); err != nil {
			say("stopping PostgreSQL: %v", err)
		}
		if err := os.RemoveAll(dir); err != nil {
			say("removing PostgreSQL's folder: %v", err)
		}
	}}
	pid, err := os.ReadFile(filepath.Join(dir, "data", "postmaster.pid"))
	if err == nil {
		first, _, _ := strings.Cut(string(pid), "\n")
		c.postmaster, err = strconv.Atoi(strings.TrimSpace(first))
	}
	if err != nil {
		c.stop()
		return nil, fmt.Errorf("process of PostgreSQL: %w", err)
	}
	return c, nil
}

// cpu is that of the postmaster, of its processes and of those that have ended.
func (c *cluster) cpu() time.Duration {
	sum := sumOf(stat(c.postmaster), 11, 12, 13, 14)
	for _, pid := range children(c.postmaster) {
		sum += spent(pid)
	}
	return sum
}

// bytes is what the database takes on disk, without its journal.
func (c *cluster) bytes(ctx context.Context) (int64, error) {
	out, err := exec.CommandContext(ctx, "psql", c.dsn, "-Atc", "select pg_database_size(current_database())").Output()
	if err != nil {
		return 0, fmt.Errorf("size of the database: %w", err)
	}
	return strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
}

// tokens makes bearer tokens; each has a rate limit of its own.
func tokens(ctx context.Context, c app.Config, n int) ([]string, error) {
	a, err := app.Open(ctx, c, quietly{})
	if err != nil {
		return nil, err
	}
	out := make([]string, n)
	for i := range out {
		if err == nil {
			out[i], err = a.Access.Tokens.Issue(ctx, store.SystemActor(), access.Grant{Scopes: "system/*.cruds", TTL: time.Hour})
		}
	}
	return out, errors.Join(err, a.Close())
}

type quietly struct{}

func (quietly) Write(b []byte) (int, error) { return len(b), nil }

// client keeps enough connections for all workers.
func client() *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}}
}

// each runs work n times in several goroutines and returns how long each took,
// sorted.
func each(n, workers int, work func(i int) error) ([]time.Duration, error) {
	var (
		mu    sync.Mutex // guards took, next, failed
		took  []time.Duration
		next  int
		fails error
		all   sync.WaitGroup
	)
	for range workers {
		all.Go(func() {
			for {
				mu.Lock()
				i := next
				next++
				stop := i >= n || fails != nil
				mu.Unlock()
				if stop {
					return
				}
				began := time.Now()
				err := work(i)
				mu.Lock()
				took = append(took, time.Since(began))
				fails = errors.Join(fails, err)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	sortDurations(took)
	return took, fails
}

// ownCPU is what this process has used.
func ownCPU() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// SPDX-License-Identifier: Apache-2.0

package rtc

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"time"
)

// MediaConfig is what the parent writes to the media process: one JSON object
// on its standard input, which then stays open for as long as the parent
// lives. So no secret stands in an argument list, and a parent that dies by
// force takes the process with it.
type MediaConfig struct {
	Key, Secret string
	NodeIP      netip.Addr
	UDPPort     uint16
}

// MediaReady is the one line of JSON the media process prints when it takes
// joins.
type MediaReady struct {
	Addr    string // host:port of its HTTP on loopback
	UDPPort uint16
}

const (
	readyLimit = 20 * time.Second // from start to the ready line
	// stopLimit is how long the process may take to end after its input
	// closes: its own deadline and some air.
	stopLimit  = 8 * time.Second
	firstPause = 100 * time.Millisecond
	mostPause  = 10 * time.Second
	// steady is the life after which an end counts as the first one again.
	steady = time.Minute
)

// supervisor keeps one media process alive.
type supervisor struct {
	command []string
	config  MediaConfig
	stderr  io.Writer
	log     *slog.Logger
	cancel  context.CancelFunc
	done    chan struct{}

	mu   sync.Mutex
	addr string // "" while down
	pid  int
}

func supervise(cfg Config, media MediaConfig) *supervisor {
	ctx, cancel := context.WithCancel(context.Background())
	s := &supervisor{
		command: cfg.Command, config: media, stderr: cfg.Stderr, log: cfg.Log,
		cancel: cancel, done: make(chan struct{}),
	}
	go s.loop(ctx)
	return s
}

// loop starts the process again whenever it ends, waiting longer each time it
// does not last.
func (s *supervisor) loop(ctx context.Context) {
	defer close(s.done)
	pause := firstPause
	for {
		began := time.Now()
		err := s.once(ctx)
		s.set("", 0)
		if ctx.Err() != nil {
			return
		}
		if time.Since(began) > steady {
			pause = firstPause
		}
		s.log.Error("media process ended, starting it again", "err", err, "after_ms", pause.Milliseconds())
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		pause = min(pause*2, mostPause)
	}
}

// once runs the process from start to end.
func (s *supervisor) once(ctx context.Context) error {
	cmd := exec.Command(s.command[0], s.command[1:]...)
	cmd.Stderr = s.stderr
	cmd.Env = environment()
	in, err := cmd.StdinPipe()
	if err != nil {
		return fmt.Errorf("starting the media process: %w", err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("starting the media process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the media process: %w", err)
	}
	ended := make(chan error, 1)
	ready := make(chan MediaReady, 1)
	go func() {
		s.listen(out, ready)
		ended <- cmd.Wait() // only after the output was read to its end
	}()
	if err := json.NewEncoder(in).Encode(s.config); err != nil {
		s.log.Warn("media process takes no settings", "err", err)
	}
	return s.watch(ctx, cmd, in, ready, ended)
}

// listen passes the ready line on and reads the rest away.
func (s *supervisor) listen(out io.Reader, ready chan<- MediaReady) {
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		var r MediaReady
		if json.Unmarshal(lines.Bytes(), &r) == nil && r.Addr != "" {
			ready <- r
			break
		}
	}
	_, _ = io.Copy(io.Discard, out)
}

// watch publishes the address once the process is ready and returns when it
// has ended, having ended it when ctx does or it does not become ready.
func (s *supervisor) watch(ctx context.Context, cmd *exec.Cmd, in io.Closer, ready <-chan MediaReady, ended <-chan error) error {
	late := time.After(readyLimit)
	for {
		select {
		case r := <-ready:
			s.set(r.Addr, cmd.Process.Pid)
			s.log.Info("media process ready", "pid", cmd.Process.Pid, "udp_port", r.UDPPort)
			ready, late = nil, nil
		case err := <-ended:
			in.Close()
			return fmt.Errorf("the media process: %w", exit(err))
		case <-late:
			_ = cmd.Process.Kill()
			late = nil
		case <-ctx.Done():
			s.set("", 0)
			in.Close()
			select {
			case <-ended:
			case <-time.After(stopLimit):
				_ = cmd.Process.Kill()
				<-ended
			}
			return ctx.Err()
		}
	}
}

func exit(err error) error {
	if err == nil {
		return errors.New("exit status 0")
	}
	return err
}

// environment is the part of ours that the process needs. The rest may hold
// secrets that are none of its business.
func environment() []string {
	var env []string
	for _, k := range []string{"PATH", "HOME", "TMPDIR", "LANG", "GOMEMLIMIT", "GOMAXPROCS", "GOCOVERDIR"} {
		if v, ok := os.LookupEnv(k); ok {
			env = append(env, k+"="+v)
		}
	}
	return env
}

func (s *supervisor) set(addr string, pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addr, s.pid = addr, pid
}

func (s *supervisor) address() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.addr
}

func (s *supervisor) process() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pid
}

func (s *supervisor) close() {
	s.cancel()
	<-s.done
}

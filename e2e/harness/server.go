// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mach/access"
	"mach/demo"
	"mach/store"
)

// Options say which demonstration to start. The zero value is a small province
// on SQLite.
type Options struct {
	People, Years int    // 0 = 300 people, 4 years: the least that Article 16 can judge
	Database      string // PostgreSQL DSN of an empty database; "" = SQLite
}

// Server is a running demonstration.
type Server struct {
	URL     string
	Data    string
	SignIns []demo.SignIn

	db    string // DSN; "" = SQLite
	bin   string
	log   string
	cmd   *exec.Cmd
	ended chan error // how the process ended, once

	stopped bool
}

// fillWithin bounds a start, filling included, and stopWithin an end; both are
// generous for a slow machine.
const (
	fillWithin = 6 * time.Minute
	stopWithin = 20 * time.Second
)

// Start fills a temporary data folder with a demonstration and serves it until
// the test ends.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := Launch(t.TempDir(), Binary(t), filepath.Join(Evidence(t), "server.log"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Launch fills the folder dir with a demonstration and serves it until Stop.
// The server's log goes to the file log. MACH_E2E_DATA names a folder that
// mach demo --no-serve has filled, to save the minute while stories are written.
func Launch(dir, bin, log string, o Options) (*Server, error) {
	if o.People == 0 {
		o.People = 300
	}
	if o.Years == 0 {
		o.Years = 4
	}
	s := &Server{Data: filepath.Join(dir, "data"), db: o.Database, bin: bin, log: log, ended: make(chan error, 1)}
	args := []string{"demo", "--data", s.Data, "--people", fmt.Sprint(o.People), "--years", fmt.Sprint(o.Years),
		"--addr", "127.0.0.1:0", "--metrics", "127.0.0.1:0"}
	if o.Database != "" {
		args = append(args, "--database", o.Database)
	}
	if from := os.Getenv("MACH_E2E_DATA"); from != "" && o.Database == "" {
		if err := os.CopyFS(s.Data, os.DirFS(from)); err != nil {
			return nil, fmt.Errorf("MACH_E2E_DATA: %w", err)
		}
	}
	if err := s.start(args...); err != nil {
		return nil, err
	}
	var err error
	if s.SignIns, err = demo.SignIns(s.Data); err != nil {
		return nil, errors.Join(fmt.Errorf("sign-ins of the demonstration: %w", err), s.Stop())
	}
	return s, nil
}

// Empty serves an empty folder, without live rooms, until the test ends: ready
// in a moment, and nobody else's when it is stopped.
func Empty(t testing.TB) *Server {
	t.Helper()
	s := &Server{Data: filepath.Join(t.TempDir(), "data"), bin: Binary(t), log: filepath.Join(Evidence(t), "server.log"), ended: make(chan error, 1)}
	s.Serve(t, "127.0.0.1:0")
	return s
}

// Serve serves the folder at an address, at first or after Stop; it ends with
// the test.
func (s *Server) Serve(t testing.TB, addr string) {
	t.Helper()
	if err := s.start("serve", "--data", s.Data, "--addr", addr, "--metrics", "127.0.0.1:0", "--livekit", "none"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// start starts the process and waits until it serves.
func (s *Server) start(args ...string) error {
	file, err := os.Create(s.log)
	if err != nil {
		return err
	}
	defer file.Close() // the process has its own
	s.cmd, s.stopped = exec.Command(s.bin, args...), false
	s.cmd.Stderr = file
	out, err := s.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.cmd.Start(); err != nil {
		return err
	}
	if err := s.ready(out); err != nil {
		return errors.Join(err, s.Stop())
	}
	return nil
}

// ready waits for the line that says where the server is.
func (s *Server) ready(out io.Reader) error {
	line := make(chan string, 1)
	go func() {
		r := bufio.NewReader(out)
		text, _ := r.ReadString('\n') // "" when the server has ended
		line <- text
		_, _ = io.Copy(io.Discard, r)
		s.ended <- s.cmd.Wait()
	}()
	select {
	case text := <-line:
		var ready struct {
			URL string `json:"url"`
		}
		if err := json.Unmarshal([]byte(text), &ready); err != nil || ready.URL == "" {
			return fmt.Errorf("the server said %q instead of its address; log: %s", text, s.log)
		}
		s.URL = ready.URL
		return nil
	case <-time.After(fillWithin):
		return fmt.Errorf("no server after %s; log: %s", fillWithin, s.log)
	}
}

// Stop asks the server to end, and kills it when it does not. Stopping again
// does nothing.
func (s *Server) Stop() error {
	if s.stopped {
		return nil
	}
	s.stopped = true
	_ = s.cmd.Process.Signal(syscall.SIGTERM) // fails when it has ended already
	select {
	case err := <-s.ended:
		if err != nil {
			return fmt.Errorf("the server ended with %w; log: %s", err, s.log)
		}
		return nil
	case <-time.After(stopWithin):
		_ = s.cmd.Process.Kill()
		return fmt.Errorf("the server did not stop within %s; log: %s", stopWithin, s.log)
	}
}

// SignIn returns the sign-in with the login.
func (s *Server) SignIn(t testing.TB, login string) demo.SignIn {
	t.Helper()
	i := slices.IndexFunc(s.SignIns, func(a demo.SignIn) bool { return a.Login == login })
	if i < 0 {
		t.Fatalf("the demonstration has no sign-in %q", login)
	}
	return s.SignIns[i]
}

// Of returns the first sign-in of the role.
func (s *Server) Of(t testing.TB, role store.Role) demo.SignIn {
	t.Helper()
	i := slices.IndexFunc(s.SignIns, func(a demo.SignIn) bool { return a.Role == role })
	if i < 0 {
		t.Fatalf("the demonstration has no %s", role)
	}
	return s.SignIns[i]
}

// Code is what the authenticator app of the sign-in shows now.
func Code(t testing.TB, a demo.SignIn) string {
	t.Helper()
	if a.TOTP == "" {
		return ""
	}
	code, err := access.CodeAt(a.TOTP, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// Route is one route as `mach routes` lists it.
type Route struct {
	Method string `json:"method"`
	Path   string `json:"path"`
	Who    string `json:"who"`
}

// Routes lists the routes of the binary.
func (s *Server) Routes(t testing.TB) []Route {
	t.Helper()
	out := s.Run(t, "routes")
	var list []Route
	for line := range strings.Lines(out) {
		var r Route
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("mach routes said %q: %v", line, err)
		}
		list = append(list, r)
	}
	return list
}

// Run runs another command of the binary on the data of the server.
func (s *Server) Run(t testing.TB, args ...string) string {
	t.Helper()
	args = append(args, "--data", s.Data)
	if s.db != "" {
		args = append(args, "--database", s.db)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := exec.CommandContext(ctx, s.bin, args...).Output()
	if err != nil {
		t.Fatalf("mach %s: %v", strings.Join(args, " "), err)
	}
	return string(out)
}

// Client is a browser without a screen: it follows redirects and keeps cookies.
// Stories use it for what happened before they begin.
func (s *Server) Client(t testing.TB, a demo.SignIn) *Client {
	t.Helper()
	c := s.Nobody(t)
	c.Post(t, "/vai", "login", a.Login)
	return c
}

var building sync.Mutex

// Binary is the mach to test: MACH_BIN, or one built once for the test run.
func Binary(t testing.TB) string {
	t.Helper()
	if bin := os.Getenv("MACH_BIN"); bin != "" {
		if _, err := os.Stat(bin); err != nil {
			t.Fatalf("MACH_BIN: %v", err)
		}
		return bin
	}
	building.Lock()
	defer building.Unlock()
	bin := filepath.Join(Root(t), "bin", "mach-e2e")
	cmd := exec.Command("sh", "-c", "tools/assets.sh && go build -o '"+bin+"' ./cmd/mach") // quick when nothing changed
	cmd.Dir = Root(t)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("building mach: %v\n%s", err, out)
	}
	return bin
}

// Root is the repository's folder.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	t.Fatal("no go.mod above the test")
	return ""
}

// Evidence is the folder for what a failing test leaves.
func Evidence(t testing.TB) string {
	t.Helper()
	dir := filepath.Join(Root(t), "data", "e2e", strings.NewReplacer("/", "-", " ", "-").Replace(t.Name()))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// SPDX-License-Identifier: Apache-2.0

//go:build linux && !nortc

package media

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"mach/rtc"
)

// TestMain is also the media process and a parent that can be killed, so that
// tests need no other binary.
func TestMain(m *testing.M) {
	role := ""
	if len(os.Args) > 1 {
		role = os.Args[1]
	}
	switch role {
	case "media":
		if err := Run(context.Background(), os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case "parent":
		e, err := rtc.Open(rtc.Config{Command: []string{os.Args[0], "media"}})
		if err != nil || e.Ready(context.Background()) != nil {
			os.Exit(1)
		}
		fmt.Println(e.Process())
		select {}
	default:
		os.Exit(m.Run())
	}
}

func engine(t *testing.T) *rtc.Engine {
	t.Helper()
	return engineAt(t, netip.MustParseAddr("127.0.0.1"))
}

func engineAt(t *testing.T, ip netip.Addr) *rtc.Engine {
	t.Helper()
	e, err := rtc.Open(rtc.Config{
		Command: []string{os.Args[0], "media"},
		NodeIP:  ip,
		Log:     slog.New(slog.NewTextHandler(t.Output(), nil)),
		Stderr:  t.Output(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	began := time.Now()
	ready(t, e)
	t.Logf("ready after %s", time.Since(began).Round(time.Millisecond))
	return e
}

func ready(t *testing.T, e *rtc.Engine) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := e.Ready(ctx); err != nil {
		t.Fatal(err)
	}
}

// front serves the engine's public door, as the platform does.
func front(t *testing.T, e *rtc.Engine) string {
	t.Helper()
	srv := httptest.NewServer(e.Proxy())
	t.Cleanup(srv.Close)
	return srv.URL
}

func token(t *testing.T, e *rtc.Engine, room, identity string) string {
	t.Helper()
	s, err := e.Token(rtc.Grant{Room: room, Identity: identity, Publish: true})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func ensure(t *testing.T, e *rtc.Engine, room string) {
	t.Helper()
	if err := e.EnsureRoom(t.Context(), room); err != nil {
		t.Fatal(err)
	}
}

// inside waits until the room holds exactly these identities.
func inside(t *testing.T, e *rtc.Engine, room string, want ...string) {
	t.Helper()
	var got []string
	for range 200 {
		all, err := e.List(t.Context(), room)
		if err != nil {
			t.Fatal(err)
		}
		got = got[:0]
		for _, p := range all {
			got = append(got, p.Identity)
		}
		if fmt.Sprint(got) == fmt.Sprint(want) {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatalf("in the room: %v, want %v", got, want)
}

func TestRoom(t *testing.T) {
	e := engine(t)
	url := front(t, e)
	const room = "hc-0191"

	if _, status := join(t, url, "/rtc", token(t, e, room, "a~1")); status == http.StatusSwitchingProtocols {
		t.Fatal("a token opened a room that nobody had made")
	}
	ensure(t, e, room)
	ensure(t, e, room) // twice is once
	inside(t, e, room)

	a, status := join(t, url, "/rtc", token(t, e, room, "a~1"))
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("joining: %d", status)
	}
	reply := a.message(t)
	b, _ := join(t, url, "/rtc", token(t, e, room, "b~1"))
	b.message(t)
	inside(t, e, room, "a~1", "b~1")

	t.Run("names only our hosts", func(t *testing.T) { onlyOurs(t, string(reply)) })
	t.Run("connects nowhere outside", func(t *testing.T) { localSockets(t, e.Process()) })

	if err := e.Mute(t.Context(), room, "a~1"); err != nil {
		t.Errorf("muting without a microphone: %v", err)
	}
	if err := e.Remove(t.Context(), room, "b~1"); err != nil {
		t.Fatal(err)
	}
	b.ends(t)
	inside(t, e, room, "a~1")
	if err := e.Remove(t.Context(), room, "nobody"); err != nil {
		t.Errorf("removing nobody: %v", err)
	}
	if err := e.CloseRoom(t.Context(), room); err != nil {
		t.Fatal(err)
	}
	a.ends(t)
	if err := e.CloseRoom(t.Context(), room); err != nil {
		t.Errorf("closing what is closed: %v", err)
	}
	inside(t, e, room)
}

// onlyOurs checks the join reply (a protobuf message, its strings stand in it
// as they are): bar S9.
func onlyOurs(t *testing.T, reply string) {
	servers := regexp.MustCompile(`(?:stuns?|turns?):`).FindAllStringIndex(reply, -1)
	if len(servers) == 0 {
		t.Fatal("the reply names no server at all: the browser library would then use its own")
	}
	for _, at := range servers {
		length := int(reply[at[0]-1]) // protobuf writes it before each string
		// Not the media port: Chromium takes all that comes from a STUN server
		// for its answer, and no picture would arrive.
		if s := reply[at[0]:min(at[0]+length, len(reply))]; s != "stun:127.0.0.1:9" {
			t.Errorf("the reply names %q, want our discard port", s)
		}
	}
	foreign := regexp.MustCompile(`(?i)[a-z0-9-]+\.(com|net|org|io|cloud|dev)\b`)
	if s := foreign.FindString(reply); s != "" {
		t.Errorf("the reply names %q", s)
	}
}

// localSockets checks every socket of the process: none is open to, or
// connected with, anything but loopback.
func localSockets(t *testing.T, pid int) {
	all := socketsOf(t, pid)
	for _, s := range all {
		for i, a := range []string{s.local, s.remote} {
			host, port, _ := strings.Cut(a, ":")
			loopback := host == "0100007F" || strings.HasSuffix(host, "FFFF00000100007F")
			unconnected := i == 1 && port == "0000"
			if !loopback && !unconnected {
				t.Errorf("%s socket %s → %s", s.table, s.local, s.remote)
			}
		}
	}
	if len(all) < 2 {
		t.Errorf("saw %d sockets; the check is blind", len(all))
	}
}

// socket is one line of /proc/net: addresses as hex, ports after a colon.
type socket struct{ table, local, remote string }

func socketsOf(t *testing.T, pid int) []socket {
	t.Helper()
	mine := map[string]bool{}
	fds, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatal(err)
	}
	for _, fd := range fds {
		to, _ := os.Readlink(fmt.Sprintf("/proc/%d/fd/%s", pid, fd.Name()))
		if inode, ok := strings.CutPrefix(to, "socket:["); ok {
			mine[strings.TrimSuffix(inode, "]")] = true
		}
	}
	var all []socket
	for _, table := range []string{"tcp", "tcp6", "udp", "udp6"} {
		b, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, table))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(b)) {
			if f := strings.Fields(line); len(f) >= 10 && mine[f[9]] {
				all = append(all, socket{table, f[1], f[2]})
			}
		}
	}
	return all
}

func TestWhoMayNotEnter(t *testing.T) {
	e, other := engine(t), engine(t)
	url := front(t, e)
	ensure(t, e, "hc-1")
	good := token(t, e, "hc-1", "a~1")
	for name, s := range map[string]string{
		"no token":      "",
		"nonsense":      "x.y.z",
		"another key":   token(t, other, "hc-1", "a~1"),
		"altered":       good[:len(good)-4] + "AAAA",
		"another room":  token(t, e, "hc-2", "a~1"),
		"unsigned":      "eyJhbGciOiJub25lIn0." + strings.Split(good, ".")[1] + ".",
		"signature cut": good[:strings.LastIndex(good, ".")+1],
	} {
		if _, status := join(t, url, "/rtc", s); status == http.StatusSwitchingProtocols {
			t.Errorf("%s opened the room", name)
		}
	}
	for _, path := range []string{"/twirp/livekit.RoomService/ListRooms", "/", "/rtc/../twirp/livekit.RoomService/ListRooms", "/agent", "/whip/v1", "/rtc/v2"} {
		res, err := http.Post(url+path, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusNotFound {
			t.Errorf("POST %s: %d, want 404", path, res.StatusCode)
		}
	}
	if _, status := join(t, url, "/rtc", good); status != http.StatusSwitchingProtocols {
		t.Errorf("the good token: %d", status)
	}
}

// Bar S6: the process is killed, the room is back within 15 seconds, and a
// token made before still opens it.
func TestKilledProcessComesBack(t *testing.T) {
	e := engine(t)
	url := front(t, e)
	ensure(t, e, "hc-1")
	tok := token(t, e, "hc-1", "a~1")
	a, _ := join(t, url, "/rtc", tok)
	a.message(t)

	first := e.Process()
	began := time.Now()
	if err := syscall.Kill(first, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	a.ends(t)
	for e.Process() == first {
		time.Sleep(time.Millisecond)
	}
	ready(t, e)
	ensure(t, e, "hc-1")
	b, status := join(t, url, "/rtc", tok)
	if status != http.StatusSwitchingProtocols {
		t.Fatalf("joining again: %d", status)
	}
	b.message(t)
	t.Logf("rejoined %s after the kill", time.Since(began).Round(time.Millisecond))
	if e.Process() == first {
		t.Error("the same process id after a kill")
	}
}

func TestCloseWithPeopleInside(t *testing.T) {
	e := engine(t)
	url := front(t, e)
	ensure(t, e, "hc-1")
	a, _ := join(t, url, "/rtc", token(t, e, "hc-1", "a~1"))
	a.message(t)
	pid := e.Process()
	began := time.Now()
	e.Close()
	if took := time.Since(began); took > grace+force {
		t.Errorf("stopping took %s", took)
	}
	if alive(pid) {
		t.Error("the media process lives on")
	}
	if e.Up() {
		t.Error("up after Close")
	}
	e.Close()
}

// On a local network the media port is open at the address given and nowhere
// else, also when the address comes in its IPv6 clothes.
func TestLocalNetwork(t *testing.T) {
	var lan netip.Addr
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Is4() && !p.Addr().IsLoopback() {
			lan = p.Addr()
		}
	}
	if !lan.IsValid() {
		t.Skip("this machine has no address but its own loopback")
	}
	e := engineAt(t, netip.AddrFrom16(lan.As16()))
	b := lan.As4()
	want := fmt.Sprintf("%02X%02X%02X%02X", b[3], b[2], b[1], b[0])
	found := 0
	for _, s := range socketsOf(t, e.Process()) {
		if !strings.HasPrefix(s.table, "udp") {
			continue
		}
		if host, _, _ := strings.Cut(s.local, ":"); host == want || strings.HasSuffix(host, "FFFF0000"+want) {
			found++
		} else {
			t.Errorf("%s socket at %s", s.table, s.local)
		}
	}
	if found != 1 {
		t.Errorf("%d UDP sockets at %s, want 1", found, lan)
	}
}

// A parent that dies by force takes its media process with it.
func TestParentDies(t *testing.T) {
	parent := exec.Command(os.Args[0], "parent")
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil || !alive(pid) {
		t.Fatalf("the parent told %q", line)
	}
	_ = parent.Process.Kill()
	_ = parent.Wait()
	for range 100 {
		if !alive(pid) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	t.Fatal("the media process outlived its parent")
}

func alive(pid int) bool {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(b), ") Z ")
}

// The whole product may use 250 MB idle, media included.
func TestIdleMemory(t *testing.T) {
	e := engine(t)
	time.Sleep(time.Second)
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", e.Process()))
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmRSS:\s+(\d+) kB`).FindStringSubmatch(string(b))
	if m == nil {
		t.Fatal("no VmRSS")
	}
	kb, _ := strconv.Atoi(m[1])
	t.Logf("idle: %d MiB resident", kb>>10)
	if kb>>10 > 110 {
		t.Errorf("idle: %d MiB resident, want at most 110", kb>>10)
	}
}

func TestSettingsRefused(t *testing.T) {
	for _, in := range []string{"", "nonsense", `{"NodeIP":"nowhere"}`} {
		if err := Run(t.Context(), strings.NewReader(in), nil); err == nil {
			t.Errorf("settings %q were accepted", in)
		}
	}
}

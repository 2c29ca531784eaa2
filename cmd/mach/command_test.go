// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"mach/app"
	"mach/blob"
	"mach/store"
)

// asMach makes the test binary the command itself, so that these tests start
// real processes without a build of their own. It also works for the servers
// that mach crash starts.
const asMach = "MACH_TEST_AS_MACH"

func TestMain(m *testing.M) {
	if os.Getenv(asMach) != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// command is mach with the arguments; MACH_BIN names another binary to test.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	bin := os.Getenv("MACH_BIN")
	if bin == "" {
		var err error
		if bin, err = os.Executable(); err != nil {
			t.Fatal(err)
		}
	}
	c := exec.Command(bin, args...)
	c.Env = append(os.Environ(), asMach+"=1")
	return c
}

// result is how a command ended.
type result struct {
	out, err string
	code     int
}

func mach(t *testing.T, args ...string) result {
	t.Helper()
	return machWith(t, "", args...)
}

// machWith gives the command standard input.
func machWith(t *testing.T, in string, args ...string) result {
	t.Helper()
	c := command(t, args...)
	var out, errs bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = strings.NewReader(in), &out, &errs
	err := c.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result{out.String(), errs.String(), c.ProcessState.ExitCode()}
}

func (r result) want(t *testing.T, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("exit code %d, want %d\nout: %.2000s\nerr: %.2000s", r.code, code, r.out, r.err)
	}
	return r
}

// lines reads NDJSON.
func lines[T any](t *testing.T, text string) []T {
	t.Helper()
	var out []T
	for d := json.NewDecoder(strings.NewReader(text)); ; {
		var v T
		err := d.Decode(&v)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%v in %.500s", err, text)
		}
		out = append(out, v)
	}
}

// serving is a running server.
type serving struct {
	app.Ready
	t   *testing.T
	cmd *exec.Cmd
}

// serve starts a server without live rooms. It is killed at the end of the
// test, if it has not been stopped.
func serve(t *testing.T, dir string, args ...string) *serving {
	t.Helper()
	s := &serving{t: t, cmd: command(t, append([]string{"serve", "--data", dir, "--addr", "127.0.0.1:0", "--livekit", "none", "--level", "error"}, args...)...)}
	s.cmd.Stderr = os.Stderr
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.cmd.ProcessState == nil {
			_ = s.cmd.Process.Kill() // it may have ended
			_ = s.cmd.Wait()
		}
	})
	text, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, &s.Ready)
	}
	if err != nil {
		t.Fatalf("the server did not start: %v", err)
	}
	return s
}

// stop asks the server to end and returns its exit code.
func (s *serving) stop() int {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
	late := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	_ = s.cmd.Wait() // the code says how
	return s.cmd.ProcessState.ExitCode()
}

// ask sends a request and returns the status and the body.
func ask(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	req.Header.Set("Content-Type", "application/fhir+json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// write puts a file into a temporary folder and returns its path.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const (
	patient = `{"resourceType":"Patient","id":"p1","active":true,"name":[{"text":"Nguyễn Văn An","family":"Nguyễn","given":["Văn","An"]}],"gender":"male","birthDate":"1980-02-03"}`
	wrong   = `{"resourceType":"Patient","id":"p2","gender":"nam"}`
)

// 2 is wrong use, 1 is refused, 0 is done; the result stands alone on standard
// output.
func TestExitCodes(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "letter.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := func() string { return filepath.Join(t.TempDir(), "data") }
	for _, c := range []struct {
		name string
		args []string
		code int
	}{
		{"no such command", []string{"heal"}, 2},
		{"no such flag", []string{"check", "--colour", "red"}, 2},
		{"token without scope", []string{"token", "--data", empty()}, 2},
		{"token of a scope nobody knows", []string{"token", "--data", empty(), "--scope", "all"}, 1},
		{"token of a type nobody knows", []string{"token", "--data", empty(), "--scope", "system/Nonsense.rs"}, 1},
		{"token that never ends", []string{"token", "--data", empty(), "--scope", "system/*.rs", "--ttl", "99999h"}, 1},
		{"token of a login nobody has", []string{"token", "--data", empty(), "--scope", "user/*.rs", "--login", "nobody"}, 1},
		{"period that is none", []string{"indicator", "--data", empty(), "--code", "care.visits", "--unit", "VN", "--period", "lately"}, 2},
		{"unit that is none", []string{"indicator", "--data", empty(), "--code", "care.visits", "--unit", "99999", "--period", "2026-11-21"}, 2},
		{"an old unit on today's map", []string{"indicator", "--data", empty(), "--code", "care.visits", "--unit", "00001", "--period", "2024", "--map", "now"}, 2},
		{"a map of no time", []string{"indicator", "--data", empty(), "--code", "care.visits", "--unit", "VN", "--period", "2024", "--map", "later"}, 2},
		{"as of no time", []string{"indicator", "--data", empty(), "--code", "care.visits", "--unit", "VN", "--period", "2024", "--as-of", "once"}, 2},
		{"indicator that is none", []string{"indicator", "--data", empty(), "--code", "care.hope", "--unit", "VN", "--period", "2026-11-21"}, 1},
		{"validate what is not there", []string{"validate", filepath.Join(full, "none.json")}, 2},
		{"demonstration over something else", []string{"demo", "--data", full, "--no-serve"}, 2},
		{"demonstration of no day", []string{"demo", "--data", empty(), "--no-serve", "--date", "tomorrow"}, 2},
		{"demonstration of no province", []string{"demo", "--data", empty(), "--no-serve", "--province", "99"}, 2},
		{"demonstration of nobody", []string{"demo", "--data", empty(), "--no-serve", "--people", "0"}, 2},
		{"validate against a profile", []string{"validate", "--profile", "https://e.org/p", full}, 2},
		{"validate against a package", []string{"validate", "--package", full, full}, 2},
		{"restore from nothing", []string{"restore", "--data", empty(), filepath.Join(full, "none")}, 1},
		{"check of a new folder", []string{"check", "--data", empty()}, 0},
		{"help", []string{"--help"}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := mach(t, c.args...)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d; err: %.500s", r.code, c.code, r.err)
			}
			if c.code == 2 && r.err == "" {
				t.Error("wrong use is not explained")
			}
		})
	}
}

// TestFlags compares the flags with those that others rely on.
func TestFlags(t *testing.T) {
	t.Parallel()
	for command, flags := range map[string]string{
		"serve":     "--data --addr --database --nats --livekit --blob --tls-cert --tls-key",
		"demo":      "--data --province --people --years --seed --date --addr --lan --no-serve",
		"token":     "--data --scope --ttl --login --patient",
		"import":    "--data",
		"check":     "--data",
		"backup":    "--data",
		"restore":   "--data",
		"indicator": "--data --code --unit --period --as-of --map",
		"crash":     "--data --kills --database --processes",
		"validate":  "--profile --package",
	} {
		help := mach(t, command, "--help").want(t, 0).out
		for flag := range strings.FieldsSeq(flags) {
			if !strings.Contains(help, flag+"=") && !strings.Contains(help, flag+" ") && !strings.Contains(help, flag+"\n") {
				t.Errorf("mach %s has no %s", command, flag)
			}
		}
	}
}

func TestValidate(t *testing.T) {
	t.Parallel()
	good, bad, broken := write(t, "good.json", patient), write(t, "bad.json", wrong), write(t, "broken.json", `{"resourceType":`)
	type outcome struct {
		ResourceType string `json:"resourceType"`
		Issue        []struct {
			Severity, Code, Diagnostics string
			Expression                  []string
		} `json:"issue"`
	}
	all := lines[outcome](t, mach(t, "validate", good, bad, broken).want(t, 1).out)
	if len(all) != 3 {
		t.Fatalf("%d outcomes for 3 resources", len(all))
	}
	if s := all[0].Issue[0].Severity; s != "information" && s != "warning" { // good practice is advised
		t.Errorf("good: %+v", all[0])
	}
	if i := all[1].Issue[0]; i.Severity != "error" || len(i.Expression) != 1 || !strings.Contains(i.Expression[0], "gender") {
		t.Errorf("bad gender: %+v", all[1])
	}
	if said := all[1].Issue[0].Diagnostics; strings.Contains(said, "fhir.code") || !strings.Contains(said, " ") {
		t.Errorf("a key instead of words: %q", said)
	}
	if s := all[2].Issue[0].Severity; s != "error" && s != "fatal" {
		t.Errorf("broken: %+v", all[2])
	}
	one := lines[outcome](t, machWith(t, patient, "validate", "-").want(t, 0).out)
	if len(one) != 1 || one[0].ResourceType != "OperationOutcome" {
		t.Errorf("standard input: %+v", one)
	}
	many := lines[outcome](t, machWith(t, patient+"\n\n"+wrong+"\n"+patient+"\n", "validate", "-").want(t, 1).out)
	if len(many) != 3 || many[1].Issue[0].Severity != "error" || many[2].Issue[0].Severity == "error" {
		t.Errorf("NDJSON: %+v", many)
	}
}

// A demonstration that cannot be made leaves the folder free for another; one
// that is there is not taken for another.
func TestDemoPlan(t *testing.T) {
	if testing.Short() {
		t.Skip("fills a demonstration")
	}
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "demo")
	demo := func(more ...string) result {
		return mach(t, append([]string{"demo", "--data", dir, "--no-serve"}, more...)...)
	}
	demo("--province", "99").want(t, 2)
	demo("--people", "30", "--years", "1", "--date", "2026-11-21").want(t, 0)
	demo().want(t, 0)
	if r := demo("--people", "31").want(t, 2); !strings.Contains(r.err, "30 people") {
		t.Errorf("another plan: %s", r.err)
	}
}

// Attachments are in a backup, and check reads them.
func TestBlobs(t *testing.T) {
	t.Parallel()
	dir, out := t.TempDir(), filepath.Join(t.TempDir(), "backup")
	line := func(dir string, code int) (found store.CheckLine) {
		for _, l := range lines[store.CheckLine](t, mach(t, "check", "--data", dir).want(t, code).out) {
			if l.Check == "blobs" {
				found = l
			}
		}
		return found
	}
	if l := line(dir, 0); !l.OK {
		t.Errorf("no attachments: %+v", l)
	}
	blobs, err := blob.Open(t.Context(), filepath.Join(dir, "blobs"), 1<<10)
	if err != nil {
		t.Fatal(err)
	}
	key, _, err := blobs.Put(t.Context(), strings.NewReader("phim phổi"))
	if err != nil {
		t.Fatal(err)
	}
	mach(t, "backup", "--data", dir, out).want(t, 0)
	file := filepath.Join("blobs", string(key[:2]), string(key[2:]))
	if err := os.WriteFile(filepath.Join(dir, file), []byte("phim khác"), 0o600); err != nil {
		t.Fatal(err)
	}
	if l := line(dir, 1); l.OK || !strings.Contains(l.Detail, string(key)) {
		t.Errorf("an altered attachment: %+v", l)
	}
	if b, err := os.ReadFile(filepath.Join(out, file)); err != nil || string(b) != "phim phổi" {
		t.Errorf("in the backup: %q, %v", b, err)
	}
}

// A token opens the interface of a running server as far as its scope goes.
func TestToken(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := serve(t, dir)
	all := strings.TrimSpace(mach(t, "token", "--data", dir, "--scope", "system/*.cruds").want(t, 0).out)
	if strings.ContainsAny(all, " \n{") {
		t.Fatalf("the token does not stand alone: %q", all)
	}
	reader := strings.TrimSpace(mach(t, "token", "--data", dir, "--scope", "system/Patient.rs").want(t, 0).out)
	for _, c := range []struct {
		name, method, path, token, body string
		status                          int
	}{
		{"metadata is open", "GET", "/metadata", "", "", 200},
		{"no token", "GET", "/Patient", "", "", 401},
		{"forged token", "GET", "/Patient", all + "x", "", 401},
		{"write", "PUT", "/Patient/p1", all, patient, 201},
		{"read", "GET", "/Patient/p1", reader, "", 200},
		{"write beyond the scope", "PUT", "/Patient/p1", reader, patient, 403},
		{"read beyond the scope", "GET", "/Observation", reader, "", 403},
	} {
		if status, body := ask(t, c.method, s.FHIR+c.path, c.token, c.body); status != c.status {
			t.Errorf("%s: %d, want %d: %.300s", c.name, status, c.status, body)
		}
	}
}

// Import says what it refused and why, stores the rest, and may be repeated.
func TestImport(t *testing.T) {
	t.Parallel()
	type line struct {
		File, Type, ID, Path, Severity, Reason string
		Line, Read, Stored, Unchanged, Refused int
	}
	dir := t.TempDir()
	file := write(t, "people.ndjson", patient+"\n"+wrong+"\n"+
		`{"resourceType":"Observation","id":"o1","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/nobody"}}`+"\n")
	got := lines[line](t, mach(t, "import", "--data", dir, file).want(t, 1).out)
	last := got[len(got)-1]
	if last.Read != 3 || last.Stored != 2 || last.Refused != 1 || last.Unchanged != 0 {
		t.Errorf("totals %+v", last)
	}
	var refused, dangling bool
	for _, l := range got[:len(got)-1] {
		refused = refused || l.ID == "p2" && l.Line == 2 && l.Severity == "error" && strings.Contains(l.Path, "gender") && l.Reason != ""
		dangling = dangling || l.ID == "o1" && l.Severity != "error" && strings.Contains(l.Reason, "Patient/nobody")
	}
	if !refused || !dangling {
		t.Errorf("refused %v, dangling %v: %+v", refused, dangling, got)
	}
	again := lines[line](t, machWith(t, patient, "import", "--data", dir, "-").want(t, 0).out)
	if last := again[len(again)-1]; last.Unchanged != 1 || last.Stored != 0 {
		t.Errorf("again: %+v", last)
	}
}

// An imported visit is in the figure, also when no server has run; one corrected
// later is in the figure of before. Code 26740 was Bến Nghé and is Sài Gòn.
func TestIndicator(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	visit := `{"resourceType":"Encounter","id":"v1","status":"finished","class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"AMB"},"subject":{"reference":"Patient/p1"},"period":{"start":"2026-11-20T08:00:00+07:00","end":"2026-11-20T08:20:00+07:00"}}`
	dengue := `{"resourceType":"Condition","id":"c1","extension":[{"url":"https://mach.vn/ext/unit","valueCoding":{"system":"https://mach.vn/cs/unit","version":"2024-01-01","code":"26740"}}],"verificationStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/condition-ver-status","code":"confirmed"}]},"category":[{"coding":[{"system":"https://mach.vn/cs/category","code":"case-report"}]}],"code":{"coding":[{"system":"http://hl7.org/fhir/sid/icd-10","code":"A97.0"}]},"subject":{"reference":"Patient/p1"},"recordedDate":"2024-03-04"}`
	mach(t, "import", "--data", dir, write(t, "visit.ndjson", patient+"\n"+visit+"\n"+dengue+"\n")).want(t, 0)
	before := time.Now()
	mach(t, "import", "--data", dir, write(t, "wrong.ndjson", strings.Replace(visit, "finished", "entered-in-error", 1)+"\n")).want(t, 0)
	type figure struct {
		Code, Unit, Period  string
		Numerator, Position int64
		Denominator, Value  *float64
		Complete            bool
	}
	ask := func(args ...string) (figure, string) {
		t.Helper()
		var f figure
		out := mach(t, append([]string{"indicator", "--data", dir}, args...)...).want(t, 0).out
		if err := json.Unmarshal([]byte(out), &f); err != nil || strings.Count(out, "\n") != 1 {
			t.Fatalf("%s: %v", out, err)
		}
		return f, out
	}
	now, out := ask("--code", "care.visits", "--unit", "VN", "--period", "2026-11-20")
	if now.Code != "care.visits" || now.Unit != "VN" || now.Period != "2026-11-20" || now.Numerator != 0 || !now.Complete || *now.Value != 0 || *now.Denominator < 1e8 {
		t.Errorf("%s", out)
	}
	for _, asOf := range []string{before.Format(time.RFC3339Nano), before.UTC().Format("2006-01-02T15:04:05.999Z")} {
		was, out := ask("--code", "care.visits", "--unit", "VN", "--period", "2026-11-20", "--as-of", asOf)
		if was.Numerator != 1 || was.Position != now.Position-1 {
			t.Errorf("as of %s: %s", asOf, out)
		}
	}
	if day, out := ask("--code", "care.visits", "--unit", "VN", "--period", "2026-11-20", "--as-of", "2026-11-20"); day.Numerator != 0 || day.Position != 0 || !day.Complete {
		t.Errorf("before the first line of the log: %s", out) // the period had ended, nothing was known
	}
	here, out := ask("--code", "surv.dengue", "--unit", "26740", "--period", "2024", "--map", "now")
	if here.Numerator != 1 || here.Denominator == nil || here.Value == nil || !here.Complete {
		t.Errorf("Sài Gòn: %s", out)
	}
	there, out := ask("--code", "surv.dengue", "--unit", "26740", "--period", "2024", "--map", "then")
	if there.Numerator != 1 || there.Denominator != nil || there.Value != nil || there.Complete {
		t.Errorf("Bến Nghé: %s", out)
	}
	if gone, out := ask("--code", "surv.dengue", "--unit", "26737", "--period", "2024", "--map", "then"); gone.Numerator != 0 {
		t.Errorf("Đa Kao beside it: %s", out)
	}
}

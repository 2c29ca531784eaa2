// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"
)

// exported are the types of TestExportSurvivesAKill, and how many there are of
// each: one is in a file early, the others take long enough to be killed over.
var exported = []struct {
	typ, members string
	n            int
}{
	{"Basic", `"code":{"text":"x"}`, 500},
	{"Flag", `"status":"active","code":{"text":"x"},"subject":{"display":"x"}`, 6500},
	{"Group", `"type":"person","actual":false`, 6500},
	{"Location", `"name":"x"`, 6500},
}

// An export whose server is killed in the middle goes on when it is started
// again: the address that was given for it answers until it is complete, what
// was finished is not done again, and its files hold every resource once.
func TestExportSurvivesAKill(t *testing.T) {
	eachDatabase(t, func(t *testing.T, dir string, database []string) {
		var list, types []string
		for _, e := range exported {
			types = append(types, e.typ)
			for i := range e.n {
				list = append(list, fmt.Sprintf(`{"resourceType":%q,"id":"r%d",%s}`, e.typ, i, e.members))
			}
		}
		mach(t, with(database, "import", "--data", dir, write(t, "all.ndjson", strings.Join(list, "\n")))...).want(t, 0)
		token := strings.TrimSpace(mach(t, with(database, "token", "--data", dir, "--scope", "system/*.rs")...).want(t, 0).out)
		s := serve(t, dir, database...)
		at, before := "", 0
		for tries := 0; before == 0; tries++ {
			res, body := fetch(t, s.FHIR+"/$export?_type="+strings.Join(types, ","), token)
			if res.StatusCode != http.StatusAccepted || tries == 5 {
				t.Fatalf("no export in the middle after %d: %s %s", tries, res.Status, body)
			}
			at = res.Header.Get("Content-Location")
			before = inTheMiddle(t, at, token)
		}
		if err := s.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = s.cmd.Wait() // it was killed
		serve(t, dir, with(database, "--addr", strings.TrimSuffix(strings.TrimPrefix(s.FHIR, "http://"), "/fhir"))...)
		files, after := complete(t, at, token)
		if after < before {
			t.Errorf("killed behind %d resources, it went on behind %d", before, after)
		}
		had := map[string]bool{}
		for _, f := range files {
			for _, ref := range f.refs(t, token) {
				if had[ref] {
					t.Fatalf("%s is there twice", ref)
				}
				had[ref] = true
			}
		}
		for _, e := range exported {
			for i := range e.n {
				if ref := fmt.Sprintf("%s/r%d", e.typ, i); !had[ref] {
					t.Fatalf("%s is missing", ref)
				}
			}
		}
		if len(had) != len(list) {
			t.Errorf("%d resources, not %d", len(had), len(list))
		}
		t.Logf("killed behind %d of %d resources", before, len(had))
	})
}

// file is one of a manifest.
type file struct {
	Type, URL string
	Count     int
}

// refs reads a file; it has as many lines as the manifest says.
func (f file) refs(t *testing.T, token string) []string {
	t.Helper()
	res, body := fetch(t, f.URL, token)
	var refs []string
	for _, one := range lines[struct{ ResourceType, ID string }](t, body) {
		refs = append(refs, one.ResourceType+"/"+one.ID)
	}
	if res.StatusCode != http.StatusOK || len(refs) != f.Count || !strings.HasPrefix(refs[0], f.Type+"/") {
		t.Fatalf("%+v: %s, %d lines", f, res.Status, len(refs))
	}
	return refs
}

// inTheMiddle waits until a file of an export is finished, and returns how many
// resources are; 0 when all were before anybody saw.
func inTheMiddle(t *testing.T, at, token string) (n int) {
	t.Helper()
	for end := time.Now().Add(time.Minute); n == 0 && time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		res, _ := fetch(t, at, token)
		if res.StatusCode == http.StatusOK {
			return 0
		}
		n = finished(res)
	}
	return n
}

// complete waits for the end of an export and returns its files, and how many
// resources were finished when it was first asked.
func complete(t *testing.T, at, token string) (files []file, first int) {
	t.Helper()
	first = -1
	for end := time.Now().Add(60 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		res, body := fetch(t, at, token)
		if res.StatusCode == http.StatusOK {
			var m struct{ Output, Error, Deleted []file }
			if err := json.Unmarshal([]byte(body), &m); err != nil || len(m.Error)+len(m.Deleted) > 0 {
				t.Fatalf("%v: %s", err, body)
			}
			if first < 0 { // it ended before it was first asked
				t.Log("nobody saw where it went on")
				first = math.MaxInt
			}
			return m.Output, first
		}
		if res.StatusCode != http.StatusAccepted {
			t.Fatalf("%s %s", res.Status, body)
		}
		if first < 0 {
			first = finished(res)
		}
	}
	t.Fatal("the export does not end")
	return nil, 0
}

// finished is what a status says is done.
func finished(res *http.Response) (n int) {
	_, text, _ := strings.Cut(res.Header.Get("X-Progress"), ", ")
	_, _ = fmt.Sscanf(text, "%d resources", &n) // "waiting" is 0
	return n
}

// fetch asks for something that may be a job.
func fetch(t *testing.T, url, token string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Prefer", "respond-async")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

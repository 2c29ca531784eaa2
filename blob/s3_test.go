// SPDX-License-Identifier: Apache-2.0

package blob

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// fakeS3 serves the five calls of S3 that a bucket uses, with one bucket "kho",
// and returns its URL "s3://host/kho". Signatures are not checked: that is the
// client library's own business.
func fakeS3(t *testing.T) string {
	t.Helper()
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test-secret")
	srv := httptest.NewServer(&s3{objects: map[string][]byte{}})
	t.Cleanup(srv.Close)
	return "s3://" + strings.TrimPrefix(srv.URL, "http://") + "/kho"
}

type s3 struct {
	mu      sync.Mutex
	objects map[string][]byte
}

func (s *s3) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, in := strings.CutPrefix(r.URL.Path, "/kho/")
	switch {
	case r.Header.Get("Authorization") == "":
		http.Error(w, "unsigned", http.StatusForbidden)
	case !in:
		http.Error(w, "no such bucket", http.StatusNotFound)
	case name == "" && r.Method == http.MethodHead:
	case name == "" && r.Method == http.MethodGet:
		s.list(w, r.FormValue("prefix"))
	case r.Method == http.MethodPut:
		b, err := decode(r)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		s.objects[name] = b
		w.Header().Set("ETag", `"etag"`)
	case r.Method == http.MethodDelete:
		delete(s.objects, name)
		w.WriteHeader(http.StatusNoContent)
	default:
		s.get(w, name)
	}
}

func (s *s3) get(w http.ResponseWriter, name string) {
	b, ok := s.objects[name]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, "<Error><Code>NoSuchKey</Code></Error>")
		return
	}
	w.Header().Set("ETag", `"etag"`)
	w.Header().Set("Last-Modified", "Sat, 21 Nov 2026 00:00:00 GMT")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
}

func (s *s3) list(w io.Writer, prefix string) {
	type object struct{ Key string }
	var out struct {
		XMLName  xml.Name `xml:"ListBucketResult"`
		Contents []object
	}
	for name := range s.objects {
		if strings.HasPrefix(name, prefix) {
			out.Contents = append(out.Contents, object{name})
		}
	}
	slices.SortFunc(out.Contents, func(a, b object) int { return strings.Compare(a.Key, b.Key) })
	xml.NewEncoder(w).Encode(out)
}

// decode takes off the chunk signatures that clients without TLS put between
// the bytes.
func decode(r *http.Request) ([]byte, error) {
	if !strings.HasPrefix(r.Header.Get("X-Amz-Content-Sha256"), "STREAMING-") {
		return io.ReadAll(r.Body)
	}
	var all []byte
	br := bufio.NewReader(r.Body)
	for {
		line, err := br.ReadString('\n')
		if err != nil {
			return nil, err
		}
		size, _, _ := strings.Cut(strings.TrimSpace(line), ";")
		n, err := strconv.ParseInt(size, 16, 64)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return all, nil
		}
		chunk := make([]byte, n+2)
		if _, err := io.ReadFull(br, chunk); err != nil {
			return nil, err
		}
		all = append(all, chunk[:n]...)
	}
}

// SPDX-License-Identifier: Apache-2.0

package web

import (
	"compress/gzip"
	"net/http"
	"strings"
	"sync"
)

// smallest is the body below which compressing costs more than it saves.
const smallest = 860

var zippers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, 5)
	return z
}}

// recorder notes status and size, and compresses text when the client takes
// gzip. It decides at the first write; streams are left alone.
type recorder struct {
	http.ResponseWriter
	takes  bool // the client takes gzip
	wrote  bool
	status int
	bytes  int64 // before compression
	zip    *gzip.Writer
}

func newRecorder(w http.ResponseWriter, r *http.Request) *recorder {
	takes := strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") && r.Method != http.MethodHead &&
		r.Header.Get("Range") == ""
	return &recorder{ResponseWriter: w, takes: takes, status: http.StatusOK}
}

func (r *recorder) WriteHeader(status int) {
	if r.wrote {
		return
	}
	if status >= 200 {
		r.wrote, r.status = true, status
	}
	if status == http.StatusNoContent || status == http.StatusNotModified || r.Header().Get("Content-Encoding") != "" ||
		!compressible(r.Header().Get("Content-Type")) {
		r.takes = false
	}
	if !r.takes {
		r.ResponseWriter.WriteHeader(status)
	}
	// else: sent with the first bytes, when their number is known
}

func (r *recorder) Write(b []byte) (int, error) {
	if !r.wrote {
		if r.Header().Get("Content-Type") == "" {
			r.Header().Set("Content-Type", http.DetectContentType(b))
		}
		r.WriteHeader(http.StatusOK)
	}
	r.bytes += int64(len(b))
	if r.takes && r.zip == nil {
		if len(b) < smallest {
			r.plain()
		} else {
			h := r.Header()
			h.Set("Content-Encoding", "gzip")
			h.Add("Vary", "Accept-Encoding")
			h.Del("Content-Length")
			if tag := h.Get("ETag"); tag != "" && !strings.HasPrefix(tag, "W/") {
				h.Set("ETag", "W/"+tag)
			}
			r.ResponseWriter.WriteHeader(r.status)
			r.zip = zippers.Get().(*gzip.Writer)
			r.zip.Reset(r.ResponseWriter)
		}
	}
	if r.zip != nil {
		return r.zip.Write(b)
	}
	return r.ResponseWriter.Write(b)
}

// plain gives up compressing and sends the header that was held back.
func (r *recorder) plain() {
	r.takes = false
	r.ResponseWriter.WriteHeader(r.status)
}

// Flush sends what is there: for streams.
func (r *recorder) Flush() {
	if !r.wrote {
		r.WriteHeader(http.StatusOK)
	}
	if r.takes && r.zip == nil {
		r.plain()
	}
	if r.zip != nil {
		_ = r.zip.Flush()
	}
	_ = http.NewResponseController(r.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) close() {
	if r.zip != nil {
		_ = r.zip.Close()
		zippers.Put(r.zip)
		r.zip = nil
		return
	}
	if r.takes && r.wrote {
		r.plain()
	}
}

func compressible(contentType string) bool {
	kind, _, _ := strings.Cut(contentType, ";")
	switch strings.TrimSpace(kind) {
	case "text/event-stream":
		return false
	case "application/json", "application/fhir+json", "application/x-ndjson", "application/fhir+ndjson",
		"image/svg+xml", "application/manifest+json", "text/javascript", "application/jwk-set+json":
		return true
	}
	return strings.HasPrefix(kind, "text/")
}

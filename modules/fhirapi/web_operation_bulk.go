// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"context"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/web"
)

// BulkJobs answers for the module that moves many resources at once. Each
// method returns the id of a job.
type BulkJobs interface {
	Export(ctx context.Context, d store.Door, url, level string, params [][2]string, lenient bool) (string, error)
	Import(ctx context.Context, d store.Door, url, lang string, body io.Reader) (string, error)
	ImportFrom(ctx context.Context, d store.Door, asked, lang string, urls []string) (string, error)
}

// bulkdata is where the operations of the Bulk Data Access IG are defined.
const bulkdata = "http://hl7.org/fhir/uv/bulkdata/OperationDefinition/"

// ServeBulk gives the module those who do bulk jobs and the path at which jobs
// are asked about; without them $export and $import are refused.
func (m *Module) ServeBulk(jobs BulkJobs, path string) { m.bulk, m.bulkPath = jobs, path }

// Fail answers a request of the service that another room serves.
func (m *Module) Fail(w http.ResponseWriter, r *http.Request, err error) { m.fail(w, r, err) }

// export answers $export: the job does the work.
func (m *Module) export(c *call) (*fhir.Doc, error) {
	if m.bulk == nil {
		return nil, issue.New(issue.NotSupported, "bulk.none")
	}
	if err := c.async(); err != nil {
		return nil, err
	}
	level := c.typ
	if c.id != "" {
		level += "/" + c.id
	}
	params := slices.Clone(c.query)
	if c.params.body != nil {
		for p := range c.params.body.Each("parameter") {
			value := valueOf(p).String()
			if ref := valueOf(p).Get("reference"); ref.Exists() {
				value = ref.String()
			}
			params = append(params, [2]string{p.Get("name").String(), value})
		}
	}
	lenient := preferred(c.http, "handling") == "lenient" // as of the IG, what is not understood is refused without it
	id, err := m.bulk.Export(c.http.Context(), c.door, c.url(), level, params, lenient)
	return nil, m.accepted(c, id, err)
}

// take answers $import: NDJSON in the body, or Parameters that name inputs.
func (m *Module) take(c *call) (*fhir.Doc, error) {
	if m.bulk == nil {
		return nil, issue.New(issue.NotSupported, "bulk.none")
	}
	if err := c.async(); err != nil {
		return nil, err
	}
	ctx, lang := c.http.Context(), string(web.Lang(c.http))
	media, _, _ := mime.ParseMediaType(c.header("Content-Type"))
	if strings.HasSuffix(media, "ndjson") {
		id, err := m.bulk.Import(ctx, c.door, c.url(), lang, c.http.Body)
		return nil, m.accepted(c, id, err)
	}
	body, err := c.body()
	if err != nil {
		return nil, err
	}
	c.params.body = body
	var urls []string
	for p := range c.params.each("input") {
		for part := range p.Each("part") {
			if part.Get("name").String() == "url" {
				urls = append(urls, valueOf(part).String())
			}
		}
	}
	id, err := m.bulk.ImportFrom(ctx, c.door, c.url(), lang, urls)
	return nil, m.accepted(c, id, err)
}

// async refuses who would wait for the answer, and an entry of a Bundle, whose
// answer has no place for where to ask.
func (c *call) async() error {
	if !strings.Contains(strings.Join(c.http.Header.Values("Prefer"), ","), "respond-async") || len(c.http.URL.Path) <= len(Base)+1 {
		return kickOff(issue.New(issue.Required, "bulk.async").At("Prefer"))
	}
	return nil
}

// kickOff answers with 400 what is wrong with the request for a job: there is no
// resource that could not be processed. R4 async.html, Bulk Data
// export.html "Response - Error".
func kickOff(err error) error {
	if issue.Status(err) == http.StatusUnprocessableEntity {
		return &refused{status: http.StatusBadRequest, err: err}
	}
	return err
}

func (c *call) url() string { return c.base + strings.TrimPrefix(c.http.URL.RequestURI(), Base) }

// accepted says where to ask about a job.
func (m *Module) accepted(c *call, id string, err error) error {
	if err == nil {
		c.answer.status, c.answer.contentLocation = http.StatusAccepted, strings.TrimSuffix(c.base, Base)+m.bulkPath+"/"+id
	}
	return kickOff(err)
}

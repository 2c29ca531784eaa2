// SPDX-License-Identifier: Apache-2.0

package fhirapi

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/fhir/sof"
	"mach/issue"
	"mach/store"
)

// Bounds of one $run. What is more is for the tables that the installation keeps
// (modules/flat) and for $export.
const (
	runRows = 10_000   // rows when _limit is not given; more are refused
	runMost = 100_000  // of _limit
	runSize = 32 << 20 // bytes of the answer
	runPage = 500      // resources of one search
)

// rowFormats are what rows may be written as, by _format.
var rowFormats = map[string]struct {
	media string
	to    func(v *sof.View, w io.Writer) sof.Writer
}{
	"ndjson":  {"application/x-ndjson", (*sof.View).NDJSON},
	"csv":     {"text/csv; charset=utf-8", (*sof.View).CSV},
	"parquet": {"application/vnd.apache.parquet", (*sof.View).Parquet},
}

// Flatten gives the definitions that ViewDefinition/[name]/$run knows, by name.
func (m *Module) Flatten(views map[string]*sof.View) { m.views = views }

// run answers ViewDefinition/$run of SQL on FHIR v2: the rows that a definition
// makes of the resources that the caller may read, or of those in the request.
func (m *Module) run(c *call) (*fhir.Doc, error) {
	view, err := m.viewOf(c)
	if err != nil {
		return nil, err
	}
	format, ok := rowFormats[rowFormat(c)]
	if !ok {
		return nil, unacceptable(issue.New(issue.NotSupported, "fhirapi.run.format").At("_format"))
	}
	limit, enough := runRows, error(issue.New(issue.TooCostly, "fhirapi.run.rows", runRows, runMost).At("_limit"))
	if text := c.params.text("_limit"); text != "" {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > runMost {
			return nil, issue.New(issue.Invalid, "fhirapi.run.limit", runMost).At("_limit")
		}
		enough = errEnough
	}
	if _, err := c.params.flag("header"); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	rows := format.to(view, &out)
	err = m.sources(c, view, func(d *fhir.Doc) error {
		c.people.add(d)
		return view.Each(d, func(r sof.Row) error {
			if limit--; limit < 0 {
				return enough
			}
			if out.Len() > runSize {
				return issue.New(issue.TooCostly, "fhirapi.run.size", runSize>>20)
			}
			return rows.Write(r)
		})
	})
	if err != nil && !errors.Is(err, errEnough) {
		return nil, err
	}
	if err := rows.Close(); err != nil {
		return nil, err
	}
	c.answer.text, c.answer.media = out.String(), format.media
	if c.params.text("header") == "false" && format.media == rowFormats["csv"].media {
		_, c.answer.text, _ = strings.Cut(c.answer.text, "\n") // names of columns have no line feed
	}
	return nil, nil
}

var errEnough = errors.New("as many rows as were asked for")

// viewOf is the definition in the request, or one of those known by name.
func (m *Module) viewOf(c *call) (*sof.View, error) {
	if c.id != "" {
		if v := m.views[c.id]; v != nil {
			return v, nil
		}
		return nil, issue.New(issue.NotFound, "store.not_found")
	}
	given, err := c.params.resource("viewResource")
	switch {
	case err != nil:
		return nil, err
	case given == nil:
		return nil, missing("viewResource")
	}
	return sof.Compile(given.Bytes())
}

// rowFormat is what _format names, or else the header Accept; NDJSON when
// neither names one of ours.
func rowFormat(c *call) string {
	asked := c.params.text("_format")
	if asked == "" {
		asked = c.header("Accept")
	}
	for name, f := range rowFormats {
		media, _, _ := strings.Cut(f.media, ";")
		if asked == name || strings.Contains(asked, media) {
			return name
		}
	}
	if asked == "" || c.params.text("_format") == "" {
		return "ndjson"
	}
	return asked
}

// sources calls do with each resource that rows are made of.
func (m *Module) sources(c *call, view *sof.View, do func(*fhir.Doc) error) error {
	given := false
	for n := range c.params.each("resource") {
		given = true
		d, err := fhir.ParseString(n.Get("resource").Raw())
		if err == nil {
			err = do(d)
		}
		if err != nil {
			return err
		}
	}
	if given {
		return nil
	}
	query := store.Query{Type: view.Resource, Count: runPage}
	if whose := c.params.all("patient"); len(whose) > 0 {
		code := "patient"
		if view.Resource == "Patient" {
			code = "_id"
		}
		if _, ok := fhir.ParamOf(view.Resource, code); !ok {
			return issue.New(issue.NotSupported, "fhirapi.run.patient", view.Resource).At("patient")
		}
		for i := range whose {
			whose[i] = strings.TrimPrefix(whose[i], "Patient/")
		}
		query.Params = append(query.Params, [2]string{code, strings.Join(whose, ",")})
	}
	if since := c.params.text("_since"); since != "" {
		from, _, err := period(since)
		if err != nil {
			return issue.New(issue.Invalid, "fhirapi.since", since).At("_since")
		}
		query.Params = append(query.Params, [2]string{"_lastUpdated", "ge" + instant(from)})
	}
	for {
		page, err := c.door.Search(c.http.Context(), query)
		if err != nil {
			return err
		}
		for _, d := range page.Docs {
			if err := do(d); err != nil {
				return err
			}
		}
		if page.Next == "" {
			return nil
		}
		query.Cursor = page.Next
	}
}

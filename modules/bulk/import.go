// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"

	"mach/blob"
	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// importArgs are what an import takes in beside what came with the request: what
// is to be fetched.
type importArgs struct {
	URLs []string `json:"urls,omitempty"`
	Lang string   `json:"lang"`
}

const maxInputs = 100

// nameSize is how many random bytes stand before an input that is kept: equal
// inputs are different blobs, so that the end of one import never takes away
// what another just sent.
const nameSize = 26 // of rand.Text

// Import asks for an import of NDJSON. Errors: Forbidden (who may write no
// type), TooLong, Throttled.
func (m *Module) Import(ctx context.Context, d store.Door, url, lang string, body io.Reader) (string, error) {
	if err := m.mayWrite(d); err != nil {
		return "", err
	}
	key, size, err := m.Blobs.Put(ctx, io.MultiReader(strings.NewReader(rand.Text()), body))
	if err != nil {
		return "", err
	}
	if size == nameSize {
		return "", errors.Join(issue.New(issue.Required, "bulk.empty"), m.drop(ctx, key))
	}
	return m.ask(ctx, d.Actor(), "import", ActImport, url, importArgs{Lang: lang}, key)
}

// ImportFrom asks for an import of files on hosts that the operator allows.
func (m *Module) ImportFrom(ctx context.Context, d store.Door, asked, lang string, urls []string) (string, error) {
	if err := m.mayWrite(d); err != nil {
		return "", err
	}
	if len(urls) == 0 || len(urls) > maxInputs {
		return "", issue.New(issue.Required, "bulk.inputs", maxInputs).At("Parameters.parameter")
	}
	for _, text := range urls {
		u, err := url.Parse(text)
		if err != nil || u.User != nil || !slices.Contains(m.Hosts, u.Host) || u.Scheme != "https" && !(u.Scheme == "http" && m.Private) {
			return "", issue.New(issue.Forbidden, "bulk.host").At("Parameters.parameter")
		}
	}
	return m.ask(ctx, d.Actor(), "import", ActImport, asked, importArgs{URLs: urls, Lang: lang}, "")
}

func (m *Module) mayWrite(d store.Door) error {
	a := d.Actor()
	if slices.ContainsFunc(fhir.Types(), func(typ string) bool { return m.store.Reaches(a, store.ActUpdate, typ) }) {
		return nil
	}
	return issue.New(issue.Forbidden, "bulk.forbidden")
}

// take does an import. It is done from its beginning when a process was killed
// over it: ids are kept, so what is there already stays as it is.
func (m *Module) take(ctx context.Context, o store.Office, j *job) error {
	var args importArgs
	if err := json.Unmarshal([]byte(j.args), &args); err != nil {
		return fmt.Errorf("reading an import: %w", err)
	}
	actor, err := m.Renew(ctx, j.actor)
	if err != nil {
		return err
	}
	out := &upload{ctx: ctx, to: m.Blobs}
	var sum tally
	watched, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	go m.watch(watched, stop, j)
	for i := 0; err == nil && i < max(1, len(args.URLs)); i++ {
		err = m.takeOne(watched, actor, j.input, args, i, out, &sum)
	}
	if why := context.Cause(watched); why != nil && ctx.Err() == nil {
		err = why
	}
	p := &part{typ: "OperationOutcome", lines: sum.lines}
	if p.blob, p.size, err = out.close(err); err != nil {
		return err
	}
	if p.blob == "" {
		p = nil
	}
	if err := m.advance(ctx, o, j, p, "", fmt.Sprintf("%d read, %d stored, %d unchanged, %d refused", sum.Read, sum.Stored, sum.Unchanged, sum.Refused)); err != nil {
		return err
	}
	if err := m.end(ctx, o, j, done, fmt.Sprintf("%d read, %d stored, %d unchanged, %d refused", sum.Read, sum.Stored, sum.Unchanged, sum.Refused)); err != nil {
		return err
	}
	return m.drop(ctx, j.input)
}

// tally sums the reports of the inputs.
type tally struct {
	Read, Stored, Unchanged, Refused, lines int64
}

// remark is one line of the report of mach import: a fault, or the totals.
type remark struct {
	Line                             int64
	Type, ID, Path, Severity         string
	Reason, Rule                     string
	Read, Stored, Unchanged, Refused *int64
}

func (m *Module) takeOne(ctx context.Context, a store.Actor, input blob.Key, args importArgs, i int, out *upload, sum *tally) error {
	var in io.ReadCloser
	var err error
	source := ""
	if input != "" {
		if in, err = m.Blobs.Open(ctx, input); errors.Is(err, os.ErrNotExist) { // it will not come back
			err = issue.New(issue.NotFound, "bulk.input")
		} else if err == nil {
			_, err = io.CopyN(io.Discard, in, nameSize)
		}
	} else {
		source = args.URLs[i]
		in, err = m.fetch.open(ctx, source)
	}
	if err != nil {
		return err
	}
	defer in.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	r, w := io.Pipe()
	go func() { w.CloseWithError(m.Config.Import(ctx, a, args.Lang, in, w)) }()
	defer r.Close()
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var one remark
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			return fmt.Errorf("reading the report: %w", err)
		}
		if one.Read != nil {
			sum.Read, sum.Stored, sum.Unchanged, sum.Refused = sum.Read+*one.Read, sum.Stored+*one.Stored, sum.Unchanged+*one.Unchanged, sum.Refused+*one.Refused
			continue
		}
		sum.lines++
		if err := out.line(one.outcome(source)); err != nil {
			return err
		}
	}
	return lines.Err()
}

// outcome is a remark as an OperationOutcome.
func (r remark) outcome(source string) string {
	severity := r.Severity
	if severity != "warning" && severity != "information" {
		severity = "error"
	}
	at := fmt.Sprintf("%s:%d", source, r.Line)
	b, _ := json.Marshal(map[string]any{"resourceType": "OperationOutcome", "issue": []any{map[string]any{
		"severity": severity, "code": "processing", "details": map[string]any{"coding": []any{map[string]string{"system": "https://mach.vn/cs/message", "code": r.Rule}}, "text": r.Reason},
		"diagnostics": strings.TrimSpace(strings.Trim(at, ":") + " " + strings.Trim(r.Type+"/"+r.ID, "/")), "expression": []string{cmp.Or(r.Path, r.Type, "Resource")},
	}}}) // texts always encode
	return string(b)
}

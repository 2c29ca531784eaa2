// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// file takes one file in, by what it holds.
func (r *run) file(ctx context.Context, name string) error {
	in, closeFile, err := r.open(name)
	if err != nil {
		return err
	}
	defer closeFile()
	switch strings.ToLower(filepath.Ext(strings.TrimSuffix(name, ".gz"))) {
	case ".xlsx", ".csv":
		if err := r.flush(ctx); err != nil {
			return err
		}
		return r.list(ctx, name, in)
	}
	first, err := nextLine(in)
	if err == io.EOF {
		return nil
	}
	if err == errLong || filepath.Ext(strings.TrimSuffix(name, ".gz")) == ".ndjson" {
		return r.lines(ctx, name, first, err, in)
	}
	if err != nil {
		return err
	}
	if _, err := fhir.ParseString(string(first.text)); err == nil {
		if rest, _ := in.Peek(1); len(rest) > 0 {
			return r.lines(ctx, name, first, nil, in)
		}
	}
	whole, err := io.ReadAll(io.LimitReader(io.MultiReader(bytes.NewReader(first.text), in), fhir.MaxSize+1))
	if err != nil {
		return err
	}
	return r.whole(ctx, name, whole)
}

// open returns a reader of the file's text, decompressed.
func (r *run) open(name string) (*bufio.Reader, func(), error) {
	var f io.Reader = r.In
	closeFile := func() {}
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return nil, nil, err
		}
		f, closeFile = file, func() { file.Close() }
	}
	in := bufio.NewReaderSize(f, 1<<16)
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(in)
		if err != nil {
			closeFile()
			return nil, nil, err
		}
		in = bufio.NewReaderSize(z, 1<<16)
	}
	return in, closeFile, nil
}

// line is a numbered line that is not empty.
type line struct {
	number int // relative to the line before
	text   []byte
}

var errLong = errors.New("the line is too long")

// nextLine reads the next line that is not empty. One longer than fhir.MaxSize
// is read over and answered with errLong.
func nextLine(in *bufio.Reader) (line, error) {
	l := line{}
	for {
		l.number++
		l.text = nil
		long := false
		var err error
		for more := true; more; more = err == bufio.ErrBufferFull {
			var part []byte
			part, err = in.ReadSlice('\n')
			if long = long || len(l.text)+len(part) > fhir.MaxSize; long {
				l.text = nil
			} else {
				l.text = append(l.text, part...)
			}
		}
		switch {
		case err != nil && err != io.EOF:
			return l, err
		case long:
			return l, errLong
		case len(bytes.TrimSpace(l.text)) > 0:
			return l, nil
		case err != nil:
			return l, err
		}
	}
}

// lines takes NDJSON in, from a first line and how reading it went.
func (r *run) lines(ctx context.Context, file string, l line, err error, in *bufio.Reader) error {
	for number := 0; err != io.EOF; l, err = nextLine(in) {
		number += l.number
		switch {
		case err == errLong:
			err = r.fault(file, number, issue.New(issue.TooLong, "intake.line.long", fhir.MaxSize>>20))
		case err == nil:
			err = r.oneLine(ctx, file, number, l.text)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *run) oneLine(ctx context.Context, file string, number int, text []byte) error {
	doc, err := fhir.ParseString(strings.TrimSpace(string(text)))
	if err != nil {
		return r.fault(file, number, err)
	}
	if doc.Type() == "Bundle" && doc.ID() == "" {
		return r.bundle(ctx, doc, file)
	}
	return r.take(ctx, doc, file, number)
}

// whole takes a JSON file in.
func (r *run) whole(ctx context.Context, file string, text []byte) error {
	doc, err := fhir.Parse(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	if err != nil {
		return r.fault(file, 1, err)
	}
	if kind := doc.Get("type").String(); doc.Type() == "Bundle" && kind != "document" && kind != "message" {
		return r.bundle(ctx, doc, file)
	}
	return r.take(ctx, doc, file, 1)
}

// bundle takes the entries of a Bundle in.
func (r *run) bundle(ctx context.Context, doc *fhir.Doc, file string) error {
	items, broken, to, err := r.entries(doc, file)
	if err != nil {
		return err
	}
	if doc.Get("type").String() == "transaction" && len(broken) == 0 {
		return r.transaction(ctx, items)
	}
	for _, b := range broken {
		if err := r.fault(file, b.line, b.err); err != nil {
			return err
		}
	}
	if doc.Get("type").String() == "transaction" { // all or nothing
		r.totals.Read += len(items)
		r.totals.Refused += len(items)
		return nil
	}
	for _, it := range items {
		if it.doc == nil {
			if err := r.remove(ctx, it); err != nil {
				return err
			}
			continue
		}
		rewritten, err := it.doc.Renamed(to)
		if err != nil {
			return err
		}
		if err := r.take(ctx, rewritten, file, it.line); err != nil {
			return err
		}
	}
	return nil
}

// brokenEntry is an entry that cannot be read.
type brokenEntry struct {
	line int
	err  error
}

// entries reads the entries that carry or delete something, those that cannot be
// read, and where the fullUrls of urn form lead.
func (r *run) entries(bundle *fhir.Doc, file string) ([]item, []brokenEntry, map[string]string, error) {
	var items []item
	var broken []brokenEntry
	to := map[string]string{}
	number := 0
	for e := range bundle.Each("entry") {
		number++
		method, url := e.Get("request", "method").String(), e.Get("request", "url").String()
		if typ, id, ok := strings.Cut(url, "/"); method == "DELETE" && ok {
			items = append(items, item{op: store.Delete(typ, id), file: file, line: number})
			continue
		}
		if e.Get("resource").Kind() != fhir.Object {
			if method != "" && method != "GET" && method != "HEAD" {
				broken = append(broken, brokenEntry{number, issue.New(issue.Required, "intake.entry.resource").At("resource")})
			}
			continue
		}
		doc, err := fhir.ParseString(e.Get("resource").Raw())
		if err != nil {
			broken = append(broken, brokenEntry{number, err})
			continue
		}
		full := e.Get("fullUrl").String()
		if doc.ID() == "" {
			id := idOf(doc)
			if given, ok := strings.CutPrefix(full, "urn:uuid:"); ok {
				id = given
			}
			if doc, err = doc.Set("id", id); err != nil {
				return nil, nil, nil, err
			}
		}
		op := store.Import(doc)
		if strings.HasPrefix(full, "urn:") {
			to[full], op = doc.Ref(), op.As(full)
		}
		if query := e.Get("request", "ifNoneExist").String(); query != "" && method == "POST" {
			_, after, found := strings.Cut(query, "?")
			if !found {
				after = query
			}
			op = op.Unless(after)
		}
		items = append(items, item{doc, op, file, number})
	}
	return items, broken, to, nil
}

// transaction commits all items or none.
func (r *run) transaction(ctx context.Context, items []item) error {
	if err := r.flush(ctx); err != nil || len(items) == 0 {
		return err
	}
	r.totals.Read += len(items)
	err := r.commit(ctx, items)
	var e *issue.Error
	if !errors.As(err, &e) {
		return err
	}
	r.totals.Refused += len(items)
	for _, is := range e.Issues {
		it := items[0]
		if n, rest, ok := operation(is.Path); ok && n < len(items) {
			it = items[n]
			is.Path = fmt.Sprintf("Bundle.entry[%d]%s", it.line-1, rest)
		}
		if err := r.refuse(it, &issue.Error{Issues: []issue.Issue{is}}); err != nil {
			return err
		}
	}
	return nil
}

// operation splits the path "Bundle.entry[n]…" of a commit, whose n counts the
// operations, not the entries.
func operation(path string) (n int, rest string, ok bool) {
	inside, found := strings.CutPrefix(path, "Bundle.entry[")
	number, rest, closed := strings.Cut(inside, "]")
	n, err := strconv.Atoi(number)
	return n, rest, found && closed && err == nil
}

// remove deletes what a batch asks to delete; what is not there is as asked.
func (r *run) remove(ctx context.Context, it item) error {
	if err := r.flush(ctx); err != nil {
		return err
	}
	r.totals.Read++
	err := r.commit(ctx, []item{it})
	if issue.Is(err, issue.NotFound) {
		r.totals.Unchanged++
		return nil
	}
	var e *issue.Error
	if errors.As(err, &e) {
		r.totals.Refused++
		return r.refuse(it, e)
	}
	return err
}

// idOf makes the same id of the same content every time, so that reading a
// file again changes nothing.
func idOf(doc *fhir.Doc) string {
	return fixedID(doc.WithoutVersion().Compact().Text())
}

// localReferences yields the path and target of every reference "Type/id".
func localReferences(doc *fhir.Doc) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) { walkReferences(doc.Root(), yield) }
}

func walkReferences(n fhir.Node, yield func(string, string) bool) bool {
	switch n.Kind() {
	case fhir.Array:
		for e := range n.Items() {
			if !walkReferences(e, yield) {
				return false
			}
		}
	case fhir.Object:
		for name, v := range n.Fields() {
			if name != "reference" || v.Kind() != fhir.String {
				if !walkReferences(v, yield) {
					return false
				}
				continue
			}
			ref, _, _ := strings.Cut(v.String(), "/_history/")
			if isLocal(ref) && !yield(v.Path(), ref) {
				return false
			}
		}
	}
	return true
}

// inOrder sorts the keys of dangling by file, line and path.
func inOrder(dangling map[string]Line) []string {
	return slices.SortedFunc(maps.Keys(dangling), func(a, b string) int {
		x, y := dangling[a], dangling[b]
		return cmp.Or(cmp.Compare(x.File, y.File), cmp.Compare(x.Line, y.Line), cmp.Compare(x.Path, y.Path), cmp.Compare(a, b))
	})
}

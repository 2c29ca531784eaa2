// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"mach/fhir"
	"mach/issue"
)

// Types are the resource types that a [Set] takes.
var Types = []string{"CodeSystem", "ValueSet", "ConceptMap"}

// Set is everything loaded.
type Set struct {
	mu  sync.Mutex // one change at a time
	now atomic.Pointer[state]
}

// A state is one moment of a Set. What is compiled in it is kept in it.
type state struct {
	byURL    map[string][]*source // by type and URL, best first
	byKey    map[string]*source   // what was put
	compiled sync.Map             // by type and canonical: *system, *valueSet, …
}

// A source is one resource, parsed when it is first needed.
type source struct {
	key      string // Type/id of what was put, "" for what came with the program
	typ, url string
	version  string
	doc      func() (*fhir.Doc, error)
	implied  bool   // a value set that a code system stands for
	of       string // URL of the code system that a supplement is for
	// system compiles a CodeSystem without supplements, once for all states.
	system func() (*system, error)
}

// New returns an empty set. Most want [R4].
func New() *Set {
	s := &Set{}
	s.now.Store(&state{byURL: map[string][]*source{}, byKey: map[string]*source{}})
	return s
}

// Put adds a CodeSystem, ValueSet or ConceptMap, or replaces the one that was
// put under the same key, which is its "Type/id" in the store. A resource of
// another type, or without a URL, is refused with an [issue.Error].
func (s *Set) Put(key string, d *fhir.Doc) error {
	if !slices.Contains(Types, d.Type()) {
		return issue.New(issue.NotSupported, "terms.type", d.Type())
	}
	if d.Get("url").String() == "" {
		return issue.New(issue.Required, "terms.url").At(d.Type() + ".url")
	}
	src := sourceOf(key, d)
	s.change(func(st *state) {
		st.drop(key)
		st.byKey[key] = src
		st.add(src)
		if set := d.Get("valueSet").String(); d.Type() == "CodeSystem" && set != "" {
			st.add(implied(key, set, src))
		}
	})
	return nil
}

// Remove forgets what was put under a key.
func (s *Set) Remove(key string) {
	if s.now.Load().byKey[key] != nil {
		s.change(func(st *state) { st.drop(key) })
	}
}

// Has reports whether something was put under the key, and its versionId.
func (s *Set) Has(key string) (versionID string, ok bool) {
	src := s.now.Load().byKey[key]
	if src == nil {
		return "", false
	}
	d, err := src.doc()
	if err != nil {
		return "", false
	}
	return d.VersionID(), true
}

// Supply adds a resource that comes with the program, and is made when it is
// first asked for. It must have the URL and version given.
func (s *Set) Supply(typ, url, version string, doc func() (*fhir.Doc, error)) {
	src := newSource("", typ, url, version, doc)
	s.change(func(st *state) { st.add(src) })
}

// change makes the next state.
func (s *Set) change(edit func(*state)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.now.Load()
	next := &state{byURL: maps.Clone(old.byURL), byKey: maps.Clone(old.byKey)}
	edit(next)
	s.now.Store(next)
}

func (st *state) add(src *source) {
	at := src.typ + " " + src.url
	list := append(slices.Clone(st.byURL[at]), src)
	slices.SortStableFunc(list, better)
	st.byURL[at] = list
	if src.of != "" {
		at := supplementsOf + src.of
		st.byURL[at] = append(slices.Clone(st.byURL[at]), src)
	}
}

const supplementsOf = "supplements "

func (st *state) drop(key string) {
	if st.byKey[key] == nil {
		return
	}
	delete(st.byKey, key)
	for at, list := range st.byURL {
		if slices.ContainsFunc(list, func(src *source) bool { return src.key == key }) {
			st.byURL[at] = slices.DeleteFunc(slices.Clone(list), func(src *source) bool { return src.key == key })
		}
	}
}

// better orders sources of one URL: what was put, before what came with the
// program; a value set of its own, before what a system implies; the newest
// version; and so that every process agrees, the key.
func better(a, b *source) int {
	return cmp.Or(
		order(a.key == "", b.key == ""),
		order(a.implied, b.implied),
		-compareVersions(a.version, b.version),
		strings.Compare(a.key, b.key),
	)
}

func order(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// compareVersions compares runs of digits as numbers.
func compareVersions(a, b string) int {
	split := func(s string) []string {
		return strings.FieldsFunc(s, func(r rune) bool { return r == '.' || r == '-' || r == '+' })
	}
	return slices.CompareFunc(split(a), split(b), func(a, b string) int {
		x, errX := strconv.ParseUint(a, 10, 64)
		y, errY := strconv.ParseUint(b, 10, 64)
		if errX == nil && errY == nil {
			return cmp.Compare(x, y)
		}
		return strings.Compare(a, b)
	})
}

// find returns the best source of a canonical, nil when there is none. One with
// a version is that version.
func (st *state) find(typ, canonical string) *source {
	url, version, versioned := strings.Cut(canonical, "|")
	for _, src := range st.byURL[typ+" "+url] {
		if !versioned || src.version == version {
			return src
		}
	}
	return nil
}

// Find returns the resource of a type that a canonical names, with or without
// |version. The error is an [issue.Error] of code not-found when there is none.
func (s *Set) Find(typ, canonical string) (*fhir.Doc, error) {
	src := s.now.Load().find(typ, canonical)
	if src == nil {
		return nil, issue.New(issue.NotFound, unknown[typ], canonical)
	}
	return src.doc()
}

// unknown are the keys for what is not loaded.
var unknown = map[string]string{"CodeSystem": "terms.system.unknown", "ValueSet": "terms.valueset.unknown", "ConceptMap": "terms.map.unknown"}

func newSource(key, typ, url, version string, doc func() (*fhir.Doc, error)) *source {
	src := &source{key: key, typ: typ, url: url, version: version, doc: sync.OnceValues(doc)}
	src.system = sync.OnceValues(func() (*system, error) {
		d, err := src.doc()
		if err != nil {
			return nil, err
		}
		return newSystem(d), nil
	})
	return src
}

func sourceOf(key string, d *fhir.Doc) *source {
	src := newSource(key, d.Type(), d.Get("url").String(), d.Get("version").String(), func() (*fhir.Doc, error) { return d, nil })
	if d.Type() == "CodeSystem" && d.Get("content").String() == "supplement" {
		src.of, _, _ = strings.Cut(d.Get("supplements").String(), "|")
	}
	return src
}

// implied is the value set of all codes of a system (CodeSystem.valueSet).
func implied(key, url string, of *source) *source {
	src := newSource(key, "ValueSet", url, of.version, func() (*fhir.Doc, error) { return wholeSystem(url, of.url, nil) })
	src.implied = true
	return src
}

// wholeSystem is a value set of a system, perhaps filtered.
func wholeSystem(url, system string, filter map[string]any) (*fhir.Doc, error) {
	include := map[string]any{"system": system}
	if filter != nil {
		include["filter"] = []any{filter}
	}
	return fhir.New(map[string]any{
		"resourceType": "ValueSet", "url": url, "status": "active",
		"compose": map[string]any{"include": []any{include}},
	})
}

// remember compiles something once for a state. What names it must exist, for
// clients may ask for any name.
func remember[T any](st *state, at string, compile func() T) T {
	found, ok := st.compiled.Load(at)
	if !ok {
		found, _ = st.compiled.LoadOrStore(at, sync.OnceValue(compile))
	}
	return found.(func() T)()
}

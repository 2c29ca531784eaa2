// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"slices"
	"strings"
	"sync"

	"mach/fhir"
	"mach/vn"
)

// A system is a compiled CodeSystem. It is never changed; a system with
// supplements is another one.
type system struct {
	doc      *fhir.Doc
	url      string
	version  string
	complete bool // the whole system: a code that is not in it does not exist
	folded   bool // codes compare without regard to case
	concepts []concept
	byCode   map[string]int32 // folded codes where folded
	keys     func() []string  // words of each concept, for text filters
	added    map[int32][]fhir.Node
}

// A concept is one code. Parents come before children in the order of a
// system that nests them.
type concept struct {
	code     string
	display  string
	node     fhir.Node
	parents  []int32
	children []int32
	inactive bool
	abstract bool
}

// maxNesting bounds hierarchies that nest; JSON nests no deeper.
const maxNesting = fhir.MaxDepth

func newSystem(d *fhir.Doc) *system {
	s := &system{
		doc: d, url: d.Get("url").String(), version: d.Get("version").String(),
		complete: d.Get("content").String() == "complete",
		folded:   d.Get("caseSensitive").Kind() == fhir.Bool && !d.Get("caseSensitive").Bool(),
		byCode:   map[string]int32{},
	}
	s.read(d.Root(), -1, 0)
	for i := range s.concepts {
		s.relate(int32(i))
	}
	s.keys = sync.OnceValue(s.words)
	return s
}

// read takes the concepts of a node, depth first; a code that stands twice
// counts once.
func (s *system) read(n fhir.Node, parent int32, depth int) {
	if depth > maxNesting {
		return
	}
	for c := range n.Each("concept") {
		code := c.Get("code").String()
		at, twice := s.byCode[s.fold(code)]
		if !twice {
			at = int32(len(s.concepts))
			s.byCode[s.fold(code)] = at
			s.concepts = append(s.concepts, concept{code: code, display: c.Get("display").String(), node: c})
		}
		if parent >= 0 {
			s.link(at, parent)
		}
		s.read(c, at, depth+1)
	}
}

// relate reads the properties of a concept that R4 gives a meaning
// (http://hl7.org/fhir/R4/codesystem.html#defined-props).
func (s *system) relate(i int32) {
	c := &s.concepts[i]
	for p := range c.node.Each("property") {
		value := propertyValue(p)
		switch p.Get("code").String() {
		case "parent", "subsumedBy":
			if at, ok := s.byCode[s.fold(value.String())]; ok {
				s.link(i, at)
			}
		case "child":
			if at, ok := s.byCode[s.fold(value.String())]; ok {
				s.link(at, i)
			}
		case "inactive":
			c.inactive = c.inactive || value.String() == "true"
		case "status":
			c.inactive = c.inactive || slices.Contains([]string{"retired", "inactive", "withdrawn"}, value.String())
		case "notSelectable", "abstract":
			c.abstract = c.abstract || value.String() == "true"
		}
	}
}

func (s *system) link(child, parent int32) {
	if child == parent || slices.Contains(s.concepts[child].parents, parent) {
		return
	}
	s.concepts[child].parents = append(s.concepts[child].parents, parent)
	s.concepts[parent].children = append(s.concepts[parent].children, child)
}

// propertyValue is the value[x] of a property of a concept.
func propertyValue(p fhir.Node) fhir.Node {
	for name, v := range p.Fields() {
		if strings.HasPrefix(name, "value") {
			return v
		}
	}
	return fhir.Node{}
}

func (s *system) fold(code string) string {
	if s.folded {
		return strings.ToLower(code)
	}
	return code
}

// find returns the place of a code.
func (s *system) find(code string) (int32, bool) {
	at, ok := s.byCode[s.fold(code)]
	return at, ok
}

// under lists a concept and all below it, each once.
func (s *system) under(at int32) []int32 {
	return s.reach(at, func(c *concept) []int32 { return c.children })
}

// over lists a concept and all above it, each once.
func (s *system) over(at int32) []int32 {
	return s.reach(at, func(c *concept) []int32 { return c.parents })
}

func (s *system) reach(from int32, next func(*concept) []int32) []int32 {
	list := []int32{from}
	if len(next(&s.concepts[from])) == 0 {
		return list
	}
	seen := map[int32]bool{from: true}
	for i := 0; i < len(list); i++ {
		for _, n := range next(&s.concepts[list[i]]) {
			if !seen[n] {
				seen[n] = true
				list = append(list, n)
			}
		}
	}
	return list
}

// isA reports whether a concept is another one or below it.
func (s *system) isA(low, high int32) bool {
	for range s.concepts { // no longer, if the hierarchy turns in a circle
		parents := s.concepts[low].parents
		switch {
		case low == high:
			return true
		case len(parents) == 0:
			return false
		case len(parents) > 1:
			return slices.Contains(s.over(low), high)
		}
		low = parents[0]
	}
	return false
}

// supplemented returns the system with what supplements add to its concepts:
// designations and properties.
func (s *system) supplemented(docs []*fhir.Doc) *system {
	c := *s
	c.added = map[int32][]fhir.Node{}
	var visit func(n fhir.Node, depth int)
	visit = func(n fhir.Node, depth int) {
		for x := range n.Each("concept") {
			if at, ok := c.find(x.Get("code").String()); ok {
				c.added[at] = append(c.added[at], x)
			}
			if depth < maxNesting {
				visit(x, depth+1)
			}
		}
	}
	for _, d := range docs {
		visit(d.Root(), 0)
	}
	c.keys = sync.OnceValue(c.words)
	return &c
}

// each yields the elements called name of a concept and of its supplements.
func (s *system) each(at int32, name string, visit func(fhir.Node)) {
	for n := range s.concepts[at].node.Each(name) {
		visit(n)
	}
	for _, more := range s.added[at] {
		for n := range more.Each(name) {
			visit(n)
		}
	}
}

// words folds what can be searched of each concept: code, display and
// designations, each word behind a space.
func (s *system) words() []string {
	keys := make([]string, len(s.concepts))
	for i := range s.concepts {
		parts := []string{s.concepts[i].code, s.concepts[i].display}
		s.each(int32(i), "designation", func(d fhir.Node) { parts = append(parts, d.Get("value").String()) })
		keys[i] = wordsOf(parts...)
	}
	return keys
}

// wordsOf gives folded words, each behind a space; of a code like "A09.0" also
// the whole.
func wordsOf(texts ...string) string {
	var b strings.Builder
	for _, text := range texts {
		folded := vn.Fold(text)
		for word := range strings.FieldsFuncSeq(folded, notWord) {
			b.WriteByte(' ')
			b.WriteString(word)
		}
		if strings.IndexFunc(folded, notWord) >= 0 {
			b.WriteByte(' ')
			b.WriteString(folded)
		}
	}
	return b.String()
}

func notWord(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r < 0x80 }

// display chooses the words for a language: the display when the system is in
// it, else a designation in it, else the display.
func (s *system) display(at int32, lang string) string {
	c := &s.concepts[at]
	if lang == "" || sameLanguage(s.doc.Get("language").String(), lang) {
		return c.display
	}
	out := ""
	s.each(at, "designation", func(d fhir.Node) {
		if out == "" && sameLanguage(d.Get("language").String(), lang) {
			out = d.Get("value").String()
		}
	})
	if out == "" {
		return c.display
	}
	return out
}

// sameLanguage compares the first parts of language tags.
func sameLanguage(a, b string) bool {
	a, _, _ = strings.Cut(a, "-")
	b, _, _ = strings.Cut(b, "-")
	return a != "" && strings.EqualFold(a, b)
}

// system returns the compiled system of a canonical with its supplements, nil
// when it is not loaded.
func (st *state) system(canonical string) *system {
	at := "CodeSystem " + canonical
	if found, ok := st.compiled.Load(at); ok {
		return found.(func() *system)()
	}
	src := st.find("CodeSystem", canonical)
	if src == nil || src.of != "" {
		return nil
	}
	return remember(st, at, func() *system {
		s, err := src.system()
		if err != nil {
			return nil // what cannot be read is not loaded; Put has read what it takes
		}
		var docs []*fhir.Doc
		for _, more := range st.byURL[supplementsOf+src.url] {
			if d, err := more.doc(); err == nil {
				docs = append(docs, d)
			}
		}
		if len(docs) > 0 {
			s = s.supplemented(docs)
		}
		return s
	})
}

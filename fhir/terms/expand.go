// SPDX-License-Identifier: Apache-2.0

package terms

import (
	"slices"
	"strings"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// MaxPage is the most codes that one expansion shows.
const MaxPage = 1000

// ExpandQuery says what of a value set is wanted.
type ExpandQuery struct {
	// Filter keeps codes of which each word begins a word of the code, the
	// display or a designation, in any language, with or without marks; best
	// first.
	Filter string
	Offset int
	// Count is the size of the page, at most [MaxPage]; 0 = only the total;
	// negative = all, which is too costly where there are more than [MaxPage].
	Count        int
	ActiveOnly   bool   // leave out inactive codes
	Selectable   bool   // leave out abstract codes (excludeNotForUI)
	Designations bool   // with all designations
	Definition   bool   // with the definition of the set (includeDefinition)
	Language     string // of displays: "vi", "en"; "" = as the systems have it
	At           time.Time
}

// Expand lists a value set, known by its canonical, as a ValueSet resource with
// an expansion (http://hl7.org/fhir/R4/valueset-operation-expand.html). The
// expansion is flat. The error is one of [Set.List], or too-costly.
func (s *Set) Expand(canonical string, q ExpandQuery) (*fhir.Doc, error) {
	v, err := s.now.Load().valueSet(canonical)
	if err != nil {
		return nil, err
	}
	return v.expand(q)
}

// ExpandIn is [Set.Expand] for a ValueSet that need not be loaded.
func (s *Set) ExpandIn(set *fhir.Doc, q ExpandQuery) (*fhir.Doc, error) {
	v, err := s.now.Load().compileSet(set, nil)
	if err != nil {
		return nil, err
	}
	return v.expand(q)
}

// The parts of an expanded ValueSet.
type (
	expanded struct {
		ResourceType string    `json:"resourceType"`
		ID           string    `json:"id,omitempty"`
		URL          string    `json:"url,omitempty"`
		Version      string    `json:"version,omitempty"`
		Name         string    `json:"name,omitempty"`
		Title        string    `json:"title,omitempty"`
		Status       string    `json:"status"`
		Compose      any       `json:"compose,omitempty"`
		Expansion    expansion `json:"expansion"`
	}
	expansion struct {
		Timestamp string      `json:"timestamp"`
		Total     int         `json:"total"`
		Offset    int         `json:"offset,omitzero"`
		Parameter []parameter `json:"parameter,omitempty"`
		Contains  []contained `json:"contains,omitempty"`
	}
	parameter struct {
		Name    string `json:"name"`
		Text    string `json:"valueString,omitempty"`
		URI     string `json:"valueUri,omitempty"`
		Code    string `json:"valueCode,omitempty"`
		Number  *int   `json:"valueInteger,omitempty"`
		Boolean bool   `json:"valueBoolean,omitzero"`
	}
	contained struct {
		System      string        `json:"system,omitempty"`
		Abstract    bool          `json:"abstract,omitzero"`
		Inactive    bool          `json:"inactive,omitzero"`
		Version     string        `json:"version,omitempty"`
		Code        string        `json:"code"`
		Display     string        `json:"display,omitempty"`
		Designation []Designation `json:"designation,omitempty"`
	}
)

// A Designation is another way to say a code.
type Designation struct {
	Language string       `json:"language,omitempty"`
	Use      *fhir.Coding `json:"use,omitempty"`
	Value    string       `json:"value"`
}

func (v *valueSet) expand(q ExpandQuery) (*fhir.Doc, error) {
	codes, err := v.list()
	if err != nil {
		return nil, err
	}
	found := codes.matching(q)
	if q.Count < 0 && len(found)-q.Offset > MaxPage {
		return nil, issue.New(issue.TooCostly, "terms.expand.costly", len(found), MaxPage)
	}
	if q.Count < 0 || q.Count > MaxPage {
		q.Count = MaxPage
	}
	from := min(max(q.Offset, 0), len(found))
	page := found[from:min(from+q.Count, len(found))]
	e := expanded{
		ResourceType: "ValueSet", ID: v.doc.ID(), URL: v.url, Version: v.version, Name: v.doc.Get("name").String(),
		Title: v.doc.Get("title").String(), Status: v.doc.Get("status").String(),
		Expansion: expansion{Timestamp: fhir.Instant(q.At), Total: len(found), Offset: from, Parameter: v.parameters(q, codes)},
	}
	if e.Status == "" {
		e.Status = "unknown"
	}
	if compose := v.doc.Get("compose"); q.Definition && compose.Exists() {
		e.Compose = raw(compose.Raw())
	}
	for _, at := range page {
		e.Expansion.Contains = append(e.Expansion.Contains, codes.items[at].contained(q))
	}
	return fhir.New(e)
}

// raw is JSON as it stands.
type raw string

// MarshalJSON returns the text.
func (r raw) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// parameters repeats what shaped the expansion, and says which systems it is of.
func (v *valueSet) parameters(q ExpandQuery, codes *Codes) []parameter {
	var out []parameter
	if q.Filter != "" {
		out = append(out, parameter{Name: "filter", Text: q.Filter})
	}
	if q.Offset > 0 {
		out = append(out, parameter{Name: "offset", Number: &q.Offset})
	}
	if q.Count < MaxPage {
		out = append(out, parameter{Name: "count", Number: &q.Count})
	}
	for _, flag := range []struct {
		name string
		set  bool
	}{{"activeOnly", q.ActiveOnly}, {"excludeNotForUI", q.Selectable}, {"includeDesignations", q.Designations}} {
		if flag.set {
			out = append(out, parameter{Name: flag.name, Boolean: true})
		}
	}
	if q.Language != "" {
		out = append(out, parameter{Name: "displayLanguage", Code: q.Language})
	}
	seen := map[string]bool{}
	for _, i := range codes.items {
		if i.version != "" && !seen[i.system] {
			seen[i.system] = true
			out = append(out, parameter{Name: "version", URI: i.system + "|" + i.version})
		}
	}
	for _, part := range slices.Compact(slices.Clone(codes.parts)) {
		out = append(out, parameter{Name: "fragment", URI: part})
	}
	return out
}

// matching returns the places of the codes that the query wants.
func (c *Codes) matching(q ExpandQuery) []int {
	folded := vn.Fold(q.Filter)
	want := strings.FieldsFunc(folded, notWord)
	for i := range want {
		want[i] = " " + want[i]
	}
	if q.Filter != "" && len(want) == 0 {
		return nil // signs only
	}
	var ranks [3][]int
	for at := range c.items {
		i := &c.items[at]
		if q.ActiveOnly && i.inactive() || q.Selectable && i.abstract() {
			continue
		}
		rank := 0
		if len(want) > 0 {
			if rank = rankOf(i.key(), want, folded); rank < 0 {
				continue
			}
		}
		ranks[rank] = append(ranks[rank], at)
	}
	return slices.Concat(ranks[0], ranks[1], ranks[2])
}

// rankOf says how well words fit: 0 when the code begins so, 1 when some text
// does so as typed, 2 when each word is there, -1 when one is not.
func rankOf(key string, want []string, folded string) int {
	for _, w := range want {
		if !strings.Contains(key, w) {
			return -1
		}
	}
	switch {
	case strings.HasPrefix(key[1:], folded):
		return 0
	case strings.Contains(key, " "+folded):
		return 1
	}
	return 2
}

// key is what can be searched of an item.
func (i *item) key() string {
	own := ""
	if i.display != "" {
		own = wordsOf(i.display)
	}
	if i.concept >= 0 {
		return i.of.keys()[i.concept] + own
	}
	return wordsOf(i.code) + own
}

func (i *item) inactive() bool { return i.concept >= 0 && i.of.concepts[i.concept].inactive }
func (i *item) abstract() bool { return i.concept >= 0 && i.of.concepts[i.concept].abstract }

// contained writes an item as a line of an expansion.
func (i *item) contained(q ExpandQuery) contained {
	c := contained{System: i.system, Version: i.version, Code: i.code, Display: i.words(q.Language), Inactive: i.inactive(), Abstract: i.abstract()}
	if !q.Designations {
		return c
	}
	for d := range i.listed.Each("designation") {
		c.Designation = append(c.Designation, designationOf(d))
	}
	if i.concept >= 0 {
		i.of.each(i.concept, "designation", func(d fhir.Node) { c.Designation = append(c.Designation, designationOf(d)) })
	}
	return c
}

// words chooses the display: a designation of the value set in the language,
// its display, the words of the system.
func (i *item) words(lang string) string {
	if lang != "" {
		for d := range i.listed.Each("designation") {
			if sameLanguage(d.Get("language").String(), lang) {
				return d.Get("value").String()
			}
		}
	}
	if i.concept < 0 {
		return i.display
	}
	if i.display != "" && (lang == "" || i.of.display(i.concept, lang) == i.of.concepts[i.concept].display) {
		return i.display
	}
	return i.of.display(i.concept, lang)
}

func designationOf(d fhir.Node) Designation {
	out := Designation{Language: d.Get("language").String(), Value: d.Get("value").String()}
	if use := d.Get("use"); use.Exists() {
		c := CodingOf(use)
		out.Use = &fhir.Coding{System: c.System, Version: c.Version, Code: c.Code, Display: c.Display}
	}
	return out
}

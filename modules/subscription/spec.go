// SPDX-License-Identifier: Apache-2.0

package subscription

import (
	"slices"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
)

// Extensions of the R5 Backport (1.1) and our own.
const (
	backport     = "http://hl7.org/fhir/uv/subscriptions-backport/StructureDefinition/"
	extFilter    = backport + "backport-filter-criteria"
	extContent   = backport + "backport-payload-content"
	extHeartbeat = backport + "backport-heartbeat-period"
	extTimeout   = backport + "backport-timeout"
	extMaxCount  = backport + "backport-max-count"
	extMandate   = "https://mach.vn/ext/subscription-mandate"
)

// The statuses of a Subscription.
const (
	requested = "requested"
	active    = "active"
	failing   = "error"
	off       = "off"
)

// Contents of a notification.
const (
	contentEmpty = "empty"
	contentID    = "id-only"
	contentFull  = "full-resource"
)

// Bounds on what a subscriber may ask for.
const (
	maxFilters   = 20
	maxCriteria  = 2000 // bytes of one criterion
	maxEvents    = 100  // of one notification
	attemptTime  = 10 * time.Second
	maxAttempt   = 30 * time.Second
	minHeartbeat = 10 * time.Second
)

// spec is a Subscription that was understood.
type spec struct {
	compile   func(typ, query string) (*store.Criteria, error)
	mandate   string
	status    string
	end       time.Time // zero = never
	topic     string    // canonical; "" = search criteria alone
	rules     []rule
	endpoint  string
	payload   bool   // a body of FHIR JSON
	content   string // of the body
	heartbeat time.Duration
	timeout   time.Duration
	most      int // events of one notification
}

// rule is one way for an event to be waited for. Several of one type are
// alternatives.
type rule struct {
	typ         string
	on          []string          // create, update, delete
	now, before []*store.Criteria // all must find
}

// read understands a Subscription. Errors name the element.
func (m *Module) read(d *fhir.Doc) (*spec, error) {
	s := &spec{
		compile: m.store.Criteria,
		mandate: d.Root().Extension(extMandate).Get("valueString").String(), status: d.Get("status").String(),
		endpoint: d.Get("channel", "endpoint").String(), timeout: attemptTime, most: 1,
	}
	if text := d.Get("end").String(); text != "" {
		var err error
		if s.end, err = time.Parse(time.RFC3339, text); err != nil {
			return nil, issue.New(issue.Value, "subscription.end").At("Subscription.end")
		}
	}
	if d.Get("channel", "type").String() != "rest-hook" {
		return nil, issue.New(issue.NotSupported, "subscription.channel").At("Subscription.channel.type")
	}
	switch d.Get("channel", "payload").String() {
	case "":
	case "application/fhir+json", "application/json":
		s.payload = true
	default:
		return nil, issue.New(issue.NotSupported, "subscription.payload").At("Subscription.channel.payload")
	}
	criteria := d.Get("criteria").String()
	if len(criteria) > maxCriteria {
		return nil, issue.New(issue.TooLong, "subscription.criteria.long").At("Subscription.criteria")
	}
	if i := slices.IndexFunc(content.Topics(), func(t content.Topic) bool { return t.URL == criteria }); i >= 0 {
		return s, s.readTopic(d, content.Topics()[i])
	}
	if strings.Contains(criteria, "://") && !strings.Contains(criteria, "?") {
		return nil, issue.New(issue.NotSupported, "subscription.topic", criteria).At("Subscription.criteria")
	}
	if e := d.Get("_criteria", "extension", "0"); e.Exists() {
		return nil, unheeded(e)
	}
	c, err := s.criteria(criteria)
	if err != nil {
		return nil, err
	}
	s.content = contentFull
	s.rules = []rule{{typ: c.Type(), on: []string{"create", "update"}, now: []*store.Criteria{c}}}
	return s, nil
}

// criteria compiles "Observation?code=…"; the question mark may be missing.
func (s *spec) criteria(text string) (*store.Criteria, error) {
	typ, query, _ := strings.Cut(text, "?")
	c, err := s.compile(typ, query)
	if err != nil {
		return nil, within(err, "Subscription.criteria")
	}
	return c, nil
}

// readTopic reads what the backport adds.
func (s *spec) readTopic(d *fhir.Doc, t content.Topic) error {
	s.topic = t.URL
	if !s.payload {
		return issue.New(issue.Required, "subscription.payload").At("Subscription.channel.payload")
	}
	for e := range d.Each("_criteria") {
		if err := s.filters(e, t); err != nil {
			return err
		}
	}
	if len(s.rules) == 0 {
		if err := s.triggers(t, nil); err != nil {
			return err
		}
	}
	channel := d.Get("channel")
	s.content = channel.Get("_payload").Extension(extContent).Get("valueCode").String()
	if !slices.Contains([]string{contentEmpty, contentID, contentFull}, s.content) {
		return issue.New(issue.Required, "subscription.content").At("Subscription.channel.payload.extension")
	}
	s.heartbeat = seconds(channel.Extension(extHeartbeat).Get("valueUnsignedInt"))
	if s.heartbeat > 0 {
		s.heartbeat = max(s.heartbeat, minHeartbeat)
	}
	if asked := seconds(channel.Extension(extTimeout).Get("valueUnsignedInt")); asked > 0 {
		s.timeout = min(asked, maxAttempt)
	}
	s.most = maxEvents
	if n := channel.Extension(extMaxCount).Get("valuePositiveInt").Int(); n > 0 {
		s.most = min(n, maxEvents)
	}
	return nil
}

func seconds(n fhir.Node) time.Duration {
	return time.Duration(min(n.Int(), 366*24*3600)) * time.Second
}

// unheeded refuses an extension of the criteria: who sent it may have meant to
// narrow them.
func unheeded(extension fhir.Node) error {
	return issue.New(issue.NotSupported, "subscription.filter.unknown", extension.Get("url").String()).At("Subscription.criteria.extension")
}

// filters reads the filter criteria: those of one type must all be met.
func (s *spec) filters(element fhir.Node, t content.Topic) error {
	byType := map[string][]*store.Criteria{}
	n := 0
	for e := range element.Each("extension") {
		if e.Get("url").String() != extFilter {
			return unheeded(e)
		}
		text := e.Get("valueString").String()
		if n++; n > maxFilters || len(text) > maxCriteria {
			return issue.New(issue.TooCostly, "subscription.filters", maxFilters).At("Subscription.criteria.extension")
		}
		c, err := s.criteria(text)
		if err != nil {
			return within(err, "Subscription.criteria.extension")
		}
		byType[c.Type()] = append(byType[c.Type()], c)
	}
	if n == 0 {
		return nil
	}
	return s.triggers(t, byType)
}

// triggers makes the rules of a topic, narrowed by filters of each type. A
// filter of a type that the topic does not know is an error: it would narrow
// nothing.
func (s *spec) triggers(t content.Topic, filters map[string][]*store.Criteria) error {
	used := map[string]bool{}
	for _, g := range t.Triggers {
		types := []string{g.Type}
		if g.Type == "*" {
			if types = nil; len(filters) == 0 {
				return issue.New(issue.Required, "subscription.filter.type").At("Subscription.criteria.extension")
			}
			for typ := range filters {
				types = append(types, typ)
			}
			slices.Sort(types)
		}
		for _, typ := range types {
			if len(filters) > 0 && filters[typ] == nil {
				continue // other types were named, not this one
			}
			used[typ] = true
			r := rule{typ: typ, on: g.On, now: slices.Clone(filters[typ])}
			for _, part := range []struct {
				query string
				into  *[]*store.Criteria
			}{{g.Now, &r.now}, {g.Before, &r.before}} {
				c, err := s.compile(typ, part.query)
				if err != nil {
					return err
				}
				*part.into = append(*part.into, c)
			}
			s.rules = append(s.rules, r)
		}
	}
	for typ := range filters {
		if !used[typ] {
			return issue.New(issue.Invalid, "subscription.filter.other", typ).At("Subscription.criteria.extension")
		}
	}
	return nil
}

// types lists the resource types that are waited for.
func (s *spec) types() []string {
	var types []string
	for _, r := range s.rules {
		types = append(types, r.typ)
	}
	slices.Sort(types)
	return slices.Compact(types)
}

// waits reports whether an event is waited for, as finds judges the criteria.
func (s *spec) waits(typ, op string, now, before *store.Subject, finds func(*store.Criteria, *store.Subject) bool) bool {
	return slices.ContainsFunc(s.rules, func(r rule) bool {
		if r.typ != typ || !slices.Contains(r.on, op) {
			return false
		}
		all := func(cs []*store.Criteria, one *store.Subject) bool {
			return !slices.ContainsFunc(cs, func(c *store.Criteria) bool { return !finds(c, one) })
		}
		if op == "delete" {
			return before != nil && all(r.now, before)
		}
		return all(r.now, now) && (before == nil || all(r.before, before))
	})
}

// chained reports whether a criterion asks other resources too.
func (s *spec) chained() bool {
	return slices.ContainsFunc(s.rules, func(r rule) bool {
		return slices.ContainsFunc(r.now, (*store.Criteria).Chained)
	})
}

// within moves the issues of an error to an element.
func within(err error, at string) error {
	if e, ok := err.(*issue.Error); ok {
		moved := &issue.Error{Retry: e.Retry}
		for _, is := range e.Issues {
			is.Path = at
			moved.Issues = append(moved.Issues, is)
		}
		return moved
	}
	return err
}

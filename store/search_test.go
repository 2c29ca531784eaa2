// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// eachDatabase runs a test on SQLite and, when MACH_TEST_POSTGRES is set, on
// a PostgreSQL database of its own.
func eachDatabase(t *testing.T, c Config, test func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, openTest(t, c)) })
	t.Run("postgres", func(t *testing.T) {
		c.Database = freshDatabase(t)
		test(t, openTest(t, c))
	})
}

func openTest(t *testing.T, c Config) *Store {
	t.Helper()
	c.Dir = t.TempDir()
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	s.settle = 50 * time.Millisecond
	if err := s.Start(context.WithoutCancel(t.Context())); err != nil {
		t.Fatal(err)
	}
	return s
}

func freshDatabase(t *testing.T) string {
	t.Helper()
	server := os.Getenv("MACH_TEST_POSTGRES")
	if server == "" {
		t.Skip("MACH_TEST_POSTGRES is not set")
	}
	ctx := context.Background()
	conn, err := pgx.Connect(ctx, server)
	if err != nil {
		t.Fatal(err)
	}
	name := fmt.Sprintf("search_%x", rand.Uint64())
	if _, err := conn.Exec(ctx, "create database "+name+" template template0 lc_collate 'C' lc_ctype 'C' encoding 'UTF8'"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.Exec(ctx, "drop database "+name+" with (force)")
		conn.Close(ctx)
	})
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	u.Path = "/" + name
	return u.String()
}

// testGuard allows by functions; nil ones allow everything.
type testGuard struct {
	judge func(a Actor, l Labels, rels []Relation, now time.Time) bool
	reach func(a Actor) Reach
}

func (g *testGuard) Judge(a Actor, _ Action, l Labels, rels []Relation, now time.Time) Decision {
	if a.Role == System || g.judge == nil {
		return Decision{Allow: true, Reason: "test"}
	}
	return Decision{Allow: g.judge(a, l, rels, now), Reason: "test"}
}

func (g *testGuard) Reach(a Actor, _ Action, _ string) Reach {
	if a.Role == System || g.reach == nil {
		return Reach{All: true}
	}
	return g.reach(a)
}

// naive answers a query by looking at every document.
func (w *world) naive(t *testing.T, a Actor, q Query) []string {
	t.Helper()
	c, err := compile(q)
	if err != nil {
		t.Fatal(err)
	}
	return w.scan(t, a, c)
}

func (w *world) scan(t *testing.T, a Actor, c *compiled) []string {
	t.Helper()
	for _, ch := range c.chains {
		p := &predicate{typ: c.typ, param: ch.param, ids: map[string]bool{}}
		for _, inner := range ch.inner {
			for _, id := range w.scan(t, a, inner) {
				if !ch.reverse {
					p.ids[inner.typ+"/"+id] = true
					continue
				}
				for _, x := range extract(w.byRef(inner.typ + "/" + id)) {
					if x.Param == ch.param.Code && x.Type == c.typ {
						p.ids[x.ID] = true
					}
				}
			}
		}
		if ch.reverse {
			p.param = fhir.Param{Code: paramID}
		}
		c.preds = append(c.preds, p)
	}
	c.chains = nil
	var ids []string
	for _, d := range w.docs {
		if d.Type() != c.typ || !w.sees(t, a, d) {
			continue
		}
		s := subject{id: d.ID(), upd: d.LastUpdated().UnixMicro(), idx: extract(d), doc: d}
		if !slices.ContainsFunc(c.preds, func(p *predicate) bool { return !p.matches(&s) }) {
			ids = append(ids, d.ID())
		}
	}
	return ids
}

func (w *world) byRef(ref string) *fhir.Doc {
	return w.docs[slices.IndexFunc(w.docs, func(d *fhir.Doc) bool { return d.Ref() == ref })]
}

// sees asks the guard about one document.
func (w *world) sees(t *testing.T, a Actor, d *fhir.Doc) bool {
	if w.labels == nil {
		w.labels, w.rels = map[string]*Labels{}, map[string]map[string][]Relation{}
		for _, d := range w.docs {
			l, err := readLabels(t.Context(), w.s.read, d.Type(), d.ID())
			if err != nil || l == nil {
				t.Fatal(err, d.Ref())
			}
			w.labels[d.Ref()] = l
		}
	}
	if w.rels[a.Facility] == nil {
		var people []string
		for _, l := range w.labels {
			people = append(people, l.Patient)
		}
		rels, err := relationsOf(t.Context(), w.s.read, a, people...)
		if err != nil {
			t.Fatal(err)
		}
		w.rels[a.Facility] = rels
	}
	l := w.labels[d.Ref()]
	return w.s.cfg.Guard.Judge(a, ActSearch, *l, w.rels[a.Facility][l.Patient], w.s.cfg.Now()).Allow
}

// pages reads a search to its end.
func pages(t *testing.T, d Door, q Query) []*fhir.Doc {
	t.Helper()
	var docs []*fhir.Doc
	for n := 0; ; n++ {
		page, err := d.Search(t.Context(), q)
		if err != nil {
			t.Fatalf("%s?%v: %v", q.Type, q.Params, err)
		}
		if len(page.Docs) > q.Count || n > 5000 {
			t.Fatalf("%s?%v: page of %d, number %d", q.Type, q.Params, len(page.Docs), n)
		}
		docs = append(docs, page.Docs...)
		if page.Next == "" {
			return docs
		}
		q.Cursor = page.Next
	}
}

// inSortOrder checks the order that _sort promises.
func inSortOrder(t *testing.T, q Query, docs []*fhir.Doc) {
	t.Helper()
	c, _ := compile(q)
	if len(c.sort) == 0 {
		return
	}
	x := searcher{c: c}
	at := func(d *fhir.Doc) position {
		return position{Keys: x.sortKeys(&stored{upd: d.LastUpdated().UnixMicro(), labels: Labels{ID: d.ID()}}, extract(d))}
	}
	for i := 1; i < len(docs); i++ {
		if x.compare(at(docs[i-1]), at(docs[i])) > 0 {
			t.Fatalf("%s?%v: %s stands before %s", q.Type, q.Params, docs[i-1].ID(), docs[i].ID())
		}
	}
}

// TestSearchEqualsScan: whatever is asked by whomever, the engine finds what
// looking at every document and asking the guard finds.
func TestSearchEqualsScan(t *testing.T) {
	if testing.Short() {
		t.Skip("asks hundreds of questions, one after another")
	}
	guard := &testGuard{}
	below := func(u vn.UnitID) []vn.UnitID { return []vn.UnitID{u} }
	eachDatabase(t, Config{Guard: guard, Below: below}, func(t *testing.T, s *Store) {
		w := makeWorld(t, s, 7, 120, 12)
		actors := []Actor{{Account: "a", Role: Nurse, Facility: "o1"}, {Account: "p", Role: Person, Patient: "p1"}, SystemActor()}
		rapid.Check(t, func(rt *rapid.T) {
			r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 2))
			setGuard(guard, r.IntN(5), fmt.Sprint(r.IntN(100)))
			typ := pick(r, []string{"Patient", "Observation", "Observation", "Condition"})
			q := Query{Type: typ, Count: 7 + r.IntN(60)}
			for range r.IntN(4) {
				q.Params = append(q.Params, parameters(r, typ))
			}
			a := pick(r, actors)
			want := w.naive(t, a, q)
			if by := sorts(r, typ); by != "" {
				q.Params = append(q.Params, [2]string{"_sort", by})
			}
			docs := pages(t, s.For(a), q)
			inSortOrder(t, q, docs)
			got := make([]string, len(docs))
			for i, d := range docs {
				got[i] = d.ID()
			}
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				rt.Fatalf("%s?%v as %s: got %d %v, want %d %v", typ, q.Params, a.Role, len(got), less(got, want), len(want), less(want, got))
			}
			q.Total = "accurate"
			if page, err := s.For(a).Search(t.Context(), q); err != nil || page.Total != len(want) {
				rt.Fatalf("%s?%v: total %d, %v; want %d", typ, q.Params, page.Total, err, len(want))
			}
		})
	})
}

func less(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

// setGuard chooses one of a few policies whose reach is a superset.
func setGuard(g *testGuard, kind int, salt string) {
	switch kind {
	case 0:
		*g = testGuard{}
	case 1:
		g.judge = func(_ Actor, l Labels, _ []Relation, _ time.Time) bool { return coin(salt, l.ID) }
		g.reach = func(Actor) Reach { return Reach{All: true} }
	case 2:
		g.judge = func(a Actor, l Labels, _ []Relation, _ time.Time) bool { return l.Patient == "p1" && coin(salt, l.ID) }
		g.reach = func(Actor) Reach { return Reach{Patient: "p1"} }
	case 3:
		g.judge = func(a Actor, l Labels, rels []Relation, now time.Time) bool {
			return a.Facility == "o1" && l.Facility == "o1" || a.Facility == "o1" && slices.ContainsFunc(rels, func(r Relation) bool { return r.Facility == a.Facility && r.To.IsZero() })
		}
		g.reach = func(a Actor) Reach { return Reach{Facility: "o1", Open: true} }
	case 4:
		g.judge = func(_ Actor, l Labels, _ []Relation, _ time.Time) bool { return l.Patient == "" || l.Patient == "p2" }
		g.reach = func(Actor) Reach { return Reach{Open: true, Patient: "p2"} }
	}
}

// TestSearchSays pins down what single parameters mean, by hand.
func TestSearchSays(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		w := &world{s: s}
		w.add(t,
			map[string]any{"resourceType": "Patient", "id": "a", "birthDate": "1980-04", "name": []any{map[string]any{"family": "Nguyễn", "given": []any{"Đức"}}},
				"identifier": []any{map[string]any{"system": "urn:s", "value": "1"}}},
			map[string]any{"resourceType": "Patient", "id": "b", "birthDate": "1980", "name": []any{map[string]any{"text": "Lê Thị Nguyệt"}}},
			map[string]any{"resourceType": "Observation", "id": "o", "status": "final", "code": coding("http://loinc.org", "8310-5"), "subject": ref("Patient/a"),
				"effectiveDateTime": "2025-03-04T08:00:00+07:00", "valueQuantity": map[string]any{"value": 5.4, "unit": "°C", "system": "http://unitsofmeasure.org", "code": "Cel"}},
			map[string]any{"resourceType": "Observation", "id": "q", "status": "final", "code": coding("http://loinc.org", "8867-4"), "subject": ref("Patient/b"),
				"effectivePeriod": map[string]any{"start": "2025-03-01"}, "valueQuantity": map[string]any{"value": 5.41, "unit": "/min"}})
		for _, c := range []struct{ query, want string }{
			{"Patient?name=nguyen", "a"}, {"Patient?name=Nguy%E1%BB%87", "a"}, {"Patient?family=nguye", "a"}, {"Patient?given=duc", "a"},
			{"Patient?name=le thi", "b"}, {"Patient?name:contains=nguye", "a b"}, {"Patient?name:exact=nguyen", ""}, {"Patient?family:exact=Nguyễn", "a"},
			{"Patient?birthdate=1980", "a b"}, {"Patient?birthdate=1980-04", "a"}, {"Patient?birthdate=ne1980-04", "b"}, {"Patient?birthdate=ap1980-04-10", "a b"},
			{"Patient?birthdate=gt1980-04", "b"}, {"Patient?birthdate=sa1980-03", "a"}, {"Patient?birthdate=lt1980-04", "b"},
			{"Patient?identifier=urn:s|1", "a"}, {"Patient?identifier=1", "a"}, {"Patient?identifier=|1", ""}, {"Patient?identifier=urn:s|", "a"},
			{"Patient?identifier:missing=true", "b"}, {"Patient?_id=b,a", "a b"}, {"Patient?name=nguyen&birthdate=1981", ""},
			{"Observation?date=2025-03-04", "o"}, {"Observation?date=gt2025-03-04", "q"}, {"Observation?date=ge2025-03-04", "o q"}, {"Observation?date=lt2025-03-02", "q"},
			{"Observation?date=2025-03-04T01:00:00Z", "o"}, {"Observation?date=eb2025-03-05", "o"},
			{"Observation?value-quantity=5.4", "o q"}, {"Observation?value-quantity=5.40", "o"}, {"Observation?value-quantity=gt5.4", "q"}, {"Observation?value-quantity=5.4|http://unitsofmeasure.org|Cel", "o"},
			{"Observation?value-quantity=5.4||°C", "o"}, {"Observation?value-quantity=5|http://unitsofmeasure.org|Cel", "o"}, {"Observation?value-quantity=ge5.40", "o q"},
			{"Observation?code=8310-5,8867-4", "o q"}, {"Observation?code:not=8310-5", "q"}, {"Observation?code=http://loinc.org|8310-5", "o"},
			{"Observation?patient=a", "o"}, {"Observation?subject=Patient/a", "o"}, {"Observation?subject:Patient=b", "q"}, {"Observation?subject:Group=b", ""},
			{"Observation?patient.name=nguyen", "o"}, {"Observation?subject:Patient.identifier=urn:s|1", "o"}, {"Patient?_has:Observation:patient:code=8867-4", "b"},
			{"Observation?code-value-quantity=8310-5$lt6", "o"}, {"Observation?_sort=-date", "o q"}, {"Observation?_sort=date", "q o"}, {"Patient?_sort=name", "a b"}, {"Patient?_sort=-birthdate", "a b"},
		} {
			typ, query, _ := strings.Cut(c.query, "?")
			q, err := parseQuery(typ, query)
			if err != nil {
				t.Fatal(err)
			}
			page, err := s.For(SystemActor()).Search(t.Context(), q)
			if err != nil {
				t.Errorf("%s: %v", c.query, err)
				continue
			}
			var ids []string
			for _, d := range page.Docs {
				ids = append(ids, d.ID())
			}
			if !strings.Contains(c.query, "_sort") {
				slices.Sort(ids)
			}
			if got := strings.Join(ids, " "); got != c.want {
				t.Errorf("%s: %q, want %q", c.query, got, c.want)
			}
		}
	})
}

func TestSearchRefuses(t *testing.T) {
	s := openTest(t, Config{Guard: &testGuard{}})
	for _, c := range []struct {
		query string
		code  issue.Code
	}{
		{"Patient?nonsense=1", issue.Invalid}, {"Patient?name:nonsense=1", issue.Invalid}, {"Patient?birthdate=yesterday", issue.Invalid},
		{"Patient?birthdate=", issue.Invalid}, {"Patient?_sort=nonsense", issue.Invalid}, {"Patient?_count=many", issue.Invalid},
		{"Patient?_include=Observation:patient", issue.Invalid}, {"Patient?_cursor=x", issue.Invalid}, {"Patient?organization.nonsense=1", issue.Invalid},
		{"Observation?value-quantity=5|x", issue.Invalid}, {"Observation?code-value-quantity=1", issue.Invalid}, {"Nonsense?x=1", issue.NotSupported},
		{"Patient?_id:not=1", issue.Invalid}, {"Patient?birthdate=2001-02-30", issue.Invalid}, {"Patient?_total=some", issue.Invalid},
		{"Patient?_count:not=1", issue.Invalid}, {"Patient?_total:exact=none", issue.Invalid}, {"Patient?_sort:desc=birthdate", issue.Invalid}, {"Patient?_list:not=li", issue.Invalid},
	} {
		typ, query, _ := strings.Cut(c.query, "?")
		q, _ := parseQuery(typ, query)
		if _, err := s.For(SystemActor()).Search(t.Context(), q); !issue.Is(err, c.code) {
			t.Errorf("%s: %v, want %s", c.query, err, c.code)
		}
	}
	page, err := s.For(SystemActor()).Search(t.Context(), Query{Type: "Patient", Params: [][2]string{{"nonsense", "1"}}, Lenient: true})
	if err != nil || !slices.Equal(page.Ignored, []string{"nonsense"}) {
		t.Errorf("lenient: %v, ignored %v", err, page.Ignored)
	}
}

// TestEstimate: an estimate of many takes the share of hits among the first for
// that of all, a few are counted.
func TestEstimate(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		const all = 6000
		for n := 0; n < all; {
			var ops []Op
			for ; len(ops) < 1000; n++ {
				ops = append(ops, Create(fhir.MustNew(map[string]any{"resourceType": "Observation", "id": fmt.Sprint("o", n), "code": map[string]any{"text": "x"},
					"status": []string{"final", "final", "amended"}[n%3], "category": []any{map[string]any{"coding": []any{map[string]any{"code": []string{"a", "b"}[n%2]}}}}})))
			}
			if _, err := s.For(SystemActor()).Commit(t.Context(), ops...); err != nil {
				t.Fatal(err)
			}
		}
		for query, want := range map[string]int{"category=a&status=final": all / 3, "status=final": all * 2 / 3, "_id=o1,o2,o3": 3, "category=c": 0} {
			q, err := parseQuery("Observation", query+"&_total=estimate&_count=2")
			if err != nil {
				t.Fatal(err)
			}
			page, err := s.For(SystemActor()).Search(t.Context(), q)
			if err != nil || math.Abs(float64(page.Total-want)) > float64(want)/20 {
				t.Errorf("%s: about %d, want %d, error %v", query, page.Total, want, err)
			}
		}
	})
}

// FuzzCompile: no text of a query makes the compiler panic.
func FuzzCompile(f *testing.F) {
	for _, s := range []string{"name=a", "date=gt2020", "_has:Observation:patient:code=1", "subject:Patient.name:exact=x", "value-quantity=5.4|a|b", `code=a\,b,c|d`, "code-value-quantity=a$b",
		"_has:Observation:patient:_has:AuditEvent:entity:agent=x", "subject.organization.partof.partof:below=Organization/1", "near=21|105|5|km", "identifier:of-type=a|b|c",
		"_include:iterate=*", "_revinclude=Observation:subject:Patient&_sort=-date,code", "subject.subject.subject.subject.subject=1", "_list=1", "_content=a", "url:above=http://a/b"} {
		f.Add("Observation", s)
		f.Add("Patient", s)
	}
	f.Fuzz(func(t *testing.T, typ, text string) {
		q, err := parseQuery(typ, text)
		if err != nil {
			return
		}
		c, err := compile(q)
		if err != nil {
			return
		}
		for _, p := range c.preds {
			pathOf(p, true)
			p.matches(&subject{idx: []fhir.Index{{Param: p.param.Code, Kind: p.param.Kind}}})
		}
	})
}

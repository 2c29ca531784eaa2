// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// within makes an Organization that is part of another.
func within(id, of string) map[string]any {
	o := map[string]any{"resourceType": "Organization", "id": id, "name": id, "active": id != "b"}
	if of != "" {
		o["partOf"] = ref("Organization/" + of)
	}
	return o
}

// measured makes an Observation of a person that has others as members.
func measured(id, patient string, members ...string) map[string]any {
	o := map[string]any{"resourceType": "Observation", "id": id, "status": "final", "code": map[string]any{"text": "x"}, "subject": ref("Patient/" + patient)}
	var has []any
	for _, m := range members {
		has = append(has, ref("Observation/"+m))
	}
	if has != nil {
		o["hasMember"] = has
	}
	return o
}

// steps is o → p → a → b → c, o → m → n, and d; x and y are parts of each other,
// z of itself.
func steps(t *testing.T, s *Store) *world {
	t.Helper()
	w := &world{s: s}
	o := measured("o", "p", "m")
	o["performer"] = []any{ref("Practitioner/d")}
	w.add(t, within("c", ""), within("b", "c"), within("a", "b"), within("x", "y"), within("y", "x"), within("z", "z"),
		map[string]any{"resourceType": "Practitioner", "id": "d"},
		map[string]any{"resourceType": "Patient", "id": "p", "managingOrganization": ref("Organization/a")},
		o, measured("m", "p", "n"), measured("n", "p"))
	return w
}

// brought lists what an actor is shown beside the matches of "Type?query".
func brought(t *testing.T, s *Store, a Actor, text string) (string, bool) {
	t.Helper()
	typ, query, _ := strings.Cut(text, "?")
	q, err := parseQuery(typ, query)
	if err != nil {
		t.Fatal(err)
	}
	page, err := s.For(a).Search(t.Context(), q)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return refs(page.Included), page.Cut
}

// An inclusion goes one step from the matches, with :iterate on from what it
// brought as well, and names each resource once.
func TestIncluded(t *testing.T) {
	const partOf, people, measurements = "Organization:partof", "Patient:organization", "Observation:subject"
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		steps(t, s)
		for _, c := range []struct{ query, want string }{
			{"Organization?_id=a", ""},
			{"Organization?_id=a&_include=" + partOf, "Organization/b"},
			{"Organization?_id=a&_include:iterate=" + partOf, "Organization/b Organization/c"},
			{"Organization?_id=a&_include:recurse=" + partOf, "Organization/b Organization/c"},
			{"Organization?_id=a,b&_include=" + partOf, "Organization/c"},
			{"Observation?_id=o&_include=" + measurements, "Patient/p"},
			{"Observation?_id=o,m,n&_include=" + measurements, "Patient/p"},
			{"Observation?_id=o&_include:iterate=" + partOf, ""},
			{"Observation?_id=o&_include=" + measurements + "&_include:iterate=" + people, "Organization/a Patient/p"},
			{"Observation?_id=o&_include=" + measurements + "&_include:iterate=" + people + "&_include:iterate=" + partOf, "Organization/a Organization/b Organization/c Patient/p"},
			{"Observation?_id=o&_include:iterate=" + partOf + "&_include:iterate=" + people + "&_include=" + measurements, "Organization/a Organization/b Organization/c Patient/p"},
			{"Observation?_id=o&_include=Observation:performer", "Practitioner/d"},
			{"Observation?_id=o&_include=Observation:performer:Organization", ""},
			{"Observation?_id=o&_include=*", "Observation/m Patient/p Practitioner/d"},
			{"Observation?_id=o&_include=Observation:*", "Observation/m Patient/p Practitioner/d"},
			{"Observation?_id=o&_include=Observation:*:Patient", "Patient/p"},
			{"Observation?_id=o&_include:iterate=*", "Observation/m Observation/n Patient/p Practitioner/d"},
			{"Organization?_id=c&_revinclude=" + partOf, "Organization/b"},
			{"Organization?_id=c&_revinclude:iterate=" + partOf, "Organization/a Organization/b"},
			{"Organization?_id=c&_revinclude:iterate=" + partOf + "&_revinclude=" + people, "Organization/a Organization/b"},
			{"Organization?_id=c&_revinclude:iterate=" + partOf + "&_revinclude:iterate=" + people, "Organization/a Organization/b Patient/p"},
			{"Organization?_id=b&_revinclude:iterate=" + partOf + "&_revinclude:iterate=" + people + "&_revinclude:iterate=" + measurements,
				"Observation/m Observation/n Observation/o Organization/a Patient/p"},
			{"Organization?_id=a&_revinclude=" + people + "&_include:iterate=" + partOf, "Organization/b Organization/c Patient/p"},
			{"Patient?_id=p&_revinclude=Observation:*", "Observation/m Observation/n Observation/o"},
			{"Organization?_id=x&_include:iterate=" + partOf, "Organization/y"},
			{"Organization?_id=x&_revinclude:iterate=" + partOf, "Organization/y"},
			{"Organization?_id=x&_include:iterate=" + partOf + "&_revinclude:iterate=" + partOf, "Organization/y"},
			{"Organization?_id=z&_include:iterate=" + partOf, ""},
		} {
			if got, cut := brought(t, s, SystemActor(), c.query); got != c.want || cut {
				t.Errorf("%s brings %q, want %q; cut: %v", c.query, got, c.want, cut)
			}
		}
	})
}

// What one page does not hold, and what lies further than :iterate goes, is left
// out, and the page says so.
func TestIncludedIsBounded(t *testing.T) {
	eachDatabase(t, Config{Guard: &testGuard{}}, func(t *testing.T, s *Store) {
		w := &world{s: s}
		docs := []map[string]any{{"resourceType": "Patient", "id": "p"}}
		for i := range includeMax {
			docs = append(docs, measured(fmt.Sprint("o", i), "p"))
		}
		for i := range includeRounds + 1 {
			docs = append(docs, within(fmt.Sprint("d", i), fmt.Sprint("d", i+1)))
		}
		w.add(t, append(docs, within(fmt.Sprint("d", includeRounds+1), ""))...)
		want := func(query string, n int, cut bool) {
			t.Helper()
			got, was := brought(t, s, SystemActor(), query)
			if len(strings.Fields(got)) != n || was != cut {
				t.Errorf("%s brings %d, want %d; cut: %v", query, len(strings.Fields(got)), n, was)
			}
		}
		want("Patient?_id=p&_revinclude=Observation:subject", includeMax, false)
		want("Organization?_id=d0&_include:iterate=Organization:partof", includeRounds, true)
		want("Organization?_id=d3&_include:iterate=Organization:partof", includeRounds-2, false)
		w.add(t, map[string]any{"resourceType": "Condition", "id": "c", "subject": ref("Patient/p")})
		want("Patient?_id=p&_revinclude=Observation:subject&_revinclude=Condition:subject", includeMax, true)
		w.add(t, measured("more", "p"))
		want("Patient?_id=p&_revinclude=Observation:subject", includeMax, true)
		want("Patient?_id=p&_revinclude=Observation:subject&_count=0", 0, false)
	})
}

// hiding is a guard that hides from an account the resource of its name, or of a
// type what a query does not find, or a type whole.
type hiding struct{}

func (hiding) Judge(a Actor, _ Action, l Labels, _ []Relation, _ time.Time) Decision {
	dec := Decision{Allow: a.Account != l.Type+"/"+l.ID && a.Account != l.Type, Reason: "test"}
	if typ, query, queried := strings.Cut(a.Account, "?"); queried && typ == l.Type {
		dec.Only = []string{query}
	}
	return dec
}

func (hiding) Reach(a Actor, _ Action, typ string) Reach {
	if of, query, queried := strings.Cut(a.Account, "?"); queried && of == typ {
		return Reach{All: true, Only: []string{query}}
	}
	return Reach{All: a.Account != typ}
}

// What an actor may not see leads to nothing: what lies behind it stays away,
// though it could be found by itself.
func TestIncludedGoesThroughNothingHidden(t *testing.T) {
	eachDatabase(t, Config{Guard: &hiding{}}, func(t *testing.T, s *Store) {
		steps(t, s)
		const there = "Observation?_id=o&_include=Observation:subject&_include:iterate=Patient:organization&_include:iterate=Organization:partof"
		const back = "Organization?_id=c&_revinclude:iterate=Organization:partof&_revinclude:iterate=Patient:organization&_revinclude:iterate=Observation:subject"
		for _, c := range []struct{ hidden, query, want string }{
			{"nothing", there, "Organization/a Organization/b Organization/c Patient/p"},
			{"Organization/b", there, "Organization/a Patient/p"},
			{"Organization?active=true", there, "Organization/a Patient/p"},
			{"Organization", there, "Patient/p"},
			{"Patient/p", there, ""},
			{"Patient", there, ""},
			{"nothing", back, "Observation/m Observation/n Observation/o Organization/a Organization/b Patient/p"},
			{"Organization/b", back, ""},
			{"Organization?active=true", back, ""},
			{"Patient/p", back, "Organization/a Organization/b"},
			{"Patient", back, "Organization/a Organization/b"},
			{"Observation/m", "Observation?_id=o&_include:iterate=*", "Patient/p Practitioner/d"},
		} {
			if got, cut := brought(t, s, Actor{Account: c.hidden, Role: Nurse, Request: NewID()}, c.query); got != c.want || cut {
				t.Errorf("%s hidden, %s brings %q, want %q; cut: %v", c.hidden, c.query, got, c.want, cut)
			}
		}
		for _, hidden := range []string{"Organization/b", "Organization?active=true"} {
			page, err := s.For(Actor{Account: hidden, Role: Nurse, Request: NewID()}).Search(t.Context(), Query{Type: "Organization", Params: [][2]string{{"_id", "a,b,c"}}})
			if got := refs(page.Docs); err != nil || got != "Organization/a Organization/c" {
				t.Errorf("%s hidden, by themselves are found %q, %v", hidden, got, err)
			}
		}
	})
}

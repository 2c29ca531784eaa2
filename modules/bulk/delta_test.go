// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/store/storetest"
)

func (w *world) commit(ops ...store.Op) {
	w.t.Helper()
	if _, err := w.s.For(app()).Commit(context.Background(), ops...); err != nil {
		w.t.Fatal(err)
	}
}

// sealed has what was read on SQLite in the audit.
func (w *world) sealed() {
	w.t.Helper()
	if err := w.s.Seal(context.Background()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) put(text string) {
	w.t.Helper()
	doc, err := fhir.ParseString(text)
	if err != nil {
		w.t.Fatal(err)
	}
	w.commit(store.Put(doc))
}

// TestDeleted: what was deleted since is told, once, within the level, the types
// and filters, and only if it was deleted before the export was asked for and is
// so still.
func TestDeleted(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		w.fill(12)
		w.put(`{"resourceType":"Organization","id":"o","name":"Trạm"}`)
		w.put(`{"resourceType":"Group","id":"g","type":"person","actual":true,"member":[{"entity":{"reference":"Patient/p3"}},{"entity":{"reference":"Patient/p7"}},{"entity":{"reference":"Patient/none"}}]}`)
		w.commit(store.Delete("Observation", "a1")) // before
		time.Sleep(2 * time.Millisecond)
		since := time.Now()
		time.Sleep(2 * time.Millisecond)
		for _, ref := range []string{"Observation/a3", "Observation/b3", "Encounter/e4", "Patient/p7", "Organization/o", "Observation/a8"} {
			typ, id, _ := strings.Cut(ref, "/")
			w.commit(store.Delete(typ, id))
		}
		w.put(`{"resourceType":"Observation","id":"a8","status":"final","code":{"coding":[{"code":"x"}]},"subject":{"reference":"Patient/p8"}}`)
		for _, c := range []struct {
			name, level string
			params      [][2]string
			want        []string
		}{
			{"system", "", nil, []string{"-Encounter/e4", "-Observation/a3", "-Observation/b3", "-Organization/o", "-Patient/p7", "Observation/a8"}},
			{"persons", "Patient", nil, []string{"-Encounter/e4", "-Observation/a3", "-Observation/b3", "-Patient/p7", "Observation/a8"}},
			{"a person", "Patient", [][2]string{{"patient", "p4"}}, []string{"-Encounter/e4"}},
			{"group", "Group/g", nil, []string{"-Observation/a3", "-Observation/b3", "-Patient/p7"}},
			{"types", "", [][2]string{{"_type", "Patient,Encounter"}}, []string{"-Encounter/e4", "-Patient/p7"}},
			{"filters", "", [][2]string{{"_type", "Observation"}, {"_typeFilter", "Observation?status=final"}}, []string{"-Observation/a3", "Observation/a8"}},
			{"elements", "", [][2]string{{"_type", "Observation"}, {"_elements", "id"}}, []string{"-Observation/a3", "-Observation/b3", "Observation/a8"}},
		} {
			if got := w.export(app(), c.level, append(c.params, [2]string{"_since", since.Format(time.RFC3339Nano)})...); !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
		if got := w.export(app(), "", [2]string{"_type", "Patient"}); len(got) != 11 || strings.HasPrefix(got[0], "-") {
			t.Errorf("without _since: %q", got)
		}
		w.manifest(since)
	})
}

// manifest looks at the answer of the status: deletions stand apart, as Bundles.
func (w *world) manifest(since time.Time) {
	w.t.Helper()
	id := w.ended(app(), "", [2]string{"_since", since.Format(time.RFC3339Nano)}, [2]string{"_type", "Observation"})
	j, err := w.m.find(context.Background(), app(), id)
	rec := httptest.NewRecorder()
	if err = errors.Join(err, w.m.status(rec, httptest.NewRequest("GET", "http://mach.test"+Base+"/"+id, nil), j)); err != nil {
		w.t.Fatal(err)
	}
	var got manifest
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		w.t.Fatal(err)
	}
	if len(got.Output) != 1 || got.Output[0].Count != 1 || len(got.Deleted) != 1 || got.Deleted[0].Type != "Bundle" || got.Deleted[0].Count != 2 {
		w.t.Errorf("%s", rec.Body)
	}
}

// TestDeletedWhileExporting: a resource that is deleted after the export was
// asked for is in the output or not, but its deletion is the next export's.
func TestDeletedWhileExporting(t *testing.T) {
	reached, goOn := make(chan bool, 1), make(chan bool)
	w := &world{t: t, place: storetest.Place{Dir: t.TempDir()}}
	w.conf = func(c *Config) {
		c.Renew = func(_ context.Context, a store.Actor) (store.Actor, error) {
			select {
			case reached <- true:
				<-goOn
			default:
			}
			return a, nil
		}
	}
	w.open()
	w.fill(3)
	id, err := w.m.Export(context.Background(), w.s.For(app()), "u", "", [][2]string{{"_type", "Patient,Encounter"}, {"_since", "2020-01-01T00:00:00Z"}}, false)
	if err != nil {
		t.Fatal(err)
	}
	<-reached
	w.commit(store.Delete("Encounter", "e1"))
	close(goOn)
	w.await(app(), id)
	if got := w.lines(id); !slices.Equal(got, []string{"Encounter/e0", "Encounter/e2", "Patient/p0", "Patient/p1", "Patient/p2"}) {
		t.Errorf("%q", got)
	}
	j, err := w.m.find(context.Background(), app(), id)
	if err != nil {
		t.Fatal(err)
	}
	if got := w.export(app(), "", [2]string{"_since", j.made.Format(time.RFC3339Nano)}); !slices.Equal(got, []string{"-Encounter/e1"}) {
		t.Errorf("the next: %q", got)
	}
}

// TestExportWaitsForCommits: what was being written when an export was asked for
// says that it was written before; the export waits until it stands.
func TestExportWaitsForCommits(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		if w.place.Database == "" {
			t.Skip("SQLite has one writer, whose turn the export waits for")
		}
		w.fill(1)
		other, err := pgx.Connect(t.Context(), w.place.Database+"&application_name=mach")
		if err != nil {
			t.Fatal(err)
		}
		defer other.Close(context.Background())
		if _, err := other.Exec(t.Context(), "begin"); err != nil {
			t.Fatal(err)
		}
		asked := time.Now()
		id, err := w.m.Export(t.Context(), w.s.For(app()), "u", "", [][2]string{{"_type", "Patient"}}, false)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(300 * time.Millisecond)
		if list, err := w.m.parts(t.Context(), id); err != nil || len(list) > 0 {
			t.Fatalf("%d parts beside an open transaction, error %v", len(list), err)
		}
		w.put(`{"resourceType":"Patient","id":"late"}`)
		if _, err := other.Exec(t.Context(), "commit"); err != nil {
			t.Fatal(err)
		}
		w.await(app(), id)
		if got := w.lines(id); !slices.Equal(got, []string{"Patient/late", "Patient/p0"}) {
			t.Errorf("%q", got)
		}
		j, err := w.m.find(t.Context(), app(), id)
		if err != nil || !j.asOf().Before(asked) {
			t.Errorf("as of %s, asked for at %s, error %v", j.asOf(), asked, err)
		}
	})
}

// TestDeletedRights: nobody learns of the end of what he might not find, by label
// or by the query of a scope; the audit names the persons of the others.
func TestDeletedRights(t *testing.T) {
	guard := storetest.JudgeFunc(func(a store.Actor, act store.Action, l store.Labels, _ []store.Relation) store.Decision {
		if a.Role == store.System && a.Scopes == nil {
			return store.Decision{Allow: true, Reason: "system"}
		}
		d := store.Decision{Allow: act == store.ActSearch && (l.Patient == "p1" || l.Patient == "p2"), Reason: "test"}
		if a.Scopes != nil && l.Type == "Observation" {
			d.Only = []string{"status=final"}
		}
		return d
	})
	each(t, guard, func(t *testing.T, w *world) {
		w.fill(5)
		since := [2]string{"_since", time.Now().Format(time.RFC3339Nano)}
		for n := range 5 {
			w.commit(store.Delete("Observation", fmt.Sprint("a", n)), store.Delete("Observation", fmt.Sprint("b", n)), store.Delete("Encounter", fmt.Sprint("e", n)))
		}
		narrow := storetest.Doctor("tram")
		narrow.Scopes = []string{"user/Observation.rs?status=final", "user/Encounter.rs"}
		for name, c := range map[string]struct {
			who  store.Actor
			want []string
		}{
			"by labels": {storetest.Doctor("tram"), []string{"-Encounter/e1", "-Encounter/e2", "-Observation/a1", "-Observation/a2", "-Observation/b1", "-Observation/b2"}},
			"by scopes": {narrow, []string{"-Encounter/e1", "-Encounter/e2", "-Observation/a1", "-Observation/a2"}},
		} {
			id := w.ended(c.who, "", since)
			got := slices.DeleteFunc(w.lines(id), func(ref string) bool { return ref[0] != '-' })
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
			rows := map[string]bool{}
			for until := time.Now().Add(time.Minute); len(rows) < 3 && time.Now().Before(until); time.Sleep(10 * time.Millisecond) { // PostgreSQL numbers a moment later
				clear(rows)
				w.sealed()
				if err := w.m.own.Rows(context.Background(), `select patient, types from audit where request = ?`, []any{id}, func(scan func(...any) error) error {
					var people, types string
					err := scan(&people, &types)
					for p := range strings.SplitSeq(people, " ") {
						rows[p+": "+types] = true
					}
					return err
				}); err != nil {
					t.Fatal(err)
				}
			}
			if len(rows) != 3 || !rows["p1: Encounter Observation"] || !rows["p2: Encounter Observation"] {
				t.Errorf("%s: the audit says %v", name, rows)
			}
		}
	})
}

// TestElements: what is listed, what R4 requires and the tag stay; a name that no
// exported type has is refused, or left out when lenient.
func TestElements(t *testing.T) {
	each(t, nil, func(t *testing.T, w *world) {
		w.put(`{"resourceType":"Patient","id":"p","active":true,"name":[{"text":"An"}],"gender":"male","birthDate":"1980-02-03"}`)
		w.put(`{"resourceType":"Observation","id":"o","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p"},"valueString":"1"}`)
		members := func(line string) string {
			doc, err := fhir.ParseString(line)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for name := range doc.Root().Fields() {
				names = append(names, name)
			}
			if strings.Contains(line, "SUBSETTED") {
				names = append(names, "SUBSETTED")
			}
			return strings.Join(names, " ")
		}
		const id = "resourceType id "
		for asked, want := range map[string][]string{
			"gender,Observation.value":   {id + "meta gender SUBSETTED", id + "meta status code valueString SUBSETTED"},
			"Patient.gender, active":     {id + "meta active gender SUBSETTED", id + "meta status code SUBSETTED"},
			"id":                         {id + "meta SUBSETTED", id + "meta status code SUBSETTED"},
			"Patient.birthDate,status":   {id + "meta birthDate SUBSETTED", id + "meta status code SUBSETTED"},
			"Patient.subject,wrong,name": nil, "valueString": nil, "": nil, "name.text": nil, "Patient.name.text": nil, "Encounter.status": nil, "Wrong.id": nil,
		} {
			params := [][2]string{{"_type", "Patient,Observation"}, {"_elements", asked}}
			if want == nil {
				if _, err := w.m.Export(context.Background(), w.s.For(app()), "u", "", params, false); issue.Status(err) != 400 {
					t.Errorf("%q: %v", asked, err)
				}
				continue
			}
			var got []string
			w.texts(w.ended(app(), "", params...), func(_ part, text string) { got = append(got, members(text)) })
			if !slices.Equal(got, want) {
				t.Errorf("%q: %q, want %q", asked, got, want)
			}
		}
		for asked, want := range map[string]string{"Patient.subject,wrong,gender": id + "meta gender SUBSETTED", "wrong": id + "meta active name gender birthDate"} {
			job, err := w.m.Export(context.Background(), w.s.For(app()), "u", "", [][2]string{{"_type", "Patient"}, {"_elements", asked}, {"nonsense", "1"}}, true)
			if err != nil {
				t.Fatal(err)
			}
			w.await(app(), job)
			w.texts(job, func(_ part, text string) {
				if got := members(text); got != want {
					t.Errorf("lenient %q: %q, want %q", asked, got, want)
				}
			})
		}
	})
}

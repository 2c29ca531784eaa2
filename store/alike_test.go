// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mach/fhir"
	"mach/issue"
	"mach/vn"
)

// heard notes the statements of each request.
type heard struct {
	mu sync.Mutex
	by map[string][]string
}

func (h *heard) trace(request, statement string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.by[request] = append(h.by[request], strings.Join(strings.Fields(statement), " "))
}

// aboutPerson is a line of a list about a person.
type aboutPerson struct{ id, patient string }

func (r aboutPerson) Labels() Labels { return Labels{Type: "Patient", ID: r.id, Patient: r.patient} }

// What the actor may not see takes the work of what is not there: the same
// statements in the same order, and the same answer but for the id.
func TestHiddenAndMissingTakeTheSameWork(t *testing.T) {
	all := &heard{by: map[string][]string{}}
	guard := &testGuard{judge: func(_ Actor, l Labels, _ []Relation, _ time.Time) bool {
		return l.Patient != "p1" && l.Patient != "px" && l.Patient != ""
	}}
	eachDatabase(t, Config{Guard: guard, Trace: all.trace}, func(t *testing.T, s *Store) {
		makeWorld(t, s, 3, 3, 2)
		patient := func(id string) *fhir.Doc {
			return fhir.MustNew(map[string]any{"resourceType": "Patient", "id": id, "gender": "other"})
		}
		for name, ask := range map[string]func(ctx context.Context, d Door, id string) error{
			"read": func(ctx context.Context, d Door, id string) error { _, err := d.Read(ctx, "Patient", id); return err },
			"version": func(ctx context.Context, d Door, id string) error {
				_, err := d.ReadVersion(ctx, "Patient", id, 1)
				return err
			},
			"history": func(ctx context.Context, d Door, id string) error {
				_, _, err := d.History(ctx, "Patient", id, 0)
				return err
			},
			"update": func(ctx context.Context, d Door, id string) error {
				_, err := d.Commit(ctx, Update(patient(id), 0))
				return err
			},
			"update of a version": func(ctx context.Context, d Door, id string) error {
				_, err := d.Commit(ctx, Update(patient(id), 1))
				return err
			},
			"update of a stale version": func(ctx context.Context, d Door, id string) error {
				_, err := d.Commit(ctx, Update(patient(id), 7))
				return err
			},
			"put of a version": func(ctx context.Context, d Door, id string) error {
				_, err := d.Commit(ctx, Put(patient(id)).IfMatch(1))
				return err
			},
			"delete": func(ctx context.Context, d Door, id string) error {
				_, err := d.Commit(ctx, Delete("Patient", id))
				return err
			},
			"delete of a version": func(ctx context.Context, d Door, id string) error {
				_, err := d.Commit(ctx, Delete("Patient", id).IfMatch(2))
				return err
			},
			"access log": func(ctx context.Context, d Door, id string) error {
				_, err := d.AccessLog(ctx, id, time.Time{}, 10)
				return err
			},
			"search": func(ctx context.Context, d Door, id string) error {
				page, err := d.Search(ctx, Query{Type: "Patient", Params: [][2]string{{"_id", id}}, Total: "accurate"})
				return found(len(page.Docs)+page.Total, err)
			},
			"list": func(ctx context.Context, d Door, id string) error {
				rows, err := List(ctx, d, vn.UnitID(0), func(scan Scan) (aboutPerson, error) {
					var r aboutPerson
					return r, scan(&r.id, &r.patient)
				}, `select k, k from (select 'p1' as k) one where k = ?`, id)
				return found(len(rows), err)
			},
		} {
			answer := func(id, request string) (string, []string) {
				err := ask(t.Context(), s.For(Actor{Account: "n", Role: Nurse, Request: request}), id)
				return strings.ReplaceAll(fmt.Sprint(issue.Of(err)), id, "ID"), all.by[request]
			}
			answer("px", "warm "+name+t.Name()) // a connection is made, a statement kept
			said, work := answer("p1", name+" hidden"+t.Name())
			saidNot, workNot := answer("px", name+" missing"+t.Name())
			if said != saidNot {
				t.Errorf("%s: hidden is answered %s, missing %s", name, said, saidNot)
			}
			if len(work) == 0 || !slices.Equal(work, workNot) {
				t.Errorf("%s: hidden takes\n%s\nmissing\n%s", name, strings.Join(work, "\n"), strings.Join(workNot, "\n"))
			}
		}
	})
}

// found makes an error of anything that was found.
func found(n int, err error) error {
	if err == nil && n > 0 {
		return fmt.Errorf("%d found", n)
	}
	return err
}

// SPDX-License-Identifier: Apache-2.0

package events

import (
	"cmp"
	"context"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"mach/casereport"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Worker is a village health worker of a station.
type Worker struct{ Practitioner, Name string }

// Workers lists the village health workers of the actor's facility, by name.
func (m *Module) Workers(ctx context.Context, a store.Actor) ([]Worker, error) {
	page, err := m.store.For(a).Search(ctx, store.Query{Type: "PractitionerRole", Count: 200, Params: [][2]string{
		{"organization", "Organization/" + a.Facility}, {"active", "true"}, {"role", fhir.CSRole + "|" + string(store.VillageWorker)},
		{"_include", "PractitionerRole:practitioner"}}})
	if err != nil {
		return nil, fmt.Errorf("village health workers: %w", err)
	}
	var out []Worker
	for _, d := range page.Included {
		if d.Type() == "Practitioner" {
			out = append(out, Worker{d.ID(), fhir.PrintedName(d.Root())})
		}
	}
	slices.SortFunc(out, func(x, y Worker) int {
		return cmp.Or(strings.Compare(vn.SortKey(x.Name), vn.SortKey(y.Name)), strings.Compare(x.Practitioner, y.Practitioner))
	})
	return slices.CompactFunc(out, func(x, y Worker) bool { return x.Practitioner == y.Practitioner }), nil
}

// checkWorker wants a village health worker of the facility, and takes the name.
func (m *Module) checkWorker(ctx context.Context, a store.Actor, c *Contact, f *faults) error {
	list, err := m.Workers(ctx, a)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(w Worker) bool { return w.Practitioner == c.Worker })
	if i < 0 {
		f.add("worker", issue.Value, "events.contact.worker")
		return nil
	}
	c.WorkerName = list[i].Name
	return nil
}

// Followed lists the contacts whom the actor, a village health worker, follows
// and who are still followed today: those not asked yet first.
func (m *Module) Followed(ctx context.Context, a store.Actor) ([]Contact, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, scanContact, `
		select `+contactColumns+` from events_contact x where x.worker = ? and x.worker <> '' and x.status = 'in-progress' and x.last >= ?
		 order by x.checked, x.last, x.id limit 200`, a.Practitioner, int64(m.today()))
	if err != nil {
		return nil, fmt.Errorf("contacts of a village health worker: %w", err)
	}
	return rows, nil
}

// villageResults are what a village health worker may find; that a contact has
// become a case, or is gone for good, the station writes.
var villageResults = []string{"well", "fever", "symptoms", "unreached"}

// vetTask is the store's [store.Vet] of Tasks, whichever way they come: what a
// village health worker writes may differ from the contact that is there only by
// what was found since. To end the following, to move its days, to hand the
// contact on is for the station and the CDC.
func (m *Module) vetTask(ctx context.Context, a store.Actor, doc *fhir.Doc) (*fhir.Doc, error) {
	if a.Role != store.VillageWorker {
		return doc, nil
	}
	door := m.store.For(a)
	was, err := door.Read(ctx, "Task", doc.ID())
	if err != nil {
		return nil, err
	}
	same, err := m.onlyAsked(was, doc)
	if err != nil || same {
		return doc, err
	}
	l := store.Labels{Type: "Task", ID: doc.ID(), Facility: a.Facility, Unit: a.Unit, Category: taskVillage}
	if err := m.store.Note(ctx, a, store.ActUpdate, l, store.Decision{Reason: "events.contact.asked"}); err != nil {
		return nil, err
	}
	return nil, issue.New(issue.Forbidden, "events.contact.station")
}

// onlyAsked reports whether what a village health worker found, on days that have
// come, is all that was added to a contact who is followed.
func (m *Module) onlyAsked(was, now *fhir.Doc) (bool, error) {
	var rest [2]map[string]any
	var outputs [2][]any
	for i, d := range []*fhir.Doc{was, now} {
		if err := d.WithoutVersion().Into(&rest[i]); err != nil {
			return false, err
		}
		outputs[i], _ = rest[i]["output"].([]any)
		delete(rest[i], "output")
		delete(rest[i], "lastModified")
	}
	had := len(outputs[0])
	if !reflect.DeepEqual(rest[0], rest[1]) || len(outputs[1]) < had || !slices.EqualFunc(outputs[1][:had], outputs[0], reflect.DeepEqual) {
		return false, nil
	}
	for i := range outputs[1][had:] {
		out := now.Get("output", strconv.Itoa(had+i))
		day := casereport.Day(out.Get("valueDateTime").String())
		if !slices.Contains(villageResults, out.Get("type").Code(csCheck)) || !day.Known() || day > m.today() || rest[0]["status"] != "in-progress" {
			return false, nil
		}
	}
	return true, nil
}

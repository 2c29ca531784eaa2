// SPDX-License-Identifier: Apache-2.0

package smart

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"mach/access"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
	"mach/web"
)

// visit is an Encounter that the application may start at.
type visit struct {
	ID     string
	Status string
	Start  string // as recorded: an instant, a date or part of one
	Place  string // facility
	Reason string
}

// mostVisits is how many visits of a person are shown.
const mostVisits = 20

// Statuses of an Encounter whose visit goes on, and of any other that took, or
// will take, place.
const (
	statusOpen = "arrived,triaged,in-progress,onleave"
	statusRest = "planned,finished,unknown"
)

// chooseVisit is the second step of an application that starts by itself at a
// visit (SMART App Launch 2.2, section 3.0.2.2, launch/encounter): the one that
// the request names, or those to choose from. Who has none, or wants none, goes
// on without.
func (m *Module) chooseVisit(ctx context.Context, a store.Actor, patient string, q url.Values, d *askData) (err error) {
	if id := q.Get("encounter"); id != "" {
		d.Visit, err = m.visit(ctx, a, patient, id)
		return err
	}
	if d.Passed = q.Has("encounter"); d.Passed {
		return nil
	}
	d.Visits, err = m.visits(ctx, a, patient)
	d.Without = len(d.Visits) == 0
	return err
}

// ownVisit has one of one's own records chosen first, when there are several:
// the visits are of that one, seen in its role.
func (m *Module) ownVisit(r *http.Request, q url.Values, d *askData) error {
	d.Several = len(d.Own) > 1
	if role := q.Get("role"); role != "" {
		d.Own = slices.DeleteFunc(d.Own, func(c choice) bool { return c.ID != role })
	}
	if d.Choosing = len(d.Own) > 1; d.Choosing || len(d.Own) == 0 {
		return nil
	}
	s, err := m.access.Sessions.Resolve(r)
	if err != nil {
		return err
	}
	a, err := m.as(r, s, d.Own[0].ID)
	if err != nil {
		return err
	}
	return m.chooseVisit(r.Context(), a, a.Patient, q, d)
}

// visit reads one visit of the person. Error: NotFound, also for a visit of
// somebody else.
func (m *Module) visit(ctx context.Context, a store.Actor, patient, id string) (visit, error) {
	doc, err := m.store.For(a).Read(ctx, "Encounter", id)
	if err != nil {
		return visit{}, err
	}
	if doc.Get("subject").RefID("Patient") != patient {
		return visit{}, issue.New(issue.NotFound, "access.not_found")
	}
	v := visitOf(doc, nil)
	if at := doc.Get("serviceProvider").RefID("Organization"); at != "" {
		if place, err := m.store.For(a).Read(ctx, "Organization", at); err == nil {
			v.Place = place.Get("name").String()
		}
	}
	return v, nil
}

// visits lists those of the person that the actor may see: that go on, then the
// others, each newest first, at most mostVisits. To who may see no visits there
// are none.
func (m *Module) visits(ctx context.Context, a store.Actor, patient string) ([]visit, error) {
	var out []visit
	for _, status := range []string{statusOpen, statusRest} {
		if len(out) == mostVisits {
			break
		}
		page, err := m.store.For(a).Search(ctx, store.Query{Type: "Encounter", Count: mostVisits - len(out), Params: [][2]string{
			{"patient", "Patient/" + patient}, {"status", status}, {"_sort", "-date"}, {"_include", "Encounter:service-provider"}}})
		if issue.Is(err, issue.Forbidden) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for _, d := range page.Docs {
			out = append(out, visitOf(d, page.Included))
		}
	}
	return out, nil
}

func visitOf(d *fhir.Doc, around []*fhir.Doc) visit {
	v := visit{ID: d.ID(), Status: d.Get("status").String(), Start: d.Get("period", "start").String(),
		Reason: cmp.Or(d.Get("reasonCode", "0", "text").String(), d.Get("reasonCode", "0", "coding", "0", "display").String())}
	at := d.Get("serviceProvider").RefID("Organization")
	if i := slices.IndexFunc(around, func(o *fhir.Doc) bool { return o.Type() == "Organization" && o.ID() == at }); i >= 0 {
		v.Place = around[i].Get("name").String()
	}
	return v
}

// title says when and where, as people tell visits apart.
func (v visit) title(ctx context.Context) string {
	when := web.T(ctx, "smart.visit.undated")
	if t, err := time.Parse(time.RFC3339, v.Start); err == nil {
		when = web.DateTime(ctx, t)
	} else if p, err := vn.ParsePartialDate(v.Start); err == nil && p.Known() {
		when = web.PartialDate(ctx, p)
	}
	if v.Place == "" {
		return when
	}
	return when + " · " + v.Place
}

// note says how the visit stands and why the person came.
func (v visit) note(ctx context.Context) string {
	state := web.TOr(ctx, "smart.visit."+v.Status, v.Status)
	if v.Reason == "" {
		return state
	}
	return state + " · " + v.Reason
}

// as is whom the application would act as: a worker as himself, of one's own
// records in the role in which each is seen.
func (m *Module) as(r *http.Request, s access.Session, role string) (store.Actor, error) {
	s.Actor.Request = web.Actor(r).Request
	return m.access.Apps.ActorIn(r.Context(), s, role)
}

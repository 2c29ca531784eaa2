// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"

	"mach/casereport"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Notice is what forms 01 and 02 of TT 15/2026 say (Article 26.1): name of the
// disease, when it was found or ended, the place of the foci, advice.
type Notice struct {
	ID       string
	Form     string // 01 declares, 02 ends
	Opens    string // of form 02: the form 01 it ends
	Disease  string
	Unit     vn.UnitID
	On       vn.Date // found, or ended
	Place    string
	Advice   string
	Sent     string // when it was issued, FHIR instant
	Signer   string // the director's name
	Facility string // Organization id
}

// Declare says that there is an epidemic: form 01, by the director of the
// commune's station and nobody else. The state computed beside it declares
// nothing.
// Errors: Forbidden for others; Required for place and advice; Conflict
// ("surveillance.epidemic.open") when one is open.
func (m *Module) Declare(ctx context.Context, a store.Actor, n Notice, key string) (string, error) {
	_, open, err := m.lastEpidemic(ctx, a, n)
	if err != nil {
		return "", err
	}
	if open {
		return "", issue.New(issue.Conflict, "surveillance.epidemic.open")
	}
	n.Form = "01"
	return m.notify(ctx, a, n, key)
}

// End says that the epidemic is over: form 02.
// Errors: as Declare; NotFound when there is no such open declaration.
func (m *Module) End(ctx context.Context, a store.Actor, n Notice, key string) (string, error) {
	last, open, err := m.lastEpidemic(ctx, a, n)
	if err != nil {
		return "", err
	}
	if !open {
		return "", issue.New(issue.NotFound, "surveillance.epidemic.none")
	}
	if n.On < last.From {
		return "", issue.New(issue.BusinessRule, "surveillance.epidemic.before").At("on")
	}
	n.Form, n.Opens = "02", last.Notice
	return m.notify(ctx, a, n, key)
}

// lastEpidemic is the latest of the notice's disease in its commune, and
// whether it is open. It refuses who may not declare, and a notice that lacks
// something.
func (m *Module) lastEpidemic(ctx context.Context, a store.Actor, n Notice) (last Epidemic, open bool, err error) {
	if err := m.mayDeclare(a, n.Unit); err != nil {
		return last, false, err
	}
	if err := n.check(m.today()); err != nil {
		return last, false, err
	}
	list, err := m.Epidemics(ctx, a, n.Unit, []vn.UnitID{n.Unit}, n.Disease)
	if err != nil || len(list) == 0 {
		return last, false, err
	}
	return list[0], list[0].End == "", nil
}

func (m *Module) mayDeclare(a store.Actor, unit vn.UnitID) error {
	if a.Role != store.StationDirector || a.Unit != unit {
		return issue.New(issue.Forbidden, "surveillance.epidemic.director")
	}
	return nil
}

func (n Notice) check(today vn.Date) error {
	var found []issue.Issue
	fail := func(path, key string) {
		found = append(found, issue.Issue{Severity: issue.SeverityError, Code: issue.Required, Key: key, Path: path})
	}
	if !n.On.Known() {
		fail("on", "web.field.required")
	} else if n.On > today {
		fail("on", "surveillance.form.future")
	}
	if n.Place == "" {
		fail("place", "web.field.required")
	}
	if n.Advice == "" {
		fail("advice", "web.field.required")
	}
	return issue.List(found)
}

func (m *Module) notify(ctx context.Context, a store.Actor, n Notice, key string) (string, error) {
	disease, ok := m.diseases.ByID(n.Disease)
	unit, found := m.units.Get(n.Unit)
	if !ok || !found {
		return "", issue.New(issue.NotFound, "surveillance.epidemic.none")
	}
	c := fhir.Communication{
		ID: newID(), Status: "completed",
		Extension: []fhir.Extension{fhir.Unit(unit.Code, unit.From.String(), unit.Full())},
		Category: []fhir.CodeableConcept{
			fhir.Code(fhir.CSCategory, categoryEpidemic, ""), fhir.Code(csEpidemicForm, n.Form, ""),
		},
		Topic: fhir.CodeableConcept{Coding: []fhir.Coding{{System: casereport.SystemDisease, Code: n.Disease, Display: disease.Name.Vi}}, Text: disease.Name.Vi},
		Sent:  n.On.String(), Sender: fhir.Ref("Organization", a.Facility),
		Payload: []fhir.Payload{{ContentString: n.Place}, {ContentString: n.Advice}},
		Note:    []fhir.Annotation{m.note(a, a.Name)},
	}
	if n.Opens != "" {
		c.InResponseTo = []fhir.Reference{fhir.Ref("Communication", n.Opens)}
	}
	doc, err := fhir.New(c)
	if err != nil {
		return "", err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Create(doc))
	if err != nil {
		return "", fmt.Errorf("form %s of an epidemic: %w", n.Form, err)
	}
	return receipt.Docs[0].ID(), m.store.Await(ctx, receipt, "surveillance")
}

// Notice reads a form 01 or 02.
// Errors: NotFound.
func (m *Module) Notice(ctx context.Context, a store.Actor, id string) (Notice, error) {
	d, err := m.store.For(a).Read(ctx, "Communication", id)
	if err != nil {
		return Notice{}, err
	}
	if !hasCategory(d, categoryEpidemic) {
		return Notice{}, issue.New(issue.NotFound, "surveillance.epidemic.none")
	}
	n := Notice{
		ID: id, Opens: fhir.IDOf(d.Get("inResponseTo", "reference").String()), Disease: d.Get("topic", "coding", "code").String(),
		On: casereport.Day(d.Get("sent").String()), Place: d.Get("payload", "0", "contentString").String(),
		Advice: d.Get("payload", "1", "contentString").String(), Sent: d.Get("note", "time").String(), Signer: d.Get("note", "text").String(),
		Facility: fhir.IDOf(d.Get("sender", "reference").String()),
	}
	for cat := range d.Each("category") {
		if cat.Get("coding", "system").String() == csEpidemicForm {
			n.Form = cat.Get("coding", "code").String()
		}
	}
	n.Unit, _ = casereport.UnitIn(d, m.units)
	return n, nil
}

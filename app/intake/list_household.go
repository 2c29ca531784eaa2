// SPDX-License-Identifier: Apache-2.0

package intake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// member is one row of a household list, read.
type member struct {
	row     listRow
	code    string // of the household
	patient fhir.Patient
	unit    vn.Unit
}

// households takes a household list in, one commit a household. Of a household
// with a row that is wrong the other people go in, but not the household: it
// comes whole, when the list is mended.
func (r *run) households(ctx context.Context, l *list) error {
	var order []string
	homes, faulty := map[string][]*member{}, map[string]bool{}
	for _, row := range l.rows {
		r.totals.Read++
		m, found, err := r.member(ctx, row)
		if err != nil {
			return err
		}
		if issue.List(found) != nil {
			faulty[m.code] = true
			if err := r.refuseRow(row, found); err != nil {
				return err
			}
			continue
		}
		if err := r.report(row, found); err != nil { // warnings
			return err
		}
		if _, ok := homes[m.code]; !ok {
			order = append(order, m.code)
		}
		homes[m.code] = append(homes[m.code], m)
	}
	for _, code := range order {
		if err := r.household(ctx, code, homes[code], !faulty[code]); err != nil {
			return err
		}
	}
	return nil
}

// member reads a row. What is found may be only warnings.
func (r *run) member(ctx context.Context, row listRow) (*member, []issue.Issue, error) {
	p := problems{row: row}
	m := &member{row: row, code: row.get("household")}
	name := vn.NormalName(row.get("name"))
	if len(strings.Fields(name)) == 0 {
		p.add(issue.New(issue.Required, "intake.list.name"), "name")
	}
	birth, err := date(row.get("birth"))
	p.add(err, "birth")
	gender, err := sex(row.get("sex"))
	p.add(err, "sex")
	active := true
	m.patient = fhir.Patient{Active: &active, Gender: string(gender), BirthDate: birth.String(), Name: []fhir.HumanName{humanName(name)}}
	if text := row.get("number"); text != "" {
		id, err := number(text)
		p.add(err, "number")
		m.patient.Identifier = append(m.patient.Identifier, fhir.PersonalNumber(id))
		m.patient.ID = fixedID("person", id)
		for _, w := range vn.PersonalID(id).Warnings(gender, birth) {
			if err == nil {
				w.Path = row.l.heads["number"]
				p.list = append(p.list, w)
			}
		}
	} else {
		if m.code == "" || !birth.Known() {
			p.add(issue.New(issue.Required, "intake.list.identity"), "name")
		}
		m.patient.ID = fixedID("person", m.code, vn.Fold(name), birth.String())
	}
	if text := row.get("insurance"); text != "" {
		id, err := vn.ParseInsuranceID(text)
		p.add(err, "insurance")
		m.patient.Identifier = append(m.patient.Identifier, fhir.InsuranceNumber(string(id)))
	}
	if text := row.get("phone"); text != "" {
		phone, err := vn.ParsePhone(text)
		p.add(err, "phone")
		m.patient.Telecom = []fhir.ContactPoint{{System: "phone", Value: string(phone)}}
	}
	p.add(r.address(m, row), "unit")
	if code := row.get("facility"); code != "" {
		org, err := r.one(ctx, "Organization", [2]string{"identifier", fhir.IDFacility + "|" + code})
		if err != nil && !isIssue(err) {
			return nil, nil, err
		}
		p.add(err, "facility")
		m.patient.ManagingOrganization = fhir.Ref("Organization", org)
	}
	return m, p.list, nil
}

// address sets the address as printed and the unit of today.
func (r *run) address(m *member, row listRow) error {
	text, code := row.get("address"), row.get("unit")
	a := fhir.Address{Use: "home", Text: text}
	if code != "" {
		unit, ok := vn.Unit{}, false
		if r.Units != nil {
			unit, ok = r.Units.ByCode(code, r.Today)
		}
		if !ok {
			return issue.New(issue.Value, "intake.list.unit", code)
		}
		m.unit = unit
		a.Extension = []fhir.Extension{fhir.Unit(unit.Code, unit.From.String(), unit.Full())}
	}
	if text != "" || code != "" {
		m.patient.Address = []fhir.Address{a}
	}
	return nil
}

// household commits the people of one household and, when it is whole, the
// household itself. What is on record stays as it is, so that an old list undoes
// no later work: people who are known keep their record, and a household that is
// known gets members added.
func (r *run) household(ctx context.Context, code string, members []*member, whole bool) error {
	var ops []store.Op
	var at []*member
	for _, m := range members {
		known, err := r.known(ctx, m.patient)
		if err != nil {
			return err
		}
		if known == "" {
			_, taken, err := r.there(ctx, "Patient", m.patient.ID)
			if err != nil {
				return err
			}
			if !taken {
				doc, err := fhir.New(m.patient)
				if err != nil {
					return err
				}
				ops, at = append(ops, store.Create(doc)), append(at, m)
				continue
			}
			known = m.patient.ID
		}
		m.patient.ID = known
		r.totals.Unchanged++
	}
	if code != "" && whole {
		op, changes, err := r.home(ctx, code, members)
		if err != nil {
			return err
		}
		if changes {
			ops = append(ops, op)
		}
	}
	return r.rows(ctx, ops, at)
}

// home makes the household of the members, or adds those that it lacks.
func (r *run) home(ctx context.Context, code string, members []*member) (op store.Op, changes bool, err error) {
	unit := members[0].unit
	id := fixedID("household", unit.Code, code)
	doc, taken, err := r.there(ctx, "Group", id)
	if err != nil || taken && doc == nil {
		return op, false, err
	}
	create := doc == nil
	if create {
		home := fhir.Group{ID: id, Type: "person", Actual: true, Name: members[0].patient.Name[0].Text,
			Identifier: []fhir.Identifier{{System: fhir.IDHousehold, Value: strings.Trim(unit.Code+"-"+code, "-")}}}
		if unit.ID != 0 {
			home.Extension = []fhir.Extension{fhir.Unit(unit.Code, unit.From.String(), unit.Full())}
		}
		if doc, err = fhir.New(home); err != nil {
			return op, false, err
		}
	}
	has := map[string]bool{}
	for one := range doc.Each("member") {
		has[one.Get("entity", "reference").String()] = true
	}
	for _, m := range members {
		if ref := "Patient/" + m.patient.ID; !has[ref] {
			has[ref], changes = true, true
			next := fmt.Sprintf("member[%d]", doc.Get("member").Len())
			if doc, err = doc.Set(next, fhir.GroupMember{Entity: fhir.Ref("Patient", m.patient.ID)}); err != nil {
				return op, false, err
			}
		}
	}
	if !changes {
		return op, false, nil
	}
	if doc, err = doc.Set("quantity", doc.Get("member").Len()); err != nil || create {
		return store.Create(doc), true, err
	}
	version, err := strconv.ParseInt(doc.VersionID(), 10, 64)
	return store.Update(doc, version), true, err
}

// there reads what has the id. What was deleted has it still, without a doc.
func (r *run) there(ctx context.Context, typ, id string) (doc *fhir.Doc, taken bool, err error) {
	a := r.Actor
	a.Request = store.NewID()
	doc, err = r.Store.For(a).Read(ctx, typ, id)
	switch {
	case issue.Is(err, issue.NotFound):
		return nil, false, nil
	case issue.Is(err, issue.Deleted):
		return nil, true, nil
	}
	return doc, err == nil, err
}

// rows commits operations of which the first stand for rows, and counts those.
func (r *run) rows(ctx context.Context, ops []store.Op, at []*member) error {
	if len(ops) == 0 {
		return nil
	}
	a := r.Actor
	a.Request = store.NewID()
	receipt, err := r.Store.For(a).Commit(ctx, ops...)
	var e *issue.Error
	if errors.As(err, &e) {
		for _, m := range at {
			if err := r.refuseRow(m.row, e.Issues); err != nil {
				return err
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	for i := range at {
		if receipt.Changed[i] {
			r.totals.Stored++
		} else {
			r.totals.Unchanged++
		}
	}
	return nil
}

// known returns the id of the person who has the personal number, "" for
// nobody.
func (r *run) known(ctx context.Context, p fhir.Patient) (string, error) {
	for _, id := range p.Identifier {
		if id.System == fhir.IDPersonal {
			found, err := r.one(ctx, "Patient", [2]string{"identifier", id.System + "|" + id.Value})
			if issue.Is(err, issue.NotFound) {
				return "", nil
			}
			return found, err
		}
	}
	return "", nil
}

// one finds the one resource that matches: NotFound, MultipleHits.
func (r *run) one(ctx context.Context, typ string, params ...[2]string) (string, error) {
	a := r.Actor
	a.Request = store.NewID()
	page, err := r.Store.For(a).Search(ctx, store.Query{Type: typ, Params: params, Count: 2})
	if err != nil {
		return "", err
	}
	value := params[0][1]
	if _, after, ok := strings.Cut(value, "|"); ok {
		value = after
	}
	switch len(page.Docs) {
	case 1:
		return page.Docs[0].ID(), nil
	case 0:
		return "", issue.New(issue.NotFound, "intake.list.none", value)
	}
	return "", issue.New(issue.MultipleHits, "intake.list.many", value)
}

func isIssue(err error) bool {
	var e *issue.Error
	return errors.As(err, &e)
}

func humanName(text string) fhir.HumanName {
	n := fhir.HumanName{Use: "official", Text: text}
	if words := strings.Fields(text); len(words) > 0 {
		n.Family, n.Given = words[0], words[1:]
	}
	return n
}

// fixedID makes the same id of the same words every time.
func fixedID(words ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(words, "\x00")))
	id := uuid.UUID(sum[:16])
	id[6], id[8] = id[6]&0x0f|0x80, id[8]&0x3f|0x80
	return id.String()
}

// SPDX-License-Identifier: Apache-2.0

package surveillance

import (
	"context"
	"fmt"
	"strings"
	"time"

	"mach/casereport"
	"mach/content"
	"mach/fhir"
	"mach/issue"
	"mach/store"
	"mach/vn"
)

// Message is what a village worker tells the station: who, where, what, since
// when (first report, TT 15/2026/TT-BYT Article 10.1). It is a Communication of
// category case-message; the person is described in it and is nobody on file.
type Message struct {
	ID       string
	Who      string // name as told
	Sex      string // FHIR code, "" = not said
	Born     int    // year, 0 = not said
	Phone    string
	Where    string
	What     string
	Disease  string  // suspected; "" = not said
	Since    vn.Date // vn.ZeroDate = not said
	At       time.Time
	Sender   string
	Report   string // case report made of it; "" = none yet
	Answer   string // why it is no case; "" = not answered so
	Answered time.Time

	facility, author string
	place            vn.UnitID
}

// Labels lets the guard judge the row as the message.
func (t Message) Labels() store.Labels {
	return store.Labels{Type: "Communication", ID: t.ID, Facility: t.facility, Unit: t.place, Author: t.author, Category: categoryMessage}
}

// Waits reports whether nobody has answered.
func (t Message) Waits() bool { return t.Report == "" && t.Answer == "" }

// Due is when the station has to have looked at it.
func (t Message) Due() time.Time { return content.ClockSignal.Due(t.At) }

// Tell sends the message to the actor's station.
// Errors: Required for who, where and what.
func (m *Module) Tell(ctx context.Context, a store.Actor, key string, t Message) error {
	var found []issue.Issue
	for field, value := range map[string]string{"who": t.Who, "where": t.Where, "what": t.What} {
		if strings.TrimSpace(value) == "" {
			found = append(found, issue.Issue{Severity: issue.SeverityError, Code: issue.Required, Key: "web.field.required", Path: field})
		}
	}
	if t.Since.Known() && t.Since > m.today() {
		found = append(found, issue.Issue{Severity: issue.SeverityError, Code: issue.BusinessRule, Key: "surveillance.form.future", Path: "since"})
	}
	if err := issue.List(found); err != nil {
		return err
	}
	who := fhir.Patient{ID: "who", Name: []fhir.HumanName{{Text: t.Who}}, Gender: t.Sex, Address: []fhir.Address{{Text: t.Where}}}
	if t.Born > 0 {
		who.BirthDate = fmt.Sprintf("%04d", t.Born)
	}
	if t.Phone != "" {
		who.Telecom = []fhir.ContactPoint{{System: "phone", Value: t.Phone}}
	}
	inside, err := fhir.New(who)
	if err != nil {
		return err
	}
	c := fhir.Communication{
		Contained: []fhir.Raw{fhir.Raw(inside.Bytes())}, Status: "completed",
		Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, categoryMessage, "")},
		About:    []fhir.Reference{{Reference: "#who"}}, Sent: fhir.Instant(m.now()),
		Sender:    fhir.Reference{Reference: fhir.Ref("Practitioner", a.Practitioner).Reference, Display: a.Name},
		Recipient: []fhir.Reference{fhir.Ref("Organization", a.Facility)},
		Payload:   []fhir.Payload{{ContentString: t.What}},
	}
	if t.Since.Known() {
		c.Payload = append(c.Payload, fhir.Payload{ContentString: t.Since.String()})
	}
	if d, ok := m.diseases.ByID(t.Disease); ok {
		c.Topic = fhir.Code(casereport.SystemDisease, d.ID, d.Name.Vi)
	}
	return m.say(ctx, a, key, c)
}

// Dismiss answers a message of which no case is made, with the reason that the
// village worker reads.
// Errors: Required at "reason"; NotFound.
func (m *Module) Dismiss(ctx context.Context, a store.Actor, message, key, reason string) error {
	if reason = strings.TrimSpace(reason); reason == "" {
		return issue.New(issue.Required, "surveillance.refute.reason").At("reason")
	}
	if _, err := m.Message(ctx, a, message); err != nil {
		return err
	}
	return m.say(ctx, a, key, fhir.Communication{
		Status: "completed", Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, categoryAnswer, "")},
		InResponseTo: []fhir.Reference{fhir.Ref("Communication", message)}, Sent: fhir.Instant(m.now()),
		Sender: fhir.Ref("Practitioner", a.Practitioner), Payload: []fhir.Payload{{ContentString: reason}},
	})
}

func (m *Module) say(ctx context.Context, a store.Actor, key string, c fhir.Communication) error {
	doc, err := fhir.New(c)
	if err != nil {
		return err
	}
	receipt, err := m.store.For(a).CommitOnce(ctx, key, store.Create(doc))
	if err != nil {
		return fmt.Errorf("message of a case: %w", err)
	}
	return m.store.Await(ctx, receipt, "surveillance")
}

// Messages lists those of the actor's station since a day that the actor may
// see: what waits first, then the latest.
func (m *Module) Messages(ctx context.Context, a store.Actor, since vn.Date) ([]Message, error) {
	return m.messages(ctx, a, `facility = ? and at >= ?`, a.Facility, since.Time().UnixMicro())
}

// Message returns one.
// Errors: NotFound.
func (m *Module) Message(ctx context.Context, a store.Actor, id string) (Message, error) {
	rows, err := m.messages(ctx, a, `message = ?`, id)
	if err == nil && len(rows) == 0 {
		err = issue.New(issue.NotFound, "reporting.message.none")
	}
	if err != nil {
		return Message{}, err
	}
	return rows[0], nil
}

func (m *Module) messages(ctx context.Context, a store.Actor, where string, args ...any) ([]Message, error) {
	rows, err := store.List(ctx, m.store.For(a), a.Unit, func(scan store.Scan) (Message, error) {
		var t Message
		var place, since, at, answered int64
		err := scan(&t.ID, &t.facility, &place, &t.author, &t.Disease, &t.Who, &t.Where, &t.What, &t.Born, &t.Sex, &t.Phone, &since, &at, &t.Sender, &t.Report, &t.Answer, &answered)
		t.place, t.At, t.Answered, t.Since = vn.UnitID(place), time.UnixMicro(at), fromMicro(answered), vn.ZeroDate
		if since >= 0 {
			t.Since = vn.Date(since)
		}
		return t, err
	}, `select message, facility, place, author, disease, who, spot, what, born, sex, phone, since, at, sender, report, answer, answered
		  from surveillance_message where `+where+`
		 order by case when report = '' and answer = '' then 0 else 1 end, at desc, message limit 100`, args...)
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	return rows, nil
}

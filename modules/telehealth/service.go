// SPDX-License-Identifier: Apache-2.0

package telehealth

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"mach/content"
	"mach/fhir"
	"mach/i18n"
	"mach/issue"
	"mach/rtc"
	"mach/store"
	"mach/vn"
)

// rooms is what a case needs of the live rooms; *rtc.Engine satisfies it.
type rooms interface {
	Offered() bool
	EnsureRoom(ctx context.Context, room string) error
	Token(g rtc.Grant) (string, error)
	CloseRoom(ctx context.Context, room string) error
	BrowserURL() string
}

// Module is the consultation. It is safe for concurrent use.
type Module struct {
	store *store.Store
	rooms rooms
	words *i18n.Catalogue // the record's own words are Vietnamese
	now   func() time.Time
}

// New prepares the module.
func New(s *store.Store, r rooms, words *i18n.Catalogue, now func() time.Time) *Module {
	return &Module{store: s, rooms: r, words: words, now: now}
}

func (m *Module) today() vn.Date { return vn.DateOf(m.now()) }

// Question is what a doctor asks.
type Question struct {
	Encounter string
	Hospital  string
	Urgency   string // FHIR request-priority
	Text      string
}

// Ask sends a visit to a hospital with its record attached and returns the id
// of the consultation. Errors: Forbidden ("telehealth.ask.role"), Required,
// CodeInvalid at the form's field, Conflict ("telehealth.ask.open") when this
// hospital is being asked about this visit already, BusinessRule
// ("telehealth.ask.closed") for a visit with closed files, NotFound for a visit
// the actor may not see.
func (m *Module) Ask(ctx context.Context, a store.Actor, key string, q Question) (string, error) {
	if !asks(a.Role) || a.Practitioner == "" {
		return "", issue.New(issue.Forbidden, "telehealth.ask.role")
	}
	hospital, err := m.checkQuestion(ctx, a, q)
	if err != nil {
		return "", err
	}
	rec, err := m.record(ctx, a, q.Encounter)
	if err != nil {
		return "", err
	}
	if rec.Closed {
		// The coordinator may not see it, and would never answer.
		return "", issue.New(issue.BusinessRule, "telehealth.ask.closed")
	}
	before, err := m.OfVisit(ctx, a, q.Encounter)
	if err != nil {
		return "", err
	}
	if slices.ContainsFunc(before, func(c Case) bool { return c.Hospital == q.Hospital && c.State.Open() }) {
		return "", issue.New(issue.Conflict, "telehealth.ask.open").At("hospital")
	}
	id, at := store.NewID(), fhir.Instant(m.now())
	subject := fhir.Ref("Patient", rec.Person.ID)
	subject.Display = rec.Person.Name
	asker := fhir.Reference{Reference: "Practitioner/" + a.Practitioner, Display: a.Name}
	info := make([]fhir.Reference, len(rec.refs))
	for i, r := range rec.refs {
		info[i] = fhir.Reference{Reference: r}
	}
	request := fhir.ServiceRequest{
		ID: id, Status: "active", Intent: "order", Priority: q.Urgency,
		Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, consultation, "")},
		Subject:  subject, Encounter: fhir.Ref("Encounter", q.Encounter), AuthoredOn: at, Requester: asker,
		Performer:      []fhir.Reference{{Reference: "Organization/" + hospital.ID, Display: hospital.Name}},
		ReasonCode:     []fhir.CodeableConcept{fhir.Words(q.Text)},
		SupportingInfo: info,
	}
	task := fhir.Task{
		ID: store.NewID(), Intent: "order", Priority: q.Urgency, Code: fhir.Code(fhir.CSTask, consultation, ""),
		Focus: fhir.Ref("ServiceRequest", id), For: fhir.Ref("Patient", rec.Person.ID),
		Encounter: fhir.Ref("Encounter", q.Encounter), AuthoredOn: at, Requester: asker,
	}
	m.note(&task, a, Asked, "")
	return id, m.commit(ctx, a, key, request, task)
}

func (m *Module) checkQuestion(ctx context.Context, a store.Actor, q Question) (Hospital, error) {
	if strings.TrimSpace(q.Text) == "" {
		return Hospital{}, issue.New(issue.Required, "telehealth.ask.question").At("question")
	}
	urgent := func(t content.ConsultationTime) bool { return t.Code == q.Urgency }
	if !slices.ContainsFunc(content.ConsultationTimes(m.today()), urgent) {
		return Hospital{}, issue.New(issue.CodeInvalid, "telehealth.ask.urgency").At("urgency")
	}
	list, err := m.Hospitals(ctx, a)
	if err != nil {
		return Hospital{}, err
	}
	i := slices.IndexFunc(list, func(h Hospital) bool { return h.ID == q.Hospital })
	if i < 0 {
		return Hospital{}, issue.New(issue.CodeInvalid, "telehealth.ask.hospital").At("hospital")
	}
	return list[i], nil
}

// note writes a state into a Task with who, when and why.
func (m *Module) note(t *fhir.Task, a store.Actor, s State, why string) {
	at := fhir.Instant(m.now())
	text := m.words.T(i18n.Vietnamese, "telehealth.state."+string(s))
	t.Status, t.LastModified = taskStatus[s], at
	t.BusinessStatus = fhir.Code(csState, string(s), text)
	t.StatusReason = fhir.CodeableConcept{Text: why}
	if why != "" {
		text += ": " + why
	}
	t.Note = append(t.Note, fhir.Annotation{
		AuthorReference: fhir.Reference{Reference: "Practitioner/" + a.Practitioner, Display: a.Name}, Time: at, Text: text,
	})
}

// Accept takes a consultation in at the hospital and names the expert.
// Errors: Forbidden for others than its coordinators, Required or CodeInvalid
// at "expert", Conflict ("telehealth.moved").
func (m *Module) Accept(ctx context.Context, a store.Actor, id, key, expert string) error {
	c, task, version, err := m.handle(ctx, a, id, Accepted, m.coordinates)
	if err != nil {
		return err
	}
	if expert == "" {
		return issue.New(issue.Required, "telehealth.accept.expert").At("expert")
	}
	list, err := m.Experts(ctx, a, c.Hospital, m.today())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(list, func(e Expert) bool { return e.Practitioner == expert })
	if i < 0 {
		return issue.New(issue.CodeInvalid, "telehealth.accept.unknown").At("expert")
	}
	task.Owner = fhir.Reference{Reference: "Practitioner/" + expert, Display: list[i].Name}
	m.note(&task, a, Accepted, "")
	return m.update(ctx, a, key, task, version)
}

// Decline refuses a consultation with a reason. The hospital's access ends.
func (m *Module) Decline(ctx context.Context, a store.Actor, id, key, why string) error {
	return m.end(ctx, a, id, key, why, Declined, m.coordinates)
}

// Cancel takes a consultation back with a reason, until it is concluded.
func (m *Module) Cancel(ctx context.Context, a store.Actor, id, key, why string) error {
	return m.end(ctx, a, id, key, why, Cancelled, treats)
}

func (m *Module) end(ctx context.Context, a store.Actor, id, key, why string, to State, may func(Case, store.Actor) error) error {
	c, task, version, err := m.handle(ctx, a, id, to, may)
	if err != nil {
		return err
	}
	if strings.TrimSpace(why) == "" {
		return issue.New(issue.Required, "telehealth.reason").At("reason")
	}
	m.note(&task, a, to, why)
	request, err := m.request(ctx, a, c.ID, "revoked")
	if err != nil {
		return err
	}
	if err := m.update(ctx, a, key, task, version, request); err != nil {
		return err
	}
	m.closeRoom(ctx, c)
	return nil
}

// Begin notes that the expert has begun: the first step into the room. It does
// nothing later, or for the other participant.
func (m *Module) Begin(ctx context.Context, a store.Actor, c Case) error {
	if c.State != Accepted || a.Practitioner != c.Expert {
		return nil
	}
	_, task, version, err := m.handle(ctx, a, c.ID, Live, advises)
	if err != nil {
		return err
	}
	m.note(&task, a, Live, "")
	return m.update(ctx, a, "", task, version)
}

// Conclude writes the expert's advice: a DiagnosticReport that stands in the
// record whatever is made of it. A diagnosis, when the expert names one, is an
// ICD-10 code and words after it; a notifiable one makes the draft of a case
// report where the question came from (modules/surveillance).
// Errors: Required at "conclusion"; CodeInvalid, or BusinessRule
// ("telehealth.conclude.closed") for one of a closed file, at "diagnosis".
func (m *Module) Conclude(ctx context.Context, a store.Actor, id, key, text, diagnosis string) error {
	c, task, version, err := m.handle(ctx, a, id, Concluded, advises)
	if err != nil {
		return err
	}
	if strings.TrimSpace(text) == "" {
		return issue.New(issue.Required, "telehealth.conclude.text").At("conclusion")
	}
	named, err := diagnosisOf(diagnosis)
	if err != nil {
		return err
	}
	at := fhir.Instant(m.now())
	report := fhir.DiagnosticReport{
		ID: store.NewID(), Status: "final", BasedOn: []fhir.Reference{fhir.Ref("ServiceRequest", c.ID)},
		Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, consultation, "")},
		Code:     fhir.Words(m.words.T(i18n.Vietnamese, "telehealth.report")),
		Subject:  fhir.Ref("Patient", c.Patient), Encounter: fhir.Ref("Encounter", c.Encounter),
		EffectiveDateTime: at, Issued: at, Conclusion: text, ConclusionCode: named,
		Performer: []fhir.Reference{
			{Reference: "Practitioner/" + a.Practitioner, Display: a.Name},
			{Reference: "Organization/" + c.Hospital, Display: c.HospitalName},
		},
	}
	doc, err := fhir.New(report)
	if err != nil {
		return err
	}
	task.Output = append(task.Output, part("conclusion", "DiagnosticReport", report.ID))
	m.note(&task, a, Concluded, "")
	return m.update(ctx, a, key, task, version, store.Create(doc))
}

// diagnosisOf reads "A97.0 Sốt xuất huyết" or a code alone; nil for nothing.
func diagnosisOf(text string) ([]fhir.CodeableConcept, error) {
	code, words, _ := strings.Cut(strings.TrimSpace(text), " ")
	if code == "" {
		return nil, nil
	}
	if code = content.NormalICD(code); !content.ValidICD(code) {
		return nil, issue.New(issue.CodeInvalid, "telehealth.conclude.diagnosis").At("diagnosis")
	}
	if d, ok := content.Diagnoses().ByCode(code); ok && strings.TrimSpace(words) == "" {
		words = d.Name.Vi
	}
	if len(content.Sensitivity(fhir.ICD10, code, words)) > 0 {
		return nil, issue.New(issue.BusinessRule, "telehealth.conclude.closed").At("diagnosis")
	}
	c := fhir.Code(fhir.ICD10, code, words)
	c.Text = words
	return []fhir.CodeableConcept{c}, nil
}

// Decide records what the treating doctor makes of the advice: follow, follow
// in part, or decline, the last two with a reason. The case ends; the hospital
// may read it for a short while yet, to learn of the decision.
func (m *Module) Decide(ctx context.Context, a store.Actor, id, key string, d Decision, why string) error {
	c, task, version, err := m.handle(ctx, a, id, Decided, treats)
	if err != nil {
		return err
	}
	switch {
	case d != Follow && d != InPart && d != Decline:
		return issue.New(issue.Required, "telehealth.decide.choose").At("decision")
	case d != Follow && strings.TrimSpace(why) == "":
		return issue.New(issue.Required, "telehealth.reason").At("reason")
	}
	words := m.words.T(i18n.Vietnamese, "telehealth.decision."+string(d))
	said := words
	if why != "" {
		said += ": " + why
	}
	answer := fhir.Communication{
		ID: store.NewID(), Status: "completed", BasedOn: []fhir.Reference{fhir.Ref("ServiceRequest", c.ID)},
		Category: []fhir.CodeableConcept{fhir.Code(fhir.CSCategory, consultation, "")},
		Topic:    fhir.Code(csDecision, string(d), words),
		Subject:  fhir.Ref("Patient", c.Patient), Encounter: fhir.Ref("Encounter", c.Encounter),
		About: []fhir.Reference{fhir.Ref("DiagnosticReport", c.Report)}, Sent: fhir.Instant(m.now()),
		Sender:    fhir.Reference{Reference: "Practitioner/" + a.Practitioner, Display: a.Name},
		Recipient: []fhir.Reference{{Reference: "Practitioner/" + c.Expert, Display: c.ExpertName}},
		Payload:   []fhir.Payload{{ContentString: said}},
	}
	doc, err := fhir.New(answer)
	if err != nil {
		return err
	}
	task.Output = append(task.Output, part("decision", "Communication", answer.ID))
	m.note(&task, a, Decided, why)
	task.StatusReason.Coding = []fhir.Coding{{System: csDecision, Code: string(d), Display: words}}
	request, err := m.request(ctx, a, c.ID, "completed")
	if err != nil {
		return err
	}
	if err := m.update(ctx, a, key, task, version, store.Create(doc), request); err != nil {
		return err
	}
	m.closeRoom(ctx, c)
	return nil
}

func part(kind, typ, id string) fhir.TaskParameter {
	return fhir.TaskParameter{Type: fhir.Code(csPart, kind, ""), ValueReference: fhir.Ref(typ, id)}
}

// handle reads a case and its Task as they stand now for a move to a state,
// once may has allowed the actor.
func (m *Module) handle(ctx context.Context, a store.Actor, id string, to State, may func(Case, store.Actor) error) (Case, fhir.Task, int64, error) {
	fail := func(err error) (Case, fhir.Task, int64, error) { return Case{}, fhir.Task{}, 0, err }
	c, err := m.One(ctx, a, id)
	if err != nil {
		return fail(err)
	}
	if err := may(c, a); err != nil {
		return fail(err)
	}
	doc, err := m.store.For(a).Read(ctx, "Task", c.Task)
	if err != nil {
		return fail(err)
	}
	// The view may be a moment behind: the Task itself says how far it is.
	if err := stateOf(doc).move(to); err != nil {
		return fail(err)
	}
	var task fhir.Task
	if err := doc.Into(&task); err != nil {
		return fail(err)
	}
	version, err := strconv.ParseInt(doc.VersionID(), 10, 64)
	if err != nil {
		return fail(fmt.Errorf("version of a Task: %w", err))
	}
	return c, task, version, nil
}

func (m *Module) coordinates(c Case, a store.Actor) error {
	if a.Role != store.Coordinator || a.Facility != c.Hospital {
		return issue.New(issue.Forbidden, "telehealth.role.coordinator")
	}
	return nil
}

func advises(c Case, a store.Actor) error {
	if a.Role != store.Expert || a.Practitioner == "" || a.Practitioner != c.Expert {
		return issue.New(issue.Forbidden, "telehealth.role.expert")
	}
	return nil
}

func treats(c Case, a store.Actor) error {
	if !c.Treats(a) {
		return issue.New(issue.Forbidden, "telehealth.role.doctor")
	}
	return nil
}

// request returns the operation that gives the ServiceRequest a new status.
func (m *Module) request(ctx context.Context, a store.Actor, id, status string) (store.Op, error) {
	doc, err := m.store.For(a).Read(ctx, "ServiceRequest", id)
	if err != nil {
		return store.Op{}, err
	}
	doc, err = doc.Set("status", status)
	return store.Update(doc, 0), err
}

// update writes the Task's new version, the other operations after it.
func (m *Module) update(ctx context.Context, a store.Actor, key string, task fhir.Task, version int64, more ...store.Op) error {
	doc, err := fhir.New(task)
	if err != nil {
		return err
	}
	return m.write(ctx, a, key, append([]store.Op{store.Update(doc, version)}, more...))
}

// commit writes new resources together.
func (m *Module) commit(ctx context.Context, a store.Actor, key string, resources ...any) error {
	ops := make([]store.Op, len(resources))
	for i, r := range resources {
		doc, err := fhir.New(r)
		if err != nil {
			return err
		}
		ops[i] = store.Create(doc)
	}
	return m.write(ctx, a, key, ops)
}

func (m *Module) write(ctx context.Context, a store.Actor, key string, ops []store.Op) error {
	door := m.store.For(a)
	var receipt store.Receipt
	var err error
	if key == "" {
		receipt, err = door.Commit(ctx, ops...)
	} else {
		receipt, err = door.CommitOnce(ctx, key, ops...)
	}
	if err != nil {
		return err
	}
	return m.store.Await(ctx, receipt, view)
}

// closeRoom ends the live room of a case that has ended. A media server that is
// away has no room; nothing is lost.
func (m *Module) closeRoom(ctx context.Context, c Case) {
	if m.rooms.Offered() {
		_ = m.rooms.CloseRoom(ctx, c.Room())
	}
}

// deviceShape is what the room's script sends to tell two windows apart.
var deviceShape = regexp.MustCompile(`^[0-9a-f]{8}$`)

// Enter gives a participant a short token for the live room and notes that the
// expert has begun. Errors: NotFound for everybody else, Conflict
// ("telehealth.room.shut") when the case has no room now, and those of rtc.
func (m *Module) Enter(ctx context.Context, a store.Actor, id, device string) (token string, err error) {
	c, err := m.One(ctx, a, id)
	if err != nil {
		return "", err
	}
	if !c.Takes(a.Practitioner) {
		return "", issue.New(issue.NotFound, "telehealth.unknown")
	}
	if !c.State.Meets() {
		return "", issue.New(issue.Conflict, "telehealth.room.shut")
	}
	if !deviceShape.MatchString(device) {
		return "", issue.New(issue.Invalid, "telehealth.room.device").At("device")
	}
	if err := m.rooms.EnsureRoom(ctx, c.Room()); err != nil {
		return "", err
	}
	if err := m.Begin(ctx, a, c); err != nil && !issue.Is(err, issue.Conflict) {
		return "", err // a conflict: another window of the expert was quicker
	}
	return m.rooms.Token(rtc.Grant{Room: c.Room(), Identity: a.Practitioner + "~" + device, Publish: true})
}

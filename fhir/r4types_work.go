// SPDX-License-Identifier: Apache-2.0

package fhir

// ServiceRequest asks for something to be done: a test, a referral, a
// consultation (hội chẩn).
type ServiceRequest struct {
	ID                 string            `json:"id,omitzero"`
	Meta               Meta              `json:"meta,omitzero"`
	Contained          []Raw             `json:"contained,omitempty"`
	Extension          []Extension       `json:"extension,omitempty"`
	Identifier         []Identifier      `json:"identifier,omitempty"`
	BasedOn            []Reference       `json:"basedOn,omitempty"`
	Replaces           []Reference       `json:"replaces,omitempty"`
	Status             string            `json:"status"`
	Intent             string            `json:"intent"`
	Category           []CodeableConcept `json:"category,omitempty"`
	Priority           string            `json:"priority,omitzero"` // routine urgent asap stat
	Code               CodeableConcept   `json:"code,omitzero"`
	Subject            Reference         `json:"subject"`
	Encounter          Reference         `json:"encounter,omitzero"`
	OccurrenceDateTime string            `json:"occurrenceDateTime,omitzero"`
	OccurrencePeriod   Period            `json:"occurrencePeriod,omitzero"`
	AuthoredOn         string            `json:"authoredOn,omitzero"`
	Requester          Reference         `json:"requester,omitzero"`
	PerformerType      CodeableConcept   `json:"performerType,omitzero"`
	Performer          []Reference       `json:"performer,omitempty"`
	ReasonCode         []CodeableConcept `json:"reasonCode,omitempty"`
	ReasonReference    []Reference       `json:"reasonReference,omitempty"`
	SupportingInfo     []Reference       `json:"supportingInfo,omitempty"`
	Note               []Annotation      `json:"note,omitempty"`
	PatientInstruction string            `json:"patientInstruction,omitzero"`
	RelevantHistory    []Reference       `json:"relevantHistory,omitempty"`
}

// Task is a piece of work with a state: a queue ticket (số thứ tự), the course
// of a consultation.
type Task struct {
	ID              string            `json:"id,omitzero"`
	Meta            Meta              `json:"meta,omitzero"`
	Contained       []Raw             `json:"contained,omitempty"`
	Extension       []Extension       `json:"extension,omitempty"`
	Identifier      []Identifier      `json:"identifier,omitempty"`
	BasedOn         []Reference       `json:"basedOn,omitempty"`
	GroupIdentifier Identifier        `json:"groupIdentifier,omitzero"`
	PartOf          []Reference       `json:"partOf,omitempty"`
	Status          string            `json:"status"`
	StatusReason    CodeableConcept   `json:"statusReason,omitzero"`
	BusinessStatus  CodeableConcept   `json:"businessStatus,omitzero"`
	Intent          string            `json:"intent"`
	Priority        string            `json:"priority,omitzero"`
	Code            CodeableConcept   `json:"code,omitzero"`
	Description     string            `json:"description,omitzero"`
	Focus           Reference         `json:"focus,omitzero"`
	For             Reference         `json:"for,omitzero"`
	Encounter       Reference         `json:"encounter,omitzero"`
	ExecutionPeriod Period            `json:"executionPeriod,omitzero"`
	AuthoredOn      string            `json:"authoredOn,omitzero"`
	LastModified    string            `json:"lastModified,omitzero"`
	Requester       Reference         `json:"requester,omitzero"`
	PerformerType   []CodeableConcept `json:"performerType,omitempty"`
	Owner           Reference         `json:"owner,omitzero"`
	Location        Reference         `json:"location,omitzero"`
	ReasonCode      CodeableConcept   `json:"reasonCode,omitzero"`
	ReasonReference Reference         `json:"reasonReference,omitzero"`
	Note            []Annotation      `json:"note,omitempty"`
	Restriction     TaskRestriction   `json:"restriction,omitzero"`
	Input           []TaskParameter   `json:"input,omitempty"`
	Output          []TaskParameter   `json:"output,omitempty"`
}

// TaskRestriction is when a task is to be done, and for whom.
type TaskRestriction struct {
	Repetitions *int        `json:"repetitions,omitzero"`
	Period      Period      `json:"period,omitzero"`
	Recipient   []Reference `json:"recipient,omitempty"`
}

// TaskParameter is something a task starts from or brings about.
type TaskParameter struct {
	Type                 CodeableConcept `json:"type"`
	ValueBoolean         *bool           `json:"valueBoolean,omitzero"`
	ValueCode            string          `json:"valueCode,omitzero"`
	ValueDateTime        string          `json:"valueDateTime,omitzero"`
	ValueInteger         *int            `json:"valueInteger,omitzero"`
	ValueString          string          `json:"valueString,omitzero"`
	ValueCodeableConcept CodeableConcept `json:"valueCodeableConcept,omitzero"`
	ValueReference       Reference       `json:"valueReference,omitzero"`
}

// Appointment is a booked time (lịch hẹn).
type Appointment struct {
	ID                    string                   `json:"id,omitzero"`
	Meta                  Meta                     `json:"meta,omitzero"`
	Contained             []Raw                    `json:"contained,omitempty"`
	Extension             []Extension              `json:"extension,omitempty"`
	Identifier            []Identifier             `json:"identifier,omitempty"`
	Status                string                   `json:"status"`
	CancelationReason     CodeableConcept          `json:"cancelationReason,omitzero"`
	ServiceCategory       []CodeableConcept        `json:"serviceCategory,omitempty"`
	ServiceType           []CodeableConcept        `json:"serviceType,omitempty"`
	Specialty             []CodeableConcept        `json:"specialty,omitempty"`
	AppointmentType       CodeableConcept          `json:"appointmentType,omitzero"`
	ReasonCode            []CodeableConcept        `json:"reasonCode,omitempty"`
	ReasonReference       []Reference              `json:"reasonReference,omitempty"`
	Priority              *int                     `json:"priority,omitzero"`
	Description           string                   `json:"description,omitzero"`
	SupportingInformation []Reference              `json:"supportingInformation,omitempty"`
	Start                 string                   `json:"start,omitzero"` // an instant
	End                   string                   `json:"end,omitzero"`
	MinutesDuration       int                      `json:"minutesDuration,omitzero"`
	Slot                  []Reference              `json:"slot,omitempty"`
	Created               string                   `json:"created,omitzero"`
	Comment               string                   `json:"comment,omitzero"`
	PatientInstruction    string                   `json:"patientInstruction,omitzero"`
	BasedOn               []Reference              `json:"basedOn,omitempty"`
	Participant           []AppointmentParticipant `json:"participant"`
	RequestedPeriod       []Period                 `json:"requestedPeriod,omitempty"`
}

// AppointmentParticipant is who is to come, and whether they will.
type AppointmentParticipant struct {
	Type     []CodeableConcept `json:"type,omitempty"`
	Actor    Reference         `json:"actor,omitzero"`
	Required string            `json:"required,omitzero"`
	Status   string            `json:"status"`
	Period   Period            `json:"period,omitzero"`
}

// Communication is something said to somebody.
type Communication struct {
	ID              string            `json:"id,omitzero"`
	Meta            Meta              `json:"meta,omitzero"`
	Contained       []Raw             `json:"contained,omitempty"`
	Extension       []Extension       `json:"extension,omitempty"`
	Identifier      []Identifier      `json:"identifier,omitempty"`
	BasedOn         []Reference       `json:"basedOn,omitempty"`
	PartOf          []Reference       `json:"partOf,omitempty"`
	InResponseTo    []Reference       `json:"inResponseTo,omitempty"`
	Status          string            `json:"status"`
	StatusReason    CodeableConcept   `json:"statusReason,omitzero"`
	Category        []CodeableConcept `json:"category,omitempty"`
	Priority        string            `json:"priority,omitzero"`
	Medium          []CodeableConcept `json:"medium,omitempty"`
	Subject         Reference         `json:"subject,omitzero"`
	Topic           CodeableConcept   `json:"topic,omitzero"`
	About           []Reference       `json:"about,omitempty"`
	Encounter       Reference         `json:"encounter,omitzero"`
	Sent            string            `json:"sent,omitzero"`
	Received        string            `json:"received,omitzero"`
	Recipient       []Reference       `json:"recipient,omitempty"`
	Sender          Reference         `json:"sender,omitzero"`
	ReasonCode      []CodeableConcept `json:"reasonCode,omitempty"`
	ReasonReference []Reference       `json:"reasonReference,omitempty"`
	Payload         []Payload         `json:"payload,omitempty"`
	Note            []Annotation      `json:"note,omitempty"`
}

// Payload is one part of a message: exactly one content.
type Payload struct {
	ContentString     string     `json:"contentString,omitzero"`
	ContentAttachment Attachment `json:"contentAttachment,omitzero"`
	ContentReference  Reference  `json:"contentReference,omitzero"`
}

// QuestionnaireResponse is a filled form.
type QuestionnaireResponse struct {
	ID            string         `json:"id,omitzero"`
	Meta          Meta           `json:"meta,omitzero"`
	Contained     []Raw          `json:"contained,omitempty"`
	Extension     []Extension    `json:"extension,omitempty"`
	Identifier    *Identifier    `json:"identifier,omitzero"`
	BasedOn       []Reference    `json:"basedOn,omitempty"`
	PartOf        []Reference    `json:"partOf,omitempty"`
	Questionnaire string         `json:"questionnaire,omitzero"`
	Status        string         `json:"status"`
	Subject       Reference      `json:"subject,omitzero"`
	Encounter     Reference      `json:"encounter,omitzero"`
	Authored      string         `json:"authored,omitzero"`
	Author        Reference      `json:"author,omitzero"`
	Source        Reference      `json:"source,omitzero"`
	Item          []ResponseItem `json:"item,omitempty"`
}

// ResponseItem is one question with its answers, or a group of items.
type ResponseItem struct {
	LinkID     string         `json:"linkId"`
	Definition string         `json:"definition,omitzero"`
	Text       string         `json:"text,omitzero"`
	Answer     []Answer       `json:"answer,omitempty"`
	Item       []ResponseItem `json:"item,omitempty"`
}

// Answer is one answer; exactly one value.
type Answer struct {
	ValueBoolean    *bool          `json:"valueBoolean,omitzero"`
	ValueDecimal    Decimal        `json:"valueDecimal,omitzero"`
	ValueInteger    *int           `json:"valueInteger,omitzero"`
	ValueDate       string         `json:"valueDate,omitzero"`
	ValueDateTime   string         `json:"valueDateTime,omitzero"`
	ValueTime       string         `json:"valueTime,omitzero"`
	ValueString     string         `json:"valueString,omitzero"`
	ValueURI        string         `json:"valueUri,omitzero"`
	ValueAttachment Attachment     `json:"valueAttachment,omitzero"`
	ValueCoding     Coding         `json:"valueCoding,omitzero"`
	ValueQuantity   Quantity       `json:"valueQuantity,omitzero"`
	ValueReference  Reference      `json:"valueReference,omitzero"`
	Item            []ResponseItem `json:"item,omitempty"`
}

// Bundle carries several resources: a transaction, a search answer, a file.
type Bundle struct {
	ID         string        `json:"id,omitzero"`
	Meta       Meta          `json:"meta,omitzero"`
	Identifier *Identifier   `json:"identifier,omitzero"`
	Type       string        `json:"type"`
	Timestamp  string        `json:"timestamp,omitzero"`
	Total      *int          `json:"total,omitzero"`
	Link       []BundleLink  `json:"link,omitempty"`
	Entry      []BundleEntry `json:"entry,omitempty"`
}

// BundleLink is a page of a search answer: self, next.
type BundleLink struct {
	Relation string `json:"relation"`
	URL      string `json:"url"`
}

// BundleEntry is one resource of a Bundle with what is asked or answered.
type BundleEntry struct {
	Link     []BundleLink   `json:"link,omitempty"`
	FullURL  string         `json:"fullUrl,omitzero"`
	Resource Raw            `json:"resource,omitzero"` // Raw(doc.Text())
	Search   BundleSearch   `json:"search,omitzero"`
	Request  BundleRequest  `json:"request,omitzero"`
	Response BundleResponse `json:"response,omitzero"`
}

// BundleSearch says why an entry is in the answer: match, include, outcome.
type BundleSearch struct {
	Mode  string  `json:"mode,omitzero"`
	Score Decimal `json:"score,omitzero"`
}

// BundleRequest is the HTTP request that an entry of a transaction stands for.
type BundleRequest struct {
	Method          string `json:"method"`
	URL             string `json:"url"`
	IfNoneMatch     string `json:"ifNoneMatch,omitzero"`
	IfModifiedSince string `json:"ifModifiedSince,omitzero"`
	IfMatch         string `json:"ifMatch,omitzero"`
	IfNoneExist     string `json:"ifNoneExist,omitzero"`
}

// BundleResponse is the answer to one entry.
type BundleResponse struct {
	Status       string `json:"status"`
	Location     string `json:"location,omitzero"`
	ETag         string `json:"etag,omitzero"`
	LastModified string `json:"lastModified,omitzero"`
	Outcome      Raw    `json:"outcome,omitzero"`
}

// The type names, for [New].

func (ServiceRequest) ResourceType() string        { return "ServiceRequest" }
func (Task) ResourceType() string                  { return "Task" }
func (Appointment) ResourceType() string           { return "Appointment" }
func (Communication) ResourceType() string         { return "Communication" }
func (QuestionnaireResponse) ResourceType() string { return "QuestionnaireResponse" }
func (Bundle) ResourceType() string                { return "Bundle" }

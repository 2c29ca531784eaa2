// SPDX-License-Identifier: Apache-2.0

package fhir

// Encounter is one contact with care (lượt khám).
type Encounter struct {
	ID              string                 `json:"id,omitzero"`
	Meta            Meta                   `json:"meta,omitzero"`
	Contained       []Raw                  `json:"contained,omitempty"`
	Extension       []Extension            `json:"extension,omitempty"`
	Identifier      []Identifier           `json:"identifier,omitempty"`
	Status          string                 `json:"status"`
	Class           Coding                 `json:"class"`
	Type            []CodeableConcept      `json:"type,omitempty"`
	ServiceType     CodeableConcept        `json:"serviceType,omitzero"`
	Priority        CodeableConcept        `json:"priority,omitzero"`
	Subject         Reference              `json:"subject,omitzero"`
	BasedOn         []Reference            `json:"basedOn,omitempty"`
	Participant     []EncounterParticipant `json:"participant,omitempty"`
	Appointment     []Reference            `json:"appointment,omitempty"`
	Period          Period                 `json:"period,omitzero"`
	ReasonCode      []CodeableConcept      `json:"reasonCode,omitempty"`
	ReasonReference []Reference            `json:"reasonReference,omitempty"`
	Diagnosis       []EncounterDiagnosis   `json:"diagnosis,omitempty"`
	Location        []EncounterLocation    `json:"location,omitempty"`
	ServiceProvider Reference              `json:"serviceProvider,omitzero"`
	PartOf          Reference              `json:"partOf,omitzero"`
}

// EncounterParticipant is who took part, as what.
type EncounterParticipant struct {
	Type       []CodeableConcept `json:"type,omitempty"`
	Period     Period            `json:"period,omitzero"`
	Individual Reference         `json:"individual,omitzero"`
}

// EncounterDiagnosis is a diagnosis made; Rank 1 is the main one.
type EncounterDiagnosis struct {
	Condition Reference       `json:"condition"`
	Use       CodeableConcept `json:"use,omitzero"`
	Rank      int             `json:"rank,omitzero"`
}

// EncounterLocation is where it took place.
type EncounterLocation struct {
	Location Reference `json:"location"`
	Status   string    `json:"status,omitzero"`
	Period   Period    `json:"period,omitzero"`
}

// Observation is a measurement or finding.
type Observation struct {
	ID                   string                 `json:"id,omitzero"`
	Meta                 Meta                   `json:"meta,omitzero"`
	Contained            []Raw                  `json:"contained,omitempty"`
	Extension            []Extension            `json:"extension,omitempty"`
	Identifier           []Identifier           `json:"identifier,omitempty"`
	BasedOn              []Reference            `json:"basedOn,omitempty"`
	PartOf               []Reference            `json:"partOf,omitempty"`
	Status               string                 `json:"status"`
	Category             []CodeableConcept      `json:"category,omitempty"`
	Code                 CodeableConcept        `json:"code"`
	Subject              Reference              `json:"subject,omitzero"`
	Encounter            Reference              `json:"encounter,omitzero"`
	EffectiveDateTime    string                 `json:"effectiveDateTime,omitzero"`
	EffectivePeriod      Period                 `json:"effectivePeriod,omitzero"`
	Issued               string                 `json:"issued,omitzero"`
	Performer            []Reference            `json:"performer,omitempty"`
	ValueQuantity        Quantity               `json:"valueQuantity,omitzero"`
	ValueCodeableConcept CodeableConcept        `json:"valueCodeableConcept,omitzero"`
	ValueString          string                 `json:"valueString,omitzero"`
	ValueBoolean         *bool                  `json:"valueBoolean,omitzero"`
	ValueInteger         *int                   `json:"valueInteger,omitzero"`
	ValueDateTime        string                 `json:"valueDateTime,omitzero"`
	DataAbsentReason     CodeableConcept        `json:"dataAbsentReason,omitzero"`
	Interpretation       []CodeableConcept      `json:"interpretation,omitempty"`
	Note                 []Annotation           `json:"note,omitempty"`
	BodySite             CodeableConcept        `json:"bodySite,omitzero"`
	Method               CodeableConcept        `json:"method,omitzero"`
	ReferenceRange       []ReferenceRange       `json:"referenceRange,omitempty"`
	HasMember            []Reference            `json:"hasMember,omitempty"`
	DerivedFrom          []Reference            `json:"derivedFrom,omitempty"`
	Component            []ObservationComponent `json:"component,omitempty"`
}

// ReferenceRange is what is usual.
type ReferenceRange struct {
	Low  Quantity `json:"low,omitzero"`
	High Quantity `json:"high,omitzero"`
	Text string   `json:"text,omitzero"`
}

// ObservationComponent is one of several values measured together.
type ObservationComponent struct {
	Code                 CodeableConcept   `json:"code"`
	ValueQuantity        Quantity          `json:"valueQuantity,omitzero"`
	ValueCodeableConcept CodeableConcept   `json:"valueCodeableConcept,omitzero"`
	ValueString          string            `json:"valueString,omitzero"`
	ValueInteger         *int              `json:"valueInteger,omitzero"`
	DataAbsentReason     CodeableConcept   `json:"dataAbsentReason,omitzero"`
	Interpretation       []CodeableConcept `json:"interpretation,omitempty"`
}

// Condition is a diagnosis (chẩn đoán) or, by category, a case report.
type Condition struct {
	ID                 string              `json:"id,omitzero"`
	Meta               Meta                `json:"meta,omitzero"`
	Contained          []Raw               `json:"contained,omitempty"`
	Extension          []Extension         `json:"extension,omitempty"`
	Identifier         []Identifier        `json:"identifier,omitempty"`
	ClinicalStatus     CodeableConcept     `json:"clinicalStatus,omitzero"`
	VerificationStatus CodeableConcept     `json:"verificationStatus,omitzero"`
	Category           []CodeableConcept   `json:"category,omitempty"`
	Severity           CodeableConcept     `json:"severity,omitzero"`
	Code               CodeableConcept     `json:"code,omitzero"`
	BodySite           []CodeableConcept   `json:"bodySite,omitempty"`
	Subject            Reference           `json:"subject"`
	Encounter          Reference           `json:"encounter,omitzero"`
	OnsetDateTime      string              `json:"onsetDateTime,omitzero"`
	OnsetPeriod        Period              `json:"onsetPeriod,omitzero"`
	OnsetString        string              `json:"onsetString,omitzero"`
	AbatementDateTime  string              `json:"abatementDateTime,omitzero"`
	RecordedDate       string              `json:"recordedDate,omitzero"`
	Recorder           Reference           `json:"recorder,omitzero"`
	Asserter           Reference           `json:"asserter,omitzero"`
	Evidence           []ConditionEvidence `json:"evidence,omitempty"`
	Note               []Annotation        `json:"note,omitempty"`
}

// ConditionEvidence is what a diagnosis rests on.
type ConditionEvidence struct {
	Code   []CodeableConcept `json:"code,omitempty"`
	Detail []Reference       `json:"detail,omitempty"`
}

// MedicationRequest is one medicine of a prescription (đơn thuốc).
type MedicationRequest struct {
	ID                        string            `json:"id,omitzero"`
	Meta                      Meta              `json:"meta,omitzero"`
	Contained                 []Raw             `json:"contained,omitempty"`
	Extension                 []Extension       `json:"extension,omitempty"`
	Identifier                []Identifier      `json:"identifier,omitempty"`
	Status                    string            `json:"status"`
	StatusReason              CodeableConcept   `json:"statusReason,omitzero"`
	Intent                    string            `json:"intent"`
	Category                  []CodeableConcept `json:"category,omitempty"`
	Priority                  string            `json:"priority,omitzero"`
	MedicationCodeableConcept CodeableConcept   `json:"medicationCodeableConcept,omitzero"`
	MedicationReference       Reference         `json:"medicationReference,omitzero"`
	Subject                   Reference         `json:"subject"`
	Encounter                 Reference         `json:"encounter,omitzero"`
	AuthoredOn                string            `json:"authoredOn,omitzero"`
	Requester                 Reference         `json:"requester,omitzero"`
	Recorder                  Reference         `json:"recorder,omitzero"`
	ReasonCode                []CodeableConcept `json:"reasonCode,omitempty"`
	ReasonReference           []Reference       `json:"reasonReference,omitempty"`
	BasedOn                   []Reference       `json:"basedOn,omitempty"`
	GroupIdentifier           Identifier        `json:"groupIdentifier,omitzero"`
	Note                      []Annotation      `json:"note,omitempty"`
	DosageInstruction         []Dosage          `json:"dosageInstruction,omitempty"`
	DispenseRequest           DispenseRequest   `json:"dispenseRequest,omitzero"`
}

// DispenseRequest is how much to hand out.
type DispenseRequest struct {
	ValidityPeriod         Period    `json:"validityPeriod,omitzero"`
	NumberOfRepeatsAllowed *int      `json:"numberOfRepeatsAllowed,omitzero"`
	Quantity               Quantity  `json:"quantity,omitzero"`
	ExpectedSupplyDuration Quantity  `json:"expectedSupplyDuration,omitzero"`
	Performer              Reference `json:"performer,omitzero"`
}

// Immunization is a dose given (liều vắc xin), or the reason why not.
type Immunization struct {
	ID                 string                  `json:"id,omitzero"`
	Meta               Meta                    `json:"meta,omitzero"`
	Contained          []Raw                   `json:"contained,omitempty"`
	Extension          []Extension             `json:"extension,omitempty"`
	Identifier         []Identifier            `json:"identifier,omitempty"`
	Status             string                  `json:"status"`
	StatusReason       CodeableConcept         `json:"statusReason,omitzero"`
	VaccineCode        CodeableConcept         `json:"vaccineCode"`
	Patient            Reference               `json:"patient"`
	Encounter          Reference               `json:"encounter,omitzero"`
	OccurrenceDateTime string                  `json:"occurrenceDateTime,omitzero"`
	OccurrenceString   string                  `json:"occurrenceString,omitzero"`
	Recorded           string                  `json:"recorded,omitzero"`
	PrimarySource      *bool                   `json:"primarySource,omitzero"`
	ReportOrigin       CodeableConcept         `json:"reportOrigin,omitzero"`
	Location           Reference               `json:"location,omitzero"`
	Manufacturer       Reference               `json:"manufacturer,omitzero"`
	LotNumber          string                  `json:"lotNumber,omitzero"`
	ExpirationDate     string                  `json:"expirationDate,omitzero"`
	Site               CodeableConcept         `json:"site,omitzero"`
	Route              CodeableConcept         `json:"route,omitzero"`
	DoseQuantity       Quantity                `json:"doseQuantity,omitzero"`
	Performer          []ImmunizationPerformer `json:"performer,omitempty"`
	Note               []Annotation            `json:"note,omitempty"`
	IsSubpotent        *bool                   `json:"isSubpotent,omitzero"`
	Reaction           []ImmunizationReaction  `json:"reaction,omitempty"`
	ProtocolApplied    []ProtocolApplied       `json:"protocolApplied,omitempty"`
}

// ImmunizationPerformer is who ordered or gave the dose.
type ImmunizationPerformer struct {
	Function CodeableConcept `json:"function,omitzero"`
	Actor    Reference       `json:"actor"`
}

// ImmunizationReaction is what happened after the dose.
type ImmunizationReaction struct {
	Date     string    `json:"date,omitzero"`
	Detail   Reference `json:"detail,omitzero"`
	Reported *bool     `json:"reported,omitzero"`
}

// ProtocolApplied is the dose's place in a series.
type ProtocolApplied struct {
	Series                 string            `json:"series,omitzero"`
	Authority              Reference         `json:"authority,omitzero"`
	TargetDisease          []CodeableConcept `json:"targetDisease,omitempty"`
	DoseNumberPositiveInt  int               `json:"doseNumberPositiveInt,omitzero"`
	DoseNumberString       string            `json:"doseNumberString,omitzero"`
	SeriesDosesPositiveInt int               `json:"seriesDosesPositiveInt,omitzero"`
}

// CarePlan is advice and what is planned.
type CarePlan struct {
	ID             string             `json:"id,omitzero"`
	Meta           Meta               `json:"meta,omitzero"`
	Contained      []Raw              `json:"contained,omitempty"`
	Extension      []Extension        `json:"extension,omitempty"`
	Identifier     []Identifier       `json:"identifier,omitempty"`
	BasedOn        []Reference        `json:"basedOn,omitempty"`
	Status         string             `json:"status"`
	Intent         string             `json:"intent"`
	Category       []CodeableConcept  `json:"category,omitempty"`
	Title          string             `json:"title,omitzero"`
	Description    string             `json:"description,omitzero"`
	Subject        Reference          `json:"subject"`
	Encounter      Reference          `json:"encounter,omitzero"`
	Period         Period             `json:"period,omitzero"`
	Created        string             `json:"created,omitzero"`
	Author         Reference          `json:"author,omitzero"`
	Addresses      []Reference        `json:"addresses,omitempty"`
	SupportingInfo []Reference        `json:"supportingInfo,omitempty"`
	Activity       []CarePlanActivity `json:"activity,omitempty"`
	Note           []Annotation       `json:"note,omitempty"`
}

// CarePlanActivity is one thing to do.
type CarePlanActivity struct {
	Reference Reference      `json:"reference,omitzero"`
	Detail    CarePlanDetail `json:"detail,omitzero"`
}

// CarePlanDetail says what an activity is.
type CarePlanDetail struct {
	Kind            string          `json:"kind,omitzero"`
	Code            CodeableConcept `json:"code,omitzero"`
	Status          string          `json:"status"`
	ScheduledPeriod Period          `json:"scheduledPeriod,omitzero"`
	ScheduledString string          `json:"scheduledString,omitzero"`
	Performer       []Reference     `json:"performer,omitempty"`
	Description     string          `json:"description,omitzero"`
}

// DiagnosticReport is a result or a conclusion with what it rests on.
type DiagnosticReport struct {
	ID                 string            `json:"id,omitzero"`
	Meta               Meta              `json:"meta,omitzero"`
	Contained          []Raw             `json:"contained,omitempty"`
	Extension          []Extension       `json:"extension,omitempty"`
	Identifier         []Identifier      `json:"identifier,omitempty"`
	BasedOn            []Reference       `json:"basedOn,omitempty"`
	Status             string            `json:"status"`
	Category           []CodeableConcept `json:"category,omitempty"`
	Code               CodeableConcept   `json:"code"`
	Subject            Reference         `json:"subject,omitzero"`
	Encounter          Reference         `json:"encounter,omitzero"`
	EffectiveDateTime  string            `json:"effectiveDateTime,omitzero"`
	EffectivePeriod    Period            `json:"effectivePeriod,omitzero"`
	Issued             string            `json:"issued,omitzero"`
	Performer          []Reference       `json:"performer,omitempty"`
	ResultsInterpreter []Reference       `json:"resultsInterpreter,omitempty"`
	Result             []Reference       `json:"result,omitempty"`
	Conclusion         string            `json:"conclusion,omitzero"`
	ConclusionCode     []CodeableConcept `json:"conclusionCode,omitempty"`
	PresentedForm      []Attachment      `json:"presentedForm,omitempty"`
}

// The type names, for [New].

func (Encounter) ResourceType() string         { return "Encounter" }
func (Observation) ResourceType() string       { return "Observation" }
func (Condition) ResourceType() string         { return "Condition" }
func (MedicationRequest) ResourceType() string { return "MedicationRequest" }
func (Immunization) ResourceType() string      { return "Immunization" }
func (CarePlan) ResourceType() string          { return "CarePlan" }
func (DiagnosticReport) ResourceType() string  { return "DiagnosticReport" }

// SPDX-License-Identifier: Apache-2.0

package fhir

// Patient is a person in the record (người dân, người bệnh).
type Patient struct {
	ID                   string                 `json:"id,omitzero"`
	Meta                 Meta                   `json:"meta,omitzero"`
	Text                 Narrative              `json:"text,omitzero"`
	Contained            []Raw                  `json:"contained,omitempty"`
	Extension            []Extension            `json:"extension,omitempty"`
	Identifier           []Identifier           `json:"identifier,omitempty"`
	Active               *bool                  `json:"active,omitzero"`
	Name                 []HumanName            `json:"name,omitempty"`
	Telecom              []ContactPoint         `json:"telecom,omitempty"`
	Gender               string                 `json:"gender,omitzero"`
	BirthDate            string                 `json:"birthDate,omitzero"` // may be "1953" or "1953-04"
	DeceasedBoolean      *bool                  `json:"deceasedBoolean,omitzero"`
	DeceasedDateTime     string                 `json:"deceasedDateTime,omitzero"`
	Address              []Address              `json:"address,omitempty"`
	MaritalStatus        CodeableConcept        `json:"maritalStatus,omitzero"`
	MultipleBirthBoolean *bool                  `json:"multipleBirthBoolean,omitzero"`
	MultipleBirthInteger *int                   `json:"multipleBirthInteger,omitzero"`
	Contact              []PatientContact       `json:"contact,omitempty"`
	Communication        []PatientCommunication `json:"communication,omitempty"`
	GeneralPractitioner  []Reference            `json:"generalPractitioner,omitempty"`
	ManagingOrganization Reference              `json:"managingOrganization,omitzero"`
	Link                 []PatientLink          `json:"link,omitempty"`
}

// PatientContact is somebody to call.
type PatientContact struct {
	Relationship []CodeableConcept `json:"relationship,omitempty"`
	Name         HumanName         `json:"name,omitzero"`
	Telecom      []ContactPoint    `json:"telecom,omitempty"`
	Address      Address           `json:"address,omitzero"`
	Gender       string            `json:"gender,omitzero"`
	Organization Reference         `json:"organization,omitzero"`
	Period       Period            `json:"period,omitzero"`
}

// PatientCommunication is a language the person speaks.
type PatientCommunication struct {
	Language  CodeableConcept `json:"language"`
	Preferred *bool           `json:"preferred,omitzero"`
}

// PatientLink is another record of the same person.
type PatientLink struct {
	Other Reference `json:"other"`
	Type  string    `json:"type"` // replaced-by replaces refer seealso
}

// RelatedPerson is family or a guardian of a patient.
type RelatedPerson struct {
	ID           string            `json:"id,omitzero"`
	Meta         Meta              `json:"meta,omitzero"`
	Contained    []Raw             `json:"contained,omitempty"`
	Extension    []Extension       `json:"extension,omitempty"`
	Identifier   []Identifier      `json:"identifier,omitempty"`
	Active       *bool             `json:"active,omitzero"`
	Patient      Reference         `json:"patient"`
	Relationship []CodeableConcept `json:"relationship,omitempty"`
	Name         []HumanName       `json:"name,omitempty"`
	Telecom      []ContactPoint    `json:"telecom,omitempty"`
	Gender       string            `json:"gender,omitzero"`
	BirthDate    string            `json:"birthDate,omitzero"`
	Address      []Address         `json:"address,omitempty"`
	Period       Period            `json:"period,omitzero"`
}

// Practitioner is a health worker (nhân viên y tế).
type Practitioner struct {
	ID            string            `json:"id,omitzero"`
	Meta          Meta              `json:"meta,omitzero"`
	Contained     []Raw             `json:"contained,omitempty"`
	Extension     []Extension       `json:"extension,omitempty"`
	Identifier    []Identifier      `json:"identifier,omitempty"`
	Active        *bool             `json:"active,omitzero"`
	Name          []HumanName       `json:"name,omitempty"`
	Telecom       []ContactPoint    `json:"telecom,omitempty"`
	Address       []Address         `json:"address,omitempty"`
	Gender        string            `json:"gender,omitzero"`
	BirthDate     string            `json:"birthDate,omitzero"`
	Qualification []Qualification   `json:"qualification,omitempty"`
	Communication []CodeableConcept `json:"communication,omitempty"`
}

// Qualification is a degree or licence.
type Qualification struct {
	Identifier []Identifier    `json:"identifier,omitempty"`
	Code       CodeableConcept `json:"code"`
	Period     Period          `json:"period,omitzero"`
	Issuer     Reference       `json:"issuer,omitzero"`
}

// PractitionerRole is what a health worker does where and when.
type PractitionerRole struct {
	ID           string            `json:"id,omitzero"`
	Meta         Meta              `json:"meta,omitzero"`
	Contained    []Raw             `json:"contained,omitempty"`
	Extension    []Extension       `json:"extension,omitempty"`
	Identifier   []Identifier      `json:"identifier,omitempty"`
	Active       *bool             `json:"active,omitzero"`
	Period       Period            `json:"period,omitzero"`
	Practitioner Reference         `json:"practitioner,omitzero"`
	Organization Reference         `json:"organization,omitzero"`
	Code         []CodeableConcept `json:"code,omitempty"`
	Specialty    []CodeableConcept `json:"specialty,omitempty"`
	Location     []Reference       `json:"location,omitempty"`
	Telecom      []ContactPoint    `json:"telecom,omitempty"`
}

// Organization is a facility (cơ sở khám chữa bệnh) or an authority.
type Organization struct {
	ID         string            `json:"id,omitzero"`
	Meta       Meta              `json:"meta,omitzero"`
	Contained  []Raw             `json:"contained,omitempty"`
	Extension  []Extension       `json:"extension,omitempty"`
	Identifier []Identifier      `json:"identifier,omitempty"`
	Active     *bool             `json:"active,omitzero"`
	Type       []CodeableConcept `json:"type,omitempty"`
	Name       string            `json:"name,omitzero"`
	Alias      []string          `json:"alias,omitempty"`
	Telecom    []ContactPoint    `json:"telecom,omitempty"`
	Address    []Address         `json:"address,omitempty"`
	PartOf     Reference         `json:"partOf,omitzero"`
}

// Location is a place where care is given, or an administrative unit.
type Location struct {
	ID                   string            `json:"id,omitzero"`
	Meta                 Meta              `json:"meta,omitzero"`
	Contained            []Raw             `json:"contained,omitempty"`
	Extension            []Extension       `json:"extension,omitempty"`
	Identifier           []Identifier      `json:"identifier,omitempty"`
	Status               string            `json:"status,omitzero"`
	Name                 string            `json:"name,omitzero"`
	Alias                []string          `json:"alias,omitempty"`
	Description          string            `json:"description,omitzero"`
	Mode                 string            `json:"mode,omitzero"`
	Type                 []CodeableConcept `json:"type,omitempty"`
	Telecom              []ContactPoint    `json:"telecom,omitempty"`
	Address              Address           `json:"address,omitzero"`
	PhysicalType         CodeableConcept   `json:"physicalType,omitzero"`
	Position             Position          `json:"position,omitzero"`
	ManagingOrganization Reference         `json:"managingOrganization,omitzero"`
	PartOf               Reference         `json:"partOf,omitzero"`
}

// Position is a place on the earth, WGS 84 degrees.
type Position struct {
	Longitude Decimal `json:"longitude"`
	Latitude  Decimal `json:"latitude"`
	Altitude  Decimal `json:"altitude,omitzero"`
}

// Group is a household (hộ gia đình) or another set of people.
type Group struct {
	ID             string           `json:"id,omitzero"`
	Meta           Meta             `json:"meta,omitzero"`
	Contained      []Raw            `json:"contained,omitempty"`
	Extension      []Extension      `json:"extension,omitempty"`
	Identifier     []Identifier     `json:"identifier,omitempty"`
	Active         *bool            `json:"active,omitzero"`
	Type           string           `json:"type"`
	Actual         bool             `json:"actual"`
	Code           CodeableConcept  `json:"code,omitzero"`
	Name           string           `json:"name,omitzero"`
	Quantity       *int             `json:"quantity,omitzero"`
	ManagingEntity Reference        `json:"managingEntity,omitzero"`
	Characteristic []Characteristic `json:"characteristic,omitempty"`
	Member         []GroupMember    `json:"member,omitempty"`
}

// Characteristic is what the members of a group have in common.
type Characteristic struct {
	Code                 CodeableConcept `json:"code"`
	ValueCodeableConcept CodeableConcept `json:"valueCodeableConcept,omitzero"`
	ValueBoolean         *bool           `json:"valueBoolean,omitzero"`
	ValueQuantity        Quantity        `json:"valueQuantity,omitzero"`
	ValueReference       Reference       `json:"valueReference,omitzero"`
	Exclude              bool            `json:"exclude"`
	Period               Period          `json:"period,omitzero"`
}

// GroupMember is one of a group, for a time.
type GroupMember struct {
	Extension []Extension `json:"extension,omitempty"`
	Entity    Reference   `json:"entity"`
	Period    Period      `json:"period,omitzero"`
	Inactive  *bool       `json:"inactive,omitzero"`
}

// Flag is a warning that stands beside a record.
type Flag struct {
	ID         string            `json:"id,omitzero"`
	Meta       Meta              `json:"meta,omitzero"`
	Contained  []Raw             `json:"contained,omitempty"`
	Extension  []Extension       `json:"extension,omitempty"`
	Identifier []Identifier      `json:"identifier,omitempty"`
	Status     string            `json:"status"`
	Category   []CodeableConcept `json:"category,omitempty"`
	Code       CodeableConcept   `json:"code"`
	Subject    Reference         `json:"subject"`
	Period     Period            `json:"period,omitzero"`
	Encounter  Reference         `json:"encounter,omitzero"`
	Author     Reference         `json:"author,omitzero"`
}

// Consent is what a person allows (đồng ý chia sẻ).
type Consent struct {
	ID           string                `json:"id,omitzero"`
	Meta         Meta                  `json:"meta,omitzero"`
	Contained    []Raw                 `json:"contained,omitempty"`
	Extension    []Extension           `json:"extension,omitempty"`
	Identifier   []Identifier          `json:"identifier,omitempty"`
	Status       string                `json:"status"`
	Scope        CodeableConcept       `json:"scope"`
	Category     []CodeableConcept     `json:"category"`
	Patient      Reference             `json:"patient,omitzero"`
	DateTime     string                `json:"dateTime,omitzero"`
	Performer    []Reference           `json:"performer,omitempty"`
	Organization []Reference           `json:"organization,omitempty"`
	PolicyRule   CodeableConcept       `json:"policyRule,omitzero"`
	Verification []ConsentVerification `json:"verification,omitempty"`
	Provision    *Provision            `json:"provision,omitzero"`
}

// ConsentVerification says with whom a consent was checked.
type ConsentVerification struct {
	Verified         bool      `json:"verified"`
	VerifiedWith     Reference `json:"verifiedWith,omitzero"`
	VerificationDate string    `json:"verificationDate,omitzero"`
}

// Provision is one rule of a consent, with exceptions inside.
type Provision struct {
	Type          string            `json:"type,omitzero"` // deny permit
	Period        Period            `json:"period,omitzero"`
	Actor         []ProvisionActor  `json:"actor,omitempty"`
	Action        []CodeableConcept `json:"action,omitempty"`
	SecurityLabel []Coding          `json:"securityLabel,omitempty"`
	Purpose       []Coding          `json:"purpose,omitempty"`
	Class         []Coding          `json:"class,omitempty"`
	Code          []CodeableConcept `json:"code,omitempty"`
	DataPeriod    Period            `json:"dataPeriod,omitzero"`
	Provision     []Provision       `json:"provision,omitempty"`
}

// ProvisionActor is who a rule is about.
type ProvisionActor struct {
	Role      CodeableConcept `json:"role"`
	Reference Reference       `json:"reference"`
}

// The type names, for [New].

func (Patient) ResourceType() string          { return "Patient" }
func (RelatedPerson) ResourceType() string    { return "RelatedPerson" }
func (Practitioner) ResourceType() string     { return "Practitioner" }
func (PractitionerRole) ResourceType() string { return "PractitionerRole" }
func (Organization) ResourceType() string     { return "Organization" }
func (Location) ResourceType() string         { return "Location" }
func (Group) ResourceType() string            { return "Group" }
func (Flag) ResourceType() string             { return "Flag" }
func (Consent) ResourceType() string          { return "Consent" }

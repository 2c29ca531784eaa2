// SPDX-License-Identifier: Apache-2.0

package fhir

// Base is the root of every URL that Mạch gives names under.
const Base = "https://mach.vn"

// Identifier systems.
const (
	IDPersonal        = Base + "/id/personal"         // số định danh cá nhân, 12 digits
	IDInsurance       = Base + "/id/insurance"        // mã số bảo hiểm y tế
	IDFacility        = Base + "/id/facility"         // mã cơ sở khám chữa bệnh, 5 characters
	IDHousehold       = Base + "/id/household"        // hộ gia đình
	IDPracticeLicence = Base + "/id/practice-licence" // giấy phép hành nghề
)

// Code systems of our own.
const (
	CSFacilityType = Base + "/cs/facility-type" // station, substation, hospital-province …
	CSRole         = Base + "/cs/role"          // the roles of store
	CSUnit         = Base + "/cs/unit"          // administrative units; Coding.version is the first day of the code
	CSSensitivity  = Base + "/cs/sensitivity"   // hiv, sti, mental, reproductive
	CSCategory     = Base + "/cs/category"      // case-report, epidemic, consultation
	CSTask         = Base + "/cs/task"          // ticket
)

// Extensions of our own.
const (
	ExtUnit = Base + "/ext/unit" // valueCoding of [CSUnit], on Address and Location
)

// Questionnaires of our own.
const (
	QuestionnaireCase  = Base + "/fhir/Questionnaire/ca-benh"
	QuestionnaireVisit = Base + "/fhir/Questionnaire/hoi-benh-nhan" // what a visit asks for a case report
)

// Systems of others.
const (
	ICD10  = "http://hl7.org/fhir/sid/icd-10"
	LOINC  = "http://loinc.org"
	SNOMED = "http://snomed.info/sct"
	UCUM   = "http://unitsofmeasure.org"
	CVX    = "http://hl7.org/fhir/sid/cvx"

	ActCode             = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
	ParticipationType   = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"
	ObservationCategory = "http://terminology.hl7.org/CodeSystem/observation-category"
	ConditionCategory   = "http://terminology.hl7.org/CodeSystem/condition-category"
	ConditionClinical   = "http://terminology.hl7.org/CodeSystem/condition-clinical"
	ConditionVerStatus  = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
	DiagnosisRole       = "http://terminology.hl7.org/CodeSystem/diagnosis-role"
	ConsentScope        = "http://terminology.hl7.org/CodeSystem/consentscope"
	RoleCode            = "http://terminology.hl7.org/CodeSystem/v3-RoleCode"
	NullFlavor          = "http://terminology.hl7.org/CodeSystem/v3-NullFlavor"
	DataAbsentReason    = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
)

// LOINC codes of the vital signs.
const (
	LOINCBloodPressure = "85354-9"
	LOINCSystolic      = "8480-6"  // mm[Hg]
	LOINCDiastolic     = "8462-4"  // mm[Hg]
	LOINCTemperature   = "8310-5"  // Cel
	LOINCPulse         = "8867-4"  // /min
	LOINCRespiration   = "9279-1"  // /min
	LOINCWeight        = "29463-7" // kg
	LOINCHeight        = "8302-2"  // cm
	LOINCSaturation    = "59408-5" // %
	LOINCBodyMass      = "39156-5" // kg/m2
)
